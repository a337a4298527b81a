import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { connect } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openUiServer, type UiServer } from '../../../bench/ui/server.ts';
import { stating } from '../../stating.ts';

const PAGE = '<!doctype html><title>A page</title>';

interface Reply {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

describe('the server', () => {
  let server: UiServer;
  let port: number;

  beforeAll(async () => {
    server = await openUiServer(PAGE, 0);
    port = Number(new URL(server.url).port);
  });
  afterAll(() => server.close());

  function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Reply> {
    return new Promise((done, failed) => {
      const asked = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () => done({ status: response.statusCode, headers: response.headers, text }));
      });
      asked.on('error', failed);
      asked.end();
    });
  }

  test('gives the page, and forbids the browser to fetch anything and to be framed', async () => {
    const { status, headers, text } = await ask('/');
    expect({ status, text }).toEqual({ status: 200, text: PAGE });
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  test.each([
    ['/', { Host: 'evil.example' }, 'GET', 421],
    ['/', { Host: 'evil.example:80' }, 'GET', 421],
    ['/', { Host: '127.0.0.1' }, 'GET', 421],
    ['/', { Origin: 'https://evil.example' }, 'GET', 403],
    ['/', { Origin: 'null' }, 'GET', 403],
    ['/', {}, 'POST', 405],
    ['/', {}, 'DELETE', 405],
    ['/etc/passwd', {}, 'GET', 404],
    ['/../package.json', {}, 'GET', 404],
    ['/favicon.ico', {}, 'GET', 204],
    ['/?scenario=zip-64', {}, 'GET', 200],
    ['/', {}, 'HEAD', 200],
  ] as const)('%s with %j by %s gives %d', async (path, headers, method, status) => {
    const reply = await ask(path, headers, method);
    expect(reply.status).toBe(status);
    expect(reply.text === PAGE).toBe(status === 200 && method === 'GET');
  });

  test('answers to its names with its port, and to its own origin', async () => {
    const own = { Host: `LOCALHOST:${port}`, Origin: `http://localhost:${port}` };
    expect((await ask('/', own)).status).toBe(200);
  });

  test('listens on loopback only', async () => {
    const others = Object.values(networkInterfaces())
      .flat()
      .flatMap((each) => (each === undefined || each.internal || each.family !== 'IPv4' ? [] : [each.address]));
    for (const host of others) {
      const refused = await new Promise<boolean>((done) => {
        const socket = connect({ host, port, timeout: 2000 });
        const end = (no: boolean): void => {
          socket.destroy();
          done(no);
        };
        socket.on('connect', () => end(false));
        socket.on('error', () => end(true));
        socket.on('timeout', () => end(true));
      });
      expect({ host, refused }).toEqual({ host, refused: true });
    }
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
  });

  test('a port that is taken gives a sentence', async () => {
    await expect(openUiServer(PAGE, port)).rejects.toThrow(stating(`port ${port}`, 'taken'));
  });
});
