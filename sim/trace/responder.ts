/**
 * The scripted responder that plays the hardware while a trace is replayed.
 *
 * It is no model of the device: it stores registers, and counts reads to decide when something is ready, as the trace's
 * `device` object says. Its clock is virtual and moves only by the driver's waits.
 */
import { QM_MB, QM_MB_CMD } from '../abi/mailbox.ts';
import { MIG_REGION, PF_REG, VF_REG, XQC } from '../abi/registers.ts';
import { VFT_OP, vftHigh, vftLow } from '../abi/vft.ts';
import { QM_HW } from '../abi/accelerators.ts';
import { NS_PER_US } from '../base/units.ts';
import { BasePort } from '../driver/base-port.ts';
import { type FunctionSelect, PF, type PollSpec, VF } from '../driver/port.ts';
import type { BarPort } from '../vfio/bar-policy.ts';
import { type ResponderSettings, toNumber, toWords, type TraceDevice } from './format.ts';
import { US_PER_MS } from '../base/units.ts';
import { keysOf } from '../base/keys.ts';

/** One access of the driver. */
export interface DriverAccess {
  readonly fn: FunctionSelect;
  readonly write: boolean;
  /** In bytes. */
  readonly width: number;
  readonly offset: number;
  /** The value in 32-bit words, lowest first; words beyond the width are 0. */
  readonly words: readonly [number, number, number, number];
  readonly timeUs: number;
}

/** Called for every access, in order. */
export type AccessSink = (access: DriverAccess) => void;

const ALL_ONES = 0xffffffff;
const XQC_BYTES = 4 * XQC.words;
const COMMAND_NAMES = keysOf(QM_MB_CMD);

/** A register that turns 1 after a number of reads, -1 being never. */
class Countdown {
  left = 0;
  running = false;

  start(reads: number): void {
    this.left = reads;
    this.running = true;
  }

  /** One read: whether it is ready now. */
  read(): boolean {
    if (!this.running) return true;
    if (this.left !== 0) {
      if (this.left > 0) this.left -= 1;
      return false;
    }
    this.running = false;
    return true;
  }
}

interface Override {
  readonly value: number;
  left: number;
}

export class Responder extends BasePort implements BarPort {
  timeUs = 0;
  onAccess: AccessSink;

  private readonly hardware: number;
  private readonly functionNumber: number;
  private readonly registers: readonly [Map<number, number>, Map<number, number>] = [new Map(), new Map()];
  private readonly overrides = new Map<string, Override[]>();
  private readonly behaviours = new Map<string, { busyReads: number; status: number }>();
  private readonly pfVft = new Map<number, { base: number; num: number }>();
  private vfVft = { base: 0, num: 0 };
  /** Table addresses by mailbox command, low and high word. */
  private readonly tables = new Map<number, readonly [number, number]>();
  private vftReadyReads = 0;
  private cacheWbReads = 0;
  private readonly vftReady = new Countdown();
  private readonly writeBack = new Countdown();
  private mailboxBusyLeft = 0;
  private mailboxPending = false;
  private readonly mailbox: Uint32Array = new Uint32Array(4);

  constructor(device: TraceDevice, onAccess: AccessSink) {
    super();
    this.hardware = toNumber(device.hw_ver);
    this.functionNumber = device.vf_index + 1;
    this.onAccess = onAccess;
    this.apply(device);
  }

  /** Takes over settings; what they do not name stays. */
  apply(settings: ResponderSettings): void {
    this.store(PF, settings.pf_regs);
    this.store(VF, settings.vf_regs);
    for (const [fn, entry] of Object.entries(settings.pf_vft ?? {})) this.pfVft.set(Number(fn), entry);
    if (settings.vf_vft !== undefined) this.vfVft = settings.vf_vft;
    if (settings.sqc_bt !== undefined) this.setTable(QM_MB_CMD.SQC_BT, settings.sqc_bt);
    if (settings.cqc_bt !== undefined) this.setTable(QM_MB_CMD.CQC_BT, settings.cqc_bt);
    for (const [name, behaviour] of Object.entries(settings.mailbox ?? {})) {
      const known = this.behaviours.get(name);
      this.behaviours.set(name, {
        busyReads: behaviour.busy_reads ?? known?.busyReads ?? 0,
        status: behaviour.status ?? known?.status ?? 0,
      });
    }
    if (settings.mailbox_busy_reads_left !== undefined) this.mailboxBusyLeft = settings.mailbox_busy_reads_left;
    if (settings.vft_ready_reads !== undefined) this.vftReadyReads = settings.vft_ready_reads;
    if (settings.cache_wb_reads !== undefined) this.cacheWbReads = settings.cache_wb_reads;
    for (const { fn, offset } of [settings.clear_overrides ?? []].flat()) {
      this.overrides.delete(key(fn === 'pf' ? PF : VF, toNumber(offset)));
    }
    for (const { fn, offset, values } of settings.overrides ?? []) {
      const at = key(fn === 'pf' ? PF : VF, toNumber(offset));
      const list = this.overrides.get(at) ?? [];
      for (const [value, times] of values) list.push({ value: toNumber(value), left: times });
      this.overrides.set(at, list);
    }
  }

  private report(
    fn: FunctionSelect,
    kind: 'read' | 'write',
    width: number,
    offset: number,
    words: DriverAccess['words'],
  ): void {
    this.onAccess({ fn, write: kind === 'write', width, offset, words, timeUs: this.timeUs });
  }

  read32(fn: FunctionSelect, offset: number): number {
    const value = this.load(fn, offset);
    this.report(fn, 'read', 4, offset, [value, 0, 0, 0]);
    return value;
  }

  write32(fn: FunctionSelect, offset: number, value: number): void {
    this.report(fn, 'write', 4, offset, [value >>> 0, 0, 0, 0]);
    this.put(fn, offset, value >>> 0);
  }

  write64(fn: FunctionSelect, offset: number, low: number, high: number): void {
    this.report(fn, 'write', 8, offset, [low, high, 0, 0]);
  }

  read128(fn: FunctionSelect, offset: number): void {
    if (this.isMailbox(fn, offset)) {
      this.readMailbox();
      this.wide.set(this.mailbox);
      if (this.mailboxBusyLeft !== 0) {
        this.wide[0] = (this.wide[0]! | QM_MB.busyBit) >>> 0;
        this.countBusyRead();
      }
    } else {
      for (let i = 0; i < 4; i++) this.wide[i] = this.load(fn, offset + 4 * i);
    }
    const { wide } = this;
    this.report(fn, 'read', 16, offset, [wide[0]!, wide[1]!, wide[2]!, wide[3]!]);
  }

  write128(fn: FunctionSelect, offset: number, w0: number, w1: number, w2: number, w3: number): void {
    this.report(fn, 'write', 16, offset, [w0, w1, w2, w3]);
    if (!this.isMailbox(fn, offset)) return;
    const { mailbox } = this;
    mailbox[0] = w0;
    mailbox[1] = w1;
    mailbox[2] = w2;
    mailbox[3] = w3;
    this.mailboxPending = true;
    this.mailboxBusyLeft = this.behaviourOf(w0 & QM_MB.commandMask)?.busyReads ?? 0;
  }

  delayUs(us: number): void {
    this.timeUs += us;
  }

  sleepMs(ms: number): void {
    this.timeUs += ms * US_PER_MS;
  }

  readBar(offset: number, width: number, into: Uint8Array): void {
    const aligned = offset & ~3;
    const low = this.load(VF, aligned);
    const high = width === 8 ? this.load(VF, aligned + 4) : 0;
    const shift = (offset & 3) * 8;
    const value = width < 4 ? (low >>> shift) & (width === 1 ? 0xff : 0xffff) : low;
    for (let i = 0; i < width; i++) into[i] = ((i < 4 ? value : high) >>> (8 * (i & 3))) & 0xff;
    this.report(VF, 'read', width, offset, [value, high, 0, 0]);
  }

  writeBar(offset: number, width: number, from: Uint8Array): void {
    let low = 0;
    let high = 0;
    for (let i = 0; i < width; i++) {
      if (i < 4) low |= from[i]! << (8 * i);
      else high |= from[i]! << (8 * (i - 4));
    }
    low >>>= 0;
    high >>>= 0;
    this.report(VF, 'write', width, offset, [low, high, 0, 0]);
    if (width === 8) {
      if (isDoorbell(offset)) return;
      this.put(VF, offset, low);
      this.put(VF, offset + 4, high);
    } else if (width === 4) {
      this.put(VF, offset, low);
    } else {
      const aligned = offset & ~3;
      const shift = (offset & 3) * 8;
      const mask = (width === 1 ? 0xff : 0xffff) << shift;
      this.put(VF, aligned, ((this.plain(VF, aligned) & ~mask) | (low << shift)) >>> 0);
    }
  }

  protected pollClockNs(): number {
    return this.timeUs * NS_PER_US;
  }

  protected pollSleep(spec: PollSpec): void {
    this.timeUs += spec.sleepUs;
  }

  private store(fn: FunctionSelect, values: Readonly<Record<string, number | string>> | undefined): void {
    for (const [offset, value] of Object.entries(values ?? {}))
      this.registers[fn].set(Number(offset), toNumber(value) >>> 0);
  }

  private plain(fn: FunctionSelect, offset: number): number {
    return this.registers[fn].get(offset) ?? 0;
  }

  private load(fn: FunctionSelect, offset: number): number {
    const forced = this.overridden(fn, offset);
    if (forced !== undefined) return forced;
    if (fn === PF) {
      if (this.inWindows(offset)) return this.inOwnWindow(offset) ? this.load(VF, this.windowToVf(offset)) : ALL_ONES;
      if (offset === PF_REG.QM_VFT_CFG_RDY && this.vftReady.running) {
        if (!this.vftReady.read()) return 0;
        this.registers[PF].set(offset, 1);
      }
      return this.plain(PF, offset);
    }
    if (offset === VF_REG.QM_MB_CMD_SEND_BASE) {
      this.readMailbox();
      if (this.mailboxBusyLeft === 0) return this.mailbox[0]!;
      this.countBusyRead();
      return (this.mailbox[0]! | QM_MB.busyBit) >>> 0;
    }
    if (offset > VF_REG.QM_MB_CMD_SEND_BASE && offset <= VF_REG.QM_MB_CMD_RSVD) {
      return this.mailbox[(offset - VF_REG.QM_MB_CMD_SEND_BASE) >> 2]!;
    }
    if (offset === VF_REG.QM_CACHE_WB_DONE && this.writeBack.running) {
      if (!this.writeBack.read()) return 0;
      this.registers[VF].set(offset, 1);
    }
    return this.plain(VF, offset);
  }

  private put(fn: FunctionSelect, offset: number, value: number): void {
    const own = this.registers[fn];
    if (fn === PF) {
      if (this.inWindows(offset)) {
        if (this.inOwnWindow(offset)) this.put(VF, this.windowToVf(offset), value);
        return;
      }
      own.set(offset, value);
      if (offset === PF_REG.QM_VFT_CFG_OP_ENABLE && value === 1) this.startVftAccess();
      return;
    }
    if (offset >= VF_REG.QM_MB_CMD_SEND_BASE && offset <= VF_REG.QM_MB_CMD_RSVD) {
      this.mailbox[(offset - VF_REG.QM_MB_CMD_SEND_BASE) >> 2] = value;
    } else if (offset === VF_REG.QM_IFC_INT_SOURCE_V) {
      own.set(offset, (this.plain(VF, offset) & ~value) >>> 0);
    } else {
      own.set(offset, value);
      if (offset === VF_REG.QM_CACHE_WB_START && value === 1) {
        own.set(VF_REG.QM_CACHE_WB_DONE, 0);
        this.writeBack.start(this.cacheWbReads);
      }
    }
  }

  private overridden(fn: FunctionSelect, offset: number): number | undefined {
    const list = this.overrides.get(key(fn, offset));
    const first = list?.[0];
    if (list === undefined || first === undefined) return undefined;
    if (first.left > 0) {
      first.left -= 1;
      if (first.left === 0) list.shift();
    }
    return first.value;
  }

  private startVftAccess(): void {
    const pf = this.registers[PF];
    pf.set(PF_REG.QM_VFT_CFG_RDY, 0);
    this.vftReady.start(this.vftReadyReads);
    if (this.plain(PF, PF_REG.QM_VFT_CFG_OP_WR) !== VFT_OP.read) return;
    const entry = this.pfVft.get(this.plain(PF, PF_REG.QM_VFT_CFG)) ?? { base: 0, num: 0 };
    pf.set(PF_REG.QM_VFT_CFG_DATA_L, vftLow(entry.base, entry.num));
    pf.set(PF_REG.QM_VFT_CFG_DATA_H, vftHigh(entry.base, entry.num));
  }

  /** The read after the last busy one sees the command done. */
  private readMailbox(): void {
    if (this.mailboxBusyLeft !== 0 || !this.mailboxPending) return;
    this.mailboxPending = false;
    const { mailbox } = this;
    const written = mailbox[0]!;
    const command = written & QM_MB.commandMask;
    const status = this.behaviourOf(command)?.status ?? 0;
    const kept = written & ~(QM_MB.busyBit | (QM_MB.statusMask << QM_MB.statusShift));
    mailbox[0] = (kept | (status << QM_MB.statusShift)) >>> 0;
    if (status !== 0) return;
    const get = (written & QM_MB.opBit) !== 0;
    if (command === QM_MB_CMD.SQC_BT || command === QM_MB_CMD.CQC_BT) {
      if (get) [mailbox[1], mailbox[2]] = this.tables.get(command) ?? [0, 0];
      else this.tables.set(command, [mailbox[1]!, mailbox[2]!]);
    } else if (command === QM_MB_CMD.SQC_VFT_V2 && get) {
      mailbox[1] = vftLow(this.vfVft.base, this.vfVft.num);
      mailbox[2] = vftHigh(this.vfVft.base, this.vfVft.num);
    }
  }

  private setTable(command: number, address: number | string): void {
    const [low, high] = toWords(address);
    this.tables.set(command, [low, high]);
  }

  private countBusyRead(): void {
    if (this.mailboxBusyLeft > 0) this.mailboxBusyLeft -= 1;
  }

  private behaviourOf(command: number): { busyReads: number; status: number } | undefined {
    const known = COMMAND_NAMES.find((name) => QM_MB_CMD[name] === command);
    return known === undefined ? undefined : this.behaviours.get(known);
  }

  private isMailbox(fn: FunctionSelect, offset: number): boolean {
    const at = fn === PF && this.inWindows(offset) && this.inOwnWindow(offset) ? this.windowToVf(offset) : offset;
    return (fn === VF || at !== offset) && at === VF_REG.QM_MB_CMD_SEND_BASE;
  }

  private inWindows(offset: number): boolean {
    return (
      offset >= MIG_REGION.offset &&
      offset < MIG_REGION.offset + 64 * MIG_REGION.bytesPerFunction &&
      this.hardware >= QM_HW.V4 &&
      (this.plain(PF, PF_REG.QM_MIG_REGION_SEL) & MIG_REGION.enableBit) !== 0
    );
  }

  private inOwnWindow(offset: number): boolean {
    return Math.floor((offset - MIG_REGION.offset) / MIG_REGION.bytesPerFunction) === this.functionNumber;
  }

  private windowToVf(offset: number): number {
    const at = (offset - MIG_REGION.offset) % MIG_REGION.bytesPerFunction;
    if (at >= MIG_REGION.eqcDw0 && at < MIG_REGION.eqcDw0 + XQC_BYTES)
      return VF_REG.QM_EQC_DW0 + at - MIG_REGION.eqcDw0;
    if (at >= MIG_REGION.aeqcDw0 && at < MIG_REGION.aeqcDw0 + XQC_BYTES)
      return VF_REG.QM_AEQC_DW0 + at - MIG_REGION.aeqcDw0;
    return at;
  }
}

function key(fn: FunctionSelect, offset: number): string {
  return `${fn}:${offset}`;
}

function isDoorbell(offset: number): boolean {
  return offset === VF_REG.QM_DOORBELL_SQ_CQ_BASE_V2 || offset === VF_REG.QM_DOORBELL_EQ_AEQ_BASE_V2;
}
