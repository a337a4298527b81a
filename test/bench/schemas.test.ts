/**
 * The published JSON Schemas allow what ships, refuse what is wrong, and never refuse what stopcopy takes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { packageRoot } from '../../bench/io/package-root.ts';
import { baselinePath } from '../../bench/measure/metrics/baseline.ts';
import { PARSERS, type ParserName } from '../../bench/parsers.ts';
import { publishedSchema, SCHEMA_NAMES, schemaFile } from '../../bench/schemas.ts';
import { INPUT_FORMATS } from '../../sim/base/formats.ts';
import { keysOf } from '../../sim/base/keys.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { effort } from '../effort.ts';
import { reportDocuments } from './documents/documents.ts';
import { schemaFindings, schemaText } from './published.ts';

/** Files that ship, by the format of their folder. */
const SHIPPED = {
  'stopcopy-scenario': 'sim/scenario/scenarios',
  'stopcopy-question': 'sim/fleet/questions',
  'stopcopy-converge': 'sim/converge/questions',
  'stopcopy-script': 'sim/check/scripts',
  'stopcopy-limits': 'sim/fleet/presets',
  'stopcopy-device-profile': 'sim/memory/profiles',
  'stopcopy-topology/1': 'sim/pci/topologies',
  'stopcopy-published-table': 'bench/studies/validation/tables',
} as const;

type ShippedFormat = keyof typeof SHIPPED;

const PARSER_OF: Readonly<Record<ShippedFormat, ParserName>> = {
  'stopcopy-scenario': 'scenario',
  'stopcopy-question': 'question',
  'stopcopy-converge': 'converge-question',
  'stopcopy-script': 'script',
  'stopcopy-limits': 'limits',
  'stopcopy-device-profile': 'device-profile',
  'stopcopy-topology/1': 'topology',
  'stopcopy-published-table': 'published-table',
};

function filesOf(format: ShippedFormat): readonly string[] {
  const folder = join(packageRoot(), SHIPPED[format]);
  return readdirSync(folder).map((name) => join(folder, name));
}

type Fields = Record<string, unknown>;

const READ = new Map<string, Fields>();

function documentOf(path: string): Fields {
  const known = READ.get(path) ?? (parse(readFileSync(path, 'utf8')) as Fields);
  READ.set(path, known);
  return structuredClone(known);
}

describe.each(SCHEMA_NAMES)('the schema of %s', (format) => {
  test('is in the build as the sources make it, and says what it is about', () => {
    const schema = publishedSchema(format);
    expect(JSON.parse(schemaText(format))).toEqual(JSON.parse(JSON.stringify(schema)));
    expect(schema.description).toMatch(/^[A-Z].+\.$/);
  });

  test('allows no document of another kind', () => {
    expect(schemaFindings(format, { format: 'another', version: 1 })).not.toEqual([]);
  });
});

test('the build has a schema of each format and no other', () => {
  expect(readdirSync(join(packageRoot(), 'dist', 'schemas')).toSorted()).toEqual(
    SCHEMA_NAMES.map(schemaFile).toSorted(),
  );
});

describe.each(keysOf(SHIPPED))('files of %s that ship', (format) => {
  test('are as the schema says, and name it for editors', () => {
    for (const path of filesOf(format)) {
      expect([path, schemaFindings(format, documentOf(path))]).toEqual([path, []]);
      const [, named] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(path, 'utf8')) ?? [];
      const schema = join(dirname(path), named ?? '');
      expect([path, schema]).toEqual([path, join(packageRoot(), 'dist', 'schemas', schemaFile(format))]);
    }
  });

  test('may have a field $schema', () => {
    const document = { ...documentOf(filesOf(format)[0]!), $schema: './node_modules/stopcopy/dist/schemas/x.json' };
    expect(schemaFindings(format, document)).toEqual([]);
    expect(taken(format, document)).toBe(true);
    const wrong = { ...document, $schema: 1 };
    expect([schemaFindings(format, wrong).length > 0, taken(format, wrong)]).toEqual([true, false]);
  });
});

/** Whether stopcopy reads a document. Whatever it throws but a refusal is a bug. */
function taken(format: ShippedFormat, document: unknown): boolean {
  try {
    PARSERS[PARSER_OF[format]].parse(Buffer.from(JSON.stringify(document)));
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

describe('what is wrong is refused, with its place', () => {
  const scenario = (): Fields => documentOf(join(packageRoot(), SHIPPED['stopcopy-scenario'], 'zip-64.yaml'));
  test.each<readonly [string, ShippedFormat, (document: Fields) => void, string]>([
    ['a misspelt field', 'stopcopy-scenario', (it) => (it['vcpu'] = 4), 'must NOT have additional properties'],
    ['a missing field', 'stopcopy-scenario', (it) => delete it['memory'], "must have required property 'memory'"],
    [
      'a time without a unit',
      'stopcopy-scenario',
      (it) => (it['convergence'] = { downtimeLimit: 300 }),
      '/convergence/downtimeLimit',
    ],
    [
      'a size in a unit that there is not',
      'stopcopy-scenario',
      (it) => ((it['memory'] as Fields)['size'] = '64GB2'),
      '/memory/size',
    ],
    ['a word that is not allowed', 'stopcopy-scenario', (it) => (it['vmm'] = 'qemuu'), '/vmm'],
    ['another version', 'stopcopy-scenario', (it) => (it['version'] = 3), '/version'],
  ])('%s', (_, format, spoil, said) => {
    const document = scenario();
    spoil(document);
    expect(schemaFindings(format, document).join('\n')).toContain(said);
    expect(taken(format, document)).toBe(false);
  });
});

/** Every place of a document, as keys. */
function placesOf(value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return [path, ...entries.flatMap(([key, each]) => placesOf(each, [...path, key]))];
}

const LEFT_OUT = Symbol('left out');

function changed(document: unknown, [key, ...rest]: readonly (string | number)[], to: unknown): unknown {
  if (key === undefined) return to === LEFT_OUT ? null : to;
  const copy = (Array.isArray(document) ? [...document] : { ...(document as Fields) }) as Fields;
  if (rest.length > 0 || to !== LEFT_OUT) copy[key] = changed(copy[key], rest, to);
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key];
  return copy;
}

const VALUES = [
  LEFT_OUT,
  null,
  0,
  1,
  -1,
  0.5,
  1e9,
  '',
  'other',
  '3ms',
  '3 GiB',
  ' 1MiB',
  'AB-ff',
  '0X1000',
  '0000:3F:00.A',
  true,
  [],
  {},
  [1],
  { kind: 'open' },
];

test('what a schema refuses, stopcopy refuses', () => {
  const formats = keysOf(SHIPPED);
  const seen = { refused: 0, taken: 0 };
  fc.assert(
    fc.property(
      fc.constantFrom(...formats),
      fc.nat(),
      fc.nat(),
      fc.constantFrom(...VALUES),
      (format, file, place, value) => {
        const files = filesOf(format);
        const document = documentOf(files[file % files.length]!);
        const places = placesOf(document);
        const spoilt = changed(document, places[place % places.length]!, value);
        const isTaken = taken(format, spoilt);
        seen[isTaken ? 'taken' : 'refused'] += 1;
        expect(isTaken ? schemaFindings(format, spoilt) : []).toEqual([]);
      },
    ),
    { numRuns: effort(60, 120, 100_000) },
  );
  expect(Math.min(seen.refused, seen.taken)).toBeGreaterThan(5);
});

test('recordings, the exact baseline and drawn documents are as their schemas say', async () => {
  const traces = join(packageRoot(), 'traces');
  const chosen = readdirSync(traces).filter((name) => name.endsWith('upstream-2026.json'));
  expect(chosen.length).toBeGreaterThan(10);
  for (const name of effort(chosen.slice(0, 20), chosen, readdirSync(traces))) {
    const trace: unknown = JSON.parse(readFileSync(join(traces, name), 'utf8'));
    expect([name, schemaFindings('stopcopy-trace', trace)]).toEqual([name, []]);
  }
  expect(schemaFindings('stopcopy-exact', JSON.parse(readFileSync(baselinePath(), 'utf8')))).toEqual([]);
  for (const [name, document] of Object.entries(await reportDocuments())) {
    const { format } = document as { readonly format: string };
    expect([name, schemaFindings(format, JSON.parse(JSON.stringify(document)))]).toEqual([name, []]);
  }
});

test('every format that is read has files here, or none that ship', () => {
  const without = keysOf(INPUT_FORMATS).filter((format) => !Object.hasOwn(SHIPPED, format));
  expect(without).toEqual(['stopcopy-can', 'stopcopy-platform', 'stopcopy-costs']);
});
