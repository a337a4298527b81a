import { expect, test } from 'vitest';

import { pointParameters, VMM_PARAMETER } from '../../../sim/memory/parameters.ts';
import { parametersAt } from '../../../sim/memory/platform.ts';
import { keysOf } from '../../../sim/base/keys.ts';

test.each(['point', 'short', 'long'] as const)('a platform of the shipped ranges changes nothing at %s', (end) => {
  const own = Object.fromEntries(
    keysOf(VMM_PARAMETER).map((name) => {
      const { value, short, long } = VMM_PARAMETER[name];
      return [name, { value, low: Math.min(short, long), high: Math.max(short, long) }];
    }),
  );
  expect(parametersAt(end, own)).toEqual(parametersAt(end));
});

test('its ends are those that make a pause short or long', () => {
  const own = {
    platformLoadNs: { value: 8, low: 5, high: 12 },
    zstdBytesPerSecond: { value: 8, low: 5, high: 12 },
  };
  expect(parametersAt('long', own)).toMatchObject({ platformLoadNs: 12, zstdBytesPerSecond: 5 });
  expect(parametersAt('short', own)).toMatchObject({ platformLoadNs: 5, zstdBytesPerSecond: 12 });
  expect(parametersAt('point', own)).toEqual({ ...pointParameters(), platformLoadNs: 8, zstdBytesPerSecond: 8 });
});
