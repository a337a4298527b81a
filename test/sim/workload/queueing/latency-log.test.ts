import * as fc from 'fast-check';
import { build } from 'hdr-histogram-js';
import { describe, expect, test } from 'vitest';
import { bucketOf, LatencyLog, leastNsOf } from '../../../../sim/workload/queueing/latency-log.ts';

describe('LatencyLog', () => {
  test('a value lies in its bucket, and the bucket is narrow', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 42 - 2048, noNaN: true }), (latencyNs) => {
        const bucket = bucketOf(latencyNs);
        const least = leastNsOf(bucket);
        const width = leastNsOf(bucket + 1) - least;
        // Rounded below 2^31, cut above; half a nanosecond either way.
        expect(least).toBeLessThanOrEqual(latencyNs + 0.5);
        expect(latencyNs).toBeLessThan(least + width + 0.5);
        expect(width).toBeLessThanOrEqual(Math.max(1, least / 128));
      }),
    );
  });

  test('buckets have one number each, up to the largest', () => {
    for (const bucket of [0, 1, 255, 256, 257, 1000, 3000, 4000, 4607])
      expect(bucketOf(leastNsOf(bucket))).toBe(bucket);
    expect(bucketOf(2 ** 60)).toBe(4607);
  });

  test('gives the histogram that the library would have made of the same values', () => {
    const values = fc.array(fc.integer({ min: 0, max: 2 ** 41 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, (latencies) => {
        const log = new LatencyLog(2);
        const want = build({
          highestTrackableValue: 2 ** 42,
          numberOfSignificantValueDigits: 2,
          bitBucketSize: 32,
        });
        for (const latencyNs of latencies) {
          log.add(1, latencyNs);
          want.recordValue(latencyNs);
        }
        const got = log.histogram(1);
        expect(got.totalCount).toBe(latencies.length);
        for (const percentile of [0, 10, 50, 90, 99, 100]) {
          expect(got.getValueAtPercentile(percentile)).toBe(want.getValueAtPercentile(percentile));
        }
        expect(log.sumsNs[1]).toBe(latencies.reduce((sum, value) => sum + value, 0));
        expect(log.maximaNs[1]).toBe(Math.max(...latencies));
        expect(log.counts[0]).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
