/**
 * Whole migrations of one idle VF, back and forth between two hosts, without a VM around them: the unit in which the
 * speed of the virtual world is given.
 */
import { ACCELERATORS, QM_HW } from '../abi/accelerators.ts';
import { ACC_VF_DATA_BYTES } from '../abi/vf-data.ts';
import { MIG_STATE } from '../abi/vfio.ts';
import { bug } from '../base/bug.ts';
import { Random } from '../base/random.ts';
import { pointCosts } from '../device/costs.ts';
import { type GenerationId, GENERATIONS } from '../driver/generation.ts';
import { UserBuffer } from '../vfio/user-buffer.ts';
import type { VfSlot } from '../world/host.ts';
import { World } from '../world/world.ts';

export class RoundTrip {
  private readonly slots: readonly [VfSlot, VfSlot];
  private readonly user: UserBuffer = new UserBuffer(new Uint8Array(ACC_VF_DATA_BYTES));
  private from = 0;

  /** Boots a SEC VF with so many queue pairs on the first host. */
  constructor(generation: GenerationId, queuePairs: number) {
    const kind = 'sec';
    const world = new World();
    const vft = [{ base: ACCELERATORS[kind].pfDefaultQueues, num: queuePairs }];
    const costs = pointCosts();
    const options = {
      kind,
      generation: GENERATIONS[generation],
      costs,
      device: { hardware: QM_HW.V3, vfCount: 1, vft },
    } as const;
    const first = world.addHost(options).slot(1);
    const second = world.addHost(options).slot(1);
    this.slots = [first, second];
    check(first.vfio.open(), 0);
    const load = { kind: 'idle' } as const;
    const { interruptNs } = costs;
    const vm = world.addGuest(
      { kind, queuePairs, load, capacityPerSecond: 1, random: new Random(0), interruptNs },
      first,
    );
    world.boot(vm);
    // The guest's RAM is the same on both sides: what moves here is the VF.
    second.host.accelerator.attachMemory(second.fn, vm.memory);
  }

  /** Register accesses of both drivers so far. */
  get accesses(): number {
    return this.slots[0].port.accesses + this.slots[1].port.accesses;
  }

  /** The hosts' VFs. */
  get ends(): readonly [VfSlot, VfSlot] {
    return this.slots;
  }

  /**
   * One migration: the destination opens and stops, the source stops and is saved, read, written, loaded, and run with a
   * doorbell per queue; the source closes. The next one goes the other way.
   */
  move(): void {
    const source = this.slots[this.from]!.vfio;
    const destination = this.slots[1 - this.from]!.vfio;
    const { user } = this;
    check(destination.open(), 0);
    check(destination.setState(MIG_STATE.RESUMING), 0);
    const incoming = destination.newFile;
    check(source.setState(MIG_STATE.STOP_COPY), 0);
    const outgoing = source.newFile;
    if (incoming === null || outgoing === null) return bug('ROUND_TRIP_FILES');
    check(source.readFile(outgoing, user, ACC_VF_DATA_BYTES), ACC_VF_DATA_BYTES);
    check(destination.writeFile(incoming, user, ACC_VF_DATA_BYTES), ACC_VF_DATA_BYTES);
    check(destination.setState(MIG_STATE.RUNNING), 0);
    destination.closeFile(incoming);
    source.closeFile(outgoing);
    check(source.setState(MIG_STATE.STOP), 0);
    source.close();
    this.from = 1 - this.from;
  }
}

function check(ret: number, expected: number): void {
  if (ret !== expected) bug('ROUND_TRIP', ret, expected);
}
