/**
 * Where the driver finds a VF's registers: its own BAR2, or its window in the PF's BAR2 (docs/device.md 1.4).
 */
import { describe, expect, test } from 'vitest';
import { BOTH, image, LEGACY, opened, Rig, type RigOptions, UPSTREAM } from './rig.ts';

const EIO = -5;

function hardware4(vfIndex = 0, selected = true): RigOptions {
  return { device: { hw_ver: 0x50, vf_index: vfIndex, pf_regs: { '0x100198': selected ? 1 : 0 } } };
}

describe.each([1, 2, 31, 63])('upstream-2026 on hardware V4 with the window selected, VF %i', (fn) => {
  const base = 0x180000 + fn * 0x2000;

  test('saves through its window, with the context words at 0x1c00 and 0x1c20', () => {
    const rig = opened(UPSTREAM, hardware4(fn - 1));
    rig.at('STOP');
    const { log } = rig.go('STOP_COPY');
    expect(log.filter(({ fn: of }) => of === 'vf')).toEqual([]);
    const inWindow = log
      .filter(({ offset }) => offset >= 0x180000 && offset < 0x300000)
      .map(({ offset }) => offset - base);
    const words = (at: number): number[] => Array.from({ length: 7 }, (_, i) => at + 4 * i);
    const registers = [0x60, 0x04, 0x0c, 0x20, 0x24, 0x2c, 0x34];
    const exchange = [0x300, 0x300, 0x300];
    const bells = [0x2000, 0x2000];
    expect(inWindow).toEqual([...registers, ...words(0x1c00), ...words(0x1c20), ...exchange, ...exchange, ...bells]);
  });

  test('rings the event queues after its window, where the next function’s begins (R20)', () => {
    const rig = opened(UPSTREAM, hardware4(fn - 1));
    rig.at('STOP');
    const bells = rig.go('STOP_COPY').log.filter(({ width }) => width === 8);
    expect(bells.map(({ fn: of, offset }) => [of, offset])).toEqual([
      ['pf', base + 0x2000],
      ['pf', base + 0x2000],
    ]);
  });

  test('stops and loads through it, and starts its queues there', () => {
    const rig = opened(UPSTREAM, hardware4(fn - 1));
    const stop = rig.go('RESUMING');
    expect(stop.tally).toEqual({ 'pf r32': 7, 'pf r128': 2, 'pf w32': 1, 'pf w128': 1 });
    rig.write(rig.device.newFile!, image());
    const { tally, log } = rig.go('RUNNING');
    expect(tally).toEqual({ 'pf r32': 4, 'pf r128': 5, 'pf w32': 26, 'pf w128': 2, 'pf w64': 12 });
    expect(log.filter(({ width }) => width === 8).map(({ offset }) => offset - base)).toEqual(
      Array.from({ length: 12 }, () => 0x1000),
    );
    expect([rig.peek(0x8004), rig.peek(0x8024), rig.peek(0x04)]).toEqual([0x1111_1000, 0x2222_2000, 0x101]);
  });
});

describe('the window is used', () => {
  test.each([
    ['on V4 when selected', 0x50, 1, true],
    ['on V5 when selected', 0x51, 1, true],
    ['when bit 0 is set among others', 0x50, 0xffff_ffff, true],
    ['not on V4 when not selected', 0x50, 0, false],
    ['not when only other bits are set', 0x50, 0xffff_fffe, false],
    ['not on V3, whatever the register says', 0x30, 1, false],
  ])('%s', (_, hwVer, selected, used) => {
    const rig = new Rig(UPSTREAM, { device: { hw_ver: hwVer, pf_regs: { '0x100198': selected } } });
    const { ret, tally } = rig.during(() => rig.device.open());
    expect({ ret, tally, used: rig.driver.pfMode }).toEqual({ ret: 0, tally: { 'pf r32': 1 }, used });
  });

  test('as the register says at each opening', () => {
    const rig = opened(UPSTREAM, hardware4());
    rig.device.close();
    rig.change({ pf_regs: { '0x100198': 0 } });
    rig.device.open();
    expect(rig.driver.pfMode).toBe(false);
    expect(rig.go('STOP').tally).toMatchObject({ 'vf w128': 1 });
  });

  test('never by linux-6.12.117, which does not ask', () => {
    const rig = new Rig(LEGACY, hardware4());
    expect(rig.during(() => rig.device.open())).toMatchObject({ ret: 0, tally: {} });
    expect(rig.driver.pfMode).toBe(false);
  });
});

describe('opening', () => {
  test.each(BOTH)('with %s fails with EIO when the VF’s BAR cannot be mapped', (generation) => {
    const rig = new Rig(generation);
    rig.kernel.bar = false;
    expect(rig.device.open()).toBe(EIO);
  });

  test('maps nothing when the window is used', () => {
    const rig = new Rig(UPSTREAM, hardware4());
    rig.kernel.bar = false;
    expect(rig.device.open()).toBe(0);
  });

  test.each(BOTH)('with %s begins in RUNNING, wherever the device was left', (generation) => {
    const rig = opened(generation);
    const file = rig.fileAt('STOP_COPY');
    rig.device.close();
    expect(rig.read(file)).toBe(-19);
    rig.device.open();
    expect(rig.state).toBe('RUNNING');
  });
});
