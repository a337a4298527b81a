/**
 * The calls of a captured trace, played to the driver of one generation: which accesses would it have made?
 *
 * The trace gives the device: registers as they were read and loaded, queues, the image that was written. Polls answer at
 * once, since how often hardware says "not yet" is no matter of the driver.
 */
import { acceleratorOfVf, ACCELERATORS } from '../abi/accelerators.ts';
import { PF_REG, VF_REG, XQC } from '../abi/registers.ts';
import { ACC_DEV_MAGIC_V1, ACC_DEV_MAGIC_V2, ACC_DRV_MAJOR_VER, ACC_VF_DATA_BYTES } from '../abi/vf-data.ts';
import { MIG_STATE, MIG_STATE_NAMES } from '../abi/vfio.ts';
import type { Generation } from '../driver/generation.ts';
import { deriveRingAddresses, WORD } from '../driver/image.ts';
import { HEALTHY_KERNEL } from '../driver/kernel.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import { PF } from '../driver/port.ts';
import { UserBuffer } from '../vfio/user-buffer.ts';
import { VfioDevice } from '../vfio/vfio-device.ts';
import { inVf } from './captured-access.ts';
import type { Capture, CapturedStep } from './capture.ts';
import { toNumber, toWords } from './format.ts';
import { type DriverAccess, Responder } from './responder.ts';

/** An access that a generation makes. */
export interface PlayedAccess {
  readonly fn: 'pf' | 'vf';
  readonly write: boolean;
  readonly width: number;
  readonly offset: number;
  readonly value: number;
  /** Index of the step. */
  readonly step: number;
}

/** Accesses of a generation for the calls of a capture. */
export function playCapture(capture: Capture, generation: Generation): readonly PlayedAccess[] {
  return new Player(capture, generation).play();
}

class Player {
  private readonly capture: Capture;
  private readonly generation: Generation;
  private readonly responder: Responder;
  private readonly device: VfioDevice;
  private readonly accesses: PlayedAccess[] = [];
  private step = 0;
  private recording = false;
  private file: MigrationFile | null = null;
  private written = false;

  constructor(capture: Capture, generation: Generation) {
    const { device } = capture;
    this.capture = capture;
    this.generation = generation;
    const facts = acceleratorOfVf(toNumber(device.vf_device_id)) ?? ACCELERATORS[device.kind];
    this.responder = new Responder(device, (access) => this.note(access));
    this.device = new VfioDevice({
      port: this.responder,
      bar: this.responder,
      generation,
      facts,
      functionNumber: device.vf_index + 1,
      bar2Bytes: toNumber(device.vf_bar2_len),
      pf: {
        hardware: toNumber(device.hw_ver),
        qmShutdownMask: facts.qmShutdownMask,
        coreShutdownMask: facts.coreShutdownMask,
        hasDae: false,
        resetting: false,
      },
      kernel: HEALTHY_KERNEL,
      resetsAtOpen: false,
      onReset: () => {},
    });
  }

  play(): readonly PlayedAccess[] {
    this.device.open();
    for (const [index, step] of this.capture.steps.entries()) {
      this.step = index;
      this.call(step);
    }
    return this.accesses;
  }

  private note({ fn, write, width, offset, words }: DriverAccess): void {
    if (!this.recording) return;
    this.accesses.push({ fn: fn === PF ? 'pf' : 'vf', write, width, offset, value: words[0], step: this.step });
  }

  private call(step: CapturedStep): void {
    const ready = step.mmio.findLast((access) => access[1] === 'r' && inVf(access) === VF_REG.QM_VF_STATE)?.[4];
    if (ready !== undefined && ready !== null) {
      this.responder.apply({ vf_regs: { [String(VF_REG.QM_VF_STATE)]: Number(ready) } });
    }
    if (step.call === 'write') this.write();
    else if (step.call === 'set_state' && step.to !== undefined) this.setState(step, step.to);
  }

  private setState(step: CapturedStep, to: string): void {
    const wanted = MIG_STATE_NAMES.findIndex((name) => name === to);
    if (wanted < 0) return;
    if (isLoad(step)) this.write();
    const state = this.device.getState();
    const begins = wanted === MIG_STATE.PRE_COPY || wanted === MIG_STATE.STOP_COPY;
    // A VF that was saved or loaded before is another move's now: it was closed and opened.
    if (begins && state !== MIG_STATE.RUNNING && state !== MIG_STATE.PRE_COPY && hasStop(step, wanted)) this.reopen();
    this.record(() => this.device.setState(wanted));
    if (this.device.newFile !== null) this.file = this.device.newFile;
  }

  /** Brings the VF to RESUMING, and the image into its file. */
  private write(): void {
    if (this.written && this.device.getState() === MIG_STATE.RESUMING) return;
    const { RESUMING } = MIG_STATE;
    if (this.device.getState() !== RESUMING) {
      this.record(() => this.device.setState(RESUMING));
      this.file = this.device.newFile;
    }
    const { file } = this;
    if (file === null) return;
    this.record(() => this.device.writeFile(file, new UserBuffer(this.image()), ACC_VF_DATA_BYTES));
    this.written = true;
  }

  private reopen(): void {
    if (this.file !== null) this.device.closeFile(this.file);
    this.file = null;
    this.written = false;
    this.device.close();
    this.device.driver?.resetDone();
    this.device.open();
  }

  private record(work: () => void): void {
    this.recording = true;
    work();
    this.recording = false;
  }

  /** An image whose load writes what the trace wrote. */
  private image(): Uint8Array {
    const { device } = this.capture;
    const words = new Uint32Array(ACC_VF_DATA_BYTES / 4);
    const magic = this.generation.imageVersion === 1 ? ACC_DEV_MAGIC_V1 : ACC_DEV_MAGIC_V2;
    words[WORD.magicLow] = magic.low;
    words[WORD.magicHigh] = magic.high;
    if (this.generation.imageVersion === 2) words[WORD.versions] = ACC_DRV_MAJOR_VER;
    words[WORD.qpNum] = device.vf_vft?.num ?? 1;
    words[WORD.qpBase] = device.vf_vft?.base ?? 0;
    words[WORD.devId] = toNumber(device.vf_device_id);
    words[WORD.queIsoCfg] = toNumber(device.pf_regs?.[`0x${VF_REG.QM_QUE_ISO_CFG_V.toString(16)}`] ?? 0);
    for (const { mmio } of this.capture.steps) {
      for (const access of mmio) {
        const word = access[1] === 'w' && access[4] !== null ? IMAGE_WORDS.get(inVf(access) ?? -1) : undefined;
        if (word !== undefined) words[word] = Number(access[4]);
      }
    }
    for (const at of [WORD.eqcDw, WORD.aeqcDw]) words[at + XQC.baseLow] ||= 1;
    deriveRingAddresses(words, this.generation.ringAddressWord);
    words[WORD.eqeDma] ||= 1;
    words[WORD.aeqeDma] ||= 1;
    words.set(toWords(device.sqc_bt ?? 1).slice(0, 2), WORD.sqcDma);
    words.set(toWords(device.cqc_bt ?? 1).slice(0, 2), WORD.cqcDma);
    return new Uint8Array(words.buffer);
  }
}

/** Words of an image by the registers that a load writes. */
const IMAGE_WORDS: ReadonlyMap<number, number> = new Map([
  [VF_REG.QM_VF_STATE, WORD.vfQmState],
  [VF_REG.QM_VF_AEQ_INT_MASK, WORD.aeqIntMask],
  [VF_REG.QM_VF_EQ_INT_MASK, WORD.eqIntMask],
  [VF_REG.QM_PAGE_SIZE, WORD.pageSize],
  ...Array.from({ length: XQC.words }, (_, i): [number, number] => [VF_REG.QM_EQC_DW0 + 4 * i, WORD.eqcDw + i]),
  ...Array.from({ length: XQC.words }, (_, i): [number, number] => [VF_REG.QM_AEQC_DW0 + 4 * i, WORD.aeqcDw + i]),
]);

function isLoad({ mmio }: CapturedStep): boolean {
  return mmio.some((access) => access[1] === 'w' && inVf(access) === VF_REG.QM_AEQC_DW0);
}

/** Whether a request begins from a running device: it stops it, or asks for the first image. */
function hasStop({ mmio }: CapturedStep, wanted: number): boolean {
  return (
    wanted === MIG_STATE.PRE_COPY ||
    mmio.some(([fn, , , offset]) => fn === 'pf' && Number(offset) === PF_REG.QM_ABNORMAL_INT_STATUS)
  );
}
