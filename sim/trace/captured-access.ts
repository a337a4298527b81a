/**
 * Registers of captured accesses, in the words of a VF's own BAR2 also where a window in the PF's leads there.
 */
import { MIG_REGION, PF_REG, VF_REG } from '../abi/registers.ts';
import type { CapturedAccess } from './capture.ts';

/** Offset in the VF's BAR2; null for an access of the PF. */
export function inVf([fn, , , text]: CapturedAccess): number | null {
  const offset = Number(text);
  if (fn === 'vf') return offset;
  const at = offset - MIG_REGION.offset;
  if (at < MIG_REGION.bytesPerFunction || at >= 64 * MIG_REGION.bytesPerFunction) return null;
  const inside = at % MIG_REGION.bytesPerFunction;
  if (inside >= MIG_REGION.aeqcDw0) return VF_REG.QM_AEQC_DW0 + inside - MIG_REGION.aeqcDw0;
  return inside >= MIG_REGION.eqcDw0 ? VF_REG.QM_EQC_DW0 + inside - MIG_REGION.eqcDw0 : inside;
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(VF_REG).map(([name, offset]) => [`vf ${offset}`, name] as const),
  ...Object.entries(PF_REG).map(([name, offset]) => [`pf ${offset}`, name] as const),
  [`pf ${VF_REG.QM_QUE_ISO_CFG_V}`, 'QM_QUE_ISO_CFG_V'],
]);

/** A register in words: `pf read 32 bit 0x10006c QM_VFT_CFG_RDY`. */
export function accessWords(fn: 'pf' | 'vf', write: boolean, width: number, offset: number): string {
  const name = NAMES.get(`${fn} ${offset}`);
  return `${fn} ${write ? 'write' : 'read'} ${8 * width} bit 0x${offset.toString(16)}${name === undefined ? '' : ` ${name}`}`;
}
