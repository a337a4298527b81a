/**
 * What the pause of a VM depends on: one parameter after another at both ends of its range, all others nominal.
 */
import { COST, pointCosts } from '../device/costs.ts';
import {
  type DeviceProfile,
  figuresOf,
  PROFILE_FIGURES,
  type ProfileFigure,
  type ProfileFigureName,
} from '../memory/device-profile.ts';
import { hasMoved } from '../memory/outcome.ts';
import { pointParameters, VMM_PARAMETER, type VmmParameters } from '../memory/parameters.ts';
import { type DeviceGroup, type DeviceSteps, moveVm, type VmMoveInput, type VmMoveResult } from '../memory/vm-move.ts';
import type { VfTimes } from '../move/vf-passage.ts';
import { onPlatform } from '../memory/platform.ts';
import { moveInputOf, parametersOf, platformOf, type CompiledScenario, WINDOW_PHASES } from './compile.ts';
import { stepsOf } from './scenario-run.ts';
import { VMMS } from '../memory/vmms.ts';
import { keysOf } from '../base/keys.ts';

/** The pause with one parameter at its ends. */
export interface Influence {
  readonly name: string;
  /** In words, with the unit; empty where the name says it all. */
  readonly title: string;
  /** Where the figure comes from. */
  readonly from: string;
  readonly value: string;
  readonly short: string;
  readonly long: string;
  /** The pause, in ns; null where the VM would then never be stopped. */
  readonly shortPauseNs: number | null;
  readonly longPauseNs: number | null;
}

/** Differences below this are rounding. */
const LEAST_NS = 1;

/** Times of the VFs of one VM in the three runs. */
interface TimesByEnd {
  readonly point: readonly VfTimes[];
  readonly short: readonly VfTimes[];
  readonly long: readonly VfTimes[];
}

/**
 * @param times of the VFs, which move together: their registers are played with all costs at one end
 * @returns those that the pause depends on at all, the widest first; none where the VM is not stopped
 */
export function influencesOn(plan: CompiledScenario, times: TimesByEnd): Influence[] {
  const costs = pointCosts();
  const platform = platformOf(plan.scenario);
  const p = pointParameters();
  const steps = stepsOf(plan, times.point);
  const base = moveInputOf(plan, 'point', costs, steps);
  const basePauseNs = pauseOf(moveVm(base, onPlatform(p, platform)));
  if (basePauseNs === null) return [];
  const moved = (input: VmMoveInput, parameters: VmmParameters = p): number | null =>
    pauseOf(moveVm(input, onPlatform(parameters, platform)));
  const found: Influence[] = keysOf(VMM_PARAMETER).map((name) => {
    const { value, short, long, unit, from } = VMM_PARAMETER[name];
    return {
      name,
      title: unit,
      from,
      value: digits(value),
      short: digits(short),
      long: digits(long),
      shortPauseNs: moved(base, { ...p, [name]: short }),
      longPauseNs: moved(base, { ...p, [name]: long }),
    };
  });
  for (const name of ['vcpuStopNs', 'vcpuStartNs'] as const) {
    const { ns, min, max, from } = COST[name];
    found.push({
      name,
      title: 'ns',
      from,
      value: digits(ns),
      short: digits(min),
      long: digits(max),
      shortPauseNs: moved({ ...base, [name]: min }),
      longPauseNs: moved({ ...base, [name]: max }),
    });
  }
  if (VMMS[plan.scenario.vmm].sends === 'windows') found.push(windowInfluence(plan, steps));
  if (plan.registerGroups.length > 0) {
    found.push({
      name: 'registers',
      title: 'all costs of the VFs’ registers and engines together',
      from: 'mostly assumed',
      value: 'nominal',
      short: 'low',
      long: 'high',
      shortPauseNs: moved(moveInputOf(plan, 'point', costs, stepsOf(plan, times.short))),
      longPauseNs: moved(moveInputOf(plan, 'point', costs, stepsOf(plan, times.long))),
    });
  }
  for (const [index, { profile }] of plan.devices.entries()) {
    for (const name of PROFILE_FIGURES) {
      const figure = profile[name];
      if (figure === undefined) continue;
      found.push(figureInfluence(base, parametersOf(plan, 'point'), index, profile, name, figure));
    }
  }
  return found
    .filter((influence) => widthOf(influence, basePauseNs) > LEAST_NS)
    .toSorted((a, b) => widthOf(b, basePauseNs) - widthOf(a, basePauseNs));
}

/** Unknown, and no parameter: where in QEMU's window of 100 ms the limit is met. */
function windowInfluence(plan: CompiledScenario, steps: readonly (readonly DeviceSteps[] | undefined)[]): Influence {
  const at = (phase: number): number | null =>
    pauseOf(moveVm(moveInputOf(plan, 'point', pointCosts(), steps, phase), parametersOf(plan, 'point')));
  const pauses = WINDOW_PHASES.short.map((phase) => ({ phase, ns: at(phase) }));
  const known = pauses.filter((each) => each.ns !== null).toSorted((a, b) => a.ns! - b.ns!);
  const [short, long] = [known[0], known.at(-1)];
  return {
    name: 'windowPhase',
    title: 'where in QEMU’s window of 100 ms the limit is met',
    from: 'unknown',
    value: String(WINDOW_PHASES.point[0]),
    short: String(short?.phase ?? ''),
    long: String(long?.phase ?? ''),
    shortPauseNs: short?.ns ?? null,
    longPauseNs: long?.ns ?? null,
  };
}

function figureInfluence(
  base: VmMoveInput,
  p: VmmParameters,
  index: number,
  profile: DeviceProfile,
  name: ProfileFigureName,
  { value, range, from }: ProfileFigure,
): Influence {
  const at = (figure: number): number | null => {
    const devices = base.devices.map((group, place): DeviceGroup =>
      place === index ? { ...group, figures: { ...figuresOf(profile, 'point'), [name]: figure } } : group,
    );
    return pauseOf(moveVm({ ...base, devices }, p));
  };
  return {
    name: `${profile.id}.${name}`,
    title: '',
    from,
    value: digits(value),
    short: digits(range[0]),
    long: digits(range[1]),
    shortPauseNs: at(range[0]),
    longPauseNs: at(range[1]),
  };
}

function widthOf({ shortPauseNs, longPauseNs }: Influence, basePauseNs: number): number {
  const values = [shortPauseNs ?? basePauseNs, longPauseNs ?? basePauseNs, basePauseNs];
  return Math.max(...values) - Math.min(...values);
}

function pauseOf({ end, pauseNs }: VmMoveResult): number | null {
  return hasMoved(end) ? pauseNs : null;
}

function digits(value: number): string {
  return String(Number(value.toPrecision(4)));
}
