/**
 * The file of a shard: a head that says of which job it is, and a line for each of its cells. Shards of one job, put together in
 * any order, are its results.
 */
import { createHash } from 'node:crypto';

import { z } from 'zod';

import { UserError } from '../../../sim/base/user-error.ts';
import { Contradiction, JobResults } from '../../../workers/pools/job-results.ts';
import type { JobSet } from '../../../workers/pools/job.ts';
import { type DocumentHead, documentHead } from '../../io/document-head.ts';
import { readInputText } from '../../io/input-file.ts';

/** One of so many parts of a job: the cells at every `of`-th place, from the `index`-th on. */
export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly of: number;
}

export interface ShardHead extends DocumentHead {
  readonly format: 'stopcopy-shard';
  /** The command without the words that say which shard. */
  readonly command: readonly string[];
  readonly shard: Shard;
  /** Hash over the keys of all cells of the job. */
  readonly job: string;
  /** Cells of the job, and those of the shard. */
  readonly cells: number;
  readonly own: number;
}

/** Commands whose cells may be divided. */
const SHARDED = ['plan', 'converge', 'check'] as const;

const headSchema = z.looseObject({
  format: z.literal('stopcopy-shard'),
  version: z.number(),
  stopcopy: z.string(),
  command: z.tuple([z.enum(SHARDED)]).rest(z.string()),
  shard: z.looseObject({ index: z.int().min(1), of: z.int().min(1) }),
  job: z.string(),
  cells: z.int().min(0),
  own: z.int().min(0),
});

/** Hash over the keys of a job's cells, in their order. */
export function jobOf<Question, Cell, Value>({ cells }: JobSet<Question, Cell, Value>): string {
  const hash = createHash('sha256');
  for (const { key } of cells) hash.update(key);
  return hash.digest('hex');
}

/** @returns the head of a shard's file, and the whole file */
export function shardText<Value>(
  fields: Pick<ShardHead, 'command' | 'shard' | 'job' | 'cells'>,
  results: JobResults<Value>,
): { readonly head: ShardHead; readonly text: string } {
  const head: ShardHead = { ...documentHead('stopcopy-shard'), format: 'stopcopy-shard', ...fields, own: results.size };
  return { head, text: `${JSON.stringify(head)}\n${results.lines()}` };
}

/** All shards that are given, as one. */
export interface GatheredShards {
  readonly head: ShardHead;
  readonly files: readonly string[];
  readonly results: JobResults<unknown>;
}

/**
 * Reads shards of one job.
 *
 * @throws UserError of kind `input` for a file that is none, is cut short, is of another job than the first, or contradicts another
 */
export function readShards(files: readonly string[]): GatheredShards {
  const results = new JobResults<unknown>();
  let first: { readonly file: string; readonly head: ShardHead } | undefined;
  for (const file of files) {
    const { head, own } = readShard(file);
    first ??= { file, head };
    sameJob(first, { file, head });
    try {
      results.merge(own);
    } catch (error) {
      if (!(error instanceof Contradiction)) throw error;
      throw new UserError(
        'input',
        `${file}: ${error.message}`,
        'Equal cells have equal results: one of the machines computes wrongly, or a file was changed.',
      );
    }
  }
  if (first === undefined) throw new UserError('usage', 'no shard is given', 'Give the files that --shard wrote.');
  return { head: first.head, files, results };
}

function readShard(file: string): { readonly head: ShardHead; readonly own: JobResults<unknown> } {
  const text = readInputText(file);
  const end = text.indexOf('\n');
  const parsed = headSchema.safeParse(jsonOf(end < 0 ? text : text.slice(0, end)));
  if (!parsed.success) {
    throw new UserError(
      'input',
      `${file}: is no shard of a job`,
      'stopcopy plan, converge and check write one with --shard.',
    );
  }
  const head = parsed.data as ShardHead;
  const own = new JobResults<unknown>();
  own.addLines(text.slice(end + 1));
  if (own.size === head.own) return { head, own };
  throw new UserError(
    'input',
    `${file}: has ${own.size} of its ${head.own} results: it is cut short or was changed`,
    `Run shard ${head.shard.index}/${head.shard.of} again.`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Read {
  readonly file: string;
  readonly head: ShardHead;
}

function sameJob(first: Read, other: Read): void {
  const differ = (what: string, one: string, two: string): void => {
    if (one === two) return;
    throw new UserError(
      'input',
      `${other.file}: is of another job than ${first.file}: ${what} is ${two}, not ${one}`,
      'Merge the shards of one command line, of one release, over the same files.',
    );
  };
  differ('the release', first.head.stopcopy, other.head.stopcopy);
  differ('the command', first.head.command.join(' '), other.head.command.join(' '));
  differ('the hash of its cells', first.head.job, other.head.job);
}
