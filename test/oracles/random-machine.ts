/**
 * Machines out of bytes, for groups: each byte answers one question, and 0 is the answer that adds nothing, so that shorter and
 * smaller bytes give smaller machines. No VM has anything; what counts is what is in which slot, and what Linux makes of it.
 */
import type { Random } from '../../sim/base/random.ts';
import { parseId, type PciId } from '../../sim/pci/pci-id.ts';
import type {
  AcsDocument,
  BridgeDocument,
  DeviceDocument,
  NodeDocument,
  PhysicalFunctionDocument,
  PortDocument,
  SriovDocument,
  SwitchDocument,
  TopologyDocument,
} from '../../sim/pci/topology-file.ts';

export const MACHINE_BYTES = 200;

const ALL = 0x7f;
const GOOD = 0x1d;
const PARTS_MAX = 60;

const PORT_IDS = ids(
  '8086:1d10 8086:8c9e 8086:a110 8086:9d1b 1d17:0710 1d17:0800 17cb:0400 177d:a000 177d:a026 1957:8d80 1c36:0031 0014:7a09 ' +
    '111d:80b5 111d:8090 14e4:9000 14e4:d714 19e5:a120 1def:e005 8086:1521',
);
const FUNCTION_IDS = ids(
  '8086:1521 8086:9a0b 1022:780f 1002:4383 8088:1001 8088:5000 1924:0903 19e5:a250 1d17:3038 14e4:16d7 177d:a026',
);
const ALIAS_IDS = ids('1b4b:9215 1180:e832 6766:3d40 10b5:87b0 8086:2954 8086:2260 1c28:0122 1103:0645 197b:2392');
const ADAPTEC = parseId('9005:0285 subsystem 9005:02bb');

function ids(text: string): readonly PciId[] {
  return text.split(' ').map((each) => parseId(each));
}

export function machineTape(random: Random): Uint8Array {
  const tape = Uint8Array.from({ length: 16 + random.below(MACHINE_BYTES - 16) }, () => random.below(256));
  return tape;
}

export function machineFrom(tape: ArrayLike<number>): TopologyDocument {
  return new MachineDecoder(tape).document();
}

class MachineDecoder {
  private readonly tape: ArrayLike<number>;
  private place = 0;
  private parts = 0;
  private bus = 0;
  private segment = 0;
  private readonly vmd: Record<string, number> = {};

  constructor(tape: ArrayLike<number>) {
    this.tape = tape;
  }

  private pick(n: number): number {
    const byte = this.place < this.tape.length ? this.tape[this.place]! : 0;
    this.place += 1;
    return byte % n;
  }

  private one<T>(...choices: readonly T[]): T {
    return choices[this.pick(choices.length)]!;
  }

  document(): TopologyDocument {
    const kernel = this.one('7.3', '6.12');
    const commandLine = this.commandLine();
    const tree = this.domain(0);
    if (this.pick(5) === 4) tree.push(...this.domain(1));
    if (this.pick(6) === 5) tree.push(...this.vmdDomain());
    return {
      format: 'stopcopy-topology/1',
      title: '',
      rootComplex: { p2p: 'none' },
      iommu: { streams: 'translate', reflectsToMmio: false, backend: 'type1' },
      hostPageSize: 4096,
      turnaround: 'loopback',
      kernel,
      ...(commandLine === '' ? {} : { commandLine }),
      vmd: this.vmd,
      tree,
      tenants: {},
      expect: [],
    };
  }

  private commandLine(): string {
    switch (this.pick(12)) {
      case 6:
        return 'pcie_acs_override=downstream';
      case 7:
        return 'quiet pcie_acs_override=multifunction';
      case 8:
        return 'pcie_acs_override=downstream,multifunction';
      case 9:
        return `pcie_acs_override=id:${this.one('1b4b:9215', '8086:9a0b', '19e5:a120', '19e5:a250')}`;
      case 10:
        return `pci=config_acs=${this.one('10x', '11101', 'x0xxx', '0000000')}@${this.named()}`;
      case 11:
        return `pci=noaer,disable_acs_redir=${this.named()}`;
      default:
        return '';
    }
  }

  private named(): string {
    return this.one(
      '0000:00:01.0',
      'pci:19e5:a120',
      'pci:0:0',
      'pci:8086:0',
      '0000:00:02.0;0000:00:02.1',
      '0000:00:01.1',
    );
  }

  /** A bus of a root complex, and what is below it. Slots hold ports and functions as they come. */
  private domain(segment: number): NodeDocument[] {
    this.segment = segment;
    this.bus = 0;
    const tree: NodeDocument[] = [];
    const slots = 1 + this.pick(4);
    for (let slot = 1; slot <= slots; slot++) tree.push(...this.rootSlot(slot));
    return tree;
  }

  private rootSlot(slot: number): NodeDocument[] {
    const at = this.address(0, slot);
    switch (this.pick(8)) {
      case 1:
        return [this.device(at, 1 + this.pick(4), this.rootType())];
      case 2:
        return [this.hostBridge(at), ...this.rootPorts(at + 1)];
      case 3:
        return [this.device(at, 1, 'integrated-endpoint', true)];
      case 4:
        return [this.bridge(at, this.one<BridgeDocument['express']>('none', 'pcie-to-pci-bridge', undefined), 3)];
      case 5:
        return [this.device(at, 1 + this.pick(3), 'integrated-endpoint', true)];
      default:
        return this.rootPorts(at);
    }
  }

  private rootType(): PhysicalFunctionDocument['express'] {
    return this.one<PhysicalFunctionDocument['express']>('none', 'integrated-endpoint', 'event-collector', undefined);
  }

  private hostBridge(at: number): DeviceDocument {
    this.parts += 1;
    const fn: PhysicalFunctionDocument = { at, kind: 'other', express: 'none', bars: [] };
    return { kind: 'device', internalRouting: 'loop-any', functions: [fn] };
  }

  private rootPorts(at: number): PortDocument[] {
    const count = 1 + this.pick(3);
    return Array.from({ length: count }, (_, i) => this.port('root-port', at + i, 1));
  }

  private port(kind: PortDocument['kind'], at: number, level: number): PortDocument {
    this.parts += 1;
    this.bus += 1;
    const secondary = this.bus;
    const port = { id: this.id(PORT_IDS), acs: this.acs(), ...this.mark() };
    const below = this.pick(8) === 7 ? [] : this.partners(secondary, level);
    return { kind, at, ...port, buses: { secondary, subordinate: this.bus }, below };
  }

  private partners(bus: number, level: number): NodeDocument[] {
    const at = this.address(bus, 0);
    if (level >= 4 || this.parts > PARTS_MAX) return [this.device(at, 1)];
    switch (this.pick(9)) {
      case 4:
      case 5:
        return [this.switch(at, level)];
      case 6:
        return [this.bridge(at, undefined, level)];
      case 7:
        return [this.switch(at, level, this.acs()), this.device(at + 1, 1 + this.pick(2))];
      case 8:
        return [this.bridge(at, undefined, level), this.bridge(at + 1, undefined, level)];
      default:
        return [
          this.device(at, 1 + this.pick(3), this.one(undefined, undefined, 'legacy-endpoint'), this.pick(3) === 2),
        ];
    }
  }

  private switch(at: number, level: number, acs?: AcsDocument): SwitchDocument {
    this.parts += 1;
    this.bus += 1;
    const secondary = this.bus;
    const count = 1 + this.pick(3);
    const inOneSlot = this.pick(4) === 3;
    const below = Array.from({ length: count }, (_, i) =>
      this.port('downstream-port', this.address(secondary, inOneSlot ? 0 : i) + (inOneSlot ? i : 0), level + 1),
    );
    return { kind: 'switch', at, ...this.mark(), acs, buses: { secondary, subordinate: this.bus }, below };
  }

  private bridge(at: number, express: BridgeDocument['express'], level: number): BridgeDocument {
    this.parts += 1;
    this.bus += 1;
    const secondary = this.bus;
    const id = this.pick(8) === 7 ? parseId('1a03:1150') : undefined;
    const below: NodeDocument[] = [];
    const count = 1 + this.pick(2);
    for (let i = 0; i < count; i++) {
      const slot = this.address(secondary, i);
      const isInner = level < 4 && this.pick(5) === 4;
      below.push(isInner ? this.bridge(slot, undefined, level + 1) : this.device(slot, 1 + this.pick(2)));
    }
    return { kind: 'pci-bridge', at, id, express, ...this.mark(), buses: { secondary, subordinate: this.bus }, below };
  }

  private device(
    at: number,
    count: number,
    express?: PhysicalFunctionDocument['express'],
    hasVfs = false,
  ): DeviceDocument {
    const functions: PhysicalFunctionDocument[] = [];
    const isEmpty = this.pick(5) === 4;
    for (let i = 0; i < count; i++) {
      this.parts += 1;
      const id = this.pick(4) === 3 ? this.one(...ALIAS_IDS, ADAPTEC) : this.id(FUNCTION_IDS);
      const acs = isEmpty ? EMPTY : this.pick(3) === 2 ? this.acs() : undefined;
      const sriov = hasVfs && i === 0 ? this.sriov(at) : undefined;
      functions.push({ at: at + i, kind: 'other', id, express, ...this.mark(), bars: [], acs, sriov });
    }
    return { kind: 'device', internalRouting: 'loop-any', functions };
  }

  /** VFs of the first function of a slot: in the slot itself, in others of the bus, or on the next bus. */
  private sriov(at: number): SriovDocument | undefined {
    const vfs = 1 + this.pick(3);
    this.parts += vfs;
    const where = this.pick(3);
    const isOnRoot = Math.floor(at / 0x100) % 0x100 === 0;
    if (where === 2 && !isOnRoot && this.bus === Math.floor(at / 0x100) % 0x100) this.bus += 1;
    else if (where === 2) return undefined;
    const offset = [4, 0x80, 0x100][where]!;
    const all = { tenant: 'host', clip: 'all' } as const;
    return { offset, stride: 1, vfs, bars: [], window: 'vf-bar', all, each: {} };
  }

  private vmdDomain(): NodeDocument[] {
    const controller = this.device(this.address(0, 30), 1, 'integrated-endpoint');
    this.vmd['10000'] = controller.functions[0]!.at;
    return [controller, ...this.domain(0x1_0000)];
  }

  private mark(): { multifunction?: boolean } {
    return this.pick(12) === 11 ? { multifunction: this.pick(2) === 0 } : {};
  }

  private id(from: readonly PciId[]): PciId | undefined {
    return this.pick(3) === 2 ? from[this.pick(from.length)] : undefined;
  }

  private acs(): AcsDocument | undefined {
    switch (this.pick(8)) {
      case 3:
        return undefined;
      case 4:
        return EMPTY;
      case 5: {
        const can = ALL & ~(1 << this.pick(7));
        return { can, on: GOOD & can, wired: 0, egress: [], firmware: can & this.pick(128) };
      }
      case 6:
        return { can: GOOD, on: GOOD ^ (1 << this.one(0, 2, 3, 4)), wired: 0, egress: [] };
      case 7:
        return { on: 0, wired: 0, egress: [], override: this.pick(2) === 0 ? GOOD : GOOD ^ 1 };
      default:
        return { can: ALL, on: GOOD, wired: 0, egress: [] };
    }
  }

  private address(bus: number, slot: number): number {
    return this.segment * 0x1_0000 + bus * 0x100 + slot * 8;
  }
}

const EMPTY: AcsDocument = { can: 0, on: 0, wired: 0, egress: [] };
