/**
 * Exact: register accesses and virtual time of each arc that a driver walks in a migration, for each driver on the
 * hardware that it knows, each accelerator, and several numbers of queue pairs.
 */
import {
  ACCELERATOR_KINDS,
  ACCELERATORS,
  type AcceleratorKind,
  DEFAULT_HARDWARE,
  FIRST_WITH_PF_WINDOW,
  type HardwareVersion,
  QM_HW,
} from '../../../sim/abi/accelerators.ts';
import { ACC_VF_DATA_BYTES } from '../../../sim/abi/vf-data.ts';
import { MIG_FLAG, MIG_STATE } from '../../../sim/abi/vfio.ts';
import { bug } from '../../../sim/base/bug.ts';
import { Random } from '../../../sim/base/random.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import {
  DEFAULT_GENERATION,
  GENERATION_IDS,
  type GenerationId,
  GENERATIONS,
  LONG_TERM_GENERATION,
} from '../../../sim/driver/generation.ts';
import type { MigrationFile } from '../../../sim/driver/migration-file.ts';
import type { VfSlot } from '../../../sim/world/host.ts';
import { World } from '../../../sim/world/world.ts';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';
import { resumeQueues } from '../../../sim/vfio/resume-queues.ts';
import type { ExactList } from './exact-list.ts';

interface DriverOnHardware {
  readonly generation: GenerationId;
  readonly hardware: HardwareVersion;
  /** Whether the migration window is the PF's. */
  readonly window: boolean;
}

/** Counted on every accelerator and at several sizes: the long-term kernel and mainline. */
const DRIVERS: readonly DriverOnHardware[] = [LONG_TERM_GENERATION, DEFAULT_GENERATION].flatMap((generation) => [
  { generation, hardware: DEFAULT_HARDWARE, window: false },
  ...(GENERATIONS[generation].usesPfWindow ? [{ generation, hardware: FIRST_WITH_PF_WINDOW, window: true }] : []),
]);
const QUEUE_PAIRS = [2, 16, 64] as const;
/** The other generations are counted once: they differ in what they do, not in how it grows. */
const OTHERS = { kind: 'sec', hardware: DEFAULT_HARDWARE, window: false, queuePairs: 16 } as const;

export function countArcs(list: ExactList): void {
  for (const driver of DRIVERS) {
    for (const kind of ACCELERATOR_KINDS)
      for (const pairs of QUEUE_PAIRS) new ArcWalk(driver, kind, pairs, list).walk();
  }
  for (const generation of GENERATION_IDS) {
    if (DRIVERS.some((driver) => driver.generation === generation)) continue;
    new ArcWalk({ ...OTHERS, generation }, OTHERS.kind, OTHERS.queuePairs, list).walk();
  }
}

/** Two hosts, one idle VF, and every arc of a move in its order. */
class ArcWalk {
  private readonly world: World = new World();
  private readonly source: VfSlot;
  private readonly destination: VfSlot;
  private readonly prefix: string;
  private readonly hasPreCopy: boolean;
  private readonly list: ExactList;
  private readonly user: UserBuffer = new UserBuffer(new Uint8Array(ACC_VF_DATA_BYTES));

  constructor(driver: DriverOnHardware, kind: AcceleratorKind, queuePairs: number, list: ExactList) {
    const { generation, hardware, window } = driver;
    this.list = list;
    this.hasPreCopy = (GENERATIONS[generation].flags & MIG_FLAG.PRE_COPY) !== 0;
    this.prefix = `arc/${generation}/${hardware}/${kind}/${queuePairs}`;
    const costs = pointCosts();
    const vft = [{ base: ACCELERATORS[kind].pfDefaultQueues, num: queuePairs }];
    const device = { hardware: QM_HW[hardware], vfCount: 1, vft, ...(window ? { migRegionEnabled: true } : {}) };
    const options = { kind, generation: GENERATIONS[generation], costs, device };
    this.source = this.world.addHost(options).slot(1);
    this.destination = this.world.addHost(options).slot(1);
    this.arc('open', this.source, () => this.source.vfio.open(), 0);
    const { interruptNs } = costs;
    const vmOptions = {
      kind,
      queuePairs,
      load: { kind: 'idle' },
      capacityPerSecond: 1,
      random: new Random(0),
      interruptNs,
    } as const;
    const vm = this.world.addGuest(vmOptions, this.source);
    this.world.boot(vm);
    this.destination.host.accelerator.attachMemory(this.destination.fn, vm.memory);
  }

  walk(): void {
    const { source, destination, user } = this;
    const state = (slot: VfSlot, wanted: number) => (): number => slot.vfio.setState(wanted);
    if (this.hasPreCopy) {
      this.arc('pre-copy', source, state(source, MIG_STATE.PRE_COPY), 0);
      const early = takeFile(source);
      this.arc('pre-copy-read', source, () => source.vfio.readFile(early, user, ACC_VF_DATA_BYTES));
      this.arc('cancel', source, state(source, MIG_STATE.RUNNING), 0);
      source.vfio.closeFile(early);
    }
    this.arc('stop', source, state(source, MIG_STATE.STOP), 0);
    this.arc('go-on', source, () => resumeQueues(source.vfio), 0);
    this.arc('destination-open', destination, () => destination.vfio.open(), 0);
    this.arc('resuming', destination, state(destination, MIG_STATE.RESUMING), 0);
    const incoming = takeFile(destination);
    this.arc('stop-copy', source, state(source, MIG_STATE.STOP_COPY), 0);
    const outgoing = takeFile(source);
    const bytes = this.arc('read', source, () => source.vfio.readFile(outgoing, user, ACC_VF_DATA_BYTES));
    this.list.add(`${this.prefix}/imageBytes`, bytes);
    source.vfio.closeFile(outgoing);
    this.arc('write', destination, () => destination.vfio.writeFile(incoming, user, bytes), bytes);
    this.arc('load', destination, state(destination, MIG_STATE.STOP), 0);
    destination.vfio.closeFile(incoming);
    this.arc('start', destination, state(destination, MIG_STATE.RUNNING), 0);
    this.arc('end', source, state(source, MIG_STATE.STOP), 0);
    this.arc('reset', source, () => {
      source.vfio.reset();
      return 0;
    });
    source.vfio.close();
  }

  /** One call: what it cost in accesses and in virtual time. */
  private arc(name: string, slot: VfSlot, call: () => number, expected?: number): number {
    const accesses = slot.port.accesses;
    const { nowNs } = this.world.clock;
    const ret = call();
    if (ret < 0 || (expected !== undefined && ret !== expected)) bug('ARC', `${this.prefix}/${name}`, ret);
    this.list.add(`${this.prefix}/${name}/accesses`, slot.port.accesses - accesses);
    this.list.add(`${this.prefix}/${name}/virtualNs`, this.world.clock.nowNs - nowNs);
    this.world.catchUp(this.world.clock.nowNs);
    return ret;
  }
}

function takeFile(slot: VfSlot): MigrationFile {
  const file = slot.vfio.newFile;
  if (file === null) return bug('ARC_WITHOUT_FILE');
  return file;
}
