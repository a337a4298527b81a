/**
 * One channel of a move as its source sees it: a connection, what went over it and has not been acknowledged, and
 * whether it can take more.
 */
import type { Socket } from 'node:net';
import { crc32 } from 'node:zlib';

import { UserError } from '../../sim/base/user-error.ts';
import { packControl, type Hello, type Refusal, refuseSchema, unpackControl, welcomeSchema } from './control.ts';
import { connectTo, destroyUnlessGone, describeEndpoint, type Endpoint } from './endpoint.ts';
import { reasonOfHandshake } from './encryption.ts';
import { type TransportLimits } from './limits.ts';
import { MessageReader, type MessageSink } from './message-reader.ts';
import { ACK_NOW, CHECKED, Damage, type Header, MESSAGE, type MessageType, nameOfType, HeaderBytes } from './wire.ts';
import { MIB } from '../../sim/base/units.ts';

/** Bytes that may be on their way without an acknowledgement, per channel; at least four chunks. */
const WINDOW_BYTES = 4 * MIB;
/** Bytes given to the socket in one piece: small chunks share a system call. A quarter of it cost TCP a third of its speed. */
const BATCH_BYTES = MIB;

/** Headers of chunks; more than a window and a batch have chunks. */
const HEADERS = 128;

/** What a channel works for. */
export interface SourceChannelOwner {
  readonly endpoint: Endpoint;
  readonly limits: TransportLimits;
  readonly hello: Hello;
  readonly checksums: boolean;
  /** Takes the next chunk to be sent; -1: there is none now. */
  nextChunk(): number;
  /** Whether a chunk waits. */
  readonly waiting: boolean;
  readonly iteration: number;
  chunkBytes(chunk: number): Uint8Array;
  /** @returns whether it is the destination that this move began with */
  welcomed(destination: string): boolean;
  channelOpened(channel: SourceChannel): void;
  /** @param unacknowledged chunks that have to be sent again */
  channelLost(channel: SourceChannel, reason: Error, unacknowledged: readonly number[]): void;
  acknowledged(chunks: number): void;
  replied(id: number, payload: Uint8Array): void;
  refused(refusal: Refusal): void;
}

interface Sent {
  /** Messages of the connection up to and with this one. */
  readonly upTo: number;
  /** Chunk, or -1. */
  readonly chunk: number;
  readonly bytes: number;
}

export class SourceChannel implements MessageSink {
  readonly index: number;
  /** How often the connection was lost since anything was acknowledged. */
  losses = 0;
  /** Whether it is given up, and whether it was ever tried. */
  givenUp = false;
  started = false;
  /** Bytes of payload and of all that was sent, over all its connections. */
  payloadBytes = 0;
  private readonly owner: SourceChannelOwner;
  private socket: Socket | null = null;
  private reader: MessageReader | null = null;
  private welcomed = false;
  private blocked = false;
  private sequence = 0;
  private sent: Sent[] = [];
  private unackedBytes = 0;
  /** Headers of chunks, in turn: one is written again when its chunk has long been acknowledged. */
  private headers: HeaderBytes[] = [];
  private headerAt = 0;
  private askedUpTo = 0;
  private heardMs = 0;
  private deadline: NodeJS.Timeout | undefined;

  constructor(index: number, owner: SourceChannelOwner) {
    this.index = index;
    this.owner = owner;
  }

  /** Where it leads, for errors. */
  get name(): string {
    return `channel ${this.index} to ${describeEndpoint(this.owner.endpoint)}`;
  }

  get open(): boolean {
    return this.welcomed;
  }

  /** Connects and says hello. The owner is notified of the result. */
  start(): void {
    const { owner } = this;
    this.started = true;
    const { connectMs, handshakeMs } = owner.limits;
    const socket = connectTo(owner.endpoint, () => {
      this.limit(handshakeMs, `${this.name}: no answer to the hello within ${handshakeMs} ms`);
      this.say(MESSAGE.hello, 0, packControl(owner.hello));
    });
    this.socket = socket;
    this.reader = new MessageReader(this, this.index, this);
    this.sequence = 0;
    // The socket before may still hold some.
    this.headers = [];
    this.askedUpTo = 0;
    this.blocked = false;
    this.limit(connectMs, `${this.name}: no connection within ${connectMs} ms`);
    const stale = (): boolean => this.socket !== socket;
    socket.on('data', (bytes: Uint8Array) => {
      if (stale()) return;
      this.heardMs = performance.now();
      try {
        this.reader?.take(bytes);
      } catch (error) {
        this.lose(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on('drain', () => {
      if (stale()) return;
      this.blocked = false;
      this.pump();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!stale()) this.lose(new Error(`${this.name}: ${reasonOf(error)}`));
    });
    socket.on('close', () => {
      if (!stale()) this.lose(new Error(`${this.name}: the destination closed it`));
    });
  }

  /** Gives the socket what it can take of the chunks that wait. */
  pump(): void {
    const { owner, socket } = this;
    if (socket === null || !this.welcomed) return;
    const window = Math.max(WINDOW_BYTES, 4 * owner.hello.chunkBytes);
    while (!this.blocked && owner.waiting && this.unackedBytes < window) {
      socket.cork();
      for (let batch = 0; batch < BATCH_BYTES && this.unackedBytes < window;) {
        const chunk = owner.nextChunk();
        if (chunk < 0) break;
        batch += this.sendChunk(socket, chunk);
      }
      socket.uncork();
      this.blocked = socket.writableNeedDrain;
    }
  }

  /** Asks for an acknowledgement of what went over this channel, unless that has been done. */
  sync(): void {
    if (!this.welcomed || this.sent.length === 0 || this.askedUpTo === this.sequence) return;
    this.say(MESSAGE.sync, 0, NOTHING, ACK_NOW);
  }

  /** Says that it is still there, and asks whether the other side is. */
  beat(): void {
    if (!this.welcomed) return;
    const silentMs = performance.now() - this.heardMs;
    const { idleMs } = this.owner.limits;
    if (silentMs > idleMs) this.lose(new Error(`${this.name}: nothing came for ${Math.round(silentMs)} ms`));
    else if (silentMs > idleMs / 8) this.say(MESSAGE.sync, 0, NOTHING, ACK_NOW);
  }

  /** Sends a request of the switchover. */
  request(id: number, payload: Uint8Array): void {
    this.say(MESSAGE.request, id, payload);
  }

  /** Ends the connection without a word; its owner is notified. Also for tests: a channel that breaks. */
  breakOff(reason: Error = new Error(`${this.name}: broken off`)): void {
    if (this.socket !== null) this.lose(reason);
  }

  /** Ends the connection; the owner is not notified. */
  close(): void {
    this.givenUp = true;
    this.detach()?.destroy();
  }

  /** Ends the connection once what was said has gone out. */
  finish(): void {
    this.givenUp = true;
    const socket = this.detach();
    if (socket === null) return;
    socket.end();
    destroyUnlessGone(socket, FINISH_MS);
  }

  chunkBegins(): Uint8Array | null {
    throw new Damage('a destination sends no chunks', OTHER_STOPCOPY);
  }

  chunkEnds(): void {}

  control(header: Header, payload: Uint8Array): void {
    switch (header.type) {
      case MESSAGE.welcome:
        if (!this.owner.welcomed(unpackControl(welcomeSchema, payload, 'welcome').destination)) {
          this.lose(new Error(`${this.name}: stopcopy receive was started again there since the move began`));
          return;
        }
        clearTimeout(this.deadline);
        this.welcomed = true;
        this.owner.channelOpened(this);
        return;
      case MESSAGE.ack:
        this.acknowledge(header.item);
        return;
      case MESSAGE.reply:
        this.owner.replied(header.item, payload);
        return;
      case MESSAGE.refuse: {
        const refusal = unpackControl(refuseSchema, payload, 'refusal');
        if (refusal.final) this.owner.refused(refusal);
        else this.lose(new UserError('input', refusal.reason, refusal.hint));
        return;
      }
      default:
        throw new Damage(`a ${nameOfType(header.type)} message came from the destination`, OTHER_STOPCOPY);
    }
  }

  private sendChunk(socket: Socket, chunk: number): number {
    const { owner } = this;
    const payload = owner.chunkBytes(chunk);
    const last = !owner.waiting;
    const flags = (last ? ACK_NOW : 0) | (owner.checksums ? CHECKED : 0);
    this.headers[this.headerAt] ??= new HeaderBytes();
    const header = this.headers[this.headerAt]!.write({
      type: MESSAGE.chunk,
      channel: this.index,
      flags,
      sequence: this.sequence,
      bytes: payload.length,
      item: chunk,
      iteration: owner.iteration,
      crc: owner.checksums ? crc32(payload) : 0,
    });
    this.headerAt = (this.headerAt + 1) % HEADERS;
    this.sequence = (this.sequence + 1) >>> 0;
    if (last) this.askedUpTo = this.sequence;
    this.sent.push({ upTo: this.sequence, chunk, bytes: payload.length });
    this.unackedBytes += payload.length;
    this.payloadBytes += payload.length;
    socket.write(header);
    socket.write(payload);
    return payload.length;
  }

  private say(type: MessageType, item: number, payload: Uint8Array, flags = 0): void {
    const { socket } = this;
    if (socket === null) return;
    const header = new HeaderBytes().write({
      type,
      channel: this.index,
      flags,
      sequence: this.sequence,
      bytes: payload.length,
      item,
      iteration: 0,
      crc: crc32(payload),
    });
    this.sequence = (this.sequence + 1) >>> 0;
    if ((flags & ACK_NOW) !== 0) this.askedUpTo = this.sequence;
    socket.cork();
    socket.write(header);
    if (payload.length > 0) socket.write(payload);
    socket.uncork();
    this.blocked = socket.writableNeedDrain;
  }

  private acknowledge(upTo: number): void {
    if (((this.sequence - upTo) | 0) < 0) {
      throw new Damage(`message ${upTo} is acknowledged and was never sent`, OTHER_STOPCOPY);
    }
    let chunks = 0;
    while (this.sent.length > 0 && ((upTo - this.sent[0]!.upTo) | 0) >= 0) {
      this.unackedBytes -= this.sent.shift()!.bytes;
      chunks += 1;
    }
    if (chunks > 0) {
      this.losses = 0;
      this.owner.acknowledged(chunks);
    }
    this.pump();
  }

  private limit(ms: number, sentence: string): void {
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.lose(new Error(sentence)), ms);
    this.heardMs = performance.now();
  }

  private lose(reason: Error): void {
    const chunks = this.sent.map(({ chunk }) => chunk);
    const socket = this.detach();
    if (socket === null) return;
    socket.destroy();
    this.losses += 1;
    this.owner.channelLost(this, reason, chunks);
  }

  /** The socket is this channel's no more. */
  private detach(): Socket | null {
    const { socket } = this;
    clearTimeout(this.deadline);
    this.socket = null;
    this.reader = null;
    this.welcomed = false;
    this.sent = [];
    this.unackedBytes = 0;
    socket?.removeAllListeners('drain');
    return socket;
  }
}

const NOTHING = new Uint8Array();
const OTHER_STOPCOPY = 'use the same stopcopy on both sides';
/** A connection that was ended is given this long to go out, in ms. */
const FINISH_MS = 500;

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'no process listens there';
    case 'ENOENT':
      return 'there is no such socket';
    case 'EPIPE':
    case 'ECONNRESET':
      return 'the destination broke it off';
    case undefined:
      return error.message;
    default:
      return reasonOfHandshake(error);
  }
}
