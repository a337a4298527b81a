import { describe, expect, test } from 'vitest';
import { QM_NOT_READY } from '../../../sim/abi/registers.ts';
import { BOTH, image, LEGACY, opened, Rig, UPSTREAM } from './rig.ts';

describe.each(BOTH)('a reset with %s', (generation) => {
  test('runs its two hooks around the function-level reset', () => {
    const rig = opened(generation);
    rig.device.reset();
    expect(rig.resets).toEqual(['reset_prepare', 'flr', 'reset_done']);
  });

  test('comes with opening the device, where the function can be reset', () => {
    const rig = new Rig(generation, { resetsAtOpen: true });
    rig.device.open();
    expect(rig.resets).toEqual(['reset_prepare', 'flr', 'reset_done']);
  });

  test('forgets what the guest’s driver was', () => {
    const rig = opened(generation);
    rig.write(rig.fileAt('RESUMING'), image());
    rig.at('STOP');
    rig.device.reset();
    expect(rig.driver.vfQmState).toBe(QM_NOT_READY);
    expect(rig.go('STOP').ret).toBe(0);
    expect(rig.go('RUNNING').tally).toEqual({});
  });

  test('is the way out of a RESUMING with too few bytes', () => {
    const rig = opened(generation);
    const file = rig.fileAt('RESUMING');
    expect(rig.go('STOP').ret).toBe(-22);
    rig.device.reset();
    expect(rig.state).toBe('RUNNING');
    rig.device.closeFile(file);
    expect(rig.driver.filesAlive).toBe(0);
  });

  test('while the PF is left alone waits for nothing and leaves no mark', () => {
    const rig = opened(generation);
    expect(rig.during(() => (rig.device.reset(), 0)).us).toBe(0);
    expect(rig.pf.resetting).toBe(false);
  });
});

test('linux-6.12.117 resets a VF while its PF is being reset', () => {
  const rig = opened(LEGACY, { pf: { resetting: true } });
  expect(rig.during(() => (rig.device.reset(), 0)).us).toBe(0);
  expect(rig.pf.resetting).toBe(true);
});

describe('upstream-2026', () => {
  test('holds the PF’s mark from prepare to done', () => {
    const rig = opened(UPSTREAM);
    rig.driver.resetPrepare();
    expect(rig.pf.resetting).toBe(true);
    rig.driver.resetDone();
    expect(rig.pf.resetting).toBe(false);
  });

  test('waits, a millisecond at a time, until the PF has finished its own reset', () => {
    const rig = opened(UPSTREAM, { pf: { resetting: true } });
    let sleeps = 0;
    rig.port.onSleep = () => {
      sleeps += 1;
      if (sleeps === 7) rig.pf.resetting = false;
    };
    expect(rig.during(() => (rig.driver.resetPrepare(), 0)).us).toBe(7_000);
    expect(rig.pf.resetting).toBe(true);
    rig.driver.resetDone();
    expect([rig.pf.resetting, rig.state]).toEqual([false, 'RUNNING']);
  });

  test('gives up after a minute, continues unserialised and leaves the mark to its owner', () => {
    const rig = opened(UPSTREAM, { pf: { resetting: true } });
    rig.at('STOP');
    const { us } = rig.during(() => (rig.device.reset(), 0));
    expect(us).toBeGreaterThanOrEqual(60_000_000);
    expect(us).toBeLessThanOrEqual(60_001_000);
    expect([rig.pf.resetting, rig.state]).toEqual([true, 'RUNNING']);
  });
});
