/**
 * State of each function, apart from its registers: its RAM, its context tables, whether it is stopped.
 */
import { SQC } from '../abi/contexts.ts';
import { VFS_MAX } from '../abi/vft.ts';
import { addressOf } from './guest-memory.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { SharedPartsWatch } from './shared-parts.ts';

/** PF and VFs: 0 to 63. */
export const FUNCTIONS_MAX: number = VFS_MAX + 1;

/** Receives interrupts: vector 0 EQ, 1 AEQ, 2 message; 3 abnormal (PF). */
export type InterruptHandler = (fn: number, vector: number, nowNs: number) => void;

export const VECTOR = { eq: 0, aeq: 1, message: 2, abnormal: 3 } as const;

/** The two context tables, by where their addresses stand in {@link Functions.tables}. */
export const SQC_TABLE = 0;
const CQC_TABLE = 2;
export type ContextTable = typeof SQC_TABLE | typeof CQC_TABLE;

/** Words of an SQC or CQC: both have 32 bytes. */
const ENTRY_WORDS = SQC.bytes / 4;

export class Functions {
  /** RAM that the function reaches by DMA; null when nothing is mapped for it. Set by {@link attach}. */
  readonly memory: (GuestMemory | null)[] = Array.from({ length: FUNCTIONS_MAX }, () => null);
  /** 1 from the time PAUSE_QM begins until something resumes the function. */
  readonly paused: Uint8Array = new Uint8Array(FUNCTIONS_MAX);
  /** 1 when SQC_BT was set since the last PAUSE_QM: what runs next is another guest's state, not what was stopped. */
  readonly reloaded: Uint8Array = new Uint8Array(FUNCTIONS_MAX);
  /** SQC_BT then CQC_BT, each as low and high word: four words per function. */
  readonly tables: Uint32Array = new Uint32Array(FUNCTIONS_MAX * 4);
  /** Where these tables lie in the function's RAM: index of the first word, and how many entries are within reach. */
  private readonly tableWord: Int32Array = new Int32Array(FUNCTIONS_MAX * 4);
  private readonly tableEntries: Int32Array = new Int32Array(FUNCTIONS_MAX * 4);
  /** Mailbox commands, doorbells, SQEs and CQEs of each function: the debug counters. */
  readonly mailboxCount: Uint32Array = new Uint32Array(FUNCTIONS_MAX);
  readonly doorbellCount: Uint32Array = new Uint32Array(FUNCTIONS_MAX);
  readonly sqeCount: Uint32Array = new Uint32Array(FUNCTIONS_MAX);
  readonly cqeCount: Uint32Array = new Uint32Array(FUNCTIONS_MAX);
  onInterrupt: InterruptHandler = () => {};
  /** Observer of what the functions share. */
  watch: SharedPartsWatch | null = null;

  /**
   * Index of the 32-bit word at a DMA address of a function, or -1 when any of the bytes is out of its RAM or the
   * address is not a multiple of 4.
   */
  wordAt(fn: number, address: number, bytes: number): number {
    const memory = this.memory[fn];
    if (memory === null || memory === undefined) return -1;
    const offset = memory.offsetOf(address, bytes);
    return offset < 0 || (offset & 3) !== 0 ? -1 : offset >>> 2;
  }

  /** Maps RAM for a function, or takes it away. */
  attach(fn: number, memory: GuestMemory | null): void {
    this.memory[fn] = memory;
    this.locate(fn, SQC_TABLE);
    this.locate(fn, CQC_TABLE);
  }

  /** SQC_BT or CQC_BT. */
  setTable(fn: number, which: ContextTable, low: number, high: number): void {
    this.tables[fn * 4 + which] = low;
    this.tables[fn * 4 + which + 1] = high;
    this.locate(fn, which);
  }

  /**
   * Word index of a queue's entry in one of the function's context tables, or -1 when DMA does not get there.
   */
  tableEntry(fn: number, which: ContextTable, queue: number): number {
    const at = fn * 4 + which;
    return queue < this.tableEntries[at]! ? this.tableWord[at]! + queue * ENTRY_WORDS : -1;
  }

  /** How many entries of one of the function's context tables DMA gets to. */
  tableEnd(fn: number, which: ContextTable): number {
    return this.tableEntries[fn * 4 + which]!;
  }

  /** Finds a table once, since every doorbell asks for it. */
  private locate(fn: number, which: ContextTable): void {
    const at = fn * 4 + which;
    const memory = this.memory[fn];
    this.tableEntries[at] = 0;
    if (memory === null || memory === undefined) return;
    const offset = addressOf(this.tables[at]!, this.tables[at + 1]!) - memory.base;
    if (offset < 0 || offset >= memory.bytes || (offset & 3) !== 0) return;
    this.tableWord[at] = offset >>> 2;
    this.tableEntries[at] = Math.floor((memory.bytes - offset) / SQC.bytes);
  }

  reset(fn: number): void {
    this.paused[fn] = 0;
    this.reloaded[fn] = 0;
    this.setTable(fn, SQC_TABLE, 0, 0);
    this.setTable(fn, CQC_TABLE, 0, 0);
    this.mailboxCount[fn] = 0;
    this.doorbellCount[fn] = 0;
    this.sqeCount[fn] = 0;
    this.cqeCount[fn] = 0;
  }
}
