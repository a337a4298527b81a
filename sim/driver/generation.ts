/**
 * The driver's generations, as facts.
 *
 * One source serves them all: what a generation does differently stands here as a fact with a name, and the code asks for
 * the fact, never for the generation. Each row is its predecessor and what changed; `generation-facts.ts` says for every
 * fact what it means and in which release it changed, and docs/generations.md is the same for readers.
 *
 * Source: docs/generations.md; docs/device.md sections 3, 7 to 11 and 14.
 */
import { EBUSY, EINVAL, ETIMEDOUT } from '../abi/errno.ts';
import { QM_NOT_READY, QM_READY } from '../abi/registers.ts';
import { MIG_FLAG } from '../abi/vfio.ts';
import { keysOf } from '../base/keys.ts';

export interface Generation {
  /** The key of its row. A row made up for a test has a name of its own. */
  readonly id: string;
  /** Migration flags announced to user space. */
  readonly flags: number;

  /** `narrow`: 32-bit status reads, data fetched outside the lock. `wide`: every read of the mailbox is 128 bits. */
  readonly mailbox: 'narrow' | 'wide';
  /** Whether the status bits of a completed command are read and obeyed. */
  readonly readsMailboxStatus: boolean;
  /** Limit for a mailbox command to complete, in microseconds. */
  readonly mailboxDoneTimeoutUs: number;
  /** What a mailbox command that never completes gives. */
  readonly mailboxDoneErrno: number;
  /** What a mailbox that never becomes idle gives before a command. */
  readonly mailboxIdleErrno: number;
  /** The same, before the registers are loaded. */
  readonly loadIdleErrno: number;
  /** Whether a mailbox command is refused with EIO while the PF reports a fatal error. */
  readonly checksDeviceError: boolean;
  /** Whether polls that run out of time read once more after the deadline (the kernel's iopoll.h up to 6.17). */
  readonly pollsOnceMore: boolean;

  /** When the context cache is written back: `stop`: while the device stops; `save`: only when its image is made. */
  readonly writesCacheBackAt: 'stop' | 'save';
  /** What a cache write-back that never ends gives. */
  readonly cacheWriteBackErrno: number;
  /** What a failing query of SQC_BT or CQC_BT gives during a save; 0: the mailbox's own error. */
  readonly saveQueryErrno: number;
  /** Context word that a saver takes as the low half of a ring's address; the next one is the high half. 1 is right. */
  readonly ringAddressWord: 0 | 1;
  /** Version of the images that it makes. With 2, images of version 1 are taken as well, and repaired. */
  readonly imageVersion: 1 | 2;
  /** Whether a save ends with an EQ and an AEQ doorbell, so that the device signals finished tasks again. */
  readonly ringsEventQueuesAfterSave: boolean;
  /** Whether the file of a STOP_COPY whose save fails is released. */
  readonly releasesFileOfFailedSave: boolean;

  /** Whether data files copy from and to their position; else each read and write begins at the start of the image. */
  readonly filesKeepPosition: boolean;
  /** When an incoming image is compared with the VF: after each `write` until one fits, or at RESUMING to `stop`. */
  readonly matchesAt: 'write' | 'stop';
  /** What a failing query of the VF's queue count gives in a match check; 0: the mailbox's own error. */
  readonly matchQueryErrno: number;
  /** What a match check gives when the queue isolation differs; 0 ends the check with success. */
  readonly isolationMismatchErrno: number;
  /** Whether VF_STATE is written by the match check or by the load. */
  readonly writesGuestStateAt: 'match' | 'load';
  /** Whether an image with a null ring or table address is left unloaded. */
  readonly skipsNullAddresses: boolean;

  /** What the driver takes the guest's driver for until a save, a load or a reset: QM_READY or QM_NOT_READY. */
  readonly initialGuestState: number;
  /** Whether STOP to RUNNING clears and enables the message interrupt before it rings the queues. */
  readonly enablesMessagesAtStart: boolean;
  /** Whether opening the device makes the driver check the next incoming image again. */
  readonly forgetsMatchAtOpen: boolean;
  /** Whether closing the device drops its data files. */
  readonly dropsFilesAtClose: boolean;

  /** When the reset-done hook cleans up: only if the flags are STOP_COPY and nothing else, or on each VF that migrates. */
  readonly cleansUpAfterReset: 'flags are STOP_COPY' | 'migration offered';
  /** Whether a VF reset waits for, and takes, the PF's "resetting" mark. */
  readonly serialisesResets: boolean;
  /** Whether the reset-done hook forgets, once it cleared the PF's mark, that it held it. */
  readonly forgetsResetMark: boolean;
  /** Whether the reset-prepare hook follows a null pointer where the migration driver serves no PF. */
  readonly prepareFollowsNullPf: boolean;

  /** Whether the migration window in the PF's BAR2 is used where hardware V4 offers it. */
  readonly usesPfWindow: boolean;
  /** Whether the debug files exist. */
  readonly hasDebugFiles: boolean;
  /** Whether the size of the stop-copy data can be asked for. */
  readonly hasDataSize: boolean;
  /** Whether the VFIO core in front knows the second version of the pre-copy info. */
  readonly hasPrecopyInfoV2: boolean;
  /** Widest piece in which the VFIO core carries out an access of user space to a region, in bytes. */
  readonly guestAccessBytes: 4 | 8;
}

const LINUX_5_18: Generation = {
  id: 'linux-5.18',
  flags: MIG_FLAG.STOP_COPY,
  mailbox: 'narrow',
  readsMailboxStatus: false,
  mailboxDoneTimeoutUs: 1_000,
  mailboxDoneErrno: EBUSY,
  mailboxIdleErrno: EBUSY,
  loadIdleErrno: EBUSY,
  checksDeviceError: false,
  pollsOnceMore: true,
  writesCacheBackAt: 'save',
  cacheWriteBackErrno: EINVAL,
  saveQueryErrno: EINVAL,
  ringAddressWord: 1,
  imageVersion: 1,
  ringsEventQueuesAfterSave: false,
  releasesFileOfFailedSave: true,
  filesKeepPosition: false,
  matchesAt: 'stop',
  matchQueryErrno: EINVAL,
  isolationMismatchErrno: 0,
  writesGuestStateAt: 'match',
  skipsNullAddresses: false,
  initialGuestState: QM_READY,
  enablesMessagesAtStart: false,
  forgetsMatchAtOpen: false,
  dropsFilesAtClose: false,
  cleansUpAfterReset: 'flags are STOP_COPY',
  serialisesResets: false,
  forgetsResetMark: false,
  prepareFollowsNullPf: false,
  usesPfWindow: false,
  hasDebugFiles: false,
  hasDataSize: false,
  hasPrecopyInfoV2: false,
  guestAccessBytes: 4,
};

const LINUX_6_1: Generation = {
  ...LINUX_5_18,
  id: 'linux-6.1',
  readsMailboxStatus: true,
  mailboxDoneErrno: ETIMEDOUT,
  ringAddressWord: 0,
  isolationMismatchErrno: EINVAL,
  enablesMessagesAtStart: true,
};

const LINUX_6_1_192: Generation = {
  ...LINUX_6_1,
  id: 'linux-6.1.192',
  ringAddressWord: 1,
  imageVersion: 2,
  ringsEventQueuesAfterSave: true,
  writesGuestStateAt: 'load',
  skipsNullAddresses: true,
  initialGuestState: QM_NOT_READY,
};

const LINUX_6_2: Generation = {
  ...LINUX_6_1,
  id: 'linux-6.2',
  flags: MIG_FLAG.STOP_COPY | MIG_FLAG.PRE_COPY,
  releasesFileOfFailedSave: false,
  matchesAt: 'write',
  hasDataSize: true,
};

const LINUX_6_8: Generation = {
  ...LINUX_6_2,
  id: 'linux-6.8',
  filesKeepPosition: true,
};

const LINUX_6_12_0: Generation = {
  ...LINUX_6_8,
  id: 'linux-6.12.0',
  guestAccessBytes: 8,
};

const LINUX_6_12_117: Generation = {
  ...LINUX_6_12_0,
  id: 'linux-6.12.117',
  writesCacheBackAt: 'stop',
  ringAddressWord: 1,
  imageVersion: 2,
  ringsEventQueuesAfterSave: true,
  writesGuestStateAt: 'load',
  skipsNullAddresses: true,
  initialGuestState: QM_NOT_READY,
  dropsFilesAtClose: true,
  cleansUpAfterReset: 'migration offered',
};

const LINUX_6_16: Generation = {
  ...LINUX_6_12_117,
  id: 'linux-6.16',
  loadIdleErrno: ETIMEDOUT,
  cacheWriteBackErrno: ETIMEDOUT,
  saveQueryErrno: 0,
  matchQueryErrno: 0,
  cleansUpAfterReset: 'flags are STOP_COPY',
  hasDebugFiles: true,
};

const LINUX_6_18_Y: Generation = {
  ...LINUX_6_16,
  id: 'linux-6.18.y',
  pollsOnceMore: false,
  forgetsMatchAtOpen: true,
  cleansUpAfterReset: 'migration offered',
  serialisesResets: true,
  prepareFollowsNullPf: true,
};

const UPSTREAM_2026: Generation = {
  ...LINUX_6_18_Y,
  id: 'upstream-2026',
  mailbox: 'wide',
  mailboxDoneTimeoutUs: 1_000_000,
  mailboxIdleErrno: ETIMEDOUT,
  checksDeviceError: true,
  forgetsResetMark: true,
  prepareFollowsNullPf: false,
  usesPfWindow: true,
  hasPrecopyInfoV2: true,
};

/** Every generation, oldest first; a stable kernel comes after the release that it grew from. */
export const GENERATIONS = {
  // A copy, as all the others are: V8 gives copies one shape, which a literal does not share.
  'linux-5.18': { ...LINUX_5_18 },
  'linux-6.1': LINUX_6_1,
  'linux-6.1.192': LINUX_6_1_192,
  'linux-6.2': LINUX_6_2,
  'linux-6.8': LINUX_6_8,
  'linux-6.12.0': LINUX_6_12_0,
  'linux-6.12.117': LINUX_6_12_117,
  'linux-6.16': LINUX_6_16,
  'linux-6.18.y': LINUX_6_18_Y,
  /** The driver of Linux 7.2.13 to 7.3.4. */
  'upstream-2026': UPSTREAM_2026,
} as const satisfies Record<string, Generation>;

export type GenerationId = keyof typeof GENERATIONS;

export const GENERATION_IDS = keysOf(GENERATIONS);

/** The generation that is taken where none is named. */
export const DEFAULT_GENERATION = 'upstream-2026' as const satisfies GenerationId;

/** The long-term kernel: what is costly to count for every generation is counted for it and for the default. */
export const LONG_TERM_GENERATION = 'linux-6.12.117' as const satisfies GenerationId;

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

/** How often a VF reset tests whether the PF's "resetting" mark is gone, before it resumes without it. */
export const RESET_WAIT_TIMES_MAX = 60_000;
export const RESET_WAIT_MS = 1;
