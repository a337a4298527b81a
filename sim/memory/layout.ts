/**
 * Where a guest's pages of zeros lie: QEMU sends memory by rising addresses, so that what comes last decides what is left
 * for the pause.
 *
 * Linux uses the zone above 4 GiB first, each zone from low to high addresses since 5.10, and from high to low before. What
 * is free in a guest that was never full then lies in the zone below 4 GiB, and at the end of all memory. Source: docs/pause.md.
 */
import { GIB } from '../base/units.ts';

/**
 * What a guest's last pages hold: `data`, of one that was full once, since free pages are not cleared, or that uses its memory
 * from the top; `zeros`, all that is free; `rising`, what Linux since 5.10 leaves free there.
 */
export const LAYOUTS = ['data', 'zeros', 'rising'] as const;
export type MemoryLayout = (typeof LAYOUTS)[number];

/**
 * Share of guests whose last pages hold data although nothing says that they were full. Labs fill memory to a stated share
 * after the boot; guests of single logs, of which most end with data, are rarer.
 */
export const DATA_AT_END_SHARE = 0.08;
/** The same where Linux before 5.10 was the usual guest: of a release before April 2022, or one that is not stated. */
const OLD_DATA_AT_END_SHARE = 0.5;
const NEW_GUESTS = 7;

/** @param qemu its release, as a table states it */
export function dataAtEndShare(qemu: number | undefined): number {
  return qemu === undefined || qemu < NEW_GUESTS ? OLD_DATA_AT_END_SHARE : DATA_AT_END_SHARE;
}

/** What is free below 4 GiB of a guest that is larger, at most: between 2 and 3 GiB. */
const FREE_BELOW_4_GIB = 2.5 * GIB;
const ABOVE_4_GIB_FROM = 3 * GIB;

/**
 * Pages of zeros at the end of a guest's memory, in bytes.
 *
 * @param zeroBytes all pages of zeros that the VMM examines, in bytes
 */
export function zeroTailBytes(memoryBytes: number, zeroBytes: number, layout: MemoryLayout): number {
  if (layout === 'data') return 0;
  const isSplit = layout === 'rising' && memoryBytes > ABOVE_4_GIB_FROM;
  return isSplit ? Math.max(0, zeroBytes - FREE_BELOW_4_GIB) : zeroBytes;
}
