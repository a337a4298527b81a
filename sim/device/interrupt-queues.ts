/**
 * Event queue and abnormal-event queue of each function, and the interrupts that they raise.
 *
 * The EQC and AEQC words are the state itself, not a copy: what software writes into a window takes effect at once, and
 * what the device does shows in the window. They are visible in the upper half of the VF's BAR2, or in the PF's BAR2
 * when the PF-resident windows are selected (docs/device.md 1.4).
 *
 * Assumed, because the drivers do not reveal it: a queue interrupts once, and again only after its doorbell has armed
 * it; writing any word of the window arms it as well, since the armed state is not part of a VF's image; an EQE that
 * has already been written interrupts on a doorbell or when the mask is lifted, not when the window is written.
 */
import { AEQE, EQE, XEQC } from '../abi/contexts.ts';
import { QM_RAS } from '../abi/ras.ts';
import { VF_REG, XQC } from '../abi/registers.ts';
import { FUNCTIONS_MAX, VECTOR } from './functions.ts';
import type { Functions } from './functions.ts';
import { addressOf } from './guest-memory.ts';
import { FUNCTION_WORDS } from './register-file.ts';
import type { RegisterFile } from './register-file.ts';
import type { RasStatus } from './ras-status.ts';

/** Which of the two: also the vector, and the distance between their windows in units of 8 words. */
export const EQ = VECTOR.eq;
export const AEQ = VECTOR.aeq;
export type InterruptQueue = typeof EQ | typeof AEQ;

/** Words from one window to the next, so that function, queue and word number make an index. */
const WINDOW_WORDS = 8;
const WINDOWS_WORD = VF_REG.QM_EQC_DW0 / 4;
const UPPER_HALF_WORDS = FUNCTION_WORDS - WINDOWS_WORD;

export class InterruptQueues {
  private readonly registers: RegisterFile;
  private readonly functions: Functions;
  private readonly ras: RasStatus;
  private readonly context: Uint32Array = new Uint32Array(FUNCTIONS_MAX * 2 * WINDOW_WORDS);
  /** 1 while a function's upper half reads as all ones. Outside the windows it is all zero otherwise. */
  private readonly hidden: Uint8Array = new Uint8Array(FUNCTIONS_MAX);
  private readonly armed: Uint8Array = new Uint8Array(FUNCTIONS_MAX * 2);
  /** Whether the windows are the PF's. */
  private pfSelected = false;

  constructor(registers: RegisterFile, functions: Functions, ras: RasStatus) {
    this.registers = registers;
    this.functions = functions;
    this.ras = ras;
  }

  /** Moves the windows of all VFs to the PF's BAR2, or back. The VF's upper half then reads all-ones, or shows them. */
  selectPf(selected: boolean): void {
    this.pfSelected = selected;
    for (let fn = 1; fn <= this.registers.vfCount; fn++) this.showWindows(fn);
  }

  get windowsInPf(): boolean {
    return this.pfSelected;
  }

  word(fn: number, which: InterruptQueue, index: number): number {
    return this.context[(fn * 2 + which) * WINDOW_WORDS + index]!;
  }

  /** Software writes a word of a window, or a mailbox command sets the context. */
  setWord(fn: number, which: InterruptQueue, index: number, value: number): void {
    this.armed[fn * 2 + which] = 1;
    this.put(fn, which, index, value);
  }

  /** EQ or AEQ doorbell: the queue has been read up to `head`, and may interrupt again. */
  doorbell(fn: number, which: InterruptQueue, head: number, nowNs: number): void {
    if (head >= this.depth(fn, which)) return;
    const tail = this.word(fn, which, XQC.headTail) >>> 16;
    this.put(fn, which, XQC.headTail, (head | (tail << 16)) >>> 0);
    this.armed[fn * 2 + which] = 1;
    this.interruptIfPending(fn, which, nowNs);
  }

  /** Interrupts if there are entries beyond the head, the queue is armed and its vector is not masked. */
  interruptIfPending(fn: number, which: InterruptQueue, nowNs: number): void {
    const headTail = this.word(fn, which, XQC.headTail);
    if ((headTail & 0xffff) === headTail >>> 16) return;
    this.interrupt(fn, which, nowNs);
  }

  /** Notifies the function of a new completion in one of its CQs. */
  event(fn: number, cq: number, nowNs: number): void {
    if (!this.push(fn, EQ, cq & EQE.queueMask, nowNs)) this.abnormal(fn, AEQE.type.eqOverflow, 0, nowNs);
  }

  /** Notifies the function of a queue error. A full AEQ loses the event. */
  abnormal(fn: number, type: number, queue: number, nowNs: number): void {
    this.push(fn, AEQ, (queue & AEQE.queueMask) | (type << AEQE.typeShift), nowNs);
  }

  /** Takes a function's event queues back to their reset state. */
  reset(fn: number): void {
    // A loop: for so few words it is faster than fill().
    for (let i = fn * 2 * WINDOW_WORDS; i < (fn + 1) * 2 * WINDOW_WORDS; i++) this.context[i] = 0;
    this.armed[fn * 2] = 0;
    this.armed[fn * 2 + 1] = 0;
    this.showWindows(fn);
  }

  private push(fn: number, which: InterruptQueue, entry: number, nowNs: number): boolean {
    const headTail = this.word(fn, which, XQC.headTail);
    const tail = headTail >>> 16;
    const next = tail + 1 >= this.depth(fn, which) ? 0 : tail + 1;
    if (next === (headTail & 0xffff)) return false;
    const base = addressOf(this.word(fn, which, XQC.baseLow), this.word(fn, which, XQC.baseHigh));
    const at = this.functions.wordAt(fn, base + tail * EQE.bytes, EQE.bytes);
    if (at < 0) {
      this.ras.raise(QM_RAS.axi_bresp, nowNs);
      return true;
    }
    const depthPhase = this.word(fn, which, XQC.depthPhase);
    Atomics.store(this.functions.memory[fn]!.u32, at, (entry | (depthPhase & XEQC.phaseBit)) >>> 0);
    this.put(fn, which, XQC.headTail, ((headTail & 0xffff) | (next << 16)) >>> 0);
    if (next === 0) this.put(fn, which, XQC.depthPhase, (depthPhase ^ XEQC.phaseBit) >>> 0);
    this.interrupt(fn, which, nowNs);
    return true;
  }

  private interrupt(fn: number, which: InterruptQueue, nowNs: number): void {
    if (this.armed[fn * 2 + which] === 0) return;
    const mask = which === EQ ? VF_REG.QM_VF_EQ_INT_MASK : VF_REG.QM_VF_AEQ_INT_MASK;
    if ((this.registers.get(fn, mask) & 1) !== 0) return;
    this.armed[fn * 2 + which] = 0;
    this.functions.onInterrupt(fn, which, nowNs);
  }

  private depth(fn: number, which: InterruptQueue): number {
    return (this.word(fn, which, XQC.depthPhase) & XEQC.depthMask) + 1;
  }

  private put(fn: number, which: InterruptQueue, index: number, value: number): void {
    const at = which * WINDOW_WORDS + index;
    this.context[fn * 2 * WINDOW_WORDS + at] = value;
    if (fn !== 0 && !this.pfSelected) this.registers.words[fn * FUNCTION_WORDS + WINDOWS_WORD + at] = value;
  }

  private showWindows(fn: number): void {
    if (fn === 0) return;
    const { words } = this.registers;
    const first = fn * FUNCTION_WORDS + WINDOWS_WORD;
    if (this.hidden[fn] === (this.pfSelected ? 0 : 1)) {
      this.hidden[fn] = this.pfSelected ? 1 : 0;
      words.fill(this.pfSelected ? 0xffffffff : 0, first, first + UPPER_HALF_WORDS);
    }
    if (this.pfSelected) return;
    const from = fn * 2 * WINDOW_WORDS;
    for (let i = 0; i < 2 * WINDOW_WORDS; i++) words[first + i] = this.context[from + i]!;
  }
}
