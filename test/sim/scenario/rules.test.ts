/**
 * Rules that a scenario leaves to its manager, as their sources have them, November 2026.
 */
import { describe, expect, test } from 'vitest';

import { longestLimitNs, rulesOf, type RuledVm } from '../../../sim/scenario/rules.ts';
import { runScenario } from '../../../sim/scenario/scenario-run.ts';
import { MS, plan } from './rig.ts';

const vm = (changes: Partial<RuledVm>): RuledVm => ({ vmm: 'qemu', convergence: { whenOut: 'cancel' }, ...changes });

describe('where a scenario says nothing', () => {
  test.each([
    // libvirt leaves QEMU's limit alone.
    ['libvirt', { downtimeLimitNs: 300 * MS, steps: undefined, autoConverge: false }],
    ['none', { downtimeLimitNs: 300 * MS, steps: undefined, autoConverge: false }],
    ['kubevirt', { downtimeLimitNs: 300 * MS, steps: undefined, autoConverge: false }],
    // 50 to 500 ms in steps of 75 s per GB.
    ['nova', { downtimeLimitNs: 300 * MS, steps: 'nova', autoConverge: false }],
    // Its limit begins at 100 ms; auto-converge is on.
    ['proxmox', { downtimeLimitNs: 100 * MS, steps: undefined, autoConverge: true }],
  ] as const)('%s sets limit, steps and throttling', (manager, rules) => {
    expect(rulesOf(vm({ manager }))).toEqual(rules);
  });

  test('Cloud Hypervisor is its own manager', () => {
    const own = rulesOf(vm({ vmm: 'cloud-hypervisor' }));
    expect(rulesOf(vm({ vmm: 'cloud-hypervisor', manager: 'kubevirt' }))).toEqual(own);
    expect(own).toEqual({ downtimeLimitNs: 300 * MS, steps: undefined, autoConverge: false });
  });
});

test('what a scenario says stands', () => {
  const convergence = { whenOut: 'cancel', downtimeLimit: 5 * MS, autoConverge: false } as const;
  for (const manager of ['nova', 'proxmox'] as const) {
    expect(rulesOf(vm({ manager, convergence }))).toEqual({
      downtimeLimitNs: 5 * MS,
      steps: undefined,
      autoConverge: false,
    });
  }
});

test('the manager of an operator stands before that of the document', () => {
  const watch = { manager: 'proxmox', progressTimeoutNs: Infinity } as const;
  expect(rulesOf(vm({ manager: 'nova', watch }))).toMatchObject({ downtimeLimitNs: 100 * MS, autoConverge: true });
});

test.each([
  [vm({}), 300],
  [vm({ manager: 'nova' }), 500],
  [
    vm({
      convergence: {
        whenOut: 'cancel',
        steps: [
          { after: 0, limit: MS },
          { after: 5, limit: 7 * MS },
        ],
      },
    }),
    7,
  ],
])('the largest limit of %j is %i ms', (ruled, ms) => {
  expect(longestLimitNs(rulesOf(ruled))).toBe(ms * MS);
});

test('a move under Nova is played with the first of its steps, one under Proxmox VE with its limit', () => {
  const limitMs = (manager: string): number => {
    const bare = plan({ manager, devices: [], assume: undefined, version: 2 });
    return runScenario(bare, 'point').vms[0]!.move.rounds[0]!.limitNs / MS;
  };
  expect(limitMs('nova')).toBe(50);
  expect(limitMs('proxmox')).toBe(100);
  expect(limitMs('libvirt')).toBe(300);
});
