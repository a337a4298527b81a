/**
 * Where the cells of a command are run: all of them here, those of one shard here, or none, as shards have been run already.
 */
import { countOf } from '../../../sim/base/units.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { JobRunner, RunOptions } from '../../../workers/pools/job-runner.ts';
import { type CellResult, JobResults } from '../../../workers/pools/job-results.ts';
import type { JobSet } from '../../../workers/pools/job.ts';
import { writeFileAtomically } from '../../io/file-output.ts';
import { type GatheredShards, jobOf, type Shard, type ShardHead, shardText } from './shard-file.ts';

/** One shard, and the file in which its results go. */
interface OwnShard {
  readonly shard: Shard;
  readonly file: string;
  readonly command: readonly string[];
}

/** Left out: all cells are run here. */
export interface Place {
  readonly own?: OwnShard;
  readonly gathered?: GatheredShards;
}

/** The cells of a shard are run and written: nothing else of the command can be done. */
export class ShardDone extends Error {
  override readonly name = 'ShardDone';
  readonly head: ShardHead;

  constructor(head: ShardHead) {
    super(`${head.own} of ${head.cells} cells are in the shard`);
    this.head = head;
  }
}

/** The runner of a place, over one that runs all that is open. */
export function placedRunner(runner: JobRunner, { own, gathered }: Place = {}): JobRunner {
  if (own !== undefined) return new ShardRunner(runner, own);
  return gathered === undefined ? runner : new GatheredRunner(runner, gathered);
}

/** Place of a shard's cells. */
function isOf({ index, of }: Shard, place: number): boolean {
  return place % of === index - 1;
}

class ShardRunner implements JobRunner {
  private readonly inner: JobRunner;
  private readonly own: OwnShard;

  constructor(inner: JobRunner, own: OwnShard) {
    this.inner = inner;
    this.own = own;
  }

  async run<Question, Cell, Value>(
    set: JobSet<Question, Cell, Value>,
    options: RunOptions<Value> = {},
  ): Promise<readonly CellResult<Value>[]> {
    const { shard, file, command } = this.own;
    const places = set.cells.flatMap((_, place) => (isOf(shard, place) ? [place] : []));
    const cells = places.map((place) => set.cells[place]!);
    const { onCell } = options;
    const found = await this.inner.run(
      { ...set, cells },
      {
        ...options,
        ...(onCell === undefined ? {} : { onCell: (cell) => onCell({ ...cell, index: places[cell.index]! }) }),
      },
    );
    const results = new JobResults<Value>();
    for (const [index, { key }] of cells.entries()) results.add(key, found[index]!);
    const { head, text } = shardText({ command, shard, job: jobOf(set), cells: set.cells.length }, results);
    writeFileAtomically(file, text, '--shard-out');
    throw new ShardDone(head);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

class GatheredRunner implements JobRunner {
  private readonly inner: JobRunner;
  private gathered: GatheredShards | null;

  constructor(inner: JobRunner, gathered: GatheredShards) {
    this.inner = inner;
    this.gathered = gathered;
  }

  /** Results of the first set are there; what follows from them is run here. */
  async run<Question, Cell, Value>(
    set: JobSet<Question, Cell, Value>,
    options: RunOptions<Value> = {},
  ): Promise<readonly CellResult<Value>[]> {
    const { gathered } = this;
    if (gathered === null) return this.inner.run(set, options);
    this.gathered = null;
    const { head, results: given } = gathered;
    if (jobOf(set) !== head.job) {
      throw new UserError(
        'input',
        `${gathered.files[0]!}: is not of the cells that '${head.command.join(' ')}' asks here`,
        'A file that the command reads has changed since, or this is another folder: merge where the shards were run.',
      );
    }
    const missing = set.cells.flatMap(({ key }, place) => (given.has(key) ? [] : [place]));
    if (missing.length > 0) {
      const shards = [...new Set(missing.map((place) => (place % head.shard.of) + 1))].toSorted((a, b) => a - b);
      throw new UserError(
        'input',
        `${missing.length} of ${countOf(set.cells.length, 'cell')} are missing, which are at ${some(missing.map((place) => String(place + 1)))}`,
        `Give the files of ${some(shards.map((index) => `shard ${index}/${head.shard.of}`))} as well.`,
      );
    }
    const found = set.cells.map(({ key }) => given.get(key) as CellResult<Value>);
    for (const [index, { key }] of set.cells.entries()) options.results?.add(key, found[index]!);
    return found;
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

/** Names that a sentence gives. */
const NAMED_MAX = 10;

function some(names: readonly string[]): string {
  return `${names.slice(0, NAMED_MAX).join(', ')}${names.length > NAMED_MAX ? ', …' : ''}`;
}
