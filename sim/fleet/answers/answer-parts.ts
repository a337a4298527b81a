/**
 * What an answer is made of, whatever was asked, and how its parts come together.
 *
 * A question is answered in three steps, each in a file of its own: numbers (a record, and all that is computed),
 * constraints (what must hold, in rows) and words (sentences, tables, findings). Constraints and words follow from the
 * record alone, and so do the JSON document and the exit status: what is not in the record is not said.
 */
import type { RangeEnd } from '../../memory/device-profile.ts';
import type { AnswerInterval } from '../answer-interval.ts';
import type { Schedule } from '../schedule.ts';
import type { Tornado } from '../tornado.ts';
import type { StatedGuarantee } from '../guarantee.ts';
import type { PauseCurve } from './curve.ts';

/** Something that must hold, where the answer is and one step further. */
export interface ConstraintState {
  readonly name: string;
  readonly unit: string;
  readonly limit: number;
  /** At the answer; null: does not apply. */
  readonly used: number | null;
  /** One step further; null where there is none. */
  readonly next: number | null;
  /** Whether it is broken one step further. */
  readonly binds: boolean;
}

/** One simulation that shows where the bound is. */
export interface Proof {
  readonly at: number;
  readonly holds: boolean;
  /** By what it was found. */
  readonly method: 'simulation' | 'closed form';
  /** In words: what broke, or how close it was. */
  readonly finding: string;
}

/** What another value of one thing would buy. */
interface Relaxed {
  readonly change: string;
  /** The answer then; null: none. */
  readonly answer: number | null;
}

interface AnswerColumn {
  readonly name: string;
  readonly title: string;
  /** Of numbers; empty: none. */
  readonly unit: string;
}

export interface AnswerTable {
  readonly title: string;
  readonly columns: readonly AnswerColumn[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** The same figure by a closed form and by simulation. */
export interface MethodPair {
  readonly figure: string;
  readonly unit: string;
  readonly closedForm: number;
  readonly simulated: number;
}

/** The figure at the corners, with every parameter at one end of its range; null: nothing satisfies the question then. */
type Band = Readonly<Record<RangeEnd, number | null>>;

/** An evacuation next to those in other orders in which all VMs move, with nominal parameters, ns. */
export interface AnyOrder {
  readonly leastNs: number;
  readonly thisNs: number;
  /** Null: a VM does not move at the least rate that it may get. */
  readonly mostNs: number | null;
}

/** What the numbers of every kind of question have. */
export interface AnswerNumbers {
  /** The number asked for; null: nothing satisfies the question. */
  readonly value: number | null;
  /** Of value and band. */
  readonly unit: string;
  readonly band: Band;
  /** Null: no parameter changes the answer. */
  readonly interval: AnswerInterval | null;
  readonly tornado: Tornado | null;
  /** Of `evacuate`: the moves over time. */
  readonly schedule?: Schedule;
  /** Where a number has a pause budget; null: it is judged by nominal parameters. */
  readonly guarantee?: StatedGuarantee | null;
  readonly curve?: PauseCurve;
  readonly anyOrder?: AnyOrder | null;
}

/** What is said of the numbers. */
export interface AnswerWords {
  readonly sentences: readonly string[];
  readonly proof: readonly Proof[];
  readonly relaxing: readonly Relaxed[];
  readonly tables: readonly AnswerTable[];
  readonly methods: readonly MethodPair[];
  /** The nearest that satisfies the question; null when it is answered. */
  readonly nearest: string | null;
}

export interface Answer {
  /** Whether there is an answer at all. */
  readonly feasible: boolean;
  /** The number asked for, and its unit; null when infeasible. */
  readonly value: number | null;
  readonly unit: string;
  /** The number at the corners, with every parameter at one end of its range. */
  readonly band: Band;
  /** The number over draws of everything unknown; null: no parameter changes it, or the document is of version 1. */
  readonly interval: AnswerInterval | null;
  readonly sentences: readonly string[];
  readonly constraints: readonly ConstraintState[];
  readonly proof: readonly Proof[];
  readonly relaxing: readonly Relaxed[];
  readonly tornado: Tornado | null;
  readonly tables: readonly AnswerTable[];
  readonly methods: readonly MethodPair[];
  /** Of `evacuate`: the moves over time. */
  readonly schedule?: Schedule;
  /** Where a number has a pause budget; null: it is judged by nominal parameters. */
  readonly guarantee?: StatedGuarantee | null;
  /** Where a number has a pause budget: the pause against it. */
  readonly curve?: PauseCurve;
  /** Of `evacuate`: how long it takes in whatever order VMs move; null: no bound holds. */
  readonly anyOrder?: AnyOrder | null;
  /** When infeasible: the nearest that is feasible. */
  readonly nearest: string | null;
}

/** Options of an answer: what may be left out where speed counts. */
export interface AnswerOptions {
  /** Whether each bound is shown by full simulation on both sides. Default: yes. */
  readonly verify?: boolean;
  /** Whether parameters are moved one by one. Default: yes. */
  readonly tornado?: boolean;
  /** Draws of everything unknown. Default: as many as the confidence of the question needs. */
  readonly draws?: number;
  /** Called from time to time: so many steps done of so many, at what. */
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

/**
 * An answer from the numbers of one kind of question.
 *
 * @param constraintsOf what must hold, from the numbers
 * @param wordsOf what is said, from the numbers and what must hold
 */
export function answerFrom<Numbers extends AnswerNumbers>(
  numbers: Numbers,
  constraintsOf: (numbers: Numbers) => readonly ConstraintState[],
  wordsOf: (numbers: Numbers, constraints: readonly ConstraintState[]) => AnswerWords,
): Answer {
  const { value, unit, band, interval, tornado, schedule, guarantee, curve, anyOrder } = numbers;
  const constraints = constraintsOf(numbers);
  const { sentences, proof, relaxing, tables, methods, nearest } = wordsOf(numbers, constraints);
  return {
    feasible: value !== null,
    value,
    unit,
    band,
    interval,
    sentences,
    constraints,
    proof,
    relaxing,
    tornado,
    tables,
    methods,
    ...(schedule === undefined ? {} : { schedule }),
    ...(guarantee === undefined ? {} : { guarantee }),
    ...(curve === undefined ? {} : { curve }),
    ...(anyOrder === undefined ? {} : { anyOrder }),
    nearest,
  };
}
