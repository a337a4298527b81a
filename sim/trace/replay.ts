/**
 * Replays one recorded trace: the driver runs against the scripted responder, call by call, and everything it does and
 * gives is held against the recording.
 */
import { acceleratorOfVf, ACCELERATORS } from '../abi/accelerators.ts';
import { EBADF, ENFILE, EMFILE, ENOENT, ENOMEM } from '../abi/errno.ts';
import { REGION_INFO_BYTES } from '../abi/region.ts';
import { FEATURE, MIG_STATE, MIG_STATE_NAMES, PRECOPY_INFO_BYTES, VFIO_MIG_GET_PRECOPY_INFO } from '../abi/vfio.ts';
import type { Generation } from '../driver/generation.ts';
import { KernelCrash, type KernelServices, type PfDriver } from '../driver/kernel.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import { UserBuffer } from '../vfio/user-buffer.ts';
import { VfioDevice } from '../vfio/vfio-device.ts';
import { AccessCheck, Difference } from './access-check.ts';
import { CallArguments, type CallOutcome, compareOutcome } from './call.ts';
import { type ResponderSettings, toNumber, type Recording, type TraceCall } from './format.ts';
import { Responder } from './responder.ts';

/** Errors that making a file may give. Which one it was in a recording is known by the result; the driver passes it on. */
const FILE_ERRORS: ReadonlySet<number> = new Set([ENFILE, EMFILE, ENOMEM]);
const FEATURE_STRUCT_BYTES = 16;

/** Kernel services that fail when the trace says so. */
class InjectedKernel implements KernelServices {
  /** The error that the next failing file creation gives. */
  fileErrno = ENFILE;
  private kzalloc = -1;
  private getfile = -1;
  private ioremap = -1;

  inject(settings: NonNullable<ResponderSettings['inject']>): void {
    if (settings.kzalloc !== undefined) this.kzalloc = settings.kzalloc;
    if (settings.getfile !== undefined) this.getfile = settings.getfile;
    if (settings.ioremap !== undefined) this.ioremap = settings.ioremap;
  }

  allocate(): boolean {
    return this.kzalloc < 0 || this.kzalloc-- > 0;
  }

  createFile(): number {
    return this.getfile < 0 || this.getfile-- > 0 ? 0 : this.fileErrno;
  }

  mapBar(): boolean {
    return this.ioremap < 0 || this.ioremap-- > 0;
  }
}

export class Replay {
  accessCount = 0;
  private readonly trace: Recording;
  private readonly fileName: string;
  private readonly responder: Responder;
  private readonly accesses: AccessCheck = new AccessCheck();
  private readonly kernel: InjectedKernel = new InjectedKernel();
  private readonly device: VfioDevice;
  private readonly pf: PfDriver | null;
  private readonly files: (MigrationFile | null)[] = [];
  private events: [string, number][] = [];
  private faultAfter = -1;
  private debugFs: boolean;
  private opened = false;

  /** @param generation whose driver is played; that of the recording, or another one */
  constructor(trace: Recording, fileName: string, generation: Generation) {
    this.trace = trace;
    this.fileName = fileName;
    const { device } = trace;
    const facts = acceleratorOfVf(toNumber(device.vf_device_id)) ?? ACCELERATORS[device.kind];
    this.responder = new Responder(device, (access) => this.accesses.access(access));
    this.pf = truthy(device.no_pf_driver)
      ? null
      : {
          hardware: toNumber(device.hw_ver),
          qmShutdownMask: toNumber(device.qm_shutdown_mask ?? facts.qmShutdownMask),
          coreShutdownMask: toNumber(device.dev_shutdown_mask ?? facts.coreShutdownMask),
          hasDae: false,
          resetting: truthy(device.pf_resetting),
        };
    this.device = new VfioDevice({
      port: this.responder,
      bar: this.responder,
      generation,
      facts,
      functionNumber: device.vf_index + 1,
      bar2Bytes: toNumber(device.vf_bar2_len),
      pf: this.pf,
      kernel: this.kernel,
      resetsAtOpen: device.enable_reset,
      onReset: (event) => this.events.push([event, this.responder.timeUs]),
    });
    this.debugFs = truthy(device.debugfs);
    this.configure(device);
  }

  /** Runs all steps. Throws a {@link Difference} at the first thing that is not as recorded. */
  run(): void {
    let index = 0;
    for (const step of this.trace.steps) {
      if (step.kind === 'change') {
        this.responder.apply(step.change);
        this.configure(step.change);
      } else {
        this.step(step.call, index);
      }
      index += 1;
    }
    this.checkReleased();
  }

  private configure(settings: ResponderSettings): void {
    if (settings.inject !== undefined) this.kernel.inject(settings.inject);
    if (settings.fault_after !== undefined) this.faultAfter = settings.fault_after;
    if (settings.debugfs !== undefined) this.debugFs = truthy(settings.debugfs);
    const { pf } = this;
    if (pf === null) return;
    if (settings.pf_resetting !== undefined) pf.resetting = truthy(settings.pf_resetting);
    if (settings.qm_shutdown_mask !== undefined) pf.qmShutdownMask = toNumber(settings.qm_shutdown_mask);
    if (settings.dev_shutdown_mask !== undefined) pf.coreShutdownMask = toNumber(settings.dev_shutdown_mask);
  }

  private step(call: TraceCall, index: number): void {
    const args = new CallArguments(call, `${this.fileName}: steps[${index}]`);
    const label = `step ${index + 1}: ${args.describe()}`;
    this.expectTime(label, 't_start_us', call.t_start_us);
    this.events = [];
    const recorded = -args.recordedReturn();
    this.kernel.fileErrno = FILE_ERRORS.has(recorded) ? recorded : ENFILE;
    this.accesses.begin(label, call.mmio);
    const outcome = this.outcomeOf(label, args);
    this.accesses.end();
    this.accessCount += this.accesses.count;
    compareOutcome(label, call, outcome, this.events);
    if (this.accesses.count !== call.mmio_count) {
      throw new Difference(
        `${label}: mmio_count\n  - ${call.mmio_count}    expected\n  + ${this.accesses.count}    got`,
      );
    }
    this.expectTime(label, 't_end_us', call.t_end_us);
  }

  private expectTime(label: string, what: string, expectedUs: number): void {
    const gotUs = this.responder.timeUs;
    if (gotUs === expectedUs) return;
    throw new Difference(`${label}: ${what}\n  - ${expectedUs} us    expected\n  + ${gotUs} us    got`);
  }

  /** The user closes all it was given, the device included: what then still lives was leaked. */
  private checkReleased(): void {
    for (const file of this.files) if (file !== null) this.device.closeFile(file);
    if (this.opened) {
      this.accesses.begin('at the end: close', []);
      this.device.close();
    }
    const alive = this.device.driver?.filesAlive ?? 0;
    const expected = this.trace.unreleasedFilesAtEnd;
    if (alive !== expected) {
      throw new Difference(`at the end: unreleased_files_at_end\n  - ${expected}    expected\n  + ${alive}    got`);
    }
  }

  private outcomeOf(label: string, args: CallArguments): CallOutcome {
    try {
      return this.perform(args);
    } catch (error) {
      if (error instanceof KernelCrash) throw new Difference(`${label}: ${error.message}`);
      throw error;
    }
  }

  private perform(args: CallArguments): CallOutcome {
    const { device } = this;
    switch (args.call) {
      case 'open': {
        const ret = device.open();
        this.opened = ret === 0;
        return { ret };
      }
      case 'close':
        device.close();
        this.opened = false;
        return { ret: 0 };
      case 'set_state':
        return this.setState(args.state());
      case 'get_state':
        return this.getState();
      case 'mig_flags':
        return this.getFeature(FEATURE.MIGRATION, 'flags');
      case 'data_size':
        return this.getFeature(FEATURE.MIG_DATA_SIZE, 'size');
      case 'feature':
        return this.rawFeature(args.number('argsz'), args.number('flags'));
      case 'read':
      case 'pread':
        return this.readFile(args);
      case 'write':
      case 'pwrite':
        return this.writeFile(args);
      case 'precopy_info':
        return this.precopyInfo(args);
      case 'fd_ioctl':
        return this.fdIoctl(args);
      case 'close_fd':
        return this.closeFile(args.number('fd'));
      case 'reset':
        device.reset();
        return { ret: 0 };
      case 'reset_prepare':
        device.resetPrepare();
        return { ret: 0 };
      case 'reset_done':
        device.driver?.resetDone();
        return { ret: 0 };
      case 'misc_ctl':
        return { ret: 0, fields: { resetting: this.pf?.resetting ?? false } };
      case 'region_info':
        return this.regionInfo(args);
      case 'region_read':
        return this.regionRead(args);
      case 'region_write':
        return this.regionWrite(args);
      case 'mmap': {
        const shared = args.flag('shared', true);
        return { ret: device.map(args.number('index'), args.bytes('offset'), args.bytes('len'), shared) };
      }
      case 'debugfs_read':
        return this.debugRead(args.text('file'));
      default:
        return args.refuseCall();
    }
  }

  private buffer(bytes: number | Uint8Array, args?: CallArguments): UserBuffer {
    const user = new UserBuffer(typeof bytes === 'number' ? new Uint8Array(bytes) : bytes);
    user.faultAfter = this.faultAfter;
    user.unmapped = args?.flag('bad_buffer', false) ?? false;
    return user;
  }

  private feature(flags: number, word0: number): { ret: number; view: DataView } {
    const user = this.buffer(FEATURE_STRUCT_BYTES);
    const view = new DataView(user.bytes.buffer);
    view.setUint32(0, FEATURE_STRUCT_BYTES, true);
    view.setUint32(4, flags, true);
    view.setUint32(8, word0, true);
    return { ret: this.device.feature(user), view };
  }

  private setState(wanted: number): CallOutcome {
    const { ret } = this.feature(FEATURE.SET | FEATURE.MIG_DEVICE_STATE, wanted);
    const file = ret === 0 ? this.device.newFile : null;
    const state = this.device.getState();
    const fields: Record<string, unknown> = {
      fd: file !== null,
      state_after: state < 0 ? null : MIG_STATE_NAMES[state],
    };
    if (file !== null) {
      fields['fd_id'] = this.files.length;
      this.files.push(file);
    }
    return { ret, fields };
  }

  private getState(): CallOutcome {
    const { ret, view } = this.feature(FEATURE.GET | FEATURE.MIG_DEVICE_STATE, MIG_STATE.ERROR);
    return ret === 0 ? { ret, fields: { state: MIG_STATE_NAMES[view.getUint32(8, true)] } } : { ret };
  }

  private getFeature(feature: number, field: string): CallOutcome {
    const { ret, view } = this.feature(FEATURE.GET | feature, 0);
    return ret === 0 ? { ret, fields: { [field]: Number(view.getBigUint64(8, true)) } } : { ret };
  }

  private rawFeature(argsz: number, flags: number): CallOutcome {
    const user = this.buffer(64);
    const view = new DataView(user.bytes.buffer);
    view.setUint32(0, argsz, true);
    view.setUint32(4, flags, true);
    const ret = this.device.feature(user);
    const file = this.device.newFile;
    if (file !== null) this.files.push(file);
    return { ret };
  }

  private fileOf(fd: number): MigrationFile | null {
    return this.files[fd] ?? null;
  }

  private readFile(args: CallArguments): CallOutcome {
    const file = this.fileOf(args.number('fd'));
    if (file === null) return { ret: -EBADF };
    const length = args.bytes('len');
    const user = this.buffer(Math.min(length, 1 << 20), args);
    const ret = args.call === 'pread' ? file.seekRefused() : this.device.readFile(file, user, length);
    return { ret, data: user.bytes };
  }

  private writeFile(args: CallArguments): CallOutcome {
    const file = this.fileOf(args.number('fd'));
    if (file === null) return { ret: -EBADF };
    const user = this.buffer(args.data(), args);
    if (args.call === 'pwrite') return { ret: file.seekRefused() };
    return { ret: this.device.writeFile(file, user, user.bytes.length) };
  }

  private precopyInfo(args: CallArguments): CallOutcome {
    const file = this.fileOf(args.number('fd'));
    if (file === null) return { ret: -EBADF };
    const user = this.buffer(PRECOPY_INFO_BYTES, args);
    const view = new DataView(user.bytes.buffer);
    view.setUint32(0, args.number('argsz', PRECOPY_INFO_BYTES), true);
    view.setUint32(4, args.number('flags', 0), true);
    const ret = this.device.fileIoctl(file, VFIO_MIG_GET_PRECOPY_INFO, user);
    return {
      ret,
      fields: {
        argsz: view.getUint32(0, true),
        flags: view.getUint32(4, true),
        initial_bytes: Number(view.getBigUint64(8, true)),
        dirty_bytes: Number(view.getBigUint64(16, true)),
      },
    };
  }

  private fdIoctl(args: CallArguments): CallOutcome {
    const file = this.fileOf(args.number('fd'));
    if (file === null) return { ret: -EBADF };
    return { ret: this.device.fileIoctl(file, args.number('cmd'), this.buffer(PRECOPY_INFO_BYTES, args)) };
  }

  private closeFile(fd: number): CallOutcome {
    const file = this.fileOf(fd);
    if (file === null) return { ret: -EBADF };
    this.files[fd] = null;
    this.device.closeFile(file);
    return { ret: 0 };
  }

  private regionInfo(args: CallArguments): CallOutcome {
    const user = this.buffer(REGION_INFO_BYTES, args);
    const view = new DataView(user.bytes.buffer);
    view.setUint32(0, args.number('argsz', REGION_INFO_BYTES), true);
    view.setUint32(8, args.number('index'), true);
    const ret = this.device.regionInfo(user);
    if (ret !== 0) return { ret };
    const fields = {
      flags: view.getUint32(4, true),
      size: Number(view.getBigUint64(16, true)),
      offset: Number(view.getBigUint64(24, true)),
    };
    return { ret, fields };
  }

  private regionRead(args: CallArguments): CallOutcome {
    const length = args.bytes('len');
    const offset = args.bytes('offset');
    const user = this.buffer(Math.min(length, 1 << 20), args);
    const ret = this.device.regionRead(args.number('index'), offset, length, user);
    return { ret, data: user.bytes, fields: { endpos: offset + Math.max(0, ret) } };
  }

  private regionWrite(args: CallArguments): CallOutcome {
    const offset = args.bytes('offset');
    const user = this.buffer(args.data(), args);
    const ret = this.device.regionWrite(args.number('index'), offset, user.bytes.length, user);
    return { ret, fields: { endpos: offset + Math.max(0, ret) } };
  }

  private debugRead(file: string): CallOutcome {
    if (this.device.debug === null || !this.debugFs) return { ret: -ENOENT };
    const { ret, text } = this.device.debug.read(file);
    return { ret, text };
  }
}

function truthy(value: boolean | number | undefined): boolean {
  return value !== undefined && value !== false && value !== 0;
}
