import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { runBench } from '../../../bench/measure/bench-run.ts';
import { readBenchResult } from '../../../bench/documents/bench/result.ts';
import type { RunSweep, SweepOptions } from '../../../bench/measure/suites/sweep-types.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import { captured } from '../captured.ts';
import { fixtureCell, fixtureResult } from '../fixture.ts';
import type { MachineReading } from '../../../bench/measure/machine-use.ts';
import { schemaFindings } from '../published.ts';

const OPTIONS: SweepOptions = {
  suites: ['downtime'],
  quick: true,
  seed: 3,
  accelerators: ['sec'],
  queuePairs: [1],
  loads: ['idle', 'half'],
  driver: 'upstream-2026',
  inFlight: 'finish',
};
const CELLS = [fixtureCell('sec', 1, 'idle'), fixtureCell('sec', 1, 'half')] as const;
const { floors, costs } = fixtureResult();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-run-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** @param after called between the two cells */
function sweepOf(after: () => void): RunSweep {
  return async (_options, hooks) => {
    if (floors !== null) hooks.onFloors(floors, costs, 200);
    hooks.onCell(CELLS[0]);
    hooks.onProgress(1, 2, 'half');
    after();
    if (!hooks.signal.aborted) hooks.onCell(CELLS[1]);
  };
}

/** Readings of a machine on which nothing else runs, a second apart. */
function quiet(): () => MachineReading {
  let atMs = 0;
  return () => ({ atMs: (atMs += 1000), processors: 2, times: { busyMs: atMs, stolenMs: 0 }, ownMs: atMs, load: 0 });
}

interface RunOptions {
  readonly html?: boolean;
  readonly json?: boolean;
  readonly read?: () => MachineReading;
}

function run(
  sweep: RunSweep,
  controller = new AbortController(),
  { html = false, json = true, read = quiet() }: RunOptions = {},
) {
  const { output, stdout, stderr } = captured(json);
  const context = { output, signal: controller.signal };
  const target = { out: join(folder, 'new', 'results'), html };
  return { target, stdout, stderr, done: runBench(OPTIONS, target, context, async () => sweep, read) };
}

function written(out: string) {
  const names = readdirSync(out);
  const json = names.find((name) => name.endsWith('.json')) ?? '';
  return { names, result: readBenchResult(join(out, json)) };
}

test('a run writes a valid document and a page, nothing half-written, and prints the same document', async () => {
  const { target, stdout, done } = run(
    sweepOf(() => {}),
    new AbortController(),
    { html: true },
  );
  expect(await done).toBe(false);
  const { names, result } = written(target.out);
  expect(names.map((name) => name.replace(/.*\./, '')).toSorted()).toEqual(['html', 'json']);
  expect(result).toMatchObject({
    seed: 3,
    quick: true,
    interrupted: false,
    suites: ['downtime'],
    inFlight: 'finish',
    floors,
    costs,
  });
  expect(result.cells).toEqual(CELLS);
  expect(JSON.parse(stdout())).toEqual(result);
});

test('an interrupted run keeps what it has and says so', async () => {
  const controller = new AbortController();
  const { target, done } = run(
    sweepOf(() => controller.abort()),
    controller,
  );
  expect(await done).toBe(true);
  expect(written(target.out).result).toMatchObject({ interrupted: true, floors, cells: [CELLS[0]] });
});

test('so does one whose sweep lets the abort come up as an error', async () => {
  const controller = new AbortController();
  const sweep = sweepOf(() => {
    controller.abort(new Error('stop'));
    controller.signal.throwIfAborted();
  });
  const { target, done } = run(sweep, controller);
  expect(await done).toBe(true);
  expect(written(target.out).result).toMatchObject({ interrupted: true, floors, cells: [CELLS[0]] });
});

test('when a worker is lost, what was measured is kept, and the error is passed on', async () => {
  const sweep = sweepOf(() => {
    throw new WorkerLost('PF');
  });
  const { target, stderr, done } = run(sweep);
  await expect(done).rejects.toThrow(WorkerLost);
  expect(written(target.out).result).toMatchObject({ floors, costs, cells: [CELLS[0]] });
  expect(stderr()).toContain(target.out);
});

test('a folder that takes no files stops the run before it measures', async () => {
  writeFileSync(join(folder, 'new'), '');
  let started = false;
  const { done } = run(
    sweepOf(() => {
      started = true;
    }),
  );
  await expect(done).rejects.toMatchObject({ kind: 'usage' });
  expect(started).toBe(false);
  expect(readFileSync(join(folder, 'new'), 'utf8')).toBe('');
});

test('a crowded machine is reported first in text, document and page; a quiet one is not', async () => {
  const busy = (): (() => MachineReading) => {
    const read = quiet();
    return () => {
      const reading = read();
      return { ...reading, load: 3, times: { busyMs: 1.5 * reading.atMs, stolenMs: 0.1 * reading.atMs } };
    };
  };
  const said =
    /^This machine was crowded: the load average was 1\.5 .+; other programs took 25 % .+; other virtual machines took 5 %/;
  const text = run(
    sweepOf(() => {}),
    new AbortController(),
    { html: true, json: false, read: busy() },
  );
  await text.done;
  expect(text.stdout().replaceAll(/\s+/g, ' ')).toMatch(said);
  const { names, result } = written(text.target.out);
  expect(result.crowded?.map(({ by }) => by)).toEqual(['load', 'others', 'stolen']);
  expect(schemaFindings('stopcopy-bench', JSON.parse(JSON.stringify(result)))).toEqual([]);
  const page = readFileSync(
    join(
      text.target.out,
      names.find((name) => name.endsWith('.html'))!,
    ),
    'utf8',
  );
  const warning = page.indexOf('<p class="lead warning">This machine was crowded');
  expect(warning).toBeGreaterThan(0);
  expect(warning).toBeLessThan(page.indexOf('<dl class="facts">'));
  rmSync(text.target.out, { recursive: true });
  const other = run(
    sweepOf(() => {}),
    new AbortController(),
    { html: true, json: false },
  );
  await other.done;
  expect(other.stdout()).not.toContain('crowded');
  expect(written(other.target.out).result.crowded).toEqual([]);
});

test('threads that are far from each other are noticed by the ping-pong of the run', async () => {
  const { target, done } = run(async (_options, hooks) => {
    hooks.onFloors(floors!, costs, floors!.pingPongNs.p50.value / 10);
    hooks.onCell(CELLS[0]);
  });
  await done;
  expect(written(target.out).result.crowded).toMatchObject([
    { by: 'pingPong', seen: { value: expect.closeTo(10) as number } },
  ]);
});
