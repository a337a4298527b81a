/**
 * The files of this repository that the rules look at, by their paths from its root.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { packageRoot } from '../../bench/io/package-root.ts';
import { type Prose, proseOfCode, proseOfPage, proseOfYaml } from './prose.ts';
import { parse } from './syntax.ts';

const CODE = ['sim', 'workers', 'bench', 'test'] as const;

function treeFiles(folders: readonly string[], ending: RegExp): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const folder of folders) {
    for (const name of readdirSync(join(packageRoot(), folder), { recursive: true, encoding: 'utf8' })) {
      if (!ending.test(name)) continue;
      const path = `${folder}/${name.replaceAll('\\', '/')}`;
      files.set(path, readFileSync(join(packageRoot(), path), 'utf8'));
    }
  }
  return files;
}

export function treeSources(): ReadonlyMap<string, string> {
  return treeFiles(CODE, /\.(?:ts|mjs)$/);
}

/** The list of words has them all. */
const ABOUT_WORDS = /^test\/tidy/;

export function treeProse(): readonly Prose[] {
  const readme = readFileSync(join(packageRoot(), 'README.md'), 'utf8');
  const pages = [['README.md', readme] as const, ...treeFiles(['docs'], /\.md$/)];
  const data = treeFiles(['sim', 'bench'], /\.ya?ml$/);
  const code = [...treeFiles(CODE, /(?<!\.d)\.ts$/)].filter(([path]) => !ABOUT_WORDS.test(path));
  return [
    ...pages.flatMap(([path, text]) => proseOfPage(path, text)),
    ...[...data].flatMap(([path, text]) => proseOfYaml(path, text)),
    ...code.flatMap(([path, text]) => proseOfCode(path, text, parse(path, text))),
  ];
}
