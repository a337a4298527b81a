/**
 * Word indexes and address arithmetic of the 176-byte image, for code that holds it as 32-bit words.
 */
import { VF_DATA } from '../abi/vf-data.ts';

/** Index of each field's (first) word. Two-byte fields share the word at `versions`. */
export const WORD = {
  magicLow: VF_DATA.magicLow >> 2,
  magicHigh: VF_DATA.magicHigh >> 2,
  qpNum: VF_DATA.qpNum >> 2,
  devId: VF_DATA.devId >> 2,
  queIsoCfg: VF_DATA.queIsoCfg >> 2,
  qpBase: VF_DATA.qpBase >> 2,
  vfQmState: VF_DATA.vfQmState >> 2,
  versions: VF_DATA.majorVer >> 2,
  aeqIntMask: VF_DATA.aeqIntMask >> 2,
  eqIntMask: VF_DATA.eqIntMask >> 2,
  ifcIntSource: VF_DATA.ifcIntSource >> 2,
  ifcIntMask: VF_DATA.ifcIntMask >> 2,
  ifcIntSet: VF_DATA.ifcIntSet >> 2,
  pageSize: VF_DATA.pageSize >> 2,
  eqcDw: VF_DATA.eqcDw >> 2,
  aeqcDw: VF_DATA.aeqcDw >> 2,
  eqeDma: VF_DATA.eqeDma >> 2,
  aeqeDma: VF_DATA.aeqeDma >> 2,
  sqcDma: VF_DATA.sqcDma >> 2,
  cqcDma: VF_DATA.cqcDma >> 2,
} as const;

/**
 * Takes the ring addresses out of the context words, as a saver does and as a receiver of a version 1 image does again.
 *
 * @param lowWord context word that is the low half of an address; the next one is the high half
 */
export function deriveRingAddresses(words: Uint32Array, lowWord: number): void {
  words[WORD.eqeDma] = words[WORD.eqcDw + lowWord]!;
  words[WORD.eqeDma + 1] = words[WORD.eqcDw + lowWord + 1]!;
  words[WORD.aeqeDma] = words[WORD.aeqcDw + lowWord]!;
  words[WORD.aeqeDma + 1] = words[WORD.aeqcDw + lowWord + 1]!;
}

/** Whether one of the four 64-bit addresses of an image is zero. */
export function hasNullAddress(words: Uint32Array): boolean {
  return (
    isNull(words, WORD.eqeDma) ||
    isNull(words, WORD.aeqeDma) ||
    isNull(words, WORD.sqcDma) ||
    isNull(words, WORD.cqcDma)
  );
}

function isNull(words: Uint32Array, at: number): boolean {
  return words[at] === 0 && words[at + 1] === 0;
}
