/**
 * What the name of a driver says about who has a function.
 *
 * Source: Linux 7.3.4, the drivers with `driver_managed_dma`; pcie-linux reference, section 4.
 */

/** Drivers that give a function to a user of VFIO. */
const VFIO = /^(?:vfio[-_]pci|[a-z0-9_-]+[-_]vfio[-_]pci)$/;
/** Drivers that are bound without using the kernel's DMA interface: they keep nobody from a group. */
const PASSIVE: ReadonlySet<string> = new Set(['pcieport', 'pci-stub', 'pci-pf-stub', 'shpchp']);

/** Whether the driver gives its functions to VMs. */
export function isVfio(driver: string): boolean {
  return VFIO.test(driver);
}

/** Whether a function with this driver keeps VFIO from its group. */
export function holdsGroup(driver: string): boolean {
  return !isVfio(driver) && !PASSIVE.has(driver);
}
