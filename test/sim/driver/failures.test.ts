/**
 * The failure table, docs/device.md 11: for each row the errno, the state after, the virtual time, and whether the VF is
 * left paused.
 */
import { describe, expect, test } from 'vitest';
import { QM_NOT_READY } from '../../../sim/abi/registers.ts';
import type { MigStateName } from '../../../sim/abi/vfio.ts';
import type { ResponderSettings, TraceDevice } from '../../../sim/trace/format.ts';
import {
  BOTH,
  type BothId,
  image,
  type ImageChanges,
  LEGACY,
  opened,
  pauseSeen,
  POLL_FAILS_US,
  QUEUES,
  UPSTREAM,
} from './rig.ts';

const EIO = -5;
const ENOMEM = -12;
const EFAULT = -14;
const EBUSY = -16;
const EINVAL = -22;
const ETIMEDOUT = -110;

/** One sleep before the first read of the mailbox, and of a completion: what upstream adds to each command. */
const SLEEP_US = 10;
const SECOND_FAILS_US = 1_000_010;

type Outcome = Readonly<{ ret: number; us: number }>;
type PerGeneration = Readonly<Record<BothId, Outcome>>;

function outcomes(legacy: readonly [number, number], upstream: readonly [number, number]): PerGeneration {
  return { [LEGACY]: { ret: legacy[0], us: legacy[1] }, [UPSTREAM]: { ret: upstream[0], us: upstream[1] } };
}

const STUCK = outcomes([EBUSY, 10_000], [EBUSY, 10_000 + 2 * SLEEP_US]);

const STOP_ROWS: readonly (readonly [string, ResponderSettings, PerGeneration, ReturnType<typeof pauseSeen>])[] = [
  [
    'the mailbox never becomes idle',
    { mailbox_busy_reads_left: -1 },
    outcomes([EBUSY, POLL_FAILS_US], [ETIMEDOUT, POLL_FAILS_US]),
    'not sent',
  ],
  [
    'PAUSE_QM never completes',
    { mailbox: { PAUSE_QM: { busy_reads: -1 } } },
    outcomes([ETIMEDOUT, POLL_FAILS_US], [ETIMEDOUT, SLEEP_US + SECOND_FAILS_US]),
    'sent',
  ],
  [
    'PAUSE_QM completes with status bits',
    { mailbox: { PAUSE_QM: { status: 1 } } },
    outcomes([EIO, 0], [EIO, 2 * SLEEP_US]),
    'sent',
  ],
  ['the RAS status of the PF is stuck', { pf_regs: { '0x100008': 0x8 } }, STUCK, 'accepted'],
  ['the message status of the VF is stuck', { vf_regs: { '0x28': 0x1 } }, STUCK, 'accepted'],
  ['any bit of the message status is stuck', { vf_regs: { '0x28': 0x80000000 } }, STUCK, 'accepted'],
  ['the message kick of the VF is stuck', { vf_regs: { '0x2c': 0x1 } }, STUCK, 'accepted'],
  ['the core status is stuck', { pf_regs: { '0x301008': 0x200 } }, STUCK, 'accepted'],
  [
    'the cache write-back never ends',
    { cache_wb_reads: -1 },
    outcomes([EINVAL, POLL_FAILS_US], [ETIMEDOUT, POLL_FAILS_US + 2 * SLEEP_US]),
    'accepted',
  ],
];

describe.each(BOTH)('with %s, a stop where', (generation) => {
  describe.each<readonly [MigStateName, MigStateName]>([
    ['RUNNING', 'STOP'],
    ['RUNNING', 'STOP_COPY'],
    ['RUNNING', 'RESUMING'],
    ['PRE_COPY', 'STOP_COPY'],
  ])('%s to %s:', (from, to) => {
    test.each(STOP_ROWS)('%s', (_, settings, expected, paused) => {
      const rig = opened(generation);
      rig.at(from);
      rig.change(settings);
      const { ret, us, log } = rig.go(to);
      expect({ ret, us, state: rig.state, paused: pauseSeen(log), file: rig.device.newFile }).toEqual({
        ...expected[generation],
        state: from,
        paused,
        file: null,
      });
    });
  });

  test.each(Array.from({ length: 15 }, (_, i) => i + 1))('PAUSE_QM completes with status %i', (status) => {
    const rig = opened(generation, { device: { mailbox: { PAUSE_QM: { status } } } });
    expect(rig.go('STOP').ret).toBe(EIO);
  });

  test.each([
    ['sec', '0x301008', 0x80000000],
    ['hpre', '0x301800', 0x80000000],
    ['zip', '0x3010ac', 0x80000000],
  ] as const)('%s reads its own core status only', (kind, own, value) => {
    const others = ['0x301008', '0x301800', '0x3010ac'].filter((offset) => offset !== own);
    const device = { kind, pf_regs: Object.fromEntries(others.map((offset) => [offset, value])) };
    const rig = opened(generation, { device });
    expect(rig.go('STOP').ret).toBe(0);
    rig.at('RUNNING');
    rig.change({ pf_regs: { [own]: value } });
    expect(rig.go('STOP').ret).toBe(EBUSY);
  });

  test('a failure can be followed by a stop that succeeds', () => {
    const rig = opened(generation, { device: { cache_wb_reads: -1 } });
    expect(rig.go('STOP').ret).toBeLessThan(0);
    rig.change({ cache_wb_reads: 0 });
    expect(rig.go('STOP').ret).toBe(0);
  });
});

describe('the device-error check of upstream-2026', () => {
  const SHUTDOWN_BITS: ReadonlySet<number> = new Set([0, 1, 2, 4, 5, 6, 10, 11, 13, 14]); // 0x6c77

  test.each(Array.from({ length: 15 }, (_, bit) => bit))('takes RAS bit %i for fatal if it is in the mask', (bit) => {
    const rig = opened(UPSTREAM, { device: { pf_regs: { '0x100008': 1 << bit } } });
    const { ret, log } = rig.go('STOP');
    expect({ ret, paused: pauseSeen(log), state: rig.state }).toEqual(
      SHUTDOWN_BITS.has(bit)
        ? { ret: EIO, paused: 'not sent', state: 'RUNNING' }
        : { ret: EBUSY, paused: 'accepted', state: 'RUNNING' },
    );
  });

  test('reads the RAS status first, and nothing of the VF', () => {
    const rig = opened(UPSTREAM, { device: { pf_regs: { '0x100008': 1 } } });
    expect(rig.go('STOP')).toMatchObject({ ret: EIO, us: 0, tally: { 'pf r32': 1 } });
    expect(rig.go('STOP').tally).not.toHaveProperty('vf r128');
  });

  test('reads the core status second', () => {
    const rig = opened(UPSTREAM, { device: { pf_regs: { '0x301008': 0x100 } } });
    expect(rig.go('STOP')).toMatchObject({ ret: EIO, us: 0, tally: { 'pf r32': 2 } });
    expect(rig.state).toBe('RUNNING');
  });

  test('reads a third register on a ZIP with DAE', () => {
    const device: Partial<TraceDevice> = { kind: 'zip', pf_regs: { '0x331c88': 1 } };
    const rig = opened(UPSTREAM, { device, pf: { hasDae: true } });
    expect(rig.go('STOP')).toMatchObject({ ret: EIO, us: 0, tally: { 'pf r32': 3 } });
    rig.change({ pf_regs: { '0x331c88': 0 } });
    expect(rig.go('STOP').tally).toMatchObject({ 'pf r32': 5 });
  });

  test('is not there for a query', () => {
    const rig = opened(UPSTREAM);
    const file = rig.fileAt('RESUMING');
    rig.change({ pf_regs: { '0x100008': 1 } });
    expect(rig.write(file, image())).toBe(176);
  });

  test('fails a load before its first mailbox command, with the registers restored', () => {
    const rig = opened(UPSTREAM);
    rig.write(rig.fileAt('RESUMING'), image());
    rig.change({ pf_regs: { '0x100008': 1 } });
    const { ret, tally } = rig.go('STOP');
    expect({ ret, state: rig.state, tally }).toEqual({
      ret: EIO,
      state: 'RESUMING',
      tally: { 'vf r128': 1, 'vf w32': 22, 'pf r32': 1 },
    });
  });

  test('is unknown to linux-6.12.117, which pauses and then waits in vain', () => {
    const rig = opened(LEGACY, { device: { pf_regs: { '0x100008': 1 } } });
    const { ret, us, log } = rig.go('STOP');
    expect({ ret, us, paused: pauseSeen(log) }).toEqual({ ret: EBUSY, us: 10_000, paused: 'accepted' });
  });
});

describe('the slowest stop that succeeds', () => {
  /** Reads that say no before the last possible one says yes, each status 100 times. */
  function slow(limits: { idle: number; done: number; writeBack: number; pfLooks: number }): ResponderSettings {
    return {
      mailbox_busy_reads_left: limits.idle,
      mailbox: { PAUSE_QM: { busy_reads: limits.done } },
      cache_wb_reads: limits.writeBack,
      overrides: [
        { fn: 'pf', offset: '0x100008', values: [[0x8, limits.pfLooks]] },
        { fn: 'vf', offset: '0x28', values: [[1, 100]] },
        { fn: 'vf', offset: '0x2c', values: [[1, 100]] },
        { fn: 'pf', offset: '0x301008', values: [[0x200, limits.pfLooks]] },
      ],
    };
  }

  test('takes about 43 ms on linux-6.12.117, whose polls read once more after the deadline', () => {
    const rig = opened(LEGACY);
    const limits = { idle: 102, done: 102, writeBack: 102, pfLooks: 100 };
    rig.change(slow(limits));
    expect(rig.go('STOP')).toMatchObject({ ret: 0, us: 3 * POLL_FAILS_US + 40_000 });
    rig.at('RUNNING');
    rig.change(slow({ ...limits, writeBack: 103 }));
    expect(rig.go('STOP').ret).toBe(EINVAL);
  });

  test('takes about 1.042 s on upstream-2026', () => {
    const rig = opened(UPSTREAM);
    const limits = { idle: 100, done: 100_000, writeBack: 101, pfLooks: 101 };
    rig.change(slow(limits));
    expect(rig.go('STOP')).toMatchObject({ ret: 0, us: 2 * POLL_FAILS_US + SECOND_FAILS_US + 40_000 });
    rig.at('RUNNING');
    rig.change(slow({ ...limits, writeBack: 102 }));
    expect(rig.go('STOP').ret).toBe(ETIMEDOUT);
  });
});

describe.each(BOTH)('with %s, a save where', (generation) => {
  describe.each<readonly [MigStateName, MigStateName]>([
    ['RUNNING', 'PRE_COPY'],
    ['STOP', 'STOP_COPY'],
  ])('the PF cannot tell the queues (%s to %s):', (from, to) => {
    test.each<readonly [string, ResponderSettings]>([
      ['its window is not ready before the request', { pf_regs: { '0x10006c': 0 } }],
      ['its window is not ready after the request', { vft_ready_reads: -1 }],
    ])('%s', (_, settings) => {
      const rig = opened(generation);
      rig.at(from);
      rig.change(settings);
      const { ret, us } = rig.go(to);
      expect({ ret, us, state: rig.state, files: rig.driver.filesAlive }).toEqual({
        ret: EINVAL,
        us: POLL_FAILS_US,
        state: from,
        files: 0,
      });
    });
  });

  test('the guest has no driver takes a millisecond and gives the match data alone', () => {
    const rig = opened(generation, { device: { vf_regs: { '0x60': 1 } } });
    rig.at('STOP');
    const { ret, us } = rig.go('STOP_COPY');
    const file = rig.device.newFile!;
    expect({ ret, us, state: rig.state }).toEqual({ ret: 0, us: POLL_FAILS_US, state: 'STOP_COPY' });
    const bytes = rig.read(file) as Uint8Array;
    expect(bytes).toEqual(image({ 24: 1 }).subarray(0, 40));
    expect(rig.read(file)).toEqual(new Uint8Array(0));
  });

  test('only bit 0 of the guest’s state counts', () => {
    const rig = opened(generation, { device: { vf_regs: { '0x60': 0xfffffffe } } });
    expect(rig.read(rig.fileAt('STOP_COPY'))).toHaveLength(176);
  });

  const upstreamBefore = { SQC_BT: 0, CQC_BT: 2 * SLEEP_US };

  describe.each(['SQC_BT', 'CQC_BT'] as const)('%s', (command) => {
    test.each<readonly [MigStateName, number]>([
      ['STOP', 1],
      ['PRE_COPY', 0],
    ])('is refused, on the way from %s', (from, leaked) => {
      const rig = opened(generation, { device: { mailbox: { [command]: { status: 2 } } } });
      const file = rig.at(from);
      const { ret, us } = rig.go('STOP_COPY');
      const stopUs = from === 'PRE_COPY' ? 2 * SLEEP_US : 0;
      expect({ ret, us, state: rig.state, file: rig.device.newFile }).toEqual({
        ret: generation === LEGACY ? EINVAL : EIO,
        us: generation === LEGACY ? 0 : stopUs + upstreamBefore[command] + 2 * SLEEP_US,
        state: from,
        file: null,
      });
      if (file !== null) rig.device.closeFile(file);
      rig.device.close();
      expect(rig.driver.filesAlive).toBe(leaked);
    });

    test('never completes', () => {
      const rig = opened(generation, { device: { mailbox: { [command]: { busy_reads: -1 } } } });
      rig.at('STOP');
      const { ret, us } = rig.go('STOP_COPY');
      expect({ ret, us, state: rig.state }).toEqual({
        ret: generation === LEGACY ? EINVAL : ETIMEDOUT,
        us: generation === LEGACY ? POLL_FAILS_US : upstreamBefore[command] + SLEEP_US + SECOND_FAILS_US,
        state: 'STOP',
      });
    });
  });

  test('the mailbox is never idle sends no query', () => {
    const rig = opened(generation);
    rig.at('STOP');
    rig.change({ mailbox_busy_reads_left: -1 });
    const { ret, us, tally } = rig.go('STOP_COPY');
    expect({ ret, us, state: rig.state }).toEqual({
      ret: generation === LEGACY ? EINVAL : ETIMEDOUT,
      us: POLL_FAILS_US,
      state: 'STOP',
    });
    expect(tally).not.toHaveProperty('vf w128');
  });

  test('all waits are as slow as can be takes 4 ms, or 2 s with the long mailbox limit', () => {
    const legacy = generation === LEGACY;
    const looks = legacy ? 102 : 100_000;
    const done = { busy_reads: looks };
    const rig = opened(generation, { device: { mailbox: { SQC_BT: done, CQC_BT: done } } });
    rig.at('STOP');
    rig.change({
      mailbox_busy_reads_left: legacy ? 102 : 100,
      overrides: [{ fn: 'vf', offset: '0x60', values: [[1, legacy ? 102 : 101]] }],
    });
    const { ret, us } = rig.go('STOP_COPY');
    expect(ret).toBe(0);
    // The guest's state, an idle mailbox for the first command, two completions; upstream polls 10 us late for the second.
    expect(us).toBe(legacy ? 4 * POLL_FAILS_US : 2 * POLL_FAILS_US + 2 * SECOND_FAILS_US + SLEEP_US);
  });
});

describe.each(BOTH)('with %s, an image that does not fit', (generation) => {
  const REFUSED: readonly (readonly [string, ImageChanges, 'no query' | 'query'])[] = [
    ['has a magic that is neither', { 0: 0xdecadedf }, 'no query'],
    ['has half of each magic', { 4: 0xcdcdcdcd }, 'no query'],
    ['has major version 0', { 28: 0 }, 'no query'],
    ['has major version 2', { 28: 2 }, 'no query'],
    ['comes from another accelerator', { 12: 0xa259 }, 'no query'],
    ['has a queue fewer', { 8: QUEUES.num - 1 }, 'query'],
    ['has a queue more', { 8: QUEUES.num + 1 }, 'query'],
    ['has no queues', { 8: 0 }, 'query'],
    ['has another isolation', { 16: 0 }, 'query'],
  ];

  test.each(REFUSED)('because it %s is refused at the write, and kept', (_, changes, query) => {
    const rig = opened(generation);
    const file = rig.fileAt('RESUMING');
    const { ret, us } = rig.during(() => rig.write(file, image(changes)));
    expect({ ret, us, state: rig.state, matchDone: rig.driver.matchDone }).toEqual({
      ret: EFAULT,
      us: generation === UPSTREAM && query === 'query' ? 2 * SLEEP_US : 0,
      state: 'RESUMING',
      matchDone: false,
    });
    expect([file.position, file.totalLength]).toEqual([176, 176]);
    expect(file.bytes).toEqual(image(changes));
  });

  test('can be tried again with the next write, once it fits', () => {
    const rig = opened(generation, { device: { pf_regs: { '0x30': 0 } } });
    const file = rig.fileAt('RESUMING');
    expect(rig.write(file, image().subarray(0, 40))).toBe(EFAULT);
    rig.change({ pf_regs: { '0x30': 1 } });
    expect(rig.write(file, image().subarray(40))).toBe(136);
    expect(rig.driver.matchDone).toBe(true);
    expect(rig.go('STOP').ret).toBe(0);
  });

  test('by its base, minor version or reserved bytes alone is none: they are not compared', () => {
    const rig = opened(generation);
    const file = rig.fileAt('RESUMING');
    expect(rig.write(file, image({ 20: 99, 28: 0x0007_0001, 32: 1, 36: 2 }))).toBe(176);
  });

  test.each([
    ['refuses it', { status: 1 }, 0, 2 * SLEEP_US],
    ['never answers', { busy_reads: -1 }, POLL_FAILS_US, SLEEP_US + SECOND_FAILS_US],
  ])('as far as the VF sees, whose mailbox %s, is refused', (_, behaviour, legacyUs, upstreamUs) => {
    const rig = opened(generation, { device: { mailbox: { SQC_VFT_V2: behaviour } } });
    const file = rig.fileAt('RESUMING');
    const { ret, us } = rig.during(() => rig.write(file, image()));
    expect({ ret, us, matchDone: rig.driver.matchDone }).toEqual({
      ret: EFAULT,
      us: generation === LEGACY ? legacyUs : upstreamUs,
      matchDone: false,
    });
  });
});

describe.each(BOTH)('with %s, a load', (generation) => {
  test('of any length but 40 and 176 fails, and the file stays open', () => {
    for (let length = 0; length < 176; length++) {
      const rig = opened(generation);
      const file = rig.fileAt('RESUMING');
      rig.write(file, image().subarray(0, length));
      const { ret, us, tally } = rig.go('STOP');
      expect({ length, ret, us, tally, state: rig.state, disabled: file.disabled }).toEqual(
        length === 40
          ? { length, ret: 0, us: 0, tally: {}, state: 'STOP', disabled: true }
          : { length, ret: EINVAL, us: 0, tally: {}, state: 'RESUMING', disabled: false },
      );
    }
  });

  test.each([144, 152, 160, 168])('of an image with no address at %i touches nothing and is a success', (offset) => {
    const rig = opened(generation);
    rig.write(rig.fileAt('RESUMING'), image({ [offset]: 0, [offset + 4]: 0 }));
    expect(rig.go('STOP')).toMatchObject({ ret: 0, us: 0, tally: {} });
    expect(rig.state).toBe('STOP');
    expect(rig.driver.vfQmState).toBe(QM_NOT_READY);
    expect(rig.go('RUNNING')).toMatchObject({ ret: 0, tally: {} });
  });

  test.each([144, 148, 152, 156, 160, 164, 168, 172])(
    'of an address with one half zero (at %i) is carried out',
    (offset) => {
      const rig = opened(generation);
      rig.write(rig.fileAt('RESUMING'), image({ [offset]: 0 }));
      expect(rig.go('STOP').tally).toMatchObject({ 'vf w32': 24 });
    },
  );

  test('that finds the mailbox busy has written the guest’s state and nothing else', () => {
    const rig = opened(generation);
    rig.write(rig.fileAt('RESUMING'), image());
    rig.change({ mailbox_busy_reads_left: -1 });
    const { ret, us, log } = rig.go('STOP');
    expect({ ret, us, state: rig.state }).toEqual({
      ret: generation === LEGACY ? EBUSY : ETIMEDOUT,
      us: POLL_FAILS_US,
      state: 'RESUMING',
    });
    expect(log.filter(({ write }) => write).map(({ offset }) => offset)).toEqual([0x60]);
  });

  test.each(['SQC_BT', 'CQC_BT'] as const)('whose %s is refused has restored the registers', (command) => {
    const rig = opened(generation);
    rig.write(rig.fileAt('RESUMING'), image());
    rig.change({ mailbox: { [command]: { status: 1 } } });
    const { ret, us, log } = rig.go('STOP');
    const commands = command === 'SQC_BT' ? 1 : 2;
    expect({ ret, us, state: rig.state }).toEqual({
      ret: EIO,
      us: generation === LEGACY ? 0 : SLEEP_US + commands * 2 * SLEEP_US,
      state: 'RESUMING',
    });
    expect(log.filter(({ write, width }) => write && width === 4)).toHaveLength(22);
    expect(log.filter(({ write, width }) => write && width === 16)).toHaveLength(commands);
  });

  test.each(['SQC_BT', 'CQC_BT'] as const)('whose %s never completes times out', (command) => {
    const rig = opened(generation);
    rig.write(rig.fileAt('RESUMING'), image());
    rig.change({ mailbox: { [command]: { busy_reads: -1 } } });
    const { ret, us } = rig.go('STOP');
    const before = command === 'SQC_BT' ? 0 : 2 * SLEEP_US;
    expect({ ret, us, state: rig.state }).toEqual({
      ret: ETIMEDOUT,
      us: generation === LEGACY ? POLL_FAILS_US : SLEEP_US + before + SLEEP_US + SECOND_FAILS_US,
      state: 'RESUMING',
    });
  });

  test('writes the registers in the order of the reference, then makes the message interrupt ready', () => {
    const rig = opened(generation);
    rig.write(rig.fileAt('RESUMING'), image({ 24: 0 }));
    const writes = rig.go('STOP').log.filter(({ write }) => write);
    const words = (base: number): number[] => Array.from({ length: 7 }, (_, i) => base + 4 * i);
    const order = [0x60, 0x04, 0x0c, 0x20, 0x24, 0x2c, 0x30, 0x34, ...words(0x8000), ...words(0x8020)];
    expect(writes.map(({ offset }) => offset)).toEqual([...order, 0x300, 0x300, 0x20, 0x24]);
    expect(writes.slice(-4).map(({ words: value }) => value)).toEqual([
      [0x2004, 0x3333_3000, 0x23, 0],
      [0x2005, 0x4444_4000, 0x24, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });
});

describe.each(BOTH)('with %s, a kernel', (generation) => {
  test.each<readonly [MigStateName, MigStateName]>([
    ['RUNNING', 'PRE_COPY'],
    ['STOP', 'STOP_COPY'],
    ['STOP', 'RESUMING'],
  ])('without memory or files fails %s to %s and leaves the state', (from, to) => {
    const rig = opened(generation);
    rig.at(from);
    rig.kernel.memory = false;
    expect(rig.go(to)).toMatchObject({ ret: ENOMEM, tally: {} });
    rig.kernel.memory = true;
    rig.kernel.fileErrno = 24;
    expect(rig.go(to)).toMatchObject({ ret: -24, tally: {} });
    expect([rig.state, rig.driver.filesAlive]).toEqual([from, 0]);
    rig.kernel.fileErrno = 0;
    expect(rig.go(to).ret).toBe(0);
  });
});
