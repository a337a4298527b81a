/**
 * `stopcopy check`: searches the migration driver for bugs of order.
 */
import type { Command } from 'commander';

import { UserError } from '../../../sim/base/user-error.ts';
import { DEFAULT_GENERATION, GENERATION_IDS, type GenerationId } from '../../../sim/driver/generation.ts';
import { CHECK_RUNS } from '../../../sim/check/runs.ts';
import { HAZARD_IDS, type HazardId } from '../../../sim/driver/hazards.ts';
import type { DriverAsked } from '../../studies/check/check.ts';
import type { CheckedGeneration } from '../../documents/check/document.ts';
import { EXIT } from '../../io/exit-status.ts';
import { type CiFlags, ciOptions, type SarifFlags, sarifOption, tellCi, writeSarif } from '../ci-options.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { InputFile } from '../file-options.ts';
import { integer, nameList, oneName } from '../options.ts';

interface CheckFlags extends CiFlags, SarifFlags {
  readonly generation?: GenerationId;
  readonly matrix?: boolean;
  readonly unfix?: readonly HazardId[];
  readonly runs: number;
  readonly seed: number;
  readonly threads?: number;
  readonly replay?: string;
  readonly script?: string;
  readonly scripts?: string;
}

const RUNS_MAX = 100_000_000;
const THREADS_MAX = 256;

function addSearchOptions(command: Command): void {
  command
    .option('--generation <name>', `default: ${DEFAULT_GENERATION}`, oneName('--generation', GENERATION_IDS))
    .option('--matrix', 'every generation, and which bug was found in which')
    .option('--unfix <bugs>', 'take the fix of a bug back, such as R8', nameList('--unfix', HAZARD_IDS))
    .option('--runs <n>', 'how many sequences of calls are played', integer('--runs', 1, RUNS_MAX), CHECK_RUNS)
    .option('--seed <n>', 'where the random numbers begin', integer('--seed', 0, Number.MAX_SAFE_INTEGER), 1)
    .option('--threads <n>', 'default: all processors; the result is the same', integer('--threads', 1, THREADS_MAX))
    .option('--replay <bytes>', 'play one run, as a finding prints it')
    .addOption(new InputFile('--script <file>', 'play calls and moves of your own, or a shipped script such as R8'))
    .option('--scripts <folder>', 'write a script for each finding');
}

export function registerCheck(command: Command, context: CommandContext): void {
  addSearchOptions(command);
  sarifOption(ciOptions(command))
    .description(
      'Searches the migration driver for bugs of order: VMMs that make legal calls on one or two VFs, cut images into pieces, give ' +
        'moves up and reset devices, a PF that is reset, and faults. Each finding is traced to its cause, made short, and can be ' +
        'replayed. Ends with 1 when something was found.',
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy check', 'what is still open in the newest driver'],
        ['stopcopy check --generation linux-6.2', 'the driver of another kernel'],
        ['stopcopy check --unfix R8', 'the newest driver without one fix'],
        ['stopcopy check --script R8 --matrix', 'one bug as a script of calls, in every generation'],
        ['stopcopy check --matrix --runs 1000', 'which bug is found in which generation'],
      ]),
    )
    .action(async ({ generation, matrix, replay, unfix, script, scripts, ...flags }: CheckFlags) => {
      if (script !== undefined && replay !== undefined) {
        throw new UserError('usage', '--script and --replay are two runs', 'Give one of them.');
      }
      const { check, checkScript, replayOne, writeScripts } = await import('../../studies/check/check.ts');
      const { printCheck } = await import('../../documents/check/text.ts');
      const asked = unfix === undefined ? {} : { unfix };
      let checked: readonly CheckedGeneration[];
      const which: GenerationId | 'all' | undefined = matrix === true ? 'all' : generation;
      const driver: DriverAsked = { ...asked, ...(which === undefined ? {} : { generation: which }) };
      if (script !== undefined) {
        checked = checkScript(script, driver);
      } else if (replay === undefined) {
        checked = await check({ ...flags, ...driver }, context);
      } else {
        const { bytesOf } = await import('../../../sim/check/choices.ts');
        checked = [replayOne(generation ?? DEFAULT_GENERATION, unfix ?? [], bytesOf(replay))];
      }
      printCheck(checked, context.output);
      if (scripts !== undefined) writeScripts(checked, scripts);
      context.signal.throwIfAborted();
      await tellFindings(flags, checked, context);
      const found = checked.some(({ findings }) => findings.length > 0);
      context.exit(found && matrix !== true ? EXIT.failed : EXIT.fine);
    });
}

async function tellFindings(
  flags: CheckFlags,
  checked: readonly CheckedGeneration[],
  { output }: CommandContext,
): Promise<void> {
  const { searchChecks, searchResults, SEARCH_RULES } = await import('../../documents/check/findings.ts');
  await writeSarif(flags, 'stopcopy check', SEARCH_RULES, searchResults(checked));
  await tellCi(flags, 'stopcopy check', searchChecks(checked), output);
}
