/**
 * Finds out how threads wake up and meet on this machine, once per process; see {@link chooseWaiting} for what follows.
 */
import os from 'node:os';
import { setTimeout } from 'node:timers/promises';

import type { EchoAsker } from './echo.ts';
import { EchoPeer } from './echo-peer.ts';
import { laneCodeOf } from './code/code.ts';
import { createMap, laneStart } from './shared-map.ts';
import { nowNs } from '../wall-clock.ts';
import type { WaitingFacts } from './waiting.ts';

const LOADS = 50_000;
const LOAD_REPEATS = 12;
/** Bursts of round trips, and the rest between them: a scheduler that put both threads on one core has moved on. */
const BURSTS = 12;
/** Bursts for as long as spinning threads did not meet any faster than sleeping ones, as on one core. */
const BURSTS_MOST = 60;
const REST_MS = 1;
const WAKES_PER_BURST = 4;
const SPINS_PER_BURST = 64;
/** Loads of a side that is meant to spin: far longer than an answer takes, and an end even if the other has no core. */
const SPINS = 5_000;
/** An idle turn of the device thread polls its lanes and engines: that takes as long as so many loads. */
const LOADS_PER_TURN = 10;

let known: Promise<WaitingFacts> | undefined;

/** The facts; measured at the first call, which takes some tens of milliseconds. */
export function waitingFacts(): Promise<WaitingFacts> {
  known ??= measure();
  return known;
}

async function measure(): Promise<WaitingFacts> {
  const peer = await EchoPeer.start();
  try {
    const loadNs = timeLoads(peer.words);
    const spinning = peer.asker(SPINS, SPINS);
    // The first round trip waits until the thread runs, however long that takes.
    spinning.roundTrip();
    const spinsNs: number[] = [];
    const wakesNs: number[] = [];
    const median = (ns: readonly number[]): number => ns.toSorted((x, y) => x - y)[ns.length >> 1]!;
    for (let burst = 0; burst < BURSTS || (burst < BURSTS_MOST && Math.min(...spinsNs) >= median(wakesNs)); burst++) {
      await setTimeout(REST_MS);
      const sleeping = peer.asker(0, 0);
      sleeping.roundTrip();
      wakesNs.push(timePer(WAKES_PER_BURST, sleeping) / 2);
      const asker = peer.asker(SPINS, SPINS);
      for (let i = 0; i < SPINS_PER_BURST; i++) asker.roundTrip();
      spinsNs.push(timePer(SPINS_PER_BURST, asker));
    }
    // A burst in which another program had one of the cores says nothing about the machine.
    const spinRoundNs = Math.min(...spinsNs);
    const wakeNs = median(wakesNs);
    const cores = os.availableParallelism();
    return { cores, loadNs, pollNs: timePolls(), turnNs: LOADS_PER_TURN * loadNs, wakeNs, spinRoundNs };
  } finally {
    await peer.end();
  }
}

function timeLoads(words: Int32Array): number {
  let best = Infinity;
  for (let repeat = 0; repeat < LOAD_REPEATS; repeat++) {
    const startNs = nowNs();
    for (let i = 0; i < LOADS; i++) if (Atomics.load(words, 0) !== 0) break;
    best = Math.min(best, (nowNs() - startNs) / LOADS);
  }
  return best;
}

/** Times polls for an answer that never comes. */
function timePolls(): number {
  const map = createMap(1);
  const { ask } = laneCodeOf(map);
  let best = Infinity;
  for (let repeat = 1; repeat <= LOAD_REPEATS; repeat++) {
    const startNs = nowNs();
    ask(4 * laneStart(0), 0, 0, repeat, LOADS);
    best = Math.min(best, (nowNs() - startNs) / LOADS);
  }
  return best;
}

function timePer(rounds: number, asker: EchoAsker): number {
  const startNs = nowNs();
  for (let i = 0; i < rounds; i++) asker.roundTrip();
  return (nowNs() - startNs) / rounds;
}
