/**
 * What is paused in a move, for whom: how long each device does not run, how long its client sees nothing completed, and what
 * VMMs and managers print for the same pause.
 */
import { rulesOf } from './rules.ts';
import { type Clock, clocksOf } from '../manager/clocks.ts';
import { hasMoved } from '../memory/outcome.ts';
import { VMMS } from '../memory/vmms.ts';
import type { VfTimes } from '../move/vf-passage.ts';
import type { CompiledScenario } from './compile.ts';
import type { DrawnMove } from './drawn-moves.ts';
import type { VmResult } from './scenario-run.ts';

/** How a VM moved, or did not: its end, its model, the steps of its VFs. */
export interface PassedVm extends Pick<DrawnMove, 'kind' | 'move'> {
  readonly times: readonly VfTimes[];
}

/** Devices of one kind without a register model. */
export interface OtherDevices {
  readonly profile: string;
  readonly count: number;
  /** From the stop of the vCPUs until all devices run at the destination, in ns. */
  readonly stoppedNs: number;
}

/** What each program would print for a VM that arrived; nothing for one that did not. */
export function clocksOfVm(plan: CompiledScenario, { kind, move, times: vfs }: PassedVm): readonly Clock[] {
  if (!hasMoved(kind)) return [];
  const { vmm, returnPath = VMMS[vmm].returnPath } = plan.scenario;
  return clocksOf({
    vmm,
    partsNs: move.criticalNs,
    // Sums of the same times in another order may differ in the last digit.
    devicePauseNs: Math.min(sum(vfs.map((times) => times.pauseAndDrainNs)), move.criticalNs.deviceStop),
    totalNs: move.totalNs,
    postCopy: move.postCopy,
    downtimeLimitNs: move.rounds.at(-1)?.limitNs ?? rulesOf(plan.scenario).downtimeLimitNs,
    returnPath,
  });
}

/**
 * How long each VF with a register model does not run: from the beginning of its stop to the end of its start.
 *
 * @returns in ns, VF by VF; nothing for a VM that did not arrive
 */
export function stoppedNsOf({ kind, move, times: vfs }: PassedVm): readonly number[] {
  if (!hasMoved(kind)) return [];
  const { vcpuStop, vcpuStart, deviceStart } = move.criticalNs;
  let stopBeginsNs = vcpuStop;
  let startEndsNs = move.pauseNs - vcpuStart - deviceStart;
  return vfs.map((times) => {
    startEndsNs += times.startNs;
    const stoppedNs = startEndsNs - stopBeginsNs;
    stopBeginsNs += times.pauseAndDrainNs + times.statusChecksNs + times.cacheWriteBackNs + times.saveNs;
    return stoppedNs;
  });
}

/** The devices of a VM that have figures only. They are stopped with the vCPUs. */
export function otherDevicesOf({ devices }: CompiledScenario, { kind, move }: VmResult): readonly OtherDevices[] {
  if (!hasMoved(kind)) return [];
  const stoppedNs = move.pauseNs - move.criticalNs.vcpuStop - move.criticalNs.vcpuStart;
  return devices
    .filter(({ registers }) => registers === null)
    .map(({ profile, count }) => ({ profile: profile.id, count, stoppedNs }));
}

/** A VM of a scenario's play as it passed. */
export function passedVm({ kind, move, devices }: VmResult): PassedVm {
  return { kind, move, times: devices.outcome.times };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
