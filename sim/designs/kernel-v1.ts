/**
 * Design: a driver in the kernel, protocol v1, as posted in 2021. A VMM reads and writes registers of a region.
 *
 * Source: docs/designs.md sections 3, 4 and 6.
 */
import { REGION_INFO_BYTES } from '../abi/region.ts';
import { V1_REGION_INDEX } from '../abi/vfio-v1.ts';
import { bug } from '../base/bug.ts';
import type { UserMemory } from '../driver/kernel.ts';
import { RfcDriver } from '../driver/rfc-driver.ts';
import type { RfcSnapshot } from '../driver/rfc-snapshot.ts';
import { RfcRegion } from '../vfio/rfc-region.ts';
import { V1Client } from '../vfio/v1-client.ts';
import { v1RegionInfo, type V1RegionFile } from '../vfio/v1-file.ts';
import { V1StreamWriter } from '../vfio/v1-stream.ts';
import type { VfSlot } from '../world/host.ts';
import type { World } from '../world/world.ts';
import type { Boundary } from './boundary.ts';
import { type DesignRun, expectResult, type PlayDesign } from './design.ts';

/** The driver of 2021 on one VF, in place of today's. */
export class RfcSlot {
  readonly driver: RfcDriver;
  readonly region: RfcRegion;
  private readonly slot: VfSlot;
  private readonly world: World;

  constructor(world: World, slot: VfSlot, snapshot: RfcSnapshot) {
    const { host, port, fn } = slot;
    const { generation } = host.options;
    this.world = world;
    this.slot = slot;
    this.driver = new RfcDriver({ port, snapshot, generation, facts: host.facts, functionNumber: fn, pf: host.pf });
    this.driver.open();
    this.region = new RfcRegion(this.driver);
  }

  /** VFIO_DEVICE_RESET. */
  reset(): void {
    const { driver, slot, world } = this;
    driver.resetPrepare();
    slot.host.accelerator.resetFunction(slot.fn, world.clock.nowNs);
    world.clock.nowNs += slot.host.accelerator.costNs;
    driver.resetDone();
  }
}

/** A region across the kernel's border: each access is a system call. */
class CountedRegion implements V1RegionFile {
  readonly bytes: number;
  private readonly region: V1RegionFile;
  private readonly boundary: Boundary;

  constructor(region: V1RegionFile, boundary: Boundary) {
    this.bytes = region.bytes;
    this.region = region;
    this.boundary = boundary;
  }

  read(offset: number, length: number, user: UserMemory): number {
    return this.boundary.call('pread', () => this.region.read(offset, length, this.counted(user)));
  }

  write(offset: number, length: number, user: UserMemory): number {
    return this.boundary.call('pwrite', () => this.region.write(offset, length, this.counted(user)));
  }

  private counted(user: UserMemory): UserMemory {
    const { boundary } = this;
    return {
      copyToUser(userOffset, from, fromOffset, bytes): number {
        const left = user.copyToUser(userOffset, from, fromOffset, bytes);
        boundary.copiedBytes += bytes - left;
        return left;
      },
      copyFromUser(to, toOffset, userOffset, bytes): number {
        const left = user.copyFromUser(to, toOffset, userOffset, bytes);
        boundary.copiedBytes += bytes - left;
        return left;
      },
    };
  }
}

/** Twice: the first answer says how much room the capability needs. */
function findRegion(region: V1RegionFile, boundary: Boundary): void {
  for (const room of [REGION_INFO_BYTES, 0]) {
    const bytes = new Uint8Array(room === 0 ? 64 : room);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, bytes.length, true);
    view.setUint32(8, V1_REGION_INDEX, true);
    const user = boundary.buffer(bytes);
    expectResult(
      boundary.call('ioctl', () => v1RegionInfo(region, user)),
      0,
    );
  }
}

export function playKernelV1(snapshot: RfcSnapshot): PlayDesign {
  return (run: DesignRun): void => {
    const { boundary } = run;
    const open = (slot: VfSlot): CountedRegion =>
      new CountedRegion(new RfcSlot(run.world, slot, snapshot).region, boundary);
    const sourceRegion = open(run.source);
    const destinationRegion = open(run.destination);
    run.at('attach');
    for (const region of [sourceRegion, destinationRegion]) findRegion(region, boundary);
    const source = new V1Client(sourceRegion);
    const destination = new V1Client(destinationRegion);

    run.at('preCopy');
    expectResult(destination.loadSetup(), 0);
    const early = new V1StreamWriter();
    expectResult(source.saveSetup(early), 0);
    if (source.iterate(early) <= 0) bug('NO_MATCH_DATA');
    if (destination.load(early.bytes()) !== null) bug('LOAD');

    run.at('stop');
    expectResult(source.vmStop(), 0);
    const late = new V1StreamWriter();
    expectResult(source.complete(late), 0);

    run.at('load');
    if (destination.load(late.bytes()) !== null) bug('LOAD');
    run.at('start');
    expectResult(destination.vmStart(), 0);
    run.at('cleanUp');
  };
}
