/**
 * One end of a migration on this thread: the driver of one VF, and the queue structures of its VM.
 */
import { ACCELERATORS, type AcceleratorFacts } from '../../sim/abi/accelerators.ts';
import { errnoName } from '../../sim/abi/errno.ts';
import { VF_BAR2_BYTES } from '../../sim/abi/registers.ts';
import { ACC_VF_DATA_BYTES } from '../../sim/abi/vf-data.ts';
import { MIG_STATE } from '../../sim/abi/vfio.ts';
import { bug } from '../../sim/base/bug.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { GENERATIONS } from '../../sim/driver/generation.ts';
import { HEALTHY_KERNEL } from '../../sim/driver/kernel.ts';
import type { MigrationFile } from '../../sim/driver/migration-file.ts';
import type { DriverPhase } from '../../sim/driver/vf-driver.ts';
import { resumeQueues } from '../../sim/vfio/resume-queues.ts';
import { UserBuffer } from '../../sim/vfio/user-buffer.ts';
import { VfioDevice } from '../../sim/vfio/vfio-device.ts';
import { QueueLayout } from '../../sim/workload/layout.ts';
import { DirtyRings } from '../lane/dirty-rings.ts';
import { frameBytesMax, type FramePayload, FrameReader, FrameWriter, scatterFrame } from './image-stream.ts';
import type { FrameIdentity } from './frame-header.ts';
import { type Lane, LanePort } from '../lane/lane-port.ts';
import {
  type DirtyIteration,
  iterationBytesMax,
  type IterationExpectation,
  IterationReader,
  IterationWriter,
  scatterIteration,
} from './iteration-stream.ts';
import { nowNs } from '../wall-clock.ts';
import type { WorldInit } from '../lane/world-init.ts';

/** The driver refused a call, or the hardware kept it from carrying it out. */
export class DriverCallFailed extends Error {
  override readonly name = 'DriverCallFailed';

  /** @param ret the negative errno that the call gave */
  constructor(at: string, ret: number) {
    super(`${at}: ${errnoName(ret)}`);
  }
}

/**
 * Writes and reads the frames of one host's VFs. What all of them have in common is made once: a thread keeps it from one
 * migration to the next.
 */
export class FrameCodec {
  readonly writer: FrameWriter;
  readonly reader: FrameReader;
  readonly layout: QueueLayout;
  readonly iterations: IterationExpectation;
  /** Longest frame, and longest iteration, that is read, in bytes. */
  readonly frameBytesMax: number;
  readonly iterationBytesMax: number;

  constructor(world: WorldInit, host: number) {
    const { kind, queuePairs, dmaBase } = world;
    const { isolation } = world.hosts[host]!;
    const identity: FrameIdentity = { deviceId: ACCELERATORS[kind].vfDeviceId, queuePairs, isolation, dmaBase };
    this.layout = new QueueLayout({ kind, queuePairs, dmaBase });
    const places = this.layout.sections;
    this.writer = new FrameWriter(identity, world.generation, places);
    this.reader = new FrameReader({ identity, imageBytesMax: ACC_VF_DATA_BYTES, places });
    this.frameBytesMax = frameBytesMax(ACC_VF_DATA_BYTES, places);
    this.iterationBytesMax = iterationBytesMax(ACC_VF_DATA_BYTES, queuePairs, this.layout.contextBufferOffset);
    this.iterations = { identity, imageBytesMax: ACC_VF_DATA_BYTES, memoryBytes: this.layout.contextBufferOffset };
  }
}

/** What came in the pause and has been checked. */
type CheckedFrame = (FramePayload | DirtyIteration) & { readonly image: Uint8Array };

/** What a source sends its iterations by. */
interface Sending {
  readonly dirty: DirtyRings;
  readonly writer: IterationWriter;
}

export class VfEnd {
  readonly vfio: VfioDevice;
  readonly layout: QueueLayout;
  readonly memory: Uint8Array;
  readonly port: LanePort;
  /** Bytes of image and queue structures that this end has copied. */
  copiedBytes = 0;
  private readonly codec: FrameCodec;
  private readonly marks: SharedArrayBuffer | undefined;
  /** Set by the first iteration that this end sends, or takes. */
  private sending: Sending | null = null;
  private receiving: IterationReader | null = null;
  private readonly user: UserBuffer = new UserBuffer(new Uint8Array(ACC_VF_DATA_BYTES));
  private file: MigrationFile | null = null;
  private imageBytes = 0;

  /**
   * @param resets whether opening resets the function: a destination is a fresh VF, a source has a running guest
   * @param codec the host's, when the thread has one already
   */
  constructor(
    world: WorldInit,
    lane: Lane,
    vmIndex: number,
    host: number,
    resets: boolean,
    codec: FrameCodec = new FrameCodec(world, host),
  ) {
    const facts: AcceleratorFacts = ACCELERATORS[world.kind];
    const { refusal } = world.hosts[host]!;
    const vm = world.vms[vmIndex]!;
    this.codec = codec;
    this.layout = codec.layout;
    this.memory = new Uint8Array(vm.memories[host]!);
    this.marks = vm.marks;
    const port = new LanePort(lane, host, vm.fn);
    this.port = port;
    this.vfio = new VfioDevice({
      port,
      bar: port,
      generation: GENERATIONS[world.generation],
      facts,
      functionNumber: vm.fn,
      bar2Bytes: VF_BAR2_BYTES,
      pf: {
        hardware: world.hardware,
        qmShutdownMask: facts.qmShutdownMask,
        coreShutdownMask: facts.coreShutdownMask,
        hasDae: false,
        resetting: false,
      },
      kernel: HEALTHY_KERNEL,
      resetsAtOpen: resets,
      refusal,
      onReset: (event) => {
        if (event === 'flr') port.resetFunction();
      },
    });
    expectOk('open', this.vfio.open());
  }

  /** Called when a phase of the driver's stop and save begins. */
  set onPhase(listener: ((phase: DriverPhase) => void) | null) {
    if (this.vfio.driver === null) bug('END_WITHOUT_DRIVER');
    this.vfio.driver.onPhase = listener;
  }

  /** Stops the VF (if it runs) and saves its registers. */
  save(): void {
    expectOk('STOP_COPY', this.vfio.setState(MIG_STATE.STOP_COPY));
    const file = this.takeFile();
    this.imageBytes = expectOk('read', this.vfio.readFile(file, this.user, ACC_VF_DATA_BYTES));
  }

  /**
   * Pre-copy: what may have changed since the iteration before, while the guest runs; the whole memory the first time.
   *
   * @returns bytes of the iteration
   */
  iteration(into: Uint8Array): number {
    const { marks } = this;
    if (marks === undefined) bug('ITERATION_WITHOUT_MARKS');
    this.sending ??= {
      dirty: new DirtyRings(marks, this.layout),
      writer: new IterationWriter(this.codec.iterations.identity),
    };
    return this.dirtyParts(this.sending, into, null);
  }

  /**
   * What is sent in the pause: the saved image with all queue structures, or, after iterations, with what of them may have
   * changed since the last one.
   *
   * @param onGathered given the time that went into finding out what changed, and into copying, in ns
   * @returns bytes of the frame
   */
  frame(into: Uint8Array, onGathered?: (copyNs: number) => void): number {
    const image = this.user.bytes.subarray(0, this.imageBytes);
    if (this.sending !== null) return this.dirtyParts(this.sending, into, image, onGathered);
    const { writer } = this.codec;
    const before = writer.bytesCopied;
    const bytes = writer.write(into, image, this.memory, onGathered);
    this.copiedBytes += writer.bytesCopied - before;
    return bytes;
  }

  /** Ends a save: the VF stays stopped. */
  stop(): void {
    expectOk('STOP', this.vfio.setState(MIG_STATE.STOP));
    this.closeFile();
  }

  /** Makes ready to take an image. */
  prepare(): void {
    expectOk('RESUMING', this.vfio.setState(MIG_STATE.RESUMING));
    this.file = this.takeFile();
  }

  /**
   * Takes an iteration: checks it in full, then puts what it brings in its place.
   *
   * @throws UserError with what is wrong with it; nothing is changed by then
   */
  takeIteration(bytes: Uint8Array): void {
    this.receiving ??= new IterationReader(this.codec.iterations);
    this.scatter(this.receiving.read(bytes));
  }

  /** Longest frame that is taken in the pause, in bytes. */
  get frameBytesMax(): number {
    return this.receiving === null ? this.codec.frameBytesMax : this.codec.iterationBytesMax;
  }

  /**
   * Checks in full what came in the pause.
   *
   * @throws UserError with what is wrong with it; nothing is changed by then
   */
  validate(bytes: Uint8Array): CheckedFrame {
    const checked = (this.receiving ?? this.codec.reader).read(bytes);
    if (!hasImage(checked)) throw new UserError('input', 'an iteration without the registers came in the pause');
    return checked;
  }

  /** Puts the queue structures of a checked frame, or of a checked iteration, in their places. */
  scatter(checked: FramePayload | DirtyIteration): void {
    this.copiedBytes +=
      'sections' in checked ? scatterFrame(checked, this.memory) : scatterIteration(checked, this.memory);
  }

  /** Loads the registers of a checked frame. */
  load({ image }: { readonly image: Uint8Array }): void {
    if (this.file === null) bug('LOAD_BEFORE_PREPARE');
    this.user.bytes.set(image);
    this.copiedBytes += image.length;
    expectOk('write', this.vfio.writeFile(this.file, this.user, image.length));
    expectOk('load', this.vfio.setState(MIG_STATE.STOP));
    this.closeFile();
  }

  /** A source whose move failed: its VF resumes. */
  resumeQueues(): void {
    this.closeFile();
    expectOk('resuming', resumeQueues(this.vfio));
  }

  /** Lets the VF go at its destination: its queues are kicked. */
  run(): void {
    expectOk('RUNNING', this.vfio.setState(MIG_STATE.RUNNING));
    this.closeFile();
  }

  /** Throws away all state of the function. */
  reset(): void {
    this.closeFile();
    this.vfio.reset();
  }

  close(): void {
    this.closeFile();
    this.vfio.close();
  }

  private dirtyParts(
    { dirty, writer }: Sending,
    into: Uint8Array,
    image: Uint8Array | null,
    onGathered?: (copyNs: number) => void,
  ): number {
    const startNs = nowNs();
    dirty.sync();
    const before = writer.bytesCopied;
    const bytes = writer.gather(into, image, this.memory, dirty);
    this.copiedBytes += writer.bytesCopied - before;
    onGathered?.(nowNs() - startNs);
    writer.seal(into, bytes, dirty, image !== null);
    return bytes;
  }

  private takeFile(): MigrationFile {
    const file = this.vfio.newFile;
    if (file === null) bug('NO_DATA_FILE');
    this.vfio.newFile = null;
    this.closeFile();
    this.file = file;
    return file;
  }

  private closeFile(): void {
    if (this.file !== null) this.vfio.closeFile(this.file);
    this.file = null;
  }
}

function expectOk(at: string, ret: number): number {
  if (ret < 0) throw new DriverCallFailed(at, ret);
  return ret;
}

function hasImage(checked: FramePayload | DirtyIteration): checked is CheckedFrame {
  return checked.image !== null;
}
