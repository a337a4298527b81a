/**
 * The driver's register port in the virtual world: each access costs what the cost table says and takes effect on the
 * device model at its time.
 *
 * Events elsewhere (tasks ending, guests running) happen before an access that comes after it. While calls on several
 * VFs interleave, an event is always pending, so that the common path of an access knows nothing of them.
 */
import { BasePort } from '../driver/base-port.ts';
import { QUEUES_TOTAL } from '../abi/vft.ts';
import { type FunctionSelect, PF, type PollSpec, type RegisterPort, VF } from '../driver/port.ts';
import type { Accelerator } from '../device/accelerator.ts';
import type { VirtualClock } from '../base/clock.ts';
import type { BarPort } from '../vfio/bar-policy.ts';
import { NS_PER_MS, NS_PER_US } from '../base/units.ts';

/** Whatever else lives in virtual time. */
export interface Surroundings {
  /** Time of the next event that is neither the port's nor the device's, in ns. */
  nextNs: number;
  /** Runs all events up to a time, devices included. */
  catchUp(nowNs: number): void;
}

/** Observer of every access while it is set; see {@link VirtualPort.tracer}. */
export interface AccessTracer {
  /**
   * @param width in bytes
   * @param value the low word of what was read or written
   * @param nowNs when the access began
   */
  access(fn: FunctionSelect, write: boolean, width: number, offset: number, value: number, nowNs: number): void;
}

/** Stands before a port while calls on several VFs take turns; see `interleaved-port.ts`. */
export interface PortTurns extends Omit<RegisterPort, 'wide' | 'delayUs' | 'sleepMs'> {
  wait(ns: number): void;
  /** A function-level reset of the VF. */
  resetFunction(): void;
  /** Something that is no access; see `InterleavedPort.service`. */
  service(name: number, argument: number, run: () => number): number;
  /** A flag that is read, and read again after sleeps; see `InterleavedPort.awaitClear`. */
  awaitClear(read: () => number, sleepNs: number, sleepsMax: number): boolean;
}

export class VirtualPort extends BasePort implements BarPort {
  /** Register accesses made, as the driver would count them. */
  accesses = 0;
  /** Off by default: a trace costs more than the accesses. */
  tracer: AccessTracer | null = null;
  /** Asked before a row of more doorbells than a function has queues, which a queue count out of a torn image makes (R5). */
  onLongRow: ((count: number) => void) | null = null;
  /** Set while a driver call on this VF takes turns with others: it then carries out, or answers, every operation. */
  turns: PortTurns | null = null;
  /** How long one sleep of a poll really lasts, in ns: the kernel’s affair, whatever the poll asks for. */
  readonly usleepNs: number;
  private readonly device: Accelerator;
  private readonly clock: VirtualClock;
  private readonly vf: number;
  private readonly around: Surroundings;
  private readonly readNs: number;
  private readonly writeNs: number;
  private readonly read128Ns: number;
  private readonly words: Uint32Array;

  /**
   * @param functionNumber the VF's hardware function number, 1 to 63
   */
  constructor(device: Accelerator, clock: VirtualClock, functionNumber: number, around: Surroundings) {
    super();
    const { costs } = device;
    this.device = device;
    this.clock = clock;
    this.vf = functionNumber;
    this.around = around;
    this.usleepNs = costs.usleepActualNs;
    this.readNs = costs.mmioReadNs;
    this.writeNs = costs.mmioWriteNs;
    this.read128Ns = costs.mmioRead128Ns;
    this.words = device.vfWords(functionNumber);
  }

  read32(fn: FunctionSelect, offset: number): number {
    const { device, clock } = this;
    const nowNs = clock.nowNs;
    if (device.nextEventNs <= nowNs || this.around.nextNs <= nowNs) {
      if (this.turns !== null) return this.turns.read32(fn, offset);
      this.settle(nowNs);
    }
    this.accesses += 1;
    if (fn !== PF) {
      // All that a VF can read stands in the words of its registers.
      clock.nowNs = nowNs + this.readNs;
      const own = this.words[offset >>> 2]!;
      if (this.tracer !== null) this.tracer.access(fn, false, 4, offset, own, nowNs);
      return own;
    }
    const value = device.read32(0, offset, nowNs);
    clock.nowNs = nowNs + device.costNs;
    if (this.tracer !== null) this.tracer.access(fn, false, 4, offset, value, nowNs);
    return value;
  }

  write32(fn: FunctionSelect, offset: number, value: number): void {
    const { device, clock } = this;
    const nowNs = clock.nowNs;
    if (device.nextEventNs <= nowNs || this.around.nextNs <= nowNs) {
      if (this.turns !== null) return this.turns.write32(fn, offset, value);
      this.settle(nowNs);
    }
    if (this.tracer !== null) this.tracer.access(fn, true, 4, offset, value, nowNs);
    device.write32(fn === PF ? 0 : this.vf, offset, value, nowNs);
    clock.nowNs = nowNs + device.costNs;
    this.accesses += 1;
  }

  override read32Row(fn: FunctionSelect, offset: number, into: Uint32Array, at: number, count: number): void {
    if (!this.undisturbed(fn, count, this.readNs)) {
      if (this.turns !== null) return this.turns.read32Row(fn, offset, into, at, count);
      return super.read32Row(fn, offset, into, at, count);
    }
    const { words } = this;
    const first = offset >>> 2;
    for (let i = 0; i < count; i++) into[at + i] = words[first + i]!;
    this.take(count, this.readNs);
  }

  override write32Row(fn: FunctionSelect, offset: number, from: Uint32Array, at: number, count: number): void {
    if (!this.undisturbed(fn, count, this.writeNs) || !this.device.writeContextRow(this.vf, offset, from, at, count)) {
      if (this.turns !== null) return this.turns.write32Row(fn, offset, from, at, count);
      return super.write32Row(fn, offset, from, at, count);
    }
    this.take(count, this.writeNs);
  }

  write64(fn: FunctionSelect, offset: number, low: number, high: number): void {
    const { device, clock } = this;
    const nowNs = clock.nowNs;
    if (device.nextEventNs <= nowNs || this.around.nextNs <= nowNs) {
      if (this.turns !== null) return this.turns.write64(fn, offset, low, high);
      this.settle(nowNs);
    }
    if (this.tracer !== null) this.tracer.access(fn, true, 8, offset, low, nowNs);
    device.write64(fn === PF ? 0 : this.vf, offset, low, high, nowNs);
    clock.nowNs = nowNs + device.costNs;
    this.accesses += 1;
  }

  override write64Row(fn: FunctionSelect, offset: number, low: number, high: number, count: number): void {
    const { device, clock, around } = this;
    if (this.onLongRow !== null && count > QUEUES_TOTAL) this.onLongRow(count);
    let done = 0;
    while (done < count) {
      const nowNs = clock.nowNs;
      if (device.nextEventNs <= nowNs || around.nextNs <= nowNs) {
        if (this.turns !== null) return this.turns.write64Row(fn, offset, low, high, count);
        this.settle(nowNs);
      }
      if (this.tracer === null) {
        const untilNs = device.nextEventNs < around.nextNs ? device.nextEventNs : around.nextNs;
        const idle = device.idleKicks(fn === PF ? 0 : this.vf, offset, low + done, high, count - done, nowNs, untilNs);
        if (idle > 0) {
          clock.nowNs = device.idleKicksEndNs;
          this.accesses += idle;
          done += idle;
          continue;
        }
      }
      this.write64(fn, offset, low + done, high);
      done += 1;
    }
  }

  read128(fn: FunctionSelect, offset: number): void {
    const { device, clock } = this;
    const nowNs = clock.nowNs;
    if (device.nextEventNs <= nowNs || this.around.nextNs <= nowNs) this.settle(nowNs);
    this.accesses += 1;
    if (fn !== PF) {
      const { words, wide } = this;
      const at = offset >>> 2;
      wide[0] = words[at]!;
      wide[1] = words[at + 1]!;
      wide[2] = words[at + 2]!;
      wide[3] = words[at + 3]!;
      clock.nowNs = nowNs + this.read128Ns;
    } else {
      device.read128(0, offset, nowNs, this.wide);
      clock.nowNs = nowNs + device.costNs;
    }
    if (this.tracer !== null) this.tracer.access(fn, false, 16, offset, this.wide[0]!, nowNs);
  }

  write128(fn: FunctionSelect, offset: number, w0: number, w1: number, w2: number, w3: number): void {
    const { device, clock } = this;
    const nowNs = clock.nowNs;
    if (device.nextEventNs <= nowNs || this.around.nextNs <= nowNs) {
      if (this.turns !== null) return this.turns.write128(fn, offset, w0, w1, w2, w3);
      this.settle(nowNs);
    }
    if (this.tracer !== null) this.tracer.access(fn, true, 16, offset, w0, nowNs);
    device.write128(fn === PF ? 0 : this.vf, offset, w0, w1, w2, w3, nowNs);
    clock.nowNs = nowNs + device.costNs;
    this.accesses += 1;
  }

  delayUs(us: number): void {
    this.pass(us * NS_PER_US);
  }

  sleepMs(ms: number): void {
    this.pass(ms * NS_PER_MS);
  }

  override poll(fn: FunctionSelect, offset: number, spec: PollSpec): boolean {
    return this.turns === null ? super.poll(fn, offset, spec) : this.turns.poll(fn, offset, spec);
  }

  /** A function-level reset of the VF, which lasts its time. */
  resetFunction(): void {
    if (this.turns !== null) return this.turns.resetFunction();
    const { device, clock } = this;
    device.resetFunction(this.vf, clock.nowNs);
    clock.nowNs += device.costNs;
  }

  readBar(offset: number, width: number, into: Uint8Array): void {
    const aligned = offset & ~3;
    const shift = (offset & 3) * 8;
    const low = this.read32(VF, aligned) >>> shift;
    const high = width === 8 ? this.read32(VF, aligned + 4) : 0;
    for (let i = 0; i < width; i++) into[i] = ((i < 4 ? low : high) >>> (8 * (i & 3))) & 0xff;
  }

  writeBar(offset: number, width: number, from: Uint8Array): void {
    let low = 0;
    let high = 0;
    for (let i = 0; i < width; i++) {
      if (i < 4) low |= from[i]! << (8 * i);
      else high |= from[i]! << (8 * (i - 4));
    }
    if (width === 8) {
      this.write64(VF, offset, low >>> 0, high >>> 0);
    } else if (width === 4) {
      this.write32(VF, offset, low >>> 0);
    } else {
      const aligned = offset & ~3;
      const shift = (offset & 3) * 8;
      const mask = (width === 1 ? 0xff : 0xffff) << shift;
      this.write32(VF, aligned, ((this.read32(VF, aligned) & ~mask) | (low << shift)) >>> 0);
    }
  }

  protected pollClockNs(): number {
    return this.clock.nowNs;
  }

  protected pollSleep(): void {
    this.pass(this.usleepNs);
  }

  /** Whether there is no event anywhere, and no observer, while the VF's registers are accessed so many times. */
  private undisturbed(fn: FunctionSelect, count: number, eachNs: number): boolean {
    if (fn === PF || this.tracer !== null) return false;
    const endNs = this.clock.nowNs + count * eachNs;
    return this.device.nextEventNs > endNs && this.around.nextNs > endNs;
  }

  /** Accounts for accesses that were made in one go. */
  private take(count: number, eachNs: number): void {
    let { nowNs } = this.clock;
    for (let i = 0; i < count; i++) nowNs += eachNs;
    this.clock.nowNs = nowNs;
    this.accesses += count;
  }

  private pass(ns: number): void {
    const { clock } = this;
    const nowNs = clock.nowNs + ns;
    if (this.device.nextEventNs <= nowNs || this.around.nextNs <= nowNs) {
      if (this.turns !== null) return this.turns.wait(ns);
      this.settle(nowNs);
    }
    clock.nowNs = nowNs;
  }

  /** Runs pending events. Commands and write-backs of an idle device affect nothing else, so they need no event loop. */
  private settle(nowNs: number): void {
    const { device, around } = this;
    if (around.nextNs > nowNs && device.quiet) device.advance(nowNs);
    else around.catchUp(nowNs);
  }
}
