/** The region of protocol v1 over a device that is nothing but bytes, docs/designs.md 3. */
import { describe, expect, test } from 'vitest';
import { isV1Transition, V1_BLOCK_BYTES, V1_REG, V1_STATE } from '../../../sim/abi/vfio-v1.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';
import { v1RegionInfo } from '../../../sim/vfio/v1-file.ts';
import { type V1Device, V1Region } from '../../../sim/vfio/v1-region.ts';
import { regionStruct, word32, word64 } from './user-memory.ts';

const EIO = -5;
const EFAULT = -14;
const EINVAL = -22;
const { STOPPED, RUNNING, STOP_COPY, PRE_COPY, RESUMING } = V1_STATE;

class Bytes implements V1Device {
  lostState = false;
  refuses = 0;
  acceptRefuses = 0;
  entered: [number, number][] = [];
  takenBytes: number[] = [];
  accepted: number[][] = [];
  saved: Uint8Array = Uint8Array.from({ length: 10 }, (_, i) => i + 1);

  enter(from: number, to: number): number {
    this.entered.push([from, to]);
    return this.refuses;
  }

  image(): Uint8Array {
    return this.saved;
  }

  taken(bytes: number): void {
    this.takenBytes.push(bytes);
  }

  accept(chunk: Uint8Array): number {
    this.accepted.push([...chunk]);
    return this.acceptRefuses;
  }
}

function rig(windowBytes = 4): {
  device: Bytes;
  region: V1Region;
  get: (offset: number, width: number) => number;
  put: (offset: number, width: number, value: number) => number;
  data: (length: number, at?: number) => number[] | number;
} {
  const device = new Bytes();
  const region = new V1Region(device, windowBytes);
  const get = (offset: number, width: number): number => {
    const user = new UserBuffer(new Uint8Array(8));
    const ret = region.read(offset, width, user);
    return ret < 0 ? ret : Number(new DataView(user.bytes.buffer).getBigUint64(0, true));
  };
  const put = (offset: number, width: number, value: number): number => {
    const user = new UserBuffer(new Uint8Array(8));
    new DataView(user.bytes.buffer).setBigUint64(0, BigInt(value), true);
    return region.write(offset, width, user);
  };
  const data = (length: number, at = 0): number[] | number => {
    const user = new UserBuffer(new Uint8Array(length));
    const ret = region.read(V1_BLOCK_BYTES + at, length, user);
    return ret < 0 ? ret : [...user.bytes.subarray(0, ret)];
  };
  return { device, region, get, put, data };
}

function go(on: ReturnType<typeof rig>, ...states: readonly number[]): void {
  for (const state of states) expect(on.put(V1_REG.deviceState, 4, state)).toBe(4);
}

describe('registers', () => {
  test('are accessed with their own width at their own offset only', () => {
    const on = rig();
    const good = new Set(['0/4', '4/4', '8/8', '16/8', '24/8']);
    for (let offset = 0; offset < V1_BLOCK_BYTES; offset++) {
      for (const width of [1, 2, 4, 8]) {
        const known = good.has(`${offset}/${width}`);
        expect([offset, width, on.get(offset, width) !== EINVAL]).toEqual([offset, width, known]);
      }
    }
  });

  test('pending_bytes and data_offset are read only; the reserved word reads 0 and takes anything', () => {
    const on = rig();
    for (const offset of [V1_REG.pendingBytes, V1_REG.dataOffset]) expect(on.put(offset, 8, 0)).toBe(EINVAL);
    expect(on.put(V1_REG.reserved, 4, 0xffff)).toBe(4);
    expect(on.get(V1_REG.reserved, 4)).toBe(0);
    expect(on.get(V1_REG.dataOffset, 8)).toBe(32);
  });

  test('into a bad buffer give EFAULT, and change nothing', () => {
    const { region, device } = rig();
    const bad = new UserBuffer(new Uint8Array(8));
    bad.unmapped = true;
    expect(region.read(V1_REG.deviceState, 4, bad)).toBe(EFAULT);
    expect(region.write(V1_REG.deviceState, 4, bad)).toBe(EFAULT);
    expect(device.entered).toEqual([]);
  });
});

describe('states', () => {
  test('a fresh region is running', () => {
    expect(rig().get(V1_REG.deviceState, 4)).toBe(RUNNING);
  });

  const ways: Readonly<Record<number, readonly number[]>> = {
    [STOPPED]: [STOPPED],
    [RUNNING]: [],
    [STOP_COPY]: [STOP_COPY],
    [PRE_COPY]: [PRE_COPY],
    [RESUMING]: [RESUMING],
  };

  test.each(keysOf(V1_STATE).filter((name) => V1_STATE[name] < 5))('what can be asked for in %s', (name) => {
    const from = V1_STATE[name];
    for (let to = 0; to < 16; to++) {
      const on = rig();
      go(on, ...ways[from]!);
      on.device.entered = [];
      const known = from !== to && isV1Transition(from, to);
      expect([to, on.put(V1_REG.deviceState, 4, to)]).toEqual([to, known || from === to ? 4 : EINVAL]);
      expect(on.get(V1_REG.deviceState, 4)).toBe(known ? to : from);
      expect(on.device.entered).toEqual(known ? [[from, to]] : []);
    }
  });

  test('a change that fails and leaves the device as it was keeps the old state', () => {
    const on = rig();
    on.device.refuses = EFAULT;
    expect(on.put(V1_REG.deviceState, 4, STOP_COPY)).toBe(EFAULT);
    expect(on.get(V1_REG.deviceState, 4)).toBe(RUNNING);
    on.device.refuses = 0;
    go(on, STOP_COPY);
  });

  test('a change that fails half way shows 110, which refuses everything until the reset', () => {
    const on = rig();
    go(on, RESUMING);
    on.device.refuses = EFAULT;
    on.device.lostState = true;
    expect(on.put(V1_REG.deviceState, 4, RUNNING)).toBe(EFAULT);
    on.device.refuses = 0;
    for (let to = 0; to < 8; to++) {
      expect(on.put(V1_REG.deviceState, 4, to)).toBe(EIO);
      expect(on.get(V1_REG.deviceState, 4)).toBe(V1_STATE.ERROR);
    }
    expect(on.get(V1_REG.pendingBytes, 8)).toBe(0);
    expect(on.data(1)).toBe(EINVAL);
    expect(on.put(V1_BLOCK_BYTES, 4, 1)).toBe(EINVAL);
    on.region.reset();
    expect(on.get(V1_REG.deviceState, 4)).toBe(RUNNING);
    go(on, PRE_COPY, STOP_COPY, STOPPED);
  });

  test.each([
    ['stopped', [STOPPED]],
    ['pre-copy', [PRE_COPY]],
    ['stop-and-copy', [PRE_COPY, STOP_COPY]],
    ['resuming', [RESUMING]],
  ] as const)('a reset in %s gives running', (_, way) => {
    const on = rig();
    go(on, ...way);
    on.region.reset();
    expect(on.get(V1_REG.deviceState, 4)).toBe(RUNNING);
    expect(on.get(V1_REG.pendingBytes, 8)).toBe(0);
  });
});

describe.each([PRE_COPY, STOP_COPY])('the save loop in state %i', (state) => {
  test('hands the image out in chunks; asking again for place and size changes nothing', () => {
    const on = rig(4);
    go(on, state);
    const seen: number[] = [];
    const sizes: number[] = [];
    for (let left = 10; left > 0;) {
      for (let i = 0; i < 3; i++) expect(on.get(V1_REG.pendingBytes, 8)).toBe(left);
      for (let i = 0; i < 2; i++) expect(on.get(V1_REG.dataOffset, 8)).toBe(32);
      const size = on.get(V1_REG.dataSize, 8);
      expect(on.get(V1_REG.dataSize, 8)).toBe(size);
      seen.push(...(on.data(size) as number[]));
      sizes.push(size);
      left -= size;
    }
    expect(on.get(V1_REG.pendingBytes, 8)).toBe(0);
    expect(sizes).toEqual([4, 4, 2]);
    expect(seen).toEqual([...on.device.saved]);
    expect(on.device.takenBytes).toEqual(sizes);
  });

  test('data are there once their place was asked for, and count as taken once they were all read', () => {
    const on = rig(4);
    go(on, state);
    expect(on.data(1)).toBe(EINVAL);
    on.get(V1_REG.dataOffset, 8);
    expect(on.data(3)).toEqual([1, 2, 3]);
    expect(on.get(V1_REG.pendingBytes, 8)).toBe(10);
    expect(on.data(1, 3)).toEqual([4]);
    expect(on.get(V1_REG.pendingBytes, 8)).toBe(6);
  });

  test('reading past the chunk, and writing, is refused', () => {
    const on = rig(4);
    go(on, state);
    on.get(V1_REG.dataOffset, 8);
    expect(on.data(5)).toBe(EINVAL);
    expect(on.data(4, 1)).toBe(EINVAL);
    expect(on.put(V1_BLOCK_BYTES, 4, 7)).toBe(EINVAL);
    expect(on.put(V1_REG.dataSize, 8, 4)).toBe(EINVAL);
  });
});

test('pre-copy may be left with data unread, and stop-and-copy then has its own image', () => {
  const on = rig(4);
  go(on, PRE_COPY);
  on.get(V1_REG.dataOffset, 8);
  on.device.saved = Uint8Array.of(9, 8, 7);
  go(on, STOP_COPY);
  expect(on.get(V1_REG.pendingBytes, 8)).toBe(3);
  on.get(V1_REG.dataOffset, 8);
  expect(on.data(3)).toEqual([9, 8, 7]);
});

describe('the resume loop', () => {
  test('gives the driver each chunk when its size is written', () => {
    const on = rig(4);
    go(on, RESUMING);
    for (const [value, size] of [
      [0x04030201, 4],
      [0x0605, 2],
    ] as const) {
      expect(on.get(V1_REG.dataOffset, 8)).toBe(32);
      expect(on.put(V1_BLOCK_BYTES, size, value)).toBe(size);
      expect(on.put(V1_REG.dataSize, 8, size)).toBe(8);
    }
    expect(on.device.accepted).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
    expect(on.get(V1_REG.dataSize, 8)).toBe(2);
  });

  test('bad data are reported by the write of their size; the state stays', () => {
    const on = rig(4);
    go(on, RESUMING);
    on.device.acceptRefuses = EINVAL;
    expect(on.put(V1_REG.dataSize, 8, 4)).toBe(EINVAL);
    expect(on.get(V1_REG.deviceState, 4)).toBe(RESUMING);
  });

  test('more than the window holds is refused', () => {
    const on = rig(4);
    go(on, RESUMING);
    expect(on.put(V1_REG.dataSize, 8, 5)).toBe(EINVAL);
    expect(on.put(V1_BLOCK_BYTES + 2, 4, 0)).toBe(EINVAL);
    expect(on.data(1)).toBe(EINVAL);
  });

  test('nothing can be written in any other state', () => {
    for (const way of [[], [STOPPED], [PRE_COPY], [STOP_COPY]]) {
      const on = rig(4);
      go(on, ...way);
      expect(on.put(V1_BLOCK_BYTES, 4, 0)).toBe(EINVAL);
      expect(on.put(V1_REG.dataSize, 8, 0)).toBe(EINVAL);
    }
  });
});

describe('region info', () => {
  test('first says how much room it needs, then has the type', () => {
    const { region } = rig(160);
    const small = regionStruct(9);
    expect(v1RegionInfo(region, small)).toBe(0);
    expect([word32(small, 0), word32(small, 4), word32(small, 12)]).toEqual([48, 11, 0]);
    const large = new UserBuffer(new Uint8Array(48));
    new DataView(large.bytes.buffer).setUint32(0, 48, true);
    new DataView(large.bytes.buffer).setUint32(8, 9, true);
    expect(v1RegionInfo(region, large)).toBe(0);
    expect([word32(large, 0), word32(large, 12), word64(large, 16)]).toEqual([48, 32, 192n]);
    expect(word64(large, 24)).toBe(9n << 40n);
    // Capability 2, version 1, no next; type 3, subtype 1.
    expect([word32(large, 32), word32(large, 36), word32(large, 40), word32(large, 44)]).toEqual([0x1_0002, 0, 3, 1]);
  });

  test('of another region, or in a structure that is too short, is EINVAL', () => {
    const { region } = rig();
    expect(v1RegionInfo(region, regionStruct(8))).toBe(EINVAL);
    expect(v1RegionInfo(region, regionStruct(9, 31))).toBe(EINVAL);
  });
});
