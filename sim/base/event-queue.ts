/**
 * Pending events in the order of (time, arrival): a 4-ary heap in typed arrays.
 *
 * Events at one time come out first in, first out, so that a run does not depend on the heap's shape. An event is a time
 * and one int32 whose meaning is the caller's (an index, a tagged id). No allocation per event; the arrays double when
 * full. It does not know the present: refusing events in the past is the clock's affair.
 */
import { bug } from './bug.ts';

export class EventQueue {
  /** Time of the event that {@link pop} returned last, in ns; NaN before the first. */
  poppedNs = Number.NaN;

  private count = 0;
  private pushed = 0;
  private times: Float64Array;
  private orders: Float64Array;
  private payloads: Int32Array;

  /** @param capacity events to make room for at first */
  constructor(capacity: number = 64) {
    if (!Number.isInteger(capacity) || capacity < 1) bug('EVENT_CAPACITY', capacity);
    this.times = new Float64Array(capacity);
    this.orders = new Float64Array(capacity);
    this.payloads = new Int32Array(capacity);
  }

  get size(): number {
    return this.count;
  }

  /** Events pushed since the start, for determinism checks. */
  get pushes(): number {
    return this.pushed;
  }

  /**
   * Adds an event.
   *
   * @param timeNs when, in ns; any finite number
   * @param payload an int32
   */
  push(timeNs: number, payload: number): void {
    if (!Number.isFinite(timeNs)) bug('EVENT_TIME', timeNs, payload);
    if (this.count === this.times.length) this.grow();
    const { times, orders, payloads } = this;
    let hole = this.count++;
    const order = this.pushed++;
    // A newcomer has the highest order, so at equal times it stays below: only strictly later parents move down.
    while (hole > 0) {
      const parent = (hole - 1) >>> 2;
      const parentNs = times[parent]!;
      if (parentNs <= timeNs) break;
      times[hole] = parentNs;
      orders[hole] = orders[parent]!;
      payloads[hole] = payloads[parent]!;
      hole = parent;
    }
    times[hole] = timeNs;
    orders[hole] = order;
    payloads[hole] = payload;
  }

  /** Time of the next event in ns, or Infinity when there is none. */
  peekNs(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : this.times[0]!;
  }

  /** Takes the next event: its payload; its time is left in {@link poppedNs}. The queue must not be empty. */
  pop(): number {
    if (this.count === 0) bug('EVENT_QUEUE_EMPTY');
    const { times, orders, payloads } = this;
    const payload = payloads[0]!;
    this.poppedNs = times[0]!;
    const last = --this.count;
    const timeNs = times[last]!;
    const order = orders[last]!;
    let hole = 0;
    for (;;) {
      const first = (hole << 2) + 1;
      if (first >= last) break;
      const end = first + 4 < last ? first + 4 : last;
      let least = first;
      let leastNs = times[first]!;
      for (let child = first + 1; child < end; child++) {
        const childNs = times[child]!;
        if (childNs < leastNs || (childNs === leastNs && orders[child]! < orders[least]!)) {
          least = child;
          leastNs = childNs;
        }
      }
      if (timeNs < leastNs || (timeNs === leastNs && order < orders[least]!)) break;
      times[hole] = leastNs;
      orders[hole] = orders[least]!;
      payloads[hole] = payloads[least]!;
      hole = least;
    }
    times[hole] = timeNs;
    orders[hole] = order;
    payloads[hole] = payloads[last]!;
    return payload;
  }

  /** Drops all events. */
  clear(): void {
    this.count = 0;
  }

  private grow(): void {
    const capacity = this.times.length * 2;
    const times = new Float64Array(capacity);
    const orders = new Float64Array(capacity);
    const payloads = new Int32Array(capacity);
    times.set(this.times);
    orders.set(this.orders);
    payloads.set(this.payloads);
    this.times = times;
    this.orders = orders;
    this.payloads = payloads;
  }
}
