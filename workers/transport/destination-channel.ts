/**
 * One connection to a destination: first a stranger, after its hello a channel of the session.
 */
import type { Socket } from 'node:net';
import { crc32 } from 'node:zlib';

import { UserError } from '../../sim/base/user-error.ts';
import { packControl, type Refusal, sentence } from './control.ts';
import { type ReadMode, readInto } from './direct-read.ts';
import { destroyUnlessGone } from './endpoint.ts';
import type { TransportLimits } from './limits.ts';
import { MessageReader, type MessageSink } from './message-reader.ts';
import {
  ACK_NOW,
  Damage,
  type Header,
  HEADER_BYTES,
  MESSAGE,
  type MessageType,
  nameOfType,
  HeaderBytes,
} from './wire.ts';
import { MIB } from '../../sim/base/units.ts';

/** Bytes of chunks after which they are acknowledged. */
const ACK_BYTES = MIB;
/** Answers that a source has not taken, in bytes, before it counts as broken. */
const UNREAD_BYTES_MAX = MIB;
/** How long a connection that was ended may take to go, in ms. */
const END_MS = 500;

const NOTHING = new Uint8Array();

/** What a channel works for. */
export interface DestinationChannelOwner {
  readonly limits: TransportLimits;
  /** Bytes of payload that came, and of them those that were copied in user space: a channel adds its own. */
  payloadBytes: number;
  copiedBytes: number;
  /** Something came over a channel that has said hello. */
  heard(): void;
  /** The first message of a channel. @throws Damage, or UserError when the source is refused */
  hello(channel: DestinationChannel, header: Header, payload: Uint8Array): void;
  /** Says where a chunk goes; null: nowhere. @throws Damage */
  chunkBegins(channel: DestinationChannel, header: Header): Uint8Array | null;
  chunkEnds(header: Header): void;
  /** @throws Damage */
  request(channel: DestinationChannel, id: number, payload: Uint8Array): void;
  lost(channel: DestinationChannel, reason: string): void;
}

export class DestinationChannel implements MessageSink {
  private readonly owner: DestinationChannelOwner;
  private readonly reader: MessageReader;
  private readonly socket: Socket;
  private readonly handshake: NodeJS.Timeout;
  /** Its number; null before its hello. */
  private index: number | null = null;
  private gone = false;
  /** Messages that came and were dealt with, and that were sent. */
  private dealtWith = 0;
  private sequence = 0;
  private unackedBytes = 0;
  private wasting = false;

  constructor(accepted: Socket, owner: DestinationChannelOwner, mode: ReadMode) {
    this.owner = owner;
    this.reader = new MessageReader(this, null, this);
    const { handshakeMs } = owner.limits;
    this.handshake = setTimeout(() => this.drop(`no hello within ${handshakeMs} ms`), handshakeMs);
    this.socket = readInto(
      accepted,
      this.reader,
      mode,
      () => {
        if (this.index !== null) owner.heard();
      },
      (error) => this.wrong(error),
    );
    // Listened to for as long as the socket lives: a broken one must not end the process.
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.drop(error.code ?? error.message));
    this.socket.on('end', () => this.drop('the source closed it'));
    this.socket.on('close', () => this.drop('the source broke it off'));
  }

  /** For errors. */
  get name(): string {
    return this.index === null ? 'a new connection' : `channel ${this.index}`;
  }

  /** The hello was good. */
  welcome(payload: Uint8Array): void {
    clearTimeout(this.handshake);
    this.say(MESSAGE.welcome, 0, payload);
  }

  reply(id: number, payload: Uint8Array): void {
    this.say(MESSAGE.reply, id, payload);
  }

  /** Sends the reason, and ends. */
  refuse(refusal: Refusal): void {
    this.say(MESSAGE.refuse, 0, packControl(refusal));
    this.socket.pause();
    this.socket.end();
    this.drop(refusal.reason);
  }

  /** Ends the connection without a word; its owner is notified. */
  drop(reason: string): void {
    if (this.gone) return;
    this.leave();
    this.owner.lost(this, reason.includes(this.name) ? reason : `${this.name}: ${reason}`);
    this.later();
  }

  /** Ends the connection once what was said has gone out. The owner is not notified. */
  end(): void {
    if (this.gone) return;
    this.leave();
    // What still comes must not go into an arena that is another's by then.
    this.socket.pause();
    this.socket.end();
    this.later();
  }

  /** Ends the connection at once. The owner is not notified. */
  destroy(): void {
    this.leave();
    this.socket.destroy();
  }

  chunkBegins(header: Header): Uint8Array | null {
    if (this.gone) throw new Damage('it is closed', 'connect again');
    if (this.index === null) throw new Damage('a chunk came before the hello', 'this is no stream of stopcopy send');
    const place = this.owner.chunkBegins(this, header);
    this.wasting = place === null;
    return place;
  }

  chunkEnds(header: Header): void {
    if (this.gone) return;
    if (!this.wasting) this.owner.chunkEnds(header);
    this.owner.payloadBytes += header.bytes;
    this.owner.copiedBytes += this.reader.copiedBytes;
    this.reader.copiedBytes = 0;
    this.unackedBytes += header.bytes;
    this.dealt(header);
  }

  control(header: Header, payload: Uint8Array): void {
    if (this.gone) return;
    if (this.index === null && header.type !== MESSAGE.hello) {
      throw new Damage(
        `a ${nameOfType(header.type)} message came before the hello`,
        'this is no stream of stopcopy send',
      );
    }
    switch (header.type) {
      case MESSAGE.hello:
        if (this.index !== null) throw new Damage('a second hello came', 'connect again');
        this.index = header.channel;
        this.owner.heard();
        this.owner.hello(this, header, payload);
        break;
      case MESSAGE.request:
        this.owner.request(this, header.item, payload);
        break;
      case MESSAGE.sync:
        break;
      default:
        throw new Damage(
          `a ${nameOfType(header.type)} message came from the source`,
          'use the same stopcopy on both sides',
        );
    }
    this.dealt(header);
  }

  private dealt({ flags }: Header): void {
    this.dealtWith = (this.dealtWith + 1) >>> 0;
    if ((flags & ACK_NOW) === 0 && this.unackedBytes < ACK_BYTES) return;
    this.unackedBytes = 0;
    this.say(MESSAGE.ack, this.dealtWith, NOTHING);
  }

  private say(type: MessageType, item: number, payload: Uint8Array): void {
    if (this.gone || this.socket.destroyed) return;
    const message = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
    new HeaderBytes(message).write({
      type,
      channel: this.index ?? 0,
      flags: 0,
      sequence: this.sequence,
      bytes: payload.length,
      item,
      iteration: 0,
      crc: crc32(payload),
    });
    message.set(payload, HEADER_BYTES);
    this.sequence = (this.sequence + 1) >>> 0;
    this.socket.write(message);
    if (this.socket.writableLength > UNREAD_BYTES_MAX) this.drop('the source does not read its answers');
  }

  /** Something was wrong with what came. A source that is refused altogether need not come again. */
  private wrong(error: Error): void {
    const damaged = error instanceof UserError && error.message.startsWith('stream refused');
    const hint = error instanceof UserError ? error.hint : undefined;
    this.refuse({ reason: sentence(error.message), ...(hint === undefined ? {} : { hint }), final: !damaged });
  }

  private leave(): void {
    this.gone = true;
    clearTimeout(this.handshake);
  }

  private later(): void {
    // No byte is read any more: reading stops when the socket goes, and what comes until then goes nowhere.
    if (this.socket.writableEnded) destroyUnlessGone(this.socket, END_MS);
    else this.socket.destroy();
  }
}
