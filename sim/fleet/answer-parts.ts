/**
 * What an answer is made of, whatever was asked.
 */
import type { RangeEnd } from '../memory/device-profile.ts';
import type { Schedule } from './schedule.ts';

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
export interface Relaxed {
  readonly change: string;
  /** The answer then; null: none. */
  readonly answer: number | null;
}

/** One parameter at each end of its range, all others at their best guesses. */
export interface TornadoBar {
  readonly parameter: string;
  readonly from: string;
  readonly source: string;
  readonly short: number;
  readonly long: number;
}

export interface Tornado {
  /** What the bars measure. */
  readonly figure: string;
  readonly unit: string;
  readonly value: number;
  /** The longest first. */
  readonly bars: readonly TornadoBar[];
}

export interface AnswerColumn {
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

export interface Answer {
  /** Whether there is an answer at all. */
  readonly feasible: boolean;
  /** The number asked for, and its unit; null when infeasible. */
  readonly value: number | null;
  readonly unit: string;
  /** The number with every parameter at one end of its range. */
  readonly band: Readonly<Record<RangeEnd, number | null>>;
  readonly sentences: readonly string[];
  readonly constraints: readonly ConstraintState[];
  readonly proof: readonly Proof[];
  readonly relaxing: readonly Relaxed[];
  readonly tornado: Tornado | null;
  readonly tables: readonly AnswerTable[];
  readonly methods: readonly MethodPair[];
  /** Of `evacuate`: the moves over time. */
  readonly schedule?: Schedule;
  /** When infeasible: the nearest that is feasible. */
  readonly nearest: string | null;
}

/** Bars whose ends differ from the value, the longest first. */
export function tornadoOf(figure: string, unit: string, value: number, bars: readonly TornadoBar[]): Tornado {
  const length = ({ short, long }: TornadoBar): number => Math.max(short, long, value) - Math.min(short, long, value);
  const moving = bars.filter((bar) => length(bar) > 1e-9 * Math.abs(value));
  return { figure, unit, value, bars: moving.toSorted((a, b) => length(b) - length(a)) };
}

/** Options of an answer: what may be left out where speed counts. */
export interface AnswerOptions {
  /** Whether each bound is shown by full simulation on both sides. Default: yes. */
  readonly verify?: boolean;
  /** Whether parameters are moved one by one. Default: yes. */
  readonly tornado?: boolean;
  /** Told from time to time: so many steps done of so many, at what. */
  readonly onProgress?: (done: number, total: number, what: string) => void;
}
