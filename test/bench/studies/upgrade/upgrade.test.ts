import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { z } from 'zod';

import { type BareUnits, upgraded } from '../../../../bench/studies/upgrade/upgrade.ts';
import { parseInput, parseInputFile } from '../../../../bench/io/input-file.ts';
import { packageRoot } from '../../../../bench/io/package-root.ts';
import { PRESETS, QUESTIONS } from '../../../../bench/studies/plan/shipped.ts';
import { SCENARIOS } from '../../../../bench/studies/run/shipped.ts';
import { parseBenchResult } from '../../../../bench/documents/bench/result.ts';
import { Random } from '../../../../sim/base/random.ts';
import { UserError } from '../../../../sim/base/user-error.ts';
import { limitsPresetSchema } from '../../../../sim/fleet/limits.ts';
import { questionSchema } from '../../../../sim/fleet/question.ts';
import { canQuestionSchema } from '../../../../sim/manager/question.ts';
import { scenarioSchema } from '../../../../sim/scenario/document.ts';
import { effort } from '../../../effort.ts';
import { fixtureResult } from '../../fixture.ts';
import { stating } from '../../../stating.ts';

const NONE: BareUnits = {};
const PLAIN: BareUnits = { size: 'B', time: 'ns' };

function refusal(text: string, units: BareUnits = NONE): UserError {
  try {
    upgraded(text, 'x.yaml', units);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Whether a text has to say more before it can be upgraded. */
function isRefused(text: string): boolean {
  try {
    return upgraded(text, 'x.yaml', NONE).text === '';
  } catch (error) {
    if (error instanceof UserError) return true;
    throw error;
  }
}

/** Every shipped file of a format that has had two versions. */
const SHIPPED: readonly (readonly [name: string, text: string, schema: z.ZodType])[] = [
  ...SCENARIOS.names().map((name) => [name, readFileSync(SCENARIOS.path(name), 'utf8'), scenarioSchema] as const),
  ...QUESTIONS.names().map((name) => [name, readFileSync(QUESTIONS.path(name), 'utf8'), questionSchema] as const),
  ...PRESETS.names().map((name) => [name, readFileSync(PRESETS.path(name), 'utf8'), limitsPresetSchema] as const),
];

const FACTORS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  min: 60e9,
  h: 3600e9,
};

/** A shipped file as of version 1: sizes and times in B and ns. Rates, which are texts with a unit in both, stay. */
function asVersion1(text: string): string {
  return text
    .replace(/^version: 2$/m, 'version: 1')
    .replaceAll(
      /(?<=^[^#\n]*(?<!PerSecond|perSecond): )(?<!PerSecondPerMove:\s*(?:\{ )?value: )(\d+(?:\.\d+)?)([A-Za-z]+)(?=\s*[,}\]\n#])/gm,
      (whole: string, number: string, unit: string) =>
        FACTORS[unit] === undefined ? whole : `${Number(number) * FACTORS[unit]}`,
    );
}

describe.each(SHIPPED)('%s turned back to version 1', (name, text, schema) => {
  const now = parseInputFile(text, name, schema);
  const raised = text.replace(/^version: 2$/m, 'version: 1');

  test('with its units: only the version changes, and no other character', () => {
    const { text: again, changes } = upgraded(raised, name, NONE);
    expect(again).toBe(text);
    expect(changes).toEqual([{ path: 'version', from: 1, to: 2 }]);
  });

  test('as it is: nothing changes', () => {
    expect(upgraded(text, name, PLAIN)).toMatchObject({ text, changes: [] });
  });

  test('without units: it means the same, keeps its comments, and upgraded again nothing changes', () => {
    const old = asVersion1(text);
    const upgrade = upgraded(old, name, PLAIN);
    expect(parseInputFile(upgrade.text, name, schema)).toEqual(now);
    const comments = (of: string): readonly string[] => of.match(/#.*$/gm) ?? [];
    expect(comments(upgrade.text)).toEqual(comments(text));
    expect(upgraded(upgrade.text, name, NONE)).toMatchObject({ text: upgrade.text, changes: [] });
    expect(upgrade.changes).toHaveLength(1 + takenUnits(text, old));
    expect(isRefused(old)).toBe(upgrade.changes.length > 1);
  });

  test('as JSON: it stays JSON with its indentation', () => {
    for (const indent of effort([2, undefined], [2, 4, '\t', undefined])) {
      const old = `${JSON.stringify(parseInput(raised, name), undefined, indent)}\n`;
      const { text: again } = upgraded(old, name, NONE);
      expect(again).toBe(`${JSON.stringify(parseInput(text, name), undefined, indent)}\n`);
    }
  });
});

/** How many values have lost their unit, 0 aside: those of the words that differ, the version apart. */
function takenUnits(text: string, old: string): number {
  const words = (of: string): readonly string[] => of.split(/(?<=[\s,{}[\]])/);
  const now = words(text);
  return words(old).filter((word, index) => word !== now[index] && !/^0\D*$/.test(word)).length - 1;
}

test('some of the shipped files have sizes and times to be named', () => {
  const named = SHIPPED.filter(([name, text]) => upgraded(asVersion1(text), name, PLAIN).changes.length > 3);
  expect(named.length).toBeGreaterThan(5);
});

const SCENARIO = `# Mine, of last spring
format: stopcopy-scenario
version: 1 # old
name: mine
description: "A VM,  with  blanks"

convergence: { downtimeLimit: 300,   timeout: 60 } # as QEMU has them
vcpus: 2
memory:
    size: &size 64 # of the flavour
    dirty: { kind: uniform, pagesPerSecond: 0, workingSet: *size }
stream: { gigabitsPerSecond: 25, latency: 0 }
`;

describe('numbers without a unit', () => {
  test('are all named with both readings', () => {
    const { message, hint } = refusal(SCENARIO);
    expect(message).toMatch(stating('x.yaml', 'convergence.downtimeLimit', 300, '300 ms', '300 ns'));
    expect(hint?.split('\n')).toEqual([
      'Also: convergence.timeout is 60, a time without a unit: 60 s or 60 ns?',
      'Also: memory.size is 64, a size without a unit: 64 GiB or 64 B?',
      'Also: memory.dirty.workingSet is 64, a size without a unit: 64 GiB or 64 B?',
      expect.stringMatching(stating('--bare-times ms', '--bare-sizes GiB', 'sizes as B', 'times as ns')),
    ]);
  });

  test('one unit leaves the other to be asked for', () => {
    const { message, hint } = refusal(SCENARIO, { time: 'ms' });
    expect(message).toContain('memory.size is 64');
    expect(hint).toMatch(stating('--bare-sizes GiB'));
  });

  test('get the unit that was said, where they are, and nothing else moves', () => {
    const { text, changes } = upgraded(SCENARIO, 'x.yaml', { time: 'ms', size: 'GiB' });
    expect(text).toBe(
      SCENARIO.replace('version: 1 ', 'version: 2 ')
        .replace('300, ', '300ms, ')
        .replace('60 }', '60ms }')
        .replace('&size 64', '&size 64GiB'),
    );
    expect(changes).toEqual([
      { path: 'version', from: 1, to: 2 },
      { path: 'convergence.downtimeLimit', from: 300, to: '300ms' },
      { path: 'convergence.timeout', from: 60, to: '60ms' },
      { path: 'memory.size', from: 64, to: '64GiB' },
      { path: 'memory.dirty.workingSet', from: 64, to: '64GiB' },
    ]);
  });

  test('of version 2 are asked for as well', () => {
    expect(refusal(SCENARIO.replace('version: 1', 'version: 2')).message).toContain('300 ms or 300 ns');
  });

  test('one that is a time here and a size there by an alias has no unit that fits both', () => {
    const text = SCENARIO.replace('timeout: 60', 'timeout: &n 60').replace('&size 64', '*n').replace('*size', '*n');
    expect(refusal(text, { time: 's', size: 'GiB' }).message).toMatch(stating('x.yaml', 'memory.size', 60, 'alias'));
  });

  test('are found in the grid of a question, where the field has a unit', () => {
    const [, text] = SHIPPED.find(([name]) => name === 'link')!;
    const grid = '\ngrid: { budget.pause: [100, 300ms, 0], vm.vcpus: [8, 16] } # mine\n';
    const old = text.replace(/^version: 2$/m, 'version: 1') + grid;
    expect(refusal(old).message).toMatch(stating('x.yaml', 'grid.budget.pause[0]', 100, '100 ms', '100 ns'));
    const { text: again } = upgraded(old, 'x.yaml', { time: 'ms' });
    expect(again).toBe(text + grid.replace('[100,', '[100ms,'));
  });

  test('drawn at random, in every place of a scenario: each comes out as value and unit', () => {
    const random = new Random(17);
    for (let index = 0; index < effort(20, 100, 10_000); index += 1) {
      const [size, set, limit] = [1 + random.below(1000), 1, 1 + random.below(100_000)];
      const old = {
        ...(parseInput(SCENARIO, 'x') as object),
        memory: { size, dirty: { kind: 'uniform', pagesPerSecond: 0, workingSet: set } },
      };
      const text =
        random.below(2) === 0
          ? stringify({ ...old, convergence: { downtimeLimit: limit } })
          : JSON.stringify({ ...old, convergence: { downtimeLimit: limit } });
      const { text: again } = upgraded(text, 'x', { time: 'us', size: 'MiB' });
      const read = parseInputFile(again, 'x', scenarioSchema);
      expect(read.memory.size).toBe(size * 1024 ** 2);
      expect(read.convergence.downtimeLimit).toBe(limit * 1000);
    }
  });
});

test.each([
  ['a byte order mark', (text: string) => `\uFEFF${text}`],
  ['CR before LF', (text: string) => text.replaceAll('\n', '\r\n')],
  ['a document mark', (text: string) => `---\n${text}`],
  ['no end of its last line', (text: string) => text.trimEnd()],
])('%s stays', (_, change) => {
  const { text } = upgraded(change(SCENARIO), 'x', { time: 'ms', size: 'GiB' });
  expect(text).toBe(change(upgraded(SCENARIO, 'x', { time: 'ms', size: 'GiB' }).text));
});

test.each(['sim/pci/topologies/t25-plain.yaml', 'sim/scenario/scenarios/zip-64.yaml'])(
  '%s as JSON that names its schema stays as it is',
  (path) => {
    const document = parseInput(readFileSync(join(packageRoot(), path), 'utf8'), path) as object;
    const text = JSON.stringify({ $schema: './x.schema.json', ...document });
    expect(upgraded(text, 'x.json', NONE)).toMatchObject({ text, changes: [] });
  },
);

test('a question of stopcopy can', () => {
  const text =
    '{ format: stopcopy-can, version: 1, vmm: qemu, memory: 64, devices: [{ driver: mlx5_vfio_pci }] } # mine\n';
  const { text: again } = upgraded(text, 'x', { size: 'GiB' });
  expect(again).toBe(text.replace('version: 1', 'version: 2').replace('64,', '64GiB,'));
  expect(parseInputFile(again, 'x', canQuestionSchema)).toMatchObject({ version: 2, memory: 64 * 1024 ** 3 });
});

describe('what the ask of a question does not read', () => {
  const UNREAD = `format: stopcopy-question
version: 1
name: room
description: NICs
ask: room
vm:
  vcpus: 8
  returnPath: true
  memory:
    size: 16GiB # all of it
    # how it writes
    dirty: { kind: uniform, pagesPerSecond: 400 }
    nonZeroShare: 0.5
  stream: { tls: true, gigabitsPerSecond: 25, latency: 1ms }
  convergence:
    timeout: 60s
    downtimeLimit: 200ms
  devices: [{ profile: connectx7-vf }]
hosts:
  - { name: a, kind: other, queuesPerVf: 4, freeVfs: 4 }
  - name: b
    kind: other
    freeVfs: 4
    hardware: V3
`;
  const READ = `format: stopcopy-question
version: 2
name: room
description: NICs
ask: room
vm:
  vcpus: 8
  memory:
    size: 16GiB # all of it
  stream: { gigabitsPerSecond: 25 }
  convergence:
    downtimeLimit: 200ms
  devices: [{ profile: connectx7-vf }]
hosts:
  - { name: a, kind: other, freeVfs: 4 }
  - name: b
    kind: other
    freeVfs: 4
`;

  test('is removed from version 1, and each is named', () => {
    const { text, changes } = upgraded(UNREAD, 'x', NONE);
    // Comments between what goes go with it.
    expect(text.replace(/\n *# how it writes\n */, '\n')).toBe(READ);
    expect(changes.filter(({ to }) => to === null)).toEqual([
      { path: 'vm.returnPath', from: 'true', to: null },
      { path: 'vm.memory.nonZeroShare', from: '0.5', to: null },
      { path: 'vm.memory.dirty', from: '{"kind":"uniform","pagesPerSecond":400}', to: null },
      { path: 'vm.stream.latency', from: '1ms', to: null },
      { path: 'vm.stream.tls', from: 'true', to: null },
      { path: 'vm.convergence.timeout', from: '60s', to: null },
      { path: 'hosts[0].queuesPerVf', from: '4', to: null },
      { path: 'hosts[1].hardware', from: 'V3', to: null },
    ]);
  });

  test('is removed from JSON, which stays JSON', () => {
    const { text } = upgraded(JSON.stringify(parseInput(UNREAD, 'x'), undefined, 2), 'x', NONE);
    expect(JSON.parse(text)).toEqual(parseInput(READ, 'x'));
  });

  test.each([
    ['of a map that would be empty', UNREAD.replace('    downtimeLimit: 200ms\n', '')],
    ['of a map that an alias leads to', UNREAD.replace('  - name: b', '  - *a\n  - name: b').replace('- {', '- &a {')],
  ])('%s is to be removed by hand', (_, text) => {
    expect(refusal(text).hint).toMatch(stating('by hand', 'vm.returnPath'));
  });
});

test.each([
  ['sim/memory/profiles/acc-zip.yaml', 'a device profile'],
  ['sim/pci/topologies/t12-card-under-switch.yaml', 'a topology'],
])('%s has had one version', (path, title) => {
  const text = readFileSync(join(packageRoot(), path), 'utf8');
  expect(upgraded(text, path, NONE)).toEqual({ title, changes: [], text });
});

describe('what is refused', () => {
  test.each([
    ['[]', "its field 'format' is missing"],
    ['format: mine\n', 'its field \'format\' is "mine"'],
    ['just words', "its field 'format' is missing"],
    ['', 'is empty'],
    ['a: {', 'line 1'],
    ['format: stopcopy-scenario\nversion: 3\nvcpus: 1\n', 'allowed is up to 2'],
    [SCENARIO.replace('vcpus: 2', 'vcpus: 2\nvcpsu: 2'), 'vcpsu'],
    ['{"format":"stopcopy-run","version":99}', 'has format version 99'],
    ['format: stopcopy-topology/1\nnodes: 3\n', 'x.yaml'],
  ])('%j', (text, says) => {
    const { kind, message } = refusal(text, { time: 's', size: 'GiB' });
    expect({ kind, message }).toEqual({ kind: 'input', message: expect.stringContaining(says) as string });
  });
});

describe('a result of stopcopy bench', () => {
  const path = join(packageRoot(), 'test/bench/documents/bench-version-1.json');
  const old = readFileSync(path, 'utf8');

  test('of version 1 means the same, and every other line stays as it was', () => {
    const { text, changes } = upgraded(old, 'r.json', NONE);
    expect(changes).toEqual([
      { path: 'version', from: 1, to: 3 },
      { path: 'inFlight', from: null, to: 'unknown' },
    ]);
    expect(parseBenchResult(text, 'r.json')).toEqual(parseBenchResult(old, 'r.json'));
    expect(JSON.parse(text)).toEqual({ ...(JSON.parse(old) as object), version: 3, inFlight: 'unknown' });
    const lines = text.split('\n');
    expect(lines).toContain('  "inFlight": "unknown",');
    expect(lines.filter((line) => !line.includes('"inFlight"') && !line.startsWith('  "version"'))).toEqual(
      old.split('\n').filter((line) => !line.startsWith('  "version"')),
    );
    expect(upgraded(text, 'r.json', NONE)).toMatchObject({ text, changes: [] });
  });

  test.each([undefined, 2, '\t'])('with the indentation %j, one that has the pause mode keeps it', (indent) => {
    const cells = fixtureResult().cells.slice(0, 2);
    const result = fixtureResult({ cells });
    const was = JSON.stringify({ ...result, version: 1 }, undefined, indent);
    const { text, changes } = upgraded(was, 'r.json', NONE);
    expect(text).toBe(JSON.stringify(result, undefined, indent));
    expect(changes).toEqual([{ path: 'version', from: 1, to: 3 }]);
    const { inFlight: _, ...rest } = result;
    const lacking = upgraded(JSON.stringify({ ...rest, version: 1 }, undefined, indent), 'r.json', NONE);
    expect(parseBenchResult(lacking.text, 'r.json')).toEqual({ ...result, inFlight: 'unknown' });
  });

  test('that lacks a field, has one twice, or is no JSON is refused', () => {
    expect(refusal(old.replace('"seed": 1,', '')).message).toContain('seed');
    expect(refusal(old.replace('"version": 1,', '"version": 1, "version": 1,')).message).toContain('twice');
    expect(refusal(stringify(JSON.parse(old))).message).toContain('is not JSON');
    expect(refusal(`\uFEFF${old}`).message).toContain('is not JSON');
  });
});
