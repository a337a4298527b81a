/**
 * The packed header of a frame, made once and kept: from one frame to the next only the checksums change.
 *
 * A checksum is packed as msgpack's 32-bit integer (a byte 0xce, then four bytes, big endian) whatever its value, so that
 * it can be put into its place, and every other byte of the header stays as it is.
 */
import { Packr } from 'msgpackr';

import { bug } from '../../sim/base/bug.ts';

interface FrameSection {
  readonly name: string;
  /** Where the bytes belong in the VM's queue structures; 0 for the register image. */
  readonly offset: number;
  readonly bytes: number;
  readonly crc: number;
}

/** What is sent, from what sort of VF; compared with the destination before a byte is loaded. */
export interface FrameIdentity {
  /** VF PCI device id. */
  readonly deviceId: number;
  readonly queuePairs: number;
  readonly isolation: number;
  /** DMA address of the queue structures. */
  readonly dmaBase: number;
}

export interface FrameHeader extends FrameIdentity {
  readonly driver: string;
  readonly sections: readonly FrameSection[];
}

/** A run of the sender's memory to be sent, or of the receiver's to be filled. */
export interface SectionPlace {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Everything of a header but the checksums. */
interface HeaderFacts extends FrameIdentity {
  readonly driver: string;
  /** The register image first. */
  readonly sections: readonly SectionPlace[];
}

const packr = new Packr({ useRecords: false });

/** Two checksums that differ in each byte, and that msgpack packs as 32 bits. */
const PROBES = [0xffff_ffff, 0xfefe_fefe] as const;
const CHECKSUM_BYTES = 4;

export class HeaderTemplate {
  /** The packed header. Its checksums are those last set, or last compared. */
  readonly bytes: Buffer;
  /** Where each section's checksum starts. */
  private readonly holes: readonly number[];

  constructor({ deviceId, queuePairs, isolation, dmaBase, driver, sections }: HeaderFacts) {
    const packed = (crc: number): Buffer => {
      const header: FrameHeader = {
        deviceId,
        queuePairs,
        isolation,
        dmaBase,
        driver,
        sections: sections.map(({ name, offset, bytes }) => ({ name, offset, bytes, crc })),
      };
      // What msgpackr gives is a piece of its own large buffer.
      return Buffer.from(packr.pack(header));
    };
    this.bytes = packed(PROBES[0]);
    const other = packed(PROBES[1]);
    const holes: number[] = [];
    for (let at = 0; at < other.length; at++) {
      if (other[at] === this.bytes[at]) continue;
      holes.push(at);
      at += CHECKSUM_BYTES - 1;
    }
    if (holes.length !== sections.length) bug('FRAME_HEADER_HOLES', holes.length, sections.length);
    this.holes = holes;
  }

  /** Puts a section's checksum into {@link bytes}. */
  setChecksum(section: number, crc: number): void {
    const { bytes } = this;
    const at = this.holes[section]!;
    bytes[at] = crc >>> 24;
    bytes[at + 1] = crc >>> 16;
    bytes[at + 2] = crc >>> 8;
    bytes[at + 3] = crc;
  }

  /** A section's checksum in {@link bytes}. */
  checksum(section: number): number {
    const { bytes } = this;
    const at = this.holes[section]!;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /**
   * Whether a packed header differs from this one in its checksums at most. They are then in {@link bytes}.
   */
  takes(packed: Uint8Array): boolean {
    const { bytes } = this;
    if (packed.length !== bytes.length) return false;
    for (const at of this.holes) {
      for (let i = at; i < at + CHECKSUM_BYTES; i++) bytes[i] = packed[i]!;
    }
    return bytes.equals(packed);
  }
}
