/**
 * The migration driver of one VF: state, arcs, match check, reset hooks.
 *
 * Source: docs/device.md section 8, arc by arc. Return values are 0 or a negative errno, as in the kernel.
 */
import type { AcceleratorFacts } from '../abi/accelerators.ts';
import { EFAULT, EINVAL, EIO, ENODEV, ENOMEM } from '../abi/errno.ts';
import { QM_DOORBELL_CMD } from '../abi/doorbell.ts';
import { QM_MB_CMD } from '../abi/mailbox.ts';
import { MIG_REGION, PF_REG, QM_NOT_READY, QM_READY, VF_REG, XQC } from '../abi/registers.ts';
import { QM_HW } from '../abi/accelerators.ts';
import { vftBase, vftNum } from '../abi/vft.ts';
import {
  ACC_DEV_MAGIC_V1,
  ACC_DEV_MAGIC_V2,
  ACC_DRV_MAJOR_VER,
  ACC_DRV_MINOR_VER,
  ACC_VF_DATA_BYTES,
  QM_MATCH_BYTES,
} from '../abi/vf-data.ts';
import { MIG_FLAG, MIG_STATE, nextState } from '../abi/vfio.ts';
import { bug } from '../base/bug.ts';
import { type Generation, RESET_WAIT_MS, RESET_WAIT_TIMES_MAX } from './generation.ts';
import { deriveRingAddresses, hasNullAddress, WORD } from './image.ts';
import type { KernelServices, PfDriver, UserMemory } from './kernel.ts';
import { MigrationFile, type MigrationFileKind } from './migration-file.ts';
import { PF, type RegisterPort } from './port.ts';
import { Qm } from './qm.ts';

export interface VfDriverConfig {
  readonly port: RegisterPort;
  readonly generation: Generation;
  readonly facts: AcceleratorFacts;
  /** Hardware function number of the VF, 1 to 63 (PCI VF index + 1). */
  readonly functionNumber: number;
  readonly pf: PfDriver;
  readonly kernel: KernelServices;
}

/** Where the driver is within a stop and a save, for clocks around it. */
export type DriverPhase = 'pauseAndDrain' | 'statusChecks' | 'cacheWriteBack' | 'save';

export class VfDriver {
  readonly generation: Generation;
  readonly qm: Qm;
  readonly functionNumber: number;
  state: number = MIG_STATE.RUNNING;
  opened = false;
  /** True when the registers are reached through the window in the PF's BAR2. */
  pfMode = false;
  /** What the driver last learnt of the guest's driver. Only a save, a load or a reset sets it (R23). */
  vfQmState: number;
  matchDone = false;
  saving: MigrationFile | null = null;
  resuming: MigrationFile | null = null;
  /** Copy of the last file that was dropped, for the debug files. */
  readonly lastImage: MigrationFile;
  /** The file that the last {@link setState} made for its caller, who then holds a reference; or null. */
  newFile: MigrationFile | null = null;
  /** Files created and not yet released by all their holders. */
  filesAlive = 0;

  /** Notified when a phase begins. The driver itself has no clock. */
  onPhase: ((phase: DriverPhase) => void) | null = null;

  private readonly kernel: KernelServices;
  private readonly port: RegisterPort;
  private readonly pf: PfDriver;
  private readonly freeFiles: MigrationFile[] = [];
  private heldResetting = false;
  private fileErrno = 0;

  constructor(config: VfDriverConfig) {
    this.generation = config.generation;
    this.vfQmState = config.generation.initialGuestState;
    this.lastImage = new MigrationFile('save', config.generation.filesKeepPosition);
    this.qm = new Qm(config.port, config.generation, config.facts, config.pf);
    this.functionNumber = config.functionNumber;
    this.kernel = config.kernel;
    this.port = config.port;
    this.pf = config.pf;
  }

  /** The driver's part of opening the device, after the core has enabled and reset it. */
  open(): number {
    this.pfMode = false;
    if (this.generation.usesPfWindow) {
      const selected = this.port.read32(PF, PF_REG.QM_MIG_REGION_SEL) & MIG_REGION.enableBit;
      this.pfMode = this.pf.hardware > QM_HW.V3 && selected !== 0;
    }
    if (this.pfMode) {
      this.qm.usePfWindow(this.functionNumber);
    } else {
      if (!this.kernel.mapBar()) return -EIO;
      this.qm.useVfBar();
    }
    this.state = MIG_STATE.RUNNING;
    this.opened = true;
    if (this.generation.forgetsMatchAtOpen) this.matchDone = false;
    return 0;
  }

  /** The driver's part of closing the device. Files that are not dropped stay alive, and of use to their user (R11). */
  close(): void {
    this.opened = false;
    if (this.generation.dropsFilesAtClose) this.dropFiles();
  }

  /**
   * Goes to a state, arc by arc. On failure the state is that of the last arc that succeeded; nothing is rolled back.
   * A file made by the last arc is left in {@link newFile}, with a reference for the caller.
   */
  setState(wanted: number): number {
    this.newFile = null;
    while (this.state !== wanted) {
      const next = nextState(this.generation.flags, this.state, wanted);
      if (next < 0) return -EINVAL;
      const ret = this.arc(this.state, next);
      if (ret !== 0) return ret;
      this.state = next;
      if (this.newFile !== null && next !== wanted) bug('FILE_FROM_INNER_ARC', next, wanted);
    }
    return 0;
  }

  /**
   * write() on a resuming file, with the match check that every write ends with in most generations. An image that does not
   * fit turns the result into -EFAULT although its bytes are kept and counted.
   */
  write(file: MigrationFile, user: UserMemory, length: number): number {
    const ret = file.write(user, length);
    if (ret < 0 || this.generation.matchesAt !== 'write') return ret;
    if (file.totalLength < QM_MATCH_BYTES || this.matchDone) return ret;
    return this.checkMatch(file.words) === 0 ? ret : -EFAULT;
  }

  /** Whether the pre-copy info of a file can be given now. 0 or a negative errno. */
  precopyInfo(file: MigrationFile): number {
    if (this.state !== MIG_STATE.PRE_COPY) return -EINVAL;
    if (file.disabled) return -ENODEV;
    return file.position > file.totalLength ? -EINVAL : 0;
  }

  /** Memory for a debug file's own image. */
  allocateForDebug(): boolean {
    return this.kernel.allocate();
  }

  /** A holder lets go of a file. */
  release(file: MigrationFile): void {
    if (file.references <= 0) bug('FILE_REFERENCES', file.references);
    file.references -= 1;
    if (file.references === 0) {
      this.filesAlive -= 1;
      this.freeFiles.push(file);
    }
  }

  /** Reset hook before the function is reset. */
  resetPrepare(): void {
    if (!this.generation.serialisesResets) return;
    if (!this.awaitResettingClear()) return;
    this.pf.resetting = true;
    this.heldResetting = true;
  }

  private awaitResettingClear(): boolean {
    const { pf } = this;
    if (pf.awaitResettingClear !== undefined) return pf.awaitResettingClear(RESET_WAIT_MS, RESET_WAIT_TIMES_MAX);
    for (let sleeps = 1; pf.resetting; sleeps++) {
      this.port.sleepMs(RESET_WAIT_MS);
      if (sleeps > RESET_WAIT_TIMES_MAX) return false;
    }
    return true;
  }

  /** Reset hook after the function was reset. */
  resetDone(): void {
    const { generation } = this;
    if (this.heldResetting) {
      this.pf.resetting = false;
      // Where nothing forgets that the mark was held once, it is cleared again and again, also when it is the PF's (R28).
      if (generation.forgetsResetMark) this.heldResetting = false;
    }
    // A test for flags that no VF with PRE_COPY has makes the rest dead code (R15).
    if (generation.cleansUpAfterReset === 'flags are STOP_COPY' && generation.flags !== MIG_FLAG.STOP_COPY) return;
    this.vfQmState = QM_NOT_READY;
    this.state = MIG_STATE.RUNNING;
    this.dropFiles();
  }

  private arc(from: number, to: number): number {
    switch (to) {
      case MIG_STATE.PRE_COPY:
        if (from === MIG_STATE.RUNNING) return this.startPreCopy();
        break;
      case MIG_STATE.STOP_COPY:
        if (from === MIG_STATE.PRE_COPY) {
          const ret = this.stopDevice();
          return ret === 0 ? this.save(this.saving!) : ret;
        }
        if (from === MIG_STATE.STOP) return this.startStopCopy();
        break;
      case MIG_STATE.STOP:
        if (from === MIG_STATE.RUNNING) return this.stopDevice();
        if (from === MIG_STATE.STOP_COPY) {
          this.dropFiles();
          return 0;
        }
        if (from === MIG_STATE.RESUMING) {
          const ret = this.load(this.resuming!);
          if (ret === 0) this.dropFiles();
          return ret;
        }
        break;
      case MIG_STATE.RESUMING:
        if (from === MIG_STATE.STOP) return this.startResuming();
        break;
      case MIG_STATE.RUNNING:
        if (from === MIG_STATE.PRE_COPY) {
          this.dropFiles();
          return 0;
        }
        if (from === MIG_STATE.STOP) {
          this.startDevice();
          return 0;
        }
        break;
      default:
    }
    return bug('ARC', from, to);
  }

  private startPreCopy(): number {
    const file = this.openSavingFile();
    if (file === null) return this.fileErrno;
    file.totalLength = QM_MATCH_BYTES;
    file.references += 1;
    this.saving = file;
    this.newFile = file;
    return 0;
  }

  private startStopCopy(): number {
    const file = this.openSavingFile();
    if (file === null) return this.fileErrno;
    const ret = this.save(file);
    if (ret !== 0) {
      if (this.generation.releasesFileOfFailedSave) this.release(file);
      return ret;
    }
    file.references += 1;
    this.saving = file;
    this.newFile = file;
    return 0;
  }

  private startResuming(): number {
    const file = this.createFile('resume');
    if (file === null) return this.fileErrno;
    file.references += 1;
    this.resuming = file;
    this.newFile = file;
    return 0;
  }

  /** A new file, or null with {@link fileErrno} set. */
  private createFile(kind: MigrationFileKind): MigrationFile | null {
    if (!this.kernel.allocate()) {
      this.fileErrno = -ENOMEM;
      return null;
    }
    const errno = this.kernel.createFile();
    if (errno !== 0) {
      this.fileErrno = -errno;
      return null;
    }
    this.filesAlive += 1;
    const reused = this.freeFiles.pop();
    if (reused === undefined) return new MigrationFile(kind, this.generation.filesKeepPosition);
    reused.renew(kind);
    return reused;
  }

  private openSavingFile(): MigrationFile | null {
    const file = this.createFile('save');
    if (file === null) return null;
    if (this.fillMatchData(file.words) !== 0) {
      this.release(file);
      this.fileErrno = -EINVAL;
      return null;
    }
    return file;
  }

  private dropFiles(): void {
    if (this.resuming !== null) {
      this.drop(this.resuming);
      this.resuming = null;
    }
    if (this.saving !== null) {
      this.drop(this.saving);
      this.saving = null;
    }
  }

  private drop(file: MigrationFile): void {
    if (this.generation.hasDebugFiles) {
      this.lastImage.totalLength = file.totalLength;
      this.lastImage.words.set(file.words);
    }
    file.disable();
    this.release(file);
  }

  /** The 40 bytes that a destination compares. The guest's state stays 0, READY, here. */
  private fillMatchData(words: Uint32Array): number {
    const { qm } = this;
    if (this.generation.imageVersion === 2) {
      words[WORD.magicLow] = ACC_DEV_MAGIC_V2.low;
      words[WORD.magicHigh] = ACC_DEV_MAGIC_V2.high;
      words[WORD.versions] = ACC_DRV_MAJOR_VER | (ACC_DRV_MINOR_VER << 16);
    } else {
      words[WORD.magicLow] = ACC_DEV_MAGIC_V1.low;
      words[WORD.magicHigh] = ACC_DEV_MAGIC_V1.high;
    }
    words[WORD.devId] = qm.facts.vfDeviceId;
    const ret = qm.queryPfVft(this.functionNumber);
    if (ret !== 0) return ret;
    words[WORD.qpBase] = vftBase(qm.answerLow, qm.answerHigh);
    words[WORD.qpNum] = vftNum(qm.answerHigh);
    words[WORD.queIsoCfg] = qm.readPfIsolation();
    return 0;
  }

  private stopDevice(): number {
    const { qm, onPhase } = this;
    if (onPhase !== null) onPhase('pauseAndDrain');
    let ret = qm.pause();
    if (ret !== 0) return ret;
    if (onPhase !== null) onPhase('statusChecks');
    ret = qm.waitErrorsClear();
    if (ret !== 0) return ret;
    // All generations go through the same phases; where the write-back is part of the save, this one is empty.
    if (onPhase !== null) onPhase('cacheWriteBack');
    return this.generation.writesCacheBackAt === 'stop' ? qm.writeBackCache() : 0;
  }

  private save(file: MigrationFile): number {
    const { qm, generation } = this;
    const { words } = file;
    if (this.onPhase !== null) this.onPhase('save');
    if (!qm.waitGuestReady()) {
      this.vfQmState = QM_NOT_READY;
      words[WORD.vfQmState] = QM_NOT_READY;
      file.totalLength = QM_MATCH_BYTES;
      return 0;
    }
    this.vfQmState = QM_READY;
    words[WORD.vfQmState] = QM_READY;
    let ret = 0;
    // Too late: a paused device has nothing left in its cache that is valid (R9).
    if (generation.writesCacheBackAt === 'save') ret = qm.writeBackCache();
    if (ret === 0) ret = this.readRegisters(words);
    if (ret !== 0) return ret;
    file.totalLength = ACC_VF_DATA_BYTES;
    if (!generation.ringsEventQueuesAfterSave) return 0;
    // Makes the device signal finished tasks whose interrupt never came (R8).
    qm.doorbell(0, QM_DOORBELL_CMD.EQ, words[WORD.eqcDw]! & 0xffff, 0);
    qm.doorbell(0, QM_DOORBELL_CMD.AEQ, words[WORD.aeqcDw]! & 0xffff, 0);
    return 0;
  }

  /** Everything of an image after its match data. 0 or a negative errno. */
  readRegisters(words: Uint32Array): number {
    const { qm } = this;
    words[WORD.aeqIntMask] = qm.read(VF_REG.QM_VF_AEQ_INT_MASK);
    words[WORD.eqIntMask] = qm.read(VF_REG.QM_VF_EQ_INT_MASK);
    words[WORD.ifcIntSource] = qm.read(VF_REG.QM_IFC_INT_SOURCE_V);
    words[WORD.ifcIntMask] = qm.read(VF_REG.QM_IFC_INT_MASK);
    words[WORD.ifcIntSet] = qm.read(VF_REG.QM_IFC_INT_SET_V);
    words[WORD.pageSize] = qm.read(VF_REG.QM_PAGE_SIZE);
    qm.readContext(qm.eqcOffset, words, WORD.eqcDw);
    qm.readContext(qm.aeqcOffset, words, WORD.aeqcDw);
    deriveRingAddresses(words, this.generation.ringAddressWord);
    let ret = qm.query(QM_MB_CMD.SQC_BT);
    if (ret !== 0) return this.saveError(ret);
    words[WORD.sqcDma] = qm.answerLow;
    words[WORD.sqcDma + 1] = qm.answerHigh;
    ret = qm.query(QM_MB_CMD.CQC_BT);
    if (ret !== 0) return this.saveError(ret);
    words[WORD.cqcDma] = qm.answerLow;
    words[WORD.cqcDma + 1] = qm.answerHigh;
    return 0;
  }

  private saveError(ret: number): number {
    return this.generation.saveQueryErrno === 0 ? ret : -this.generation.saveQueryErrno;
  }

  /**
   * Whether the image that is arriving fits this VF, judged by its first 40 bytes. 0 or a negative errno. A mismatch of the
   * queue isolation ends the oldest check early and with success (R3).
   */
  private checkMatch(words: Uint32Array): number {
    const { qm, generation } = this;
    if (!this.acceptsVersion(words)) return -EINVAL;
    if (words[WORD.devId] !== qm.facts.vfDeviceId) return -EINVAL;
    const count = qm.queryVft();
    if (count < 0) return generation.matchQueryErrno === 0 ? count : -generation.matchQueryErrno;
    if (count !== words[WORD.qpNum]) return -EINVAL;
    qm.qpNum = count;
    if (qm.readPfIsolation() !== words[WORD.queIsoCfg]) {
      return generation.isolationMismatchErrno === 0 ? 0 : -generation.isolationMismatchErrno;
    }
    if (generation.writesGuestStateAt === 'match') this.writeGuestState(words);
    this.matchDone = true;
    return 0;
  }

  private acceptsVersion(words: Uint32Array): boolean {
    const low = words[WORD.magicLow];
    const high = words[WORD.magicHigh];
    const isVersion1 = low === ACC_DEV_MAGIC_V1.low && high === ACC_DEV_MAGIC_V1.high;
    if (this.generation.imageVersion === 1) return isVersion1;
    if (isVersion1) {
      // Old savers sent wrong addresses. If the context words have not arrived yet, this repairs nothing (R12).
      deriveRingAddresses(words, XQC.baseLow);
      return true;
    }
    if (low !== ACC_DEV_MAGIC_V2.low || high !== ACC_DEV_MAGIC_V2.high) return false;
    return (words[WORD.versions]! & 0xffff) === ACC_DRV_MAJOR_VER;
  }

  private writeGuestState(words: Uint32Array): void {
    this.qm.write(VF_REG.QM_VF_STATE, words[WORD.vfQmState]!);
    this.vfQmState = words[WORD.vfQmState]!;
  }

  private load(file: MigrationFile): number {
    const { words } = file;
    const { qm, generation } = this;
    let ret = 0;
    if (generation.matchesAt === 'stop') {
      // Found only now, with the source long stopped (R4).
      ret = file.totalLength < QM_MATCH_BYTES ? -EINVAL : this.checkMatch(words);
      if (ret !== 0) return ret;
    }
    if (file.totalLength === QM_MATCH_BYTES) return 0;
    if (file.totalLength < ACC_VF_DATA_BYTES) return -EINVAL;
    if (generation.skipsNullAddresses && hasNullAddress(words)) {
      this.vfQmState = QM_NOT_READY;
      return 0;
    }
    if (generation.writesGuestStateAt === 'load') this.writeGuestState(words);
    qm.qpBase = words[WORD.qpBase]!;
    qm.qpNum = words[WORD.qpNum]!;
    ret = this.writeRegisters(words);
    if (ret !== 0) return ret;
    ret = qm.command(QM_MB_CMD.SQC_BT, words[WORD.sqcDma]!, words[WORD.sqcDma + 1]!);
    if (ret !== 0) return ret;
    ret = qm.command(QM_MB_CMD.CQC_BT, words[WORD.cqcDma]!, words[WORD.cqcDma + 1]!);
    if (ret !== 0) return ret;
    // Overrides two of the registers just restored.
    qm.enableMessages();
    return 0;
  }

  private writeRegisters(words: Uint32Array): number {
    const { qm } = this;
    if (qm.waitMailboxIdle() !== 0) return -this.generation.loadIdleErrno;
    qm.write(VF_REG.QM_VF_AEQ_INT_MASK, words[WORD.aeqIntMask]!);
    qm.write(VF_REG.QM_VF_EQ_INT_MASK, words[WORD.eqIntMask]!);
    qm.write(VF_REG.QM_IFC_INT_SOURCE_V, words[WORD.ifcIntSource]!);
    qm.write(VF_REG.QM_IFC_INT_MASK, words[WORD.ifcIntMask]!);
    qm.write(VF_REG.QM_IFC_INT_SET_V, words[WORD.ifcIntSet]!);
    qm.write(VF_REG.QM_QUE_ISO_CFG_V, words[WORD.queIsoCfg]!);
    qm.write(VF_REG.QM_PAGE_SIZE, words[WORD.pageSize]!);
    qm.writeContext(qm.eqcOffset, words, WORD.eqcDw);
    qm.writeContext(qm.aeqcOffset, words, WORD.aeqcDw);
    return 0;
  }

  private startDevice(): void {
    if (this.vfQmState !== QM_READY) return;
    if (this.generation.enablesMessagesAtStart) this.qm.enableMessages();
    this.qm.kickQueues();
  }
}
