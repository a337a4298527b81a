/**
 * What traces of a driver and of its host say: accesses of registers, times of functions, changes of state, and which
 * address belongs to which BAR.
 */

/** One access of a register as a tracer has it. */
export interface TracedAccess {
  readonly op: 'r' | 'w';
  /** Bytes. */
  readonly width: number;
  /** The address without its highest 12 bits, which are the same for all: virtual, or host-physical if `physical`. */
  readonly address: number;
  readonly physical: boolean;
  /** `0x…`; null: the event with the value is lost. */
  readonly value: string | null;
  /** By the clock of the trace, from the whole second of its first line; null: the event that begins it is lost. */
  readonly startNs: number | null;
  /** Null: the event that ends it is lost, or the tracer has none. */
  readonly endNs: number | null;
  readonly cpu: number;
  readonly task: number;
  /** Function that made the access, without its offset; undefined: the tracer does not say. */
  readonly caller?: string;
  readonly line: number;
  /** Counts up where the clock of the trace begins again; times of two segments cannot be compared. */
  readonly segment: number;
}

/** A change of state that QEMU asked for, as its trace events mark it. */
export interface StateMark {
  /** `request`: before the call of the kernel; `done`: after it succeeded. */
  readonly kind: 'request' | 'done';
  readonly device: string;
  readonly to: string;
  readonly recover?: string;
  readonly atNs: number;
  /** 0: the text does not say. */
  readonly task: number;
  readonly line: number;
  readonly segment: number;
}

/** A call of a function, from function_graph or from probes. */
export interface FunctionTime {
  readonly name: string;
  readonly task: number;
  /** Null: the trace has no times, only durations. */
  readonly startNs: number | null;
  readonly durationNs: number;
  /** Calls that it is in. */
  readonly depth: number;
  /** What the trace has of its arguments, such as the command of a mailbox. */
  readonly argument?: number;
  readonly line: number;
}

/** Pages of the kernel's address space, or of the host's, that lead to a device. */
export interface MappedRange {
  /** Without the highest 12 bits; undefined: only the physical address is known. */
  readonly virtual?: number;
  readonly physical?: number;
  readonly bytes: number;
  /** Function that mapped it, or undefined. */
  readonly mappedBy?: string;
  /** PCI address of the function, where the text has it. */
  readonly device?: string;
  readonly line: number;
}

/** Events that the tracer says it lost. */
export interface Loss {
  /** Null: an unknown number. */
  readonly events: number | null;
  readonly cpu: number | null;
  readonly line: number;
}

export interface DriverFile {
  readonly accesses: readonly TracedAccess[];
  readonly marks: readonly StateMark[];
  readonly functions: readonly FunctionTime[];
  readonly ranges: readonly MappedRange[];
  readonly losses: readonly Loss[];
  /** What a trace of this kind never has. */
  readonly lacks: readonly Lack[];
  /** What is to be said of the file alone, without those that explain its addresses. */
  readonly said: Readonly<Record<string, unknown>>;
}

/** `wide`: 128-bit accesses of the mailbox; `values`: what was read or written. */
export type Lack = 'wide' | 'times';

/** A file in which nothing was found yet. */
export const EMPTY_DRIVER_FILE: DriverFile = {
  accesses: [],
  marks: [],
  functions: [],
  ranges: [],
  losses: [],
  lacks: [],
  said: {},
};

/** Digits of an address that fit into a number; those above are the same in all addresses of a kernel. */
const ADDRESS_DIGITS = 13;

/** An address as it is kept, from its hexadecimal text with or without 0x. */
export function addressOf(text: string): number {
  const digits = text.startsWith('0x') ? text.slice(2) : text;
  return Number.parseInt(digits.slice(-ADDRESS_DIGITS), 16);
}

/** The name of a function without what a compiler adds, and without its offset. */
export function functionName(text: string): string {
  return text.replace(/\+0x[\da-f]+.*$/, '').replace(/\.(?:isra|constprop|part|cold|llvm)\.?.*$/, '');
}
