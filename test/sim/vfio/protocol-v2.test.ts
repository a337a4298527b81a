/**
 * Protocol v2 as a client may rely on it: effective next states for each set of flags, when a state change hands out a
 * data file, and what sticks. docs/designs.md 3.4, docs/device.md 8 and 9.
 */
import { describe, expect, test } from 'vitest';
import { FEATURE, MIG_STATE, MIG_STATE_NAMES, type MigStateName, nextState } from '../../../sim/abi/vfio.ts';
import type { Generation } from '../../../sim/driver/generation.ts';
import { VfDriver } from '../../../sim/driver/vf-driver.ts';
import { HEALTHY_KERNEL } from '../../../sim/driver/kernel.ts';
import { ACCELERATORS } from '../../../sim/abi/accelerators.ts';
import { BOTH, image, LEGACY, opened, Rig } from '../driver/rig.ts';
import { featureStruct, SET, word32 } from './user-memory.ts';

const EINVAL = -22;
const ENODEV = -19;

/**
 * Rows: where the device is, columns: where it is wanted, cells: the next arc; `-` already there, `x` refused. Written
 * down from the kernel's table with the states left out that the flags do not offer.
 */
const EFFECTIVE: readonly (readonly [flags: number, columns: string, rows: readonly string[]])[] = [
  [
    1,
    'STOP RUNNING STOP_COPY RESUMING',
    [
      'STOP      -    RUNNING STOP_COPY RESUMING',
      'RUNNING   STOP -       STOP      STOP',
      'STOP_COPY STOP STOP    -         STOP',
      'RESUMING  STOP STOP    STOP      -',
    ],
  ],
  [
    3,
    'STOP RUNNING STOP_COPY RESUMING RUNNING_P2P',
    [
      'STOP        -           RUNNING_P2P STOP_COPY   RESUMING    RUNNING_P2P',
      'RUNNING     RUNNING_P2P -           RUNNING_P2P RUNNING_P2P RUNNING_P2P',
      'STOP_COPY   STOP        STOP        -           STOP        STOP',
      'RESUMING    STOP        STOP        STOP        -           STOP',
      'RUNNING_P2P STOP        RUNNING     STOP        STOP        -',
    ],
  ],
  [
    5,
    'STOP RUNNING STOP_COPY RESUMING PRE_COPY',
    [
      'STOP      -       RUNNING STOP_COPY RESUMING RUNNING',
      'RUNNING   STOP    -       STOP      STOP     PRE_COPY',
      'STOP_COPY STOP    STOP    -         STOP     x',
      'RESUMING  STOP    STOP    STOP      -        STOP',
      'PRE_COPY  RUNNING RUNNING STOP_COPY RUNNING  -',
    ],
  ],
  [
    7,
    'STOP RUNNING STOP_COPY RESUMING RUNNING_P2P PRE_COPY PRE_COPY_P2P',
    [
      'STOP         -           RUNNING_P2P STOP_COPY    RESUMING    RUNNING_P2P RUNNING_P2P RUNNING_P2P',
      'RUNNING      RUNNING_P2P -           RUNNING_P2P  RUNNING_P2P RUNNING_P2P PRE_COPY    RUNNING_P2P',
      'STOP_COPY    STOP        STOP        -            STOP        STOP        x           x',
      'RESUMING     STOP        STOP        STOP         -           STOP        STOP        STOP',
      'RUNNING_P2P  STOP        RUNNING     STOP         STOP        -           RUNNING     PRE_COPY_P2P',
      'PRE_COPY     RUNNING     RUNNING     PRE_COPY_P2P RUNNING     RUNNING     -           PRE_COPY_P2P',
      'PRE_COPY_P2P RUNNING_P2P RUNNING_P2P STOP_COPY    RUNNING_P2P RUNNING_P2P PRE_COPY    -',
    ],
  ],
];

describe.each(EFFECTIVE)('with flags %i', (flags, columnText, rows) => {
  const columns = columnText.split(' ') as MigStateName[];

  test('the effective table is the kernel’s', () => {
    const shown = columns.map((from) => {
      const cells = columns.map((to) => {
        if (from === to) return '-';
        const next = nextState(flags, MIG_STATE[from], MIG_STATE[to]);
        return next < 0 ? 'x' : MIG_STATE_NAMES[next];
      });
      return [from, ...cells].join(' ');
    });
    expect(shown).toEqual(rows.map((row) => row.replaceAll(/ +/g, ' ')));
  });

  test('all other states are refused, both as goal and as start', () => {
    for (const other of MIG_STATE_NAMES.filter((name) => !columns.includes(name))) {
      for (const name of MIG_STATE_NAMES) {
        expect(nextState(flags, MIG_STATE[name], MIG_STATE[other])).toBe(-1);
        expect(nextState(flags, MIG_STATE[other], MIG_STATE[name])).toBe(-1);
      }
    }
  });
});

/** Arcs that make a data file. */
const MAKES: ReadonlySet<string> = new Set([
  'RUNNING PRE_COPY',
  'RUNNING_P2P PRE_COPY_P2P',
  'STOP STOP_COPY',
  'STOP RESUMING',
]);
/** Arcs that end the one there is. */
const ENDS: ReadonlySet<string> = new Set([
  'PRE_COPY RUNNING',
  'PRE_COPY_P2P RUNNING_P2P',
  'STOP_COPY STOP',
  'RESUMING STOP',
]);

function way(flags: number, from: MigStateName, to: MigStateName): MigStateName[] | null {
  const states = [from];
  while (states.at(-1) !== to) {
    const next = nextState(flags, MIG_STATE[states.at(-1)!], MIG_STATE[to]);
    if (next < 0) return null;
    states.push(MIG_STATE_NAMES[next]!);
  }
  return states;
}

const arcs = (states: readonly MigStateName[]): string[] => states.slice(1).map((to, i) => `${states[i]} ${to}`);

describe.each([1, 3, 5, 7])('data files with flags %i', (flags) => {
  const columns = (EFFECTIVE.find(([of]) => of === flags)?.[1].split(' ') ?? []) as MigStateName[];

  test('no way makes a file before its last arc, so that none is handed out and lost', () => {
    for (const from of columns) {
      for (const to of columns) {
        const inner = arcs(way(flags, from, to) ?? []).slice(0, -1);
        expect([from, to, inner.filter((arc) => MAKES.has(arc))]).toEqual([from, to, []]);
      }
    }
  });

  test('a file is there in exactly the states that have data', () => {
    const withFile = new Set(['STOP_COPY', 'RESUMING', 'PRE_COPY', 'PRE_COPY_P2P']);
    for (const from of columns) {
      for (const to of columns) {
        const states = way(flags, from, to);
        if (states === null) continue;
        let open = withFile.has(from);
        for (const arc of arcs(states)) {
          if (ENDS.has(arc)) open = false;
          if (MAKES.has(arc)) open = true;
        }
        expect([from, to, open]).toEqual([from, to, withFile.has(to)]);
      }
    }
  });
});

/** The driver with other flags: without pre-copy it is the one of 2022. */
function driverWith(flags: number): VfDriver {
  const rig = new Rig(LEGACY);
  const generation: Generation = { ...rig.generation, flags };
  const { port, pf } = rig;
  const driver = new VfDriver({
    port,
    generation,
    facts: ACCELERATORS.sec,
    functionNumber: 1,
    pf,
    kernel: HEALTHY_KERNEL,
  });
  driver.open();
  return driver;
}

describe.each([1, 5])('the driver with flags %i', (flags) => {
  const columns = (EFFECTIVE.find(([of]) => of === flags)?.[1].split(' ') ?? []) as MigStateName[];
  const pairs = columns.flatMap((from) => columns.map((to) => [from, to] as const));

  test.each(pairs)('%s to %s: a file if the last arc makes one, and the old one ends with its arc', (from, to) => {
    const driver = driverWith(flags);
    expect(driver.setState(MIG_STATE[from])).toBe(0);
    const old = driver.newFile;
    const states = way(flags, from, to);
    if (from === 'RESUMING' && from !== to) old!.totalLength = 40;
    expect(driver.setState(MIG_STATE[to])).toBe(states === null ? EINVAL : 0);
    const last = arcs(states ?? []).at(-1) ?? '';
    expect(driver.newFile !== null).toBe(MAKES.has(last));
    expect(old?.disabled ?? false).toBe(old !== null && arcs(states ?? []).some((arc) => ENDS.has(arc)));
    expect(MIG_STATE_NAMES[driver.state]).toBe(states === null ? from : to);
  });
});

describe.each(BOTH)('what sticks, with %s', (generation) => {
  test('ERROR: every wish fails and changes nothing, until the reset', () => {
    const { driver, device } = opened(generation);
    driver.state = MIG_STATE.ERROR;
    for (let wanted = -1; wanted <= 8; wanted++) {
      if (wanted === MIG_STATE.ERROR) continue;
      expect([wanted, device.setState(wanted)]).toEqual([wanted, EINVAL]);
      expect(device.getState()).toBe(MIG_STATE.ERROR);
      expect(device.newFile).toBeNull();
    }
    const user = featureStruct(SET | FEATURE.MIG_DEVICE_STATE, 16, MIG_STATE.RUNNING);
    expect(device.feature(user)).toBe(EINVAL);
    expect(word32(user, 12)).toBe(0xffff_ffff);
    device.reset();
    expect(device.getState()).toBe(MIG_STATE.RUNNING);
    expect(device.setState(MIG_STATE.PRE_COPY)).toBe(0);
  });

  test.each(['STOP', 'RUNNING', 'STOP_COPY', 'RESUMING', 'PRE_COPY'] as const)(
    'a reset in %s gives RUNNING',
    (state) => {
      const rig = opened(generation);
      const file = rig.at(state);
      rig.device.reset();
      expect(rig.state).toBe('RUNNING');
      const kinds = file === null ? [] : [file.kind === 'save' ? rig.read(file) : rig.write(file, image())];
      expect(kinds).toEqual(file === null ? [] : [ENODEV]);
    },
  );

  test('the state after a failure is that of the last arc that succeeded', () => {
    const rig = opened(generation);
    rig.fileAt('RESUMING');
    expect(rig.go('PRE_COPY').ret).toBe(EINVAL);
    expect(rig.state).toBe('RESUMING');
    rig.device.reset();
    rig.change({ mailbox: { SQC_BT: { status: 1 } } });
    expect(rig.go('STOP_COPY').ret).toBeLessThan(0);
    expect(rig.state).toBe('STOP');
  });
});
