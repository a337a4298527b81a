/**
 * A VF to which the migration driver does not attach itself: it is assignable, whole, and no candidate for a move.
 */
import { describe, expect, test } from 'vitest';

import { FEATURE, MIG_STATE } from '../../../sim/abi/vfio.ts';
import { type MigrationRefusal, refusalSentence } from '../../../sim/vfio/migration-refusal.ts';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';
import { BOTH, LEGACY, opened, type RigOptions, UPSTREAM } from '../driver/rig.ts';
import { featureStruct, GET, PROBE, regionStruct, SET, word64 } from './user-memory.ts';
import { stating } from '../../stating.ts';

const ENOTTY = -25;
const BAR2 = 2;
const WHOLE = 0x10000;

const REFUSAL: MigrationRefusal = {
  why: 'another guest reaches the control area of 0000:31:00.1',
  path: ['0000:31:00.2', 'port 0000:30:00.0', '0000:31:00.1'],
};
const REFUSED: RigOptions = { refusal: REFUSAL };

describe.each(BOTH)('with %s', (generation) => {
  test('every migration feature is ENOTTY, asked, set or probed', () => {
    const { device } = opened(generation, REFUSED);
    for (const feature of [FEATURE.MIGRATION, FEATURE.MIG_DEVICE_STATE, FEATURE.MIG_DATA_SIZE]) {
      for (const flags of [GET, SET, GET | PROBE, SET | PROBE]) {
        expect(device.feature(featureStruct(feature | flags))).toBe(ENOTTY);
      }
    }
    for (const state of Object.values(MIG_STATE)) expect(device.setState(state)).toBe(ENOTTY);
    expect(device.getState()).toBe(ENOTTY);
    expect([device.driver, device.debug, device.newFile]).toEqual([null, null, null]);
  });

  test('the guest has the VF as it has a plain one: the whole BAR, and resets', () => {
    const rig = opened(generation, REFUSED);
    const info = regionStruct(BAR2);
    expect(rig.device.regionInfo(info)).toBe(0);
    expect(word64(info, 16)).toBe(BigInt(WHOLE));
    expect(rig.device.map(BAR2, 0, WHOLE, true)).toBe(0);
    expect(rig.device.regionRead(BAR2, WHOLE - 8, 8, new UserBuffer(new Uint8Array(8)))).toBe(8);
    rig.device.reset();
    expect(rig.resets).toEqual(['reset_prepare', 'flr', 'reset_done']);
    rig.device.close();
  });

  test('the host touches no register of it', () => {
    const rig = opened(generation, REFUSED);
    expect(rig.during(() => rig.device.open())).toMatchObject({ ret: 0, tally: {} });
    expect(rig.during(() => rig.device.setState(MIG_STATE.STOP_COPY))).toMatchObject({ ret: ENOTTY, tally: {} });
  });
});

test('the reason says why and by which path; other plain devices have reasons of their own', () => {
  const blocker = (options: RigOptions): string | null => opened(UPSTREAM, options).device.migrationBlocker;
  expect(blocker(REFUSED)).toBe(
    'the VF offers no migration: another guest reaches the control area of 0000:31:00.1; the way there: ' +
      '0000:31:00.2 -> port 0000:30:00.0 -> 0000:31:00.1',
  );
  expect(blocker({})).toBeNull();
  expect(blocker({ device: { hw_ver: '0x21' } })).toContain('older than hardware V3');
  expect(blocker({ pf: null })).toMatch(stating('PF', 'no driver'));
  // What is wrong with the device comes before what is wrong with its place.
  expect(blocker({ ...REFUSED, pf: null })).toMatch(stating('PF', 'no driver'));
  expect(refusalSentence({ why: 'no IOMMU', path: [] })).toBe('no IOMMU');
});

test('without a refusal the same calls are answered', () => {
  const { device } = opened(LEGACY);
  expect(device.feature(featureStruct(FEATURE.MIGRATION | GET))).toBe(0);
  expect(device.getState()).toBe(MIG_STATE.RUNNING);
});
