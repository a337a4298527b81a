/**
 * One VF on its way from host to host: both of its ends, its files and its image, and the times of its calls.
 */
import { ACC_VF_DATA_BYTES } from '../abi/vf-data.ts';
import { MIG_FLAG, MIG_STATE } from '../abi/vfio.ts';
import { bug } from '../base/bug.ts';
import type { VfPart, VfSpanPart } from '../base/pause-parts.ts';
import { GuestMemory } from '../device/guest-memory.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import type { HazardId } from '../driver/hazards.ts';
import type { DriverPhase } from '../driver/vf-driver.ts';
import type { MigratableDevice } from '../vfio/migratable-device.ts';
import { resumeQueues } from '../vfio/resume-queues.ts';
import { UserBuffer } from '../vfio/user-buffer.ts';
import type { VfSlot } from '../world/host.ts';
import { SERVICE } from '../world/shared-pf.ts';
import { GUEST_DMA_BASE, type VfGuest } from '../world/vf-guest.ts';
import type { MoveCalls } from './move-calls.ts';
import type { VfSpan } from './vf-span.ts';

/**
 * What becomes of a VF whose driver failed: the driver brings it back; it is reset, at the destination too, as QEMU does it; or it
 * is reset at the source only, as Cloud Hypervisor does it, where a load that fails is reported and the source resumes; or with
 * that, after a stop that fails, the vCPUs stay parked, as Cloud Hypervisor's source says they do.
 */
export const RECOVERIES = ['goOn', 'reset', 'resetSource', 'park'] as const;
export type Recovery = (typeof RECOVERIES)[number];

/** How the guest finds a VF afterwards. */
export type VfEndState =
  /** Its queues are served. */
  | 'served'
  /** It was reset: the guest's queues are forgotten, and what was in them with it. */
  | 'blank'
  /** It is paused, and only a reset would make it work again. */
  | 'paused'
  /** It is as its VM is, whose vCPUs are parked: it works again when they run. */
  | 'parked';

/** What VMMs do differently. */
export interface MoveManners {
  /** Whether the 40 bytes that the destination compares go ahead of the stop, if the driver has PRE_COPY. Default: no. */
  readonly preCopy?: boolean;
  /** Whether the image is loaded by the same call that starts the VF, and not by one before it. Default: no. */
  readonly loadsAtStart?: boolean;
  /** Default: the driver brings it back. */
  readonly recovery?: Recovery;
}

/** One VF of the VM: the part of the guest that uses it, and where it goes. */
export interface MovingVf {
  readonly guest: VfGuest;
  readonly destination: VfSlot;
  /** Reads, and may damage, its image on the way. */
  readonly onWire?: (image: Uint8Array) => void;
  /** How the VMMs call the devices of both ends, in a move that is alone. Default: with no more calls than needed. */
  readonly devices?: { readonly source: MigratableDevice; readonly destination: MigratableDevice };
}

/** One system call on a VF's device, at one of its ends. */
export interface VfCall {
  /** The end that it is made at. */
  readonly at: 'source' | 'destination';
  /** Where it is made and what it asks for, as it is reported when it fails. */
  readonly name: string;
  /** The part whose time it takes; null: of none that is shown. */
  readonly part: VfSpanPart | null;
  /** Whether it is made at all. */
  readonly when: (vf: VfPassage) => boolean;
  /** Makes it. May be run several times, and must do the same each time. @returns 0 or more, or a negative errno */
  readonly make: (vf: VfPassage) => number;
  /** What follows when it succeeded, with what it gave. */
  readonly done: (vf: VfPassage, ret: number) => void;
  /** What follows when it failed. @returns whether the move continues all the same */
  readonly otherwise: (vf: VfPassage, ret: number) => boolean;
}

/** A call that failed. */
export interface CallFailure {
  /** Place among the VM's VFs, from 0. */
  readonly vf: number;
  readonly call: VfCall;
  /** Negative errno. */
  readonly ret: number;
}

/** Times of one VF, in ns: what its calls add to the pause. */
export type VfTimes = Record<`${VfPart}Ns`, number>;

/** Where the time of a part of a VF is kept; null: it is not in the pause, or nobody's. */
const TIME_OF: Readonly<Record<VfSpanPart, keyof VfTimes | null>> = {
  prepare: null,
  matchData: null,
  pauseAndDrain: 'pauseAndDrainNs',
  statusChecks: 'statusChecksNs',
  cacheWriteBack: 'cacheWriteBackNs',
  save: 'saveNs',
  read: 'readNs',
  load: 'loadNs',
  start: 'startNs',
  recovery: null,
};

const PHASES = ['pauseAndDrain', 'statusChecks', 'cacheWriteBack', 'save'] as const satisfies readonly DriverPhase[];

interface PassageParts {
  readonly vf: MovingVf;
  /** Place among the VM's VFs, from 0. */
  readonly index: number;
  readonly manners: MoveManners;
  readonly calls: MoveCalls;
  /** Those of the whole VM are added to. */
  readonly spans: VfSpan[];
  /** Called when another phase of a stop begins. */
  readonly onPhase: (phase: DriverPhase) => void;
}

export class VfPassage {
  /** Place among the VM's VFs, from 0. */
  readonly index: number;
  readonly manners: MoveManners;
  readonly guest: VfGuest;
  readonly source: VfSlot;
  readonly destination: VfSlot;
  /** The device of the source, and that of the destination. */
  readonly from: MigratableDevice;
  readonly to: MigratableDevice;
  /** Whether match data go ahead: the VMM asks for PRE_COPY only of a device whose flags have it. */
  readonly preCopies: boolean;
  readonly times: VfTimes;
  private readonly spans: VfSpan[];
  /** Bytes of the image that have been read, and that the destination had before the pause. */
  imageBytes = 0;
  aheadBytes = 0;
  /** Whether the destination was asked to get ready, the source to stop, and whether that failed. */
  prepareTried = false;
  stopTried = false;
  stopFailed = false;
  /** Why the destination could not be loaded, in a move that continues all the same: a negative errno. */
  loadErrno = 0;
  /** How the guest finds it at the end of the move. */
  end: VfEndState = 'served';
  /** Bugs of its drivers that struck in the move. */
  readonly hazards: HazardId[] = [];
  private readonly calls: MoveCalls;
  private readonly onWire: ((image: Uint8Array) => void) | undefined;
  private readonly onPhase: (phase: DriverPhase) => void;
  private readonly image: Uint8Array = new Uint8Array(ACC_VF_DATA_BYTES);
  /** The VMM's buffer for what the destination does not have of the image: the end of it. */
  private rest: UserBuffer = new UserBuffer(this.image);
  private incoming: MigrationFile | null = null;
  private outgoing: MigrationFile | null = null;
  /** The VM's memory at the destination, once it is there. */
  private memory: GuestMemory | null = null;
  /** What its drivers are busy with, and since when. */
  private part: VfSpanPart | null = null;
  private sinceNs = 0;

  constructor({ vf, index, manners, calls, spans, onPhase }: PassageParts) {
    const { guest, destination, devices } = vf;
    this.index = index;
    this.manners = manners;
    this.guest = guest;
    this.source = guest.slot;
    this.destination = destination;
    this.from = devices === undefined ? guest.slot.vfio : devices.source;
    this.to = devices === undefined ? destination.vfio : devices.destination;
    this.preCopies = manners.preCopy === true && (this.from.migrationFlags & MIG_FLAG.PRE_COPY) !== 0;
    this.calls = calls;
    this.spans = spans;
    this.onWire = vf.onWire;
    this.onPhase = onPhase;
    this.times = {
      pauseAndDrainNs: 0,
      statusChecksNs: 0,
      cacheWriteBackNs: 0,
      saveNs: 0,
      readNs: 0,
      loadNs: 0,
      startNs: 0,
    };
  }

  /** Bytes that the link carries in the pause: the rest of the image, and the queues' memory. */
  get pauseBytes(): number {
    return this.imageBytes - this.aheadBytes + this.guest.layout.sectionBytes;
  }

  /**
   * Whether the device of the source has the function paused, whatever its driver says of it: a PAUSE_QM that was refused leaves it
   * running, one that was accepted does not. docs/device.md 11.
   */
  get isSourcePaused(): boolean {
    const { host, fn } = this.source;
    return host.accelerator.functions.paused[fn] === 1;
  }

  /** Begins a call. @returns what it gave; null when others come first, and it is to be waited for */
  call(call: VfCall): number | null {
    this.begin(call.part);
    return this.calls.begin(call.at === 'source' ? this.source : this.destination, call.make, this);
  }

  /** The call that was begun last is over. @returns the failure, if the move cannot continue */
  finish(call: VfCall, ret: number): CallFailure | null {
    this.close();
    if (ret < 0) return call.otherwise(this, ret) ? null : { vf: this.index, call, ret };
    call.done(this, ret);
    return null;
  }

  /** A part begins; null: one that no row of a timeline shows. */
  private begin(part: VfSpanPart | null): void {
    this.part = part;
    this.sinceNs = this.calls.nowNs;
  }

  /** The part that was begun last ends. */
  private close(): void {
    const { part, sinceNs: startNs } = this;
    if (part === null) return;
    const endNs = this.calls.nowNs;
    const time = TIME_OF[part];
    if (time !== null) this.times[time] += endNs - startNs;
    if (endNs > startNs) this.spans.push({ vf: this.index, part, startNs, endNs });
  }

  /** The state change that pauses, drains and saves the source. Makes the phases of its driver parts of their own. */
  stopSource(): number {
    const { from, calls } = this;
    const driver = from.driver ?? bug('MOVE_WITHOUT_DRIVER');
    this.stopTried = true;
    const listener = (phase: DriverPhase): void => {
      // The system call belongs to the first of them.
      if (phase !== 'pauseAndDrain') calls.once(SERVICE.phase, PHASES.indexOf(phase), () => this.enterPhase(phase));
    };
    // Not as a literal: V8 puts function literals that are assigned to a property among the old objects, where each would
    // keep its move until the next full collection.
    driver.onPhase = listener;
    try {
      return from.setState(MIG_STATE.STOP_COPY);
    } finally {
      driver.onPhase = null;
    }
  }

  private enterPhase(phase: DriverPhase): void {
    this.close();
    this.begin(phase);
    this.onPhase(phase);
  }

  openIncoming(): void {
    this.incoming = takeFile(this.to);
  }

  /** Whether the file is open already: the source sent match data ahead. */
  openOutgoing(): void {
    this.outgoing ??= takeFile(this.from);
  }

  closeIncoming(): void {
    if (this.incoming !== null) this.to.closeFile(this.incoming);
    this.incoming = null;
  }

  closeOutgoing(): void {
    if (this.outgoing !== null) this.from.closeFile(this.outgoing);
    this.outgoing = null;
  }

  /** read() of what there is of the image. @returns its bytes, or a negative errno */
  read(): number {
    return this.from.readFile(this.outgoing ?? bug('NO_DATA_FILE'), this.rest, ACC_VF_DATA_BYTES);
  }

  /** What was read is on its way. */
  sent(bytes: number): void {
    this.noteTorn(this.from);
    this.imageBytes += bytes;
    this.onWire?.(this.image.subarray(0, this.imageBytes));
  }

  /** What was written is at the destination, whose driver may have put it elsewhere. */
  written(): void {
    this.noteTorn(this.to);
  }

  /** A second piece of an image, of a driver that begins each at the start of it. */
  private noteTorn({ driver }: MigratableDevice): void {
    if (this.aheadBytes === 0 || driver === null || driver.generation.filesKeepPosition) return;
    if (!this.hazards.includes('R5')) this.hazards.push('R5');
  }

  /** What was written need not go again. */
  gotAhead(): void {
    this.aheadBytes = this.imageBytes;
    this.rest = new UserBuffer(this.image.subarray(this.aheadBytes));
  }

  /** write() of what the destination does not have of the image. @returns the bytes that it took, or a negative errno */
  write(): number {
    const { incoming, rest, aheadBytes, imageBytes } = this;
    return this.to.writeFile(incoming ?? bug('NO_DATA_FILE'), rest, imageBytes - aheadBytes);
  }

  /** The guest's memory arrives at the destination. */
  receiveMemory(): void {
    const { destination, guest } = this;
    this.memory = new GuestMemory(guest.memory.u8.slice().buffer, GUEST_DMA_BASE);
    destination.host.accelerator.attachMemory(destination.fn, this.memory);
  }

  /** The destination owns this VF of the VM from now on. */
  takeOver(): void {
    this.guest.moveTo(this.memory ?? bug('NO_MEMORY'), this.destination);
  }

  /** The destination lets go of the guest's memory. */
  forgetMemory(): void {
    this.destination.host.accelerator.attachMemory(this.destination.fn, null);
  }

  /** The state changes that bring the source back to where its queues are served, as far as its driver can. */
  resumeSource(): number {
    const { from } = this;
    // Nothing was done to the function.
    if (!this.stopTried) return from.setState(MIG_STATE.RUNNING);
    // A driver that failed on the way out of pre-copy is brought to where it can try again.
    if (from.getState() === MIG_STATE.PRE_COPY) from.setState(MIG_STATE.RUNNING);
    return resumeQueues(from);
  }
}

/** The data file that a device's last state change handed out. */
function takeFile(device: MigratableDevice): MigrationFile {
  const file = device.newFile ?? bug('NO_DATA_FILE');
  device.newFile = null;
  return file;
}
