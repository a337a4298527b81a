// Prints what a fit of two rows of a lab is worth to a third, as the table of docs/published-tables.md.
//   node scripts/triples.mjs [--sample N]    N pairs of each lab; default: all of them
import { parseArgs } from 'node:util';

const from = (path) => new URL(`../dist/${path}`, import.meta.url);
const { triplesOf, tripleSummary } = await import(from('bench/studies/fit/triples.js'));
const { readTables } = await import(from('bench/studies/validation/published-table.js'));

const { sample = 'all' } = parseArgs({ options: { sample: { type: 'string' } } }).values;
const pairsMax = sample === 'all' ? Infinity : Number(sample);
if (!(pairsMax >= 1)) throw new RangeError(`--sample is ${sample}, allowed is a number from 1 on, such as 40`);

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const cells = (summary) =>
  summary === undefined
    ? ['', '', '', '']
    : [summary.median.before, summary.median.after, summary.mean.before, summary.mean.after].map(percent);

const labs = triplesOf(readTables([]), pairsMax);
const rows = [...labs.map((each) => [each.lab, [each]]), ['all', labs]].map(([name, some]) => [
  name,
  String(some.reduce((sum, { pairs }) => sum + pairs, 0)),
  ...cells(tripleSummary(some, 'downtimeMs')),
  ...cells(tripleSummary(some, 'totalMs')),
]);
const head = ['lab', 'pairs', ...['downtime', 'total'].flatMap((name) => [`${name}: median`, 'with', 'mean', 'with'])];
for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`);
