/**
 * Topologies out of bytes: each byte answers one question, and 0 is the answer that keeps most apart and adds nothing, so
 * that shorter and smaller bytes give smaller and better topologies. That is what fast-check shrinks towards.
 */
import type { Random } from '../../../sim/base/random.ts';
import type {
  AcsDocument,
  BarDocument,
  BridgeDocument,
  DeviceDocument,
  FunctionSettings,
  NodeDocument,
  PhysicalFunctionDocument,
  PortDocument,
  SriovDocument,
  SwitchDocument,
  TopologyDocument,
} from '../../../sim/pci/topology-file.ts';
import { KIB } from '../../../sim/base/units.ts';

const FUNCTIONS_MAX = 40;
const LEVELS_MAX = 5;
export const TAPE_BYTES = 220;

const GOOD = 0x1d;
const PF_BAR_BYTES = 2 ** 21;

export function randomTape(random: Random): Uint8Array {
  const tape = new Uint8Array(TAPE_BYTES);
  for (let i = 0; i < tape.length; i += 4) {
    const word = random.below(0x1_0000_0000);
    tape[i] = word;
    tape[i + 1] = word >>> 8;
    tape[i + 2] = word >>> 16;
    tape[i + 3] = word >>> 24;
  }
  // A part of the run tries small topologies, where a single difference shows more often.
  return tape.subarray(0, 20 + random.below(TAPE_BYTES - 20));
}

export function topologyFrom(tape: ArrayLike<number>): TopologyDocument {
  return new Decoder(tape).document();
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class Decoder {
  private readonly tape: ArrayLike<number>;
  private place = 0;
  private functions = 0;
  private readonly bus: number[] = [0, 0];
  private nextBar = 0x1000_0000;
  private readonly barsMade: BarDocument[] = [];
  private readonly owners = new Set<string>();
  private readonly usual: number;

  constructor(tape: ArrayLike<number>) {
    this.tape = tape;
    this.usual = this.pick(4);
  }

  /** A number from 0 to n - 1. */
  private pick(n: number): number {
    const byte = this.place < this.tape.length ? this.tape[this.place]! : 0;
    this.place += 1;
    return byte % n;
  }

  private one<T>(...choices: readonly T[]): T {
    return choices[this.pick(choices.length)]!;
  }

  document(): TopologyDocument {
    const rootComplex = { p2p: this.one('none', 'untranslated', 'translated') } as const;
    const iommu = {
      streams: this.one('translate', 'translate', 'translate', 'bypass'),
      reflectsToMmio: this.pick(2) === 1,
      backend: this.one('type1', 'type1', 'iommufd'),
    } as const;
    const hostPageSize = this.one(4096, 65_536);
    const turnaround = this.one('loopback', 'ur');
    const tree = this.roots();
    return {
      format: 'stopcopy-topology/1',
      title: '',
      rootComplex,
      iommu,
      hostPageSize,
      turnaround,
      kernel: '7.3',
      vmd: {},
      tree,
      tenants: this.tenantsOf(),
      expect: [],
    };
  }

  private roots(): NodeDocument[] {
    const tree: NodeDocument[] = [];
    const count = 1 + this.pick(4);
    for (let i = 0; i < count; i++) {
      const segment = this.pick(8) === 7 ? 1 : 0;
      const kind = this.pick(9);
      if (kind % 3 === 2) tree.push(this.device(segment, ++this.bus[segment]!));
      else if (kind === 7) tree.push({ ...this.bridge(segment, 0, 1), at: address(segment, 0, i) });
      else tree.push(this.port('root-port', segment, 0, i, 1));
    }
    this.vectors(tree);
    return tree;
  }

  private port(kind: PortDocument['kind'], segment: number, bus: number, slot: number, level: number): PortDocument {
    const secondary = ++this.bus[segment]!;
    const acs = this.acs();
    const turnaround = this.one(undefined, undefined, 'loopback', 'ur');
    const below = this.partners(segment, secondary, level);
    const buses = { secondary, subordinate: this.bus[segment]! };
    return { kind, at: address(segment, bus, slot), buses, acs, turnaround, below };
  }

  private partners(segment: number, bus: number, level: number): NodeDocument[] {
    const kind = level >= LEVELS_MAX ? 0 : this.pick(9);
    if (kind < 4 || this.functions >= FUNCTIONS_MAX - 4) return [this.device(segment, bus)];
    if (kind === 8) return this.card(segment, bus, level);
    return [kind === 6 ? this.bridge(segment, bus, level) : this.switch(segment, bus, level)];
  }

  /** A card with a switch or a bridge and other functions next to it. */
  private card(segment: number, bus: number, level: number): NodeDocument[] {
    const acs = this.pick(2) === 1 ? this.acs() : undefined;
    const first =
      this.pick(2) === 1
        ? { ...this.switch(segment, bus, level), acs: acs && { ...acs, egress: [] } }
        : this.bridge(segment, bus, level);
    const choice = this.pick(3);
    if (choice === 0) return [first, this.device(segment, bus, 0, true, 2)];
    const second = { ...this.bridge(segment, bus, level), at: address(segment, bus, 0) + 1 };
    return choice === 1 ? [first, second, this.device(segment, bus, 0, true, 2)] : [first, second];
  }

  private switch(segment: number, bus: number, level: number): SwitchDocument {
    const secondary = ++this.bus[segment]!;
    const below: NodeDocument[] = [];
    const count = 1 + this.pick(3);
    for (let i = 0; i < count; i++) below.push(this.port('downstream-port', segment, secondary, i, level + 1));
    // What stands on the bus inside a switch, next to its ports.
    const inside = this.pick(8);
    if (inside === 6) below.push(this.device(segment, secondary, 8));
    if (inside === 7) below.push({ ...this.bridge(segment, secondary, level + 1), at: address(segment, secondary, 8) });
    this.vectors(below);
    return {
      kind: 'switch',
      at: address(segment, bus, 0),
      buses: { secondary, subordinate: this.bus[segment]! },
      below,
    };
  }

  private bridge(segment: number, bus: number, level: number): BridgeDocument {
    const secondary = ++this.bus[segment]!;
    const below: NodeDocument[] = [];
    const count = 1 + this.pick(2);
    for (let i = 0; i < count; i++) {
      if (level < LEVELS_MAX - 1 && this.pick(4) === 3) {
        const inner = this.bridge(segment, secondary, level + 1);
        below.push({ ...inner, at: address(segment, secondary, 16 + i) });
      } else below.push(this.device(segment, secondary, i, false));
    }
    return {
      kind: 'pci-bridge',
      at: address(segment, bus, 0),
      buses: { secondary, subordinate: this.bus[segment]! },
      below,
    };
  }

  private acs(): AcsDocument | undefined {
    const choice = (this.pick(8) + (this.usual === 3 ? 4 : 0)) % 8;
    if (choice < 4) return { can: 0x7f, on: GOOD | (choice === 3 ? 0x02 : 0), wired: 0, egress: [] };
    if (choice === 4) return undefined;
    const can = 0x7f & ~(1 << this.pick(14));
    const on = choice === 5 ? GOOD ^ (1 << this.pick(7)) : this.pick(128);
    const wired = this.pick(6) === 5 ? GOOD & ~can : 0;
    return { can, on: on & can, wired, egress: [] };
  }

  /** Egress vectors name siblings, so they come when all are there. */
  private vectors(siblings: readonly NodeDocument[]): void {
    for (const node of siblings) {
      if (node.kind !== 'root-port' && node.kind !== 'downstream-port') continue;
      if (node.acs === undefined || (node.acs.on & 0x20) === 0) continue;
      const barred = this.pick(16);
      for (const [i, other] of siblings.entries()) {
        if (other.kind !== 'root-port' && other.kind !== 'downstream-port') continue;
        if (other === node || (barred & (1 << i)) === 0) continue;
        const sameSegment = other.at >> 16 === node.at >> 16;
        if (sameSegment) node.acs.egress.push(other.at);
      }
    }
  }

  private device(segment: number, bus: number, slot = 0, canAts = true, firstFunction = 0): DeviceDocument {
    const internalRouting = this.one('upstream', 'upstream', 'upstream', 'upstream', 'loop-self', 'loop-any');
    const functions: PhysicalFunctionDocument[] = [];
    const count = this.pick(5) === 4 ? 2 : 1;
    for (let i = 0; i < count; i++) {
      if (i > 0 && this.functions >= FUNCTIONS_MAX - 4) break;
      functions.push(this.physical(segment, bus, slot, firstFunction + i, canAts));
    }
    return { kind: 'device', internalRouting, functions };
  }

  private physical(segment: number, bus: number, slot: number, i: number, canAts: boolean): PhysicalFunctionDocument {
    this.functions += 1;
    const at = address(segment, bus, slot) + i;
    const acs = this.pick(4) === 3 ? this.acs() : undefined;
    const kind = this.one('zip', 'zip', 'sec', 'hpre', 'other');
    const alone = kind === 'other' && this.pick(2) === 1;
    if (alone) return { at, kind, bars: [this.bar(2, 65_536, 1)], acs, ...this.settings(canAts) };
    const inPf = kind !== 'other' && this.pick(4) === 3;
    const version = inPf ? 'V4' : this.one('V3', 'V3', 'V3', 'V4', 'V2');
    const driver = this.pick(12) !== 11;
    const bars = inPf ? [this.bar(2, PF_BAR_BYTES, 1)] : [];
    return { at, kind, version, driver, bars, acs, sriov: this.sriov(at, i, inPf, canAts) };
  }

  private sriov(at: number, i: number, inPf: boolean, canAts: boolean): SriovDocument {
    const room = FUNCTIONS_MAX - this.functions;
    const vfs = Math.min(1 + this.pick(3), Math.max(1, room));
    this.functions += vfs;
    const each: Record<string, FunctionSettings> = {};
    for (let n = 1; n <= vfs; n++)
      each[n] = { ...this.settings(canAts), clip: this.one('all', 'all', 'all', 'info', 'none') };
    const segment = at >> 16;
    // Behind a port VFs may also be on a bus of their own, which only SR-IOV knows.
    const far = this.pick(8) === 7 && this.bus[segment] === ((at >> 8) & 0xff);
    if (far) this.bus[segment]! += 1;
    const own = at & 0xff;
    const offset = far ? 0x100 : 32 + ((own >> 3) * 2 + i) * 4 - own;
    const bytes = this.one(64 * KIB, 64 * KIB, 128 * KIB, 8 * KIB);
    return {
      offset,
      stride: 1,
      vfs,
      bars: [this.bar(2, bytes, vfs)],
      window: inPf ? 'pf-bar' : 'vf-bar',
      all: { clip: 'all' },
      each,
    };
  }

  private settings(canAts: boolean): FunctionSettings {
    const tenant = this.one('vm1', 'vm2', 'vm3', 'vm1', 'vm2', 'host');
    this.owners.add(tenant);
    const stream = this.one(undefined, undefined, undefined, undefined, 'translate', 'bypass', 'abort');
    const ats = this.pick(5);
    const settings: Mutable<FunctionSettings> = { tenant };
    if (stream !== undefined) settings.stream = stream;
    if (canAts && ats >= 3) settings.ats = { enabled: this.pick(5) !== 4, guestChooses: ats === 4 };
    return settings;
  }

  private bar(bar: number, size: number, times: number): BarDocument {
    const at = Math.ceil(this.nextBar / size) * size;
    this.nextBar = at + size * times;
    const made = { bar, at, size };
    this.barsMade.push(made);
    return made;
  }

  private tenantsOf(): TopologyDocument['tenants'] {
    const tenants: TopologyDocument['tenants'] = {};
    for (const name of this.owners) {
      if (name === 'host') continue;
      const choice = this.pick(10);
      if (choice < 7) continue;
      const sysfs: { at: number; size: number }[] = [];
      if (choice >= 8 && this.barsMade.length > 0) {
        const { at, size } = this.barsMade[this.pick(this.barsMade.length)]!;
        const part = this.pick(4);
        sysfs.push({ at: at + (size / 4) * part, size: (size / 4) * (1 + this.pick(4)) });
      }
      tenants[name] = { mapsBars: choice !== 7, sysfs };
    }
    return tenants;
  }
}

function address(segment: number, bus: number, slot: number): number {
  return segment * 0x10000 + bus * 0x100 + slot * 8;
}
