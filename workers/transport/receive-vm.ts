/**
 * A destination as a whole: room for a VM, a place where it listens, and the VM run on to its end when it came.
 */
import { setTimeout as after } from 'node:timers/promises';

import type { CheckReport } from '../../sim/workload/checker.ts';
import { DestinationStream } from './destination-stream.ts';
import type { ReadMode } from './direct-read.ts';
import { describeEndpoint, type Endpoint } from './endpoint.ts';
import { type Arrival, Receiving } from './switchover.ts';
import { TransportFailed, type TransportLimits } from './limits.ts';
import { OneHost, type OneHostOptions } from './one-host.ts';
import { CHUNK_BYTES_MAX } from './wire.ts';

export interface ReceiveOptions {
  readonly endpoint: Endpoint;
  readonly vm: Omit<OneHostOptions, 'absent' | 'chunkBytes'>;
  /** How long to wait for a VM, in ms. */
  readonly waitMs: number;
  /** How long the VM runs here before its load ends, in ms. */
  readonly runMs: number;
  readonly readMode?: ReadMode;
  readonly limits?: Partial<TransportLimits>;
  readonly signal?: AbortSignal;
  /** Called with where it listens, once it does. */
  readonly onListening?: (at: Endpoint) => void;
  /** Called with each connection that was refused or lost, in a sentence. */
  readonly onLoss?: (sentence: string) => void;
}

export interface ReceiveReport {
  readonly arrival: Arrival;
  /** Over the whole life of the VM, here and at its source; null when it did not come. */
  readonly report: CheckReport | null;
  readonly payloadBytes: number;
  /** Of them, copied in user space on their way into the parcel. */
  readonly copiedBytes: number;
  /** Chunks that came twice. */
  readonly wastedChunks: number;
  /** Connections refused or lost. */
  readonly losses: number;
  /** Whether it was asked to stop while the VM ran. */
  readonly interrupted: boolean;
}

/** A VM that was asked to stop is given this long to drain, in ms. */
const DRAIN_MS = 700;

/**
 * @throws UserError when the place cannot be had, WorkerLost when a thread of this process is lost, the signal's reason
 *   when it fires before the VM has come
 */
export async function receiveVm(options: ReceiveOptions): Promise<ReceiveReport> {
  const { signal, runMs } = options;
  signal?.throwIfAborted();
  const host = await OneHost.open({ ...options.vm, absent: true, chunkBytes: CHUNK_BYTES_MAX });
  const parcel = { isWhole: (bytes: number) => stream.isWhole(bytes), seal: () => stream.seal() };
  const receiving = new Receiving(host, parcel, host.parcelLayout.frameBytes);
  const stream: DestinationStream = new DestinationStream({
    endpoint: options.endpoint,
    owner: receiving,
    ...(options.readMode === undefined ? {} : { readMode: options.readMode }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.onLoss === undefined ? {} : { onLoss: options.onLoss }),
  });
  try {
    await stream.listen();
    options.onListening?.(stream.at);
    const arrival = await arrivalOf(receiving, host, options, stream);
    const { payloadBytes, copiedBytes, wastedChunks, losses } = stream;
    const came = { arrival, payloadBytes, copiedBytes, wastedChunks, losses };
    if (arrival.kind === 'discarded') return { ...came, report: null, interrupted: false };
    await host.pause(runMs, signal);
    const interrupted = signal?.aborted ?? false;
    const finished = host.finish();
    finished.catch(() => {});
    const drained = await (interrupted ? Promise.race([finished, after(DRAIN_MS, null)]) : finished);
    // A source that has not heard of it would have to take its VM for lost.
    if (!interrupted)
      await Promise.race([receiving.released, after(stream.limits.settleMs, undefined, { ref: false })]);
    return { ...came, losses: stream.losses, report: drained?.report ?? null, interrupted };
  } finally {
    stream.close();
    await host.close();
  }
}

async function arrivalOf(
  receiving: Receiving,
  host: OneHost,
  options: ReceiveOptions,
  stream: DestinationStream,
): Promise<Arrival> {
  const { signal, waitMs } = options;
  const waited = host.pause(waitMs, signal).then(() => null);
  waited.catch(() => {});
  let arrival = await Promise.race([receiving.arrived, waited]);
  if (arrival !== null) {
    // The source is still to hear why.
    if (arrival.kind === 'discarded') await after(TOLD_MS);
    return arrival;
  }
  const late = new TransportFailed(`no VM came to ${describeEndpoint(stream.at)} within ${waitMs} ms`);
  await receiving.giveUp(signal?.aborted === true ? new TransportFailed('the destination was interrupted') : late);
  // A commit may have come first: then the VM is here.
  arrival = await receiving.arrived;
  if (arrival.kind === 'discarded') {
    stream.giveUp(arrival.reason.message);
    signal?.throwIfAborted();
  }
  return arrival;
}

/** Between the end of a move and of its connections, in ms. */
const TOLD_MS = 50;
