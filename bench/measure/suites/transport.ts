/**
 * The suite `transport`: a VF's image from one process to another, over the stream of a move and, in turn with it, over
 * bare sockets that carry messages of the same size. docs/transport.md section 7.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bug } from '../../../sim/base/bug.ts';
import { QueueLayout } from '../../../sim/workload/layout.ts';
import type { ReadMode } from '../../../workers/transport/direct-read.ts';
import { socketAddressOf, type Endpoint } from '../../../workers/transport/endpoint.ts';
import { builtUrl } from '../../../workers/pools/worker-url.ts';
import { ParcelLayout } from '../../../workers/transport/parcel.ts';
import { SourceStream } from '../../../workers/transport/source-stream.ts';
import { packageVersion } from '../../io/package-root.ts';
import { type Allocation, allocationOfAsync } from '../allocation.ts';
import { exact, medianFigure, percentile, measured } from '../statistics.ts';
import type { SuiteColumn, SuiteOptions, SuiteReport, SuiteRow } from '../../documents/suites/document.ts';
import type { PeerAnswer, PeerAsk } from './transport-peer.ts';
import { KIB, MIB, NS_PER_MS, NS_PER_S } from '../../../sim/base/units.ts';

/** How the destination reads, whether each chunk has a checksum of its own, and whether the stream is encrypted. */
export const WAYS = ['direct', 'copied', 'checked', 'encrypted'] as const;

type Way = (typeof WAYS)[number];

export interface TransportSize {
  readonly queuePairs: number;
  readonly channels: readonly number[];
  /** Images that are sent each way at each visit, after some that are not counted: TCP finds out what a connection bears. */
  readonly images: number;
  readonly warmUpImages: number;
  /** How often each place is visited: two processes may be near to each other for seconds, and then far apart. */
  readonly visits: number;
}

const SIZES: Readonly<Record<'quick' | 'full', TransportSize>> = {
  quick: { queuePairs: 16, channels: [1, 4], images: 10, warmUpImages: 6, visits: 2 },
  full: { queuePairs: 64, channels: [1, 2, 4, 8], images: 60, warmUpImages: 24, visits: 3 },
};

const FRAME_BYTES = [64 * KIB, MIB] as const;
/** Images between two readings of the heap. */
const HEAP_IMAGES = 3;

const COLUMNS: readonly SuiteColumn[] = [
  { name: 'streamBytesPerSecond', title: 'stream\n' },
  { name: 'bareBytesPerSecond', title: 'bare\n' },
  { name: 'ratio', title: 'stream\nto bare' },
  { name: 'ratioLow', title: 'lower\nquarter' },
  { name: 'imageP50', title: 'image\np50' },
  { name: 'imageP99', title: 'image\np99' },
  { name: 'copiedPerByte', title: 'copied\nper byte' },
  { name: 'garbage', title: 'garbage\nper image' },
  { name: 'survivors', title: 'of it\nsurviving' },
];

interface Place {
  readonly transport: 'unix' | 'tcp';
  readonly frameBytes: number;
  readonly channels: number;
  readonly way: Way;
}

export function runTransport(options: SuiteOptions): Promise<SuiteReport> {
  const size = SIZES[options.quick ? 'quick' : 'full'];
  const queuePairs = options.queuePairs?.[0] ?? size.queuePairs;
  return measureTransport({ ...size, queuePairs });
}

export async function measureTransport(size: TransportSize): Promise<SuiteReport> {
  const { bytes } = new ParcelLayout(
    new QueueLayout({ kind: 'zip', queuePairs: size.queuePairs, dmaBase: 0x2f_0000_0000 }),
  );
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-transport-'));
  // A process each: what one of them leaves to be collected must not be collected in a turn of the other.
  const peers = { stream: await PeerProcess.start(), bare: await PeerProcess.start() };
  const rows: SuiteRow[] = [];
  try {
    const seen = places(size).map((place): Seen => ({ place, streamNs: [], bareNs: [], moved: 0, copied: 0 }));
    for (let visit = 0; visit < size.visits; visit++) {
      for (const each of seen) await visitPlace(each, bytes, size, folder, peers);
    }
    rows.push(...seen.map((each) => rowOf(each, bytes)));
  } finally {
    for (const peer of Object.values(peers)) peer.end();
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    suite: 'transport',
    title: `An image of ${bytes} bytes between two processes, in turn with bare sockets and messages of the same size`,
    columns: COLUMNS,
    rows,
    remarks: [
      { about: 'direct', lines: ['bytes are read from the socket straight into the parcel'] },
      { about: 'copied', lines: ['bytes come in pieces of the socket and are copied into the parcel'] },
      {
        about: 'checked',
        lines: ['as direct, and each frame has a checksum, made and compared by the socket threads'],
      },
      {
        about: 'encrypted',
        lines: ['TLS with a shared key, and bytes as it hands them out; the bare sockets stay in clear'],
      },
    ],
    costs: [],
  };
}

function places({ channels }: TransportSize): Place[] {
  return (['unix', 'tcp'] as const).flatMap((transport) =>
    FRAME_BYTES.flatMap((frameBytes) => [
      ...channels.map((count): Place => ({ transport, frameBytes, channels: count, way: 'direct' })),
      ...waysOnce(transport).map((way): Place => ({ transport, frameBytes, channels: 1, way })),
    ]),
  );
}

/** Ways with one channel only. */
function waysOnce(transport: Place['transport']): readonly Way[] {
  return transport === 'tcp' ? ['copied', 'checked', 'encrypted'] : ['copied', 'checked'];
}

/** What was seen of a place at all visits. */
interface Seen {
  readonly place: Place;
  /** For each image. */
  readonly streamNs: number[];
  readonly bareNs: number[];
  /** Bytes of payload, and of them those that the destination copied. */
  moved: number;
  copied: number;
  allocation?: Allocation;
}

async function visitPlace(
  seen: Seen,
  bytes: number,
  { images, warmUpImages }: TransportSize,
  folder: string,
  peers: { readonly stream: PeerProcess; readonly bare: PeerProcess },
): Promise<void> {
  const { transport, frameBytes, channels, way } = seen.place;
  const at = (name: string): Endpoint =>
    transport === 'unix' ? { kind: 'unix', path: join(folder, name) } : { kind: 'tcp', host: '127.0.0.1', port: 0 };
  const parcel = new Uint8Array(new SharedArrayBuffer(bytes)).map((_, index) => index * 31);
  const guard = way === 'encrypted' ? { key: randomBytes(32).toString('hex') } : {};
  const readMode: ReadMode = way === 'copied' ? 'data' : 'onread';
  const stream = new SourceStream({
    endpoint: await peers.stream.open({ open: 'stream', endpoint: { ...at('stream'), ...guard }, readMode }),
    hello: {
      session: randomBytes(16).toString('hex'),
      stopcopy: packageVersion(),
      channels,
      chunkBytes: frameBytes,
      parcelBytes: bytes,
      vm: { kind: 'zip', queuePairs: 0, isolation: 0, dmaBase: 0, driver: 'none' },
    },
    checksums: way === 'checked',
  });
  const share = bareShare(seen.place, bytes);
  const bare = await BarePipe.open(at('bare'), channels, (endpoint) =>
    peers.bare.ask({ open: 'bare', endpoint, channels, bytes: share }),
  );
  const chunks = Array.from({ length: Math.ceil(bytes / frameBytes) }, (_, chunk) => chunk);
  const kinds = [
    { samples: seen.streamNs, once: () => stream.send(parcel, chunks) },
    { samples: seen.bareNs, once: () => bare.send(parcel, share, frameBytes) },
  ];
  try {
    await stream.open();
    for (let image = -warmUpImages; image < images; image++) {
      // The first one finds the cores in another state: the order alternates, too.
      for (const { samples, once: send } of image % 2 === 0 ? kinds : kinds.toReversed()) {
        const startNs = performance.now() * NS_PER_MS;
        await send();
        if (image >= 0) samples.push(performance.now() * NS_PER_MS - startNs);
      }
    }
    seen.allocation ??= await allocationOfAsync(() => stream.send(parcel, chunks), HEAP_IMAGES);
  } finally {
    stream.close();
    bare.close();
  }
  const { payloadBytes, copiedBytes } = await peers.stream.ask({ open: 'nothing' });
  await peers.bare.ask({ open: 'nothing' });
  seen.moved += payloadBytes;
  seen.copied += copiedBytes;
}

/** Bytes of an image that each of the bare sockets carries. */
function bareShare({ channels }: Place, bytes: number): number {
  return Math.ceil(bytes / channels);
}

function rowOf({ place, streamNs, bareNs, moved, copied, allocation }: Seen, bytes: number): SuiteRow {
  const { transport, frameBytes, channels, way } = place;
  const bareBytes = bareShare(place, bytes) * channels;
  const ratios = streamNs.map((ns, image) => bytes / ns / (bareBytes / bareNs[image]!));
  const ratio = medianFigure(ratios, 'x');
  return {
    at: { transport, frame: `${frameBytes / KIB} KiB`, channels, way },
    figures: {
      streamBytesPerSecond: medianFigure(
        streamNs.map((ns) => (bytes / ns) * NS_PER_S),
        'B/s',
      ),
      bareBytesPerSecond: medianFigure(
        bareNs.map((ns) => (bareBytes / ns) * NS_PER_S),
        'B/s',
      ),
      ratio: { ...ratio, kind: 'ratio' },
      ratioLow: { value: percentile(ratios, 0.25), unit: 'x', kind: 'ratio' },
      imageP50: medianFigure(streamNs, 'ns'),
      imageP99: measured(percentile(streamNs, 0.99), 'ns'),
      copiedPerByte: exact(Number((copied / moved).toFixed(3)), ''),
      ...(allocation === undefined
        ? {}
        : { garbage: measured(allocation.bytes, 'B'), survivors: measured(allocation.survivingBytes, 'B') }),
    },
  };
}

/** Plain sockets, each of which carries its share of an image in messages of one size. */
class BarePipe {
  private readonly sockets: readonly Socket[];

  private constructor(sockets: readonly Socket[]) {
    this.sockets = sockets;
  }

  /** @param callIn makes the other side connect so many times */
  static async open(
    at: Endpoint,
    channels: number,
    callIn: (endpoint: Endpoint) => Promise<unknown>,
  ): Promise<BarePipe> {
    const sockets: Socket[] = [];
    const server = createServer({ noDelay: true }, (socket) => sockets.push(socket));
    server.listen(socketAddressOf(at));
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? { port: address.port } : {};
    await callIn({ ...at, ...port });
    while (sockets.length < channels) await once(server, 'connection');
    server.close();
    return new BarePipe(sockets);
  }

  /** Sends each socket's share of an image out of the same memory as a stream does, piece by piece. */
  async send(image: Uint8Array, share: number, pieceBytes: number): Promise<void> {
    await Promise.all(
      this.sockets.map(async (socket, channel) => {
        const answered = once(socket, 'data');
        // The last share is as long as the others, and begins earlier for that.
        const from = Math.min(channel * share, image.length - share);
        for (let at = from; at < from + share; at += pieceBytes) {
          const piece = image.subarray(at, Math.min(at + pieceBytes, from + share));
          if (!socket.write(piece)) await once(socket, 'drain');
        }
        await answered;
      }),
    );
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

class PeerProcess {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  static async start(): Promise<PeerProcess> {
    const program = fileURLToPath(builtUrl(import.meta.url, 'transport-peer'));
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const peer = new PeerProcess(child);
    await peer.heard();
    return peer;
  }

  async open(ask: Extract<PeerAsk, { open: 'stream' }>): Promise<Endpoint> {
    const { endpoint } = await this.ask(ask);
    return endpoint ?? bug('PEER_WITHOUT_PLACE');
  }

  end(): void {
    this.child.kill();
  }

  ask(ask: PeerAsk): Promise<PeerAnswer> {
    const answer = this.heard();
    this.child.send(ask);
    return answer;
  }

  /** The next message of the child, or its end as an error. */
  private heard(): Promise<PeerAnswer> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error('the other process of the suite ended'));
      this.child.once('exit', gone);
      this.child.once('message', (answer: PeerAnswer) => {
        this.child.off('exit', gone);
        resolve(answer);
      });
    });
  }
}
