/**
 * The PF's error registers: source, status, mask and inject.
 *
 * Status follows source bit by bit, whatever the interrupt mask says: the migration driver reads the status of the
 * whole device and refuses to stop a VF on any bit. docs/device.md 2.2 and 8.2.
 */
import { QM_RAS } from '../abi/ras.ts';
import { PF_REG } from '../abi/registers.ts';
import { VECTOR } from './functions.ts';
import type { Functions } from './functions.ts';
import type { RegisterFile } from './register-file.ts';

export class RasStatus {
  private readonly registers: RegisterFile;
  private readonly functions: Functions;

  constructor(registers: RegisterFile, functions: Functions) {
    this.registers = registers;
    this.functions = functions;
  }

  /** Sets error bits, and interrupts the PF when one of them is not masked. */
  raise(bits: number, nowNs: number): void {
    const source = (this.registers.pf(PF_REG.QM_ABNORMAL_INT_SOURCE) | bits) >>> 0;
    this.registers.setPf(PF_REG.QM_ABNORMAL_INT_SOURCE, source);
    this.registers.setPf(PF_REG.QM_ABNORMAL_INT_STATUS, source);
    if ((bits & ~this.registers.pf(PF_REG.QM_ABNORMAL_INT_MASK)) !== 0) {
      this.functions.onInterrupt(0, VECTOR.abnormal, nowNs);
    }
  }

  /** A doorbell that could not be served in time, with whose it was: type 0 is an SQ. */
  doorbellTimeout(fn: number, queue: number, nowNs: number): void {
    this.registers.setPf(PF_REG.QM_ABNORMAL_INF01, ((queue << 16) | fn) >>> 0);
    this.raise(QM_RAS.db_timeout, nowNs);
  }

  /** Software writes 1 to bits of the source that it has dealt with. */
  clear(bits: number): void {
    const source = (this.registers.pf(PF_REG.QM_ABNORMAL_INT_SOURCE) & ~bits) >>> 0;
    this.registers.setPf(PF_REG.QM_ABNORMAL_INT_SOURCE, source);
    this.registers.setPf(PF_REG.QM_ABNORMAL_INT_STATUS, source);
  }
}
