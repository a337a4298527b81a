/**
 * One VF as user space holds it: the VFIO core's entry paths in front of the migration driver.
 *
 * Where no migration is offered (no PF driver, hardware before V3, or a refusal for the place that the VF has) the same
 * device answers as a plain one: it can be given to a guest, and is no candidate for a move.
 *
 * Source: drivers/vfio/vfio_main.c and vfio_pci_core.c as described in docs/device.md sections 8.11, 9 and 10.
 */
import type { AcceleratorFacts } from '../abi/accelerators.ts';
import { QM_HW } from '../abi/accelerators.ts';
import { EBADF, EFAULT, EINVAL, ENOTTY } from '../abi/errno.ts';
import { ACC_VF_DATA_BYTES } from '../abi/vf-data.ts';
import { REGION_INFO_BYTES, REGION_OFFSET_SHIFT } from '../abi/region.ts';
import { FEATURE, MIG_FLAG, PRECOPY_INFO_BYTES, VFIO_MIG_GET_PRECOPY_INFO } from '../abi/vfio.ts';
import { DebugFiles } from '../driver/debug-files.ts';
import type { Generation } from '../driver/generation.ts';
import { KernelCrash, type KernelServices, type PfDriver, type UserMemory } from '../driver/kernel.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import type { RegisterPort } from '../driver/port.ts';
import { VfDriver } from '../driver/vf-driver.ts';
import { type MigrationRefusal, refusalSentence } from './migration-refusal.ts';
import { BarAccess, type BarClip, type BarPolicy, type BarPort, policyOf } from './bar-policy.ts';

/** What a reset of the function consists of, for players of the hardware and recorders. */
export type ResetEvent = 'reset_prepare' | 'flr' | 'reset_done';

export interface VfioDeviceConfig {
  readonly port: RegisterPort;
  readonly bar: BarPort;
  readonly generation: Generation;
  readonly facts: AcceleratorFacts;
  /** Hardware function number, 1 to 63. */
  readonly functionNumber: number;
  readonly bar2Bytes: number;
  /** The PF driver's object, or null where the PF has no driver. */
  readonly pf: PfDriver | null;
  readonly kernel: KernelServices;
  /** Whether opening the device resets the function. */
  readonly resetsAtOpen: boolean;
  /** What hides a control area in the VF's own BAR2 while migration is offered. Default: `all`, as in the merged driver. */
  readonly barClip?: BarClip;
  /** Why the migration driver does not load for this VF though it could serve it; null or absent: it does not. */
  readonly refusal?: MigrationRefusal | null;
  /** Called at each step of a reset; the function itself is to be reset at `flr`. */
  readonly onReset: (event: ResetEvent) => void;
}

const DIRECTIONS = FEATURE.GET | FEATURE.SET;
const KNOWN_FLAGS = FEATURE.numberMask | DIRECTIONS | FEATURE.PROBE;
/** Offset of a feature's data after its header. */
const DATA = FEATURE.headerBytes;

export class VfioDevice {
  /** The migration driver, or null on a plain device. */
  readonly driver: VfDriver | null;
  readonly debug: DebugFiles | null;
  /** Why there is no migration, as a VMM puts it when asked to migrate; null where there is. */
  readonly migrationBlocker: string | null;
  /** What VFIO_DEVICE_FEATURE_MIGRATION gives ({@link MIG_FLAG}); 0 where there is no migration. */
  readonly migrationFlags: number;
  /** The data file that the last state change handed out, or null. The caller holds a reference to it. */
  newFile: MigrationFile | null = null;

  private readonly bars: BarAccess;
  private readonly clip: BarClip;
  private readonly resetsAtOpen: boolean;
  private readonly onReset: (event: ResetEvent) => void;
  private readonly generation: Generation;
  private precopyInfoV2 = false;
  private readonly scratch: Uint8Array = new Uint8Array(REGION_INFO_BYTES);
  private readonly scratchView: DataView = new DataView(this.scratch.buffer);

  constructor(config: VfioDeviceConfig) {
    const { pf, generation, refusal = null } = config;
    this.generation = generation;
    this.bars = new BarAccess(config.bar, config.bar2Bytes, generation.guestAccessBytes);
    this.clip = config.barClip ?? 'all';
    this.resetsAtOpen = config.resetsAtOpen;
    this.onReset = config.onReset;
    this.migrationBlocker = blockerOf(pf, refusal);
    if (pf !== null && this.migrationBlocker === null) {
      this.driver = new VfDriver({ ...config, pf });
      this.debug = generation.hasDebugFiles ? new DebugFiles(this.driver) : null;
      this.migrationFlags = generation.flags;
    } else {
      this.driver = null;
      this.debug = null;
      this.migrationFlags = 0;
    }
  }

  /** Opens the device: reset, then the driver's part. 0 or a negative errno. */
  open(): number {
    if (this.resetsAtOpen) this.reset();
    return this.driver === null ? 0 : this.driver.open();
  }

  close(): void {
    this.driver?.close();
    this.precopyInfoV2 = false;
  }

  /** VFIO_DEVICE_RESET: the two hooks around a function-level reset. */
  reset(): void {
    this.onReset('reset_prepare');
    this.resetPrepare();
    this.onReset('flr');
    this.onReset('reset_done');
    this.driver?.resetDone();
  }

  /**
   * The reset-prepare hook alone, as a reset that the PF drives calls it.
   *
   * @throws KernelCrash where the hook follows a null pointer, since this VF's PF offers no migration (R27)
   */
  resetPrepare(): void {
    if (this.driver !== null) this.driver.resetPrepare();
    else if (this.generation.prepareFollowsNullPf) {
      const what = 'its reset-prepare hook follows a null pointer on a VF that offers no migration (R27)';
      throw new KernelCrash(this.generation.id, what);
    }
  }

  /** MIG_DEVICE_STATE, SET. 0 or a negative errno; a new data file is left in {@link newFile}. */
  setState(wanted: number): number {
    const { driver } = this;
    this.newFile = null;
    if (driver === null) return -ENOTTY;
    const ret = driver.setState(wanted);
    if (ret === 0) this.newFile = driver.newFile;
    return ret;
  }

  /** MIG_DEVICE_STATE, GET: a state's number or a negative errno. */
  getState(): number {
    return this.driver === null ? -ENOTTY : this.driver.state;
  }

  /** read() on a data file. */
  readFile(file: MigrationFile, user: UserMemory, length: number): number {
    return file.kind === 'save' ? file.read(user, length) : -EBADF;
  }

  /** write() on a data file. */
  writeFile(file: MigrationFile, user: UserMemory, length: number): number {
    if (file.kind !== 'resume' || this.driver === null) return -EBADF;
    return this.driver.write(file, user, length);
  }

  /** close() on a data file. */
  closeFile(file: MigrationFile): void {
    this.driver?.release(file);
  }

  /** ioctl() on a data file: only VFIO_MIG_GET_PRECOPY_INFO, and only on a saving one. */
  fileIoctl(file: MigrationFile, command: number, user: UserMemory): number {
    const { driver, scratch, scratchView: view } = this;
    if (driver === null || file.kind !== 'save' || command !== VFIO_MIG_GET_PRECOPY_INFO) return -ENOTTY;
    if ((this.migrationFlags & MIG_FLAG.PRE_COPY) === 0) return -ENOTTY;
    if (user.copyFromUser(scratch, 0, 0, PRECOPY_INFO_BYTES) !== 0) return -EFAULT;
    if (view.getUint32(0, true) < PRECOPY_INFO_BYTES) return -EINVAL;
    // The first version left the flags as the caller had them; the second makes them output.
    if (this.precopyInfoV2) view.setUint32(4, 0, true);
    const ret = driver.precopyInfo(file);
    if (ret !== 0) return ret;
    view.setBigUint64(8, BigInt(file.totalLength - file.position), true);
    view.setBigUint64(16, 0n, true);
    return user.copyToUser(0, scratch, 0, PRECOPY_INFO_BYTES) === 0 ? 0 : -EFAULT;
  }

  /**
   * VFIO_DEVICE_FEATURE on a structure in user memory: argsz, flags, data. The `newFile` of a state change is to be
   * taken by the caller.
   */
  feature(user: UserMemory): number {
    const { scratch, scratchView: view } = this;
    this.newFile = null;
    if (user.copyFromUser(scratch, 0, 0, FEATURE.headerBytes) !== 0) return -EFAULT;
    const argsz = view.getUint32(0, true);
    const flags = view.getUint32(4, true);
    if (argsz < FEATURE.headerBytes) return -EINVAL;
    if ((flags & ~KNOWN_FLAGS) !== 0) return -EINVAL;
    if ((flags & FEATURE.PROBE) === 0 && (flags & DIRECTIONS) === DIRECTIONS) return -EINVAL;
    const dataBytes = argsz - FEATURE.headerBytes;
    switch (flags & FEATURE.numberMask) {
      case FEATURE.MIGRATION:
        return this.featureMigration(user, flags, dataBytes);
      case FEATURE.MIG_DEVICE_STATE:
        return this.featureState(user, flags, dataBytes);
      case FEATURE.MIG_DATA_SIZE:
        return this.featureDataSize(user, flags, dataBytes);
      case FEATURE.MIG_PRECOPY_INFO_V2:
        return this.featurePrecopyInfoV2(flags, dataBytes);
      default:
        // No device dirty log, and nothing else that the core or the driver answers for a VF.
        return -ENOTTY;
    }
  }

  /** VFIO_DEVICE_GET_REGION_INFO on a structure in user memory. 0 or a negative errno. */
  regionInfo(user: UserMemory): number {
    const { scratch, scratchView: view } = this;
    if (user.copyFromUser(scratch, 0, 0, REGION_INFO_BYTES) !== 0) return -EFAULT;
    if (view.getUint32(0, true) < REGION_INFO_BYTES) return -EINVAL;
    const index = view.getUint32(8, true);
    const info = this.bars.info(this.policy(), index);
    if (info === null) return -EINVAL;
    view.setUint32(4, info.flags, true);
    view.setBigUint64(16, BigInt(info.size), true);
    view.setBigUint64(24, BigInt(index) << BigInt(REGION_OFFSET_SHIFT), true);
    return user.copyToUser(0, scratch, 0, REGION_INFO_BYTES) === 0 ? 0 : -EFAULT;
  }

  regionRead(index: number, offset: number, length: number, user: UserMemory): number {
    return this.bars.read(this.policy(), index, offset, length, user);
  }

  regionWrite(index: number, offset: number, length: number, user: UserMemory): number {
    return this.bars.write(this.policy(), index, offset, length, user);
  }

  map(index: number, offset: number, length: number, shared: boolean): number {
    return this.bars.map(this.policy(), index, offset, length, shared);
  }

  private policy(): BarPolicy {
    const { driver } = this;
    return policyOf(driver !== null, driver !== null && driver.pfMode, this.clip);
  }

  private featureMigration(user: UserMemory, flags: number, dataBytes: number): number {
    if (this.driver === null) return -ENOTTY;
    const verdict = checkFeature(flags, FEATURE.GET, dataBytes, 8);
    if (verdict !== PROCEED) return verdict;
    this.scratchView.setBigUint64(0, BigInt(this.migrationFlags), true);
    return user.copyToUser(DATA, this.scratch, 0, 8) === 0 ? 0 : -EFAULT;
  }

  private featureState(user: UserMemory, flags: number, dataBytes: number): number {
    const { driver, scratch, scratchView: view } = this;
    if (driver === null) return -ENOTTY;
    const verdict = checkFeature(flags, DIRECTIONS, dataBytes, 8);
    if (verdict !== PROCEED) return verdict;
    if (user.copyFromUser(scratch, 0, DATA, 8) !== 0) return -EFAULT;
    let ret = 0;
    if ((flags & FEATURE.GET) !== 0) view.setUint32(0, driver.state, true);
    else ret = this.setState(view.getUint32(0, true));
    view.setInt32(4, -1, true);
    if (user.copyToUser(DATA, scratch, 0, 8) === 0) return ret;
    // Nobody learns of the new file, so the core lets go of it at once.
    if (this.newFile !== null) driver.release(this.newFile);
    this.newFile = null;
    return -EFAULT;
  }

  private featureDataSize(user: UserMemory, flags: number, dataBytes: number): number {
    if (this.driver === null || !this.generation.hasDataSize) return -ENOTTY;
    const verdict = checkFeature(flags, FEATURE.GET, dataBytes, 8);
    if (verdict !== PROCEED) return verdict;
    this.scratchView.setBigUint64(0, BigInt(ACC_VF_DATA_BYTES), true);
    return user.copyToUser(DATA, this.scratch, 0, 8) === 0 ? 0 : -EFAULT;
  }

  private featurePrecopyInfoV2(flags: number, dataBytes: number): number {
    if (!this.generation.hasPrecopyInfoV2) return -ENOTTY;
    if (this.driver === null || (this.generation.flags & MIG_FLAG.PRE_COPY) === 0) return -EINVAL;
    const verdict = checkFeature(flags, FEATURE.SET, dataBytes, 0);
    if (verdict !== PROCEED) return verdict;
    this.precopyInfoV2 = true;
    return 0;
  }
}

function blockerOf(pf: PfDriver | null, refusal: MigrationRefusal | null): string | null {
  if (pf === null) return 'the VF offers no migration: its PF has no driver';
  if (pf.hardware < QM_HW.V3) return 'the VF offers no migration: the device is older than hardware V3';
  return refusal === null ? null : `the VF offers no migration: ${refusalSentence(refusal)}`;
}

/** Not an errno and not success: the feature is to be carried out. */
const PROCEED = 1;

/** vfio_check_feature(): {@link PROCEED}, 0 for a probe that is answered "yes", or a negative errno. */
function checkFeature(flags: number, supported: number, dataBytes: number, minimum: number): number {
  if ((flags & DIRECTIONS & ~supported) !== 0) return -EINVAL;
  if ((flags & FEATURE.PROBE) !== 0) return 0;
  if ((flags & DIRECTIONS) === 0) return -EINVAL;
  return dataBytes < minimum ? -EINVAL : PROCEED;
}
