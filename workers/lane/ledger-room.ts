/**
 * Where a guest thread leaves its ledger for the thread that saves, or finds one that came: shared bytes, of which the
 * first four say how many follow. Written by one thread, and read by the other after the word that hands the VM over.
 */
import { Packr } from 'msgpackr';

import { bug } from '../../sim/base/bug.ts';
import type { GuestLedger } from '../../sim/workload/ledger.ts';

const packr = new Packr({ useRecords: false });
const LENGTH_BYTES = 4;

/** @param bytes of the longest ledger */
export function createLedgerRoom(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(LENGTH_BYTES + bytes);
}

/** A ledger that is longer than its room leaves 0 bytes, which nobody takes for one. */
export function writeLedgerRoom(room: SharedArrayBuffer, ledger: GuestLedger): void {
  putLedgerBytes(room, packr.pack(ledger));
}

export function putLedgerBytes(room: SharedArrayBuffer, packed: Uint8Array): void {
  const fits = packed.length <= room.byteLength - LENGTH_BYTES;
  if (fits) new Uint8Array(room, LENGTH_BYTES).set(packed);
  new DataView(room).setUint32(0, fits ? packed.length : 0, true);
}

/** The packed ledger, as a copy; empty when it did not fit. */
export function ledgerBytes(room: SharedArrayBuffer): Uint8Array {
  const length = new DataView(room).getUint32(0, true);
  if (length > room.byteLength - LENGTH_BYTES) bug('LEDGER_ROOM', length);
  return new Uint8Array(room, LENGTH_BYTES, length).slice();
}

/** The ledger. It is of this process, or was checked when it came: a thread that starts need not load what checks it. */
export function readLedgerRoom(room: SharedArrayBuffer): GuestLedger {
  return packr.unpack(ledgerBytes(room)) as GuestLedger;
}
