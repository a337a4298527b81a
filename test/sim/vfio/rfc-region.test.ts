/** What user space could do to the driver of 2021 through its region, docs/designs.md 5. */
import { describe, expect, test } from 'vitest';
import { ACCELERATORS } from '../../../sim/abi/accelerators.ts';
import { V1_REG, V1_STATE } from '../../../sim/abi/vfio-v1.ts';
import { GENERATIONS } from '../../../sim/driver/generation.ts';
import { GUARD_BYTE, GuardedMemory } from '../../../sim/driver/guarded-memory.ts';
import { RfcDriver } from '../../../sim/driver/rfc-driver.ts';
import { RFC_SNAPSHOT_IDS, RFC_SNAPSHOTS, type RfcSnapshotId } from '../../../sim/driver/rfc-snapshot.ts';
import { BarAccess, policyOf } from '../../../sim/vfio/bar-policy.ts';
import { RfcRegion } from '../../../sim/vfio/rfc-region.ts';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';
import { EQC, LEGACY, Rig } from '../driver/rig.ts';

const EFAULT = -14;
const EINVAL = -22;
const A = 'rfc-2021-a';
const B = 'rfc-2021-b';
const REGION = 192;

function rigOf(id: RfcSnapshotId): {
  driver: RfcDriver;
  region: RfcRegion;
  get: (offset: number, width: number) => bigint | number;
  put: (offset: number, width: number, value: bigint | number) => number;
  read: (offset: number, length: number) => number[] | number;
} {
  const rig = new Rig(LEGACY);
  const driver = new RfcDriver({
    port: rig.port,
    snapshot: RFC_SNAPSHOTS[id],
    generation: GENERATIONS[LEGACY],
    facts: ACCELERATORS.sec,
    functionNumber: 1,
    pf: rig.pf,
  });
  driver.open();
  const region = new RfcRegion(driver);
  return {
    driver,
    region,
    get(offset, width): bigint | number {
      const user = new UserBuffer(new Uint8Array(8));
      const ret = region.read(offset, width, user);
      return ret < 0 ? ret : new DataView(user.bytes.buffer).getBigUint64(0, true);
    },
    put(offset, width, value): number {
      const user = new UserBuffer(new Uint8Array(Math.max(8, width)));
      new DataView(user.bytes.buffer).setBigUint64(0, BigInt(value), true);
      return region.write(offset, width, user);
    },
    read(offset, length): number[] | number {
      const user = new UserBuffer(new Uint8Array(length));
      const ret = region.read(offset, length, user);
      return ret < 0 ? ret : [...user.bytes];
    },
  };
}

describe.each(RFC_SNAPSHOT_IDS)('%s, used as its client uses it', (id) => {
  test('shows 192 bytes, registers with their widths, and data at 32', () => {
    const on = rigOf(id);
    expect(on.region.bytes).toBe(REGION);
    expect(on.get(V1_REG.deviceState, 4)).toBe(1n);
    expect(on.get(V1_REG.dataOffset, 8)).toBe(32n);
    expect(on.get(V1_REG.deviceState, 8)).toBe(EINVAL);
    expect(on.get(V1_REG.reserved, 4)).toBe(EFAULT);
    expect(on.put(V1_REG.pendingBytes, 8, 1)).toBe(EFAULT);
    expect(on.get(REGION, 1)).toBe(EINVAL);
  });

  test('reads count down what is pending, writes count it up', () => {
    const on = rigOf(id);
    expect(on.put(V1_REG.deviceState, 4, V1_STATE.PRE_COPY)).toBe(4);
    expect(on.get(V1_REG.pendingBytes, 8)).toBe(32n);
    expect(on.read(32, 20)).toHaveLength(20);
    expect(on.get(V1_REG.pendingBytes, 8)).toBe(12n);
    on.put(32, 8, 0);
    expect(on.get(V1_REG.pendingBytes, 8)).toBe(20n);
    expect(on.driver.memory.overruns).toEqual([]);
  });

  test('reading the same data twice makes more pending than memory holds', () => {
    const on = rigOf(id);
    on.put(V1_REG.deviceState, 4, V1_STATE.PRE_COPY);
    on.read(32, 32);
    on.read(32, 32);
    expect(on.get(V1_REG.pendingBytes, 8)).toBe(2n ** 64n - 32n);
  });

  test('bad buffers give EFAULT', () => {
    const { region } = rigOf(id);
    const bad = new UserBuffer(new Uint8Array(64));
    bad.unmapped = true;
    for (const offset of [0, 32]) {
      expect(region.read(offset, 4, bad)).toBe(EFAULT);
      expect(region.write(offset, 4, bad)).toBe(EFAULT);
    }
  });
});

describe.each(RFC_SNAPSHOT_IDS)('%s, with data_offset set to 0', (id) => {
  test('an access at the end of the region reaches 32 bytes past the allocation', () => {
    const on = rigOf(id);
    expect(on.put(V1_REG.dataOffset, 8, 0)).toBe(8);
    const seen = on.read(152, 40);
    // Bytes 184 to 223 of 192: eight of its own, and then those of another.
    expect(on.driver.memory.overruns).toEqual([{ kind: 'read', from: REGION, bytes: 32 }]);
    expect((seen as number[]).slice(8)).toEqual(Array.from({ length: 32 }, () => GUARD_BYTE));
  });

  test('and can write there', () => {
    const on = rigOf(id);
    on.put(V1_REG.dataOffset, 8, 0);
    expect(on.put(REGION - 8, 8, 0x1122334455667788n)).toBe(8);
    expect(on.driver.memory.overruns).toEqual([{ kind: 'write', from: REGION + 24, bytes: 8 }]);
  });

  test('a write of a register is taken for data as well', () => {
    const on = rigOf(id);
    on.put(V1_REG.dataOffset, 8, 0);
    const before = on.driver.pending;
    expect(on.put(V1_REG.deviceState, 4, V1_STATE.RESUMING)).toBe(4);
    expect(on.driver.state).toBe(V1_STATE.RESUMING);
    expect(on.driver.memory.readByte(32)).toBe(V1_STATE.RESUMING);
    expect(on.driver.pending).toBe(before + 4n);
  });

  test('what is refused has been done all the same', () => {
    const on = rigOf(id);
    on.put(V1_REG.dataOffset, 8, 0);
    expect(on.put(V1_REG.reserved, 4, 0x5a)).toBe(EFAULT);
    expect(on.driver.memory.readByte(36)).toBe(0x5a);
  });
});

test('A cuts an access at the end of its region; with B one access reaches as far as it is long', () => {
  const length = 10_000;
  const a = rigOf(A);
  const b = rigOf(B);
  expect(a.read(32, length)).toHaveLength(length);
  expect(a.driver.memory.overruns).toEqual([]);
  b.read(32, length);
  expect(b.driver.memory.overruns).toEqual([{ kind: 'read', from: REGION, bytes: length - 160 }]);
});

test('a data_offset further on moves the image, up to where nothing of it can be reached', () => {
  const on = rigOf(A);
  on.put(V1_REG.deviceState, 4, V1_STATE.PRE_COPY);
  const straight = on.read(32, 32);
  on.put(V1_REG.dataOffset, 8, 100);
  expect(on.read(100, 32)).toEqual(straight);
  expect(on.read(99, 1)).toBe(EFAULT);
  on.put(V1_REG.dataOffset, 8, 2n ** 63n);
  expect(on.read(191, 1)).toBe(EFAULT);
});

test('the upper half of BAR2 is open in both; B only reports half of it', () => {
  for (const id of RFC_SNAPSHOT_IDS) {
    const { port } = new Rig(LEGACY);
    const bars = new BarAccess(port, 0x10000);
    const policy = policyOf(true, false, RFC_SNAPSHOTS[id].barClip);
    expect(bars.info(policy, 2)?.size).toBe(id === A ? 0x10000 : 0x8000);
    const user = new UserBuffer(new Uint8Array(4));
    expect(bars.read(policy, 2, 0x8000, 4, user)).toBe(4);
    expect(new DataView(user.bytes.buffer).getUint32(0, true)).toBe(EQC[0]);
    expect(bars.write(policy, 2, 0x8004, 4, user)).toBe(4);
  }
});

describe('guarded memory', () => {
  test('reports neighbouring bytes as one overrun, and the directions separately', () => {
    const memory = new GuardedMemory(8, 16);
    for (let at = 6; at < 11; at++) memory.writeByte(at, at);
    memory.readByte(8);
    memory.readByte(-1);
    expect(memory.overruns).toEqual([
      { kind: 'write', from: 8, bytes: 3 },
      { kind: 'read', from: 8, bytes: 1 },
      { kind: 'read', from: -1, bytes: 1 },
    ]);
    expect(memory.overrunBytes).toBe(5);
    expect([memory.readByte(6), memory.readByte(9), memory.readByte(12)]).toEqual([6, 9, GUARD_BYTE]);
  });

  test('notes what lies beyond its guards, and keeps nothing there', () => {
    const memory = new GuardedMemory(8, 16);
    memory.writeByte(1000, 1);
    memory.writeByte(-1000, 1);
    expect(memory.readByte(1000)).toBe(GUARD_BYTE);
    expect(memory.overruns.map(({ from }) => from)).toEqual([1000, -1000, 1000]);
  });
});
