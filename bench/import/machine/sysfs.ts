/**
 * The collector's format, stopcopy-sysfs/1: one record a line, as `stopcopy import --collect machine` prints the script for.
 * docs/import.md has its records.
 */
import { keysOf } from '../../../sim/base/keys.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { addFindings, type Finding, type Reader, type Reading } from '../reader.ts';
import { ConfigSpace } from './config-space.ts';
import { FunctionDraft } from './draft.ts';
import {
  addressOf,
  domainOf,
  type BarFacts,
  type FactName,
  type FunctionFacts,
  type GroupFacts,
  hexAddress,
  type MachineFacts,
  type Place,
  type SriovFacts,
  refuseMany,
} from './facts.ts';
import { findVfs } from './hierarchy.ts';

const SYSFS_FORMAT = 'stopcopy-sysfs/1';

const WARNINGS_MAX = 20;
const IO = 0x100;
const BARS = 6;
/** Lines 7 to 12 of `resource` are those of VFs, where the kernel knows SR-IOV and the function is a PF. */
const FIRST_VF_BAR = 7;

interface Resource {
  readonly index: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly flags: number;
}

/** A function with the records that only count together. */
class SysfsFunction extends FunctionDraft {
  readonly config = new ConfigSpace();
  readonly files = new Map<string, string>();
  readonly resources: Resource[] = [];
  configBytes: number | undefined;
}

class Collected {
  private readonly functions = new Map<string, SysfsFunction>();
  private readonly groups = new Map<
    number,
    { type?: string; members: string[]; reserved: GroupFacts['reserved'][number][] }
  >();
  private readonly findings: Finding[] = [];
  private readonly head = new Map<string, string>();
  private readonly commandLine: string[] = [];
  private readonly kernelOptions: Record<string, string> = {};
  private readonly iommus: string[] = [];
  private readonly file: string;
  private line = 0;
  private warnings = 0;
  private ended: number | undefined;
  private current: SysfsFunction | undefined;

  constructor(file: string) {
    this.file = file;
  }

  read(lines: Iterable<string>): Reading<MachineFacts> {
    let last: string | undefined;
    for (const line of lines) {
      if (last !== undefined) this.take(last);
      last = line;
    }
    // What has no line end may have lost a part; the end says how many lines there are.
    if (last !== undefined && (this.line === 0 || last.startsWith('end '))) this.take(last);
    const cutIn = this.ended === undefined ? this.current : undefined;
    if (this.ended === undefined) this.warn('the line `end` is missing: the text was cut');
    if (this.functions.size === 0)
      throw this.refusal('has no device', 'Run the collector on a machine with PCI devices.');
    for (const each of this.functions.values()) if (each !== cutIn) this.finish(each);
    const drafts = [...this.functions.values()];
    this.addMissingGroups(drafts);
    findVfs(drafts, this.findings);
    const root = this.head.get('root');
    const [kernel, arch] = (this.head.get('kernel') ?? '').split(' ');
    const pageSize = Number(this.head.get('pagesize'));
    const facts: MachineFacts = {
      producer: SYSFS_FORMAT,
      privileged: root === undefined ? null : root === 'yes',
      cut: this.ended === undefined ? { file: this.file, line: this.line } : null,
      complete: this.warnings === 0 && root === 'yes',
      ...(kernel === undefined || kernel === '' ? {} : { kernel }),
      ...(arch === undefined ? {} : { arch }),
      ...(Number.isSafeInteger(pageSize) && pageSize > 0 ? { pageSize } : {}),
      commandLine: this.commandLine,
      kernelOptions: this.kernelOptions,
      groups: [...this.groups].toSorted(([a], [b]) => a - b).map(([group, rest]) => ({ group, ...rest })),
      iommus: this.iommus,
      functions: drafts.map((each) => each.placed()),
    };
    const unknown = root === 'yes' ? [] : ['port types, ACS, ATS and SR-IOV controls: run the collector as root'];
    return { format: SYSFS_FORMAT, facts, findings: this.findings, unknown };
  }

  private take(line: string): void {
    this.line += 1;
    if (this.line === 1) this.first(line);
    else if (line.trim() !== '') this.record(line.trimEnd());
  }

  private first(line: string): void {
    if (line.trim() === `format ${SYSFS_FORMAT}`) return;
    const [, version] = /^format stopcopy-sysfs\/(\d+)/.exec(line) ?? [];
    if (version === undefined) throw this.refusal(`does not begin with 'format ${SYSFS_FORMAT}'`, COLLECT);
    throw this.refusal(`has version ${version} of the format, and version 1 is read`, 'It is for a newer stopcopy.');
  }

  private record(line: string): void {
    const [kind = '', ...words] = line.split(' ');
    const rest = words.join(' ');
    if (this.ended !== undefined) {
      if (kind === 'format') throw this.refusal('a second machine begins here', 'Split the file there.');
      this.warn('this line stands after the end');
      return;
    }
    switch (kind) {
      case 'format':
        throw this.refusal('a second machine begins here', 'Split the file there.');
      case 'date':
      case 'kernel':
      case 'pagesize':
      case 'root':
        this.head.set(kind, rest);
        break;
      case 'cmdline':
        this.commandLine.push(rest);
        break;
      case 'config':
        this.option(rest);
        break;
      case 'i':
        this.iommus.push(rest);
        break;
      case 'node':
      case 'd':
        break;
      case 'dev':
        this.device(words);
        break;
      case 'g':
        this.group(words);
        break;
      case 'm':
        this.member(words);
        break;
      case 'end':
        this.end(rest);
        break;
      default:
        this.ofFunction(kind, words);
    }
  }

  private end(count: string): void {
    this.ended = this.line;
    if (Number(count) !== this.line - 1) {
      this.warn(`${this.line - 1} lines stand before the end, and it was written after ${count.slice(0, 20)}`);
    }
  }

  private option(text: string): void {
    const [, name, value] = /^(CONFIG_[A-Z0-9_]+)=([ymn])$/.exec(text) ?? [];
    if (name === undefined || value === undefined) this.warn('this option of the kernel is damaged');
    else this.kernelOptions[name] = value;
  }

  private device([place = '', path = '']: readonly string[]): void {
    const address = addressOf(place);
    if (address === undefined) return this.warn('this line has no address');
    if (this.functions.has(address))
      throw this.refusal(`${address} is there twice`, 'Split the file: one machine each.');
    refuseMany(this.functions.size, this.file, this.line);
    const fn = new SysfsFunction(address, this.place());
    this.functions.set(address, fn);
    this.current = fn;
    // pci0000:74/0000:74:00.0/0000:75:00.0: the true hierarchy.
    const above = path.split('/').slice(0, -1);
    const last = above.at(-1);
    if (last === undefined || path.split('/').at(-1) !== place)
      return this.warn('this path does not lead to the device');
    const bridge = addressOf(last);
    if (bridge !== undefined) fn.set('parent', bridge, this.place());
    else if (/^pci[0-9a-f]{4,8}:[0-9a-f]{2}$/i.test(last)) fn.set('parent', null, this.place());
    else this.warn('this path leads over something that is no bridge of PCI');
    // A domain in a function's path: a controller with a domain of its own.
    const controller = above
      .map((part) => addressOf(part))
      .findLast((each) => each !== undefined && domainOf(each) !== domainOf(address));
    if (controller !== undefined) fn.set('controller', controller, this.place());
  }

  /** A record about a function that a `dev` began. */
  private ofFunction(kind: string, [place = '', ...words]: readonly string[]): void {
    const fn = this.functions.get(addressOf(place) ?? '');
    if (!/^[flrxne]$/.test(kind)) return this.warn(`'${kind.slice(0, 20)}' is no record of this format`);
    if (fn === undefined) return this.warn('this record is about a device that no line `dev` has');
    const [first = '', ...rest] = words;
    if (kind === 'f') return this.sysfsFile(fn, first, rest.join(' '));
    if (kind === 'l') return this.link(fn, first, rest.join(' '));
    if (kind === 'r') return this.resource(fn, words);
    if (kind === 'n') {
      if (first === 'config-bytes') fn.config.sizeIs(Number(rest[0]));
      fn.configBytes = Number(rest[0]);
      return;
    }
    const at = Number.parseInt(first, 16);
    const text = rest.join('');
    if (kind === 'e') return fn.config.list(at, Number.parseInt(text, 16));
    const bytes = (/^(?:[0-9a-f]{2})+$/i.test(text) ? text.match(/../g)! : []).map((each) => Number.parseInt(each, 16));
    if (bytes.length === 0 || !fn.config.put(at, bytes)) this.warn('this piece of configuration space is damaged');
  }

  private sysfsFile(fn: SysfsFunction, name: string, value: string): void {
    const known = fn.files.get(name);
    if (known !== undefined && known !== value) this.warn(`${name} is there with two values; the first counts`);
    else fn.files.set(name, value);
    const hexadecimal = (digits: number): string | undefined =>
      new RegExp(`^0x[0-9a-f]{${digits}}$`, 'i').test(value) ? value.slice(2).toLowerCase() : undefined;
    const whole = /^-?\d+$/.test(value) ? Number(value) : undefined;
    const bus = whole !== undefined && whole >= 0 && whole < 256 ? whole.toString(16).padStart(2, '0') : undefined;
    if (name === 'vendor' || name === 'device') this.set(fn, name, hexadecimal(4));
    if (name === 'class') this.set(fn, 'class', hexadecimal(6)?.slice(0, 4));
    if (name === 'revision') this.set(fn, 'revision', hexadecimal(2));
    if (name === 'numa_node') this.set(fn, 'numaNode', whole === -1 ? null : whole);
    // Decimal, unlike in lspci.
    if (name === 'secondary_bus_number') this.set(fn, 'secondary', bus);
    if (name === 'subordinate_bus_number') this.set(fn, 'subordinate', bus);
  }

  private link(fn: SysfsFunction, name: string, target: string): void {
    if (name === 'driver') this.set(fn, 'driver', /^[\w-]+$/.test(target) ? target : undefined);
    if (name === 'iommu_group') this.set(fn, 'iommuGroup', /^\d+$/.test(target) ? Number(target) : undefined);
    if (name === 'physfn') this.set(fn, 'physfn', addressOf(target));
  }

  private resource(fn: SysfsFunction, [index = '', start = '', end = '', flags = '']: readonly string[]): void {
    if (!/^\d+$/.test(index) || ![start, end, flags].every((each) => /^0x[0-9a-f]{1,16}$/i.test(each))) {
      fn.doubt('bars');
      return this.warn('this resource is damaged');
    }
    fn.resources.push({
      index: Number(index),
      start: BigInt(start),
      end: BigInt(end),
      flags: Number(BigInt(flags) & 0xffffn),
    });
  }

  private group([number = '', what = '', ...rest]: readonly string[]): void {
    if (!/^\d+$/.test(number)) return this.warn('this group has no number');
    const group = this.groupOf(Number(number));
    if (what === 'type') group.type = rest.join(' ');
    const [start = '', end = '', kind = ''] = rest;
    if (what !== 'resv') return;
    if (![start, end].every((each) => /^0x[0-9a-f]+$/i.test(each))) return this.warn('this reserved region is damaged');
    group.reserved.push({ start: hexAddress(start.slice(2)), end: hexAddress(end.slice(2)), kind });
  }

  private member([number = '', place = '']: readonly string[]): void {
    const address = addressOf(place);
    if (!/^\d+$/.test(number) || address === undefined) return this.warn('this member of a group is damaged');
    this.groupOf(Number(number)).members.push(address);
  }

  private groupOf(number: number): { type?: string; members: string[]; reserved: GroupFacts['reserved'][number][] } {
    const group = this.groups.get(number) ?? { members: [], reserved: [] };
    this.groups.set(number, group);
    return group;
  }

  /** A text that was cut has lost the groups, and the functions still name theirs. */
  private addMissingGroups(drafts: readonly FunctionDraft[]): void {
    for (const { facts } of drafts) {
      const { iommuGroup, address } = facts;
      if (typeof iommuGroup !== 'number') continue;
      const { members } = this.groupOf(iommuGroup);
      if (!members.includes(address)) members.push(address);
    }
  }

  private finish(fn: SysfsFunction): void {
    const { vendor: _v, device: _d, revision: _r, class: _c, bars: _b, ...config } = fn.config.facts();
    const isPf = fn.files.has('sriov_totalvfs');
    const bars = fn.resources.filter(({ index }) => index < BARS).map((each) => barOf(each));
    if (!fn.isUnsure('bars')) fn.lacking('bars', bars);
    for (const name of ['driver', 'iommuGroup', 'physfn', 'numaNode'] as const) fn.lacking(name, null);
    if (fn.facts.secondary !== undefined && config.primary !== undefined) fn.lacking('primary', config.primary);
    const { sriov, ...others } = config;
    for (const name of keysOf(others)) fn.lacking(name, others[name]);
    if (sriov !== undefined && sriov !== null) fn.lacking('sriov', withSizes(sriov, fn.resources));
    else if (!isPf) fn.lacking('sriov', sriov === null || fn.facts.physfn !== null ? null : undefined);
  }

  private set<Name extends FactName>(fn: SysfsFunction, name: Name, value: FunctionFacts[Name]): void {
    if (value === undefined) {
      fn.doubt(name);
      this.warn(`this value of ${name} is damaged; it does not count`);
    } else if (!fn.set(name, value, this.place())) this.warn(`${name} is there with two values; none counts`);
  }

  private place(): Place {
    return { file: this.file, line: this.line };
  }

  private warn(text: string): void {
    this.warnings += 1;
    if (this.warnings <= WARNINGS_MAX) addFindings(this.findings, { kind: 'warning', text, line: this.line });
  }

  private refusal(why: string, hint: string): UserError {
    return new UserError('input', `${this.file}: line ${this.line}: ${why}`, hint);
  }
}

const COLLECT = 'Make one with the script that `stopcopy import --collect machine` prints.';

function barOf({ index, start, end, flags }: Resource): BarFacts {
  const size = Number(end - start + 1n);
  return { bar: index, at: `0x${start.toString(16)}`, size, ...((flags & IO) === 0 ? {} : { io: true as const }) };
}

/** The VF BARs of the capability with the size of one, which the kernel's resource of all VFs gives. */
function withSizes(sriov: SriovFacts, resources: readonly Resource[]): SriovFacts {
  return {
    ...sriov,
    bars: sriov.bars.map((each) => {
      const all = resources.find(({ index }) => index === FIRST_VF_BAR + each.bar);
      const bytes = all === undefined ? 0n : all.end - all.start + 1n;
      const total = BigInt(sriov.totalVfs);
      if (total === 0n || bytes === 0n || bytes % total !== 0n) return each;
      return { ...each, sizePerVf: Number(bytes / total) };
    }),
  };
}

export const sysfsReader: Reader<MachineFacts, 'machine'> = {
  id: 'sysfs',
  title: `${SYSFS_FORMAT}, what the collector prints`,
  kind: 'machine',
  sniff: (head) => (/^format stopcopy-sysfs\/\d/.test(head) ? 1 : 0),
  read: (lines, file) => new Collected(file).read(lines),
};
