/**
 * Design: a driver in the kernel, protocol v2. A VMM asks for states by ioctl and reads and writes a data file.
 *
 * The order of calls is that of a VMM of today. Source: docs/designs.md section 6.
 */
import { ACC_VF_DATA_BYTES, QM_MATCH_BYTES } from '../abi/vf-data.ts';
import { FEATURE, MIG_STATE, PRECOPY_INFO_BYTES, VFIO_MIG_GET_PRECOPY_INFO } from '../abi/vfio.ts';
import { bug } from '../base/bug.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import type { VfioDevice } from '../vfio/vfio-device.ts';
import type { Boundary } from './boundary.ts';
import { type DesignRun, expectResult } from './design.ts';

const STATE = MIG_STATE;
const FEATURE_BYTES = FEATURE.headerBytes + 8;

/** A VMM's handle on a device: the ioctls that a migration needs. */
class Handle {
  readonly device: VfioDevice;
  private readonly boundary: Boundary;

  constructor(device: VfioDevice, boundary: Boundary) {
    this.device = device;
    this.boundary = boundary;
  }

  /** VFIO_DEVICE_FEATURE with one 64-bit word of data. */
  feature(flags: number, low = 0): void {
    const { device, boundary } = this;
    const user = boundary.buffer(new Uint8Array(FEATURE_BYTES));
    const view = new DataView(user.bytes.buffer);
    view.setUint32(0, FEATURE_BYTES, true);
    view.setUint32(4, flags, true);
    view.setUint32(8, low, true);
    expectResult(
      boundary.call('ioctl', () => device.feature(user)),
      0,
    );
  }

  /** Goes to a state. */
  go(state: number): void {
    this.feature(FEATURE.SET | FEATURE.MIG_DEVICE_STATE, state);
  }

  /** Goes to a state that makes a data file. */
  goForFile(state: number): MigrationFile {
    this.go(state);
    const { device } = this;
    const file = device.newFile;
    device.newFile = null;
    return file ?? bug('NO_DATA_FILE');
  }

  precopyInfo(file: MigrationFile): void {
    const { device, boundary } = this;
    const user = boundary.buffer(new Uint8Array(PRECOPY_INFO_BYTES));
    new DataView(user.bytes.buffer).setUint32(0, PRECOPY_INFO_BYTES, true);
    expectResult(
      boundary.call('ioctl', () => device.fileIoctl(file, VFIO_MIG_GET_PRECOPY_INFO, user)),
      0,
    );
  }

  /** read() of as much as there is, up to a length. */
  read(file: MigrationFile, length: number, expected: number): Uint8Array {
    const { device, boundary } = this;
    const user = boundary.buffer(new Uint8Array(length));
    expectResult(
      boundary.call('read', () => device.readFile(file, user, length)),
      expected,
    );
    return user.bytes.subarray(0, expected);
  }

  write(file: MigrationFile, bytes: Uint8Array): void {
    const { device, boundary } = this;
    const user = boundary.buffer(bytes.slice());
    expectResult(
      boundary.call('write', () => device.writeFile(file, user, bytes.length)),
      bytes.length,
    );
  }

  close(file: MigrationFile): void {
    this.boundary.call('close', () => this.device.closeFile(file));
  }
}

export function playKernelV2(run: DesignRun): void {
  const source = new Handle(run.source.vfio, run.boundary);
  const destination = new Handle(run.destination.vfio, run.boundary);
  run.at('attach');
  for (const end of [source, destination]) end.feature(FEATURE.GET | FEATURE.MIGRATION);

  run.at('preCopy');
  const incoming = destination.goForFile(STATE.RESUMING);
  source.feature(FEATURE.GET | FEATURE.MIG_DATA_SIZE);
  const outgoing = source.goForFile(STATE.PRE_COPY);
  source.precopyInfo(outgoing);
  destination.write(incoming, source.read(outgoing, ACC_VF_DATA_BYTES, QM_MATCH_BYTES));

  run.at('stop');
  source.go(STATE.STOP_COPY);
  const rest = source.read(outgoing, ACC_VF_DATA_BYTES, ACC_VF_DATA_BYTES - QM_MATCH_BYTES);
  source.read(outgoing, ACC_VF_DATA_BYTES, 0);

  run.at('load');
  destination.write(incoming, rest);
  run.at('start');
  destination.go(STATE.RUNNING);

  run.at('cleanUp');
  destination.close(incoming);
  source.go(STATE.STOP);
  source.close(outgoing);
}
