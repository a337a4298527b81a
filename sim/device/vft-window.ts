/**
 * The PF's window to the function tables, 0x100054 to 0x10006c.
 *
 * One window serves all functions and nothing guards it: type, function and direction are taken from the registers at
 * the time of the launch, no matter which user wrote them. Two users who interleave therefore see each other's entries, as on the
 * real device (docs/device.md 13 and R21). A launch during an access replaces that access; [NR], assumed.
 */
import { PF_REG } from '../abi/registers.ts';
import { QUEUES_TOTAL, VFT_OP, VFT_TYPE, vftBase, vftHigh, vftLow, vftNum } from '../abi/vft.ts';
import { FUNCTIONS_MAX } from './functions.ts';
import type { RegisterFile } from './register-file.ts';

/** Valid bit of an SQC VFT entry, in its high word (bit 44 of 64). */
const SQC_VALID_HIGH = 1 << 12;
/** Valid bit of a CQC VFT entry, in its low word. */
const CQC_VALID_LOW = 1 << 28;

export class VftWindow {
  /** First queue of the device and number of queues that each function owns; number 0 where the entry is not valid. */
  readonly base: Uint16Array = new Uint16Array(FUNCTIONS_MAX);
  readonly num: Uint16Array = new Uint16Array(FUNCTIONS_MAX);
  private readonly registers: RegisterFile;
  private readonly sqc: Uint32Array = new Uint32Array(FUNCTIONS_MAX * 2);
  private readonly cqc: Uint32Array = new Uint32Array(FUNCTIONS_MAX * 2);
  /** Two algorithm types for each function. */
  private readonly shaper: Uint32Array = new Uint32Array(FUNCTIONS_MAX * 2 * 2);
  private read = false;
  private type = 0;
  private fn = 0;

  constructor(registers: RegisterFile) {
    this.registers = registers;
  }

  /** Gives a function its queues, as the PF driver does when it brings the function up. */
  assign(fn: number, base: number, num: number): void {
    this.store(VFT_TYPE.SQC, fn, vftLow(base, num), vftHigh(base, num));
    this.store(VFT_TYPE.CQC, fn, num === 0 ? 0 : CQC_VALID_LOW, 0);
  }

  entryLow(fn: number): number {
    return this.sqc[fn * 2]!;
  }

  entryHigh(fn: number): number {
    return this.sqc[fn * 2 + 1]!;
  }

  /** Latches what the window's registers say; {@link finish} carries it out when the access has taken its time. */
  launch(): void {
    this.read = this.registers.pf(PF_REG.QM_VFT_CFG_OP_WR) === VFT_OP.read;
    this.type = this.registers.pf(PF_REG.QM_VFT_CFG_TYPE);
    this.fn = this.registers.pf(PF_REG.QM_VFT_CFG);
  }

  /** @returns the function whose queues have changed, or -1 */
  finish(): number {
    const { registers, type, fn } = this;
    let changed = -1;
    if (this.read) {
      const table = this.tableOf(type);
      const at = this.indexOf(type, fn);
      registers.setPf(PF_REG.QM_VFT_CFG_DATA_L, table === null ? 0 : table[at]!);
      registers.setPf(PF_REG.QM_VFT_CFG_DATA_H, table === null ? 0 : table[at + 1]!);
    } else {
      this.store(type, fn, registers.pf(PF_REG.QM_VFT_CFG_DATA_L), registers.pf(PF_REG.QM_VFT_CFG_DATA_H));
      if (type === VFT_TYPE.SQC) changed = fn % FUNCTIONS_MAX;
    }
    registers.setPf(PF_REG.QM_VFT_CFG_RDY, 1);
    return changed;
  }

  private store(type: number, fn: number, low: number, high: number): void {
    const table = this.tableOf(type);
    if (table === null) return;
    const at = this.indexOf(type, fn);
    table[at] = low;
    table[at + 1] = high;
    if (type !== VFT_TYPE.SQC) return;
    const owner = fn % FUNCTIONS_MAX;
    const base = vftBase(low, high);
    const valid = (high & SQC_VALID_HIGH) !== 0 && base < QUEUES_TOTAL;
    this.base[owner] = valid ? base : 0;
    this.num[owner] = valid ? Math.min(vftNum(high), QUEUES_TOTAL - base) : 0;
  }

  private tableOf(type: number): Uint32Array | null {
    if (type === VFT_TYPE.SQC) return this.sqc;
    if (type === VFT_TYPE.CQC) return this.cqc;
    return type === VFT_TYPE.SHAPER ? this.shaper : null;
  }

  /** For the shaper bit 6 of the function number is the algorithm type. */
  private indexOf(type: number, fn: number): number {
    return (type === VFT_TYPE.SHAPER ? fn & 0x7f : fn & 0x3f) * 2;
  }
}
