/**
 * Registers that only the PF has. docs/device.md 2.2.
 */
import { QM_HW } from '../abi/accelerators.ts';
import type { AcceleratorFacts } from '../abi/accelerators.ts';
import { MIG_REGION, PF_REG } from '../abi/registers.ts';
import type { CostValues } from './costs.ts';
import type { Engine } from './engine.ts';
import type { InterruptQueues } from './interrupt-queues.ts';
import type { Faults } from './faults.ts';
import { FUNCTIONS_MAX } from './functions.ts';
import type { Functions } from './functions.ts';
import type { Messages } from './messages.ts';
import type { RasStatus } from './ras-status.ts';
import { FUNCTION_WORDS } from './register-file.ts';
import type { RegisterFile } from './register-file.ts';
import { TIMER } from './timers.ts';
import type { Timers } from './timers.ts';
import type { VftWindow } from './vft-window.ts';

/** First of the registers that are the PF's alone. */
const FIRST = PF_REG.QM_ABNORMAL_INT_SOURCE;

/** Whose count the debug counters show. */
const DFX_SELECT = { mailbox: 0x104010, doorbell: 0x104020, sqe: 0x104030, cqe: 0x104040 } as const;

/** What ACC_MASTER_TRANS_RETURN reads when no transaction is outstanding any more. */
const MASTER_RETURNED = 3;

interface PfParts {
  readonly registers: RegisterFile;
  readonly facts: AcceleratorFacts;
  readonly functions: Functions;
  readonly engine: Engine;
  readonly events: InterruptQueues;
  readonly messages: Messages;
  readonly ras: RasStatus;
  readonly vft: VftWindow;
  readonly timers: Timers;
  readonly faults: Faults;
  readonly costs: CostValues;
  readonly hardware: number;
}

/** Registers whose value is kept elsewhere, or depends on a selector. */
const COUNTED: readonly number[] = [
  PF_REG.QM_IN_IDLE_ST,
  PF_REG.QM_DFX_MB_CNT,
  PF_REG.QM_DFX_DB_CNT,
  PF_REG.QM_DFX_SQE_CNT,
  PF_REG.QM_DFX_CQE_CNT,
  PF_REG.QM_DFX_SEND_SQE_TO_ACC_CNT,
  PF_REG.QM_DFX_WB_SQE_FROM_ACC_CNT,
  PF_REG.QM_DFX_ACC_FINISH_CNT,
];

/** Registers that a write is only stored in. */
const STORED: readonly number[] = [
  PF_REG.QM_ABNORMAL_INT_MASK,
  PF_REG.QM_CACHE_CTL,
  PF_REG.QM_VFT_CFG_OP_WR,
  PF_REG.QM_VFT_CFG_TYPE,
  PF_REG.QM_VFT_CFG,
  PF_REG.QM_VFT_CFG_DATA_L,
  PF_REG.QM_VFT_CFG_DATA_H,
  PF_REG.QM_VFT_CFG_RDY,
  PF_REG.QM_TIMEOUT_CFG,
  PF_REG.QM_DB_TIMEOUT_CFG,
  PF_REG.QM_FLR_PENDING_TIME_CFG,
  PF_REG.QM_IFC_INT_CFG,
  PF_REG.QM_CQE_AGGR_TIMEOUT_CTRL,
  PF_REG.QM_PM_CTRL,
  PF_REG.QM_SHAPER_CFG,
  PF_REG.QM_OOO_SHUTDOWN_SEL,
  DFX_SELECT.mailbox,
  DFX_SELECT.doorbell,
  DFX_SELECT.sqe,
  DFX_SELECT.cqe,
];

export class PfRegisters {
  private readonly parts: PfParts;
  /** 1 at the words of {@link COUNTED}, so that one load separates the many from the few. */
  readonly counted: Uint8Array;
  /** 1 at the words of {@link STORED}. */
  private readonly stored: Uint8Array;

  constructor(parts: PfParts) {
    this.parts = parts;
    const { registers } = parts;
    this.counted = new Uint8Array(FUNCTION_WORDS);
    for (const offset of COUNTED) this.counted[registers.pfIndex(offset)] = 1;
    this.stored = new Uint8Array(FUNCTION_WORDS);
    for (const offset of STORED) this.stored[registers.pfIndex(offset)] = 1;
  }

  /**
   * Says of which registers of the PF a read has no effect and gives just the word of the register file, unless
   * {@link Faults.active}: a fault may answer those.
   *
   * @param slots one byte per page of the PF's BAR2, see {@link RegisterFile.slotOfPage}
   * @param plain one byte per word of the PF's register file: 1 for those registers
   */
  describePlainReads(slots: Uint8Array, plain: Uint8Array): void {
    slots.set(this.parts.registers.slotOfPage);
    for (let index = 0; index < plain.length; index++) plain[index] = 1 - this.counted[index]!;
  }

  /** Value of any register of the PF's BAR2 outside the migration windows. */
  read(offset: number, nowNs: number): number {
    const { registers, functions, engine, faults, facts } = this.parts;
    if (faults.active) {
      if (offset === PF_REG.QM_ABNORMAL_INT_STATUS) return (registers.pf(offset) | faults.rasBitsAt(nowNs)) >>> 0;
      if (offset === facts.coreStatusRegister) return (registers.pf(offset) | faults.coreBitsAt(nowNs)) >>> 0;
    }
    const index = registers.pfIndex(offset);
    if (index < 0) return 0;
    if (this.counted[index] === 0) return registers.words[index]!;
    switch (offset) {
      case PF_REG.QM_IN_IDLE_ST:
        return engine.idle ? 1 : 0;
      case PF_REG.QM_DFX_MB_CNT:
        return functions.mailboxCount[this.selected(DFX_SELECT.mailbox)]!;
      case PF_REG.QM_DFX_DB_CNT:
        return functions.doorbellCount[this.selected(DFX_SELECT.doorbell)]!;
      case PF_REG.QM_DFX_SQE_CNT:
        return functions.sqeCount[this.selected(DFX_SELECT.sqe)]!;
      case PF_REG.QM_DFX_CQE_CNT:
        return functions.cqeCount[this.selected(DFX_SELECT.cqe)]!;
      case PF_REG.QM_DFX_SEND_SQE_TO_ACC_CNT:
        return engine.sent >>> 0;
      case PF_REG.QM_DFX_WB_SQE_FROM_ACC_CNT:
      case PF_REG.QM_DFX_ACC_FINISH_CNT:
        return engine.finished >>> 0;
      default:
        return registers.pf(offset);
    }
  }

  /** @returns false for an offset that belongs to the registers that every function has */
  write(offset: number, value: number, nowNs: number): boolean {
    if (offset < FIRST) return false;
    const { registers, ras, messages } = this.parts;
    const index = registers.pfIndex(offset);
    if (index < 0) return true;
    if (this.stored[index] === 1) {
      registers.words[index] = value;
      return true;
    }
    switch (offset) {
      case PF_REG.QM_ABNORMAL_INT_SOURCE:
        ras.clear(value);
        break;
      case PF_REG.QM_ABNORMAL_INT_SET:
        ras.raise(value, nowNs);
        break;
      case PF_REG.QM_MEM_START_INIT:
        if ((value & 1) === 1) registers.setPf(PF_REG.QM_MEM_INIT_DONE, 1);
        break;
      case PF_REG.QM_VFT_CFG_OP_ENABLE:
        if ((value & 1) === 1) this.launchVft(nowNs);
        break;
      case PF_REG.QM_IFC_INT_SET_P:
        if ((value & 1) === 1) messages.kickVfs(nowNs);
        break;
      case PF_REG.QM_IFC_INT_SOURCE_P:
      case PF_REG.QM_IFC_INT_SOURCE_P + 4:
        messages.acknowledgeVfs(offset, value);
        break;
      case PF_REG.QM_PF2VF_PF_W:
      case PF_REG.QM_PF2VF_PF_W + 4:
        messages.pfMessageWritten(offset, value);
        break;
      case PF_REG.QM_MIG_REGION_SEL:
        this.selectMigrationRegion(value);
        break;
      case PF_REG.ACC_MASTER_GLOBAL_CTRL:
        registers.setPf(offset, value);
        registers.setPf(PF_REG.ACC_MASTER_TRANS_RETURN, (value & 1) === 1 ? MASTER_RETURNED : 0);
        break;
      default:
    }
    return true;
  }

  /** The VF whose PF-resident window an offset of the PF's BAR2 lies in, or 0. Hardware before V4 has no windows. */
  windowOwner(offset: number): number {
    const { registers, hardware } = this.parts;
    if (offset < MIG_REGION.offset || hardware < QM_HW.V4) return 0;
    const vf = Math.floor((offset - MIG_REGION.offset) / MIG_REGION.bytesPerFunction);
    return vf <= registers.vfCount ? vf : 0;
  }

  /** Says where the migration windows are. Hardware before V4 has only those of the VFs. */
  selectMigrationRegion(value: number): void {
    const { registers, events, hardware } = this.parts;
    if (hardware < QM_HW.V4) return;
    registers.setPf(PF_REG.QM_MIG_REGION_SEL, value);
    const selected = (value & MIG_REGION.enableBit) !== 0;
    if (selected !== events.windowsInPf) events.selectPf(selected);
  }

  private launchVft(nowNs: number): void {
    const { vft, timers, faults, costs, functions } = this.parts;
    vft.launch();
    functions.watch?.vftLaunched(nowNs);
    timers.stop(TIMER.vftAccess, 0);
    timers.start(TIMER.vftAccess, 0, 0, nowNs + costs.vftAccessNs + faults.vftExtraNs);
  }

  private selected(register: number): number {
    return this.parts.registers.pf(register) % FUNCTIONS_MAX;
  }
}
