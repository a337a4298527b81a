/**
 * Kind of job: some runs of a search for bugs of the migration driver.
 */
import { bytesOf, hexOf } from '../../sim/check/choices.ts';
import { type Hit, searchBlock, type SearchedBlock } from '../../sim/check/search.ts';
import type { Generation } from '../../sim/driver/generation.ts';

interface CheckAsked {
  readonly generation: Generation;
  readonly seed: number;
}

export interface CheckCell {
  /** First run, from 0, and how many. */
  readonly from: number;
  readonly count: number;
}

/** A block whose bytes are text, since cells are plain data. */
export interface CheckValue extends Omit<SearchedBlock, 'hits'> {
  readonly hits: readonly (Omit<Hit, 'bytes'> & { readonly bytes: string })[];
}

function searchCell({ generation, seed }: CheckAsked, cell: CheckCell): CheckValue {
  const block = searchBlock(generation, seed, cell);
  return { ...block, hits: block.hits.map((hit) => ({ ...hit, bytes: hexOf(hit.bytes) })) };
}

export function blockOf({ hits, ...rest }: CheckValue): SearchedBlock {
  return { ...rest, hits: hits.map((hit) => ({ ...hit, bytes: bytesOf(hit.bytes) })) };
}

export const CHECK_CELL = { name: 'check-cell', version: 1, run: searchCell } as const;
