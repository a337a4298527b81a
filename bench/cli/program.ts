/**
 * The `stopcopy` command line: its commands, and what happens to errors and signals around them.
 */
import { Command, CommanderError } from 'commander';

import { EXIT, EXIT_MEANINGS, type ErrorReport, type ExitCode, SIGNAL_EXITS } from '../io/exit-status.ts';
import { forgetInputs } from '../io/read-files.ts';
import { packageVersion } from '../io/package-root.ts';
import { StatusError } from '../../sim/base/status-error.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { type CommandContext, examples, type RegisterCommand } from './context.ts';
import { reportError } from './exit.ts';
import { checkOutputs } from './file-options.ts';
import { Interrupts } from './interrupt.ts';
import type { GatheredShards } from '../studies/shards/shard-file.ts';
import { Output } from '../io/output.ts';
import { keysOf } from '../../sim/base/keys.ts';

const PROGRAM_EXAMPLES = examples([
  ['stopcopy bench --quick', 'measure, in a short time'],
  ['stopcopy run zip-64', 'one migration of a whole VM, and its pause in parts'],
  ['stopcopy send --socket /tmp/move.sock', 'a VM, moved live to stopcopy receive in another process'],
  ['stopcopy plan vfs-per-vm', 'how many VFs a VM may have, and what limits it'],
  ['stopcopy verify', 'replay the recorded traces of the package'],
  ['stopcopy isolation t12', 'who reaches the control area on a PCIe topology'],
  ['stopcopy bench --help', 'options and examples of a command'],
]);

interface CommandRow {
  /** One line of the help. */
  readonly summary: string;
  /** Loads what declares arguments, options and what it does. Of a command that is not asked for nothing is loaded. */
  readonly load: () => Promise<RegisterCommand>;
  /** Whether the help does not list it. */
  readonly hidden?: boolean;
}

/** Every command, in the order of the help. */
const COMMANDS = {
  bench: {
    summary: 'measure save, restore and downtime under queue load',
    load: async () => (await import('./commands/bench.ts')).registerBench,
  },
  run: {
    summary: 'one migration of a whole VM, or of many at once: the pause in its parts, a timeline',
    load: async () => (await import('./commands/run.ts')).registerRun,
  },
  can: {
    summary: 'will this VM move on these hosts?',
    load: async () => (await import('./commands/can.ts')).registerCan,
  },
  plan: {
    summary: 'capacity: how many VFs, how many moves at once, how long to empty a rack, and what limits it',
    load: async () => (await import('./commands/plan.ts')).registerPlan,
  },
  explain: {
    summary: 'your own measured move: why its pause was as long, and what would have shortened it',
    load: async () => (await import('./commands/explain.ts')).registerExplain,
  },
  converge: {
    summary: 'policies that end moves, against classes of workloads: which for which, and how sure',
    load: async () => (await import('./commands/converge.ts')).registerConverge,
  },
  fit: {
    summary: 'your own measured moves: the parameters of your platform, and what to measure next',
    load: async () => (await import('./commands/fit.ts')).registerFit,
  },
  send: {
    summary: 'boot a VM with a VF under load and move it live to stopcopy receive',
    load: async () => (await import('./commands/send.ts')).registerSend,
  },
  receive: {
    summary: 'wait for a VM from stopcopy send, run it to its end, account for its tasks',
    load: async () => (await import('./commands/receive.ts')).registerReceive,
  },
  validate: {
    summary: 'published measurements, predicted by the model',
    load: async () => (await import('./commands/validate.ts')).registerValidate,
  },
  verify: {
    summary: 'replay recorded driver traces, access by access',
    load: async () => (await import('./commands/verify.ts')).registerVerify,
  },
  check: {
    summary: 'search the migration driver for bugs of order, traced, shortened, replayable',
    load: async () => (await import('./commands/check.ts')).registerCheck,
  },
  isolation: {
    summary: 'who reaches the migration control area on a PCIe topology; load, refuse or plain',
    load: async () => (await import('./commands/isolation.ts')).registerIsolation,
  },
  import: {
    summary: 'output of lspci and other tools as a document of stopcopy',
    load: async () => (await import('./commands/import.ts')).registerImport,
  },
  calibrate: {
    summary: 'traces of a driver on hardware: what its registers, polls and commands cost',
    load: async () => (await import('./commands/calibrate.ts')).registerCalibrate,
  },
  compare: {
    summary: 'a verdict per metric: two builds interleaved, or this build against the exact baseline',
    load: async () => (await import('./commands/compare.ts')).registerCompare,
  },
  history: {
    summary: 'results of commits over time, and where their level shifted',
    load: async () => (await import('./commands/history.ts')).registerHistory,
  },
  report: {
    summary: 'self-contained HTML page from results of other commands',
    load: async () => (await import('./commands/report.ts')).registerReport,
  },
  merge: {
    summary: 'parts of a job that machines ran with --shard, as the whole',
    load: async () => (await import('./commands/merge.ts')).registerMerge,
  },
  upgrade: {
    summary: 'files of older versions as files of the newest',
    load: async () => (await import('./commands/upgrade.ts')).registerUpgrade,
  },
  ui: {
    summary: 'a page with sliders: turn VFs, load, link, memory, and watch the pause',
    load: async () => (await import('./commands/ui.ts')).registerUi,
  },
  'stage-process': {
    summary: 'one task of a comparison',
    load: async () => (await import('./commands/stage-process.ts')).registerStageProcess,
    hidden: true,
  },
} as const satisfies Readonly<Record<string, CommandRow>>;

export type CommandName = keyof typeof COMMANDS;

interface Surroundings {
  /**
   * Where it prints. The default is made before the options are parsed, because a wrong option must be reported in the form that
   * was asked for.
   */
  readonly output?: Output;
  /** What stops it; default: nothing. */
  readonly interrupts?: Interrupts;
  /** Shards of the job of the command, in place of running its cells. */
  readonly gathered?: GatheredShards;
}

/**
 * Runs one command line.
 *
 * @param args the words after `stopcopy`
 * @returns the exit status
 */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings = {}): Promise<ExitCode> {
  const { output = outputOf(args), interrupts = new Interrupts(), gathered } = surroundings;
  let exitCode: ExitCode = EXIT.fine;
  const context: CommandContext = {
    output,
    signal: interrupts.signal,
    args,
    ...(gathered === undefined ? {} : { gathered }),
    again: (words, shards) => runCommandLine(words, { ...surroundings, interrupts, gathered: shards }),
    exit(code): void {
      exitCode = code;
    },
  };
  forgetInputs();
  try {
    const program = await buildProgram(context, wantedOf(args));
    if (args.length === 0)
      throw new UserError('usage', 'a command is missing', `Give one of ${commandNames(program)}.`);
    interrupts.signal.throwIfAborted();
    await program.parseAsync(args, { from: 'user' });
    return exitOf(exitCode, interrupts);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.fine;
    const report = reportError(error instanceof CommanderError ? usageError(error, args) : error);
    sayError(report, output);
    if (report.exit === 'bug') printStack(error, output);
    return report.exitCode;
  }
}

/** The way to print, from the words alone: errors in options are printed in it, too. */
function outputOf(args: readonly string[]): Output {
  return new Output(args.includes('--json'), undefined, undefined, args.includes('--wide'));
}

/** The commands whose options are needed: the one that is called. */
function wantedOf(args: readonly string[]): readonly CommandName[] {
  return keysOf(COMMANDS).filter((name) => name === args[0]);
}

/** Work that ended early at the user's wish says so in one status; which signal it was is known here. */
function exitOf(code: ExitCode, interrupts: Interrupts): ExitCode {
  const { came } = interrupts;
  return code === EXIT.interrupted && came !== null ? EXIT[SIGNAL_EXITS[came]] : code;
}

/** Where stdout does not even take the error's document, the sentence on stderr is all that can be given. */
function sayError(report: ErrorReport, output: Output): void {
  try {
    output.error(report);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
}

/** @param wanted commands that are declared in full; of the others there is a line of help. Default: all */
export async function buildProgram(
  context: CommandContext,
  wanted: readonly CommandName[] = keysOf(COMMANDS),
): Promise<Command> {
  const program = new Command('stopcopy')
    .description(
      'Simulator and benchmark of the live-migration data path of HiSilicon ACC accelerators (SEC, HPRE, ZIP).',
    )
    .version(packageVersion())
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .exitOverride()
    // Errors are said once, by the caller; help goes to stdout.
    .configureOutput({ outputError: () => {}, writeOut: (text) => context.output.help(text) })
    .hook('preAction', (_, command) => checkOutputs(command))
    .addHelpText('after', () => `${PROGRAM_EXAMPLES}\n\n${exitTable()}`);
  for (const name of keysOf(COMMANDS)) {
    const { summary, load, hidden = false }: CommandRow = COMMANDS[name];
    const command = program.command(name, { hidden }).summary(summary);
    if (wanted.includes(name)) (await load())(command, context);
  }
  for (const command of program.commands) command.allowExcessArguments(false);
  return program;
}

function exitTable(): string {
  const rows = keysOf(EXIT).map((name) => `  ${String(EXIT[name]).padStart(3)}  ${EXIT_MEANINGS[name]}`);
  return `Exit status:\n${rows.join('\n')}`;
}

function commandNames(program: Command): string {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => command.name())
    .join(', ');
}

/** Commander's message, `error: unknown option '--qick'\n(Did you mean --quick?)`, as one sentence and a hint. */
function usageError(error: CommanderError, args: readonly string[]): UserError {
  const [sentence = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  const word = args[0];
  const help = word === undefined || word.startsWith('-') ? 'stopcopy --help' : `stopcopy ${word} --help`;
  const meant = /^\((Did you mean .*\?)\)$/.exec(suggestion)?.[1];
  const see = error.code === 'commander.unknownCommand' ? 'stopcopy --help' : help;
  return new UserError('usage', sentence, `${meant === undefined ? '' : `${meant} `}See ${see}.`);
}

function printStack(error: unknown, output: Output): void {
  if (!(error instanceof Error) || error.stack === undefined) return;
  if ((process.env['STOPCOPY_DEBUG'] ?? '') === '') output.note('  STOPCOPY_DEBUG=1 adds where in the code.');
  else output.note(error.stack);
}
