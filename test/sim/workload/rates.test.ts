import { describe, expect, test } from 'vitest';
import { ACCELERATOR_KINDS } from '../../../sim/abi/accelerators.ts';
import { JOB_RATES, serviceNs, serviceNsRange } from '../../../sim/workload/rates.ts';

describe('job rates', () => {
  test('are the published ones', () => {
    // UADK: 3.679 Mops; Huawei's CDN guide: 100 000 per server of two devices; UADK perf.rst: 7245.201 MB/s of 8 KiB.
    expect(JOB_RATES.sec.ratePerSecond.value).toBe(3_679_000);
    expect(JOB_RATES.hpre.ratePerSecond.value).toBe(50_000);
    expect(JOB_RATES.zip.ratePerSecond.value).toBeCloseTo(884_424, -1);
  });

  test('agree with the latencies worked out by hand', () => {
    // 3.6 us per 1 KiB cipher, 311 us per signature, 14.7 us per block.
    expect(JOB_RATES.sec.latencyAloneNs.value / 1000).toBeCloseTo(3.6, 1);
    expect(JOB_RATES.hpre.latencyAloneNs.value / 1000).toBeCloseTo(311, 0);
    expect(JOB_RATES.zip.latencyAloneNs.value / 1000).toBeCloseTo(14.7, 1);
  });

  test('give the service time of one of 4, 10 and 2 cores', () => {
    expect(serviceNs(JOB_RATES.sec)).toBeCloseTo(4e9 / 3.679e6, 6);
    expect(serviceNs(JOB_RATES.hpre)).toBeCloseTo(200_000, 6);
    // 1.13 us per block at the plateau, two at a time.
    expect(serviceNs(JOB_RATES.zip) / 2000).toBeCloseTo(1.13, 2);
  });

  test.each(ACCELERATOR_KINDS)(
    'of %s lie in their ranges, and no job alone is faster than its service time',
    (kind) => {
      const rate = JOB_RATES[kind];
      for (const figure of [rate.ratePerSecond, rate.servers, rate.latencyAloneNs]) {
        expect(figure.low).toBeLessThanOrEqual(figure.value);
        expect(figure.value).toBeLessThanOrEqual(figure.high);
        expect(figure.source).not.toBe('');
      }
      const range = serviceNsRange(rate);
      expect(range.low).toBeLessThanOrEqual(serviceNs(rate));
      expect(serviceNs(rate)).toBeLessThanOrEqual(range.high);
      expect(rate.latencyAloneNs.low).toBeGreaterThanOrEqual(serviceNs(rate));
    },
  );
});
