/**
 * Scenarios of measured moves: they come to what was measured, say where each value is from, and are the same each time.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { readForeign, readForeignOf, readTextOf } from '../../../bench/import/readers.ts';
import { yamlOf } from '../../../bench/studies/import/commented.ts';
import { importedMove, readMove } from '../../../bench/studies/import/moves.ts';
import { scenarioSchema } from '../../../sim/scenario/document.ts';
import { median } from 'simple-statistics';

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

test('a file without a move is refused in a sentence', () => {
  expect(() => readMove(join(import.meta.dirname, 'move-forms.test.ts'), { as: 'qmp' })).toThrow(
    /has no move of a VM in it/,
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
