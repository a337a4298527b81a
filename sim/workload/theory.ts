/**
 * Queues with known answers: what the queueing model is tested against, and what the published figures are read with.
 *
 * Textbook formulas (Kleinrock, Queueing Systems 1, 1975; Gross and Harris). All times in one unit, of the caller's
 * choice; rates in its inverse. Service is exponential unless said, queues are first come, first served.
 */
import { bug } from '../base/bug.ts';

/** Erlang's C formula: the probability that an arrival at an M/M/c system must wait. `offered`: arrival rate times service. */
export function erlangC(cores: number, offered: number): number {
  if (!(offered >= 0 && offered < cores)) bug('THEORY_OFFERED', offered, cores);
  let blocked = 1;
  for (let k = 1; k <= cores; k++) blocked = (offered * blocked) / (k + offered * blocked);
  return blocked / (1 - (offered / cores) * (1 - blocked));
}

/** Mean time in an M/M/c system; M/M/1 for one core. */
export function meanResponseMmc(arrivalRate: number, service: number, cores: number): number {
  const offered = arrivalRate * service;
  return service + (erlangC(cores, offered) * service) / (cores - offered);
}

/** Mean time in an M/D/1 system (Pollaczek-Khinchine): all jobs take the same. */
export function meanResponseMd1(arrivalRate: number, service: number): number {
  const load = arrivalRate * service;
  if (!(load >= 0 && load < 1)) bug('THEORY_LOAD', load);
  return service + (load * service) / (2 * (1 - load));
}

export interface ClosedAnswer {
  /** Jobs per unit of time. */
  readonly throughput: number;
  /** Mean time from a job's submission to its end. */
  readonly response: number;
  /** Mean part of the cores that is busy. */
  readonly utilisation: number;
}

/**
 * Machine repair, M/M/c//N: so many clients, each thinks, submits one job and waits for it. Exact, from the birth-death
 * equations; the response holds for any distribution of thinking.
 *
 * @param think mean; may be 0
 */
export function machineRepair(clients: number, think: number, service: number, cores: number): ClosedAnswer {
  if (!(clients >= 1 && cores >= 1 && service > 0 && think >= 0)) bug('THEORY_CLOSED', clients, think, service, cores);
  if (think === 0) {
    const busy = Math.min(clients, cores);
    return { throughput: busy / service, response: (clients * service) / busy, utilisation: busy / cores };
  }
  // Weights of the states "k jobs there", scaled on the way so that they neither vanish nor overflow.
  let weight = 1;
  let sum = 1;
  let busy = 0;
  for (let k = 1; k <= clients; k++) {
    weight *= ((clients - k + 1) * service) / (think * Math.min(k, cores));
    sum += weight;
    busy += weight * Math.min(k, cores);
    if (sum > 1e200) {
      weight /= 1e200;
      sum /= 1e200;
      busy /= 1e200;
    }
  }
  const throughput = busy / sum / service;
  return { throughput, response: clients / throughput - think, utilisation: busy / sum / cores };
}
