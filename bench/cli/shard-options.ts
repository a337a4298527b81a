/**
 * Commands whose cells may be divided among machines: `--shard i/n`, and the words that do not belong to the job.
 */
import { dirname } from 'node:path';

import type { Command } from 'commander';

import { countOf } from '../../sim/base/units.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { prepareFolder } from '../io/file-output.ts';
import type { Place } from '../studies/shards/placed-runner.ts';
import type { Shard, ShardHead } from '../studies/shards/shard-file.ts';
import type { CommandContext } from './context.ts';
import { OutputFile } from './file-options.ts';

export interface ShardFlags {
  readonly shard?: Shard;
  readonly shardOut?: string;
}

const SHARDS_MAX = 100_000;

export function addShardOptions(command: Command): void {
  command
    .option('--shard <i/n>', 'run the i-th of n parts here; stopcopy merge puts the parts together', shardOf)
    .addOption(new OutputFile('--shard-out <file>', 'where the part goes; default: results/COMMAND.I-of-N.shard'));
}

function shardOf(text: string): Shard {
  const [, index = '', of = ''] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (shard.index >= 1 && shard.index <= shard.of && shard.of <= SHARDS_MAX) return shard;
  throw new UserError(
    'usage',
    `--shard is '${text}', allowed is i/n with i from 1 to n, and n up to ${SHARDS_MAX}`,
    'The second of four parts is --shard 2/4.',
  );
}

/** Options that say where cells are run, and not which. */
const ELSEWHERE = ['--shard', '--shard-out', '--threads'];

/** The command line of all shards. */
function commandOf(args: readonly string[]): readonly string[] {
  return args.filter((word, place) => {
    const before = args[place - 1] ?? '';
    return (
      word !== '--fresh' && !ELSEWHERE.some((name) => word === name || before === name || word.startsWith(`${name}=`))
    );
  });
}

/**
 * Runs the body of a command where its cells are to be run.
 *
 * @param body gets the place; of a shard it ends with its cells
 */
export async function placed(
  { shard, shardOut }: ShardFlags,
  { output, args, gathered }: CommandContext,
  body: (place: Place) => Promise<void>,
): Promise<void> {
  if (shard === undefined) {
    if (shardOut !== undefined) {
      throw new UserError(
        'usage',
        '--shard-out is given without --shard',
        'It is where a part goes: give --shard i/n.',
      );
    }
    return body(gathered === undefined ? {} : { gathered });
  }
  const command = commandOf(args);
  const file = shardOut ?? `results/${command[0]!}.${shard.index}-of-${shard.of}.shard`;
  if (shardOut === undefined) prepareFolder(dirname(file), '--shard-out');
  const { ShardDone } = await import('../studies/shards/placed-runner.ts');
  try {
    await body({ own: { shard, file, command } });
  } catch (error) {
    if (!(error instanceof ShardDone)) throw error;
    const { head } = error;
    const written: ShardHead & { readonly file: string } = { ...head, file };
    output.document(written);
    output.text(
      `Shard ${shard.index}/${shard.of}: ${countOf(head.own, 'cell')} of ${head.cells}. stopcopy merge puts all of them together.`,
    );
    output.path(file);
  }
  return undefined;
}
