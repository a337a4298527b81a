/**
 * Where should the driver live? The same whole move of the same VF, played with each design, and counted.
 *
 * Counts are taken where no cost makes a poll read twice, so that they depend on the design and on nothing that we
 * assume; times are played with the costs of sim/device/costs.ts. Source: docs/designs.md section 6.
 */
import { ACCELERATORS, type AcceleratorKind, QM_HW } from '../abi/accelerators.ts';
import { bug } from '../base/bug.ts';
import { type DesignStep, DESIGN_VIEW } from '../base/pause-parts.ts';
import { Random } from '../base/random.ts';
import { type CostValues, highCosts, lowCosts, pointCosts, zeroCosts } from '../device/costs.ts';
import { type GenerationId, GENERATIONS } from '../driver/generation.ts';
import { type FunctionSelect, PF } from '../driver/port.ts';
import { RFC_SNAPSHOTS } from '../driver/rfc-snapshot.ts';
import type { VfSlot } from '../world/host.ts';
import type { AccessTracer } from '../world/virtual-port.ts';
import { World } from '../world/world.ts';
import { Boundary, SYSCALLS, type Syscall } from './boundary.ts';
import type { DesignRun, PlayDesign } from './design.ts';
import { playKernelV1 } from './kernel-v1.ts';
import { playKernelV2 } from './kernel-v2.ts';
import { playUserSpace } from './user-space.ts';
import { keysOf } from '../base/keys.ts';

export interface Design {
  readonly title: string;
  readonly play: PlayDesign;
  /** Fewest queue pairs of a VF that it migrates. */
  readonly queuePairsMin: number;
  /** Whom the design has to trust, and with what. */
  readonly trust: readonly string[];
}

/** Every design that is compared, in the order of the table. */
export const DESIGNS = {
  'kernel-v2': {
    title: 'driver in the kernel, protocol v2',
    play: playKernelV2,
    queuePairsMin: 1,
    trust: [
      'the kernel driver with the registers of VF and PF',
      'the PF driver, whose identity is checked',
      'the VMM with nothing: a wrong image is refused or breaks its own VF',
      'that no other VF is at the function table at that time: no lock is taken, though one could be',
    ],
  },
  'kernel-v1-a': {
    title: 'driver in the kernel, protocol v1, first snapshot of 2021',
    play: playKernelV1(RFC_SNAPSHOTS['rfc-2021-a']),
    queuePairsMin: RFC_SNAPSHOTS['rfc-2021-a'].queuesMin,
    trust: [
      'the kernel driver with the registers of VF and PF',
      'that what left data with the PF is trusted, unchecked',
      'the VMM with data_offset and data_size, on which kernel memory depends',
      'the VMM to keep the order of calls, on which the match check depends',
      'the guest not to keep its mailbox busy before the pause',
    ],
  },
  'kernel-v1-b': {
    title: 'driver in the kernel, protocol v1, second snapshot of 2021',
    play: playKernelV1(RFC_SNAPSHOTS['rfc-2021-b']),
    queuePairsMin: RFC_SNAPSHOTS['rfc-2021-b'].queuesMin,
    trust: [
      'the kernel driver with the registers of VF and PF',
      'that what left data with the PF is trusted, unchecked',
      'the VMM with data_offset, data_size and the length of an access, on which kernel memory depends',
      'the VMM to keep the order of calls, on which the match check depends',
      'that no other VF is at the function table at that time: no lock is taken, though one could be',
    ],
  },
  'user-mapped': {
    title: 'driver in the VMM, VF mapped',
    play: playUserSpace('mapped'),
    queuePairsMin: 1,
    trust: [
      'the VMM with all of the VF’s BAR, to keep the upper half from its guest',
      'the kernel’s list of PF registers and values, and the upkeep of it',
      'each VMM to have a driver for this device, of a version that fits the other side',
      'that no other VF is at the function table at that time: no lock could be held from request to request',
    ],
  },
  'user-syscalls': {
    title: 'driver in the VMM, VF by system calls',
    play: playUserSpace('syscalls'),
    queuePairsMin: 1,
    trust: [
      'the VMM with all of the VF’s BAR, to keep the upper half from its guest',
      'the kernel’s list of PF registers and values, and the upkeep of it',
      'each VMM to have a driver for this device, of a version that fits the other side',
      'that no other VF is at the function table at that time: no lock could be held from request to request',
      'nobody else to use the mailbox between the two writes of a command',
    ],
  },
} as const satisfies Readonly<Record<string, Design>>;

export type DesignId = keyof typeof DESIGNS;

export const DESIGN_IDS = keysOf(DESIGNS);

export interface DesignOptions {
  readonly kind: AcceleratorKind;
  readonly generation: GenerationId;
  readonly queuePairs: number;
}

/** What does not depend on how long anything takes, as long as nothing is waited for twice. */
interface DesignCounts {
  readonly vfAccesses: number;
  readonly pfAccesses: number;
  readonly syscalls: number;
  /** System calls between the stop of the VM and its start at the destination. */
  readonly pauseSyscalls: number;
  readonly syscallsByName: Readonly<Record<Syscall, number>>;
  /** Bytes copied between user space and the kernel, arguments included. */
  readonly copiedBytes: number;
}

export interface DesignTimes {
  /** From the first query of the device to the last call. */
  readonly wholeNs: number;
  /** From the stop of the VM to its start, without vCPUs and network, which are the same for all. */
  readonly pauseNs: number;
}

export interface DesignOutcome {
  readonly id: DesignId;
  readonly counts: DesignCounts;
  readonly point: DesignTimes;
  readonly low: DesignTimes;
  readonly high: DesignTimes;
}

interface Played {
  readonly counts: DesignCounts;
  readonly times: DesignTimes;
  readonly destination: VfSlot;
  readonly world: World;
}

/** All designs that can migrate such a VF, in the order of {@link DESIGN_IDS}. */
export function compareDesigns(options: DesignOptions): DesignOutcome[] {
  const able = DESIGN_IDS.filter((id) => options.queuePairs >= DESIGNS[id].queuePairsMin);
  return able.map((id) => ({
    id,
    counts: playDesign(id, options, zeroCosts()).counts,
    point: playDesign(id, options, pointCosts()).times,
    low: playDesign(id, options, lowCosts()).times,
    high: playDesign(id, options, highCosts()).times,
  }));
}

/** One move with one design and one set of costs. */
export function playDesign(id: DesignId, options: DesignOptions, costs: CostValues): Played {
  const { kind, generation, queuePairs } = options;
  const world = new World();
  const hostOptions = {
    kind,
    generation: GENERATIONS[generation],
    costs,
    device: {
      hardware: QM_HW.V3,
      vfCount: 1,
      vft: [{ base: ACCELERATORS[kind].pfDefaultQueues, num: queuePairs }],
    },
  } as const;
  const source = world.addHost(hostOptions).slot(1);
  const destination = world.addHost(hostOptions).slot(1);
  for (const slot of [source, destination]) if (slot.vfio.open() !== 0) bug('DESIGN_OPEN');
  const { interruptNs } = costs;
  const load = { kind: 'idle' } as const;
  const guest = world.addGuest(
    { kind, queuePairs, load, capacityPerSecond: 1, random: new Random(0), interruptNs },
    source,
  );
  world.boot(guest);
  // The guest's RAM is the same on both sides: what moves here is the VF.
  destination.host.accelerator.attachMemory(destination.fn, guest.memory);

  const accesses = new AccessCounter();
  for (const { port } of [source, destination]) port.tracer = accesses;
  const boundary = new Boundary(world.clock, costs.syscallNs);
  const began: Partial<Record<DesignStep, { readonly ns: number; readonly syscalls: number }>> = {};
  const run: DesignRun = {
    world,
    costs,
    guest,
    source,
    destination,
    boundary,
    at(step): void {
      began[step] = { ns: world.clock.nowNs, syscalls: boundary.total };
    },
  };
  DESIGNS[id].play(run);
  const endNs = world.clock.nowNs;
  const at = (step: DesignStep): { readonly ns: number; readonly syscalls: number } =>
    began[step] ?? bug('STEP_MISSING', step, DESIGN_VIEW.names.join(' '));
  return {
    counts: {
      vfAccesses: accesses.vf,
      pfAccesses: accesses.pf,
      syscalls: boundary.total,
      pauseSyscalls: at('cleanUp').syscalls - at('stop').syscalls,
      syscallsByName: boundary.calls,
      copiedBytes: boundary.copiedBytes,
    },
    times: { wholeNs: endNs - at('attach').ns, pauseNs: at('cleanUp').ns - at('stop').ns },
    destination,
    world,
  };
}

class AccessCounter implements AccessTracer {
  vf = 0;
  pf = 0;

  access(fn: FunctionSelect): void {
    if (fn === PF) this.pf += 1;
    else this.vf += 1;
  }
}

/** The names of system calls that a design makes, with how many of each. */
export function syscallList(byName: Readonly<Record<Syscall, number>>): string {
  return SYSCALLS.filter((name) => byName[name] > 0)
    .map((name) => `${byName[name]} ${name}`)
    .join(', ');
}
