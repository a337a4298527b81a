/**
 * Moves of guests under policies, one after another in one slot of the pre-copy engine.
 */
import { pointCosts } from '../device/costs.ts';
import type { DeviceFigures, DeviceProfile } from '../memory/device-profile.ts';
import { GIB, NS_PER_S } from '../base/units.ts';
import { pointParameters, QEMU, type VmmParameters } from '../memory/parameters.ts';
import { type PageWays, pageWays } from '../memory/post-copy.ts';
import { precopyKind, type SilentWork } from '../memory/precopy.ts';
import { END_REASONS, PRECOPY_ENDS } from '../memory/precopy-end.ts';
import { PrecopyEngine } from '../memory/precopy-engine.ts';
import { ADVANCE, type PrecopyKind } from '../memory/precopy-slots.ts';
import { type StreamRates, streamRates } from '../memory/stream.ts';
import {
  type DeviceGroup,
  lateStateBytes,
  type MovedVm,
  pauseNsOf,
  pauseRates,
  silentWork,
  switchNsOf,
} from '../memory/vm-move.ts';
import { VMMS, type VmmName } from '../memory/vmms.ts';
import type { Guest } from './guest.ts';
import type { PlayedPolicy } from './policies.ts';
import { arrivalOf, READER_TOUCHES } from './post-copy.ts';

/**
 * How a move ended. `forced`: stopped although more was left than fits into the limit; `endless`: not within the horizon;
 * `post-copy`: the VM ran before all of its memory was there.
 */
export const MOVE_ENDS = ['moved', 'forced', 'cancelled', 'endless', 'post-copy'] as const;
export type MoveEnd = (typeof MOVE_ENDS)[number];
export const MOVE_END = { moved: 0, forced: 1, cancelled: 2, endless: 3, 'post-copy': 4 } as const satisfies Readonly<
  Record<MoveEnd, number>
>;

/** What all moves of a question share. */
export interface StreamSettings {
  readonly gigabitsPerSecond: number;
  readonly latencyNs: number;
  readonly channels: number;
  readonly multifd: boolean;
  readonly tls: boolean;
  /** A cap on the stream, in bytes per second; Infinity: none. */
  readonly maxBytesPerSecond: number;
}

export interface Devices {
  readonly name: string;
  readonly count: number;
  readonly queues: number;
  readonly profile: DeviceProfile;
  readonly figures: DeviceFigures;
}

/** What nobody knows of a move, whatever its guest. */
export interface MoveUnknowns {
  readonly parameters: VmmParameters;
  readonly vcpuStopNs: number;
  readonly vcpuStartNs: number;
  /** {@link READER_TOUCHES}. */
  readonly readerTouches: number;
}

function nominalUnknowns(): MoveUnknowns {
  const { vcpuStopNs, vcpuStartNs } = pointCosts();
  return { parameters: pointParameters(), vcpuStopNs, vcpuStartNs, readerTouches: READER_TOUCHES.value };
}

/** Figures of moves, by their place: doubles, NaN where there is no such figure. */
export interface MoveColumns {
  /** {@link MOVE_END}. */
  readonly end: Uint8Array;
  /** Place in END_REASONS. */
  readonly reason: Uint8Array;
  /** From the first byte to the end of the move, after post-copy to the last page, in ns; of an endless one NaN. */
  readonly totalNs: Float64Array;
  /** vCPUs stopped to vCPUs running; of a VM that did not move NaN. */
  readonly pauseNs: Float64Array;
  /** Guest memory sent, in bytes; also of moves that failed. */
  readonly sentBytes: Float64Array;
  /** Time that the vCPUs lost outside of the pause, at their mean, in ns: throttling, waits, write protection, missing pages. */
  readonly lostNs: Float64Array;
  /** The same of a vCPU that writes, and of one that only reads. */
  readonly writerLostNs: Float64Array;
  readonly readerLostNs: Float64Array;
  /** From the running VM to its last page, in ns; without post-copy NaN. */
  readonly arrivesNs: Float64Array;
  /** Pages that vCPUs waited for meanwhile, and the share of that time that a vCPU which writes did not wait. */
  readonly waitedPages: Float64Array;
  readonly speed: Float64Array;
}

export type MoveFigure = Exclude<keyof MoveColumns, 'end' | 'reason'>;

export function moveColumns(count: number): MoveColumns {
  const doubles = (): Float64Array => new Float64Array(count).fill(Number.NaN);
  return {
    end: new Uint8Array(count),
    reason: new Uint8Array(count),
    totalNs: doubles(),
    pauseNs: doubles(),
    sentBytes: doubles(),
    lostNs: doubles(),
    writerLostNs: doubles(),
    readerLostNs: doubles(),
    arrivesNs: doubles(),
    waitedPages: doubles(),
    speed: doubles(),
  };
}

const CANCELLED = PRECOPY_ENDS.indexOf('cancelled');
const FORCED = PRECOPY_ENDS.indexOf('forced');

/** What a VMM's stream carries, the same for all guests. */
interface VmmStream {
  readonly rates: StreamRates;
  readonly lastRates: StreamRates;
  readonly ways: PageWays;
}

/** What one guest's move is under a VMM whatever the policy. */
interface GuestMove {
  readonly silent: SilentWork;
  /** State of devices that goes in the pause. */
  readonly stateBytes: number;
  /** The pause without what is left of memory. */
  readonly pauseNs: number;
}

export class ConvergePlayer {
  /** Events played so far: what a move costs, whatever the machine. */
  events = 0;
  private readonly stream: StreamSettings;
  private readonly devices: readonly DeviceGroup[];
  private readonly p: VmmParameters;
  private readonly horizonNs: number;
  private readonly kinds: PrecopyKind[] = [];
  private readonly engine = new PrecopyEngine(this.kinds, 1);
  private readonly streams = new Map<VmmName, VmmStream>();
  /** The guest that was played last, and what is known of it. */
  private guest: Guest | undefined;
  private readonly moves = new Map<string, GuestMove>();

  private readonly unknowns: MoveUnknowns;

  /** @param unknowns default: nominal */
  constructor(
    stream: StreamSettings,
    devices: readonly Devices[],
    horizonNs: number,
    unknowns: MoveUnknowns = nominalUnknowns(),
  ) {
    this.unknowns = unknowns;
    this.p = unknowns.parameters;
    this.stream = stream;
    this.devices = devices;
    this.horizonNs = horizonNs;
  }

  /** Guest memory that a stream carries, in bytes per second: rates of classes are shares of it. */
  carries(vmm: VmmName): number {
    return this.streamOf(vmm).rates.memoryBytesPerSecond;
  }

  /** Plays one move and notes what came of it at a place of the columns. */
  play(guest: Guest, policy: PlayedPolicy, columns: MoveColumns, at: number): void {
    const { vmm, switchoverAck } = policy;
    const { rates, lastRates } = this.streamOf(vmm);
    const move = this.moveOf(guest, vmm, switchoverAck);
    const { engine, horizonNs } = this;
    this.kinds[0] = precopyKind(
      guest.sets,
      move.stateBytes,
      { ...policy, windowPhase: guest.windowPhase },
      move.silent,
      this.p,
    );
    engine.begin(0, 0, 0);
    engine.changeRate(0, rates.memoryBytesPerSecond, rates.wireBytesPerSecond, 0);
    let nowNs = 0;
    let stoppedNs = Number.NaN;
    for (;;) {
      const dueNs = engine.dueNs[0]!;
      const isEndless = dueNs > horizonNs || dueNs === Number.POSITIVE_INFINITY;
      if (isEndless && Number.isNaN(stoppedNs)) break;
      nowNs = dueNs;
      this.events += 1;
      const came = engine.advance(0, nowNs);
      if (came === ADVANCE.running) continue;
      if (came === ADVANCE.ended) return this.note(guest, policy, columns, at, nowNs, stoppedNs);
      stoppedNs = nowNs;
      if (engine.postCopies[0] === 1) return this.followOn(guest, policy, columns, at, nowNs);
      const dirtied = Math.min(engine.leftBytes[0]!, engine.dirtiedBytes[0]!);
      const sendNs = (engine.leftBytes[0]! / lastRates.memoryBytesPerSecond) * NS_PER_S;
      const zeroNs = (engine.zeroLeftBytes[0]! / lastRates.zeroBytesPerSecond) * NS_PER_S;
      engine.pause(0, move.pauseNs + sendNs + zeroNs + (this.p.finalSyncNsPerGib * dirtied) / GIB, nowNs);
    }
    columns.end[at] = MOVE_END.endless;
    columns.reason[at] = 0;
    columns.totalNs[at] = Number.NaN;
    columns.pauseNs[at] = Number.NaN;
    this.noteLost(guest, policy, columns, at);
  }

  /** The VM was stopped for post-copy: it runs after a pause without memory, and waits for pages until the last is there. */
  private followOn(guest: Guest, policy: PlayedPolicy, columns: MoveColumns, at: number, stoppedNs: number): void {
    const { engine } = this;
    const { vmm, switchoverAck } = policy;
    const left = {
      pendingBytes: engine.leftBytes[0]!,
      dirtiedBytes: engine.dirtiedBytes[0]!,
      zeroBytes: engine.zeroLeftBytes[0]!,
      postCopy: true,
    };
    const pauseNs = switchNsOf(this.moveInput(vmm, switchoverAck, guest), left, this.p);
    const missing = {
      sets: guest.sets,
      leftBytes: (set: number): number => engine.leftOfSet(0, set),
      zeroBytes: left.zeroBytes,
      writers: guest.writers,
      resumedNs: stoppedNs + pauseNs,
    };
    const { arrivesNs, speed, waitedPages } = arrivalOf(missing, this.streamOf(vmm).ways, policy);
    columns.end[at] = MOVE_END['post-copy'];
    columns.reason[at] = END_REASONS.indexOf(engine.reasonOf(0));
    columns.totalNs[at] = stoppedNs + pauseNs + arrivesNs;
    columns.pauseNs[at] = pauseNs;
    columns.arrivesNs[at] = arrivesNs;
    columns.waitedPages[at] = waitedPages;
    columns.speed[at] = speed;
    const waitedNs = (1 - speed) * arrivesNs;
    this.noteLost(guest, policy, columns, at, waitedNs, waitedNs * this.unknowns.readerTouches);
  }

  private note(
    guest: Guest,
    policy: PlayedPolicy,
    columns: MoveColumns,
    at: number,
    nowNs: number,
    stoppedNs: number,
  ): void {
    const { engine } = this;
    const end = PRECOPY_ENDS.indexOf(engine.endOf(0));
    const moved = end !== CANCELLED;
    columns.end[at] = moved ? (end === FORCED ? MOVE_END.forced : MOVE_END.moved) : MOVE_END.cancelled;
    columns.reason[at] = END_REASONS.indexOf(engine.reasonOf(0));
    columns.totalNs[at] = nowNs;
    columns.pauseNs[at] = moved ? nowNs - stoppedNs : Number.NaN;
    this.noteLost(guest, policy, columns, at);
  }

  /** @param waitedNs for missing pages, by a vCPU that writes, and by one that only reads */
  private noteLost(
    { vcpus, writers }: Guest,
    { throttling }: PlayedPolicy,
    columns: MoveColumns,
    at: number,
    waitedNs: number = 0,
    readerWaitedNs: number = 0,
  ): void {
    const { engine } = this;
    columns.sentBytes[at] = engine.sentBytes[0]!;
    const slowedNs = engine.throttle.lostNs[0]!;
    // Each page that is written again after a sync traps once.
    const trappedNs = (engine.redirtiedBytes[0]! / QEMU.pageBytes) * this.p.redirtyNsPerPage;
    const readerNs = (throttling?.kind === 'auto-converge' ? slowedNs : 0) + readerWaitedNs;
    const writerNs = slowedNs + trappedNs / writers + waitedNs;
    columns.readerLostNs[at] = writers === vcpus ? Number.NaN : readerNs;
    columns.writerLostNs[at] = writerNs;
    columns.lostNs[at] = (writers * writerNs + (vcpus - writers) * readerNs) / vcpus;
  }

  private streamOf(vmm: VmmName): VmmStream {
    const known = this.streams.get(vmm);
    if (known !== undefined) return known;
    const input = this.moveInput(vmm, false, undefined);
    const made = {
      rates: streamRates(input.stream, this.p),
      lastRates: pauseRates(input, this.p),
      ways: pageWays(input.stream, QEMU.pageBytes, this.p),
    };
    this.streams.set(vmm, made);
    return made;
  }

  private moveOf(guest: Guest, vmm: VmmName, switchoverAck: boolean): GuestMove {
    if (this.guest !== guest) {
      this.guest = guest;
      this.moves.clear();
    }
    const isAcked = switchoverAck && this.devices.length > 0;
    const key = isAcked ? `${vmm} acked` : vmm;
    const known = this.moves.get(key);
    if (known !== undefined) return known;
    const input = this.moveInput(vmm, isAcked, guest);
    const { lastRates } = this.streamOf(vmm);
    const made = {
      silent: silentWork(input, this.p),
      stateBytes: lateStateBytes(input),
      pauseNs: pauseNsOf(input, lastRates.wireBytesPerSecond, 0, 0, 0, this.p),
    };
    this.moves.set(key, made);
    return made;
  }

  private moveInput(vmm: VmmName, switchoverAck: boolean, guest: Guest | undefined): MovedVm {
    const { gigabitsPerSecond, latencyNs, channels, multifd, tls, maxBytesPerSecond } = this.stream;
    const { memoryBytes = GIB, usedBytes = GIB, vcpus = 1 } = guest ?? {};
    return {
      vcpus,
      memory: {
        bytes: memoryBytes,
        nonZeroShare: usedBytes / memoryBytes,
        pageBytes: QEMU.pageBytes,
        dirty: { kind: 'none' },
        layout: 'data',
      },
      stream: {
        vmm,
        gigabitsPerSecond,
        latencyNs,
        lineShare: 1,
        channels,
        multifd: VMMS[vmm].hasMultifd && multifd,
        tls,
        compression: null,
        compressionRatio: null,
        fill: 'mixed',
        engines: 1,
        zeroCheck: multifd ? 'channels' : 'mainThread',
        preallocated: true,
        maxBytesPerSecond,
      },
      devices: this.devices,
      parallelDevices: false,
      switchoverAck,
      returnPath: VMMS[vmm].returnPath,
      vcpuStopNs: this.unknowns.vcpuStopNs,
      vcpuStartNs: this.unknowns.vcpuStartNs,
      busyVcpus: true,
    };
  }
}
