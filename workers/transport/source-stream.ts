/**
 * The source's end of a stream: all channels of a move, the chunks that wait for one of them, and the questions asked over
 * them. A channel that is lost is connected again, and what was not acknowledged is sent on any free one.
 *
 * Memory is bounded: chunks are views of the parcel, and a socket is given more only when it has taken what it had.
 */
import { bug } from '../../sim/base/bug.ts';
import { UserError } from '../../sim/base/user-error.ts';
import {
  type Hello,
  packControl,
  type Refusal,
  type ControlReply,
  replySchema,
  type Question,
  unpackControl,
} from './control.ts';
import { describeEndpoint, type Endpoint } from './endpoint.ts';
import { TRANSPORT_LIMITS, TransportFailed, type TransportLimits } from './limits.ts';
import { type SourceChannelOwner, SourceChannel } from './source-channel.ts';

interface SourceStreamOptions {
  readonly endpoint: Endpoint;
  readonly hello: Hello;
  /** Whether each chunk has a checksum of its own. Default: false, as the parcel has its own. */
  readonly checksums?: boolean;
  readonly limits?: Partial<TransportLimits>;
  /** Called with every loss, in a sentence. */
  readonly onLoss?: (sentence: string) => void;
}

interface StreamQuestion {
  readonly id: number;
  readonly question: Question;
  readonly resolve: (reply: ControlReply) => void;
}

/** Rest before a lost channel is connected again, in ms: doubled with each loss. */
const RETRY_MS = 5;
const RETRY_MS_MAX = 200;

export class SourceStream implements SourceChannelOwner {
  readonly endpoint: Endpoint;
  readonly hello: Hello;
  readonly checksums: boolean;
  readonly limits: TransportLimits;
  iteration = 0;
  /** Losses of channels so far. */
  losses = 0;
  /** Chunks that were sent again after a loss. */
  resentChunks = 0;
  readonly channels: readonly SourceChannel[];
  private readonly onLoss: (sentence: string) => void;
  private parcel: Buffer = Buffer.alloc(0);
  private queue: readonly number[] = [];
  private queueAt = 0;
  private again: number[] = [];
  private unacknowledged = 0;
  private iterationDone: (() => void) | null = null;
  private question: StreamQuestion | null = null;
  private questions = 0;
  private failure: Error | null = null;
  /** Names the run of the destination that said welcome first. */
  private destination: string | null = null;
  private readonly failed = new Set<(error: Error) => void>();
  private opening: (() => void) | null = null;
  /** Until when lost channels are connected again whatever happens; see {@link settle}. */
  private settleUntilMs = 0;
  private closed = false;
  private readonly retries = new Set<NodeJS.Timeout>();
  private readonly heart: NodeJS.Timeout;

  constructor(options: SourceStreamOptions) {
    this.endpoint = options.endpoint;
    this.hello = options.hello;
    this.checksums = options.checksums ?? false;
    this.limits = { ...TRANSPORT_LIMITS, ...options.limits };
    this.onLoss = options.onLoss ?? (() => {});
    this.channels = Array.from({ length: this.hello.channels }, (_, index) => new SourceChannel(index, this));
    this.heart = setInterval(
      () => {
        for (const channel of this.channels) channel.beat();
      },
      Math.max(5, this.limits.idleMs / 8),
    );
  }

  /** Bytes of payload given to the sockets, repeated ones included. */
  get payloadBytes(): number {
    return this.channels.reduce((sum, channel) => sum + channel.payloadBytes, 0);
  }

  /**
   * Connects the first channel, then the others. Later losses mend themselves.
   *
   * @throws UserError when the destination refuses, TransportFailed when it cannot be reached
   */
  async open(): Promise<void> {
    this.channels[0]!.start();
    await this.wait<void>((resolve) => {
      this.opening = () => {
        if (this.channels[0]!.open) resolve();
      };
    });
    for (const channel of this.channels.slice(1)) channel.start();
    await this.wait<void>((resolve) => {
      this.opening = () => {
        if (this.channels.every((channel) => channel.open || channel.losses > 0)) resolve();
      };
      this.opening();
    });
    this.opening = null;
  }

  /**
   * Sends chunks of a parcel. When it returns the destination has all of them.
   *
   * @param parcel as long as the hello said; must not change meanwhile
   * @param chunks numbers of those to be sent
   */
  async send(parcel: Uint8Array, chunks: readonly number[]): Promise<void> {
    if (parcel.length !== this.hello.parcelBytes) bug('PARCEL_BYTES', parcel.length, this.hello.parcelBytes);
    if (this.iterationDone !== null) bug('ITERATION_IN_ITERATION');
    this.iteration += 1;
    if (chunks.length === 0) return;
    this.parcel = Buffer.from(parcel.buffer, parcel.byteOffset, parcel.length);
    this.queue = chunks;
    this.queueAt = 0;
    this.unacknowledged = chunks.length;
    await this.wait<void>((resolve) => {
      this.iterationDone = resolve;
      this.pumpAll();
    });
    this.iterationDone = null;
  }

  /** Asks the destination, over whatever channel there is, again and again if need be. Destinations answer once. */
  async ask(question: Question): Promise<ControlReply> {
    if (this.question !== null) bug('QUESTION_IN_QUESTION');
    const id = (this.questions += 1);
    try {
      return await this.wait<ControlReply>((resolve) => {
        this.question = { id, question, resolve };
        this.put(this.channels.find((channel) => channel.open));
      });
    } finally {
      this.question = null;
    }
  }

  /** From now on no channel is given up before a limit has passed: the destination may have the VM, and must be heard. */
  settle(): void {
    this.settleUntilMs = performance.now() + this.limits.settleMs;
    const late = setTimeout(() => {
      this.fail(new TransportFailed(`the destination was not heard for ${this.limits.settleMs} ms after the commit`));
    }, this.limits.settleMs);
    this.retries.add(late);
  }

  /** Ends all waiting with an error. */
  fail(error: Error): void {
    if (this.failure !== null || this.closed) return;
    this.failure = error;
    for (const tell of this.failed) tell(error);
    this.stop((channel) => channel.close());
  }

  /** Ends the stream, once what was said has gone out. */
  close(): void {
    this.stop((channel) => channel.finish());
  }

  /** For tests: the process ends without notice. */
  vanish(): void {
    this.fail(new TransportFailed('the source vanished'));
  }

  get waiting(): boolean {
    return this.again.length > 0 || this.queueAt < this.queue.length;
  }

  nextChunk(): number {
    const repeated = this.again.pop();
    if (repeated !== undefined) return repeated;
    return this.queueAt < this.queue.length ? this.queue[this.queueAt++]! : -1;
  }

  chunkBytes(chunk: number): Uint8Array {
    const { chunkBytes } = this.hello;
    return this.parcel.subarray(chunk * chunkBytes, Math.min(this.parcel.length, (chunk + 1) * chunkBytes));
  }

  channelOpened(channel: SourceChannel): void {
    this.opening?.();
    this.put(channel);
    channel.pump();
    this.syncAll();
  }

  channelLost(channel: SourceChannel, reason: Error, unacknowledged: readonly number[]): void {
    this.losses += 1;
    this.resentChunks += unacknowledged.length;
    this.again.push(...unacknowledged);
    this.onLoss(reason.message);
    const { lossesMax } = this.limits;
    const settling = performance.now() < this.settleUntilMs;
    if (channel.losses > lossesMax && !settling) {
      channel.givenUp = true;
      if (this.channels.every((each) => each.givenUp || !each.started)) {
        this.fail(lastError(reason, describeEndpoint(this.endpoint)));
        return;
      }
    } else if (!this.closed) {
      const restMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(channel.losses - 1, 10));
      const retry = setTimeout(() => {
        this.retries.delete(retry);
        channel.start();
      }, restMs);
      this.retries.add(retry);
    }
    this.opening?.();
    this.put(this.channels.find((each) => each.open));
    this.pumpAll();
  }

  acknowledged(chunks: number): void {
    this.unacknowledged -= chunks;
    if (this.unacknowledged === 0) this.iterationDone?.();
    else this.syncAll();
  }

  replied(id: number, payload: Uint8Array): void {
    if (this.question?.id !== id) return;
    this.question.resolve(unpackControl(replySchema, payload, 'reply'));
  }

  /** A destination that gave the VM up answers whatever was asked of it, the commit too. */
  refused({ reason, hint, gaveUp }: Refusal): void {
    if (gaveUp !== undefined && gaveUp === this.destination && this.question !== null) {
      this.question.resolve({ is: 'discarded', reason, ...(hint === undefined ? {} : { hint }) });
    } else this.fail(new UserError('input', reason, hint));
  }

  welcomed(destination: string): boolean {
    this.destination ??= destination;
    return this.destination === destination;
  }

  /** @throws Error that ended the stream, if one did */
  throwIfFailed(): void {
    if (this.failure !== null) throw this.failure;
  }

  /** Asks what is being asked over a channel, if there is one. */
  private put(channel: SourceChannel | undefined): void {
    if (channel === undefined || this.question === null || this.destination === null) return;
    const { id, question } = this.question;
    channel.request(id, packControl({ ...question, to: this.destination }));
  }

  private pumpAll(): void {
    for (const channel of this.channels) channel.pump();
    this.syncAll();
  }

  /** Nothing more waits: what is on its way is to be acknowledged without delay. */
  private syncAll(): void {
    if (this.waiting || this.unacknowledged === 0) return;
    for (const channel of this.channels) channel.sync();
  }

  private wait<T>(begin: (resolve: (value: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.failure !== null) {
        reject(this.failure);
        return;
      }
      if (this.closed) bug('STREAM_CLOSED');
      this.failed.add(reject);
      begin((value) => {
        this.failed.delete(reject);
        resolve(value);
      });
    });
  }

  private stop(end: (channel: SourceChannel) => void): void {
    this.closed = true;
    clearInterval(this.heart);
    for (const retry of this.retries) clearTimeout(retry);
    this.retries.clear();
    for (const channel of this.channels) end(channel);
  }
}

function lastError(reason: Error, place: string): Error {
  if (reason instanceof UserError) return reason;
  return new TransportFailed(reason.message, `check that stopcopy receive runs at ${place}`);
}
