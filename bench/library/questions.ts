/**
 * Questions to the model. Each function answers as the command of the same name does, with the document of its `--json`.
 */
import type { CanQuestion } from '../../sim/manager/question.ts';
import type { Policy } from '../../sim/pci/policy.ts';
import type { Grid } from '../../workers/pools/grid.ts';
import type { CanDocument } from '../documents/can/document.ts';
import type { ConvergeDocument } from '../documents/converge/document.ts';
import type { ExplainDocument } from '../documents/explain/document.ts';
import type { IsolationDocument } from '../documents/isolation/document.ts';
import type { PlanDocument, SweepDocument } from '../documents/plan/document.ts';
import type { RunPairDocument } from '../documents/run/pair.ts';
import type { AnyRun } from '../documents/run/unplayed.ts';
import type { CanWords } from '../studies/can/question.ts';
import type { ConvergeWords } from '../studies/converge/read-question.ts';
import type { IsolationOptions } from '../studies/isolation/examine.ts';
import { quietIo } from './quiet.ts';
import type { WorkOptions } from './work-options.ts';

/** Options of {@link run} and {@link runPair}. */
export interface RunOptions extends WorkOptions {
  /** Seed of all that is drawn, in place of the scenario's own. */
  readonly seed?: number;
  /** A platform file that {@link fit} made, or the name of one in `platforms/`; default: the parameters that ship. */
  readonly platform?: string;
}

/** Options of {@link plan}. */
export interface PlanOptions extends WorkOptions {
  /** As in {@link RunOptions}. */
  readonly platform?: string;
  /** Whether the answer says which parameter it depends on; takes several times as long. Default: true. */
  readonly tornado?: boolean;
}

/** Options of {@link planSweep}. */
export interface PlanSweepOptions extends WorkOptions {
  /** As in {@link RunOptions}. */
  readonly platform?: string;
  /** File of the document; finished cells are kept next to it, and an interrupted sweep resumes from them. */
  readonly out: string;
  /** Threads; default: as many as there are processors. */
  readonly threads?: number;
  /** Whether cells of an earlier sweep are computed again. Default: false. */
  readonly fresh?: boolean;
}

/** Options of {@link explain}. */
export interface ExplainOptions extends WorkOptions {
  /** Name of the format of the file, such as `qmp`; default: it is recognised. */
  readonly as?: string;
  /** Which move of the file, from 1; default: the last. */
  readonly move?: number;
  /** Fields that the file does not say, by their paths: `{ 'vcpus': 16 }`. */
  readonly set?: Readonly<Record<string, string | number | boolean>>;
}

/** Options of {@link converge}; a field takes the place of what the question says. */
export interface ConvergeOptions extends WorkOptions, ConvergeWords {
  /** Threads; default: as many as there are processors. */
  readonly threads?: number;
}

/** Options of {@link isolation}. */
export interface IsolationQuestion extends IsolationOptions {
  /** The policy that is asked whether the migration driver loads; default: none. */
  readonly policy?: Policy;
}

/**
 * Plays one migration of a VM, or of many at once: `stopcopy run`.
 *
 * @param scenario path of a scenario, or the name of a shipped one such as `zip-64`
 * @returns the pause in its parts and all figures, in ns and bytes; or, where the move is refused, the reason
 * @throws UserError for a file that is no scenario: with the field, and what is allowed
 */
export async function run(scenario: string, options: RunOptions = {}): Promise<AnyRun> {
  const { readDocuments } = await import('../studies/run/play.ts');
  const { outcomeOf, readyRun } = await import('../studies/run/outcome.ts');
  const { readOwnPlatform } = await import('../io/platforms.ts');
  const read = readDocuments(scenario, { seed: options.seed, platform: readOwnPlatform(options.platform) });
  const { output, signal } = quietIo(options);
  return (await outcomeOf(readyRun(read), output, signal)).document;
}

/**
 * Plays two scenarios with the same draws and compares them figure by figure: `stopcopy run A B`.
 *
 * @param a path or name, as for {@link run}
 * @param b path or name
 * @throws UserError for a file that is no scenario
 */
export async function runPair(a: string, b: string, options: RunOptions = {}): Promise<RunPairDocument> {
  const { playPair } = await import('../studies/run/pair.ts');
  const { readOwnPlatform } = await import('../io/platforms.ts');
  const { output, signal } = quietIo(options);
  const given = { seed: options.seed, platform: readOwnPlatform(options.platform) };
  return playPair([a, b], given, output, signal);
}

/**
 * Says whether a VM moves at all on these hosts, and with which message it would be refused: `stopcopy can`.
 *
 * @param question path of a question, or the words of the command line: `{ vmm: 'qemu@10.2', kernel: '6.12' }`
 * @throws UserError for words that no version of the software has
 */
export async function can(question: string | CanWords | CanQuestion): Promise<CanDocument> {
  const { readCanQuestion } = await import('../studies/can/question.ts');
  const { can: asked } = await import('../../sim/manager/can.ts');
  const { canDocument } = await import('../documents/can/document.ts');
  const read =
    typeof question === 'string'
      ? readCanQuestion(question, {})
      : 'format' in question
        ? question
        : readCanQuestion(undefined, question);
  return canDocument(read, asked(read));
}

/**
 * Answers a question of capacity: how many VFs, which link, how long to empty a rack: `stopcopy plan`.
 *
 * @param question path of a question, or the name of a shipped one such as `vfs-per-vm`
 * @returns the answer, its band, the constraint that limits it, and proofs
 * @throws UserError for a file that is no question
 */
export async function plan(question: string, options: PlanOptions = {}): Promise<PlanDocument> {
  const { readQuestion } = await import('../studies/plan/read-question.ts');
  const { readOwnPlatform } = await import('../io/platforms.ts');
  const { playPlan } = await import('../studies/plan/play.ts');
  const asked = readQuestion(question, {}, readOwnPlatform(options.platform));
  for (const note of asked.notes) options.onNote?.(note);
  return playPlan(asked, { output: quietIo(options).output, tornado: options.tornado ?? true });
}

/**
 * Answers a question for every combination of values, on several threads: `stopcopy plan --sweep`.
 *
 * @param question path or name, as for {@link plan}
 * @param grid values by the paths of fields: `{ 'vm.vcpus': [8, 16] }`; those of the question come in addition
 * @throws UserError for a field that the question does not have
 */
export async function planSweep(question: string, grid: Grid, options: PlanSweepOptions): Promise<SweepDocument> {
  const { readQuestion } = await import('../studies/plan/read-question.ts');
  const { readOwnPlatform } = await import('../io/platforms.ts');
  const { sweepPlan } = await import('../studies/plan/sweep.ts');
  const { out, threads, fresh } = options;
  return sweepPlan(readQuestion(question, grid, readOwnPlatform(options.platform)), {
    out,
    ...quietIo(options),
    ...(threads === undefined ? {} : { threads }),
    ...(fresh === undefined ? {} : { fresh }),
  });
}

/**
 * Explains a measured move: why its pause was as long as it was, and what would have shortened it: `stopcopy explain`.
 *
 * @param file output of QEMU, libvirt or Cloud Hypervisor about a move
 * @throws UserError for a file in no known format, and for a move that the model does not play
 */
export async function explain(file: string, options: ExplainOptions = {}): Promise<ExplainDocument> {
  const { readMove } = await import('../studies/import/moves.ts');
  const { explained } = await import('../studies/explain/explain.ts');
  const given = Object.entries(options.set ?? {}).map(([path, value]) => ({ path, value }));
  const { output, signal } = quietIo(options);
  const imported = readMove(file, { as: options.as, which: options.move, given });
  return (await explained(imported, output, signal)).document;
}

/**
 * Compares policies that end moves over classes of workloads: `stopcopy converge`.
 *
 * @param question path of a question, or the name of a shipped one; default: the one of the command
 * @throws UserError for a policy or a class that there is not
 */
export async function converge(question?: string, options: ConvergeOptions = {}): Promise<ConvergeDocument> {
  const { readConverge } = await import('../studies/converge/read-question.ts');
  const { playConverge } = await import('../studies/converge/play.ts');
  const { convergeDocument } = await import('../documents/converge/document.ts');
  const { threads, signal, onNote, ...words } = options;
  const asked = readConverge(question, words);
  const io = quietIo({ ...(signal === undefined ? {} : { signal }), ...(onNote === undefined ? {} : { onNote }) });
  const played = await playConverge(asked, { ...io, ...(threads === undefined ? {} : { threads }) });
  return convergeDocument({ ...asked, workloads: asked.classes, ...played });
}

/**
 * Says who reaches the migration control area on PCIe topologies, and what each policy decides: `stopcopy isolation`.
 *
 * @param topologies paths of topologies, outputs of lspci, or names of shipped ones such as `t12`
 * @throws UserError for a topology that no machine can have
 */
export async function isolation(
  topologies: readonly string[],
  { policy, ...options }: IsolationQuestion = {},
): Promise<IsolationDocument> {
  const { examine, isolationDocument } = await import('../studies/isolation/examine.ts');
  return isolationDocument(
    topologies.map((word) => examine(word, options)),
    policy ?? null,
  );
}
