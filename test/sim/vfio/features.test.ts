/**
 * VFIO_DEVICE_FEATURE: include/uapi/linux/vfio.h. An unknown feature is ENOTTY; a direction that it does not have, or too
 * small a structure, EINVAL.
 */
import { describe, expect, test } from 'vitest';
import { MIG_STATE } from '../../../sim/abi/vfio.ts';
import { BOTH, LEGACY, opened, Rig, UPSTREAM } from '../driver/rig.ts';
import { featureStruct, GET, PROBE, SET, word32, word64 } from './user-memory.ts';

const EFAULT = -14;
const EINVAL = -22;
const ENOTTY = -25;
const MIGRATION = 1;
const DEVICE_STATE = 2;
const DATA_SIZE = 9;
const PRECOPY_INFO_V2 = 12;

describe.each(BOTH)('with %s', (generation) => {
  const ask = (flags: number, argsz = 16): number => opened(generation).device.feature(featureStruct(flags, argsz));

  test('the migration flags are STOP_COPY and PRE_COPY', () => {
    const user = featureStruct(GET | MIGRATION);
    expect(opened(generation).device.feature(user)).toBe(0);
    expect(word64(user, 8)).toBe(5n);
  });

  test('the data size is 176 in every state', () => {
    for (const state of ['RUNNING', 'STOP', 'STOP_COPY', 'RESUMING', 'PRE_COPY'] as const) {
      const rig = opened(generation);
      rig.at(state);
      const user = featureStruct(GET | DATA_SIZE);
      expect(rig.device.feature(user)).toBe(0);
      expect(word64(user, 8)).toBe(176n);
    }
  });

  test('a state that is set is the one that is got', () => {
    const rig = opened(generation);
    expect(rig.device.feature(featureStruct(SET | DEVICE_STATE, 16, MIG_STATE.STOP_COPY))).toBe(0);
    expect(rig.device.newFile?.kind).toBe('save');
    const user = featureStruct(GET | DEVICE_STATE);
    expect(rig.device.feature(user)).toBe(0);
    expect([word32(user, 8), word32(user, 12)]).toEqual([MIG_STATE.STOP_COPY, 0xffff_ffff]);
  });

  test('after a state change that failed, the state got is that of the last arc that succeeded', () => {
    const rig = opened(generation, { device: { mailbox: { SQC_BT: { status: 1 } } } });
    expect(rig.device.feature(featureStruct(SET | DEVICE_STATE, 16, MIG_STATE.STOP_COPY))).toBeLessThan(0);
    const user = featureStruct(GET | DEVICE_STATE);
    rig.device.feature(user);
    expect(word32(user, 8)).toBe(MIG_STATE.STOP);
  });

  test.each([
    ['the migration flags', MIGRATION, GET],
    ['the data size', DATA_SIZE, GET],
    ['the state', DEVICE_STATE, GET | SET],
  ])('%s can be probed, and asked for in their directions only', (_, feature, directions) => {
    expect(ask(PROBE | feature, 8)).toBe(0);
    for (const direction of [GET, SET, GET | SET]) {
      const has = (direction & ~directions) === 0;
      expect(ask(PROBE | direction | feature, 8)).toBe(has ? 0 : EINVAL);
    }
    expect(ask(GET | feature)).toBe(0);
    const set = opened(generation).device.feature(featureStruct(SET | feature, 16, MIG_STATE.STOP));
    expect(set).toBe((directions & SET) === 0 ? EINVAL : 0);
    expect(ask(GET | SET | feature)).toBe(EINVAL);
    expect(ask(feature)).toBe(EINVAL);
  });

  test.each([0, 4, 7])('a structure of %i bytes has no header', (argsz) => {
    expect(ask(GET | MIGRATION, argsz)).toBe(EINVAL);
    expect(ask(PROBE | MIGRATION, argsz)).toBe(EINVAL);
  });

  test.each([MIGRATION, DEVICE_STATE, DATA_SIZE])('feature %i needs room for its 8 bytes of data', (feature) => {
    expect([8, 12, 15, 16, 17].map((argsz) => ask(GET | feature, argsz))).toEqual([EINVAL, EINVAL, EINVAL, 0, 0]);
  });

  test('a state cannot be set with too small a structure, nor by a probe', () => {
    const rig = opened(generation);
    expect(rig.device.feature(featureStruct(SET | DEVICE_STATE, 15, MIG_STATE.STOP))).toBe(EINVAL);
    expect(rig.device.feature(featureStruct(PROBE | SET | DEVICE_STATE, 16, MIG_STATE.STOP))).toBe(0);
    expect(rig.state).toBe('RUNNING');
  });

  test.each([0, 3, 4, 5, 6, 7, 8, 10, 11, 13, 99, 0xffff])('feature %i is not there', (feature) => {
    for (const flags of [GET, SET, PROBE, PROBE | GET]) expect(ask(flags | feature, 64)).toBe(ENOTTY);
  });

  test('flags that mean nothing are refused', () => {
    for (let bit = 19; bit < 32; bit++) expect(ask((GET | MIGRATION | (1 << bit)) >>> 0)).toBe(EINVAL);
  });

  test('a bad buffer is EFAULT, and changes no state', () => {
    const rig = opened(generation);
    const user = featureStruct(SET | DEVICE_STATE, 16, MIG_STATE.STOP);
    user.unmapped = true;
    expect(rig.device.feature(user)).toBe(EFAULT);
    user.unmapped = false;
    user.faultAfter = 4;
    expect(rig.device.feature(user)).toBe(EFAULT);
    expect(rig.state).toBe('RUNNING');
  });

  test('a file that its user cannot be given is closed at once', () => {
    const rig = opened(generation);
    const user = featureStruct(SET | DEVICE_STATE, 16, MIG_STATE.PRE_COPY);
    const copyToUser = user.copyToUser.bind(user);
    user.copyToUser = (offset, from, at, bytes) => {
      user.unmapped = true;
      return copyToUser(offset, from, at, bytes);
    };
    expect(rig.device.feature(user)).toBe(EFAULT);
    expect([rig.device.newFile, rig.state, rig.driver.filesAlive]).toEqual([null, 'PRE_COPY', 1]);
    rig.device.close();
    expect(rig.driver.filesAlive).toBe(0);
  });
});

describe('the second version of the pre-copy info', () => {
  test('is unknown to linux-6.12.117', () => {
    expect(opened(LEGACY).device.feature(featureStruct(SET | PRECOPY_INFO_V2, 8))).toBe(ENOTTY);
  });

  test('can only be set, and has no data', () => {
    const { device } = opened(UPSTREAM);
    expect(device.feature(featureStruct(SET | PRECOPY_INFO_V2, 8))).toBe(0);
    expect(device.feature(featureStruct(PROBE | PRECOPY_INFO_V2, 8))).toBe(0);
    expect(device.feature(featureStruct(GET | PRECOPY_INFO_V2, 8))).toBe(EINVAL);
  });
});

describe.each([
  ['without a PF driver', { pf: null }],
  ['on hardware V2', { device: { hw_ver: 0x21 } }],
  ['on hardware V1', { device: { hw_ver: 0x20 } }],
])('a VF %s', (_, options) => {
  test.each([MIGRATION, DEVICE_STATE, DATA_SIZE])('has no feature %i', (feature) => {
    for (const generation of BOTH) {
      const rig = opened(generation, options);
      for (const flags of [GET, PROBE]) expect(rig.device.feature(featureStruct(flags | feature))).toBe(ENOTTY);
    }
  });

  test('has no states, but can be opened, reset and closed without an access', () => {
    for (const generation of BOTH) {
      const rig = new Rig(generation, options);
      const { ret, tally } = rig.during(() => {
        const opening = rig.device.open();
        rig.device.reset();
        rig.device.close();
        return opening;
      });
      expect({ ret, tally }).toEqual({ ret: 0, tally: {} });
      expect([rig.device.setState(MIG_STATE.STOP), rig.device.getState()]).toEqual([ENOTTY, ENOTTY]);
    }
  });
});

test.each([
  ['V3', 0x30],
  ['V4', 0x50],
  ['V5', 0x51],
])('hardware %s offers migration', (_, hwVer) => {
  for (const generation of BOTH) {
    expect(opened(generation, { device: { hw_ver: hwVer } }).device.getState()).toBe(MIG_STATE.RUNNING);
  }
});
