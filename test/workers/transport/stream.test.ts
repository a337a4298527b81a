import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

import { afterEach, describe, expect, test } from 'vitest';

import { UserError } from '../../../sim/base/user-error.ts';
import type { Hello, ControlReply, Request } from '../../../workers/transport/control.ts';
import { type DestinationOwner, DestinationStream } from '../../../workers/transport/destination-stream.ts';
import { tcpEndpoint, unixEndpoint } from '../../../workers/transport/endpoint.ts';
import { type TransportLimits, TransportFailed } from '../../../workers/transport/limits.ts';
import { SourceStream } from '../../../workers/transport/source-stream.ts';
import { until } from '../world-rig.ts';
import { AGES, socketPath } from './move-rig.ts';
import { stating } from '../../stating.ts';

const CHUNK = 64 * 1024;
const CHUNKS = 160;
const HELLO: Hello = {
  session: '0123456789abcdef0123456789abcdef',
  stopcopy: 'test',
  channels: 1,
  chunkBytes: CHUNK,
  parcelBytes: CHUNKS * CHUNK - 5,
  vm: { kind: 'zip', queuePairs: 1, isolation: 0, dmaBase: 0, driver: 'none' },
};

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

class AnyOwner implements DestinationOwner {
  readonly state = 'filling';
  readonly sessions: string[] = [];
  readonly arena = new Uint8Array(HELLO.parcelBytes);
  readonly asked: string[] = [];
  readonly silences: number[] = [];

  accept({ session }: Hello): Uint8Array {
    this.sessions.push(session);
    return this.arena;
  }

  answer({ ask }: Request): Promise<ControlReply> {
    this.asked.push(ask);
    return Promise.resolve({ is: 'prepared' });
  }

  silent(ms: number): void {
    this.silences.push(ms);
  }

  forget(): boolean {
    return this.asked.length === 0;
  }
}

interface Pair {
  readonly owner: AnyOwner;
  readonly into: DestinationStream;
  readonly out: SourceStream;
  readonly losses: string[];
}

async function pair(
  hello: Partial<Hello> = {},
  limits: Partial<TransportLimits> = {},
  sourceLimits: Partial<TransportLimits> = limits,
): Promise<Pair> {
  const owner = new AnyOwner();
  const losses: string[] = [];
  const onLoss = (sentence: string): void => void losses.push(sentence);
  const into = new DestinationStream({
    endpoint: { kind: 'unix', path: socketPath() },
    owner,
    limits: { ...AGES, ...limits },
    onLoss,
  });
  await into.listen();
  const out = new SourceStream({
    endpoint: into.at,
    hello: { ...HELLO, ...hello },
    limits: { ...AGES, ...sourceLimits },
    onLoss,
  });
  closing.push(
    () => out.close(),
    () => into.close(false),
  );
  return { owner, into, out, losses };
}

function parcelOf(seed: number): Uint8Array {
  return new Uint8Array(HELLO.parcelBytes).map((_, index) => (index * 31 + seed + (index >> 12)) & 0xff);
}

const ALL = Array.from({ length: CHUNKS }, (_, chunk) => chunk);

describe('a parcel', () => {
  test.each([1, 2, 5, 8])('comes over %i channels as it was, however often they break', async (channels) => {
    const { owner, into, out } = await pair({ channels });
    await out.open();
    for (let iteration = 1; iteration <= 6; iteration++) {
      const parcel = parcelOf(iteration);
      const sent = out.send(parcel, ALL);
      // Breaks a channel whenever some more of the iteration has come.
      for (let breaks = 0; breaks < 3; breaks++) {
        const goal = into.payloadBytes + CHUNK;
        await Promise.race([sent, until('some more has come', () => into.payloadBytes > goal)]);
        if (breaks % 2 === 0) out.channels[breaks % channels]!.breakOff();
        else into.breakOff(breaks % channels);
      }
      await sent;
      expect(Buffer.compare(owner.arena, parcel)).toBe(0);
    }
    expect(out.losses).toBeGreaterThan(0);
    expect(into.isWhole(HELLO.parcelBytes)).toBe(true);
  });

  test('of which nothing changed takes no message', async () => {
    const { out } = await pair();
    await out.open();
    await out.send(parcelOf(1), []);
    expect(out.payloadBytes).toBe(0);
  });

  test('is not whole while a chunk of it never came', async () => {
    const { into, out } = await pair();
    await out.open();
    await out.send(parcelOf(1), [0, 1, 3]);
    expect([into.isWhole(2 * CHUNK), into.isWhole(2 * CHUNK + 1), into.isWhole(4 * CHUNK)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('cannot change once it is sealed', async () => {
    const { into, out } = await pair({}, { lossesMax: 1 });
    await out.open();
    const parcel = parcelOf(1);
    await out.send(parcel, ALL);
    expect(into.seal()).toBe(true);
    await expect(out.send(parcelOf(2), [3])).rejects.toThrow(stating('chunk 3', 'end'));
  });
});

test('a question is answered once, over whatever channel is left', async () => {
  const { owner, out } = await pair({ channels: 3 });
  await out.open();
  const answers = out.ask({ ask: 'prepare' });
  out.channels[0]!.breakOff();
  expect(await answers).toEqual({ is: 'prepared' });
  expect(owner.asked).toEqual(['prepare']);
});

describe('a destination that does not read', () => {
  test('is not given more than a bounded amount', async () => {
    // It says welcome and then stops reading: the welcome of a genuine destination, passed on.
    const { into, out } = await pair();
    const sockets: Socket[] = [];
    const path = socketPath();
    const proxy: Server = createServer((client) => {
      const server = connect({ path: into.at.kind === 'unix' ? into.at.path : '' });
      sockets.push(client, server);
      for (const socket of [client, server]) socket.on('error', () => {});
      server.pipe(client);
      client.once('data', (hello) => {
        server.write(hello);
        client.pause();
      });
    });
    proxy.listen(path);
    await once(proxy, 'listening');
    const stuck = new SourceStream({ endpoint: { kind: 'unix', path }, hello: HELLO, limits: AGES });
    closing.push(
      () => proxy.close(),
      () => stuck.fail(new TransportFailed('enough')),
      () => {
        for (const socket of sockets) socket.destroy();
      },
    );
    await stuck.open();
    const sending = stuck.send(parcelOf(1), ALL).catch((error: unknown) => error);
    // All that there is to be given is given in turns of this process, as nobody else takes part.
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => void setImmediate(resolve));
    // What the socket holds, and what the kernel took: a fraction of the parcel.
    expect(stuck.payloadBytes).toBeLessThanOrEqual(5 * 1024 * 1024);
    expect(stuck.payloadBytes).toBeLessThan(HELLO.parcelBytes);
    stuck.fail(new TransportFailed('enough'));
    expect(await sending).toEqual(new TransportFailed('enough'));
    expect(out.payloadBytes).toBe(0);
  });
});

/** Sends bytes to a destination, and waits for the end. */
async function shout(into: DestinationStream, bytes: Uint8Array): Promise<void> {
  const socket = connect({ path: into.at.kind === 'unix' ? into.at.path : '' });
  socket.on('error', () => {});
  socket.resume();
  socket.write(bytes);
  // Also where it is broken off before all bytes are out.
  await new Promise((resolve) => void socket.once('close', resolve));
}

describe('a stranger', () => {
  test('that is no stopcopy is turned away with a sentence, and the next source is served', async () => {
    const { into, out, losses } = await pair();
    await shout(into, new TextEncoder().encode('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    expect(losses[0]).toMatch(stating('stream refused', 'message 0', 'byte 32', '0x20544547'));
    await out.open();
    await out.send(parcelOf(1), ALL);
  });

  test('that says nothing is turned away after a while', async () => {
    const { into, losses } = await pair({}, { handshakeMs: 20 });
    await shout(into, new Uint8Array());
    expect(losses).toEqual(['a new connection: no hello within 20 ms']);
  });

  test('that is another source is informed', async () => {
    const { into, out } = await pair({}, { prepareMs: 0 }, AGES);
    await out.open();
    await out.ask({ ask: 'prepare' });
    const other = new SourceStream({
      endpoint: into.at,
      hello: { ...HELLO, session: 'f'.repeat(32) },
      limits: AGES,
    });
    closing.push(() => other.close());
    await expect(other.open()).rejects.toThrow(stating('another source'));
    await out.send(parcelOf(1), ALL);
  });

  test('that says hello and nothing more makes way for the next source', async () => {
    const { owner, into, out, losses } = await pair(
      { session: '0'.repeat(32) },
      { prepareMs: 0 },
      { ...AGES, lossesMax: 0 },
    );
    await out.open();
    const other = new SourceStream({ endpoint: into.at, hello: HELLO, limits: AGES });
    closing.push(() => other.close());
    await other.open();
    expect(losses.join('\n')).toMatch(stating('channel 0', 'another source'));
    expect(owner.sessions).toEqual(['0'.repeat(32), HELLO.session]);
    await other.send(parcelOf(1), ALL);
    expect(Buffer.compare(owner.arena, parcelOf(1))).toBe(0);
  });

  test('that has just said hello keeps its place for now, and the next one tries again', async () => {
    const { into, out } = await pair();
    await out.open();
    const limits = { ...AGES, lossesMax: 2 };
    const other = new SourceStream({ endpoint: into.at, hello: { ...HELLO, session: 'f'.repeat(32) }, limits });
    closing.push(() => other.close());
    await expect(other.open()).rejects.toThrow(stating('another source', 'hello'));
    expect(other.losses).toBe(3);
  });

  test('that says hello and falls silent is forgotten', async () => {
    const { owner, into, out, losses } = await pair({}, { idleMs: 20 }, { ...AGES, lossesMax: 0 });
    await out.open();
    await until('it is forgotten', () => losses.includes('channel 0: the source said hello and nothing more'));
    expect(owner.silences).toEqual([]);
    const next = new SourceStream({ endpoint: into.at, hello: { ...HELLO, session: '1'.repeat(32) }, limits: AGES });
    closing.push(() => next.close());
    await next.open();
    expect(owner.sessions).toEqual([HELLO.session, '1'.repeat(32)]);
  });

  test('in any number keeps no source out: the first of those that say nothing has to go', async () => {
    const { into, out, losses } = await pair();
    const at = into.at.kind === 'unix' ? into.at.path : '';
    for (let i = 0; i < 40; i++) {
      const socket = connect({ path: at });
      socket.on('error', () => {});
      closing.push(() => socket.destroy());
      await once(socket, 'connect');
    }
    await out.open();
    await out.send(parcelOf(1), ALL);
    await until('the first ones are gone', () => losses.length >= 24);
    expect(losses[0]).toMatch(stating('a new connection', 'no hello', 16));
  });

  test('that knows the session and says another hello gets no channel of it', async () => {
    const { into, out, losses } = await pair({ channels: 2 });
    await out.open();
    const hello = { ...HELLO, channels: 2, chunkBytes: 2 * CHUNK };
    const other = new SourceStream({ endpoint: into.at, hello, limits: { ...AGES, lossesMax: 0 } });
    closing.push(() => other.close());
    await expect(other.open()).rejects.toThrow(stating('channel 0', 'another hello'));
    expect(losses.join('\n')).toMatch(stating('another hello'));
    await out.send(parcelOf(1), ALL);
  });

  test('that plays a recorded move again is turned away, and the next source is served', async () => {
    const first = await pair();
    const path = socketPath();
    const bytes: Uint8Array[] = [];
    const recorder = createServer((client) => {
      const server = connect({ path: first.into.at.kind === 'unix' ? first.into.at.path : '' });
      for (const socket of [client, server]) socket.on('error', () => {});
      client.on('data', (some: Uint8Array) => void bytes.push(some));
      client.pipe(server);
      server.pipe(client);
    });
    recorder.listen(path);
    await once(recorder, 'listening');
    const sender = new SourceStream({ endpoint: { kind: 'unix', path }, hello: HELLO, limits: AGES });
    closing.push(
      () => recorder.close(),
      () => sender.close(),
    );
    await sender.open();
    await sender.ask({ ask: 'prepare' });
    await sender.send(parcelOf(1), ALL);
    expect(first.owner.asked).toEqual(['prepare']);

    const { owner, into, out, losses } = await pair({ session: '2'.repeat(32) });
    await shout(into, Buffer.concat(bytes));
    expect(losses[0]).toMatch(/another run/);
    expect(owner.asked).toEqual([]);
    await out.open();
    expect(await out.ask({ ask: 'prepare' })).toEqual({ is: 'prepared' });
    expect(owner.asked).toEqual(['prepare']);
  });
});

describe('a source', () => {
  test('that asks without end is refused', async () => {
    const { owner, out } = await pair({}, {}, { ...AGES, lossesMax: 0 });
    await out.open();
    const asked = async (): Promise<void> => {
      for (let i = 0; i < 1_000; i++) await out.ask({ ask: 'prepare' });
    };
    await expect(asked()).rejects.toThrow(stating('request 33', 32));
    expect(owner.asked).toHaveLength(32);
  });

  test('whom nobody hears gives up with channel and place', async () => {
    const path = socketPath();
    const out = new SourceStream({
      endpoint: { kind: 'unix', path },
      hello: { ...HELLO, channels: 3 },
      limits: { ...AGES, lossesMax: 2 },
    });
    closing.push(() => out.close());
    await expect(out.open()).rejects.toThrow(stating('channel 0', path, 'no such socket'));
  });

  test('whose hello nobody answers gives up', async () => {
    const path = socketPath();
    const mute = createServer(() => {});
    mute.listen(path);
    await once(mute, 'listening');
    const limits = { ...AGES, handshakeMs: 10, lossesMax: 1 };
    const out = new SourceStream({ endpoint: { kind: 'unix', path }, hello: HELLO, limits });
    closing.push(
      () => mute.close(),
      () => out.close(),
    );
    await expect(out.open()).rejects.toThrow(stating('channel 0', path, 'no answer', '10 ms'));
  });

  test('that falls silent is noticed, though its connections stand', async () => {
    // Its own heart beats only every some seconds.
    const { owner, out } = await pair({}, { idleMs: 20 }, AGES);
    await out.open();
    await out.ask({ ask: 'prepare' });
    await until('the silence is noticed', () => owner.silences.length > 0);
    expect(owner.silences[0]).toBeGreaterThanOrEqual(20);
  });

  test('that has nothing to say shows all the same that it is there', async () => {
    const { into, out } = await pair({}, AGES, { ...AGES, idleMs: 400 });
    await out.open();
    let heard = 0;
    const count = into.heard.bind(into);
    into.heard = () => {
      heard += 1;
      count();
    };
    await until('it was heard three times', () => heard >= 3);
    expect(into.losses).toBe(0);
  });
});

describe('a place', () => {
  test('that is a socket file is open to its owner only', async () => {
    const { into } = await pair();
    expect(into.at.kind === 'unix' && statSync(into.at.path).mode & 0o777).toBe(0o600);
  });

  test('at which a dead socket file lies is taken; one that is served, or no socket, is not', async () => {
    const path = socketPath();
    const { into } = await pair();
    const taken = new DestinationStream({ endpoint: into.at, owner: new AnyOwner() });
    await expect(taken.listen()).rejects.toThrow(/^a process already listens at /);
    writeFileSync(path, 'precious');
    const onFile = new DestinationStream({ endpoint: { kind: 'unix', path }, owner: new AnyOwner() });
    await expect(onFile.listen()).rejects.toThrow(stating(path, 'no socket'));
    expect(existsSync(path)).toBe(true);
    // The system reports a folder that is missing as one without permission.
    const nowhere = new DestinationStream({ endpoint: { kind: 'unix', path: '/missing/s' }, owner: new AnyOwner() });
    await expect(nowhere.listen()).rejects.toThrow(stating('/missing/s', 'no folder /missing'));
    into.close();
    await until('the socket file is gone', () => into.at.kind === 'unix' && !existsSync(into.at.path));
  });

  test('is written as people write it', () => {
    expect(tcpEndpoint('--listen', '127.0.0.1:80')).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 80 });
    expect(tcpEndpoint('--listen', ':7600')).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 7600 });
    expect(tcpEndpoint('--listen', '[::1]:7600')).toEqual({ kind: 'tcp', host: '::1', port: 7600 });
    for (const wrong of ['7600', 'host', 'host:', 'host:70000', '::1:80', 'host:-1']) {
      expect(() => tcpEndpoint('--listen', wrong)).toThrow(UserError);
    }
    expect(() => unixEndpoint('--socket', `/tmp/${'x'.repeat(110)}`)).toThrow('a path of 115 bytes');
  });
});
