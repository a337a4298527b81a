/**
 * What each fact of a driver generation means, in words, and in which release it changed.
 *
 * The rows of `generation.ts` say what a generation does; the histories here say since when. Either can be computed from
 * the other, and a test does: a row that no history leads to is a mistake in one of the two.
 *
 * Source: docs/generations.md.
 */
import { EBUSY, EINVAL, ETIMEDOUT } from '../abi/errno.ts';
import { QM_NOT_READY, QM_READY } from '../abi/registers.ts';
import { MIG_FLAG } from '../abi/vfio.ts';
import { keysOf } from '../base/keys.ts';
import type { Generation, GenerationId } from './generation.ts';

/** Which kernels a generation is the driver of. */
export interface Release {
  /** Mainline release that it is, or that its stable series grew from. */
  readonly base: string;
  /** The stable series, as `6.12.y`; null: mainline. */
  readonly series: string | null;
  readonly covers: string;
}

export const RELEASES: Readonly<Record<GenerationId, Release>> = {
  'linux-5.18': { base: '5.18', series: null, covers: 'Linux 5.18 to 6.0' },
  'linux-6.1': { base: '6.1', series: null, covers: 'Linux 6.1.0' },
  'linux-6.1.192': { base: '6.1', series: '6.1.y', covers: 'stable 6.1.y, as Debian 12 has it: 6.1.192' },
  'linux-6.2': { base: '6.2', series: null, covers: 'Linux 6.2 to 6.7' },
  'linux-6.8': { base: '6.8', series: null, covers: 'Linux 6.8 to 6.10' },
  'linux-6.12.0': { base: '6.12', series: null, covers: 'Linux 6.11 to 6.15; debug files only since 6.13' },
  'linux-6.12.117': { base: '6.12', series: '6.12.y', covers: 'stable 6.12.y: 6.12.117' },
  'linux-6.16': { base: '6.16', series: null, covers: 'Linux 6.16 and 6.17' },
  'linux-6.18.y': { base: '6.18', series: '6.18.y', covers: 'stable 6.18.y with the VFIO fixes of January 2026' },
  'upstream-2026': { base: '7.2', series: null, covers: 'Linux 7.2.13 to 7.3.4' },
};

/** A change of the driver, or of the kernel around it: the release that first had it, and who took it back. */
export interface Change {
  /** Mainline release. */
  readonly in: string;
  /** True where it is only known that this release had it, and the one before it in RELEASES did not. */
  readonly atLatest?: true;
  /** Stable series that took it. */
  readonly backports?: readonly string[];
}

type FactValue = Generation[FactName];
export type FactName = Exclude<keyof Generation, 'id'>;

export interface Fact<T extends FactValue = FactValue> {
  /** What the fact is about: a noun phrase. */
  readonly what: string;
  /** Its values in words, by their text. */
  readonly words: Readonly<Record<string, string>>;
  /** Value in 5.18, and every change since, oldest first. */
  readonly first: T;
  readonly changes: readonly (Change & { readonly to: T })[];
}

const ERRNO_WORDS = { [EBUSY]: 'EBUSY', [EINVAL]: 'EINVAL', [ETIMEDOUT]: 'ETIMEDOUT', 0: 'the mailbox’s own errno' };
const YES_NO = { true: 'yes', false: 'no' };

/** The fixes of May 2025 that both stable series took. */
export const MAY_2025 = { in: '6.16', backports: ['6.1.y', '6.12.y'] } as const;
/** Those that only 6.12.y took. */
export const MAY_2025_LATE = { in: '6.16', backports: ['6.12.y'] } as const;
/** The fixes of January 2026, but for that of the reset-done hook. */
export const JANUARY_2026 = { in: '7.0', backports: ['6.18.y'] } as const;
/** What came with the driver of 2026, in a release that is not known better. */
export const BY_7_2 = { in: '7.2', atLatest: true } as const;

export const FACTS: { readonly [K in FactName]: Fact<Generation[K]> } = {
  flags: {
    what: 'migration flags',
    words: { [MIG_FLAG.STOP_COPY]: 'STOP_COPY', [MIG_FLAG.STOP_COPY | MIG_FLAG.PRE_COPY]: 'STOP_COPY | PRE_COPY' },
    first: MIG_FLAG.STOP_COPY,
    changes: [{ in: '6.2', to: MIG_FLAG.STOP_COPY | MIG_FLAG.PRE_COPY }],
  },
  mailbox: {
    what: 'reads of the mailbox',
    words: { narrow: '32 bits, the data after the lock is dropped', wide: '128 bits, data and status in one read' },
    first: 'narrow',
    changes: [{ ...BY_7_2, to: 'wide' }],
  },
  readsMailboxStatus: {
    what: 'status of a completed mailbox command',
    words: { true: 'read; an error is EIO', false: 'ignored' },
    first: false,
    changes: [{ in: '6.1', to: true }],
  },
  mailboxDoneTimeoutUs: {
    what: 'limit of a mailbox command',
    words: { 1000: '1 ms', 1000000: '1 s' },
    first: 1_000,
    changes: [{ ...BY_7_2, to: 1_000_000 }],
  },
  mailboxDoneErrno: {
    what: 'a mailbox command that never completes',
    words: ERRNO_WORDS,
    first: EBUSY,
    changes: [{ in: '6.1', to: ETIMEDOUT }],
  },
  mailboxIdleErrno: {
    what: 'a mailbox that is busy before a command',
    words: ERRNO_WORDS,
    first: EBUSY,
    changes: [{ ...BY_7_2, to: ETIMEDOUT }],
  },
  loadIdleErrno: {
    what: 'a mailbox that is busy before the registers are loaded',
    words: ERRNO_WORDS,
    first: EBUSY,
    changes: [{ in: '6.16', to: ETIMEDOUT }],
  },
  checksDeviceError: {
    what: 'check of the PF for fatal errors before a mailbox command',
    words: YES_NO,
    first: false,
    changes: [{ ...BY_7_2, to: true }],
  },
  pollsOnceMore: {
    what: 'a poll whose time is over',
    words: { true: 'reads once more', false: 'ends with the read that it made' },
    first: true,
    changes: [{ in: '6.18', to: false }],
  },
  writesCacheBackAt: {
    what: 'write-back of the context cache',
    words: { save: 'in the save, with the device paused already', stop: 'while the device stops' },
    first: 'save',
    changes: [{ ...MAY_2025_LATE, to: 'stop' }],
  },
  cacheWriteBackErrno: {
    what: 'a cache write-back that never ends',
    words: ERRNO_WORDS,
    first: EINVAL,
    changes: [{ in: '6.16', to: ETIMEDOUT }],
  },
  saveQueryErrno: {
    what: 'a query of a table address that fails in a save',
    words: ERRNO_WORDS,
    first: EINVAL,
    changes: [{ in: '6.16', to: 0 }],
  },
  ringAddressWord: {
    what: 'ring addresses in an image',
    words: { 0: 'words 0 and 1 of a context (wrong)', 1: 'words 1 and 2 of a context (right)' },
    first: 1,
    changes: [
      { in: '6.1', to: 0 },
      { ...MAY_2025, to: 1 },
    ],
  },
  imageVersion: {
    what: 'images',
    words: { 1: 'magic of version 1, and no other is taken', 2: 'magic of version 2; version 1 is taken and repaired' },
    first: 1,
    changes: [{ ...MAY_2025, to: 2 }],
  },
  ringsEventQueuesAfterSave: {
    what: 'EQ and AEQ doorbell at the end of a save',
    words: YES_NO,
    first: false,
    changes: [{ ...MAY_2025, to: true }],
  },
  releasesFileOfFailedSave: {
    what: 'file of a STOP_COPY whose save failed',
    words: { true: 'released', false: 'leaked' },
    first: true,
    changes: [{ in: '6.2', to: false }],
  },
  filesKeepPosition: {
    what: 'data that a read gives, or a write stores',
    words: { true: 'at the position of the file', false: 'at the start of the image, whatever the position' },
    first: false,
    changes: [{ in: '6.8', to: true }],
  },
  matchesAt: {
    what: 'match check of an incoming image',
    words: { stop: 'at RESUMING to STOP', write: 'in write(), from 40 bytes on, until one fitted' },
    first: 'stop',
    changes: [{ in: '6.2', to: 'write' }],
  },
  matchQueryErrno: {
    what: 'a query of the queue count that fails in the match check',
    words: ERRNO_WORDS,
    first: EINVAL,
    changes: [{ in: '6.16', to: 0 }],
  },
  isolationMismatchErrno: {
    what: 'an image with another queue isolation',
    words: { 0: 'passes, and the match check ends there', [EINVAL]: 'EINVAL' },
    first: 0,
    changes: [{ in: '6.1', to: EINVAL }],
  },
  writesGuestStateAt: {
    what: 'write of VF_STATE at the destination',
    words: { match: 'with the match check', load: 'with the load' },
    first: 'match',
    changes: [{ ...MAY_2025, to: 'load' }],
  },
  skipsNullAddresses: {
    what: 'an image with a null address',
    words: { true: 'is not loaded', false: 'is loaded' },
    first: false,
    changes: [{ ...MAY_2025, to: true }],
  },
  initialGuestState: {
    what: 'the guest’s driver, as long as nothing is known of it',
    words: { [QM_READY]: 'taken for ready', [QM_NOT_READY]: 'taken for not ready' },
    first: QM_READY,
    changes: [{ ...MAY_2025, to: QM_NOT_READY }],
  },
  enablesMessagesAtStart: {
    what: 'STOP to RUNNING clears and enables the message interrupt',
    words: YES_NO,
    first: false,
    changes: [{ in: '6.1', to: true }],
  },
  forgetsMatchAtOpen: {
    what: 'opening the device makes the next image be checked again',
    words: YES_NO,
    first: false,
    changes: [{ ...JANUARY_2026, to: true }],
  },
  dropsFilesAtClose: {
    what: 'data files when the device is closed',
    words: { true: 'dropped', false: 'kept alive' },
    first: false,
    changes: [{ ...MAY_2025_LATE, to: true }],
  },
  cleansUpAfterReset: {
    what: 'the reset-done hook cleans up',
    words: {
      'flags are STOP_COPY': 'if the flags are STOP_COPY and nothing else',
      'migration offered': 'on each VF that offers migration',
    },
    first: 'flags are STOP_COPY',
    changes: [{ in: '7.0', backports: ['6.12.y', '6.18.y'], to: 'migration offered' }],
  },
  serialisesResets: {
    what: 'a VF reset takes the PF’s "resetting" mark',
    words: YES_NO,
    first: false,
    changes: [{ ...JANUARY_2026, to: true }],
  },
  forgetsResetMark: {
    what: 'the reset-done hook forgets that it held the mark',
    words: YES_NO,
    first: false,
    changes: [{ ...BY_7_2, to: true }],
  },
  prepareFollowsNullPf: {
    what: 'reset-prepare hook on a VF that offers no migration',
    words: { true: 'follows a null pointer', false: 'does nothing' },
    first: false,
    changes: [
      { ...JANUARY_2026, to: true },
      { ...BY_7_2, to: false },
    ],
  },
  usesPfWindow: {
    what: 'migration window in the PF’s BAR2 on hardware V4',
    words: { true: 'used', false: 'unknown' },
    first: false,
    changes: [{ in: '6.19', to: true }],
  },
  hasDebugFiles: {
    what: 'debug files',
    words: YES_NO,
    first: false,
    changes: [{ in: '6.13', to: true }],
  },
  hasDataSize: {
    what: 'size of the stop-copy data can be asked for',
    words: YES_NO,
    first: false,
    changes: [{ in: '6.2', to: true }],
  },
  hasPrecopyInfoV2: {
    what: 'second version of the pre-copy info',
    words: YES_NO,
    first: false,
    changes: [{ ...BY_7_2, to: true }],
  },
  guestAccessBytes: {
    what: 'widest piece of an access to a region',
    words: { 4: '4 bytes', 8: '8 bytes' },
    first: 4,
    changes: [{ in: '6.11', to: 8 }],
  },
};

export const FACT_NAMES = keysOf(FACTS);

/** Whether a release has a change. */
export function hasChange({ base, series }: Release, change: Change): boolean {
  return !isLater(change.in, base) || (series !== null && (change.backports?.includes(series) ?? false));
}

/** A fact of a generation in words. */
export function factWords(generation: Generation, name: FactName): string {
  const value = String(generation[name]);
  return FACTS[name].words[value] ?? value;
}

/** When a change came, as `6.16, back-ported to 6.1.y and 6.12.y`, or `7.2 or before`. */
export function changeWords({ in: release, atLatest, backports }: Change): string {
  const first = atLatest === true ? `${release} or before` : release;
  return backports === undefined ? first : `${first}, back-ported to ${backports.join(' and ')}`;
}

/** Whether a mainline release came after another one, both as `6.12`. */
function isLater(release: string, than: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number);
  return major === thanMajor ? minor > thanMinor : major > thanMajor;
}
