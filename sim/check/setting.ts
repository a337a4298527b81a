/**
 * The hosts and guests of a run, as its first bytes choose them: two hosts with two VFs each, one or two of them used.
 *
 * Hosts are made once for each hardware that the bytes can choose, and brought up once for each choice of guests; a run
 * begins with the copy of that. What it finds is what it would have found on hosts of its own.
 */
import { ACCELERATORS, QM_HW } from '../abi/accelerators.ts';
import { QM_NOT_READY, QM_READY } from '../abi/registers.ts';
import { Random } from '../base/random.ts';
import { pointCosts } from '../device/costs.ts';
import type { Generation } from '../driver/generation.ts';
import type { MigrationRefusal } from '../vfio/migration-refusal.ts';
import type { Host, HostOptions, VfSlot } from '../world/host.ts';
import type { VfGuest } from '../world/vf-guest.ts';
import { World } from '../world/world.ts';
import { namedLoad } from '../workload/load.ts';
import type { Choices } from './choices.ts';
import { ArmedFaults } from './faults.ts';
import type { RuleId } from './rules.ts';
import { WorldCopy } from './world-copy.ts';

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
export type Feature = (typeof FEATURES)[number];

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

/** The scheduler takes the processor from a call, before one of its VMM's accesses of what VFs share. */
interface Preemption {
  /** 0 or 1; where the run has one VM, 1 is nobody. */
  readonly vmm: number;
  /** Number of the access, from 0. */
  readonly access: number;
  readonly ns: number;
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
  /** Findings that do not end the run. */
  readonly passed: ReadonlySet<RuleId>;
  /** Null: no call is kept from running. */
  readonly preemption: Preemption | null;
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

/**
 * Findings that a run may pass over: what they leave changes nothing that is judged later, and a generation that has them in
 * most runs would show little more.
 */
const PASSED_NONE: ReadonlySet<RuleId> = new Set();
const PASSED: readonly ReadonlySet<RuleId>[] = [
  PASSED_NONE,
  new Set<RuleId>(['files.leaked']),
  new Set<RuleId>(['image.rings']),
  new Set<RuleId>(['files.leaked', 'image.rings']),
];
/** The first accesses of what VFs share, before one of which a VMM's call may be kept from running, and for how long, in ns. */
const PREEMPTIONS = 64;
const PREEMPTION_NS = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 300_000] as const;
const IN_FLIGHT = ['finish', 'hold'] as const;
const AT_RESET = [QM_READY, QM_NOT_READY] as const;

const PLAIN: ReadonlyMap<number, MigrationRefusal> = new Map();
const REFUSAL: MigrationRefusal = { why: 'the VF is not offered for migration', path: [] };

/** What is known of a run before any call: the first bytes choose it, or a script says it. */
export interface Chosen {
  readonly features: ReadonlySet<Feature>;
  readonly window: boolean;
  readonly inFlight: 'finish' | 'hold';
  readonly readyAtReset: number;
  /** Whether a VF of the first host offers no migration. */
  readonly plainVf: boolean;
  readonly passed: ReadonlySet<RuleId>;
  readonly preemption: Preemption | null;
  readonly idle: boolean;
  readonly warmUpNs: number;
}

/** What the first bytes of a run choose: the same of every generation, so that a run can be played against any of them. */
export function choose(choices: Choices): Chosen {
  const features = new Set<Feature>();
  // One byte each, and off in three of four: what is left of a run when it shrinks is what it needs.
  for (const feature of FEATURES) if (choices.oneIn(4)) features.add(feature);
  return {
    features,
    window: choices.oneIn(2),
    ...choosePause(choices.below(256), choices.below(256)),
    ...choosePlace(choices.below(256)),
    idle: choices.oneIn(3),
    warmUpNs: choices.of(WARM_UP_NS),
  };
}

/** Two bytes: their lowest bits are facts of the device; what is left says when the scheduler keeps a call from running. */
function choosePause(first: number, second: number): Pick<Chosen, 'inFlight' | 'readyAtReset' | 'preemption'> {
  const rest = second >> 1;
  const ns = PREEMPTION_NS[(first >> 2) % PREEMPTION_NS.length]!;
  return {
    inFlight: IN_FLIGHT[first & 1]!,
    readyAtReset: AT_RESET[second & 1]!,
    preemption: rest < PREEMPTIONS ? null : { vmm: (first >> 1) & 1, access: rest - PREEMPTIONS, ns },
  };
}

/** One byte: its low half says whether a VF is plain, its high half which findings are passed over. */
function choosePlace(byte: number): Pick<Chosen, 'plainVf' | 'passed'> {
  const high = byte >> 4;
  return { plainVf: byte % 16 === 15, passed: high < 8 ? PASSED_NONE : PASSED[high & 3]! };
}

/** Hosts as they were made, and what is put back when a run begins. */
class Stage {
  private readonly generation: Generation;
  private readonly window: boolean;
  private readonly world: World = new World();
  private readonly faults: ArmedFaults = new ArmedFaults();
  private readonly hosts: readonly [Host, Host];
  /** The registers of each host as they were made. */
  private readonly registers: readonly Uint32Array[];
  private readonly made: WorldCopy;
  private readonly ready = new Map<string, { readonly vms: readonly CheckedVm[]; readonly copy: WorldCopy }>();

  constructor(generation: Generation, { window, inFlight, plainVf }: Chosen) {
    this.generation = generation;
    this.window = window;
    const options = hostOptions(generation, { window, inFlight, plainVf }, this.faults);
    this.hosts = [this.world.addHost(options), this.world.addHost(options)];
    this.registers = this.hosts.map(({ accelerator }) => accelerator.registerWords.slice());
    this.made = this.copy([]);
  }

  /** Hosts and guests as they were chosen, as if they had just been made. May throw KernelCrash. */
  set(chosen: Chosen): Setting {
    const { generation, world, hosts, faults, window } = this;
    const { features, readyAtReset, idle, warmUpNs, passed, preemption } = chosen;
    const key = [features.has('secondVf'), features.has('noGuestDriver'), readyAtReset, idle, warmUpNs].join();
    let ready = this.ready.get(key);
    if (ready === undefined) {
      this.restore(this.made);
      const vms = this.bringUp(chosen);
      ready = { vms, copy: this.copy(vms) };
      this.ready.set(key, ready);
    } else {
      this.restore(ready.copy);
    }
    const { vms } = ready;
    return { generation, features, world, hosts, vms, faults, window, passed, preemption, pfBusy: [false, false] };
  }

  private restore(copy: WorldCopy): void {
    // A run that ended within a reset of the PF left the windows elsewhere, which is a change to all of their words.
    this.hosts.forEach(({ accelerator }, i) => {
      if (accelerator.windowsInPf !== this.window) accelerator.registerWords.set(this.registers[i]!);
    });
    copy.restore();
  }

  private copy(vms: readonly CheckedVm[]): WorldCopy {
    const { world, hosts, faults, generation } = this;
    const outside: object[] = [generation, COSTS];
    for (const { options, facts, slots } of hosts) {
      outside.push(options, facts);
      for (const { vfio } of slots) if (vfio.driver !== null) outside.push(vfio.driver.qm.polls);
    }
    for (const { guest } of vms) outside.push(guest.layout);
    const spans = hosts.flatMap(({ accelerator }) => accelerator.changing());
    return new WorldCopy({ world, hosts, faults, vms }, outside, spans);
  }

  private bringUp({ features, readyAtReset, plainVf, idle, warmUpNs }: Chosen): readonly CheckedVm[] {
    const { world, hosts } = this;
    for (const { accelerator } of hosts) accelerator.faults.vfStateAtReset = readyAtReset;
    if (plainVf) hosts[0].slot(2).vfio.open();
    const used = features.has('secondVf') ? 2 : 1;
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
    return vms;
  }
}

function hostOptions(
  generation: Generation,
  { window, inFlight, plainVf }: Pick<Chosen, 'window' | 'inFlight' | 'plainVf'>,
  kernel: ArmedFaults,
): HostOptions {
  const { pfDefaultQueues } = ACCELERATORS[KIND];
  return {
    kind: KIND,
    generation,
    costs: COSTS,
    kernel,
    refusals: plainVf ? new Map([[2, REFUSAL]]) : PLAIN,
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
  };
}

/** The stages of one generation. */
class Stages {
  private readonly generation: Generation;
  private readonly stages = new Map<string, Stage>();

  constructor(generation: Generation) {
    this.generation = generation;
  }

  set(asked: Chosen): Setting {
    // A PF driver that knows no windows selects none.
    const chosen = { ...asked, window: asked.window && this.generation.usesPfWindow };
    const key = [chosen.window, chosen.inFlight, chosen.plainVf].join();
    let stage = this.stages.get(key);
    if (stage === undefined) {
      stage = new Stage(this.generation, chosen);
      this.stages.set(key, stage);
    }
    return stage.set(chosen);
  }
}

/** Generations whose stages are kept: that which is searched, and those that findings are traced with. */
const KEPT_MAX = 4;
const kept = new Map<Generation, Stages>();

/** The hosts, with devices open and guests booted, of a run. May throw KernelCrash. */
export function makeSetting(generation: Generation, chosen: Chosen): Setting {
  let stages = kept.get(generation);
  if (stages === undefined) {
    if (kept.size === KEPT_MAX) kept.delete(kept.keys().next().value!);
    stages = new Stages(generation);
    kept.set(generation, stages);
  }
  return stages.set(chosen);
}
