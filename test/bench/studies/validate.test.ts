import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { packageRoot } from '../../../bench/io/package-root.ts';
import { readProfile, shippedProfiles } from '../../../bench/io/profiles.ts';
import { readTables, shippedTables } from '../../../bench/studies/validation/published-table.ts';
import { FIGURE_KINDS, kindOf } from '../../../bench/documents/validation/kinds.ts';
import { EXPERIMENTS } from '../../../bench/studies/validation/experiments.ts';
import { costOf, fit, fitRows, modelledFigures } from '../../../bench/studies/validation/fit.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { FITTED_LABS, groundsFor } from '../../../bench/studies/validation/folds.ts';
import { validate } from '../../../bench/studies/validation/validation.ts';
import { kindRow, listedByReason } from '../../../bench/documents/validation/text.ts';
import { unsupported } from '../../../sim/memory/evidence.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import FITTED from '../../../sim/memory/fitted.json' with { type: 'json' };
import { pointParameters, VMM_PARAMETER } from '../../../sim/memory/parameters.ts';
import { PUBLISHED_PARAMETERS } from '../../../sim/workload/published/experiments.ts';
import { stating } from '../../stating.ts';

const ALL = readTables([]);
const WHOLE = validate(ALL, true);

/** Where a parameter of a model, or a figure of a profile, says that it comes from. */
function originOf(name: string): unknown {
  if (Object.hasOwn(VMM_PARAMETER, name)) return VMM_PARAMETER[name as keyof typeof VMM_PARAMETER].from;
  if (PUBLISHED_PARAMETERS[name] !== undefined) return PUBLISHED_PARAMETERS[name].from;
  const [id = '', figure = ''] = name.split('.');
  const found = Object.entries(readProfile(id)).find(([key]) => key === figure)?.[1];
  return typeof found === 'object' ? found.from : undefined;
}

describe('the published measurements', () => {
  test('are predicted within what is allowed, each lab without its own figures', () => {
    expect(WHOLE.complaints).toEqual([]);
    expect(WHOLE.predicted).toBeGreaterThan(150);
    expect(WHOLE.labs.length).toBeGreaterThanOrEqual(14);
  });

  test('are predicted better than by quoting the row that is most alike', () => {
    const judged = WHOLE.kinds.filter(({ nearestError }) => nearestError !== null);
    expect(judged.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['downtime', 'total', 'rate', 'iterations', 'bytes', 'part']),
    );
    for (const { kind, medianError, nearestError, intervalScore, nearestScore } of judged) {
      expect([kind, medianError < nearestError!, intervalScore < nearestScore!]).toEqual([kind, true, true]);
    }
  });

  test('are off by at most one dirty sync in four of five', () => {
    const syncs = WHOLE.tables.flatMap(({ comparisons }) => comparisons.filter(({ kind }) => kind === 'iterations'));
    const near = syncs.filter(({ published, modelled }) => Math.abs(published - modelled) <= 1);
    expect(near.length / syncs.length).toBeGreaterThanOrEqual(0.8);
  });

  test('have a parameter that is marked as fitted for each that the summary names, and no other', () => {
    const origins = WHOLE.fitted.map((name) => ({ name, from: originOf(name) }));
    expect(origins.filter(({ from }) => from !== 'fitted')).toEqual([]);
    const marked = Object.entries(VMM_PARAMETER).flatMap(([name, { from }]) => (from === 'fitted' ? [name] : []));
    expect(WHOLE.fitted).toEqual(expect.arrayContaining(marked));
  });

  test('that are not predicted say why and make no claim', () => {
    const silent = WHOLE.tables.filter(({ table }) => table.notPredicted !== undefined);
    expect(silent.length).toBeGreaterThan(0);
    for (const report of silent) expect(report.comparisons).toEqual([]);
  });

  test('of a row that is not predicted are listed with the reason, and no claim is made of them', () => {
    const [stages] = readTables(['vdpa-stages']);
    const { comparisons, listed } = validate([stages!], false).tables[0]!;
    expect(comparisons.map(({ row }) => row)).toEqual([3, 3]);
    expect(listed.map(({ row, output, published }) => [row, output, published])).toEqual([
      [1, 'switchMs', 20_000],
      [1, 'stopMs', 20_000],
      [2, 'switchMs', 2000],
      [2, 'stopMs', 5000],
    ]);
    expect([...listedByReason(listed).values()]).toEqual([
      ['row 1 switchMs 20 000', 'row 1 stopMs 20 000'],
      ['row 2 switchMs 2 000', 'row 2 stopMs 5 000'],
    ]);
    for (const [why] of listedByReason(listed)) expect(why).toMatch(/^without/);
  });

  test('without a counterpart in the model are listed, none is dropped', () => {
    for (const [index, { comparisons, listed, table }] of WHOLE.tables.entries()) {
      if (table.notPredicted !== undefined) continue;
      const published = ALL[index]!.rows.reduce((sum, row) => sum + Object.keys(row.published).length, 0);
      expect([table.id, comparisons.length + listed.length]).toEqual([table.id, published]);
    }
  });
});

test('every table of a lab names it, and every fold is of a lab that has tables', () => {
  const labs = new Set(ALL.flatMap(({ lab, rows }) => [lab, ...rows.map((row) => row.lab)]));
  for (const lab of FITTED_LABS) expect(labs.has(lab)).toBe(true);
  for (const { id, lab } of ALL) expect([id, lab === undefined]).toEqual([id, false]);
});

test('a lab that parameters were fitted to is predicted from values of its own', () => {
  const [table] = readTables(['suspended-to-null']);
  const own = validate([table!], false).tables[0]!.comparisons;
  const { lab: _, ...unknown } = table!;
  const others = validate([unknown], false).tables[0]!.comparisons;
  const total = (all: typeof own): number => all.find(({ output }) => output === 'totalMs')!.modelled;
  // The main thread's rate rests on this lab and one other.
  expect(total(own) / total(others)).toBeGreaterThan(1.1);
});

test('a parameter that rests on one lab alone has the median of its class in that fold', () => {
  expect(unsupported('yuan-liu')).toContain('faultBytesPerSecond');
  const { least, most } = VMM_PARAMETER.faultBytesPerSecond;
  const { faultBytesPerSecond } = groundsFor('yuan-liu').parameters;
  expect(faultBytesPerSecond).toEqual({ value: Math.sqrt(least * most), low: least, high: most });
  expect(groundsFor('fontana').parameters.faultBytesPerSecond.value).not.toBe(Math.sqrt(least * most));
});

describe('a fit', () => {
  const some = fitRows(readTables(['zero-pages', 'ping-pong', 'sapphire-rapids-v5']));
  const truth = { qemuChannelBytesPerSecond: 3e9, lineShare: 0.9, zeroPageNs: 600 };
  /** The rows as they would be if the model were right with these parameters. */
  const planted = some.map((row) => ({ ...row, published: modelledFigures(row, { ...pointParameters(), ...truth }) }));

  test('finds parameters again with which figures were made', () => {
    const found = fit(planted, ['qemuChannelBytesPerSecond', 'lineShare', 'zeroPageNs']);
    for (const [name, value] of Object.entries(truth)) expect(Math.abs(found[name]! / value - 1)).toBeLessThan(0.1);
  });

  test('has given the values that ship: none is worse off at a little less or more', () => {
    const rows = fitRows(ALL);
    const names = keysOf(FITTED.all);
    const shipped = costOf(rows, names, FITTED.all);
    for (const name of names) {
      for (const factor of [0.9, 1.1]) {
        const { least, most } = VMM_PARAMETER[name];
        const value = Math.min(most, Math.max(least, FITTED.all[name] * factor));
        const gained = shipped - costOf(rows, names, { ...FITTED.all, [name]: value });
        expect([name, gained < shipped / 1000]).toEqual([name, true]);
      }
    }
  });

  test('gives the same again, to the digit', () => {
    expect(fit(planted, ['lineShare'])).toEqual(fit(planted, ['lineShare']));
  });
});

test('inputs of tables for older releases are read as they are said today', () => {
  const [table] = readTables(['d06']);
  const rows = [{ inputs: { channels: 2 }, published: { totalMs: 1, downtimeMs: 1 } }];
  const modelled = (change: Readonly<Record<string, string>>): readonly number[] => {
    const { cpu: _, fill: _fill, ...inputs } = table!.inputs;
    const { comparisons } = validate([{ ...table!, inputs: { ...inputs, ...change }, rows }], false).tables[0]!;
    return comparisons.map((each) => each.modelled);
  };
  const today = modelled({ cpu: 'kunpeng-920', fill: 'letters', layout: 'zeros' });
  expect(modelled({ platform: 'd06', corpus: 'random', tail: 'zeros' })).toEqual(today);
  expect(modelled({ platform: 'server', corpus: 'random', tail: 'data' })).not.toEqual(today);
});

describe('a model that is wrong is reported', () => {
  const [multifd] = readTables(['multifd']);

  test('by its median, kind by kind', () => {
    const rows = multifd!.rows.map(({ inputs, published }) => ({
      inputs,
      published: { downtimeMs: published['downtimeMs']! * 2 },
    }));
    const { complaints } = validate([{ ...multifd!, rows }], false);
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toMatch(stating('downtime', 'median', /\d\d %/, '25 %'));
  });

  test('by its dirty syncs, where those of the nearest row are better', () => {
    const [logs] = readTables(['qemu-capped-logs']);
    // In place of what was measured: 2 for what the model has as 3 or 4, so that it is within one, or just not.
    const rows = logs!.rows.map((row) => ({ ...row, published: { dirtySyncCount: 2 } }));
    const { complaints } = validate([{ ...logs!, rows }], false);
    expect(complaints).toEqual([
      expect.stringMatching(/^dirty syncs: \d\d % of figures are near enough, 80 % must be$/),
      expect.stringMatching(/^dirty syncs: .*nearest row.* 0 %/),
      expect.stringMatching(
        /^dirty syncs: intervals score [\d.]+, those about the nearest row [\d.]+, and thus better$/,
      ),
    ]);
  });

  test('by too many parameters', () => {
    expect(validate(readTables(['multifd']), true).complaints).toEqual([
      expect.stringMatching(/^\d+ parameters .*5 rows.*4 rows$/),
    ]);
  });
});

test('every output of an experiment is of a kind that lists it', () => {
  for (const { outputs } of Object.values(EXPERIMENTS)) {
    for (const output of outputs) expect(FIGURE_KINDS[kindOf(output)].outputs).toContain(output);
  }
});

describe("a user's own tables", () => {
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stopcopy-tables-'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const OWN = [
    'format: stopcopy-published-table',
    'version: 1',
    'id: mine',
    'title: my own',
    'grade: A',
    'source: my lab',
    'experiment: vm-move',
    'inputs: { vcpus: 10, memoryGib: 8, gigabitsPerSecond: 10, nonZeroShare: 0.1, qemu: 9 }',
    'rows:',
    '  - inputs: { channels: 1, multifd: false }',
    '    published: { downtimeMs: 8 }',
  ];

  function written(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  test('are read from a file and from a folder', () => {
    const path = written('own.yaml', OWN.join('\n'));
    const [report] = validate(readTables([path]), false).tables;
    const { modelled, band, lab } = report!.comparisons[0]!;
    // Nothing of memory is left: vCPUs, platform and the dirty log, some 25 ms.
    expect(lab).toBeUndefined();
    expect(modelled).toBeGreaterThan(12);
    expect(modelled).toBeLessThan(50);
    expect(band[0]).toBeLessThan(modelled);
    expect(band[1]).toBeGreaterThan(modelled);
    expect(readTables([folder]).map(({ id }) => id)).toEqual(['mine']);
  });

  test.each<[string, string, string, RegExp]>([
    ['an input that nobody knows', 'channels: 1', 'chanels: 1', /row 1: the document has a field.*'chanels'/],
    ['a number out of its range', 'channels: 1', 'channels: 0', /row 1: channels is 0, allowed is at least 1/],
    [
      'a profile that is not there',
      'nonZeroShare: 0.1',
      'nonZeroShare: 0.1, devices: 1, profile: nope',
      /no device profile of that name/,
    ],
    ['no experiment', 'experiment: vm-move', '', /experiment is missing/],
    ['an experiment that nobody knows', 'vm-move', 'vm-mvoe', /experiment is "vm-mvoe", allowed is "vm-move"/],
    ['a figure that is not positive', 'downtimeMs: 8', 'downtimeMs: -8', /published.downtimeMs is -8/],
  ])('%s', (name, from, to, message) => {
    const path = written(`${name}.yml`, OWN.join('\n').replace(from, to));
    const run = (): unknown => validate(readTables([path]), false);
    expect(run).toThrow(UserError);
    expect(run).toThrow(message);
  });

  test.each([
    ['a name that is nothing', 'nothing', /no published table of that name/],
    ['an empty folder', tmpdir(), /has no .yaml or .json file/],
  ])('%s', (_, name, message) => {
    const empty = name === tmpdir() ? mkdtempSync(join(folder, 'empty-')) : name;
    expect(() => readTables([empty])).toThrow(message);
  });
});

test('every shipped profile and table can be read', () => {
  expect(shippedProfiles().map((id) => readProfile(id).id)).toEqual(shippedProfiles());
  expect(ALL.map(({ id }) => id)).toEqual(shippedTables());
});

test('README.md and docs/published-tables.md say what the model comes to', () => {
  const [readme, page] = ['README.md', 'docs/published-tables.md'].map((path) =>
    readFileSync(join(packageRoot(), path), 'utf8').replaceAll(/\s+/g, ' '),
  );
  const { predicted, calibrating, kinds } = WHOLE;
  expect(readme).toMatch(new RegExp(`\\b${predicted} [a-z ]*figures\\b`));
  expect(page).toContain(`${predicted} figures predicted`);
  expect(page).toContain(`${calibrating} more`);
  for (const each of kinds) expect(page).toContain(kindRow(each)[3]!);
  const [downtime, total, rate] = kinds.map((each) => kindRow(each)[3]!);
  for (const figure of [`${downtime} for downtime`, `${total} for total`, `${rate} for throughput`])
    expect(readme).toContain(figure);
});
