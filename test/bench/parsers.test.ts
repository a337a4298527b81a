/**
 * Each parser takes what it should, and answers whatever else comes with a refusal and never with a bug.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { PARSER_NAMES, PARSERS, type ParserName } from '../../bench/parsers.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { GOOD } from './good-inputs.ts';

/** What a parser makes of bytes: whether it takes them. Anything but a refusal is thrown on. */
function takes(name: ParserName, bytes: Uint8Array): boolean {
  try {
    PARSERS[name].parse(bytes);
    return true;
  } catch (error) {
    if (error instanceof UserError && error.kind === 'input') return false;
    throw error;
  }
}

describe.each(PARSER_NAMES)('%s', (name) => {
  const good = GOOD[name]();

  test('is taken', () => {
    expect(takes(name, good)).toBe(true);
  });

  test('is refused when it is empty, or noise', () => {
    const noise = Uint8Array.from({ length: 300 }, (_, i) => (i * 167 + 13) & 0xff);
    // A connection may end before its first message, a history may have no record yet, and of nothing nothing is masked.
    const mayBeEmpty = name === 'connection' || name === 'history' || name === 'masked';
    expect([takes(name, new Uint8Array(0)), takes(name, noise)]).toEqual([mayBeEmpty, false]);
  });

  test('is taken or refused, wherever it is cut or changed', () => {
    const place = fc.nat({ max: good.length - 1 });
    const change = fc.tuple(place, fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(fc.option(place), fc.array(change, { maxLength: 4 }), (cut, changes) => {
        const bytes = Uint8Array.from(good);
        for (const [at, by] of changes) bytes[at]! ^= by;
        expect(takes(name, cut === null ? bytes : bytes.subarray(0, cut))).toBeTypeOf('boolean');
      }),
      { numRuns: 40 },
    );
  });
});

test('a unit of a result that is recorded is no way to the objects of the program', () => {
  const text = JSON.stringify({
    format: 'stopcopy-comparison',
    version: 1,
    machine: { cpu: 'c', cores: 1, os: 'o', arch: 'a', node: 'n' },
    results: [{ name: 'polluted', kind: 'measured', unit: '__proto__', candidate: 5 }],
  });
  expect(JSON.stringify(PARSERS.recorded.parse(Buffer.from(text)))).toContain('"__proto__":{"polluted":5}');
  expect('polluted' in {}).toBe(false);
});
