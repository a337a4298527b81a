/**
 * VFs that could change places: those of one PF, one after the other, with the same settings, that all have one VM or each a
 * VM of its own. What helps one of them helps the others, with their places changed.
 */
import { ATS, STREAM, type Topology } from './topology.ts';

export class AlikeVfs {
  private readonly topology: Topology;
  private readonly firsts: Int32Array;

  constructor(topology: Topology) {
    const { functions, tenants, functionTenant } = topology;
    this.topology = topology;
    const sizes = new Int32Array(tenants.length);
    for (const tenant of functionTenant) sizes[tenant] = sizes[tenant]! + 1;
    const firsts = Int32Array.from(functions, ({ index }) => index);
    for (let vf = 1; vf < functions.length; vf++) {
      const before = vf - 1;
      if (!haveSameSettings(topology, before, vf)) continue;
      const [one, other] = [functionTenant[before]!, functionTenant[vf]!];
      const isNext = other === one + 1 && sizes[one] === 1 && sizes[other] === 1;
      // A run is of one VM, or of as many VMs as it has VFs.
      const start = firsts[before]!;
      const isOfOneVm = other === one && functionTenant[start] === one;
      const isOfMany = isNext && functionTenant[start] === one - (before - start);
      if (isOfOneVm || isOfMany) firsts[vf] = start;
    }
    this.firsts = firsts;
  }

  /** The first of those that could change places with a VF. */
  twinOf(vf: number): number {
    return this.firsts[vf]!;
  }

  /** The same for a VF of which no setting of its own could be changed for the better, else the VF: no place has to change. */
  firstOf(vf: number): number {
    const { stream, ats, clipped } = this.topology;
    const isQuiet = stream[vf] !== STREAM.bypass && ats[vf] === ATS.off && clipped[vf] === 1;
    return isQuiet ? this.firsts[vf]! : vf;
  }
}

function haveSameSettings(topology: Topology, one: number, other: number): boolean {
  const { functions, areaOf, functionAlias, stream, ats, clipped } = topology;
  const { pf } = functions[other]!;
  if (pf === undefined || functions[one]!.pf !== pf) return false;
  if (areaOf[one]! < 0 || areaOf[other]! < 0 || functionAlias[other]! >= 0) return false;
  return stream[one] === stream[other] && ats[one] === ats[other] && clipped[one] === clipped[other];
}
