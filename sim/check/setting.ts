/**
 * The hosts and guests of a run, as its first bytes choose them: two hosts with two VFs each, one or two of them used.
 */
import { ACCELERATORS, QM_HW } from '../abi/accelerators.ts';
import { QM_NOT_READY, QM_READY } from '../abi/registers.ts';
import { Random } from '../base/random.ts';
import { pointCosts } from '../device/costs.ts';
import type { Generation } from '../driver/generation.ts';
import type { MigrationRefusal } from '../vfio/migration-refusal.ts';
import type { Host, VfSlot } from '../world/host.ts';
import type { VfGuest } from '../world/vf-guest.ts';
import { World } from '../world/world.ts';
import { namedLoad } from '../workload/load.ts';
import type { Choices } from './choices.ts';
import { ArmedFaults } from './faults.ts';

/** What a run may have in addition to plain moves. Each is on in a part of the runs, since some hide what others would show. */
const FEATURES = [
  'faults',
  'pieces',
  'cancels',
  'resets',
  'foreignImages',
  'oldImages',
  'shortStreams',
  'secondVf',
  'pfResets',
  'noGuestDriver',
  'lostInterrupts',
] as const;
type Feature = (typeof FEATURES)[number];

/** A VM with one VF, which is at home on one of the hosts. */
export interface CheckedVm {
  readonly fn: number;
  readonly guest: VfGuest;
  /** Its VF on either host. */
  readonly slots: readonly [VfSlot, VfSlot];
  home: 0 | 1;
  /** Whether its guest has a driver that runs. */
  readonly booted: boolean;
  /** Whether its VF was reset, so that its guest knows that tasks are gone. */
  wasReset: boolean;
}

export interface Setting {
  readonly generation: Generation;
  readonly features: ReadonlySet<Feature>;
  readonly world: World;
  readonly hosts: readonly [Host, Host];
  readonly vms: readonly CheckedVm[];
  readonly faults: ArmedFaults;
  /** Whether the migration windows are in the PF's BAR2. */
  readonly window: boolean;
  /** Set while a PF is being reset, per host. */
  readonly pfBusy: [boolean, boolean];
}

/** Resets are short: their order is explored, and the load of 100 ms would be most of a run. */
const COSTS = { ...pointCosts(), flrNs: 200_000 };
const KIND = 'zip';
/** Queue pairs of the two VFs: unlike, so that one's entry is not the other's. */
const QUEUE_PAIRS = [2, 3] as const;
/** Small rings make their wraps happen. */
const DEPTHS = { sq: 8, cq: 8, eq: 32, aeq: 8 } as const;
const ENGINE = { servers: 2, serviceNs: 20_000 } as const;
/** How long the load runs before anything else, in ns. */
const WARM_UP_NS = [0, 50_000, 300_000] as const;

const PLAIN: ReadonlyMap<number, MigrationRefusal> = new Map();

function featuresOf(choices: Choices): ReadonlySet<Feature> {
  const on = new Set<Feature>();
  // One byte each, and off in three of four: what is left of a run when it shrinks is what it needs.
  for (const feature of FEATURES) if (choices.oneIn(4)) on.add(feature);
  return on;
}

/** Makes the hosts, opens the devices, and boots the guests. May throw KernelCrash. */
export function makeSetting(generation: Generation, choices: Choices, refusal: MigrationRefusal): Setting {
  const features = featuresOf(choices);
  // Every generation reads the same bytes, so that one run can be played against any of them.
  const window = choices.oneIn(2) && generation.usesPfWindow;
  const inFlight = choices.of(['finish', 'hold'] as const);
  const readyAtReset = choices.of([QM_READY, QM_NOT_READY]);
  const plainVf = choices.oneIn(16);
  const idle = choices.oneIn(3);
  const warmUpNs = choices.of(WARM_UP_NS);
  const used = features.has('secondVf') ? 2 : 1;
  const world = new World();
  const faults = new ArmedFaults();
  const { pfDefaultQueues } = ACCELERATORS[KIND];
  const host = (): Host =>
    world.addHost({
      kind: KIND,
      generation,
      costs: COSTS,
      kernel: faults,
      refusals: plainVf ? new Map([[2, refusal]]) : PLAIN,
      device: {
        hardware: window ? QM_HW.V4 : QM_HW.V3,
        vfCount: 2,
        vft: [
          { base: pfDefaultQueues, num: QUEUE_PAIRS[0] },
          { base: pfDefaultQueues + QUEUE_PAIRS[0], num: QUEUE_PAIRS[1] },
        ],
        migRegionEnabled: window,
        inFlight,
        engine: ENGINE,
      },
    });
  const hosts = [host(), host()] as const;
  for (const { accelerator } of hosts) accelerator.faults.vfStateAtReset = readyAtReset;
  if (plainVf) hosts[0].slot(2).vfio.open();
  const vms = Array.from({ length: used }, (_, index): CheckedVm => {
    const fn = index + 1;
    const slots = [hosts[0].slot(fn), hosts[1].slot(fn)] as const;
    for (const { vfio } of slots) vfio.open();
    world.runUntil(world.clock.nowNs);
    const guest = world.addGuest(
      {
        kind: KIND,
        queuePairs: QUEUE_PAIRS[index]!,
        depths: DEPTHS,
        load: namedLoad(idle ? 'idle' : 'saturated', DEPTHS.sq),
        capacityPerSecond: (ENGINE.servers / ENGINE.serviceNs) * 1e9,
        random: new Random(1, index),
        interruptNs: COSTS.interruptNs,
      },
      slots[0],
    );
    const booted = !features.has('noGuestDriver');
    return { fn, guest, slots, home: 0, booted, wasReset: false };
  });
  for (const { guest, booted } of vms) if (booted) world.boot(guest);
  world.runUntil(world.clock.nowNs + warmUpNs);
  return { generation, features, world, hosts, vms, faults, window, pfBusy: [false, false] };
}
