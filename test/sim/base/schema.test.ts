import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { formatVersion } from '../../../sim/base/format-version.ts';
import { INPUT_FORMATS } from '../../../sim/base/formats.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { bytes, duration } from '../../../sim/base/quantity.ts';
import { fieldsAt, withUnits } from '../../../sim/base/schema-fields.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { stating } from '../../stating.ts';

const load = z.union([
  z.enum(['idle', 'half']),
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('open'), fraction: z.number(), burst: z.int().optional() }),
    z.strictObject({ kind: z.literal('closed'), inFlight: z.int() }),
  ]),
]);

const schema = z.strictObject({
  format: z.literal('stopcopy-scenario'),
  version: formatVersion('stopcopy-scenario'),
  size: bytes.optional(),
  limits: z.array(z.strictObject({ after: duration })).default([]),
  load: load.optional(),
});

const HEAD = { format: 'stopcopy-scenario', version: 2 };

function refusal(document: unknown): UserError {
  try {
    parseDocument(schema, document, 'x.yaml');
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a number without a unit', () => {
  test.each([
    [300, '300 ms or 300 ns?', '`after: 300ms`', '`after: 300ns`'],
    [0.3, '0.3 ms or 0.3 ns?', '`after: 0.3ms`', '`after: 0.3ns`'],
    [300_000_000, '300000000 ns or 300000000 ms?', '`after: 300000000ns`', '`after: 300000000ms`'],
  ])('of time, %d: both readings are named, the likely one first', (after, question, first, second) => {
    const { message, hint } = refusal({ ...HEAD, limits: [{ after }] });
    expect(message).toMatch(stating('x.yaml', 'limits[0].after', after, question));
    expect(hint).toMatch(stating(first, second, 'version 1', 'ns'));
  });

  test('of size', () => {
    expect(refusal({ ...HEAD, size: 64 }).message).toMatch(stating('x.yaml', 'size', 64, '64 GiB', '64 B'));
  });

  test('is refused in files of version 1 too, and 0 in none', () => {
    expect(refusal({ ...HEAD, version: 1, size: 64 }).message).toContain('size is 64');
    expect(parseDocument(schema, { ...HEAD, version: 1, size: 0 }, 'x').size).toBe(0);
  });
});

describe('of several shapes', () => {
  test('the one that the document chose is asked for what is wrong, all of it', () => {
    const { message, hint } = refusal({ ...HEAD, load: { kind: 'open', fraction: 'x', brust: 2 } });
    expect(message).toMatch(stating('x.yaml', 'load', "'brust'", "'burst'"));
    expect(hint).toMatch(stating('Also', 'load.fraction', '"x"', 'number'));
  });

  test('all are named where the value is of none', () => {
    expect(refusal({ ...HEAD, load: 0.8 }).message).toMatch(
      stating('x.yaml', 'load', 0.8, '"idle"', '"half"', 'object'),
    );
  });

  test('the words that choose are named', () => {
    expect(refusal({ ...HEAD, load: { kind: 'shut' } }).message).toMatch(
      stating('x.yaml', 'load.kind', '"shut"', '"open"', '"closed"'),
    );
  });
});

test.each(keysOf(INPUT_FORMATS).filter((format) => format !== 'stopcopy-scenario'))(
  'a document of the format %s is named for what it is',
  (format) => {
    const { message, hint } = refusal({ format, version: 1 });
    expect(message).toMatch(stating('x.yaml', INPUT_FORMATS[format].title, format, 'scenario'));
    expect(hint).toContain(INPUT_FORMATS[format].command);
  },
);

test('a document that was read is of the newest version, whichever it was', () => {
  for (const version of [1, 2]) expect(parseDocument(schema, { ...HEAD, version }, 'x').version).toBe(2);
  expect(refusal({ ...HEAD, version: 3 }).message).toMatch(stating('x.yaml', 'version', 3, 2, 'newer'));
  expect(refusal({ ...HEAD, version: 0 }).message).toMatch(stating('x.yaml', 'version', 0, '1 or 2'));
});

test('what was read is written with units, and read again is the same', () => {
  const read = parseDocument(schema, { ...HEAD, size: '1536MiB', limits: [{ after: '1.5s' }, { after: 0 }] }, 'x');
  const written = withUnits(schema, read);
  expect(written).toEqual({ ...HEAD, size: '1536MiB', limits: [{ after: '1500ms' }, { after: 0 }] });
  expect(parseDocument(schema, written, 'x')).toEqual(read);
});

test('fields at a place are those of the shape that the document chose', () => {
  expect(fieldsAt(schema, HEAD, [])).toEqual(['format', 'version', 'size', 'limits', 'load']);
  expect(fieldsAt(schema, { ...HEAD, load: { kind: 'open' } }, ['load'])).toEqual(['kind', 'fraction', 'burst']);
  expect(fieldsAt(schema, { ...HEAD, limits: [{}] }, ['limits', 0])).toEqual(['after']);
});
