/**
 * The groups against a second reading of the kernel's rule, on random machines of every shape. With STOPCOPY_LONG on 100,000
 * machines, and with the number of machines of each shape printed.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { Random } from '../../../sim/base/random.ts';
import { groupsOf } from '../../../sim/pci/groups.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { parseAddress } from '../../../sim/pci/address.ts';
import { effort } from '../../effort.ts';
import { Machine } from '../../oracles/linux-groups.ts';
import { SHAPE_NAMES, shapesOf } from '../../oracles/machine-shapes.ts';
import { MACHINE_BYTES, machineFrom, machineTape } from '../../oracles/random-machine.ts';
import { groupNames } from './rig.ts';

const RUNS = effort(250, 1_000, 100_000);
const SEED = 20_250_905;

const asText = (groups: readonly (readonly number[])[]): readonly string[] =>
  groups
    .map((members) =>
      members
        .toSorted((a, b) => a - b)
        .map((each) => each.toString(16))
        .join(' '),
    )
    .toSorted();

/** The shapes of the machine that a tape makes; fails where the two readings differ. */
function compared(tape: ArrayLike<number>): readonly string[] {
  const document = machineFrom(tape);
  const machine = new Machine(document);
  const expected = asText(machine.groups());
  const topology = buildTopology(document, 'random');
  const built = asText(groupNames(topology, groupsOf(topology)).map((members) => members.map(parseAddress)));
  const differ = built.filter((each) => !expected.includes(each));
  if (differ.length > 0 || built.length !== expected.length) {
    const wanted = expected.filter((each) => !built.includes(each));
    throw new Error(
      `built ${differ.join(' | ')}\nexpected ${wanted.join(' | ')}\n${JSON.stringify(document, null, 1)}`,
    );
  }
  return shapesOf(machine);
}

test('on random machines of every shape both have the same groups', () => {
  const random = new Random(SEED);
  const counts = new Map(SHAPE_NAMES.map((name) => [name, 0]));
  for (let i = 0; i < RUNS; i++) {
    for (const shape of compared(machineTape(random))) counts.set(shape, counts.get(shape)! + 1);
  }
  if (RUNS >= 100_000)
    console.log(`seed ${SEED}, ${RUNS} machines\n${[...counts].map((row) => row.join(': ')).join('\n')}`);
  const rare = [...counts].filter(([, count]) => count < RUNS / 100);
  expect(rare).toEqual([]);
});

test('on machines that are made smaller until they agree', () => {
  const tapes = fc.uint8Array({ maxLength: MACHINE_BYTES, size: 'max' });
  const result = fc.check(
    fc.property(tapes, (tape) => {
      compared(tape);
    }),
    { numRuns: RUNS >= 100_000 ? 10_000 : RUNS / 4, seed: SEED },
  );
  expect(result.failed && result.errorInstance instanceof Error ? result.errorInstance.message : '').toBe('');
});
