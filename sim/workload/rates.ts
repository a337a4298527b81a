/**
 * How fast the engines work, per accelerator and kind of job.
 *
 * A device's engine is modelled as `servers` equal cores, each holding a job for `serviceNs`; the saturated rate is then
 * servers / serviceNs. The rate is measured (by others), the number of cores comes from the driver's fallback values,
 * and the service time follows. Throughput of one core is not public (docs/device.md 16).
 *
 * Two cautions that hold for every figure here. They were measured on Kunpeng 920 (hardware V2), while migration needs
 * V3, whose rates are not published. And they include the software of the measurement, so the engine alone is not slower.
 */
import { ACCELERATORS, type AcceleratorKind } from '../abi/accelerators.ts';
import { MEGA, NS_PER_S } from '../base/units.ts';

/** `published`: the source states the number. `derived`: it follows from published ones, as `why` explains. */
type RateGrade = 'published' | 'derived';

/** A number with where it comes from, and the range over which to sweep it. */
interface RateFigure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly grade: RateGrade;
  readonly source: string;
  readonly why: string;
}

export interface JobRate {
  readonly job: string;
  /** Bytes of input of one job. */
  readonly jobBytes: number;
  /** Jobs per second of one device, all queues together, when saturated. */
  readonly ratePerSecond: RateFigure;
  /** Cores that work on such jobs side by side. */
  readonly servers: RateFigure;
  /** From submit to completion of a job that is alone on the device, in ns. */
  readonly latencyAloneNs: RateFigure;
}

/** Time for which one job holds one core, in ns: servers / rate. */
export function serviceNs(rate: JobRate): number {
  return (rate.servers.value / rate.ratePerSecond.value) * NS_PER_S;
}

/** The same with the fastest and the slowest published rate, in ns. */
export function serviceNsRange(rate: JobRate): { readonly low: number; readonly high: number } {
  const { value: servers } = rate.servers;
  return {
    low: (servers / rate.ratePerSecond.high) * NS_PER_S,
    high: (servers / rate.ratePerSecond.low) * NS_PER_S,
  };
}

const ZIP_BLOCK_BYTES = 8192;

/** UADK docs/perf.rst counts 10 000 blocks as 81.92 MB, so its MB is 10^6 bytes. */
function zipBlocksPerSecond(megabytesPerSecond: number): number {
  return (megabytesPerSecond * MEGA) / ZIP_BLOCK_BYTES;
}

function cores(kind: AcceleratorKind, value: number, why: string): RateFigure {
  return { value, low: 1, high: ACCELERATORS[kind].cores, grade: 'published', source: 'docs/device.md 1.1', why };
}

const PERF_RST = 'UADK docs/perf.rst, deflate of 8192-byte blocks';

export const JOB_RATES: Readonly<Record<AcceleratorKind, JobRate>> = {
  sec: {
    job: 'cipher of 1 KiB',
    jobBytes: 1024,
    ratePerSecond: {
      value: 3.679e6,
      low: 3.679e6 / 2,
      high: 3.7e6,
      grade: 'published',
      source: 'UADK commit 76145d3a, 32 threads, synchronous',
      why: 'saturates near 3.7 M/s; half of it if both devices of a two-socket machine shared the work',
    },
    servers: cores('sec', ACCELERATORS.sec.cores, 'all cores do ciphers'),
    latencyAloneNs: {
      value: (8 / 2.228e6) * NS_PER_S,
      low: (1 / 0.818e6) * NS_PER_S,
      high: (32 / 3.679e6) * NS_PER_S,
      grade: 'derived',
      source: 'UADK commits b012fa26, 27ecbc9a, 76145d3a',
      why: '8 synchronous threads at 2.228 M/s; low: one thread, asynchronous; high: 32 threads, queueing included',
    },
  },
  hpre: {
    job: 'RSA-2048 signature',
    jobBytes: 256,
    ratePerSecond: {
      value: 100_000 / 2,
      low: ACCELERATORS.hpre.cores * (32_132 / 10),
      high: 100_000,
      grade: 'derived',
      source: 'Huawei CDN guide kunpengrsa2k_20_0005: 100 000 per second and server; KAE README',
      why: 'two devices per two-socket server; low: ten cores at the synchronous latency; high: one device does it all',
    },
    servers: cores('hpre', ACCELERATORS.hpre.cores, 'all clusters sign'),
    latencyAloneNs: {
      value: (10 / 32_132) * NS_PER_S,
      low: (ACCELERATORS.hpre.cores / 50_000) * NS_PER_S,
      high: (10 / 32_132) * NS_PER_S,
      grade: 'derived',
      source: 'KAE README, openssl speed rsa2048, one thread, 32 132 signatures in 10 s',
      why: 'wall time of a synchronous signature; low: not below the service time',
    },
  },
  zip: {
    job: 'deflate of 8 KiB',
    jobBytes: ZIP_BLOCK_BYTES,
    ratePerSecond: {
      value: zipBlocksPerSecond(7245.201),
      low: zipBlocksPerSecond(5000),
      high: zipBlocksPerSecond(7245.201),
      grade: 'derived',
      source: `${PERF_RST}: 7245.201 MB/s with SVA, one queue, batch 60`,
      why: 'MB/s over the block size; low: 5 GB/s without SVA, its memcpy taken out',
    },
    servers: cores('zip', 2, 'two of the five cores compress'),
    latencyAloneNs: {
      value: NS_PER_S / zipBlocksPerSecond(556.533),
      low: NS_PER_S / zipBlocksPerSecond(2294.555),
      high: NS_PER_S / zipBlocksPerSecond(556.533),
      grade: 'derived',
      source: `${PERF_RST}: one queue, batch 1, 556.533 MB/s with SVA, 2294.555 MB/s without`,
      why: 'one block in flight',
    },
  },
};
