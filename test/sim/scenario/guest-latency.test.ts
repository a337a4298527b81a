import { describe, expect, test } from 'vitest';

import { pointCosts } from '../../../sim/device/costs.ts';
import { guestLatencies, type PhaseLatency } from '../../../sim/scenario/guest-latency.ts';
import { runScenario } from '../../../sim/scenario/scenario-run.ts';
import { type Changes, plan, SMALL } from './rig.ts';

const [ZIP] = SMALL.devices;

function phases(changes: Changes): { readonly pauseNs: number; readonly of: readonly PhaseLatency[] } {
  const made = plan(changes);
  const { world, vms } = runScenario(made, 'point');
  const [group] = guestLatencies(made, world, 'point', pointCosts());
  return { pauseNs: vms[0]!.pauseNs, of: group?.phases ?? [] };
}

describe.each(['saturated', 'half'])('%s: a client of a VM that moves', (load) => {
  const { pauseNs, of } = phases({ devices: [{ ...ZIP, load }] });
  const [before, during, after] = of;

  test('waits for jobs in flight as long as the pause and some more', () => {
    expect(during!.jobs).toBeGreaterThan(0);
    expect(during!.p50Ns).toBeGreaterThan(0.98 * pauseNs);
    expect(during!.maxNs).toBeLessThan(pauseNs + 10e6);
  });

  test('waits before and afterwards as in a VM that stays', () => {
    expect(before!.jobs).toBeGreaterThan(1000);
    expect(after!.jobs).toBeGreaterThan(1000);
    expect(Math.abs(after!.p50Ns / before!.p50Ns - 1)).toBeLessThan(0.2);
    expect(before!.maxNs).toBeLessThan(pauseNs / 10);
  });

  test('gets percentiles in their order', () => {
    for (const { p50Ns, p99Ns, maxNs } of of) {
      expect(p50Ns).toBeLessThanOrEqual(p99Ns);
      expect(p99Ns).toBeLessThanOrEqual(maxNs);
    }
  });
});

test('a VM that does not stop has jobs of one kind only', () => {
  const { of } = phases({ faults: [{ kind: 'cancel', at: 'ready' }] });
  expect(of.map(({ jobs }) => jobs > 0)).toEqual([true, false, false]);
});

test('idle VFs and bursts have no latencies to report', () => {
  expect(phases({ devices: [{ ...ZIP, load: 'idle' }] }).of).toEqual([]);
  expect(phases({ devices: [{ ...ZIP, load: { kind: 'open', fraction: 0.5, burst: 2 } }] }).of).toEqual([]);
});

test('a VF that is reset has no jobs afterwards', () => {
  const faults = [{ kind: 'device', what: 'pauseRefused', side: 'source', times: 1 }];
  expect(phases({ faults }).of.map(({ jobs }) => jobs > 0)).toEqual([true, false, false]);
});
