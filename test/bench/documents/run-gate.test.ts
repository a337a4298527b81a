import { describe, expect, test } from 'vitest';

import type { RunDocument } from '../../../bench/documents/run/document.ts';
import { demandsOf, unmet } from '../../../bench/documents/run/gate.ts';
import { MOVE_ENDS, NO_ENDS } from '../../../sim/memory/outcome.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { stating } from '../../stating.ts';

const document = {
  figures: {
    pause: { value: 200e6, low: 100e6, high: 300e6, unit: 'ns', kind: 'modelled' },
    memory: { value: 2 ** 30, unit: 'B', kind: 'modelled' },
    wrongTasks: { value: 0, unit: 'tasks', kind: 'exact' },
  },
  ended: { ...NO_ENDS, moved: 1, cancelled: 1 },
  vms: [
    { vm: 1, kind: 'moved' },
    { vm: 2, kind: 'cancelled' },
  ],
} as unknown as RunDocument;

/** Both moved. */
const arrived = {
  ...document,
  ended: { ...NO_ENDS, moved: 2 },
  vms: document.vms.map((vm) => ({ ...vm, kind: 'moved' })),
} as RunDocument;

const broken = (text: string): readonly string[] => unmet(arrived, demandsOf({}, { assert: [text] }));

test('a time of a move is of none where a VM did not move', () => {
  expect(unmet(document, demandsOf({ assert: ['downtime.high < 1h'] }, {}))).toEqual([
    'downtime is asserted, and VM 2 did not move (cancelled)',
  ]);
  expect(broken('downtime.high < 1h')).toEqual([]);
});

describe('a bound', () => {
  test.each([
    'pause < 201ms',
    'pause.low <= 100ms',
    'pause.high <= 300 ms',
    'memory >= 1GiB',
    'wrongTasks <= 0',
    'pause > 0',
  ])('%s holds', (text) => expect(broken(text)).toEqual([]));

  test('that does not hold is a sentence with value and limit', () => {
    expect(broken('pause.high < 300ms')).toEqual(['pause.high is 300 ms, asserted is < 300ms']);
    expect(broken('memory < 1GiB')).toHaveLength(1);
  });

  test.each([
    'pause',
    'pause < ',
    'pause == 3ms',
    'pause.mean < 3ms',
    'downtimes < 3ms',
    'pause < 300',
    'memory < 3ms',
    'wrongTasks < x',
  ])('%s is refused', (text) => expect(() => broken(text)).toThrow(UserError));

  test('of an unknown figure names those that there are', () => {
    expect(() => broken('downtimes < 3ms')).toThrow(stating('no figure', 'downtimes'));
  });
});

test.each(MOVE_ENDS)('an end other than %s of any VM is a sentence', (expected) => {
  const [sentence, ...others] = unmet(document, demandsOf({ expect: expected }, {}));
  expect(others).toEqual([]);
  expect(sentence).toMatch(new RegExp(`^expected of each VM is ${expected}; [12] of 2 ended otherwise`));
});

test('each VM that ends as expected is enough', () => {
  const one = { ...document, ended: { ...NO_ENDS, moved: 1 }, vms: document.vms.slice(0, 1) };
  expect(unmet(one, demandsOf({ expect: 'moved' }, {}))).toEqual([]);
});

describe('a scenario and the command line', () => {
  const scenario = { expect: 'moved', assert: ['pause < 100ms'] } as const;

  test('demand together: each bound, and the end that the command line names', () => {
    const { expected, asserted } = demandsOf(scenario, { expect: 'cancelled', assert: ['memory < 1GiB'] });
    expect(expected).toBe('cancelled');
    expect(asserted.map(({ text }) => text)).toEqual(['pause < 100ms', 'memory < 1GiB']);
  });

  test('a demand of the scenario that does not hold is a sentence', () => {
    expect(unmet(arrived, demandsOf(scenario, {}))).toEqual(['pause.value is 200 ms, asserted is < 100ms']);
  });
});
