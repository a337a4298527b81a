/**
 * Design: a driver in the kernel, protocol v2. A VMM asks for states by ioctl and reads and writes a data file.
 *
 * It is the move of sim/move, with each call made and counted as QEMU makes it. Source: docs/designs.md section 6.
 */
import { ENOTTY } from '../abi/errno.ts';
import { FEATURE, MIG_STATE, PRECOPY_INFO_BYTES, VFIO_MIG_GET_PRECOPY_INFO } from '../abi/vfio.ts';
import { bug } from '../base/bug.ts';
import { type DesignStep, DESIGN_VIEW } from '../base/pause-parts.ts';
import type { UserMemory } from '../driver/kernel.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import type { VfDriver } from '../driver/vf-driver.ts';
import { Move, runMoves } from '../move/move.ts';
import type { MigratableDevice } from '../vfio/migratable-device.ts';
import type { VfioDevice } from '../vfio/vfio-device.ts';
import type { Boundary } from './boundary.ts';
import { type DesignRun, expectResult } from './design.ts';

const STATE = MIG_STATE;
const FEATURE_BYTES = FEATURE.headerBytes + 8;

/** A device as QEMU calls it: by ioctls, with questions that a move could do without, and reading up to the end of a file. */
class QemuDevice implements MigratableDevice {
  newFile: MigrationFile | null = null;
  /** As the device gave them when it was attached. */
  migrationFlags = 0;
  private readonly device: VfioDevice;
  private readonly boundary: Boundary;

  constructor(device: VfioDevice, boundary: Boundary) {
    this.device = device;
    this.boundary = boundary;
  }

  get driver(): VfDriver | null {
    return this.device.driver;
  }

  get migrationBlocker(): string | null {
    return this.device.migrationBlocker;
  }

  /** Asks which states the device has. */
  attach(): void {
    const { ret, value } = this.feature(FEATURE.GET | FEATURE.MIGRATION);
    expectResult(ret, 0);
    this.migrationFlags = value;
  }

  /** Asks how large the image is. QEMU does so of each device, and presumes a size where the driver has no answer. */
  saveSetup(): void {
    const { ret } = this.feature(FEATURE.GET | FEATURE.MIG_DATA_SIZE);
    if (ret !== -ENOTTY) expectResult(ret, 0);
  }

  setState(state: number): number {
    const { device } = this;
    const { ret } = this.feature(FEATURE.SET | FEATURE.MIG_DEVICE_STATE, state);
    this.newFile = device.newFile;
    device.newFile = null;
    if (state === STATE.PRE_COPY && this.newFile !== null) this.askHowMuch(this.newFile);
    return ret;
  }

  getState(): number {
    const { ret, value } = this.feature(FEATURE.GET | FEATURE.MIG_DEVICE_STATE);
    return ret === 0 ? value : ret;
  }

  readFile(file: MigrationFile, user: UserMemory, length: number): number {
    const { device, boundary } = this;
    const counted = boundary.buffer(new Uint8Array(length));
    const read = (): number => boundary.call('read', () => device.readFile(file, counted, length));
    const bytes = read();
    if (bytes <= 0) return bytes;
    user.copyToUser(0, counted.bytes, 0, bytes);
    if (device.getState() === STATE.STOP_COPY) expectResult(read(), 0);
    return bytes;
  }

  writeFile(file: MigrationFile, user: UserMemory, length: number): number {
    const { device, boundary } = this;
    const counted = boundary.buffer(new Uint8Array(length));
    user.copyFromUser(counted.bytes, 0, 0, length);
    return boundary.call('write', () => device.writeFile(file, counted, length));
  }

  closeFile(file: MigrationFile): void {
    this.boundary.call('close', () => this.device.closeFile(file));
  }

  reset(): void {
    this.boundary.call('ioctl', () => this.device.reset());
  }

  /** VFIO_DEVICE_FEATURE with one 64-bit word of data. */
  private feature(flags: number, low = 0): { readonly ret: number; readonly value: number } {
    const { device, boundary } = this;
    const user = boundary.buffer(new Uint8Array(FEATURE_BYTES));
    const view = new DataView(user.bytes.buffer);
    view.setUint32(0, FEATURE_BYTES, true);
    view.setUint32(4, flags, true);
    view.setUint32(FEATURE.headerBytes, low, true);
    const ret = boundary.call('ioctl', () => device.feature(user));
    return { ret, value: view.getUint32(FEATURE.headerBytes, true) };
  }

  /** VFIO_MIG_GET_PRECOPY_INFO. */
  private askHowMuch(file: MigrationFile): void {
    const { device, boundary } = this;
    const user = boundary.buffer(new Uint8Array(PRECOPY_INFO_BYTES));
    new DataView(user.bytes.buffer).setUint32(0, PRECOPY_INFO_BYTES, true);
    expectResult(
      boundary.call('ioctl', () => device.fileIoctl(file, VFIO_MIG_GET_PRECOPY_INFO, user)),
      0,
    );
  }
}

/** vCPUs and network are the same for all designs, and calls are paid for at the boundary. */
const PAID_ELSEWHERE = { syscallNs: 0, vcpuStopNs: 0, vcpuStartNs: 0 } as const;

export function playKernelV2(run: DesignRun): void {
  const { boundary, destination, guest, source, world } = run;
  const devices = {
    source: new QemuDevice(source.vfio, boundary),
    destination: new QemuDevice(destination.vfio, boundary),
  };
  run.at('attach');
  for (const device of [devices.source, devices.destination]) device.attach();
  let step: DesignStep = 'attach';
  const move = new Move(world, {
    vfs: [{ guest, destination, devices }],
    costs: PAID_ELSEWHERE,
    preCopy: true,
    loadsAtStart: true,
    loadBegins: ({ nowNs }) => nowNs,
    onPart: (part) => {
      if (part === 'matchData') devices.source.saveSetup();
      const next = DESIGN_VIEW.partOf(part) ?? step;
      if (next !== step) run.at(next);
      step = next;
    },
  });
  const [outcome] = runMoves(world, [move]);
  if (outcome?.kind !== 'moved') bug('DESIGN_MOVE', outcome?.at, outcome?.errno);
}
