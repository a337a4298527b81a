import { expect, test } from 'vitest';

import type { Runner } from '../../../../bench/measure/runner.ts';
import { runGrowth, WHOLE_VM } from '../../../../bench/measure/suites/growth.ts';
import { pointParameters } from '../../../../sim/memory/parameters.ts';
import { checkMove, moveVm } from '../../../../sim/memory/vm-move.ts';

test('the suite growth moves VFs, plays events and moves whole VMs', async () => {
  const options = { quick: true, driver: 'upstream-2026', accelerators: undefined, queuePairs: undefined } as const;
  const once: Runner = {
    measure: (name, fn) => {
      fn();
      return Promise.resolve({ name, samples: [0.001] });
    },
  };
  const { rows, columns } = await runGrowth(options, once);
  const at = (what: string): readonly number[] =>
    rows.filter((row) => row.at['what'] === what).map((row) => Number(row.at['number']));
  expect(at('VFs moved at once')).toEqual([1, 4, 16, 63]);
  const events = at('events of 16 saturated VFs');
  // Four times the virtual time has four times the events, but for the last of them.
  for (let i = 1; i < events.length; i++) expect(events[i]! / events[i - 1]!).toBeCloseTo(4, 1);
  const named = new Set(columns.map(({ name }) => name));
  expect(rows.flatMap(({ figures }) => Object.keys(figures)).filter((name) => !named.has(name))).toEqual([]);
  const accesses = rows.flatMap(({ figures }) => figures['accessesPerUnit'] ?? []);
  expect(accesses.map(({ kind }) => kind)).toEqual(['exact', 'exact', 'exact', 'exact']);
  // Polls of a mailbox that 63 share are more than those of one, yet of the same order.
  expect(accesses[3]!.value).toBeGreaterThan(accesses[0]!.value);
  expect(accesses[3]!.value).toBeLessThan(5 * accesses[0]!.value);
});

test('its whole VM can be moved, in iterations', () => {
  checkMove(WHOLE_VM);
  const result = moveVm(WHOLE_VM, pointParameters());
  expect(result.end).toBe('moved');
  expect(result.rounds.length).toBeGreaterThan(1);
});
