/**
 * The data files, docs/device.md 9. Where several things are wrong, the first in the stated order decides.
 */
import { describe, expect, test } from 'vitest';
import { MigrationFile } from '../../../sim/driver/migration-file.ts';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';
import { BOTH, image, opened, type Rig } from './rig.ts';

const EBADF = -9;
const ENOMEM = -12;
const EFAULT = -14;
const ENODEV = -19;
const EINVAL = -22;
const ENOTTY = -25;
const ESPIPE = -29;

function unmapped(bytes = 256): UserBuffer {
  const user = new UserBuffer(new Uint8Array(bytes));
  user.unmapped = true;
  return user;
}

describe('read() on a saving file', () => {
  test('with a position is refused before anything else', () => {
    const file = new MigrationFile('save', true);
    file.disable();
    file.position = 1;
    expect(file.seekRefused()).toBe(ESPIPE);
  });

  test('past the length is EINVAL, even when disabled and with a bad buffer', () => {
    const file = new MigrationFile('save', true);
    file.disable();
    file.position = 1;
    expect(file.read(unmapped(), 1)).toBe(EINVAL);
  });

  test('when disabled is ENODEV, even with a bad buffer', () => {
    const file = new MigrationFile('save', true);
    file.disable();
    expect(file.read(unmapped(), 1)).toBe(ENODEV);
  });

  test('into a bad buffer is EFAULT and moves nothing', () => {
    const file = new MigrationFile('save', true);
    file.totalLength = 40;
    expect(file.read(unmapped(), 40)).toBe(EFAULT);
    expect(file.position).toBe(0);
  });

  test('at the end is 0, even into a bad buffer, as is a read of nothing', () => {
    const file = new MigrationFile('save', true);
    expect(file.read(unmapped(), 10)).toBe(0);
    file.totalLength = 40;
    expect(file.read(unmapped(), 0)).toBe(0);
  });

  test.each([1, 7, 40, 64, 175, 176, 177])('in pieces of %i gives the image in order, then 0', (length) => {
    const file = new MigrationFile('save', true);
    file.bytes.set(image());
    file.totalLength = 176;
    const got: number[] = [];
    for (let left = 176; left > 0; left -= length) {
      const user = new UserBuffer(new Uint8Array(length));
      const ret = file.read(user, length);
      expect(ret).toBe(Math.min(length, left));
      got.push(...user.bytes.subarray(0, ret));
    }
    expect(got).toEqual([...image()]);
    expect(file.read(new UserBuffer(new Uint8Array(length)), length)).toBe(0);
  });
});

describe('write() on a resuming file', () => {
  const past = 2 ** 53 - 1;

  test('with a position is refused before anything else', () => {
    expect(new MigrationFile('resume', true).seekRefused()).toBe(ESPIPE);
  });

  test('that overflows the position is EINVAL before it is too long', () => {
    const file = new MigrationFile('resume', true);
    file.position = 1;
    expect(file.write(unmapped(), past)).toBe(EINVAL);
  });

  test('past 176 bytes is ENOMEM, even when disabled and with a bad buffer, and stores nothing', () => {
    const file = new MigrationFile('resume', true);
    file.disable();
    expect(file.write(unmapped(), 177)).toBe(ENOMEM);
    const open = new MigrationFile('resume', true);
    expect(open.write(new UserBuffer(new Uint8Array(177).fill(1)), 177)).toBe(ENOMEM);
    expect([open.position, open.totalLength]).toEqual([0, 0]);
    expect(open.bytes).toEqual(new Uint8Array(176));
  });

  test.each([
    [0, 176, 176],
    [0, 177, ENOMEM],
    [40, 136, 136],
    [40, 137, ENOMEM],
    [176, 0, 0],
    [176, 1, ENOMEM],
  ])('at %i of %i bytes gives %i', (position, length, ret) => {
    const file = new MigrationFile('resume', true);
    file.position = position;
    expect(file.write(new UserBuffer(new Uint8Array(length)), length)).toBe(ret);
  });

  test('when disabled is ENODEV, even with a bad buffer', () => {
    const file = new MigrationFile('resume', true);
    file.disable();
    expect(file.write(unmapped(), 176)).toBe(ENODEV);
  });

  test('from a bad buffer, or one that ends early, is EFAULT and counts nothing', () => {
    const file = new MigrationFile('resume', true);
    expect(file.write(unmapped(), 176)).toBe(EFAULT);
    const short = new UserBuffer(image());
    short.faultAfter = 100;
    expect(file.write(short, 176)).toBe(EFAULT);
    expect([file.position, file.totalLength]).toEqual([0, 0]);
  });
});

describe.each(BOTH)('with %s', (generation) => {
  test('a saving file cannot be written, a resuming one not read', () => {
    const rig = opened(generation);
    expect(rig.write(rig.fileAt('PRE_COPY'), image())).toBe(EBADF);
    expect(rig.read(rig.fileAt('RESUMING'))).toBe(EBADF);
  });

  test('a stream continues at its place from PRE_COPY into STOP_COPY, through the same file', () => {
    const rig = opened(generation);
    const file = rig.fileAt('PRE_COPY');
    expect(rig.read(file, 30)).toHaveLength(30);
    rig.at('STOP_COPY');
    expect(rig.device.newFile).toBeNull();
    expect(rig.read(file)).toHaveLength(146);
    expect(rig.read(file)).toHaveLength(0);
  });

  test('in PRE_COPY a read at the end gives 0', () => {
    const rig = opened(generation);
    const file = rig.fileAt('PRE_COPY');
    expect([rig.read(file), rig.read(file)].map((bytes) => (bytes as Uint8Array).length)).toEqual([40, 0]);
  });

  test('the match data of PRE_COPY say READY even of a guest without a driver', () => {
    const rig = opened(generation, { device: { vf_regs: { '0x60': 1 } } });
    expect(rig.read(rig.fileAt('PRE_COPY'))).toEqual(image().subarray(0, 40));
    rig.at('STOP_COPY');
    expect(rig.driver.vfQmState).toBe(1);
  });

  test('leaving STOP_COPY disables the file, wherever its reader was', () => {
    for (const length of [0, 40, 176]) {
      const rig = opened(generation);
      const file = rig.fileAt('STOP_COPY');
      rig.read(file, length);
      rig.at('STOP');
      expect(rig.read(file)).toBe(ENODEV);
    }
  });

  test('leaving PRE_COPY for RUNNING disables the file, and the next PRE_COPY gives another', () => {
    const rig = opened(generation);
    const old = rig.fileAt('PRE_COPY');
    const fresh = rig.fileAt('RUNNING', 'PRE_COPY');
    expect(rig.read(old)).toBe(ENODEV);
    expect(rig.read(fresh)).toHaveLength(40);
    expect(rig.driver.filesAlive).toBe(2);
  });

  test('a file lives until driver and user have both let go, in either order', () => {
    const rig = opened(generation);
    const first = rig.fileAt('STOP_COPY');
    rig.device.closeFile(first);
    expect(rig.driver.filesAlive).toBe(1);
    rig.at('STOP');
    expect(rig.driver.filesAlive).toBe(0);
    const second = rig.fileAt('STOP_COPY');
    rig.device.close();
    expect(rig.driver.filesAlive).toBe(1);
    rig.device.closeFile(second);
    expect(rig.driver.filesAlive).toBe(0);
  });

  test('a new file holds nothing of a released one', () => {
    const rig = opened(generation);
    const used = rig.fileAt('RESUMING');
    rig.write(used, image());
    rig.at('STOP');
    rig.device.closeFile(used);
    const fresh = rig.fileAt('RESUMING');
    expect(fresh.bytes).toEqual(new Uint8Array(176));
    expect([fresh.position, fresh.totalLength, fresh.disabled]).toEqual([0, 0, false]);
  });
});

const GET_PRECOPY_INFO = 0x3b79;

interface Info {
  readonly ret: number;
  readonly flags: number;
  readonly initial: bigint;
  readonly dirty: bigint;
}

function precopyInfo(rig: Rig, file: MigrationFile, argsz = 24, flags = 0): Info {
  const user = new UserBuffer(new Uint8Array(24));
  const view = new DataView(user.bytes.buffer);
  view.setUint32(0, argsz, true);
  view.setUint32(4, flags, true);
  view.setBigUint64(16, 77n, true);
  const ret = rig.device.fileIoctl(file, GET_PRECOPY_INFO, user);
  return {
    ret,
    flags: view.getUint32(4, true),
    initial: view.getBigUint64(8, true),
    dirty: view.getBigUint64(16, true),
  };
}

describe.each(BOTH)('the pre-copy info of %s', (generation) => {
  test('gives the bytes left, and that none are dirty', () => {
    const rig = opened(generation);
    const file = rig.fileAt('PRE_COPY');
    for (const [length, left] of [
      [0, 40n],
      [15, 25n],
      [100, 0n],
    ] as const) {
      rig.read(file, length);
      expect(precopyInfo(rig, file)).toEqual({ ret: 0, flags: 0, initial: left, dirty: 0n });
    }
  });

  test('knows no other command, and no resuming file', () => {
    const rig = opened(generation);
    const saving = rig.fileAt('PRE_COPY');
    expect(rig.device.fileIoctl(saving, GET_PRECOPY_INFO + 1, unmapped())).toBe(ENOTTY);
    expect(rig.device.fileIoctl(rig.fileAt('RESUMING'), GET_PRECOPY_INFO, unmapped())).toBe(ENOTTY);
  });

  test('finds a bad buffer before a small size, and that before a wrong state', () => {
    const rig = opened(generation);
    const file = rig.fileAt('STOP_COPY');
    expect(rig.device.fileIoctl(file, GET_PRECOPY_INFO, unmapped())).toBe(EFAULT);
    expect(precopyInfo(rig, file, 23).ret).toBe(EINVAL);
    expect(precopyInfo(rig, file, 24).ret).toBe(EINVAL);
    rig.at('RUNNING');
    const preCopy = rig.fileAt('PRE_COPY');
    expect([8, 23, 24, 25].map((argsz) => precopyInfo(rig, preCopy, argsz).ret)).toEqual([EINVAL, EINVAL, 0, 0]);
  });

  test('finds a wrong state before a dead file, and a dead file in the right state', () => {
    const rig = opened(generation);
    const dead = rig.fileAt('PRE_COPY');
    rig.at('RUNNING');
    expect(precopyInfo(rig, dead).ret).toBe(EINVAL);
    rig.at('PRE_COPY');
    expect(precopyInfo(rig, dead).ret).toBe(ENODEV);
  });

  test('leaves the caller’s flags alone', () => {
    const rig = opened(generation);
    expect(precopyInfo(rig, rig.fileAt('PRE_COPY'), 24, 0xabc).flags).toBe(0xabc);
  });

  test('makes the flags output once its second version is asked for, until the device is closed', () => {
    const rig = opened(generation);
    const SET_V2 = (1 << 17) | 12;
    const user = new UserBuffer(new Uint8Array(8));
    new DataView(user.bytes.buffer).setUint32(0, 8, true);
    new DataView(user.bytes.buffer).setUint32(4, SET_V2, true);
    const known = generation === 'upstream-2026';
    expect(rig.device.feature(user)).toBe(known ? 0 : ENOTTY);
    expect(precopyInfo(rig, rig.fileAt('PRE_COPY'), 24, 0xabc).flags).toBe(known ? 0 : 0xabc);
    rig.device.close();
    rig.device.open();
    expect(precopyInfo(rig, rig.fileAt('PRE_COPY'), 24, 0xabc).flags).toBe(0xabc);
  });
});
