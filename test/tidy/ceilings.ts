/**
 * The ceilings of the words that are to go, as a file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { packageRoot } from '../../bench/io/package-root.ts';
import type { WordCounts } from './words.ts';

const FILE = join(packageRoot(), 'test', 'tidy', 'word-ceilings.json');

export function readCeilings(): WordCounts {
  return JSON.parse(readFileSync(FILE, 'utf8')) as WordCounts;
}

export function writeCeilings(ceilings: WordCounts): void {
  writeFileSync(FILE, `${JSON.stringify(ceilings, undefined, 2)}\n`);
}
