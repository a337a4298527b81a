/**
 * A line of an event as ftrace, trace-cmd report and perf script print it.
 *
 *     COMM-PID [CPU] FLAGS SECONDS.FRACTION: EVENT: TEXT        ftrace, trace-cmd
 *     COMM PID [CPU] SECONDS.FRACTION: SYSTEM:EVENT: TEXT       perf script
 *
 * COMM may have blanks and dashes; FLAGS are there in text of ftrace, and in that of old trace-cmd.
 */
import { NS_PER_S } from '../../../sim/base/units.ts';

export interface EventLine {
  readonly task: number;
  readonly cpu: number;
  readonly seconds: number;
  /** Nanoseconds within the second. */
  readonly fractionNs: number;
  /** Digits after the point, which say how exact the time is. */
  readonly digits: number;
  readonly event: string;
  readonly text: string;
  readonly tool: Tool;
}

export type Tool = 'trace-cmd report' | 'perf script' | 'ftrace text';

const EVENT =
  /^\s*(?:.*?\S)?([- ])\s*(\d+)(?:\/(\d+))?\s+(?:\(\s*(?:\d+|-+)\)\s+)?\[(\d+)\]\s+(?:([.\w#+-]{4,8})\s+)?(\d+)\.(\d{1,9}):\s+(?:\d+\s+)?(?:(\w+):)?(\w+):\s*(.*)$/;

/** The same with a clock that is no time. */
const CLOCKLESS = /\[\d+\]\s+(?:\S{4,8}\s+)?\d+:\s+(?:\w+:)?\w+:\s/;

/** The event of a line, or null. */
export function eventLine(text: string): EventLine | null {
  const found = EVENT.exec(text);
  if (found === null) return null;
  const [, dash, pid = '', tid, cpu = '', flags, seconds = '', fraction = '', system, event = '', rest = ''] = found;
  return {
    task: Number(tid ?? pid),
    cpu: Number(cpu),
    seconds: Number(seconds),
    fractionNs: Number(fraction.padEnd(9, '0')),
    digits: fraction.length,
    event,
    text: rest,
    tool: toolOf(dash === '-', flags !== undefined, system !== undefined),
  };
}

function toolOf(hasDash: boolean, hasFlags: boolean, hasSystem: boolean): Tool {
  if (hasSystem || !hasDash) return 'perf script';
  return hasFlags ? 'ftrace text' : 'trace-cmd report';
}

/** Whether a line is of a trace whose clock counts something else than seconds. */
export function hasNoTime(text: string): boolean {
  return CLOCKLESS.test(text);
}

/** What a line says about lost events; null: it is no such line. */
export function lossLine(text: string): { readonly events: number | null; readonly cpu: number | null } | null {
  const [, cpu, first, second] = LOST.exec(text) ?? [];
  if (cpu !== undefined) return { events: numberOf(first ?? second), cpu: Number(cpu) };
  const [, perf] = PERF_LOST.exec(text) ?? [];
  if (perf !== undefined) return { events: Number(perf), cpu: null };
  const [, kept, written] = ENTRIES.exec(text) ?? [];
  if (kept === undefined || Number(kept) >= Number(written)) return null;
  return { events: Number(written) - Number(kept), cpu: null };
}

const LOST = /^\s*CPU:\s*(\d+) \[(?:LOST (\d+) EVENTS|(?:(\d+) )?EVENTS DROPPED)\]/;
const PERF_LOST = /PERF_RECORD_LOST\D+.*?\blost (\d+)|^\s*\[?\s*perf record:.*lost (\d+)/;
const ENTRIES = /entries-in-buffer\/entries-written:\s*(\d+)\/(\d+)/;

function numberOf(digits: string | undefined): number | null {
  return digits === undefined ? null : Number(digits);
}

/** Times of lines on one scale, and where the clock begins again. */
export class TraceClock {
  segment = 0;
  /** Fewest digits after the point: 6 are microseconds. */
  digits = 9;
  private baseSeconds: number | null = null;
  private readonly lastNs = new Map<number, number>();

  /** Time of a line in ns from the whole second of the first one. @returns whether a new segment begins */
  at({ seconds, fractionNs, cpu, digits }: EventLine): { readonly ns: number; readonly restarts: boolean } {
    this.baseSeconds ??= seconds;
    this.digits = Math.min(this.digits, digits);
    let ns = (seconds - this.baseSeconds) * NS_PER_S + fractionNs;
    const last = this.lastNs.get(cpu);
    const restarts = last !== undefined && ns < last - BACKWARDS_NS_MAX;
    if (restarts) {
      this.segment += 1;
      this.lastNs.clear();
      this.baseSeconds = seconds;
      ns = fractionNs;
    }
    this.lastNs.set(cpu, ns);
    return { ns, restarts };
  }
}

/** The clock of one CPU goes back by less than this only where lines are out of order. */
const BACKWARDS_NS_MAX = 1_000_000;
