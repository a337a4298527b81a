/**
 * Guests of a class, one for each seed: the same seed of a class is the same guest under every policy.
 */
import { mix32 } from '../base/hash.ts';
import { Random } from '../base/random.ts';
import { NS_PER_S } from '../base/units.ts';
import { MemoryClass } from '../memory/dirty.ts';
import { QEMU } from '../memory/parameters.ts';
import { ConstantRate, CyclicRate, type RateCycle, rateCycle, type WriteRate } from '../memory/write-rate.ts';
import type { PlayedClass, RateRecord } from './workload-class.ts';

const PAGE_BYTES = QEMU.pageBytes;

export interface Guest {
  readonly memoryBytes: number;
  /** Memory that holds data, and the share of all that this is. */
  readonly usedBytes: number;
  readonly vcpus: number;
  /** vCPUs that write. */
  readonly writers: number;
  /** What is written, and the rest. */
  readonly sets: readonly MemoryClass[];
  /** Where in a window of QEMU its limit is met: nobody knows. */
  readonly windowPhase: number;
}

/** The period of a record: its last rate holds as long as the one before it. */
function recordPeriodNs({ timesNs }: RateRecord): number {
  const last = timesNs.at(-1)!;
  return last + (last - timesNs.at(-2)!);
}

/** A distribution of guests, with what all of them share worked out once. */
export class GuestSource {
  private readonly of: PlayedClass;
  private readonly seed: number;
  private readonly streamBytesPerSecond: number;
  private readonly record: RateCycle | undefined;
  private readonly random: () => number;
  private draws!: Random;

  /** @param streamBytesPerSecond guest memory that the stream carries */
  constructor(of: PlayedClass, seed: number, streamBytesPerSecond: number) {
    this.of = of;
    this.seed = seed;
    this.streamBytesPerSecond = streamBytesPerSecond;
    this.record = of.rates === undefined ? undefined : cycleOf(of.rates);
    this.random = () => this.draws.uniform();
  }

  /** @param index from 0 on; the guest depends on it, the class and the seed alone */
  guest(index: number): Guest {
    this.draws = new Random(this.seed, streamOf(this.of.name, index));
    const { memory, used, vcpus, writers, set, extra } = this.of;
    const memoryBytes = wholePages(this.draw(memory));
    const usedBytes = wholePages(memoryBytes * this.draw(used));
    const cpus = Math.max(1, Math.round(this.draw(vcpus)));
    const writing = Math.max(1, Math.round(cpus * this.draw(writers)));
    const windowPhase = this.random();
    const firstBytes = wholePages(usedBytes * this.draw(set));
    const sets = [new MemoryClass(firstBytes, PAGE_BYTES, this.firstRate())];
    let restBytes = usedBytes - firstBytes;
    if (extra !== undefined) {
      const bytes = Math.min(restBytes, wholePages(usedBytes * this.draw(extra.set)));
      const rate = (this.draw(extra.rate) * this.streamBytesPerSecond) / PAGE_BYTES;
      if (bytes > 0) sets.push(new MemoryClass(bytes, PAGE_BYTES, this.extraRate(extra, rate)));
      restBytes -= bytes;
    }
    if (restBytes > 0) sets.push(new MemoryClass(restBytes, PAGE_BYTES, new ConstantRate(0)));
    return { memoryBytes, usedBytes, vcpus: cpus, writers: writing, sets, windowPhase };
  }

  private firstRate(): WriteRate {
    const { rate, pagesPerSecond, isAbsolute } = this.of;
    if (pagesPerSecond !== undefined) return new ConstantRate(this.draw(pagesPerSecond));
    const mean = rate === undefined ? Number.NaN : (this.draw(rate) * this.streamBytesPerSecond) / PAGE_BYTES;
    const { record } = this;
    if (record === undefined) return new ConstantRate(mean);
    const startNs = this.random() * record.periodNs;
    if (isAbsolute === true || rate === undefined) return new CyclicRate(record, startNs);
    return new CyclicRate(record, startNs, (mean * record.periodNs) / NS_PER_S / record.periodPages);
  }

  private extraRate(extra: NonNullable<PlayedClass['extra']>, pagesPerSecond: number): WriteRate {
    if (extra.kind === 'always') return new ConstantRate(pagesPerSecond);
    const everyNs = this.draw(extra.every);
    const onNs = everyNs * this.draw(extra.share);
    const startNs = this.random() * everyNs;
    if (onNs >= everyNs) return new ConstantRate(pagesPerSecond);
    return new CyclicRate(rateCycle([0, onNs], [pagesPerSecond, 0], everyNs), startNs);
  }

  private draw([low, high]: readonly [number, number]): number {
    return low * (high / low) ** this.random();
  }
}

function cycleOf(record: RateRecord): RateCycle {
  const pages = record.bytesPerSecond.map((each) => each / PAGE_BYTES);
  return rateCycle(record.timesNs, pages, recordPeriodNs(record));
}

function wholePages(bytes: number): number {
  return Math.max(PAGE_BYTES, Math.floor(bytes / PAGE_BYTES) * PAGE_BYTES);
}

/** A stream of random numbers of its own for each guest of each class. */
function streamOf(name: string, index: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return (mix32(hash) + index) >>> 0;
}
