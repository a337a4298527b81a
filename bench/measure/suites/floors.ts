/**
 * Floors of this machine, measured in the same run as everything else: what is measured is read as a ratio to them.
 */
import { Packr } from 'msgpackr';

import type { Floors } from '../../documents/bench/result.ts';
import type { Runner } from '../runner.ts';
import { medianFigure, quantileFigures, rateFigure } from '../statistics.ts';
import { BarePingPong, timeInTurn } from './ping-pong.ts';
import { MIB, NS_PER_S } from '../../../sim/base/units.ts';

/** Round trips per sample: long against the clock's own cost. */
export const ROUND_TRIPS_PER_BATCH = 16;
const COPY_BYTES = 8 * MIB;

export interface FloorOptions {
  readonly batches: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Measures the floors. Takes about twice `seconds` and some more. */
export async function measureFloors(runner: Runner, options: FloorOptions): Promise<Floors> {
  const { seconds, signal } = options;
  const pingPongNs = quantileFigures(await bareRoundTrips(options.batches), 'ns');
  const from = new Uint8Array(new SharedArrayBuffer(COPY_BYTES)).fill(1);
  const into = new Uint8Array(new SharedArrayBuffer(COPY_BYTES)).fill(2);
  const timing = { maxSeconds: seconds, minSamples: 5, signal };
  const copy = await runner.measure('copy', () => into.set(from), timing);
  const header = { deviceId: 0xa256, queuePairs: 64, isolation: 0, driver: 'linux', sections: [1, 2, 3, 4, 5] };
  const packr = new Packr({ useRecords: false });
  const pack = await runner.measure('pack', () => packr.unpack(packr.pack(header)).queuePairs as number, timing);
  const packNs = pack.samples.map((sample) => sample * NS_PER_S);
  return {
    pingPongNs,
    copyBytesPerSecond: rateFigure(copy.samples, 'B/s', COPY_BYTES),
    more: [{ name: 'msgpackr pack and unpack of a header', value: medianFigure(packNs, 'ns') }],
  };
}

/** The bare ping-pong of two threads. ns per round trip, one entry per batch. */
async function bareRoundTrips(batches: number): Promise<Float64Array> {
  const bare = await BarePingPong.start();
  const [samples] = await timeInTurn([bare], batches, ROUND_TRIPS_PER_BATCH);
  await bare.end();
  return samples!;
}
