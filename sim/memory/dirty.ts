/**
 * How fast a guest dirties its memory: how many distinct bytes have been written in a time.
 *
 * Writes fall on the pages of a working set evenly, so that of W pages w writes in a row touch W · (1 - e^(-w/W))
 * distinct ones (a page is seldom the only one written). Counted in bytes; a page counts whole.
 */
import { UserError } from '../base/user-error.ts';
import { BurstRate, type Bursts, ConstantRate, SteppedRate, type WriteRate } from './write-rate.ts';

export type DirtyModel =
  | { readonly kind: 'none' }
  /** Writes to pages of a working set of `workingSetBytes`; default: all memory in use. */
  | { readonly kind: 'uniform'; readonly pagesPerSecond: number; readonly workingSetBytes?: number }
  /** A small set written often, the rest written seldom. */
  | {
      readonly kind: 'hotSet';
      readonly hotBytes: number;
      readonly hotPagesPerSecond: number;
      readonly coldPagesPerSecond: number;
    }
  /** A working set, and another that is written in bursts that come again and again: a snapshot, a flush, a batch job. */
  | ({
      readonly kind: 'bursts';
      readonly workingSetBytes: number;
      readonly pagesPerSecond: number;
      readonly burstBytes: number;
      readonly burstPagesPerSecond: number;
    } & Bursts)
  /** A rate that changes: `pagesPerSecond[i]` holds from `timesNs[i]` on; the last one for ever. */
  | { readonly kind: 'trace'; readonly timesNs: readonly number[]; readonly pagesPerSecond: readonly number[] };

/** A set of pages that are written evenly. */
export class MemoryClass {
  readonly setBytes: number;
  /** Whether each sync reports the whole set dirty, whatever was written. */
  readonly allDirty: boolean;
  /** Whether devices write it, which no throttling of vCPUs slows. */
  readonly byDevices: boolean;
  readonly rate: WriteRate;
  readonly pageBytes: number;

  constructor(setBytes: number, pageBytes: number, rate: WriteRate, by: 'guest' | 'devices' | 'allDirty' = 'guest') {
    this.setBytes = setBytes;
    this.pageBytes = pageBytes;
    this.rate = rate;
    this.allDirty = by === 'allDirty';
    this.byDevices = by === 'devices';
  }

  /** Distinct bytes that a sync reports as written between two times, by a guest that runs at `speed` (1: not throttled). */
  writtenBytes(fromNs: number, toNs: number, speed: number): number {
    if (this.allDirty) return this.setBytes;
    const pages = this.rate.writes(fromNs, toNs) * (this.byDevices ? 1 : speed);
    if (pages <= 0 || this.setBytes <= 0) return 0;
    return -Math.expm1((-pages * this.pageBytes) / this.setBytes) * this.setBytes;
  }
}

/** Whether the rate of writing depends on the time into the move. */
export function changesWithTime({ kind }: { readonly kind: DirtyModel['kind'] }): boolean {
  return kind === 'trace' || kind === 'bursts';
}

/** What devices write by DMA: bytes per second, over buffers of so many bytes. */
export interface DmaWrites {
  readonly bytesPerSecond: number;
  readonly setBytes: number;
  /** In what they are marked, in bytes; undefined: in pages of the vCPUs' dirty log. */
  readonly pageBytes?: number;
}

/** Writers of memory; `untracked`: each sync reports all of it, written or not. */
export const WRITERS = ['guest', 'devices', 'both', 'untracked'] as const;
export type Writers = (typeof WRITERS)[number];

/** @param allDirty whether each sync reports all memory dirty */
export function writersOf(model: DirtyModel, dma: DmaWrites | undefined, allDirty: boolean): Writers {
  if (allDirty) return 'untracked';
  if (dma === undefined || dma.bytesPerSecond === 0) return 'guest';
  return guestWrites(model) ? 'both' : 'devices';
}

function guestWrites(model: DirtyModel): boolean {
  switch (model.kind) {
    case 'none':
      return false;
    case 'uniform':
      return model.pagesPerSecond > 0;
    case 'hotSet':
      return model.hotPagesPerSecond > 0 || model.coldPagesPerSecond > 0;
    case 'bursts':
      return model.pagesPerSecond > 0 || model.burstPagesPerSecond > 0;
    default:
      return model.pagesPerSecond.some((rate) => rate > 0);
  }
}

/**
 * A guest's memory as sets of pages, none of them sent yet.
 *
 * @param memoryBytes memory in use: pages of zeros are not in it
 * @param pageBytes of the dirty log
 * @param allDirty whether each sync reports all memory dirty: nothing tracks what devices write
 * @throws UserError for a model that contradicts itself
 */
export function memoryClasses(
  model: DirtyModel,
  memoryBytes: number,
  pageBytes: number,
  dma: DmaWrites = { bytesPerSecond: 0, setBytes: 0 },
  allDirty: boolean = false,
): MemoryClass[] {
  check(model, memoryBytes, dma);
  const set = (bytes: number, pagesPerSecond: number): MemoryClass =>
    new MemoryClass(bytes, pageBytes, new ConstantRate(pagesPerSecond));
  if (allDirty) return [new MemoryClass(memoryBytes, pageBytes, new ConstantRate(0), 'allDirty')];
  const classes: MemoryClass[] = [];
  const dmaSet = dma.bytesPerSecond > 0 ? markedBytes(dma, memoryBytes - hotBytes(model)) : 0;
  const own = memoryBytes - dmaSet;
  if (dmaSet > 0) {
    const rate = new ConstantRate(dma.bytesPerSecond / pageBytes);
    classes.push(new MemoryClass(dmaSet, dma.pageBytes ?? pageBytes, rate, 'devices'));
  }
  switch (model.kind) {
    case 'none':
      classes.push(set(own, 0));
      break;
    case 'uniform': {
      const written = Math.min(model.workingSetBytes ?? own, own);
      classes.push(set(written, model.pagesPerSecond));
      if (written < own) classes.push(set(own - written, 0));
      break;
    }
    case 'hotSet':
      classes.push(set(model.hotBytes, model.hotPagesPerSecond));
      classes.push(set(own - model.hotBytes, model.coldPagesPerSecond));
      break;
    case 'bursts': {
      const { workingSetBytes, pagesPerSecond, burstBytes, burstPagesPerSecond } = model;
      classes.push(set(workingSetBytes, pagesPerSecond));
      classes.push(new MemoryClass(burstBytes, pageBytes, new BurstRate(model, burstPagesPerSecond)));
      const rest = own - workingSetBytes - burstBytes;
      if (rest > 0) classes.push(set(rest, 0));
      break;
    }
    case 'trace':
      classes.push(new MemoryClass(own, pageBytes, new SteppedRate(model.timesNs, model.pagesPerSecond)));
      break;
  }
  return classes;
}

/** The buffers in whole blocks: what shares one with a buffer is marked with it. */
function markedBytes({ setBytes, pageBytes }: DmaWrites, most: number): number {
  return pageBytes === undefined ? setBytes : Math.min(Math.ceil(setBytes / pageBytes) * pageBytes, most);
}

function hotBytes(model: DirtyModel): number {
  if (model.kind === 'bursts') return model.workingSetBytes + model.burstBytes;
  return model.kind === 'hotSet' ? model.hotBytes : 0;
}

function check(model: DirtyModel, memoryBytes: number, dma: DmaWrites): void {
  const set = hotBytes(model) + (dma.bytesPerSecond > 0 ? dma.setBytes : 0);
  if (set > memoryBytes) {
    throw new UserError(
      'input',
      `the sets that are written and the DMA buffers, ${set} bytes, are larger than the memory in use, ${memoryBytes} bytes`,
      'Make them smaller, or the memory larger.',
    );
  }
  if (model.kind === 'bursts' && !(model.lastsNs > 0 && model.lastsNs <= model.everyNs)) {
    throw new UserError(
      'input',
      `bursts of ${model.lastsNs} ns come every ${model.everyNs} ns`,
      'They last longer than 0, and at most as long as it takes until the next.',
    );
  }
  if (model.kind === 'trace') {
    const { timesNs, pagesPerSecond } = model;
    const ordered = timesNs.every((timeNs, i) => i === 0 || timeNs > timesNs[i - 1]!);
    if (timesNs.length === 0 || timesNs.length !== pagesPerSecond.length || !ordered) {
      throw new UserError(
        'input',
        `a dirty trace has ${timesNs.length} times and ${pagesPerSecond.length} rates`,
        'It needs one rate for each time, at least one, and times that rise.',
      );
    }
  }
}
