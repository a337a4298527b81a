/**
 * What the device knows of each function besides its registers: its RAM, its context tables, whether it is stopped.
 */
import { VFS_MAX } from '../abi/vft.ts';
import type { GuestMemory } from './guest-memory.ts';

/** PF and VFs: 0 to 63. */
export const FUNCTIONS_MAX: number = VFS_MAX + 1;

/** Receives interrupts: vector 0 EQ, 1 AEQ, 2 message; 3 abnormal (PF). */
export type InterruptHandler = (fn: number, vector: number, nowNs: number) => void;

export const VECTOR = { eq: 0, aeq: 1, message: 2, abnormal: 3 } as const;

export class Functions {
  /** RAM that the function reaches by DMA; null when nothing is mapped for it. */
  readonly memory: (GuestMemory | null)[] = Array.from({ length: FUNCTIONS_MAX }, () => null);
  /** 1 from the moment PAUSE_QM begins until something resumes the function. */
  readonly paused: Uint8Array = new Uint8Array(FUNCTIONS_MAX);
  /** 1 when SQC_BT was set since the last PAUSE_QM: what runs next is another guest's state, not what was stopped. */
  readonly reloaded: Uint8Array = new Uint8Array(FUNCTIONS_MAX);
  /** SQC_BT then CQC_BT, each as low and high word: four words per function. */
  readonly tables: Uint32Array = new Uint32Array(FUNCTIONS_MAX * 4);
  /** Mailbox commands, doorbells, SQEs and CQEs of each function: the debug counters. */
  readonly mailboxCount: Uint32Array = new Uint32Array(FUNCTIONS_MAX);
  readonly doorbellCount: Uint32Array = new Uint32Array(FUNCTIONS_MAX);
  readonly sqeCount: Uint32Array = new Uint32Array(FUNCTIONS_MAX);
  readonly cqeCount: Uint32Array = new Uint32Array(FUNCTIONS_MAX);
  onInterrupt: InterruptHandler = () => {};

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

  reset(fn: number): void {
    this.paused[fn] = 0;
    this.reloaded[fn] = 0;
    this.tables.fill(0, fn * 4, fn * 4 + 4);
    this.mailboxCount[fn] = 0;
    this.doorbellCount[fn] = 0;
    this.sqeCount[fn] = 0;
    this.cqeCount[fn] = 0;
  }
}
