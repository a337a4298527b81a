/**
 * The driver's view of one VF's queue manager (`struct hisi_qm` of the VF): register access, mailbox, doorbells.
 *
 * Its base is either the VF's own BAR2 or, on hardware V4 with the window selected, that VF's window in the PF's BAR2.
 *
 * Source: docs/device.md sections 1.4, 3.3, 3.4, 4 and 5.
 */
import type { AcceleratorFacts } from '../abi/accelerators.ts';
import { doorbellHigh, doorbellLow, QM_DOORBELL_CMD } from '../abi/doorbell.ts';
import { EBUSY, EIO, ETIMEDOUT } from '../abi/errno.ts';
import { mailboxWord, QM_MB, QM_MB_CMD } from '../abi/mailbox.ts';
import { MIG_REGION, PF_REG, QM_NOT_READY, VF_REG, XQC } from '../abi/registers.ts';
import { VFT_OP, VFT_TYPE, vftBase, vftNum } from '../abi/vft.ts';
import { CHECK_DELAY_US, CHECK_TIMES_MAX, type Generation, POLL_SLEEP_US, POLL_TIMEOUT_US } from './generation.ts';
import type { PfDriver } from './kernel.ts';
import { type FunctionSelect, PF, type PollSpec, pollSpec, type RegisterPort, VF } from './port.ts';

const STATUS_BITS = QM_MB.statusMask << QM_MB.statusShift;
const DAE_SHUTDOWN_MASK = 0xffffffff;
/** As many doorbells as there are numbers of queues. */
const QUEUE_NUMBERS = 0x1_0000;

/** The polls of a queue manager, one for each register; what differs between generations is a fact of theirs. */
export interface QmPolls {
  /** No command is in progress. */
  readonly mailboxIdle: PollSpec;
  /** The command just given is over. */
  readonly mailboxDone: PollSpec;
  readonly vftReady: PollSpec;
  readonly cacheWrittenBack: PollSpec;
  readonly guestReady: PollSpec;
}

function qmPolls(generation: Generation): QmPolls {
  const common = { sleepUs: POLL_SLEEP_US, timeoutUs: POLL_TIMEOUT_US, onceMore: generation.pollsOnceMore };
  const busy = { ...common, mask: QM_MB.busyBit, want: 0 };
  const mailbox =
    generation.mailbox === 'wide' ? ({ ...busy, width: 128, sleepBeforeRead: true, onceMore: false } as const) : busy;
  return {
    mailboxIdle: pollSpec(mailbox),
    mailboxDone: pollSpec({ ...mailbox, timeoutUs: generation.mailboxDoneTimeoutUs }),
    vftReady: pollSpec({ ...common, mask: 1, want: 1 }),
    cacheWrittenBack: pollSpec({ ...common, mask: 1, want: 1 }),
    guestReady: pollSpec({ ...common, mask: QM_NOT_READY, want: 0 }),
  };
}

export class Qm {
  readonly polls: QmPolls;
  readonly port: RegisterPort;
  readonly generation: Generation;
  readonly facts: AcceleratorFacts;
  readonly pf: PfDriver;
  /** Where the VF's registers are reached: in whose BAR2, and from which offset on. */
  fn: FunctionSelect = VF;
  base = 0;
  eqcOffset: number = VF_REG.QM_EQC_DW0;
  aeqcOffset: number = VF_REG.QM_AEQC_DW0;

  /** Queues of the VF as the last match check or load found them. Zero on a VF that never was a destination (R23). */
  qpNum = 0;
  qpBase = 0;

  /** The answer of the last successful {@link query}. */
  answerLow = 0;
  answerHigh = 0;

  constructor(port: RegisterPort, generation: Generation, facts: AcceleratorFacts, pf: PfDriver) {
    this.polls = qmPolls(generation);
    this.port = port;
    this.generation = generation;
    this.facts = facts;
    this.pf = pf;
  }

  /** Reach the registers through the VF's own BAR2. */
  useVfBar(): void {
    this.fn = VF;
    this.base = 0;
    this.eqcOffset = VF_REG.QM_EQC_DW0;
    this.aeqcOffset = VF_REG.QM_AEQC_DW0;
  }

  /** Reach the registers through this VF's window in the PF's BAR2. */
  usePfWindow(functionNumber: number): void {
    this.fn = PF;
    this.base = MIG_REGION.offset + functionNumber * MIG_REGION.bytesPerFunction;
    this.eqcOffset = MIG_REGION.eqcDw0;
    this.aeqcOffset = MIG_REGION.aeqcDw0;
  }

  read(offset: number): number {
    return this.port.read32(this.fn, this.base + offset);
  }

  write(offset: number, value: number): void {
    this.port.write32(this.fn, this.base + offset, value);
  }

  private poll(offset: number, spec: PollSpec): boolean {
    return this.port.poll(this.fn, this.base + offset, spec);
  }

  doorbell(queue: number, command: number, index: number, priority: number): void {
    const offset =
      command === QM_DOORBELL_CMD.SQ || command === QM_DOORBELL_CMD.CQ
        ? VF_REG.QM_DOORBELL_SQ_CQ_BASE_V2
        : VF_REG.QM_DOORBELL_EQ_AEQ_BASE_V2;
    this.port.write64(this.fn, this.base + offset, doorbellLow(queue, command), doorbellHigh(index, priority));
  }

  /** Waits until no command is in progress. 0 or a negative errno. */
  waitMailboxIdle(): number {
    const idle = this.poll(VF_REG.QM_MB_CMD_SEND_BASE, this.polls.mailboxIdle);
    return idle ? 0 : -this.generation.mailboxIdleErrno;
  }

  /** A mailbox command that sets something. 0 or a negative errno. */
  command(command: number, low: number, high: number): number {
    if (this.generation.checksDeviceError && this.deviceHasFatalError()) return -EIO;
    return this.exchange(command, low, high, false);
  }

  /** A mailbox command that asks; on 0 the answer is in {@link answerLow} and {@link answerHigh}. */
  query(command: number): number {
    const ret = this.exchange(command, 0, 0, true);
    if (ret !== 0) return ret;
    if (this.generation.mailbox === 'wide') {
      this.answerLow = this.port.wide[1]!;
      this.answerHigh = this.port.wide[2]!;
    } else {
      // Two separate reads with no lock held: torn when another user of the mailbox comes in between (R6).
      this.answerLow = this.read(VF_REG.QM_MB_CMD_DATA_ADDR_L);
      this.answerHigh = this.read(VF_REG.QM_MB_CMD_DATA_ADDR_H);
    }
    return 0;
  }

  /** The VF's own queue count by mailbox, or a negative errno. Sets {@link qpBase} even if the caller refuses the count. */
  queryVft(): number {
    const ret = this.query(QM_MB_CMD.SQC_VFT_V2);
    if (ret !== 0) return ret;
    this.qpBase = vftBase(this.answerLow, this.answerHigh);
    return vftNum(this.answerHigh);
  }

  /**
   * A function's entry in the PF's table, through the PF's window, which no lock protects (R21). 0 or -ETIMEDOUT; the
   * entry is left in {@link answerLow} and {@link answerHigh}.
   */
  queryPfVft(functionNumber: number): number {
    const { port, polls } = this;
    if (!port.poll(PF, PF_REG.QM_VFT_CFG_RDY, polls.vftReady)) return -ETIMEDOUT;
    port.write32(PF, PF_REG.QM_VFT_CFG_OP_WR, VFT_OP.read);
    port.write32(PF, PF_REG.QM_VFT_CFG_TYPE, VFT_TYPE.SQC);
    port.write32(PF, PF_REG.QM_VFT_CFG, functionNumber);
    port.write32(PF, PF_REG.QM_VFT_CFG_RDY, 0);
    port.write32(PF, PF_REG.QM_VFT_CFG_OP_ENABLE, 1);
    if (!port.poll(PF, PF_REG.QM_VFT_CFG_RDY, polls.vftReady)) return -ETIMEDOUT;
    this.answerLow = port.read32(PF, PF_REG.QM_VFT_CFG_DATA_L);
    this.answerHigh = port.read32(PF, PF_REG.QM_VFT_CFG_DATA_H);
    return 0;
  }

  /** Queue isolation as the PF has it. */
  readPfIsolation(): number {
    return this.port.read32(PF, VF_REG.QM_QUE_ISO_CFG_V);
  }

  /** Stops the function. 0 or a negative errno. */
  pause(): number {
    return this.command(QM_MB_CMD.PAUSE_QM, 0, 0);
  }

  /**
   * The four status registers that must be clear for a stop, each read 100 times more, 100 us of CPU apart. 0 or -EBUSY.
   * Two of them belong to the PF, so one VF's error keeps every VF of that PF from stopping.
   */
  waitErrorsClear(): number {
    if (!this.staysClear(PF, PF_REG.QM_ABNORMAL_INT_STATUS)) return -EBUSY;
    if (!this.staysClear(this.fn, this.base + VF_REG.QM_IFC_INT_STATUS)) return -EBUSY;
    if (!this.staysClear(this.fn, this.base + VF_REG.QM_IFC_INT_SET_V)) return -EBUSY;
    return this.staysClear(PF, this.facts.coreStatusRegister) ? 0 : -EBUSY;
  }

  /** Writes the context cache back to guest memory. 0 or a negative errno. */
  writeBackCache(): number {
    this.write(VF_REG.QM_CACHE_WB_START, 1);
    return this.poll(VF_REG.QM_CACHE_WB_DONE, this.polls.cacheWrittenBack) ? 0 : -this.generation.cacheWriteBackErrno;
  }

  /** Whether the guest's driver says that it is up, within a millisecond. */
  waitGuestReady(): boolean {
    return this.poll(VF_REG.QM_VF_STATE, this.polls.guestReady);
  }

  /** Clears a pending message and enables the message interrupt. */
  enableMessages(): void {
    this.write(VF_REG.QM_IFC_INT_SOURCE_V, 1);
    this.write(VF_REG.QM_IFC_INT_MASK, 0);
  }

  /** Resume kick: one SQ doorbell per queue, index 0, priority 1. */
  kickQueues(): void {
    const offset = this.base + VF_REG.QM_DOORBELL_SQ_CQ_BASE_V2;
    // The queue's number is 16 bits wide in a doorbell. A count out of a torn image can be larger (R5).
    for (let from = 0; from < this.qpNum; from += QUEUE_NUMBERS) {
      const count = Math.min(QUEUE_NUMBERS, this.qpNum - from);
      this.port.write64Row(this.fn, offset, doorbellLow(0, QM_DOORBELL_CMD.SQ), doorbellHigh(0, 1), count);
    }
  }

  /** Reads a run of context words into an image. */
  readContext(offset: number, into: Uint32Array, at: number): void {
    this.port.read32Row(this.fn, this.base + offset, into, at, XQC.words);
  }

  /** Writes a run of context words from an image. */
  writeContext(offset: number, from: Uint32Array, at: number): void {
    this.port.write32Row(this.fn, this.base + offset, from, at, XQC.words);
  }

  private staysClear(fn: FunctionSelect, offset: number): boolean {
    const { port } = this;
    let state = port.read32(fn, offset);
    for (let again = 0; state !== 0 && again < CHECK_TIMES_MAX; again++) {
      port.delayUs(CHECK_DELAY_US);
      state = port.read32(fn, offset);
    }
    return state === 0;
  }

  private deviceHasFatalError(): boolean {
    const { port, pf } = this;
    if ((port.read32(PF, PF_REG.QM_ABNORMAL_INT_STATUS) & pf.qmShutdownMask) !== 0) return true;
    if ((port.read32(PF, this.facts.coreStatusRegister) & pf.coreShutdownMask) !== 0) return true;
    return pf.hasDae && (port.read32(PF, PF_REG.DAE_ERR_STATUS) & DAE_SHUTDOWN_MASK) !== 0;
  }

  private exchange(command: number, low: number, high: number, get: boolean): number {
    const idle = this.waitMailboxIdle();
    if (idle !== 0) return idle;
    const { port, generation } = this;
    const offset = this.base + VF_REG.QM_MB_CMD_SEND_BASE;
    port.write128(this.fn, offset, mailboxWord(command, 0, get), low, high, 0);
    if (!port.poll(this.fn, offset, this.polls.mailboxDone)) return -generation.mailboxDoneErrno;
    if (!generation.readsMailboxStatus) return 0;
    const word0 = generation.mailbox === 'wide' ? port.wide[0]! : port.read32(this.fn, offset);
    return (word0 & STATUS_BITS) === 0 ? 0 : -EIO;
  }
}
