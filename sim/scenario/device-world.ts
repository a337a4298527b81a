/**
 * The register-level world of a scenario: two hosts with a PF for each group of VFs, the VMs with their loads, and all of
 * them moving at once, access by access.
 */
import { ACCELERATORS } from '../abi/accelerators.ts';
import type { VftEntry } from '../abi/vft.ts';
import { bug } from '../base/bug.ts';
import { Random } from '../base/random.ts';
import { NS_PER_S } from '../base/units.ts';
import type { CostValues } from '../device/costs.ts';
import { GENERATIONS } from '../driver/generation.ts';
import type { Host } from '../world/host.ts';
import type { VfGuest } from '../world/vf-guest.ts';
import { World } from '../world/world.ts';
import type { RangeEnd } from '../memory/device-profile.ts';
import type { CheckReport } from '../workload/checker.ts';
import { JOB_RATES, serviceNs, serviceNsRange } from '../workload/rates.ts';
import { type Cut, Move, type MoveOutcome, runMoves, type Sending } from '../move/move.ts';
import type { MovingVf, VfEndState, VfTimes } from '../move/vf-passage.ts';
import type { ScenarioFault } from './document.ts';
import { DEVICE_FAULTS, imageDamage } from './fault.ts';
import type { RegisterGroup, CompiledScenario } from './compile.ts';

/** Tasks that an engine does before the move, at least, so that the queues are in their usual state. */
const WARM_UP_TASKS = 2_000;
/** So many for each queue. */
const WARM_UP_TASKS_PER_QUEUE = 4;
/** After the move, until everything in flight has run out. */
const DRAIN_NS = 60 * NS_PER_S;

/** One VF of a VM. */
export interface VfPlace {
  readonly group: RegisterGroup;
  /** Place of the group among the register groups. */
  readonly groupIndex: number;
  /** Hardware function number. */
  readonly fn: number;
}

/** What became of one VM. */
export interface VmOutcome {
  readonly outcome: MoveOutcome;
  /** Where its memory and VFs are in the end, as seen from outside. */
  readonly foundAt: 'source' | 'destination' | 'torn';
  /** States (MIG_STATE) of the VFs that the guest does not have: at the other end of the way of each of its own. */
  readonly otherStates: readonly number[];
  /** Outcome of each VF. */
  readonly reports: readonly CheckReport[];
  /**
   * Tasks of each VF that its client submitted before the stop, and that never complete because it was reset or stays paused; 0 of
   * one that is served or parked.
   */
  readonly lostTasks: readonly number[];
  /**
   * Gaps of each VF: per queue, from its last completion before the stop to its first after, in ns; queues without are left
   * out, and so are all of a VF that is not served in the end: its gap has no end.
   */
  readonly queuePausesNs: readonly (readonly number[])[];
  /** VF by VF. */
  readonly serviceGaps: readonly ServiceGap[];
}

/**
 * How long a client sees nothing completed around a pause, in ns; null: nothing was completed on one of its sides, or the VF is not
 * served after it. Completions that lay in a queue before the stop and are read after it end no gap of such a VF.
 */
interface ServiceGap {
  /** Between completions on any queue. */
  readonly deviceNs: number | null;
  /** Queue by queue. */
  readonly queuesNs: readonly (number | null)[];
}

export interface WorldOutcome {
  readonly vms: readonly VmOutcome[];
  readonly places: readonly VfPlace[];
  /** When the moves began, ns of the world's clock. */
  readonly startNs: number;
  readonly endNs: number;
  /** Register accesses of all drivers in the moves. */
  readonly accesses: number;
  /** Over everything that happened, for determinism. */
  readonly traceHash: string;
}

/** Numbers for one end of the band. */
export interface WorldCosts {
  readonly costs: CostValues;
  readonly end: RangeEnd;
}

export interface WorldHooks {
  /**
   * When loading may begin, in ns after the stop of a VM's vCPUs, once the times of its VFs up to `readNs` are known.
   *
   * @param sendsNs when the last bytes begin to be sent, in ns after the stop
   */
  loadBegins(vm: number, times: readonly VfTimes[], sendsNs: number): number;
  /** Ends the move of a VM at a point, whatever the scenario's faults say; null: as they say. */
  cut(vm: number): Cut | null;
}

export class DeviceWorld {
  readonly world: World = new World();
  readonly places: readonly VfPlace[];
  private readonly plan: CompiledScenario;
  private readonly numbers: WorldCosts;
  /** Source and destination of each group. */
  private readonly hosts: readonly (readonly [Host, Host])[];
  /** Parts of each VM that use one VF each. */
  private readonly guests: readonly (readonly VfGuest[])[];
  private readonly watchNs: number;

  constructor(plan: CompiledScenario, numbers: WorldCosts) {
    this.plan = plan;
    this.numbers = numbers;
    const { registerGroups: groups, scenario } = plan;
    this.hosts = groups.map((group, index) => [this.host(group, index, 0), this.host(group, index, 1)]);
    this.places = groups.flatMap((group, groupIndex) =>
      Array.from({ length: group.count }, (_, device) => ({ group, groupIndex, fn: device + 1 })),
    );
    this.guests = Array.from({ length: scenario.vms }, (_, vm) =>
      this.places.map((place, vf) => this.guest(place, vm, vf)),
    );
    for (const guests of this.guests) for (const guest of guests) this.world.boot(guest);
    this.watchNs = Math.max(0, ...groups.map((group) => warmUpNs(group, scenario.vms, numbers.end)));
  }

  /** Moves all VMs, and lets what is in flight run out. */
  run(hooks: WorldHooks): WorldOutcome {
    const { world, guests, plan } = this;
    world.runUntil(world.clock.nowNs + this.watchNs);
    const startNs = world.clock.nowNs;
    const before = this.accesses();
    const damage = this.arm(startNs);
    const moves = guests.map((parts, vm) => {
      const vfs = parts.map((guest, vf): MovingVf => {
        const { groupIndex } = this.places[vf]!;
        const onWire = damage.get(`${vm}.${vf}`);
        const destination = this.hosts[groupIndex]![1].slot(guest.slot.fn);
        return { guest, destination, ...(onWire === undefined ? {} : { onWire }) };
      });
      const options = {
        vfs,
        costs: this.numbers.costs,
        preCopy: plan.preCopy,
        recovery: plan.recovery,
        cut: hooks.cut(vm) ?? cutOf(plan.scenario.faults, vm),
        loadBegins: ({ nowNs, stoppedAtNs, times }: Sending) =>
          stoppedAtNs + hooks.loadBegins(vm, times, nowNs - stoppedAtNs),
        watchNs: this.watchNs,
      };
      return new Move(world, options);
    });
    const outcomes = runMoves(world, moves);
    const accesses = this.accesses() - before;
    const untilNs = world.clock.nowNs + DRAIN_NS;
    while (world.nextDueNs() < untilNs) world.runUntil(world.nextDueNs());
    return {
      vms: outcomes.map((outcome, vm) => this.vmOutcome(outcome, guests[vm]!)),
      places: this.places,
      startNs,
      endNs: world.clock.nowNs,
      accesses,
      traceHash: world.hash.value,
    };
  }

  private vmOutcome(outcome: MoveOutcome, parts: readonly VfGuest[]): VmOutcome {
    const at = (side: 0 | 1): boolean =>
      parts.every(({ slot, running }, vf) => running && slot.host === this.hosts[this.places[vf]!.groupIndex]![side]);
    const isServed = (vf: number): boolean => outcome.vfs[vf] === 'served';
    // What a paused or reset VF had in flight is reported with its end, not as a fault of the device.
    const reports = parts.map(({ guest }, vf) => guest.finish(isServed(vf)));
    const hasGap = (vf: number): boolean => outcome.pauseNs > 0 && isServed(vf);
    return {
      outcome,
      otherStates: parts.map(({ slot }, vf) => {
        const [source, destination] = this.hosts[this.places[vf]!.groupIndex]!;
        return (slot.host === source ? destination : source).slot(slot.fn).vfio.getState();
      }),
      foundAt: parts.length === 0 ? outcome.guestAt : at(1) ? 'destination' : at(0) ? 'source' : 'torn',
      reports,
      lostTasks: reports.map(({ accepted, outstanding }, vf) => {
        const submittedAfter = accepted - parts[vf]!.acceptedAtStop;
        return isUnserved(outcome.vfs[vf]!) ? outstanding - submittedAfter : 0;
      }),
      queuePausesNs: parts.map(({ pauseNs }, vf) => (hasGap(vf) ? [...pauseNs].filter((ns) => ns > 0) : [])),
      serviceGaps: parts.map((part, vf) => serviceGapOf(part, hasGap(vf))),
    };
  }

  private accesses(): number {
    let sum = 0;
    for (const [index, pair] of this.hosts.entries()) {
      const { count } = this.plan.registerGroups[index]!;
      const vfs = count * this.plan.scenario.vms;
      for (const host of pair) for (let fn = 1; fn <= vfs; fn++) sum += host.slot(fn).port.accesses;
    }
    return sum;
  }

  private host(group: RegisterGroup, index: number, side: 0 | 1): Host {
    const { vms, faults } = this.plan.scenario;
    const { kind, queuePairs, count, generation, hardware, inFlight } = group;
    const { costs } = this.numbers;
    const vfCount = vms * count;
    const queues = Array.from({ length: vfCount }, () => queuePairs);
    if (side === 1) {
      for (const fault of faults) {
        if (fault.kind !== 'otherQueues') continue;
        const { groupIndex, fn } = this.placeOf(fault.vm, fault.device);
        if (groupIndex === index) queues[fn - 1] = fault.queues;
      }
    }
    return this.world.addHost({
      kind,
      generation: GENERATIONS[generation],
      costs,
      device: {
        hardware,
        vfCount,
        vft: dealt(ACCELERATORS[kind].pfDefaultQueues, queues),
        inFlight,
        engine: engineOf(group, this.numbers.end),
      },
    });
  }

  /** Where a VF of a VM is: both from 1. */
  private placeOf(vm: number, device: number): { readonly groupIndex: number; readonly fn: number } {
    let left = device - 1;
    for (const [groupIndex, { count }] of this.plan.registerGroups.entries()) {
      if (left < count) return { groupIndex, fn: (vm - 1) * count + left + 1 };
      left -= count;
    }
    return bug('NO_SUCH_VF', vm, device);
  }

  private guest({ group, groupIndex, fn: device }: VfPlace, vm: number, vf: number): VfGuest {
    const { world, hosts, plan, numbers } = this;
    const { kind, queuePairs, depths, load, count } = group;
    const fn = vm * count + device;
    const pair = hosts[groupIndex]!;
    for (const host of pair) {
      const ret = host.slot(fn).vfio.open();
      if (ret !== 0) bug('SCENARIO_OPEN', ret, fn);
    }
    world.runUntil(world.clock.nowNs);
    const { servers, serviceNs: taskNs } = engineOf(group, this.numbers.end);
    const capacityPerSecond = ((servers / taskNs) * NS_PER_S) / (plan.scenario.vms * count);
    const random = new Random(plan.scenario.seed, vm * this.places.length + vf);
    const { interruptNs } = numbers.costs;
    return world.addGuest({ kind, queuePairs, depths, load, capacityPerSecond, random, interruptNs }, pair[0].slot(fn));
  }

  /** Sets the faults of devices. @returns who damages the images, by VM and VF */
  private arm(nowNs: number): ReadonlyMap<string, (image: Uint8Array) => void> {
    const damage = new Map<string, (image: Uint8Array) => void>();
    for (const fault of this.plan.scenario.faults) {
      if (fault.kind === 'image') damage.set(`${fault.vm - 1}.${fault.device - 1}`, imageDamage(fault.field));
      if (fault.kind !== 'device') continue;
      const { groupIndex, fn } = this.placeOf(fault.vm, fault.device);
      const { faults } = this.hosts[groupIndex]![fault.side === 'source' ? 0 : 1].accelerator;
      const untilNs = nowNs + (fault.lasts ?? Infinity);
      DEVICE_FAULTS[fault.what].set(faults, { fn, untilNs, times: fault.times ?? Infinity });
    }
    return damage;
  }
}

/** Whether nothing but a new start by the guest makes a VF's queues complete again. */
function isUnserved(end: VfEndState): boolean {
  return end === 'blank' || end === 'paused';
}

function serviceGapOf({ pauseNs, devicePauseNs }: VfGuest, hasEnd: boolean): ServiceGap {
  const gap = (ns: number): number | null => (hasEnd && ns > 0 ? ns : null);
  return { deviceNs: gap(devicePauseNs), queuesNs: [...pauseNs].map(gap) };
}

/** Cores of a group's PF, and the time that each takes for a task. */
export function engineOf(
  { kind, engine }: RegisterGroup,
  end: RangeEnd,
): { readonly servers: number; readonly serviceNs: number } {
  if (engine !== undefined) return engine;
  const rate = JOB_RATES[kind];
  const range = serviceNsRange(rate);
  const taskNs = end === 'point' ? serviceNs(rate) : end === 'short' ? range.low : range.high;
  return { servers: rate.servers.value, serviceNs: taskNs };
}

/** How long the engine of a group works before the move, so that its queues are in their usual state; 0 when idle. */
export function warmUpNs(group: RegisterGroup, vms: number, end: RangeEnd): number {
  if (group.load.kind === 'idle') return 0;
  const { servers, serviceNs: taskNs } = engineOf(group, end);
  const queues = vms * group.count * group.queuePairs;
  const busy = group.load.kind === 'open' ? Math.min(1, group.load.fractionOfCapacity) : 1;
  return (Math.max(WARM_UP_TASKS, WARM_UP_TASKS_PER_QUEUE * queues) * taskNs) / (servers * busy);
}

/** Queues dealt out one VF after another. */
function dealt(first: number, queues: readonly number[]): VftEntry[] {
  let base = first;
  return queues.map((num) => {
    const entry = { base, num };
    base += num;
    return entry;
  });
}

/** Where the faults cut off the move of a VM; the link is everybody's. */
export function cutOf(faults: readonly ScenarioFault[], vm: number): Cut | null {
  for (const fault of faults) {
    if (fault.kind !== 'cancel' && fault.kind !== 'link') continue;
    if (fault.vm !== undefined && fault.vm !== vm + 1) continue;
    return { by: fault.kind, at: fault.at, share: fault.share };
  }
  return null;
}
