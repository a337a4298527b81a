/**
 * The document of two runs: what `stopcopy run A B --json` prints. Version 2; docs/run-format.md explains each field.
 */
import { hasMoved } from '../../../sim/memory/outcome.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { type DocumentHead, documentHead } from '../../io/document-head.ts';
import { FIGURE_KINDS, type Figure, INTERVAL_WORDS } from '../../show/figure.ts';
import type { EndCounts, RunDocument, VmReport } from './document.ts';
import { type AnyRun, isPlayed } from './unplayed.ts';

/** Plain value of a field of a document; null: the field is not there. */
type FieldValue = string | number | boolean | null;

/** A field of the two scenarios, or of a profile of both, that differs. */
export interface FieldPair {
  /** Such as `memory.size` or `devices[0].queues`. */
  readonly path: string;
  readonly a: FieldValue;
  readonly b: FieldValue;
}

/** Figures of the run document that are compared, in the order in which they are shown. */
const COMPARED = ['pause', 'reported', 'total', 'memory', 'wire', 'wrongTasks', 'queuePauseMax'] as const;
export type ComparedName = (typeof COMPARED)[number];

/** A figure of both; null: what it is a figure of did not happen. */
export interface FigurePair {
  readonly name: ComparedName;
  readonly a: Figure | null;
  readonly b: Figure | null;
  /** B less A, in the unit of the figures; null where one is missing, or one VM moved and the other did not. */
  readonly difference: number | null;
  /** The difference as a share of A; null without a difference, or where A is 0. */
  readonly relative: number | null;
  /** Whether the intervals have a value in common; null without a difference, or for an exact figure. */
  readonly bandsOverlap: boolean | null;
}

/** Time of a part on the critical path of the pause, in ns; null: that pause has no such part. */
export interface PartPair {
  readonly name: string;
  readonly title: string;
  readonly aNs: number | null;
  readonly bNs: number | null;
  /** B less A; a part that is missing counts as 0, so that these add up to the difference of the pauses. */
  readonly differenceNs: number;
}

/** How many VMs ended so; ends that none had are left out. */
type Ends = Partial<EndCounts>;

export interface RunPairDocument extends DocumentHead {
  readonly kinds: RunDocument['kinds'];
  readonly a: AnyRun;
  readonly b: AnyRun;
  /** Whether no field differs, and nothing in what came of the two. */
  readonly equal: boolean;
  readonly fields: readonly FieldPair[];
  readonly ended: { readonly a: Ends; readonly b: Ends };
  /** Empty where neither was played. */
  readonly figures: readonly FigurePair[];
  /** Empty unless both VMs were paused, and both moved or neither did. */
  readonly parts: readonly PartPair[];
}

/** One of two, with the documents that it was made from. */
export interface PairSide {
  readonly document: AnyRun;
  /** As a file has it, sizes and times with their units. */
  readonly scenario: Readonly<Record<string, unknown>>;
  /** How many VMs move at once. */
  readonly vms: number;
  /** Profiles of `devices`, in their order. */
  readonly profiles: readonly { readonly word: string; readonly profile: unknown }[];
}

/** Names of the documents: they change nothing of what is played. */
const NAMES = ['name', 'description'] as const;

export function runPairDocument(a: PairSide, b: PairSide): RunPairDocument {
  const fields = differingFields(a, b);
  const runs = { a: runOf(a), b: runOf(b) };
  return {
    ...documentHead('stopcopy-run-pair'),
    kinds: { exact: FIGURE_KINDS.exact, modelled: INTERVAL_WORDS },
    a: a.document,
    b: b.document,
    equal: fields.length === 0 && content(a) === content(b),
    fields,
    ended: { a: endsOf(a), b: endsOf(b) },
    figures: runs.a === null && runs.b === null ? [] : COMPARED.map((name) => figurePair(name, runs.a, runs.b)),
    parts: runs.a === null || runs.b === null ? [] : partPairs(longestOf(runs.a), longestOf(runs.b)),
  };
}

/** Two results of `stopcopy run`; null where one does not say what it was given, as those of before. */
export function pairOfDocuments(a: AnyRun, b: AnyRun): RunPairDocument | null {
  const [sideA, sideB] = [sideOfDocument(a), sideOfDocument(b)];
  return sideA === null || sideB === null ? null : runPairDocument(sideA, sideB);
}

function sideOfDocument(document: AnyRun): PairSide | null {
  const { given, vms } = document.scenario;
  return given === undefined ? null : { document, scenario: given, vms, profiles: [] };
}

/** What came of one, without what only names it. */
function content({ document }: PairSide): string {
  const { file: _file, name: _name, description: _description, ...scenario } = document.scenario;
  return JSON.stringify({ ...document, scenario });
}

function runOf({ document }: PairSide): RunDocument | null {
  return isPlayed(document) ? document : null;
}

/** The VM that the headlines are of. */
export function longestOf({ vms, longest }: RunDocument): VmReport {
  return vms[longest - 1]!;
}

function endsOf({ document: { ended } }: PairSide): Ends {
  return Object.fromEntries(keysOf(ended).flatMap((end) => (ended[end] === 0 ? [] : [[end, ended[end]]])));
}

function figurePair(name: ComparedName, a: RunDocument | null, b: RunDocument | null): FigurePair {
  const [ofA, ofB] = [happened(name, a), happened(name, b)];
  const none = { name, a: ofA, b: ofB, difference: null, relative: null, bandsOverlap: null };
  if (a === null || b === null || ofA === null || ofB === null) return none;
  // The time until a move was given up is no shorter or longer way to have moved.
  if (ofA.kind !== 'exact' && !endAlike(longestOf(a), longestOf(b))) return none;
  const difference = ofB.value - ofA.value;
  const relative = ofA.value === 0 ? null : difference / ofA.value;
  const bandsOverlap = ofA.kind === 'exact' ? null : lowOf(ofA) <= highOf(ofB) && lowOf(ofB) <= highOf(ofA);
  return { ...none, difference, relative, bandsOverlap };
}

const lowOf = ({ low, value }: Figure): number => low ?? value;
const highOf = ({ high, value }: Figure): number => high ?? value;

/** A figure of what took place; null otherwise. */
function happened(name: ComparedName, run: RunDocument | null): Figure | null {
  if (run === null) return null;
  const { pauseNs } = longestOf(run);
  switch (name) {
    case 'pause':
    case 'queuePauseMax':
      return pauseNs > 0 ? (run.figures[name] ?? null) : null;
    case 'wrongTasks':
      return run.figures.acceptedTasks.value > 0 ? run.figures.wrongTasks : null;
    default:
      return run.figures[name] ?? null;
  }
}

function endAlike(a: VmReport, b: VmReport): boolean {
  return hasMoved(a.kind) === hasMoved(b.kind);
}

function partPairs(a: VmReport, b: VmReport): readonly PartPair[] {
  if (a.pauseNs === 0 || b.pauseNs === 0 || !endAlike(a, b)) return [];
  const titles = new Map([...a.parts, ...b.parts].map(({ name, title }) => [name, title]));
  const timeIn = ({ parts }: VmReport, name: string): number | null =>
    parts.find((part) => part.name === name)?.criticalNs ?? null;
  return [...titles].map(([name, title]) => {
    const [aNs, bNs] = [timeIn(a, name), timeIn(b, name)];
    return { name, title, aNs, bNs, differenceNs: (bNs ?? 0) - (aNs ?? 0) };
  });
}

function differingFields(a: PairSide, b: PairSide): FieldPair[] {
  const unnamed = ({ scenario }: PairSide): unknown =>
    Object.fromEntries(Object.entries(scenario).filter(([key]) => !(NAMES as readonly string[]).includes(key)));
  const ofProfiles = a.profiles.flatMap(({ word, profile }, index) => {
    const other = b.profiles[index];
    return other?.word === word ? differences(profile, other.profile, `devices[${index}].profile`) : [];
  });
  return [...differences(unnamed(a), unnamed(b), ''), ...ofProfiles];
}

/** The leaves at which two plain values differ. */
function differences(a: unknown, b: unknown, path: string): FieldPair[] {
  const [inA, inB] = [childrenOf(a), childrenOf(b)];
  if (inA === null && inB === null) {
    const [valueA, valueB] = [leafOf(a), leafOf(b)];
    return valueA === valueB ? [] : [{ path, a: valueA, b: valueB }];
  }
  const own = inA !== null && inB !== null ? [] : differences(inA === null ? a : null, inB === null ? b : null, path);
  const keys = [...new Set([...keysOf(inA ?? {}), ...keysOf(inB ?? {})])];
  return [
    ...own,
    ...keys.flatMap((key) => {
      const at = Array.isArray(inA === null ? b : a) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      return differences(inA?.[key], inB?.[key], at);
    }),
  ];
}

function childrenOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null ? { ...value } : null;
}

function leafOf(value: unknown): FieldValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
