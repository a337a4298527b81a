import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { endpointOf } from '../../../bench/cli/commands/move-options.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { readSharedKey } from '../../../workers/transport/encryption.ts';
import { connectTo, type Endpoint, listen } from '../../../workers/transport/endpoint.ts';
import { switchOver } from '../../../workers/transport/switchover.ts';
import { type Sides, sides, type SidesOptions, socketPath } from './move-rig.ts';
import { stating } from '../../stating.ts';

const KEY = '0123456789abcdef'.repeat(4);
const OTHER = 'f'.repeat(64);
const ITERATIONS = { iterationsMax: 3, fewChunks: 1 };
const open: (() => void)[] = [];
const folder = mkdtempSync(join(tmpdir(), 'stopcopy-key-'));

afterEach(() => {
  for (const close of open.splice(0)) close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function opened(options: SidesOptions): Promise<Sides> {
  const all = await sides(options);
  open.push(() => all.close());
  return all;
}

const tcp = (key?: string): Endpoint => ({
  kind: 'tcp',
  host: '127.0.0.1',
  port: 0,
  ...(key === undefined ? {} : { key }),
});

describe('a VM that moves encrypted', () => {
  test.each([
    ['over TCP', () => tcp(KEY), {}],
    ['over a Unix socket', (): Endpoint => ({ kind: 'unix', path: socketPath(), key: KEY }), {}],
    ['over four channels, checked', () => tcp(KEY), { channels: 4, checksums: true }],
  ] as [string, () => Endpoint, SidesOptions][])('%s runs there, and nothing is lost', async (_, at, options) => {
    const { source, destination, out, into, receiving, losses } = await opened({ ...options, endpoint: at() });
    expect(await switchOver(source, out, ITERATIONS)).toMatchObject({ kind: 'moved' });
    expect(await receiving.arrived).toEqual({ kind: 'running' });
    await receiving.released;
    expect([source.running, destination.running]).toEqual([false, true]);
    expect(destination.finish()).toMatchObject({ ok: true, outstanding: 0 });
    expect(losses).toEqual([]);
    expect(into.payloadBytes).toBe(out.payloadBytes);
  });

  test('shows nothing of itself to who listens in between', async () => {
    const all = await opened({ endpoint: { kind: 'unix', path: socketPath(), key: KEY } });
    const path = socketPath();
    const seen: Uint8Array[] = [];
    const between = createServer((client) => {
      const server = connect({ path: all.into.at.kind === 'unix' ? all.into.at.path : '' });
      for (const socket of [client, server]) {
        socket.on('error', () => {});
        socket.on('data', (bytes: Uint8Array) => void seen.push(bytes));
      }
      client.pipe(server);
      server.pipe(client);
    });
    between.listen(path);
    await once(between, 'listening');
    open.push(() => between.close());
    const { source, out } = await opened({ connectTo: { kind: 'unix', path, key: KEY } });
    expect(await switchOver(source, out, ITERATIONS)).toMatchObject({ kind: 'moved' });
    const bytes = Buffer.concat(seen);
    expect(bytes.length).toBeGreaterThan(out.payloadBytes);
    expect(bytes.includes('SCVT')).toBe(false);
  });
});

describe('without the key', () => {
  const limits = { sourceLimits: { lossesMax: 1 } };

  test.each([
    ['a source with another', KEY, OTHER, 'its key is another'],
    ['a source that does not encrypt', KEY, undefined, 'it does not encrypt with a shared key'],
  ])('%s is turned away, keeps its VM, and the destination waits on', async (_, there, here, says) => {
    const all = await opened({ endpoint: tcp(there), ...limits });
    const { key: _there, ...place } = all.into.at;
    const stranger = await opened({ ...limits, connectTo: here === undefined ? place : { ...place, key: here } });
    const outcome = await switchOver(stranger.source, stranger.out, ITERATIONS);
    expect(outcome).toMatchObject({ kind: 'kept', step: 'connect', resumed: true });
    expect(all.losses.join('\n')).toMatch(stating('turned away', says));
    expect(all.receiving.state).toBe('empty');
    expect(await switchOver(all.source, all.out, ITERATIONS)).toMatchObject({ kind: 'moved' });
  });

  test('a source that encrypts finds a destination in clear, and keeps its VM', async () => {
    const all = await opened({ endpoint: tcp() });
    const { source, out } = await opened({ ...limits, connectTo: { ...all.into.at, key: KEY } });
    const outcome = await switchOver(source, out, ITERATIONS);
    expect(outcome).toMatchObject({ kind: 'kept', step: 'connect', resumed: true });
    expect(all.receiving.state).toBe('empty');
  });

  test('a connection that says nothing is ended', async () => {
    const strangers: string[] = [];
    const { server, at } = await listen(
      tcp(KEY),
      () => {},
      (sentence) => void strangers.push(sentence),
      20,
    );
    open.push(() => server.close());
    const { key: _key, ...place } = at;
    const socket = connectTo(place, () => {});
    socket.on('error', () => {});
    await new Promise((resolve) => void socket.once('close', resolve));
    expect(strangers).toEqual([expect.stringMatching(/turned away.*no key/)]);
  });
});

describe('a key file', () => {
  const file = (name: string, text: string, mode = 0o600): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };

  test('holds 64 hexadecimal digits', () => {
    expect(readSharedKey('--key-file', file('good', `${KEY.toUpperCase()}\n`))).toBe(KEY);
  });

  test.each([
    ['short', KEY.slice(1), 0o600, /holds no key: it has 63 characters, expected 64 hexadecimal digits$/],
    ['huge', 'a'.repeat(2000), 0o600, /holds no key/],
    ['open', KEY, 0o644, /has mode 0644, so that others can use the key$/],
  ])('is refused when %s', (name, text, mode, says) => {
    expect(() => readSharedKey('--key-file', file(name, text, mode))).toThrow(says);
  });

  test('is refused when it is not there, or a folder', () => {
    expect(() => readSharedKey('--key-file', join(folder, 'none'))).toThrow(/cannot be read: ENOENT$/);
    const inside = mkdtempSync(join(folder, 'folder-'));
    expect(() => readSharedKey('--key-file', inside)).toThrow(UserError);
  });
});

describe('a place that other machines reach', () => {
  test.each(['0.0.0.0:7600', '192.0.2.7:7600', '[2001:db8::1]:7600', 'host.example:7600'])(
    '%s wants a key, or --plain',
    (at) => {
      expect(() => endpointOf({}, '--listen', at)).toThrow(/from other machines/);
      expect(endpointOf({ plain: true }, '--listen', at)).not.toHaveProperty('key');
    },
  );

  test.each(['127.0.0.1:7600', ':7600', '127.8.8.8:1', '[::1]:7600', 'localhost:7600'])('%s is none', (at) => {
    expect(endpointOf({}, '--listen', at)).not.toHaveProperty('key');
  });

  test('has a key, or none, but not both', () => {
    const path = join(folder, 'both');
    writeFileSync(path, KEY, { mode: 0o600 });
    expect(endpointOf({ keyFile: path }, '--listen', '0.0.0.0:1')).toMatchObject({ key: KEY });
    expect(() => endpointOf({ keyFile: path, plain: true }, '--listen', '0.0.0.0:1')).toThrow(/contradict each other/);
  });
});
