/**
 * What must hold of a VM that moves, or of several at once: each constraint by its name, and what a try used of it.
 */
import { isKeyOf } from '../base/keys.ts';
import { WRITER_WORDS } from '../memory/cause-words.ts';

/** How a constraint is named, in which unit it is counted. */
interface ConstraintFacts {
  readonly unit: string;
  /** @param detail what the name depends on, such as whose limits they are; empty where it depends on nothing */
  readonly name: (detail: string) => string;
}

export const CONSTRAINTS = {
  movesInFleet: { unit: '', name: (limits) => `moves at once in the fleet (${limits})` },
  movesOutOfHost: { unit: '', name: (limits) => `moves at once out of a host (${limits})` },
  movesOverPf: { unit: '', name: (limits) => `moves at once over a PF (${limits})` },
  vfsOfPf: { unit: '', name: () => 'VFs of one PF' },
  queuePairsOfPf: { unit: '', name: () => 'queue pairs of one PF' },
  devicesWithoutP2p: { unit: '', name: (vmm) => `devices of a VM that ${vmm} moves when one of them lacks P2P` },
  driverCalls: { unit: '', name: (call) => `failed driver calls (${call})` },
  deviceState: { unit: 'B', name: () => 'device state within the downtime limit' },
  guestWrites: {
    unit: 'B/s',
    name: (writers) =>
      `${WRITER_WORDS[isKeyOf(WRITER_WORDS, writers) ? writers : 'guest'].rate}, well below that of the stream`,
  },
  timeout: { unit: 'ns', name: () => 'time-out of the move' },
  pause: { unit: 'ns', name: () => 'pause budget' },
} as const satisfies Readonly<Record<string, ConstraintFacts>>;

export type ConstraintId = keyof typeof CONSTRAINTS;

/** A constraint, and what one try used of it. */
export interface ConstraintUse {
  readonly id: ConstraintId;
  /** What its name depends on; left out where it depends on nothing. */
  readonly detail?: string;
  /** In the constraint's unit. */
  readonly used: number;
  readonly limit: number;
  readonly broken: boolean;
}

/** Name of a constraint, with what it depends on. */
export function constraintName({ id, detail = '' }: Pick<ConstraintUse, 'id' | 'detail'>): string {
  return CONSTRAINTS[id].name(detail);
}
