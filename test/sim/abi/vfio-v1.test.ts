import { describe, expect, test } from 'vitest';
import {
  isV1State,
  isV1Transition,
  V1_BIT,
  V1_BLOCK_BYTES,
  V1_REG,
  V1_STATE,
  V1_WIDTH,
  v1RegisterAt,
  type V1RegisterName,
} from '../../../sim/abi/vfio-v1.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { V0, V0_BYTES, V0_MATCH_BYTES } from '../../../sim/abi/vf-data-v0.ts';

test('the register block is the one of struct vfio_device_migration_info', () => {
  const layout = (Object.keys(V1_REG) as V1RegisterName[]).map((name) => [name, V1_REG[name], V1_WIDTH[name]]);
  expect(layout).toEqual([
    ['deviceState', 0, 4],
    ['reserved', 4, 4],
    ['pendingBytes', 8, 8],
    ['dataOffset', 16, 8],
    ['dataSize', 24, 8],
  ]);
  expect(V1_BLOCK_BYTES).toBe(32);
});

test('registers follow one another without a gap or an overlap, each aligned to its width', () => {
  let end = 0;
  for (const name of Object.keys(V1_REG) as V1RegisterName[]) {
    expect(V1_REG[name]).toBe(end);
    expect(V1_REG[name] % V1_WIDTH[name]).toBe(0);
    expect(v1RegisterAt(end)).toBe(name);
    end += V1_WIDTH[name];
  }
  expect(end).toBe(V1_BLOCK_BYTES);
  expect(v1RegisterAt(2)).toBeUndefined();
  expect(v1RegisterAt(end)).toBeUndefined();
});

test('each value of the three bits has its name', () => {
  expect(keysOf(V1_STATE).map((name) => V1_STATE[name])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(V1_STATE.PRE_COPY).toBe(V1_BIT.RUNNING | V1_BIT.SAVING);
  expect(V1_STATE.ERROR).toBe(V1_BIT.SAVING | V1_BIT.RESUMING);
  const asked = keysOf(V1_STATE).filter((name) => isV1State(V1_STATE[name]));
  expect(asked).toEqual(['STOPPED', 'RUNNING', 'STOP_COPY', 'PRE_COPY', 'RESUMING']);
});

describe('transitions', () => {
  /** Row: from; each word: a state that can be gone to. */
  const ALLOWED: Readonly<Record<keyof typeof V1_STATE, readonly (keyof typeof V1_STATE)[]>> = {
    STOPPED: ['STOPPED', 'RUNNING'],
    RUNNING: ['STOPPED', 'RUNNING', 'STOP_COPY', 'PRE_COPY', 'RESUMING'],
    STOP_COPY: ['STOPPED', 'RUNNING', 'STOP_COPY'],
    PRE_COPY: ['RUNNING', 'STOP_COPY', 'PRE_COPY'],
    RESUMING: ['STOPPED', 'RUNNING', 'RESUMING'],
    INVALID_101: [],
    ERROR: [],
    INVALID_111: [],
  };

  test.each(keysOf(V1_STATE))('from %s', (from) => {
    const reached = keysOf(V1_STATE).filter((to) => isV1Transition(V1_STATE[from], V1_STATE[to]));
    expect(reached).toEqual(ALLOWED[from]);
  });
});

test('the image of 2021 has 160 bytes, whose fields follow one another', () => {
  const widths: Readonly<Record<keyof typeof V0, number>> = {
    qpNum: 4,
    accType: 4,
    queIsoCfg: 4,
    qpBase: 4,
    aeqIntMask: 4,
    eqIntMask: 4,
    ifcIntSource: 4,
    ifcIntMask: 4,
    ifcIntSet: 4,
    eqcDw: 28,
    aeqcDw: 28,
    eqeDma: 8,
    aeqeDma: 8,
    sqcDma: 8,
    cqcDma: 8,
  };
  // Four reserved words after the match fields, five after the contexts.
  const reservedBefore: Partial<Record<keyof typeof V0, number>> = { aeqIntMask: 16, eqeDma: 20 };
  let end = 0;
  for (const field of Object.keys(widths) as (keyof typeof V0)[]) {
    end += reservedBefore[field] ?? 0;
    expect([field, V0[field]]).toEqual([field, end]);
    end += widths[field];
  }
  expect(end).toBe(V0_BYTES);
  expect(V0.aeqIntMask).toBe(V0_MATCH_BYTES);
});
