/**
 * Answers by trying: every function of a VM sends to every control area, by its host address and by every address that
 * its domain has for it, as untranslated and as translated, and every foreign requester ID is tried. Slow, and simple
 * enough to be believed.
 */
import { type Exposure, noExposure } from '../../sim/pci/exposure.ts';
import { segmentOf } from '../../sim/pci/address.ts';
import {
  type AddressRange,
  ATS,
  HOST_TENANT,
  IOVA_BASE,
  lastAtMost,
  MEMORY_ADDRESS,
  STREAM,
  SYSFS_IOVA_BASE,
  type Topology,
} from '../../sim/pci/topology.ts';
import { type AddressType, AT, WALK_END, Walker } from '../../sim/pci/walk.ts';

/** The last address of an area that a request of four bytes can have. */
const LAST_WORD = 4;

/** What happens, by walking all requests. */
export function bruteForce(topology: Topology): Exposure {
  return new BruteForce(topology).run();
}

class BruteForce {
  private readonly topology: Topology;
  private readonly walker: Walker;
  private readonly exposure: Exposure;

  constructor(topology: Topology) {
    this.topology = topology;
    this.walker = new Walker(topology);
    this.exposure = noExposure(topology);
  }

  run(): Exposure {
    const { functionTenant, functions, areas, domains, ats, stream } = this.topology;
    for (let fn = 0; fn < functions.length; fn++) {
      const tenant = functionTenant[fn]!;
      if (tenant === HOST_TENANT) continue;
      this.tryIds(fn);
      this.tryMemory(fn);
      for (const { start, end } of areas) this.tryRange(fn, start, end, 0, AT.untranslated, false);
      if (ats[fn] === ATS.guestChooses) {
        for (const { start, end } of areas) this.tryRange(fn, start, end, 0, AT.translated, false);
      }
      for (const domain of this.domainsWithin(fn)) {
        this.tryMapped(fn, domains[domain]!.mapped, IOVA_BASE, AT.untranslated, false);
        this.tryMapped(fn, domains[domain]!.sysfs, SYSFS_IOVA_BASE, AT.untranslated, true);
      }
      if (ats[fn] === ATS.handedOut && stream[fn] === STREAM.translate) {
        this.tryMapped(fn, domains[tenant]!.mapped, 0, AT.translated, false);
        this.tryMapped(fn, domains[tenant]!.sysfs, 0, AT.translated, true);
      }
    }
    return this.exposure;
  }

  /** The function's own domain, and those of all that share its requester ID. */
  private domainsWithin(fn: number): ReadonlySet<number> {
    const { functionAlias, functionTenant } = this.topology;
    const found = new Set([functionTenant[fn]!]);
    if (functionAlias[fn]! < 0) return found;
    for (let other = 0; other < functionAlias.length; other++) {
      if (functionAlias[other] === functionAlias[fn] && functionTenant[other] !== HOST_TENANT) {
        found.add(functionTenant[other]!);
      }
    }
    return found;
  }

  /** Every control area of which a domain has a part, where that part begins and ends. */
  private tryMapped(
    fn: number,
    ranges: readonly AddressRange[],
    base: number,
    at: AddressType,
    privileged: boolean,
  ): void {
    for (const range of ranges) {
      for (const area of this.topology.areas) {
        const start = Math.max(range.start, area.start);
        const end = Math.min(range.end, area.end);
        if (start < end) this.tryRange(fn, start, end, base, at, privileged);
      }
    }
  }

  private tryRange(fn: number, start: number, end: number, base: number, at: AddressType, privileged: boolean): void {
    this.send(fn, base + start, at, privileged);
    this.send(fn, base + Math.max(start, end - LAST_WORD), at, privileged);
  }

  private send(fn: number, address: number, at: AddressType, privileged: boolean): void {
    const { areaStart, areaEnd, functionTenant } = this.topology;
    if (this.walker.walk(fn, fn, at, address) !== WALK_END.bar) return;
    const area = lastAtMost(areaStart, this.walker.address);
    if (area < 0 || this.walker.address >= areaEnd[area]!) return;
    (privileged ? this.exposure.privileged : this.exposure.reached).add(area, functionTenant[fn]!);
  }

  /** Whether the IOMMU sees a request of this function as one of another tenant. */
  private tryIds(fn: number): void {
    const { functionAddress, functionNode, functionTenant, functionAlias } = this.topology;
    for (let other = 0; other < functionNode.length; other++) {
      if (functionTenant[other] === functionTenant[fn]) continue;
      if (segmentOf(functionAddress[other]!) !== segmentOf(functionAddress[fn]!)) continue;
      if (
        functionAlias[fn]! >= 0 ? functionAlias[other] !== functionAlias[fn] : functionNode[other] === functionNode[fn]
      )
        continue;
      this.walker.walk(fn, other, AT.untranslated, MEMORY_ADDRESS);
      // The IOMMU knows better than to believe an integrated endpoint.
      if (this.walker.sawIommu && this.walker.stream !== fn) this.exposure.spoofs[fn] = 1;
    }
  }

  private tryMemory(fn: number): void {
    this.walker.walk(fn, fn, AT.untranslated, MEMORY_ADDRESS);
    if (this.walker.unchecked) this.exposure.unchecked[fn] = 1;
    if (this.topology.ats[fn] !== ATS.guestChooses) return;
    this.walker.walk(fn, fn, AT.translated, MEMORY_ADDRESS);
    if (this.walker.unchecked) this.exposure.unchecked[fn] = 1;
  }
}
