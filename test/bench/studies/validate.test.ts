import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { packageRoot } from '../../../bench/io/package-root.ts';
import { readProfile, shippedProfiles } from '../../../bench/io/profiles.ts';
import { readTables, shippedTables } from '../../../bench/studies/validation/published-table.ts';
import { type Comparison, ERROR_MAX, MEDIAN_ERROR_MAX } from '../../../bench/documents/validation/document.ts';
import { percent } from '../../../bench/show/format.ts';
import { validate } from '../../../bench/studies/validation/validation.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { VMM_PARAMETER } from '../../../sim/memory/parameters.ts';
import { PUBLISHED_PARAMETERS } from '../../../sim/workload/published/experiments.ts';

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

function comparisons(): readonly Comparison[] {
  return WHOLE.tables.flatMap((report) => report.comparisons);
}

describe('the published measurements', () => {
  test('are predicted within what is allowed', () => {
    expect(WHOLE.complaints).toEqual([]);
    expect(WHOLE.medianError).toBeLessThanOrEqual(MEDIAN_ERROR_MAX);
    expect(WHOLE.predicted).toBeGreaterThan(40);
  });

  test('that set a parameter are met by it, or say why not', () => {
    const missed = comparisons().filter(
      ({ calibrates, error, note }) => calibrates.length > 0 && note === undefined && Math.abs(error) > ERROR_MAX,
    );
    expect(missed).toEqual([]);
  });

  test('lie within the band of the model, but for rows with a note', () => {
    const outside = comparisons().filter(
      ({ published, band, note }) => note === undefined && (published < band[0] * 0.9 || published > band[1] * 1.1),
    );
    // Windows of a VMM and single runs vary beyond what parameters are allowed to.
    expect(outside.length).toBeLessThan(comparisons().length / 8);
  });

  test('name parameters that exist and are marked as fitted', () => {
    const origins = WHOLE.fitted.map((name) => ({ name, from: originOf(name) }));
    expect(origins.filter(({ from }) => from !== 'fitted')).toEqual([]);
  });

  test('set every parameter of the VMM model that is marked as fitted', () => {
    const marked = Object.entries(VMM_PARAMETER).flatMap(([name, { from }]) => (from === 'fitted' ? [name] : []));
    expect(WHOLE.fitted).toEqual(expect.arrayContaining(marked));
  });

  test('that are not predicted say why and make no claim', () => {
    const silent = WHOLE.tables.filter(({ table }) => table.notPredicted !== undefined);
    expect(silent.length).toBeGreaterThan(0);
    for (const report of silent) expect(report.comparisons).toEqual([]);
  });
});

test('the model hardly depends on how a table is read: the same figure gives the same pause wherever it stands', () => {
  const [multifd, rfc] = ['multifd', 'multifd-rfc'].map((id) => validate(readTables([id]), false).tables[0]!);
  expect(rfc!.comparisons[1]!.modelled).toBeCloseTo(multifd!.comparisons[4]!.modelled, 6);
});

describe('a model that is wrong is told', () => {
  const [multifd] = readTables(['multifd']);
  const rows = multifd!.rows.map(({ inputs, published }) => ({ inputs, published }));

  test('by its median', () => {
    const twice = rows.map((row) => ({ ...row, published: { downtimeMs: row.published['downtimeMs']! * 1.2 } }));
    const { complaints } = validate([{ ...multifd!, rows: twice }], false);
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toMatch(/median error is 1[67] %, allowed is 10 %/);
  });

  test('by a row that is far off without a note', () => {
    const [first, ...others] = rows;
    const far = { ...first!, published: { downtimeMs: 900 } };
    expect(validate([{ ...multifd!, rows: [far, ...others] }], false).complaints).toEqual([
      'multifd row 1: downtimeMs is off by -46 % and its row has no note that says why',
    ]);
    expect(validate([{ ...multifd!, rows: [{ ...far, note: 'known' }, ...others] }], false).complaints).toEqual([]);
  });

  test('by too many parameters', () => {
    expect(validate(readTables(['multifd']), true).complaints).toEqual([
      '3 parameters are fitted to 5 rows, allowed is one for every 3 rows',
    ]);
  });
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
    'inputs: { vcpus: 10, memoryGib: 8, gigabitsPerSecond: 10, tail: zeros }',
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
    // 10 vCPUs at 0.6 ms, and 1 ms each to stop and to start them.
    expect(report!.comparisons[0]!.modelled).toBeCloseTo(8.02, 2);
    expect(readTables([folder]).map(({ id }) => id)).toEqual(['mine']);
  });

  test.each<[string, string, string, RegExp]>([
    ['an input that nobody knows', 'channels: 1', 'chanels: 1', /row 1: the document has a field.*'chanels'/],
    ['a number out of its range', 'channels: 1', 'channels: 0', /row 1: channels is 0, allowed is at least 1/],
    ['an output that the model has not', 'downtimeMs', 'downtimeS', /has no downtimeS/],
    [
      'a profile that is not there',
      'tail: zeros',
      'tail: zeros, devices: 1, profile: nope',
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

test('the README says what the model comes to', () => {
  const readme = readFileSync(join(packageRoot(), 'README.md'), 'utf8');
  const { predicted, medianError, calibrating } = WHOLE;
  expect(readme).toContain(
    `${predicted} figures predicted, median error ${percent(medianError, 2)} (allowed ${percent(MEDIAN_ERROR_MAX, 2)}); ` +
      `${calibrating} more in rows that set a parameter.`,
  );
});
