/**
 * PCI regions of a VFIO device and the policy for BAR2.
 *
 * Source: include/uapi/linux/vfio.h and include/linux/vfio_pci_core.h; docs/device.md section 10 for the policy.
 */
export const REGION = {
  BAR0: 0,
  BAR2: 2,
  BAR5: 5,
  ROM: 6,
  CONFIG: 7,
  VGA: 8,
  count: 9,
} as const;

/** A region's file offset is its index shifted by this. */
export const REGION_OFFSET_SHIFT = 40;

/** Bytes of `struct vfio_region_info` up to and with `offset`; a smaller argsz is EINVAL. */
export const REGION_INFO_BYTES = 32;

export const REGION_FLAG = { READ: 1, WRITE: 2, MMAP: 4 } as const;

/** Conventional plus extended configuration space as the core reports it. */
export const CONFIG_SPACE_BYTES = 0x1000;

/** Share of BAR2 that the guest may reach while the migration control area is in its upper half. docs/device.md 10. */
export const GUEST_BAR2_DIVISOR = 2;
