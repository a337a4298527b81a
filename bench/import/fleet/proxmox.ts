/**
 * Listings of Proxmox VE as JSON: `pvesh get /cluster/resources`, `/nodes`, `/nodes/NODE/qemu`, and the config of a VM.
 */
import { MIB } from '../../../sim/base/units.ts';
import { amountAt, flagAt, type JsonObject, jsonValues, textAt } from '../json-values.ts';
import { addFindings, type Finding, type Reader } from '../reader.ts';
import { type FleetFile, type FleetHost, fleetHost, type FleetVm, fleetVm, type ServerGroup } from './facts.ts';

/** The label of a node that rules of the HA manager name. */
export const PROXMOX_NODE = 'node';

/**
 * Rules of the HA manager: VMs that are together, apart, on some nodes, or on none of some. Fields are those of the API of Proxmox VE 9,
 * May 2026 (clientapi-pve 2026.5.24, made of its apidoc.js); nodes to avoid are of a patch of Daniel Kral to pve-devel.
 */
class HaRules {
  readonly groups: ServerGroup[] = [];
  /** What they demand of VMs that another list has. */
  readonly vms: FleetVm[] = [];
  readonly soft: string[] = [];

  /** @returns whether a value is a rule */
  take(value: JsonObject): boolean {
    const [rule, resources] = [textAt(value, 'rule'), textAt(value, 'resources')];
    if (rule === undefined || resources === undefined) return false;
    const is = (name: string): boolean => amountAt(value, name) === 1 || flagAt(value, name) === true;
    if (is('disable')) return true;
    const members = [...resources.matchAll(/\bvm:(\d+)/g)].map(([, id = '']) => id);
    if (textAt(value, 'type') === 'resource-affinity') {
      const policy = textAt(value, 'affinity') === 'negative' ? 'anti-affinity' : 'affinity';
      this.groups.push({ id: rule, name: rule, policy, members });
    } else if (!is('strict')) this.soft.push(rule);
    else {
      const nodes = (textAt(value, 'nodes') ?? '').split(',').map((node) => node.trim().replace(/:\d+$/, ''));
      const operator = textAt(value, 'affinity') === 'negative' ? 'NotIn' : 'In';
      const needs = [[[{ label: PROXMOX_NODE, operator, values: nodes }]]] as const;
      this.vms.push(...members.map((id) => fleetVm({ name: id, id, needs, running: false })));
    }
    return true;
  }
}

export const PROXMOX_VMS: Reader<FleetFile, 'fleet'> = {
  id: 'proxmox-vms',
  title: 'pvesh get /cluster/resources --output-format json',
  kind: 'fleet',
  sniff(head) {
    if (/"rule"\s*:/.test(head) && /"resources"\s*:\s*"(?:vm|ct):\d/.test(head)) return 0.95;
    if (!/"maxmem"\s*:/.test(head))
      return /"hostpci\d+"\s*:|"ostype"\s*:[^{}]*"digest"\s*:|"digest"\s*:[^{}]*"ostype"\s*:/.test(head) ? 0.9 : 0;
    return /"vmid"\s*:\s*"?\d+|"type"\s*:\s*"node"|"id"\s*:\s*"node\//.test(head) ? 0.96 : 0;
  },
  read(lines, file) {
    const findings: Finding[] = [];
    const vms: FleetVm[] = [];
    const hosts: FleetHost[] = [];
    const rules = new HaRules();
    let configs = 0;
    let others = 0;
    for (const { value } of jsonValues(lines, file, findings)) {
      if (rules.take(value)) continue;
      const host = hostOf(value);
      const vm = host === null ? (vmOf(value) ?? configuredVm(value)) : null;
      if (host !== null) hosts.push(host);
      else if (vm === null) others += 1;
      else {
        vms.push(vm);
        if (amountAt(value, 'vmid') === undefined) configs += 1;
      }
    }
    if (rules.soft.length > 0) addFindings(findings, { kind: 'unused', text: `HA rules that are not strict (${rules.soft.slice(0, 3).join(', ')}): they are not planned` }); // prettier-ignore
    if (others > 0)
      addFindings(findings, {
        kind: 'unused',
        text: `${others} objects that are no VMs: containers, templates, storage`,
      });
    if (configs === 0 && vms.length > 0) addFindings(findings, { kind: 'asked', text: 'host devices and local disks are in the config of each VM (pvesh get /nodes/NODE/qemu/ID/config), which is read too' }); // prettier-ignore
    if (vms.some(({ host }) => host === null) && configs === 0) addFindings(findings, { kind: 'asked', text: 'the list of one node does not name it: all VMs are taken to be on one host' }); // prettier-ignore
    for (const { name, closed } of hosts)
      if (closed !== null) addFindings(findings, { kind: 'read', text: `${name} takes no VMs: ${closed}` });
    return {
      format: 'pvesh get … --output-format json',
      facts: {
        manager: 'proxmox',
        vms: [...vms, ...rules.vms],
        hosts,
        flavors: [],
        serverGroups: rules.groups,
        said: { vms: vms.map(saidOf), ...(hosts.length === 0 ? {} : { nodes: hosts.map(saidOfHost) }) },
      },
      findings,
      unknown: [
        ...(configs === 0 ? ['host devices'] : []),
        'dirty rate',
        'link speed',
        ...(hosts.length === 0 ? ['free memory of hosts'] : []),
      ],
    };
  },
};

function hostOf(value: JsonObject): FleetHost | null {
  const name = textAt(value, 'node');
  if (name === undefined || textAt(value, 'type') !== 'node') return null;
  const status = textAt(value, 'status');
  return fleetHost({
    name,
    cpus: amountAt(value, 'maxcpu') ?? null,
    memoryBytes: amountAt(value, 'maxmem') ?? null,
    labels: { [PROXMOX_NODE]: name },
    closed: status === undefined || status === 'online' ? null : `its status is ${status}`,
  });
}

function vmOf(value: JsonObject): FleetVm | null {
  const id = amountAt(value, 'vmid') ?? textAt(value, 'vmid');
  const isContainer = textAt(value, 'type') === 'lxc';
  const isTemplate = flagAt(value, 'template') === true || amountAt(value, 'template') === 1;
  if (id === undefined || isContainer || isTemplate) return null;
  return fleetVm({
    name: textAt(value, 'name') ?? String(id),
    id: String(id),
    host: textAt(value, 'node') ?? null,
    vcpus: amountAt(value, 'cpus') ?? amountAt(value, 'maxcpu') ?? null,
    memoryBytes: amountAt(value, 'maxmem') ?? null,
    running: textAt(value, 'status') === 'running',
  });
}

/** A VM by its config, which has no state: another list says on which host it runs. */
function configuredVm(value: JsonObject): FleetVm | null {
  const name = textAt(value, 'name');
  if (name === undefined || textAt(value, 'digest') === undefined) return null;
  const memory = Number(textAt(value, 'memory')?.replace(/^current=/, '') ?? amountAt(value, 'memory'));
  const devices = Object.entries(value).flatMap(([key, text]) =>
    /^hostpci\d+$/.test(key) ? [{ key, text: String(text) }] : [],
  );
  const disks = Object.entries(value).filter(([key, text]) => /^(?:scsi|virtio|sata|ide)\d+$/.test(key) && /^local(?:-\w+)?:/.test(String(text)) && !String(text).includes('media=cdrom')); // prettier-ignore
  return fleetVm({
    name,
    vcpus: (amountAt(value, 'cores') ?? 1) * (amountAt(value, 'sockets') ?? 1),
    memoryBytes: Number.isFinite(memory) && memory > 0 ? memory * MIB : null,
    hostDevices: devices.map(({ text }) => text.replace(/,.*$/, '').replace(/^mapping=/, '')),
    pins: [
      ...devices.map(({ key, text }) =>
        text.includes('mapping=')
          ? `${key}: it moves only where its mapping is live-migration-capable, which the config does not say`
          : `${key}: Proxmox VE moves no VM with local devices`,
      ),
      ...disks.map(([key]) => `${key}: a local disk, which moves only with --with-local-disks`),
    ],
    running: false,
  });
}

function saidOf({ name, host, vcpus, memoryBytes, running }: FleetVm): object {
  return { vm: name, ...(host === null ? {} : { node: host }), vcpus, memoryBytes, running };
}

function saidOfHost({ name, cpus, memoryBytes, closed }: FleetHost): object {
  return { node: name, cpus, memoryBytes, online: closed === null };
}
