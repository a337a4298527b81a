/**
 * Messages between PF and VFs: who has kicked whom and what the message says. docs/device.md 2.1, 2.2 and 12.5.
 *
 * Hardware V3 carries the message by mailbox (SRC to leave it, DST to fetch it), V4 and later by registers of their
 * own. The kick is the same: QM_IFC_INT_SET_P towards VFs, QM_IFC_INT_SET_V towards the PF.
 *
 * Assumed: a VF's message status stands while the message is not acknowledged, whether its interrupt is masked or not;
 * lifting the mask with a message pending interrupts.
 */
import { QM_HW } from '../abi/accelerators.ts';
import { PF_REG, VF_REG } from '../abi/registers.ts';
import { HELD } from './faults.ts';
import { FUNCTIONS_MAX, VECTOR } from './functions.ts';
import type { Functions } from './functions.ts';
import type { HeldRegisters } from './held-registers.ts';
import type { RegisterFile } from './register-file.ts';

/** Target in QM_IFC_INT_CFG that means every VF. */
const ALL_VFS_TARGET = 0x7f;
const TARGET_MASK = 0x7f;
/** Queue number of a SRC command that means every VF. */
const ALL_VFS_QUEUE = 0xffff;

export class Messages {
  private readonly registers: RegisterFile;
  private readonly functions: Functions;
  private readonly held: HeldRegisters;
  private readonly hardware: number;
  /** Low and high word of the last message to each VF, and of the last message from each. */
  private readonly toVf: Uint32Array = new Uint32Array(FUNCTIONS_MAX * 2);
  private readonly fromVf: Uint32Array = new Uint32Array(FUNCTIONS_MAX * 2);

  constructor(registers: RegisterFile, functions: Functions, held: HeldRegisters, hardware: number) {
    this.registers = registers;
    this.functions = functions;
    this.held = held;
    this.hardware = hardware;
  }

  /** SRC: `fn` leaves a message; the PF names the VF. @returns false when there is no such function */
  leave(fn: number, target: number, low: number, high: number): boolean {
    if (fn !== 0) {
      this.fromVf[fn * 2] = low;
      this.fromVf[fn * 2 + 1] = high;
      return target === 0;
    }
    const all = target === ALL_VFS_QUEUE;
    if (!all && (target === 0 || target > this.registers.vfCount)) return false;
    for (let vf = all ? 1 : target; vf <= (all ? this.registers.vfCount : target); vf++) {
      this.toVf[vf * 2] = low;
      this.toVf[vf * 2 + 1] = high;
    }
    return true;
  }

  /** DST: word 0 or 1 of the message that `source` left for `fn`. */
  fetch(fn: number, source: number, word: number): number {
    return (fn === 0 ? this.fromVf[source * 2 + word] : this.toVf[fn * 2 + word]) ?? 0;
  }

  /** The PF writes bit 0 of QM_IFC_INT_SET_P: kicks the VFs that QM_IFC_INT_CFG names. */
  kickVfs(nowNs: number): void {
    const target = this.registers.pf(PF_REG.QM_IFC_INT_CFG) & TARGET_MASK;
    const { vfCount } = this.registers;
    if (target === ALL_VFS_TARGET) {
      for (let vf = 1; vf <= vfCount; vf++) this.kickVf(vf, nowNs);
    } else if (target >= 1 && target <= vfCount) {
      this.kickVf(target, nowNs);
    }
  }

  /** The VF clears bits of its message source; bit 0 acknowledges the message. */
  acknowledge(fn: number, bits: number): void {
    const source = this.registers.get(fn, VF_REG.QM_IFC_INT_SOURCE_V);
    this.registers.set(fn, VF_REG.QM_IFC_INT_SOURCE_V, (source & ~bits) >>> 0);
    if ((bits & 1) === 0) return;
    this.held.set(fn, HELD.ifcStatus, 0);
    this.setBitOfFunction(PF_REG.QM_IFC_READY_STATUS, fn, false);
  }

  /** The VF writes its message mask. */
  mask(fn: number, value: number, nowNs: number): void {
    const before = this.registers.get(fn, VF_REG.QM_IFC_INT_MASK);
    this.registers.set(fn, VF_REG.QM_IFC_INT_MASK, value);
    const pending = (this.registers.get(fn, VF_REG.QM_IFC_INT_SOURCE_V) & 1) !== 0;
    if (pending && (before & 1) === 1 && (value & 1) === 0) this.functions.onInterrupt(fn, VECTOR.message, nowNs);
  }

  /** The VF writes QM_IFC_INT_SET_V: bit 0 kicks the PF, and falls when the PF has acknowledged. */
  kickPf(fn: number, value: number, nowNs: number): void {
    const standing = this.held.get(fn, HELD.ifcSet) & 1;
    this.held.set(fn, HELD.ifcSet, (value | standing) >>> 0);
    if ((value & 1) === 0 || fn === 0) return;
    this.setBitOfFunction(PF_REG.QM_IFC_INT_SOURCE_P, fn, true);
    this.functions.onInterrupt(0, VECTOR.message, nowNs);
  }

  /** The PF clears bits of QM_IFC_INT_SOURCE_P, in its lower or upper word. */
  acknowledgeVfs(offset: number, bits: number): void {
    const pending = this.registers.pf(offset);
    this.registers.setPf(offset, (pending & ~bits) >>> 0);
    const first = (offset - PF_REG.QM_IFC_INT_SOURCE_P) * 8;
    for (let bit = 0; bit < 32; bit++) {
      const fn = first + bit;
      if (((bits >>> bit) & 1) === 0 || fn < 1 || fn > this.registers.vfCount) continue;
      this.held.set(fn, HELD.ifcSet, (this.held.get(fn, HELD.ifcSet) & ~1) >>> 0);
    }
  }

  /** Hardware V4: the PF's message registers show at every VF. */
  pfMessageWritten(offset: number, value: number): void {
    if (this.hardware < QM_HW.V4) return;
    this.registers.setPf(offset, value);
    const shown = VF_REG.QM_PF2VF_VF_R + (offset - PF_REG.QM_PF2VF_PF_W);
    for (let vf = 1; vf <= this.registers.vfCount; vf++) this.registers.publish(vf, shown, value);
  }

  /** Hardware V4: of a VF's message the PF sees the lower word. */
  vfMessageWritten(fn: number, offset: number, value: number): void {
    if (this.hardware < QM_HW.V4) return;
    this.registers.set(fn, offset, value);
    if (offset === VF_REG.QM_VF2PF_VF_W) this.registers.setPf(PF_REG.QM_VF2PF_PF_R + fn * 4, value);
  }

  reset(fn: number): void {
    this.toVf[fn * 2] = 0;
    this.toVf[fn * 2 + 1] = 0;
    this.fromVf[fn * 2] = 0;
    this.fromVf[fn * 2 + 1] = 0;
    this.held.set(fn, HELD.ifcStatus, 0);
    this.held.set(fn, HELD.ifcSet, 0);
    this.setBitOfFunction(PF_REG.QM_IFC_READY_STATUS, fn, false);
    this.setBitOfFunction(PF_REG.QM_IFC_INT_SOURCE_P, fn, false);
    if (this.hardware >= QM_HW.V4) this.registers.setPf(PF_REG.QM_VF2PF_PF_R + fn * 4, 0);
  }

  private kickVf(vf: number, nowNs: number): void {
    this.setBitOfFunction(PF_REG.QM_IFC_READY_STATUS, vf, true);
    this.registers.set(vf, VF_REG.QM_IFC_INT_SOURCE_V, this.registers.get(vf, VF_REG.QM_IFC_INT_SOURCE_V) | 1);
    this.held.set(vf, HELD.ifcStatus, 1);
    if ((this.registers.get(vf, VF_REG.QM_IFC_INT_MASK) & 1) === 0) {
      this.functions.onInterrupt(vf, VECTOR.message, nowNs);
    }
  }

  private setBitOfFunction(register: number, fn: number, on: boolean): void {
    const offset = register + (fn >>> 5) * 4;
    const bit = 1 << (fn & 31);
    const value = this.registers.pf(offset);
    this.registers.setPf(offset, (on ? value | bit : value & ~bit) >>> 0);
  }
}
