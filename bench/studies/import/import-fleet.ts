/**
 * A list of VMs as a question of plan: how long it takes to empty one host, with its VMs in classes.
 */
import { GIB } from '../../../sim/base/units.ts';
import { sizeText } from '../../../sim/base/quantity.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import type { ImportAsk, ImportDocument, ImportFinding } from '../../documents/import/document.ts';
import type { FleetFile, FleetVm } from '../../import/fleet/facts.ts';
import type { Foreign } from '../../import/readers.ts';
import { documentHead } from '../../io/document-head.ts';
import { type CommentedMap, flow, type CommentedValue, yamlOf } from './commented.ts';
import { scenarioName } from './moves.ts';

const LINK_GIGABITS = 10;
const DIRTY_PAGES = 1000;
const MEMORY_BYTES = 4 * GIB;
const VCPUS = 2;
/** Classes of a question. */
const CLASSES_MAX = 60;
const PAGE_BYTES = 4096;

/** VMs that are alike. */
interface VmClass {
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly devices: readonly string[];
  readonly migratable: boolean;
  readonly names: string[];
}

/**
 * The question of a list.
 *
 * @param host which host is emptied; default: that with the most memory of VMs
 * @throws UserError of kind `input` for a list without running VMs, or without that host
 */
export function importFleet(reading: Foreign<'fleet'>, host?: string): ImportDocument {
  const { facts, file: path } = reading;
  const running = facts.vms.filter((vm) => vm.running);
  if (running.length === 0) {
    throw new UserError('input', `${path}: has no VM that runs`, `It was read as ${reading.format}.`);
  }
  const emptied = hostOf(running, path, host);
  const classes = classesOf(running.filter((vm) => (vm.host ?? '') === emptied));
  const hosts = new Set([...facts.hosts.map(({ name }) => name), ...running.map((vm) => vm.host ?? '')]).size;
  const asks = asksOf(classes);
  const text = headText(path, reading, emptied, asks) + yamlOf(questionOf(path, facts, classes, Math.max(2, hosts)));
  return {
    ...documentHead('stopcopy-import'),
    inputs: [{ file: path, reader: reading.reader, format: reading.format, unknown: reading.unknown, ...facts.said }],
    result: { format: 'stopcopy-question', text },
    findings: [...reading.findings, ...classFindings(classes, emptied, running.length)].map((each): ImportFinding => ({ file: path, ...each })), // prettier-ignore
    asks,
  };
}

function hostOf(vms: readonly FleetVm[], path: string, wanted: string | undefined): string {
  const bytes = new Map<string, number>();
  for (const { host, memoryBytes } of vms) bytes.set(host ?? '', (bytes.get(host ?? '') ?? 0) + (memoryBytes ?? 0));
  if (wanted !== undefined) {
    if (bytes.has(wanted)) return wanted;
    throw new UserError('usage', `--host is '${wanted}', and ${path} has no VM that runs there`, `Hosts are ${[...bytes.keys()].slice(0, 20).join(', ')}.`); // prettier-ignore
  }
  return [...bytes].toSorted((a, b) => b[1] - a[1])[0]![0];
}

function classesOf(vms: readonly FleetVm[]): readonly VmClass[] {
  const classes = new Map<string, VmClass>();
  for (const { name, vcpus, memoryBytes, hostDevices, gpus, migratable } of vms) {
    const devices = [...hostDevices, ...gpus].toSorted();
    const each = { vcpus: vcpus ?? VCPUS, memoryBytes: memoryBytes ?? MEMORY_BYTES, devices, migratable: migratable !== false }; // prettier-ignore
    const key = JSON.stringify(each);
    const known = classes.get(key) ?? { ...each, names: [] };
    known.names.push(name);
    classes.set(key, known);
  }
  const all = [...classes.values()].toSorted((a, b) => b.names.length - a.names.length);
  if (all.length <= CLASSES_MAX) return all;
  throw new UserError('input', `the host has VMs of ${all.length} kinds, allowed are ${CLASSES_MAX}`, 'Name another with --host.'); // prettier-ignore
}

function questionOf(path: string, { manager }: FleetFile, classes: readonly VmClass[], hosts: number): CommentedMap {
  return {
    fields: [
      { key: 'format', value: 'stopcopy-question' },
      { key: 'version', value: 2 },
      { key: 'name', value: scenarioName(path) },
      { key: 'description', value: `Emptying one host of ${path}` },
      { key: 'ask', value: 'evacuate' },
      { key: 'hosts', value: 1, comment: 'the one whose VMs are below' },
      { key: 'manager', value: manager, comment: 'inferred: the format of the file' },
      ...(manager === 'kubevirt' ? [{ key: 'limits', value: 'kubevirt', comment: 'inferred: its defaults' }] : []),
      {
        key: 'fleet',
        value: {
          fields: [
            { key: 'racks', value: 1, comment: 'assumed: the list names no racks' },
            { key: 'hostsPerRack', value: hosts, comment: 'said: hosts of the list; all are taken to be alike' },
            { key: 'hostGigabitsPerSecond', value: LINK_GIGABITS, comment: 'assumed: no list says it' },
            { key: 'vms', value: { items: classes.map(classFields) } },
          ],
        },
      },
    ],
  };
}

function classFields({ vcpus, memoryBytes, devices, migratable, names }: VmClass, place: number): CommentedValue {
  const memory = flow({
    size: sizeText(Math.max(PAGE_BYTES, Math.floor(memoryBytes / PAGE_BYTES) * PAGE_BYTES)),
    dirty: flow({ kind: 'uniform', pagesPerSecond: DIRTY_PAGES }),
  });
  return {
    fields: [
      { key: 'name', value: `class-${place + 1}`, comment: `${names.length} VMs: ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}${devices.length === 0 ? '' : `; devices ${devices.join(', ')}`}` }, // prettier-ignore
      { key: 'perHost', value: names.length, comment: 'said' },
      ...(migratable ? [] : [{ key: 'migratable', value: false, comment: 'said: its manager does not move it' }]),
      {
        key: 'vm',
        value: flow({ vmm: DEFAULT_VMM, vcpus, memory, stream: flow({ gigabitsPerSecond: LINK_GIGABITS }) }),
        comment: 'said: vcpus, size; assumed: dirty, link',
      },
    ],
  };
}

function asksOf(classes: readonly VmClass[]): readonly ImportAsk[] {
  const times = classes.length;
  const ask = (field: string, taken: string, question: string, decides: string, source: string): ImportAsk => ({
    field,
    times,
    taken,
    apart: 'what it is',
    question,
    decides,
    ask: source,
  });
  return [
    ask('fleet.hostGigabitsPerSecond', String(LINK_GIGABITS), 'the link that moves may use', 'how long each move takes', 'the network, or ethtool on a host'), // prettier-ignore
    ask('vm.memory.dirty', `${DIRTY_PAGES} pages/s`, 'how much the guests write', 'how often memory is sent again', 'calc-dirty-rate of QEMU, or a measured move'), // prettier-ignore
    ...(classes.some(({ devices, migratable }) => devices.length > 0 && migratable)
      ? [ask('vm.devices', 'none', 'which profiles stand for the devices', 'device state and its times', 'the vendor: docs/scenario-format.md')] // prettier-ignore
      : []),
  ];
}

function classFindings(classes: readonly VmClass[], host: string, running: number) {
  const vms = classes.reduce((sum, { names }) => sum + names.length, 0);
  const stays = classes.filter(({ migratable }) => !migratable).reduce((sum, { names }) => sum + names.length, 0);
  return [
    {
      kind: 'read' as const,
      text: `${running} VMs run; ${vms} of them on ${host === '' ? 'the host' : host}, in ${classes.length} classes`,
    },
    ...(stays === 0
      ? []
      : [{ kind: 'warning' as const, text: `${stays} VMs do not move, so that the host is not emptied` }]),
    {
      kind: 'warning' as const,
      text: 'a question has hosts that are alike: those that take the VMs are taken to have room',
    },
  ];
}

function headText(path: string, { format }: Foreign<'fleet'>, host: string, asks: readonly ImportAsk[]): string {
  return [
    `# Made by stopcopy import of ${path} (${format}): emptying ${host === '' ? 'the host' : host}.`,
    '# A comment after a value says where it is from: said by the file, inferred from what it says, or assumed.',
    ...asks.map(({ field, taken, decides }) => `#   ${field}: ${String(taken)} is assumed. It decides ${decides}.`),
    '',
  ].join('\n');
}
