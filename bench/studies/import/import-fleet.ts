/**
 * Lists of a fleet as a question of plan: how long it takes to empty some of its hosts, with hosts and VMs in classes.
 */
import { sizeText } from '../../../sim/base/quantity.ts';
import { countOf } from '../../../sim/base/units.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { QUESTION_FORMAT, QUESTION_VERSION } from '../../../sim/fleet/question.ts';
import type { ImportAsk, ImportDocument, ImportFinding } from '../../documents/import/document.ts';
import { fleetHost, type FleetVm } from '../../import/fleet/facts.ts';
import { needsText } from '../../import/fleet/labels.ts';
import { type Fleet, mergedFleet } from '../../import/fleet/merge.ts';
import type { Finding } from '../../import/reader.ts';
import { refuseCut } from '../../import/json-values.ts';
import type { Foreign } from '../../import/readers.ts';
import { documentHead } from '../../io/document-head.ts';
import {
  type CommentedField,
  type CommentedMap,
  type CommentedValue,
  flow,
  oneLine,
  plainOf,
  yamlOf,
} from './commented.ts';
import { fullestHosts, type HostClass, hostClassesOf } from './fleet-hosts.ts';
import { ASSUMED, settledHosts, type VmClass, vmClassesOf } from './fleet-vms.ts';
import { scenarioName } from './moves.ts';

/** Hosts of a rack of a question. */
const RACK_MAX = 1000;
/** VMs and hosts that a sentence names. */
const NAMED_MAX = 3;
const PIN_NAMED_MAX = 20;
/** Stands for the others where one host is all that a list has. */
const OTHER_HOST = 'another host';

export interface ImportedFleet {
  /** The question as a parser of YAML gives it. */
  readonly plain: unknown;
  readonly document: ImportDocument;
}

/** All that the question is made of. */
interface Parts {
  readonly files: string;
  readonly fleet: Fleet;
  readonly running: number;
  readonly emptied: readonly string[];
  readonly classes: readonly VmClass[];
  readonly hosts: readonly HostClass[];
}

/** Which hosts are emptied. */
interface FleetWanted {
  /** Names, divided by commas; default: those with the most memory of VMs. */
  readonly hosts?: string | undefined;
  /** So many of them; default: one. */
  readonly count?: number | undefined;
}

/**
 * The question of lists of one fleet.
 *
 * @throws UserError of kind `input` for lists without running VMs; of kind `usage` for a host that they do not have
 */
export function importFleet(files: readonly Foreign<'fleet'>[], wanted: FleetWanted = {}): ImportedFleet {
  const names = files.map(({ file }) => file).join(', ');
  for (const { file, facts, findings } of files) {
    if (facts.vms.length === 0 && facts.hosts.length === 0) refuseCut(file, findings);
  }
  const { fleet, findings: merging } = mergedFleet(files);
  const running = fleet.vms.filter((vm) => vm.running);
  if (running.length === 0) {
    throw new UserError(
      'input',
      `${names}: has no VM that runs`,
      `It was read as ${files.map(({ format }) => format).join(', ')}.`,
    );
  }
  // VMs without a host are on one that has no name.
  const isNameless = running.every(({ host }) => host === null) && fleet.hosts.length === 0;
  const placed = isNameless ? running.map((vm) => ({ ...vm, host: '' })) : running.filter(({ host }) => host !== null);
  const listed = isNameless ? [fleetHost({ name: '' })] : fleet.hosts;
  // What leaves a host goes to another one.
  const all = settledHosts(listed.length > 1 ? listed : [...listed, fleetHost({ name: OTHER_HOST })], placed);
  const emptied = emptiedOf(
    placed,
    all.map(({ name }) => name),
    names,
    wanted,
  );
  const classes = vmClassesOf(placed, all);
  const hosts = hostClassesOf(all, placed, classes, emptied);
  const parts = { files: names, fleet, running: running.length, emptied, classes, hosts };
  const asks = asksOf(parts);
  // What one list does not say another may.
  const unsaid = files[0]!.unknown.filter((each) => files.every(({ unknown }) => unknown.includes(each)));
  const body = questionOf(parts);
  const findings: ImportFinding[] = [
    ...files.flatMap(({ file, findings: own }) => own.map((each) => ({ file, ...each }))),
    ...[...merging, ...findingsOf(parts, running.length - placed.length)].map((each) => ({ file: names, ...each })),
  ];
  return {
    plain: plainOf(body),
    document: {
      ...documentHead('stopcopy-import'),
      inputs: files.map(({ file, reader, format, facts }) => ({
        file,
        reader,
        format,
        unknown: unsaid,
        ...facts.said,
      })),
      result: { format: QUESTION_FORMAT, text: headText(files, parts, asks) + yamlOf(body) },
      findings,
      asks,
    },
  };
}

function emptiedOf(
  vms: readonly FleetVm[],
  hosts: readonly string[],
  names: string,
  { hosts: wanted, count = 1 }: FleetWanted,
): readonly string[] {
  if (wanted === undefined) return fullestHosts(vms, count);
  const words = [...new Set(wanted.split(',').map((each) => each.trim()))];
  const unknown = words.find((each) => !hosts.includes(each));
  if (unknown !== undefined) {
    throw new UserError(
      'usage',
      `--host is '${unknown}', and ${names} has no such host`,
      `Hosts are ${hosts.slice(0, 20).join(', ')}${hosts.length > 20 ? ', …' : ''}.`,
    );
  }
  if (words.some((each) => vms.some(({ host }) => host === each))) return words;
  throw new UserError(
    'usage',
    `--host is '${wanted}', and ${names} has no VM that runs there`,
    `Hosts with VMs are ${[...new Set(vms.map(({ host }) => host))].slice(0, 20).join(', ')}.`,
  );
}

function questionOf(parts: Parts): CommentedMap {
  const { files, emptied, fleet } = parts;
  const { manager } = fleet;
  return {
    fields: [
      { key: 'format', value: QUESTION_FORMAT },
      { key: 'version', value: QUESTION_VERSION },
      { key: 'name', value: scenarioName(files.split(', ', 1)[0]!) },
      { key: 'description', value: oneLine(`Emptying ${hostsText(emptied)} of ${files}`) },
      { key: 'ask', value: 'evacuate' },
      { key: 'hosts', value: emptied.length, comment: `the first: ${hostsText(emptied)}` },
      ...(manager === null ? [] : [{ key: 'manager', value: manager, comment: 'inferred: the format of the file' }]),
      ...limitsFields(manager),
      { key: 'fleet', value: { fields: fleetFields(parts) } },
    ],
  };
}

/** Limits of the manager: a preset, and what it does not know. */
function limitsFields(manager: Fleet['manager']): readonly CommentedField[] {
  if (manager === 'kubevirt' || manager === 'nova')
    return [{ key: 'limits', value: manager, comment: 'inferred: its defaults' }];
  if (manager !== 'proxmox') return [];
  const comment = `inferred: its defaults; assumed: outboundPerHost, which is max_workers of datacenter.cfg`;
  return [{ key: 'limits', value: flow({ preset: manager, outboundPerHost: PROXMOX_WORKERS }), comment }];
}

/** Moves at once out of a host of Proxmox VE: its default is not on record. */
const PROXMOX_WORKERS = 1;

function fleetFields({ classes, hosts }: Parts): readonly CommentedField[] {
  const count = hosts.reduce((sum, each) => sum + each.hosts.length, 0);
  const racks = count <= RACK_MAX ? 1 : count;
  // No move is faster than the link of its host.
  const links = hosts.flatMap(({ isEmptied, gigabitsPerSecond }) =>
    isEmptied && gigabitsPerSecond !== null ? [gigabitsPerSecond] : [],
  );
  const link = links.length === 0 ? ASSUMED.linkGigabits : Math.max(...links);
  return [
    { key: 'racks', value: racks, comment: 'assumed: no list names racks; links between them are never full' },
    {
      key: 'hostsPerRack',
      value: count <= RACK_MAX ? count : 1,
      comment: `said: ${countOf(count, 'host')}, of ${countOf(hosts.length, 'kind')}`,
    },
    { key: 'hostGigabitsPerSecond', value: ASSUMED.linkGigabits, comment: 'assumed: no list says it' },
    { key: 'hostClasses', value: { items: hosts.map((each) => hostFields(each)) } },
    { key: 'vms', value: { items: classes.map((each) => classFields(each, hosts, link)) } },
    ...groupFields(classes),
  ];
}

function hostFields({
  name,
  hosts,
  isEmptied,
  freeBytes,
  freeVfs,
  closed,
  gigabitsPerSecond,
  vms,
}: HostClass): CommentedMap {
  const isClosed = closed !== null && !isEmptied;
  const room: Record<string, CommentedValue> = {
    ...(freeBytes === null ? {} : { memory: sizeText(freeBytes) }),
    ...(freeVfs === null ? {} : { vfs: freeVfs }),
    ...(isClosed ? { vcpus: 0 } : {}),
  };
  const comment = [
    isEmptied ? 'is emptied' : '',
    name === OTHER_HOST ? 'assumed: no other is listed' : '',
    isClosed ? `takes none: ${closed}` : '',
  ].filter((each) => each !== '');
  return {
    fields: [
      {
        key: 'name',
        value: name === '' ? 'the host' : name,
        ...(comment.length === 0 ? {} : { comment: comment.join('; ') }),
      },
      { key: 'hosts', value: hosts.length },
      ...(hosts.length === 1 ? [] : [{ key: 'hostNames', value: { items: hosts, flow: true } as const }]),
      ...(gigabitsPerSecond === null
        ? []
        : [{ key: 'hostGigabitsPerSecond', value: gigabitsPerSecond, comment: 'said' }]),
      ...(Object.keys(room).length === 0
        ? []
        : [{ key: 'room', value: flow(room), comment: 'inferred: what it has less what its VMs have' }]),
      { key: 'vms', value: flow(vms), comment: 'said: how many of each class are on it' },
    ],
  };
}

function classFields(each: VmClass, hosts: readonly HostClass[], link: number): CommentedMap {
  const { name, vcpus, memoryBytes, devices, deviceNames, pinned, demands, dirtyPagesPerSecond, unsaid, vms } = each;
  const memory = flow({
    size: sizeText(memoryBytes),
    dirty: flow({ kind: 'uniform', pagesPerSecond: dirtyPagesPerSecond ?? ASSUMED.dirtyPagesPerSecond }),
  });
  const said = [
    ...(unsaid.has('vcpus') ? [] : ['vcpus']),
    ...(unsaid.has('memory') ? [] : ['size']),
    ...(dirtyPagesPerSecond === null ? [] : ['dirty']),
    ...(hosts.some(({ gigabitsPerSecond: own }) => own === link) ? ['link'] : []),
  ];
  const assumed = ['vcpus', 'size', 'dirty', 'link'].filter((field) => !said.includes(field));
  const vm = flow({
    vmm: DEFAULT_VMM,
    vcpus,
    memory,
    stream: flow({ gigabitsPerSecond: link }),
    ...(devices.length === 0
      ? {}
      : { devices: { items: devices.map(({ profile, count }) => flow({ profile, count })), flow: true } }),
  });
  const names = vms.map((one) => one.name);
  const named = hosts
    .filter(({ isEmptied }) => isEmptied)
    .flatMap((own) => own.hosts)
    .map((host) => ({ host, on: vms.filter((one) => (one.host ?? '') === host).map((one) => one.name) }))
    .filter(({ on }) => on.length > 0 && !on.includes(''))
    .map(({ host, on }): CommentedField => ({
      key: host === '' ? 'the host' : host,
      value: { items: on, flow: true },
    }));
  return {
    fields: [
      { key: 'name', value: name, comment: `${countOf(names.length, 'VM')}: ${names.slice(0, NAMED_MAX).join(', ')}${names.length > NAMED_MAX ? ', …' : ''}${spreadText(each)}${deviceNames.length === 0 ? '' : `; devices ${deviceNames.join(', ')}`}` }, // prettier-ignore
      ...(named.length === 0 ? [] : [{ key: 'names', value: { fields: named, flow: true } as const, comment: 'on hosts that are emptied' }]), // prettier-ignore
      { key: 'perHost', value: 0, comment: 'on hosts whose class does not say it' },
      ...(pinned === null ? [] : [{ key: 'migratable', value: false, comment: pinned }]),
      ...runsOn(each, hosts).map((value) => ({
        key: 'runsOn',
        value,
        comment: `inferred: ${demandsText(demands)}`,
      })),
      {
        key: 'vm',
        value: vm,
        comment: [`said: ${said.join(', ')}`, `assumed: ${assumed.join(', ')}`]
          .filter((words) => !words.endsWith(': '))
          .join('; '),
      },
    ],
  };
}

/** Host classes that may take VMs of a class, where not all may. */
function runsOn({ name, pinned }: VmClass, hosts: readonly HostClass[]): readonly CommentedValue[] {
  if (pinned !== null) return [];
  const may = hosts.filter(({ takes }) => takes.has(name)).map((each) => each.name);
  return may.length === hosts.length ? [] : [{ items: may, flow: true }];
}

function demandsText(demands: VmClass['demands']): string {
  const words = [...new Set(demands.map(({ needs }) => needsText(needs)).filter((text) => text !== ''))];
  return words.length === 0 ? 'taints of the others' : words.join(' and ');
}

/** VMs that must not share a host, by the names of their classes. */
function groupFields(classes: readonly VmClass[]): readonly CommentedField[] {
  const groups = new Map<string, string[]>();
  for (const { group, name } of classes) if (group !== null) groups.set(group, [...(groups.get(group) ?? []), name]);
  if (groups.size === 0) return [];
  const items = [...groups.values()].map((vms) => flow({ vms: { items: vms, flow: true } }));
  return [{ key: 'antiAffinity', value: { items }, comment: 'inferred: no two of one share a host' }];
}

/** How far the sizes of a class differ. */
function spreadText({ memoryBytes, memoryFromBytes }: VmClass): string {
  return memoryFromBytes === memoryBytes
    ? ''
    : `; of ${sizeText(memoryFromBytes)} to ${sizeText(memoryBytes)}, planned with the most`;
}

function asksOf({ fleet, classes, hosts }: Parts): readonly ImportAsk[] {
  const ask = (
    field: string,
    times: number,
    taken: string,
    question: string,
    decides: string,
    source: string,
  ): ImportAsk => ({
    field,
    times,
    taken,
    apart: 'what it is',
    question,
    decides,
    ask: source,
  });
  const silentLinks = hosts.filter(({ gigabitsPerSecond }) => gigabitsPerSecond === null).length;
  const silentRates = classes.filter(
    ({ dirtyPagesPerSecond, pinned }) => dirtyPagesPerSecond === null && pinned === null,
  ).length;
  const sizeless = classes.filter(({ unsaid }) => unsaid.size > 0).length;
  const roomless = hosts.filter(({ freeBytes, isEmptied }) => freeBytes === null && !isEmptied).length;
  const unknown = classes.filter(
    ({ devices, deviceNames, pinned }) =>
      deviceNames.length > devices.length && devices.length === 0 && pinned === null,
  ).length;
  return [
    ...(fleet.manager === 'proxmox' ? [ask('limits.outboundPerHost', 1, String(PROXMOX_WORKERS), 'how many VMs leave a host at once', 'how long it takes to empty it', 'max_workers in datacenter.cfg')] : []), // prettier-ignore
    ...(silentLinks === 0 ? [] : [ask('fleet.hostGigabitsPerSecond', 1, String(ASSUMED.linkGigabits), 'the link that moves may use', 'how long each move takes', 'the network, or ethtool on a host')]), // prettier-ignore
    ...(silentRates === 0 ? [] : [ask('vm.memory.dirty', silentRates, `${ASSUMED.dirtyPagesPerSecond} pages/s`, 'how much the guests write', 'how often memory is sent again', 'calc-dirty-rate of QEMU, or a measured move')]), // prettier-ignore
    ...(sizeless === 0 ? [] : [ask('vm.vcpus and vm.memory.size', sizeless, `${ASSUMED.vcpus} vCPUs, ${sizeText(ASSUMED.memoryBytes)}`, 'how large the VMs are', 'how long each move takes, and where it has room', 'the list of flavors or configs, given with this one')]), // prettier-ignore
    ...(roomless === 0 ? [] : [ask('hostClasses.room.memory', roomless, 'never full', 'how much memory hosts have', 'whether the VMs have room', 'the list of nodes or hypervisors, given with this one')]), // prettier-ignore
    ...(unknown === 0 ? [] : [ask('vm.devices', unknown, 'none', 'which profiles stand for the devices', 'device state and its times', 'the vendor: docs/scenario-format.md')]), // prettier-ignore
  ];
}

function findingsOf({ running, emptied, classes, hosts }: Parts, homeless: number): readonly Finding[] {
  const pinned = classes.filter((each) => each.pinned !== null);
  const onEmptied = (each: VmClass): number => each.vms.filter(({ host }) => emptied.includes(host ?? '')).length;
  const leave = classes.reduce((sum, each) => sum + onEmptied(each), 0);
  const stays = pinned.reduce((sum, each) => sum + onEmptied(each), 0);
  const count = hosts.reduce((sum, each) => sum + each.hosts.length, 0);
  return [
    {
      kind: 'read',
      text: `${countOf(running, 'VM')} of ${countOf(classes.length, 'kind')}, ${countOf(count, 'host')} of ${countOf(hosts.length, 'kind')}; ${leave} VMs on ${hostsText(emptied)}`,
    },
    ...pinned.slice(0, PIN_NAMED_MAX).map((each): Finding => ({
      kind: 'warning',
      text: `${countOf(each.vms.length, 'VM')} (${each.vms
        .slice(0, NAMED_MAX)
        .map(({ name }) => name)
        .join(
          ', ',
        )}${each.vms.length > NAMED_MAX ? ', …' : ''}) ${each.vms.length === 1 ? 'stays' : 'stay'}: ${each.pinned!}`,
    })),
    ...(stays === 0
      ? []
      : [
          {
            kind: 'warning' as const,
            text: `${hostsText(emptied)} ${emptied.length === 1 ? 'is' : 'are'} not emptied: ${countOf(stays, 'VM')} there ${stays === 1 ? 'does' : 'do'} not move`,
          },
        ]),
    ...(homeless === 0 ? [] : [{ kind: 'unused' as const, text: `${countOf(homeless, 'VM')} on no host` }]),
    {
      kind: 'inferred',
      text: 'room counts memory and devices of a list, not vCPUs: managers give more of these than there are',
    },
  ];
}

function hostsText(names: readonly string[]): string {
  if (names.length === 1) return names[0] === '' ? 'the host' : names[0]!;
  return names.length <= NAMED_MAX ? names.join(' and ') : `${names.length} hosts`;
}

function headText(files: readonly Foreign<'fleet'>[], { emptied }: Parts, asks: readonly ImportAsk[]): string {
  return [
    `# Made by stopcopy import of ${files.map(({ file, format }) => `${file} (${format})`).join(', ')}: emptying ${hostsText(emptied)}.`,
    '# A comment after a value says where it is from: said by the file, inferred from what it says, or assumed.',
    ...asks.map(({ field, taken, decides }) => `#   ${field}: ${String(taken)} is assumed. It decides ${decides}.`),
  ]
    .map((line) => `${oneLine(line)}\n`)
    .join('');
}
