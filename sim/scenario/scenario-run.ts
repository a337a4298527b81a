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
import type { VmmParameters } from '../memory/parameters.ts';
import { hasMoved, type MoveEnd } from '../memory/outcome.ts';
import type { PrecopyIteration } from '../memory/precopy-slots.ts';
import type { Cut } from '../move/move.ts';
import { type DeviceSteps, moveVm, vcpuStopNsOf, type VmMoveInput, type VmMoveResult } from '../memory/vm-move.ts';
import type { VfTimes } from '../move/vf-passage.ts';
import { cutOf, DeviceWorld, type VmOutcome, type WorldCosts, type WorldOutcome } from './device-world.ts';
import { moveInputOf, parametersOf, type CompiledScenario, WINDOW_PHASES } from './compile.ts';

export const ENDS: readonly RangeEnd[] = ['point', 'short', 'long'];

export interface PauseShare {
  readonly name: string;
  /** For display. */
  readonly title: string;
  /** On the critical path; these add up to the pause. */
  readonly criticalNs: number;
  /** With everything that overlaps. */
  readonly busyNs: number;
}

export interface VmResult {
  readonly kind: MoveEnd;
  /** vCPUs stopped to vCPUs running, wherever; 0 when they never stopped. */
  readonly pauseNs: number;
  readonly parts: readonly PauseShare[];
  /** Downtime as the VMM reports it; NaN when it reports none. */
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

/** Plays a scenario with all parameters at one end. */
export function runScenario(plan: CompiledScenario, end: RangeEnd): ScenarioResult {
  const costs = COSTS[end]();
  const p = parametersOf(plan, end);
  const windowPhase = phaseOf(plan, end, costs, p);
  const moveWith: MoveWith = (times, cutShare) => {
    const steps = times === undefined ? undefined : stepsOf(plan, times);
    return moveVm(moveInputOf(plan, end, costs, steps, windowPhase), p, cutShare);
  };
  const cuts = cutsOf(plan, moveWith());
  const worldCosts = { costs: { ...costs, vcpuStopNs: vcpuStopNsOf(moveInputOf(plan, end, costs), p) }, end };
  const played = play(plan, worldCosts, cuts, moveWith);
  const late = lateCuts(cuts, played, moveWith);
  const { world } = late === null ? played : play(plan, worldCosts, late, moveWith);
  const vms = world.vms.map((devices, vm) => {
    const early = cutOf(plan.scenario.faults, vm);
    const share = early?.at === 'precopy' ? early.share : 1;
    return vmResult(devices, moveWith(devices.outcome.times, share));
  });
  return { end, vms, world };
}

type MoveWith = (times?: readonly VfTimes[], cutShare?: number) => VmMoveResult;

interface WorldPlay {
  readonly world: WorldOutcome;
  /** For each VM, when the last bytes are sent, in ns after its stop; undefined: none were. */
  readonly sending: readonly ({ readonly fromNs: number; readonly toNs: number } | undefined)[];
}

function play(
  plan: CompiledScenario,
  numbers: WorldCosts,
  cuts: readonly (Cut | null)[],
  moveWith: MoveWith,
): WorldPlay {
  const sending: { fromNs: number; toNs: number }[] = [];
  const world = new DeviceWorld(plan, numbers).run({
    cut: (vm) => cuts[vm] ?? null,
    loadBegins: (vm, times, fromNs) => {
      const toNs = moveWith(times).plannedPauseNs - numbers.costs.vcpuStartNs;
      sending[vm] = { fromNs, toNs };
      return toNs;
    },
  });
  return { world, sending };
}

/** Where moves end that never come to their stop: before it, unless a fault ends them earlier. */
function cutsOf({ scenario: { faults, vms } }: CompiledScenario, { stoppedAtNs }: VmMoveResult): (Cut | null)[] {
  return Array.from({ length: vms }, (_, vm) => {
    const fault = cutOf(faults, vm);
    const isEarly = fault?.at === 'ready' || (fault?.at === 'precopy' && fault.share < 1);
    return isEarly || !Number.isNaN(stoppedAtNs) ? null : { by: 'cancel', at: 'precopy', share: 1 };
  });
}

/** Moves whose time is over in the pause are cancelled in it; null: there are none. */
function lateCuts(
  cuts: readonly (Cut | null)[],
  { world, sending }: WorldPlay,
  moveWith: MoveWith,
): (Cut | null)[] | null {
  let found = false;
  const late = world.vms.map(({ outcome }, vm): Cut | null => {
    const sent = sending[vm];
    const before = cuts[vm] ?? null;
    if (outcome.kind !== 'moved' || sent === undefined) return before;
    const { end, totalNs, stoppedAtNs } = moveWith(outcome.times);
    if (end !== 'cancelled') return before;
    found = true;
    const share = (totalNs - stoppedAtNs - sent.fromNs) / (sent.toNs - sent.fromNs);
    return { by: 'cancel', at: 'sending', share: Math.min(1, Math.max(0, share)) };
  });
  return found ? late : null;
}

/**
 * The model of the whole VM with nominal parameters, and the steps of its VFs as they were seen in a run: an answer at
 * once, where no register has to be played again.
 *
 * @param times of each VF of one VM
 */
export function moveWithTimes(plan: CompiledScenario, times: readonly VfTimes[]): VmMoveResult {
  return moveVm(moveInputOf(plan, 'point', pointCosts(), stepsOf(plan, times)), parametersOf(plan, 'point'));
}

/** What the model of the whole VM gets, with nominal parameters and VFs that take no time. */
export function runInput(plan: CompiledScenario): VmMoveInput {
  return moveInputOf(plan, 'point', pointCosts());
}

/** The phase of QEMU's window for this end of the band. */
function phaseOf(plan: CompiledScenario, end: RangeEnd, costs: CostValues, p: VmmParameters): number {
  const pauses = WINDOW_PHASES[end].map((phase) => {
    const { end: ended, pauseNs } = moveVm(moveInputOf(plan, end, costs, undefined, phase), p);
    return { phase, pauseNs: hasMoved(ended) ? pauseNs : Infinity };
  });
  const sign = end === 'long' ? -1 : 1;
  return pauses.toSorted((a, b) => (a.pauseNs === b.pauseNs ? 0 : sign * (a.pauseNs - b.pauseNs)))[0]!.phase;
}

function vmResult(devices: VmOutcome, move: VmMoveResult): VmResult {
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
    const kind = devices.foundAt === 'torn' ? 'unowned' : move.end === 'forced' ? 'forced' : 'moved';
    return {
      kind,
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
  const kind = devices.foundAt === 'torn' ? 'unowned' : outcome.kind;
  const began = !(outcome.at === 'ready' || BEFORE_MEMORY.some((call) => outcome.at.startsWith(call)));
  const rounds = began ? move.rounds : [];
  const memoryBytes = rounds.reduce((sum, { sentBytes, count }) => sum + sentBytes * count, 0);
  const precopyNs = Number.isNaN(move.stoppedAtNs) ? move.totalNs : move.stoppedAtNs;
  const totalNs = (began ? precopyNs : 0) + pauseNs;
  const wireBytes = memoryBytes / move.rates.ratio;
  return { kind, pauseNs, parts, reportedNs: Number.NaN, rounds, memoryBytes, wireBytes, totalNs, move, devices };
}

/** Calls before the first byte of memory is sent. */
const BEFORE_MEMORY = ['destination RESUMING', 'source PRE_COPY'] as const;

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
