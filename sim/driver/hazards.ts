/**
 * Bugs and hazards of the driver, R1 to R28: which release brought each in, which one fixed it, and so which
 * generations have it.
 *
 * Source: docs/generations.md; docs/device.md section 14 describes each at more length.
 */
import { keysOf } from '../base/keys.ts';
import { BY_7_2, type Change, hasChange, JANUARY_2026, MAY_2025, MAY_2025_LATE, RELEASES } from './generation-facts.ts';
import type { GenerationId } from './generation.ts';

export interface Hazard {
  /** What goes wrong, in one sentence without its full stop. */
  readonly what: string;
  readonly introduced: Change;
  /** Null: still there in the newest generation. */
  readonly fixed: Change | null;
}

const FROM_THE_START: Change = { in: '5.18' };

export const HAZARDS = {
  R1: {
    what: 'the ring addresses of an image are taken from the wrong context words',
    introduced: { in: '6.1' },
    fixed: MAY_2025,
  },
  R2: {
    what: 'an image does not say whether its ring addresses are right, since all have one magic',
    introduced: { in: '6.1' },
    fixed: MAY_2025,
  },
  R3: {
    what: 'an image with another queue isolation is loaded, with VF_STATE unwritten',
    introduced: FROM_THE_START,
    fixed: { in: '6.1' },
  },
  R4: {
    what: 'a destination that does not fit shows only at RESUMING to STOP, within the downtime',
    introduced: FROM_THE_START,
    fixed: { in: '6.2' },
  },
  R5: {
    what: 'reads and writes begin at the start of the image, so that an image in pieces is torn',
    introduced: FROM_THE_START,
    fixed: { in: '6.8' },
  },
  R6: {
    what: 'the answer of the mailbox is read in two accesses after the lock is dropped, and can be another’s',
    introduced: FROM_THE_START,
    fixed: BY_7_2,
  },
  R7: {
    what: 'the clean-up after a reset is deferred to the holder of the state lock',
    introduced: FROM_THE_START,
    fixed: { in: '6.9' },
  },
  R8: {
    what: 'a save rings no EQ and AEQ doorbell, so that finished tasks whose interrupt was not delivered are lost',
    introduced: FROM_THE_START,
    fixed: MAY_2025,
  },
  R9: {
    what: 'the context cache is written back when the paused device has nothing valid in it any more',
    introduced: FROM_THE_START,
    fixed: MAY_2025_LATE,
  },
  R10: {
    what: 'null addresses of a guest without a driver are loaded, and VF_STATE is written before an image is complete',
    introduced: FROM_THE_START,
    fixed: MAY_2025,
  },
  R11: {
    what: 'closing the device leaves data files alive, and with them a reference to the driver',
    introduced: FROM_THE_START,
    fixed: MAY_2025_LATE,
  },
  R12: {
    what: 'an image of version 1 that comes in pieces is repaired before its context words are there',
    introduced: MAY_2025_LATE,
    fixed: null,
  },
  R13: {
    what: 'errors of different causes are all EINVAL',
    introduced: FROM_THE_START,
    fixed: { in: '6.16' },
  },
  R14: {
    what: 'the reset of a VF races the reset of its PF, and times out',
    introduced: FROM_THE_START,
    fixed: JANUARY_2026,
  },
  R15: {
    what: 'a reset leaves state and data files as they were, since the hook asks for flags that no VF has',
    introduced: { in: '6.2' },
    fixed: { in: '7.0', backports: ['6.12.y', '6.18.y'] },
  },
  R16: {
    what: 'once an image passed the match check, no other is checked in the same session',
    introduced: { in: '6.2' },
    fixed: null,
  },
  R17: {
    what: 'a queue count of 0 passes the match check; the decoding cannot give 0, so that it has to be injected',
    introduced: { in: '6.16' },
    fixed: JANUARY_2026,
  },
  R18: {
    what: 'STOP_QP and FLUSH_QM fail after 1 ms, though the device may need longer',
    introduced: FROM_THE_START,
    fixed: BY_7_2,
  },
  R19: {
    what: 'the half of a VF’s registers that is not selected on hardware V4 reads as all ones',
    introduced: { in: '6.19' },
    fixed: null,
  },
  R20: {
    what: 'the EQ and AEQ doorbells of a PF window fall into the window of the next VF',
    introduced: { in: '6.19' },
    fixed: null,
  },
  R21: {
    what: 'two VFs of a PF read its queue table at once, and one gets the other’s entry',
    introduced: FROM_THE_START,
    fixed: null,
  },
  R22: {
    what: 'a stop that fails leaves the VF paused, though its state says RUNNING',
    introduced: FROM_THE_START,
    fixed: null,
  },
  R23: {
    what: 'a source that was never a destination rings no queue when it goes back to RUNNING',
    introduced: FROM_THE_START,
    fixed: null,
  },
  R24: {
    what: 'the file of a STOP_COPY whose save fails is leaked',
    introduced: { in: '6.2' },
    fixed: null,
  },
  R25: {
    what: 'a restore of too few bytes leaves RESUMING only by a reset',
    introduced: FROM_THE_START,
    fixed: null,
  },
  R26: {
    what: 'a load writes the queue isolation of the source’s PF into the VF',
    introduced: FROM_THE_START,
    fixed: null,
  },
  R27: {
    what: 'opening a VF that offers no migration follows a null pointer in the reset-prepare hook, and crashes the host',
    introduced: JANUARY_2026,
    fixed: BY_7_2,
  },
  R28: {
    what: 'a reset whose prepare hook gave up clears the mark that its PF holds',
    introduced: JANUARY_2026,
    fixed: BY_7_2,
  },
} as const satisfies Readonly<Record<string, Hazard>>;

export type HazardId = keyof typeof HAZARDS;

export const HAZARD_IDS = keysOf(HAZARDS);

/** Whether a generation has a bug or hazard. */
export function hasHazard(generation: GenerationId, id: HazardId): boolean {
  const { introduced, fixed }: Hazard = HAZARDS[id];
  const release = RELEASES[generation];
  return hasChange(release, introduced) && (fixed === null || !hasChange(release, fixed));
}
