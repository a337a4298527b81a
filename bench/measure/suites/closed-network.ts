/**
 * A closed network to measure event engines with: 65 536 clients think, exponentially, 1077 service times on average,
 * and then wait in one queue for one of 64 servers, whose service is exponential too (M/M/64//65536). It is the size of
 * 64 queue pairs with 1024 jobs each. Two events for each job, nearly as many events pending as there are clients, and a
 * mean response that is known exactly: 1.1806 service times.
 *
 * It is there twice: over the project's event queue, and with a bare binary heap written into the loop, which is the
 * floor. The heap is without order of arrival, growth or checks. Both draw the same random numbers, so that they must
 * agree.
 */
import { Calendar } from '../../../sim/base/calendar.ts';

export const NETWORK = { clients: 65_536, servers: 64, think: 1077, service: 1 } as const;

/** sfc32 (Chris Doty-Humphrey), in place: the same small cost on both sides. */
class Chance {
  private a: number;
  private b = 0x9e3779b9 | 0;
  private c = 0x243f6a88 | 0;
  private counter = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    for (let i = 0; i < 12; i++) this.exponential();
  }

  /** Mean 1. */
  exponential(): number {
    const word = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + word) | 0;
    return -Math.log(((word >>> 0) + 0.5) / 0x1_0000_0000);
  }
}

/** Clients that wait, first come, first served; servers that are idle; and the sum over all responses. */
class Servers {
  completions = 0;
  responses = 0;
  waiting = 0;
  idle: number = NETWORK.servers;
  readonly idleServers: Int32Array = Int32Array.from({ length: NETWORK.servers }, (_, server) => server);
  readonly clientOf: Int32Array = new Int32Array(NETWORK.servers);
  readonly since: Float64Array = new Float64Array(NETWORK.clients);
  private readonly line = new Int32Array(NETWORK.clients);
  private first = 0;

  append(client: number): void {
    const at = this.first + this.waiting;
    this.line[at < NETWORK.clients ? at : at - NETWORK.clients] = client;
    this.waiting += 1;
  }

  shift(): number {
    const client = this.line[this.first]!;
    this.first = this.first + 1 === NETWORK.clients ? 0 : this.first + 1;
    this.waiting -= 1;
    return client;
  }

  /** In service times; the mean over all completions so far. */
  get meanResponse(): number {
    return this.responses / this.completions;
  }
}

/** A payload below this is a server whose job ends; above, a client that has thought. */
const { servers: CLIENT } = NETWORK;

/** Over {@link Calendar}. */
export class QueueNetwork {
  readonly servers: Servers = new Servers();
  private readonly queue = new Calendar(NETWORK.clients + NETWORK.servers);
  private readonly chance: Chance;

  constructor(seed: number) {
    this.chance = new Chance(seed);
    for (let i = 0; i < NETWORK.clients; i++) this.queue.push(NETWORK.think * this.chance.exponential(), i + CLIENT);
  }

  /** So many jobs more. @returns the mean response over all so far */
  run(jobs: number): number {
    const { queue, servers, chance } = this;
    const { since, clientOf, idleServers } = servers;
    const until = servers.completions + jobs;
    while (servers.completions < until) {
      const payload = queue.pop();
      const now = queue.poppedNs;
      if (payload < CLIENT) {
        const client = clientOf[payload]!;
        servers.responses += now - since[client]!;
        servers.completions += 1;
        queue.push(now + NETWORK.think * chance.exponential(), client + CLIENT);
        if (servers.waiting > 0) {
          clientOf[payload] = servers.shift();
          queue.push(now + chance.exponential(), payload);
        } else {
          idleServers[servers.idle++] = payload;
        }
      } else {
        const client = payload - CLIENT;
        since[client] = now;
        if (servers.idle > 0) {
          const server = idleServers[--servers.idle]!;
          clientOf[server] = client;
          queue.push(now + chance.exponential(), server);
        } else {
          servers.append(client);
        }
      }
    }
    return servers.meanResponse;
  }
}

/** The floor: a bare binary heap. */
export class BareHeapNetwork {
  readonly servers: Servers = new Servers();
  private readonly times = new Float64Array(NETWORK.clients + NETWORK.servers + 1);
  private readonly payloads = new Int32Array(NETWORK.clients + NETWORK.servers + 1);
  private count = 0;
  private readonly chance: Chance;

  constructor(seed: number) {
    this.chance = new Chance(seed);
    for (let i = 0; i < NETWORK.clients; i++) this.push(NETWORK.think * this.chance.exponential(), i + CLIENT);
  }

  /** As {@link QueueNetwork.run}. */
  run(jobs: number): number {
    const { servers, chance, times } = this;
    const { since, clientOf, idleServers } = servers;
    const until = servers.completions + jobs;
    while (servers.completions < until) {
      const now = times[0]!;
      const payload = this.pop();
      if (payload < CLIENT) {
        const client = clientOf[payload]!;
        servers.responses += now - since[client]!;
        servers.completions += 1;
        this.push(now + NETWORK.think * chance.exponential(), client + CLIENT);
        if (servers.waiting > 0) {
          clientOf[payload] = servers.shift();
          this.push(now + chance.exponential(), payload);
        } else {
          idleServers[servers.idle++] = payload;
        }
      } else {
        const client = payload - CLIENT;
        since[client] = now;
        if (servers.idle > 0) {
          const server = idleServers[--servers.idle]!;
          clientOf[server] = client;
          this.push(now + chance.exponential(), server);
        } else {
          servers.append(client);
        }
      }
    }
    return servers.meanResponse;
  }

  private push(time: number, payload: number): void {
    const { times, payloads } = this;
    let hole = this.count++;
    while (hole > 0) {
      const parent = (hole - 1) >>> 1;
      if (times[parent]! <= time) break;
      times[hole] = times[parent]!;
      payloads[hole] = payloads[parent]!;
      hole = parent;
    }
    times[hole] = time;
    payloads[hole] = payload;
  }

  private pop(): number {
    const { times, payloads } = this;
    const first = payloads[0]!;
    const last = --this.count;
    const time = times[last]!;
    const payload = payloads[last]!;
    let hole = 0;
    for (let child = 1; child < last; child = 2 * hole + 1) {
      if (child + 1 < last && times[child + 1]! < times[child]!) child += 1;
      if (time <= times[child]!) break;
      times[hole] = times[child]!;
      payloads[hole] = payloads[child]!;
      hole = child;
    }
    times[hole] = time;
    payloads[hole] = payload;
    return first;
  }
}
