/**
 * Listings of KubeVirt: VirtualMachineInstances and nodes, from kubectl get -o json or -o yaml.
 */
import { countOf } from '../../../sim/base/units.ts';
import { isObject, type JsonObject, listAt, textAt, valueAt } from '../json-values.ts';
import { kubernetesObjects } from '../kubernetes.ts';
import { kubernetesQuantity } from '../quantities.ts';
import { addFindings, type Finding, type Reader } from '../reader.ts';
import { type FleetFile, type FleetHost, fleetHost, type FleetVm, fleetVm, type Taint } from './facts.ts';
import { HOSTNAME, NAME_FIELD, podLabels, prefers, schedulingOf } from './scheduling.ts';

export const KUBEVIRT_VMIS: Reader<FleetFile, 'fleet'> = {
  id: 'kubevirt-vmis',
  title: 'kubectl get vmi,nodes -A -o json',
  kind: 'fleet',
  sniff(head) {
    if (/["']?kind["']?\s*:\s*["']?VirtualMachineInstance(?:List)?["'\s,]/.test(head)) return 0.97;
    // The list of nodes alone, or in front of the VMIs.
    return /["']?kind["']?\s*:\s*["']?Node(?:List)?["'\s,]/.test(head) &&
      /["']?allocatable["']?\s*:|kubernetes\.io\//.test(head)
      ? 0.9
      : 0;
  },
  read(lines, file) {
    const findings: Finding[] = [];
    const vms: FleetVm[] = [];
    const nodes: JsonObject[] = [];
    let preferring = 0;
    for (const { value, line } of kubernetesObjects(lines, file, findings)) {
      if (value['kind'] === 'VirtualMachineInstance') {
        vms.push(vmOf(value));
        if (prefers(value)) preferring += 1;
      } else if (value['kind'] === 'Node') nodes.push(value);
      else
        addFindings(findings, { kind: 'unused', line, text: `an object of the kind ${textAt(value, 'kind') ?? '?'}` });
    }
    // KubeVirt marks nodes that take VMs; of a list without any such mark nothing follows.
    const areMarked = nodes.some((node) => labelsOf(node)[SCHEDULABLE] !== undefined);
    const hosts = nodes.map((node) => nodeOf(node, areMarked));
    noteVms(vms, findings);
    if (preferring > 0)
      addFindings(findings, {
        kind: 'unused',
        text: `what ${countOf(preferring, 'VM')} ${preferring === 1 ? 'prefers' : 'prefer'} (preferredDuringScheduling…): only what is required is planned`,
      });
    noteHosts(hosts, findings);
    return {
      format: vms.length === 0 ? 'kubectl get nodes -o json' : 'kubectl get vmi -A -o json',
      facts: {
        manager: 'kubevirt',
        vms,
        hosts,
        flavors: [],
        serverGroups: [],
        said: { vms: vms.map(saidOf), ...(hosts.length === 0 ? {} : { nodes: hosts.map(saidOfHost) }) },
      },
      findings,
      unknown: ['dirty rate', 'queues of the devices', 'link speed'],
    };
  },
};

const SCHEDULABLE = 'kubevirt.io/schedulable';

/** A factor of vCPUs: 1 where it is left out. */
function factorOf(topology: unknown, name: string): number {
  const value = valueAt(topology, name);
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 1;
}

function vmOf(vmi: JsonObject): FleetVm {
  const domain = valueAt(vmi, 'spec', 'domain');
  const now = valueAt(vmi, 'status', 'currentCPUTopology');
  const topology = isObject(now) ? now : valueAt(domain, 'cpu');
  const memory = [
    valueAt(vmi, 'status', 'memory', 'guestCurrent'),
    valueAt(domain, 'memory', 'guest'),
    valueAt(domain, 'resources', 'requests', 'memory'),
    valueAt(domain, 'resources', 'limits', 'memory'),
  ].map(kubernetesQuantity);
  const condition = listAt(vmi['status'], 'conditions').find((each) => textAt(each, 'type') === 'LiveMigratable');
  const status = textAt(condition, 'status');
  const namespace = textAt(vmi, 'metadata', 'namespace');
  const name = textAt(vmi, 'metadata', 'name') ?? '?';
  const hostDevices = namesOf(domain, 'hostDevices');
  const gpus = namesOf(domain, 'gpus');
  const { pins, ...scheduling } = schedulingOf(vmi);
  return fleetVm({
    name: namespace === undefined ? name : `${namespace}/${name}`,
    host: textAt(vmi, 'status', 'nodeName') ?? null,
    vcpus: factorOf(topology, 'cores') * factorOf(topology, 'sockets') * factorOf(topology, 'threads'),
    memoryBytes: memory.find((bytes) => bytes !== undefined && bytes > 0) ?? null,
    hostDevices,
    gpus,
    migratable: status === 'True' ? true : status === 'False' ? false : null,
    reason: status === 'False' ? (textAt(condition, 'reason') ?? null) : null,
    pins: [...pinsOf(vmi, hostDevices, gpus, status !== undefined), ...pins],
    ...scheduling,
    namespace: namespace ?? null,
    labels: podLabels(vmi),
    running: textAt(vmi, 'status', 'phase') === 'Running',
  });
}

/** What keeps a VMI on its node, in the fields that say so. */
function pinsOf(
  vmi: JsonObject,
  devices: readonly string[],
  gpus: readonly string[],
  isJudged: boolean,
): readonly string[] {
  const spec = vmi['spec'];
  const pins: string[] = [];
  if (!isJudged && devices.length > 0) pins.push('hostDevices: KubeVirt does not move VMs with them');
  if (!isJudged && gpus.length > 0)
    pins.push('gpus: KubeVirt moves one mediated vGPU at most, and only with a feature gate');
  if (textAt(spec, 'evictionStrategy') === 'None')
    pins.push('evictionStrategy None: a drain shuts it down in place of moving it');
  if (listAt(spec, 'volumes').some((each) => isObject(valueAt(each, 'hostDisk')))) pins.push('hostDisk: a local disk');
  return pins;
}

function namesOf(domain: unknown, list: string): readonly string[] {
  return listAt(valueAt(domain, 'devices'), list).flatMap((each) => textAt(each, 'deviceName') ?? []);
}

/** Resources of a node that are no devices for VMs. */
const NO_DEVICE =
  /^(?:cpu|memory|pods|storage|ephemeral-storage|hugepages-.*|attachable-volumes-.*|devices\.kubevirt\.io\/.*)$/;

function nodeOf(node: JsonObject, areMarked: boolean): FleetHost {
  const allocatable = valueAt(node, 'status', 'allocatable');
  const devices = Object.entries(isObject(allocatable) ? allocatable : {}).flatMap(([name, value]) => {
    const count = NO_DEVICE.test(name) ? undefined : kubernetesQuantity(value);
    return count === undefined ? [] : [[name, count] as const];
  });
  return fleetHost({
    name: textAt(node, 'metadata', 'name') ?? '?',
    cpus: kubernetesQuantity(valueAt(allocatable, 'cpu')) ?? null,
    memoryBytes: kubernetesQuantity(valueAt(allocatable, 'memory')) ?? null,
    devices: Object.fromEntries(devices),
    closed: closedOf(node, areMarked),
    taints: listAt(node['spec'], 'taints').flatMap(taintOf),
    labels: labelsOf(node),
  });
}

function labelsOf(node: JsonObject): Readonly<Record<string, string>> {
  const labels = valueAt(node, 'metadata', 'labels');
  const pairs = Object.entries(isObject(labels) ? labels : {}).map(([name, value]) => [name, String(value)] as const);
  const name = textAt(node, 'metadata', 'name');
  return { ...(name === undefined ? {} : { [HOSTNAME]: name, [NAME_FIELD]: name }), ...Object.fromEntries(pairs) };
}

function closedOf(node: JsonObject, areMarked: boolean): string | null {
  if (valueAt(node, 'spec', 'unschedulable') === true) return 'it is cordoned (unschedulable)';
  const ready = listAt(node['status'], 'conditions').find((each) => textAt(each, 'type') === 'Ready');
  if (ready !== undefined && textAt(ready, 'status') !== 'True') return 'it is not Ready';
  const mark = labelsOf(node)[SCHEDULABLE];
  return areMarked && mark !== 'true' ? `label ${SCHEDULABLE} is ${mark ?? 'missing'}` : null;
}

function taintOf(each: unknown): readonly Taint[] {
  const effect = textAt(each, 'effect');
  if (effect !== 'NoSchedule' && effect !== 'NoExecute') return [];
  return [{ key: textAt(each, 'key') ?? '?', value: textAt(each, 'value') ?? '', effect }];
}

function saidOf({ name, host, reason, ...vm }: FleetVm): object {
  const { vcpus, memoryBytes, hostDevices, gpus, migratable, running } = vm;
  const said = { vm: name, node: host, vcpus, memoryBytes, hostDevices, gpus, liveMigratable: migratable };
  return { ...said, ...(reason === null ? {} : { reason }), running };
}

function saidOfHost({ name, cpus, memoryBytes, devices, closed, taints }: FleetHost): object {
  const said = { node: name, cpus, memoryBytes, devices, schedulable: closed === null && taints.length === 0 };
  return taints.length === 0 ? said : { ...said, taints: taints.map(({ key }) => key) };
}

function noteHosts(hosts: readonly FleetHost[], findings: Finding[]): void {
  for (const { name, closed, taints } of hosts) {
    if (closed !== null) addFindings(findings, { kind: 'read', text: `${name} takes no VMs: ${closed}` });
    else if (taints.length > 0)
      addFindings(findings, {
        kind: 'read',
        text: `${name} takes no VMs but those that tolerate ${taints.map(({ key }) => key).join(' and ')}`,
      });
  }
}

function noteVms(vms: readonly FleetVm[], findings: Finding[]): void {
  if (vms.length === 0) return;
  addFindings(findings, { kind: 'read', text: 'vCPUs are cores x sockets x threads, each 1 where it is left out' });
  const silent = vms.filter(({ migratable, pins }) => migratable === null && pins.length === 0).length;
  if (silent > 0) addFindings(findings, { kind: 'asked', text: `${silent} VMs without the condition LiveMigratable: they are taken to migrate` }); // prettier-ignore
}
