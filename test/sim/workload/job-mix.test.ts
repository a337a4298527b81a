import { describe, expect, test } from 'vitest';
import { Random } from '../../../sim/base/random.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { type JobKind, JobMix } from '../../../sim/workload/job-mix.ts';

const SMALL: JobKind = { name: 'small', bytes: 1024, share: 3, fixedNs: 500, nsPerByte: 0.25 };
const LARGE: JobKind = { name: 'large', bytes: 65_536, share: 1, fixedNs: 500, nsPerByte: 0.25, spread: 'exponential' };

describe('JobMix', () => {
  test('time on a core has a fixed part and one for each byte', () => {
    const mix = new JobMix([SMALL, LARGE]);
    expect([...mix.serviceNs]).toEqual([756, 16_884]);
    expect(mix.drawServiceNs(0, new Random(1))).toBe(756);
  });

  test('kinds come with their shares, and exponential ones with their mean', () => {
    const mix = new JobMix([SMALL, LARGE]);
    const random = new Random(4, 9);
    let large = 0;
    let sum = 0;
    const draws = 100_000;
    for (let i = 0; i < draws; i++) {
      large += mix.draw(random);
      sum += mix.drawServiceNs(1, random);
    }
    expect(Math.abs(large / draws - 0.25)).toBeLessThan(3.3 * Math.sqrt((0.25 * 0.75) / draws));
    expect(Math.abs(sum / draws / 16_884 - 1)).toBeLessThan(3.3 / Math.sqrt(draws));
  });

  test('a kind without a share never comes', () => {
    const mix = new JobMix([{ ...SMALL, share: 0 }, LARGE, { ...SMALL, name: 'last', share: 0 }]);
    const random = new Random(4);
    for (let i = 0; i < 1000; i++) expect(mix.draw(random)).toBe(1);
  });

  test.each<[string, JobKind[], string]>([
    ['no kinds', [], 'the job mix has 0 kinds'],
    ['shares of 0', [{ ...SMALL, share: 0 }], 'all shares of the job mix are 0'],
    ['a negative size', [{ ...SMALL, bytes: -1 }], "bytes of job 'small' is -1"],
    ['no time on a core', [{ ...SMALL, fixedNs: 0, nsPerByte: 0 }], "job 'small' takes no time"],
    ['one name twice', [SMALL, SMALL], "names 'small' twice"],
  ])('refuses %s', (_, kinds, message) => {
    expect(() => new JobMix(kinds)).toThrow(UserError);
    expect(() => new JobMix(kinds)).toThrow(message);
  });
});
