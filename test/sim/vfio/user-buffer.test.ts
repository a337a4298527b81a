import { describe, expect, test } from 'vitest';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';

const BYTES = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

function buffer(changes: Partial<UserBuffer> = {}): UserBuffer {
  return Object.assign(new UserBuffer(new Uint8Array(8).fill(9)), changes);
}

describe('a copy to user space', () => {
  test('puts bytes at an offset and leaves none', () => {
    const user = buffer();
    expect(user.copyToUser(2, BYTES, 1, 3)).toBe(0);
    expect([...user.bytes]).toEqual([9, 9, 2, 3, 4, 9, 9, 9]);
  });

  test('into an unmapped buffer leaves all', () => {
    const user = buffer({ unmapped: true });
    expect(user.copyToUser(0, BYTES, 0, 8)).toBe(8);
    expect([...user.bytes]).toEqual([9, 9, 9, 9, 9, 9, 9, 9]);
  });

  test.each([
    [0, 8],
    [5, 3],
    [8, 0],
    [9, 0],
  ])('into a buffer that ends after %i bytes leaves %i', (faultAfter, left) => {
    const user = buffer({ faultAfter });
    expect(user.copyToUser(0, BYTES, 0, 8)).toBe(left);
    expect([...user.bytes]).toEqual([...BYTES.subarray(0, 8 - left), ...Array.from({ length: left }, () => 9)]);
  });
});

describe('a copy from user space', () => {
  test('takes bytes from an offset and leaves none', () => {
    const user = new UserBuffer(BYTES);
    const to = new Uint8Array(6).fill(9);
    expect(user.copyFromUser(to, 1, 4, 3)).toBe(0);
    expect([...to]).toEqual([9, 5, 6, 7, 9, 9]);
  });

  test('from an unmapped buffer leaves all, and zeroes what was to be filled', () => {
    const to = new Uint8Array(6).fill(9);
    expect(buffer({ unmapped: true }).copyFromUser(to, 1, 0, 4)).toBe(4);
    expect([...to]).toEqual([9, 0, 0, 0, 0, 9]);
  });

  test('from a buffer that ends early zeroes what it could not copy', () => {
    const user = new UserBuffer(BYTES);
    user.faultAfter = 2;
    const to = new Uint8Array(6).fill(9);
    expect(user.copyFromUser(to, 0, 0, 5)).toBe(3);
    expect([...to]).toEqual([1, 2, 0, 0, 0, 9]);
  });
});
