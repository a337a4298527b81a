/** Options of a VMM or a manager are refused where another is in force: they would have no effect. */
import { describe, expect, test } from 'vitest';

import { answer } from '../../../sim/fleet/answer.ts';
import { type Question, questionSchema } from '../../../sim/fleet/question.ts';
import { checkHeads, vmsOf, withWholeVms } from '../../../sim/fleet/whole-vm.ts';
import { canQuestionSchema } from '../../../sim/manager/question.ts';
import { presets } from '../../../bench/studies/plan/read-question.ts';
import { readProfile } from '../../../bench/io/profiles.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { plan } from '../scenario/rig.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A part of a document, where it is refused, with what the sentence names. */
const UNREAD: readonly (readonly [string, Fields, RegExp])[] = [
  [
    'qemu',
    { vmm: 'cloud-hypervisor', qemu: { postCopy: false } },
    /qemu .*only QEMU reads it, and vmm is cloud-hypervisor/,
  ],
  ['cloudHypervisor', { cloudHypervisor: { local: false } }, /only Cloud Hypervisor reads it, and vmm is qemu/],
  ['kubevirt', { kubevirt: { allowPostCopy: true } }, /manager kubevirt only, and manager is none/],
  ['kubevirt', { manager: 'nova', kubevirt: {} }, /manager kubevirt only, and manager is nova/],
  ['nova', { manager: 'libvirt', nova: { liveMigratable: 'yes' } }, /manager nova only, and manager is libvirt/],
  ['proxmox', { proxmox: { mapped: true } }, /manager proxmox only/],
  ['managerVersion', { managerVersion: '12.8' }, /manager libvirt, kubevirt, nova, proxmox only, and manager is none/],
  [
    'libvirtVersion',
    { manager: 'libvirt', libvirtVersion: '12.8' },
    /manager kubevirt, nova only, and manager is libvirt/,
  ],
  ['libvirtVersion', { manager: 'proxmox', libvirtVersion: '12.8' }, /manager kubevirt, nova only/],
];

function refusal(act: () => unknown): UserError {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('in a question of can', () => {
  const read = (fields: Fields): unknown =>
    parseDocument(canQuestionSchema, { format: 'stopcopy-can', version: 2, vmm: 'qemu', ...fields }, 'x');

  test.each(UNREAD)('%s of %j', (field, fields, sentence) => {
    const { kind, message } = refusal(() => read(fields));
    expect([kind, message]).toEqual(['input', expect.stringMatching(sentence)]);
    expect(message).toMatch(new RegExp(String.raw`^x: ${field} is .*Leave it out`));
  });

  test('how a manager knows a device', () => {
    const devices = [{ driver: 'mdev' }, { driver: 'mdev', attachedAs: 'gpu' }];
    expect(refusal(() => read({ devices })).message).toMatch(/devices\[1\]\.attachedAs .*manager kubevirt, nova only/);
    expect(() => read({ manager: 'kubevirt', devices })).not.toThrow();
  });

  test('what the VMM or the manager reads is taken, as are facts about hosts under every VMM', () => {
    const iommu = { backend: 'iommufd', hardware: 'vt-d', dirtyTracking: true };
    for (const fields of [
      { qemu: {}, manager: 'nova', managerVersion: '2026.2', libvirtVersion: '12.8', nova: {} },
      { manager: 'proxmox', managerVersion: 'main', proxmox: { mapped: true } },
      { vmm: 'cloud-hypervisor', cloudHypervisor: {}, kernel: '7.3', iommu, hostPage: '4KiB' },
    ]) {
      expect(() => read(fields)).not.toThrow();
    }
  });
});

const SMALL: Fields = {
  vcpus: 4,
  memory: { size: '1GiB' },
  stream: { gigabitsPerSecond: 25 },
  devices: [{ profile: 'mlx5-vf-300mb' }],
};

describe('in a scenario', () => {
  test.each(UNREAD)('%s of %j', (field, fields, sentence) => {
    const { kind, message, hint } = refusal(() => plan({ ...SMALL, ...fields }));
    expect([kind, message]).toEqual(['input', expect.stringMatching(sentence)]);
    expect([message, hint]).toEqual([
      expect.stringContaining(`${field} is given`),
      expect.stringMatching(/^Leave it out/),
    ]);
  });

  test('how a manager knows a device', () => {
    const devices = [{ profile: 'mlx5-vf-300mb', attachedAs: 'hostDevice' }];
    expect(refusal(() => plan({ ...SMALL, devices })).message).toMatch(/devices\[0\]\.attachedAs is given/);
  });
});

/** A manager that reads a field. */
const READ_BY: Readonly<Record<string, string>> = {
  kubevirt: 'kubevirt',
  nova: 'nova',
  proxmox: 'proxmox',
  managerVersion: 'libvirt',
  libvirtVersion: 'nova',
};

describe('in a question of a plan', () => {
  const VM: Fields = { ...SMALL, kernel: '7.3', vmmVersion: '10.2', devices: [{ profile: 'mlx5-vf-300mb' }] };
  const fleet = (...vms: readonly Fields[]): Fields => ({
    format: 'stopcopy-question',
    version: 2,
    name: 'q',
    description: 'q',
    ask: 'evacuate',
    hosts: 1,
    fleet: {
      racks: 1,
      hostsPerRack: 3,
      hostGigabitsPerSecond: 25,
      vms: vms.map((vm, i) => ({ name: `vm${i}`, perHost: 1, vm })),
    },
  });
  const words = ['mlx5-vf-300mb'];
  const files = {
    profiles: new Map(words.map((word) => [word, readProfile(word)])),
    presets: presets(),
    topologies: new Map(),
  };
  const question = (fields: Fields, ...vms: readonly Fields[]): Question =>
    questionSchema.parse({ ...fleet(...vms), ...fields });
  const asked = (fields: Fields, ...vms: readonly Fields[]): unknown => {
    checkHeads([question(fields, ...vms)], presets(), 'x');
    return answer(question(fields, ...vms), files, 'x', { verify: false, tornado: false });
  };

  test.each(UNREAD.filter(([, { vmm }]) => vmm === undefined))('%s of %j, at its head', (field, fields, sentence) => {
    const { message } = refusal(() => asked(fields, VM));
    expect(message).toMatch(sentence);
    expect(message).toContain(`x: ${field} is given`);
    // In a sweep one question that reads it is enough.
    const vm = field === 'cloudHypervisor' ? { ...VM, vmm: 'cloud-hypervisor' } : VM;
    const reads = question({ ...fields, manager: READ_BY[field] }, vm);
    expect(() => checkHeads([question(fields, VM), reads], presets(), 'x')).not.toThrow();
  });

  test.each(UNREAD)('%s of %j, in a VM', (field, fields, sentence) => {
    const { message } = refusal(() => asked({}, { ...VM, ...fields, vmmVersion: undefined }));
    expect(message).toMatch(sentence);
    expect(message).toContain(`${field} is given`);
  });

  test('what one of its VMs reads may stand at the head, and is no part of the others', () => {
    const other = { ...VM, vmm: 'cloud-hypervisor', vmmVersion: 'main', iommu: { backend: 'iommufd' } };
    const head = { qemu: { enableMigration: 'on' }, cloudHypervisor: { transport: 'tcp' } };
    const [first, second] = vmsOf(withWholeVms(question(head, VM, other), presets()));
    expect([first!.qemu?.enableMigration, first!.cloudHypervisor]).toEqual(['on', undefined]);
    expect([second!.qemu, second!.cloudHypervisor?.transport]).toEqual([undefined, 'tcp']);
    expect(() => asked(head, VM, other)).not.toThrow();
  });

  test('the manager that comes with limits reads its options', () => {
    expect(() => asked({ limits: 'nova', libvirtVersion: '12.8', nova: { liveMigratable: 'yes' } }, VM)).not.toThrow();
  });
});
