/**
 * The driver's historical generations, told as differences.
 *
 * One source serves them all: what a generation does otherwise stands here as a fact with a name, and the code asks for
 * the fact, never for the generation.
 *
 * Source: docs/device.md sections 3, 7 to 11 and 14.
 */
import { EBUSY, EINVAL, ETIMEDOUT } from '../abi/errno.ts';
import { MIG_FLAG } from '../abi/vfio.ts';
import { keysOf } from '../base/keys.ts';

export interface Generation {
  readonly id: string;
  /** Migration flags announced to user space. */
  readonly flags: number;

  /** `narrow`: 32-bit status reads, data fetched outside the lock. `wide`: every look at the mailbox is 128 bits. */
  readonly mailbox: 'narrow' | 'wide';
  /** Limit for a mailbox command to complete, in microseconds. */
  readonly mailboxDoneTimeoutUs: number;
  /** What a mailbox that never becomes idle gives before a command, and before the registers are loaded. */
  readonly mailboxIdleErrno: number;
  /** Whether a mailbox command is refused with EIO while the PF reports a fatal error. */
  readonly checksDeviceError: boolean;

  /** Whether polls that run out of time read once more behind the deadline (the kernel's iopoll.h before 2025). */
  readonly pollsOnceMore: boolean;
  /** What a cache write-back that never ends gives. */
  readonly cacheWriteBackErrno: number;
  /** What a failing query of SQC_BT or CQC_BT gives during a save; 0: the mailbox's own error. */
  readonly saveQueryErrno: number;

  /** Whether the migration window in the PF's BAR2 is used where hardware V4 offers it. */
  readonly usesPfWindow: boolean;
  /** Whether opening the device makes the driver check the next incoming image again. */
  readonly forgetsMatchAtOpen: boolean;
  /** Whether a VF reset waits for, and takes, the PF's "resetting" mark. */
  readonly serialisesResets: boolean;
  /** Whether the debug files exist. */
  readonly hasDebugFiles: boolean;
  /** Whether the VFIO core in front knows the second version of the pre-copy info. */
  readonly hasPrecopyInfoV2: boolean;
}

export const GENERATIONS = {
  'linux-6.12.117': {
    id: 'linux-6.12.117',
    flags: MIG_FLAG.STOP_COPY | MIG_FLAG.PRE_COPY,
    mailbox: 'narrow',
    mailboxDoneTimeoutUs: 1_000,
    mailboxIdleErrno: EBUSY,
    checksDeviceError: false,
    pollsOnceMore: true,
    cacheWriteBackErrno: EINVAL,
    saveQueryErrno: EINVAL,
    usesPfWindow: false,
    forgetsMatchAtOpen: false,
    serialisesResets: false,
    hasDebugFiles: false,
    hasPrecopyInfoV2: false,
  },
  'upstream-2026': {
    id: 'upstream-2026',
    flags: MIG_FLAG.STOP_COPY | MIG_FLAG.PRE_COPY,
    mailbox: 'wide',
    mailboxDoneTimeoutUs: 1_000_000,
    mailboxIdleErrno: ETIMEDOUT,
    checksDeviceError: true,
    pollsOnceMore: false,
    cacheWriteBackErrno: ETIMEDOUT,
    saveQueryErrno: 0,
    usesPfWindow: true,
    forgetsMatchAtOpen: true,
    serialisesResets: true,
    hasDebugFiles: true,
    hasPrecopyInfoV2: true,
  },
} as const satisfies Record<string, Generation>;

export type GenerationId = keyof typeof GENERATIONS;

export const GENERATION_IDS = keysOf(GENERATIONS);

/** The generation that is taken where none is named. */
export const DEFAULT_GENERATION = 'upstream-2026' satisfies GenerationId;

/** Whether a name is one of the generations. */
export function isGenerationId(name: string): name is GenerationId {
  return Object.hasOwn(GENERATIONS, name);
}

/** Period and limit of every poll that is not a mailbox completion (POLL_PERIOD, MB_POLL_TIMEOUT_US), microseconds. */
export const POLL_SLEEP_US = 10;
export const POLL_TIMEOUT_US = 1_000;

/** Error status loops while a VF stops: 100 busy waits of 100 microseconds. */
export const CHECK_DELAY_US = 100;
export const CHECK_TIMES_MAX = 100;

/** How often a VF reset looks for the PF's "resetting" mark to go away before it goes on without it. */
export const RESET_WAIT_TIMES_MAX = 60_000;
export const RESET_WAIT_MS = 1;
