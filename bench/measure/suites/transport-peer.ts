/**
 * The other end of the suite `transport`: a process that takes images, over the stream of a move or over bare sockets, and
 * keeps nothing. It opens what its parent asks for, one place at a time, and ends with it.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import type { Hello, ControlReply } from '../../../workers/transport/control.ts';
import { type DestinationOwner, DestinationStream } from '../../../workers/transport/destination-stream.ts';
import type { ReadMode } from '../../../workers/transport/direct-read.ts';
import { socketAddressOf, type Endpoint } from '../../../workers/transport/endpoint.ts';

/** What Node itself reads of a socket at once. */
const READ_BYTES = 64 * 1024;

export type PeerAsk =
  | { readonly open: 'stream'; readonly endpoint: Endpoint; readonly readMode: ReadMode }
  /** Connects so often, and answers every so many bytes of a connection with one byte. */
  | { readonly open: 'bare'; readonly endpoint: Endpoint; readonly channels: number; readonly bytes: number }
  | { readonly open: 'nothing' };

export interface PeerAnswer {
  readonly endpoint: Endpoint | null;
  /** Bytes that the stream took, and of them those copied in user space. */
  readonly payloadBytes: number;
  readonly copiedBytes: number;
}

/** Takes whatever is sent into an arena that is never read. */
class AnyOwner implements DestinationOwner {
  readonly state = 'filling';

  accept(hello: Hello): Uint8Array {
    return new Uint8Array(new SharedArrayBuffer(hello.parcelBytes));
  }

  answer(): Promise<ControlReply> {
    return Promise.resolve({ is: 'loaded' });
  }

  silent(): void {}

  forget(): boolean {
    return false;
  }
}

class Peer {
  private stream: DestinationStream | null = null;
  private sockets: readonly Socket[] = [];

  async answer(ask: PeerAsk): Promise<PeerAnswer> {
    if (ask.open === 'nothing') {
      const { payloadBytes = 0, copiedBytes = 0 } = this.stream ?? {};
      this.stream?.close();
      for (const socket of this.sockets) socket.destroy();
      this.stream = null;
      this.sockets = [];
      return { endpoint: null, payloadBytes, copiedBytes };
    }
    if (ask.open === 'stream') {
      this.stream = new DestinationStream({ endpoint: ask.endpoint, owner: new AnyOwner(), readMode: ask.readMode });
      await this.stream.listen();
      return { endpoint: this.stream.at, payloadBytes: 0, copiedBytes: 0 };
    }
    this.sockets = Array.from({ length: ask.channels }, () => bareSocket(ask.endpoint, ask.bytes));
    await Promise.all(this.sockets.map((socket) => once(socket, 'connect')));
    return { endpoint: null, payloadBytes: 0, copiedBytes: 0 };
  }
}

/**
 * Reads each image into the same memory, which keeps it, and leaves no garbage: what a pipe costs whose bytes are of use.
 */
function bareSocket(endpoint: Endpoint, bytes: number): Socket {
  const memory = new Uint8Array(bytes);
  let came = 0;
  const socket: Socket = connect({
    ...socketAddressOf(endpoint),
    noDelay: true,
    onread: {
      buffer: () => memory.subarray(came, came + READ_BYTES),
      callback: (read) => {
        came += read;
        if (came < bytes) return true;
        came = 0;
        socket.write('.');
        return true;
      },
    },
  });
  socket.on('error', () => {});
  return socket;
}

const peer = new Peer();
process.on('message', (ask: PeerAsk) => {
  void peer.answer(ask).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit());
process.send?.({ endpoint: null, payloadBytes: 0, copiedBytes: 0 } satisfies PeerAnswer);
