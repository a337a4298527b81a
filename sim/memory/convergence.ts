/**
 * The rules by which a move comes to its end: limits and time-outs.
 */

/** From `afterNs` into the move on, the limit is `limitNs`. */
interface LimitStep {
  readonly afterNs: number;
  readonly limitNs: number;
}

/** What happens when a time-out or the last iteration is over: the move is cancelled, or the VM is stopped anyway. */
export const WHEN_OUT = ['cancel', 'stop'] as const;
type WhenOut = (typeof WHEN_OUT)[number];

/** What a manager goes by. */
export interface ConvergenceRules {
  /** Downtime limit in ns. */
  readonly downtimeLimitNs: number;
  /** A limit that rises with time, as Nova's does; in the order of time. */
  readonly limitSteps: readonly LimitStep[];
  /** Time that a move may take, in ns; Infinity: any. */
  readonly timeoutNs: number;
  /** Time for which remaining memory need not fall, in ns, where the manager watches it; Infinity: any. */
  readonly progressTimeoutNs: number;
  /** Iterations that a move may take; Infinity: any. */
  readonly roundsMax: number;
  /** What happens then: the move is cancelled, or the VM is stopped however much is left. */
  readonly whenOut: WhenOut;
  /** Whether the VM has devices of VFIO. */
  readonly hasVfio: boolean;
  /**
   * Whether post-copy begins: `whenOut`, when time or the last iteration is over, in place of a stop; `atOnce`, before any
   * memory is sent. Left out: never.
   */
  readonly postCopy?: 'whenOut' | 'atOnce';
  /** KubeVirt's feature gates MigrationStallDetection and MigrationDowntimeTuning; left out: off, as they are by default. */
  readonly gates?: KubevirtGates;
}

/** The two gates, of which one replaces and one precedes KubeVirt's other rules. */
export interface KubevirtGates {
  readonly stallDetection: boolean;
  readonly downtimeTuning: boolean;
  /** The most that they raise the downtime limit to, ns. */
  readonly maxDowntimeNs: number;
}
