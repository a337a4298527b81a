/**
 * Rate caps of VFs: a token bucket each, in bytes of job input.
 *
 * A VF's cap is a whole number of steps of 100 Mbit/s, up to 100 Gbit/s (Kai Ye, linux-crypto, 20 November 2021,
 * 20211120044739.5667-5-yekai13@huawei.com). What the hardware counts, and how large its bucket is, is not public: the
 * bucket is taken to be {@link BURST_BYTES}, and a job may start as soon as the bucket is not in debt, so that jobs
 * larger than the bucket pass too and the mean rate is the cap exactly.
 */

/** Steps of a cap. */
export const QOS_STEPS_MAX = 1000;
/** 100 Mbit/s in bytes per ns. */
const QOS_STEP_BYTES_PER_NS = 0.0125;
/** Assumed; range 0 (no burst) to 1 MiB. */
const BURST_BYTES = 65_536;

export class Shaper {
  /** Bytes per ns; Infinity: no cap. */
  private readonly rates: Float64Array;
  private readonly tokens: Float64Array;
  private readonly filledNs: Float64Array;

  constructor(vfs: number) {
    this.rates = new Float64Array(vfs).fill(Number.POSITIVE_INFINITY);
    this.tokens = new Float64Array(vfs).fill(BURST_BYTES);
    this.filledNs = new Float64Array(vfs);
  }

  /** @param steps of 100 Mbit/s; undefined: no cap. The bucket is full at first. */
  setCap(vf: number, steps: number | undefined, nowNs: number): void {
    this.rates[vf] = steps === undefined ? Number.POSITIVE_INFINITY : steps * QOS_STEP_BYTES_PER_NS;
    this.tokens[vf] = BURST_BYTES;
    this.filledNs[vf] = nowNs;
  }

  isCapped(vf: number): boolean {
    return this.rates[vf] !== Number.POSITIVE_INFINITY;
  }

  /** From when on a VF's next job may start, in ns; not later than now when it may at once. */
  readyNs(vf: number, nowNs: number): number {
    const rate = this.rates[vf]!;
    const tokens = this.tokens[vf]! + (nowNs - this.filledNs[vf]!) * rate;
    this.tokens[vf] = tokens < BURST_BYTES ? tokens : BURST_BYTES;
    this.filledNs[vf] = nowNs;
    return tokens >= 0 ? nowNs : nowNs - tokens / rate;
  }

  take(vf: number, bytes: number): void {
    this.tokens[vf]! -= bytes;
  }
}
