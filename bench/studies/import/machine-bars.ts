/**
 * BARs of a machine that a topology takes: memory, of a known size, at a multiple of it, and none on top of another. Whatever
 * else is printed is named and left out.
 */
import { MEMORY_ADDRESS } from '../../../sim/pci/topology.ts';
import type { Place, PlacedFunction } from '../../import/machine/facts.ts';
import type { Finding } from '../../import/reader.ts';

export interface Bar {
  readonly bar: number;
  /** Host-physical address. */
  readonly at: string;
  /** Bytes. */
  readonly size: number;
}

interface VfBars {
  readonly bars: readonly Bar[];
  readonly comment: string;
}

const NAMED_MAX = 5;

export class BarKeeper {
  /** Starts and ends of what was taken, by rising start. */
  private readonly taken: { readonly start: number; readonly end: number }[] = [];
  private readonly odd: string[] = [];
  private readonly unsized: string[] = [];
  private readonly lineOf: (place: Place) => string;

  /** @param lineOf where something was read, in words */
  constructor(lineOf: (place: Place) => string) {
    this.lineOf = lineOf;
  }

  get findings(): readonly Finding[] {
    return [
      ...listed(this.unsized, 'the size of these BARs is not shown, so they are left out'),
      ...listed(this.odd, 'these BARs overlap others, or lie at no multiple of their size, so they are left out'),
    ];
  }

  /** Those of a function itself. */
  of({ facts }: PlacedFunction): readonly Bar[] {
    return (facts.bars ?? []).flatMap((bar) => {
      if (bar.io === true) return [];
      const what = `${facts.address} BAR ${bar.bar}`;
      if (bar.size === undefined) {
        this.unsized.push(what);
        return [];
      }
      return this.take({ bar: bar.bar, at: bar.at, size: bar.size }, 1, what);
    });
  }

  /**
   * Those of the first VF.
   *
   * @param usual a BAR whose size is known of such devices, where nothing shows it
   */
  ofVfs(
    pf: PlacedFunction,
    vfs: readonly (PlacedFunction | undefined)[],
    usual: { readonly bar: number; readonly bytes: number } | undefined,
  ): VfBars {
    const { sriov, address } = pf.facts;
    const comments = new Set([this.lineOf(pf.from.sriov ?? pf.at)]);
    const bars = (sriov?.bars ?? []).flatMap((each) => {
      const vf = vfs.find((one) => one?.facts.bars?.some(({ bar, size }) => bar === each.bar && size !== undefined));
      const shown = each.sizePerVf ?? vf?.facts.bars?.find(({ bar }) => bar === each.bar)?.size;
      if (shown === undefined && usual?.bar !== each.bar) {
        this.unsized.push(`${address} VF BAR ${each.bar}`);
        return [];
      }
      if (shown === undefined) comments.add('size as such devices have it, assumed');
      else if (each.sizePerVf === undefined) comments.add(`size of ${vf!.facts.address}, ${this.lineOf(vf!.at)}`);
      const size = shown ?? usual!.bytes;
      return this.take({ bar: each.bar, at: each.at, size }, sriov!.numVfs, `${address} VF BAR ${each.bar}`);
    });
    return { bars, comment: [...comments].join('; ') };
  }

  private take({ bar, at, size }: Bar, count: number, what: string): readonly Bar[] {
    const start = Number(at);
    const end = start + size * count;
    const isPower = size >= 16 && 2 ** Math.round(Math.log2(size)) === size;
    if (!isPower || start % size !== 0 || end > MEMORY_ADDRESS || !this.claim(start, end)) {
      this.odd.push(what);
      return [];
    }
    return [{ bar, at, size }];
  }

  /** @returns false when another one lies there */
  private claim(start: number, end: number): boolean {
    let low = 0;
    let high = this.taken.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.taken[middle]!.start < end) low = middle + 1;
      else high = middle;
    }
    const before = this.taken[low - 1];
    if (before !== undefined && before.end > start) return false;
    this.taken.splice(low, 0, { start, end });
    return true;
  }
}

function listed(what: readonly string[], why: string): readonly Finding[] {
  if (what.length === 0) return [];
  const more = what.length > NAMED_MAX ? ` and ${what.length - NAMED_MAX} more` : '';
  return [{ kind: 'unused', text: `${what.slice(0, NAMED_MAX).join(', ')}${more}: ${why}` }];
}
