/**
 * What takes wall time on this machine: suites, comparisons of builds, and VMs that move between processes.
 */
import type { BenchResult } from '../documents/bench/result.ts';
import type { ComparisonDocument } from '../documents/comparison/document.ts';
import type { SuitesDocument, SuiteOptions } from '../documents/suites/document.ts';
import type { CompareOptions as AllCompareOptions, SideWords } from '../compare/comparison.ts';
import type { SweepOptions } from '../measure/suites/sweep-types.ts';
import type { OwnSuiteName } from '../measure/suites/registry.ts';
import type { ReceiveOptions, ReceiveReport } from '../../workers/transport/receive-vm.ts';
import type { SendOptions, SendReport } from '../../workers/transport/send-vm.ts';
import { printedBy, quietIo } from './quiet.ts';
import type { WorkOptions } from './work-options.ts';

/** Options of {@link bench}. */
export interface BenchOptions extends WorkOptions, Partial<SweepOptions> {
  /** Folder that the document and its page are written to. */
  readonly out: string;
}

/** Options of {@link benchSuites}. */
export interface BenchSuitesOptions extends WorkOptions, Partial<SuiteOptions> {}

/** Options of {@link compare}; what is left out is as on the command line. */
export interface CompareOptions extends WorkOptions, Partial<AllCompareOptions> {}

/**
 * Measures save, restore and downtime under queue load, cell by cell: `stopcopy bench`. Takes minutes, with `quick` one.
 *
 * @throws UserError when the folder takes no files, and for more queue pairs than a device has
 */
export async function bench({ out, signal, onNote, ...asked }: BenchOptions): Promise<BenchResult> {
  const { runBench } = await import('../measure/bench-run.ts');
  const { defaultSweep } = await import('../measure/suites/default-sweep.ts');
  const io = { ...(signal === undefined ? {} : { signal }), ...(onNote === undefined ? {} : { onNote }) };
  const loadSweep = async () => (await import('../measure/suites/sweep.ts')).runSweep;
  return printedBy(io, (context) => runBench(defaultSweep(asked), { out, html: true }, context, loadSweep));
}

/**
 * Measures suites of their own, such as `codec`: `stopcopy bench --suite`.
 *
 * @param names of suites
 * @throws UserError for an option that a suite does not have
 */
export async function benchSuites(
  names: readonly OwnSuiteName[],
  options: BenchSuitesOptions = {},
): Promise<SuitesDocument> {
  const { runSuites } = await import('../measure/suite-run.ts');
  const { DEFAULT_GENERATION } = await import('../../sim/driver/generation.ts');
  const { quick = false, driver = DEFAULT_GENERATION, accelerators, queuePairs } = options;
  return printedBy(options, (context) => runSuites(names, { quick, driver, accelerators, queuePairs }, context));
}

/**
 * Compares two builds, pair by pair, or results that were measured: `stopcopy compare BASE CANDIDATE`.
 *
 * @param base a folder with a build, a revision of git, or files of results
 * @param candidate the same of the other side
 * @returns a verdict for each metric
 * @throws UserError for sides that cannot be compared with one another
 */
export async function compare(
  base: SideWords,
  candidate: SideWords,
  options: CompareOptions = {},
): Promise<ComparisonDocument> {
  const { compare: compared } = await import('../compare/comparison.ts');
  const { BUDGET_SECONDS_DEFAULT, DEFAULT_SETTINGS, SECONDS_DEFAULT } = await import('../compare/settings.ts');
  const all = {
    settings: DEFAULT_SETTINGS,
    budgetSeconds: BUDGET_SECONDS_DEFAULT,
    secondsPerProcess: SECONDS_DEFAULT,
    seed: 1,
    counted: undefined,
    measured: true,
    ...options,
  };
  return compared(base, candidate, all, quietIo(options));
}

/**
 * Compares the exact metrics of this build with a baseline: `stopcopy compare --exact`. Takes seconds.
 *
 * @param baseline path of another baseline; default: that of the package
 * @throws UserError for a baseline that was edited by hand
 */
export async function compareExact(baseline?: string): Promise<ComparisonDocument> {
  const { passExactGate } = await import('../compare/exact-gate.ts');
  let made: ComparisonDocument | undefined;
  const onDocument = (document: ComparisonDocument): void => {
    made = document;
  };
  passExactGate({ markdown: false, onDocument, ...(baseline === undefined ? {} : { baseline }) }, quietIo({}).output);
  return made!;
}

/**
 * Boots a VM with a VF under load, and moves it live to a process that receives: `stopcopy send`.
 *
 * @throws WorkerLost when a thread of this process is lost: the VM is lost with it
 */
export async function send(options: SendOptions): Promise<SendReport> {
  return (await import('../../workers/transport/send-vm.ts')).sendVm(options);
}

/**
 * Waits for a VM of {@link send}, runs it to its end, and accounts for its tasks: `stopcopy receive`.
 *
 * @throws UserError when the place cannot be had; the reason of the signal when it fires before the VM has come
 */
export async function receive(options: ReceiveOptions): Promise<ReceiveReport> {
  return (await import('../../workers/transport/receive-vm.ts')).receiveVm(options);
}
