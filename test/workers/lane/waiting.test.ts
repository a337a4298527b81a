import { afterEach, describe, expect, test } from 'vitest';

import { EchoPeer } from '../../../workers/lane/echo-peer.ts';
import { chooseWaiting, type WaitingFacts, waitingOf, waitWhileValue } from '../../../workers/lane/waiting.ts';
import { waitingFacts } from '../../../workers/lane/waiting-calibration.ts';

const FACTS: WaitingFacts = { cores: 2, loadNs: 5, pollNs: 1, turnNs: 25, wakeNs: 50_000, spinRoundNs: 125 };

describe('how threads wait', () => {
  test('with a core for each: they spin for as long as a wake-up costs', () => {
    expect(chooseWaiting(FACTS, 2)).toEqual({
      style: 'spin-then-wait',
      laneSpins: 10_000,
      lanePolls: 50_000,
      halfSpins: 200,
      deviceIdleTurns: 20_000,
    });
  });

  test('with more threads than cores: no longer than a thread that runs needs to answer', () => {
    const { style, laneSpins, lanePolls, halfSpins } = chooseWaiting(FACTS, 3);
    expect([style, laneSpins, lanePolls, halfSpins]).toEqual(['spin-then-wait', 200, 1_000, 0]);
  });

  test.each([
    ['there is one core', { cores: 1 }],
    ['spinning threads meet no faster than sleeping ones', { spinRoundNs: 60_000 }],
  ])('when %s: nobody spins', (_what, facts) => {
    expect(chooseWaiting({ ...FACTS, ...facts }, 2)).toEqual(waitingOf('wait'));
  });

  test('a style that is asked for is the one that comes', () => {
    const calibrated = chooseWaiting(FACTS, 2);
    expect(waitingOf('spin-then-wait', calibrated)).toEqual(calibrated);
    expect(waitingOf('spin', calibrated).laneSpins).toBeGreaterThan(1e6);
    expect(waitingOf('wait', calibrated).laneSpins).toBe(0);
  });

  test('the facts are measured once, and are numbers above zero', async () => {
    const facts = await waitingFacts();
    expect(await waitingFacts()).toBe(facts);
    for (const [name, value] of Object.entries(facts)) expect([name, value > 0]).toEqual([name, true]);
  });
});

describe('a wait while a word has a value', () => {
  const words = new Int32Array(new SharedArrayBuffer(4));

  test.each([0, 10])('is over at once when it has another, which it returns (%i loads before it sleeps)', (spins) => {
    words[0] = 7;
    expect(waitWhileValue(words, 0, 3, 60_000, spins)).toBe(7);
  });

  test('ends with its limit, and returns that', () => {
    words[0] = 3;
    expect(waitWhileValue(words, 0, 3, 5, 10)).toBe(null);
  });
});

describe('an echo', () => {
  let peer: EchoPeer | undefined;
  afterEach(() => peer?.end());

  test.each([
    ['sleeping', 0],
    ['spinning for a while', 500],
  ])('comes back for each call, both sides %s', async (_how, spins) => {
    peer = await EchoPeer.start();
    const asker = peer.asker(spins, spins);
    for (let i = 0; i < 300; i++) asker.roundTrip();
    expect(Atomics.load(peer.words, 0)).toBe(300);
    expect(Atomics.load(peer.words, 16)).toBe(300);
    // Another way to ask continues where the first one ended.
    peer.asker(0, 0).roundTrip();
    expect(Atomics.load(peer.words, 16)).toBe(301);
  });
});
