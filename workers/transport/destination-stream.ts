/**
 * The destination's end of streams: connections that come, the one session that they belong to, and the arena into which
 * its chunks are read.
 *
 * A connection belongs to no session until its hello was read and found good. A chunk belongs to the connection on which it began
 * last: one that comes again over another means that the source has given the first one up.
 */
import { randomBytes } from 'node:crypto';
import type { Server, Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';

import { UserError } from '../../sim/base/user-error.ts';
import {
  type Hello,
  helloSchema,
  packControl,
  type ControlReply,
  type Request,
  requestSchema,
  sentence,
  unpackControl,
} from './control.ts';
import { DestinationChannel, type DestinationChannelOwner } from './destination-channel.ts';
import type { ReadMode } from './direct-read.ts';
import { describeEndpoint, type Endpoint, listen } from './endpoint.ts';
import { TRANSPORT_LIMITS, type TransportLimits } from './limits.ts';
import { Damage, type Header, TRY_AGAIN } from './wire.ts';

/** Whom a destination's stream works for. */
export interface DestinationOwner {
  /** Says no, by a UserError, to a source that cannot be served; else where its parcel goes. */
  accept(hello: Hello): Uint8Array;
  /** For a source that connects again: what has become of its VM. */
  readonly state: string;
  /** Answers a request. Each is given once, however often it came. */
  answer(request: Request): Promise<ControlReply>;
  /** No byte came from the source for the limit. */
  silent(ms: number): void;
  /** The source has asked for nothing yet and is to be forgotten. @returns false: it has */
  forget(): boolean;
}

interface DestinationStreamOptions {
  readonly endpoint: Endpoint;
  readonly owner: DestinationOwner;
  readonly limits?: Partial<TransportLimits>;
  /** Default: `onread`. */
  readonly readMode?: ReadMode;
  /** Called with every connection that is refused or lost, in a sentence. */
  readonly onLoss?: (sentence: string) => void;
}

/** Connections whose hello is still to come: with one more the first of them has to go. A source says hello as soon as it is there. */
const STRANGERS_MAX = 16;
/** Requests that one move may make; it needs five. */
const REQUESTS_MAX = 32;

interface Session {
  readonly hello: Hello;
  readonly sinceMs: number;
  readonly arena: Uint8Array;
  readonly channels: (DestinationChannel | undefined)[];
  iteration: number;
  /** Per chunk: whether it came in this iteration, and whether it ever came. */
  readonly came: Uint8Array;
  readonly ever: Uint8Array;
  /** Per chunk: the channel on which it is coming. */
  readonly coming: Map<number, DestinationChannel>;
  readonly replies: Map<number, Promise<ControlReply>>;
  /** No chunk may change any more. */
  sealed: boolean;
  /** The source has said its last word, and will close its channels. */
  leaving: boolean;
}

export class DestinationStream implements DestinationChannelOwner {
  readonly limits: TransportLimits;
  /** Bytes of payload that came, and of them those that were copied in user space. */
  payloadBytes = 0;
  copiedBytes = 0;
  /** Chunks that came again or too late, and were thrown away. */
  wastedChunks = 0;
  /** Connections refused or lost. */
  losses = 0;
  /** Where it listens; the port is known once it does. */
  at: Endpoint;
  /** Names this run of the destination. */
  readonly token = randomBytes(16).toString('hex');
  private readonly owner: DestinationOwner;
  private readonly readMode: ReadMode;
  private readonly onLoss: (sentence: string) => void;
  private readonly strangers = new Set<DestinationChannel>();
  private server: Server | null = null;
  private session: Session | null = null;
  private heardMs = 0;
  private heart: NodeJS.Timeout | undefined;

  constructor(options: DestinationStreamOptions) {
    this.at = options.endpoint;
    this.owner = options.owner;
    this.limits = { ...TRANSPORT_LIMITS, ...options.limits };
    this.readMode = options.readMode ?? 'onread';
    this.onLoss = options.onLoss ?? (() => {});
  }

  /** @throws UserError when the place cannot be had */
  async listen(): Promise<void> {
    const { server, at } = await listen(
      this.at,
      (socket) => this.connected(socket),
      (reason) => {
        this.losses += 1;
        this.onLoss(reason);
      },
      this.limits.handshakeMs,
    );
    this.server = server;
    this.at = at;
    this.heart = setInterval(
      () => {
        if (this.session === null) return;
        const silentMs = performance.now() - this.heardMs;
        if (silentMs > this.limits.idleMs && !this.forget('the source said hello and nothing more')) {
          this.owner.silent(Math.round(silentMs));
        }
      },
      Math.max(5, this.limits.idleMs / 8),
    );
  }

  /** Whether every chunk up to so many bytes of the parcel has come. */
  isWhole(bytes: number): boolean {
    const { session } = this;
    if (session === null) return false;
    const chunks = Math.ceil(bytes / session.hello.chunkBytes);
    return chunks <= session.ever.length && session.ever.subarray(0, chunks).every((came) => came === 1);
  }

  /** From now on the parcel stays as it is; false: something of it is still coming. */
  seal(): boolean {
    if (this.session === null || this.session.coming.size > 0) return false;
    this.session.sealed = true;
    return true;
  }

  /** Sends the source the reason why its VM does not run here and never will. */
  giveUp(reason: string): void {
    const refusal = { reason: sentence(reason), final: true, gaveUp: this.token };
    for (const channel of this.session?.channels ?? []) channel?.refuse(refusal);
  }

  /** Ends everything. @param gently whether what was said may still go out */
  close(gently = true): void {
    clearInterval(this.heart);
    this.server?.close();
    this.server = null;
    const channels = [...this.strangers, ...(this.session?.channels ?? [])];
    this.session = null;
    for (const channel of channels) {
      if (gently) channel?.end();
      else channel?.destroy();
    }
  }

  /** For tests: a channel that breaks. */
  breakOff(index: number): void {
    this.session?.channels[index]?.drop('broken off');
  }

  /** A channel read something. */
  heard(): void {
    this.heardMs = performance.now();
  }

  /** A channel's first message. @throws Damage, or UserError when the source is refused */
  hello(channel: DestinationChannel, header: Header, payload: Uint8Array): void {
    const hello = unpackControl(helloSchema, payload, 'hello');
    if (header.channel >= hello.channels) {
      throw new Damage(`channel ${header.channel} of ${hello.channels} cannot be`, TRY_AGAIN);
    }
    const { session } = this;
    if (session !== null && session.hello.session !== hello.session) this.makeWay(session);
    if (this.session === null) {
      const arena = this.owner.accept(hello);
      const chunks = Math.ceil(arena.length / hello.chunkBytes);
      this.session = {
        hello,
        sinceMs: performance.now(),
        arena,
        channels: [],
        iteration: 0,
        came: new Uint8Array(chunks),
        ever: new Uint8Array(chunks),
        coming: new Map(),
        replies: new Map(),
        sealed: false,
        leaving: false,
      };
    }
    if (!isDeepStrictEqual(this.session.hello, hello)) {
      throw new Damage(`channel ${header.channel} of this session says another hello than the first`, TRY_AGAIN);
    }
    const { channels } = this.session;
    this.strangers.delete(channel);
    channels[header.channel]?.drop('the source connected again');
    channels[header.channel] = channel;
    channel.welcome(packControl({ state: this.owner.state, destination: this.token }));
  }

  /** Where a chunk goes; null: it is not wanted any more. @throws Damage */
  chunkBegins(channel: DestinationChannel, header: Header): Uint8Array | null {
    const { session } = this;
    if (session === null) throw new Damage('a chunk came and no session waits for it', TRY_AGAIN);
    const { item, iteration } = header;
    const { chunkBytes } = session.hello;
    const from = item * chunkBytes;
    if (from >= session.arena.length) throw new Damage(`chunk ${item} of ${session.came.length} cannot be`, TRY_AGAIN);
    const to = Math.min(session.arena.length, from + chunkBytes);
    if (header.bytes !== to - from) {
      throw new Damage(`chunk ${item} has ${header.bytes} bytes, expected ${to - from}`, TRY_AGAIN);
    }
    if (iteration > session.iteration) {
      if (session.sealed) throw new Damage(`chunk ${item} came after the end`, TRY_AGAIN);
      session.iteration = iteration;
      session.came.fill(0);
    }
    if (session.sealed || iteration < session.iteration || session.came[item] === 1) {
      this.wastedChunks += 1;
      return null;
    }
    const before = session.coming.get(item);
    if (before !== undefined) before.drop(`its chunk ${item} came again over another channel`);
    session.coming.set(item, channel);
    return session.arena.subarray(from, to);
  }

  chunkEnds(header: Header): void {
    const { session } = this;
    if (session === null) return;
    session.coming.delete(header.item);
    session.came[header.item] = 1;
    session.ever[header.item] = 1;
  }

  /** A question of the switchover. The same question again gets the same answer. @throws Damage */
  request(channel: DestinationChannel, id: number, payload: Uint8Array): void {
    const { session } = this;
    if (session === null) throw new Damage('a request came and no session waits for it', TRY_AGAIN);
    let reply = session.replies.get(id);
    if (reply === undefined) {
      if (session.replies.size >= REQUESTS_MAX) {
        throw new Damage(`request ${id} is one more than the ${REQUESTS_MAX} that a move may make`, TRY_AGAIN);
      }
      const request = unpackControl(requestSchema, payload, 'request');
      if (request.to !== this.token) {
        this.forget('the source asked another run of stopcopy receive');
        throw new UserError(
          'input',
          `the move was begun with another run of stopcopy receive at ${describeEndpoint(this.at)}`,
          'send the VM again: what was recorded of a move is not taken twice',
        );
      }
      session.leaving = request.ask === 'bye' || request.ask === 'abort';
      reply = this.owner.answer(request);
      session.replies.set(id, reply);
    }
    void reply.then(
      (value) => channel.reply(id, packControl(value)),
      (error: unknown) => channel.refuse({ reason: sentence(String(error)), final: true }),
    );
  }

  /** A connection is gone. */
  lost(channel: DestinationChannel, reason: string): void {
    this.strangers.delete(channel);
    const { session } = this;
    if (session?.leaving === true) return;
    this.losses += 1;
    if (session !== null) {
      const at = session.channels.indexOf(channel);
      if (at >= 0) session.channels[at] = undefined;
      for (const [chunk, by] of session.coming) if (by === channel) session.coming.delete(chunk);
    }
    this.onLoss(reason);
  }

  /** A source that said hello and asks for nothing does not keep others out for long. @throws UserError, or Damage: try again */
  private makeWay({ sinceMs }: Session): void {
    const at = describeEndpoint(this.at);
    if (performance.now() - sinceMs < this.limits.prepareMs) {
      throw new Damage(`another source said hello at ${at} just before`, TRY_AGAIN);
    }
    if (this.forget('another source came, and this one had asked for nothing')) return;
    throw new UserError('input', `${at} is taken by another source`, 'wait until it is done');
  }

  private forget(reason: string): boolean {
    const { session } = this;
    if (session === null || !this.owner.forget()) return false;
    this.session = null;
    for (const channel of session.channels) channel?.drop(reason);
    return true;
  }

  private connected(socket: Socket): void {
    if (this.strangers.size >= STRANGERS_MAX) {
      const [first] = this.strangers;
      first?.drop(`it said no hello, and ${STRANGERS_MAX} others came after it`);
    }
    this.strangers.add(new DestinationChannel(socket, this, this.at.key === undefined ? this.readMode : 'data'));
  }
}
