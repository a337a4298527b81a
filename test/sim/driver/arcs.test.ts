import { describe, expect, test } from 'vitest';
import { MIG_STATE, MIG_STATE_NAMES, type MigStateName } from '../../../sim/abi/vfio.ts';
import {
  AEQC,
  BOTH,
  type BothId,
  EQC,
  image,
  LEGACY,
  opened,
  QUEUES,
  REGISTERS,
  type Rig,
  type Tally,
  UPSTREAM,
} from './rig.ts';

/** Least accesses of each arc (docs/device.md 8.10), when every poll succeeds at once. */
const LEAST: Readonly<Record<BothId, Readonly<Record<'preCopy' | 'stop' | 'save' | 'match' | 'load', Tally>>>> = {
  [LEGACY]: {
    preCopy: { 'pf r32': 5, 'pf w32': 5 },
    stop: { 'pf r32': 2, 'vf r32': 6, 'vf w32': 1, 'vf w128': 1 },
    save: { 'vf r32': 31, 'vf w128': 2, 'vf w64': 2 },
    match: { 'pf r32': 1, 'vf r32': 5, 'vf w128': 1 },
    load: { 'vf r32': 7, 'vf w32': 24, 'vf w128': 2 },
  },
  [UPSTREAM]: {
    preCopy: { 'pf r32': 5, 'pf w32': 5 },
    stop: { 'pf r32': 4, 'vf r32': 3, 'vf r128': 2, 'vf w32': 1, 'vf w128': 1 },
    save: { 'vf r32': 21, 'vf r128': 4, 'vf w128': 2, 'vf w64': 2 },
    match: { 'pf r32': 1, 'vf r128': 2, 'vf w128': 1 },
    load: { 'pf r32': 4, 'vf r128': 5, 'vf w32': 24, 'vf w128': 2 },
  },
};

/** Least accesses of a whole migration with PRE_COPY (docs/device.md 8.13). */
const WHOLE: Readonly<Record<BothId, Readonly<Record<'source' | 'destination', Tally>>>> = {
  [LEGACY]: {
    source: { 'pf r32': 7, 'pf w32': 5, 'vf r32': 37, 'vf w32': 1, 'vf w128': 3, 'vf w64': 2 },
    destination: { 'pf r32': 3, 'vf r32': 18, 'vf w32': 27, 'vf w128': 4, 'vf w64': QUEUES.num },
  },
  [UPSTREAM]: {
    source: { 'pf r32': 9, 'pf w32': 5, 'vf r32': 24, 'vf r128': 6, 'vf w32': 1, 'vf w128': 3, 'vf w64': 2 },
    destination: { 'pf r32': 9, 'vf r32': 3, 'vf r128': 9, 'vf w32': 27, 'vf w128': 4, 'vf w64': QUEUES.num },
  },
};

function sum(...tallies: readonly Tally[]): Tally {
  const total: Record<string, number> = {};
  for (const tally of tallies) {
    for (const [kind, count] of Object.entries(tally)) total[kind] = (total[kind] ?? 0) + count;
  }
  return total;
}

describe.each(BOTH)('with %s', (generation) => {
  const least = LEAST[generation];

  test('RUNNING to PRE_COPY asks the PF alone', () => {
    expect(opened(generation).go('PRE_COPY').tally).toEqual(least.preCopy);
  });

  test('RUNNING to STOP takes the least accesses', () => {
    expect(opened(generation).go('STOP').tally).toEqual(least.stop);
  });

  test('STOP to STOP_COPY is a match part and a save', () => {
    const rig = opened(generation);
    rig.at('STOP');
    expect(rig.go('STOP_COPY').tally).toEqual(sum(least.preCopy, least.save));
  });

  test('PRE_COPY to STOP_COPY is a stop and a save', () => {
    const rig = opened(generation);
    rig.at('PRE_COPY');
    expect(rig.go('STOP_COPY').tally).toEqual(sum(least.stop, least.save));
  });

  test('the first 40 bytes written cost one match check, the rest nothing', () => {
    const rig = opened(generation);
    const file = rig.fileAt('RESUMING');
    expect(rig.during(() => rig.write(file, image().subarray(0, 39)))).toMatchObject({ ret: 39, tally: {} });
    expect(rig.during(() => rig.write(file, image().subarray(39, 40)))).toMatchObject({ ret: 1, tally: least.match });
    expect(rig.during(() => rig.write(file, image().subarray(40)))).toMatchObject({ ret: 136, tally: {} });
  });

  test('RESUMING to STOP is a load', () => {
    const rig = opened(generation);
    rig.write(rig.fileAt('RESUMING'), image());
    expect(rig.go('STOP').tally).toEqual(least.load);
  });

  test('STOP to RUNNING rings each queue once, with index 0 and priority 1', () => {
    const rig = opened(generation);
    rig.write(rig.fileAt('RESUMING'), image());
    rig.at('STOP');
    const { tally, log } = rig.go('RUNNING');
    expect(tally).toEqual({ 'vf w32': 2, 'vf w64': QUEUES.num });
    expect(log.slice(0, 2).map(({ offset, words }) => [offset, words[0]])).toEqual([
      [0x20, 1],
      [0x24, 0],
    ]);
    expect(log.slice(2).map(({ offset, words }) => [offset, words[0], words[1]])).toEqual(
      Array.from({ length: QUEUES.num }, (_, queue) => [0x1000, queue, 0x1_0000]),
    );
  });

  test.each<readonly [from: MigStateName, to: MigStateName]>([
    ['STOP_COPY', 'STOP'],
    ['PRE_COPY', 'RUNNING'],
    ['STOP', 'RESUMING'],
  ])('%s to %s touches no register', (from, to) => {
    const rig = opened(generation);
    rig.at(from);
    expect(rig.go(to)).toMatchObject({ ret: 0, us: 0, tally: {} });
  });

  test('a whole migration takes the least accesses on both sides', () => {
    const source = opened(generation);
    const preCopy = source.go('PRE_COPY');
    const saving = source.device.newFile!;
    const first = source.read(saving) as Uint8Array;
    const stopCopy = source.go('STOP_COPY');
    const rest = source.read(saving) as Uint8Array;
    expect([first.length, rest.length]).toEqual([40, 136]);
    expect(sum(preCopy.tally, stopCopy.tally)).toEqual(WHOLE[generation].source);

    const destination = opened(generation);
    const resuming = destination.go('RESUMING');
    const file = destination.device.newFile!;
    const writes = [first, rest].map((bytes) => destination.during(() => destination.write(file, bytes)));
    expect(writes.map(({ ret }) => ret)).toEqual([40, 136]);
    const running = destination.go('RUNNING');
    expect(running.ret).toBe(0);
    expect(sum(resuming.tally, ...writes.map(({ tally }) => tally), running.tally)).toEqual(
      WHOLE[generation].destination,
    );
  });

  test('a migrated VF has the registers of its source, but for the message ones, which are made ready', () => {
    const source = opened(generation, { device: { vf_regs: { '0x4': 0xabc, '0x800c': 0x77, '0x34': 1 } } });
    const bytes = source.read(source.fileAt('STOP_COPY')) as Uint8Array;
    expect(bytes).toHaveLength(176);
    const destination = opened(generation, { device: { vf_regs: { '0x60': 1 }, sqc_bt: 0, cqc_bt: 0 } });
    for (let i = 0; i < 7; i++) destination.change({ vf_regs: { [0x8000 + 4 * i]: 0, [0x8020 + 4 * i]: 0 } });
    destination.write(destination.fileAt('RESUMING'), bytes);
    destination.at('STOP');
    const eqc: number[] = [...EQC];
    eqc[3] = 0x77;
    expect([0x4, 0xc, 0x2c, 0x34, 0x60].map((offset) => destination.peek(offset))).toEqual([
      0xabc,
      REGISTERS[0x0c],
      REGISTERS[0x2c],
      1,
      0,
    ]);
    expect(eqc.map((_, i) => destination.peek(0x8000 + 4 * i))).toEqual(eqc);
    expect(AEQC.map((_, i) => destination.peek(0x8020 + 4 * i))).toEqual([...AEQC]);
    expect(destination.peek(0x24)).toBe(0);
    expect(destination.peek(0x20) & 1).toBe(0);
    const again = destination.read(destination.fileAt('STOP_COPY')) as Uint8Array;
    expect(again.subarray(144)).toEqual(bytes.subarray(144));
  });

  test('the event queues are rung at their saved heads once a save is complete', () => {
    const rig = opened(generation);
    rig.at('STOP');
    const { log } = rig.go('STOP_COPY');
    expect(log.slice(-2).map(({ offset, width, words }) => [offset, width, words[0], words[1]])).toEqual([
      [0x2000, 8, 0x2000, EQC[0] & 0xffff],
      [0x2000, 8, 0x3000, AEQC[0] & 0xffff],
    ]);
  });

  test('an image says what the reference says, byte by byte', () => {
    const rig = opened(generation);
    const expected = image();
    const view = new DataView(expected.buffer);
    for (const [i, offset] of [0x04, 0x0c, 0x20, 0x24, 0x2c, 0x34].entries()) {
      view.setUint32(40 + 4 * i, rig.peek(offset), true);
    }
    for (let i = 0; i < 7; i++) {
      view.setUint32(64 + 4 * i, EQC[i]!, true);
      view.setUint32(92 + 4 * i, AEQC[i]!, true);
    }
    view.setBigUint64(144, 0x2f_8abc_0000n, true);
    view.setBigUint64(152, 0x3f_9def_0000n, true);
    view.setBigUint64(160, 0x2f_8123_0000n, true);
    view.setBigUint64(168, 0x2f_8456_0000n, true);
    expect(rig.read(rig.fileAt('STOP_COPY'))).toEqual(expected);
  });
});

/** What each request of docs/device.md 8.1 walks through; null: refused. */
const WAYS: Readonly<
  Record<'RUNNING' | 'STOP' | 'STOP_COPY' | 'RESUMING' | 'PRE_COPY', Partial<Record<MigStateName, string>>>
> = {
  RUNNING: { STOP: 'STOP', STOP_COPY: 'STOP STOP_COPY', RESUMING: 'STOP RESUMING', PRE_COPY: 'PRE_COPY', RUNNING: '' },
  STOP: { STOP: '', STOP_COPY: 'STOP_COPY', RESUMING: 'RESUMING', RUNNING: 'RUNNING', PRE_COPY: 'RUNNING PRE_COPY' },
  STOP_COPY: { STOP: 'STOP', STOP_COPY: '', RUNNING: 'STOP RUNNING', RESUMING: 'STOP RESUMING' },
  RESUMING: {
    STOP: 'STOP',
    RESUMING: '',
    RUNNING: 'STOP RUNNING',
    STOP_COPY: 'STOP STOP_COPY',
    PRE_COPY: 'STOP RUNNING PRE_COPY',
  },
  PRE_COPY: {
    PRE_COPY: '',
    STOP_COPY: 'STOP_COPY',
    RUNNING: 'RUNNING',
    STOP: 'RUNNING STOP',
    RESUMING: 'RUNNING STOP RESUMING',
  },
};
const MAKES_FILE = new Set(['RUNNING PRE_COPY', 'STOP STOP_COPY', 'STOP RESUMING']);

function settledAt(generation: BothId, state: MigStateName): Rig {
  const rig = opened(generation);
  const file = rig.at(state);
  if (state === 'RESUMING') rig.write(file!, image());
  return rig;
}

describe.each(BOTH)('with %s, a request', (generation) => {
  for (const [from, ways] of Object.entries(WAYS) as [MigStateName, Partial<Record<MigStateName, string>>][]) {
    test.each([...MIG_STATE_NAMES])(
      `from ${from} to %s ends where it should and gives a file if its last arc makes one`,
      (to) => {
        const rig = settledAt(generation, from);
        const way = ways[to];
        const { ret, tally } = rig.go(to);
        const states = [from, ...(way ?? '').split(' ').filter((name) => name !== '')];
        const makesFile = MAKES_FILE.has(states.slice(-2).join(' '));
        expect({ ret, state: rig.state, file: rig.device.newFile !== null }).toEqual({
          ret: way === undefined ? -22 : 0,
          state: states.at(-1),
          file: makesFile,
        });
        expect(Object.keys(tally).length > 0 && (way === undefined || way === '')).toBe(false);
      },
    );
  }

  test.each([8, 255, 0xffffffff])('for state %i, which there is none of, is refused', (strange) => {
    const rig = opened(generation);
    expect(rig.device.setState(strange)).toBe(-22);
    expect(rig.state).toBe('RUNNING');
  });

  test('from any state, a reset leads to RUNNING, kills the files and touches no register', () => {
    for (const state of Object.keys(WAYS) as MigStateName[]) {
      const rig = opened(generation);
      const file = rig.at(state);
      expect(rig.during(() => (rig.device.reset(), 0)).tally).toEqual({});
      expect(rig.driver.state).toBe(MIG_STATE.RUNNING);
      const dead = file === null ? null : file.kind === 'save' ? rig.read(file) : rig.write(file, image());
      expect(dead).toBe(file === null ? null : -19);
    }
  });
});
