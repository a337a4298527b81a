/**
 * Takes one connection's bytes apart into messages, whatever pieces they come in.
 *
 * Bytes are not handed in, they are put where they belong: the reader says where the next ones go ({@link
 * MessageReader.target}) and is called with how many came ({@link MessageReader.filled}). The bytes of a chunk thus go from the
 * socket straight into the arena. Where a socket has pieces of its own, {@link MessageReader.take} copies them.
 *
 * A length is compared with what is allowed before anything is read or allocated for it.
 */
import { crc32 } from 'node:zlib';

import {
  CHECKED,
  CONTROL_BYTES_MAX,
  Damage,
  type Header,
  HEADER_BYTES,
  HeaderBytes,
  MESSAGE,
  nameOfType,
  damageRefusal,
  TRY_AGAIN,
} from './wire.ts';

export interface MessageSink {
  /**
   * A chunk begins.
   *
   * @returns where its bytes go, as long as the chunk; null when they are to be thrown away
   * @throws Damage when there can be no such chunk
   */
  chunkBegins(header: Header): Uint8Array | null;
  /** All bytes of a chunk came and are as they were sent. */
  chunkEnds(header: Header): void;
  /** Any other message. The payload is valid only during the call. */
  control(header: Header, payload: Uint8Array): void;
}

/**
 * Read at once at most. While TCP hands bytes over it takes none in: with reads of 256 KiB and more the source waited, and
 * frames of 1 MiB lost a fifth of their speed.
 */
const READ_BYTES = 64 * 1024;

/** Where unwanted bytes go. It is never read, so that all readers of a thread may share it. */
const wasted = new Uint8Array(READ_BYTES);

export class MessageReader {
  /** Bytes of chunks that were copied in user space, and all bytes that came. */
  copiedBytes = 0;
  cameBytes = 0;

  private readonly connection: { readonly name: string };
  private readonly sink: MessageSink;
  private readonly header: HeaderBytes = new HeaderBytes();
  private channel: number | null;
  /** The message whose payload is coming; null while a header is. */
  private message: Header | null = null;
  /** Where it goes; null: away. */
  private into: Uint8Array | null;
  private need = HEADER_BYTES;
  private got = 0;
  private sequence = 0;

  /**
   * @param connection has a name for errors: `channel 2`
   * @param channel its number; null when the first message decides it
   */
  constructor(connection: { readonly name: string }, channel: number | null, sink: MessageSink) {
    this.connection = connection;
    this.channel = channel;
    this.sink = sink;
    this.into = this.header.bytes;
  }

  /** Whether the bytes so far end with a whole message. */
  get atBoundary(): boolean {
    return this.message === null && this.got === 0;
  }

  /** Where the next bytes go: at least one. */
  target(): Uint8Array {
    const { into, got, need } = this;
    if (into === null) return wasted.subarray(0, Math.min(wasted.length, need - got));
    const end = Math.min(need, got + READ_BYTES);
    return got === 0 && into.length === end ? into : into.subarray(got, end);
  }

  /**
   * So many bytes were put into the {@link target}.
   *
   * @throws UserError of kind `input` naming the connection and the place in it
   */
  filled(bytes: number): void {
    this.cameBytes += bytes;
    this.got += bytes;
    if (this.got < this.need) return;
    try {
      if (this.message === null) this.begin();
      if (this.message !== null && this.got === this.need) this.end(this.message);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      throw damageRefusal(error, `${this.connection.name} at message ${this.sequence}, byte ${this.cameBytes}`);
    }
  }

  /**
   * Takes bytes that lie elsewhere.
   *
   * @throws UserError of kind `input` naming the connection and the place in it
   */
  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const target = this.target();
      const length = Math.min(target.length, bytes.length - at);
      if (this.into !== null) target.set(bytes.subarray(at, at + length));
      if (this.message?.type === MESSAGE.chunk && this.into !== null) this.copiedBytes += length;
      at += length;
      this.filled(length);
    }
  }

  private begin(): void {
    const header = this.header.read();
    this.channel ??= header.channel;
    if (header.channel !== this.channel) {
      throw new Damage(`it belongs to channel ${header.channel}, this is channel ${this.channel}`, TRY_AGAIN);
    }
    if (header.sequence !== this.sequence) {
      throw new Damage(`message ${header.sequence} came where ${this.sequence} was expected`, TRY_AGAIN);
    }
    if (header.type === MESSAGE.chunk) {
      const place = this.sink.chunkBegins(header);
      if (place !== null && place.length !== header.bytes) {
        throw new Damage(`chunk ${header.item} has ${header.bytes} bytes, expected ${place.length}`, TRY_AGAIN);
      }
      this.into = place;
    } else {
      if (header.bytes > CONTROL_BYTES_MAX) {
        throw new Damage(
          `a ${nameOfType(header.type)} message of ${header.bytes} bytes, at most ${CONTROL_BYTES_MAX} are allowed`,
          TRY_AGAIN,
        );
      }
      this.into = new Uint8Array(header.bytes);
    }
    this.message = header;
    this.need = header.bytes;
    this.got = 0;
  }

  private end(message: Header): void {
    const { into } = this;
    const isChunk = message.type === MESSAGE.chunk;
    if (into !== null && (!isChunk || (message.flags & CHECKED) !== 0) && crc32(into) !== message.crc) {
      const what = isChunk ? `chunk ${message.item}` : `the ${nameOfType(message.type)} message`;
      throw new Damage(`the checksum of ${what} does not fit its bytes`, TRY_AGAIN);
    }
    this.message = null;
    this.into = this.header.bytes;
    this.need = HEADER_BYTES;
    this.got = 0;
    this.sequence = (this.sequence + 1) >>> 0;
    if (isChunk) this.sink.chunkEnds(message);
    else this.sink.control(message, into ?? new Uint8Array());
  }
}
