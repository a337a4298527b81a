/**
 * IOMMU groups once more, from the description of the kernel's rule and not from `sim/pci`: each function is an object with
 * links, lists of parts are the text of the description, and the search is its pseudo-code word by word.
 */
import type {
  AcsDocument,
  NodeDocument,
  PhysicalFunctionDocument,
  TopologyDocument,
} from '../../sim/pci/topology-file.ts';
import type { PciId } from '../../sim/pci/pci-id.ts';

const SV = 1;
const TB = 2;
const RR = 4;
const CR = 8;
const UF = 16;
const EC = 32;
const NEED = SV | RR | CR | UF;

export interface Part {
  readonly address: number;
  readonly kind: NodeDocument['kind'] | 'function' | 'vf';
  readonly type: string;
  readonly multifunction: boolean;
  readonly id: PciId | undefined;
  readonly acs: AcsDocument | undefined;
  /** The bridge above; of a VF, the bridge above its PF. */
  readonly bridge: Part | undefined;
  /** Capability and control words as the kernel has them. */
  can: number | undefined;
  control: number;
  passes: boolean;
  group: number | undefined;
}

const busOf = (part: Part): number => Math.floor(part.address / 256);
const slotOf = (part: Part): number => Math.floor(part.address / 8);
const domainOf = (part: Part): number => Math.floor(part.address / 65_536);
const devfnOf = (part: Part): number => part.address % 256;

/** Rows "devices | condition | answer" of the list, in its order. */
const ACS_TABLE = `
1002:4385 1002:439c 1002:4383 1002:439d 1002:4384 1002:4399 1022:780f 1022:7809 | multifunction on root bus | yes
1924:0903 1924:0923 1924:0a03 | - | yes
8086:10c6 8086:10db 8086:10dd 8086:10e1 8086:10f1 8086:10f7 8086:10f8 8086:10f9 8086:10fa 8086:10fb 8086:10fc | - | yes
8086:1507 8086:1514 8086:151c 8086:1529 8086:152a 8086:154d 8086:154f 8086:1551 8086:1558 | - | yes
8086:1509 8086:150e 8086:150f 8086:1510 8086:1511 8086:1516 8086:1527 | - | yes
8086:10c9 8086:10e6 8086:10e7 8086:10e8 8086:150a 8086:150d 8086:1518 8086:1526 | - | yes
8086:10a7 8086:10a9 8086:10d6 8086:1521-1524 8086:105e 8086:105f 8086:1060 8086:10d9 8086:15b7 8086:15b8 | - | yes
8086:0000-ffff | integrated-endpoint | yes
17cb:0400 17cb:0401 17cb:0115 17cb:0111 17cb:0120 1dbf:0401 | - | yes
8086:3b42-3b51 8086:1c10-1c1f 8086:1e10-1e1f 8086:8c10-8c1f 8086:9c10-9c1b 8086:9c90-9c9b | root-port | yes
8086:1d10 8086:1d12 8086:1d14 8086:1d16 8086:1d18 8086:1d1a 8086:1d1c 8086:1d1e 8086:8d10-8d1e | root-port | yes
8086:8c90 8086:8c92 8086:8c94 8086:8c96 8086:8c98 8086:8c9a 8086:8c9c 8086:8c9e | root-port | yes
8086:a110-a11f 8086:a167-a16a 8086:a290-a29f 8086:a2e7-a2ee 8086:9d10-9d1b | root-port | word at +8
19a2:0710 10df:0720 | - | yes
177d:a000-a7ff 177d:af84 177d:b884 | root-port | yes
177d:a026 177d:a059 177d:a060 | - | yes
10e8:e004 1def:e005-e00c | - | yes
14e4:16d7 14e4:1750 14e4:1751 14e4:1752 14e4:1760 14e4:1761 14e4:1762 14e4:1763 14e4:d714 | - | yes
0014:3c09 0014:3c19 0014:3c29 0014:7a09 0014:7a19 0014:7a29 0014:7a39 0014:7a49 0014:7a59 0014:7a69 | - | yes
1c36:0031 | root-port | yes
1d17:3038 1d17:3104 1d17:9083 | - | yes
1d17:0710-071e 1d17:0721 1d17:0723-0752 | root-port or downstream-port | yes
1d17:0000-ffff | root-port or downstream-port | no
1957:8d80-8d83 1957:8d88-8d8b 1957:8d90-8d93 1957:8d98-8d9b | - | yes
1957:8da0 1957:8da1 1957:8da8 1957:8da9 1957:8db0 1957:8db1 1957:8db8 1957:8db9 | - | yes
8088:0100-010f 8088:1001 8088:2001 8088:5010 8088:5025 8088:5040 8088:5110 8088:5125 8088:5140 | - | yes
8088:0000-ffff | - | no`;

interface TableRow {
  readonly parts: readonly { readonly vendor: number; readonly first: number; readonly last: number }[];
  readonly condition: string;
  readonly answer: string;
}

const TABLE: readonly TableRow[] = ACS_TABLE.trim()
  .split('\n')
  .map((line) => {
    const [parts = '', condition = '', answer = ''] = line.split(' | ');
    return {
      parts: parts.split(' ').map((part) => {
        const [vendor = '', devices = ''] = part.split(':');
        const [first = '', last = first] = devices.split('-');
        return {
          vendor: Number.parseInt(vendor, 16),
          first: Number.parseInt(first, 16),
          last: Number.parseInt(last, 16),
        };
      }),
      condition,
      answer,
    };
  });

/** The answer of the list, `none` where it has none. */
export function tableAnswer(part: Part): string {
  const { id, type, multifunction, bridge } = part;
  if (id === undefined) return 'none';
  for (const { parts, condition, answer } of TABLE) {
    if (!parts.some(({ vendor, first, last }) => id.vendor === vendor && id.device >= first && id.device <= last))
      continue;
    if (condition === 'multifunction on root bus') {
      if (multifunction && bridge === undefined) return answer;
    } else if (condition === '-' || condition.split(' or ').includes(type)) return answer;
  }
  return 'none';
}

/** A machine: its functions in the order of the kernel's search, and what its command line says. */
export class Machine {
  readonly parts: Part[] = [];
  /** By address of a function in a VMD domain: its controller. */
  private readonly vmd = new Map<number, number>();
  private readonly document: TopologyDocument;
  readonly line: string;
  private next = 0;

  constructor(document: TopologyDocument) {
    this.document = document;
    this.line = document.commandLine ?? '';
    for (const [domain, at] of Object.entries(document.vmd)) this.vmd.set(Number.parseInt(domain, 16), at);
    const perSlot = new Map<number, number>();
    const count = (at: number): void => {
      perSlot.set(Math.floor(at / 8), (perSlot.get(Math.floor(at / 8)) ?? 0) + 1);
    };
    const walk = (nodes: readonly NodeDocument[]): void => {
      for (const node of nodes) {
        if (node.kind === 'device') for (const { at } of node.functions) count(at);
        else {
          count(node.at);
          walk(node.below);
        }
      }
    };
    walk(document.tree);
    const several = (at: number): boolean => perSlot.get(Math.floor(at / 8))! > 1;
    const byBus = new Map<number, NodeDocument[]>();
    for (const node of document.tree) {
      const at = node.kind === 'device' ? node.functions[0]!.at : node.at;
      byBus.set(Math.floor(at / 256), [...(byBus.get(Math.floor(at / 256)) ?? []), node]);
    }
    for (const bus of [...byBus.keys()].toSorted((a, b) => a - b)) this.enumerate(byBus.get(bus)!, undefined, several);
    this.addVirtual();
    for (const part of this.parts) this.readWords(part);
    for (const part of this.parts) part.passes = this.acsEnabled(part);
  }

  /** All of a bus by address, then what is below each bridge. */
  private enumerate(nodes: readonly NodeDocument[], bridge: Part | undefined, several: (at: number) => boolean): void {
    const found: { part: Part; below: readonly NodeDocument[] }[] = [];
    const blank = { can: undefined, control: 0, passes: false, group: undefined };
    for (const node of nodes) {
      if (node.kind === 'device') {
        for (const fn of node.functions) {
          const multifunction = fn.multifunction ?? several(fn.at);
          const type = typeOf(fn, bridge);
          const part: Part = {
            address: fn.at,
            kind: 'function',
            type,
            multifunction,
            id: fn.id,
            acs: fn.acs,
            bridge,
            ...blank,
          };
          found.push({ part, below: [] });
        }
        continue;
      }
      const type =
        node.kind === 'switch'
          ? 'upstream-port'
          : node.kind === 'pci-bridge'
            ? (node.express ??
              (bridge?.type === 'root-port' || bridge?.type === 'downstream-port' ? 'pcie-to-pci-bridge' : 'none'))
            : node.kind;
      const acs = node.kind === 'pci-bridge' ? undefined : node.acs;
      const multifunction = node.multifunction ?? several(node.at);
      const part: Part = { address: node.at, kind: node.kind, type, multifunction, id: node.id, acs, bridge, ...blank };
      found.push({ part, below: node.below });
    }
    found.sort((a, b) => a.part.address - b.part.address);
    for (const { part } of found) this.parts.push(part);
    for (const { part, below } of found) this.enumerate(below, part, several);
  }

  private addVirtual(): void {
    const visit = (nodes: readonly NodeDocument[]): void => {
      for (const node of nodes) {
        if (node.kind !== 'device') visit(node.below);
        else for (const fn of node.functions) this.addVfsOf(fn);
      }
    };
    visit(this.document.tree);
  }

  private addVfsOf({ at, sriov }: PhysicalFunctionDocument): void {
    if (sriov === undefined) return;
    const pf = this.parts.find(({ address }) => address === at)!;
    for (let n = 0; n < sriov.vfs; n++) {
      const address = at + sriov.offset + n * sriov.stride;
      this.parts.push({ ...pf, address, kind: 'vf', multifunction: false });
    }
  }

  private readWords(part: Part): void {
    const { acs } = part;
    if (acs?.can === undefined) return;
    part.can = acs.can;
    let control = acs.on;
    const firmware = acs.firmware ?? acs.on;
    const options = /(?:^| )pci=(\S+)/.exec(this.line)?.[1]?.split(',') ?? [];
    if (options.includes('noats')) control |= TB;
    for (const option of options) {
      const [key = '', value = ''] = option.split('=');
      if (key === 'disable_acs_redir' && this.isNamed(part, value)) control = firmware & ~(RR | CR | EC);
    }
    for (const option of options) {
      const [key = '', value = ''] = option.split('=');
      const [flags = '', names = ''] = value.split('@');
      if (key !== 'config_acs' || !this.isNamed(part, names)) continue;
      control = 0;
      for (let bit = 0; bit < 7; bit++) {
        const flag = flags.charAt(flags.length - 1 - bit);
        const isOn = flag === '1' || (flag !== '0' && (firmware & (1 << bit)) !== 0);
        if (isOn) control |= 1 << bit;
      }
    }
    part.control = control & acs.can;
  }

  /** The oracle knows single addresses and `pci:vendor:device`. */
  private isNamed(part: Part, names: string): boolean {
    return names.split(';').some((name) => {
      const ids = /^pci:(\w+):(\w+)$/.exec(name);
      if (ids !== null) {
        const [vendor, device] = [Number.parseInt(ids[1]!, 16), Number.parseInt(ids[2]!, 16)];
        return part.id !== undefined && [0, part.id.vendor].includes(vendor) && [0, part.id.device].includes(device);
      }
      const [domain, bus, dev, fn] = name.split(/[:.]/).map((word) => Number.parseInt(word, 16));
      return part.address === ((domain! * 256 + bus!) * 32 + dev!) * 8 + fn!;
    });
  }

  /** Section "pci_acs_enabled", step by step. */
  private acsEnabled(part: Part): boolean {
    const { type, multifunction, acs } = part;
    const answer = tableAnswer(part);
    if (answer === 'yes') return true;
    if (answer === 'no') return false;
    if (answer === 'word at +8') return this.wordAtEight(part);
    if (this.override(part)) return true;
    if (['none', 'pcie-to-pci-bridge', 'pci-to-pcie-bridge', 'event-collector'].includes(type)) return false;
    if (['endpoint', 'legacy-endpoint', 'upstream-port', 'integrated-endpoint'].includes(type) && !multifunction)
      return true;
    let need = NEED & ~(acs?.override ?? 0);
    if (part.can === undefined) return need === 0;
    const brokenSv =
      part.id?.vendor === 0x111d && [0x80b5, 0x8090].includes(part.id.device) && this.document.kernel === '7.3';
    need &= brokenSv ? part.can & ~SV : part.can;
    return (part.control & need) === need;
  }

  /** The part has the capability, whether the document writes it down or not; Linux has set the control word at +8. */
  private wordAtEight(part: Part): boolean {
    const can = part.acs?.can ?? NEED;
    const disabled = /disable_acs_redir=([^\s,]+)/.exec(this.line)?.[1];
    const control = can & NEED & (disabled !== undefined && this.isNamed(part, disabled) ? SV | UF : NEED);
    const need = NEED & can & ~(part.acs?.override ?? 0);
    return (control & need) === need;
  }

  private override({ id, type, can, multifunction }: Part): boolean {
    const options = /pcie_acs_override=(\S+)/.exec(this.line)?.[1]?.split(',') ?? [];
    if (options.length === 0 || type === 'none' || can !== undefined) return false;
    if (id !== undefined && options.includes(`id:${hex(id.vendor)}:${hex(id.device)}`)) return true;
    if (options.includes('downstream') && (type === 'root-port' || type === 'downstream-port')) return true;
    const may = ['endpoint', 'legacy-endpoint', 'upstream-port', 'integrated-endpoint'].includes(type);
    return options.includes('multifunction') && may && multifunction;
  }

  pathEnabled(part: Part): boolean {
    return part.passes && (part.bridge === undefined || this.pathEnabled(part.bridge));
  }

  /** Sets of addresses. */
  groups(): readonly (readonly number[])[] {
    for (const part of this.parts) part.group = this.groupOf(part) ?? this.next++;
    const sets = new Map<number, number[]>();
    for (const { group, address } of this.parts) sets.set(group!, [...(sets.get(group!) ?? []), address]);
    return [...sets.values()];
  }

  private controllerOf(part: Part): Part {
    const at = this.vmd.get(domainOf(part));
    return at === undefined ? part : this.parts.find(({ address }) => address === at)!;
  }

  private groupOf(f: Part): number | undefined {
    // A
    const d = this.controllerOf(f);
    if (d.group !== undefined) return d.group;
    let base = d;
    for (let b = d.bridge; b !== undefined; b = b.bridge) {
      if (b.id?.vendor === 0x14e4 && [0x9000, 0x9084].includes(b.id.device)) break;
      if (['root-port', 'upstream-port', 'downstream-port'].includes(b.type)) continue;
      const noAlias = b.id?.vendor === 0x1a03 && b.id.device === 0x1150 && this.document.kernel === '7.3';
      if (noAlias && b.type === 'pcie-to-pci-bridge') continue;
      base = b;
      if (b.group !== undefined) return b.group;
    }
    // B
    for (let b = base.bridge; b !== undefined; b = b.bridge) {
      if (this.pathEnabled(b)) break;
      base = b;
      if (b.group !== undefined) return b.group;
    }
    // C, D
    const looked = new Set<number>();
    return this.aliasGroup(base, looked) ?? this.functionGroup(base, looked);
  }

  private aliasGroup(x: Part, looked: Set<number>): number | undefined {
    if (looked.has(devfnOf(x))) return undefined;
    looked.add(devfnOf(x));
    if (x.group !== undefined) return x.group;
    for (const t of this.parts) {
      if (t === x || busOf(t) !== busOf(x)) continue;
      const linked = aliases(x).includes(devfnOf(t)) || aliases(t).includes(devfnOf(x));
      if (!linked && this.controllerOf(x) !== t && this.controllerOf(t) !== x) continue;
      const group = this.aliasGroup(t, looked) ?? this.functionGroup(t, looked);
      if (group !== undefined) return group;
    }
    return undefined;
  }

  private functionGroup(base: Part, looked: Set<number>): number | undefined {
    if (!base.multifunction || base.passes) return undefined;
    for (const t of this.parts) {
      if (t === base || slotOf(t) !== slotOf(base) || t.passes) continue;
      const group = this.aliasGroup(t, looked);
      if (group !== undefined) return group;
    }
    return undefined;
  }
}

function typeOf(fn: PhysicalFunctionDocument, bridge: Part | undefined): string {
  if (fn.express !== undefined) return fn.express;
  if (bridge?.kind === 'pci-bridge') return 'none';
  if (bridge !== undefined) return 'endpoint';
  const isExpress = fn.acs !== undefined || fn.ats !== undefined || fn.sriov !== undefined || fn.kind !== 'other';
  return isExpress ? 'integrated-endpoint' : 'none';
}

const hex = (value: number): string => value.toString(16).padStart(4, '0');

const TO_FUNCTION_1 =
  '1b4b:9120 1b4b:9123 1b4b:9125 1b4b:9128 1b4b:9130 1b4b:9170 1b4b:9172 1b4b:917a 1b4b:9182 1b4b:9183 1b4b:91a0 ' +
  '1b4b:9215 1b4b:9220 1b4b:9230 1b4b:9235 1103:0642 1103:0645 197b:2392 1c28:0122';
const TO_FUNCTION_0 = '1180:e832 1180:e476 6766:3d40 6766:3d41';

/** Device and function numbers that a part's requests may bear instead of its own. */
export function aliases({ id, address, kind }: Part): readonly number[] {
  if (id === undefined || kind === 'vf') return [];
  const name = `${hex(id.vendor)}:${hex(id.device)}`;
  const own = address % 256;
  const slot = own - (own % 8);
  const to = (devfns: readonly number[]): readonly number[] => devfns.filter((devfn) => devfn !== own);
  if (TO_FUNCTION_1.includes(name)) return to([slot + 1]);
  if (TO_FUNCTION_0.includes(name)) return to([slot]);
  const subsystem = id.subsystem === undefined ? '' : `${hex(id.subsystem.vendor)}:${hex(id.subsystem.device)}`;
  if (name === '9005:0285' && ['9005:02bb', '9005:02bc'].includes(subsystem)) return to([8]);
  if (name === '8086:2260' || name === '8086:2264') return to([0x80, 0x88, 0x93]);
  const all = Array.from({ length: 256 }, (_, devfn) => devfn);
  if (/^8086:295[45689a]$/.test(name)) return to(all.filter((devfn) => devfn % 8 <= 4));
  return name === '10b5:87b0' || name === '10b5:87b1' ? to(all) : [];
}
