/**
 * Results of the sweep: downtime against load, throughput against size, parts of the downtime, floors, cost parameters.
 */
import { formatValue, formatWithRange } from '../../show/format.ts';
import { FIGURE_KINDS } from '../../show/figure.ts';
import { benchResultOf, type BenchResult } from './result.ts';
import { costTable } from './cost-table.ts';
import { crowdedMarkup } from './crowded-markup.ts';
import { html, type Markup } from '../../show/html.ts';
import { tableMarkup } from '../../show/html-table.ts';
import { plotsOf } from './plots.ts';
import type { ReportKind, ReportSection } from '../../show/section.ts';
import { summaryOf } from './summary.ts';
import { NS_PER_S } from '../../../sim/base/units.ts';

export const BENCH_KIND: ReportKind = {
  read: (document, file) => benchSection(benchResultOf(document, file)),
};

export function benchSection(result: BenchResult): ReportSection {
  return {
    title: titleOf(result),
    heading: undefined,
    version: result.stopcopy,
    body: (id) => body(result, id),
    words: Object.entries(FIGURE_KINDS),
    style: '',
    document: result,
  };
}

function titleOf({ startedAt }: BenchResult): string {
  return `stopcopy bench, ${startedAt.replace('T', ' ').replace(/\.\d+Z$|Z$/, ' UTC')}`;
}

function body(result: BenchResult, id: string): Markup {
  const { machine, cells } = result;
  const facts: readonly (readonly [string, string])[] = [
    ['Started', `${result.startedAt}, took ${formatValue(result.durationSeconds * NS_PER_S, 'ns')}`],
    [
      'Asked for',
      `${result.suites.join(', ')}; ${result.quick ? 'quick' : 'full'}; seed ${result.seed}; driver ${result.driver}`,
    ],
    [
      'Machine',
      `${machine.cpu}, ${machine.cores} cores, ${formatValue(machine.memoryBytes, 'B')} RAM, load ${machine.loadAverage.join(' ')}`,
    ],
    ['System', `${machine.os} ${machine.kernel} ${machine.arch}, Node ${machine.node}, V8 ${machine.v8}`],
    ['Cells', String(cells.length)],
  ];
  return html`${crowdedMarkup(result.crowded)}
    <dl class="facts">
      ${facts.map(
        ([term, fact]) =>
          html`<dt>${term}</dt>
            <dd>${fact}</dd>`,
      )}
    </dl>
    ${result.interrupted ? html`<p class="lead warning">This run was interrupted: cells are missing.</p>` : undefined}
    <p class="lead">${summaryOf(result)}</p>
    ${plotsOf(result, id)} ${floorsSection(result)} ${costTable(result.costs)}`;
}

function floorsSection({ floors }: BenchResult): Markup {
  if (floors === null)
    return html`<h3>Floors</h3>
      <p>No floors were measured.</p>`;
  const rows = [
    ['bare ping-pong of two threads, p50', floors.pingPongNs.p50],
    ['bare ping-pong of two threads, p99', floors.pingPongNs.p99],
    ['plain memory copy', floors.copyBytesPerSecond],
    ...floors.more.map(({ name, value }) => [name, value] as const),
  ] as const;
  return html`<h3>Floors</h3>
    ${tableMarkup({
      caption: 'What this machine can do at best; ratios are divided by these',
      head: ['floor', 'value', 'kind'],
      textColumns: [2],
      rows: rows.map(([name, value]) => [name, formatWithRange(value), value.kind]),
    })}`;
}
