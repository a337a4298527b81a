/**
 * One VM with its VFs moves from host to host, register by register, in the order in which a VMM does it: destinations
 * are made ready, match data goes ahead where the VMM wants that, vCPUs stop, all VFs stop and are saved, are read, wait
 * for the memory, are loaded and started, vCPUs run.
 *
 * A generator that yields the time until which it has nothing to do. A move alone makes each call in one go; several take
 * turns access by access (`sim/world/fiber.ts`). Iterations of memory before the stop take no time here; the time that
 * memory and state take in the pause comes from outside ({@link MoveOptions.loadBegins}).
 */
import { ENOTTY, errnoName } from '../abi/errno.ts';
import { bug } from '../base/bug.ts';
import { type LeafPart, PauseClock, pauseLastedNs, type PauseRecord } from '../base/pause-parts.ts';
import type { CostValues } from '../device/costs.ts';
import type { HazardId } from '../driver/hazards.ts';
import type { DriverPhase } from '../driver/vf-driver.ts';
import { type Fiber, type FiberBody, runFibers } from '../world/fiber.ts';
import type { World } from '../world/world.ts';
import { MoveCalls } from './move-calls.ts';
import {
  LOAD,
  MATCH_DATA,
  PARK_SOURCE,
  READ,
  RESET_DESTINATION,
  RESET_SOURCE,
  RESET_UNLOADED,
  RESUME_SOURCE,
  RESUMING,
  RUN,
  STOP_COPY,
  STOP_SOURCE,
  WRITE,
} from './protocol-v2.ts';
import {
  type CallFailure,
  type MoveManners,
  type MovingVf,
  type VfCall,
  type VfEndState,
  VfPassage,
  type VfTimes,
} from './vf-passage.ts';
import type { VfSpan } from './vf-span.ts';

/** Where a move can be cut off, in their order: the end of each of its steps. */
export const MOVE_POINTS = [
  'ready',
  'precopy',
  'vcpusStopped',
  'devicesStopped',
  'saved',
  'sending',
  'loaded',
] as const;

type MovePoint = (typeof MOVE_POINTS)[number];

/** A cancellation of the move, or a break of the link. */
export interface Cut {
  readonly by: 'cancel' | 'link';
  readonly at: MovePoint;
  /** At `sending`: after this share of the time, 0 to 1. */
  readonly share: number;
}

/** What is on its way in the pause. Times in ns. */
export interface Sending {
  readonly nowNs: number;
  /** When the vCPUs were stopped. */
  readonly stoppedAtNs: number;
  /** Images and memory of the queues, in bytes. */
  readonly bytes: number;
  /** Times of each VF, known up to `readNs`. */
  readonly times: readonly VfTimes[];
}

export interface MoveOptions extends MoveManners {
  readonly vfs: readonly MovingVf[];
  readonly costs: Pick<CostValues, 'syscallNs' | 'vcpuStopNs' | 'vcpuStartNs'>;
  /** @returns when all has arrived and loading may begin, in ns of the world's clock */
  readonly loadBegins: (sending: Sending) => number;
  readonly cut?: Cut | null;
  /** How long the guest is watched afterwards before it is asked for no more, in ns. Default: it is not, and runs on. */
  readonly watchNs?: number;
  /** How long after the others it begins, in ns. Default: 0. */
  readonly afterNs?: number;
  /** Called when a part begins. */
  readonly onPart?: (part: LeafPart) => void;
}

export interface MoveOutcome {
  readonly kind: 'moved' | 'failed' | 'cancelled';
  readonly guestAt: 'source' | 'destination';
  /** One for each VF. */
  readonly vfs: readonly VfEndState[];
  /** Bugs of the drivers of each VF that struck. */
  readonly hazards: readonly (readonly HazardId[])[];
  /** The call that failed with its error, or the point of the cut; empty when it moved. */
  readonly at: string;
  readonly errno: string;
  /** In words, where the errno alone does not say it. */
  readonly reason?: string;
  /** When the vCPUs were stopped, ns of the world's clock; NaN when they never were. */
  readonly stoppedAtNs: number;
  /** vCPUs stopped to vCPUs running, wherever, in ns; 0 when they never stopped. */
  readonly pauseNs: number;
  /** Its parts; null when the vCPUs never stopped. */
  readonly pause: PauseRecord | null;
  readonly times: readonly VfTimes[];
  readonly spans: readonly VfSpan[];
  /** Images and memory of the queues that were sent in the pause, in bytes; 0 when nothing was. */
  readonly sentBytes: number;
}

/** One step of a move. */
interface MoveStep {
  /** The part that begins with it; null: it is none of the move's own. */
  readonly part: LeafPart | null;
  /** Where it ends; null: where a move cannot be cut off. */
  readonly point: MovePoint | null;
  /** Whether the source still has the VM, so that a call that fails ends the move there. */
  readonly canLeave: boolean;
  readonly when: (move: Move) => boolean;
  /** What happens when it begins. */
  readonly begin: (move: Move) => void;
  /** Until when nothing happens, in ns of the world's clock; and what then does. */
  readonly untilNs: ((move: Move) => number) | null;
  readonly after: (move: Move) => void;
  /** Calls on each VF, on one VF after another. */
  readonly calls: readonly VfCall[];
}

function step(part: LeafPart | null, fields: Partial<MoveStep>): MoveStep {
  const { point = null, canLeave = point !== null, untilNs = null, calls = [] } = fields;
  const { when = () => true, begin = () => undefined, after = () => undefined } = fields;
  return { part, point, canLeave, when, begin, untilNs, after, calls };
}

export class Move {
  private readonly world: World;
  private readonly options: MoveOptions;
  private readonly spans: VfSpan[] = [];
  private passages: readonly VfPassage[] = [];
  /** Runs while the pause lasts. */
  private clock: PauseClock | null = null;
  /** The pause, once it is over. */
  private pause: PauseRecord | null = null;
  private sentBytes = 0;

  /** All devices of both ends must be open. */
  constructor(world: World, options: MoveOptions) {
    this.world = world;
    this.options = options;
  }

  private static readonly START_VCPUS: MoveStep = step('vcpuStart', {
    when: (move) => move.clock !== null,
    untilNs: (move) => move.nowNs + move.options.costs.vcpuStartNs,
    after: (move) => move.startVcpus(),
  });

  /** The guest runs on under its load for a while, and is then asked for no more. */
  private static readonly WATCH: MoveStep = step(null, {
    when: (move) => move.options.watchNs !== undefined,
    untilNs: (move) => move.nowNs + (move.options.watchNs ?? 0),
    after: (move) => move.quiesce(),
  });

  /** All steps of a move that succeeds. From `start` on there is no way back: the destination owns the VM. */
  private static readonly STEPS: readonly MoveStep[] = [
    step('prepare', { point: 'ready', calls: [RESUMING] }),
    step('matchData', { point: 'precopy', calls: MATCH_DATA }),
    step('vcpuStop', {
      point: 'vcpusStopped',
      begin: (move) => move.stopVcpus(),
      untilNs: (move) => move.nowNs + move.options.costs.vcpuStopNs,
    }),
    step('pauseAndDrain', { point: 'devicesStopped', calls: [STOP_COPY] }),
    step('read', { point: 'saved', calls: [READ] }),
    step('handOver', { point: 'sending', untilNs: (move) => move.send() }),
    step('load', {
      point: 'loaded',
      begin: (move) => move.passages.forEach((passage) => passage.receiveMemory()),
      calls: [WRITE, LOAD, RESET_UNLOADED],
    }),
    step('start', { begin: (move) => move.passages.forEach((passage) => passage.takeOver()), calls: [RUN] }),
    Move.START_VCPUS,
    Move.WATCH,
    step('cleanUp', {
      begin: (move) => move.passages.forEach((passage) => passage.closeIncoming()),
      calls: [STOP_SOURCE],
    }),
  ];

  /** Steps of a move that ends early: the guest runs on at the source, if that can be had, and the destination lets go. */
  private static readonly LEAVE: readonly MoveStep[] = [
    step('recovery', {
      begin: (move) => move.passages.forEach((passage) => passage.closeOutgoing()),
      calls: [RESET_SOURCE, RESUME_SOURCE],
    }),
    Move.START_VCPUS,
    Move.WATCH,
    step(null, {
      begin: (move) => move.passages.forEach((passage) => passage.closeIncoming()),
      calls: [RESET_DESTINATION],
    }),
  ];

  /** Steps of a move that ends with a stop that fails, after which nobody starts the vCPUs again. */
  private static readonly PARK: readonly MoveStep[] = [
    step('recovery', {
      begin: (move) => move.passages.forEach((passage) => passage.closeOutgoing()),
      calls: [RESET_SOURCE, PARK_SOURCE],
    }),
    Move.WATCH,
    ...Move.LEAVE.slice(-1),
  ];

  /** The whole move as a fiber, for runs of moves with other things. */
  get start(): FiberBody<MoveOutcome> {
    return (fiber) => this.run(fiber);
  }

  /**
   * The whole move. One generator with all waits in it: it is resumed access by access where others are at work.
   *
   * @param fiber whose turns the devices' calls are to take; null: nobody else is at work, and each is made in one go
   */
  *run(fiber: Fiber | null): Generator<number, MoveOutcome, void> {
    const { cut, afterNs = 0 } = this.options;
    if (afterNs > 0) yield this.nowNs + afterNs;
    const calls = new MoveCalls(this.world, this.options.costs.syscallNs, fiber);
    const passages = this.passagesWith(calls);
    const blocked = this.blocked();
    let ended: CallFailure | 'cut' | null = null;
    let steps = blocked === null ? Move.STEPS : [Move.WATCH];
    for (let at = 0; at < steps.length; at++) {
      const now = steps[at]!;
      if (!now.when(this)) continue;
      this.enter(now.part);
      now.begin(this);
      if (now.untilNs !== null) yield now.untilNs(this);
      now.after(this);
      let failure: CallFailure | null = null;
      for (let vf = 0; vf < passages.length && failure === null; vf++) {
        const passage = passages[vf]!;
        if (vf > 0) this.enter(now.part);
        for (let i = 0; i < now.calls.length && failure === null; i++) {
          const call = now.calls[i]!;
          if (call.when(passage)) failure = passage.finish(call, passage.call(call) ?? (yield* calls.rest()));
        }
      }
      if (failure === null && (now.point === null || now.point !== cut?.at)) continue;
      if (!now.canLeave) bug('MOVE_CALL', failure?.call.name, failure?.ret);
      ended = failure ?? 'cut';
      steps = this.parks(failure) ? Move.PARK : Move.LEAVE;
      at = -1;
    }
    return blocked ?? this.outcome(ended);
  }

  private parks(failure: CallFailure | null): boolean {
    return failure?.call === STOP_COPY && this.options.recovery === 'park';
  }

  private passagesWith(calls: MoveCalls): readonly VfPassage[] {
    const { options, spans } = this;
    const onPhase = (phase: DriverPhase): void => this.enter(phase);
    this.passages = options.vfs.map((vf, index) => {
      return new VfPassage({ vf, index, manners: options, calls, spans, onPhase });
    });
    return this.passages;
  }

  private stopVcpus(): void {
    const { world, options, nowNs } = this;
    this.clock = new PauseClock(nowNs);
    world.eventNs = nowNs;
    for (const { guest } of options.vfs) guest.stop();
  }

  /** @returns when all has arrived, or the move is cut off */
  private send(): number {
    const { options, passages, nowNs } = this;
    const { cut } = options;
    const stoppedAtNs = this.clock?.startNs ?? bug('SENT_BEFORE_THE_STOP');
    const times = passages.map((passage) => passage.times);
    for (const { pauseBytes } of passages) this.sentBytes += pauseBytes;
    const beginsNs = options.loadBegins({ nowNs, stoppedAtNs, bytes: this.sentBytes, times });
    const share = cut?.at === 'sending' ? cut.share : 1;
    return Math.max(nowNs, share === 1 ? beginsNs : nowNs + (beginsNs - nowNs) * share);
  }

  private startVcpus(): void {
    const { world, options, nowNs } = this;
    this.pause = this.clock?.finish(nowNs) ?? null;
    this.clock = null;
    world.eventNs = nowNs;
    for (const { guest } of options.vfs) guest.start();
  }

  private quiesce(): void {
    this.world.eventNs = this.nowNs;
    for (const { guest } of this.options.vfs) guest.quiesce();
  }

  /** How a move ends that does not begin, because a device offers no migration; null: all do. */
  private blocked(): MoveOutcome | null {
    for (const { index, from, to } of this.passages) {
      const reason = from.migrationBlocker ?? to.migrationBlocker;
      if (reason === null) continue;
      const at = this.place(index, from.migrationBlocker === null ? 'destination MIGRATION' : 'source MIGRATION');
      return { ...this.outcome('cut'), kind: 'failed', at, errno: errnoName(-ENOTTY), reason };
    }
    return null;
  }

  /** @param ended how the way to the destination ended; null: there */
  private outcome(ended: CallFailure | 'cut' | null): MoveOutcome {
    const { pause, passages, sentBytes, options, spans } = this;
    const { cut = null } = options;
    const unloaded = passages.find(({ loadErrno }) => loadErrno < 0);
    let at = '';
    let errno = '';
    if (ended === 'cut') {
      at = cut === null ? '' : cut.by === 'link' ? `link at ${cut.at}` : cut.at;
    } else if (ended !== null) {
      at = this.place(ended.vf, ended.call.name);
      errno = errnoName(ended.ret);
    } else if (unloaded !== undefined) {
      at = this.place(unloaded.index, LOAD.name);
      errno = errnoName(unloaded.loadErrno);
    }
    return {
      kind: ended === null ? 'moved' : ended === 'cut' && cut?.by === 'cancel' ? 'cancelled' : 'failed',
      guestAt: ended === null ? 'destination' : 'source',
      vfs: passages.map(({ end }) => end),
      hazards: passages.map(({ hazards }) => hazards),
      at,
      errno,
      stoppedAtNs: pause?.startNs ?? Number.NaN,
      pauseNs: pause === null ? 0 : pauseLastedNs(pause),
      pause,
      times: passages.map(({ times }) => times),
      spans,
      sentBytes,
    };
  }

  /** Which of several VFs a call was made on. */
  private place(vf: number, at: string): string {
    return this.passages.length === 1 ? at : `${at} of VF ${vf + 1}`;
  }

  /** A part begins. */
  private enter(part: LeafPart | null): void {
    if (part === null) return;
    this.clock?.enter(part, this.nowNs);
    this.options.onPart?.(part);
  }

  private get nowNs(): number {
    return this.world.clock.nowNs;
  }
}

/**
 * Runs moves to their ends on one clock. Several interleave, access by access: the one whose time comes first resumes, among equals
 * the one given first.
 *
 * @returns the outcomes, in the order given
 */
export function runMoves(world: World, moves: readonly Move[]): MoveOutcome[] {
  const [alone] = moves;
  if (alone === undefined) return [];
  if (moves.length > 1) {
    return runFibers(
      world,
      moves.map(({ start }) => start),
    );
  }
  const steps = alone.run(null);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return [value];
    if (value > world.clock.nowNs) world.runUntil(value);
  }
}
