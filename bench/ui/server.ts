/**
 * One page on the loopback interface, for browsers of this machine that ask for it by its own name.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { UserError } from '../../sim/base/user-error.ts';
import { UI_POLICY } from './page.ts';

const LOOPBACK = '127.0.0.1';

export interface UiServer {
  readonly url: string;
  close(): Promise<void>;
}

const HEADERS = {
  'Content-Security-Policy': `${UI_POLICY}; frame-ancestors 'none'`,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
} as const;

/**
 * @param port 0 for any that is free
 * @throws UserError of kind `usage` when the port is taken or not allowed
 */
export async function openUiServer(page: string, port: number): Promise<UiServer> {
  const body = Buffer.from(page, 'utf8');
  const server = createServer((request, response) => answer(request, response, body, portOf(server)));
  await listening(server, port);
  return {
    url: `http://${LOOPBACK}:${portOf(server)}/`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, page: Buffer, port: number): void {
  const refusal = refusalOf(request, port);
  if (refusal !== undefined) return send(response, refusal.status, 'text/plain; charset=utf-8', `${refusal.why}\n`);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return send(response, 405, 'text/plain; charset=utf-8', 'This page is only read.\n');
  }
  const path = (request.url ?? '/').replace(/[?#].*$/s, '');
  if (path === '/favicon.ico') return send(response, 204, 'image/x-icon', '');
  if (path !== '/') return send(response, 404, 'text/plain; charset=utf-8', 'There is one page, at /.\n');
  return send(response, 200, 'text/html; charset=utf-8', page, request.method === 'HEAD');
}

/** Names of other hosts lead here only by a trick of their DNS; origins of other pages only by their scripts. */
function refusalOf({ headers }: IncomingMessage, port: number): { status: number; why: string } | undefined {
  const own = [`${LOOPBACK}:${port}`, `localhost:${port}`];
  if (headers.host === undefined || !own.includes(headers.host.toLowerCase())) {
    return { status: 421, why: `This server is ${own[0]}, and answers to no other name.` };
  }
  const { origin } = headers;
  if (origin !== undefined && !own.some((host) => origin === `http://${host}`)) {
    return { status: 403, why: 'Pages of other origins get nothing here.' };
  }
  return undefined;
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer, headOnly = false): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(headOnly ? undefined : body);
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((done, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'it is taken' : error.code === 'EACCES' ? 'permission denied' : error.message;
      failed(new UserError('usage', `cannot listen on port ${port}: ${why}`, 'Give another --port, or none.'));
    });
    server.listen(port, LOOPBACK, done);
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
