import { expect, test } from 'vitest';

import { presets, readQuestion } from '../../../bench/studies/plan/read-question.ts';
import { ageNotes, usedPresets } from '../../../sim/fleet/used-presets.ts';

const day = (text: string): Date => new Date(`${text}T00:00:00Z`);

test('a preset is old from the 181st day on', () => {
  const used = [{ id: 'kubevirt', asOf: '2026-08-22' }];
  // 22 Aug 2026 and 180 days is 18 Feb 2027.
  expect(ageNotes(used, day('2027-02-18'))).toEqual([]);
  expect(ageNotes(used, day('2027-02-19'))).toEqual([expect.stringMatching(/kubevirt.*2026-08-22.*181 days/)]);
  expect(ageNotes(used, day('2026-01-01'))).toEqual([]);
  expect(ageNotes([{ id: 'own', asOf: null }], day('2090-01-01'))).toEqual([]);
});

test('presets are listed once, in the order of the questions; own limits are none', () => {
  const { question } = readQuestion('empty-host');
  if (question.ask !== 'evacuate') throw new Error(question.ask);
  const own = { ...question, limits: { outboundPerHost: 2 } };
  const mixed = { ...question, limits: { preset: 'nova', outboundPerHost: 2 } };
  expect(usedPresets([question, own, mixed, question], presets())).toEqual([
    { id: 'kubevirt', asOf: '2026-08-22' },
    { id: 'nova', asOf: '2026-08-21' },
  ]);
  expect(usedPresets([readQuestion('link').question], presets())).toEqual([]);
});
