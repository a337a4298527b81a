/**
 * Machine repair: clients that each think, submit one job and wait for it. The published figures are read with it, and the
 * queueing model is tested against it.
 *
 * A textbook formula (Kleinrock, Queueing Systems 1, 1975; Gross and Harris). All times in one unit, of the caller's
 * choice; rates in its inverse. Service is exponential, the queue is first come, first served.
 */
import { bug } from '../base/bug.ts';

interface ClosedAnswer {
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
