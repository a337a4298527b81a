/**
 * Configuration space of a PCI function as bytes: what lspci -x to -xxxx and the collector print, decoded.
 *
 * Layout: PCI Express Base Specification as in include/uapi/linux/pci_regs.h and lib/header.h of pciutils.
 */
import { formatAcsBits } from '../../../sim/pci/acs.ts';
import { EXPRESS_TYPES, type FunctionFacts, type FunctionType, hexAddress, type SriovFacts } from './facts.ts';
import { isKeyOf } from '../../../sim/base/keys.ts';

const CONFIG_BYTES = 4096;
const STANDARD_BYTES = 256;
/** Without the right to read more, the kernel gives this much. */
const HEADER_BYTES = 64;
/** Capability of the standard list. */
const EXPRESS = 0x10;
/** Extended capabilities. */
const EXTENDED = { acs: 0x0d, ari: 0x0e, ats: 0x0f, sriov: 0x10, pri: 0x13, pasid: 0x1b } as const;
type ExtendedName = keyof typeof EXTENDED;
const ACS_EGRESS_CONTROL = 0x20;
const BARS = { device: 6, bridge: 2 } as const;

type ConfigFacts = Omit<FunctionFacts, 'address' | 'name' | 'className'>;

export class ConfigSpace {
  private readonly bytes = new Uint8Array(CONFIG_BYTES);
  private readonly known = new Uint8Array(CONFIG_BYTES);
  /** Bytes that can be read of the function; undefined: as many as were given without a gap. */
  private size: number | undefined;
  /** Offset of each extended capability, where a list of them was given. */
  private readonly listed = new Map<number, number>();
  private isListed = false;

  /** @returns false when the bytes are beyond the end, or differ from ones that were given before */
  put(offset: number, bytes: readonly number[]): boolean {
    if (offset + bytes.length > CONFIG_BYTES) return false;
    for (const [i, byte] of bytes.entries()) {
      if (this.known[offset + i] === 1 && this.bytes[offset + i] !== byte) return false;
      this.bytes[offset + i] = byte;
      this.known[offset + i] = 1;
    }
    return true;
  }

  /** Says how many bytes the function lets read; from then on extended capabilities are those of {@link list}. */
  sizeIs(bytes: number): void {
    this.size = bytes;
    this.isListed = true;
  }

  /** An extended capability that is there. */
  list(offset: number, id: number): void {
    this.listed.set(id, offset);
  }

  get isEmpty(): boolean {
    return !this.has(0, HEADER_BYTES);
  }

  /** Whether more than the header was given. */
  get isPrivileged(): boolean {
    return this.readable() > HEADER_BYTES;
  }

  /** What the bytes say. Where they end, what is beyond is left out. */
  facts(): ConfigFacts {
    if (this.isEmpty) return {};
    const isVf = this.word(0) === 0xffff;
    // A device that is off answers with ones in every byte.
    if (isVf && this.bytes[0x0e] === 0xff) return {};
    const facts: ConfigFacts = isVf ? {} : this.header();
    return { ...facts, ...this.express(), ...this.extended() };
  }

  private readable(): number {
    if (this.size !== undefined) return this.size;
    const end = this.known.indexOf(0);
    return end < 0 ? CONFIG_BYTES : end;
  }

  private header(): ConfigFacts {
    const isBridge = (this.bytes[0x0e]! & 0x7f) === 1;
    return {
      vendor: hex(this.word(0), 4),
      device: hex(this.word(2), 4),
      class: hex(this.word(0x0a), 4),
      revision: hex(this.bytes[8]!, 2),
      multifunction: (this.bytes[0x0e]! & 0x80) !== 0,
      bars: this.baseAddresses(0x10, isBridge ? BARS.bridge : BARS.device),
      ...(isBridge
        ? {
            primary: hex(this.bytes[0x18]!, 2),
            secondary: hex(this.bytes[0x19]!, 2),
            subordinate: hex(this.bytes[0x1a]!, 2),
          }
        : {}),
    };
  }

  /** Base addresses; a 64-bit one takes the next register too. */
  private baseAddresses(offset: number, count: number): { bar: number; at: string; io?: true }[] {
    const found: { bar: number; at: string; io?: true }[] = [];
    for (let bar = 0; bar < count; bar++) {
      const low = this.long(offset + 4 * bar);
      const isIo = (low & 1) !== 0;
      const isLong = !isIo && ((low >> 1) & 3) === 2 && bar + 1 < count;
      const high = isLong ? this.long(offset + 4 * (bar + 1)) : 0;
      const base = (low & (isIo ? ~3 : ~15)) >>> 0;
      const at = hexAddress(hex(high, 8) + hex(base, 8));
      if (base !== 0 || high !== 0) found.push(isIo ? { bar, at, io: true } : { bar, at });
      if (isLong) bar += 1;
    }
    return found;
  }

  private express(): ConfigFacts {
    const at = this.expressOffset();
    if (at === undefined) return {};
    if (at === null) return { type: 'conventional' };
    const flags = this.word(at + 2);
    const number = (flags >> 4) & 15;
    const type: FunctionType | undefined = isKeyOf(EXPRESS_TYPES, number) ? EXPRESS_TYPES[number] : undefined;
    const isPort = type === 'root-port' || type === 'switch-downstream';
    return {
      ...(type === undefined ? {} : { type }),
      ...(isPort ? { slot: (flags & 0x100) !== 0 } : {}),
      ...(isPort && this.has(at + 0x0c, 4) ? { portNumber: this.bytes[at + 0x0f]! } : {}),
      ...(isPort && this.has(at + 0x28, 2) ? { ariForwarding: (this.word(at + 0x28) & 0x20) !== 0 } : {}),
    };
  }

  /** Null: there is none. Undefined: the bytes do not say. */
  private expressOffset(): number | null | undefined {
    const hasList = (this.word(6) & 0x10) !== 0;
    if (!hasList) return null;
    if (this.isListed) {
      for (let at = HEADER_BYTES; at < STANDARD_BYTES; at += 4)
        if (this.has(at, 4) && this.bytes[at] === EXPRESS) return at;
      return this.readable() >= STANDARD_BYTES ? null : undefined;
    }
    const seen = new Set<number>();
    let at = this.bytes[0x34]! & 0xfc;
    while (at >= HEADER_BYTES && !seen.has(at)) {
      if (!this.has(at, 4)) return undefined;
      if (this.bytes[at] === EXPRESS) return at;
      if (this.bytes[at] === 0xff) return undefined;
      seen.add(at);
      at = this.bytes[at + 1]! & 0xfc;
    }
    // A list that leads back to itself is broken: what should follow is unknown.
    return seen.has(at) ? undefined : null;
  }

  /** The extended capabilities that matter; null for each that is not there. */
  private extended(): ConfigFacts {
    const express = this.expressOffset();
    if (express === undefined) return {};
    const offsets = express === null ? new Map<number, number>() : this.extendedOffsets();
    if (offsets === undefined) return {};
    const read = <Name extends ExtendedName>(
      name: Name,
      bytes: number,
      decode: (at: number) => FunctionFacts[Name],
    ) => {
      const at = offsets.get(EXTENDED[name]);
      if (at === undefined) return { [name]: null };
      return this.has(at, bytes) ? { [name]: decode(at) } : {};
    };
    return {
      ...read('acs', 8, (at) => this.acs(at)),
      ...read('ats', 8, (at) => ({ enabled: (this.word(at + 6) & 0x8000) !== 0 })),
      ...read('pasid', 8, (at) => ({ enabled: (this.word(at + 6) & 1) !== 0 })),
      ...read('pri', 6, (at) => ({ enabled: (this.word(at + 4) & 1) !== 0 })),
      ...read('ari', 6, (at) => ({ nextFunction: this.bytes[at + 5]! })),
      ...read('sriov', 0x3c, (at) => this.sriov(at)),
    };
  }

  /** Offsets by ID; undefined: the bytes do not go so far. */
  private extendedOffsets(): ReadonlyMap<number, number> | undefined {
    if (this.isListed) return this.readable() === CONFIG_BYTES ? this.listed : undefined;
    const found = new Map<number, number>();
    const seen = new Set<number>();
    let at = STANDARD_BYTES;
    while (at >= STANDARD_BYTES) {
      // Not so far, or in a circle: whatever else there is stays unknown.
      if (!this.has(at, 4) || seen.has(at)) return undefined;
      seen.add(at);
      const head = this.long(at);
      if (head === 0 || head === 0xff_ff_ff_ff) return found;
      const id = head & 0xffff;
      if (!found.has(id)) found.set(id, at);
      at = (head >>> 20) & 0xffc;
    }
    return found;
  }

  private acs(at: number): FunctionFacts['acs'] {
    const capability = this.word(at + 4);
    const words = { can: bitNames(capability), on: bitNames(this.word(at + 6)) };
    if ((capability & ACS_EGRESS_CONTROL) === 0) return words;
    const ports = (capability >> 8) & 0xff || 256;
    if (!this.has(at + 8, Math.ceil(ports / 32) * 4)) return words;
    const egress: number[] = [];
    for (let port = 0; port < ports; port++) {
      if (((this.bytes[at + 8 + (port >> 3)]! >> (port & 7)) & 1) !== 0) egress.push(port);
    }
    return { ...words, egress };
  }

  private sriov(at: number): SriovFacts {
    return {
      enabled: (this.word(at + 8) & 1) !== 0,
      initialVfs: this.word(at + 0x0c),
      totalVfs: this.word(at + 0x0e),
      numVfs: this.word(at + 0x10),
      offset: this.word(at + 0x14),
      stride: this.word(at + 0x16),
      vfDevice: hex(this.word(at + 0x1a), 4),
      bars: this.baseAddresses(at + 0x24, BARS.device),
    };
  }

  private has(offset: number, bytes: number): boolean {
    for (let i = offset; i < offset + bytes; i++) if (this.known[i] !== 1) return false;
    return true;
  }

  private word(offset: number): number {
    return this.bytes[offset]! | (this.bytes[offset + 1]! << 8);
  }

  private long(offset: number): number {
    return (this.word(offset) | (this.word(offset + 2) << 16)) >>> 0;
  }
}

/** ACS bits as names; the empty text for none. */
export function bitNames(bits: number): string {
  return (bits & 0x7f) === 0 ? '' : formatAcsBits(bits & 0x7f);
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
