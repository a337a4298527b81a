/**
 * Tables of VMs or of hosts, as spreadsheets export them: a line of names, then a row each. Columns are known by their names.
 */
import { GIB, GIGA, KIB, MEGA, MIB } from '../../../sim/base/units.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { numbered } from '../numbered.ts';
import { kubernetesQuantity, sizeOf } from '../quantities.ts';
import { addFindings, type Finding, type Reader } from '../reader.ts';
import { type FleetFile, type FleetHost, fleetHost, type FleetVm, fleetVm } from './facts.ts';
import { plainName } from './fields.ts';

type Column = 'vm' | 'host' | 'vcpus' | 'memory' | 'devices' | 'migratable' | 'reason' | 'state' | 'dirty' | 'link';

/** Names of columns, without case, blanks and what stands in brackets. */
const NAMES: Readonly<Record<Column, RegExp>> = {
  vm: /^(?:vm|vmname|name|server|instance|instancename|domain|guest)$/,
  host: /^(?:host|hostname|node|nodename|hypervisor|hypervisorhostname|esxhost|computehost)$/,
  vcpus: /^(?:vcpus?|cpus?|cores|numcpus?|threads)$/,
  memory: /^(?:memory|mem|ram|memorysize)(?<unit>gib|mib|kib|gb|mb|kb|bytes|b)?$/,
  devices: /^(?:devices?|hostdevices?|pci|pcidevices?|vfs)$/,
  migratable: /^(?:migratable|livemigratable|movable|canmigrate)$/,
  reason: /^(?:reason|why|pinned|pinnedby|pin)$/,
  state: /^(?:state|status|power|powerstate)$/,
  dirty: /^dirty(?:rate)?(?:(?<unit>pages?|mib|mb|bytes)(?:pers(?:econd)?|s))?$/,
  link: /^(?:link|nic|network)(?:speed|rate)?(?:(?<unit>gbits?|gbps|gigabits?|mbits?|mbps)(?:pers(?:econd)?|s)?)?$/,
};

const UNITS: Readonly<Record<string, number>> = { gib: GIB, mib: MIB, kib: KIB, gb: GIGA, mb: MEGA, kb: 1000, bytes: 1, b: 1, page: 4096, pages: 4096 }; // prettier-ignore
const LINK_UNITS: Readonly<Record<string, number>> = Object.fromEntries(
  ['gbit', 'gbits', 'gbps', 'gb', 'g', 'gigabit', 'gigabits', 'mbit', 'mbits', 'mbps', 'mb'].map((word) => [
    word,
    word.startsWith('g') ? 1 : 1 / 1000,
  ]),
);
/** `25 Gbit/s`, `20MiB/s`, `5000 pages/s`. */
const WITH_UNIT = /^(\d+(?:[.,]\d+)?) ?([A-Za-z]+)(?:\/s(?:ec)?| per second)?$/;
const ON = /^(?:running|on|powered ?on|active|up|started)$/;
const OFF = /^(?:stopped|off|powered ?off|shutoff|shut off|suspended|paused|down|inactive|template)$/;
const YES = /^(?:yes|true|y|1)$/i;
const NO = /^(?:no|false|n|0)$/i;

interface Head {
  readonly separator: string;
  readonly columns: readonly (Column | null)[];
  /** Value of one in columns that say their unit: bytes, or 10^9 bits per second of a link. */
  readonly units: readonly (number | null)[];
  readonly names: readonly string[];
}

/** The line of names; undefined: it is none. */
function headOf(line: string): Head | undefined {
  const separator = [',', ';', '\t'].find((each) => line.includes(each));
  if (separator === undefined || line.length > 4096) return undefined;
  const names = cellsOf(line, separator) ?? [];
  const found = names.map((name) => {
    const unit = /\(([^)]*)\)|\[([^\]]*)\]/.exec(name);
    const plain =
      plainName(name.replace(unit?.[0] ?? '', '')) + (unit === null ? '' : plainName(unit[1] ?? unit[2] ?? ''));
    const column = keysOf(NAMES).find((each) => NAMES[each].test(plain)) ?? null;
    const word = column === null ? undefined : NAMES[column].exec(plain)?.groups?.['unit'];
    const units = column === 'link' ? LINK_UNITS : UNITS;
    return { column, unit: word === undefined ? null : units[word]! };
  });
  const columns = found.map(({ column }) => column);
  const has = (column: Column): boolean => columns.includes(column);
  const isTable = (has('vm') || has('host')) && has('memory') && (has('vcpus') || has('host'));
  return isTable ? { separator, columns, units: found.map(({ unit }) => unit), names } : undefined;
}

/** Cells of a row, with quotes as spreadsheets write them; undefined: a quote is not closed. */
function cellsOf(line: string, separator: string): readonly string[] | undefined {
  const cells: string[] = [];
  for (let at = 0; at <= line.length;) {
    if (line[at] !== '"') {
      const end = line.indexOf(separator, at);
      cells.push(line.slice(at, end < 0 ? undefined : end).trim());
      at = end < 0 ? line.length + 1 : end + 1;
      continue;
    }
    let text = '';
    let from = at + 1;
    for (;;) {
      const quote = line.indexOf('"', from);
      if (quote < 0) return undefined;
      text += line.slice(from, quote);
      from = quote + 1;
      if (line[from] !== '"') break;
      text += '"';
      from += 1;
    }
    cells.push(text.trim());
    const end = line.indexOf(separator, from);
    at = end < 0 ? line.length + 1 : end + 1;
  }
  return cells;
}

const ROWS_MAX = 100_000;

export const FLEET_CSV: Reader<FleetFile, 'fleet'> = {
  id: 'fleet-csv',
  title: 'a table (CSV) of VMs or hosts with named columns',
  kind: 'fleet',
  sniff(head) {
    const first = head.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#'));
    return first !== undefined && headOf(first) !== undefined ? 0.8 : 0;
  },
  read(lines, file) {
    const findings: Finding[] = [];
    const vms: FleetVm[] = [];
    const hosts: FleetHost[] = [];
    let head: Head | undefined;
    for (const { text, line } of numbered(lines)) {
      if (text.trim() === '' || text.startsWith('#')) continue;
      const refuse = (what: string, hint: string): never => {
        throw new UserError('input', `${file}: line ${line}: ${shortened(what)}`, shortened(hint));
      };
      if (head === undefined) {
        head = headOf(text) ?? refuse('no names of columns that are known', COLUMNS);
        noteColumns(head, line, findings);
        continue;
      }
      if (vms.length + hosts.length >= ROWS_MAX)
        refuse(`there are more than ${ROWS_MAX} rows`, 'Give the part of the fleet that is planned.');
      const row = new Row(
        head,
        cellsOf(text, head.separator) ?? refuse('a quote is not closed', 'Quotes in a cell are doubled.'),
        refuse,
      );
      if (head.columns.includes('vm')) vms.push(row.vm());
      else hosts.push(row.host());
    }
    return {
      format: vms.length > 0 || hosts.length === 0 ? 'CSV of VMs' : 'CSV of hosts',
      facts: {
        manager: null,
        vms,
        hosts,
        flavors: [],
        serverGroups: [],
        said: { vms: vms.map(saidOf), ...(hosts.length === 0 ? {} : { hosts: hosts.map(saidOfHost) }) },
      },
      findings,
      unknown: [
        'the manager',
        ...(head?.columns.includes('dirty') === true ? [] : ['dirty rate']),
        ...(head?.columns.includes('link') === true ? [] : ['link speed']),
      ],
    };
  },
};

/** A cell may be as long as a line. */
function shortened(text: string): string {
  return text.length > SAID_MAX ? `${text.slice(0, SAID_MAX)}…` : text;
}

const SAID_MAX = 400;
const COLUMNS =
  'A table of VMs has name, host, vcpus and memory (with its unit, such as memoryGiB); it may have devices, migratable, reason, state and ' +
  'dirtyMiBPerSecond. One of hosts has host, cpus and memory; it may have devices and linkGbit.';

function noteColumns({ columns, names }: Head, line: number, findings: Finding[]): void {
  const unread = names.filter((_, index) => columns[index] === null);
  if (unread.length > 0)
    addFindings(findings, {
      kind: 'unused',
      line,
      text: `columns that say nothing of the fleet: ${unread.join(', ')}`,
    });
}

class Row {
  private readonly head: Head;
  private readonly cells: readonly string[];
  private readonly refuse: (what: string, hint: string) => never;

  constructor(head: Head, cells: readonly string[], refuse: (what: string, hint: string) => never) {
    this.head = head;
    this.cells = cells;
    this.refuse = refuse;
    if (cells.length !== head.names.length) {
      refuse(
        `has ${cells.length} cells, and there are ${head.names.length} columns`,
        `The columns are ${head.names.join(', ')}.`,
      );
    }
  }

  vm(): FleetVm {
    const name = this.text('vm') ?? this.refuse('the VM has no name', 'Each row needs one.');
    const reason = this.text('reason');
    const word = this.text('migratable');
    if (word !== null && !YES.test(word) && !NO.test(word))
      this.refuse(`migratable is '${word}'`, 'Allowed are yes and no.');
    const migratable = word === null ? null : YES.test(word);
    return fleetVm({
      name,
      host: this.text('host'),
      vcpus: this.count('vcpus'),
      memoryBytes: this.bytes('memory'),
      hostDevices: this.devices().flatMap(([device, count]) => Array.from({ length: count }, () => device)),
      migratable,
      reason: migratable === false ? reason : null,
      // `pinned: yes` and `pinned: because …`
      pins:
        reason === null || NO.test(reason) || migratable !== null
          ? []
          : [YES.test(reason) ? 'the table says that it is pinned' : reason],
      running: this.isRunning(),
      dirtyBytesPerSecond: this.bytes('dirty'),
    });
  }

  host(): FleetHost {
    return fleetHost({
      name: this.text('host') ?? this.refuse('the host has no name', 'Each row needs one.'),
      cpus: this.count('vcpus'),
      memoryBytes: this.bytes('memory'),
      devices: Object.fromEntries(this.devices()),
      gigabitsPerSecond: this.gigabits(),
      closed: this.isRunning() ? null : `its state is ${this.text('state') ?? ''}`,
    });
  }

  private text(column: Column): string | null {
    const at = this.head.columns.indexOf(column);
    const cell = at < 0 ? '' : this.cells[at]!;
    return cell === '' || cell === '-' ? null : cell;
  }

  private number(column: Column): number | null {
    const text = this.text(column);
    if (text === null) return null;
    const value = Number(text.replace(/^(\d+),(\d+)$/, '$1.$2'));
    if (!Number.isFinite(value) || value < 0)
      this.refuse(`${this.nameOf(column)} is '${text}'`, 'Allowed is a number of 0 or more.');
    return value;
  }

  private count(column: Column): number | null {
    const value = this.number(column);
    if (value !== null && !Number.isInteger(value))
      this.refuse(`${this.nameOf(column)} is ${value}`, 'Allowed is a whole number.');
    return value;
  }

  /** A size in the unit of its column, or in its own. */
  private bytes(column: Column): number | null {
    const text = this.text(column);
    if (text === null) return null;
    const own = this.head.units[this.head.columns.indexOf(column)];
    if (own !== null && own !== undefined) {
      const value = this.number(column);
      return value === null ? null : Math.round(value * own);
    }
    const [, number = '', unit = ''] = WITH_UNIT.exec(text) ?? [];
    const size = Object.hasOwn(UNITS, unit.toLowerCase())
      ? Math.round(Number(number.replace(',', '.')) * UNITS[unit.toLowerCase()]!)
      : (sizeOf(text)?.bytes ?? (unit === '' ? undefined : kubernetesQuantity(text.replace(/ /g, ''))));
    if (size !== undefined) return size;
    return this.refuse(
      `${this.nameOf(column)} is '${text}', without a unit`,
      column === 'dirty'
        ? `Name the column dirtyMiBPerSecond, or write such as 20 MiB/s or 5000 pages/s.`
        : `Name the column ${this.nameOf(column)}MiB, or write such as 4096 MiB.`,
    );
  }

  /** Rate of a link in the unit of its column, or in its own. */
  private gigabits(): number | null {
    const text = this.text('link');
    if (text === null) return null;
    const own = this.head.units[this.head.columns.indexOf('link')];
    if (own !== null && own !== undefined) return this.number('link')! * own;
    const [, number = '', unit = ''] = WITH_UNIT.exec(text) ?? [];
    const scale = LINK_UNITS[unit.toLowerCase()];
    if (scale !== undefined) return Number(number.replace(',', '.')) * scale;
    return this.refuse(
      `${this.nameOf('link')} is '${text}', without a unit`,
      'Name the column linkGbit, or write such as 25 Gbit/s.',
    );
  }

  /** `zip:2 sec` and `zip=2;sec`: names with counts. */
  private devices(): readonly (readonly [name: string, count: number])[] {
    const words = (this.text('devices') ?? '')
      .split(/[\s;|,]+/)
      .filter((word) => word !== '' && !/^(?:none|0)$/i.test(word));
    return words.map((word) => {
      const [, name = word, count = '1'] = /^(.*?)(?:[:=x](\d{1,3}))?$/.exec(word) ?? [];
      return [name, Number(count)] as const;
    });
  }

  private isRunning(): boolean {
    const state = this.text('state')?.toLowerCase() ?? 'on';
    if (ON.test(state)) return true;
    return OFF.test(state)
      ? false
      : this.refuse(`${this.nameOf('state')} is '${state}'`, 'Allowed are running and stopped, and words like them.');
  }

  private nameOf(column: Column): string {
    return this.head.names[this.head.columns.indexOf(column)]!;
  }
}

function saidOf({ name, host, vcpus, memoryBytes, hostDevices, migratable, running }: FleetVm): object {
  return { vm: name, node: host, vcpus, memoryBytes, ...(hostDevices.length === 0 ? {} : { hostDevices }), ...(migratable === null ? {} : { liveMigratable: migratable }), running }; // prettier-ignore
}

function saidOfHost({ name, cpus, memoryBytes, devices, gigabitsPerSecond }: FleetHost): object {
  return { node: name, cpus, memoryBytes, ...(Object.keys(devices).length === 0 ? {} : { devices }), ...(gigabitsPerSecond === null ? {} : { gigabitsPerSecond }) }; // prettier-ignore
}
