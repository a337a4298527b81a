/**
 * What the driver needs of the kernel around it, and the PF driver's software object that it shares.
 */
import { UserError } from '../base/user-error.ts';

/** The driver crashes the kernel that it runs in, and nothing after it is worth playing. */
export class KernelCrash extends UserError {
  constructor(generation: string, what: string) {
    super('input', `the driver ${generation} crashes the kernel: ${what}`, 'take another driver generation');
  }
}

/** Copies between the driver and user space. Both give the number of bytes that could NOT be copied. */
export interface UserMemory {
  copyToUser(userOffset: number, from: Uint8Array, fromOffset: number, bytes: number): number;
  copyFromUser(to: Uint8Array, toOffset: number, userOffset: number, bytes: number): number;
}

/** Kernel services that may fail. */
export interface KernelServices {
  /** kzalloc(): false when there is no memory. */
  allocate(): boolean;
  /** anon_inode_getfile(): 0, or the errno it fails with. */
  createFile(): number;
  /** ioremap(): false when the BAR cannot be mapped. */
  mapBar(): boolean;
}

/** A kernel in which nothing fails. */
export const HEALTHY_KERNEL: KernelServices = {
  allocate: () => true,
  createFile: () => 0,
  mapBar: () => true,
};

/** The part of the PF driver's `struct hisi_qm` that the migration driver reads. */
export interface PfDriver {
  /** PCI revision of the PF, a value of QM_HW. */
  readonly hardware: number;
  /** Bits of the two error registers that shut the device down. */
  qmShutdownMask: number;
  coreShutdownMask: number;
  /** ZIP with the DAE engine: one more status register belongs to "device abnormal". */
  readonly hasDae: boolean;
  /** The QM_RESETTING bit of the PF's control word. */
  resetting: boolean;
  /**
   * Reads the bit, and while it is set sleeps and reads it again, where the world can do that without the driver.
   *
   * @returns whether it was seen clear; not after more than `sleepsMax` sleeps
   */
  awaitResettingClear?(sleepMs: number, sleepsMax: number): boolean;
}
