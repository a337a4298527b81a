/**
 * Pre-copy of one VM at one rate: one slot of the engine, with its iterations noted.
 */
import type { ConvergenceRules } from './convergence.ts';
import type { MemoryClass } from './dirty.ts';
import type { Manager, ManagerName, MoveProgress } from './manager.ts';
import { managerOf } from './managers.ts';
import type { VmmParameters } from './parameters.ts';
import type { Blocker, EndReason, PrecopyEnd } from './precopy-end.ts';
import { PrecopyEngine } from './precopy-engine.ts';
import { ADVANCE, type PrecopyIteration, type PrecopyKind } from './precopy-slots.ts';
import type { StreamRates } from './stream.ts';
import { AUTO_CONVERGE, type Throttling } from './throttle.ts';
import { VMMS, type VmmName } from './vmms.ts';

export interface ConvergenceInput extends ConvergenceRules {
  readonly vmm: VmmName;
  /** The manager that watches the move. */
  readonly manager: ManagerName;
  /** Whether vCPUs are throttled when memory does not come to rest. */
  readonly autoConverge: boolean;
  /** Where within QEMU's window the limit is met: 0 makes the last iteration long, 1 short. Unknown, so a parameter. */
  readonly windowPhase: number;
}

/** How pre-copy of one VM ended; `endless`: nothing ever ends it. */
export interface PrecopyResult {
  readonly end: Exclude<PrecopyEnd, 'running'> | 'endless';
  readonly reason: EndReason;
  readonly blocker: Blocker;
  readonly rounds: readonly PrecopyIteration[];
  /** When the VM was stopped, or the move ended without; of a move that is cancelled in its pause, when that was. */
  readonly endNs: number;
  /** When the VM was stopped; NaN: never. */
  readonly stoppedAtNs: number;
  /** Memory that was left then, in bytes, and how much of it the last sync of the dirty bitmap had found. */
  readonly pendingBytes: number;
  readonly dirtiedBytes: number;
  /** Pages of zeros that were left as well. */
  readonly zeroLeftBytes: number;
  /** Whether what was left follows after the pause. */
  readonly postCopy: boolean;
  readonly sentBytes: number;
  /** Time that a move had which its manager has cancelled. */
  readonly timeoutNs: number;
  /** The limit in force at the end, and the bytes that fit into it at the rate on the wire. */
  readonly limitNs: number;
  readonly fitsBytes: number;
  readonly speed: number;
}

/** What a first pass does in addition to sending data; {@link PrecopyKind}. */
export type SilentWork = Pick<
  PrecopyKind,
  'setupNs' | 'zeroBytes' | 'waitedZeroBytes' | 'zeroTailBytes' | 'zeroBytesPerSecond' | 'sliceNs'
>;

const AUTO_CONVERGE_RULES: Throttling = { kind: 'auto-converge', forcedSyncNs: AUTO_CONVERGE.forcedSyncNs };

/** How a move ends, and how its guest is slowed. */
export interface PrecopyRules {
  readonly vmm: VmmName;
  readonly manager: Manager;
  readonly throttling: Throttling | null;
  readonly downtimeLimitNs: number;
  readonly windowPhase: number;
}

/** The rules of a manager that is known by its name. */
export function precopyRules(convergence: ConvergenceInput): PrecopyRules {
  const { vmm, autoConverge, downtimeLimitNs, windowPhase } = convergence;
  const manager = managerOf(convergence.manager, convergence);
  return { vmm, manager, throttling: autoConverge ? AUTO_CONVERGE_RULES : null, downtimeLimitNs, windowPhase };
}

/** What stays the same for all VMs of a kind. */
export function precopyKind(
  sets: readonly MemoryClass[],
  deviceBytes: number,
  { vmm, manager, throttling, downtimeLimitNs, windowPhase }: PrecopyRules,
  silent: SilentWork,
  { dirtySyncNsPerGib }: VmmParameters,
): PrecopyKind {
  const begin: MoveProgress = {
    elapsedNs: 0,
    iterations: 0,
    remainingBytes: sets.reduce((sum, { setBytes }) => sum + setBytes, 0),
    sentBytes: 0,
    bytesPerSecond: 0,
    fellNs: 0,
    stepsTaken: 0,
    limitNs: downtimeLimitNs,
    pass: false,
    repeats: false,
    paused: false,
    forced: false,
  };
  const watcher = manager.watcher();
  for (let action = watcher.act(begin); action.kind === 'take step'; action = watcher.act(begin)) {
    begin.limitNs = action.limitNs;
    begin.stepsTaken += 1;
  }
  return {
    sets,
    deviceBytes,
    sends: VMMS[vmm].sends,
    firstLimitNs: begin.limitNs,
    firstSteps: begin.stepsTaken,
    firstPollNs: watcher.nextPollNs(begin),
    throttling,
    windowPhase,
    ...silent,
    syncNsPerGib: dirtySyncNsPerGib,
    manager,
    writesChangeNs: Math.max(...sets.map(({ rate }) => rate.lastChangeNs)),
  };
}

/** Memory that is left when the VM is stopped, in bytes. */
export interface Left {
  readonly pendingBytes: number;
  /** Part of it that the last sync of the dirty bitmap found. */
  readonly dirtiedBytes: number;
  /** Pages of zeros as well. */
  readonly zeroBytes: number;
  /** Whether it follows after the pause. */
  readonly postCopy: boolean;
}

/** How long the pause takes, in ns, from what is left, and when it begins. */
export type PauseOf = (left: Left, startNs: number) => number;

/** One slot that is used again and again. */
const kinds: PrecopyKind[] = [];
let rows: PrecopyIteration[] = [];
const alone = new PrecopyEngine(kinds, 1, { recorder: { iterations: (_, row) => void rows.push(row) } });

/**
 * Sends memory in iterations until the VM may be stopped, and pauses it.
 *
 * @param cutNs when a fault or a user ends the move before the VM is stopped; Infinity: never
 */
export function precopy(
  kind: PrecopyKind,
  rates: StreamRates,
  pauseNs: PauseOf,
  cutNs: number = Number.POSITIVE_INFINITY,
): PrecopyResult {
  kinds[0] = kind;
  rows = [];
  alone.begin(0, 0, 0);
  alone.changeRate(0, rates.memoryBytesPerSecond, rates.wireBytesPerSecond, 0);
  let nowNs = 0;
  let stoppedAtNs = Number.NaN;
  let isEndless = false;
  for (;;) {
    const dueNs = alone.dueNs[0]!;
    if (Number.isNaN(stoppedAtNs) && (cutNs < dueNs || dueNs === Number.POSITIVE_INFINITY)) {
      isEndless = cutNs === Number.POSITIVE_INFINITY;
      nowNs = isEndless ? nowNs : cutNs;
      alone.cut(0, nowNs);
      break;
    }
    nowNs = dueNs;
    const came = alone.advance(0, nowNs);
    if (came === ADVANCE.ended) break;
    if (came === ADVANCE.running) continue;
    stoppedAtNs = nowNs;
    const left = {
      pendingBytes: alone.leftBytes[0]!,
      dirtiedBytes: alone.dirtiedBytes[0]!,
      zeroBytes: alone.zeroLeftBytes[0]!,
      postCopy: alone.postCopies[0] === 1,
    };
    alone.pause(0, pauseNs(left, nowNs), nowNs);
  }
  const end = alone.endOf(0);
  return {
    end: isEndless || end === 'running' ? 'endless' : end,
    reason: isEndless ? 'none' : alone.reasonOf(0),
    blocker: alone.blockerOf(0),
    rounds: rows,
    endNs: isEndless ? Number.POSITIVE_INFINITY : nowNs,
    stoppedAtNs,
    pendingBytes: alone.leftBytes[0]!,
    dirtiedBytes: alone.dirtiedBytes[0]!,
    zeroLeftBytes: alone.zeroLeftBytes[0]!,
    postCopy: alone.postCopies[0] === 1,
    sentBytes: alone.sentBytes[0]!,
    timeoutNs: alone.timeoutNs[0]!,
    limitNs: alone.blockingLimitNs(0),
    fitsBytes: alone.blockingFitsBytes(0),
    speed: alone.throttle.speedNow(0),
  };
}

/**
 * Stops the VM before any memory is sent, and pauses it: all of it follows after the pause.
 *
 * @param cutNs when a fault or a user ends the move before the VM is stopped; Infinity: never
 */
export function stoppedAtOnce(
  { setupNs, firstLimitNs }: PrecopyKind,
  memoryBytes: number,
  pauseNs: PauseOf,
  cutNs: number = Number.POSITIVE_INFINITY,
): PrecopyResult {
  const isCut = cutNs < setupNs || cutNs === 0;
  const left = { pendingBytes: memoryBytes, dirtiedBytes: 0, zeroBytes: 0, postCopy: true };
  const endNs = isCut ? cutNs : setupNs + pauseNs(left, setupNs);
  return {
    end: isCut ? 'cancelled' : 'converged',
    reason: isCut ? 'cut' : 'none',
    blocker: isCut ? 'first pass' : 'none',
    rounds: [],
    endNs,
    stoppedAtNs: isCut ? Number.NaN : setupNs,
    pendingBytes: memoryBytes,
    dirtiedBytes: 0,
    zeroLeftBytes: 0,
    postCopy: !isCut,
    sentBytes: isCut ? 0 : memoryBytes,
    timeoutNs: 0,
    limitNs: firstLimitNs,
    fitsBytes: 0,
    speed: 1,
  };
}
