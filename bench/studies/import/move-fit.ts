/**
 * Values that a measured move leaves open, so that the model comes to what was measured: total, pause, bytes.
 */
import { NS_PER_MS } from '../../../sim/base/units.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import { type CompiledScenario, moveInputOf, parametersOf } from '../../../sim/scenario/compile.ts';
import { moveVm, type VmMoveResult } from '../../../sim/memory/vm-move.ts';
import type { FreeValue, MeasuredMove } from './move-draft.ts';

export type FreeValues = Partial<Record<FreeValue['name'], number>>;

/** What the model makes of the move, in the units of what was measured. */
export interface ModelledMove {
  readonly totalMs: number;
  /** By the clock of what was measured. */
  readonly pauseMs: number;
  readonly transferredBytes: number;
}

/** What one error weighs: total and pause are what a scenario has to come to. */
const WEIGHTS = { total: 4, pause: 2, bytes: 1 } as const;

/** Steps of the coarse grid of what the guest writes, a rate and a working set, which decide together. */
const COARSE = 12;
const ROUNDS = 5;
const GRID = 9;

/**
 * Looks for free values: what the guest writes on a coarse grid, then all one after the other on grids that become finer.
 *
 * @param plan compiled with any values of the free fields
 */
export function fitted(plan: CompiledScenario, free: readonly FreeValue[], measured: MeasuredMove): FreeValues {
  const start = Object.fromEntries(free.map((each) => [each.name, within(each, each.start)])) as FreeValues;
  if (measured.totalMs === undefined && measured.pauseMs === undefined) return start;
  const costAt = (values: FreeValues): number => costOf(plan, values, measured) + unusualCost(values, free);
  let best = { values: start, cost: costAt(start) };
  const take = (values: FreeValues): void => {
    const cost = costAt(values);
    if (cost < best.cost) best = { values, cost };
  };
  const [rate, set] = [free.find(({ name }) => name === 'dirtyRate'), free.find(({ name }) => name === 'workingSet')];
  for (const dirtyRate of gridOf(rate, COARSE)) {
    for (const workingSet of gridOf(set, COARSE)) {
      take({ ...start, ...(rate === undefined ? {} : { dirtyRate }), ...(set === undefined ? {} : { workingSet }) });
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const each of free) {
      const about = best.values[each.name]!;
      const factor = (each.high / each.low) ** (1 / 3 ** round);
      const near = { ...each, low: within(each, about / factor), high: within(each, about * factor) };
      for (const value of gridOf(near, GRID)) take({ ...best.values, [each.name]: value });
    }
  }
  return best.values;
}

/** Weight of the square of the logarithm by which a value is above what is usual. */
const UNUSUAL_WEIGHT = 0.004;

/** Where several values come to nearly the same, such as rates above what a working set takes, the usual one is meant. */
function unusualCost(values: FreeValues, free: readonly FreeValue[]): number {
  return free.reduce((sum, { name, usual = Infinity }) => {
    const above = Math.log((values[name] ?? 0) / usual);
    return above > 0 ? sum + UNUSUAL_WEIGHT * above ** 2 : sum;
  }, 0);
}

function within({ low, high }: FreeValue, value: number): number {
  return Math.min(high, Math.max(low, value));
}

/** Values evenly spread on a logarithmic scale; one value that says nothing where there is no such variable. */
function gridOf(variable: FreeValue | undefined, steps: number): readonly number[] {
  if (variable === undefined || !(variable.high > variable.low)) return [variable?.low ?? 0];
  const step = (variable.high / variable.low) ** (1 / (steps - 1));
  return Array.from({ length: steps }, (_, i) => variable.low * step ** i);
}

function costOf(plan: CompiledScenario, values: FreeValues, measured: MeasuredMove): number {
  const modelled = modelledBy(plan, values, measured);
  if (modelled === null) return Infinity;
  const error = (model: number, truth: number | undefined): number =>
    truth === undefined || truth <= 0 ? 0 : Math.log(Math.max(model, 1e-6) / truth) ** 2;
  return (
    WEIGHTS.total * error(modelled.totalMs, measured.totalMs) +
    WEIGHTS.pause * error(modelled.pauseMs, measured.pauseMs) +
    WEIGHTS.bytes * error(modelled.transferredBytes, measured.transferredBytes)
  );
}

function modelledBy(plan: CompiledScenario, values: FreeValues, measured: MeasuredMove): ModelledMove | null {
  const result = resultOf(withValues(plan, values));
  return result === null ? null : inMeasuredUnits(result, measured);
}

/** The move of the model; null: it never ends. */
export function resultOf(plan: CompiledScenario): VmMoveResult | null {
  try {
    const result = moveVm(moveInputOf(plan, 'point', pointCosts()), parametersOf(plan, 'point'));
    return result.end === 'endless' || result.end === 'cancelled' ? null : result;
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** Figures of the model as they were measured. */
export function inMeasuredUnits(result: VmMoveResult, { clock }: Pick<MeasuredMove, 'clock'>): ModelledMove {
  const { totalNs, reportedNs, pauseNs, criticalNs, wireBytes } = result;
  const fromStop = pauseNs - criticalNs.vcpuStop - criticalNs.deviceStop;
  return {
    totalMs: totalNs / NS_PER_MS,
    pauseMs: (clock === 'libvirt' ? fromStop : reportedNs) / NS_PER_MS,
    transferredBytes: wireBytes,
  };
}

function withValues(
  plan: CompiledScenario,
  { link, dirtyRate, workingSet, limit, acknowledged }: FreeValues,
): CompiledScenario {
  const { scenario } = plan;
  const { memory, stream, convergence } = scenario;
  const { dirty, page } = memory;
  const written =
    dirty.kind === 'uniform'
      ? {
          ...dirty,
          ...(dirtyRate === undefined ? {} : { pagesPerSecond: Math.round(dirtyRate) }),
          ...(workingSet === undefined ? {} : { workingSet: Math.max(page, Math.floor(workingSet / page) * page) }),
        }
      : dirty;
  return {
    ...plan,
    scenario: {
      ...scenario,
      memory: { ...memory, dirty: written },
      stream: link === undefined ? stream : { ...stream, gigabitsPerSecond: link },
      ...(acknowledged === undefined ? {} : acknowledgement(acknowledged, scenario.returnPath)),
      convergence: limit === undefined ? convergence : { ...convergence, downtimeLimit: Math.round(limit) * NS_PER_MS },
    },
  };
}

/** Whether device state goes ahead of the stop; QEMU has that only with a return path. */
function acknowledgement(
  value: number,
  returnPath: boolean | undefined,
): Pick<CompiledScenario['scenario'], 'switchoverAck' | 'returnPath'> {
  const switchoverAck = isAcknowledged(value);
  return { switchoverAck, returnPath: switchoverAck ? true : returnPath };
}

/** A choice as a variable from 1 to 2: whether device state goes ahead of the stop. */
export function isAcknowledged(value: number): boolean {
  return value > Math.SQRT2;
}
