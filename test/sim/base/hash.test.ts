import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mix32, TraceHash } from '../../../sim/base/hash.ts';

function hashOf(words: readonly number[]): string {
  const hash = new TraceHash();
  for (const word of words) hash.add(word);
  return hash.value;
}

describe('mix32', () => {
  test('is the murmur3 finaliser', () => {
    // Published vectors of MurmurHash3_x86_32 of the empty string, which is the finaliser of the seed.
    expect(mix32(0)).toBe(0);
    expect(mix32(1)).toBe(0x514e28b7);
    expect(mix32(0xffffffff)).toBe(0x81f16f39);
  });
});

describe('TraceHash', () => {
  test('is a function of the words, as unsigned 32-bit numbers', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (words) => {
        expect(hashOf(words)).toMatch(/^[0-9a-f]{16}$/);
        expect(hashOf(words.map((word) => word >>> 0))).toBe(hashOf(words));
      }),
    );
  });

  test('every bit of every word matters, in both lanes', () => {
    const words = [1, 2, 3, 4];
    const base = hashOf(words);
    for (let i = 0; i < words.length; i++) {
      for (let bit = 0; bit < 32; bit++) {
        const other = hashOf(words.map((word, at) => (at === i ? word ^ (1 << bit) : word)));
        expect(other.slice(0, 8)).not.toBe(base.slice(0, 8));
        expect(other.slice(8)).not.toBe(base.slice(8));
      }
    }
  });

  test('the order and the number of words matter', () => {
    expect(hashOf([1, 2])).not.toBe(hashOf([2, 1]));
    const zeros = [[], [0], [0, 0], [0, 0, 0]].map(hashOf);
    expect(new Set(zeros).size).toBe(4);
  });

  test('two flips of the top bit do not cancel', () => {
    const top = 0x80000000;
    expect(hashOf([top, top])).not.toBe(hashOf([0, 0]));
    expect(hashOf([top, 5, top])).not.toBe(hashOf([0, 5, 0]));
  });

  test('a hundred thousand different short traces collide in no pair', () => {
    const seen = new Set<string>();
    for (let a = 0; a < 316; a++) for (let b = 0; b < 317; b++) seen.add(hashOf([a, b]));
    expect(seen.size).toBe(316 * 317);
  });

  test('a wide number is its low word and its high word', () => {
    const hash = new TraceHash();
    hash.addWide(0x12_89abcdef);
    expect(hash.value).toBe(hashOf([0x89abcdef, 0x12]));
    const largest = new TraceHash();
    largest.addWide(Number.MAX_SAFE_INTEGER);
    expect(largest.value).toBe(hashOf([0xffffffff, 0x1fffff]));
  });
});
