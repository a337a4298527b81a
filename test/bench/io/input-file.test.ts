/**
 * Input files: whatever is wrong with one is said in a sentence that names the file, the place and what is allowed.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { INPUT_BYTES_MAX, parseInput, readInputFile, readInputText } from '../../../bench/io/input-file.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { stating } from '../../stating.ts';

const schema = z.strictObject({
  name: z.string().min(1),
  ports: z.array(z.strictObject({ acs: z.enum(['on', 'off']), lanes: z.int().min(1).max(16) })).default([]),
});

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-input-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The error that an action throws; it has to be one for the user. */
function refusal(action: () => unknown): UserError {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a document that fits', () => {
  test.each([
    ['a.yaml', 'name: x\nports:\n  - acs: off\n    lanes: 4\n'],
    ['a.json', '{"name": "x", "ports": [{"acs": "off", "lanes": 4}]}'],
    ['comments.yaml', '# a comment\n--- # one document\nname: x\nports: [{acs: off, lanes: 4}]\n'],
    ['mark.yaml', '\uFEFFname: x\nports: [{acs: off, lanes: 4}]\n'],
  ])('%s is read', (name, text) => {
    expect(readInputFile(file(name, text), schema)).toEqual({ name: 'x', ports: [{ acs: 'off', lanes: 4 }] });
  });

  test('is given with what the schema adds', () => {
    expect(readInputFile(file('default.yaml', 'name: x'), schema).ports).toEqual([]);
  });

  test('may use an alias', () => {
    const text = 'name: x\nports:\n  - &one { acs: on, lanes: 1 }\n  - *one\n';
    expect(readInputFile(file('alias.yaml', text), schema).ports).toHaveLength(2);
  });
});

describe('a file that cannot be read', () => {
  test('because it is not there', () => {
    const path = join(folder, 'absent.yaml');
    const { kind, message, hint } = refusal(() => readInputFile(path, schema));
    expect(kind).toBe('input');
    expect(message).toMatch(stating(path, 'no such file'));
    expect(hint).toBe('Check the path.');
  });

  test('because it is a folder', () => {
    const path = join(folder, 'folder.yaml');
    mkdirSync(path);
    expect(refusal(() => readInputText(path)).message).toMatch(stating(path, 'folder'));
  });

  // root may read everything.
  test.runIf(process.getuid !== undefined && process.getuid() !== 0)('because it is another user’s', () => {
    const path = file('secret.yaml', 'name: x');
    chmodSync(path, 0);
    expect(refusal(() => readInputText(path)).message).toMatch(stating(path, 'permission denied'));
  });

  test('because a part of its path is a file', () => {
    const path = join(file('plain', ''), 'below.yaml');
    const { message } = refusal(() => readInputText(path));
    expect(message.startsWith(`${path}: cannot be read: `)).toBe(true);
  });

  test('because it is too large: it is refused unread', () => {
    const path = file('large.yaml', '');
    // A hole in the disk, and more than a process could read.
    const bytes = 2 ** 40;
    truncateSync(path, bytes);
    const { message, hint } = refusal(() => readInputFile(path, schema));
    expect(message).toMatch(stating(path, `${bytes} bytes`, INPUT_BYTES_MAX));
    expect(hint).toBe('Split it.');
  });
});

test.each([
  ['noise', Buffer.from([0x66, 0xf7, 0x00, 0xc3, 0x28])],
  ['UTF-16', Buffer.from('\uFEFFname: x\n', 'utf16le')],
])('%s is no text, and none of it is printed', (_, bytes) => {
  const path = join(folder, 'noise.yaml');
  writeFileSync(path, bytes);
  const { message, hint } = refusal(() => readInputText(path));
  expect(message).toMatch(stating(path, 'UTF-8'));
  expect(hint).toContain('saved as UTF-8');
});

describe('a file that is no YAML', () => {
  test.each([
    ['nothing', ''],
    ['blanks', ' \n\t\n'],
  ])('but %s', (_, text) => {
    const { message, hint } = refusal(() => parseInput(text, 'x.yaml'));
    expect(message).toBe('x.yaml: is empty');
    expect(hint).toMatch(stating('name files', 'stopcopy'));
  });

  test.each([
    ['a bracket that does not close', 'name: x\nports: [\n', /^x\.yaml: line 3, column 1: /],
    ['a tab as indent', 'name: x\nports:\n\t- acs: on\n', /^x\.yaml: line 3, column 1: .*[Tt]ab/],
    ['a key twice', 'name: x\nname: y\n', /^x\.yaml: line 2, column 1: .*twice/],
    [
      'a key twice, deep inside',
      'ports:\n  - acs: on\n    lanes: 1\n    acs: off\n',
      /^x\.yaml: line 4, column 5: .*twice$/,
    ],
    ['two documents', 'name: x\n---\nname: y\n', /^x\.yaml: line 2, column 1: a second document begins/],
    ['an alias of nothing', 'name: *nobody\n', /^x\.yaml: .*nobody/],
    ['JSON that was cut short', '{"name": "x", "ports": [{"acs": "o', /^x\.yaml: line 1, column \d+: /],
  ])('because of %s', (_, text, says) => {
    const { kind, message, hint } = refusal(() => parseInput(text, 'x.yaml'));
    expect(kind).toBe('input');
    expect(message).toMatch(says);
    expect(message).not.toContain('\n');
    expect(hint).toMatch(stating('YAML', 'JSON'));
  });

  test('because its aliases would multiply it: it is refused before it fills the memory', () => {
    const levels = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++) {
      const name = String.fromCodePoint(97 + level);
      const below = String.fromCodePoint(96 + level);
      levels.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${below}`).join(', ')}]`);
    }
    const text = levels.join('\n');
    // Aliases of what is empty have no values to count, and are as many places to walk to.
    for (const bomb of [text, text.replace(/x[x, ]+/, '')]) {
      const { kind, message } = refusal(() => parseInput(bomb, 'bomb.yaml'));
      expect(kind).toBe('input');
      expect(message).toMatch(/^bomb\.yaml: .*alias/i);
    }
  });

  test.each([
    ['aliases', `a: &a x\nb: [${'*a, '.repeat(1000)}]\n`],
    ['anchors', `a: [${'&a x, '.repeat(1000)}]\nb: *a\n`],
  ])('because of more %s than a parser that compares them takes in time', (_, text) => {
    expect(refusal(() => parseInput(text, 'x.yaml')).message).toMatch(/^x\.yaml: line 2, .*more than 1000 anchors/);
    expect(() => parseInput(text.replace(/.., /, ''), 'x.yaml')).not.toThrow();
  });

  test('because of few aliases in a long text, about as fast as the text alone is read', () => {
    const empty = Array.from({ length: 6 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`);
    const list = `list:\n${'- { a: 1, b: 2, c: 3, d: 4 }\n'.repeat(2000)}`;
    const cpuOf = (work: () => void): number => {
      const started = process.cpuUsage();
      work();
      return process.cpuUsage(started).user;
    };
    parseInput(list, 'x.yaml');
    const alone = cpuOf(() => parseInput(list, 'x.yaml'));
    const text = `a0: &a0 []\n${empty.join('\n')}\n${list}`;
    const refused = cpuOf(() => void refusal(() => parseInput(text, 'x.yaml')));
    // A search of the document for each alias takes twenty times as long.
    expect(refused / alone).toBeLessThan(8);
  });

  test('because it is binary', () => {
    const path = file(
      'binary.yaml',
      Uint8Array.from({ length: 64 }, (_, i) => (i * 37) % 256),
    );
    expect(refusal(() => readInputFile(path, schema)).message.startsWith(`${path}: `)).toBe(true);
  });
});

describe('a document that does not fit', () => {
  test.each([
    ['a wrong word', 'name: x\nports: [{acs: maybe, lanes: 1}]', 'ports[0].acs … "maybe" … "on" … "off"'],
    ['a wrong type', 'name: 7', 'name … 7 … string'],
    ['too much', 'name: x\nports: [{acs: on, lanes: 1}, {acs: on, lanes: 17}]', 'ports[1].lanes … 17 … 16'],
    ['a field missing', 'ports: []', 'name … missing … string'],
    ['a list', '- name: x', 'array of 1 … object'],
    ['a word', 'name', '"name" … object'],
    ['a null', 'null', 'null … object'],
  ])('because of %s', (_, text, says) => {
    const path = file('wrong.yaml', text);
    const { kind, message, hint } = refusal(() => readInputFile(path, schema));
    expect([kind, hint]).toEqual(['input', undefined]);
    expect(message).toMatch(stating(path, says));
  });

  test('says what else is wrong, and the hint of the command', () => {
    const path = file('two.yaml', 'name: 7\nports: [{acs: maybe, lanes: 0}]\n');
    const { hint } = refusal(() => readInputFile(path, schema));
    const [first, second, ...more] = hint!.split('\n');
    expect(first).toMatch(stating('ports[0].acs … "maybe" … "on" … "off"'));
    expect(second).toMatch(stating('ports[0].lanes … 0 … 1'));
    expect(more).toEqual([]);
    expect(refusal(() => readInputFile(path, schema, 'See the format.')).hint).toBe(`${hint}\nSee the format.`);
  });

  test('counts wrong fields beyond a dozen', () => {
    const ports = Array.from({ length: 20 }, () => '{acs: maybe, lanes: 1}');
    const { hint } = refusal(() => readInputFile(file('many.yaml', `name: x\nports: [${ports.join(', ')}]`), schema));
    expect(hint?.split('\n')).toHaveLength(12);
    expect(hint).toMatch(stating('8 more fields'));
  });

  test('names the field that a misspelt one was to be, once', () => {
    const path = file('misspelt.yaml', 'nmae: x\nports: [{asc: on, lanes: 1}]');
    const { message, hint } = refusal(() => readInputFile(path, schema));
    expect(message).toMatch(stating(path, 'ports[0]', "'asc'", "'acs'"));
    expect(hint).toMatch(stating('Also', "'nmae'", "'name'"));
  });

  test('names the fields that there are for one that resembles none', () => {
    const { message, hint } = refusal(() => readInputFile(file('foreign.yaml', 'name: x\nvcpus: 1'), schema));
    expect(message).toMatch(/does not know: 'vcpus'$/);
    expect(hint).toMatch(stating('also', 'ports'));
  });

  test('with a key that would reach into the prototype does no harm', () => {
    const path = file('prototype.json', '{"name": "x", "__proto__": {"polluted": true}}');
    expect(refusal(() => readInputFile(path, schema)).message).toContain("'__proto__'");
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('a text that would keep the parser busy', () => {
  const said = (text: string): string => {
    try {
      parseInput(text, 'f');
      return '';
    } catch (error) {
      return error instanceof UserError ? error.message : String(error);
    }
  };

  test.each([
    ['brackets', '['.repeat(200_000)],
    ['indents', Array.from({ length: 450 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
    ['nested lists in a line', `${'- '.repeat(300)}a`],
    ['signs of lists after a field', `{"a": ${'- '.repeat(300)}a}`],
  ])('with deep %s is refused', (_, text) => {
    expect(said(text)).toMatch(stating(/^f: /, 'nested', 200));
  });

  test('of more than what users write is refused', () => {
    expect(said('a: 1\n'.repeat(60_000))).toMatch(stating(/^f: /, '300000 bytes', 262144));
  });

  test('is taken with thousands of fields, of which none is there twice', () => {
    const fields = (count: number): string => Array.from({ length: count }, (_, i) => `key${i}: 1\n`).join('');
    expect(Object.keys(parseInput(fields(10_000), 'f') as object)).toHaveLength(10_000);
    expect(said(`${fields(10_000)}key77: 2\n`)).toMatch(stating(/^f: /, 'line 10001', 'column 1', 'twice'));
  });
});
