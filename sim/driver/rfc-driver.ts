/**
 * The migration driver as posted in 2021, on protocol v1: device_state, what each write of it does, and the 160-byte image.
 *
 * Registers are reached by the same sequences as in today's driver ({@link Qm}). What the driver gets wrong is kept: see
 * docs/designs.md section 5. How user space reaches its region is the affair of sim/vfio/rfc-region.ts.
 *
 * Source: docs/designs.md section 4. Return values are 0 or a negative errno.
 */
import type { AcceleratorFacts } from '../abi/accelerators.ts';
import { EFAULT } from '../abi/errno.ts';
import { QM_MB_CMD } from '../abi/mailbox.ts';
import { QM_NOT_READY, QM_READY, VF_REG, XQC } from '../abi/registers.ts';
import { V0, V0_BYTES, V0_MATCH_BYTES } from '../abi/vf-data-v0.ts';
import { V1_BLOCK_BYTES, V1_REG, V1_STATE } from '../abi/vfio-v1.ts';
import { vftBase, vftNum } from '../abi/vft.ts';
import type { Generation } from './generation.ts';
import { GuardedMemory } from './guarded-memory.ts';
import type { PfDriver } from './kernel.ts';
import type { RegisterPort } from './port.ts';
import { Qm } from './qm.ts';
import type { RfcSnapshot } from './rfc-snapshot.ts';

export interface RfcDriverConfig {
  readonly port: RegisterPort;
  readonly snapshot: RfcSnapshot;
  /** Whose mailbox accesses, limits and errno values it uses. */
  readonly generation: Generation;
  readonly facts: AcceleratorFacts;
  /** Hardware function number of the VF, 1 to 63. */
  readonly functionNumber: number;
  readonly pf: PfDriver;
}

/** The interrupt registers of the image, in its order. The page size is not among them. */
const SAVED: readonly (readonly [field: number, register: number])[] = [
  [V0.aeqIntMask, VF_REG.QM_VF_AEQ_INT_MASK],
  [V0.eqIntMask, VF_REG.QM_VF_EQ_INT_MASK],
  [V0.ifcIntSource, VF_REG.QM_IFC_INT_SOURCE_V],
  [V0.ifcIntMask, VF_REG.QM_IFC_INT_MASK],
  [V0.ifcIntSet, VF_REG.QM_IFC_INT_SET_V],
];

/** First 32-bit word of the image in the allocation, which begins with the register block. */
const IMAGE = V1_BLOCK_BYTES / 4;

export class RfcDriver {
  readonly snapshot: RfcSnapshot;
  readonly qm: Qm;
  /** Register block and image, in one piece of memory: all that user space should ever reach of the driver. */
  readonly memory: GuardedMemory = new GuardedMemory(V1_BLOCK_BYTES + V0_BYTES);
  /** Whether a failed change left the VF neither as before nor as asked. The driver itself has no way of saying so. */
  lostState = false;
  /** How often the driver used the VF's mailbox while the guest, which owns it, was running. */
  mailboxUsesWhileRunning = 0;

  private readonly functionNumber: number;
  private readonly words: Uint32Array;
  private readonly view: DataView;
  private openers = 0;

  constructor(config: RfcDriverConfig) {
    this.snapshot = config.snapshot;
    this.qm = new Qm(config.port, config.generation, config.facts, config.pf);
    this.functionNumber = config.functionNumber;
    this.words = this.memory.words;
    this.view = this.memory.view;
    this.initialise();
  }

  get state(): number {
    return this.words[V1_REG.deviceState / 4]!;
  }

  get pending(): bigint {
    return this.view.getBigUint64(V1_REG.pendingBytes, true);
  }

  /** Wraps, as 64 bits in memory do. */
  set pending(value: bigint) {
    this.view.setBigUint64(V1_REG.pendingBytes, BigInt.asUintN(64, value), true);
  }

  get dataOffset(): bigint {
    return this.view.getBigUint64(V1_REG.dataOffset, true);
  }

  set dataOffset(value: bigint) {
    this.view.setBigUint64(V1_REG.dataOffset, value, true);
  }

  get dataSize(): bigint {
    return this.view.getBigUint64(V1_REG.dataSize, true);
  }

  /** Stores data_size without a check. */
  set dataSize(value: bigint) {
    this.view.setBigUint64(V1_REG.dataSize, value, true);
  }

  open(): void {
    if (this.openers === 0 && this.snapshot.regionLives === 'open') this.initialise();
    this.openers += 1;
  }

  close(): void {
    this.openers -= 1;
  }

  /** Hook before the function is reset. */
  resetPrepare(): void {
    if (this.snapshot.resetMarksNotReady) this.qm.write(VF_REG.QM_VF_STATE, QM_NOT_READY);
  }

  /** Hook after the function was reset. */
  resetDone(): void {
    this.initialise();
  }

  /** A write of device_state. The transitions of the protocol are not checked. */
  setState(wanted: number): number {
    const from = this.state;
    // Seems harmless, but "stopped" has an action, which then does not happen again.
    if (wanted === from) return 0;
    this.lostState = false;
    let ret = 0;
    switch (wanted) {
      case V1_STATE.STOPPED:
        if (this.snapshot.stoppedRingsDoorbells) this.qm.kickQueues();
        break;
      case V1_STATE.RUNNING:
        if (from === V1_STATE.RESUMING) ret = this.restore();
        break;
      case V1_STATE.STOP_COPY:
        ret = this.stopAndSave();
        break;
      case V1_STATE.PRE_COPY:
        ret = this.startPreCopy();
        break;
      case V1_STATE.RESUMING:
        break;
      default:
        return -EFAULT;
    }
    if (ret === 0) this.words[V1_REG.deviceState / 4] = wanted;
    return ret;
  }

  /** User space has written data_size: if that completes the match data, they are compared. */
  sizeWritten(value: bigint): number {
    this.dataSize = value;
    const match = BigInt(V0_MATCH_BYTES);
    if (this.state !== V1_STATE.RESUMING || this.pending !== match || value !== match) return 0;
    const ret = this.checkMatch();
    if (ret !== 0) return ret;
    this.pending = 0n;
    this.dataSize = 0n;
    return 0;
  }

  private initialise(): void {
    this.memory.clear();
    this.words[V1_REG.deviceState / 4] = V1_STATE.RUNNING;
    this.dataOffset = BigInt(V1_BLOCK_BYTES);
    this.dataSize = BigInt(this.snapshot.initialDataSize);
  }

  private field(at: number): number {
    return this.words[IMAGE + at / 4]!;
  }

  private setField(at: number, value: number): void {
    this.words[IMAGE + at / 4] = value;
  }

  /** As much as there is to read now. */
  private offer(bytes: number): void {
    this.dataSize = BigInt(bytes);
    this.pending = BigInt(bytes);
  }

  /** The VF's queues by the way of this snapshot, in the Qm and in the given order: count or a negative errno. */
  private queueCount(): number {
    const { qm } = this;
    if (this.snapshot.matchFrom === 'vfMailbox') {
      if (this.state !== V1_STATE.RESUMING) this.mailboxUsesWhileRunning += 1;
      return qm.queryVft();
    }
    const ret = qm.queryPfVft(this.functionNumber);
    if (ret !== 0) return ret;
    qm.qpBase = vftBase(qm.answerLow, qm.answerHigh);
    return vftNum(qm.answerHigh);
  }

  private startPreCopy(): number {
    const { qm, snapshot } = this;
    if (snapshot.preCopyNeedsGuest && !qm.waitGuestReady()) return -EFAULT;
    const count = this.queueCount();
    if (count < snapshot.queuesMin) return -EFAULT;
    qm.qpNum = count;
    this.setField(V0.qpNum, count);
    this.setField(V0.accType, qm.facts.accTypeV0);
    this.setField(V0.queIsoCfg, qm.readPfIsolation());
    this.setField(V0.qpBase, qm.qpBase);
    this.offer(V0_MATCH_BYTES);
    return 0;
  }

  private stopAndSave(): number {
    const { qm, snapshot } = this;
    if (snapshot.knowsEmptyImage && !qm.waitGuestReady()) {
      this.offer(0);
      return 0;
    }
    if (qm.pause() === 0 && qm.waitErrorsClear() === 0 && qm.writeBackCache() === 0 && this.save() === 0) {
      this.offer(V0_BYTES);
      return 0;
    }
    qm.kickQueues();
    return -EFAULT;
  }

  private save(): number {
    const { qm, words } = this;
    for (const [field, register] of SAVED) this.setField(field, qm.read(register));
    qm.readContext(qm.eqcOffset, words, IMAGE + V0.eqcDw / 4);
    qm.readContext(qm.aeqcOffset, words, IMAGE + V0.aeqcDw / 4);
    this.setField(V0.eqeDma, this.field(V0.eqcDw + 4 * XQC.baseLow));
    this.setField(V0.eqeDma + 4, this.field(V0.eqcDw + 4 * XQC.baseHigh));
    this.setField(V0.aeqeDma, this.field(V0.aeqcDw + 4 * XQC.baseLow));
    this.setField(V0.aeqeDma + 4, this.field(V0.aeqcDw + 4 * XQC.baseHigh));
    let ret = qm.query(QM_MB_CMD.SQC_BT);
    if (ret !== 0) return ret;
    this.setField(V0.sqcDma, qm.answerLow);
    this.setField(V0.sqcDma + 4, qm.answerHigh);
    ret = qm.query(QM_MB_CMD.CQC_BT);
    if (ret !== 0) return ret;
    this.setField(V0.cqcDma, qm.answerLow);
    this.setField(V0.cqcDma + 4, qm.answerHigh);
    return 0;
  }

  private checkMatch(): number {
    const { qm } = this;
    const count = this.queueCount();
    if (count < 0 || count !== this.field(V0.qpNum)) return -EFAULT;
    if (this.field(V0.accType) !== qm.facts.accTypeV0) return -EFAULT;
    return qm.readPfIsolation() === this.field(V0.queIsoCfg) ? 0 : -EFAULT;
  }

  /** Leaving "resuming" for "running" loads whatever the image holds, whether or not anything has come. */
  private restore(): number {
    const { qm, snapshot, words } = this;
    if (snapshot.knowsEmptyImage && this.pending === 0n) return 0;
    this.lostState = true;
    if (qm.waitMailboxIdle() !== 0) return -EFAULT;
    if (snapshot.resetMarksNotReady) qm.write(VF_REG.QM_VF_STATE, QM_READY);
    qm.qpNum = this.field(V0.qpNum);
    qm.qpBase = this.field(V0.qpBase);
    for (const [field, register] of SAVED) qm.write(register, this.field(field));
    qm.writeContext(qm.eqcOffset, words, IMAGE + V0.eqcDw / 4);
    qm.writeContext(qm.aeqcOffset, words, IMAGE + V0.aeqcDw / 4);
    if (qm.command(QM_MB_CMD.SQC_BT, this.field(V0.sqcDma), this.field(V0.sqcDma + 4)) !== 0) return -EFAULT;
    if (qm.command(QM_MB_CMD.CQC_BT, this.field(V0.cqcDma), this.field(V0.cqcDma + 4)) !== 0) return -EFAULT;
    qm.kickQueues();
    this.lostState = false;
    return 0;
  }
}
