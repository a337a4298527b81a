/**
 * Listings of KubeVirt: VirtualMachineInstances, and nodes, from kubectl get -o json or -o yaml.
 */
import { isObject, type JsonObject, listAt, textAt, valueAt } from '../json-values.ts';
import { kubernetesObjects } from '../kubernetes.ts';
import { kubernetesQuantity } from '../quantities.ts';
import type { Finding, Reader } from '../reader.ts';
import type { FleetFile, FleetHost, FleetVm } from './facts.ts';

export const KUBEVIRT_VMIS: Reader<FleetFile, 'fleet'> = {
  id: 'kubevirt-vmis',
  title: 'kubectl get vmi -A -o json',
  kind: 'fleet',
  sniff: (head) => (/["']?kind["']?\s*:\s*["']?VirtualMachineInstance(?:List)?["'\s,]/.test(head) ? 0.97 : 0),
  read(lines, file) {
    const findings: Finding[] = [];
    const vms: FleetVm[] = [];
    const hosts: FleetHost[] = [];
    for (const { value, line } of kubernetesObjects(lines, file, findings)) {
      if (value['kind'] === 'VirtualMachineInstance') vms.push(vmOf(value));
      else if (value['kind'] === 'Node') hosts.push(nodeOf(value));
      else findings.push({ kind: 'unused', line, text: `an object of the kind ${textAt(value, 'kind') ?? '?'}` });
    }
    noteVms(vms, findings);
    return {
      format: 'kubectl get vmi -A -o json',
      facts: { manager: 'kubevirt', vms, hosts, said: { vms: vms.map(saidOf) } },
      findings,
      unknown: ['dirty rate', 'queues of the devices', 'link speed'],
    };
  },
};

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
  return {
    name: namespace === undefined ? name : `${namespace}/${name}`,
    host: textAt(vmi, 'status', 'nodeName') ?? null,
    vcpus: factorOf(topology, 'cores') * factorOf(topology, 'sockets') * factorOf(topology, 'threads'),
    memoryBytes: memory.find((bytes) => bytes !== undefined && bytes > 0) ?? null,
    hostDevices: namesOf(domain, 'hostDevices'),
    gpus: namesOf(domain, 'gpus'),
    migratable: status === 'True' ? true : status === 'False' ? false : null,
    reason: status === 'False' ? (textAt(condition, 'reason') ?? null) : null,
    running: textAt(vmi, 'status', 'phase') === 'Running',
  };
}

function namesOf(domain: unknown, list: string): readonly string[] {
  return listAt(valueAt(domain, 'devices'), list).flatMap((each) => textAt(each, 'deviceName') ?? []);
}

function nodeOf(node: JsonObject): FleetHost {
  const allocatable = valueAt(node, 'status', 'allocatable');
  return {
    name: textAt(node, 'metadata', 'name') ?? '?',
    cpus: kubernetesQuantity(valueAt(allocatable, 'cpu')) ?? null,
    memoryBytes: kubernetesQuantity(valueAt(allocatable, 'memory')) ?? null,
  };
}

function saidOf({ name, host, reason, ...vm }: FleetVm): object {
  const { vcpus, memoryBytes, hostDevices, gpus, migratable, running } = vm;
  const said = { vm: name, node: host, vcpus, memoryBytes, hostDevices, gpus, liveMigratable: migratable };
  return { ...said, ...(reason === null ? {} : { reason }), running };
}

function noteVms(vms: readonly FleetVm[], findings: Finding[]): void {
  findings.push({ kind: 'read', text: 'vCPUs are cores x sockets x threads, each 1 where it is left out' });
  const pinned = vms.filter(({ migratable }) => migratable === false);
  for (const { name, reason } of pinned.slice(0, 20)) {
    findings.push({ kind: 'warning', text: `${name}: KubeVirt says that it does not migrate${reason === null ? '' : ` (${reason})`}` }); // prettier-ignore
  }
  if (pinned.length > 20) findings.push({ kind: 'warning', text: `${pinned.length - 20} more VMs do not migrate` });
  const silent = vms.filter(({ migratable }) => migratable === null).length;
  if (silent > 0) findings.push({ kind: 'asked', text: `${silent} VMs without the condition LiveMigratable: they are taken to migrate` }); // prettier-ignore
}
