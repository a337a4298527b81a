/**
 * What nobody knows of a move, drawn together: parameters of VMMs and figures of devices within their ranges, costs of
 * registers, the phase of QEMU's window, what a guest's last pages hold. The same seed gives the same draws.
 */
import { Draws, type Spread, spreadAt } from '../base/draws.ts';
import { COST } from '../device/costs.ts';
import type { DeviceFigures, DeviceProfile, RangeEnd } from '../memory/device-profile.ts';
import { drawnFigures, drawnParameters, parameterSpreads, type ParameterSpreads } from '../memory/evidence.ts';
import { DATA_AT_END_SHARE, type MemoryLayout } from '../memory/layout.ts';
import type { VmmParameters } from '../memory/parameters.ts';
import type { OwnSpreads } from '../memory/platform.ts';

/** Draws of an interval. Stratified, so that quantiles at 10 and 90 % repeat to a few percent over seeds. */
export const DRAWS = 200;

/**
 * Share of draws that take all costs of registers and engines at the low ends of their ranges, and share that takes the high
 * ends; the others take the nominal costs. With a sixth at each end three values have the variance of what is spread evenly
 * between them. A device's registers are played access by access, which takes too long for each draw.
 */
const REGISTER_END_SHARE = 1 / 6;

/** Names of unknowns that are no parameter. */
export const WINDOW_PHASE = 'windowPhase';
export const DATA_AT_END = 'dataAtEnd';
export const BURST_PHASE = 'burstPhase';
export const REGISTERS = 'registers';

const VCPU_COSTS = ['vcpuStopNs', 'vcpuStartNs'] as const;
type VcpuCost = (typeof VCPU_COSTS)[number];

export class Unknowns {
  readonly count: number;
  readonly seed: number;
  private readonly draws: Draws;
  private readonly spreads: ParameterSpreads;
  private readonly parameterSets: VmmParameters[] = [];
  private readonly figureSets = new WeakMap<DeviceProfile, DeviceFigures[]>();

  /**
   * @param count how many draws, from 1 on
   * @param own parameters of a platform, in place of the shipped ones
   */
  constructor(seed: number, count: number = DRAWS, own: OwnSpreads = {}) {
    this.seed = seed;
    this.spreads = { ...SPREADS, ...own };
    this.count = count;
    this.draws = new Draws(count, seed);
  }

  /** Share of the distribution of an unknown below its value in a draw, in (0, 1). */
  share(unknown: string, draw: number): number {
    return this.draws.uniform(unknown, draw);
  }

  /** Parameters of the reference platform. */
  parameters(draw: number): VmmParameters {
    return (this.parameterSets[draw] ??= drawnParameters(this.spreads, this.draws, draw));
  }

  figures(profile: DeviceProfile, draw: number): DeviceFigures {
    const known = this.figureSets.get(profile) ?? [];
    if (known.length === 0) this.figureSets.set(profile, known);
    return (known[draw] ??= drawnFigures(profile, this.draws, draw));
  }

  /** Which play of the registers a draw takes: {@link REGISTER_END_SHARE}. */
  registers(draw: number): RangeEnd {
    const share = this.draws.uniform(REGISTERS, draw);
    return share < REGISTER_END_SHARE ? 'short' : share < 1 - REGISTER_END_SHARE ? 'point' : 'long';
  }

  windowPhase(draw: number): number {
    return this.draws.uniform(WINDOW_PHASE, draw);
  }

  /** When the first burst of writing in a move begins, as a share of the time between two. */
  burstPhase(draw: number): number {
    return this.draws.uniform(BURST_PHASE, draw);
  }

  /** What comes last in a guest's memory where nothing says it. */
  layout(draw: number): MemoryLayout {
    return this.draws.uniform(DATA_AT_END, draw) < DATA_AT_END_SHARE ? 'data' : 'rising';
  }

  vcpuCosts(draw: number): Readonly<Record<VcpuCost, number>> {
    const at = (name: VcpuCost): number => spreadAt(costSpread(name), this.draws.uniform(name, draw));
    return { vcpuStopNs: at('vcpuStopNs'), vcpuStartNs: at('vcpuStartNs') };
  }

  /**
   * Names of what may differ between draws of a move.
   *
   * @param isUnknown whether registers, window and last pages are among it
   */
  names(profiles: readonly DeviceProfile[], isUnknown: (name: string) => boolean): readonly string[] {
    return [
      ...Object.entries(this.spreads).flatMap(([name, { low, high }]) => (low === high ? [] : [name])),
      ...VCPU_COSTS,
      ...profiles.flatMap((profile) => figureNames(profile)),
      ...[WINDOW_PHASE, DATA_AT_END, BURST_PHASE, REGISTERS].filter((name) => isUnknown(name)),
    ];
  }
}

const SPREADS = parameterSpreads();

function costSpread(name: VcpuCost): Spread {
  const { ns, min, max } = COST[name];
  return { value: ns, low: min, high: max };
}

/** Figures of a profile that are ranges, by the names under which they are drawn. */
function figureNames(profile: DeviceProfile): readonly string[] {
  return Object.entries(profile).flatMap(([name, figure]) =>
    typeof figure === 'object' && 'range' in figure && figure.range[0] !== figure.range[1]
      ? [`${profile.id}.${name}`]
      : [],
  );
}

/** Sets of draws that are kept, of each platform. */
const KEPT_MAX = 4;
const SHIPPED: OwnSpreads = {};
const kept = new WeakMap<OwnSpreads, Map<string, Unknowns>>();

/**
 * The draws of a seed; the last ones are kept, since a slider asks for the same ones again.
 *
 * @param own parameters of a platform, in place of the shipped ones
 */
export function unknownsOf(seed: number, own: OwnSpreads = SHIPPED, count: number = DRAWS): Unknowns {
  const sets = kept.get(own) ?? new Map<string, Unknowns>();
  kept.set(own, sets);
  const key = `${seed} ${count}`;
  const known = sets.get(key);
  if (known !== undefined) return known;
  const drawn = new Unknowns(seed, count, own);
  if (sets.size >= KEPT_MAX) sets.delete(sets.keys().next().value!);
  sets.set(key, drawn);
  return drawn;
}
