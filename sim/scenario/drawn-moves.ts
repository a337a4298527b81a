/**
 * A scenario's VM moved once for each draw of what nobody knows: by the closed form of the whole VM, with the steps of its VFs
 * as they were played register by register at three ends of their costs.
 */
import { mapValues } from '../base/keys.ts';
import { pointCosts } from '../device/costs.ts';
import type { RangeEnd } from '../memory/device-profile.ts';
import type { DirtyModel } from '../memory/dirty.ts';
import { hasMoved, type MoveEnd } from '../memory/outcome.ts';
import { onPlatform } from '../memory/platform.ts';
import { boundedMove } from '../memory/pause-bound.ts';
import { type DeviceSteps, moveVm, type VmMoveInput, type VmMoveResult } from '../memory/vm-move.ts';
import type { VfTimes } from '../move/vf-passage.ts';
import { type CompiledScenario, moveInputOf, platformOf } from './compile.ts';
import { cutOf } from './device-world.ts';
import type { Scenario } from './document.ts';
import { runScenario, type ScenarioResult, stepsOf, type VmResult } from './scenario-run.ts';
import type { Unknowns } from './unknowns.ts';

/** What the registers of one VM did with all costs at one end. */
interface PlayedRegisters {
  readonly times: readonly VfTimes[];
  /** Where a fault or a driver's call ended the move; null: memory and rules decide how it ends. */
  readonly ended: EndedVm | null;
}

/** A move that something else than its rules ended. */
interface EndedVm {
  readonly kind: MoveEnd;
  readonly pauseNs: number;
  readonly partsNs: Readonly<Record<string, number>>;
  /** Whether memory was sent. */
  readonly began: boolean;
}

/** What the registers of a VM did, by the end at which all costs were. */
export type RegistersByEnd = Readonly<Record<RangeEnd, PlayedRegisters>>;

/** One draw of a VM's move. */
export interface DrawnMove {
  /** Number of the draw. */
  readonly draw: number;
  /** Which play of the registers it took. */
  readonly registers: RangeEnd;
  readonly kind: MoveEnd | 'endless';
  readonly pauseNs: number;
  /** NaN where the VMM reports none. */
  readonly reportedNs: number;
  readonly totalNs: number;
  readonly memoryBytes: number;
  readonly wireBytes: number;
  /** On the critical path, by the names of parts. */
  readonly partsNs: Readonly<Record<string, number>>;
  readonly move: VmMoveResult;
}

/**
 * What the registers of one VM did in the three plays of a scenario. Where its rules ended a move before the registers were
 * played, they are played with a guest that writes nothing.
 *
 * @param vm place of the VM among those of the scenario
 */
export function registersOf(
  plan: CompiledScenario,
  results: Readonly<Record<RangeEnd, ScenarioResult>>,
  vm: number,
): RegistersByEnd {
  return mapValues(results, ({ vms }, end): PlayedRegisters => {
    const result = vms[vm]!;
    if (!hasMoved(result.kind) && !isByRule(result)) {
      return { times: result.devices.outcome.times, ended: endedVm(result) };
    }
    const isPlayed = hasMoved(result.kind) || plan.registerGroups.length === 0;
    const { times } = isPlayed ? result.devices.outcome : runScenario(atRest(plan), end).vms[vm]!.devices.outcome;
    return { times, ended: null };
  });
}

/** Whether the rules of its manager ended a move that did not take place. */
function isByRule({ kind, move: { cause } }: VmResult): boolean {
  return kind === 'cancelled' && cause.reason !== 'none' && cause.reason !== 'cut';
}

function endedVm({ kind, pauseNs, parts, rounds }: VmResult): EndedVm {
  const partsNs = Object.fromEntries(parts.map(({ name, criticalNs }) => [name, criticalNs]));
  return { kind, pauseNs, partsNs, began: rounds.length > 0 };
}

/** The scenario with guests that write nothing, so that every move comes to its stop. */
export function atRest(plan: CompiledScenario): CompiledScenario {
  const { dma: _dma, ...memory } = plan.scenario.memory;
  const scenario = { ...plan.scenario, memory: { ...memory, dirty: { kind: 'none' as const } } };
  return { ...plan, scenario, allDirty: undefined };
}

/** What the model of a whole VM gets in one draw. */
export function drawnInput(
  plan: CompiledScenario,
  base: VmMoveInput,
  unknowns: Unknowns,
  draw: number,
  steps: readonly (readonly DeviceSteps[] | undefined)[],
): VmMoveInput {
  const { tail } = plan.scenario.memory;
  return {
    ...base,
    ...unknowns.vcpuCosts(draw),
    memory: { ...base.memory, layout: tail ?? unknowns.layout(draw), dirty: drawnDirty(plan, base, unknowns, draw) },
    convergence: { ...base.convergence, windowPhase: unknowns.windowPhase(draw) },
    devices: base.devices.map((group, index) => {
      const known = steps[index];
      const figures = unknowns.figures(plan.devices[index]!.profile, draw);
      return { ...group, figures, ...(known === undefined ? {} : { steps: known }) };
    }),
  };
}

/** Whether the guest writes in bursts of which nothing says when they begin. */
export function hasUnknownBursts(dirty: Scenario['memory']['dirty']): boolean {
  return dirty.kind === 'bursts' && dirty.begins === undefined;
}

function drawnDirty(
  { scenario }: CompiledScenario,
  { memory: { dirty } }: VmMoveInput,
  unknowns: Unknowns,
  draw: number,
): DirtyModel {
  if (dirty.kind !== 'bursts' || !hasUnknownBursts(scenario.memory.dirty)) return dirty;
  return { ...dirty, beginsNs: unknowns.burstPhase(draw) * dirty.everyNs };
}

/**
 * Moves a VM once for each draw.
 *
 * @param registers of that VM
 * @param vm place of the VM among those of the scenario
 */
export function drawMoves(
  plan: CompiledScenario,
  registers: RegistersByEnd,
  unknowns: Unknowns,
  vm: number = 0,
): readonly DrawnMove[] {
  const base = moveInputOf(plan, 'point', pointCosts());
  const platform = platformOf(plan.scenario);
  const steps = mapValues(registers, ({ times }) => stepsOf(plan, times));
  const cut = cutOf(plan.scenario.faults, vm);
  const cutShare = cut?.at === 'precopy' ? cut.share : 1;
  return Array.from({ length: unknowns.count }, (_, draw) => {
    const end = unknowns.registers(draw);
    const input = drawnInput(plan, base, unknowns, draw, steps[end]);
    const move = moveVm(input, onPlatform(unknowns.parameters(draw), platform), cutShare);
    const { ended } = registers[end];
    const strikes = ended !== null && (ended.pauseNs === 0 || !Number.isNaN(move.stoppedAtNs));
    return { draw, registers: end, move, ...(strikes ? endedMove(ended, move) : ownEnd(move)) };
  });
}

type MoveFigures = Omit<DrawnMove, 'draw' | 'registers' | 'move'>;

/** A move that memory and rules decide. */
function ownEnd(move: VmMoveResult): MoveFigures {
  const { end, pauseNs, reportedNs, totalNs, stoppedAtNs, memoryBytes, wireBytes, criticalNs } = move;
  const stood = hasMoved(end) || Number.isNaN(stoppedAtNs) ? pauseNs : totalNs - stoppedAtNs;
  const reported = hasMoved(end) ? reportedNs : Number.NaN;
  return { kind: end, pauseNs: stood, reportedNs: reported, totalNs, memoryBytes, wireBytes, partsNs: criticalNs };
}

/** A move that a fault or a driver's call ended: its pause is that of the registers' play, what was sent before is drawn. */
function endedMove({ kind, pauseNs, partsNs, began }: EndedVm, move: VmMoveResult): MoveFigures {
  const { stoppedAtNs, totalNs, rounds, rates } = move;
  const precopyNs = Number.isNaN(stoppedAtNs) ? totalNs : stoppedAtNs;
  const memoryBytes = began ? rounds.reduce((sum, { sentBytes, count }) => sum + sentBytes * count, 0) : 0;
  const wireBytes = memoryBytes / rates.ratio;
  return {
    kind,
    pauseNs,
    reportedNs: Number.NaN,
    totalNs: (began ? precopyNs : 0) + pauseNs,
    memoryBytes,
    wireBytes,
    partsNs,
  };
}

/**
 * The longest pause of a VM wherever its iterations end, for each draw, in ns; Infinity where it does not move. Without faults.
 *
 * @param registers of that VM
 */
export function drawBounds(plan: CompiledScenario, registers: RegistersByEnd, unknowns: Unknowns): Float64Array {
  const base = moveInputOf(plan, 'point', pointCosts());
  const platform = platformOf(plan.scenario);
  const steps = mapValues(registers, ({ times }) => stepsOf(plan, times));
  return Float64Array.from({ length: unknowns.count }, (_, draw) => {
    const input = drawnInput(plan, base, unknowns, draw, steps[unknowns.registers(draw)]);
    return boundedMove(input, onPlatform(unknowns.parameters(draw), platform)).pauseNs;
  });
}
