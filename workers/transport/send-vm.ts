/**
 * A source as a whole: a VM with a VF and a load, run for a while, handed over to another process, and run on when that
 * fails.
 */
import { randomBytes } from 'node:crypto';

import type { CheckReport } from '../../sim/workload/checker.ts';
import type { Endpoint } from './endpoint.ts';
import { switchOver, type SwitchoverOutcome } from './switchover.ts';
import type { TransportLimits } from './limits.ts';
import { OneHost, type OneHostOptions } from './one-host.ts';
import { SourceStream } from './source-stream.ts';

export interface SendOptions {
  readonly endpoint: Endpoint;
  readonly vm: Omit<OneHostOptions, 'absent' | 'chunkBytes'>;
  /** Connections, 1 to 8. */
  readonly channels: number;
  /** Size of a chunk, 64 KiB to 1 MiB, in bytes. */
  readonly chunkBytes: number;
  /** Iterations of pre-copy at most. */
  readonly iterationsMax: number;
  /** Whether each chunk has a checksum of its own. */
  readonly checksums: boolean;
  /** How long the guest runs before the move, and after one that failed, in ms. */
  readonly runMs: number;
  /** For the other side to read. */
  readonly stopcopy: string;
  readonly limits?: Partial<TransportLimits>;
  readonly signal?: AbortSignal;
  /** Called once the guest works. */
  readonly onBooted?: () => void;
  /** Called with each loss of a channel, in a sentence. */
  readonly onLoss?: (sentence: string) => void;
}

export interface SendReport {
  readonly outcome: SwitchoverOutcome;
  /** Tasks up to the stop of the VM; null when it was never stopped. */
  readonly left: { readonly accepted: number; readonly completed: number } | null;
  /** Outcome of a VM that stayed and ran to its end here; null when it moved, or was interrupted. */
  readonly stayed: CheckReport | null;
  /** Bytes of chunks given to the sockets, and chunks that had to be sent again. */
  readonly payloadBytes: number;
  readonly resentChunks: number;
  /** Times that a channel was lost. */
  readonly losses: number;
}

/** @throws WorkerLost when a thread of this process is lost: the VM is lost with it */
export async function sendVm(options: SendOptions): Promise<SendReport> {
  const { endpoint, channels, chunkBytes, iterationsMax, runMs, signal } = options;
  signal?.throwIfAborted();
  const host = await OneHost.open({ ...options.vm, absent: false, chunkBytes });
  try {
    options.onBooted?.();
    await host.pause(runMs, signal);
    const stream = new SourceStream({
      endpoint,
      hello: {
        session: randomBytes(16).toString('hex'),
        stopcopy: options.stopcopy,
        channels,
        chunkBytes,
        parcelBytes: host.parcelBytes,
        vm: host.identity,
      },
      checksums: options.checksums,
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.onLoss === undefined ? {} : { onLoss: options.onLoss }),
    });
    const handing = { iterationsMax, fewChunks: channels, ...(signal === undefined ? {} : { signal }) };
    const outcome = await switchOver(host, stream, handing).finally(() => stream.close());
    const { payloadBytes, resentChunks, losses } = stream;
    const sent = { outcome, left: host.left, payloadBytes, resentChunks, losses };
    if (outcome.kind !== 'kept') return { ...sent, stayed: null };
    signal?.throwIfAborted();
    await host.pause(runMs, signal);
    return { ...sent, stayed: (await host.finish()).report };
  } finally {
    await host.close();
  }
}
