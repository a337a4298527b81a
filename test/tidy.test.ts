import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { FILE_LINES_MAX, findings } from './tidy-rules.ts';
import { FUNCTION_LINES_MAX } from './tidy/functions.ts';
import { proseOfCode, proseOfPage, proseOfYaml } from './tidy/prose.ts';
import { assertedSentences, sentenceCounts, sentenceFindings, type SentenceCounts } from './tidy/sentences.ts';
import { parse } from './tidy/syntax.ts';
import { treeProse, treeSources } from './tidy/tree.ts';
import { wordFindings, WORDS, wordsIn } from './tidy/words.ts';

test('the tree is tidy', () => {
  expect(findings(treeSources())).toEqual([]);
});

test('no replaced word is back', () => {
  expect(wordFindings(treeProse())).toEqual([]);
});

test('tests ask for facts, and for fewer and fewer whole sentences', () => {
  const file = new URL('./tidy/sentence-ceilings.json', import.meta.url);
  const ceilings = JSON.parse(readFileSync(file, 'utf8')) as SentenceCounts;
  expect(sentenceFindings(sentenceCounts(treeSources()), ceilings)).toEqual([]);
});

/** Findings on planted files; a test file imports all of them, so that none counts as forgotten. */
function planted(files: Readonly<Record<string, string>>): readonly string[] {
  const all = Object.keys(files).map((path) => `import '../${path}';`);
  return findings(new Map([...Object.entries(files), ['test/all.test.ts', all.join('\n')]]));
}

describe('planted violations are found', () => {
  const ok = 'export const x = 1;\n';

  test.each([
    ['sim/base/a.ts', 'sim/abi/b.ts', 'base stands alone'],
    ['sim/abi/a.ts', 'sim/device/b.ts', 'abi holds tables'],
    ['sim/device/a.ts', 'sim/driver/b.ts', 'sim/abi tables'],
    ['sim/driver/a.ts', 'sim/device/b.ts', 'only through sim/driver/port.ts'],
    ['sim/vfio/a.ts', 'sim/device/b.ts', 'ask the driver'],
    ['sim/trace/a.ts', 'sim/device/b.ts', 'use its answers'],
    ['sim/workload/a.ts', 'sim/device/queues.ts', 'memory and doorbells'],
    ['sim/world/a.ts', 'sim/move/b.ts', 'sim/move'],
    ['sim/move/a.ts', 'sim/memory/b.ts', 'by callbacks'],
    ['sim/designs/a.ts', 'sim/fleet/b.ts', 'sim/move or sim/world'],
    ['sim/fleet/a.ts', 'workers/b.ts', 'sim/base'],
    ['workers/a.ts', 'bench/b.ts', 'hand it over as data'],
    ['bench/io/a.ts', 'bench/show/b.ts', 'as a parameter'],
    ['bench/io/a.ts', 'bench/cli/b.ts', 'as a parameter'],
    ['bench/show/a.ts', 'bench/documents/b.ts', 'belongs to bench/documents'],
    ['bench/documents/a.ts', 'bench/studies/b.ts', 'put its types here'],
    ['bench/documents/a.ts', 'bench/measure/b.ts', 'put its types here'],
    ['bench/studies/a.ts', 'bench/cli/b.ts', 'an interface of bench/io'],
    ['bench/studies/a.ts', 'bench/measure/b.ts', 'an interface of bench/io'],
    ['bench/measure/a.ts', 'bench/compare/b.ts', 'no comparison'],
    ['bench/measure/a.ts', 'bench/cli/b.ts', 'no comparison'],
    ['bench/compare/a.ts', 'bench/history/b.ts', 'no history'],
    ['bench/history/a.ts', 'bench/compare/b.ts', 'by bench/documents'],
    ['bench/history/a.ts', 'bench/ui/b.ts', 'by bench/documents'],
    ['bench/ui/a.ts', 'bench/measure/b.ts', 'computes and draws'],
    ['bench/cli/a.ts', 'bench/main.ts', 'belongs below'],
    ['bench/library/a.ts', 'bench/cli/b.ts', 'without the commands'],
    ['bench/main.ts', 'bench/io/b.ts', 'its command line'],
    ['bench/measure/a.ts', 'test/b.ts', 'no comparison'],
    ['bench/a.ts', 'test/b.ts', 'only tests may import tests'],
  ])('%s may not import %s', (from, target, hint) => {
    const up = '../'.repeat(from.split('/').length - 1);
    for (const text of [
      `import { x } from '${up}${target}';\n`,
      `import type { x } from '${up}${target}';\n`,
      `export { x } from '${up}${target}';\n`,
      `const m = await import('${up}${target}');\n`,
    ]) {
      const found = planted({ [from]: text, [target]: ok });
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(`${from}:1: `);
      expect(found[0]).toContain(`may not import ${target}`);
      expect(found[0]).toContain(hint);
    }
  });

  test.each([
    ['sim/driver/a.ts', 'sim/abi/b.ts'],
    ['sim/workload/a.ts', 'sim/device/guest-memory.ts'],
    ['sim/world/a.ts', 'sim/device/b.ts'],
    ['workers/a.ts', 'sim/device/b.ts'],
    ['bench/a.ts', 'workers/b.ts'],
    ['bench/documents/a.ts', 'bench/show/b.ts'],
    ['bench/cli/a.ts', 'bench/ui/b.ts'],
  ])('but %s may import %s', (from, target) => {
    const up = '../'.repeat(from.split('/').length - 1);
    expect(planted({ [from]: `import { x } from '${up}${target}';\n`, [target]: ok })).toEqual([]);
  });

  test('a circle of two files, though only types go back', () => {
    const found = planted({
      'bench/show/a.ts': "import { b } from './b.ts';\nexport type A = typeof b;\n",
      'bench/show/b.ts': "import type { A } from './a.ts';\nexport const b: A | 1 = 1;\n",
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('bench/show/a.ts -> bench/show/b.ts -> bench/show/a.ts');
  });

  test('a circle of three files is reported once, by its shortest path', () => {
    const found = planted({
      'workers/a.ts': "import './b.ts';\n",
      'workers/b.ts': "export * from './c.ts';\n",
      'workers/c.ts': "export const load = () => import('./a.ts');\n",
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('workers/a.ts -> workers/b.ts -> workers/c.ts -> workers/a.ts');
  });

  test('a circle of folders of workers, though no file is in one', () => {
    const found = planted({
      'workers/end/a.ts': "import '../lane/b.ts';\n",
      'workers/lane/b.ts': ok,
      'workers/lane/c.ts': "import type { D } from '../end/d.ts';\nexport type C = D;\n",
      'workers/end/d.ts': 'export type D = 1;\n',
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('workers/end -> workers/lane -> workers/end');
  });

  test('a circle of folders, though no file is in one', () => {
    const found = planted({
      'bench/documents/run/a.ts': "import '../plan/b.ts';\n",
      'bench/documents/plan/b.ts': ok,
      'bench/documents/plan/c.ts': "import '../run/d.ts';\n",
      'bench/documents/run/d.ts': ok,
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('bench/documents/plan -> bench/documents/run -> bench/documents/plan');
    expect(found[0]).toContain('bench/documents/plan/c.ts -> bench/documents/run/d.ts');
  });

  test('a file next to a folder may import from it and be imported by it, while that makes no circle', () => {
    const files = {
      'bench/measure/a.ts': "import './suites/b.ts';\n",
      'bench/measure/suites/b.ts': "import '../c.ts';\n",
      'bench/measure/c.ts': ok,
    };
    expect(planted(files)).toEqual([]);
    expect(
      planted({ ...files, 'bench/measure/c.ts': "import './suites/d.ts';\n", 'bench/measure/suites/d.ts': ok }),
    ).toHaveLength(1);
  });

  test.each([
    ['command', 'bench/cli/program.ts', '\nconst COMMANDS = {\n', 'new: {},\n', 'test/bench/cli/stopped.ts'],
    [
      'command',
      'bench/cli/program.ts',
      '\nconst COMMANDS = {\n',
      'new: {},\n',
      'test/bench/cli/json-documents.test.ts',
    ],
    ['parser', 'bench/parsers.ts', '\nexport const PARSERS = {\n', "'new': {},\n", 'test/bench/good-inputs.ts'],
  ])('a new %s that is not tried: %s', (_, path, table, row, tries) => {
    const sources = treeSources();
    const text = sources.get(path)!;
    expect(text).toContain(table);
    const found = findings(new Map([...sources, [path, text.replace(table, `${table}  ${row}`)]]));
    expect(found.filter((line) => line.startsWith(`${tries}: `))).toEqual([
      expect.stringMatching(/ has no row 'new' of \w+ in .*: add one$/) as string,
    ]);
  });

  test('a table of what is tried that is renamed', () => {
    const path = 'test/bench/cli/stopped.ts';
    const sources = treeSources();
    const text = sources.get(path)!.replaceAll('STOPPED', 'OTHERS');
    expect(findings(new Map([...sources, [path, text]]))).toEqual([
      `${path}: has no table STOPPED: correct it in test/tidy/rows.ts`,
    ]);
  });

  test('a long function, whatever kind of function it is', () => {
    const lines = '  f();\n'.repeat(FUNCTION_LINES_MAX - 2);
    for (const [head, name] of [
      ['export function long(): void {', 'long'],
      ['export const long = async () => {', 'long'],
      ['export default class A {\nb() {', 'A.b'],
    ] as const) {
      const end = name === 'A.b' ? '}\n}\n' : '}\n';
      expect(planted({ 'workers/a.ts': `${head}\n${lines}${end}` })).toEqual([]);
      const found = planted({ 'workers/a.ts': `${head}\n${lines}  f();\n${end}` });
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(`${name} has 71 lines, allowed are 70`);
    }
    expect(planted({ 'test/a.ts': `export function long(): void {\n${lines}${lines}}\n` })).toEqual([]);
  });

  test.each([
    ['class A {\n  #x = 1;\n}', 'say private'],
    ['class A {\n  static x = 1;\n}', 'belongs to no object'],
    ['class A {\n  private readonly x = new Map<number, B>();\n}', 'use an array'],
    ['class A {\n  private x: WeakSet<B>;\n}', 'use an array'],
    ['class A {\n  private x: B | ReadonlyMap<B, C> | null = null;\n}', 'use an array'],
    ['export let x = 1;\n', 'make it a field'],
    ['const scratch = new Uint32Array(8);\n', 'fills later'],
    ['export const seen: string[] = [];\n', 'fills later'],
    ['const seen = new Set<number>();\n', 'fills later'],
    ['export function a() {\n  let n = 0;\n  return { next: () => ++n };\n}', 'n is a variable of the function around'],
    [
      'class A {\n  constructor() {\n    let n = [0];\n    this.next = (k: number) => n[k]!;\n  }\n}',
      'kept as a field uses n',
    ],
  ])('state that a driver call made again would not find: %s', (text, hint) => {
    for (const folder of ['driver', 'vfio']) {
      const found = planted({ [`sim/${folder}/a.ts`]: `${text}\n` });
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(hint);
    }
    expect(planted({ 'sim/device/a.ts': `${text}\n` })).toEqual([]);
  });

  test('fields, tables, arrays and functions of the object itself are state that is found again', () => {
    const text = `const TABLE = new Map([[1, 2]]);
class A {
  static readonly MAX = 1;
  private n = 0;
  private readonly list: number[] = [];
  private readonly check: (x: number) => number = (x) => this.n + x;
  constructor(port: Port) {
    let sum = 0;
    for (const x of port.rows) sum += x;
    this.n = sum;
    this.list = port.rows.map((row) => row.length);
  }
}
`;
    expect(planted({ 'sim/driver/a.ts': text })).toEqual([]);
  });

  test.each([
    ["import { readFileSync } from 'node:fs';", 'sim is pure'],
    ['const x = Math.random();', 'seeded generator'],
    ['const x = Date.now();', 'virtual time'],
    ['const x = performance.now();', 'virtual time'],
    ['setTimeout(f, 1);', 'event in sim/base/calendar.ts'],
    ['Atomics.wait(a, 0, 0);', 'waiting into workers/'],
    ['console.log(x);', 'prints nothing'],
    ['const x = process.env;', 'parameter'],
    ['const NS_PER_MS = 1e6;', 'sim/base/units.ts'],
    ['const GIB = 1024 ** 3;', 'sim/base/units.ts'],
    ['const x = Object.keys(TABLE) as Name[];', 'keysOf of sim/base/keys.ts'],
    ["const x = 'linux-6.12.117';", 'DEFAULT_GENERATION'],
    ["const x = ['sec', 'hpre', 'zip'];", 'ACCELERATOR_KINDS'],
    ["const x = y.vmm === 'qemu';", 'sim/memory/vmms.ts'],
    ["const x = { vmm: 'cloud-hypervisor' };", 'sim/memory/vmms.ts'],
    ["const x = platform === 'd06' ? 1 : 2;", 'knows no published table'],
    ['const x = y as any;', 'say the type'],
  ])('in sim: %s', (line, hint) => {
    const found = planted({ 'sim/base/a.ts': `// fine\n${line}\n` });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch('sim/base/a.ts:2: ');
    expect(found[0]).toContain(hint);
  });

  test('a wall clock is fine in workers and bench, and a comment is fine anywhere', () => {
    const clock = 'const x = performance.now();\n';
    expect(planted({ 'workers/a.ts': clock, 'bench/b.ts': clock })).toEqual([]);
    expect(planted({ 'sim/base/a.ts': '// unlike Math.random()\n/* nor Date.now() */\n' })).toEqual([]);
  });

  test('a word that says unfinished, a skipped test, a path of one machine', () => {
    expect(planted({ 'bench/a.ts': '// TODO: later\n' })[0]).toContain('finish it now');
    for (const call of ['test.skip', 'describe.only', 'it.todo', 'test.concurrent.only']) {
      expect(planted({ 'test/a.test.ts': `${call}('x', f);\n` })[0]).toContain('run every test');
    }
    expect(planted({ 'bench/a.ts': "const x = '/home/me/x';\n" })[0]).toContain('a path of one machine');
  });

  test('a long file, an import of nothing', () => {
    expect(planted({ 'bench/a.ts': ok.repeat(FILE_LINES_MAX) })).toEqual([]);
    expect(planted({ 'bench/a.ts': ok.repeat(FILE_LINES_MAX + 1) })[0]).toContain('has 501 lines, allowed are 500');
    expect(planted({ 'bench/a.ts': "import './b.ts';\n" })[0]).toContain('imports bench/b.ts, which is not there');
  });

  test('a file that nobody imports; entries and what is loaded by URL are no such files', () => {
    expect(findings(new Map([['bench/a.ts', ok]]))).toEqual([
      'bench/a.ts: nobody imports it: delete it, or list it as an entry in test/tidy-rules.ts',
    ]);
    const loaded =
      "export const url = new URL('./b.js', import.meta.url);\nnew URL(`./c.${ending}`, import.meta.url);\n";
    const files = {
      'bench/main.ts': "import '../workers/a.ts';\n",
      'workers/a.ts': loaded,
      'workers/b.ts': ok,
      'workers/c.ts': ok,
    };
    expect(findings(new Map(Object.entries(files)))).toEqual([]);
  });
});

describe('replaced words', () => {
  const CODE = [
    '// It is reckoned from the line above.',
    "export const HELP = 'what is told of it';",
    'export const page = `<p>as if\nbehind it</p>`;',
    "export const kind = 'told';",
    "import 'behind it.ts';",
  ].join('\n');

  test('are found in comments and in strings of several words, each at its line', () => {
    const found = wordsIn(proseOfCode('bench/a.ts', CODE, parse('bench/a.ts', CODE)));
    expect(found.map(({ not, line }) => [not, line])).toEqual([
      ['reckon', 1],
      ['told, tells', 2],
      ['behind', 4],
    ]);
  });

  test('are found on pages, and in comments and sentences of data', () => {
    expect(wordsIn(proseOfPage('docs/a.md', 'fine\n\nIt goes on.'))).toMatchObject([{ not: 'goes on', line: 3 }]);
    const yaml = '# by turns\nmoment: 3\nwhy: it stands still\n';
    expect(wordsIn(proseOfYaml('sim/a.yaml', yaml)).map(({ not }) => not)).toEqual(['by turns', 'stands still']);
  });

  test.each(WORDS)('$not: the words themselves are found', ({ not, where }) => {
    const path =
      where === undefined ? 'README.md' : where.test('docs/transport.md') ? 'docs/transport.md' : 'docs/pause.md';
    const samples: Readonly<Record<string, string>> = {
      'told, tells': 'it tells',
      'looks (at)': 'looks at it',
      'round (of memory)': 'a round of memory',
      'line (network)': 'the line carries',
      'line (one connection)': 'each line',
      'short end, long end': 'at the long ends',
      'put out, given out': 'is given out',
      'whoever, for people, somebody': 'for whoever asks',
      'who … (= whoever)': 'Who wants it writes it.',
      'the more, the …': 'The more, the worse.',
      'Of the …, for messages': 'Of the file, for messages.',
    };
    expect(wordsIn(proseOfPage(path, samples[not] ?? `it ${not} it`)).map((each) => each.not)).toContain(not);
  });

  test('are named with their place and what to say', () => {
    expect(wordFindings(proseOfPage('README.md', 'It is\nreckoned.'))).toEqual([
      "README.md:2: 'reckoned': say compute",
    ]);
  });
});

describe('whole sentences in a test', () => {
  const found = (code: string): readonly string[] =>
    assertedSentences('test/a.test.ts', `${code}\n`).map(({ text }) => text);
  const SAID = ['one two three', 'four, five six'].join(' ');

  test.each([
    `expect(x).toBe('${SAID}');`,
    `expect(x).toMatch(/${SAID}/);`,
    `expect(x).toEqual([{ a: '${SAID}' }]);`,
    `expect(x).toEqual(expect.stringContaining('${SAID}'));`,
    `expect(f).toThrow(\`\${file}: ${SAID}\`);`,
  ])('are found: %s', (code) => expect(found(code)).toHaveLength(1));

  test.each([
    `expect(x).toMatch(stating('${SAID}'));`,
    `expect(x).toBe('a few words only');`,
    `expect(x).toBe(call('${SAID}'));`,
    `say('${SAID}');`,
    `expect(x).toMatch(/a {2}b/);`,
  ])('are none: %s', (code) => expect(found(code)).toEqual([]));

  test('one more than the ceiling is refused; so is one less, to lower it', () => {
    expect(sentenceFindings({ a: 2 }, { a: 2 })).toEqual([]);
    expect(sentenceFindings({ a: 2 }, { a: 1 })).toEqual([expect.stringMatching(/^a .*2.*1.*stating/)]);
    expect(sentenceFindings({}, { a: 1 })).toEqual([expect.stringMatching(/^a .*0.*1.*lower it/)]);
  });
});
