/**
 * A scenario played with all parameters at one end: the whole VM's model and the register-level world, put together.
 *
 * The world gives the steps of each VF, the model of the VM gives the time that memory and state take between them; both
 * must then have the same pause.
 */
import { bug } from '../base/bug.ts';
import { MOVE_PART_TITLES, MOVE_VIEW, PAUSE_PART_TITLES, PAUSE_PARTS, pausePartsNs } from '../base/pause-parts.ts';
import { type CostValues, highCosts, lowCosts, pointCosts } from '../device/costs.ts';
import type { RangeEnd } from '../memory/device-profile.ts';
import { longParameters, pointParameters, shortParameters, type VmmParameters } from '../memory/parameters.ts';
import type { PrecopyIteration } from '../memory/precopy.ts';
import { type DeviceSteps, moveVm, type VmMoveResult } from '../memory/vm-move.ts';
import type { VfTimes } from '../move/vf-passage.ts';
import { DeviceWorld, type VmOutcome, type WorldOutcome } from './device-world.ts';
import { moveInputOf, type CompiledScenario, WINDOW_PHASES } from './compile.ts';

export const ENDS: readonly RangeEnd[] = ['point', 'short', 'long'];

/** How a VM's move ended. */
export type MoveKind =
  /** It runs at the destination. */
  | 'moved'
  /** Its memory never came to rest; it was never stopped. */
  | 'gave up'
  | 'cancelled'
  | 'failed';

export interface PauseShare {
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** On the critical path; these add up to the pause. */
  readonly criticalNs: number;
  /** With everything that overlaps. */
  readonly busyNs: number;
}

export interface VmResult {
  readonly kind: MoveKind;
  /** vCPUs stopped to vCPUs running, wherever; 0 when they never stopped. */
  readonly pauseNs: number;
  readonly parts: readonly PauseShare[];
  /** What the VMM tells as downtime; NaN when it tells none. */
  readonly reportedNs: number;
  /** From the first byte until it runs at the destination, or until the move has ended otherwise. */
  readonly totalNs: number;
  readonly rounds: readonly PrecopyIteration[];
  readonly memoryBytes: number;
  readonly wireBytes: number;
  /** The model of the whole VM, with the steps of its VFs. */
  readonly move: VmMoveResult;
  readonly devices: VmOutcome;
}

export interface ScenarioResult {
  readonly end: RangeEnd;
  readonly vms: readonly VmResult[];
  readonly world: WorldOutcome;
}

const COSTS: Readonly<Record<RangeEnd, () => CostValues>> = { point: pointCosts, short: lowCosts, long: highCosts };
const PARAMETERS: Readonly<Record<RangeEnd, () => VmmParameters>> = {
  point: pointParameters,
  short: shortParameters,
  long: longParameters,
};

/** Plays a scenario with all parameters at one end. */
export function runScenario(plan: CompiledScenario, end: RangeEnd): ScenarioResult {
  const costs = COSTS[end]();
  const p = PARAMETERS[end]();
  const windowPhase = phaseOf(plan, end, costs, p);
  const moveWith = (times?: readonly VfTimes[]): VmMoveResult => {
    const steps = times === undefined ? undefined : stepsOf(plan, times);
    return moveVm(moveInputOf(plan, end, costs, steps, windowPhase), p);
  };
  const gaveUp = moveWith().end === 'gave up';
  const world = new DeviceWorld(plan, { costs, end }).run({
    cut: gaveUp ? { by: 'cancel', at: 'precopy', share: 1 } : null,
    loadBegins: (_, times) => moveWith(times).pauseNs - costs.vcpuStartNs,
  });
  const vms = world.vms.map((devices) => vmResult(plan, devices, moveWith(devices.outcome.times), gaveUp));
  return { end, vms, world };
}

/**
 * The model of the whole VM with all parameters at one end, and the steps of its VFs as they were seen in a run: an answer at
 * once, where no register has to be played again.
 *
 * @param times of each VF of one VM; undefined: VFs take no time
 */
export function moveWithTimes(
  plan: CompiledScenario,
  end: RangeEnd,
  times: readonly VfTimes[] | undefined,
): VmMoveResult {
  const costs = COSTS[end]();
  const p = PARAMETERS[end]();
  const steps = times === undefined ? undefined : stepsOf(plan, times);
  return moveVm(moveInputOf(plan, end, costs, steps, phaseOf(plan, end, costs, p)), p);
}

/** Of the phases of QEMU's window, the one that suits this end of the band. */
function phaseOf(plan: CompiledScenario, end: RangeEnd, costs: CostValues, p: VmmParameters): number {
  const pauses = WINDOW_PHASES[end].map((phase) => {
    const { end: ended, pauseNs } = moveVm(moveInputOf(plan, end, costs, undefined, phase), p);
    return { phase, pauseNs: ended === 'gave up' ? Infinity : pauseNs };
  });
  const sign = end === 'long' ? -1 : 1;
  return pauses.toSorted((a, b) => (a.pauseNs === b.pauseNs ? 0 : sign * (a.pauseNs - b.pauseNs)))[0]!.phase;
}

function vmResult(plan: CompiledScenario, devices: VmOutcome, move: VmMoveResult, gaveUp: boolean): VmResult {
  const { outcome } = devices;
  const { pauseNs } = outcome;
  if (outcome.kind === 'moved') {
    if (Math.abs(pauseNs - move.pauseNs) > 1) bug('SCENARIO_PAUSE', pauseNs, move.pauseNs);
    const parts = PAUSE_PARTS.map((name) => ({
      name,
      title: PAUSE_PART_TITLES[name],
      criticalNs: move.criticalNs[name],
      busyNs: move.busyNs[name],
    }));
    const { reportedNs, totalNs, rounds, memoryBytes, wireBytes } = move;
    return {
      kind: 'moved',
      pauseNs: move.pauseNs,
      parts,
      reportedNs,
      totalNs,
      rounds,
      memoryBytes,
      wireBytes,
      move,
      devices,
    };
  }
  const partsNs = outcome.pause === null ? MOVE_VIEW.noTimes() : pausePartsNs(outcome.pause, MOVE_VIEW);
  const parts = MOVE_VIEW.names.map((name) => {
    const ns = partsNs[name];
    return { name, title: MOVE_PART_TITLES[name], criticalNs: ns, busyNs: ns };
  });
  const kind = gaveUp ? 'gave up' : outcome.kind;
  const before = roundsBefore(plan, outcome.at, move, gaveUp);
  return { kind, pauseNs, parts, reportedNs: Number.NaN, ...before, totalNs: before.endNs + pauseNs, move, devices };
}

/** Rounds of a move that ended early, and what they sent. */
function roundsBefore(
  { scenario }: CompiledScenario,
  at: string,
  move: VmMoveResult,
  gaveUp: boolean,
): Pick<VmResult, 'rounds' | 'memoryBytes' | 'wireBytes'> & { readonly endNs: number } {
  const precopyNs = gaveUp ? move.totalNs : move.stoppedAtNs;
  const cut = scenario.faults.find((fault) => fault.kind === 'cancel' || fault.kind === 'link');
  let endNs = precopyNs;
  if (!gaveUp && (at === 'ready' || at.startsWith('destination RESUMING') || at.startsWith('source PRE_COPY')))
    endNs = 0;
  if (!gaveUp && (at === 'precopy' || at === 'link at precopy')) endNs = precopyNs * (cut?.share ?? 1);
  const rounds = move.rounds.filter(({ startNs }) => startNs < endNs);
  let memoryBytes = 0;
  for (const { sentBytes, count, startNs, lastsNs } of rounds) {
    memoryBytes += sentBytes * Math.min(count, (endNs - startNs) / lastsNs);
  }
  return { endNs, rounds, memoryBytes, wireBytes: memoryBytes / move.rates.ratio };
}

/** The steps of each device group whose registers are modelled, from the times of the VM's VFs. */
export function stepsOf(
  { devices }: CompiledScenario,
  times: readonly VfTimes[],
): (readonly DeviceSteps[] | undefined)[] {
  let next = 0;
  return devices.map(({ registers }) => {
    if (registers === null) return undefined;
    const own = times.slice(next, next + registers.count);
    next += registers.count;
    return own.map((time) => ({
      // The driver reads the registers before the VF's state change is over, so that this belongs to the stop.
      stopNs: time.pauseAndDrainNs + time.statusChecksNs + time.cacheWriteBackNs + time.saveNs,
      saveNs: time.readNs,
      loadNs: time.loadNs,
      startNs: time.startNs,
    }));
  });
}
