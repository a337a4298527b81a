/**
 * One accelerator: a PF, its VFs, and their queue manager.
 *
 * Access in, effect and cost out. The device reads no clock: every call says what time it is, and what the device does
 * by itself (tasks that end, mailbox commands that complete) is done when a call or {@link Accelerator.advance} brings
 * the time for it. Everything that a VF can read is kept in the words of its register file, so that other threads may
 * read them there while this class is their only writer.
 *
 * Source: docs/device.md. What it marks [NR] (not revealed by the drivers) is modelled as the comments here and in the
 * parts say, and is a parameter where it could matter.
 */
import type { AcceleratorFacts } from '../abi/accelerators.ts';
import { MIG_REGION, VF_BAR2_BYTES, VF_REG, XQC } from '../abi/registers.ts';
import { settingsOf } from './accelerator-config.ts';
import type { AcceleratorConfig, AcceleratorSettings } from './accelerator-config.ts';
import type { CostValues } from './costs.ts';
import { DECODE, DECODED_BYTES } from './decode.ts';
import { KICK } from './doorbells.ts';
import type { Doorbells } from './doorbells.ts';
import type { Engine, TaskServiceNs } from './engine.ts';
import { AEQ, EQ } from './interrupt-queues.ts';
import type { InterruptQueues } from './interrupt-queues.ts';
import { HELD } from './faults.ts';
import type { Faults } from './faults.ts';
import type { Functions, InterruptHandler } from './functions.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { HeldRegisters } from './held-registers.ts';
import type { Mailbox } from './mailbox.ts';
import type { Messages } from './messages.ts';
import { makeParts } from './parts.ts';
import type { PfRegisters } from './pf-registers.ts';
import type { Queues } from './queues.ts';
import type { RasStatus } from './ras-status.ts';
import { FUNCTION_WORDS } from './register-file.ts';
import type { RegisterFile } from './register-file.ts';
import type { Span } from './span.ts';
import { TIMER } from './timers.ts';
import type { Timers } from './timers.ts';
import type { VftWindow } from './vft-window.ts';
import type { WriteBack } from './write-back.ts';

/** Last byte of the functional registers that a PF-resident window shows. */
const WINDOW_FUNCTIONAL_BYTES: number = MIG_REGION.eqcDw0;
const XQC_BYTES = XQC.words * 4;
const ALL_ONES = 0xffffffff;

export class Accelerator {
  /** What the last access cost its issuer, in virtual ns. */
  costNs = 0;
  /** When the last of the writes that {@link idleKicks} took was over, in virtual ns. */
  idleKicksEndNs = 0;
  /** When something next happens by itself, in virtual ns; Infinity when nothing will. */
  nextEventNs: number = Infinity;
  readonly facts: AcceleratorFacts;
  readonly costs: CostValues;
  readonly faults: Faults;

  private readonly hardware: number;
  private readonly isolation: number;
  private readonly words: Uint32Array;
  private readonly registers: RegisterFile;
  /** State of each function, and the observer of what they share. */
  readonly functions: Functions;
  private readonly timers: Timers;
  private readonly held: HeldRegisters;
  private readonly ras: RasStatus;
  /** Which queues each function has. */
  readonly vft: VftWindow;
  private readonly events: InterruptQueues;
  private readonly queues: Queues;
  private readonly engine: Engine;
  private readonly messages: Messages;
  private readonly mailbox: Mailbox;
  private readonly doorbells: Doorbells;
  private readonly writeBack: WriteBack;
  /** Registers that the PF alone has. */
  readonly pf: PfRegisters;
  private advancing = false;

  constructor(config: AcceleratorConfig) {
    const settings = settingsOf(config);
    this.facts = settings.facts;
    this.hardware = settings.hardware;
    this.isolation = settings.isolation;
    this.costs = settings.costs;
    const parts = makeParts(settings, () => this.updateNextEvent());
    this.registers = parts.registers;
    this.words = parts.registers.words;
    this.functions = parts.functions;
    this.timers = parts.timers;
    this.held = parts.held;
    this.ras = parts.ras;
    this.vft = parts.vft;
    this.events = parts.events;
    this.queues = parts.queues;
    this.engine = parts.engine;
    this.messages = parts.messages;
    this.faults = parts.faults;
    this.mailbox = parts.mailbox;
    this.doorbells = parts.doorbells;
    this.writeBack = parts.writeBack;
    this.pf = parts.pf;
    this.setUp(settings, config.migRegionEnabled === true);
  }

  /** As the PF driver leaves the device: queues assigned, registers at their reset values. */
  private setUp({ facts, vft, vfCount }: AcceleratorSettings, migRegionEnabled: boolean): void {
    this.vft.assign(0, 0, facts.pfDefaultQueues);
    vft.forEach(({ base, num }, i) => {
      this.vft.assign(i + 1, base, num);
    });
    this.registers.resetPf();
    for (let fn = 0; fn <= vfCount; fn++) this.clear(fn);
    if (migRegionEnabled) this.pf.selectMigrationRegion(MIG_REGION.enableBit);
  }

  /**
   * Called when the device interrupts: vector 0 EQ, 1 AEQ, 2 message, 3 abnormal (PF only). It is called in the midst of
   * what the device does; an access from within it sees the device as it stands, and brings no time forward.
   */
  get onInterrupt(): InterruptHandler {
    return this.functions.onInterrupt;
  }

  set onInterrupt(handler: InterruptHandler) {
    this.functions.onInterrupt = handler;
  }

  /** Time of each task in ns, when tasks differ; null for the configured time. */
  get taskServiceNs(): TaskServiceNs | null {
    return this.engine.taskServiceNs;
  }

  set taskServiceNs(serviceNs: TaskServiceNs | null) {
    this.engine.taskServiceNs = serviceNs;
  }

  /** One 32-bit read. `fn` is 0 for the PF, 1 to 63 for a VF; `offset` is in bytes within its BAR2. */
  read32(fn: number, offset: number, nowNs: number): number {
    if (nowNs >= this.nextEventNs) this.advance(nowNs);
    this.costNs = this.costs.mmioReadNs;
    if (fn !== 0) return offset < VF_BAR2_BYTES ? this.words[fn * FUNCTION_WORDS + (offset >>> 2)]! : 0;
    // Most registers of the PF are what was stored.
    const index = this.registers.pfIndex(offset);
    if (index >= 0 && this.pf.counted[index] === 0 && !this.faults.active) return this.words[index]!;
    const vf = this.pf.windowOwner(offset);
    return vf === 0 ? this.pf.read(offset, nowNs) : this.readWindow(vf, offset & (MIG_REGION.bytesPerFunction - 1));
  }

  /** One 32-bit write. */
  write32(fn: number, offset: number, value: number, nowNs: number): void {
    if (nowNs >= this.nextEventNs) this.advance(nowNs);
    this.costNs = this.costs.mmioWriteNs;
    if (fn !== 0 && offset < DECODED_BYTES) {
      // Most registers are only stored: that schedules nothing.
      if (this.writeFunctional(fn, offset, value >>> 0, nowNs)) this.updateNextEvent();
      return;
    }
    this.write(fn, offset, value >>> 0, nowNs);
    this.updateNextEvent();
  }

  /** One 64-bit write: a doorbell, or two registers at once. */
  write64(fn: number, offset: number, low: number, high: number, nowNs: number): void {
    if (nowNs >= this.nextEventNs) this.advance(nowNs);
    this.costNs = this.costs.doorbellNs;
    if (offset === VF_REG.QM_DOORBELL_SQ_CQ_BASE_V2) {
      if (this.doorbells.sqCq(fn, low >>> 0, high >>> 0, nowNs)) this.updateNextEvent();
      return;
    }
    this.writeWide(fn, offset, low >>> 0, high >>> 0, nowNs);
    this.updateNextEvent();
  }

  /**
   * A VF's 32-bit writes to a row of words of its event queues' contexts: they take effect at once, and nothing becomes
   * scheduled by them.
   *
   * @returns false, having done nothing, when the row is not within those windows
   */
  writeContextRow(fn: number, offset: number, from: Uint32Array, at: number, count: number): boolean {
    if (offset < VF_REG.QM_EQC_DW0 || this.events.windowsInPf) return false;
    for (let i = 0; i < count; i++) this.writeXqc(fn, offset - VF_REG.QM_EQC_DW0 + 4 * i, from[at + i]!);
    return true;
  }

  /**
   * A row of 64-bit writes, one after another from `nowNs` on, with low words `low`, `low + 1` and so on: takes the first
   * ones of them that are resume kicks of queues with nothing to do, and so have no effect but to be counted. A resumed
   * function gets one for each of its queues, most of them such.
   *
   * @param untilNs writes that begin at this time or later are not taken
   * @returns how many were taken; {@link idleKicksEndNs} says when the last was over
   */
  idleKicks(
    fn: number,
    offset: number,
    low: number,
    high: number,
    count: number,
    nowNs: number,
    untilNs: number,
  ): number {
    if (offset !== VF_REG.QM_DOORBELL_SQ_CQ_BASE_V2 || high !== KICK) return 0;
    const { doorbellNs } = this.costs;
    let atNs = nowNs;
    let begun = 0;
    while (begun < count && atNs < untilNs) {
      atNs += doorbellNs;
      begun += 1;
    }
    const taken = this.doorbells.idleKicks(fn, low, begun);
    if (taken < begun) {
      atNs = nowNs;
      for (let i = 0; i < taken; i++) atNs += doorbellNs;
    }
    this.idleKicksEndNs = atNs;
    return taken;
  }

  /** One 128-bit read, as for the mailbox. */
  read128(fn: number, offset: number, nowNs: number, into: Uint32Array): void {
    for (let i = 0; i < 4; i++) into[i] = this.read32(fn, offset + i * 4, nowNs);
    this.costNs = this.costs.mmioRead128Ns;
  }

  /** One 128-bit write, as for the mailbox. */
  write128(fn: number, offset: number, w0: number, w1: number, w2: number, w3: number, nowNs: number): void {
    if (nowNs >= this.nextEventNs) this.advance(nowNs);
    this.costNs = this.costs.mmioWrite128Ns;
    if (fn !== 0 && offset === VF_REG.QM_MB_CMD_SEND_BASE) {
      this.mailbox.write(fn, w0 >>> 0, w1 >>> 0, w2 >>> 0, w3 >>> 0, nowNs);
      this.updateNextEvent();
      return;
    }
    // The word at the lowest offset sets the mailbox going, so it goes last.
    this.write(fn, offset + 12, w3 >>> 0, nowNs);
    this.write(fn, offset + 8, w2 >>> 0, nowNs);
    this.write(fn, offset + 4, w1 >>> 0, nowNs);
    this.write(fn, offset, w0 >>> 0, nowNs);
    this.updateNextEvent();
  }

  /** Maps RAM for the DMA of a function, or takes it away. */
  attachMemory(fn: number, memory: GuestMemory | null): void {
    this.functions.attach(fn, memory);
  }

  /**
   * Function-level reset: the function forgets its contexts, its tables, its tasks and its mailbox command, and its
   * registers go to their reset values. Its queues (VFT) remain: they belong to the PF's configuration. A reset of the
   * PF resets every function, clears the errors and takes the migration windows back to the VFs.
   */
  resetFunction(fn: number, nowNs: number): void {
    if (nowNs >= this.nextEventNs) this.advance(nowNs);
    if (fn === 0) {
      for (let vf = 1; vf <= this.registers.vfCount; vf++) this.clear(vf, nowNs);
      this.timers.stop(TIMER.vftAccess, 0);
      this.registers.resetPf();
      this.pf.selectMigrationRegion(0);
    }
    this.clear(fn, nowNs);
    this.engine.startTasks(nowNs);
    this.costNs = this.costs.flrNs + this.faults.flrExtraNs;
    this.functions.watch?.functionReset(fn, nowNs, nowNs + this.costNs);
    this.updateNextEvent();
  }

  /** Runs all events up to `nowNs`, each at its own time. */
  advance(nowNs: number): void {
    if (this.advancing) return;
    this.advancing = true;
    const { engine, mailbox, timers } = this;
    for (;;) {
      // Of events at one time tasks come first: a command that waits for them then completes without delay.
      if (engine.nextNs <= nowNs && engine.nextNs <= mailbox.nextNs && engine.nextNs <= timers.nextNs) {
        const atNs = engine.nextNs;
        engine.finishTask();
        mailbox.tasksEnded(atNs);
      } else if (timers.nextNs <= nowNs && timers.nextNs <= mailbox.nextNs) {
        this.timerDue();
      } else if (mailbox.nextNs <= nowNs) {
        mailbox.due();
      } else {
        break;
      }
    }
    this.advancing = false;
    this.updateNextEvent();
  }

  /** Whether no task is on a core: then nothing that happens by itself concerns a guest. */
  get quiet(): boolean {
    return this.engine.nextNs === Infinity;
  }

  /** The 64 KiB of registers of a function; of a VF its BAR2, offset for offset. */
  vfWords(fn: number): Uint32Array {
    return this.words.subarray(fn * FUNCTION_WORDS, (fn + 1) * FUNCTION_WORDS);
  }

  /** Whether the event-queue windows of the VFs are in the PF's BAR2. */
  get windowsInPf(): boolean {
    return this.events.windowsInPf;
  }

  /**
   * What of its large arrays can change while the event-queue windows stay where they are and no function gets other
   * queues: for copies of a device that many runs begin with.
   */
  changing(): readonly Span[] {
    const { vft } = this;
    let slots = 0;
    for (let fn = 0; fn <= this.registers.vfCount; fn++) slots = Math.max(slots, vft.base[fn]! + vft.num[fn]!);
    return [...this.registers.changing(), ...this.queues.changing(slots)];
  }

  /** The words of all registers, as {@link vfWords} shows them of one function. */
  get registerWords(): Uint32Array {
    return this.words;
  }

  private updateNextEvent(): void {
    const { engine, mailbox, timers } = this;
    let atNs = engine.nextNs;
    if (mailbox.nextNs < atNs) atNs = mailbox.nextNs;
    if (timers.nextNs < atNs) atNs = timers.nextNs;
    this.nextEventNs = atNs;
  }

  private clear(fn: number, nowNs = 0): void {
    this.engine.abandon(fn, -1);
    this.queues.drop(fn);
    this.functions.reset(fn);
    this.registers.resetFunction(fn, this.hardware, this.isolation);
    this.events.reset(fn);
    this.messages.reset(fn);
    this.held.set(fn, HELD.vfState, this.faults.vfStateAtReset);
    this.timers.stop(TIMER.cacheWriteBack, fn);
    this.timers.stop(TIMER.doorbellTimeout, fn);
    this.mailbox.reset(fn, nowNs);
  }

  private timerDue(): void {
    if (!this.timers.take()) return;
    const { kind, fn, detail, atNs } = this.timers;
    if (kind === TIMER.cacheWriteBack) {
      this.writeBack.finish(fn, atNs);
    } else if (kind === TIMER.faultEnds) {
      this.held.expire(fn, detail, atNs);
    } else if (kind === TIMER.doorbellTimeout) {
      this.ras.doorbellTimeout(fn, detail, atNs);
    } else {
      const changed = this.vft.finish();
      this.functions.watch?.vftFinished(atNs);
      if (changed < 0) return;
      // The function's queues are others now: nothing that is cached of the old ones applies.
      this.engine.abandon(changed, -1);
      this.queues.drop(changed);
    }
  }

  private write(fn: number, offset: number, value: number, nowNs: number): void {
    if (fn === 0) {
      const vf = this.pf.windowOwner(offset);
      if (vf !== 0) {
        this.writeWindow(vf, offset & (MIG_REGION.bytesPerFunction - 1), value, nowNs);
        return;
      }
      if (this.pf.write(offset, value, nowNs)) return;
    } else if (offset >= VF_REG.QM_EQC_DW0) {
      if (!this.events.windowsInPf) this.writeXqc(fn, offset - VF_REG.QM_EQC_DW0, value);
      return;
    }
    this.writeFunctional(fn, offset, value, nowNs);
  }

  /** Registers that every function has, in the lower half of its BAR2. @returns whether an event may have been scheduled */
  private writeFunctional(fn: number, offset: number, value: number, nowNs: number): boolean {
    if (offset >= DECODED_BYTES) return false;
    const { registers } = this;
    // Decoded by a table, and by literals: a chain of register names costs several times as much as the write itself.
    switch (DECODE[offset >>> 2]) {
      case 1: // stored
        registers.set(fn, offset, value);
        return false;
      case 2: {
        // interrupt masks
        const before = registers.get(fn, offset);
        registers.set(fn, offset, value);
        if ((before & 1) === 0 || (value & 1) === 1) return false;
        this.events.interruptIfPending(fn, offset === VF_REG.QM_VF_EQ_INT_MASK ? EQ : AEQ, nowNs);
        return true;
      }
      case 3: // QM_IFC_INT_SOURCE_V
        this.messages.acknowledge(fn, value);
        return true;
      case 4: // QM_IFC_INT_MASK
        this.messages.mask(fn, value, nowNs);
        if ((value & 1) === 0) this.doorbells.resumeInPlace(fn, nowNs);
        return true;
      case 5: // QM_IFC_INT_SET_V
        this.messages.kickPf(fn, value, nowNs);
        return true;
      case 6: // QM_VF_STATE
        this.held.set(fn, HELD.vfState, value);
        return true;
      case 7: // QM_CACHE_WB_START
        if ((value & 1) === 1) this.writeBack.start(fn, nowNs);
        return true;
      case 8: // mailbox, word 0
        if (this.mailbox.accepts(fn)) this.mailbox.submit(fn, value, nowNs);
        return true;
      case 9: // mailbox, the other words
        if (this.mailbox.accepts(fn)) registers.set(fn, offset, value);
        return false;
      case 10: // the VF's message to the PF
        this.messages.vfMessageWritten(fn, offset, value);
        return true;
      default:
        return false;
    }
  }

  private writeWide(fn: number, offset: number, low: number, high: number, nowNs: number): void {
    let owner = fn;
    let inside = offset;
    if (fn === 0) {
      const vf = this.pf.windowOwner(offset);
      if (vf !== 0) {
        owner = vf;
        inside = offset & (MIG_REGION.bytesPerFunction - 1);
        if (!this.events.windowsInPf) return;
      }
    }
    if (inside === VF_REG.QM_DOORBELL_SQ_CQ_BASE_V2) {
      this.doorbells.sqCq(owner, low, high, nowNs);
    } else if (inside === VF_REG.QM_DOORBELL_EQ_AEQ_BASE_V2) {
      this.doorbells.eqAeq(owner, low, high, nowNs);
    } else {
      // Both words arrive at once; the lower one may set something going, as in the mailbox, so it takes effect last.
      this.write(fn, offset + 4, high, nowNs);
      this.write(fn, offset, low, nowNs);
    }
  }

  /** A window that is not selected reads all-ones, as the VF's upper half does in the other case; [NR], assumed. */
  private readWindow(vf: number, offset: number): number {
    if (!this.events.windowsInPf) return ALL_ONES;
    if (offset < WINDOW_FUNCTIONAL_BYTES) return this.registers.get(vf, offset);
    if (offset < MIG_REGION.aeqcDw0) {
      const index = (offset - MIG_REGION.eqcDw0) >>> 2;
      return index < XQC.words ? this.events.word(vf, EQ, index) : 0;
    }
    const index = (offset - MIG_REGION.aeqcDw0) >>> 2;
    return index < XQC.words ? this.events.word(vf, AEQ, index) : 0;
  }

  private writeWindow(vf: number, offset: number, value: number, nowNs: number): void {
    if (!this.events.windowsInPf) return;
    if (offset < WINDOW_FUNCTIONAL_BYTES) this.writeFunctional(vf, offset, value, nowNs);
    else this.writeXqc(vf, offset - WINDOW_FUNCTIONAL_BYTES, value);
  }

  /** A word of the EQC window, at 0, or of the AEQC window, at 0x20. */
  private writeXqc(fn: number, offset: number, value: number): void {
    const inside = offset & 0x1f;
    if (offset >= 0x40 || inside >= XQC_BYTES) return;
    this.events.setWord(fn, offset < 0x20 ? EQ : AEQ, inside >>> 2, value);
  }
}
