/**
 * Changes of a move that shorten its pause, each tried with nominal parameters.
 */
import { NS_PER_MS } from '../../../sim/base/units.ts';
import { VMMS } from '../../../sim/memory/vmms.ts';
import type { CompiledScenario } from '../../../sim/scenario/compile.ts';
import type { ShorterPause } from '../../documents/explain/document.ts';
import { resultOf } from '../import/move-fit.ts';

/** Effects below this share of the pause are not worth to say. */
const SHARE_MIN = 0.03;
const SHOWN = 5;
/** Link rates that are built, in 10^9 bits per second. */
const LINKS = [1, 2.5, 5, 10, 25, 40, 50, 100, 200, 400, 800];
const LIMIT_NS_MIN = 10 * NS_PER_MS;
const CHANNELS = 4;

type Change = readonly [words: string, plan: CompiledScenario];

/** Changes that shorten the pause, the largest effect first. */
export function shorterPauses(plan: CompiledScenario): readonly ShorterPause[] {
  const before = resultOf(plan)?.pauseNs ?? 0;
  if (before === 0) return [];
  const rows = changesOf(plan).flatMap(([change, changed]): ShorterPause[] => {
    const result = resultOf(changed);
    if (result === null || result.pauseNs > before * (1 - SHARE_MIN)) return [];
    return [{ change, pauseNs: result.pauseNs, by: result.pauseNs / before - 1 }];
  });
  return rows.toSorted((a, b) => a.pauseNs - b.pauseNs).slice(0, SHOWN);
}

function changesOf(plan: CompiledScenario): readonly Change[] {
  const { scenario } = plan;
  const { stream, convergence, memory, vmm } = scenario;
  const changed = (fields: Partial<CompiledScenario['scenario']>): CompiledScenario => ({
    ...plan,
    scenario: { ...scenario, ...fields },
  });
  const faster = LINKS.find((gigabits) => gigabits > stream.gigabitsPerSecond * 1.3);
  const limitNs = convergence.downtimeLimit === undefined ? undefined : Math.floor(convergence.downtimeLimit / 2);
  const rows: Change[] = [];
  if (faster !== undefined) {
    rows.push([`a link of ${faster} Gbit/s`, changed({ stream: { ...stream, gigabitsPerSecond: faster } })]);
  }
  if (stream.maxBytesPerSecond !== undefined) {
    const { maxBytesPerSecond: _, ...uncapped } = stream;
    rows.push(['no cap of the bandwidth', changed({ stream: uncapped })]);
  }
  if (limitNs !== undefined && limitNs >= LIMIT_NS_MIN) {
    rows.push([`a downtime limit of ${Math.round(limitNs / NS_PER_MS)} ms`, changed({ convergence: { ...convergence, downtimeLimit: limitNs } })]); // prettier-ignore
  }
  if (stream.channels < CHANNELS) {
    rows.push([`${CHANNELS} ${VMMS[vmm].hasMultifd ? 'channels of multifd' : 'connections'}`, changed({ stream: { ...stream, channels: CHANNELS } })]); // prettier-ignore
  }
  if (memory.dirty.kind !== 'none') {
    rows.push(['a guest that writes nothing meanwhile', changed({ memory: { ...memory, dirty: { kind: 'none' } } })]);
  }
  if (VMMS[vmm].throttles && convergence.autoConverge !== true) {
    rows.push(['auto-converge', changed({ convergence: { ...convergence, autoConverge: true } })]);
  }
  if (plan.devices.some(({ profile }) => profile.preCopyNeedsAck) && !scenario.switchoverAck) {
    rows.push(['device state ahead of the stop (switchover-ack)', changed({ switchoverAck: true })]);
  }
  if (plan.devices.length > 0) rows.push(['no devices', { ...plan, devices: [] }]);
  return rows;
}
