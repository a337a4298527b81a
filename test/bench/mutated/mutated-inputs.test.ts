/**
 * Each parser is given inputs that went wrong as files do: it takes them or refuses them in a sentence, within a second of CPU
 * and 200 MB. With STOPCOPY_LONG=1 it is 200,000 of them for each; STOPCOPY_SEED=n tries one slice again, and what fails is
 * shrunk.
 */
import { isUtf8 } from 'node:buffer';
import { Script } from 'node:vm';

import * as fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';

import { type Parser, PARSER_NAMES, PARSERS, type ParserName } from '../../../bench/parsers.ts';
import { isKeyOf, keysOf } from '../../../sim/base/keys.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { MIB } from '../../../sim/base/units.ts';
import { effort } from '../../effort.ts';
import { reportDocuments } from '../documents/documents.ts';
import { GOOD } from '../good-inputs.ts';
import { BOUNDS, judged } from './judge.ts';
import { changedTree, MUTATION_KINDS, mutated, type Mutation, mutatedBytes, type TreeChange } from './mutations.ts';
import { TEXTS } from './texts.ts';

const SLICE = 1000;
const RUNS = effort(20, 30, 200_000);
const FIRST_SEED = 20_261_130;
const ONLY = process.env['STOPCOPY_SEED'];
/** Against hanging: no slice takes as long, however crowded the machine is. */
const SLICE_HANGS_MS = 20 * 60_000;
/** All slices of a parser, of which the largest take a quarter of an hour of a machine that has other work. */
const PARSER_HANGS_MS = effort(20, 20, 600) * 60_000;

/** A text or a message, and how it becomes one that went wrong. */
interface Case {
  readonly source: number;
  readonly tree: readonly TreeChange[];
  readonly mutations: readonly Mutation[];
}

const place = fc.nat();
const mutationKind = fc.oneof(
  { weight: 1, arbitrary: fc.constant('flipped' as const) },
  { weight: 14, arbitrary: fc.constantFrom(...MUTATION_KINDS.filter((each) => each !== 'flipped')) },
);
const cases: fc.Arbitrary<Case> = fc.record({
  source: place,
  tree: fc.array(
    fc.record({
      at: place,
      how: fc.constantFrom(...(['odd', 'odd', 'gone', 'many', 'copied', 'unknown', 'deep', 'renamed'] as const)),
      by: place,
    }),
    { maxLength: 3 },
  ),
  mutations: fc.array(fc.record({ kind: mutationKind, at: place, by: place }), { maxLength: 3 }),
});

/** An input that is taken, and how a change of what it holds is written. */
interface Source {
  readonly bytes: Uint8Array;
  /** Undefined: it holds no document. */
  readonly tree?: unknown;
  readonly written?: (tree: unknown) => Uint8Array;
}

const packr = new Packr({ useRecords: false });
/** Line formats of other programs: a damaged line is named, and the others are read. */
const TOLERANT: ReadonlySet<ParserName> = new Set(['lspci', 'lspci-tree', 'lspci-records', 'sysfs', 'masked']);
const FOREIGN: ReadonlySet<ParserName> = new Set(['move', 'fleet', 'driver', 'results', 'masked']);
const PACKED: ReadonlySet<ParserName> = new Set(['hello', 'request', 'reply']);
const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');

function sourceOfText(text: string): Source {
  const bytes = utf8(text);
  if (text.startsWith('{"v":')) {
    const tree = text.trim().split('\n').map((line): unknown => JSON.parse(line)); // prettier-ignore
    const lines = (changed: unknown): string[] => (Array.isArray(changed) ? changed : [changed]).map((each) => JSON.stringify(each)); // prettier-ignore
    return { bytes, tree, written: (changed) => utf8(lines(changed).join('\n')) };
  }
  const tree: unknown = text.startsWith('time') ? undefined : parseYaml(text);
  return { bytes, tree, written: (changed) => utf8(JSON.stringify(changed, null, 1) ?? '') };
}

/** A text of another program: a tree where all of it is JSON, or each of its lines. */
function sourceOfForeign(text: string): Source {
  const bytes = utf8(text);
  try {
    return { bytes, tree: JSON.parse(text), written: (changed) => utf8(JSON.stringify(changed, null, 1) ?? '') };
  } catch {
    if (
      !text
        .trim()
        .split('\n')
        .every((line) => line.startsWith('{"'))
    )
      return { bytes };
    const tree = text.trim().split('\n').map((line): unknown => JSON.parse(line)); // prettier-ignore
    const lines = (changed: unknown): unknown[] => (Array.isArray(changed) ? changed : [changed]);
    return {
      bytes,
      tree,
      written: (changed) =>
        utf8(
          lines(changed)
            .map((each) => JSON.stringify(each))
            .join('\n'),
        ),
    };
  }
}

async function sourcesOf(name: ParserName): Promise<readonly Source[]> {
  if (name === 'document') {
    const texts = Object.values(await reportDocuments()).map((document) => JSON.stringify(document));
    return texts.filter((text) => text.length < 40_000).map(sourceOfText);
  }
  if (FOREIGN.has(name) && isKeyOf(TEXTS, name)) return TEXTS[name]().map(sourceOfForeign);
  if (isKeyOf(TEXTS, name)) return TEXTS[name]().map(sourceOfText);
  const bytes = GOOD[name]();
  if (!PACKED.has(name)) return [{ bytes }];
  return [{ bytes, tree: packr.unpack(bytes) as unknown, written: (changed) => packr.pack(changed) }];
}

/** The input of a case. */
function inputOf(sources: readonly Source[], { source, tree, mutations }: Case): Uint8Array {
  const { bytes, tree: document, written } = sources[source % sources.length]!;
  const isText = isUtf8(bytes);
  const changed =
    tree.length === 0 || document === undefined || written === undefined ? bytes : written(changedTree(document, tree));
  if (mutations.length === 0) return changed;
  return isText ? utf8(mutated(Buffer.from(changed).toString('utf8'), mutations)) : mutatedBytes(changed, mutations);
}

interface Count {
  taken: number;
  refused: number;
  cpuMs: number;
  slowestMs: number;
}

/** Tries a slice of cases; what fails is shrunk, and replayed by the seed that the message has. */
function trySlice(parser: Parser, sources: readonly Source[], seed: number, numRuns: number, count: Count): void {
  fc.assert(
    fc.property(cases, (drawn) => {
      last = drawn;
      const { taken, cpuMs } = judged(parser, inputOf(sources, drawn));
      count[taken ? 'taken' : 'refused'] += 1;
      count.cpuMs += cpuMs;
      count.slowestMs = Math.max(count.slowestMs, cpuMs);
    }),
    { seed, numRuns },
  );
}

function report(name: ParserName, { taken, refused, cpuMs, slowestMs }: Count): void {
  if (RUNS < SLICE) return;
  const each = `${(cpuMs / (taken + refused)).toFixed(2)} ms of CPU each, at most ${Math.round(slowestMs)} ms`;
  process.stdout.write(`${name}: ${taken} taken, ${refused} refused, ${each}\n`);
}

let last: Case | undefined;

/** Runs what may never come back. @throws Error with the case that it was in */
function watched(work: () => void): void {
  globals.stopcopyWork = work;
  try {
    new Script('stopcopyWork()').runInThisContext({ timeout: SLICE_HANGS_MS });
  } catch (error) {
    const hangs = error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    throw hangs ? new Error(`hangs with ${JSON.stringify(last)}`, { cause: error }) : error;
  }
}

const globals = globalThis as { stopcopyWork?: () => void };

test.each(PARSER_NAMES)(
  '%s takes or refuses what went wrong',
  async (name) => {
    const sources = await sourcesOf(name);
    for (const { bytes } of sources) judged(PARSERS[name], bytes);
    const count: Count = { taken: 0, refused: 0, cpuMs: 0, slowestMs: 0 };
    const slices = ONLY === undefined ? Math.ceil(RUNS / SLICE) : 1;
    for (let slice = 0; slice < slices; slice++) {
      const seed = ONLY === undefined ? FIRST_SEED + slice : Number(ONLY);
      watched(() => trySlice(PARSERS[name], sources, seed, ONLY === undefined ? Math.min(RUNS, SLICE) : SLICE, count));
      if (slice % 10 === 9 || slices === 1) report(name, count);
    }
    expect(count.refused).toBeGreaterThanOrEqual(TOLERANT.has(name) ? 0 : 1);
  },
  PARSER_HANGS_MS,
);

describe('what a parser may not do is noticed:', () => {
  const spun = (ms: number) => (): void => {
    const started = process.cpuUsage();
    for (let used = 0; used < ms * 1000;) {
      const { user, system } = process.cpuUsage(started);
      used = user + system;
    }
  };
  const refusing = (kind: 'usage' | 'input', message: string, hint?: string) => (): never => {
    throw new UserError(kind, message, hint);
  };
  /** As no refusal is made. */
  const unescaped = (): never => {
    throw Object.assign(new UserError('input', 'x: y'), { message: 'the job is \u001B[31m' });
  };
  test.each([
    ['a bug', () => (undefined as unknown as { x: number }).x, /undefined/],
    ['a stack without end', () => [].concat(JSON.parse('['.repeat(9)) as never), /JSON/],
    ['a refusal of another kind', refusing('usage', 'no'), /no/],
    ['an empty refusal', refusing('input', ' '), /nothing/],
    ['a library in a refusal', refusing('input', 'x: Unexpected token } in JSON at position 3'), /words of others/],
    ['an input that is quoted whole', refusing('input', `'${'x'.repeat(5000)}' is not allowed`), /characters/],
    ['an escape sequence', unescaped, /control/],
    ['a loop', spun(60), /ms of CPU/],
    ['memory', () => Buffer.alloc(200 * MIB, 1).length, /bytes of memory/],
  ])('%s', (_, parse, message) => {
    const bounds = { cpuMs: message.source.includes('CPU') ? 50 : 1000, memoryBytes: 20 * MIB };
    expect(() => judged({ about: '', parse }, new Uint8Array(1), bounds)).toThrow(message);
  });

  test('and what it may is not', () => {
    expect(judged({ about: '', parse: () => 1 }, new Uint8Array(1), BOUNDS).taken).toBe(true);
    expect(judged({ about: '', parse: refusing('input', 'x: y', 'z') }, new Uint8Array(1), BOUNDS).taken).toBe(false);
  });
});

test('every parser of text has texts, and each mutation changes one of them', () => {
  const text = TEXTS.scenario()[0]!;
  expect(keysOf(TEXTS).filter((name) => TEXTS[name]().length === 0)).toEqual([]);
  const idle = MUTATION_KINDS.filter((each) =>
    [1, 2, 3, 4, 5].every((by) => mutated(`${text}x: 'a'\n`, [{ kind: each, at: by * 7, by }]) === `${text}x: 'a'\n`),
  );
  expect(idle).toEqual([]);
});
