/**
 * A queue of hosts: first come, first served, or the host with the lowest number. Each is in it at most once.
 */
import { bug } from '../base/bug.ts';

export class HostQueue {
  private readonly lowestFirst: boolean;
  /** A ring, or a heap with the lowest host at its root. */
  private readonly places: Int32Array;
  private first = 0;
  private count = 0;

  /**
   * @param hosts so many at most
   * @param lowestFirst whether the number decides, and not who came first
   */
  constructor(hosts: number, lowestFirst: boolean) {
    this.places = new Int32Array(Math.max(1, hosts));
    this.lowestFirst = lowestFirst;
  }

  get size(): number {
    return this.count;
  }

  add(host: number): void {
    const { places } = this;
    if (this.count === places.length) bug('HOST_QUEUE_FULL', host);
    if (!this.lowestFirst) {
      places[(this.first + this.count++) % places.length] = host;
      return;
    }
    let place = this.count++;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (places[above]! <= host) break;
      places[place] = places[above]!;
      place = above;
    }
    places[place] = host;
  }

  /** Takes the next host out of the queue, which must not be empty. */
  take(): number {
    const { places } = this;
    if (this.count === 0) bug('HOST_QUEUE_EMPTY');
    if (!this.lowestFirst) {
      const host = places[this.first]!;
      this.first = (this.first + 1) % places.length;
      this.count -= 1;
      return host;
    }
    const host = places[0]!;
    this.count -= 1;
    const last = places[this.count]!;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.count) break;
      if (below + 1 < this.count && places[below + 1]! < places[below]!) below += 1;
      if (places[below]! >= last) break;
      places[place] = places[below]!;
      place = below;
    }
    places[place] = last;
    return host;
  }

  /** The one who was taken last comes next after all. */
  putBack(host: number): void {
    if (this.lowestFirst) {
      this.add(host);
      return;
    }
    const { places } = this;
    if (this.count === places.length) bug('HOST_QUEUE_FULL', host);
    this.first = (this.first + places.length - 1) % places.length;
    places[this.first] = host;
    this.count += 1;
  }
}
