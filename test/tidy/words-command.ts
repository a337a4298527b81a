/**
 * `npm run words`: where words stand that pages, comments and sentences do without, and what to say.
 */
import { treeProse } from './tree.ts';
import { wordFindings } from './words.ts';

const found = wordFindings(treeProse());
for (const finding of found) console.error(finding);
process.exitCode = found.length === 0 ? 0 : 1;
