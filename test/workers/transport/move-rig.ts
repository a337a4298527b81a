/**
 * A move between two sides in this process, over a socket, for tests.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll } from 'vitest';

import { DestinationStream } from '../../../workers/transport/destination-stream.ts';
import type { ReadMode } from '../../../workers/transport/direct-read.ts';
import type { Endpoint } from '../../../workers/transport/endpoint.ts';
import { Receiving } from '../../../workers/transport/switchover.ts';
import type { TransportLimits } from '../../../workers/transport/limits.ts';
import { SourceStream } from '../../../workers/transport/source-stream.ts';
import { AGES_MS } from '../world-rig.ts';
import { CHUNK_BYTES, VirtualVm } from './virtual-vm.ts';

let folder: string | undefined;
let sockets = 0;

/** A place for a socket, gone after the tests of the file. */
export function socketPath(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'stopcopy-move-'));
  return join(folder, `${++sockets}.sock`);
}

afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

/** Only against hanging. */
export const AGES: TransportLimits = {
  connectMs: AGES_MS,
  handshakeMs: AGES_MS,
  prepareMs: AGES_MS,
  idleMs: AGES_MS,
  totalMs: AGES_MS,
  settleMs: AGES_MS,
  lossesMax: 8,
};

export interface SidesOptions {
  readonly channels?: number;
  readonly chunkBytes?: number;
  readonly checksums?: boolean;
  readonly readMode?: ReadMode;
  readonly tcp?: boolean;
  /** Default: a place of its own. */
  readonly endpoint?: Endpoint;
  /** Where the source goes. Default: to this destination. */
  readonly connectTo?: Endpoint;
  readonly seed?: number;
  readonly sourceLimits?: Partial<TransportLimits>;
  readonly destinationLimits?: Partial<TransportLimits>;
}

export interface Sides {
  readonly source: VirtualVm;
  readonly destination: VirtualVm;
  readonly out: SourceStream;
  readonly into: DestinationStream;
  readonly receiving: Receiving;
  /** What was reported of lost connections. */
  readonly losses: string[];
  close(): void;
}

/** Two VMs' worlds and the streams between them; the destination listens. */
export async function sides(options: SidesOptions = {}): Promise<Sides> {
  const { channels = 1, chunkBytes = CHUNK_BYTES, checksums = false, seed = 1 } = options;
  const losses: string[] = [];
  const source = new VirtualVm(false, seed, chunkBytes);
  const destination = new VirtualVm(true);
  const parcel = { isWhole: (bytes: number) => into.isWhole(bytes), seal: () => into.seal() };
  const receiving = new Receiving(destination, parcel, destination.layout.frameBytes);
  const endpoint: Endpoint =
    options.endpoint ??
    (options.tcp === true ? { kind: 'tcp', host: '127.0.0.1', port: 0 } : { kind: 'unix', path: socketPath() });
  const into: DestinationStream = new DestinationStream({
    endpoint,
    owner: receiving,
    limits: { ...AGES, ...options.destinationLimits },
    ...(options.readMode === undefined ? {} : { readMode: options.readMode }),
    onLoss: (sentence) => losses.push(sentence),
  });
  await into.listen();
  const out = new SourceStream({
    endpoint: options.connectTo ?? into.at,
    hello: {
      session: seed.toString(16).padStart(32, '0'),
      stopcopy: 'test',
      channels,
      chunkBytes,
      parcelBytes: source.parcelBytes,
      vm: source.identity,
    },
    checksums,
    limits: { ...AGES, ...options.sourceLimits },
    onLoss: (sentence) => losses.push(sentence),
  });
  const close = (): void => {
    out.close();
    into.close(false);
  };
  return { source, destination, out, into, receiving, losses, close };
}
