/**
 * What VMs of a list ask of hosts and of one another: labels, taints, VMs to be apart from, zones and server groups.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import type { FleetVm } from '../../../bench/import/fleet/facts.ts';
import { mergedFleet } from '../../../bench/import/fleet/merge.ts';
import { readForeignOf } from '../../../bench/import/readers.ts';
import { hostClassesOf } from '../../../bench/studies/import/fleet-hosts.ts';
import { settledHosts, vmClassesOf } from '../../../bench/studies/import/fleet-vms.ts';
import { importFleet } from '../../../bench/studies/import/import-fleet.ts';
import { questionSchema, type QuestionOf } from '../../../sim/fleet/question.ts';
import { effort } from '../../effort.ts';
import { stating } from '../../stating.ts';

const folder = mkdtempSync(join(tmpdir(), 'stopcopy-scheduling-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(content, undefined, 1));
  return path;
}

type Json = Readonly<Record<string, unknown>>;

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

const node = (name: string, labels: Json = {}, taints: readonly object[] = []): object => ({
  kind: 'Node',
  metadata: { name, labels },
  spec: { taints },
  status: { allocatable: { memory: '256Gi' } },
});
const vmi = (name: string, host: string, spec: Json = {}, labels: Json = {}): object => ({
  kind: 'VirtualMachineInstance',
  metadata: { name, namespace: 't', labels },
  spec: { domain: { cpu: { cores: 4 }, memory: { guest: '1Gi' } }, ...spec },
  status: { nodeName: host, phase: 'Running' },
});
const required = (value: unknown): Json => ({ requiredDuringSchedulingIgnoredDuringExecution: value });
const onNodes = (...nodeSelectorTerms: readonly object[]): Json => ({
  affinity: { nodeAffinity: required({ nodeSelectorTerms }) },
});
const apartFrom = (labels: Json, topologyKey = 'kubernetes.io/hostname', more: Json = {}): Json => ({
  affinity: { podAntiAffinity: required([{ labelSelector: { matchLabels: labels }, topologyKey, ...more }]) },
});

/** The fleet of the question, and what is said of it. */
function planned(...files: readonly string[]): {
  readonly said: string;
  readonly fleet: QuestionOf<'evacuate'>['fleet'];
} {
  const { document } = importFleet(files.map((path) => readForeignOf('fleet', path)));
  const question = questionSchema.parse(parse(document.result.text));
  if (question.ask !== 'evacuate') throw new Error(question.ask);
  return { said: document.findings.map(({ text }) => text).join('\n'), fleet: question.fleet };
}

/** Whether the scheduler lets a VM onto a node, from the objects themselves and the API's words for each operator. */
function isAllowed(
  spec: Json,
  own: { readonly name: string; readonly labels: Json; readonly taints: readonly Json[] },
): boolean {
  // prettier-ignore
  const labels = new Map(Object.entries({ 'kubernetes.io/hostname': own.name, ...own.labels }));
  const holds = ({ key, operator, values = [] }: Expression): boolean => {
    const value = labels.get(key);
    if (operator === 'DoesNotExist') return !labels.has(key);
    if (operator === 'NotIn') return !labels.has(key) || values.every((each) => each !== value);
    if (!labels.has(key)) return false;
    if (operator === 'Exists') return true;
    if (operator === 'In') return values.some((each) => each === value);
    const order = Number.parseFloat(String(value)) - Number.parseFloat(values[0]!);
    return operator === 'Gt' ? order > 0 : order < 0;
  };
  for (const [key, value] of Object.entries((spec['nodeSelector'] ?? {}) as Json))
    if (labels.get(key) !== value) return false;
  const terms = spec['terms'] as readonly (readonly Expression[])[] | undefined;
  if (terms !== undefined && !terms.some((term) => term.length > 0 && term.filter(holds).length === term.length)) return false; // prettier-ignore
  const tolerations = (spec['tolerations'] ?? []) as readonly Json[];
  return own.taints
    .filter(({ effect }) => effect !== 'PreferNoSchedule')
    .every((taint) =>
      tolerations.some((each) => {
        if (each['effect'] !== undefined && each['effect'] !== taint['effect']) return false;
        if (each['key'] !== undefined && each['key'] !== taint['key']) return false;
        return each['operator'] === 'Exists' || each['value'] === taint['value'];
      }),
    );
}

const key = fc.constantFrom('zone', 'cores', 'kubernetes.io/hostname');
const value = fc.constantFrom('x', 'y', '8', '16', '-1', 'n0', 'n1');
const number = fc.constantFrom('7', '8', '15', '-2');
const expression: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('In', 'NotIn'), values: fc.array(value, { minLength: 1, maxLength: 3 }) }),
  fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
  fc.record({ key: fc.constant('cores'), operator: fc.constantFrom('Gt', 'Lt'), values: fc.tuple(number) }),
);
const effect = fc.constantFrom('NoSchedule', 'NoExecute', 'PreferNoSchedule');
const taint = fc.record({ key: fc.constantFrom('gpu', 'old'), value: fc.constantFrom('a', 'b'), effect });
const toleration = fc.oneof(
  fc.record(
    { operator: fc.constant('Exists'), key: fc.constantFrom('gpu', 'old'), effect },
    { requiredKeys: ['operator'] },
  ),
  fc.record({ key: fc.constantFrom('gpu', 'old'), value: fc.constantFrom('a', 'b'), effect }, { requiredKeys: ['key', 'value'] }), // prettier-ignore
);
const anyHost = fc.record({
  labels: fc.record({ zone: fc.constantFrom('x', 'y'), cores: fc.constantFrom('8', '16', '-1', 'many') }, { requiredKeys: [] }), // prettier-ignore
  taints: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(taint, { minLength: 1, maxLength: 2 })),
});
const anySpec = fc.record(
  {
    nodeSelector: fc.constantFrom<Json>({ zone: 'x' }, { cores: '8' }),
    terms: fc.array(fc.array(expression, { maxLength: 2 }), { minLength: 1, maxLength: 3 }),
    tolerations: fc.array(toleration, { maxLength: 2 }),
    /** Labels of VMs that it must be apart from. */
    apart: fc.constantFrom('db', 'web'),
    app: fc.constantFrom('db', 'web', 'ui'),
    at: fc.nat({ max: 3 }),
  },
  { requiredKeys: ['at'] },
);

test('no VM is planned to a host that its terms or taints exclude, nor next to one that it must be apart from', () => {
  fc.assert(
    fc.property(
      fc.array(anyHost, { minLength: 3, maxLength: 4 }),
      fc.array(anySpec, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(31, 3),
      (hosts, specs, most) => {
        const places = hosts.map((each, n) => ({ name: `n${n}`, ...each }));
        const objects = specs.map(
          ({ at, nodeSelector, terms, tolerations, apart, app }, n) =>
          vmi(`v${n}`, `n${at % hosts.length}`, {
            nodeSelector,
            tolerations,
            affinity: {
              ...(terms === undefined ? {} : onNodes(...terms.map((matchExpressions) => ({ matchExpressions })))['affinity'] as object), // prettier-ignore
              ...(apart === undefined ? {} : apartFrom({ app: apart })['affinity'] as object), // prettier-ignore
            },
          }, app === undefined ? {} : { app }), // prettier-ignore
        );
        const path = written('any.json', { kind: 'List', items: [...places.map(({ name, labels, taints }) => node(name, labels, taints)), ...objects] }); // prettier-ignore
        const { fleet } = mergedFleet([readForeignOf('fleet', path)]);
        const settled = settledHosts(fleet.hosts, fleet.vms);
        const classes = vmClassesOf(fleet.vms, settled, most);
        const kinds = hostClassesOf(settled, fleet.vms, classes, ['n0']);
        const specOf = ({ name }: FleetVm): (typeof specs)[number] => specs[Number(name.slice('t/v'.length))]!;
        const isOpen = (vm: FleetVm, n: number): boolean => isAllowed(specOf(vm), places[n]!);
        const isApart = (a: FleetVm, b: FleetVm): boolean => specOf(a).apart !== undefined && specOf(a).apart === specOf(b).app; // prettier-ignore
        const classOf = new Map(classes.flatMap((each) => each.vms.map((vm) => [vm.name, each] as const)));
        expect(classOf.size).toBe(specs.length);
        const wrong: string[] = [];
        for (const each of classes) {
          const open = kinds.filter(({ takes, closed }) => takes.has(each.name) && closed === null);
          const taken = new Set(open.flatMap((kind) => kind.hosts));
          for (const vm of each.vms) {
            for (const [n, { name }] of places.entries()) {
              const isTaken = taken.has(name);
              // Where classes are as fine as the VMs, none is kept from a host either.
              if (isTaken !== isOpen(vm, n) && (most === 31 || (isTaken && each.pinned === null))) wrong.push(`${vm.name} on ${name}`); // prettier-ignore
            }
            for (const other of each.pinned === null ? fleet.vms : []) {
              if (other.name === vm.name || (!isApart(vm, other) && !isApart(other, vm))) continue;
              const isGroup = each.group !== null && classOf.get(other.name)?.group === each.group;
              if (!isGroup || other.host === vm.host) wrong.push(`${vm.name} next to ${other.name}`);
            }
          }
        }
        expect(wrong).toEqual([]);
      },
    ),
    { numRuns: effort(60, 150, 10_000) },
  );
});

describe('KubeVirt', () => {
  const nodes = [node('a', { zone: 'x' }), node('b', { zone: 'x' }), node('c', { zone: 'y' })];

  test.each<readonly [Json, RegExp]>([
    [onNodes({ matchExpressions: [{ key: 'zone', operator: 'Near', values: ['x'] }] }), /the operator Near of zone is not known/], // prettier-ignore
    [onNodes({ matchExpressions: [{ key: 'zone', operator: 'Gt', values: ['x'] }] }), /Gt of zone has the values x/],
    [onNodes({ matchFields: [{ key: 'spec.x', operator: 'In', values: ['x'] }] }), /the field spec\.x is not known/],
    [onNodes(), /no other host that it may use has that/],
    [onNodes({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }), /no other host/],
    [{ affinity: { podAffinity: required([{ topologyKey: 'zone' }]) } }, /podAffinity: where other pods are/],
    [{ topologySpreadConstraints: [{ whenUnsatisfiable: 'DoNotSchedule' }] }, /topologySpreadConstraints/],
    [apartFrom({ app: 'elsewhere' }), /no VM of the list is meant/],
  ])('%j: it stays, with the reason', (spec, why) => {
    const { said, fleet } = planned(written('pin.json', { kind: 'List', items: [...nodes, vmi('v', 'a', spec)] }));
    expect(said).toMatch(new RegExp(`1 VM \\(t/v\\) stays: .*${why.source}`));
    expect(fleet.vms.map(({ migratable }) => migratable)).toEqual([false]);
  });

  test('VMs apart become a group; by zone, or two on a host already, they stay with those that are meant', () => {
    const db = apartFrom({ app: 'db' });
    const listOf = (first: Json, second: string): string =>
      written('apart.json', {
        kind: 'List',
        items: [...nodes, vmi('db-0', 'a', first, { app: 'db' }), vmi('db-1', second, {}, { app: 'db' }), vmi('web', 'b')], // prettier-ignore
      });
    const { fleet, said } = planned(listOf(db, 'b'));
    const classes = fleet.vms.map(({ name }) => [name, ...(fleet.hostClasses ?? []).map((each) => each.vms?.[name] ?? 0)]); // prettier-ignore
    const [entry] = fleet.antiAffinity!;
    expect(fleet.antiAffinity).toHaveLength(1);
    // The VM without an own term is in it as well, the third is not.
    expect(classes.filter(([name]) => entry!.vms.includes(String(name))).map(([, ...counts]) => counts)).toEqual([[1, 1, 0]]); // prettier-ignore
    expect(said).toContain('2 VMs in 1 group of anti-affinity');
    for (const [first, second] of [
      [db, 'a'],
      [apartFrom({ app: 'db' }, 'zone'), 'b'],
    ] as const) {
      // prettier-ignore
      const stays = planned(listOf(first, second));
      expect(stays.said).toMatch(/2 VMs \(t\/db-0, t\/db-1\) stay/);
      expect(stays.fleet.antiAffinity).toBeUndefined();
    }
    // Another namespace is not meant, unless the term says so.
    expect(planned(listOf(apartFrom({ app: 'db' }, undefined, { namespaces: ['u'] }), 'b')).said).toMatch(stating('no VM of the list')); // prettier-ignore
  });

  test('what is only preferred is said once', () => {
    const spec = { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 }] } } };
    const { said, fleet } = planned(written('soft.json', { kind: 'List', items: [...nodes, vmi('v', 'a', spec), vmi('w', 'a', spec)] })); // prettier-ignore
    expect(said.match(/prefer/g)).toHaveLength(2);
    expect(said).toContain('what 2 VMs prefer');
    expect(fleet.vms[0]!.runsOn).toBeUndefined();
  });
});

describe('OpenStack', () => {
  const server = (n: number, host: string, more: Json = {}): object => ({
    ID: `id-${n}`,
    Name: `vm-${n}`,
    Status: 'ACTIVE',
    Flavor: 'm1',
    Host: host,
    ...more,
  });
  const compute = (name: string, zone: string): object => ({ ID: name, Binary: 'nova-compute', Host: name, Zone: zone, Status: 'enabled', State: 'up' }); // prettier-ignore
  const services = written('services.json', [compute('c1', 'az1'), compute('c2', 'az1'), compute('c3', 'az2')]);

  test('a pinned zone leaves its hosts; where no list says which those are, the server stays', () => {
    const servers = written('servers.json', [server(1, 'c1.example.net', { 'Pinned AZ': 'az1' })]);
    const hypervisors = written('hyp.json', ['c1', 'c2', 'c3'].map((name) => ({ 'Hypervisor Hostname': `${name}.example.net`, State: 'up' }))); // prettier-ignore
    expect(planned(servers, hypervisors, services).fleet.vms[0]!.runsOn).toEqual(['c1.example.net', 'c2.example.net']);
    expect(planned(servers, hypervisors).said).toMatch(stating('availability zone=az1', 'which hosts', 'not in the file')); // prettier-ignore
  });

  test('server groups: apart, together, of a soft policy, and of none that is known', () => {
    const servers = written('servers.json', [
      ...[1, 2, 3, 4, 5, 6].map((n) => server(n, n % 2 === 1 ? 'c1' : 'c2')),
      server(7, 'c1', { server_groups: ['g9'] }),
    ]);
    const group = (id: string, policy: string, ...members: readonly number[]): object => ({ ID: id, Name: id, Policy: policy, Members: members.map((n) => `id-${n}`).join(', ') }); // prettier-ignore
    const groups = written('groups.json', [
      group('g1', 'anti-affinity', 1, 2),
      group('g2', 'affinity', 3, 4),
      group('g3', 'soft-anti-affinity', 5, 6),
    ]);
    const { fleet, said } = planned(servers, services, groups);
    expect(fleet.antiAffinity).toHaveLength(1);
    expect(said).toContain('2 VMs (vm-3, vm-4) stay: server group g2 of the policy affinity');
    expect(said).toContain('1 server group (g3) with a soft policy');
    expect(said).toMatch(stating('1 VM (vm-7) stays', 'server group g9', 'policy'));
  });
});

test('rules of the HA manager of Proxmox VE', () => {
  const vm = (vmid: number, on: string): object => ({ type: 'qemu', vmid, name: `vm-${vmid}`, node: on, status: 'running', maxcpu: 2, maxmem: 2 ** 30 }); // prettier-ignore
  const host = (name: string): object => ({ type: 'node', node: name, status: 'online', maxcpu: 32, maxmem: 2 ** 38 });
  const list = written('resources.json', [
    host('a'), host('b'), host('c'), host('d'),
    vm(100, 'a'), vm(101, 'b'), vm(102, 'a'), vm(103, 'a'), vm(104, 'a'), vm(105, 'a'),
  ]); // prettier-ignore
  const rules = written('rules.json', [
    { rule: 'apart', type: 'resource-affinity', affinity: 'negative', resources: 'vm:100,vm:101' },
    { rule: 'near', type: 'resource-affinity', affinity: 'positive', resources: 'vm:103,vm:104,ct:900' },
    { rule: 'where', type: 'node-affinity', nodes: 'a:2,c', resources: 'vm:102', strict: 1 },
    { rule: 'rather', type: 'node-affinity', nodes: 'b', resources: 'vm:105', strict: 0 },
    { rule: 'not', type: 'node-affinity', affinity: 'negative', nodes: 'b,c', resources: 'vm:105', strict: 1 },
    { rule: 'off', type: 'resource-affinity', affinity: 'positive', resources: 'vm:105', disable: 1 },
  ]);
  for (const files of [
    [list, rules],
    [rules, list],
  ]) {
    const { fleet, said } = planned(...files);
    expect(said).toContain('2 VMs in 1 group of anti-affinity');
    expect(said).toContain('(rather): they are not planned');
    const stay = fleet.vms.filter(({ migratable }) => !migratable);
    expect(stay).toHaveLength(1);
    expect(said).toMatch(/vm-103, vm-104.*near/);
    const bound = fleet.vms.flatMap(({ runsOn }) => (runsOn === undefined ? [] : [runsOn]));
    expect(bound.map((names) => [...names].toSorted())).toEqual([['a', 'c'], ['a', 'd']]); // prettier-ignore
  }
});

test('a table adds to the VMs that KubeVirt lists by their names without a namespace', () => {
  const list = written('list.json', { kind: 'List', items: [vmi('db', 'h1'), node('h1'), node('h2')] });
  const table = join(folder, 'rates.csv');
  writeFileSync(table, 'name,host,vcpus,memoryGiB,dirtyMiBPerSecond\ndb,h1,4,1,50\n');
  for (const files of [
    [list, table],
    [table, list],
  ]) {
    const { fleet } = mergedFleet(files.map((path) => readForeignOf('fleet', path)));
    expect(fleet.vms.map(({ name, dirtyBytesPerSecond }) => [name, dirtyBytesPerSecond])).toEqual([
      ['t/db', 50 * 2 ** 20],
    ]);
  }
});
