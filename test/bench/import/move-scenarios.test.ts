/**
 * Scenarios of measured moves: they come to what was measured, say where each value is from, and are the same each time.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { importMove } from '../../../bench/studies/import/import-move.ts';
import { parseTable, type PublishedTable } from '../../../bench/studies/validation/published-table.ts';
import { readForeign, readForeignOf, readTextOf } from '../../../bench/import/readers.ts';
import { yamlOf } from '../../../bench/studies/import/commented.ts';
import { importedMove, readMove } from '../../../bench/studies/import/moves.ts';
import { scenarioSchema } from '../../../sim/scenario/document.ts';
import { median } from 'simple-statistics';
import { implausibleRate } from '../../../bench/studies/import/move-draft.ts';

const SAMPLES = join(import.meta.dirname, 'samples');

/** Moves that were completed, with a total or a downtime. */
const MEASURED = readdirSync(SAMPLES)
  .filter((name) => !name.endsWith('.expected.json'))
  .flatMap((name) => {
    const reading = readForeign(join(SAMPLES, name));
    const move = reading.kind === 'move' ? reading.facts.moves.at(-1) : undefined;
    const isMeasured =
      move?.status === 'completed' && move.figures.totalMs !== undefined && move.figures.downtimeMs !== undefined;
    return isMeasured ? [name] : [];
  });

function errorsOf(name: string): { readonly total: number; readonly pause: number } {
  const { made } = readMove(join(SAMPLES, name));
  const { measured, modelled } = made;
  return {
    total: Math.abs(modelled!.totalMs / measured.totalMs! - 1),
    pause: Math.abs(modelled!.pauseMs / measured.pauseMs! - 1),
  };
}

test('at least eight examples were measured whole', () => {
  expect(MEASURED.length).toBeGreaterThanOrEqual(8);
});

test.each(MEASURED)('%s: the model comes to the measured total and downtime', (name) => {
  const { total, pause } = errorsOf(name);
  expect(total).toBeLessThan(0.15);
  expect(pause).toBeLessThan(0.3);
});

test('median errors are at most 10 % of the total and 25 % of the pause', () => {
  const errors = MEASURED.map(errorsOf);
  expect(median(errors.map(({ total }) => total))).toBeLessThan(0.1);
  expect(median(errors.map(({ pause }) => pause))).toBeLessThan(0.25);
});

describe('the document', () => {
  const file = join(SAMPLES, 'qemu-10.2-vfio.qmp.jsonl');

  test('is a scenario, has a comment at each value, and is the same each time', () => {
    const [first, second] = [readMove(file), readMove(file)].map(({ made }) => yamlOf(made.document));
    expect(first).toBe(second);
    expect(scenarioSchema.safeParse(parse(first!)).success).toBe(true);
    const values = first!
      .split('\n')
      .filter((line) => /^ *[a-zA-Z]+: \S/.test(line))
      .slice(4);
    expect(values.filter((line) => !/ # (?:said|inferred|assumed): /.test(line))).toEqual([]);
  });

  test('what the user says stands in place of the file, and is not fitted', () => {
    const given = [{ path: 'stream.gigabitsPerSecond', value: 25 }, { path: 'vcpus', value: 16 }]; // prettier-ignore
    const { made } = importedMove(readForeignOf('move', file), { given });
    expect(made.scenario.stream.gigabitsPerSecond).toBe(25);
    expect(made.scenario.vcpus).toBe(16);
    expect(made.fields.find(({ path }) => path === 'vcpus')?.origin).toBe('said');
  });

  test('a field that no scenario has is refused by its name', () => {
    expect(() => importedMove(readForeignOf('move', file), { given: [{ path: 'vcpu', value: 1 }] })).toThrow(/vcpu/);
  });

  test('what is assumed says what it decides', () => {
    for (const name of MEASURED) {
      const { made } = readMove(join(SAMPLES, name));
      const silent = made.fields.filter(({ origin, decides }) => origin === 'assumed' && decides === undefined);
      expect(silent).toEqual([]);
    }
  });
});

test('a guest is not fitted to write more than any that is published, and a file that says so is doubted', () => {
  const { made } = readMove(join(SAMPLES, 'libvirt-11.domjobinfo-completed.txt'));
  const { dirty } = made.scenario.memory;
  expect(dirty.kind === 'uniform' && dirty.pagesPerSecond * 4096).toBeLessThan(10e9);
  // 10 GB/s on 64 vCPUs (Chuang Xu, December 2025) are 2441406 pages of 4 KiB.
  expect([2_441_000, 2_442_000].map((rate) => implausibleRate(rate) !== undefined)).toEqual([false, true]);
});

test('a file without a move is refused in a sentence', () => {
  expect(() => readMove(join(import.meta.dirname, 'move-forms.test.ts'), { as: 'qmp' })).toThrow(
    /move-forms\.test\.ts: .*no move/,
  );
  expect(() => readMove(join(SAMPLES, 'nova.server-migration-show.json.expected.json'))).toThrow(/no format of a move/);
  expect(() => readMove(join(SAMPLES, 'qemu-10.2-vfio.qmp.jsonl'), { which: 3 })).toThrow(/--move is 3, and .* has 1/);
});

test('thousands of empty lines and comments in front are passed over at once', () => {
  const started = process.cpuUsage();
  expect(() => readTextOf('move', `${'\n  \n#\n'.repeat(20_000)}x`, 'x')).toThrow(/no format of a move/);
  const { user } = process.cpuUsage(started);
  expect(user / 1e6).toBeLessThan(2);
});

describe('a table', () => {
  /** The table of moves of a text, as validate and fit read it. */
  const tableOf = (
    text: string,
    which?: number,
  ): { readonly table: PublishedTable; readonly said: string; readonly text: string } => {
    const reading = readTextOf('move', text, 'moves.log');
    const { result, findings } = importMove(reading, { which }, 'row');
    return {
      table: parseTable(result.text, 'moves.yaml'),
      said: findings.map((each) => each.text).join('\n'),
      text: result.text,
    };
  };
  const sample = (name: string): string => readFileSync(join(SAMPLES, name), 'utf8');

  test('has a row for each move of a file, and says how far the model is off each', () => {
    const one = sample('proxmox-qmigrate.log');
    const other = one.replaceAll(/downtime \d+ ms/g, 'downtime 321 ms');
    const unfinished = one.slice(0, one.indexOf('average migration speed'));
    const { table, said, text } = tableOf(`${one}\n${other}\n${unfinished}\n`);
    const alone = tableOf(one).table.rows[0]!;
    expect(table.rows.length).toBe(2);
    expect(table.rows[0]).toEqual(alone);
    expect(table.rows[1]!.published).toEqual({ ...alone.published, downtimeMs: 321 });
    expect(said).toContain('1 of 3 moves have no row');
    expect(text.match(/published: .* # total: measured .* the scenario has .*%/g)?.length).toBe(2);
    expect(tableOf(`${one}\n${other}\n`, 1).table.rows).toEqual([alone]);
  });

  test('has the state of devices, and parts of the pause by their names', () => {
    const [row] = tableOf(sample('cloud-hypervisor-53-source.log')).table.rows;
    expect(row!.published['finalIterationMs']).toBe(112);
    const qmp = sample('qemu-10.2-vfio.qmp.jsonl');
    expect(tableOf(qmp).table.rows[0]!.inputs).toMatchObject({ profile: 'acc-zip', devices: 1 });
    // A device of unknown make has its state as measured.
    const large = qmp.replaceAll('"vfio": {"transferred": 176}', `"vfio": {"transferred": ${50 * 2 ** 20}}`);
    expect(tableOf(large).table.rows[0]!.inputs).toMatchObject({ devices: 1, deviceStateMib: 50 });
  });
});

test('a link of which the file has no rate stays assumed, also where the total was fitted by it', () => {
  for (const name of ['cloud-hypervisor-53.events.json', 'kubevirt-1.8-vmim.yaml']) {
    const { made } = readMove(join(SAMPLES, name));
    const link = made.fields.find(({ path }) => path === 'stream.gigabitsPerSecond')!;
    expect([name, link.origin]).toEqual([name, 'assumed']);
    expect(link.decides).toBeDefined();
  }
});
