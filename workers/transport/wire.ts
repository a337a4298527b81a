/**
 * Messages between the two processes of a move, byte by byte: a header of 32 bytes, then a payload.
 *
 *    0 magic u32 "SCVT" | 4 version u8 | 5 type u8 | 6 channel u8 | 7 flags u8
 *    8 sequence u32     | 12 payload bytes u32 | 16 item u32 | 20 iteration u32
 *   24 CRC-32 of the payload u32 (0: a chunk without one) | 28 CRC-32 of bytes 0 to 27 u32
 *
 * All numbers are little endian. docs/transport.md describes what each message means, and which side may send it when.
 */
import { crc32 } from 'node:zlib';

import { UserError } from '../../sim/base/user-error.ts';
import { MIB } from '../../sim/base/units.ts';

/** "SCVT" in little endian. */
const WIRE_MAGIC = 0x54564353;
const WIRE_VERSION = 2;
export const HEADER_BYTES = 32;
/** Longest payload of a message that is no chunk, in bytes. */
export const CONTROL_BYTES_MAX = 64 * 1024;

export const CHANNELS_MAX = 8;
/** Least and largest size of a chunk, in bytes. */
export const CHUNK_BYTES_MIN = 64 * 1024;
export const CHUNK_BYTES_MAX = MIB;
/** Largest parcel that can be named by 32-bit chunk numbers and that a destination will hold in one piece, in bytes. */
export const PARCEL_BYTES_MAX: number = 2 ** 32 - 1;

/** Types of messages. */
export const MESSAGE = {
  /** Source, first on every connection: its version and what it brings. */
  hello: 1,
  /** Destination: the answer to a hello. */
  welcome: 2,
  /** Source: a piece of the parcel; `item` is its number. */
  chunk: 3,
  /** Destination: all messages of this connection up to `item` have been dealt with. No payload. */
  ack: 4,
  /** Source: asks for an acknowledgement. No payload. */
  sync: 5,
  /** Source: a question of the switchover; `item` numbers it. */
  request: 6,
  /** Destination: the answer to request `item`. */
  reply: 7,
  /** Either: a sentence why this connection, or the whole session, ends. */
  refuse: 8,
} as const;

export type MessageType = (typeof MESSAGE)[keyof typeof MESSAGE];

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(MESSAGE).map(([name, type]) => [type, name]),
);

/** Flag of a message that wants to be acknowledged at once. */
export const ACK_NOW = 1;
/** Flag of a chunk whose payload has a checksum. */
export const CHECKED = 2;

export interface Header {
  readonly type: MessageType;
  readonly channel: number;
  readonly flags: number;
  /** Messages sent before on this connection in this direction, modulo 2^32. */
  readonly sequence: number;
  /** Length of the payload, in bytes. */
  readonly bytes: number;
  readonly item: number;
  readonly iteration: number;
  /** CRC-32 of the payload. */
  readonly crc: number;
}

export function nameOfType(type: number): string {
  return NAMES[type] ?? `type ${type}`;
}

/** The 32 bytes of a header, to be written or read again and again. */
export class HeaderBytes {
  readonly bytes: Buffer;
  private readonly view: DataView;
  /** What the header's checksum is of. */
  private readonly covered: Uint8Array;

  constructor(bytes: Buffer = Buffer.alloc(HEADER_BYTES)) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
    this.covered = bytes.subarray(0, CRC_AT);
  }

  /** Bytes that may still be on their way must not be written again. @returns the bytes */
  write(header: Header): Buffer {
    const { view } = this;
    view.setUint32(0, WIRE_MAGIC, true);
    view.setUint8(4, WIRE_VERSION);
    view.setUint8(5, header.type);
    view.setUint8(6, header.channel);
    view.setUint8(7, header.flags);
    view.setUint32(8, header.sequence, true);
    view.setUint32(12, header.bytes, true);
    view.setUint32(16, header.item, true);
    view.setUint32(20, header.iteration, true);
    view.setUint32(24, header.crc, true);
    view.setUint32(CRC_AT, crc32(this.covered), true);
    return this.bytes;
  }

  /**
   * Reads and checks the header; its payload is checked when it is there.
   *
   * @throws Damage
   */
  read(): Header {
    const { view } = this;
    const magic = view.getUint32(0, true);
    if (magic !== WIRE_MAGIC) throw new Damage(`it starts with 0x${magic.toString(16)}, not with "SCVT"`, FOREIGN);
    const version = view.getUint8(4);
    if (version !== WIRE_VERSION) {
      throw new Damage(
        `protocol version ${version}, this stopcopy knows ${WIRE_VERSION}`,
        'use the same stopcopy on both sides',
      );
    }
    if (crc32(this.covered) !== view.getUint32(CRC_AT, true)) {
      throw new Damage('the checksum of the header does not fit', TRY_AGAIN);
    }
    const type = view.getUint8(5);
    if (NAMES[type] === undefined) throw new Damage(`message type ${type} is not known`, FOREIGN);
    return {
      type: type as MessageType,
      channel: view.getUint8(6),
      flags: view.getUint8(7),
      sequence: view.getUint32(8, true),
      bytes: view.getUint32(12, true),
      item: view.getUint32(16, true),
      iteration: view.getUint32(20, true),
      crc: view.getUint32(24, true),
    };
  }
}

const CRC_AT = 28;

/** What is wrong with a stream, without the place. */
export class Damage extends Error {
  override readonly name = 'Damage';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

export const TRY_AGAIN = 'the destination loaded nothing and the source keeps its VM: send it again';
const FOREIGN = 'this is no stream of stopcopy send';

/** A refusal of a stream, for the user: what is wrong and where. */
export function damageRefusal(damage: Damage, place: string): UserError {
  return new UserError('input', `stream refused on ${place}: ${damage.message}`, damage.hint);
}
