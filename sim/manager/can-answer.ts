/**
 * The answer of `stopcopy can`, as one record: the outcome, the condition that decides it, the words in which a user meets it,
 * and what to change. Text, JSON and exit status are derived from it.
 */
import { keysOf } from '../base/keys.ts';
import { type Assumption, ASSUMPTIONS } from './question.ts';
import type { Basis } from './source.ts';

/** How it ends, in the words of the answer. */
export const CAN_OUTCOMES = {
  moves: { moves: true, title: 'It moves' },
  movesAllDirty: { moves: true, title: 'It moves, with all memory sent in the pause' },
  attachFails: { moves: false, title: 'The device cannot be attached' },
  refused: { moves: false, title: 'The move is refused before it starts' },
  neverEnds: { moves: false, title: 'The move starts and never ends' },
  losesState: { moves: false, title: 'The move is carried out, and state is lost silently' },
  asks: { moves: false, title: 'A fact that decides is missing' },
} as const satisfies Readonly<Record<string, { readonly moves: boolean; readonly title: string }>>;

export type CanOutcome = keyof typeof CAN_OUTCOMES;
export const CAN_OUTCOME_IDS: readonly CanOutcome[] = keysOf(CAN_OUTCOMES);

/** What is said of each assumption, wherever something is computed with it. */
const ASSUMED = {
  p2p: 'every driver offers the P2P states',
  dirtyTracking: 'what devices write is tracked',
  hostDevices: 'managers move VMs with any device',
} as const satisfies Readonly<Record<Assumption, string>>;

/** One sentence with all that was assumed against the tables; null: nothing was. */
export function assumedSentence(assume: Readonly<Partial<Record<Assumption, true | undefined>>>): string | null {
  const clauses = ASSUMPTIONS.filter((name) => assume[name] === true).map((name) => ASSUMED[name]);
  return clauses.length === 0 ? null : `Assumed: ${clauses.join('; ')}.`;
}

/** Programs whose words are shown. */
export const MESSAGE_SOURCES = ['QEMU', 'Cloud Hypervisor', 'libvirt', 'KubeVirt', 'Nova', 'Proxmox VE'] as const;

/** Words that a program prints, and where they are found. */
export interface ShownMessage {
  readonly by: (typeof MESSAGE_SOURCES)[number];
  readonly where: string;
  /** To the letter; null: not on record for this release. */
  readonly text: string | null;
}

/** A fully given question, answered. */
export interface Decided {
  readonly outcome: Exclude<CanOutcome, 'asks'>;
  /** Name of the condition that decides, the same in every release. */
  readonly condition: string;
  /** The condition as a sentence about this question. */
  readonly why: string;
  readonly messages: readonly ShownMessage[];
  /** What would make it move, as sentences; empty when it does. */
  readonly change: readonly string[];
  /** What else follows. */
  readonly notes: readonly string[];
  /** What it rests on. */
  readonly facts: readonly Basis[];
}

/** Something that has to be said before there is an answer. */
export interface AskedFact {
  /** Field of the question. */
  readonly field: string;
  /** What each value would give. */
  readonly gives: readonly { readonly value: string; readonly outcomes: readonly CanOutcome[] }[];
}

export interface CanAnswer extends Omit<Decided, 'outcome'> {
  readonly outcome: CanOutcome;
  readonly asks: readonly AskedFact[];
}
