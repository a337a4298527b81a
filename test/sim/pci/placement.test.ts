/**
 * The policy that takes parts of the processor: which field or ID says that a root port has no slot, and what it answers.
 */
import { describe, expect, test } from 'vitest';

import { loadsIf } from '../../../bench/studies/isolation/loads-if.ts';
import { isolationOf } from '../../../sim/pci/isolation.ts';
import type { LoadDecision } from '../../../sim/pci/verdict.ts';
import { example } from './rig.ts';

const VF = '75:00.1';

function onDie(changes: Readonly<Record<string, unknown>>): LoadDecision {
  return isolationOf(example('t31-on-die', changes)).of(VF).decisions['on-die'];
}

describe('the port above an accelerator counts as one of the processor', () => {
  test.each([
    ['by its Slot bit', { 'tree[0].id': null }, 'load-clipped'],
    ['by its ID, where nobody says the bit', { 'tree[0].slot': null }, 'load-clipped'],
    ['not where the bit says that it has a slot, whatever its ID', { 'tree[0].slot': true }, 'refuse'],
    ['not where neither is said', { 'tree[0].slot': null, 'tree[0].id': null }, 'refuse'],
    [
      'not where its ID is that of a port with a slot',
      { 'tree[0].slot': null, 'tree[0].id': '19e5:a120 rev 21' },
      'refuse',
    ],
  ])('%s', (_, changes, verdict) => {
    expect(onDie(changes).verdict).toBe(verdict);
  });

  test('and the place is the first reason, before what requests do', () => {
    const { reasons } = onDie({ 'tree[0].slot': true, 'tree[0].acs.on': '' });
    expect(reasons.map(({ against }) => against)).toEqual(['placement', 'self', 'other']);
  });

  test('and every hazard is asked for all the same', () => {
    const { verdict, reasons } = onDie({ 'tree[0].acs.on': '' });
    expect([verdict, reasons[0]?.against, reasons[0]?.by]).toEqual(['refuse', 'self', 'UF off']);
  });
});

test('below a switch nothing is of the processor, and an integrated endpoint is', () => {
  const verdict = (name: string, vf: string): string => isolationOf(example(name)).of(vf).decisions['on-die'].verdict;
  expect(verdict('t16-all-on', '05:00.1')).toBe('refuse');
  expect(verdict('t01-integrated', '75:00.1')).toBe('load-clipped');
});

test('no setting helps a card, and a bit that nobody says is asked for', () => {
  const isolation = (slot: boolean | null) =>
    isolationOf(example('t31-on-die', { 'tree[0].slot': slot, 'tree[0].id': null }));
  const card = isolation(true);
  expect(card.remedy(card.of(VF).vf, 'on-die').kind).toBe('impossible');
  const unknown = isolation(null);
  const remedy = unknown.remedy(unknown.of(VF).vf, 'on-die');
  expect(remedy.kind === 'impossible' ? remedy.because : '').toContain('slot: false');
  const asked = (of: typeof unknown) => loadsIf({ topology: of.topology, vfs: of.vfs, assumed: [] });
  expect(
    asked(unknown).map(({ policy, conditions }) => [policy, conditions.map(({ field, value }) => [field, value])]),
  ).toEqual([['on-die', [['slot', false]]]]);
  expect(asked(card)).toEqual([]);
});
