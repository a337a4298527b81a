/**
 * What a save, the mailbox and polls do in each generation, seen from outside.
 *
 * The values are those that recordings of the genuine drivers showed, and descriptions of the two that nobody recorded;
 * none is taken from the rows of `sim/driver/generation.ts`.
 */
import { describe, expect, test } from 'vitest';
import { GENERATION_IDS } from '../../../sim/driver/generation.ts';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';
import {
  address,
  isEventDoorbell,
  openedByReset,
  ownImage,
  per,
  queueDoorbells,
  type Row,
  row,
  saved,
  testRows,
  times,
  writeInPieces,
} from './generation-rows.ts';
import { type Access, pauseSeen } from './rig.ts';

const EIO = -5;
const EBUSY = -16;
const EINVAL = -22;
const ETIMEDOUT = -110;

const RIGHT = '0x2f8abc0000';
const WRONG = '0x8abc0000123405a5';

const SAVE_ROWS: readonly Row<unknown>[] = [
  row(
    'R1: ring addresses in an image',
    per(RIGHT, WRONG, RIGHT, WRONG, WRONG, RIGHT, RIGHT, RIGHT, RIGHT),
    (generation) => address(saved(openedByReset(generation), 4096), 144),
  ),
  row(
    'R1: a ring at an address whose low half is zero, with head and tail at zero',
    per('0x2f00000000', '0x0', '0x2f00000000', '0x0', '0x0', ...times(4, '0x2f00000000')),
    (generation) => {
      const rig = openedByReset(generation, { device: { vf_regs: { '0x8000': 0, '0x8004': 0 } } });
      return address(saved(rig, 4096), 144);
    },
  ),
  row('R8: doorbells at the end of a save', per(0, 0, 2, 0, 0, 2, 2, 2, 2), (generation) => {
    const rig = openedByReset(generation);
    return rig.go('STOP_COPY').log.filter(isEventDoorbell).length;
  }),
  row(
    'R9: whether STOP, or STOP_COPY, writes the context cache back',
    per<readonly boolean[]>(...times(5, [false, true]), ...times(4, [true, false])),
    (generation) => {
      const rig = openedByReset(generation);
      const writesBack = (log: readonly Access[]): boolean =>
        log.some(({ write, offset }) => write && offset === 0x204);
      return [writesBack(rig.go('STOP').log), writesBack(rig.go('STOP_COPY').log)];
    },
  ),
  row(
    'R13, R24: a cache write-back that never ends: STOP, STOP_COPY, files leaked',
    per<readonly number[]>(
      [0, EINVAL, 0],
      [0, EINVAL, 0],
      [0, EINVAL, 0],
      [0, EINVAL, 1],
      [0, EINVAL, 1],
      [EINVAL, EINVAL, 0],
      [ETIMEDOUT, ETIMEDOUT, 0],
      [ETIMEDOUT, ETIMEDOUT, 0],
      [ETIMEDOUT, ETIMEDOUT, 0],
    ),
    (generation) => {
      const rig = openedByReset(generation, { device: { cache_wb_reads: -1 } });
      return [rig.go('STOP').ret, rig.go('STOP_COPY').ret, rig.driver.filesAlive];
    },
  ),
  row(
    'R24: a refused query of SQC_BT: STOP_COPY, files leaked',
    per<readonly number[]>(
      [0, 2],
      [EINVAL, 0],
      [EINVAL, 0],
      [EINVAL, 1],
      [EINVAL, 1],
      [EINVAL, 1],
      ...times(3, [EIO, 1]),
    ),
    (generation) => {
      const rig = openedByReset(generation, { device: { mailbox: { SQC_BT: { status: 1 } } } });
      const { ret } = rig.go('STOP_COPY');
      // Without an error there is a file, which its user and the driver hold.
      return [ret, ret === 0 ? rig.device.newFile!.references : rig.driver.filesAlive];
    },
  ),
];

const MAILBOX_ROWS: readonly Row<unknown>[] = [
  row('a PAUSE_QM that the device refuses', per(0, ...times(8, EIO)), (generation) => {
    const rig = openedByReset(generation, { device: { mailbox: { PAUSE_QM: { status: 1 } } } });
    return rig.go('STOP').ret;
  }),
  row(
    'a PAUSE_QM that never completes, tried twice',
    per<readonly number[]>([EBUSY, EBUSY], ...times(7, [ETIMEDOUT, EBUSY]), [ETIMEDOUT, ETIMEDOUT]),
    (generation) => {
      const rig = openedByReset(generation, { device: { mailbox: { PAUSE_QM: { busy_reads: -1 } } } });
      return [rig.go('STOP').ret, rig.go('STOP').ret];
    },
  ),
  row('R6: reads of the answer after a query is done', per(...times(8, 4), 0), (generation) => {
    const rig = openedByReset(generation);
    return rig.go('STOP_COPY').log.filter(({ write, offset }) => !write && (offset === 0x304 || offset === 0x308))
      .length;
  }),
  row('the last read of VF_STATE that still counts', per(103, 103, 103, 103, 103, 103, 103, 102, 102), (generation) => {
    const lengthAfter = (notReady: number): number => {
      const overrides = [{ fn: 'vf' as const, offset: '0x60', values: [[1, notReady] as [number, number]] }];
      const bytes = saved(openedByReset(generation, { device: { overrides } }), 4096);
      return bytes.length;
    };
    let last = 100;
    while (lengthAfter(last) === 176) last += 1;
    return last;
  }),
];

const EVERYWHERE_ROWS: readonly Row<unknown>[] = [
  row(
    'R22: a stop that fails: errno, state, whether the VF is paused',
    per(...times(9, [EBUSY, 'RUNNING', 'accepted'])),
    (generation) => {
      const rig = openedByReset(generation, { device: { vf_regs: { '0x28': 8 } } });
      const { ret, log } = rig.go('STOP');
      return [ret, rig.state, pauseSeen(log)];
    },
  ),
  row('R23: doorbells of a source that goes back to RUNNING', per(...times(9, 0)), (generation) => {
    const rig = openedByReset(generation);
    rig.at('STOP_COPY');
    return queueDoorbells(rig.go('RUNNING').log);
  }),
  row('R25: too few bytes: STOP, again, state', per(...times(9, [EINVAL, EINVAL, 'RESUMING'])), (generation) => {
    const rig = openedByReset(generation);
    writeInPieces(rig, ownImage(generation).subarray(0, 175));
    return [rig.go('STOP').ret, rig.go('STOP').ret, rig.state];
  }),
  row('R26: queue isolation of the VF after a load', per(...times(9, 1)), (generation) => {
    const rig = openedByReset(generation, { device: { vf_regs: { '0x30': 7 } } });
    writeInPieces(rig, ownImage(generation));
    rig.at('STOP');
    return rig.peek(0x30);
  }),
];

test('a guest’s access of 16 bytes comes in pieces of 4 bytes, and of 8 since 6.12.0', () => {
  const widest = GENERATION_IDS.map((generation) => {
    const rig = openedByReset(generation);
    const user = new UserBuffer(new Uint8Array(16));
    const { log } = rig.during(() => rig.device.regionRead(2, 0x10, 16, user));
    return [...new Set(log.map(({ width }) => width))].join();
  });
  expect(widest).toEqual([...times(5, '4'), ...times(5, '8')]);
});

describe('a save', () => {
  testRows(SAVE_ROWS);
});
describe('the mailbox and polls', () => {
  testRows(MAILBOX_ROWS);
});
describe('everywhere alike:', () => {
  testRows(EVERYWHERE_ROWS);
});
