/**
 * One VM with its VFs moves from host to host, register by register, in the order in which a VMM does it: destinations
 * are made ready, match data goes ahead where the VMM wants that, vCPUs stop, all VFs stop and are saved, are read, wait
 * for the memory, are loaded and started, vCPUs run.
 *
 * A body of a fiber: many VMs take turns access by access. Rounds of memory before the stop take no time here; the time
 * that memory and state take in the pause comes from outside ({@link DeviceMoveOptions.loadBegins}).
 */
import { errnoName } from '../abi/errno.ts';
import { ACC_VF_DATA_BYTES, QM_MATCH_BYTES } from '../abi/vf-data.ts';
import { MIG_STATE } from '../abi/vfio.ts';
import { bug } from '../base/bug.ts';
import { MOVE_VIEW, type MovePart, PauseClock, type VfPart } from '../base/pause-parts.ts';
import type { CostValues } from '../device/costs.ts';
import { GuestMemory } from '../device/guest-memory.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import type { DriverPhase } from '../driver/vf-driver.ts';
import type { Fiber } from '../world/fiber.ts';
import type { VfSlot } from '../world/host.ts';
import { SERVICE } from '../world/shared-pf.ts';
import { GUEST_DMA_BASE, type VfGuest } from '../world/vf-guest.ts';
import type { World } from '../world/world.ts';
import { resumeQueues } from '../vfio/resume-queues.ts';
import { UserBuffer } from '../vfio/user-buffer.ts';
import type { VfSpan } from './vf-span.ts';

/** Where a move can be cut off, in their order. */
export const MOVE_POINTS = [
  'ready',
  'precopy',
  'vcpusStopped',
  'devicesStopped',
  'saved',
  'sending',
  'loaded',
] as const;

export type MovePoint = (typeof MOVE_POINTS)[number];

/** Somebody cancels the move, or the link breaks. */
export interface Cut {
  readonly by: 'cancel' | 'link';
  readonly at: MovePoint;
  /** At `sending`: after this share of the time, 0 to 1. */
  readonly share: number;
}

/** Whether a VF whose driver failed is brought back by the driver, or is reset as QEMU does it. */
export const RECOVERIES = ['goOn', 'reset'] as const;
export type Recovery = (typeof RECOVERIES)[number];

/** One VF of the VM: the part of the guest that uses it, and where it goes. */
export interface MovingVf {
  readonly guest: VfGuest;
  readonly destination: VfSlot;
  /** Looks at, and may damage, its image on the way. */
  readonly onWire?: (image: Uint8Array) => void;
}

/** Times of one VF, in ns. */
export type VfTimes = Record<`${VfPart}Ns`, number>;

/** How the guest finds a VF afterwards. */
export type VfEndState =
  /** Its queues are served. */
  | 'served'
  /** It was reset: the guest's queues are forgotten, and what was in them with it. */
  | 'blank'
  /** It stands still, and only a reset would make it work again. */
  | 'paused';

export interface DeviceMoveOutcome {
  readonly kind: 'moved' | 'failed' | 'cancelled';
  readonly guestAt: 'source' | 'destination';
  /** One for each VF. */
  readonly vfs: readonly VfEndState[];
  /** The call that failed with its error, or the point of the cut; empty when it moved. */
  readonly at: string;
  readonly errno: string;
  /** When the vCPUs were stopped, ns of the world's clock; NaN when they never were. */
  readonly stoppedAtNs: number;
  /** vCPUs stopped to vCPUs running, in ns; 0 when they never stopped. */
  readonly pauseNs: number;
  readonly partsNs: Readonly<Record<MovePart, number>>;
  readonly times: readonly VfTimes[];
  readonly spans: readonly VfSpan[];
}

export interface DeviceMoveOptions {
  readonly vfs: readonly MovingVf[];
  readonly costs: CostValues;
  /** Whether the 40 bytes that the destination compares go ahead of the stop. */
  readonly preCopy: boolean;
  readonly recovery: Recovery;
  readonly cut: Cut | null;
  /** When loading may begin, in ns after the vCPUs' stop began, once the VFs' times up to `readNs` are known. */
  readonly loadBegins: (times: readonly VfTimes[]) => number;
  /** How long the guest is watched afterwards, before it is asked for no more. */
  readonly watchNs: number;
}

const STATE = MIG_STATE;
const STOP_FAILED = 'source STOP_COPY';

const PHASES = ['pauseAndDrain', 'statusChecks', 'cacheWriteBack', 'save'] as const satisfies readonly DriverPhase[];

/** Files and images of a VF on its way. */
interface Passage {
  readonly incoming: MigrationFile;
  outgoing: MigrationFile | null;
  readonly image: Uint8Array;
  /** Bytes of the image that the destination has. */
  ahead: number;
}

export class DeviceMove {
  readonly times: readonly VfTimes[];
  private readonly world: World;
  private readonly fiber: Fiber;
  private readonly options: DeviceMoveOptions;
  private readonly sources: readonly VfSlot[];
  private readonly passages: Passage[] = [];
  private readonly spans: VfSpan[] = [];
  private readonly user: UserBuffer = new UserBuffer(new Uint8Array(ACC_VF_DATA_BYTES));
  /** Bytes of each image so far. */
  private readonly lengths: number[] = [];
  /** Sources that were asked to stop. */
  private stopsTried = 0;
  private pause: PauseClock | null = null;

  constructor(fiber: Fiber, options: DeviceMoveOptions) {
    this.world = fiber.world;
    this.fiber = fiber;
    this.options = options;
    this.sources = options.vfs.map(({ guest }) => guest.slot);
    this.times = options.vfs.map(noTimes);
  }

  /** The whole move. All devices must be open, with their migration drivers. */
  *run(): Generator<number, DeviceMoveOutcome, void> {
    const { options, sources, times } = this;
    const { vfs, preCopy } = options;
    for (const [index, { destination }] of vfs.entries()) {
      const ret = yield* this.timed(index, 'prepare', destination, () => destination.vfio.setState(STATE.RESUMING));
      if (ret !== 0) return yield* this.leave(index, 'destination RESUMING', ret);
      const image = new Uint8Array(ACC_VF_DATA_BYTES);
      this.passages.push({ incoming: takeFile(destination), outgoing: null, image, ahead: 0 });
    }
    if (this.isCut('ready')) return yield* this.leave(-1);
    if (preCopy) {
      for (const [index, source] of sources.entries()) {
        const ret = yield* this.goAhead(index, source);
        if (ret !== null) return ret;
      }
    }
    if (this.isCut('precopy')) return yield* this.leave(-1);

    const pause = yield* this.stopVcpus();
    if (this.isCut('vcpusStopped')) return yield* this.leave(-1);
    pause.enter('pauseAndDrain', this.nowNs);
    for (const [index, source] of sources.entries()) {
      this.stopsTried += 1;
      const ret = yield* this.stopDevice(index, source);
      if (ret !== 0) return yield* this.leave(index, STOP_FAILED, ret);
    }
    if (this.isCut('devicesStopped')) return yield* this.leave(-1);
    pause.enter('read', this.nowNs);
    for (const [index, source] of sources.entries()) {
      const ret = yield* this.read(index, source);
      if (ret < 0) return yield* this.leave(index, 'source read', ret);
    }
    if (this.isCut('saved')) return yield* this.leave(-1);

    pause.enter('handOver', this.nowNs);
    const beginsNs = pause.startNs + options.loadBegins(times);
    const share = this.isCut('sending') ? options.cut!.share : 1;
    yield Math.max(this.nowNs, this.nowNs + (beginsNs - this.nowNs) * share);
    if (this.isCut('sending')) return yield* this.leave(-1);

    pause.enter('load', this.nowNs);
    const ends: VfEndState[] = vfs.map(() => 'served');
    let failure: { readonly at: string; readonly errno: string } | null = null;
    const memories = vfs.map(({ guest }) => new GuestMemory(guest.memory.u8.slice().buffer, GUEST_DMA_BASE));
    for (const [index, { destination }] of vfs.entries()) {
      destination.host.accelerator.attachMemory(destination.fn, memories[index]!);
      const written = yield* this.timed(index, 'load', destination, () => this.write(index, destination));
      if (written < 0) return yield* this.leave(index, 'destination write', written);
      const ret = yield* this.timed(index, 'load', destination, () => destination.vfio.setState(STATE.STOP));
      if (ret < 0 && options.recovery === 'goOn') return yield* this.leave(index, 'destination load', ret);
      if (ret < 0) {
        // It is found where the VM starts, which the source takes for done: the VM runs with a device that is reset.
        yield* this.timed(index, 'load', destination, () => blanked(destination));
        failure ??= { at: this.place(index, 'destination load'), errno: errnoName(ret) };
        ends[index] = 'blank';
      }
    }
    if (this.isCut('loaded')) return yield* this.leave(-1);
    for (const [index, { destination }] of vfs.entries()) destination.vfio.closeFile(this.passages[index]!.incoming);

    // From here on there is no way back: the destination owns the VM.
    for (const [index, { guest, destination }] of vfs.entries()) guest.moveTo(memories[index]!, destination);
    pause.enter('start', this.nowNs);
    for (const [index, { destination }] of vfs.entries()) {
      const ret = yield* this.timed(index, 'start', destination, () => destination.vfio.setState(STATE.RUNNING));
      if (ret !== 0) return bug('START_FAILED', ret);
    }
    yield* this.startVcpus();
    yield* this.watch();
    for (const source of sources) {
      const ret = yield* this.call(source, () => source.vfio.setState(STATE.STOP));
      if (ret !== 0) return bug('SOURCE_STOP', ret);
    }
    return this.outcome('moved', 'destination', ends, failure?.at, failure?.errno);
  }

  /** The data that the destination compares goes while the guest runs. @returns how the move ended, or null: it goes on */
  private *goAhead(index: number, source: VfSlot): Generator<number, DeviceMoveOutcome | null, void> {
    const { destination } = this.options.vfs[index]!;
    const passage = this.passages[index]!;
    let ret = yield* this.call(source, () => source.vfio.setState(STATE.PRE_COPY));
    if (ret !== 0) return yield* this.leave(index, 'source PRE_COPY', ret);
    passage.outgoing = takeFile(source);
    ret = yield* this.read(index, source, 'matchData');
    if (ret < 0) return yield* this.leave(index, 'source read', ret);
    const ahead = ret;
    ret = yield* this.call(destination, () => this.write(index, destination));
    if (ret < 0) return yield* this.leave(index, 'destination write', ret);
    passage.ahead = ahead;
    return null;
  }

  private *stopVcpus(): Generator<number, PauseClock, void> {
    const { world, options } = this;
    const { clock } = world;
    const pause = new PauseClock(clock.nowNs);
    this.pause = pause;
    world.eventNs = clock.nowNs;
    for (const { guest } of options.vfs) guest.stop();
    yield clock.nowNs + options.costs.vcpuStopNs;
    return pause;
  }

  /** The guest runs on under its load for a while, and is then asked for no more. */
  private *watch(): Generator<number, void, void> {
    const { world, options } = this;
    yield world.clock.nowNs + options.watchNs;
    world.eventNs = world.clock.nowNs;
    for (const { guest } of options.vfs) guest.quiesce();
  }

  private *startVcpus(): Generator<number, void, void> {
    const { world, options } = this;
    this.pause!.enter('vcpuStart', world.clock.nowNs);
    yield world.clock.nowNs + options.costs.vcpuStartNs;
    this.pause!.finish(world.clock.nowNs);
    world.eventNs = world.clock.nowNs;
    for (const { guest } of options.vfs) guest.start();
  }

  private *stopDevice(index: number, source: VfSlot): Generator<number, number, void> {
    const { clock } = this.world;
    const { fiber } = this;
    const times = this.times[index]!;
    const driver = source.vfio.driver ?? bug('MOVE_WITHOUT_DRIVER');
    let phase: DriverPhase = 'pauseAndDrain';
    let sinceNs = clock.nowNs;
    const enter = (next: DriverPhase): void => {
      times[`${phase}Ns`] += clock.nowNs - sinceNs;
      this.span(index, phase, sinceNs);
      phase = next;
      sinceNs = clock.nowNs;
    };
    driver.onPhase = (next) => {
      // The system call belongs to the first of the phases.
      if (next !== 'pauseAndDrain') fiber.once(SERVICE.phase, PHASES.indexOf(next), () => enter(next));
    };
    const ret = yield* this.call(source, () => source.vfio.setState(STATE.STOP_COPY));
    driver.onPhase = null;
    enter(phase);
    const passage = this.passages[index]!;
    if (ret === 0 && passage.outgoing === null) passage.outgoing = takeFile(source);
    return ret;
  }

  /** Reads what there is of an image. @returns its bytes so far, or a negative errno */
  private *read(index: number, source: VfSlot, span: 'matchData' | 'read' = 'read'): Generator<number, number, void> {
    const passage = this.passages[index]!;
    const file = passage.outgoing ?? bug('NO_DATA_FILE');
    const { user } = this;
    const read = (): number => source.vfio.readFile(file, user, ACC_VF_DATA_BYTES);
    const startNs = this.nowNs;
    const bytes = yield* this.call(source, read);
    if (span === 'read') this.times[index]!.readNs += this.nowNs - startNs;
    this.span(index, span, startNs);
    if (bytes < 0) return bytes;
    passage.image.set(user.bytes.subarray(0, bytes), passage.ahead);
    const end = passage.ahead + bytes;
    this.lengths[index] = end;
    if (span === 'read') {
      source.vfio.closeFile(file);
      passage.outgoing = null;
      this.options.vfs[index]!.onWire?.(passage.image);
    } else {
      this.options.vfs[index]!.onWire?.(passage.image.subarray(0, QM_MATCH_BYTES));
    }
    return end;
  }

  /** Hands the rest of an image to the destination. @returns the bytes that it took, or a negative errno */
  private write(index: number, destination: VfSlot): number {
    const { incoming, image, ahead } = this.passages[index]!;
    const { user } = this;
    const end = this.lengths[index]!;
    user.bytes.set(image.subarray(ahead, end));
    return destination.vfio.writeFile(incoming, user, end - ahead);
  }

  /**
   * The move ends early: the guest goes on at the source, if that can be had, and the destination lets go.
   *
   * @param culprit the VF whose call failed; -1 when the move was cut off
   */
  private *leave(culprit: number, at = '', ret = 0): Generator<number, DeviceMoveOutcome, void> {
    const { options, sources, passages, pause } = this;
    const { vfs, recovery } = options;
    const ends: VfEndState[] = [];
    if (pause !== null) pause.enter('recovery', this.nowNs);
    for (const [index, source] of sources.entries()) {
      const outgoing = passages[index]?.outgoing ?? null;
      if (outgoing !== null) source.vfio.closeFile(outgoing);
      const startNs = this.nowNs;
      if (recovery === 'reset' && index === culprit && at === STOP_FAILED) {
        yield* this.reset(source);
        ends.push('blank');
      } else {
        const tried = index < this.stopsTried;
        const went = yield* this.call(source, () => wentOn(source, tried));
        ends.push(went === 0 ? 'served' : 'paused');
      }
      this.span(index, 'recovery', startNs);
    }
    if (pause !== null) yield* this.startVcpus();
    yield* this.watch();
    for (const [index, { destination }] of vfs.entries()) {
      const passage = passages[index];
      if (passage !== undefined) destination.vfio.closeFile(passage.incoming);
      else if (index !== culprit) continue;
      yield* this.reset(destination);
      destination.host.accelerator.attachMemory(destination.fn, null);
    }
    const { cut } = options;
    if (culprit < 0) {
      const kind = cut!.by === 'cancel' ? 'cancelled' : 'failed';
      return this.outcome(kind, 'source', ends, cut!.by === 'link' ? `link at ${cut!.at}` : cut!.at);
    }
    return this.outcome('failed', 'source', ends, this.place(culprit, at), errnoName(ret));
  }

  private *reset(slot: VfSlot): Generator<number, void, void> {
    yield* this.call(slot, () => blanked(slot));
  }

  /** Which of several VFs a call was made on. */
  private place(index: number, at: string): string {
    return this.options.vfs.length === 1 ? at : `${at} of VF ${index + 1}`;
  }

  private outcome(
    kind: DeviceMoveOutcome['kind'],
    guestAt: DeviceMoveOutcome['guestAt'],
    vfs: readonly VfEndState[],
    at = '',
    errno = '',
  ): DeviceMoveOutcome {
    const { pause, times, spans } = this;
    const stoppedAtNs = pause?.startNs ?? Number.NaN;
    const pauseNs = pause?.lastedNs ?? 0;
    const partsNs = pause?.partsNs(MOVE_VIEW) ?? MOVE_VIEW.noTimes();
    return { kind, guestAt, vfs, at, errno, stoppedAtNs, pauseNs, partsNs, times, spans };
  }

  /** A call whose time is one of a VF's own. */
  private *timed(
    index: number,
    what: 'prepare' | 'load' | 'start',
    slot: VfSlot,
    body: () => number,
  ): Generator<number, number, void> {
    const startNs = this.nowNs;
    const ret = yield* this.call(slot, body);
    const times = this.times[index]!;
    if (what === 'load') times.loadNs += this.nowNs - startNs;
    if (what === 'start') times.startNs += this.nowNs - startNs;
    this.span(index, what, startNs);
    return ret;
  }

  /** One system call into the VFIO driver of a slot; its body may be run several times. */
  private *call(slot: VfSlot, body: () => number): Generator<number, number, void> {
    this.world.clock.nowNs += this.options.costs.syscallNs;
    return yield* this.fiber.whole(slot, body);
  }

  private span(vf: number, part: VfSpan['part'], startNs: number): void {
    const endNs = this.nowNs;
    if (endNs > startNs) this.spans.push({ vf, part, startNs, endNs });
  }

  private isCut(at: MovePoint): boolean {
    return this.options.cut?.at === at;
  }

  private get nowNs(): number {
    return this.world.clock.nowNs;
  }
}

/**
 * Brings a source back to where its queues are served.
 *
 * @param tried whether it was asked to stop; if not, nothing was done to the function
 */
function wentOn({ vfio }: VfSlot, tried: boolean): number {
  if (!tried) return vfio.setState(STATE.RUNNING);
  // A driver that failed on the way out of pre-copy is brought to where it can try again.
  if (vfio.getState() === STATE.PRE_COPY) vfio.setState(STATE.RUNNING);
  return resumeQueues(vfio);
}

function blanked({ vfio }: VfSlot): number {
  vfio.reset();
  return 0;
}

/** The data file that a slot's last state change handed out. */
function takeFile(slot: VfSlot): MigrationFile {
  const file = slot.vfio.newFile ?? bug('NO_DATA_FILE');
  slot.vfio.newFile = null;
  return file;
}

function noTimes(): VfTimes {
  return {
    pauseAndDrainNs: 0,
    statusChecksNs: 0,
    cacheWriteBackNs: 0,
    saveNs: 0,
    readNs: 0,
    loadNs: 0,
    startNs: 0,
  };
}
