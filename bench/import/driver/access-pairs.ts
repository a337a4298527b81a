/**
 * Events of rwmmio as accesses: the event before an access and the one after it, brought together.
 *
 * A read has its value in the second event only. The two are of one task; an interrupt between them has pairs of its own.
 */
import type { TracedAccess } from './facts.ts';
import { addressOf, functionName } from './facts.ts';

/** `FUNC -> FUNC width=BITS [val=0x…] addr=0x…`; before 6.2 one FUNC. */
const TEXT = /^(.*?)\s*\bwidth=(\d+)\s+(?:val=(?:0x)?([\da-fA-F]+)\s+)?addr=(?:0x)?([\da-fA-F]+)\s*$/;

const EVENTS: Readonly<Record<string, { readonly op: 'r' | 'w'; readonly after: boolean }>> = {
  rwmmio_read: { op: 'r', after: false },
  rwmmio_post_read: { op: 'r', after: true },
  rwmmio_write: { op: 'w', after: false },
  rwmmio_post_write: { op: 'w', after: true },
};

const BITS: ReadonlySet<number> = new Set([8, 16, 32, 64]);
/** Accesses whose second event is awaited; more are of a trace that lost theirs. */
const OPEN_MAX = 64;

export function isAccessEvent(event: string): boolean {
  return Object.hasOwn(EVENTS, event);
}

/** Where an event stands. */
export interface EventPlace {
  readonly ns: number;
  readonly task: number;
  readonly cpu: number;
  readonly line: number;
  readonly segment: number;
}

export class AccessPairs {
  readonly accesses: TracedAccess[] = [];
  /** Lines of accesses of which one event is lost. */
  readonly halves: number[] = [];
  private readonly open = new Map<number, TracedAccess[]>();

  /** @returns whether the text of the event was understood */
  take(event: string, text: string, place: EventPlace): boolean {
    const { op, after } = EVENTS[event]!;
    const [, callers = '', bits, value, address] = TEXT.exec(text) ?? [];
    if (bits === undefined || address === undefined || !BITS.has(Number(bits))) return false;
    // The value of a read is known after it, that of a write before it.
    if (value === undefined && (after || op === 'w')) return false;
    const caller = callerOf(callers);
    const { ns, ...where } = place;
    const half: TracedAccess = {
      op,
      width: Number(bits) / 8,
      address: addressOf(address),
      physical: false,
      value: value === undefined ? null : `0x${trimmed(value)}`,
      startNs: after ? null : ns,
      endNs: after ? ns : null,
      ...where,
      ...(caller === undefined ? {} : { caller }),
    };
    if (after) this.close(half);
    else this.begin(half);
    return true;
  }

  /** Ends what waits for its second event: where the trace ends, or its clock begins again. */
  flush(): void {
    for (const list of this.open.values()) for (const half of list) this.lone(half);
    this.open.clear();
  }

  private begin(half: TracedAccess): void {
    const list = this.open.get(half.task) ?? [];
    // The same access twice: the end of the first is lost.
    if (list.length > 0 && isSame(list.at(-1)!, half)) this.lone(list.pop()!);
    list.push(half);
    if (list.length > OPEN_MAX) this.lone(list.shift()!);
    this.open.set(half.task, list);
  }

  private close(half: TracedAccess): void {
    const list = this.open.get(half.task);
    const at = list?.findLastIndex((each) => isSame(each, half)) ?? -1;
    if (list === undefined || at < 0) {
      this.lone(half);
      return;
    }
    // What began after it and has no end lost it: a task makes one access at a time, interrupts inside it end before it.
    for (const lost of list.splice(at + 1)) this.lone(lost);
    const begun = list.pop()!;
    this.accesses.push({ ...begun, value: half.value, endNs: half.endNs });
  }

  private lone(half: TracedAccess): void {
    this.halves.push(half.line);
    this.accesses.push(half);
  }
}

function isSame(a: TracedAccess, b: TracedAccess): boolean {
  return (
    a.op === b.op && a.width === b.width && a.address === b.address && (a.op === 'r' || sameValue(a.value, b.value))
  );
}

function sameValue(a: string | null, b: string | null): boolean {
  return a === null || b === null || a === b;
}

/** Without leading zeros. */
function trimmed(digits: string): string {
  return digits.toLowerCase().replace(/^0+(?=.)/, '');
}

/** The function that made the access: the last one named, unless that is an address. */
function callerOf(text: string): string | undefined {
  const name = functionName(text.split('->').at(-1)!.trim());
  return /^[a-z_]\w*$/i.test(name) && !/^[\da-f]{12,}$/i.test(name) ? name : undefined;
}
