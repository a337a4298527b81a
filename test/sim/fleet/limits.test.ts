import { expect, test } from 'vitest';

import { presets } from '../../../bench/studies/plan/read-question.ts';
import { limitsOf } from '../../../sim/fleet/limits.ts';

test('presets are the defaults of their systems', () => {
  const all = presets();
  expect(limitsOf('kubevirt', all)).toMatchObject({
    fleet: 5,
    outboundPerHost: 2,
    timeoutNsPerGib: 800e9,
    progressTimeoutNs: 150e9,
    novaSteps: false,
  });
  expect(limitsOf('nova', all)).toMatchObject({
    fleet: Infinity,
    outboundPerHost: 1,
    downtimeLimitNs: 500e6,
    novaSteps: true,
  });
  expect(limitsOf('vsphere', all)).toMatchObject({ outboundPerHost: 8, inboundPerHost: 8 });
});

test('figures of a question stand before those of its preset', () => {
  expect(limitsOf({ preset: 'kubevirt', outboundPerHost: 7 }, presets())).toMatchObject({
    fleet: 5,
    outboundPerHost: 7,
  });
});

test('an unknown preset is refused with those that there are', () => {
  expect(() => limitsOf('ovirt', presets())).toThrow("limits 'ovirt' are not known");
});
