/**
 * The BARs of a topology while it is read: each in the windows of the bridges above it, and none on top of another.
 */
import { formatBytes, formatHex } from './address.ts';
import { fail } from './topology-check.ts';
import type { BarDocument } from './topology-file.ts';
import { ADDRESS_END, type BarArrays, MEMORY_ADDRESS } from './topology.ts';

interface PlacedBar {
  readonly start: number;
  readonly end: number;
  readonly fn: number;
  readonly bar: number;
  readonly path: string;
}

type Windows = readonly { readonly first: number; readonly last: number }[] | undefined;

export class BarList {
  private readonly what: string;
  private readonly placed: PlacedBar[] = [];
  private readonly windows: NonNullable<Windows>[] = [];

  constructor(what: string) {
    this.what = what;
  }

  /** From here on BARs are below a bridge; without `windows`, it passes on whatever is below it. */
  enter(windows: Windows, path: string): void {
    if (windows === undefined) return;
    for (const [i, { first, last }] of windows.entries()) {
      if (first > last) {
        const hint = 'A window is written as first-last; leave out windows that are disabled.';
        fail(this.what, `${path}[${i}]`, `begins at ${formatHex(first)} and ends before that`, hint);
      }
      if (!this.isInside(first, last)) {
        const hint = 'The bridge above has to pass on all that is below it; check its windows.';
        fail(this.what, `${path}[${i}]`, `is not inside a window of the bridge above`, hint);
      }
    }
    this.windows.push(windows);
  }

  /** The end of what {@link enter} began. */
  leave(windows: Windows): void {
    if (windows !== undefined) this.windows.pop();
  }

  add({ bar, size }: BarDocument, start: number, fn: number, path: string): void {
    if (size < 16 || 2 ** Math.round(Math.log2(size)) !== size) {
      fail(
        this.what,
        `${path}.size`,
        `is ${formatBytes(size)}, no power of two from 16B on`,
        'Take it from lspci -vv.',
      );
    }
    if (start % size !== 0) {
      const why = `puts a BAR of ${formatBytes(size)} at ${formatHex(start)}, which is no multiple of that`;
      fail(this.what, `${path}.at`, why, 'A BAR lies at a multiple of its size; take it from lspci -vv.');
    }
    if (start + size > MEMORY_ADDRESS) {
      fail(this.what, `${path}.at`, `is beyond ${formatHex(ADDRESS_END)}`, 'stopcopy knows addresses of 50 bits.');
    }
    if (!this.isInside(start, start + size - 1)) {
      const why = `puts a BAR at ${formatHex(start)}, outside the windows of the bridge above`;
      fail(this.what, `${path}.at`, why, 'Correct the address or the windows; lspci -vv shows both.');
    }
    this.placed.push({ start, end: start + size, fn, bar, path });
  }

  private isInside(first: number, last: number): boolean {
    const windows = this.windows.at(-1);
    return windows === undefined || windows.some((each) => each.first <= first && last <= each.last);
  }

  /** All BARs by rising address, as flat arrays. */
  resolve(): BarArrays {
    const bars = this.placed.toSorted((a, b) => a.start - b.start);
    for (let i = 1; i < bars.length; i++) {
      if (bars[i - 1]!.end <= bars[i]!.start) continue;
      const why = `lies on top of ${bars[i - 1]!.path}, at ${formatHex(bars[i]!.start)}`;
      fail(
        this.what,
        bars[i]!.path,
        why,
        'No two BARs share an address; of VFs, each next one follows the one before.',
      );
    }
    return {
      barStart: Float64Array.from(bars, ({ start }) => start),
      barEnd: Float64Array.from(bars, ({ end }) => end),
      barFunction: Int32Array.from(bars, ({ fn }) => fn),
      barNumber: Uint8Array.from(bars, ({ bar }) => bar),
    };
  }
}
