import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { packageRoot } from '../bench/io/package-root.ts';
import { FILE_LINES_MAX, findings, type Sources } from './tidy-rules.ts';

const FOLDERS = ['sim', 'workers', 'bench', 'test'] as const;

function treeSources(): Sources {
  const sources = new Map<string, string>();
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(packageRoot(), folder), { recursive: true, encoding: 'utf8' })) {
      if (!/\.(?:ts|mjs)$/.test(name)) continue;
      const path = `${folder}/${name.replaceAll('\\', '/')}`;
      sources.set(path, readFileSync(join(packageRoot(), path), 'utf8'));
    }
  }
  return sources;
}

test('the tree is tidy', () => {
  expect(findings(treeSources())).toEqual([]);
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
  ])('but %s may import %s', (from, target) => {
    const up = '../'.repeat(from.split('/').length - 1);
    expect(planted({ [from]: `import { x } from '${up}${target}';\n`, [target]: ok })).toEqual([]);
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
