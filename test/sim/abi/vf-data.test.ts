import { describe, expect, test } from 'vitest';
import {
  ACC_DEV_MAGIC_V1,
  ACC_DEV_MAGIC_V2,
  ACC_DRV_MAJOR_VER,
  ACC_DRV_MINOR_VER,
  ACC_VF_DATA_BYTES,
  ACC_VF_DATA_DEBUG_BYTES,
  QM_MATCH_BYTES,
  VF_DATA,
} from '../../../sim/abi/vf-data.ts';

/** Offset and size of each field of the image, version 2 (docs/device.md 7); the reserved ones have no name in the table. */
const FIELDS: readonly (readonly [name: keyof typeof VF_DATA | null, offset: number, bytes: number])[] = [
  ['magicLow', 0, 4],
  ['magicHigh', 4, 4],
  ['qpNum', 8, 4],
  ['devId', 12, 4],
  ['queIsoCfg', 16, 4],
  ['qpBase', 20, 4],
  ['vfQmState', 24, 4],
  ['majorVer', 28, 2],
  ['minorVer', 30, 2],
  [null, 32, 8],
  ['aeqIntMask', 40, 4],
  ['eqIntMask', 44, 4],
  ['ifcIntSource', 48, 4],
  ['ifcIntMask', 52, 4],
  ['ifcIntSet', 56, 4],
  ['pageSize', 60, 4],
  ['eqcDw', 64, 28],
  ['aeqcDw', 92, 28],
  [null, 120, 20],
  ['padding', 140, 4],
  ['eqeDma', 144, 8],
  ['aeqeDma', 152, 8],
  ['sqcDma', 160, 8],
  ['cqcDma', 168, 8],
];

describe('the image of a VF', () => {
  test.each(FIELDS.filter(([name]) => name !== null))('has %s at %i', (name, offset) => {
    expect(VF_DATA[name!]).toBe(offset);
  });

  test('is named field by field, and nothing else', () => {
    const names = FIELDS.flatMap(([name]) => name ?? []);
    expect(Object.keys(VF_DATA).toSorted()).toEqual(names.toSorted());
  });

  test('has 176 bytes, filled without gap or overlap', () => {
    let next = 0;
    for (const [, offset, bytes] of FIELDS) {
      expect(offset).toBe(next);
      next += bytes;
    }
    expect(next).toBe(176);
    expect(ACC_VF_DATA_BYTES).toBe(176);
  });

  test('begins with 40 bytes of match data, and shows 144 bytes to a debugger', () => {
    expect(QM_MATCH_BYTES).toBe(40);
    expect(ACC_VF_DATA_DEBUG_BYTES).toBe(VF_DATA.eqeDma);
    expect(ACC_VF_DATA_DEBUG_BYTES).toBe(144);
  });

  test.each([
    ['1', ACC_DEV_MAGIC_V1, 'ccaaedfecdcdcdcd'],
    ['2', ACC_DEV_MAGIC_V2, 'dedecadeedfeccaa'],
  ])('of version %s starts on the wire with its magic', (_, magic, wire) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(magic.low, VF_DATA.magicLow);
    bytes.writeUInt32LE(magic.high, VF_DATA.magicHigh);
    expect(bytes.toString('hex')).toBe(wire);
  });

  test('carries driver version 1.0', () => {
    expect([ACC_DRV_MAJOR_VER, ACC_DRV_MINOR_VER]).toEqual([1, 0]);
  });
});
