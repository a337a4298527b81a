/**
 * What a guest reaches of BAR2, docs/device.md 10: on three kinds of device, around the end of what it may see.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';
import type { GenerationId } from '../../../sim/driver/generation.ts';
import { BOTH, LEGACY, opened, Rig, type RigOptions, UPSTREAM } from '../driver/rig.ts';
import { regionStruct, word32, word64 } from './user-memory.ts';

const EFAULT = -14;
const EINVAL = -22;
const BAR2 = 2;
const HALF = 0x8000;
const WHOLE = 0x10000;

const PF_WINDOW: RigOptions = { device: { hw_ver: 0x50, pf_regs: { '0x100198': 1 } } };

const DEVICES: readonly (readonly [string, GenerationId, RigOptions, number])[] = [
  ['V3 with linux-6.12.117', LEGACY, {}, HALF],
  ['V3 with upstream-2026', UPSTREAM, {}, HALF],
  ['V4 with the window not selected', UPSTREAM, { device: { hw_ver: 0x50 } }, HALF],
  ['V4 with linux-6.12.117, though the window is selected', LEGACY, PF_WINDOW, HALF],
  ['V4 with the window selected', UPSTREAM, PF_WINDOW, WHOLE],
  ['V2, with no migration', UPSTREAM, { device: { hw_ver: 0x21 } }, WHOLE],
  ['V3 without a PF driver', LEGACY, { pf: null }, WHOLE],
];

function read(rig: Rig, offset: number, length: number, index = BAR2): number {
  return rig.device.regionRead(index, offset, length, new UserBuffer(new Uint8Array(length)));
}

describe.each(DEVICES)('on hardware %s', (_, generation, options, end) => {
  test(`BAR2 is as large as the guest may see, readable, writable, mappable`, () => {
    const user = regionStruct(BAR2);
    expect(opened(generation, options).device.regionInfo(user)).toBe(0);
    expect([word64(user, 16), word32(user, 4), word64(user, 24)]).toEqual([BigInt(end), 7, 2n << 40n]);
  });

  test('each access around the end is let through, cut short or refused by its place alone', () => {
    const rig = opened(generation, options);
    const write = (offset: number, length: number): number =>
      rig.device.regionWrite(BAR2, offset, length, new UserBuffer(new Uint8Array(length)));
    const wrong: object[] = [];
    for (let offset = end - 20; offset < end + 20; offset++) {
      for (let length = 1; length <= 24; length++) {
        const granted = offset >= end ? EINVAL : Math.min(length, end - offset);
        const reading = rig.during(() => read(rig, offset, length));
        const writing = rig.during(() => write(offset, length));
        const touched = [...reading.log, ...writing.log].map((access) => access.offset + access.width);
        if (reading.ret !== granted || writing.ret !== granted || touched.some((last) => last > end)) {
          wrong.push({ offset, length, ret: [reading.ret, writing.ret], touched });
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('no register past the end can be read or written', () => {
    const rig = opened(generation, options);
    for (const offset of [end, end + 4, end + 0x20, WHOLE, WHOLE + 4, 2 ** 40]) {
      expect(rig.during(() => read(rig, offset, 8))).toMatchObject({ ret: EINVAL, tally: {} });
    }
  });

  test.each([
    ['all of it', 0, end, 0],
    ['its last page', end - 0x1000, 0x1000, 0],
    ['one page', 0, 0x1000, 0],
    ['a page too much', 0, end + 0x1000, EINVAL],
    ['a page across the end', end - 0x1000, 0x2000, EINVAL],
    ['a page past the end', end, 0x1000, EINVAL],
    ['a byte too much', 1, end, EINVAL],
  ])('%s can be mapped or not', (_name, offset, length, ret) => {
    expect(opened(generation, options).device.map(BAR2, offset, length, true)).toBe(ret);
  });
});

test('on hosts with pages of 64 KiB the lower half cannot be mapped at all', () => {
  expect(opened(LEGACY).device.map(BAR2, 0, 0x10000, true)).toBe(EINVAL);
});

test.each(BOTH)('with %s a private mapping, or one of another region, is refused', (generation) => {
  const { device } = opened(generation);
  expect(device.map(BAR2, 0, 0x1000, false)).toBe(EINVAL);
  for (const index of [0, 1, 3, 4, 5, 6, 7, 8, 9]) expect(device.map(index, 0, 0x1000, true)).toBe(EINVAL);
});

describe('an access', () => {
  test('is made in the widest aligned pieces up to 8 bytes, that together are the bytes asked for', () => {
    fc.assert(
      fc.property(fc.nat(0x200), fc.integer({ min: 1, max: 40 }), (distance, length) => {
        const rig = opened(LEGACY);
        const offset = 0x4000 + distance;
        const { ret, log } = rig.during(() => read(rig, offset, length));
        let next = offset;
        for (const access of log) {
          const left = offset + length - next;
          const widest = [8, 4, 2, 1].find((width) => next % width === 0 && width <= left);
          expect([access.fn, access.offset, access.width]).toEqual(['vf', next, widest]);
          next += access.width;
        }
        expect([ret, next]).toEqual([length, offset + length]);
      }),
    );
  });

  test('reads what was written, byte by byte, and changes nothing else', () => {
    fc.assert(
      fc.property(fc.nat(0x100), fc.uint8Array({ minLength: 1, maxLength: 32 }), (distance, bytes) => {
        const rig = opened(LEGACY);
        const start = 0x4000;
        const around = new Uint8Array(0x200).fill(0xa5);
        rig.device.regionWrite(BAR2, start, around.length, new UserBuffer(around.slice()));
        rig.device.regionWrite(BAR2, start + distance, bytes.length, new UserBuffer(bytes));
        around.set(bytes, distance);
        const got = new UserBuffer(new Uint8Array(around.length));
        rig.device.regionRead(BAR2, start, around.length, got);
        expect(got.bytes).toEqual(around);
      }),
    );
  });

  test('of a bad buffer is EFAULT, and a write then reaches no register', () => {
    const rig = opened(LEGACY);
    const user = new UserBuffer(new Uint8Array(8));
    user.unmapped = true;
    expect(rig.device.regionRead(BAR2, 0x4, 4, user)).toBe(EFAULT);
    expect(rig.during(() => rig.device.regionWrite(BAR2, 0x4, 4, user))).toMatchObject({ ret: EFAULT, tally: {} });
  });

  test('of a region that is none is refused', () => {
    expect(read(opened(LEGACY), 0, 4, 9)).toBe(EINVAL);
    expect(read(opened(LEGACY), 0, 4, 0)).toBe(EINVAL);
  });
});

describe('region info', () => {
  test.each([0, 8, 16, 31])('with a size of %i is refused, and fills nothing', (argsz) => {
    const user = regionStruct(BAR2, argsz);
    expect(opened(LEGACY).device.regionInfo(user)).toBe(EINVAL);
    expect([word32(user, 4), word64(user, 16)]).toEqual([0, 0n]);
  });

  test('with a size of 32 or more is given', () => {
    for (const argsz of [32, 33, 4096]) expect(opened(LEGACY).device.regionInfo(regionStruct(BAR2, argsz))).toBe(0);
  });

  test('of a region that is none is refused', () => {
    expect(opened(LEGACY).device.regionInfo(regionStruct(9))).toBe(EINVAL);
  });

  test('is the core’s for other regions, whose offset is their number shifted by 40', () => {
    const user = regionStruct(7);
    expect(opened(LEGACY).device.regionInfo(user)).toBe(0);
    expect([word64(user, 16), word32(user, 4), word64(user, 24)]).toEqual([0x1000n, 3, 7n << 40n]);
  });

  test('from or to a bad buffer is EFAULT', () => {
    const user = regionStruct(BAR2);
    user.unmapped = true;
    expect(opened(LEGACY).device.regionInfo(user)).toBe(EFAULT);
  });

  test('of BAR2 is the half even before the device is opened', () => {
    const user = regionStruct(BAR2);
    new Rig(LEGACY).device.regionInfo(user);
    expect(word64(user, 16)).toBe(BigInt(HALF));
  });
});
