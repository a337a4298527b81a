/**
 * Policies against classes for a reader at a terminal: the answer for each class, then its table.
 */
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
  }
  output.text('');
  output.text(wrap(legend(document), width));
  output.text(wrap(`${moves} moves, all modelled: docs/converge.md has the rules and the classes.`, width));
}

function legend({ question: { horizonNs, prefer } }: ConvergeDocument): string {
  return (
    `best: share of seeds in which no other policy is better, by ${PREFERENCE_WORDS[prefer]}. ` +
    `fail: given up, or not done within ${formatValue(horizonNs, 'ns')}; the other figures are of VMs that moved. ` +
    'slow: vCPU time lost before the pause, at the median, of a vCPU that writes and of one that only reads. ' +
    '*: on the Pareto front of failures, time, pause and slow-down.'
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

function classTable({ policies }: ClassSummary): string {
  const table = bareTable(
    HEADS.map(([head, align]): BareColumn => ({ head, align })),
    policies.map((row) => rowOf(row)),
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
