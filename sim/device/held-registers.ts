/**
 * The three VF registers that the migration driver waits for, with what the device would say and what a fault makes it
 * say kept apart, so that the true value shows again when the fault has passed.
 */
import { HELD, HELD_OFFSETS } from './faults.ts';
import { FUNCTIONS_MAX } from './functions.ts';
import type { RegisterFile } from './register-file.ts';

export class HeldRegisters {
  private readonly registers: RegisterFile;
  private readonly real: Uint32Array = new Uint32Array(FUNCTIONS_MAX * HELD.count);
  private readonly forced: Uint32Array = new Uint32Array(FUNCTIONS_MAX * HELD.count);
  private readonly untilNs: Float64Array = new Float64Array(FUNCTIONS_MAX * HELD.count);

  constructor(registers: RegisterFile) {
    this.registers = registers;
  }

  /** The value without any fault. */
  get(fn: number, held: number): number {
    return this.real[fn * HELD.count + held]!;
  }

  set(fn: number, held: number, value: number): void {
    this.real[fn * HELD.count + held] = value;
    this.show(fn, held);
  }

  /** Holds bits of a register at 1 before `untilNs`; 0 bits let go. */
  force(fn: number, held: number, bits: number, untilNs: number): void {
    this.forced[fn * HELD.count + held] = bits;
    this.untilNs[fn * HELD.count + held] = untilNs;
    this.show(fn, held);
  }

  /** Lets go of a register whose time has come; one that has been held again meanwhile stays. */
  expire(fn: number, held: number, nowNs: number): void {
    if (this.untilNs[fn * HELD.count + held]! <= nowNs) this.force(fn, held, 0, 0);
  }

  private show(fn: number, held: number): void {
    const at = fn * HELD.count + held;
    this.registers.publish(fn, HELD_OFFSETS[held]!, (this.real[at]! | this.forced[at]!) >>> 0);
  }
}
