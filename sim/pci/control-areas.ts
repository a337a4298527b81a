/**
 * Where the migration control areas of a topology are: in the BAR2 of each VF, or in that of its PF. docs/isolation.md 3.
 */
import { MIG_REGION } from '../abi/registers.ts';
import { GUEST_BAR2_DIVISOR, REGION } from '../abi/region.ts';
import type { PhysicalFunctionDocument, SriovDocument } from './topology-file.ts';
import type { AreaArrays, ControlArea } from './topology.ts';

/** All areas as flat arrays, by rising address. @param functions how many functions the topology has */
export function areaArrays(unsorted: readonly ControlArea[], functions: number): AreaArrays {
  const areas = unsorted.toSorted((a, b) => a.start - b.start);
  const areaOf = new Int32Array(functions).fill(-1);
  for (const [i, { vf }] of areas.entries()) areaOf[vf] = i;
  return {
    areas,
    areaStart: Float64Array.from(areas, ({ start }) => start),
    areaEnd: Float64Array.from(areas, ({ end }) => end),
    areaHolder: Int32Array.from(areas, ({ holder }) => holder),
    areaOf,
  };
}

/** The area of one VF. @param n its number, from 1 */
export function controlArea(
  document: PhysicalFunctionDocument,
  sriov: SriovDocument,
  vf: number,
  pf: number,
  n: number,
): ControlArea {
  const inVf = sriov.window === 'vf-bar';
  const { at, size } = (inVf ? sriov.bars : document.bars).find(({ bar }) => bar === REGION.BAR2)!;
  if (!inVf) {
    const start = at + MIG_REGION.offset + n * MIG_REGION.bytesPerFunction;
    return { vf, holder: pf, start, end: start + MIG_REGION.bytesPerFunction };
  }
  const start = at + (n - 1) * size;
  return { vf, holder: vf, start: start + size / GUEST_BAR2_DIVISOR, end: start + size };
}
