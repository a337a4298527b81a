/**
 * Hazards and old bugs that the driver must be able to show (docs/device.md 14), in the generations that have them.
 */
import { describe, expect, test } from 'vitest';
import { QM_NOT_READY, QM_READY } from '../../../sim/abi/registers.ts';
import { BOTH, image, type ImageChanges, LEGACY, opened, pauseSeen, type Rig, UPSTREAM, VERSION_1 } from './rig.ts';

const EFAULT = -14;

describe.each(BOTH)('R22: with %s', (generation) => {
  test('a failed stop leaves the VF paused though its state is RUNNING, and nothing un-pauses it', () => {
    const rig = opened(generation, { device: { cache_wb_reads: -1 } });
    const { log } = rig.go('STOP');
    expect([rig.state, pauseSeen(log)]).toEqual(['RUNNING', 'accepted']);
    expect(rig.go('RUNNING')).toMatchObject({ ret: 0, tally: {} });
  });

  test('cancelling a PRE_COPY whose stop failed goes to RUNNING without touching the paused VF', () => {
    const rig = opened(generation);
    rig.at('PRE_COPY');
    rig.change({ vf_regs: { '0x28': 1 } });
    const { ret, log } = rig.go('STOP_COPY');
    expect([ret, rig.state, pauseSeen(log)]).toEqual([-16, 'PRE_COPY', 'accepted']);
    expect(rig.go('RUNNING')).toMatchObject({ ret: 0, tally: {} });
  });
});

describe.each(BOTH)('R23: with %s', (generation) => {
  test('STOP and RUNNING without a save touches nothing on the way back', () => {
    const rig = opened(generation);
    rig.at('STOP');
    expect(rig.driver.vfQmState).toBe(QM_NOT_READY);
    expect(rig.go('RUNNING')).toMatchObject({ ret: 0, us: 0, tally: {} });
  });

  test('a source that never was a destination rings no queue on its way back', () => {
    const rig = opened(generation);
    rig.at('STOP_COPY');
    expect(rig.driver.vfQmState).toBe(QM_READY);
    expect(rig.go('RUNNING')).toMatchObject({ ret: 0, tally: { 'vf w32': 2 } });
  });

  test('a source that was a destination before rings them', () => {
    const rig = opened(generation);
    rig.write(rig.fileAt('RESUMING'), image());
    rig.at('RUNNING', 'STOP_COPY');
    expect(rig.go('RUNNING').tally).toEqual({ 'vf w32': 2, 'vf w64': 12 });
  });

  test('a destination that got the match data alone stays as it was', () => {
    const rig = opened(generation);
    rig.write(rig.fileAt('RESUMING'), image({ 24: 1 }).subarray(0, 40));
    expect(rig.go('RUNNING').tally).toEqual({});
  });
});

describe.each(BOTH)('R24: with %s', (generation) => {
  const refusing = { device: { mailbox: { SQC_BT: { status: 1 } } } };

  test('a save that fails from STOP leaves a file that nobody can close', () => {
    const rig = opened(generation, refusing);
    rig.at('STOP');
    for (let failures = 1; failures <= 3; failures++) {
      expect(rig.go('STOP_COPY').ret).toBeLessThan(0);
      expect(rig.device.newFile).toBeNull();
      expect(rig.driver.filesAlive).toBe(failures);
    }
    rig.device.reset();
    rig.device.close();
    expect(rig.driver.filesAlive).toBe(3);
  });

  test('a save that fails from PRE_COPY leaves none', () => {
    const rig = opened(generation, refusing);
    const file = rig.fileAt('PRE_COPY');
    expect(rig.go('STOP_COPY').ret).toBeLessThan(0);
    rig.device.closeFile(file);
    rig.device.close();
    expect(rig.driver.filesAlive).toBe(0);
  });
});

/** Writes an image in pieces that end at the given places, and gives what the last write gave. */
function writeSplit(rig: Rig, bytes: Uint8Array, ...ends: readonly number[]): number {
  const file = rig.fileAt('RESUMING');
  let from = 0;
  let ret = 0;
  for (const end of [...ends, bytes.length]) {
    ret = rig.write(file, bytes.subarray(from, end));
    from = end;
  }
  return ret;
}

describe.each(BOTH)('R12: with %s, an image of version 1', (generation) => {
  /** No ring addresses in their fields, right ones in the context words. */
  const NO_ADDRESSES: ImageChanges = { ...VERSION_1, 144: 0, 148: 0, 152: 0, 156: 0 };

  test('that comes in one piece gets its ring addresses from the context words', () => {
    const rig = opened(generation);
    const file = rig.fileAt('RESUMING');
    const wrong = image({ ...VERSION_1, 144: 0x0001_0002, 148: 0x1111_1000, 152: 0x0003_0004, 156: 0x2222_2000 });
    expect(rig.write(file, wrong)).toBe(176);
    expect(file.bytes.subarray(144, 160)).toEqual(image().subarray(144, 160));
    expect(file.bytes.subarray(0, 144)).toEqual(wrong.subarray(0, 144));
  });

  test('that comes in one piece is loaded though it holds no ring addresses', () => {
    const rig = opened(generation);
    writeSplit(rig, image(NO_ADDRESSES));
    expect(rig.go('STOP').tally).toMatchObject({ 'vf w32': 24 });
  });

  test('that is split after its match data is not repaired, and so not loaded', () => {
    const rig = opened(generation);
    writeSplit(rig, image(NO_ADDRESSES), 40);
    expect(rig.go('STOP')).toMatchObject({ ret: 0, tally: {} });
  });

  test('that is split after its match data keeps the wrong addresses that come later', () => {
    const rig = opened(generation);
    const file = rig.fileAt('RESUMING');
    const wrong = image({ ...VERSION_1, 144: 0x0001_0002 });
    rig.write(file, wrong.subarray(0, 40));
    rig.write(file, wrong.subarray(40));
    expect(file.bytes).toEqual(wrong);
  });

  test('needs no major version, since it has none', () => {
    expect(writeSplit(opened(generation), image({ ...VERSION_1, 28: 0xffff_ffff }))).toBe(176);
  });

  test('but of version 2 is never repaired', () => {
    const rig = opened(generation);
    writeSplit(rig, image({ 144: 0, 148: 0, 152: 0, 156: 0 }));
    expect(rig.go('STOP').tally).toEqual({});
  });
});

describe('R16: once an image has fitted', () => {
  const foreign = image({ 12: 0xa259, 0: 1 });

  function arrived(generation: (typeof BOTH)[number]): Rig {
    const rig = opened(generation);
    expect(writeSplit(rig, image())).toBe(176);
    rig.at('RUNNING');
    return rig;
  }

  test.each(BOTH)('%s checks no other in the same session', (generation) => {
    const rig = arrived(generation);
    expect(writeSplit(rig, foreign)).toBe(176);
    expect(rig.driver.matchDone).toBe(true);
  });

  test.each(BOTH)('%s does not check again for a reset', (generation) => {
    const rig = arrived(generation);
    rig.device.reset();
    expect(writeSplit(rig, foreign)).toBe(176);
  });

  test('linux-6.12.117 checks no other, even when the device was closed and opened', () => {
    const rig = arrived(LEGACY);
    rig.device.close();
    rig.device.open();
    expect(writeSplit(rig, foreign)).toBe(176);
  });

  test('upstream-2026 checks again when the device was closed and opened', () => {
    const rig = arrived(UPSTREAM);
    rig.device.close();
    rig.device.open();
    expect(writeSplit(rig, foreign)).toBe(EFAULT);
    expect(rig.driver.matchDone).toBe(false);
  });

  test('linux-6.12.117 repairs no image of version 1 any more', () => {
    const rig = arrived(LEGACY);
    const file = rig.fileAt('RESUMING');
    const wrong = image({ ...VERSION_1, 144: 0x0001_0002 });
    rig.write(file, wrong);
    expect(file.bytes).toEqual(wrong);
  });
});

describe('R6: a mailbox query', () => {
  test('is read in two further accesses by linux-6.12.117, and in one by upstream-2026', () => {
    const fetches = BOTH.map((generation) => {
      const rig = opened(generation);
      const file = rig.fileAt('RESUMING');
      return rig
        .during(() => rig.write(file, image()))
        .log.filter(({ offset }) => offset === 0x304 || offset === 0x308);
    });
    expect(fetches.map((log) => log.length)).toEqual([2, 0]);
  });
});

describe.each(BOTH)('R17: with %s', (generation) => {
  test('a VF with an empty table entry counts as one queue', () => {
    const device = { vf_vft: { base: 0, num: 0 }, pf_vft: { 1: { base: 0, num: 0 } } };
    const rig = opened(generation, { device });
    const bytes = rig.read(rig.fileAt('STOP_COPY')) as Uint8Array;
    expect(new DataView(bytes.buffer).getUint32(8, true)).toBe(1);
    const destination = opened(generation, { device });
    expect(writeSplit(destination, bytes)).toBe(176);
    expect(destination.driver.matchDone).toBe(true);
  });
});

describe.each(BOTH)('R26: with %s', (generation) => {
  test('a load writes the isolation of the source’s PF into the VF', () => {
    const rig = opened(generation, { device: { pf_regs: { '0x30': 5 } } });
    writeSplit(rig, image({ 16: 5 }));
    rig.at('STOP');
    expect(rig.peek(0x30)).toBe(5);
  });
});
