/**
 * Storage of every register of a PF and its VFs, in one buffer that may be shared with other threads.
 *
 * Each function has 64 KiB. A VF's is its BAR2, offset for offset, so that another thread can read a register straight
 * from the words. The PF's BAR2 spans over 3 MiB with a handful of used pages: those are packed into its 64 KiB.
 *
 * Source: docs/device.md 1.3 and section 2.
 */
import { DEPTH } from '../abi/contexts.ts';
import { QM_HW } from '../abi/accelerators.ts';
import { PF_REG, VF_BAR2_BYTES, VF_REG, XQC } from '../abi/registers.ts';
import { QUEUES_TOTAL } from '../abi/vft.ts';
import { bug } from '../base/bug.ts';
import type { Span } from './span.ts';

/** Words of one function's register file. */
export const FUNCTION_WORDS: number = VF_BAR2_BYTES / 4;

const PAGE_SHIFT = 12;
/** Words of one page of the PF's BAR2. */
export const PF_PAGE_WORDS: number = 1 << (PAGE_SHIFT - 2);
/** Pages of the PF's BAR2 that can have a place. */
export const PF_PAGES_MAX = 0x400;

/** Pages of the PF's BAR2 that hold registers, in the order in which they are packed. */
const PF_PAGES: readonly number[] = [0x000, 0x001, 0x002, 0x003, 0x100, 0x104, 0x300, 0x301, 0x331];
/** Place of a page that has none. */
export const PF_UNMAPPED = 0xff;

/** Registers of a VF that anything can write, in bytes from the start of its BAR2; the mailbox and messages end them. */
const FUNCTIONAL_BYTES = 0x400;

/** QM_FUNC_CAPS: what a function can do. docs/device.md 2.1. */
const FUNC_CAP = {
  qos: 1 << 8,
  stopQp: 1 << 9,
  stopFunc: 1 << 10,
  mbCommand: 1 << 11,
  rpmVf: 1 << 12,
  rpmPf: 1 << 13,
  svaPrefetch: 1 << 14,
  dae: 1 << 15,
} as const;

/** Value that the PF driver programs into QM_DB_TIMEOUT_CFG, in ns. docs/device.md 2.2. */
const DB_TIMEOUT_NS = 0x1fffff;

/** Bytes that the register files of a PF and `vfCount` VFs take. */
export function acceleratorRegisterBytes(vfCount: number): number {
  return (vfCount + 1) * VF_BAR2_BYTES;
}

export class RegisterFile {
  /** Words of all functions: function n starts at word n * {@link FUNCTION_WORDS}. */
  readonly words: Uint32Array;
  readonly vfCount: number;
  /** Whether another thread can see the words. */
  private readonly shared: boolean;
  /** Where each page of the PF's BAR2 is among the packed ones, {@link PF_UNMAPPED} for those that are not. */
  readonly slotOfPage: Uint8Array;

  /** @param store zeroed here; a new one when absent */
  constructor(vfCount: number, store: Uint32Array | undefined) {
    const length = (vfCount + 1) * FUNCTION_WORDS;
    this.words = store?.fill(0) ?? new Uint32Array(length);
    if (this.words.length !== length) bug('REGISTER_STORE_WORDS', this.words.length, length);
    this.shared = !(this.words.buffer instanceof ArrayBuffer);
    this.vfCount = vfCount;
    this.slotOfPage = new Uint8Array(PF_PAGES_MAX).fill(PF_UNMAPPED);
    PF_PAGES.forEach((page, slot) => {
      this.slotOfPage[page] = slot;
    });
  }

  /** Index of the word that keeps a PF register, or -1 where the PF's BAR2 has none. */
  pfIndex(offset: number): number {
    // A page after the table reads undefined, which is no slot either.
    const slot = this.slotOfPage[offset >>> PAGE_SHIFT] ?? PF_UNMAPPED;
    return slot === PF_UNMAPPED ? -1 : slot * PF_PAGE_WORDS + ((offset & 0xfff) >>> 2);
  }

  /** Value of a PF register, 0 where there is none. */
  pf(offset: number): number {
    const index = this.pfIndex(offset);
    return index < 0 ? 0 : this.words[index]!;
  }

  setPf(offset: number, value: number): void {
    const index = this.pfIndex(offset);
    if (index < 0) bug('PF_REGISTER_UNMAPPED', offset);
    this.words[index] = value;
  }

  /** Value of a register in the lower half of a function's BAR2. */
  get(fn: number, offset: number): number {
    return this.words[fn * FUNCTION_WORDS + (offset >>> 2)]!;
  }

  set(fn: number, offset: number, value: number): void {
    this.words[fn * FUNCTION_WORDS + (offset >>> 2)] = value;
  }

  /** Stores a word that publishes what was stored before it to another thread. */
  publish(fn: number, offset: number, value: number): void {
    const at = fn * FUNCTION_WORDS + (offset >>> 2);
    if (this.shared) Atomics.store(this.words, at, value);
    else this.words[at] = value;
  }

  /**
   * Puts the registers that every function has to their values after reset. The event-queue context windows and the
   * registers with state of their own are left to those who own them.
   *
   * The capability version stays 0: then the drivers use the built-in RAS masks, which are the ones that are known.
   */
  resetFunction(fn: number, hardware: number, isolation: number): void {
    const first = fn * FUNCTION_WORDS;
    // After these, a VF's lower half holds only the capabilities.
    this.words.fill(0, first, first + (fn === 0 ? 0x4000 : FUNCTIONAL_BYTES) / 4);
    this.set(fn, VF_REG.QM_QUE_ISO_CFG_V, isolation);
    if (hardware < QM_HW.V3) return;
    const { qos, stopQp, stopFunc, mbCommand, rpmVf, rpmPf } = FUNC_CAP;
    this.set(fn, VF_REG.QM_FUNC_CAPS, qos | stopQp | stopFunc | mbCommand | rpmVf | rpmPf);
    this.set(fn, VF_REG.QM_EQ_AEQ_DEPTH_CAP, DEPTH.eq | (DEPTH.aeq << 16));
    this.set(fn, VF_REG.QM_SQ_CQ_DEPTH_CAP, DEPTH.sq | (DEPTH.cq << 16));
  }

  /** What of the words can change while the event-queue windows stay where they are; of a VF few can. */
  changing(): Span[] {
    const { words: array } = this;
    const spans: Span[] = [{ array, from: 0, to: PF_PAGES.length * PF_PAGE_WORDS }];
    for (let fn = 1; fn <= this.vfCount; fn++) {
      const first = fn * FUNCTION_WORDS;
      const windows = first + VF_REG.QM_EQC_DW0 / 4;
      spans.push({ array, from: first, to: first + FUNCTIONAL_BYTES / 4 });
      spans.push({ array, from: windows, to: windows + 2 * (XQC.words + 1) });
    }
    return spans;
  }

  /** Puts the PF's own registers to what they hold once its driver has set the device up. */
  resetPf(): void {
    this.words.fill(0, 0x4000 / 4, PF_PAGES.length * PF_PAGE_WORDS);
    this.setPf(PF_REG.QM_MEM_INIT_DONE, 1);
    this.setPf(PF_REG.QM_VFT_CFG_RDY, 1);
    this.setPf(PF_REG.QM_DB_TIMEOUT_CFG, DB_TIMEOUT_NS);
    this.setPf(PF_REG.QM_QUEUE_TOTALS, QUEUES_TOTAL | (QUEUES_TOTAL << 11));
  }
}
