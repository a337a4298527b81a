import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { reportError } from '../../../bench/cli/exit.ts';
import { Bug } from '../../../sim/base/bug.ts';
import { jobSet } from '../../../workers/pools/job-key.ts';
import { type CellResult, JobResults } from '../../../workers/pools/job-results.ts';
import { CellsFailed, FAILED_MAX, InThreadRunner, type JobRunner } from '../../../workers/pools/job-runner.ts';
import { batchSize, PoolRunner } from '../../../workers/pools/pool-runner.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import { poolModule } from '../../../workers/pools/worker-url.ts';
import { MISHAP, type Mishap, SQUARE, type Squared } from './rig-tasks.ts';

const CELLS = Array.from({ length: 200 }, (_, n) => ({ n }));

function squares(cells: readonly { readonly n: number }[] = CELLS, factor: number = 3) {
  return jobSet(SQUARE, { question: { factor }, data: 'test' }, cells);
}

function mishaps(cells: readonly Mishap[]) {
  return jobSet(MISHAP, { question: null, data: 'test' }, cells);
}

function poolOf(threads: number): JobRunner {
  return new PoolRunner({ threads, tasks: poolModule(built, 'rig-tasks') });
}

/** What a run that must fail fails with. */
async function failureOf(run: Promise<unknown>): Promise<CellsFailed> {
  const error: unknown = await run.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CellsFailed);
  return error as CellsFailed;
}

const nothings = (count: number): Mishap[] => Array.from({ length: count }, (_, n) => ({ does: 'nothing', n }));

let folder: string;
/** Where the threads find the kinds of these tests: Node cannot start a thread with TypeScript. */
let built: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-jobs-'));
  built = pathToFileURL(join(folder, 'rig-tasks.js')).href;
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const rig = join(import.meta.dirname, 'rig-tasks.ts');
  buildSync({
    entryPoints: [rig],
    outfile: join(folder, 'rig-tasks.js'),
    bundle: true,
    format: 'esm',
    platform: 'node',
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([0, 1, 2, 4])('%i threads', (threads) => {
  let runner: JobRunner;
  beforeAll(() => {
    runner = threads === 0 ? new InThreadRunner() : poolOf(threads);
  });
  afterAll(() => runner.close());

  test('give the values of the function in the order of the set, and equal keyed sets for any order of the cells', async () => {
    const found = await runner.run(squares());
    expect(found).toEqual(
      CELLS.map(({ n }) => ({ kind: 'done', value: { square: 3 * n * n, ratio: n === 0 ? Number.NaN : 1 } })),
    );
    const [results, others] = [new JobResults<Squared>(), new JobResults<Squared>()];
    await runner.run(squares(), { results });
    const reordered = await runner.run(squares(CELLS.toReversed()), { results: others });
    expect(others.lines()).toBe(results.lines());
    expect(reordered).toEqual(found.toReversed());
  });

  test('run a cell once that is there twice, and none that has a result', async () => {
    const results = new JobResults<Squared>();
    const totals = new Set<number>();
    const twice = squares([{ n: 1 }, { n: 2 }, { n: 1 }]);
    const found = await runner.run(twice, { results, onCell: ({ total }) => totals.add(total) });
    expect(found.map((each) => each.kind === 'done' && each.value.square)).toEqual([3, 12, 3]);
    expect([...totals]).toEqual([2]);
    const more: string[] = [];
    const onCell = ({ index, done, total }: { index: number; done: number; total: number }): void => {
      more.push(`${index}: ${done} of ${total}`);
    };
    await runner.run(squares([{ n: 2 }, { n: 4 }, { n: 1 }]), { results, onCell });
    expect(more).toEqual(['1: 1 of 1']);
    expect(results.size).toBe(3);
  });

  test('keep what was done when they are stopped, and continue with the rest', async () => {
    const results = new JobResults<Squared>();
    const controller = new AbortController();
    const onCell = ({ done }: { done: number }): void => {
      if (done === 3) controller.abort(new Error('stop'));
    };
    await expect(runner.run(squares(), { results, signal: controller.signal, onCell })).rejects.toThrow('stop');
    expect(results.size).toBeGreaterThanOrEqual(3);
    expect(results.size).toBeLessThan(CELLS.length);
    const before = results.size;
    const totals = new Set<number>();
    const found = await runner.run(squares(), { results, onCell: ({ total }) => totals.add(total) });
    expect([...totals]).toEqual([CELLS.length - before]);
    expect(found).toEqual(await new InThreadRunner().run(squares()));
    await expect(runner.run(squares(), { signal: controller.signal })).rejects.toThrow('stop');
  });

  test('finish the other cells when some fail, and name these with all that it takes to run them alone', async () => {
    const cells: Mishap[] = nothings(20);
    cells[3] = { does: 'bug', n: 3 };
    cells[11] = { does: 'type error', n: 11 };
    const results = new JobResults<unknown>();
    const set = mishaps(cells);
    const { cells: failed, message } = await failureOf(runner.run(set, { results }));
    expect(results.size).toBe(18);
    expect(failed.map(({ index, key }) => [index, key])).toEqual(
      [3, 11].map((index) => [index, set.cells[index]!.key]),
    );
    expect(failed[0]).toMatchObject({ name: 'mishap', version: 1, question: null, cell: cells[3] });
    const [{ cause: first }, { cause: second } = { cause: null }] = failed;
    expect(first).toBeInstanceOf(Bug);
    expect(first).toMatchObject({ code: 'RIG', seen: ['3', 'seen'] });
    expect(first.stack).toContain('rig-tasks');
    expect(second).toMatchObject({ name: 'TypeError' });
    expect(message).toBe(`this is a bug of stopcopy: cell ${set.cells[3]!.key} of mishap: RIG: 3, seen; 1 more failed`);
    // Alone it fails again.
    const { cells: again } = await failureOf(runner.run(mishaps([failed[0].cell as Mishap])));
    expect(again[0]).toMatchObject({ key: failed[0].key, cause: { code: 'RIG' } });
  });

  test('take a mistake of the user’s for a result, with its kind, message and hint', async () => {
    const found = await runner.run(mishaps([{ does: 'refuses', n: 5 }, ...nothings(1)]));
    const refused: CellResult<unknown> = { kind: 'refused', error: 'infeasible', message: 'no 5', hint: 'try more' };
    expect(found).toEqual([refused, { kind: 'done', value: 0 }]);
  });

  test('begin nothing further when many fail', async () => {
    const cells = Array.from({ length: 2000 }, (_, n): Mishap => ({ does: 'bug', n }));
    const { cells: failed } = await failureOf(runner.run(mishaps(cells)));
    expect(failed.length).toBeGreaterThanOrEqual(FAILED_MAX);
    expect(failed.length).toBeLessThan(cells.length);
  });
});

describe('a thread that is lost', () => {
  let runner: JobRunner;
  beforeAll(() => {
    runner = poolOf(2);
  });
  afterAll(() => runner.close());

  test('takes no cell with it: each is run again', async () => {
    const cells: Mishap[] = nothings(30);
    cells[7] = { does: 'ends its thread', n: 7, onceBy: join(folder, 'once') };
    const found = await runner.run(mishaps(cells));
    expect(found).toEqual(cells.map(({ n }) => ({ kind: 'done', value: n })));
  });

  test('twice by the same cell: that one is named, and all others are finished', async () => {
    const cells: Mishap[] = nothings(30);
    cells[7] = { does: 'ends its thread', n: 7 };
    const results = new JobResults<unknown>();
    const failure = await failureOf(runner.run(mishaps(cells), { results }));
    expect(failure.cells.map(({ index }) => index)).toEqual([7]);
    expect(failure.cells[0].cause).toBeInstanceOf(WorkerLost);
    expect(results.size).toBe(29);
    const { key } = failure.cells[0];
    expect(reportError(failure)).toMatchObject({
      exitCode: 71,
      message: `cell ${key} of mishap: the job worker was lost`,
    });
  });

  test('by a value that is no plain data is a bug of the kind', async () => {
    const { cells } = await failureOf(runner.run(mishaps([...nothings(2), { does: 'gives a function', n: 2 }])));
    expect(cells).toHaveLength(1);
    expect(cells[0]).toMatchObject({ index: 2, cause: { code: 'NOT_PLAIN' } });
  });
});

test('threads that cannot even start end the run with the reason', async () => {
  const runner = new PoolRunner({ threads: 2, tasks: poolModule(built, 'no-such-module') });
  const error: unknown = await runner.run(squares()).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WorkerLost);
  expect(String((error as WorkerLost).cause)).toContain('no-such-module');
  await runner.close();
});

test('an error in what the asker does with a result ends the run', async () => {
  const onCell = (): never => {
    throw new Error('disk full');
  };
  for (const runner of [new InThreadRunner(), poolOf(1)]) {
    await expect(runner.run(squares(), { onCell })).rejects.toThrow('disk full');
    await runner.close();
  }
});

test('batches take some 100 ms, and get smaller towards the end', () => {
  expect(batchSize(10_000, 2, undefined)).toBe(1);
  expect(batchSize(10_000, 2, 200)).toBe(1);
  expect(batchSize(10_000, 2, 10)).toBe(10);
  expect(batchSize(10_000, 2, 0.2)).toBe(500);
  expect(batchSize(10_000, 2, 0)).toBe(1000);
  expect(batchSize(100, 2, 0.2)).toBe(25);
  expect(batchSize(1, 8, 0.2)).toBe(1);
});

test('a failed cell has the exit status of its error', async () => {
  const failure = await failureOf(new InThreadRunner().run(mishaps([{ does: 'bug', n: 1 }])));
  const { key } = failure.cells[0];
  expect(reportError(failure)).toMatchObject({
    exitCode: 70,
    message: `this is a bug of stopcopy: cell ${key} of mishap: RIG: 1, seen`,
  });
});
