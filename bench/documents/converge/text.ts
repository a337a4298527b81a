/**
 * Policies against classes for a reader at a terminal: the answer for each class, then its table.
 */
import { durationText } from '../../../sim/base/quantity.ts';
import { NS_PER_MS, NS_PER_S } from '../../../sim/base/units.ts';
import type { ClassSummary, PolicySummary, Quantiles } from '../../../sim/converge/summary.ts';
import type { Output } from '../../io/output.ts';
import { type BareColumn, bareTable } from '../../show/bare-table.ts';
import { formatValue } from '../../show/format.ts';
import { wrap } from '../../show/wrap.ts';
import type { ConvergeDocument } from './document.ts';
import { answerSentence, PREFERENCE_WORDS } from './words.ts';

const WIDTH = 100;
const GIGABYTE = 1e9;

export function printConverge(document: ConvergeDocument, output: Output): void {
  const width = Math.min(output.columns ?? WIDTH, WIDTH);
  const { question, classes, moves } = document;
  output.text(output.style('bold', question.name));
  if (question.description !== '') output.text(wrap(`${question.description}.`, width));
  output.text('');
  for (const each of classes) output.text(wrap(answerSentence(each), width));
  for (const each of classes) {
    const { title } = document.workloads.find(({ name }) => name === each.workload)!;
    output.text(`\n${output.style('bold', `${each.workload}: ${title}`)}\n${classTable(each)}`);
    const after = postCopyTable(each);
    if (after !== '') output.text(`\n${after}`);
  }
  output.text('');
  output.text(wrap(legend(document), width));
  output.text(wrap(`${moves} moves, all modelled: docs/converge.md has the rules and the classes.`, width));
}

function legend({ question: { horizonNs, faultEveryNs, prefer }, classes }: ConvergeDocument): string {
  const hasPostCopy = classes.some(({ policies }) => policies.some(({ postCopy }) => postCopy !== null));
  const after =
    ' after post-copy: moves that were switched, time until all memory is there, share of it that a vCPU which writes waits for ' +
    `pages, and VMs that are lost, expected, with a fault each ${durationText(faultEveryNs)}.`;
  return (
    `best: share of seeds in which no other policy is better, by ${PREFERENCE_WORDS[prefer]}. ` +
    `fail: given up, or not done within ${formatValue(horizonNs, 'ns')}; the other figures are of VMs that moved. ` +
    'slow: vCPU time lost outside of the pause, at the median, of a vCPU that writes and of one that only reads. ' +
    `*: on the Pareto front of failures, time, pause, slow-down and lost VMs.${hasPostCopy ? after : ''}`
  );
}

const HEADS = [
  ['policy', 'left'],
  ['best\n%', 'right'],
  ['fail\n%', 'right'],
  ['time\np50 s', 'right'],
  ['\np90', 'right'],
  ['\np99', 'right'],
  ['pause\np50ms', 'right'],
  ['\np90', 'right'],
  ['\np99', 'right'],
  ['sent\nGB', 'right'],
  ['slow %\nwriter', 'right'],
  ['\nreader', 'right'],
] as const;

const POST_COPY_HEADS = [
  ['after post-copy', 'left'],
  ['switched\n%', 'right'],
  ['all there\np50 s', 'right'],
  ['\np90', 'right'],
  ['\np99', 'right'],
  ['waiting\np50 %', 'right'],
  ['\np90', 'right'],
  ['lost in\na million', 'right'],
] as const;

/** Empty where no move was switched. */
function postCopyTable({ policies }: ClassSummary): string {
  const rows = policies.flatMap(({ policy, postCopy }) => {
    if (postCopy === null) return [];
    const { switched, arrivesNs, waiting, lostPerMillion } = postCopy;
    const times = [arrivesNs.p50, arrivesNs.p90, arrivesNs.p99].map((ns) => short(ns, NS_PER_S));
    const waits = [waiting.p50, waiting.p90].map((share) => short(share, 1 / 100));
    return [[` ${policy}`, short(switched.value, 1 / 100), ...times, ...waits, short(lostPerMillion, 1)]];
  });
  return rows.length === 0 ? '' : ruledTable(POST_COPY_HEADS, rows);
}

function classTable({ policies }: ClassSummary): string {
  return ruledTable(
    HEADS,
    policies.map((row) => rowOf(row)),
  );
}

function ruledTable(
  heads: readonly (readonly [string, 'left' | 'right'])[],
  rows: readonly (readonly string[])[],
): string {
  const table = bareTable(
    heads.map(([head, align]): BareColumn => ({ head, align })),
    rows,
  );
  // The rule below the head is longer than the rows.
  const longest = Math.max(...table.split('\n').map((line) => (line.startsWith('-') ? 0 : line.length)));
  return table.replace(/^-+$/m, '-'.repeat(longest));
}

function rowOf(row: PolicySummary): readonly string[] {
  const { policy, onFront, best, failed, totalNs, pauseNs, sentBytes, writerSlowdown, readerSlowdown } = row;
  const three = ({ p50, p90, p99 }: Quantiles, unit: number): readonly string[] =>
    [p50, p90, p99].map((value) => short(value, unit));
  return [
    `${onFront ? '*' : ' '}${policy}`,
    short(best.value, 1 / 100),
    short(failed.value, 1 / 100),
    ...three(totalNs, NS_PER_S),
    ...three(pauseNs, NS_PER_MS),
    short(sentBytes.p50, GIGABYTE),
    short(writerSlowdown.p50, 1 / 100),
    short(readerSlowdown.p50, 1 / 100),
  ];
}

/** Three digits, so that a row has room; nothing where there is no figure. */
function short(value: number | null, unit: number): string {
  if (value === null) return '';
  const scaled = value / unit;
  if (scaled === 0 || scaled >= 100) return scaled.toFixed(0);
  return scaled.toFixed(scaled >= 10 ? 1 : 2);
}
