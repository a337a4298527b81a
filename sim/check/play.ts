/**
 * One run: its bytes make the hosts and guests, then every actor acts until all of its actions are done, then the guests
 * run out, and everything is closed.
 */
import { NS_PER_MS, NS_PER_S, NS_PER_US } from '../base/units.ts';
import type { Generation } from '../driver/generation.ts';
import type { HazardId } from '../driver/hazards.ts';
import { KernelCrash } from '../driver/kernel.ts';
import { type FiberBody, runFibers } from '../world/fiber.ts';
import { resetPf } from '../world/vf-calls.ts';
import { Choices } from './choices.ts';
import { Judge } from './judge.ts';
import { type Finding, Found, RunRecord, type Step } from './record.ts';
import { type CheckedVm, type Chosen, choose, makeSetting, type Setting } from './setting.ts';
import { type Steps, VmCalls } from './vm-calls.ts';
import type { HostIndex, VmStep } from './vm-step.ts';
import { Vmm } from './vmm.ts';

export interface RunOutcome {
  /** Null: nothing was found. */
  readonly finding: Finding | null;
  /** Hash of all calls, their times and results: equal for equal bytes, on every machine. */
  readonly hash: string;
  readonly calls: number;
  /** Bytes that were read of the choices. */
  readonly used: number;
  readonly endNs: number;
  /** The time line; null where it was not asked for. */
  readonly steps: readonly Step[] | null;
  /** The same run as a script says it, with {@link PlayOptions.keepsSteps}; else, and where its hosts crashed, null. */
  readonly script: ScriptedRun | null;
}

/** A reset of a PF among the calls. */
interface PfReset {
  readonly at: HostIndex;
  /** How long after the first call it begins, in ns. */
  readonly afterNs: number;
  /** What it takes beyond the ordinary, in ns. */
  readonly extraNs: number;
}

/** A run that is written down instead of chosen by bytes. */
export interface ScriptedRun {
  readonly chosen: Chosen;
  /** The steps of each VM, one or two. */
  readonly vms: readonly (readonly ScriptedStep[])[];
  /** Null: no PF is reset. */
  readonly pfReset: PfReset | null;
  /** The bug that a step shows which gives something else than the script says; null: it is not said. */
  readonly shows: HazardId | null;
}

export interface ScriptedStep {
  readonly step: VmStep;
  /** What it is to give; null: anything. */
  readonly gives: number | null;
}

/** What decides a run: its bytes, or a script. */
export type Run = Uint8Array | ScriptedRun;

export interface PlayOptions {
  /** Keeps the time line. Default: no. */
  readonly keepsSteps?: boolean;
}

/** When the PF is reset after the VMMs begin, and how long its reset lasts beyond the ordinary, in ns. */
const PF_RESET_AFTER_NS = [100 * NS_PER_US, 5 * NS_PER_US, NS_PER_MS, 20 * NS_PER_MS, 150 * NS_PER_MS] as const;
const PF_RESET_EXTRA_NS = [0, 0, 0, 200 * NS_PER_S] as const;
/** Long enough for all that can still complete. */
const RUN_OUT_NS = 50 * NS_PER_MS;
const RUN_OUT_EVENTS_MAX = 20_000;

/**
 * Plays a run.
 *
 * @param generation the driver on both hosts
 * @param run every choice of the run as bytes, see {@link Choices}; or a script
 */
export function play(generation: Generation, run: Run, options: PlayOptions = {}): RunOutcome {
  const isScript = !(run instanceof Uint8Array);
  const choices = new Choices(isScript ? NO_BYTES : run);
  const record = new RunRecord(options.keepsSteps === true);
  let chosen: Chosen | null = null;
  let setting: Setting | null = null;
  let finding: Finding | null = null;
  let pfReset: PfReset | null = null;
  try {
    chosen = isScript ? run.chosen : choose(choices);
    setting = makeSetting(generation, chosen);
    const { vms } = setting;
    const judge = new Judge(setting);
    const calls = vms.map((vm) => new VmCalls(setting!, vm, record, judge));
    pfReset = isScript ? run.pfReset : choosePfReset(setting, choices);
    const lives = calls.map((of, i) => {
      return isScript ? () => follow(of, vms[i]!, run.vms[i]!, judge) : () => walk(setting!, vms[i]!, choices, of);
    });
    act(setting, { calls, lives }, pfReset === null ? null : pfActor(setting, pfReset, record, judge), record);
    runOut(setting);
    judge.atEnd();
    for (const of of calls) for (const _ of of.end());
  } catch (error) {
    finding = findingOf(error, setting);
  }
  if (finding !== null) record.step(finding.atNs, 'finding', finding.rule, null);
  return {
    finding,
    hash: record.hash.value,
    calls: record.calls,
    used: choices.used,
    endNs: setting?.world.clock.nowNs ?? 0,
    steps: record.timeLine,
    script: record.timeLine === null || chosen === null ? null : scriptOf(chosen, setting, pfReset, record),
  };
}

const NO_BYTES = new Uint8Array(0);

function walk(setting: Setting, vm: CheckedVm, choices: Choices, calls: VmCalls): Steps<void> {
  return new Vmm(setting, vm, choices, calls).life();
}

/** Takes the steps of a script. */
function* follow(calls: VmCalls, vm: CheckedVm, steps: readonly ScriptedStep[], judge: Judge): Steps<void> {
  for (const { step, gives } of steps) {
    const ret = yield* calls.take(step);
    if (gives !== null && ret !== gives) judge.unexpected(vm, step, { ret, gives });
  }
}

function scriptOf(
  chosen: Chosen,
  setting: Setting | null,
  pfReset: PfReset | null,
  record: RunRecord,
): ScriptedRun | null {
  const count = chosen.features.has('secondVf') ? 2 : 1;
  const vms = Array.from({ length: count }, (_, i) => {
    return (record.ofVm.get(i + 1) ?? []).map((step): ScriptedStep => ({ step, gives: null }));
  });
  const preemption = setting?.preemption ?? null;
  return {
    chosen: { ...chosen, preemption: preemption?.vmm === 1 && count === 1 ? null : preemption },
    vms,
    pfReset,
    shows: null,
  };
}

function findingOf(error: unknown, setting: Setting | null): Finding {
  if (error instanceof Found) return error.finding;
  if (!(error instanceof KernelCrash)) throw error;
  const { message: detail } = error;
  return { rule: 'kernel.crash', place: 'open', detail, fn: 2, atNs: setting?.world.clock.nowNs ?? 0, faults: [] };
}

interface Actors {
  readonly calls: readonly VmCalls[];
  readonly lives: readonly (() => Steps<void>)[];
}

function act(setting: Setting, { calls, lives }: Actors, pf: FiberBody<void> | null, record: RunRecord): void {
  if (lives.length === 1 && pf === null) {
    // Nothing acts in between, so that no call has to wait for another.
    for (const _ of lives[0]!());
    return;
  }
  const bodies = lives.map((life, i): FiberBody<void> => {
    return (fiber) => {
      calls[i]!.fiber = fiber;
      return life();
    };
  });
  if (pf !== null) bodies.push(pf);
  runFibers(setting.world, bodies, preempting(setting, record));
}

/** Keeps the call of a VMM from running before one of its accesses of what VFs share; other calls come first then. */
function preempting({ preemption, world, vms }: Setting, record: RunRecord): ((fiber: number) => number) | null {
  if (preemption === null || preemption.vmm >= vms.length) return null;
  const { vmm, access, ns } = preemption;
  let made = 0;
  return (fiber) => {
    if (fiber !== vmm || made++ !== access) return 0;
    record.step(world.clock.nowNs, `VMM ${vms[vmm]!.fn}`, `is preempted for ${ns / NS_PER_US} us`, null);
    return ns;
  };
}

function choosePfReset(setting: Setting, choices: Choices): PfReset | null {
  if (!setting.features.has('pfResets')) return null;
  const at = choices.below(2) as HostIndex;
  const afterNs = choices.of(PF_RESET_AFTER_NS);
  // Two that wait so long, sleep by sleep, would take turns some hundred thousand times.
  const extraNs = setting.vms.length === 1 ? choices.of(PF_RESET_EXTRA_NS) : 0;
  return { at, afterNs, extraNs };
}

function pfActor(
  setting: Setting,
  { at: index, afterNs, extraNs }: PfReset,
  record: RunRecord,
  judge: Judge,
): FiberBody<void> {
  const host = setting.hosts[index];
  const actor = `PF ${index === 0 ? 'A' : 'B'}`;
  const onReset = (begins: boolean): void => {
    judge.pfReset(index, begins);
    record.step(setting.world.clock.nowNs, actor, begins ? 'reset begins' : 'reset ends', null);
  };
  return function* run(fiber) {
    yield* resetPf(host, afterNs, { extraNs, onReset })(fiber);
  };
}

/** No new tasks; what is in flight ends. A device that never rests is left at a bound. */
function runOut({ world, vms }: Setting): void {
  for (const { guest } of vms) guest.quiesce();
  const untilNs = world.clock.nowNs + RUN_OUT_NS;
  for (let events = 0; events < RUN_OUT_EVENTS_MAX && world.nextDueNs() <= untilNs; events++) {
    world.runUntil(Math.max(world.nextDueNs(), world.clock.nowNs));
  }
}
