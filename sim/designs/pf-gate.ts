/**
 * A narrow door to the PF for a driver in user space: one register per request, and only those that the migration of one
 * VF needs, with only the values that are harmless to others.
 *
 * No kernel has had such a door; it is what the proposal of a driver in user space would have needed. Source:
 * docs/designs.md section 6.
 */
import type { AcceleratorFacts } from '../abi/accelerators.ts';
import { EFAULT, EINVAL } from '../abi/errno.ts';
import { PF_REG, VF_REG } from '../abi/registers.ts';
import { VFT_OP, VFT_TYPE } from '../abi/vft.ts';
import type { UserMemory } from '../driver/kernel.ts';
import { PF, type RegisterPort } from '../driver/port.ts';

/** `struct { u32 argsz, flags, offset, value; }`; flags 0 reads, 1 writes. */
export const PF_REQUEST_BYTES = 16;

/** A register that may be asked for, and for writes the one value that is let through. */
export interface PfPermission {
  readonly offset: number;
  readonly write?: number;
}

/** All that the owner of a VF may ask for. */
export function pfPermissions(facts: AcceleratorFacts, fn: number): readonly PfPermission[] {
  return [
    { offset: VF_REG.QM_QUE_ISO_CFG_V },
    { offset: PF_REG.QM_ABNORMAL_INT_STATUS },
    { offset: facts.coreStatusRegister },
    { offset: PF_REG.QM_MIG_REGION_SEL },
    { offset: PF_REG.QM_VFT_CFG_RDY },
    { offset: PF_REG.QM_VFT_CFG_DATA_L },
    { offset: PF_REG.QM_VFT_CFG_DATA_H },
    { offset: PF_REG.QM_VFT_CFG_OP_WR, write: VFT_OP.read },
    { offset: PF_REG.QM_VFT_CFG_TYPE, write: VFT_TYPE.SQC },
    { offset: PF_REG.QM_VFT_CFG, write: fn },
    { offset: PF_REG.QM_VFT_CFG_RDY, write: 0 },
    { offset: PF_REG.QM_VFT_CFG_OP_ENABLE, write: 1 },
  ];
}

export class PfGate {
  /** Requests that were turned away. */
  refused = 0;
  private readonly port: RegisterPort;
  private readonly permitted: readonly PfPermission[];
  private readonly request: Uint8Array = new Uint8Array(PF_REQUEST_BYTES);
  private readonly view: DataView = new DataView(this.request.buffer);

  /** @param functionNumber the VF whose owner may ask */
  constructor(port: RegisterPort, facts: AcceleratorFacts, functionNumber: number) {
    this.port = port;
    this.permitted = pfPermissions(facts, functionNumber);
  }

  /** One request. 0 or a negative errno; a value that was read is copied back with the request. */
  ioctl(user: UserMemory): number {
    const { port, request, view } = this;
    if (user.copyFromUser(request, 0, 0, PF_REQUEST_BYTES) !== 0) return -EFAULT;
    const offset = view.getUint32(8, true);
    const value = view.getUint32(12, true);
    const write = view.getUint32(4, true) === 1;
    const wanted = write ? value : undefined;
    if (!this.permitted.some((one) => one.offset === offset && one.write === wanted)) {
      this.refused += 1;
      return -EINVAL;
    }
    if (write) {
      port.write32(PF, offset, value);
      return 0;
    }
    view.setUint32(12, port.read32(PF, offset), true);
    return user.copyToUser(0, request, 0, PF_REQUEST_BYTES) === 0 ? 0 : -EFAULT;
  }
}
