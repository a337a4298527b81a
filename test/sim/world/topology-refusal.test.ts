/**
 * From a topology to a driver that does not load, and to a guest that runs on.
 */
import { describe, expect, test } from 'vitest';

import { refusalsOf } from '../../../sim/world/topology-refusal.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { readTopology } from '../../../sim/pci/topology-file.ts';
import type { Topology } from '../../../sim/pci/topology.ts';
import { completedBy, Rig } from './rig.ts';

const VFS = ['0000:03:00.1', '0000:03:00.2'];
const NONE = new Map();
const REDIRECTS = 'SV RR CR';

/** A card with two VFs, of two VMs, below a root port. */
function card(on: string, version = 'V3'): Topology {
  const raw = {
    format: 'stopcopy-topology/1',
    tree: [
      {
        kind: 'root-port',
        at: '00:01.0',
        buses: '03-03',
        acs: { can: 'SV RR CR UF', on },
        below: [
          {
            kind: 'device',
            internalRouting: 'upstream',
            functions: [
              {
                at: '03:00.0',
                kind: 'zip',
                version,
                driver: true,
                bars: [{ bar: 2, at: 0x8000_0000, size: '4MiB' }],
                sriov: {
                  vfs: 2,
                  bars: [{ bar: 2, at: 0x9000_0000, size: '64KiB' }],
                  each: { 1: { tenant: 'vm1' }, 2: { tenant: 'vm2' } },
                },
              },
            ],
          },
        ],
      },
    ],
  };
  return buildTopology(readTopology(raw, 'card').document, 'card');
}

describe('a refusal', () => {
  test('says why and by which way', () => {
    const refusal = refusalsOf(card(REDIRECTS), VFS, 'proof').get(1);
    expect(refusal?.why).toMatch(/^policy proof refuses 0000:03:00\.1, as it reaches its own control area: UF off/);
    expect(refusal?.path[0]).toBe('0000:03:00.1');
    expect(refusal?.path).toContain('root port 0000:00:01.0 (UF off)');
  });

  test('is there for each VF that is refused, by its hardware function number', () => {
    expect([...refusalsOf(card(REDIRECTS), VFS, 'proof').keys()]).toEqual([1, 2]);
    expect([...refusalsOf(card(REDIRECTS), [VFS[1]!], 'proof').keys()]).toEqual([1]);
  });

  test('follows the policy', () => {
    const open = card(REDIRECTS);
    const closed = card(`${REDIRECTS} UF`);
    const sizes = (topology: Topology): readonly number[] =>
      (['upstream', 'thread', 'proof'] as const).map((policy) => refusalsOf(topology, VFS, policy).size);
    expect(sizes(open)).toEqual([0, 2, 2]);
    // A card is no integrated endpoint, however good the port above it.
    expect(sizes(closed)).toEqual([0, 2, 0]);
    expect(refusalsOf(closed, VFS, 'thread').get(1)?.path).toEqual([]);
  });

  test('of a VF that could not migrate anyway needs no way', () => {
    const plain = refusalsOf(card(`${REDIRECTS} UF`, 'V2'), VFS, 'upstream').get(1);
    expect(plain?.path).toEqual([]);
    expect(plain?.why).not.toBe('');
  });

  test('of a VF that is not there is an error with those that are', () => {
    expect(() => refusalsOf(card(REDIRECTS), ['0000:09:00.1'], 'proof')).toThrow(/0000:09:00\.1 is no VF/);
  });
});

describe('the driver obeys', () => {
  test('under refusal the VM stays where it is, runs on, and every task completes', () => {
    const rig = new Rig({ refusals: [refusalsOf(card(REDIRECTS), VFS, 'proof'), NONE], vms: 2 });
    rig.pass(1);
    const before = rig.vms.map(completedBy);
    for (const outcome of rig.moveAll()) {
      expect(outcome).toMatchObject({ kind: 'failed', at: 'source MIGRATION', errno: 'ENOTTY', pauseNs: 0 });
      expect(outcome).toHaveProperty('reason', expect.stringContaining('root port 0000:00:01.0 (UF off)'));
    }
    rig.pass(1);
    rig.vms.forEach((vm, index) => expect(completedBy(vm)).toBeGreaterThan(before[index]!));
    expect(rig.vms.every((vm) => vm.running && vm.slot.host === rig.hosts[0])).toBe(true);
    for (const report of rig.finish()) expect(report).toMatchObject({ ok: true, lostTasks: 0, outstanding: 0 });
  });

  test('with the bit switched on the same VMs move', () => {
    const rig = new Rig({ refusals: [refusalsOf(card(`${REDIRECTS} UF`), VFS, 'proof'), NONE], vms: 2 });
    rig.pass(1);
    for (const outcome of rig.moveAll()) expect(outcome).toMatchObject({ kind: 'moved' });
    for (const report of rig.finish()) expect(report).toMatchObject({ ok: true, lostTasks: 0 });
  });
});
