import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACCELERATORS } from '../../../sim/abi/accelerators.ts';
import { defaultVftSplit, vftBase, vftHigh, vftLow, vftNum } from '../../../sim/abi/vft.ts';

function word64(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

describe('an SQC VFT entry', () => {
  test('for base 256 and 12 queues is 0x0001701000000000', () => {
    expect(word64(vftLow(256, 12), vftHigh(256, 12))).toBe(0x0001701000000000n);
  });

  test('for no queues is all zero', () => {
    expect([vftLow(300, 0), vftHigh(300, 0)]).toEqual([0, 0]);
  });

  test('that is all zero reads as base 0 and one queue, never none', () => {
    expect([vftBase(0, 0), vftNum(0)]).toEqual([0, 1]);
  });

  test('is read whatever the valid bit says', () => {
    const high = vftHigh(256, 12) & ~(1 << 12);
    expect([vftBase(vftLow(256, 12), high), vftNum(high)]).toEqual([256, 12]);
  });

  test('has base in bits 43 to 28, valid in bit 44, count less one in bits 54 to 45, and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 1, max: 1024 }), (base, num) => {
        const expected = (BigInt(base) << 28n) | (1n << 44n) | (BigInt(num - 1) << 45n);
        expect(word64(vftLow(base, num), vftHigh(base, num))).toBe(expected);
        expect(vftBase(vftLow(base, num), vftHigh(base, num))).toBe(base);
        expect(vftNum(vftHigh(base, num))).toBe(num);
      }),
    );
  });
});

describe('the default split of 1024 queues', () => {
  const SEC_PF = ACCELERATORS.sec.pfDefaultQueues;
  const OTHER_PF = ACCELERATORS.zip.pfDefaultQueues;

  test('leaves SEC a pool of 768 and HPRE and ZIP one of 960', () => {
    expect(SEC_PF).toBe(1024 - 768);
    expect(OTHER_PF).toBe(1024 - 960);
    expect(ACCELERATORS.hpre.pfDefaultQueues).toBe(OTHER_PF);
  });

  test.each([
    ['SEC', SEC_PF, 1, 768],
    ['SEC', SEC_PF, 2, 384],
    ['SEC', SEC_PF, 16, 48],
    ['HPRE and ZIP', OTHER_PF, 1, 960],
    ['HPRE and ZIP', OTHER_PF, 2, 480],
    ['HPRE and ZIP', OTHER_PF, 16, 60],
  ])('gives %s (PF has %i) with %i VFs %i queues each', (_, pfQueues, vfs, each) => {
    expect(defaultVftSplit(pfQueues, vfs).map(({ num }) => num)).toEqual(Array.from({ length: vfs }, () => each));
  });

  test.each([
    ['SEC', SEC_PF, 12, 24, 256, 1012],
    ['HPRE and ZIP', OTHER_PF, 15, 30, 64, 1009],
  ])('gives the last of 63 VFs of %s (PF has %i) the remainder', (_, pfQueues, each, last, lastBase, firstBase) => {
    const split = defaultVftSplit(pfQueues, 63);
    expect(split).toHaveLength(63);
    expect(split.slice(0, 62).map(({ num }) => num)).toEqual(Array.from({ length: 62 }, () => each));
    expect(split[62]).toEqual({ base: lastBase, num: last });
    expect(split[0]).toEqual({ base: firstBase, num: each });
  });

  test('deals the remainder one each, from the last VF down, where one function may not hold it all', () => {
    expect(defaultVftSplit(1014, 4, 3)).toEqual([
      { base: 1022, num: 2 },
      { base: 1020, num: 2 },
      { base: 1017, num: 3 },
      { base: 1014, num: 3 },
    ]);
  });

  test('covers the pool without gap or overlap, from the highest VF down', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 63 }), (pfQueues, vfs) => {
        const split = defaultVftSplit(pfQueues, vfs);
        let next = pfQueues;
        for (const { base, num } of split.toReversed()) {
          expect(base).toBe(next);
          expect(num).toBeGreaterThan(0);
          next += num;
        }
        expect(next).toBe(1024);
      }),
    );
  });
});
