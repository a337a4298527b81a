/**
 * `stopcopy bench`: the queue-load sweep on real threads; table, JSON document, HTML page. Or suites of their own.
 */
import type { Command } from 'commander';

import { ACCELERATOR_KINDS, type AcceleratorKind } from '../../../sim/abi/accelerators.ts';
import { QUEUES_TOTAL } from '../../../sim/abi/vft.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { DEFAULT_GENERATION, GENERATION_IDS, type GenerationId } from '../../../sim/driver/generation.ts';
import { InputFile, OutputFile } from '../file-options.ts';
import { type CommandContext, examples, helpRows, JSON_OPTION, WIDE_OPTION } from '../context.ts';
import { EXIT } from '../../io/exit-status.ts';
import { COSTS_OPTION, integer, integerList, nameList, oneName } from '../options.ts';
import { POLICIES, type Policy } from '../../../sim/pci/policy.ts';
import { BUDGET_SECONDS_DEFAULT } from '../../compare/settings.ts';
import { aboutSuite, type AnySuiteName, chooseSuites, SUITE_NAMES } from '../../measure/suites/registry.ts';
import type { SuiteOptions } from '../../documents/suites/document.ts';
import { defaultSweep, QUEUE_PAIRS } from '../../measure/suites/default-sweep.ts';
import type { SuiteName, SweepOptions } from '../../measure/suites/sweep-types.ts';
import { DEFAULT_IN_FLIGHT, IN_FLIGHT_MODES, type InFlight } from '../../../sim/abi/in-flight.ts';
import { LOAD_NAMES, type LoadName } from '../../../sim/workload/load.ts';

interface BenchFlags {
  readonly costs?: string;
  readonly noise?: boolean;
  readonly budget: number;
  readonly suite?: readonly AnySuiteName[];
  readonly quick?: boolean;
  readonly out: string;
  readonly seed: number;
  readonly accelerator?: readonly AcceleratorKind[];
  readonly queuePairs?: readonly number[];
  readonly load?: readonly LoadName[];
  readonly driver: GenerationId;
  readonly inFlight: InFlight;
  readonly html?: string | false;
  readonly topology?: string;
  readonly policy?: Policy;
  readonly vf?: string;
}

const SEED_MAX = 2 ** 32 - 1;

export function registerBench(command: Command, context: CommandContext): void {
  const suites = helpRows(SUITE_NAMES.map((name) => [name, aboutSuite(name)]));
  command
    .description('Measures save, restore, handshakes and downtime on real threads, over a sweep of queue loads.')
    .option(
      '--suite <name...>',
      `what to measure: ${SUITE_NAMES.join(', ')}; default: the sweep`,
      nameList('--suite', SUITE_NAMES),
    )
    .option('--quick', 'fewer cells and shorter measurements')
    .option('--out <dir>', 'folder for the JSON document and the HTML page', 'results')
    .option('--seed <n>', `seed of the job streams, 0 to ${SEED_MAX}`, integer('--seed', 0, SEED_MAX), 1)
    .option('--accelerator <list>', ACCELERATOR_KINDS.join(', '), nameList('--accelerator', ACCELERATOR_KINDS))
    .option(
      '--queue-pairs <list>',
      `queue pairs per VF, 1 to ${QUEUES_TOTAL}; default: ${QUEUE_PAIRS.full.join(',')}, quick: ${QUEUE_PAIRS.quick.join(',')}`,
      integerList('--queue-pairs', 1, QUEUES_TOTAL),
    )
    .option('--load <list>', `${LOAD_NAMES.join(', ')}; default: all`, nameList('--load', LOAD_NAMES))
    .option('--driver <generation>', GENERATION_IDS.join(', '), oneName('--driver', GENERATION_IDS), DEFAULT_GENERATION)
    .option(
      '--in-flight <mode>',
      `what a pause does with tasks in service: ${IN_FLIGHT_MODES.join(', ')}`,
      oneName('--in-flight', IN_FLIGHT_MODES),
      DEFAULT_IN_FLIGHT,
    )
    .addOption(
      new InputFile(
        '--topology <file>',
        'PCIe topology of the hosts; measures only if --policy lets the migration driver load',
      ),
    )
    .option('--policy <name>', `${POLICIES.join(', ')}: asked of the topology`, oneName('--policy', POLICIES))
    .addOption(new InputFile(...COSTS_OPTION))
    .option('--vf <address>', 'VF of the topology; default: all of them')
    .addOption(new OutputFile('--html <file>', 'the HTML page; default: next to the JSON document'))
    .option('--no-html', 'no HTML page')
    .option('--noise', 'how much this machine disturbs, and the smallest slowdown that compare finds on it')
    .option(
      '--budget <seconds>',
      'with --noise: of the comparison that is asked about',
      integer('--budget', 1, 86_400),
      BUDGET_SECONDS_DEFAULT,
    )
    .option(...WIDE_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\nSuites:\n${suites}\n${examples([
        ['stopcopy bench', 'everything; about a minute'],
        ['stopcopy bench --quick', 'a first impression'],
        ['stopcopy bench --accelerator zip --queue-pairs 1,64 --load saturated', 'two cells'],
        ['stopcopy bench --suite downtime --json > downtime.json', 'for a script'],
        ['stopcopy bench --suite designs', 'a table of its own, at once'],
        ['stopcopy bench --noise', 'the smallest slowdown that this machine can show'],
      ])}`,
    )
    .action(async (flags: BenchFlags) => {
      const { useCostTable } = await import('../../io/cost-table.ts');
      useCostTable(flags.costs);
      const interrupted = await measure(flags, context);
      context.exit(interrupted ? EXIT.interrupted : EXIT.fine);
    });
}

/** The noise of the machine, suites of their own, or the sweep. @returns whether it was interrupted */
async function measure(flags: BenchFlags, context: CommandContext): Promise<boolean> {
  if (flags.noise === true) {
    const { runNoise } = await import('../../compare/noise.ts');
    return runNoise(flags.budget, context);
  }
  const choice = chooseSuites(flags.suite);
  const { passGate } = await import('../../studies/isolation/gate.ts');
  await passGate(flags, context.output);
  if (choice.kind === 'own') {
    const { runSuites } = await import('../../measure/suite-run.ts');
    return runSuites(choice.names, suiteOptions(flags), context, flags.html);
  }
  const { runBench } = await import('../../measure/bench-run.ts');
  const target = { out: flags.out, html: flags.html ?? true };
  const loadSweep = async () => (await import('../../measure/suites/sweep.ts')).runSweep;
  return runBench(sweepOptions(flags, choice.names), target, context, loadSweep);
}

function sweepOptions(flags: BenchFlags, suites: readonly SuiteName[]): SweepOptions {
  const { quick, seed, accelerator, queuePairs, load, driver, inFlight } = flags;
  return defaultSweep({
    suites,
    seed,
    driver,
    inFlight,
    ...(quick === undefined ? {} : { quick }),
    ...(accelerator === undefined ? {} : { accelerators: accelerator }),
    ...(queuePairs === undefined ? {} : { queuePairs }),
    ...(load === undefined ? {} : { loads: load }),
  });
}

/** @throws UserError when an option was given that only the sweep has */
function suiteOptions(flags: BenchFlags): SuiteOptions {
  if (flags.load !== undefined) {
    throw new UserError('usage', '--load is given, and the suites that are named have no load', 'Leave it out.');
  }
  const { quick = false, driver, accelerator: accelerators, queuePairs } = flags;
  return { quick, driver, accelerators, queuePairs };
}
