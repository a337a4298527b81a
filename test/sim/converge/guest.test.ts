/**
 * Guests of a class: within its ranges, the same for the same seed, and writing as the class says.
 */
import { describe, expect, test } from 'vitest';

import { GIB, NS_PER_S } from '../../../sim/base/units.ts';
import { GuestSource } from '../../../sim/converge/guest.ts';
import type { PlayedClass } from '../../../sim/converge/workload-class.ts';
import { CyclicRate, rateCycle } from '../../../sim/memory/write-rate.ts';

const CARRIED = 1e9;

const PHASED: PlayedClass = {
  name: 'phased',
  title: 'phases',
  memory: [4 * GIB, 64 * GIB],
  used: [0.5, 0.9],
  vcpus: [2, 32],
  writers: [0.1, 1],
  rate: [0.1, 0.4],
  set: [0.1, 0.5],
  extra: { kind: 'cycle', every: [10 * NS_PER_S, 100 * NS_PER_S], share: [0.2, 0.5], set: [0.1, 0.4], rate: [1, 2] },
  basis: 'assumed',
  source: 'a test',
};

test('lie within the ranges of their class', () => {
  const source = new GuestSource(PHASED, 7, CARRIED);
  for (let i = 0; i < 500; i++) {
    const { memoryBytes, usedBytes, vcpus, writers, sets, windowPhase } = source.guest(i);
    expect(memoryBytes).toBeGreaterThan(4 * GIB - 4096);
    expect(memoryBytes).toBeLessThanOrEqual(64 * GIB);
    expect(usedBytes / memoryBytes).toBeGreaterThan(0.4999);
    expect(usedBytes / memoryBytes).toBeLessThanOrEqual(0.9);
    expect(vcpus).toBeGreaterThanOrEqual(2);
    expect(vcpus).toBeLessThanOrEqual(32);
    expect(writers).toBeGreaterThanOrEqual(1);
    expect(writers).toBeLessThanOrEqual(vcpus);
    expect(windowPhase).toBeLessThan(1);
    expect(sets.reduce((sum, { setBytes }) => sum + setBytes, 0)).toBe(usedBytes);
    const hour = 3600 * NS_PER_S;
    const first = (sets[0]!.rate.writes(0, hour) * 4096) / 3600;
    expect(first / CARRIED).toBeGreaterThan(0.0999);
    expect(first / CARRIED).toBeLessThan(0.4001);
    // In a fifth to half of its time, at the rate of the stream up to twice that.
    const second = (sets[1]!.rate.writes(0, hour) * 4096) / 3600;
    expect(second / CARRIED).toBeGreaterThan(0.19);
    expect(second / CARRIED).toBeLessThan(1.03);
  }
});

test('are the same for the same seed, whatever was drawn before, and others for another seed or class', () => {
  const facts = (of: PlayedClass, seed: number, index: number): readonly number[] => {
    const { memoryBytes, usedBytes, vcpus, windowPhase } = new GuestSource(of, seed, CARRIED).guest(index);
    return [memoryBytes, usedBytes, vcpus, windowPhase];
  };
  const source = new GuestSource(PHASED, 7, CARRIED);
  for (let i = 0; i < 10; i++) source.guest(i);
  const { memoryBytes, usedBytes, vcpus, windowPhase } = source.guest(3);
  expect([memoryBytes, usedBytes, vcpus, windowPhase]).toEqual(facts(PHASED, 7, 3));
  expect(facts(PHASED, 8, 3)).not.toEqual(facts(PHASED, 7, 3));
  expect(facts({ ...PHASED, name: 'other' }, 7, 3)).not.toEqual(facts(PHASED, 7, 3));
});

test('share their luck between links: memory and sets are equal, rates are in proportion', () => {
  const slow = new GuestSource(PHASED, 7, CARRIED).guest(5);
  const fast = new GuestSource(PHASED, 7, 4 * CARRIED).guest(5);
  expect(fast.memoryBytes).toBe(slow.memoryBytes);
  expect(fast.sets.map(({ setBytes }) => setBytes)).toEqual(slow.sets.map(({ setBytes }) => setBytes));
  const writes = ({ sets }: typeof slow): number => sets[0]!.rate.writes(0, 100 * NS_PER_S);
  expect(writes(fast) / writes(slow)).toBeCloseTo(4, 9);
});

describe('a record', () => {
  const rates = { timesNs: [0, 10 * NS_PER_S, 30 * NS_PER_S], bytesPerSecond: [4096, 8192, 0] };
  // 10 s at one page a second, 20 s at two, and 20 s at none, as long as the one before it: 50 pages in 50 s.

  test('is played again and again, as it was recorded', () => {
    const source = new GuestSource({ ...PHASED, rates, isAbsolute: true }, 7, CARRIED);
    for (let i = 0; i < 20; i++) {
      const [first] = source.guest(i).sets;
      expect(first!.rate.writes(0, 50 * NS_PER_S)).toBeCloseTo(50, 6);
      expect(first!.rate.writes(1e9, 5001 * NS_PER_S)).toBeCloseTo(5000, 5);
    }
  });

  test('or with its mean drawn as a share of the stream', () => {
    const source = new GuestSource({ ...PHASED, rates }, 7, CARRIED);
    for (let i = 0; i < 20; i++) {
      const mean = (source.guest(i).sets[0]!.rate.writes(0, 500 * NS_PER_S) * 4096) / 500;
      expect(mean / CARRIED).toBeGreaterThan(0.0999);
      expect(mean / CARRIED).toBeLessThan(0.4001);
    }
  });

  test('begins anywhere in it', () => {
    const source = new GuestSource({ ...PHASED, rates, isAbsolute: true }, 7, CARRIED);
    const begins = Array.from({ length: 50 }, (_, i) => source.guest(i).sets[0]!.rate.writes(0, NS_PER_S));
    expect(Math.min(...begins)).toBe(0);
    expect(Math.max(...begins)).toBeCloseTo(2, 6);
  });
});

describe('a cycle of rates', () => {
  const cycle = rateCycle([0, 2 * NS_PER_S, 5 * NS_PER_S], [10, 0, 100], 6 * NS_PER_S);

  test.each([
    [0, 6, 120],
    [0, 2, 20],
    [2, 5, 0],
    [1, 5.5, 10 + 50],
    [4, 13, 100 + 120 + 10],
    [600, 606, 120],
  ])('from %d s to %d s: %d pages', (from, to, pages) => {
    expect(new CyclicRate(cycle, 0).writes(from * NS_PER_S, to * NS_PER_S)).toBeCloseTo(pages, 6);
  });

  test('changes next where its rate does, from any time, in any order', () => {
    const rate = new CyclicRate(cycle, 0);
    const next = [0, 1, 5.9, 2, 4.5, 6, 17.5].map((s) => rate.nextChangeNs(s * NS_PER_S) / NS_PER_S);
    expect(next).toEqual([2, 2, 6, 5, 5, 8, 18]);
    expect(new CyclicRate(cycle, 3 * NS_PER_S).nextChangeNs(0) / NS_PER_S).toBe(2);
  });
});
