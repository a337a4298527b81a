/**
 * What becomes of images, files and resets in each generation, seen from outside.
 *
 * The values are those that recordings of the genuine drivers showed, and descriptions of the two that nobody recorded;
 * none is taken from the rows of `sim/driver/generation.ts`.
 */
import { describe } from 'vitest';
import type { GenerationId } from '../../../sim/driver/generation.ts';
import { KernelCrash } from '../../../sim/driver/kernel.ts';
import {
  openedByReset,
  ownImage,
  per,
  QUEUE_COUNT,
  queueDoorbells,
  type Row,
  row,
  saved,
  tablesSet,
  testRows,
  times,
  writeInPieces,
} from './generation-rows.ts';
import { image, type ImageChanges, Rig, type RigOptions, VERSION_1 } from './rig.ts';

const EFAULT = -14;
const EBUSY = -16;
const ENODEV = -19;
const EINVAL = -22;
const ETIMEDOUT = -110;

const OTHER_ISOLATION: ImageChanges = { 16: 3 };
const NO_ADDRESSES: ImageChanges = { 144: 0, 148: 0, 152: 0, 156: 0 };

const OWN = '0x2f81230000 0x2f84560000';
const LOST = '0x0 0x0';
const LEFT = '';

const IMAGE_ROWS: readonly Row<unknown>[] = [
  row(
    'R3: an image with another isolation, VF_STATE 1 before: write, STOP, loaded, VF_STATE, doorbells of RUNNING',
    per<readonly (number | boolean)[]>(
      [176, 0, true, 1, 0],
      [176, EINVAL, false, 1, 0],
      [176, EINVAL, false, 1, 0],
      // The reset hook is dead, so that the driver still takes the guest's driver for ready.
      [EFAULT, 0, true, 1, QUEUE_COUNT],
      [EFAULT, 0, true, 1, QUEUE_COUNT],
      ...times(4, [EFAULT, 0, true, 0, QUEUE_COUNT]),
    ),
    (generation) => {
      const rig = openedByReset(generation, { device: { vf_regs: { '0x60': 1 } } });
      const { rets } = writeInPieces(rig, ownImage(generation, OTHER_ISOLATION));
      const { ret } = rig.go('STOP');
      const [loaded, state] = [rig.peek(0x34) === 1, rig.peek(0x60)];
      return [rets[0]!, ret, loaded, state, ret === 0 ? queueDoorbells(rig.go('RUNNING').log) : 0];
    },
  ),
  row(
    'R4: an image of another accelerator in one write: write, STOP',
    per<readonly number[]>(
      [176, EINVAL],
      [176, EINVAL],
      [176, EINVAL],
      [EFAULT, 0],
      [EFAULT, 0],
      ...times(4, [EFAULT, 0]),
    ),
    (generation) => {
      const rig = openedByReset(generation);
      const { rets } = writeInPieces(rig, ownImage(generation, { 12: 0xa259 }));
      return [rets[0]!, rig.go('STOP').ret];
    },
  ),
  row(
    'R5: an image read and written back in 40 and 136 bytes: STOP, a register, what SQC_BT and CQC_BT are set to, doorbells',
    per<readonly (string | number)[]>(
      [0, 0x11, LOST, QUEUE_COUNT],
      [0, 0x11, LOST, QUEUE_COUNT],
      [0, 0x99, LEFT, 0],
      [0, 0x11, LOST, QUEUE_COUNT],
      ...times(5, [0, 0x11, OWN, QUEUE_COUNT]),
    ),
    (generation) => {
      const bytes = saved(openedByReset(generation), 40, 136);
      const rig = openedByReset(generation, { device: { vf_regs: { '0x4': 0x99 } } });
      writeInPieces(rig, bytes, 40);
      const { ret, log } = rig.go('STOP');
      return [ret, rig.peek(0x04), tablesSet(log).join(' '), queueDoorbells(rig.go('RUNNING').log)];
    },
  ),
  row(
    'R5: a right image written in 40 and 136 bytes: STOP, register 0x4, doorbells of RUNNING',
    per<readonly number[]>(
      [EINVAL, 0x11, 0],
      [EINVAL, 0x11, 0],
      [EINVAL, 0x11, 0],
      // The second piece begins at byte 0: dword 4 of the EQ context becomes the mask, the message source the count.
      [0, 0x1004, 0x303],
      ...times(5, [0, 0x101, QUEUE_COUNT]),
    ),
    (generation) => {
      const rig = openedByReset(generation);
      writeInPieces(rig, ownImage(generation), 40);
      const { ret } = rig.go('STOP');
      return [ret, rig.peek(0x04), ret === 0 ? queueDoorbells(rig.go('RUNNING').log) : 0];
    },
  ),
  row(
    'R10: the call after which VF_STATE is the image’s',
    per('stop', 'stop', 'stop', 'write', 'write', 'stop', 'stop', 'stop', 'stop'),
    (generation) => {
      const rig = openedByReset(generation, { device: { vf_regs: { '0x60': 1 } } });
      writeInPieces(rig, ownImage(generation));
      if (rig.peek(0x60) === 0) return 'write';
      rig.go('STOP');
      return rig.peek(0x60) === 0 ? 'stop' : 'never';
    },
  ),
  row(
    'R10: a VF that never had a driver, saved and taken back: STOP, registers written, doorbells of RUNNING',
    per<readonly number[]>(
      [0, 24, QUEUE_COUNT],
      [0, 24, QUEUE_COUNT],
      [0, 0, 0],
      [0, 23, QUEUE_COUNT],
      [0, 23, QUEUE_COUNT],
      ...times(4, [0, 0, 0]),
    ),
    (generation) => {
      const none = Object.fromEntries(
        [0x8000, 0x8020].flatMap((at) => [0, 4, 8].map((dword) => [String(at + dword), 0])),
      );
      const untouched: RigOptions = { device: { vf_regs: none, sqc_bt: 0, cqc_bt: 0 } };
      const bytes = saved(openedByReset(generation, untouched), 4096);
      const rig = openedByReset(generation, untouched);
      writeInPieces(rig, bytes);
      const { ret, tally } = rig.go('STOP');
      return [ret, tally['vf w32'] ?? 0, queueDoorbells(rig.go('RUNNING').log)];
    },
  ),
  row(
    'R12: an old image whose address fields are zero, in 40 and 136 bytes: STOP, loaded',
    per<readonly (number | boolean)[]>(
      [EINVAL, false],
      [EINVAL, false],
      [EINVAL, false],
      [0, true],
      [0, true],
      ...times(4, [0, false]),
    ),
    (generation) => {
      const rig = openedByReset(generation);
      writeInPieces(rig, image({ ...VERSION_1, ...NO_ADDRESSES }), 40);
      return [rig.go('STOP').ret, rig.peek(0x34) !== 2];
    },
  ),
  row('R12: the same image in one write is loaded', per(...times(9, true)), (generation) => {
    const rig = openedByReset(generation);
    writeInPieces(rig, image({ ...VERSION_1, ...NO_ADDRESSES }));
    return rig.go('STOP').ret === 0 && rig.peek(0x34) === 1;
  }),
  row(
    'R2: an image of version 2: write, STOP',
    per<readonly number[]>(
      [176, EINVAL],
      [176, EINVAL],
      [176, 0],
      // Refused, and then loaded all the same: only write() evaluates the check.
      [EFAULT, 0],
      [EFAULT, 0],
      ...times(4, [176, 0]),
    ),
    (generation) => {
      const rig = openedByReset(generation);
      return [writeInPieces(rig, image()).rets[0]!, rig.go('STOP').ret];
    },
  ),
  row(
    'R13: a mailbox that is busy before the load',
    per(EINVAL, EINVAL, EINVAL, EBUSY, EBUSY, EBUSY, ETIMEDOUT, ETIMEDOUT, ETIMEDOUT),
    (generation) => {
      const rig = openedByReset(generation);
      writeInPieces(rig, ownImage(generation));
      rig.change({ mailbox_busy_reads_left: -1 });
      return rig.go('STOP').ret;
    },
  ),
  row('R16: a second image in the same session is checked', per(true, true, true, ...times(6, false)), (generation) =>
    refusesSecond(generation, () => undefined),
  ),
  row(
    'R16: a second image after closing and opening is checked',
    per(true, true, true, false, false, false, false, true, true),
    (generation) =>
      refusesSecond(generation, (rig) => {
        rig.device.close();
        rig.device.open();
      }),
  ),
];

/** Whether a foreign image is refused after one that fitted, by whichever call it is. */
function refusesSecond(generation: GenerationId, between: (rig: Rig) => void): boolean {
  const rig = openedByReset(generation);
  const { file } = writeInPieces(rig, ownImage(generation));
  rig.at('RUNNING');
  rig.device.closeFile(file);
  between(rig);
  const { rets } = writeInPieces(rig, ownImage(generation, { 12: 0xa259 }));
  return rets[0] === EFAULT || rig.go('STOP').ret === EINVAL;
}

const LIFE_ROWS: readonly Row<unknown>[] = [
  row(
    'R11: a file read after the device was closed, and files that nobody can release',
    per<readonly number[]>([176, 1], [176, 1], [176, 1], [176, 1], [176, 1], ...times(4, [ENODEV, 0])),
    (generation) => {
      const rig = openedByReset(generation);
      const file = rig.fileAt('STOP_COPY');
      rig.device.close();
      const got = rig.read(file);
      rig.device.closeFile(file);
      return [typeof got === 'number' ? got : got.length, rig.driver.filesAlive];
    },
  ),
  row(
    'R15: state and file after a reset in STOP_COPY',
    per<readonly (string | number)[]>(
      ['RUNNING', ENODEV],
      ['RUNNING', ENODEV],
      ['RUNNING', ENODEV],
      ['STOP_COPY', 176],
      ['STOP_COPY', 176],
      ['RUNNING', ENODEV],
      ['STOP_COPY', 176],
      ['RUNNING', ENODEV],
      ['RUNNING', ENODEV],
    ),
    (generation) => {
      const rig = openedByReset(generation);
      const file = rig.fileAt('STOP_COPY');
      rig.device.reset();
      const got = rig.read(file);
      return [rig.state, typeof got === 'number' ? got : got.length];
    },
  ),
  row(
    'R15: doorbells of RUNNING after a load and a reset',
    per(0, 0, 0, QUEUE_COUNT, QUEUE_COUNT, 0, QUEUE_COUNT, 0, 0),
    (generation) => {
      const rig = openedByReset(generation);
      writeInPieces(rig, ownImage(generation));
      rig.at('STOP');
      rig.device.reset();
      return queueDoorbells(rig.go('RUNNING').log);
    },
  ),
  row(
    'register writes of STOP and RUNNING without a save, opened by a reset and without one',
    per<readonly number[]>([0, 0], [0, 2], [0, 0], [2, 2], [2, 2], ...times(4, [0, 0])),
    (generation) =>
      [true, false].map((resetsAtOpen) => {
        const rig = openedByReset(generation, { resetsAtOpen });
        rig.at('STOP');
        return rig.go('RUNNING').tally['vf w32'] ?? 0;
      }),
  ),
  row(
    'R14: a VF reset while the PF resets: virtual time, and whether the PF’s mark is left',
    per<readonly (number | boolean)[]>(
      [0, true],
      [0, true],
      [0, true],
      [0, true],
      [0, true],
      [0, true],
      [0, true],
      // R28: the mark that it once held is cleared, though it is the PF's now.
      [60_001_000, false],
      [60_001_000, true],
    ),
    (generation) => {
      const rig = openedByReset(generation);
      rig.pf.resetting = true;
      const { us } = rig.during(() => (rig.device.reset(), 0));
      return [us, rig.pf.resetting];
    },
  ),
  row(
    'R27: opening a VF that offers no migration',
    per<number | string>(0, 0, 0, 0, 0, 0, 0, 'crash', 0),
    (generation) => {
      const rig = new Rig(generation, { resetsAtOpen: true, pf: null });
      try {
        return rig.device.open();
      } catch (error) {
        if (error instanceof KernelCrash) return 'crash';
        throw error;
      }
    },
  ),
];

describe('an image', () => {
  testRows(IMAGE_ROWS);
});
describe('files, resets and the start', () => {
  testRows(LIFE_ROWS);
});
