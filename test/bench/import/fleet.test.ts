/**
 * Lists of VMs and hosts: what must be read of them, and the question that follows.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { readForeignOf } from '../../../bench/import/readers.ts';
import { importFleet } from '../../../bench/studies/import/import-fleet.ts';
import { readFleetQuestion, readQuestion } from '../../../bench/studies/plan/read-question.ts';
import { GIB } from '../../../sim/base/units.ts';
import { answer } from '../../../sim/fleet/answer.ts';
import { questionSchema, type QuestionOf } from '../../../sim/fleet/question.ts';
import { stating } from '../../stating.ts';

const SAMPLE = join(import.meta.dirname, 'samples', 'kubevirt-vmis.json');
const folder = mkdtempSync(join(tmpdir(), 'stopcopy-fleet-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 1));
  return path;
}

type Evacuation = QuestionOf<'evacuate'>;

function evacuation(text: unknown): Evacuation {
  const question = questionSchema.parse(text);
  if (question.ask !== 'evacuate') throw new Error(question.ask);
  return question;
}

/** The question of files, and what is said of it. */
function imported(paths: readonly string[], hosts?: string): { readonly question: Evacuation; readonly said: string } {
  const { plain, document } = importFleet(
    paths.map((path) => readForeignOf('fleet', path)),
    { hosts },
  );
  const question = evacuation(parse(document.result.text));
  // The text says what the tree says.
  expect(question).toEqual(evacuation(plain));
  return { question, said: document.findings.map(({ text }) => text).join('\n') };
}

/** Per class of VMs: how many there are on hosts of each class, whether it moves, vCPUs and GiB. */
function classesOf({ fleet }: Evacuation): readonly unknown[] {
  return fleet.vms.map(({ name, migratable, vm }) => [
    (fleet.hostClasses ?? []).map(({ vms = {} }) => vms[name] ?? 0).join(' '),
    migratable,
    vm.vcpus,
    vm.memory.size / GIB,
  ]);
}

function hostsOf({ fleet }: Evacuation): readonly unknown[] {
  return (fleet.hostClasses ?? []).map(({ name, hosts, room }) => [
    name,
    hosts,
    room?.memory === undefined ? null : room.memory / GIB,
    room?.vcpus === 0 ? 'closed' : 'open',
  ]);
}

describe('KubeVirt', () => {
  test('VMIs, field by field', () => {
    const { format, facts } = readForeignOf('fleet', SAMPLE);
    const { format: title, vms } = JSON.parse(readFileSync(`${SAMPLE}.expected.json`, 'utf8')) as Record<string, unknown>; // prettier-ignore
    expect(format).toBe(title);
    expect(facts.said['vms']).toEqual(vms);
  });

  test('a question of emptying the host with the most memory; what does not move stays', () => {
    const { question, said } = imported([SAMPLE]);
    expect(hostsOf(question)).toEqual([
      ['node-04', 1, null, 'open'],
      ['node-09', 1, null, 'open'],
    ]);
    expect(classesOf(question)).toEqual([
      ['1 0', false, 16, 32],
      ['1 0', true, 2, 4],
    ]);
    expect(said).toContain('1 VM (tenant-a/db-7) stays: HostDeviceNotLiveMigratable');
    expect(said).toMatch(stating('node-04', /not emptied/, '1 VM'));
  });

  const node = (name: string, labels: object, more: object = {}, allocatable: object = {}): object => ({
    kind: 'Node',
    metadata: { name, labels: { 'kubevirt.io/schedulable': 'true', ...labels } },
    spec: more,
    status: { allocatable: { cpu: '3500m', memory: '256Gi', pods: '110', ...allocatable } },
  });
  const vmi = (name: string, spec: object = {}, domain: object = {}): object => ({
    kind: 'VirtualMachineInstance',
    metadata: { name, namespace: 't' },
    spec: { domain: { cpu: { cores: 4 }, memory: { guest: '16Gi' }, ...domain }, ...spec },
    status: { nodeName: 'a', phase: 'Running' },
  });
  const list = (name: string, ...items: readonly object[]): string => written(name, { kind: 'List', items });

  test('nodes: what VMs may use, devices, and why some take none', () => {
    const path = list(
      'nodes.json',
      node('a', {}, {}, { 'hisilicon.com/zip-vf': '62', 'devices.kubevirt.io/kvm': '1k', 'hugepages-2Mi': '0' }),
      node('b', {}, { unschedulable: true }),
      node('c', { 'kubevirt.io/schedulable': 'false' }),
      node('d', {}, { taints: [{ key: 'gpu', effect: 'NoSchedule' }] }),
    );
    const { facts } = readForeignOf('fleet', path);
    expect(
      facts.hosts.map(({ name, cpus, memoryBytes, devices, closed }) => [name, cpus, memoryBytes, devices, closed]),
    ).toEqual([
      ['a', 3.5, 256 * GIB, { 'hisilicon.com/zip-vf': 62 }, null],
      ['b', 3.5, 256 * GIB, {}, 'it is cordoned (unschedulable)'],
      ['c', 3.5, 256 * GIB, {}, 'label kubevirt.io/schedulable is false'],
      ['d', 3.5, 256 * GIB, {}, null],
    ]);
  });

  test('hosts of unlike room, VMs that stay with the reason, and hosts that a selector allows', () => {
    const host = 'kubernetes.io/hostname';
    const path = list(
      'fleet.json',
      node('a', { zone: 'x' }),
      node('b', { zone: 'x' }),
      node('c', { zone: 'y' }),
      node('d', { zone: 'y' }, { unschedulable: true }),
      vmi('plain'),
      vmi('alike'),
      vmi('bound', { nodeSelector: { [host]: 'a' } }),
      vmi('zoned', { nodeSelector: { zone: 'x' } }),
      vmi('elsewhere', { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['x', 'y'] }] }] } } } }), // prettier-ignore
      vmi('killed', { evictionStrategy: 'None' }),
      vmi('device', {}, { devices: { hostDevices: [{ deviceName: 'v.com/zip' }] } }),
      vmi('disk', { volumes: [{ hostDisk: { path: '/x' } }] }),
    );
    const { question, said } = imported([path]);
    expect(hostsOf(question)).toEqual([
      ['a', 1, 128, 'open'],
      ['b', 1, 256, 'open'],
      ['c', 1, 256, 'open'],
      ['d', 1, 256, 'closed'],
    ]);
    const moving = question.fleet.vms.filter(({ migratable }) => migratable);
    expect(moving.map(({ name, runsOn }) => [question.fleet.hostClasses![0]!.vms![name], runsOn])).toEqual([
      [2, undefined],
      [1, ['a', 'b']],
      [1, undefined],
    ]);
    for (const [vm, why] of [
      ['bound', `it needs ${host}=a: no other host that it may use has that`],
      ['killed', 'evictionStrategy None'],
      ['device', 'hostDevices: KubeVirt does not move'],
      ['disk', 'hostDisk: a local disk'],
    ] as const) {
      expect(said).toContain(`1 VM (t/${vm}) stays: ${why}`);
    }
    // Without the nodes nobody knows which have the label.
    expect(imported([list('alone.json', vmi('zoned', { nodeSelector: { zone: 'x' } }))]).said).toMatch(/which hosts/);
  });

  test('quantities and factors that are left out', () => {
    const path = list('vmi.json', {
      kind: 'VirtualMachineInstance',
      metadata: { name: 'x' },
      spec: { domain: { resources: { limits: { memory: '1e3Mi' } } } },
    });
    const { facts } = readForeignOf('fleet', path);
    expect(facts.vms[0]).toMatchObject({ vcpus: 1, memoryBytes: null, migratable: null, running: false });
    expect(() => importFleet([readForeignOf('fleet', path)])).toThrow(/has no VM that runs/);
  });
});

describe('OpenStack', () => {
  const server = (n: number, flavor: string, host: string, status = 'ACTIVE'): object => ({
    ID: `id-${n}`,
    Name: `vm-${n}`,
    Status: status,
    'Power State': 1,
    Networks: { net: ['192.0.2.7'] },
    Flavor: flavor,
    Host: host,
  });
  const servers = written('servers.json', [
    server(1, 'm1', 'cmp-1'),
    server(2, 'm1', 'cmp-1'),
    server(3, 'acc', 'cmp-1'),
    server(4, 'm1', 'cmp-2'),
    server(5, 'm1', 'cmp-1', 'SHUTOFF'),
  ]);
  const flavors = written('flavors.json', [
    { ID: 'f1', Name: 'm1', RAM: 8192, VCPUs: 4, Properties: {} },
    { ID: 'f2', Name: 'acc', RAM: 65_536, VCPUs: 16, Properties: { 'pci_passthrough:alias': 'zip-vf:2' } },
  ]);

  test('servers, flavors and hypervisors of an API before 2.88', () => {
    const hypervisors = written('hyp.json', [
      { ID: 1, 'Hypervisor Hostname': 'cmp-1.example.net', 'Hypervisor Type': 'QEMU', State: 'up', vCPUs: 64, 'vCPUs Used': 24, 'Memory MB': 262_144, 'Memory MB Used': 98_304 }, // prettier-ignore
      { ID: 2, 'Hypervisor Hostname': 'cmp-2.example.net', 'Hypervisor Type': 'QEMU', State: 'up', vCPUs: 64, 'vCPUs Used': 4, 'Memory MB': 131_072, 'Memory MB Used': 8704 }, // prettier-ignore
      { ID: 3, 'Hypervisor Hostname': 'cmp-3.example.net', 'Hypervisor Type': 'QEMU', State: 'down', 'Memory MB': 131_072, 'Memory MB Used': 512 }, // prettier-ignore
    ]);
    const { question, said } = imported([servers, flavors, hypervisors]);
    expect(question.manager).toBe('nova');
    expect(hostsOf(question)).toEqual([
      ['cmp-1.example.net', 1, 160, 'open'],
      ['cmp-2.example.net', 1, 119.5, 'open'],
      ['cmp-3.example.net', 1, 127.5, 'closed'],
    ]);
    expect(classesOf(question)).toEqual([
      ['2 1 0', true, 4, 8],
      ['1 0 0', false, 16, 64],
    ]);
    expect(said).toContain('pci_passthrough:alias zip-vf:2: Nova moves it only where');
  });

  test('what placement has of a host: (total - reserved) x ratio less what is used', () => {
    const providers = ['cmp-1', 'cmp-2'].flatMap((name, n) => [
      { uuid: `u${n}`, name: `${name}.example.net`, generation: 3, root_provider_uuid: `u${n}` },
      [
        { resource_class: 'VCPU', allocation_ratio: 4, reserved: 0, total: 64, used: 24 },
        { resource_class: 'MEMORY_MB', allocation_ratio: 1.5, reserved: 2048, total: 100_352, used: 49_152 },
        { resource_class: 'CUSTOM_ZIP', allocation_ratio: 1, reserved: 0, total: 63, used: 2 },
      ],
    ]);
    const placement = written('placement.json', providers.map((each) => JSON.stringify(each, undefined, 1)).join('\n'));
    const { facts } = readForeignOf('fleet', placement);
    expect(facts.hosts[1]).toMatchObject({
      name: 'cmp-2.example.net',
      cpus: 256,
      usedCpus: 24,
      devices: { CUSTOM_ZIP: 63 },
    });
    const { question } = imported([servers, flavors, placement]);
    // (100352 - 2048) x 1.5 - 49152 MiB are 96 GiB.
    expect(hostsOf(question).map((each) => (each as readonly unknown[])[2])).toEqual([96, 96]);
  });

  test('inventories that do not say whose they are are not given to the last of a list', () => {
    const list = [1, 2].map((n) => ({ uuid: `u${n}`, name: `cmp-${n}`, generation: 1, root_provider_uuid: `u${n}` }));
    const rows = [{ resource_class: 'MEMORY_MB', allocation_ratio: 1, reserved: 0, total: 1024 }];
    const path = written(
      'providers.json',
      `${JSON.stringify(list, undefined, 1)}\n${JSON.stringify(rows, undefined, 1)}\n`,
    );
    const { facts, findings } = readForeignOf('fleet', path);
    expect(facts.hosts.map(({ memoryBytes }) => memoryBytes)).toEqual([null, null]);
    expect(findings.map(({ text }) => text).join('\n')).toContain('several providers are before it');
    // A file of one host is named by it.
    const alone = readForeignOf('fleet', written('inventory-cmp-1.json', rows));
    expect(alone.facts.hosts.map(({ name, memoryBytes }) => [name, memoryBytes])).toEqual([['cmp-1', GIB]]);
  });

  test('servers of the API say their flavor themselves', () => {
    const path = written('detail.json', {
      servers: [
        {
          id: '1',
          name: 'a',
          status: 'ACTIVE',
          flavor: { original_name: 'x', vcpus: 2, ram: 4096, extra_specs: { 'pci_passthrough:alias': 'gpu:1' } },
          'OS-EXT-SRV-ATTR:host': 'h1',
          'OS-EXT-SRV-ATTR:hypervisor_hostname': 'h1.example.net',
        },
      ],
    });
    expect(readForeignOf('fleet', path).facts.vms).toMatchObject([
      { name: 'a', host: 'h1.example.net', vcpus: 2, memoryBytes: 4 * GIB, hostDevices: ['gpu'], running: true },
    ]);
  });
});

describe('Proxmox VE', () => {
  const vm = (vmid: number, name: string, more: object = {}): object => ({ vmid, name, type: 'qemu', status: 'running', node: 'pve-a', maxcpu: 4, maxmem: 8 * GIB, ...more }); // prettier-ignore

  test('VMs that are alike are one class, with their count; those that do not run are none', () => {
    const list = [vm(1, 'a'), vm(2, 'b'), vm(3, 'c', { status: 'stopped' }), vm(4, 'd', { template: 1 }), vm(5, 'e', { maxmem: GIB }), vm(6, 'f', { node: 'pve-b' })]; // prettier-ignore
    const path = written('pve.json', list);
    expect(classesOf(imported([path]).question)).toEqual([
      ['2 1', true, 4, 8],
      ['1 0', true, 4, 1],
    ]);
    expect(hostsOf(imported([path], 'pve-b').question)[0]).toEqual(['pve-b', 1, null, 'open']);
    expect(() => imported([path], 'pve-c')).toThrow(/--host is 'pve-c'.*/);
  });

  test('all resources of a cluster in one line, with nodes, containers and storage; and the config of a VM', () => {
    const host = (node: string, more: object): object => ({ id: `node/${node}`, type: 'node', node, status: 'online', maxcpu: 64, maxmem: 256 * GIB, ...more }); // prettier-ignore
    const others = [{ type: 'lxc', vmid: 9, node: 'pve-a', maxmem: GIB }, { type: 'storage', storage: 'local', node: 'pve-a' }]; // prettier-ignore
    const list = [host('pve-a', {}), host('pve-b', { status: 'offline' }), host('pve-c', { maxmem: 64 * GIB }), vm(1, 'a'), vm(2, 'b'), ...others]; // prettier-ignore
    const resources = written('resources.json', JSON.stringify(list));
    const config = written('b.json', { name: 'b', cores: 4, memory: '8192', hostpci0: '0000:75:00.1', scsi0: 'local-lvm:vm-2-disk-0,size=9G', ostype: 'l26', digest: 'x' }); // prettier-ignore
    const { question, said } = imported([resources, config]);
    expect(hostsOf(question)).toEqual([
      ['pve-a', 1, 240, 'open'],
      ['pve-b', 1, 256, 'closed'],
      ['pve-c', 1, 64, 'open'],
    ]);
    expect(classesOf(question)).toEqual([
      ['1 0 0', true, 4, 8],
      ['1 0 0', false, 4, 8],
    ]);
    expect(said).toMatch(stating('1 VM (b) stays', 'hostpci0', 'Proxmox VE', 'local devices'));
    expect(said).toContain('2 objects that are no VMs');
    // Its preset does not know how many leave a host at once: the question says it.
    expect(question.limits).toMatchObject({ preset: 'proxmox', outboundPerHost: 1 });
    expect(readFleetQuestion({ fleet: [resources] }).question.ask).toBe('evacuate');
  });
});

describe('a table', () => {
  const vms = written('vms.csv', '# from the inventory\nName;Host;vCPUs;Memory (GiB);Devices;Migratable;Dirty MiB/s;Owner\n"db; main";h1;16;64;zip:2;;;x\nweb;h1;4;0,5;;yes;20;x\nold;h1;2;4;;no;;x\n'); // prettier-ignore
  const hosts = written('hosts.csv', 'host,cpus,memory,linkGbit\nh1,64,256 GiB,25\nh2,64,64 GiB,10\n');

  test('of VMs, and of hosts, by the names of columns', () => {
    const { question, said } = imported([vms, hosts]);
    expect(question.manager).toBeUndefined();
    expect(
      question.fleet.hostClasses!.map(({ name, hostGigabitsPerSecond: link, room }) => [
        name,
        link,
        room!.memory! / GIB,
      ]),
    ).toEqual([
      ['h1', 25, 187.5],
      ['h2', 10, 64],
    ]);
    expect(classesOf(question).toSorted((a, b) => (String(a) < String(b) ? -1 : 1))).toEqual([
      ['1 0', false, 2, 4],
      ['1 0', true, 16, 64],
      ['1 0', true, 4, 0.5],
    ]);
    const rates = question.fleet.vms.map(({ vm }) =>
      vm.memory.dirty.kind === 'uniform' ? vm.memory.dirty.pagesPerSecond : 0,
    );
    expect(rates.toSorted((a, b) => a - b)).toEqual([1000, 1000, (20 * 2 ** 20) / 4096]);
    expect(question.fleet.vms.flatMap(({ vm }) => vm.devices.map(({ profile, count }) => [profile, count]))).toEqual([
      ['acc-zip', 2],
    ]);
    // No move is faster than its host's link.
    expect(question.fleet.vms.map(({ vm }) => vm.stream.gigabitsPerSecond)).toEqual([25, 25, 25]);
    expect(said).toMatch(stating('Owner'));
  });

  test.each([
    ['64GiB', 2 ** 36, '20MiB/s', 20 * 2 ** 20, '25Gbit/s', 25],
    ['64 GB', 64e9, '20 MB/s', 20e6, '10000 Mbit/s', 10],
    ['64Gi', 2 ** 36, '5000 pages/s', 5000 * 4096, '0.5G', 0.5],
  ])('with units in its cells: %s, %s, %s', (memory, bytes, dirty, dirtyBytes, link, gigabits) => {
    const vm = written('v.csv', `vm,host,vcpus,memory,dirtyRate\na,h,2,${memory},${dirty}\n`);
    const host = written('h.csv', `host,cpus,memory,link\nh,8,${memory},${link}\n`);
    expect(readForeignOf('fleet', vm).facts.vms).toMatchObject([
      { memoryBytes: bytes, dirtyBytesPerSecond: dirtyBytes },
    ]);
    expect(readForeignOf('fleet', host).facts.hosts).toMatchObject([
      { memoryBytes: bytes, gigabitsPerSecond: gigabits },
    ]);
  });

  test.each([
    ['host,cpus,memory,link\nh,8,4GiB,25\n', /line 2: link is '25', without a unit/],
    ['name,host,vcpus,memory\na,h,2,4096\n', /line 2: memory is '4096', without a unit/],
    ['name,host,vcpus,memoryGiB\na,h,two,4\n', /line 2: vcpus is 'two'/],
    ['name,host,vcpus,memoryGiB\n\n"a,h,2,4\n', /line 3: a quote is not closed/],
    ['name,host,vcpus,memoryGiB\na,h,2\n', /line 2: has 3 cells, and there are 4 columns/],
    ['name,host,vcpus,memoryGiB,migratable\na,h,2,4,maybe\n', /line 2: migratable is 'maybe'/],
    ['name,host,vcpus,memoryGiB,state\na,h,2,4,thinking\n', /line 2: state is 'thinking'/],
  ])('%j is refused with its line', (text, says) => {
    expect(() => readForeignOf('fleet', written('bad.csv', text))).toThrow(says);
  });
});

test('VMs of many sizes become few classes, planned with the largest of each; none is lost', () => {
  const rows = Array.from({ length: 600 }, (_, n) => `vm-${n},h${n % 3},${1 + (n % 7)},${1024 + 97 * n}`);
  const { question } = imported([written('many.csv', `name,host,vcpus,memoryMiB\n${rows.join('\n')}\n`)]);
  const { vms, hostClasses } = question.fleet;
  expect(vms.length).toBeGreaterThan(5);
  expect(vms.length).toBeLessThanOrEqual(31);
  const counted = hostClasses!.map((each) => Object.values(each.vms ?? {}).reduce((sum, count) => sum + count, 0));
  expect(counted).toEqual([200, 200, 200]);
  // The largest VM is planned in full, and no VM with less than it has.
  expect(Math.max(...vms.map(({ vm }) => vm.memory.size))).toBe((1024 + 97 * 599) * 2 ** 20);
  const planned = vms.reduce((sum, { name, vm }) => sum + vm.memory.size * hostClasses!.reduce((n, each) => n + (each.vms?.[name] ?? 0), 0), 0); // prettier-ignore
  const real = Array.from({ length: 600 }, (_, n) => (1024 + 97 * n) * 2 ** 20).reduce((sum, each) => sum + each, 0);
  expect(planned).toBeGreaterThanOrEqual(real);
  expect(planned).toBeLessThan(1.6 * real);
});

describe('plan', () => {
  const own = written('own.yaml', importFleet([readForeignOf('fleet', SAMPLE)]).document.result.text);
  const limited = written('limited.yaml', {
    format: 'stopcopy-question',
    version: 2,
    name: 'limited',
    description: 'One at once',
    ask: 'evacuate',
    hosts: 1,
    limits: { atOnce: 1 },
    fleet: { racks: 1, hostsPerRack: 2, hostGigabitsPerSecond: 10, vms: [{ name: 'x', perHost: 1, vm: { vmm: 'qemu', vcpus: 1, memory: { size: '1GiB', dirty: { kind: 'uniform', pagesPerSecond: 1 } }, stream: { gigabitsPerSecond: 10 } } }] }, // prettier-ignore
  });

  test('answers for a list, for the question that import made of it, and for the list in another question', () => {
    const { question } = imported([SAMPLE]);
    expect(readFleetQuestion({ fleet: [SAMPLE] }).question).toEqual(question);
    expect(readQuestion(SAMPLE).question).toEqual(question);
    expect(readFleetQuestion({ fleet: [own] }).question).toEqual(question);
    for (const fleet of [SAMPLE, own]) {
      const asked = readFleetQuestion({ fleet: [fleet], question: limited }).question;
      if (asked.ask !== 'evacuate') throw new Error(asked.ask);
      expect([asked.name, asked.limits, asked.fleet]).toEqual([
        'limited',
        expect.objectContaining({ atOnce: 1 }),
        question.fleet,
      ]);
    }
    expect(readFleetQuestion({ fleet: [SAMPLE] }).notes.join('\n')).toMatch(
      /stays: HostDeviceNotLiveMigratable[^]*assumed: /,
    );
  });

  test('speaks of hosts and VMs by their own names, each once', () => {
    const file = join(import.meta.dirname, '../../../bench/studies/import/examples/kubevirt-fleet.json');
    const { items } = JSON.parse(readFileSync(file, 'utf8')) as {
      items: { kind: string; metadata: { namespace: string; name: string }; status: { nodeName?: string } }[];
    };
    const emptied = ['worker-3', 'worker-2'];
    const there = items.flatMap(({ kind, metadata: { namespace, name }, status: { nodeName } }) =>
      kind === 'VirtualMachineInstance' && emptied.includes(nodeName!) ? [`${nodeName!} ${namespace}/${name}`] : [],
    );
    const asked = readFleetQuestion({ fleet: [file], hosts: emptied.join(',') });
    // A budget that nobody gave decides nothing.
    expect(imported([file]).question.budget.pause).toBeUndefined();
    const { feasible, schedule } = answer(asked.question, asked.files, asked.file, { tornado: false, draws: 3 });
    expect(feasible).toBe(true);
    expect(schedule!.moves!.map(({ hostName, vmName }) => `${hostName} ${vmName!}`).toSorted()).toEqual(
      there.toSorted(),
    );
  });

  test('refuses what is no fleet, and questions of something else', () => {
    expect(() => readFleetQuestion({ fleet: [written('no.txt', 'hello')] })).toThrow(/no format of a fleet/);
    expect(() => readFleetQuestion({ fleet: [SAMPLE], question: 'vfs-per-vm' })).toThrow(/asks 'most'/);
    expect(() => readFleetQuestion({ fleet: [own], hosts: 'node-04' })).toThrow(stating('itself', 'emptied'));
  });
});
