/**
 * Pending events in the order of (time, arrival): a calendar that is sorted only where it is read.
 *
 * Time is cut into days of equal length; a year has as many days as there are bags, and the events of one day of all
 * years lie in one bag, newest first, unsorted. An added event is put on top of its bag and touches no other
 * event; when its day comes, the day's events are put into the `current` list, in order. Events are therefore read
only when their time comes, which is what makes this faster than a heap once the heap has outgrown the cache
 * (Brown 1988 for calendar queues; the lazy sorting is that of ladder queues, Tang, Goh and Thng 2005).
 *
 * Events at one time come out first in, first out: a day maps times to bags monotonically, so equal times always lie in
 * one place, bags remember the order of arrival, and sorting is stable. An event is a time and one int32 whose meaning
 * is the caller's (an index, a tagged id). No allocation per event; the arrays double when full. It does not know the
 * present: refusing events in the past is the clock's affair.
 */
import { bug } from './bug.ts';

/** Words of 4 bytes of an event: its time (two words), the next event in its list, its payload. */
const NODE_WORDS = 4;
const NEXT = 2;
const PAYLOAD = 3;
/** No event; its place in the node array stays unused. */
const NONE = 0;
/** Days that an event may lie ahead of the calendar's begin. Later ones wait outside until the calendar is empty. */
const DAY_LIMIT = 0x4000_0000;
/** So few events are kept in one sorted list, without a calendar. */
const SMALL = 10;
/** Events of one day that are put in order one by one; the others are merge-sorted. */
const ONE_BY_ONE = 12;
/** An insertion into the current list that took more steps than this gives up and uses the bags, if it may. */
const STEPS_MAX = 16;
/** Pops over which the length of a day is estimated, at least. */
const POPS_MIN = 64;
/** Events that are sampled to estimate the length of a day before there were pops. */
const SAMPLE = 256;

export class Calendar {
  /** Time of the event that {@link pop} returned last, in ns; NaN before the first. */
  poppedNs = Number.NaN;

  private count = 0;

  /** Events by the offset of their first word; two views of one buffer. */
  private times!: Float64Array;
  private words!: Int32Array;
  private used = NODE_WORDS;
  /** Events that were taken out and may be used again, linked. */
  private spare = NONE;

  private bags: Int32Array = new Int32Array(1);
  private mask = 0;
  /** All events are in the current list. */
  private small = true;
  /** An event at t lies in day floor((t - baseNs) * daysPerNs). */
  private baseNs = 0;
  private daysPerNs = 1;
  /** All events up to the end of this day are in the current list, and no others. */
  private day = 0;
  /** First of the current list. */
  private current = NONE;
  /** Where a long search in the current list ended, if that event is still there. */
  private mark = NONE;
  /** Events beyond {@link DAY_LIMIT}, newest first. */
  private far = NONE;
  private inBags = 0;

  /** Steps through lists and empty bags, and pushes and pops, since the calendar was last measured. */
  private steps = 0;
  private operations = 0;
  private pops = 0;
  private popsSinceNs = 0;

  /** @param capacity events to make room for at first */
  constructor(capacity: number = 64) {
    if (!Number.isInteger(capacity) || capacity < 1) bug('EVENT_CAPACITY', capacity);
    this.setNodes(new ArrayBuffer((capacity + 1) * NODE_WORDS * 4));
  }

  get size(): number {
    return this.count;
  }

  /**
   * Adds an event.
   *
   * @param timeNs when, in ns; any finite number
   * @param payload an int32
   */
  push(timeNs: number, payload: number): void {
    if (!Number.isFinite(timeNs)) bug('EVENT_TIME', timeNs, payload);
    let node = this.spare;
    if (node !== NONE) {
      this.spare = this.words[node + NEXT]!;
    } else {
      if (this.used === this.words.length) this.grow();
      node = this.used;
      this.used += NODE_WORDS;
    }
    this.count += 1;
    this.operations += 1;
    this.times[node >>> 1] = timeNs;
    this.words[node + PAYLOAD] = payload;
    this.place(node, timeNs);
    if (this.count > 2 * this.mask + SMALL || this.isSlow()) this.rebuild();
  }

  /** Time of the next event in ns, or Infinity when there is none. */
  peekNs(): number {
    if (this.count === 0) return Number.POSITIVE_INFINITY;
    if (this.current === NONE) this.turnToNextDay();
    return this.times[this.current >>> 1]!;
  }

  /** Takes the next event: its payload; its time is left in {@link poppedNs}. The queue must not be empty. */
  pop(): number {
    if (this.count === 0) bug('EVENT_QUEUE_EMPTY');
    if (this.current === NONE) this.turnToNextDay();
    const { words } = this;
    const node = this.current;
    const timeNs = this.times[node >>> 1]!;
    this.current = words[node + NEXT]!;
    if (this.mark === node) this.mark = NONE;
    words[node + NEXT] = this.spare;
    this.spare = node;
    this.count -= 1;
    this.operations += 1;
    this.pops += 1;
    this.poppedNs = timeNs;
    const payload = words[node + PAYLOAD]!;
    if (this.isSlow() || this.count * 8 < this.mask) this.rebuild();
    else if (this.operations > 8 * this.mask + 1024) this.measureAnew();
    return payload;
  }

  /** Drops all events. */
  clear(): void {
    this.count = 0;
    this.used = NODE_WORDS;
    this.spare = NONE;
    this.current = NONE;
    this.mark = NONE;
    this.far = NONE;
    this.inBags = 0;
    this.bags = new Int32Array(1);
    this.mask = 0;
    this.small = true;
    this.measureAnew();
  }

  /** Puts an event where it belongs. Equal times must come in the order of their arrival. */
  private place(node: number, timeNs: number): void {
    const x = (timeNs - this.baseNs) * this.daysPerNs;
    if (this.small || x < this.day + 1) {
      this.insert(node, timeNs, x);
    } else if (x < DAY_LIMIT) {
      const bag = Math.floor(x) & this.mask;
      this.words[node + NEXT] = this.bags[bag]!;
      this.bags[bag] = node;
      this.inBags += 1;
    } else {
      this.words[node + NEXT] = this.far;
      this.far = node;
    }
  }

  /** Into the current list, after all that is not later. */
  private insert(node: number, timeNs: number, x: number): void {
    const { times, words, mark } = this;
    let previous = NONE;
    let next = this.current;
    const fromMark = mark !== NONE && times[mark >>> 1]! <= timeNs;
    if (fromMark) {
      previous = mark;
      next = words[mark + NEXT]!;
    }
    let steps = 0;
    while (next !== NONE && times[next >>> 1]! <= timeNs) {
      previous = next;
      next = words[next + NEXT]!;
      steps += 1;
      if (steps === STEPS_MAX && !this.small && x < this.day && x > -DAY_LIMIT) {
        this.turnBack(Math.floor(x));
        this.place(node, timeNs);
        return;
      }
    }
    this.steps += steps;
    words[node + NEXT] = next;
    if (previous === NONE) this.current = node;
    else words[previous + NEXT] = node;
    if (fromMark ? times[mark >>> 1] === timeNs : steps > 8) this.mark = node;
  }

  /** Many events came in front of the current day: its events go back into the bags, and that day is next. */
  private turnBack(day: number): void {
    const { times, words } = this;
    let node = this.current;
    this.current = NONE;
    this.mark = NONE;
    this.day = day - 1;
    while (node !== NONE) {
      const next = words[node + NEXT]!;
      this.place(node, times[node >>> 1]!);
      this.steps += 1;
      node = next;
    }
  }

  /** Fills the current list with the events of the next day that has any. There must be some. */
  private turnToNextDay(): void {
    if (this.inBags === 0) {
      this.rebuild();
      if (this.current !== NONE) return;
    }
    const { bags, mask } = this;
    for (;;) {
      for (let ahead = 0; ahead <= mask; ahead++) {
        this.day += 1;
        if (bags[this.day & mask] !== NONE && this.emptyBag(this.day & mask)) {
          this.steps += ahead;
          return;
        }
      }
      // Nothing for a whole year: on to the day of the earliest event.
      let earliest = Number.POSITIVE_INFINITY;
      for (const bag of bags) {
        for (let node = bag; node !== NONE; node = this.words[node + NEXT]!) {
          earliest = Math.min(earliest, this.times[node >>> 1]!);
        }
      }
      this.day = Math.floor((earliest - this.baseNs) * this.daysPerNs) - 1;
      this.steps += mask + this.inBags;
    }
  }

  /** Moves the present day's events of a bag to the current list, which is empty. @returns whether there were any */
  private emptyBag(bag: number): boolean {
    const { times, words, baseNs, daysPerNs } = this;
    const end = this.day + 1;
    let kept = NONE;
    let taken = 0;
    let older = NONE;
    let node = this.bags[bag]!;
    this.bags[bag] = NONE;
    while (node !== NONE) {
      const next = words[node + NEXT]!;
      const timeNs = times[node >>> 1]!;
      if ((timeNs - baseNs) * daysPerNs >= end) {
        if (kept === NONE) this.bags[bag] = node;
        else words[kept + NEXT] = node;
        kept = node;
      } else if (taken++ < ONE_BY_ONE) {
        // From newest to oldest: before all that is not earlier.
        let previous = NONE;
        let later = this.current;
        while (later !== NONE && times[later >>> 1]! < timeNs) {
          previous = later;
          later = words[later + NEXT]!;
        }
        words[node + NEXT] = later;
        if (previous === NONE) this.current = node;
        else words[previous + NEXT] = node;
      } else {
        words[node + NEXT] = older;
        older = node;
      }
      node = next;
    }
    if (kept !== NONE) words[kept + NEXT] = NONE;
    if (older !== NONE) {
      this.steps += taken;
      this.current = this.merge(this.sort(older, taken - ONE_BY_ONE), this.current);
    }
    this.inBags -= taken;
    return taken > 0;
  }

  /** Stable merge sort of a list with so many events. @returns its new first */
  private sort(list: number, count: number): number {
    if (count === 1) {
      this.words[list + NEXT] = NONE;
      return list;
    }
    const half = count >>> 1;
    let middle = list;
    for (let i = 0; i < half; i++) middle = this.words[middle + NEXT]!;
    const second = this.sort(middle, count - half);
    return this.merge(this.sort(list, half), second);
  }

  /** Merges two sorted lists; at equal times the first one's events go first. */
  private merge(first: number, second: number): number {
    const { times, words } = this;
    let head = NONE;
    let last = NONE;
    let a = first;
    let b = second;
    while (a !== NONE && b !== NONE) {
      const fromSecond = times[b >>> 1]! < times[a >>> 1]!;
      const node = fromSecond ? b : a;
      if (fromSecond) b = words[b + NEXT]!;
      else a = words[a + NEXT]!;
      if (last === NONE) head = node;
      else words[last + NEXT] = node;
      last = node;
    }
    const rest = a === NONE ? b : a;
    if (last === NONE) return rest;
    words[last + NEXT] = rest;
    return head;
  }

  /** More than two steps for each push and pop, and enough of them to pay for another calendar. */
  private isSlow(): boolean {
    return this.steps > 2 * this.operations + 4 * this.count + 64;
  }

  private measureAnew(): void {
    this.steps = 0;
    this.operations = 0;
    this.pops = 0;
    this.popsSinceNs = this.poppedNs;
  }

  /** Another calendar for the events that there are: a bag for each, a day as long as the gap between two pops. */
  private rebuild(): void {
    const { times, count } = this;
    const nodes = this.inOrderOfArrival();
    let bags = 1;
    if (count >= SMALL) while (bags < count) bags *= 2;
    this.small = bags === 1;
    if (bags === this.mask + 1) this.bags.fill(NONE);
    else this.bags = new Int32Array(bags);
    this.mask = bags - 1;

    let earliestNs = Number.POSITIVE_INFINITY;
    for (const node of nodes) earliestNs = Math.min(earliestNs, times[node >>> 1]!);
    this.baseNs = count === 0 ? 0 : earliestNs;
    const daysPerNs = 1 / this.gapNs(nodes);
    if (daysPerNs > 0 && Number.isFinite(daysPerNs)) this.daysPerNs = daysPerNs;

    this.inBags = 0;
    this.day = -1;
    this.current = NONE;
    this.mark = NONE;
    this.far = NONE;
    for (const node of nodes) this.place(node, times[node >>> 1]!);
    this.measureAnew();
  }

  /** All events; those at equal times in the order of their arrival. */
  private inOrderOfArrival(): Int32Array {
    const { words } = this;
    const nodes = new Int32Array(this.count);
    let filled = 0;
    for (let node = this.current; node !== NONE; node = words[node + NEXT]!) nodes[filled++] = node;
    // Bags and the far list run from the newest to the oldest.
    const takeReversed = (list: number): void => {
      const from = filled;
      for (let node = list; node !== NONE; node = words[node + NEXT]!) nodes[filled++] = node;
      if (filled - from > 1) nodes.subarray(from, filled).reverse();
    };
    for (const bag of this.bags) takeReversed(bag);
    takeReversed(this.far);
    return nodes;
  }

  /** Mean gap between the next events, in ns: between the last pops, or else within the earliest quarter. */
  private gapNs(nodes: Int32Array): number {
    if (this.pops >= POPS_MIN && this.poppedNs > this.popsSinceNs) {
      return (this.poppedNs - this.popsSinceNs) / this.pops;
    }
    const size = Math.min(nodes.length, SAMPLE);
    const sample = new Float64Array(size);
    for (let i = 0; i < size; i++) sample[i] = this.times[nodes[Math.floor((i * nodes.length) / size)]! >>> 1]!;
    sample.sort();
    const quarter = Math.max(1, size >>> 2);
    for (let i = quarter; i < size; i += quarter) {
      const spanNs = sample[i]! - sample[0]!;
      if (spanNs > 0) return (spanNs * size) / (i * nodes.length);
    }
    return Number.NaN;
  }

  private grow(): void {
    const buffer = new ArrayBuffer(this.words.byteLength * 2);
    new Int32Array(buffer).set(this.words);
    this.setNodes(buffer);
  }

  private setNodes(buffer: ArrayBuffer): void {
    this.times = new Float64Array(buffer);
    this.words = new Int32Array(buffer);
  }
}
