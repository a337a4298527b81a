import { describe, expect, test } from 'vitest';
import { MIG_FLAG, MIG_STATE, MIG_STATE_NAMES, type MigStateName, nextState } from '../../../sim/abi/vfio.ts';

/*
 * The oracle: what the uAPI says of the single arcs, and a search over them. It knows no table of next states.
 * Sources: include/uapi/linux/vfio.h on the migration states; docs/device.md 8.1.
 */

/** Arcs that a driver carries out itself, by the flags that the device must or must not offer for them. */
const ARCS: readonly (readonly [from: MigStateName, to: MigStateName, p2p: 'with P2P' | 'without P2P' | 'always'])[] = [
  ['STOP', 'RUNNING', 'without P2P'],
  ['RUNNING', 'STOP', 'without P2P'],
  ['STOP', 'RUNNING_P2P', 'with P2P'],
  ['RUNNING_P2P', 'STOP', 'with P2P'],
  ['RUNNING', 'RUNNING_P2P', 'with P2P'],
  ['RUNNING_P2P', 'RUNNING', 'with P2P'],
  ['STOP', 'STOP_COPY', 'always'],
  ['STOP_COPY', 'STOP', 'always'],
  ['STOP', 'RESUMING', 'always'],
  ['RESUMING', 'STOP', 'always'],
  ['RUNNING', 'PRE_COPY', 'always'],
  ['PRE_COPY', 'RUNNING', 'always'],
  ['PRE_COPY', 'STOP_COPY', 'without P2P'],
  ['PRE_COPY', 'PRE_COPY_P2P', 'with P2P'],
  ['PRE_COPY_P2P', 'PRE_COPY', 'with P2P'],
  ['RUNNING_P2P', 'PRE_COPY_P2P', 'with P2P'],
  ['PRE_COPY_P2P', 'RUNNING_P2P', 'with P2P'],
  ['PRE_COPY_P2P', 'STOP_COPY', 'with P2P'],
];

const NEEDS: Readonly<Record<MigStateName, number | null>> = {
  ERROR: null,
  STOP: 0,
  RUNNING: 0,
  STOP_COPY: 0,
  RESUMING: 0,
  RUNNING_P2P: MIG_FLAG.P2P,
  PRE_COPY: MIG_FLAG.PRE_COPY,
  PRE_COPY_P2P: MIG_FLAG.P2P | MIG_FLAG.PRE_COPY,
};

/** States whose data are being read. A way may run through one only if it never leaves them. */
const SAVING: ReadonlySet<MigStateName> = new Set(['PRE_COPY', 'PRE_COPY_P2P', 'STOP_COPY']);

function offered(flags: number, state: MigStateName): boolean {
  const needs = NEEDS[state];
  return needs !== null && (flags & needs) === needs;
}

function arcsFrom(flags: number, state: MigStateName): readonly MigStateName[] {
  const p2p = (flags & MIG_FLAG.P2P) !== 0;
  return ARCS.filter(([from, to, when]) => {
    const exists = when === 'always' || (when === 'with P2P') === p2p;
    return from === state && exists && offered(flags, from) && offered(flags, to);
  }).map(([, to]) => to);
}

function isAllowedWay(way: readonly MigStateName[]): boolean {
  if (way.every((state) => SAVING.has(state))) return true;
  return !way.slice(1, -1).some((state) => SAVING.has(state));
}

/** All shortest allowed ways, breadth first. */
function shortestWays(flags: number, from: MigStateName, to: MigStateName): readonly (readonly MigStateName[])[] {
  // Data once read in STOP_COPY are final: nothing leads from there back to tracking changes.
  if (from === 'STOP_COPY' && to.startsWith('PRE_COPY')) return [];
  let frontier: MigStateName[][] = offered(flags, from) && offered(flags, to) ? [[from]] : [];
  while (frontier.length > 0 && frontier[0]!.length <= MIG_STATE_NAMES.length) {
    const arrived = frontier.filter((way) => way.at(-1) === to && isAllowedWay(way));
    if (arrived.length > 0) return arrived;
    frontier = frontier.flatMap((way) =>
      arcsFrom(flags, way.at(-1)!)
        .filter((next) => !way.includes(next))
        .map((next) => [...way, next]),
    );
  }
  return [];
}

/** The way that the table under test takes, or null where it refuses. */
function tableWay(flags: number, from: MigStateName, to: MigStateName): readonly MigStateName[] | null {
  const way = [from];
  while (way.at(-1) !== to || way.length === 1) {
    const next = nextState(flags, MIG_STATE[way.at(-1)!], MIG_STATE[to]);
    if (next < 0) return null;
    way.push(MIG_STATE_NAMES[next]!);
    if (from === to || way.length > 2 * MIG_STATE_NAMES.length) break;
  }
  return from === to ? way.slice(1) : way;
}

const FLAG_SETS = [
  MIG_FLAG.STOP_COPY,
  MIG_FLAG.STOP_COPY | MIG_FLAG.P2P,
  MIG_FLAG.STOP_COPY | MIG_FLAG.PRE_COPY,
  MIG_FLAG.STOP_COPY | MIG_FLAG.P2P | MIG_FLAG.PRE_COPY,
] as const;

describe.each(FLAG_SETS)('with migration flags %i', (flags) => {
  const pairs = MIG_STATE_NAMES.flatMap((from) => MIG_STATE_NAMES.map((to) => [from, to] as const));

  test.each(pairs)('%s to %s takes the one shortest way that the arcs allow', (from, to) => {
    const ways = shortestWays(flags, from, to);
    expect(ways.length).toBeLessThanOrEqual(1);
    expect(tableWay(flags, from, to)).toEqual(ways[0] ?? null);
  });

  test.each([-1, 8, 0xffffffff])('state %i does not exist', (strange) => {
    for (const name of MIG_STATE_NAMES) {
      expect(nextState(flags, MIG_STATE[name], strange)).toBe(-1);
      expect(nextState(flags, strange, MIG_STATE[name])).toBe(-1);
    }
  });
});

/** Full ways of three and more states, as the kernel's table gives them. `x` stands for each of two states. */
const FLAGS_1 = [
  'RUNNING STOP STOP_COPY',
  'RUNNING STOP RESUMING',
  'STOP_COPY STOP RUNNING',
  'STOP_COPY STOP RESUMING',
  'RESUMING STOP RUNNING',
  'RESUMING STOP STOP_COPY',
];

const FLAGS_3 = [
  'STOP RUNNING_P2P RUNNING',
  'RUNNING RUNNING_P2P STOP',
  'RUNNING RUNNING_P2P STOP STOP_COPY',
  'RUNNING RUNNING_P2P STOP RESUMING',
  'STOP_COPY STOP RUNNING_P2P RUNNING',
  'RESUMING STOP RUNNING_P2P RUNNING',
  'STOP_COPY STOP RUNNING_P2P',
  'RESUMING STOP RUNNING_P2P',
  'RUNNING_P2P STOP STOP_COPY',
  'RUNNING_P2P STOP RESUMING',
  'STOP_COPY STOP RESUMING',
  'RESUMING STOP STOP_COPY',
];

const FLAGS_5 = [
  ...FLAGS_1,
  'STOP RUNNING PRE_COPY',
  'PRE_COPY RUNNING STOP',
  'PRE_COPY RUNNING STOP RESUMING',
  'RESUMING STOP RUNNING PRE_COPY',
];

const FLAGS_7 = [
  ...FLAGS_3,
  'STOP RUNNING_P2P RUNNING PRE_COPY',
  'STOP RUNNING_P2P PRE_COPY_P2P',
  'PRE_COPY PRE_COPY_P2P STOP_COPY',
  'PRE_COPY RUNNING RUNNING_P2P STOP',
  'PRE_COPY RUNNING RUNNING_P2P STOP RESUMING',
  'PRE_COPY RUNNING RUNNING_P2P',
  'PRE_COPY_P2P RUNNING_P2P STOP',
  'PRE_COPY_P2P RUNNING_P2P RUNNING',
  'PRE_COPY_P2P RUNNING_P2P STOP RESUMING',
  'RESUMING STOP RUNNING_P2P RUNNING PRE_COPY',
  'RESUMING STOP RUNNING_P2P PRE_COPY_P2P',
  'RUNNING_P2P RUNNING PRE_COPY',
  'RUNNING RUNNING_P2P PRE_COPY_P2P',
];

describe.each([
  [1, FLAGS_1],
  [3, FLAGS_3],
  [5, FLAGS_5],
  [7, FLAGS_7],
] as const)('the ways of three and more states with flags %i', (flags, ways) => {
  test.each(ways)('%s', (text) => {
    const way = text.split(' ') as MigStateName[];
    expect(tableWay(flags, way[0]!, way.at(-1)!)).toEqual(way);
  });

  test('are all there are', () => {
    const long = MIG_STATE_NAMES.flatMap((from) => MIG_STATE_NAMES.map((to) => tableWay(flags, from, to)))
      .filter((way) => way !== null && way.length > 2)
      .map((way) => way!.join(' '));
    expect(long.toSorted()).toEqual([...ways].toSorted());
  });
});

test('with this driver’s flags, a saved VF cannot go back to PRE_COPY', () => {
  expect(nextState(5, MIG_STATE.STOP_COPY, MIG_STATE.PRE_COPY)).toBe(-1);
});
