/** The question of `stopcopy can` as files and words say it. */
import { describe, expect, test } from 'vitest';

import { readCanQuestion } from '../../../../bench/studies/can/question.ts';
import { parseInput } from '../../../../bench/io/input-file.ts';
import { can } from '../../../../sim/manager/can.ts';

describe('a release is what was written, not the number that it is', () => {
  test.each([
    ['kernel: 6.10', { kernel: '6.10' }],
    ['{ "kernel": 6.10, "vmmVersion": 10.20 }', { kernel: '6.10', vmmVersion: '10.20' }],
    ['vm: { managerVersion: 11.10, libvirtVersion: 9 }', { vm: { managerVersion: '11.10', libvirtVersion: '9' } }],
    ["kernel: '6.10'\nmemory: 6.10", { kernel: '6.10', memory: 6.1 }],
    ['kernel: &k 6.10\nvm: { kernel: *k }', { kernel: '6.10', vm: { kernel: '6.10' } }],
  ])('%s', (text, read) => {
    expect(parseInput(text, 'x')).toEqual(read);
  });

  test('QAT is there from 6.10 on, and not in 6.1', () => {
    const words = { vmm: 'qemu@10.2', device: ['qat_vfio_pci'], backend: 'type1' };
    const [first, later] = ['6.1', '6.10'].map((kernel) =>
      can(readCanQuestion(undefined, { ...words, set: [`kernel=${kernel}`] })),
    );
    expect([first!.condition, later!.condition]).toEqual(['noMigration', 'dirtyTracking']);
  });
});

describe('a release after @ is that of what stands before it', () => {
  test.each([
    ['qemu@3', 'libvirt@12.8', { vmmVersion: '3', managerVersion: '12.8' }],
    ['cloud-hypervisor@v12', 'none', { vmmVersion: 'v12' }],
    ['qemu@10.2', 'kubevirt@1.9', { vmmVersion: '10.2', managerVersion: '1.9' }],
  ])('%s under %s', (vmm, manager, fields) => {
    expect(readCanQuestion(undefined, { vmm, manager })).toMatchObject(fields);
  });
});
