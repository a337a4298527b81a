import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  applySettings,
  hasKnob,
  KNOB_NAMES,
  KNOBS,
  linkOf,
  nearest,
  placesOf,
  readLink,
  type Settings,
} from '../../../bench/ui/knobs.ts';
import { scenarioSchema, writtenScenario } from '../../../sim/scenario/document.ts';
import { SCENARIOS, scenarioNamed } from './scenarios.ts';

describe.each([...SCENARIOS.keys()])('knobs on %s', (name) => {
  const scenario = scenarioNamed(name);

  test('untouched, they leave the scenario as it is, and each has a place where it stands', () => {
    expect(applySettings(scenario, {})).toEqual(scenario);
    for (const knob of KNOB_NAMES) {
      const places = placesOf(knob, scenario);
      expect(places).toContain(KNOBS[knob].of(scenario));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
  });

  test('what is set is what is read again, and the scenario is still one', () => {
    for (const knob of KNOB_NAMES.filter((each) => hasKnob(each, scenario))) {
      for (const value of placesOf(knob, scenario)) {
        const turned = applySettings(scenario, { [knob]: value });
        expect(KNOBS[knob].of(turned), `${knob} at ${value}`).toBe(value);
        expect(scenarioSchema.parse(JSON.parse(JSON.stringify(writtenScenario(turned))))).toEqual(turned);
        expect(KNOBS[knob].format(value, turned)).not.toMatch(/NaN|undefined|Infinity/);
      }
    }
  });
});

test('any settings come back from their link', () => {
  const settingsOf = (name: string): fc.Arbitrary<Settings> =>
    fc.record(
      Object.fromEntries(KNOB_NAMES.map((knob) => [knob, fc.constantFrom(...placesOf(knob, scenarioNamed(name)))])),
      { requiredKeys: [] },
    );
  const choice = fc.constantFrom(...SCENARIOS.keys()).chain((name) => fc.tuple(fc.constant(name), settingsOf(name)));
  fc.assert(
    fc.property(choice, ([scenario, settings]) => {
      expect(readLink(`#${linkOf(scenario, settings)}`, SCENARIOS, 'zip-64')).toEqual({ scenario, settings });
    }),
  );
});

test.each([
  ['', 'idle-vf', {}],
  ['#scenario=no-such', 'idle-vf', {}],
  ['#scenario=zip-64&gbit=11&cake=1', 'zip-64', { gbit: 10 }],
  ['#gbit=1e9', 'idle-vf', {}],
  ['#gbit=-1&memory=&dirty=x&vfs=NaN', 'idle-vf', {}],
  ['#scenario=zip-64&scenario=idle-vf&load=52', 'zip-64', { load: 50 }],
])('a link typed by hand: %s', (link, scenario, settings) => {
  expect(readLink(link, SCENARIOS, 'idle-vf')).toEqual({ scenario, settings });
});

test('one budget takes the place of limits that rise with time', () => {
  const nova = scenarioNamed('vm-64gib');
  expect(nova.convergence.steps).toBe('nova');
  const turned = applySettings(nova, { budget: 100 });
  expect(turned.convergence.steps).toBeUndefined();
  expect(turned.convergence.downtimeLimit).toBe(100e6);
});

test('nearest takes the closer of two places', () => {
  expect(nearest([1, 2.5, 5], 4)).toBe(5);
  expect(nearest([1, 2.5, 5], 1.2)).toBe(1);
});
