/**
 * One run: its bytes make the hosts and guests, then every actor acts until all of its actions are done, then the guests
 * run out, and everything is closed.
 */
import { NS_PER_MS, NS_PER_S, NS_PER_US } from '../base/units.ts';
import type { Generation } from '../driver/generation.ts';
import { KernelCrash } from '../driver/kernel.ts';
import { type FiberBody, runFibers } from '../world/fiber.ts';
import { resetPf } from '../world/vf-calls.ts';
import { Choices } from './choices.ts';
import { Judge } from './judge.ts';
import { type Finding, Found, RunRecord, type Step } from './record.ts';
import { makeSetting, type Setting } from './setting.ts';
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
}

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
 * Plays the run that some bytes stand for.
 *
 * @param generation the driver on both hosts
 * @param bytes every choice of the run; see {@link Choices}
 */
export function play(generation: Generation, bytes: Uint8Array, options: PlayOptions = {}): RunOutcome {
  const choices = new Choices(bytes);
  const record = new RunRecord(options.keepsSteps === true);
  let setting: Setting | null = null;
  let finding: Finding | null = null;
  try {
    setting = makeSetting(generation, choices);
    const judge = new Judge(setting);
    const vmms = setting.vms.map((vm) => new Vmm(setting!, vm, choices, record, judge));
    act(setting, vmms, pfActor(setting, choices, record, judge), record);
    runOut(setting);
    judge.atEnd();
    for (const vmm of vmms) for (const _ of vmm.end());
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
  };
}

function findingOf(error: unknown, setting: Setting | null): Finding {
  if (error instanceof Found) return error.finding;
  if (!(error instanceof KernelCrash)) throw error;
  const { message: detail } = error;
  return { rule: 'kernel.crash', place: 'open', detail, fn: 2, atNs: setting?.world.clock.nowNs ?? 0, faults: [] };
}

function act(setting: Setting, vmms: readonly Vmm[], pf: FiberBody<void> | null, record: RunRecord): void {
  if (vmms.length === 1 && pf === null) {
    // Nothing acts in between, so that no call has to wait for another.
    for (const _ of vmms[0]!.life(null));
    return;
  }
  const bodies: FiberBody<void>[] = vmms.map((vmm) => (fiber) => vmm.life(fiber));
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

function pfActor(setting: Setting, choices: Choices, record: RunRecord, judge: Judge): FiberBody<void> | null {
  if (!setting.features.has('pfResets')) return null;
  const index = choices.below(2) as 0 | 1;
  const afterNs = choices.of(PF_RESET_AFTER_NS);
  // Two that wait so long, sleep by sleep, would take turns some hundred thousand times.
  const extraNs = setting.vms.length === 1 ? choices.of(PF_RESET_EXTRA_NS) : 0;
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
