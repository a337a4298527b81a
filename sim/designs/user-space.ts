/**
 * Design: the driver runs in the VMM. It reaches the VF through a mapping or by reads and writes of the region, and the PF
 * only by asking the kernel for each register.
 *
 * It is the driver of the kernel design on another port, so that the sequences are the same. Source: docs/designs.md
 * section 6.
 */
import { ACC_VF_DATA_BYTES, QM_MATCH_BYTES } from '../abi/vf-data.ts';
import { MIG_FLAG, MIG_STATE } from '../abi/vfio.ts';
import { REGION, REGION_INFO_BYTES } from '../abi/region.ts';
import { VF_BAR2_BYTES } from '../abi/registers.ts';
import { bug } from '../base/bug.ts';
import { NS_PER_US } from '../base/units.ts';
import { HEALTHY_KERNEL } from '../driver/kernel.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import { BasePort } from '../driver/base-port.ts';
import { type FunctionSelect, PF } from '../driver/port.ts';
import { VfDriver } from '../driver/vf-driver.ts';
import { UserBuffer } from '../vfio/user-buffer.ts';
import { VfioDevice } from '../vfio/vfio-device.ts';
import type { VfSlot } from '../world/host.ts';
import type { Boundary } from './boundary.ts';
import { type DesignRun, expectResult, type PlayDesign } from './design.ts';
import { PF_REQUEST_BYTES, PfGate } from './pf-gate.ts';

/** How the driver reaches its VF's registers. */
export type VfAccess = 'mapped' | 'syscalls';

interface UserPortParts {
  readonly run: Pick<DesignRun, 'world' | 'costs' | 'boundary'>;
  readonly slot: VfSlot;
  readonly device: VfioDevice;
  readonly access: VfAccess;
}

/** The register port of a driver in user space. */
export class UserPort extends BasePort {
  readonly gate: PfGate;
  private readonly parts: UserPortParts;
  private readonly boundary: Boundary;
  private readonly buffer: UserBuffer;
  private readonly view: DataView;

  constructor(parts: UserPortParts) {
    super();
    const { slot, run } = parts;
    this.parts = parts;
    this.boundary = run.boundary;
    this.gate = new PfGate(slot.port, slot.host.facts, slot.fn);
    this.buffer = run.boundary.buffer(new Uint8Array(PF_REQUEST_BYTES));
    this.view = new DataView(this.buffer.bytes.buffer);
  }

  read32(fn: FunctionSelect, offset: number): number {
    if (fn === PF) return this.askPf(offset);
    if (this.parts.access === 'mapped') return this.parts.slot.port.read32(fn, offset);
    this.readRegion(offset, 4);
    return this.view.getUint32(0, true);
  }

  write32(fn: FunctionSelect, offset: number, value: number): void {
    if (fn === PF) {
      this.askPf(offset, value);
    } else if (this.parts.access === 'mapped') {
      this.parts.slot.port.write32(fn, offset, value);
    } else {
      this.view.setUint32(0, value, true);
      this.writeRegion(offset, 4);
    }
  }

  write64(fn: FunctionSelect, offset: number, low: number, high: number): void {
    if (fn === PF) return bug('PF_WIDTH', 8);
    if (this.parts.access === 'mapped') {
      this.parts.slot.port.write64(fn, offset, low, high);
      return;
    }
    this.view.setUint32(0, low, true);
    this.view.setUint32(4, high, true);
    this.writeRegion(offset, 8);
  }

  /**
   * A region is written in pieces of at most 64 bits, so the data go first and the command last: the other way round the
   * command would begin without them. It is not the one access that the mailbox asks for (docs/device.md 3.1).
   */
  write128(fn: FunctionSelect, offset: number, w0: number, w1: number, w2: number, w3: number): void {
    if (fn === PF) return bug('PF_WIDTH', 16);
    if (this.parts.access === 'mapped') {
      this.parts.slot.port.write128(fn, offset, w0, w1, w2, w3);
      return;
    }
    for (const [i, word] of [w1, w2, w3].entries()) this.view.setUint32(4 * i, word, true);
    this.writeRegion(offset + 4, 12);
    this.write32(fn, offset, w0);
  }

  delayUs(us: number): void {
    this.parts.slot.port.delayUs(us);
  }

  sleepMs(ms: number): void {
    this.boundary.call('nanosleep', () => this.parts.slot.port.sleepMs(ms));
  }

  read128(fn: FunctionSelect, offset: number): void {
    if (fn === PF) return bug('PF_WIDTH', 16);
    if (this.parts.access === 'mapped') {
      const { port } = this.parts.slot;
      port.read128(fn, offset);
      this.wide.set(port.wide);
      return;
    }
    this.readRegion(offset, 16);
    for (let i = 0; i < 4; i++) this.wide[i] = this.view.getUint32(4 * i, true);
  }

  protected pollClockNs(): number {
    return this.parts.run.world.clock.nowNs;
  }

  /** In the kernel a function, here a system call. */
  protected pollSleep(): void {
    const { run, slot } = this.parts;
    this.boundary.call('nanosleep', () => slot.port.delayUs(run.costs.usleepActualNs / NS_PER_US));
  }

  /** One register of the PF, read, or written when there is a value. */
  private askPf(offset: number, value?: number): number {
    const { view } = this;
    view.setUint32(0, PF_REQUEST_BYTES, true);
    view.setUint32(4, value === undefined ? 0 : 1, true);
    view.setUint32(8, offset, true);
    view.setUint32(12, value ?? 0, true);
    expectResult(
      this.boundary.call('ioctl', () => this.gate.ioctl(this.buffer)),
      0,
    );
    return view.getUint32(12, true);
  }

  private readRegion(offset: number, bytes: number): void {
    const { device } = this.parts;
    expectResult(
      this.boundary.call('pread', () => device.regionRead(REGION.BAR2, offset, bytes, this.buffer)),
      bytes,
    );
  }

  private writeRegion(offset: number, bytes: number): void {
    const { device } = this.parts;
    expectResult(
      this.boundary.call('pwrite', () => device.regionWrite(REGION.BAR2, offset, bytes, this.buffer)),
      bytes,
    );
  }
}

/** One end: a VF without a migration driver in the kernel, and the driver in the VMM. */
class UserEnd {
  readonly driver: VfDriver;
  private readonly device: VfioDevice;
  private readonly run: DesignRun;
  private readonly access: VfAccess;

  constructor(run: DesignRun, slot: VfSlot, access: VfAccess) {
    const { host, fn, port } = slot;
    const { generation } = host.options;
    this.run = run;
    this.access = access;
    this.device = new VfioDevice({
      port,
      bar: port,
      generation,
      facts: host.facts,
      functionNumber: fn,
      bar2Bytes: VF_BAR2_BYTES,
      pf: null,
      kernel: HEALTHY_KERNEL,
      resetsAtOpen: false,
      onReset: () => undefined,
    });
    const userPort = new UserPort({ run, slot, device: this.device, access });
    this.driver = new VfDriver({
      port: userPort,
      generation,
      facts: host.facts,
      functionNumber: fn,
      pf: host.pf,
      kernel: HEALTHY_KERNEL,
    });
  }

  /** Finds the BAR, maps it if it is to be mapped, and asks for what the PF's driver knows of the device. */
  attach(): void {
    const { boundary } = this.run;
    const info = boundary.buffer(new Uint8Array(REGION_INFO_BYTES));
    const view = new DataView(info.bytes.buffer);
    view.setUint32(0, REGION_INFO_BYTES, true);
    view.setUint32(8, REGION.BAR2, true);
    expectResult(
      boundary.call('ioctl', () => this.device.regionInfo(info)),
      0,
    );
    if (this.access === 'mapped') {
      expectResult(
        boundary.call('mmap', () => this.device.map(REGION.BAR2, 0, VF_BAR2_BYTES, true)),
        0,
      );
    }
    // Hardware version and error masks, in one request.
    const facts = boundary.buffer(new Uint8Array(PF_REQUEST_BYTES));
    boundary.call('ioctl', () => facts.copyToUser(0, new Uint8Array(PF_REQUEST_BYTES), 0, PF_REQUEST_BYTES));
    expectResult(this.driver.open(), 0);
  }

  detach(): void {
    if (this.access === 'mapped') this.run.boundary.call('munmap', () => undefined);
  }

  /** Whether the driver gives the match data before the stop. */
  get preCopies(): boolean {
    return (this.driver.generation.flags & MIG_FLAG.PRE_COPY) !== 0;
  }

  goForFile(state: number): MigrationFile {
    expectResult(this.driver.setState(state), 0);
    return this.driver.newFile ?? bug('NO_DATA_FILE');
  }
}

export function playUserSpace(access: VfAccess): PlayDesign {
  return (run: DesignRun): void => {
    const source = new UserEnd(run, run.source, access);
    const destination = new UserEnd(run, run.destination, access);
    // Within one process: nothing of the image crosses into the kernel.
    const user = new UserBuffer(new Uint8Array(ACC_VF_DATA_BYTES));
    run.at('attach');
    for (const end of [source, destination]) end.attach();

    run.at('preCopy');
    const incoming = destination.goForFile(MIG_STATE.RESUMING);
    let outgoing = source.preCopies ? source.goForFile(MIG_STATE.PRE_COPY) : null;
    const aheadBytes = outgoing === null ? 0 : QM_MATCH_BYTES;
    if (outgoing !== null) {
      expectResult(outgoing.read(user, ACC_VF_DATA_BYTES), aheadBytes);
      expectResult(destination.driver.write(incoming, user, aheadBytes), aheadBytes);
    }
    const rest = ACC_VF_DATA_BYTES - aheadBytes;

    run.at('stop');
    if (outgoing === null) outgoing = source.goForFile(MIG_STATE.STOP_COPY);
    else expectResult(source.driver.setState(MIG_STATE.STOP_COPY), 0);
    expectResult(outgoing.read(user, ACC_VF_DATA_BYTES), rest);

    run.at('load');
    expectResult(destination.driver.write(incoming, user, rest), rest);
    run.at('start');
    expectResult(destination.driver.setState(MIG_STATE.RUNNING), 0);

    run.at('cleanUp');
    expectResult(source.driver.setState(MIG_STATE.STOP), 0);
    source.driver.release(outgoing);
    destination.driver.release(incoming);
    for (const end of [source, destination]) end.detach();
  };
}
