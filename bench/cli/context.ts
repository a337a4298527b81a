/**
 * What a command gets from the command line around it.
 */
import type { Command } from 'commander';

import type { CommandIo } from '../io/command-io.ts';
import type { ExitCode } from '../io/exit-status.ts';
import type { GatheredShards } from '../studies/shards/shard-file.ts';

export interface CommandContext extends CommandIo {
  /** The words after `stopcopy`. */
  readonly args: readonly string[];
  /** Shards whose results are there already; left out: none. */
  readonly gathered?: GatheredShards;
  /** Runs another command line over shards whose results are there. @returns its exit status */
  again(args: readonly string[], gathered: GatheredShards): Promise<ExitCode>;
  /** The exit status of the process; the last call counts. */
  exit(code: ExitCode): void;
}

/** Declares a command. That is cheap: the work that it does is imported when it runs. */
export type RegisterCommand = (command: Command, context: CommandContext) => void;

export const JSON_OPTION = ['--json', 'print one JSON document on stdout and nothing else there'] as const;

export const WIDE_OPTION = ['--wide', 'all columns of tables; default: what fits 100 characters'] as const;

/** Examples at the end of a command's help. */
export function examples(lines: readonly (readonly [command: string, what: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  return `\nExamples:\n${lines.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`).join('\n')}`;
}
