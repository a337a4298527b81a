/**
 * What a VMM has mapped of a VF's BAR2, page by page: into its own address space, and from there into the IOMMU domain
 * of its guest.
 *
 * Hosts map whole pages, and an IOMMU entry for a BAR is made from a mapping of the process: what mmap() refuses is in no
 * domain either.
 */
import { EFAULT, EINVAL } from '../abi/errno.ts';
import { REGION } from '../abi/region.ts';
import type { BarAccess, BarPolicy } from './bar-policy.ts';

export class BarMapping {
  readonly pageBytes: number;
  private readonly bars: BarAccess;
  private readonly policy: BarPolicy;
  /** 1 for each page of the BAR that the process has mapped, and that the guest's devices have. */
  private readonly inProcess: Uint8Array;
  private readonly inDomain: Uint8Array;

  /** @param pageBytes the host's pages: 4, 16 or 64 KiB */
  constructor(bars: BarAccess, policy: BarPolicy, pageBytes: number) {
    this.bars = bars;
    this.policy = policy;
    this.pageBytes = pageBytes;
    const pages = Math.ceil(bars.bar2Bytes / pageBytes);
    this.inProcess = new Uint8Array(pages);
    this.inDomain = new Uint8Array(pages);
  }

  /** mmap(2), shared, of a part of BAR2. The length is rounded up to whole pages. 0 or -EINVAL. */
  mmap(offset: number, length: number): number {
    if (length <= 0 || offset % this.pageBytes !== 0) return -EINVAL;
    const bytes = Math.ceil(length / this.pageBytes) * this.pageBytes;
    const ret = this.bars.map(this.policy, REGION.BAR2, offset, bytes, true);
    if (ret === 0) this.inProcess.fill(1, offset / this.pageBytes, (offset + bytes) / this.pageBytes);
    return ret;
  }

  /** VFIO_IOMMU_MAP_DMA of that part of the process. 0, -EINVAL for parts of pages, -EFAULT where nothing is mapped. */
  mapDma(offset: number, length: number): number {
    const { pageBytes } = this;
    if (length <= 0 || offset % pageBytes !== 0 || length % pageBytes !== 0) return -EINVAL;
    if (!this.holds(this.inProcess, offset, length)) return -EFAULT;
    this.inDomain.fill(1, offset / pageBytes, (offset + length) / pageBytes);
    return 0;
  }

  /** Whether a load or store of a vCPU, without leaving to the VMM, arrives at these bytes. */
  reachedByCpu(offset: number, width: number): boolean {
    return this.holds(this.inProcess, offset, width);
  }

  /** Whether a DMA request that the IOMMU translates with the guest's domain arrives at these bytes. */
  reachedByDma(offset: number, width: number): boolean {
    return this.holds(this.inDomain, offset, width);
  }

  private holds(pages: Uint8Array, offset: number, bytes: number): boolean {
    const end = Math.ceil((offset + bytes) / this.pageBytes);
    for (let page = Math.floor(offset / this.pageBytes); page < end; page++) if (pages[page] !== 1) return false;
    return true;
  }
}
