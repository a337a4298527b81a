/**
 * Releases that no row of the tables covers: older ones are asked for, later ones are answered as of the newest on record. What
 * is covered is written out from the sources: QEMU 7.2 to 11.1, Cloud Hypervisor v52, v53 and main of August 2026, Linux 5.18 to
 * 7.3, libvirt 9.0 to 12.8, KubeVirt 1.9, Nova 2026.2, and one state of Proxmox VE's qemu-server.
 */
import { describe, expect, test } from 'vitest';

import { asOfSentences } from '../../../sim/manager/coverage.ts';
import type { OracleQuestion } from '../../oracles/can-oracle.ts';
import { ask, devices, difference, HISI, MLX5, PLAIN, QAT } from './can-rig.ts';

const iommu = { backend: 'iommufd', hardware: 'vt-d', dirtyTracking: true, virtual: false } as const;
const qemu = { vmm: 'qemu', vmmVersion: '10.2', kernel: '7.3', iommu, devices: MLX5 } as const;
const cloud = { ...qemu, vmm: 'cloud-hypervisor', vmmVersion: 'main' } as const;
const network = { driver: 'mlx5_vfio_pci', attachedAs: 'network' } as const;
const gpu = { driver: 'mdev', attachedAs: 'gpu', migrates: true, offers: { p2p: true, dmaLog: true } } as const;
const vgpu = { ...qemu, manager: 'kubevirt', devices: [gpu], kubevirt: { vgpuLiveMigration: true } } as const;
const alias = { ...qemu, manager: 'nova', nova: { liveMigratable: 'yes' } } as const;
const mapped = { ...qemu, manager: 'proxmox', proxmox: { mapped: true, liveMigrationCapable: true } } as const;

describe('older than all that is on record', () => {
  test.each<[string, OracleQuestion, string, RegExp]>([
    ['QEMU 3', { ...qemu, vmmVersion: '3' }, 'vmmVersion', /QEMU 3; .*QEMU 7\.2 to 11\.1/],
    ['QEMU 7.1', { ...qemu, vmmVersion: '7.1' }, 'vmmVersion', /QEMU 7\.1/],
    ['QEMU 6.2, no migration', { ...qemu, vmmVersion: '6.2', devices: PLAIN }, 'vmmVersion', /QEMU 6\.2/],
    ['v12', { ...cloud, vmmVersion: 'v12' }, 'vmmVersion', /Cloud Hypervisor v12; .*Cloud Hypervisor 52 to 53/],
    ['v51', { ...cloud, vmmVersion: '51.1' }, 'vmmVersion', /Cloud Hypervisor 51\.1/],
    [
      'libvirt 8.10',
      { ...qemu, manager: 'libvirt', managerVersion: '8.10' },
      'managerVersion',
      /libvirt 9\.0 to 12\.8/,
    ],
    ['KubeVirt 1.3', { ...vgpu, managerVersion: '1.3' }, 'managerVersion', /KubeVirt 1\.3; .*KubeVirt 1\.9/],
    [
      'KubeVirt 1.3, host device',
      { ...qemu, manager: 'kubevirt', managerVersion: 'v1.3.1' },
      'managerVersion',
      /KubeVirt/,
    ],
    ['libvirt 8.10 under KubeVirt', { ...vgpu, libvirtVersion: '8.10' }, 'libvirtVersion', /libvirt 8\.10/],
    ['Nova 2025.1', { ...alias, managerVersion: '2025.1' }, 'managerVersion', /Nova 2025\.1; .*Nova 2026\.2/],
    ['a release of Proxmox VE', { ...mapped, managerVersion: '9.1' }, 'managerVersion', /qemu-server 096a1ac22/],
    ['a kernel of version 1, QEMU 7.2', { ...qemu, vmmVersion: '7.2', kernel: '5.4' }, 'kernel', /Linux 5\.18 to 7\.3/],
    [
      'options alone',
      { vmm: 'qemu', vmmVersion: '5', devices: [], qemu: { dirtyLimit: true } },
      'vmmVersion',
      /QEMU 5/,
    ],
  ])('%s is asked for', (_, question, field, why) => {
    const answer = ask(question);
    expect([answer.outcome, answer.condition, answer.messages]).toEqual(['asks', 'notOnRecord', []]);
    expect(answer.asks.map((asked) => asked.field)).toEqual([field]);
    expect(answer.asks[0]!.gives.length).toBeGreaterThan(0);
    expect(answer.why).toMatch(why);
    expect(answer.change.join()).toContain(field);
    expect(difference(question)).toBeNull();
  });

  test('each release that is covered is listed with what it gives', () => {
    const { asks } = ask({ ...qemu, vmmVersion: '3', devices: QAT, iommu: { ...iommu, backend: 'type1' } });
    const gives = Object.fromEntries(asks[0]!.gives.map(({ value, outcomes }) => [value, outcomes.join()]));
    expect(gives).toMatchObject({ '7.2': 'refused', '8.0': 'refused', '10.0': 'refused', '11.1': 'refused' });
    const { asks: silent } = ask({ ...cloud, vmmVersion: '12' });
    expect(silent[0]!.gives).toEqual([
      { value: '52', outcomes: ['losesState'] },
      { value: '53', outcomes: ['losesState'] },
      { value: 'main', outcomes: ['moves'] },
    ]);
  });

  test('two of them are asked for at once', () => {
    const question = { ...qemu, manager: 'libvirt', vmmVersion: '2.12', managerVersion: '4.0' } as const;
    expect(ask(question).asks.map(({ field }) => field)).toEqual(['vmmVersion', 'managerVersion']);
    expect(difference(question)).toBeNull();
  });

  test.each<[string, OracleQuestion, string]>([
    ['no device', { vmm: 'qemu', vmmVersion: '3', devices: [] }, 'moves'],
    ['no device of Cloud Hypervisor', { vmm: 'cloud-hypervisor', vmmVersion: '12', devices: [] }, 'moves'],
    ['unplugged', { ...qemu, vmmVersion: '6.2', devices: [{ driver: 'vfio-pci', unplugged: true }] }, 'moves'],
    ['unplugged by Nova', { ...alias, vmmVersion: '6.2', devices: [network], nova: {} }, 'moves'],
    // Nova's own tests name releases: all below them are refused.
    ['QEMU 6.2 under Nova', { ...alias, vmmVersion: '6.2' }, 'refused'],
    ['libvirt 8.0 under Nova', { ...alias, libvirtVersion: '8.0' }, 'refused'],
    // KubeVirt refuses before QEMU is asked.
    ['QEMU 3 under KubeVirt', { ...qemu, manager: 'kubevirt', vmmVersion: '3' }, 'refused'],
    // Features 1 and 2 of VFIO came with 5.18: before, no device has them.
    ['Linux 5.10', { ...qemu, kernel: '5.10' }, 'refused'],
    ['Linux 4.18, mdev', { ...qemu, kernel: '4.18', devices: devices('mdev') }, 'refused'],
    ['Linux 5.10 under Cloud Hypervisor', { ...cloud, kernel: '5.10', devices: HISI }, 'refused'],
  ])('does not matter: %s', (_, question, outcome) => {
    expect(ask(question).outcome).toBe(outcome);
    expect(difference(question)).toBeNull();
  });
});

describe('later than all that is on record', () => {
  test.each<[string, OracleQuestion, OracleQuestion, RegExp]>([
    [
      'QEMU 12.0',
      { ...qemu, vmmVersion: '12.0' },
      { ...qemu, vmmVersion: '11.1' },
      /QEMU 12\.0.* as of QEMU 11\.1, 2026-11-30/,
    ],
    ['QEMU main', { ...qemu, vmmVersion: 'main' }, { ...qemu, vmmVersion: '11.1' }, /QEMU main.* as of QEMU 11\.1/],
    [
      'v54',
      { ...cloud, vmmVersion: 'v54' },
      cloud,
      /v54.* as of Cloud Hypervisor main ae44c2971, after v53, 2026-08-22/,
    ],
    ['main', { ...cloud, vmmVersion: 'main' }, cloud, /as of Cloud Hypervisor main ae44c2971/],
    ['Linux 7.4', { ...qemu, kernel: '7.4' }, qemu, /Linux 7\.4.* as of Linux 7\.3, 2026-11-30/],
    [
      'libvirt 13.0',
      { ...qemu, manager: 'libvirt', managerVersion: '13.0' },
      { ...qemu, manager: 'libvirt', managerVersion: '12.8' },
      /libvirt 13\.0.* as of libvirt 12\.8, 2026-11-30/,
    ],
    ['KubeVirt 1.10', { ...vgpu, managerVersion: '1.10' }, vgpu, /as of KubeVirt 1\.9 \(d923fdb815\), 2026-08-22/],
    ['Nova 2027.1', { ...alias, managerVersion: '2027.1' }, alias, /as of Nova 2026\.2 \(00a030403f\), 2026-08-21/],
    ['Proxmox main', { ...mapped, managerVersion: 'main' }, mapped, /as of qemu-server 096a1ac22/],
  ])('%s is answered as the newest, and says so', (_, later, newest, note) => {
    const answer = ask(later);
    // Runs and plans say the same of what they play.
    expect(asOfSentences(later).join()).toMatch(note);
    expect([answer.outcome, answer.condition]).toEqual([ask(newest).outcome, ask(newest).condition]);
    expect(answer.notes.join('\n')).toMatch(note);
    expect(difference(later)).toBeNull();
  });

  test.each<[string, OracleQuestion]>([
    ['a point release of the newest QEMU', { ...qemu, vmmVersion: '11.1.3' }],
    ['a point release of the newest kernel', { ...qemu, kernel: '7.3.4' }],
    ['v53.0', { ...cloud, vmmVersion: 'v53.0' }],
    ['KubeVirt 1.9.2', { ...vgpu, managerVersion: 'v1.9.2' }],
  ])('%s is covered', (_, question) => {
    expect(ask(question).notes.join('\n')).not.toMatch(/as of/);
  });
});
