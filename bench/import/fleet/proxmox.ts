/**
 * Listings of Proxmox VE: `pvesh get /cluster/resources --type vm` and `/nodes/NODE/qemu`, as JSON.
 */
import { amountAt, flagAt, type JsonObject, jsonValues, textAt } from '../json-values.ts';
import type { Finding, Reader } from '../reader.ts';
import type { FleetFile, FleetVm } from './facts.ts';

export const PROXMOX_VMS: Reader<FleetFile, 'fleet'> = {
  id: 'proxmox-vms',
  title: 'pvesh get /cluster/resources --type vm --output-format json',
  kind: 'fleet',
  sniff: (head) => (/"vmid"\s*:\s*"?\d+/.test(head) && /"maxmem"\s*:/.test(head) ? 0.96 : 0),
  read(lines, file) {
    const findings: Finding[] = [];
    const vms: FleetVm[] = [];
    for (const { value, line } of jsonValues(lines, file, findings)) {
      const vm = vmOf(value);
      if (vm === null)
        findings.push({ kind: 'unused', line, text: 'an object that is no VM, a container or a template' });
      else vms.push(vm);
    }
    findings.push({
      kind: 'asked',
      text: 'host devices are in the config of each VM (hostpciN), and not in this list',
    });
    if (vms.some(({ host }) => host === null)) findings.push({ kind: 'asked', text: 'the list of one node does not name it: all VMs are taken to be on one host' }); // prettier-ignore
    return {
      format: 'pvesh get … --output-format json',
      facts: { manager: 'proxmox', vms, hosts: [], said: { vms: vms.map(saidOf) } },
      findings,
      unknown: ['host devices', 'dirty rate', 'link speed', 'free memory of hosts'],
    };
  },
};

function vmOf(value: JsonObject): FleetVm | null {
  const id = amountAt(value, 'vmid') ?? textAt(value, 'vmid');
  const isContainer = textAt(value, 'type') === 'lxc';
  const isTemplate = flagAt(value, 'template') === true || amountAt(value, 'template') === 1;
  if (id === undefined || isContainer || isTemplate) return null;
  return {
    name: textAt(value, 'name') ?? String(id),
    host: textAt(value, 'node') ?? null,
    vcpus: amountAt(value, 'cpus') ?? amountAt(value, 'maxcpu') ?? null,
    memoryBytes: amountAt(value, 'maxmem') ?? null,
    hostDevices: [],
    gpus: [],
    migratable: null,
    reason: null,
    running: textAt(value, 'status') === 'running',
  };
}

function saidOf({ name, host, vcpus, memoryBytes, running }: FleetVm): object {
  return { vm: name, ...(host === null ? {} : { node: host }), vcpus, memoryBytes, running };
}
