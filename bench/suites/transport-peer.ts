/**
 * The other process of the suite `transport`: takes images, over the stream of a move or over bare sockets, and keeps
 * nothing. It opens what its parent asks for, one place at a time, and ends with it.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

import type { Hello, Reply } from '../../workers/transport/control.ts';
import { type DestinationOwner, DestinationStream } from '../../workers/transport/destination-stream.ts';
import type { ReadMode } from '../../workers/transport/direct-read.ts';
import { addressOf, type Endpoint } from '../../workers/transport/endpoint.ts';

export type PeerAsk =
  | { readonly open: 'stream'; readonly endpoint: Endpoint; readonly readMode: ReadMode }
  /** Answers every so many bytes of a connection with one byte. */
  | { readonly open: 'bare'; readonly endpoint: Endpoint; readonly bytes: number }
  | { readonly open: 'nothing' };

export interface PeerAnswer {
  readonly endpoint: Endpoint | null;
  /** Bytes that the stream took, and of them those copied in user space. */
  readonly payloadBytes: number;
  readonly copiedBytes: number;
}

/** Takes whatever is sent into an arena that is never looked at. */
class AnyOwner implements DestinationOwner {
  readonly state = 'filling';

  accept(hello: Hello): Uint8Array {
    return new Uint8Array(new SharedArrayBuffer(hello.parcelBytes));
  }

  answer(): Promise<Reply> {
    return Promise.resolve({ is: 'loaded' });
  }

  silent(): void {}
}

class Peer {
  private stream: DestinationStream | null = null;
  private bare: Server | null = null;
  private readonly sockets = new Set<Socket>();

  async answer(ask: PeerAsk): Promise<PeerAnswer> {
    if (ask.open === 'nothing') {
      const { payloadBytes = 0, copiedBytes = 0 } = this.stream ?? {};
      this.stream?.close();
      this.bare?.close();
      for (const socket of this.sockets) socket.destroy();
      this.stream = null;
      this.bare = null;
      return { endpoint: null, payloadBytes, copiedBytes };
    }
    if (ask.open === 'stream') {
      this.stream = new DestinationStream({ endpoint: ask.endpoint, owner: new AnyOwner(), readMode: ask.readMode });
      await this.stream.listen();
      return { endpoint: this.stream.at, payloadBytes: 0, copiedBytes: 0 };
    }
    return { endpoint: await this.openBare(ask.endpoint, ask.bytes), payloadBytes: 0, copiedBytes: 0 };
  }

  private async openBare(endpoint: Endpoint, bytes: number): Promise<Endpoint> {
    const server = createServer({ noDelay: true }, (socket) => {
      let came = 0;
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('data', (piece: Uint8Array) => {
        came += piece.length;
        for (; came >= bytes; came -= bytes) socket.write('.');
      });
    });
    this.bare = server;
    server.listen(addressOf(endpoint));
    await once(server, 'listening');
    const address = server.address();
    if (endpoint.kind === 'unix' || address === null || typeof address === 'string') return endpoint;
    return { ...endpoint, port: address.port };
  }
}

const peer = new Peer();
process.on('message', (ask: PeerAsk) => {
  void peer.answer(ask).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit());
process.send?.({ endpoint: null, payloadBytes: 0, copiedBytes: 0 } satisfies PeerAnswer);
