/**
 * Queues with known answers: what the queueing model is tested against.
 *
 * Textbook formulas (Kleinrock, Queueing Systems 1, 1975; Gross and Harris). All times in one unit, of the caller's
 * choice; rates in its inverse. Service is exponential unless said, queues are first come, first served.
 */
import { bug } from '../../sim/base/bug.ts';

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
