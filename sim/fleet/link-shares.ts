/**
 * Flows that share links: each gets its max-min fair share, kept up to date as flows come and go.
 *
 * Every link has a share: the most that one flow may take of it, infinite while it is not full. A flow's rate is the
 * least of its own limit and the shares of its links. When a flow comes or goes, its links compute their shares again
 * from what their flows may take elsewhere; where that changes a flow's rate, that flow's other links follow. What comes
 * to rest is the max-min fair allocation: each flow has a full link on which nobody has more.
 *
 * A link with many flows is left alone until what its flows take has changed by {@link LinkShares.slack} of its
 * capacity, so that the cost of an event does not grow with the number of flows.
 */
import { bug } from '../base/bug.ts';

/** Links on the way of a flow, at most. */
const PATH_MAX = 6;
const NONE = -1;
/** A rate that changes by less, relative to itself, stays as it is. */
const RATE_TOLERANCE = 1e-7;
/** Links with up to so many flows are always computed at once. */
const FEW_FLOWS = 64;

export class LinkShares {
  /** Bytes per second of each flow. */
  readonly rate: Float64Array;
  /** Bytes per second that one flow may take of each link; Infinity: it is not full. */
  readonly share: Float64Array;
  /** Flows whose rate has changed since the caller emptied the list; each is there once. */
  readonly changed: Int32Array;
  changedCount = 0;
  /** Computations of single links so far. */
  reckonings = 0;
  /** Flows visited in them. */
  looks = 0;

  private readonly capacity: Float64Array;
  private readonly slack: number;
  private readonly limit: Float64Array;
  /** Links of each flow, {@link PATH_MAX} places each. */
  private readonly path: Int32Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly first: Int32Array;
  private readonly count: Int32Array;
  private readonly used: Float64Array;
  /** By how much the flows' rates have changed since the link was computed. */
  private readonly moved: Float64Array;
  private readonly queued: Uint8Array;
  private readonly marked: Uint8Array;
  private queue: number[] = [];
  private elsewhere = new Float64Array(64);
  private members = new Int32Array(64);

  /**
   * @param capacity bytes per second of each link, above 0
   * @param flowsMax so many flows at once
   * @param slack change that a link with many flows leaves unanswered, as a share of its capacity; 0: none
   */
  constructor(capacity: Float64Array, flowsMax: number, slack: number = 0.005) {
    const links = capacity.length;
    this.capacity = capacity;
    this.slack = slack;
    this.rate = new Float64Array(flowsMax);
    this.limit = new Float64Array(flowsMax);
    this.path = new Int32Array(flowsMax * PATH_MAX).fill(NONE);
    this.next = new Int32Array(flowsMax * PATH_MAX);
    this.previous = new Int32Array(flowsMax * PATH_MAX);
    this.marked = new Uint8Array(flowsMax);
    this.changed = new Int32Array(flowsMax);
    this.first = new Int32Array(links).fill(NONE);
    this.count = new Int32Array(links);
    this.share = new Float64Array(links).fill(Number.POSITIVE_INFINITY);
    this.used = new Float64Array(links);
    this.moved = new Float64Array(links);
    this.queued = new Uint8Array(links);
  }

  /**
   * A flow comes. Its rate is right after {@link settle}.
   *
   * @param links on its way, each once; up to {@link PATH_MAX}
   * @param limit the most that it takes, in bytes per second
   */
  add(flow: number, links: readonly number[], limit: number): void {
    if (links.length > PATH_MAX || !(limit > 0)) bug('FLOW', links.length, limit);
    const { path, share } = this;
    this.limit[flow] = limit;
    let rate = limit;
    for (let place = 0; place < PATH_MAX; place++) {
      const link = links[place] ?? NONE;
      path[flow * PATH_MAX + place] = link;
      if (link === NONE) continue;
      this.enter(flow * PATH_MAX + place, link);
      rate = Math.min(rate, share[link]!);
    }
    this.rate[flow] = rate;
    this.mark(flow);
    for (const link of links) this.taken(link, rate);
  }

  /** A flow goes. */
  remove(flow: number): void {
    const { path } = this;
    const rate = this.rate[flow]!;
    for (let place = 0; place < PATH_MAX; place++) {
      const node = flow * PATH_MAX + place;
      const link = path[node]!;
      if (link === NONE) continue;
      this.leave(node, link);
      path[node] = NONE;
      this.taken(link, -rate);
    }
    this.rate[flow] = 0;
  }

  /** A flow may take more than before. Its rate is right after {@link settle}. */
  raise(flow: number, limit: number): void {
    const links: number[] = [];
    for (let node = flow * PATH_MAX; node < (flow + 1) * PATH_MAX; node++) {
      if (this.path[node] !== NONE) links.push(this.path[node]!);
    }
    this.remove(flow);
    this.add(flow, links, limit);
  }

  /** Computes until nothing changes any more; {@link changed} has the flows whose rate did. */
  settle(): void {
    while (this.queue.length > 0) {
      const links = this.queue;
      this.queue = [];
      for (const link of links) {
        this.queued[link] = 0;
        this.reckon(link);
      }
    }
  }

  /** Empties {@link changed}. */
  forgetChanged(): void {
    for (let i = 0; i < this.changedCount; i++) this.marked[this.changed[i]!] = 0;
    this.changedCount = 0;
  }

  /** Bytes per second that all flows together take of a link. */
  usedOf(link: number): number {
    return this.used[link]!;
  }

  private enter(node: number, link: number): void {
    const first = this.first[link]!;
    this.next[node] = first;
    this.previous[node] = NONE;
    if (first !== NONE) this.previous[first] = node;
    this.first[link] = node;
    this.count[link]! += 1;
  }

  private leave(node: number, link: number): void {
    const next = this.next[node]!;
    const previous = this.previous[node]!;
    if (previous === NONE) this.first[link] = next;
    else this.next[previous] = next;
    if (next !== NONE) this.previous[next] = previous;
    this.count[link]! -= 1;
  }

  private mark(flow: number): void {
    if (this.marked[flow] === 1) return;
    this.marked[flow] = 1;
    this.changed[this.changedCount++] = flow;
  }

  /** What the flows take of a link has changed. */
  private taken(link: number, by: number): void {
    this.used[link]! += by;
    this.moved[link]! += Math.abs(by);
    const slack = this.count[link]! <= FEW_FLOWS ? 0 : this.slack;
    const capacity = this.capacity[link]!;
    const due =
      this.share[link] === Number.POSITIVE_INFINITY
        ? this.used[link]! > capacity * (1 + slack)
        : this.moved[link]! > capacity * slack;
    if (!due || this.queued[link] === 1) return;
    this.queued[link] = 1;
    this.queue.push(link);
  }

  private reckon(link: number): void {
    const { path, rate, next } = this;
    const count = this.count[link]!;
    if (this.elsewhere.length < count) {
      this.elsewhere = new Float64Array(2 * count);
      this.members = new Int32Array(2 * count);
    }
    const { elsewhere, members, share } = this;
    let sum = 0;
    let filled = 0;
    for (let node = this.first[link]!; node !== NONE; node = next[node]!) {
      const flow = Math.floor(node / PATH_MAX);
      let most = this.limit[flow]!;
      for (let place = flow * PATH_MAX; place < flow * PATH_MAX + PATH_MAX; place++) {
        const other = path[place]!;
        if (other !== NONE && other !== link && share[other]! < most) most = share[other]!;
      }
      members[filled] = flow;
      elsewhere[filled++] = most;
      sum += most;
    }
    this.reckonings += 1;
    this.looks += count;
    const own = this.shareOf(link, count, sum);
    share[link] = own;
    let used = 0;
    for (let i = 0; i < count; i++) {
      const flow = members[i]!;
      const now = Math.min(elsewhere[i]!, own);
      const before = rate[flow]!;
      if (Math.abs(now - before) <= RATE_TOLERANCE * before) {
        used += before;
        continue;
      }
      used += now;
      rate[flow] = now;
      this.mark(flow);
      for (let place = flow * PATH_MAX; place < flow * PATH_MAX + PATH_MAX; place++) {
        const other = path[place]!;
        if (other !== NONE && other !== link) this.taken(other, now - before);
      }
    }
    this.used[link] = used;
    this.moved[link] = 0;
  }

  /** The share at which the link is full, when its flows may take `elsewhere` and `sum` in all. */
  private shareOf(link: number, count: number, sum: number): number {
    const capacity = this.capacity[link]!;
    if (sum <= capacity * (1 + RATE_TOLERANCE)) return Number.POSITIVE_INFINITY;
    const { elsewhere } = this;
    let own = capacity / count;
    for (;;) {
      let less = 0;
      let others = count;
      for (let i = 0; i < count; i++) {
        if (elsewhere[i]! >= own) continue;
        less += elsewhere[i]!;
        others -= 1;
      }
      // Rounding only: all are bounded elsewhere, and together by a hair too much.
      if (others === 0) return Number.POSITIVE_INFINITY;
      const risen = (capacity - less) / others;
      if (risen <= own * (1 + 1e-12)) return own;
      own = risen;
    }
  }
}
