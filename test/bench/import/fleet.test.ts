/**
 * Lists of VMs: what must be read of them, and the question that follows.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';

import { readForeignOf } from '../../../bench/import/readers.ts';
import { importFleet } from '../../../bench/studies/import/import-fleet.ts';
import { questionSchema } from '../../../sim/fleet/question.ts';

const SAMPLE = join(import.meta.dirname, 'samples', 'kubevirt-vmis.json');
const folder = mkdtempSync(join(tmpdir(), 'stopcopy-fleet-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('VMIs of KubeVirt, field by field', () => {
  const { format, facts } = readForeignOf('fleet', SAMPLE);
  const { format: title, vms } = JSON.parse(readFileSync(`${SAMPLE}.expected.json`, 'utf8')) as Record<string, unknown>;
  expect(format).toBe(title);
  expect(facts.said['vms']).toEqual(vms);
});

test('a question of emptying the host with the most memory; what does not move stays', () => {
  const { result, asks, findings } = importFleet(readForeignOf('fleet', SAMPLE));
  const question = questionSchema.parse(parse(result.text));
  if (question.ask !== 'evacuate') throw new Error(question.ask);
  expect(question.fleet.hostsPerRack).toBe(2);
  expect(
    question.fleet.vms.map(({ perHost, migratable, vm }) => [perHost, migratable, vm.vcpus, vm.memory.size]),
  ).toEqual([
    [1, false, 16, 32 * 2 ** 30],
    [1, true, 2, 4 * 2 ** 30],
  ]);
  expect(asks.map(({ field }) => field)).toEqual(['fleet.hostGigabitsPerSecond', 'vm.memory.dirty']);
  expect(findings.map(({ text }) => text).join('\n')).toContain('HostDeviceNotLiveMigratable');
});

test('VMs that are alike are one class, with their count; those that do not run are none', () => {
  const vm = (vmid: number, name: string, more: object): object => ({ vmid, name, type: 'qemu', status: 'running', node: 'pve-a', maxcpu: 4, maxmem: 8 * 2 ** 30, ...more }); // prettier-ignore
  const list = [vm(1, 'a', {}), vm(2, 'b', {}), vm(3, 'c', { status: 'stopped' }), vm(4, 'd', { template: 1 }), vm(5, 'e', { maxmem: 2 ** 30 }), vm(6, 'f', { node: 'pve-b' })]; // prettier-ignore
  const path = written('pve.json', JSON.stringify(list));
  const { result } = importFleet(readForeignOf('fleet', path));
  const question = questionSchema.parse(parse(result.text));
  if (question.ask !== 'evacuate') throw new Error(question.ask);
  expect(question.fleet.vms.map(({ perHost, vm: { memory } }) => [perHost, memory.size])).toEqual([[2, 8 * 2 ** 30], [1, 2 ** 30]]); // prettier-ignore
  expect(() => importFleet(readForeignOf('fleet', path), 'pve-c')).toThrow(/--host is 'pve-c'.*/);
});

test('quantities and factors that are left out', () => {
  const vmi = {
    kind: 'VirtualMachineInstance',
    metadata: { name: 'x' },
    spec: { domain: { resources: { limits: { memory: '1e3Mi' } } } },
  };
  const path = written('vmi.json', JSON.stringify({ kind: 'List', items: [vmi, { kind: 'Node', metadata: { name: 'n' }, status: { allocatable: { cpu: '3500m', memory: '8Gi' } } }] })); // prettier-ignore
  const { facts } = readForeignOf('fleet', path);
  expect(facts.vms[0]).toMatchObject({ vcpus: 1, memoryBytes: null, migratable: null, running: false });
  expect(facts.hosts).toEqual([{ name: 'n', cpus: 3.5, memoryBytes: 8 * 2 ** 30 }]);
  expect(() => importFleet(readForeignOf('fleet', path))).toThrow(/has no VM that runs/);
});
