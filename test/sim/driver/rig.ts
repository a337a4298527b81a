/**
 * A VF for driver tests: the VFIO device on a scripted responder, with every register access noted.
 *
 * The responder is a SEC of hardware V3 that answers at once, VF 1 owning queues 256 to 267.
 */
import { ACCELERATORS } from '../../../sim/abi/accelerators.ts';
import { MIG_STATE, MIG_STATE_NAMES, type MigStateName } from '../../../sim/abi/vfio.ts';
import { type Generation, type GenerationId, GENERATIONS } from '../../../sim/driver/generation.ts';
import type { PfDriver } from '../../../sim/driver/kernel.ts';
import type { MigrationFile } from '../../../sim/driver/migration-file.ts';
import { PF, VF } from '../../../sim/driver/port.ts';
import type { VfDriver } from '../../../sim/driver/vf-driver.ts';
import type { ResponderSettings, TraceDevice } from '../../../sim/trace/format.ts';
import { Responder } from '../../../sim/trace/responder.ts';
import type { MigrationRefusal } from '../../../sim/vfio/migration-refusal.ts';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';
import { type ResetEvent, VfioDevice } from '../../../sim/vfio/vfio-device.ts';

export const LEGACY = 'linux-6.12.117';
export const UPSTREAM = 'upstream-2026';
/** The two that most tests compare: the long-term kernel and mainline. */
export const BOTH = [LEGACY, UPSTREAM] as const satisfies readonly GenerationId[];
export type BothId = (typeof BOTH)[number];

/**
 * Microseconds that a poll of 1000 us takes to fail: it sleeps 10 us at a time, and the first read past the deadline
 * is its last.
 */
export const POLL_FAILS_US = 1_010;

export const QUEUES = { base: 256, num: 12 } as const;

/** What the registers hold at the start; also what an image of {@link image} holds. */
export const REGISTERS = {
  0x04: 0x11,
  0x0c: 0x22,
  0x20: 0x33,
  0x24: 0x44,
  0x2c: 0,
  0x34: 2,
} as const;
export const EQC = [0x1234_05a5, 0x8abc_0000, 0x2f, 0xe0c0_0003, 0xe0c0_0004, 0xe0c0_0005, 0xe0c0_0006] as const;
export const AEQC = [0x5678_00c3, 0x9def_0000, 0x3f, 0xaec0_0003, 0xaec0_0004, 0xaec0_0005, 0xaec0_0006] as const;
export const SQC_TABLE = 0x2f_8123_0000;
export const CQC_TABLE = 0x2f_8456_0000;
const ISOLATION = 1;

export interface Access {
  readonly fn: 'pf' | 'vf';
  readonly write: boolean;
  readonly width: number;
  readonly offset: number;
  readonly words: readonly [number, number, number, number];
  readonly us: number;
}

/** How many accesses of each kind, as `pf r32`. */
export type Tally = Readonly<Record<string, number>>;

export interface Episode {
  readonly ret: number;
  readonly us: number;
  readonly tally: Tally;
  readonly log: readonly Access[];
}

export interface RigOptions {
  readonly pf?: Partial<PfDriver> | null;
  readonly device?: Partial<TraceDevice>;
  readonly resetsAtOpen?: boolean;
  readonly refusal?: MigrationRefusal;
}

class RigPort extends Responder {
  onSleep: () => void = () => undefined;

  override sleepMs(ms: number): void {
    super.sleepMs(ms);
    this.onSleep();
  }
}

export class Rig {
  readonly generation: Generation;
  readonly port: RigPort;
  readonly device: VfioDevice;
  readonly pf: PfDriver;
  readonly resets: ResetEvent[] = [];
  /** Answers of the kernel's services. */
  readonly kernel = { memory: true, fileErrno: 0, bar: true };
  private log: Access[] = [];

  /** @param generation by its name, or a row made up */
  constructor(generation: GenerationId | Generation, options: RigOptions = {}) {
    this.generation = typeof generation === 'string' ? GENERATIONS[generation] : generation;
    const settings = responderDevice(options.device);
    const facts = ACCELERATORS[settings.kind];
    this.port = new RigPort(settings, ({ fn, write, width, offset, words, timeUs }) => {
      this.log.push({ fn: fn === PF ? 'pf' : 'vf', write, width, offset, words, us: timeUs });
    });
    this.pf = {
      hardware: Number(settings.hw_ver),
      qmShutdownMask: facts.qmShutdownMask,
      coreShutdownMask: facts.coreShutdownMask,
      hasDae: false,
      resetting: false,
      ...options.pf,
    };
    this.device = new VfioDevice({
      port: this.port,
      bar: this.port,
      generation: this.generation,
      facts,
      functionNumber: settings.vf_index + 1,
      bar2Bytes: Number(settings.vf_bar2_len),
      pf: options.pf === null ? null : this.pf,
      kernel: {
        allocate: () => this.kernel.memory,
        createFile: () => this.kernel.fileErrno,
        mapBar: () => this.kernel.bar,
      },
      resetsAtOpen: options.resetsAtOpen ?? false,
      refusal: options.refusal ?? null,
      onReset: (event) => this.resets.push(event),
    });
  }

  get driver(): VfDriver {
    return this.device.driver!;
  }

  get state(): MigStateName {
    return MIG_STATE_NAMES[this.driver.state]!;
  }

  /** Runs something and returns its result, the virtual time that it took and the accesses that it made. */
  during(action: () => number): Episode {
    this.log = [];
    const start = this.port.timeUs;
    const ret = action();
    const tally: Record<string, number> = {};
    for (const { fn, write, width } of this.log) {
      const kind = `${fn} ${write ? 'w' : 'r'}${8 * width}`;
      tally[kind] = (tally[kind] ?? 0) + 1;
    }
    return { ret, us: this.port.timeUs - start, tally, log: this.log };
  }

  /** Asks for a state; see {@link during}. */
  go(state: MigStateName): Episode {
    return this.during(() => this.device.setState(MIG_STATE[state]));
  }

  /** Walks through states that must be reached, and gives the file that the last one made, if any. */
  at(...states: readonly MigStateName[]): MigrationFile | null {
    for (const state of states) {
      const { ret } = this.go(state);
      if (ret !== 0) throw new Error(`${state} failed with ${ret}`);
    }
    return this.device.newFile;
  }

  /** The same, for a last state that makes a file. */
  fileAt(...states: readonly MigStateName[]): MigrationFile {
    const file = this.at(...states);
    if (file === null) throw new Error(`no file came with ${states.join(' ')}`);
    return file;
  }

  change(settings: ResponderSettings): void {
    this.port.apply(settings);
  }

  /** read() with a buffer of `length` bytes: the bytes, or a negative errno. */
  read(file: MigrationFile, length = 4096): Uint8Array | number {
    const user = new UserBuffer(new Uint8Array(length));
    const ret = this.device.readFile(file, user, length);
    return ret < 0 ? ret : user.bytes.subarray(0, ret);
  }

  write(file: MigrationFile, bytes: Uint8Array): number {
    return this.device.writeFile(file, new UserBuffer(bytes), bytes.length);
  }

  /** A VF register as it is, read without the driver. */
  peek(offset: number): number {
    const kept = this.log;
    this.log = [];
    const value = this.port.read32(VF, offset);
    this.log = kept;
    return value;
  }
}

/** An opened rig. */
export function opened(generation: GenerationId | Generation, options: RigOptions = {}): Rig {
  const rig = new Rig(generation, options);
  const ret = rig.device.open();
  if (ret !== 0) throw new Error(`open failed with ${ret}`);
  return rig;
}

function responderDevice(changes: Partial<TraceDevice> = {}): TraceDevice {
  const kind = changes.kind ?? 'sec';
  const facts = ACCELERATORS[kind];
  const index = changes.vf_index ?? 0;
  const words: Record<string, number> = { '0x60': 0 };
  for (const [offset, value] of Object.entries(REGISTERS)) words[offset] = value;
  for (let i = 0; i < 7; i++) {
    words[String(0x8000 + 4 * i)] = EQC[i]!;
    words[String(0x8020 + 4 * i)] = AEQC[i]!;
  }
  return {
    kind,
    pf_device_id: facts.pfDeviceId,
    vf_device_id: facts.vfDeviceId,
    vf_index: index,
    hw_ver: 0x30,
    vf_bar2_len: 0x10000,
    enable_reset: false,
    pf_vft: { [index + 1]: QUEUES },
    vf_vft: QUEUES,
    sqc_bt: SQC_TABLE,
    cqc_bt: CQC_TABLE,
    ...changes,
    vf_regs: { ...words, ...changes.vf_regs },
    pf_regs: { '0x30': ISOLATION, '0x10006c': 1, ...changes.pf_regs },
  };
}

/** Fields of an image that a test sets otherwise, by byte offset, as 32-bit words; 64-bit ones take two. */
export type ImageChanges = Readonly<Record<number, number>>;

/** An image of version 2 as docs/device.md 7 lays it out, fitting the rig. */
export function image(changes: ImageChanges = {}): Uint8Array {
  const bytes = new Uint8Array(176);
  const view = new DataView(bytes.buffer);
  const put = (offset: number, ...words: readonly number[]): void => {
    for (const [i, word] of words.entries()) view.setUint32(offset + 4 * i, word, true);
  };
  put(0, 0xdecadede, 0xaaccfeed);
  put(8, QUEUES.num, 0xa256, ISOLATION, QUEUES.base, 0);
  view.setUint16(28, 1, true);
  put(40, 0x101, 0x202, 0x303, 0x404, 0, 1);
  put(64, 0x0001_0002, 0x1111_1000, 0x21, 0x1003, 0x1004, 0x1005, 0x1_07ff);
  put(92, 0x0003_0004, 0x2222_2000, 0x22, 0x2003, 0x2004, 0x2005, 0x1_03ff);
  put(144, 0x1111_1000, 0x21, 0x2222_2000, 0x22);
  put(160, 0x3333_3000, 0x23, 0x4444_4000, 0x24);
  for (const [offset, word] of Object.entries(changes)) put(Number(offset), word);
  return bytes;
}

/** Changes that make an image one of version 1; the words where the version stood were reserved. */
export const VERSION_1: ImageChanges = { 0: 0xfeedaacc, 4: 0xcdcdcdcd, 28: 0 };

/** Whether a PAUSE_QM command was sent, and whether the mailbox then reported its success. */
export function pauseSeen(log: readonly Access[]): 'not sent' | 'sent' | 'accepted' {
  const sent = log.findIndex(({ write, width, words }) => write && width === 16 && words[0] === 0x200e);
  if (sent < 0) return 'not sent';
  const BUSY_AND_STATUS = 0x3e00;
  const answers = log.slice(sent).filter(({ write, offset }) => !write && (offset & 0xfff) === 0x300);
  return answers.some(({ words }) => (words[0] & BUSY_AND_STATUS) === 0) ? 'accepted' : 'sent';
}
