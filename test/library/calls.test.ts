/**
 * Every function of the library, called once with what it takes and once with what it refuses.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { recordLine } from '../../bench/history/store.ts';
import { packageRoot } from '../../bench/io/package-root.ts';
import * as library from '../../bench/library/index.ts';
import { keysOf } from '../../sim/base/keys.ts';
import { fixtureResult } from '../bench/fixture.ts';
import { historyRecord } from '../bench/history/records.ts';
import { effort } from '../effort.ts';
import { stating } from '../stating.ts';

const file = (path: string): string => join(packageRoot(), path);
const DRIVER_TRACE = file('test/bench/import/samples/hisi-rwmmio.trace-cmd.txt');
const MOVE = file('bench/studies/import/examples/qemu-zip.qmp.jsonl');
const TABLE = file('bench/studies/fit/examples/small-lab.yaml');
const TRACE = file('traces/plain-stop-copy.upstream-2026.json');

/** A VM without devices, judged by nominal parameters: nothing is drawn, and no register is played. */
const QUESTION = `format: stopcopy-question
version: 2
name: mine
description: The slowest link
ask: least
of: gigabitsPerSecond
budget: { pause: 1s, judge: point }
vm: { vcpus: 1, memory: { size: 1GiB }, stream: { gigabitsPerSecond: 25 }, devices: [] }
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-calls-'));
  writeFileSync(at('result.json'), JSON.stringify(fixtureResult()));
  writeFileSync(at('mine.yaml'), QUESTION);
  writeFileSync(at('bad.yaml'), 'format: other\n');
  writeFileSync(at('bad.json'), '{"format":"other"}');
  writeFileSync(at('history.ndjson'), recordLine(historyRecord()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

const VM = {
  kind: 'zip',
  generation: 'upstream-2026',
  queuePairs: 1,
  load: { kind: 'idle' },
  seed: 1,
  inFlight: 'finish',
  engine: { servers: 1, serviceNs: 50_000 },
} as const;
const socket = () => ({ kind: 'unix', path: at('s') }) as const;

const MOVE_OPTIONS = {
  vm: VM,
  channels: 1,
  chunkBytes: 65_536,
  iterationsMax: 1,
  checksums: false,
  runMs: 1,
  stopcopy: 'test',
} as const;

/** A VM that moves from this process to this process. */
async function sendAndReceive() {
  let received: ReturnType<typeof library.receive>;
  await new Promise<void>((resolve) => {
    received = library.receive({ endpoint: socket(), vm: VM, waitMs: 60_000, runMs: 1, onListening: () => resolve() });
  });
  const sent = await library.send({ endpoint: socket(), ...MOVE_OPTIONS });
  return [sent, await received!] as const;
}
let both: ReturnType<typeof sendAndReceive> | undefined;
const moved = (): ReturnType<typeof sendAndReceive> => (both ??= sendAndReceive());

const aborted = AbortSignal.abort(new Error('not wanted'));

/** A call that takes seconds: only in long runs. */
const inLong = (call: () => Promise<object>): (() => Promise<object>) =>
  effort(
    async () => ({}),
    async () => ({}),
    call,
  );

const pageWith = (text: string): object =>
  expect.stringMatching(new RegExp(`^<!doctype html>[^]*${text}`, 'i')) as object;

type Functions = Exclude<keyof typeof library, 'Bug' | 'StatusError' | 'UserError'>;

interface Calls {
  /** What it answers, and facts of it. */
  readonly good: readonly [call: () => Promise<unknown>, facts: object];
  /** What it refuses, and what its error says. */
  readonly bad: readonly [call: () => Promise<unknown>, facts: string];
}

const CALLS: Readonly<Record<Functions, Calls>> = {
  bench: {
    // Measures for seconds; test/new-rows.test.ts has the command.
    good: [
      inLong(() =>
        library.bench({
          out: at('results'),
          quick: true,
          accelerators: ['zip'],
          queuePairs: [1],
          loads: ['idle'],
        }),
      ),
      effort({}, {}, { format: 'stopcopy-bench', cells: [{ id: 'zip-1-idle' }] }),
    ],
    bad: [() => library.bench({ out: at('results'), quick: true, queuePairs: [5000] }), '5000'],
  },
  benchSuites: {
    good: [() => library.benchSuites(['designs'], { quick: true }), { format: 'stopcopy-suites' }],
    bad: [() => library.benchSuites(['designs'], { queuePairs: [5000] }), '--queue-pairs'],
  },
  run: {
    good: [() => library.run('idle-vf'), { format: 'stopcopy-run', scenario: { name: 'idle-vf' } }],
    bad: [() => library.run('no-such'), 'no-such'],
  },
  runPair: {
    good: [() => library.runPair('idle-vf', 'idle-vf'), { format: 'stopcopy-run-pair', equal: true }],
    bad: [() => library.runPair('idle-vf', 'no-such'), 'no-such'],
  },
  can: {
    good: [
      () => library.can({ vmm: 'qemu@10.2', kernel: '6.12', device: ['mlx5_vfio_pci'] }),
      { format: 'stopcopy-can-answer', moves: true },
    ],
    bad: [() => library.can({ vmm: 'other' }), 'other … qemu'],
  },
  plan: {
    good: [() => library.plan('room', { tornado: false }), { format: 'stopcopy-plan', question: { name: 'room' } }],
    bad: [() => library.plan('no-such'), 'no-such'],
  },
  planSweep: {
    good: [
      () => library.planSweep(at('mine.yaml'), { 'vm.stream.channels': [1] }, { out: at('sweep.json'), threads: 1 }),
      { format: 'stopcopy-plan-sweep', cells: [{ at: { 'vm.stream.channels': 1 } }] },
    ],
    bad: [() => library.planSweep(at('mine.yaml'), { 'vm.chanels': [1] }, { out: at('none.json') }), 'chanels'],
  },
  explain: {
    good: [() => library.explain(MOVE), { format: 'stopcopy-explanation' }],
    bad: [() => library.explain(at('bad.yaml')), 'bad.yaml'],
  },
  converge: {
    good: [
      () => library.converge(undefined, { seeds: 2, draws: 0, class: ['idle'], policy: ['qemu'], threads: 1 }),
      { format: 'stopcopy-converge-result', moves: 2 },
    ],
    bad: [() => library.converge('no-such'), 'no-such'],
  },
  fit: {
    good: [() => library.fit([TABLE], 'mine'), { format: 'stopcopy-platform', id: 'mine' }],
    bad: [() => library.fit([at('bad.yaml')]), 'bad.yaml'],
  },
  send: {
    good: [async () => (await moved())[0], { outcome: { kind: 'moved' }, stayed: null }],
    bad: [() => library.send({ endpoint: socket(), ...MOVE_OPTIONS, signal: aborted }), 'not wanted'],
  },
  receive: {
    good: [async () => (await moved())[1], { report: { ok: true }, interrupted: false }],
    bad: [() => library.receive({ endpoint: socket(), vm: VM, waitMs: 1, runMs: 1, signal: aborted }), 'not wanted'],
  },
  validate: {
    good: [() => library.validate(['ping-pong']), { format: 'stopcopy-validation' }],
    bad: [() => library.validate(['no-such']), 'no-such'],
  },
  verify: {
    good: [() => library.verify([TRACE]), { passed: 1, failed: 0 }],
    // A file that cannot be read is an outcome, and the others are replayed.
    bad: [
      async () => {
        const { errors, outcomes } = await library.verify([at('bad.json')]);
        throw new Error(`${errors} ${JSON.stringify(outcomes)}`);
      },
      '1 … bad.json',
    ],
  },
  check: {
    good: [() => library.check({ runs: 2 }), [{ runs: 2, seed: 1 }]],
    bad: [() => library.check({ runs: 2, unfix: ['R25'] }), '--unfix … R25'],
  },
  calibrate: {
    good: [() => library.calibrate([DRIVER_TRACE], 'mine'), { format: 'stopcopy-costs', costs: { mmioReadNs: {} } }],
    bad: [() => library.calibrate([at('bad.yaml')]), 'bad.yaml'],
  },
  isolation: {
    good: [() => library.isolation(['t12'], { policy: 'proof' }), { format: 'stopcopy-isolation', policy: 'proof' }],
    bad: [() => library.isolation(['t']), 't … topology'],
  },
  importFiles: {
    good: [() => library.importFiles([DRIVER_TRACE]), { format: 'stopcopy-import' }],
    bad: [() => library.importFiles([at('bad.yaml')]), 'bad.yaml'],
  },
  compare: {
    good: [
      () => library.compare([at('result.json')], [at('result.json')]),
      { format: 'stopcopy-comparison', counts: { worse: 0 } },
    ],
    bad: [() => library.compare([at('result.json')], [at('no-such')]), 'no-such'],
  },
  compareExact: {
    // Counts for seconds.
    good: [inLong(() => library.compareExact()), effort({}, {}, { format: 'stopcopy-comparison', results: [] })],
    bad: [() => library.compareExact(at('bad.json')), 'bad.json'],
  },
  historySeries: {
    good: [() => library.historySeries(at('history.ndjson')), { format: 'stopcopy-history', damaged: [] }],
    bad: [() => library.historySeries(at('history.ndjson'), { metric: 'no-such' }), 'no-such'],
  },
  recordHistory: {
    good: [
      () => library.recordHistory(at('new.ndjson'), [at('result.json')], { commit: 'c0ffee' }),
      [{ commit: 'c0ffee' }],
    ],
    bad: [() => library.recordHistory(at('new.ndjson'), [at('bad.json')], { commit: 'c0ffee' }), 'bad.json'],
  },
  report: {
    good: [() => library.report({ mine: fixtureResult() }), pageWith('"accelerator":"zip"')],
    bad: [() => library.report({ mine: { format: 'other' } }), 'mine … other'],
  },
  upgrade: {
    good: [
      async () => library.upgrade(readFileSync(file('sim/scenario/scenarios/idle-vf.yaml'), 'utf8'), 'idle-vf.yaml'),
      { changes: [], text: expect.stringContaining('name: idle-vf') },
    ],
    bad: [() => library.upgrade('format: other\n', 'mine.yaml'), 'mine.yaml'],
  },
  uiPage: {
    good: [() => library.uiPage('idle-vf'), pageWith('idle-vf')],
    bad: [() => library.uiPage('no-such'), 'no-such'],
  },
};

test.each(keysOf(CALLS))('%s answers', async (name) => {
  const [call, facts] = CALLS[name].good;
  const answer = await call();
  expect({ answer }).toMatchObject({ answer: facts });
});

test.each(keysOf(CALLS))('%s refuses', async (name) => {
  const [call, facts] = CALLS[name].bad;
  await expect(call()).rejects.toThrow(stating(facts));
});
