/**
 * Latencies of many VFs, counted in the buckets of an HDR histogram with two significant digits.
 *
 * hdr-histogram-js takes about 125 ns for each value that it records, half as long as all else that the model does for a job; so
 * the hot loop counts into one typed array with the library's own bucket layout, and the library gets the counts when
 * they are asked for.
 */
import { build, type Histogram } from 'hdr-histogram-js';

/** Buckets of each power of two above the first 256 values: better than 1 % of the value. */
const HALF = 128;
const EXACT = 2 * HALF;
/** Latencies of 2^42 ns (73 minutes) and more are counted in the last bucket. */
const BITS_MAX = 42;
const BUCKETS = EXACT + (BITS_MAX - 8) * HALF;
const TWO_24 = 0x100_0000;
const TWO_31 = 0x8000_0000;

/** The bucket of a latency in ns. */
export function bucketOf(latencyNs: number): number {
  if (latencyNs < TWO_31) {
    const value = Math.round(latencyNs) | 0;
    if (value < EXACT) return value < 0 ? 0 : value;
    const shift = 24 - Math.clz32(value);
    return EXACT + (shift - 1) * HALF + (value >>> shift) - HALF;
  }
  const high = Math.floor(latencyNs / TWO_24);
  const shift = 24 - Math.clz32(high);
  const inOctave = Math.floor(high / 2 ** shift);
  return Math.min(BUCKETS - 1, EXACT + (shift + 23) * HALF + inOctave - HALF);
}

/** The least latency of a bucket, in ns. */
export function leastNsOf(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const octave = Math.floor((bucket - EXACT) / HALF);
  return (HALF + ((bucket - EXACT) % HALF)) * 2 ** (octave + 1);
}

export class LatencyLog {
  /** Latencies counted, per log. */
  readonly counts: Float64Array;
  /** Their sum in ns, per log; exact, unlike a mean of buckets. */
  readonly sumsNs: Float64Array;
  readonly maximaNs: Float64Array;
  private readonly buckets: Uint32Array;

  /** @param logs how many to keep apart */
  constructor(logs: number) {
    this.counts = new Float64Array(logs);
    this.sumsNs = new Float64Array(logs);
    this.maximaNs = new Float64Array(logs);
    this.buckets = new Uint32Array(logs * BUCKETS);
  }

  add(log: number, latencyNs: number): void {
    this.counts[log]! += 1;
    this.sumsNs[log]! += latencyNs;
    if (latencyNs > this.maximaNs[log]!) this.maximaNs[log] = latencyNs;
    this.buckets[log * BUCKETS + bucketOf(latencyNs)]! += 1;
  }

  /** A histogram of a log as it is now, in ns. */
  histogram(log: number): Histogram {
    const histogram = build({
      highestTrackableValue: 2 ** BITS_MAX,
      numberOfSignificantValueDigits: 2,
      bitBucketSize: 32,
    });
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.buckets[log * BUCKETS + bucket]!;
      if (count > 0) histogram.recordValueWithCount(leastNsOf(bucket), count);
    }
    return histogram;
  }
}
