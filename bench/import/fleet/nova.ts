/**
 * Listings of OpenStack as JSON: servers, flavors, hypervisors, and what placement has of each host. Columns of the client and
 * fields of the APIs are read by the same names: case, blanks and underscores do not count.
 */
import { MIB } from '../../../sim/base/units.ts';
import { isObject, type JsonObject, jsonValues } from '../json-values.ts';
import { addFindings, type Finding, type Reader } from '../reader.ts';
import {
  type FleetFile,
  type FleetFlavor,
  type FleetHost,
  fleetHost,
  type FleetVm,
  fleetVm,
  type ServerGroup,
} from './facts.ts';
import { amountIn, type Fields, fieldsOf, textIn } from './fields.ts';
import { Placement } from './placement.ts';

export const NOVA_FLEET: Reader<FleetFile, 'fleet'> = {
  id: 'nova-fleet',
  title: 'openstack server list --long -f json, flavor list, hypervisor list, server group list, resource provider …',
  kind: 'fleet',
  sniff(head) {
    if (!/^\s*[[{]/m.test(head)) return 0;
    if (/"[Hh]ypervisor[ _][Hh]ostname"\s*:/.test(head)) return 0.95;
    if (/"Flavor(?: Name)?"\s*:/.test(head) && /"Status"\s*:/.test(head) && /"ID"\s*:/.test(head)) return 0.95;
    if (/"OS-EXT-(?:SRV-ATTR:host|STS:vm_state)"\s*:/.test(head)) return 0.95;
    if (/"Binary"\s*:\s*"nova-/i.test(head) || /"server_groups"\s*:\s*\[\s*\{/.test(head)) return 0.95;
    if (/"Polic(?:y|ies)"\s*:/i.test(head) && /"Members"\s*:/i.test(head)) return 0.9;
    if (/"RAM"\s*:/.test(head) && /"VCPUs"\s*:/.test(head)) return 0.95;
    return /"resource_class"\s*:|"inventories"\s*:\s*\{|"resource_provider_generation"\s*:|"root_provider_uuid"\s*:/.test(
      head,
    )
      ? 0.9
      : 0;
  },
  read(lines, file) {
    const findings: Finding[] = [];
    const listing = new Listing(file, findings);
    for (const { value, line } of jsonValues(lines, file, findings))
      for (const each of listed(value)) listing.take(each, line);
    return {
      format: listing.format(),
      facts: listing.facts(),
      findings,
      unknown: ['dirty rate', 'link speed', ...listing.unknown()],
    };
  },
};

/** The objects of a list of the API, `{"servers": […]}`. */
function listed(value: JsonObject): readonly JsonObject[] {
  for (const name of ['servers', 'flavors', 'hypervisors', 'resource_providers', 'server_groups', 'services']) {
    const list = value[name];
    if (Array.isArray(list) && list.every(isObject) && (name !== 'servers' || !('hypervisor_hostname' in value)))
      return list;
  }
  return [value];
}

class Listing {
  private readonly vms: FleetVm[] = [];
  private readonly hosts: FleetHost[] = [];
  private readonly flavors: FleetFlavor[] = [];
  private readonly placement: Placement;
  private readonly findings: Finding[];
  private readonly serverGroups: ServerGroup[] = [];
  /** Hosts of which only the availability zone is said. */
  private readonly zoned: FleetHost[] = [];

  constructor(file: string, findings: Finding[]) {
    this.findings = findings;
    this.placement = new Placement(file, findings);
  }

  take(value: JsonObject, line: number): void {
    const fields = fieldsOf(value);
    if (this.placement.take(fields, line)) return;
    if (fields.has('members') && (fields.has('policy') || fields.has('policies')))
      this.serverGroups.push(serverGroupOf(fields));
    else if (fields.has('binary') && fields.has('host')) this.service(fields);
    else if (fields.has('hypervisorhostname') && !fields.has('flavor')) this.hosts.push(hypervisorOf(fields));
    else if (fields.has('ram') && fields.has('vcpus') && fields.has('name')) this.flavors.push(flavorOf(fields, value));
    else if (
      fields.has('status') &&
      (fields.has('flavor') || fields.has('flavorname') || fields.has('osextsrvattrhost'))
    ) {
      const vm = serverOf(fields, value);
      this.vms.push(vm);
      const zone = textIn(fields, 'availabilityzone', 'osextazavailabilityzone');
      // Its zone is that of its host.
      if (vm.host !== null && zone !== null) this.zoned.push(fleetHost({ name: vm.host, labels: { [ZONE]: zone } }));
    } else
      addFindings(this.findings, {
        kind: 'unused',
        line,
        text: 'an object that is no server, flavor, hypervisor, service, server group or resource provider',
      });
  }

  private service(fields: Fields): void {
    const name = textIn(fields, 'host');
    const zone = textIn(fields, 'zone');
    if (textIn(fields, 'binary') !== 'nova-compute' || name === null) return;
    this.zoned.push(fleetHost({ name, closed: closedOf(fields), labels: zone === null ? {} : { [ZONE]: zone } }));
  }

  format(): string {
    const parts = [
      ...(this.vms.length > 0 ? ['openstack server list --long -f json'] : []),
      ...(this.flavors.length > 0 ? ['openstack flavor list -f json'] : []),
      ...(this.hosts.length > 0 ? ['openstack hypervisor list -f json'] : []),
      ...(this.placement.isThere() ? ['openstack resource provider … -f json'] : []),
    ];
    return parts.length === 0 ? 'openstack … -f json' : parts.join(' and ');
  }

  facts(): FleetFile {
    for (const { name, closed } of this.hosts)
      if (closed !== null) addFindings(this.findings, { kind: 'read', text: `${name} takes no VMs: ${closed}` });
    const hosts = [...this.hosts, ...this.placement.hosts()];
    return {
      manager: 'nova',
      vms: this.vms,
      hosts: [...hosts, ...this.zoned],
      flavors: this.flavors,
      serverGroups: this.serverGroups,
      said: {
        vms: this.vms.map(saidOf),
        ...(hosts.length === 0 ? {} : { hosts: hosts.map(saidOfHost) }),
        ...(this.flavors.length === 0
          ? {}
          : { flavors: this.flavors.map(({ name, vcpus, memoryBytes }) => ({ flavor: name, vcpus, memoryBytes })) }),
      },
    };
  }

  /** What no object of the file says. */
  unknown(): readonly string[] {
    const isSized = this.vms.every(({ vcpus, memoryBytes }) => vcpus !== null && memoryBytes !== null);
    const isRoomy = [...this.hosts, ...this.placement.hosts()].some(({ memoryBytes }) => memoryBytes !== null);
    return [
      ...(isSized || this.flavors.length > 0
        ? []
        : ['vCPUs and memory of the servers: they are in openstack flavor list --long -f json']),
      ...(isRoomy
        ? []
        : [
            'memory of the hosts: it is in openstack hypervisor show, and from API 2.88 on in openstack resource provider inventory list',
          ]),
    ];
  }
}

const ZONE = 'availability zone';

function serverGroupOf(fields: Fields): ServerGroup {
  const name = textIn(fields, 'name') ?? textIn(fields, 'id') ?? '?';
  return {
    id: textIn(fields, 'id') ?? name,
    name,
    policy: wordsIn(fields, 'policy', 'policies').join(' and ') || '?',
    members: wordsIn(fields, 'members'),
  };
}

/** A list, also where it is printed as `a, b`. */
function wordsIn(fields: Fields, ...names: readonly string[]): readonly string[] {
  const value = names.map((name) => fields.get(name)).find((each) => each !== undefined && each !== null);
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' ? value.split(/[\s,]+/).filter((word) => word !== '' && word !== 'None') : [];
}

/** Statuses in which a server has its memory on a host. */
const RUNNING: ReadonlySet<string> = new Set(['ACTIVE', 'PAUSED', 'RESCUE', 'REBOOT', 'HARD_REBOOT', 'PASSWORD', 'MIGRATING', 'VERIFY_RESIZE']); // prettier-ignore

function serverOf(fields: Fields, value: JsonObject): FleetVm {
  const flavor = value['flavor'] ?? value['Flavor'];
  const inner = isObject(flavor) ? fieldsOf(flavor) : new Map<string, unknown>();
  const own = isObject(flavor) ? flavorOf(inner, flavor) : null;
  const named = textIn(inner, 'originalname', 'name') ?? textIn(fields, 'flavorname', 'flavor', 'flavorid');
  const status = textIn(fields, 'status') ?? '';
  const zone = textIn(fields, 'pinnedavailabilityzone', 'pinnedaz');
  return fleetVm({
    name: textIn(fields, 'name') ?? textIn(fields, 'id') ?? '?',
    id: textIn(fields, 'id'),
    host: textIn(fields, 'osextsrvattrhypervisorhostname', 'osextsrvattrhost', 'host', 'hypervisorhostname'),
    vcpus: own?.vcpus ?? null,
    memoryBytes: own?.memoryBytes ?? null,
    // `m1.large (1b2…)`, as server show prints it.
    flavor: named === null ? null : named.replace(/ \([^()]*\)$/, ''),
    hostDevices: own?.hostDevices ?? [],
    pins: own?.pins ?? [],
    needs: zone === null ? [] : [[[{ label: ZONE, operator: 'In', values: [zone] }]]],
    serverGroups: wordsIn(fields, 'servergroups'),
    running: RUNNING.has(status.toUpperCase()),
  });
}

function flavorOf(fields: Fields, value: JsonObject): FleetFlavor {
  const memory = amountIn(fields, 'ram');
  const properties = propertiesOf(
    value['extra_specs'] ?? value['Properties'] ?? value['properties'] ?? value['Extra Specs'],
  );
  const aliases = (properties['pci_passthrough:alias'] ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  const vgpus = Object.keys(properties).filter((name) => /^resources\d*:VGPU$/.test(name));
  return {
    name: textIn(fields, 'originalname', 'name') ?? '?',
    id: textIn(fields, 'id'),
    vcpus: amountIn(fields, 'vcpus'),
    memoryBytes: memory === null ? null : memory * MIB,
    hostDevices: aliases.flatMap((each) => {
      const [, name = each, count = '1'] = /^(.*?)(?::(\d+))?$/.exec(each) ?? [];
      return Array.from({ length: Math.min(64, Number(count)) }, () => name);
    }),
    pins: [
      ...aliases.map(
        (each) => `pci_passthrough:alias ${each}: Nova moves it only where the alias says live_migratable`,
      ),
      ...vgpus.map((each) => `${each}: Nova moves a vGPU only where its driver does`),
    ],
  };
}

/** Properties as an object, or as the client prints them: `a='1', b='2'`. */
function propertiesOf(given: unknown): Readonly<Record<string, string>> {
  if (isObject(given)) return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
  if (typeof given !== 'string') return {};
  return Object.fromEntries(
    [...given.matchAll(/([\w:.-]+)='([^']*)'/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

function hypervisorOf(fields: Fields): FleetHost {
  const megabytes = (value: number | null): number | null => (value === null ? null : value * MIB);
  // From API 2.88 on these are there and zero or null: placement has them.
  const memory = amountIn(fields, 'memorymb', 'memorysize');
  const cpus = amountIn(fields, 'vcpus');
  return fleetHost({
    name: textIn(fields, 'hypervisorhostname', 'name') ?? '?',
    cpus: cpus === 0 ? null : cpus,
    memoryBytes: memory === 0 ? null : megabytes(memory),
    usedCpus: cpus === null || cpus === 0 ? null : amountIn(fields, 'vcpusused'),
    usedMemoryBytes: memory === null || memory === 0 ? null : megabytes(amountIn(fields, 'memorymbused', 'memoryused')),
    closed: closedOf(fields),
  });
}

/** Why a hypervisor, or the service on it, takes none. */
function closedOf(fields: Fields): string | null {
  const state = textIn(fields, 'state');
  const status = textIn(fields, 'status');
  if (state !== null && state.toLowerCase() !== 'up') return `its state is ${state}`;
  return status !== null && status.toLowerCase() !== 'enabled' ? `its status is ${status}` : null;
}

function saidOf({ name, id, host, flavor, vcpus, memoryBytes, running }: FleetVm): object {
  return {
    vm: name,
    ...(id === null ? {} : { id }),
    node: host,
    ...(flavor === null ? {} : { flavor }),
    vcpus,
    memoryBytes,
    running,
  };
}

function saidOfHost({ name, cpus, memoryBytes, usedCpus, usedMemoryBytes, devices, closed }: FleetHost): object {
  return {
    node: name,
    cpus,
    memoryBytes,
    usedCpus,
    usedMemoryBytes,
    ...(Object.keys(devices).length === 0 ? {} : { devices }),
    up: closed === null,
  };
}
