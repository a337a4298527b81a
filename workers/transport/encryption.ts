/**
 * TLS with a key that both sides have: who does not know it can neither read a move nor be a side of one. With TLS 1.2, since
 * Node offers keys shared beforehand in no later version; the cipher suites have forward secrecy (RFC 8442, RFC 7905).
 */
import { fstatSync, openSync, closeSync, readFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';

import { UserError } from '../../sim/base/user-error.ts';

const CIPHERS = 'ECDHE-PSK-CHACHA20-POLY1305:DHE-PSK-AES256-GCM-SHA384';
/** What a source calls itself; the key is what counts. */
const IDENTITY = 'stopcopy';
const KEY_BYTES = 32;
const KEY_FILE_BYTES_MAX = 1024;
/** Channels of a source, and connections that have not agreed on a key yet. */
const CONNECTIONS_MAX = 32;

const SETTINGS = { ciphers: CIPHERS, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;

/** A key of 32 bytes, in hexadecimal. */
export type SharedKey = string;

/**
 * @param path file with 64 hexadecimal digits, readable for its owner only
 * @throws UserError of kind `input`
 */
export function readSharedKey(option: string, path: string): SharedKey {
  const text = readOwn(option, path).trim().toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new UserError(
      'input',
      `${option}: ${path} holds no key: it has ${text.length} characters, expected ${2 * KEY_BYTES} hexadecimal digits`,
      `Make one with: openssl rand -hex ${KEY_BYTES}`,
    );
  }
  return text;
}

function readOwn(option: string, path: string): string {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const { mode, size } = fstatSync(file);
    if ((mode & 0o077) !== 0) {
      const others = (mode & 0o777).toString(8).padStart(4, '0');
      throw new UserError(
        'input',
        `${option}: ${path} has mode ${others}, so that others can use the key`,
        `chmod 600 ${path}`,
      );
    }
    return size > KEY_FILE_BYTES_MAX ? ' '.repeat(size) : readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new UserError('input', `${option}: ${path} cannot be read: ${code}`, 'check the path');
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * A server whose connections are encrypted before anybody sees them.
 *
 * @param onConnection given each connection of a source that has the key
 * @param onStranger given a sentence for each other one
 */
export function encryptedServer(
  key: SharedKey,
  handshakeMs: number,
  onConnection: (socket: Socket) => void,
  onStranger: (sentence: string) => void,
): Server {
  const secret = Buffer.from(key, 'hex');
  const options = { ...SETTINGS, handshakeTimeout: handshakeMs, noDelay: true, pskCallback: () => secret };
  const server = createTlsServer(options, onConnection);
  server.maxConnections = CONNECTIONS_MAX;
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    socket.destroy();
    onStranger(`a new connection was turned away: ${reasonOfHandshake(error)}`);
  });
  return server;
}

/** A connection that becomes usable with `secureConnect`. */
export function connectEncrypted(key: SharedKey, at: { path: string } | { host: string; port: number }): Socket {
  const secret = Buffer.from(key, 'hex');
  return connectTls({
    ...SETTINGS,
    ...at,
    pskCallback: () => ({ psk: secret, identity: IDENTITY }),
    // There is no certificate: the side that knows the key is the right one.
    checkServerIdentity: () => undefined,
  });
}

/** What went wrong in a handshake, in a few words. */
export function reasonOfHandshake(error: NodeJS.ErrnoException): string {
  const { code = error.message } = error;
  // Names of OpenSSL 3.0 and 3.5 differ.
  if (/BAD_RECORD_MAC/.test(code)) return 'its key is another';
  if (/WRONG_VERSION|HTTP_REQUEST|PACKET_LENGTH|UNEXPECTED_MESSAGE|NO_SHARED_CIPHER|NO_PROTOCOLS/.test(code))
    return 'it does not encrypt with a shared key';
  if (/HANDSHAKE_TIMEOUT/.test(code)) return 'it agreed on no key in time';
  return code;
}
