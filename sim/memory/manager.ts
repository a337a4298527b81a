/**
 * Managers of moves, and what they do: virsh or the user, Nova, KubeVirt, Proxmox VE, Cloud Hypervisor itself. A manager sees
 * clock and progress at its own polls, or at the end of an iteration, and answers with an action.
 */
import { keysOf } from '../base/keys.ts';
import { GIB, NS_PER_MS, NS_PER_S } from '../base/units.ts';

/** What a manager does, as facts with their source. */
interface ManagerFacts {
  readonly title: string;
  /** Between two polls, ns; 0: a timer of its own for each time-out; Infinity: it acts at the ends of iterations. */
  readonly pollNs: number;
  /** Whether it acts once more than a time is over; false: once that time is. */
  readonly actsAfter: boolean;
  /** Whether it gives up a move whose remaining memory does not fall. */
  readonly watchesProgress: boolean;
  /** Units of memory that a time-out per GiB counts. */
  readonly timeoutUnits: (memoryBytes: number) => number;
  /** Whether that product is cut to whole seconds. */
  readonly wholeSeconds: boolean;
  /**
   * What `whenOut: stop` does to the VM. `stop`: it is stopped, and the move has as long as it takes. `stop or raise`: a VM
   * with VFIO devices gets a downtime limit of twice the time instead, and either has twice the time in all.
   */
  readonly disrupts: 'stop' | 'stop or raise';
  /** Whether it has time-outs at all; where not, one that is given is that of its user. */
  readonly timesOut: boolean;
  /** Times that a move has when nobody configures any, ns; Infinity: any. */
  readonly defaults: { readonly timeoutNsPerUnit: number; readonly progressTimeoutNs: number };
  /** What it sets where the document says nothing: the downtime limit, or Nova's steps of it, and throttling. */
  readonly sets: { readonly downtimeLimitNs: number; readonly novaSteps: boolean; readonly autoConverge: boolean };
  /** What it logs when it gives up, or forces the stop, at its time-out; null: nothing is on record. */
  readonly logs: { readonly cancelled: TimeoutText; readonly forced: TimeoutText };
}

/** Figures that such a message has. */
interface LoggedFigures {
  readonly timeoutNs: number;
  readonly limitNs: number;
  readonly leftBytes: number;
  readonly carriedBytesPerSecond: number;
}

type TimeoutText = ((figures: LoggedFigures) => string) | null;

const GIGABYTE = 1e9;
const NOVA_LEAST_GIB = 2;
const gibs = (memoryBytes: number): number => Math.max(1, memoryBytes / GIB);
const NO_TIMEOUTS = { timeoutNsPerUnit: Number.POSITIVE_INFINITY, progressTimeoutNs: Number.POSITIVE_INFINITY };
/** QEMU's limit, migration/options.c, and no throttling. */
const SETS_NOTHING = { downtimeLimitNs: 300 * NS_PER_MS, novaSteps: false, autoConverge: false };
const LOGS_NOTHING = { cancelled: null, forced: null };
const seconds = (ns: number): number => Math.floor(ns / NS_PER_S);

/** November 2026; versions and files in docs/pause.md. */
export const MANAGERS = {
  /** `virsh migrate --timeout`, then `--timeout-suspend` (libvirt 11.3), or a timer of the user's own. */
  user: {
    title: 'the user',
    pollNs: 0,
    actsAfter: false,
    watchesProgress: false,
    timeoutUnits: gibs,
    wholeSeconds: false,
    disrupts: 'stop',
    timesOut: true,
    defaults: NO_TIMEOUTS,
    sets: SETS_NOTHING,
    logs: LOGS_NOTHING,
  },
  /** nova/virt/libvirt/driver.py 00a030403f, 21 Aug 2026: a loop with 500 ms of sleep; memory in GiB, at least 2. */
  nova: {
    title: 'OpenStack Nova',
    pollNs: 500 * NS_PER_MS,
    actsAfter: true,
    watchesProgress: false,
    timeoutUnits: (memoryBytes) => Math.max(NOVA_LEAST_GIB, memoryBytes / GIB),
    wholeSeconds: true,
    disrupts: 'stop',
    timesOut: true,
    defaults: { timeoutNsPerUnit: 800 * NS_PER_S, progressTimeoutNs: Number.POSITIVE_INFINITY },
    sets: { ...SETS_NOTHING, novaSteps: true },
    logs: LOGS_NOTHING,
  },
  /**
   * pkg/virt-launcher/virtwrap/live-migration-source.go d923fdb815, 22 Aug 2026 (1.9): a ticker of 400 ms; GB of 10^9 bytes,
   * rounded up. Releases up to 1.3 have 800 s for each (PR 12848).
   */
  kubevirt: {
    title: 'KubeVirt',
    pollNs: 400 * NS_PER_MS,
    actsAfter: true,
    watchesProgress: true,
    timeoutUnits: (memoryBytes) => Math.ceil(memoryBytes / GIGABYTE),
    wholeSeconds: false,
    disrupts: 'stop or raise',
    timesOut: true,
    defaults: { timeoutNsPerUnit: 150 * NS_PER_S, progressTimeoutNs: 150 * NS_PER_S },
    sets: SETS_NOTHING,
    logs: {
      ...LOGS_NOTHING,
      cancelled: ({ timeoutNs }) => `Aborting migration: not completed after ${seconds(timeoutNs)} seconds`,
    },
  },
  /** src/PVE/QemuMigrate.pm 096a1ac22: every second, or every 100 ms near the end; no time-out, but a limit that doubles. */
  proxmox: {
    title: 'Proxmox VE',
    pollNs: NS_PER_S,
    actsAfter: false,
    watchesProgress: false,
    timeoutUnits: gibs,
    wholeSeconds: false,
    disrupts: 'stop',
    timesOut: false,
    defaults: NO_TIMEOUTS,
    sets: { ...SETS_NOTHING, downtimeLimitNs: 100 * NS_PER_MS, autoConverge: true },
    logs: LOGS_NOTHING,
  },
  /** Cloud Hypervisor, vmm/src/lib.rs ae44c2971, 22 Aug 2026: `timeout_s` is compared once the dirty log of an iteration has been read. */
  vmm: {
    title: 'the VMM',
    pollNs: Number.POSITIVE_INFINITY,
    actsAfter: false,
    watchesProgress: false,
    timeoutUnits: gibs,
    wholeSeconds: false,
    disrupts: 'stop',
    timesOut: true,
    defaults: NO_TIMEOUTS,
    sets: SETS_NOTHING,
    logs: {
      cancelled: ({ timeoutNs }) =>
        `Precopy: Timeout reached: ${seconds(timeoutNs)}s: migration didn't converge in time`,
      forced: ({ timeoutNs, limitNs, leftBytes, carriedBytesPerSecond }) =>
        `Precopy: Pausing VM, ignoring target downtime (${Math.floor(limitNs / NS_PER_MS)}ms) due to timeout ` +
        `(${seconds(timeoutNs)}s): Estimated downtime: ${Math.floor((1000 * leftBytes) / carriedBytesPerSecond)}ms`,
    },
  },
} as const satisfies Readonly<Record<string, ManagerFacts>>;

export type ManagerName = keyof typeof MANAGERS;

export const MANAGER_NAMES = keysOf(MANAGERS);

/** The manager that watches a move, and for how long remaining memory need not fall, ns. */
export interface Watch {
  readonly manager: ManagerName;
  readonly progressTimeoutNs: number;
}

/** Time that a manager gives a move of so much memory, ns. */
export function timeoutFor(manager: ManagerName, nsPerUnit: number, memoryBytes: number): number {
  const { timeoutUnits, wholeSeconds } = MANAGERS[manager];
  const ns = nsPerUnit * timeoutUnits(memoryBytes);
  return wholeSeconds && Number.isFinite(ns) ? Math.floor(ns / NS_PER_S) * NS_PER_S : ns;
}

/**
 * Why a manager acts. `stall`: remaining memory no longer falls below its least; `switchover`: the VM is not stopped although
 * its limit was raised for that.
 */
export const ACT_REASONS = ['timeout', 'no progress', 'iterations', 'stall', 'switchover'] as const;
type ActReason = (typeof ACT_REASONS)[number];

export type ManagerAction =
  | { readonly kind: 'none' }
  /** The downtime limit becomes that of the next step, or another. */
  | { readonly kind: 'take step' | 'set limit'; readonly limitNs: number }
  /** The downtime limit becomes one with which the VM is stopped however long its pause: a forced move. */
  | { readonly kind: 'force limit'; readonly limitNs: number; readonly reason: ActReason }
  /** The move is cancelled; the VM runs on at the source. */
  | { readonly kind: 'cancel'; readonly reason: ActReason }
  /** The VM is stopped now, however much is left. */
  | { readonly kind: 'stop'; readonly reason: ActReason }
  /** The same, and the VM runs at the destination before the memory that is left is there. */
  | { readonly kind: 'post-copy'; readonly reason: ActReason };

export const NO_ACTION: ManagerAction = { kind: 'none' };

/** What a manager sees; one object is used for all polls. Times from the start of the move, in ns. */
export interface MoveProgress {
  elapsedNs: number;
  /** Iterations that have ended. */
  iterations: number;
  /** Memory that the VMM reports as remaining, in bytes; that of devices is not in it. */
  remainingBytes: number;
  /** Memory sent so far, in bytes, and what the stream carries, in bytes per second. */
  sentBytes: number;
  bytesPerSecond: number;
  /** The poll at which less remained than at the poll before; 0: none so far. */
  fellNs: number;
  /** Steps of the limit that have been taken. */
  stepsTaken: number;
  /** The downtime limit in force, ns. */
  limitNs: number;
  /** Whether an iteration begins now. */
  pass: boolean;
  /** Whether iterations repeat alike. */
  repeats: boolean;
  /** Whether the VM is stopped for its switchover. */
  paused: boolean;
  /** Whether the manager has forced the stop, or a limit. */
  forced: boolean;
}

/** A manager as it watches one move. */
export interface Watcher {
  /** The action at a poll. Called again until it answers `none`, `cancel`, `stop` or `post-copy`. */
  act(seen: MoveProgress): ManagerAction;
  /** Before this time {@link act} answers `none` as long as remaining memory does not fall; Infinity: for good. */
  idleUntilNs(seen: MoveProgress): number;
  /** The next poll at which it may do something; Infinity: none. */
  nextPollNs(seen: MoveProgress): number;
  /** Time that the move may take as things are, ns; Infinity: any. */
  timeoutNs(seen: MoveProgress): number;
}

export interface Manager {
  readonly pollNs: number;
  readonly watchesProgress: boolean;
  /** Whether a rate that changes, or what it does at the end of an iteration, may bring its next poll forward. */
  readonly movesItsPolls: boolean;
  /** Whether it acts at the ends of iterations. */
  readonly actsAtIterations: boolean;
  /** Iterations that a move may take; Infinity: any. */
  readonly iterationsMax: number;
  /** A watcher of one move; the same for all where it depends on what it sees alone. */
  watcher(): Watcher;
  /** Whether a move that has taken so long has taken more than its time, and the manager lets it end. */
  letsEndLate(elapsedNs: number): boolean;
}
