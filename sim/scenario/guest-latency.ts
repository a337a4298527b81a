/**
 * What clients in the guests see of a scenario: how long a job takes from its submission to its end, before the stop, over
 * the pause, and afterwards.
 *
 * At the level of jobs (sim/workload/queueing), with the pauses of the register-level world.
 */
import { NS_PER_S } from '../base/units.ts';
import type { CostValues } from '../device/costs.ts';
import type { RangeEnd } from '../memory/device-profile.ts';
import type { ClientLoad } from '../workload/client-load.ts';
import type { Load } from '../workload/load.ts';
import { type Phase, PHASES, QueueingModel } from '../workload/queueing/model.ts';
import { engineOf, warmUpNs, type WorldOutcome } from './device-world.ts';
import type { RegisterGroup, CompiledScenario } from './compile.ts';

/** Longer than the register-level world warms up: percentiles want more jobs than queues do. */
const WARM_UPS = 5;

export interface PhaseLatency {
  readonly phase: Phase;
  readonly jobs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** Latencies of all VFs of a group together. */
export interface GroupLatency {
  /** Place among the register groups. */
  readonly group: number;
  readonly name: string;
  readonly phases: readonly PhaseLatency[];
}

/** Groups without jobs, and those with bursts, which this model does not have, are left out. */
export function guestLatencies(
  plan: CompiledScenario,
  world: WorldOutcome,
  end: RangeEnd,
  costs: Pick<CostValues, 'interruptNs'>,
): GroupLatency[] {
  return plan.registerGroups.flatMap((group, index) => {
    const phases = groupPhases(plan, group, index, world, end, costs.interruptNs);
    return phases === null ? [] : [{ group: index, name: group.name, phases }];
  });
}

interface Change {
  readonly timeNs: number;
  readonly vf: number;
  /** Undefined: it stops. Otherwise the engine on which it resumes. */
  readonly engine: number | undefined;
}

function groupPhases(
  plan: CompiledScenario,
  group: RegisterGroup,
  groupIndex: number,
  world: WorldOutcome,
  end: RangeEnd,
  interruptNs: number,
): PhaseLatency[] | null {
  const { vms, seed } = plan.scenario;
  const { servers, serviceNs } = engineOf(group, end);
  const vfs = vms * group.count;
  const load = clientLoad(group.load, ((servers / serviceNs) * NS_PER_S) / vfs);
  if (load === null) return null;
  const job = { name: group.kind, bytes: 1, share: 1, fixedNs: serviceNs, nsPerByte: 0 };
  const model = new QueueingModel({
    seed,
    engines: [{ cores: servers }, { cores: servers }],
    vfs: Array.from({ length: vfs }, () => ({
      queues: group.queuePairs,
      depth: group.depths.sq,
      load,
      jobs: [job],
      completion: { kind: 'interrupt' as const, latencyNs: interruptNs, perCompletionNs: 0 },
    })),
  });
  const aroundNs = WARM_UPS * warmUpNs(group, vms, end);
  let endNs = aroundNs;
  for (const { timeNs, vf, engine } of changes(group, groupIndex, world)) {
    model.run(aroundNs + timeNs);
    if (engine === undefined) model.pause(vf, group.inFlight);
    else model.resume(vf, engine);
    endNs = 2 * aroundNs + timeNs;
  }
  model.run(endNs);
  return PHASES.map((phase) => phaseOf(model, vfs, phase));
}

/** Stops and resumes of a group's VFs, in the order of time, in ns after the moves began. */
function changes(group: RegisterGroup, groupIndex: number, world: WorldOutcome): Change[] {
  const list: Change[] = [];
  for (const [vm, { outcome }] of world.vms.entries()) {
    const { stoppedAtNs, pauseNs, guestAt, vfs } = outcome;
    if (pauseNs === 0) continue;
    const stopNs = stoppedAtNs - world.startNs;
    for (const [index, place] of world.places.entries()) {
      if (place.groupIndex !== groupIndex) continue;
      const vf = vm * group.count + place.fn - 1;
      list.push({ timeNs: stopNs, vf, engine: undefined });
      // One that is left blank or paused completes nothing any more.
      if (vfs[index] !== 'served') continue;
      list.push({ timeNs: stopNs + pauseNs, vf, engine: guestAt === 'destination' ? 1 : 0 });
    }
  }
  return list.toSorted((a, b) => a.timeNs - b.timeNs);
}

function clientLoad(load: Load, capacityPerSecond: number): ClientLoad | null {
  switch (load.kind) {
    case 'closed':
      return load;
    case 'open': {
      const { fractionOfCapacity, burst = 1 } = load;
      return burst === 1 ? { kind: 'poisson', ratePerSecond: capacityPerSecond * fractionOfCapacity } : null;
    }
    default:
      return null;
  }
}

function phaseOf(model: QueueingModel, vfs: number, phase: Phase): PhaseLatency {
  const all = model.histogram(0, phase);
  for (let vf = 1; vf < vfs; vf++) all.add(model.histogram(vf, phase));
  return {
    phase,
    jobs: all.totalCount,
    p50Ns: all.getValueAtPercentile(50),
    p99Ns: all.getValueAtPercentile(99),
    maxNs: all.totalCount === 0 ? 0 : all.getValueAtPercentile(100),
  };
}
