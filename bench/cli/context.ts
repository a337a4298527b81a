/**
 * What a command gets from the command line around it.
 */
import type { Command } from 'commander';

import type { CommandIo } from '../io/command-io.ts';
import type { ExitCode } from '../io/exit-status.ts';
import { wrap } from '../show/wrap.ts';
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

/** Columns that help may take. */
const HELP_WIDTH = 100;
/** A word of the first column that is longer has what it means on the next line. */
const FIRST_COLUMN_MAX = 50;

/** Examples at the end of a command's help. */
export function examples(lines: readonly HelpRow[]): string {
  return `\nExamples:\n${helpRows(lines)}`;
}

export type HelpRow = readonly [word: string, what: string];

/** Rows of help in two columns, each broken where it is wider than help may be. */
export function helpRows(rows: readonly HelpRow[]): string {
  const width = Math.max(...rows.map(([{ length }]) => (length > FIRST_COLUMN_MAX ? 0 : length)));
  const hanging = `\n${' '.repeat(width + 4)}`;
  return rows
    .map(([word, what]) => {
      const [first, ...others] = wrap(what, HELP_WIDTH - width - 4).split('\n');
      const start = word.length > width ? `  ${word}${hanging}` : `  ${word.padEnd(width)}  `;
      return `${start}${[first, ...others].join(hanging)}`;
    })
    .join('\n');
}

/** A paragraph of help. */
export function helpText(text: string): string {
  return `\n${wrap(text, HELP_WIDTH)}\n`;
}
