/**
 * Two hosts in virtual time, a link between them, and VMs that load their VFs.
 */
import { ACCELERATORS, type AcceleratorKind, QM_HW } from '../../../sim/abi/accelerators.ts';
import type { VftEntry } from '../../../sim/abi/vft.ts';
import { Random } from '../../../sim/base/random.ts';
import { type CostValues, pointCosts } from '../../../sim/device/costs.ts';
import { type GenerationId, GENERATIONS } from '../../../sim/driver/generation.ts';
import type { KernelServices } from '../../../sim/driver/kernel.ts';
import type { Host } from '../../../sim/world/host.ts';
import { Link } from '../../../sim/move/link.ts';
import { Move, type MoveOptions, type MoveOutcome, runMoves } from '../../../sim/move/move.ts';
import type { VfGuest } from '../../../sim/world/vf-guest.ts';
import { World } from '../../../sim/world/world.ts';
import type { MigrationRefusal } from '../../../sim/vfio/migration-refusal.ts';
import type { CheckReport } from '../../../sim/workload/checker.ts';
import type { QueueDepths } from '../../../sim/workload/layout.ts';
import { type LoadName, namedLoad } from '../../../sim/workload/load.ts';
import { NS_PER_MS } from '../../../sim/base/units.ts';
import { effort } from '../../effort.ts';

/** The drivers on the hardware that they know. */
const ALL_DRIVERS = [
  { generation: 'linux-6.12.117', hardware: QM_HW.V3, window: false },
  { generation: 'upstream-2026', hardware: QM_HW.V3, window: false },
  { generation: 'upstream-2026', hardware: QM_HW.V4, window: true },
] as const;

export const DRIVERS: readonly (typeof ALL_DRIVERS)[number][] = effort(ALL_DRIVERS.slice(-1), [...ALL_DRIVERS]);

type RefusedVfs = ReadonlyMap<number, MigrationRefusal>;

export interface RigOptions {
  readonly kind?: AcceleratorKind;
  readonly generation?: GenerationId;
  readonly hardware?: number;
  /** Whether the migration windows are the PF's. */
  readonly window?: boolean;
  readonly vms?: number;
  readonly queuePairs?: number;
  /** Queue pairs of each VF, on both hosts, when they are not all alike. */
  readonly queuePairsEach?: readonly number[];
  readonly depths?: Partial<QueueDepths>;
  readonly load?: LoadName;
  readonly inFlight?: 'finish' | 'hold';
  readonly engine?: { readonly servers: number; readonly serviceNs: number };
  readonly costs?: CostValues;
  /** Of source and destination. */
  readonly isolation?: readonly [number, number];
  /** VFs, by hardware function number, that offer no migration, at source and destination. */
  readonly refusals?: readonly [RefusedVfs, RefusedVfs];
  /** The kernel around the VF drivers of both hosts. */
  readonly kernel?: KernelServices;
  /** Queue pairs of each VF of the destination, when they are others. */
  readonly destinationQueuePairs?: number;
  readonly seed?: number;
  readonly link?: Link;
  /** Whether the guests have loaded their VF drivers. Default true. */
  readonly booted?: boolean;
}

export const LINK = { gigabitsPerSecond: 25, latencyNs: 20_000 } as const;

/** Small rings make their wraps happen. */
const SMALL: QueueDepths = { sq: 64, cq: 64, eq: 128, aeq: 16 };

/** A guest whose device is stuck on a wrong phase never comes to rest. */
const STEPS_MAX = 2_000_000;

export class Rig {
  readonly world: World = new World();
  readonly hosts: readonly [Host, Host];
  readonly vms: readonly VfGuest[];
  readonly randoms: readonly Random[];
  readonly link: Link;
  readonly costs: CostValues;

  constructor(options: RigOptions = {}) {
    const { kind = 'zip', vms = 1, queuePairs = 4, depths = SMALL, load = 'saturated', seed = 1 } = options;
    const costs = options.costs ?? pointCosts();
    const facts = ACCELERATORS[kind];
    const engine = options.engine ?? { servers: 2, serviceNs: 3_000 };
    const { queuePairsEach = Array.from({ length: vms }, () => queuePairs) } = options;
    const split = (counts: readonly number[]): VftEntry[] => {
      let base = facts.pfDefaultQueues;
      return counts.map((num) => ({ base: (base += num) - num, num }));
    };
    const other = options.destinationQueuePairs;
    const countsAt = [queuePairsEach, queuePairsEach.map((num) => other ?? num)] as const;
    const host = (index: 0 | 1): Host =>
      this.world.addHost({
        kind,
        generation: GENERATIONS[options.generation ?? 'linux-6.12.117'],
        costs,
        ...(options.kernel === undefined ? {} : { kernel: options.kernel }),
        ...(options.refusals === undefined ? {} : { refusals: options.refusals[index] }),
        device: {
          hardware: options.hardware ?? QM_HW.V3,
          vfCount: vms,
          vft: split(countsAt[index]),
          isolation: options.isolation?.[index] ?? 0,
          migRegionEnabled: options.window ?? false,
          inFlight: options.inFlight ?? 'finish',
          engine,
        },
      });
    this.hosts = [host(0), host(1)];
    this.costs = costs;
    this.link = options.link ?? new Link(LINK.gigabitsPerSecond, LINK.latencyNs);
    this.randoms = Array.from({ length: vms }, (_, vm) => new Random(seed, vm));
    this.vms = this.randoms.map((random, index) => {
      const fn = index + 1;
      for (const on of this.hosts) {
        const ret = on.slot(fn).vfio.open();
        if (ret !== 0) throw new Error(`open gave ${ret}`);
      }
      this.world.runUntil(this.world.clock.nowNs);
      return this.world.addGuest(
        {
          kind,
          queuePairs: queuePairsEach[index]!,
          depths,
          load: namedLoad(load, depths.sq ?? SMALL.sq),
          capacityPerSecond: ((engine.servers / engine.serviceNs) * 1e9) / vms,
          random,
          interruptNs: costs.interruptNs,
        },
        this.hosts[0].slot(fn),
      );
    });
    if (options.booted !== false) for (const vm of this.vms) this.world.boot(vm);
  }

  get nowNs(): number {
    return this.world.clock.nowNs;
  }

  /** Lets virtual time pass. */
  pass(ms: number): void {
    this.world.runUntil(this.nowNs + ms * NS_PER_MS);
  }

  /**
   * The move of one VM, or of one that has the VFs of several, to the host that it is not on.
   *
   * @param onWire reads, and may damage, each image on the way
   */
  moveOf(vms: VfGuest | readonly VfGuest[], onWire?: (image: Uint8Array) => void, more?: Partial<MoveOptions>): Move {
    const { link, costs, hosts, world } = this;
    const vfs = [vms].flat().map((guest) => {
      const to = guest.slot.host === hosts[0] ? hosts[1] : hosts[0];
      const vf = { guest, destination: to.slot(guest.slot.fn) };
      return onWire === undefined ? vf : { ...vf, onWire };
    });
    return new Move(world, { vfs, costs, loadBegins: ({ nowNs, bytes }) => link.send(nowNs, bytes), ...more });
  }

  /** Moves one VM to the host that it is not on. */
  move(vm: VfGuest = this.vms[0]!, onWire?: (image: Uint8Array) => void): MoveOutcome {
    return runMoves(this.world, [this.moveOf(vm, onWire)])[0]!;
  }

  /**
   * Moves all VMs at once.
   *
   * @param apartNs how long after the one before each begins
   */
  moveAll(apartNs = 0): MoveOutcome[] {
    return runMoves(
      this.world,
      this.vms.map((vm, index) => this.moveOf(vm, undefined, { afterNs: index * apartNs })),
    );
  }

  /** Ends the load, lets everything run out, and gives each VM's verdict. */
  finish(): CheckReport[] {
    for (const vm of this.vms) vm.quiesce();
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const dueNs = this.world.nextDueNs();
      if (dueNs === Infinity) break;
      this.world.runUntil(Math.max(dueNs, this.nowNs));
    }
    return this.vms.map((vm) => vm.guest.finish(true));
  }
}

/** Tasks completed by all queues of a VM. */
export function completedBy(vm: VfGuest): number {
  return vm.guest.totalCompleted();
}
