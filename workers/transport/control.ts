/**
 * Messages of the two sides other than chunks: small msgpack maps, checked by the side that reads them.
 */
import { Packr } from 'msgpackr';
import { z } from 'zod';

import { parseMessage } from '../../sim/base/schema.ts';
import { ACCELERATOR_KINDS } from '../../sim/abi/accelerators.ts';
import {
  CHANNELS_MAX,
  CHUNK_BYTES_MAX,
  CHUNK_BYTES_MIN,
  CONTROL_BYTES_MAX,
  Damage,
  PARCEL_BYTES_MAX,
  TRY_AGAIN,
} from './wire.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { bug } from '../../sim/base/bug.ts';
import { beyondBounds, type MessageBounds } from '../end/message-bounds.ts';

const packr = new Packr({ useRecords: false });
/** The longest message is a hello. */
const CONTROL_BOUNDS: MessageBounds = { values: 64, depth: 4 };
const count = z.number().int().min(0);
/** 128 random bits in hexadecimal. */
const token = z.string().regex(/^[0-9a-f]{32}$/);

export const helloSchema = z.strictObject({
  /** Names the move; the same on every channel and after a reconnect. */
  session: token,
  stopcopy: z.string().max(40),
  channels: z.number().int().min(1).max(CHANNELS_MAX),
  chunkBytes: z.number().int().min(CHUNK_BYTES_MIN).max(CHUNK_BYTES_MAX),
  /** Room of the parcel, in bytes. */
  parcelBytes: z.number().int().min(1).max(PARCEL_BYTES_MAX),
  vm: z.strictObject({
    kind: z.enum(ACCELERATOR_KINDS),
    queuePairs: count,
    isolation: count,
    dmaBase: count,
    driver: z.string().max(40),
  }),
});

/** The source's version and what it brings; compared with the destination before anything is made ready. */
export type Hello = z.output<typeof helloSchema>;
/** What kind of VM it is. */
export type VmIdentity = Hello['vm'];

export const welcomeSchema = z.strictObject({
  state: z.string().max(20),
  /** Names this run of the destination. Every request must repeat it, so that a recorded move is of no use to another run. */
  destination: token,
});

export const refuseSchema = z.strictObject({
  reason: z.string().max(2000),
  hint: z.string().max(2000).optional(),
  /** Whether it is no use to connect again. */
  final: z.boolean(),
  /** The destination's token: the VM of this session does not run there and never will. Absent: nothing is said of a VM. */
  gaveUp: token.optional(),
});

export type Refusal = z.output<typeof refuseSchema>;

/** What the last iteration brought. */
const sealSchema = z.strictObject({
  frameBytes: z.number().int().min(1),
  ledgerBytes: z.number().int().min(1),
  ledgerCrc: count,
});

export type Seal = z.output<typeof sealSchema>;

export const requestSchema = z.discriminatedUnion('ask', [
  /** Get a VF ready to take an image. */
  z.strictObject({ ask: z.literal('prepare'), to: token }),
  /** All is sent: check it, load it, run nothing. */
  z.strictObject({ ask: z.literal('load'), seal: sealSchema, to: token }),
  /** The VM is the destination's: run it. */
  z.strictObject({ ask: z.literal('commit'), to: token }),
  /** The source keeps its VM: forget it. */
  z.strictObject({ ask: z.literal('abort'), reason: z.string().max(2000), to: token }),
  /** The source knows that the VM runs at the destination, and goes. */
  z.strictObject({ ask: z.literal('bye'), to: token }),
]);

export type Request = z.output<typeof requestSchema>;
/** A request before its stream has written down whom it is for. */
export type Question = Request extends infer Each ? (Each extends Request ? Omit<Each, 'to'> : never) : never;

export const replySchema = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('prepared') }),
  z.strictObject({ is: z.literal('loaded') }),
  z.strictObject({ is: z.literal('running') }),
  z.strictObject({ is: z.literal('forgotten') }),
  /** The VM does not run here and never will. */
  z.strictObject({ is: z.literal('discarded'), reason: z.string().max(2000), hint: z.string().max(2000).optional() }),
]);

export type ControlReply = z.output<typeof replySchema>;

/** Bytes of a control message. */
export function packControl(
  value: Hello | Request | ControlReply | Refusal | z.output<typeof welcomeSchema>,
): Uint8Array {
  const bytes = packr.pack(value);
  if (bytes.length > CONTROL_BYTES_MAX) bug('CONTROL_BYTES', bytes.length);
  return bytes;
}

/** @throws Damage when the bytes are no such message */
export function unpackControl<T extends z.ZodType>(schema: T, bytes: Uint8Array, what: string): z.output<T> {
  const beyond = beyondBounds(bytes, CONTROL_BOUNDS);
  if (beyond !== null) throw new Damage(`${what}: it ${beyond}`, TRY_AGAIN);
  let message: unknown;
  try {
    message = packr.unpack(bytes);
  } catch {
    throw new Damage(`${what}: is no msgpack`, TRY_AGAIN);
  }
  try {
    return parseMessage(schema, message, what);
  } catch (error) {
    if (error instanceof UserError) throw new Damage(error.message, TRY_AGAIN);
    throw error;
  }
}

/** A sentence, short enough for a control message. */
export function sentence(text: string): string {
  return text.length <= 1000 ? text : `${text.slice(0, 999)}…`;
}
