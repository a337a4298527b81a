/**
 * The debug files, docs/device.md 15. What they say in words is not tested, but what they show of the device is.
 */
import { describe, expect, test } from 'vitest';
import { LEGACY, opened, POLL_FAILS_US, Rig, UPSTREAM } from './rig.ts';

const EAGAIN = -11;
const EINVAL = -22;
const ENOENT = -2;
const ETIMEDOUT = -110;

/** The bytes that the lines of a hexadecimal dump show. */
function dumped(text: string): Uint8Array {
  const bytes = [...text.matchAll(/^\w+ Data:[0-9a-f]{8}: ((?:[0-9a-f]{2} ?)+)$/gm)];
  return Uint8Array.from(
    bytes.flatMap(([, line]) =>
      line!
        .trim()
        .split(' ')
        .map((byte) => Number.parseInt(byte, 16)),
    ),
  );
}

test('linux-6.12.117 has none', () => {
  expect(opened(LEGACY).device.debug).toBeNull();
});

test('a plain device has none', () => {
  expect(new Rig(UPSTREAM, { pf: null }).device.debug).toBeNull();
});

describe('dev_data', () => {
  test('shows the registers as a save would, without the four addresses', () => {
    const rig = opened(UPSTREAM);
    const { ret, text } = rig.device.debug!.read('dev_data');
    const saved = rig.read(rig.fileAt('STOP_COPY')) as Uint8Array;
    expect(ret).toBe(0);
    expect(dumped(text)).toHaveLength(144);
    expect(dumped(text).subarray(40)).toEqual(saved.subarray(40, 144));
  });

  test('uses the VF’s registers and mailbox while it runs, and disturbs neither state nor queues', () => {
    const rig = opened(UPSTREAM);
    const { tally } = rig.during(() => rig.device.debug!.read('dev_data').ret);
    expect(tally).toEqual({ 'vf r32': 21, 'vf r128': 4, 'vf w128': 2 });
    expect([rig.state, rig.driver.filesAlive]).toEqual(['RUNNING', 0]);
  });
});

describe('migf_data', () => {
  test('has nothing to show before an image was moved', () => {
    const rig = opened(UPSTREAM);
    expect(rig.device.debug!.read('migf_data').ret).toBe(EAGAIN);
    rig.at('STOP_COPY');
    expect(rig.device.debug!.read('migf_data').ret).toBe(EAGAIN);
  });

  test('shows the last image moved, though its file is dead', () => {
    const rig = opened(UPSTREAM);
    const saved = rig.read(rig.fileAt('STOP_COPY')) as Uint8Array;
    rig.at('RUNNING');
    const { ret, text } = rig.device.debug!.read('migf_data');
    expect(ret).toBe(0);
    expect(dumped(text)).toEqual(saved.subarray(0, 144));
  });

  test('shows an image once its match data are there, and not before', () => {
    for (const [length, ret] of [
      [39, EAGAIN],
      [40, 0],
    ] as const) {
      const rig = opened(UPSTREAM);
      rig.write(rig.fileAt('RESUMING'), new Uint8Array(length));
      rig.device.reset();
      expect(rig.device.debug!.read('migf_data').ret).toBe(ret);
    }
  });
});

describe('cmd_state', () => {
  test('takes any word of the mailbox for health, except all ones', () => {
    const rig = opened(UPSTREAM);
    expect(rig.during(() => rig.device.debug!.read('cmd_state').ret)).toMatchObject({ ret: 0, tally: { 'vf r32': 2 } });
    rig.change({ overrides: [{ fn: 'vf', offset: '0x300', values: [[0xffff_ffff, 1]] }] });
    expect(rig.device.debug!.read('cmd_state').ret).toBe(EINVAL);
    rig.change({ overrides: [{ fn: 'vf', offset: '0x300', values: [[0xffff_fffe, 1]] }] });
    expect(rig.device.debug!.read('cmd_state').ret).toBe(0);
  });
});

test.each(['dev_data', 'cmd_state'])(
  '%s waits a millisecond for the guest’s driver, and needs an open device',
  (file) => {
    const rig = opened(UPSTREAM, { device: { vf_regs: { '0x60': 1 } } });
    expect(rig.during(() => rig.device.debug!.read(file).ret)).toMatchObject({ ret: ETIMEDOUT, us: POLL_FAILS_US });
    rig.device.close();
    expect(rig.during(() => rig.device.debug!.read(file).ret)).toMatchObject({ ret: EINVAL, tally: {} });
  },
);

test('there is no other file', () => {
  expect(opened(UPSTREAM).device.debug!.read('secrets').ret).toBe(ENOENT);
});
