/**
 * Moves under way, by their slot: what each is at, as arrays. The rules that change them are in `precopy-vmm.ts` (what the
 * VMM does) and `precopy-engine.ts` (what the manager does).
 */
import { bug } from '../base/bug.ts';
import { NS_PER_S } from '../base/units.ts';
import type { MemoryClass } from './dirty.ts';
import type { Manager, MoveProgress, Watcher } from './manager.ts';
import { type Blocker, BLOCKERS, END_REASONS, type EndReason, PRECOPY_ENDS, type PrecopyEnd } from './precopy-end.ts';
import { ProgressWatch, type RemainingCourse } from './progress-watch.ts';
import { GuestThrottle, type Throttling } from './throttle.ts';

/** Sets of pages of one VM, at most: DMA buffers, hot, in bursts, cold. */
export const SETS_MAX = 4;
/** What a move is at. */
export const STEP = { none: 0, sending: 1, syncing: 2, paused: 3, repeating: 4 } as const;

/** Outcome of an event: the move continues, its VM is to be paused now, or it has ended. */
export const ADVANCE = { running: 0, stopped: 1, ended: 2 } as const;
export type Advance = (typeof ADVANCE)[keyof typeof ADVANCE];

const CONVERGED = PRECOPY_ENDS.indexOf('converged');
const FORCED = PRECOPY_ENDS.indexOf('forced');

/** What stays the same for all VMs of a kind. */
export interface PrecopyKind {
  /** Memory in use, as sets of pages. */
  readonly sets: readonly MemoryClass[];
  /** Device state that goes in the pause, in bytes. */
  readonly deviceBytes: number;
  /** `windows`: QEMU; `iterations`: Cloud Hypervisor. */
  readonly sends: 'windows' | 'iterations';
  /** The downtime limit that holds from the first byte on, and how many steps of the limit that takes. */
  readonly firstLimitNs: number;
  readonly firstSteps: number;
  /** The first poll at which the manager may do something; Infinity: there is none. */
  readonly firstPollNs: number;
  /** How vCPUs are slowed that write too much; null: they are not. */
  readonly throttling: Throttling | null;
  /** Where within QEMU's window the limit is met: 0 makes the last iteration long, 1 short. Unknown, so a parameter. */
  readonly windowPhase: number;
  /** Time of sending between two checks of what is left, in ns. */
  readonly sliceNs: number;
  readonly syncNsPerGib: number;
  /** Before the first byte, in ns. */
  readonly setupNs: number;
  /** Pages of zeros in bytes: all of them, and those at the end of memory; bytes of them that are examined per second. */
  readonly zeroBytes: number;
  /** Part of them that takes no time. */
  readonly waitedZeroBytes: number;
  readonly zeroTailBytes: number;
  readonly zeroBytesPerSecond: number;
  readonly manager: Manager;
  /** When the writing of the guest last changes, ns into the move; -Infinity: it never does. */
  readonly writesChangeNs: number;
}

/** Iterations alike, in a row. */
export interface PrecopyIteration {
  readonly count: number;
  readonly startNs: number;
  /** Time that one of them takes, with the sync of the dirty bitmap. */
  readonly lastsNs: number;
  readonly sentBytes: number;
  /** Dirtied meanwhile, to be sent again. */
  readonly dirtiedBytes: number;
  /** The limit that held at its end. */
  readonly limitNs: number;
  /** The guest's speed, 1 when not throttled. */
  readonly speed: number;
}

/** Notes what an engine does, for plots and lists. */
export interface PrecopyRecorder {
  iterations(slot: number, row: PrecopyIteration): void;
}

export interface EngineOptions {
  /** Whether managers act at every poll, also where nothing can change. Default: no. */
  readonly everyPoll?: boolean;
  readonly recorder?: PrecopyRecorder;
}

/** Moves by their slot; times in ns, sizes in bytes. */
export class PrecopySlots {
  /** When the move's next event comes, at the present rate. */
  readonly dueNs: Float64Array;
  /** Memory sent so far; with that of the pause once the VM is stopped. */
  readonly sentBytes: Float64Array;
  /** The downtime limit that holds. */
  readonly limitNs: Float64Array;
  /** Time that a move had which its manager has cancelled. */
  readonly timeoutNs: Float64Array;
  /** Once stopped or ended: memory that was left. */
  readonly leftBytes: Float64Array;
  /** Of it, what the last sync of the dirty bitmap found. */
  readonly dirtiedBytes: Float64Array;
  /** Once stopped: whether memory that was left follows after the pause. */
  readonly postCopies: Uint8Array;
  /** Pages of zeros that are left for the pause as well, in bytes. */
  readonly zeroLeftBytes: Float64Array;
  /** Bytes per second on the wire. */
  readonly wireRate: Float64Array;
  readonly throttle: GuestThrottle;
  /** Memory that was dirtied, as syncs found it, one after another. */
  readonly redirtiedBytes: Float64Array;

  protected readonly kinds: readonly PrecopyKind[];
  protected readonly everyPoll: boolean;
  protected readonly recorder: PrecopyRecorder | undefined;
  protected readonly step: Uint8Array;
  protected readonly end: Uint8Array;
  protected readonly reason: Uint8Array;
  protected readonly blocker: Uint8Array;
  protected readonly kindOf: Int32Array;
  protected readonly startNs: Float64Array;
  protected readonly remaining: Float64Array;
  /** Iteration under way: memory still to send at `seenNs`, and in all; it lasts to `leastEndNs` at least. */
  protected readonly toSend: Float64Array;
  protected readonly iterationBytes: Float64Array;
  protected readonly iterationNs: Float64Array;
  protected readonly seenNs: Float64Array;
  protected readonly leastEndNs: Float64Array;
  /** The next event of the VMM, and the next of the manager. */
  protected readonly vmmNs: Float64Array;
  protected readonly managerNs: Float64Array;
  protected readonly syncedNs: Float64Array;
  protected readonly pendingBefore: Float64Array;
  /** Memory bytes per second. */
  protected readonly rate: Float64Array;
  /** The rate at which iterations are repeated. */
  protected readonly stillRate: Float64Array;
  protected readonly first: Uint8Array;
  protected readonly still: Uint8Array;
  protected readonly iterations: Int32Array;
  protected readonly stepsTaken: Int32Array;
  /** Why the manager has forced the stop or a limit, by its place in {@link END_REASONS}; 0: it has not. */
  protected readonly forcedBy: Uint8Array;
  /** The limit in force when it did. */
  protected readonly forcedAtLimitNs: Float64Array;
  protected readonly watchers: Watcher[] = [];
  protected readonly keepsUp: Uint8Array;
  /** Time of the poll that the manager waits for, from the start of the move. */
  protected readonly pollNs: Float64Array;
  protected readonly progress: ProgressWatch;
  protected readonly course: RemainingCourse = { fromNs: 0, bytes: 0, leastBytes: 0, bytesPerSecond: 0, periodNs: 0 };
  protected readonly seen: MoveProgress = {
    elapsedNs: 0,
    iterations: 0,
    remainingBytes: 0,
    sentBytes: 0,
    bytesPerSecond: 0,
    fellNs: 0,
    stepsTaken: 0,
    limitNs: 0,
    pass: false,
    repeats: false,
    paused: false,
    forced: false,
  };

  constructor(kinds: readonly PrecopyKind[], slots: number, { everyPoll = false, recorder }: EngineOptions = {}) {
    this.kinds = kinds;
    this.everyPoll = everyPoll;
    this.recorder = recorder;
    const doubles = (): Float64Array => new Float64Array(slots);
    const bytes = (): Uint8Array => new Uint8Array(slots);
    const counts = (): Int32Array => new Int32Array(slots);
    this.dueNs = doubles();
    this.sentBytes = doubles();
    this.limitNs = doubles();
    this.timeoutNs = doubles();
    this.leftBytes = doubles();
    this.dirtiedBytes = doubles();
    this.postCopies = bytes();
    this.zeroLeftBytes = doubles();
    this.wireRate = doubles();
    this.throttle = new GuestThrottle(slots);
    this.redirtiedBytes = doubles();
    this.step = bytes();
    this.end = bytes();
    this.reason = bytes();
    this.blocker = bytes();
    this.kindOf = counts();
    this.startNs = doubles();
    this.remaining = new Float64Array(slots * SETS_MAX);
    this.toSend = doubles();
    this.iterationBytes = doubles();
    this.iterationNs = doubles();
    this.seenNs = doubles();
    this.leastEndNs = doubles();
    this.vmmNs = doubles();
    this.managerNs = doubles();
    this.syncedNs = doubles();
    this.pendingBefore = doubles();
    this.rate = doubles();
    this.stillRate = doubles();
    this.first = bytes();
    this.still = bytes();
    this.iterations = counts();
    this.stepsTaken = counts();
    this.forcedBy = bytes();
    this.forcedAtLimitNs = doubles();
    this.keepsUp = bytes();
    this.pollNs = doubles();
    this.progress = new ProgressWatch(slots);
  }

  hasConverged(slot: number): boolean {
    return this.end[slot] === CONVERGED;
  }

  endOf(slot: number): PrecopyEnd {
    return PRECOPY_ENDS[this.end[slot]!] ?? bug('PRECOPY_END', slot);
  }

  /** Why it ended; `none` when it converged. */
  reasonOf(slot: number): EndReason {
    return END_REASONS[this.reason[slot]!] ?? bug('END_REASON', slot);
  }

  /** What kept the VM from being stopped within the limit; `none` when it was. */
  blockerOf(slot: number): Blocker {
    return BLOCKERS[this.blocker[slot]!] ?? bug('BLOCKER', slot);
  }

  /** The limit into which the VM did not fit: before its manager forced a move, where it was forced. */
  blockingLimitNs(slot: number): number {
    return this.end[slot] === FORCED ? this.forcedAtLimitNs[slot]! : this.limitNs[slot]!;
  }

  /** Bytes that fit into {@link blockingLimitNs} at the present rate. */
  blockingFitsBytes(slot: number): number {
    return (this.wireRate[slot]! * this.blockingLimitNs(slot)) / NS_PER_S;
  }

  /** Bytes that fit into the limit at the present rate; memory may be left up to that less the device state. */
  fitsBytes(slot: number): number {
    return (this.wireRate[slot]! * this.limitNs[slot]!) / NS_PER_S;
  }

  /** Once stopped: memory of one of its sets that was left, in bytes. */
  leftOfSet(slot: number, set: number): number {
    return this.remaining[slot * SETS_MAX + set]!;
  }

  protected kind(slot: number): PrecopyKind {
    return this.kinds[this.kindOf[slot]!]!;
  }

  protected pending(slot: number): number {
    let bytes = 0;
    for (let i = slot * SETS_MAX; i < (slot + 1) * SETS_MAX; i++) bytes += this.remaining[i]!;
    return bytes;
  }
}
