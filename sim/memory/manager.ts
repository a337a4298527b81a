/**
 * Managers of moves, and what they do: virsh or the user, Nova, KubeVirt, Cloud Hypervisor itself. A manager sees clock and
 * progress at its own polls, or at the end of an iteration, and answers with an action.
 */
import { keysOf } from '../base/keys.ts';
import { GIB, NS_PER_MS } from '../base/units.ts';
import type { ConvergenceRules } from './convergence.ts';

/** What a manager does, as facts with their source. */
interface ManagerFacts {
  readonly title: string;
  /** Between two polls, ns; 0: a timer of its own for each time-out; Infinity: it acts at the ends of iterations. */
  readonly pollNs: number;
  /** Whether it gives up a move whose remaining memory does not fall. */
  readonly watchesProgress: boolean;
  /** Units of memory that a time-out per GiB counts. */
  readonly timeoutUnits: (memoryBytes: number) => number;
}

const GIGABYTE = 1e9;
const NOVA_LEAST_GIB = 2;
const gibs = (memoryBytes: number): number => Math.max(1, memoryBytes / GIB);

/** November 2026; versions and files in docs/pause.md. */
export const MANAGERS = {
  /** `virsh migrate --timeout`, or a timer of the user's own. */
  user: { title: 'the user', pollNs: 0, watchesProgress: false, timeoutUnits: gibs },
  /** nova/virt/libvirt/driver.py 00a030403f: a loop with 500 ms of sleep; memory in GiB, at least 2. */
  nova: {
    title: 'OpenStack Nova',
    pollNs: 500 * NS_PER_MS,
    watchesProgress: false,
    timeoutUnits: (memoryBytes) => Math.max(NOVA_LEAST_GIB, memoryBytes / GIB),
  },
  /** pkg/virt-launcher/virtwrap/live-migration-source.go d923fdb815: a ticker of 400 ms; GB of 10^9 bytes, rounded up. */
  kubevirt: {
    title: 'KubeVirt',
    pollNs: 400 * NS_PER_MS,
    watchesProgress: true,
    timeoutUnits: (memoryBytes) => Math.ceil(memoryBytes / GIGABYTE),
  },
  /** Cloud Hypervisor, vmm/src/lib.rs ae44c2971: `timeout_s` is compared once the dirty log of an iteration has been read. */
  vmm: {
    title: 'the VMM',
    pollNs: Number.POSITIVE_INFINITY,
    watchesProgress: false,
    timeoutUnits: gibs,
  },
} as const satisfies Readonly<Record<string, ManagerFacts>>;

export type ManagerName = keyof typeof MANAGERS;

export const MANAGER_NAMES = keysOf(MANAGERS);

/** The manager that watches a move, and for how long remaining memory need not fall, ns. */
export interface Watch {
  readonly manager: ManagerName;
  readonly progressTimeoutNs: number;
}

/** Why a manager acts. */
export const ACT_REASONS = ['timeout', 'no progress', 'iterations'] as const;
type ActReason = (typeof ACT_REASONS)[number];

type ManagerAction =
  | { readonly kind: 'none' }
  /** The downtime limit becomes another. */
  | { readonly kind: 'set limit'; readonly limitNs: number }
  /** The move is cancelled; the VM runs on at the source. */
  | { readonly kind: 'cancel'; readonly reason: ActReason }
  /** The VM is stopped now, however much is left. */
  | { readonly kind: 'stop'; readonly reason: ActReason };

/** What a manager sees; one object is used for all polls. Times from the start of the move, in ns. */
export interface MoveProgress {
  elapsedNs: number;
  /** Iterations that have ended. */
  iterations: number;
  /** Memory that the VMM reports as remaining, in bytes; that of devices is not in it. */
  remainingBytes: number;
  /** The poll at which less remained than at the poll before, or nothing at the poll before; 0: none so far. */
  fellNs: number;
  /** Steps of the limit that have been taken. */
  stepsTaken: number;
  /** Whether the VM is stopped for its switchover. */
  paused: boolean;
}

export interface Manager {
  readonly pollNs: number;
  readonly watchesProgress: boolean;
  /** Iterations that a move may take; Infinity: any. */
  readonly iterationsMax: number;
  /** The action at a poll. Called again until it answers `none`, `cancel` or `stop`. It depends on what it is given alone. */
  act(seen: MoveProgress): ManagerAction;
  /** Before this time {@link act} answers `none` as long as remaining memory does not fall; Infinity: for good. */
  idleUntilNs(seen: MoveProgress): number;
  /** Whether a move that has taken so long has taken more than its time, and the manager lets it end. */
  letsEndLate(elapsedNs: number): boolean;
}

const NONE: ManagerAction = { kind: 'none' };

/** A manager that goes by rules. */
export function managerOf(name: ManagerName, rules: ConvergenceRules): Manager {
  return new RuleManager(name, rules);
}

/** The first poll from a time on, in ns from the start of the move; Infinity where the manager has none. */
export function pollFrom({ pollNs }: Pick<Manager, 'pollNs'>, idleUntilNs: number): number {
  if (pollNs === 0) return idleUntilNs;
  return Number.isFinite(pollNs) ? Math.ceil(idleUntilNs / pollNs) * pollNs : Number.POSITIVE_INFINITY;
}

/** Steps of the limit, a time-out, a progress time-out and a number of iterations, each by what the manager can see. */
class RuleManager implements Manager {
  readonly pollNs: number;
  readonly watchesProgress: boolean;
  readonly iterationsMax: number;
  private readonly rules: ConvergenceRules;
  private readonly progressTimeoutNs: number;
  private readonly limits: readonly ManagerAction[];
  private readonly outOfTime: ManagerAction;
  private readonly outOfIterations: ManagerAction;
  private readonly noProgress: ManagerAction = { kind: 'cancel', reason: 'no progress' };

  constructor(name: ManagerName, rules: ConvergenceRules) {
    const { pollNs, watchesProgress } = MANAGERS[name];
    const kind = rules.whenOut === 'stop' ? 'stop' : 'cancel';
    this.pollNs = pollNs;
    this.iterationsMax = rules.roundsMax;
    this.watchesProgress = watchesProgress && Number.isFinite(rules.progressTimeoutNs);
    this.progressTimeoutNs = this.watchesProgress ? rules.progressTimeoutNs : Number.POSITIVE_INFINITY;
    this.rules = rules;
    this.limits = rules.limitSteps.map(({ limitNs }) => ({ kind: 'set limit', limitNs }));
    this.outOfTime = { kind, reason: 'timeout' };
    this.outOfIterations = { kind, reason: 'iterations' };
  }

  act({ elapsedNs, iterations, fellNs, stepsTaken, paused }: MoveProgress): ManagerAction {
    const { rules } = this;
    const isOut = elapsedNs >= rules.timeoutNs;
    // A manager that stops the VM when time is out lets a switchover that has begun end; progress is not reported in it.
    if (paused) return isOut && rules.whenOut === 'cancel' ? this.outOfTime : NONE;
    const step = rules.limitSteps[stepsTaken];
    if (step !== undefined && step.afterNs <= elapsedNs) return this.limits[stepsTaken] ?? NONE;
    if (isOut && rules.whenOut === 'stop') return this.outOfTime;
    if (elapsedNs - fellNs >= this.progressTimeoutNs) return this.noProgress;
    if (isOut) return this.outOfTime;
    return iterations >= rules.roundsMax ? this.outOfIterations : NONE;
  }

  idleUntilNs({ fellNs, stepsTaken, paused }: MoveProgress): number {
    const { rules } = this;
    if (paused) return rules.whenOut === 'cancel' ? rules.timeoutNs : Number.POSITIVE_INFINITY;
    const stepNs = rules.limitSteps[stepsTaken]?.afterNs ?? Number.POSITIVE_INFINITY;
    return Math.min(stepNs, rules.timeoutNs, fellNs + this.progressTimeoutNs);
  }

  letsEndLate(elapsedNs: number): boolean {
    return this.rules.whenOut === 'stop' && elapsedNs > this.rules.timeoutNs;
  }
}
