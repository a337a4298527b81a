/**
 * Where a destination listens: the path of a Unix socket, or a host and a port.
 */
import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';

import { UserError } from '../../sim/base/user-error.ts';
import { connectEncrypted, encryptedServer, type SharedKey } from './encryption.ts';

export type Endpoint = (
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
) & {
  /** Encrypted with this key; absent: in clear. */
  readonly key?: SharedKey;
};

/** Linux gives a path 108 bytes, one of them for the end. */
const PATH_BYTES_MAX = 107;
const PORT_MAX = 65_535;

export function describeEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return endpoint.path;
  return `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
}

/** @throws UserError of kind `usage` when the path is too long for a socket */
export function unixEndpoint(option: string, path: string): Endpoint {
  const bytes = Buffer.byteLength(path);
  if (bytes === 0 || bytes > PATH_BYTES_MAX) {
    throw new UserError(
      'usage',
      `${option} has a path of ${bytes} bytes, allowed is 1 to ${PATH_BYTES_MAX}`,
      'choose a shorter one, for instance below /tmp',
    );
  }
  return { kind: 'unix', path };
}

/**
 * `HOST:PORT`, `[v6]:PORT` or `:PORT`, which is of the loopback.
 *
 * @throws UserError of kind `usage`
 */
export function tcpEndpoint(option: string, text: string): Endpoint {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > PORT_MAX) {
    throw new UserError('usage', `${option} is '${text}', allowed is HOST:PORT with a port from 0 to ${PORT_MAX}`);
  }
  const host = match[1] ?? match[2] ?? '';
  return { kind: 'tcp', host: host === '' ? '127.0.0.1' : host, port };
}

/** Whether only processes of this machine can connect. */
export function isLocal(endpoint: Endpoint): boolean {
  return endpoint.kind === 'unix' || /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/.test(endpoint.host);
}

/** What `net` calls it. */
export function socketAddressOf(endpoint: Endpoint): { path: string } | { host: string; port: number } {
  return endpoint.kind === 'unix' ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port };
}

/** Connects. @param onConnect called once bytes can be sent */
export function connectTo(endpoint: Endpoint, onConnect: () => void): Socket {
  const { key } = endpoint;
  if (key === undefined) return connect({ ...socketAddressOf(endpoint), noDelay: true }).once('connect', onConnect);
  const socket = connectEncrypted(key, socketAddressOf(endpoint)).once('secureConnect', onConnect);
  return endpoint.kind === 'tcp' ? socket.setNoDelay() : socket;
}

const PROBE_MS = 500;

/**
 * Listens. A socket file at which no process listens any more is removed first; one that is served is not.
 *
 * @param onConnection given each connection before any of its bytes are read
 * @param onStranger given a sentence for each one that has no key, where one is needed
 * @param handshakeMs from the connection until the key is agreed on
 * @throws UserError of kind `usage` when the place is taken or cannot be had
 */
export async function listen(
  endpoint: Endpoint,
  onConnection: (socket: Socket) => void,
  onStranger: (sentence: string) => void,
  handshakeMs: number,
): Promise<{ readonly server: Server; readonly at: Endpoint }> {
  if (endpoint.kind === 'unix') await removeStale(endpoint.path);
  const { key } = endpoint;
  const server =
    key === undefined
      ? createServer({ pauseOnConnect: true, noDelay: true }, onConnection)
      : encryptedServer(key, handshakeMs, onConnection, onStranger);
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(cannotListen(endpoint, error));
    server.once('error', failed);
    server.listen(socketAddressOf(endpoint), () => {
      server.off('error', failed);
      resolve();
    });
  });
  // A VM comes from its owner's own programs.
  if (endpoint.kind === 'unix') chmodSync(endpoint.path, 0o600);
  const address = server.address();
  if (endpoint.kind === 'tcp' && address !== null && typeof address === 'object') {
    return { server, at: { ...endpoint, port: address.port } };
  }
  return { server, at: endpoint };
}

function cannotListen(endpoint: Endpoint, error: NodeJS.ErrnoException): UserError {
  const place = describeEndpoint(endpoint);
  if (error.code === 'EADDRINUSE') {
    return new UserError(
      'usage',
      `a process already listens at ${place}`,
      'choose another place, or end the other one',
    );
  }
  // A folder that is missing is reported as one without permission.
  const folder = endpoint.kind === 'unix' ? dirname(endpoint.path) : undefined;
  if (folder !== undefined && !existsSync(folder)) {
    return new UserError(
      'usage',
      `cannot listen at ${place}: there is no folder ${folder}`,
      'make it, or choose another place',
    );
  }
  return new UserError('usage', `cannot listen at ${place}: ${error.code ?? error.message}`, 'choose another place');
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new UserError('usage', `${path} is there and is no socket`, 'choose a path where nothing is');
  }
  if (await isServed(path)) {
    throw new UserError('usage', `a process already listens at ${path}`, 'choose another place, or end the other one');
  }
  unlinkSync(path);
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const end = (served: boolean): void => {
      socket.destroy();
      resolve(served);
    };
    // A full backlog takes no connection, but is served.
    socket.setTimeout(PROBE_MS, () => end(true));
    socket.once('connect', () => end(true));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code !== 'ECONNREFUSED'));
  });
}

/** Destroys a connection that was ended and has not gone after so many ms. One that goes is held by nothing. */
export function destroyUnlessGone(socket: Socket, ms: number): void {
  const late = setTimeout(() => socket.destroy(), ms).unref();
  socket.once('close', () => clearTimeout(late));
}
