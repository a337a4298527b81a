/**
 * One VM tried out: how long it is paused, with every parameter at one end of its range or one of them moved.
 *
 * Quick trials are closed forms: the steps of a VF are taken from a world with one such VF, once, and put into the model
 * of the whole VM. Full trials play the scenario with all its VFs, register by register.
 */
import { ACCELERATORS } from '../abi/accelerators.ts';
import { QUEUES_TOTAL, VFS_MAX } from '../abi/vft.ts';
import { NS_PER_S } from '../base/units.ts';
import { type CostValues, COST, highCosts, lowCosts, pointCosts } from '../device/costs.ts';
import type { MoveOutcome } from '../move/move.ts';
import type { VfTimes } from '../move/vf-passage.ts';
import { SCENARIO_FORMAT, SCENARIO_VERSION, type Scenario } from '../scenario/document.ts';
import {
  moveInputOf,
  compileScenario,
  type RegisterGroup,
  type CompiledScenario,
  WINDOW_PHASES,
  platformOf,
} from '../scenario/compile.ts';
import { UserError } from '../base/user-error.ts';
import { drawnInput } from '../scenario/drawn-moves.ts';
import { postCopyOf } from '../scenario/manager-rules.ts';
import { runScenario } from '../scenario/scenario-run.ts';
import type { Unknowns } from '../scenario/unknowns.ts';
import {
  type DeviceProfile,
  dependsOnQueues,
  figuresOf,
  PROFILE_FIGURES,
  type RangeEnd,
} from '../memory/device-profile.ts';
import { VMM_PARAMETER, type VmmParameters } from '../memory/parameters.ts';
import { hasMoved } from '../memory/outcome.ts';
import { onPlatform, parametersAt, type Platform } from '../memory/platform.ts';
import type { OwnPlatform } from '../memory/platform-file.ts';
import { boundedMove } from '../memory/pause-bound.ts';
import { type DeviceSteps, moveVm, type VmMoveInput, type VmMoveResult } from '../memory/vm-move.ts';
import { answerDraws } from './answer-interval.ts';
import type { ConstraintId, ConstraintUse } from './constraint.ts';
import type { QuestionVm } from './question.ts';
import { moveVf } from './vf-world.ts';
import { CAN_OUTCOMES } from '../manager/can-answer.ts';
import { askCan, type AskedCan } from '../scenario/ask-can.ts';
import { VMMS } from '../memory/vmms.ts';
import { keyIn, keysOf } from '../base/keys.ts';

/** Moves that do not converge are given up then, unless the VM says when. */
const TIMEOUT_NS = 3600 * NS_PER_S;
/** Long enough for every VF to have been saved. */
const LOAD_BEGINS_NS = 10 * NS_PER_S;

/** Where the parameters are: all nominal, all at one end, or as one draw has them. */
export type TrialAt = RangeEnd | { readonly draw: number };

/** One parameter that is moved to an end of its range, the others staying. */
export interface Moved {
  readonly group: 'vmm' | 'cost' | 'profile' | 'jobs' | 'window';
  /** Name in the group `profile`: `acc-sec.fixedNs`. */
  readonly name: string;
  readonly end: 'short' | 'long';
}

export interface Assumed {
  readonly group: Moved['group'];
  readonly name: string;
  readonly from: string;
  readonly source: string;
}

/** What became of a trial. */
export interface VmTrial {
  readonly moved: boolean;
  /** The call of a driver that failed, with its error; null: none did. */
  readonly failed: string | null;
  readonly pauseNs: number;
  readonly totalNs: number;
  readonly result: VmMoveResult;
}

/** A limit of hardware or VMM that a VM's devices must keep. */
export interface Structure {
  readonly id: ConstraintId;
  /** What its name depends on. */
  readonly detail?: string;
  readonly used: number;
  readonly limit: number;
}

const COSTS: Readonly<Record<RangeEnd, () => CostValues>> = { point: pointCosts, short: lowCosts, long: highCosts };
/** Steps of one VF, by everything that they depend on; worlds are deterministic. */
const knownSteps = new Map<string, DeviceSteps | string>();
const KNOWN_MAX = 10_000;

/** Conditions of `can` that come from the number of devices. */
const OF_SEVERAL: ReadonlySet<string> = new Set(['p2p', 'several']);

/** What limits the devices of a VM, or of several at once, whatever the pause. */
export function structures(
  vm: QuestionVm,
  profiles: ReadonlyMap<string, DeviceProfile>,
  where: string,
  vms: number = 1,
): readonly Structure[] {
  const found: Structure[] = [];
  let devices = 0;
  for (const { profile: name, count, queues, kind } of vm.devices) {
    const profile = profiles.get(name);
    devices += count;
    if (profile?.kind === undefined || count === 0) continue;
    const own = ACCELERATORS[kind ?? profile.kind].pfDefaultQueues;
    found.push(
      { id: 'vfsOfPf', used: vms * count, limit: VFS_MAX },
      { id: 'queuePairsOfPf', used: vms * count * queues, limit: QUEUES_TOTAL - own },
    );
  }
  if (devices > 0 && limitsDevices(vm, profiles, where)) {
    found.push({ id: 'devicesWithoutP2p', detail: VMMS[vm.vmm].title, used: devices, limit: 1 });
  }
  return found;
}

/** Whether the VMM moves no more than one such device. */
export function limitsDevices(vm: QuestionVm, profiles: ReadonlyMap<string, DeviceProfile>, where: string): boolean {
  const devices = vm.devices.reduce((sum, { count }) => sum + count, 0);
  if (devices === 0) return false;
  return OF_SEVERAL.has(askCan(devices > 1 ? vm : withOneMore(vm), profiles, where).answer.condition);
}

function withOneMore(vm: QuestionVm): QuestionVm {
  const first = vm.devices.findIndex(({ count }) => count > 0);
  const devices = vm.devices.map((each, i) => (i === first ? { ...each, count: each.count + 1 } : each));
  return { ...vm, devices };
}

/**
 * Whether a VM stays.
 *
 * @param several whether the number of its devices is a reason; otherwise it is a limit of {@link structures}
 */
export function refusalOf(
  vm: QuestionVm,
  profiles: ReadonlyMap<string, DeviceProfile>,
  where: string,
  several: 'is a reason' | 'is a limit' = 'is a limit',
): AskedCan | null {
  const asked = askCan(vm, profiles, where);
  const { outcome, condition } = asked.answer;
  if (CAN_OUTCOMES[outcome].moves || (several === 'is a limit' && OF_SEVERAL.has(condition))) return null;
  // Where all memory is dirty at each sync, only the manager ends the move, by stopping the VM.
  return outcome === 'neverEnds' && vm.convergence.whenOut === 'stop' ? null : asked;
}

/**
 * Refuses what links of a fleet would have to carry after the pause.
 *
 * @throws UserError of kind `input`
 */
export function refusePostCopy(vm: QuestionVm, file: string): void {
  const postCopy = postCopyOf(vm);
  if (postCopy === null) return;
  const message = `${file}: ${postCopy.field} is given, and plans play no post-copy`;
  throw new UserError('input', message, 'Leave it out; stopcopy run plays such a move.');
}

/** A VM of a question as a scenario. @param profiles by the words of its devices */
export function scenarioOf(vm: QuestionVm, profiles: ReadonlyMap<string, DeviceProfile>, vms: number = 1): Scenario {
  const { convergence, watch: _, ...own } = vm;
  return {
    ...own,
    // A scenario refuses queues that only the room of a fleet counts.
    devices: vm.devices.map((device) => {
      const profile = profiles.get(device.profile);
      return profile === undefined || dependsOnQueues(profile) ? device : { ...device, queues: 1 };
    }),
    format: SCENARIO_FORMAT,
    version: SCENARIO_VERSION,
    name: 'plan',
    description: 'asked by a plan',
    vms,
    convergence: { ...convergence, timeout: convergence.timeout ?? TIMEOUT_NS },
    faults: [],
    seed: 1,
  };
}

/** What the model of a whole VM gets, with the steps of its VFs. */
export interface TrialInput {
  readonly input: VmMoveInput;
  readonly parameters: VmmParameters;
  /** The call of a driver that failed; null: none did. */
  readonly failed: string | null;
}

/** One VM in draws: what all draws share is made once. */
class DrawnVm {
  private readonly plan: CompiledScenario;
  private readonly vms: number;
  private readonly unknowns: Unknowns;
  private readonly base: VmMoveInput;
  private readonly platform: Platform;
  private readonly steps = new Map<RangeEnd, ReturnType<typeof stepsOfAll>>();

  constructor(plan: CompiledScenario, vms: number, unknowns: Unknowns) {
    this.plan = plan;
    this.vms = vms;
    this.unknowns = unknowns;
    this.base = moveInputOf(plan, 'point', COSTS.point());
    this.platform = platformOf(plan.scenario);
  }

  input(draw: number): TrialInput {
    const { plan, base, unknowns } = this;
    const { steps, failed } = this.stepsAt(unknowns.registers(draw));
    const parameters = onPlatform(unknowns.parameters(draw), this.platform);
    return { input: drawnInput(plan, base, unknowns, draw, steps), parameters, failed };
  }

  private stepsAt(end: RangeEnd): ReturnType<typeof stepsOfAll> {
    const known = this.steps.get(end) ?? stepsOfAll(this.plan, this.vms, end, COSTS[end](), undefined);
    this.steps.set(end, known);
    return known;
  }
}

export class VmTrials {
  readonly profiles: ReadonlyMap<string, DeviceProfile>;
  /** Name of the question, used in messages. */
  readonly file: string;
  readonly unknowns: Unknowns;
  private readonly drawn = new WeakMap<QuestionVm, Map<number, DrawnVm>>();
  private readonly known = new WeakMap<QuestionVm, Map<number, readonly Structure[]>>();

  /** Measured parameters of the machines; undefined: the shipped ones. */
  private readonly platform: OwnPlatform | undefined;

  /** @param unknowns draws of everything unknown; default: those of questions */
  constructor(
    profiles: ReadonlyMap<string, DeviceProfile>,
    file: string,
    platform?: OwnPlatform,
    unknowns: Unknowns = answerDraws(undefined, platform?.spreads),
  ) {
    this.profiles = profiles;
    this.file = file;
    this.platform = platform;
    this.unknowns = unknowns;
  }

  /** Parameters of the VMM at one end, or with one of them moved to another; or of a draw. */
  parameters(end: TrialAt, moved: Moved | undefined): VmmParameters {
    const own = this.platform?.spreads;
    if (typeof end === 'object') return this.unknowns.parameters(end.draw);
    const all = parametersAt(end, own);
    if (moved?.group !== 'vmm') return all;
    const name = keyIn(VMM_PARAMETER, moved.name);
    return { ...all, [name]: parametersAt(moved.end, own)[name] };
  }

  /** What the model of a whole VM gets. */
  inputOf(vm: QuestionVm, end: TrialAt, moved?: Moved, vms: number = 1): TrialInput {
    if (typeof end === 'object') return this.drawnVm(vm, vms).input(end.draw);
    const plan = this.compiled(vm, vms, this.profilesWith(moved));
    const costs = costsWith(end, moved);
    const { steps, failed } = stepsOfAll(plan, vms, end, costs, moved);
    const parameters = onPlatform(this.parameters(end, moved), platformOf(plan.scenario));
    const phases = moved?.group === 'window' ? [moved.end === 'short' ? 1 : 0] : WINDOW_PHASES[end];
    let chosen: VmMoveInput | undefined;
    let chosenNs = Number.NaN;
    for (const phase of phases) {
      const input = moveInputOf(plan, end, costs, steps, phase);
      if (phases.length === 1) return { input, parameters, failed };
      const { end: ended, pauseNs } = moveVm(input, parameters);
      const ns = hasMoved(ended) ? pauseNs : Number.POSITIVE_INFINITY;
      const better = Number.isNaN(chosenNs) || (end === 'long' ? ns > chosenNs : ns < chosenNs);
      if (!better) continue;
      chosen = input;
      chosenNs = ns;
    }
    return { input: chosen!, parameters, failed };
  }

  /** By closed form. */
  quick(vm: QuestionVm, end: TrialAt, moved?: Moved, vms: number = 1): VmTrial {
    const { input, parameters, failed } = this.inputOf(vm, end, moved, vms);
    const result = moveVm(input, parameters);
    return trialOf(failed, result, result.pauseNs);
  }

  /**
   * By closed form, whatever the phase of the iterations: the pause is the longest that can be.
   *
   * @param share of its link that the stream gets; 1: as the VM says
   */
  bounded(vm: QuestionVm, end: TrialAt, vms: number = 1, share: (input: TrialInput) => number = () => 1): VmTrial {
    const made = this.inputOf(vm, end, undefined, vms);
    const { stream } = made.input;
    const input = { ...made.input, stream: { ...stream, lineShare: stream.lineShare * share(made) } };
    const { pauseNs, move } = boundedMove(input, made.parameters);
    return trialOf(made.failed, move, pauseNs);
  }

  /** Register by register, all VFs of all VMs; of the VM with the longest pause. */
  full(vm: QuestionVm, end: RangeEnd, vms: number = 1): VmTrial {
    const plan = this.compiled(vm, vms);
    const results = runScenario(plan, end).vms;
    let worst = results[0]!;
    for (const each of results) {
      if (!hasMoved(each.kind)) worst = each;
      else if (hasMoved(worst.kind) && each.pauseNs > worst.pauseNs) worst = each;
    }
    const { kind, pauseNs, totalNs, move: result, devices } = worst;
    const failed = kind === 'failed' ? callWords(devices.outcome) : null;
    return { moved: hasMoved(kind), failed, pauseNs, totalNs, result };
  }

  /** The parameters that a VM's pause may depend on. */
  assumptions(vm: QuestionVm): readonly Assumed[] {
    const list: Assumed[] = keysOf(VMM_PARAMETER).map((name) => {
      const { from, source } = VMM_PARAMETER[name];
      return this.platform?.spreads[name] === undefined
        ? { group: 'vmm', name, from, source }
        : { group: 'vmm', name, from: 'fitted', source: `platform ${this.platform.id}` };
    });
    const profiles = vm.devices.filter(({ count }) => count > 0).map(({ profile }) => this.profiles.get(profile)!);
    const registers = profiles.some(({ registerModel }) => registerModel);
    for (const [name, { from, source, min, max }] of Object.entries(COST)) {
      if (min === max || (!registers && !name.startsWith('vcpu'))) continue;
      list.push({ group: 'cost', name, from, source });
    }
    for (const profile of new Set(profiles)) {
      for (const figure of PROFILE_FIGURES) {
        const given = profile[figure];
        if (given === undefined || given.range[0] === given.range[1]) continue;
        list.push({ group: 'profile', name: `${profile.id}.${figure}`, from: given.from, source: given.source });
      }
    }
    if (registers)
      list.push({ group: 'jobs', name: 'job rate', from: 'published', source: 'docs/model.md, job rates' });
    if (VMMS[vm.vmm].sends === 'windows') {
      list.push({ group: 'window', name: 'phase of the window', from: 'assumed', source: 'nobody reports it' });
    }
    return list;
  }

  /** {@link structures} of a VM; kept, since each draw asks for them. */
  structures(vm: QuestionVm, vms: number = 1): readonly Structure[] {
    const known = this.known.get(vm) ?? new Map<number, readonly Structure[]>();
    this.known.set(vm, known);
    const found = known.get(vms) ?? structures(vm, this.profiles, this.file, vms);
    known.set(vms, found);
    return found;
  }

  /** What is used of {@link structures}. */
  structureUses(vm: QuestionVm, vms: number = 1): readonly ConstraintUse[] {
    return this.structures(vm, vms).map((each) => ({ ...each, broken: each.used > each.limit }));
  }

  /** A VM made ready for draws; kept, since each draw asks for it. */
  private drawnVm(vm: QuestionVm, vms: number): DrawnVm {
    const known = this.drawn.get(vm) ?? new Map<number, DrawnVm>();
    this.drawn.set(vm, known);
    const made = known.get(vms) ?? new DrawnVm(this.compiled(vm, vms), vms, this.unknowns);
    known.set(vms, made);
    return made;
  }

  private compiled(vm: QuestionVm, vms: number, profiles = this.profiles): CompiledScenario {
    refusePostCopy(vm, this.file);
    const plan = compileScenario(scenarioOf(vm, profiles, vms), profiles, this.file, this.platform);
    return vm.watch === undefined ? plan : { ...plan, watch: vm.watch };
  }

  private profilesWith(moved: Moved | undefined): ReadonlyMap<string, DeviceProfile> {
    if (moved?.group !== 'profile') return this.profiles;
    const changed = new Map(this.profiles);
    for (const [word, profile] of this.profiles) {
      const figure = PROFILE_FIGURES.find((name) => moved.name === `${profile.id}.${name}`);
      if (figure === undefined || profile[figure] === undefined) continue;
      const value = figuresOf(profile, moved.end)[figure];
      changed.set(word, { ...profile, [figure]: { ...profile[figure], value } });
    }
    return changed;
  }
}

/** By closed form. */
export function trialOf(failed: string | null, result: VmMoveResult, pauseNs: number): VmTrial {
  return { moved: failed === null && hasMoved(result.end), failed, pauseNs, totalNs: result.totalNs, result };
}

function callWords({ at, errno }: Pick<MoveOutcome, 'at' | 'errno'>): string {
  return `${at} fails with ${errno}`;
}

function costsWith(end: RangeEnd, moved: Moved | undefined): CostValues {
  if (moved?.group !== 'cost') return COSTS[end]();
  const name = keyIn(COST, moved.name);
  return { ...COSTS[end](), [name]: COSTS[moved.end]()[name] };
}

/** Steps of all VFs of a VM, by its groups of devices; or the call that failed. */
function stepsOfAll(
  plan: CompiledScenario,
  vms: number,
  end: RangeEnd,
  costs: CostValues,
  moved: Moved | undefined,
): { readonly steps: readonly (readonly DeviceSteps[] | undefined)[]; readonly failed: string | null } {
  let failed: string | null = null;
  const steps = plan.devices.map(({ registers, count }) => {
    if (registers === null) return undefined;
    const each = stepsOf(plan, registers, count * vms, end, costs, moved);
    if (typeof each === 'string') {
      failed = each;
      return undefined;
    }
    return Array.from({ length: count }, () => each);
  });
  return { steps, failed };
}

/** Steps of one VF among `sharing` on its PF, from a world in which it has its share of the engine; or the call that failed. */
function stepsOf(
  plan: CompiledScenario,
  group: RegisterGroup,
  sharing: number,
  end: RangeEnd,
  costs: CostValues,
  moved: Moved | undefined,
): DeviceSteps | string {
  const { load } = group;
  // Steps hardly depend on the load: a few shares stand for all, rounded so that a VF has rather too much to do.
  const share = 2 ** Math.floor(Math.log2(sharing));
  const shared = load.kind === 'open' ? { ...load, fractionOfCapacity: load.fractionOfCapacity / share } : load;
  const alone: RegisterGroup = { ...group, count: 1, load: shared };
  const jobsEnd = moved?.group === 'jobs' ? moved.end : end;
  const movedCost = moved?.group === 'cost' ? moved : null;
  const { vmm } = plan.scenario;
  const key = JSON.stringify([alone, vmm, end, jobsEnd, movedCost]);
  const known = knownSteps.get(key);
  if (known !== undefined) return known;
  const solo: CompiledScenario = {
    ...plan,
    scenario: { ...plan.scenario, vms: 1 },
    devices: plan.devices.filter(({ registers }) => registers === group).map((each) => ({ ...each, count: 1 })),
    registerGroups: [alone],
  };
  const outcome = moveVf(solo, { costs, end: jobsEnd }, LOAD_BEGINS_NS);
  const steps = outcome.kind === 'moved' ? stepsFrom(outcome.times[0]!) : callWords(outcome);
  if (knownSteps.size >= KNOWN_MAX) knownSteps.clear();
  knownSteps.set(key, steps);
  return steps;
}

/** As the scenario takes them: the registers are read before the VF's state change is over. */
function stepsFrom(times: VfTimes): DeviceSteps {
  return {
    stopNs: times.pauseAndDrainNs + times.statusChecksNs + times.cacheWriteBackNs + times.saveNs,
    saveNs: times.readNs,
    loadNs: times.loadNs,
    startNs: times.startNs,
  };
}
