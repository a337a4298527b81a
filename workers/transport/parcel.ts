/**
 * What travels of a VM: one run of bytes with the frame of its VF first (docs/image-stream.md) and its client's ledger
 * after it. Both sides have a parcel of the same size, so that a chunk's number says where it belongs.
 */
import { crc32 } from 'node:zlib';

import { Packr } from 'msgpackr';

import { ACC_VF_DATA_BYTES } from '../../sim/abi/vf-data.ts';
import { UserError } from '../../sim/base/user-error.ts';
import type { QueueLayout } from '../../sim/workload/layout.ts';
import { type GuestLedger, readLedger } from '../../sim/workload/ledger.ts';
import { frameBytesMax } from '../end/image-stream.ts';
import { beyondBounds } from '../end/message-bounds.ts';
import type { Seal } from './control.ts';

/** Room of a ledger, in bytes: six counts of at most nine bytes for each queue and some, and what was found wrong. */
const LEDGER_FIXED_BYTES = 128 * 1024;
const LEDGER_BYTES_PER_QUEUE = 128;
/** Its values at most: those of each queue, the violations that are kept, eleven each with their names, tasks overtaken. */
const LEDGER_VALUES_PER_QUEUE = 16;
const LEDGER_FIXED_VALUES = 32 * 1024;
const LEDGER_DEPTH = 6;

const packr = new Packr({ useRecords: false });

export class ParcelLayout {
  /** Bytes of room for the frame, which comes first. */
  readonly frameBytes: number;
  /** Bytes of room for the ledger after it. */
  readonly ledgerBytes: number;
  readonly bytes: number;
  private readonly queues: QueueLayout;

  constructor(queues: QueueLayout) {
    this.queues = queues;
    this.frameBytes = frameBytesMax(ACC_VF_DATA_BYTES, queues.sections);
    this.ledgerBytes = LEDGER_FIXED_BYTES + LEDGER_BYTES_PER_QUEUE * queues.queuePairs;
    this.bytes = this.frameBytes + this.ledgerBytes;
  }

  /**
   * Puts a packed ledger in its place.
   *
   * @returns what the destination is sent about the parcel
   * @throws UserError when there is no room for it
   */
  seal(parcel: Uint8Array, frameBytes: number, bytes: Uint8Array): Seal {
    if (bytes.length > this.ledgerBytes) {
      throw new UserError(
        'input',
        `the client ledger has ${bytes.length} bytes, a parcel has room for ${this.ledgerBytes}`,
        'the guest saw too many completions go wrong to be moved',
      );
    }
    parcel.set(bytes, this.frameBytes);
    return { frameBytes, ledgerBytes: bytes.length, ledgerCrc: crc32(bytes) };
  }

  /**
   * The frame's bytes and the ledger of a parcel. The ledger has been checked, the frame not yet.
   *
   * @throws UserError of kind `input`
   */
  open(parcel: Uint8Array, seal: Seal): { readonly frame: Uint8Array; readonly ledger: GuestLedger } {
    const { frameBytes, ledgerBytes, ledgerCrc } = seal;
    if (frameBytes > this.frameBytes || ledgerBytes > this.ledgerBytes) {
      refuse(
        `a frame of ${frameBytes} bytes and a ledger of ${ledgerBytes} came, there is room for ${this.frameBytes} and ${this.ledgerBytes}`,
      );
    }
    const packed = parcel.slice(this.frameBytes, this.frameBytes + ledgerBytes);
    if (crc32(packed) !== ledgerCrc) refuse('the checksum of the client ledger does not fit its bytes');
    return { frame: parcel.subarray(0, frameBytes), ledger: unpackLedger(packed, this.queues) };
  }
}

export function packLedger(ledger: GuestLedger): Uint8Array {
  return packr.pack(ledger);
}

/** @throws UserError of kind `input` when it is none, or none of such a VM */
export function unpackLedger(packed: Uint8Array, queues: QueueLayout): GuestLedger {
  const beyond = beyondBounds(packed, {
    values: LEDGER_FIXED_VALUES + LEDGER_VALUES_PER_QUEUE * queues.queuePairs,
    depth: LEDGER_DEPTH,
  });
  if (beyond !== null) refuse(`its client ledger ${beyond}`);
  let document: unknown;
  try {
    document = packr.unpack(packed);
  } catch {
    return refuse('its client ledger is no msgpack');
  }
  return readLedger(document, queues);
}

function refuse(message: string): never {
  throw new UserError('input', `parcel refused: ${message}`, 'the source keeps its VM: send it again');
}

/** A run of a parcel that counts, in bytes: the first, and the first after it. */
export type Run = readonly [from: number, to: number];

/** The parcels of one move at its source: each iteration is written to the other of two, and only what differs is sent. */
export class ParcelIterations {
  private readonly parcels: readonly [Uint8Array, Uint8Array];
  private readonly chunkBytes: number;
  /** Per chunk: whether the destination has ever been sent it. */
  private readonly sent: Uint8Array;
  private turn = 0;

  /** @param parcels two of the same size */
  constructor(parcels: readonly [Uint8Array, Uint8Array], chunkBytes: number) {
    this.parcels = parcels;
    this.chunkBytes = chunkBytes;
    this.sent = new Uint8Array(Math.ceil(parcels[0].length / chunkBytes));
  }

  /** Another destination, which has nothing yet. */
  restart(): void {
    this.sent.fill(0);
  }

  /** Which of the two parcels the iteration is to be written to, 0 or 1. */
  begin(): number {
    this.turn = 1 - this.turn;
    return this.turn;
  }

  /**
   * Numbers of the chunks that the destination does not have as they are in the iteration's parcel.
   *
   * @param used what counts of it
   */
  changed(used: readonly Run[]): number[] {
    const now = this.parcels[this.turn]!;
    const before = this.parcels[1 - this.turn]!;
    const changed: number[] = [];
    for (let chunk = 0, at = 0; at < now.length; chunk++, at += this.chunkBytes) {
      const end = Math.min(now.length, at + this.chunkBytes);
      const same = Buffer.compare(before.subarray(at, end), now.subarray(at, end)) === 0;
      if (this.sent[chunk] === 1 && same) continue;
      // What does not count is sent when it does; until then the destination has something else.
      const counts = used.some(([from, to]) => from < end && at < to);
      this.sent[chunk] = counts ? 1 : 0;
      if (counts) changed.push(chunk);
    }
    return changed;
  }
}
