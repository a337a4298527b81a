/**
 * `stopcopy converge`: the same result on any number of threads, exactly so much work, and sentences for what is wrong.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { parseRates } from '../../../../bench/studies/converge/rate-record.ts';
import { UserError } from '../../../../sim/base/user-error.ts';
import { POLICY_NAMES } from '../../../../sim/converge/policies.ts';
import { stopcopyAt } from '../../command.ts';
import { effort } from '../../../effort.ts';
import { stating } from '../../../stating.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-converge-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Printed {
  readonly moves: number;
  readonly events: number;
  readonly classes: readonly {
    readonly workload: string;
    readonly policies: readonly { readonly policy: string; readonly ends: Readonly<Record<string, number>> }[];
  }[];
}

async function converge(...words: readonly string[]): Promise<Printed> {
  const { status, stdout, stderr } = await stopcopyAt(folder, 'converge', ...words, '--json');
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return JSON.parse(stdout) as Printed;
}

async function refused(...words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await stopcopyAt(folder, 'converge', ...words);
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
  expect(stderr).not.toContain('    at ');
  return stderr;
}

function module(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return `./${name}`;
}

/** Draws come in addition. */
const SEEDS = effort('200', '200', '320');

describe('the same seed', () => {
  const words = [
    '--seeds',
    SEEDS,
    '--class',
    'hot set,bursty',
    '--policy',
    'qemu,nova,proxmox,kubevirt-stall-detection',
  ];

  test('gives the same result on one thread and on two, twice', async () => {
    const one = await converge(...words, '--threads', '1');
    expect(one.moves).toBe(2 * 4 * (Number(SEEDS) + Math.min(Number(SEEDS), 20 * 16)));
    for (const threads of effort(['2'], ['2', '3'], ['2', '3', '2'])) {
      expect(await converge(...words, '--threads', threads)).toEqual(one);
    }
    // More than a thread is worth.
    const many = ['--seeds', effort('200', '200', '800'), '--class', 'idle', '--policy', POLICY_NAMES.join(',')];
    expect(await converge(...many, '--threads', '2')).toEqual(await converge(...many, '--threads', '1'));
  }, 60_000);

  test('is the same guest, whatever other policies and classes are played', async () => {
    const all = await converge('--seeds', '50', '--policy', 'nova,qemu');
    const alone = await converge('--seeds', '50', '--policy', 'qemu', '--class', 'phased');
    const of = ({ classes }: Printed) =>
      classes.find(({ workload }) => workload === 'phased')!.policies.find(({ policy }) => policy === 'qemu')!.ends;
    expect(of(all)).toEqual(of(alone));
  });

  test('another seed gives other guests', async () => {
    const [a, b] = [await converge(...words), await converge(...words, '--seed', '2')];
    expect(a.events).not.toBe(b.events);
  });
});

test('a move takes a fixed number of events: gates what a move costs', async () => {
  const { moves, events } = await converge('--seeds', '200', '--draws', '0');
  expect(moves).toBe(POLICY_NAMES.length * 6 * 200);
  // As many as were counted; fewer is fine, and more has to be said.
  expect(events).toBe(EVENTS);
});
const EVENTS = 1_525_526;

describe('a policy of a user', () => {
  const STOPS = `export default { watch: () => ({ act: ({ elapsedNs }) => elapsedNs > 5e9 ? { kind: 'stop' } : undefined }) };`;

  test('acts: each VM is stopped after 5 s at the latest, at its next poll', async () => {
    const { classes } = await converge('--policy', module('stops.mjs', STOPS), '--class', 'hot set', '--seeds', '60');
    const [{ policies }] = classes as [Printed['classes'][number]];
    expect(policies).toMatchObject([{ policy: 'stops', failed: { value: 0 } }]);
    expect(policies[0]!.ends['forced']).toBeGreaterThan(10);
  });

  test('is played on threads as well', async () => {
    const words = [
      '--policy',
      `qemu,${module('stops.mjs', STOPS)}`,
      '--class',
      'bursty',
      '--seeds',
      effort('1200', '1200', '2000'),
    ];
    expect(await converge(...words, '--threads', '2')).toEqual(await converge(...words, '--threads', '1'));
  }, 60_000);

  test.each<readonly [string, string, string]>([
    ['no default export', 'export const a = 1;', 'the default export is missing, allowed is an object with watch()'],
    ['no watch', 'export default {};', 'watch is undefined, allowed is a function'],
    [
      'a bad limit',
      'export default { downtimeLimitMs: -1, watch() {} };',
      'downtimeLimitMs is -1, allowed is a number from 1 to 2000000',
    ],
    ['a bad word', "export default { vmm: 'xen', watch() {} };", 'vmm is "xen", allowed is qemu, cloud-hypervisor'],
    [
      'what does not go together',
      "export default { vmm: 'cloud-hypervisor', throttling: 'dirty-limit', watch() {} };",
      'Cloud Hypervisor does not throttle vCPUs',
    ],
    ['no watcher', 'export default { watch() {} };', 'watch() returns no object with a function act'],
    ['watch that throws', "export default { watch() { throw new Error('no luck'); } };", 'watch() throws: no luck'],
    [
      'act that throws',
      'export default { watch: () => ({ act: () => nothing }) };',
      'act() throws: nothing is not defined',
    ],
    [
      'a word for an action',
      "export default { watch: () => ({ act: () => 'stop' }) };",
      'act() returns "stop", allowed is an action or nothing',
    ],
    [
      'an action that there is not',
      "export default { watch: () => ({ act: () => ({ kind: 'pause' }) }) };",
      'act() returns the kind "pause", allowed is none, set limit, force limit, cancel, stop',
    ],
    [
      'a limit that is none',
      "export default { watch: () => ({ act: () => ({ kind: 'set limit', limitNs: NaN }) }) };",
      'act() returns limitNs NaN, allowed is above 0',
    ],
    [
      'a reason that there is not',
      "export default { watch: () => ({ act: () => ({ kind: 'cancel', reason: 'bored' }) }) };",
      'act() returns the reason "bored", allowed is timeout',
    ],
    ['a mistake in the text', 'export default {', 'cannot be loaded: '],
  ])('with %s is refused with its name', async (what, text, sentence) => {
    const name = module(`${what.replaceAll(' ', '-')}.mjs`, text);
    const said = await refused('--policy', name, '--class', 'stationary', '--seeds', '5');
    expect(said).toContain(`${name}: `);
    expect(said).toContain(sentence);
  });

  test('that is not there, or TypeScript that this Node does not run, is refused with its name', async () => {
    expect(await refused('--policy', './none.mjs')).toMatch(stating('none.mjs', 'cannot be read'));
    const typed = module('typed.ts', 'export default { watch: () => ({ act: (): undefined => undefined }) };');
    const runs = 'typescript' in process.features && process.features.typescript !== false;
    const { status, stderr } = await stopcopyAt(
      folder,
      'converge',
      '--policy',
      typed,
      '--seeds',
      '2',
      '--class',
      'idle',
    );
    expect({ status, told: stderr.includes(`${typed}: is TypeScript`) }).toEqual({ status: runs ? 0 : 3, told: !runs });
  });
});

describe('what is wrong in a question is said with its field', () => {
  const HEAD = 'format: stopcopy-converge\nversion: 1\nname: mine\n';
  test.each<readonly [string, string]>([
    ['policies: [qemuu]\n', 'allowed is qemu, '],
    ['policies: [{ policy: nova, downtimeLimit: 1s }]\n', 'nova does not read it, allowed is timeout, whenOut'],
    ['policies: [qemu, qemu]\n', 'is there twice as qemu'],
    ['classes: [idel]\n', "Is 'idle' meant?"],
    ['policies: [{ policy: nova-post-copy, iterations: 2 }]\n', 'nova-post-copy does not read it, allowed is timeout'],
    [
      'policies: [qemu, qemu-post-copy]\ndevices: { profile: mlx5-vf-300mb }\n',
      'policies.1 is qemu-post-copy, and QEMU refuses post-copy to a VM with VFIO devices',
    ],
    ['seeds: 0\n', 'seeds'],
    ['horizon: 60\n', 'horizon'],
    ['stream: { gigabitsPerSecond: 0 }\n', 'gigabitsPerSecond'],
    ['prefer: cost\n', 'prefer'],
    [
      'workloads: { mine: { title: x, memory: [2GiB, 1GiB], used: [1, 1], vcpus: [1, 1], writers: [1, 1], rate: [1, 1], set: [1, 1], basis: assumed, source: x } }\n',
      'the lower first',
    ],
    [
      'workloads: { mine: { title: x, memory: [1GiB, 2GiB], used: [1, 1], vcpus: [1, 1], writers: [1, 1], set: [1, 1], basis: assumed, source: x } }\n',
      'one of rate and pagesPerSecond',
    ],
  ])('%s', async (text, sentence) => {
    writeFileSync(join(folder, 'mine.yaml'), HEAD + text);
    const said = await refused('mine.yaml');
    expect(said).toContain('mine.yaml: ');
    expect(said).toContain(sentence);
  });

  test('a rate file without the class that plays it', async () => {
    writeFileSync(join(folder, 'rates.csv'), 'seconds,bytesPerSecond\n0,1e8\n1,2e8\n');
    const { status, stderr } = await stopcopyAt(folder, 'converge', '--rates', 'rates.csv', '--class', 'idle');
    expect(status).toBe(2);
    expect(stderr).toMatch(stating('--rates', 'recorded'));
    const words = ['--rates', 'rates.csv', '--class', 'recorded', '--seeds', '5', '--draws', '2'];
    expect((await converge(...words)).moves).toBe((5 + 2 * 3) * POLICY_NAMES.length);
  });
});

test('a class of a question is played, with devices of its VMs', async () => {
  const text =
    'format: stopcopy-converge\nversion: 1\nname: mine\npolicies: [qemu, qemu-switchover-ack]\nseeds: 30\n' +
    'devices: { profile: mlx5-vf-300mb }\n' +
    'workloads:\n  still:\n    { title: x, memory: [2GiB, 8GiB], used: [1, 1], vcpus: [2, 4], writers: [1, 1], rate: [0.01, 0.02],\n' +
    '      set: [0.1, 0.2], basis: assumed, source: a test }\nclasses: [still]\n';
  writeFileSync(join(folder, 'devices.yaml'), text.replace('seeds: 30', 'seeds: 30\nprefer: pause'));
  const { classes } = await converge('devices.yaml');
  const [{ policies }] = classes as unknown as [{ policies: readonly { pauseNs: { p50: number | null } }[] }];
  // Room for the state is made before the stop.
  expect(policies[1]!.pauseNs.p50!).toBeLessThan(policies[0]!.pauseNs.p50!);
});

describe('a recorded rate', () => {
  test('is read', () => {
    expect(parseRates('seconds,bytesPerSecond\r\n0,100\r\n1.5,2e3\r\n', 'x.csv')).toEqual({
      timesNs: [0, 1.5e9],
      bytesPerSecond: [100, 2000],
    });
  });

  test.each<readonly [string, string]>([
    ['', "line 1 is ''"],
    ['time,rate\n0,1\n1,2\n', "line 1 is 'time,rate'"],
    ['seconds,bytesPerSecond\n0,1\n', 'has 1 rates, allowed are 2 to'],
    ['seconds,bytesPerSecond\n1,1\n2,2\n', 'line 2: the first time is 1'],
    ['seconds,bytesPerSecond\n0,1\n0,2\n', 'line 3: the time 0 is not after the one above'],
    ['seconds,bytesPerSecond\n0,1\n1,-2\n', "line 3: the rate is '-2'"],
    ['seconds,bytesPerSecond\n0,1\nx,2\n', "line 3: the time is 'x'"],
    ['seconds,bytesPerSecond\n0,1\n1\n', "line 3: '1' has 1 fields"],
    ['seconds,bytesPerSecond\n0,0\n1,0\n', 'all rates are 0'],
  ])('%j is refused', (text, sentence) => {
    expect(() => parseRates(text, 'x.csv')).toThrow(UserError);
    expect(() => parseRates(text, 'x.csv')).toThrow(sentence);
  });
});

test('tables have 100 columns at most', async () => {
  const { stdout } = await stopcopyAt(folder, 'converge', '--seeds', '40');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
});
