/**
 * What is known of one move of a VM, from any program: figures with where each came from, iterations, devices, parts of the
 * pause; and what the file says in its own terms.
 */
import type { ManagerId } from '../../../sim/manager/vmms.ts';
import type { VmmName } from '../../../sim/memory/vmms.ts';

export interface Fact<T = number> {
  readonly value: T;
  /** `said`: the file says so; `inferred`: it follows from what the file says. */
  readonly origin: 'said' | 'inferred';
  /** The field or the line that says it, or what it follows from. */
  readonly from: string;
  /** In which it stands, from 1. */
  readonly line?: number;
  /** How far off it may be for the digits that were printed, in its own unit. Default: exact. */
  readonly within?: number;
}

/** Figures of a move, each in the unit that its name ends in. */
const MOVE_FIGURES = [
  'totalMs',
  'setupMs',
  /** As the program says it: see docs/pause.md for where each begins and ends. */
  'downtimeMs',
  'downtimeWithoutNetworkMs',
  /** While it runs. */
  'expectedDowntimeMs',
  /** Guest memory. */
  'memoryBytes',
  'pageBytes',
  /** Pages with data that were sent, and pages of zeros. */
  'normalPages',
  'zeroPages',
  /** All bytes that were sent. */
  'transferredBytes',
  'remainingBytes',
  'deviceRemainingBytes',
  /** Of them while the VM was stopped. */
  'downtimeBytes',
  /** Of devices. */
  'deviceBytes',
  /** While memory is sent. */
  'sendingBytesPerSecond',
  'dirtyBytesPerSecond',
  'syncs',
  'downtimeLimitMs',
  'bandwidthLimitBytesPerSecond',
  'channels',
  'vcpus',
  'timeoutS',
] as const;

export type MoveFigure = (typeof MOVE_FIGURES)[number];

/** How programs say that a move is, in one word for all of them. */
const MOVE_STATUSES = ['none', 'waiting', 'running', 'completed', 'failed', 'cancelled', 'unknown'] as const;
export type MoveStatus = (typeof MOVE_STATUSES)[number];

/** One pass over memory. Times are from the start of the move. */
export interface IterationFacts {
  /** From 1. */
  readonly index: number;
  readonly startMs?: number;
  readonly lastsMs?: number;
  /** Bytes of pages with data that were sent in it. */
  readonly sentBytes?: number;
  /** Bytes that the guest wrote meanwhile, which are those that the next one sends. */
  readonly dirtiedBytes?: number;
}

/** A change of a device's state. */
export interface ArcFacts {
  readonly to: string;
  /** From the start of the move; null: only its end is known. */
  readonly requestMs: number | null;
  readonly doneMs: number | null;
  readonly tookUs: number | null;
}

export interface MoveDevice {
  readonly id: string;
  readonly arcs: readonly ArcFacts[];
  readonly preCopyBytes?: number;
  readonly stopCopyBytes?: number;
  /** Saving in the pause. */
  readonly saveUs?: number;
}

/** A part of the pause, as the program that measured it names it. */
export interface MeasuredPart {
  readonly name: string;
  readonly ms: number;
}

export interface MoveSettings {
  readonly multifd?: Fact<boolean>;
  readonly tls?: Fact<boolean>;
  readonly autoConverge?: Fact<boolean>;
  readonly postCopy?: Fact<boolean>;
  readonly compression?: Fact<string>;
}

export interface MoveFacts {
  /** Its name among others of the same file; null: it is alone. */
  readonly name: string | null;
  /** Null: the file does not say whose move it is. */
  readonly vmm: VmmName | null;
  readonly vmmVersion: string | null;
  readonly manager: ManagerId | null;
  readonly status: MoveStatus;
  readonly figures: Readonly<Partial<Record<MoveFigure, Fact>>>;
  readonly settings: MoveSettings;
  readonly iterations: readonly IterationFacts[];
  readonly devices: readonly MoveDevice[];
  readonly pauseParts: readonly MeasuredPart[];
  /** What the file says of it in its own terms. */
  readonly said: Readonly<Record<string, unknown>>;
}

/** Moves of a file. */
export interface MoveFile {
  readonly moves: readonly MoveFacts[];
  /** What the file says in its own terms: of its one move, or of all. */
  readonly said: Readonly<Record<string, unknown>>;
}

/** Figures as they are found; the last one counts. */
export class Figures {
  readonly all: Partial<Record<MoveFigure, Fact>> = {};

  /** Of a field of the file. @param within see {@link Fact.within} */
  said(name: MoveFigure, value: number | undefined, from: string, line?: number, within?: number): void {
    // No figure is less than 0: what comes to that is of a clock that went back.
    if (value === undefined || !Number.isFinite(value) || value < 0) return;
    this.all[name] = {
      value,
      origin: 'said',
      from,
      ...(line === undefined ? {} : { line }),
      ...(within === undefined ? {} : { within }),
    };
  }

  /** Of what follows from others. */
  inferred(name: MoveFigure, value: number | undefined, from: string, line?: number): void {
    // No figure is less than 0: what comes to that is of a clock that went back.
    if (value === undefined || !Number.isFinite(value) || value < 0) return;
    this.all[name] = { value, origin: 'inferred', from, ...(line === undefined ? {} : { line }) };
  }

  value(name: MoveFigure): number | undefined {
    return this.all[name]?.value;
  }
}

const NOTHING = {
  name: null,
  vmm: null,
  vmmVersion: null,
  manager: null,
  status: 'unknown',
  figures: {},
  settings: {},
  iterations: [],
  devices: [],
  pauseParts: [],
  said: {},
} as const satisfies MoveFacts;

/** A move of which little is known. */
export function moveFacts(known: Partial<MoveFacts>): MoveFacts {
  return { ...NOTHING, ...known };
}

/** The same without fields that the file does not have, and without numbers of more digits than any program prints. */
export function withoutAbsent(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && !isEndless(value)));
}

function isEndless(value: unknown): boolean {
  return typeof value === 'number' && !Number.isFinite(value);
}

/** What a file says in its own terms: its one move's words, or those of each. */
export function saidOf(moves: readonly MoveFacts[]): Readonly<Record<string, unknown>> {
  return moves.length === 1 ? moves[0]!.said : { moves: moves.map(({ said }) => said) };
}
