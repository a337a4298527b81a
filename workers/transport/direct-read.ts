/**
 * Reading a connection that was accepted straight into the memory where its bytes belong.
 *
 * `net.Socket` reads into memory of ours when it is made with `onread`, but a server makes its sockets itself and hands
 * no such option on. So the connection is taken out of the socket that the server made, before it has read anything, and
 * put into one of our own. That needs the socket's `_handle`, which is no public name: where it is missing, the bytes are
 * copied out of the pieces in which they come.
 */
import { Socket } from 'node:net';

import type { MessageReader } from './message-reader.ts';

/** How the bytes of a connection reach the reader. */
export type ReadMode = 'onread' | 'data';

interface Insides {
  _handle?: object | null;
}

/**
 * Lets a connection's bytes flow into a reader.
 *
 * @param accepted a paused socket from which nothing was read
 * @param onBytes called after each piece
 * @param onError called with what the reader found wrong; nothing is read after that
 * @returns the socket to write to and to listen to
 */
export function readInto(
  accepted: Socket,
  reader: MessageReader,
  mode: ReadMode,
  onBytes: () => void,
  onError: (error: Error) => void,
): Socket {
  const insides = accepted as unknown as Insides;
  const handle = insides._handle;
  let ended = false;
  const guarded = (take: () => void): boolean => {
    if (ended) return false;
    try {
      take();
      onBytes();
      return true;
    } catch (error) {
      ended = true;
      onError(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  };
  if (mode === 'data' || handle === undefined || handle === null) {
    accepted.on('data', (bytes: Uint8Array) => void guarded(() => reader.take(bytes)));
    accepted.resume();
    return accepted;
  }
  const options = {
    handle,
    readable: true,
    writable: true,
    onread: {
      buffer: () => reader.target(),
      callback: (bytes: number) => guarded(() => reader.filled(bytes)),
    },
  };
  const socket = new Socket(options);
  // The first socket is an empty shell now: without this the server would count it for ever.
  insides._handle = null;
  accepted.destroy();
  socket.resume();
  return socket;
}
