/**
 * One self-contained HTML page from result documents: nothing is fetched, the results are embedded.
 */
import { formatFigure, formatValue, formatWithRange } from '../format.ts';
import { type BenchResult, FIGURE_KINDS } from '../result.ts';
import { html, jsonForScript, type Markup } from './html.ts';
import { tableMarkup } from './html-table.ts';
import { plotsOf } from './plots.ts';
import { documentPage } from './shell.ts';
import { summaryOf } from './summary.ts';

export interface NamedResult {
  /** Path of the result, as the user knows it. */
  readonly name: string;
  readonly result: BenchResult;
}

export function reportPage(results: readonly NamedResult[]): string {
  const first = results[0];
  const title =
    results.length === 1 && first !== undefined ? titleOf(first.result) : `stopcopy bench: ${results.length} results`;
  const links = results.map(({ name }, index) => html`<li><a href="#r${index}">${name}</a></li>`);
  const nav =
    results.length > 1
      ? html`<nav aria-label="Results">
          <ul>
            ${links}
          </ul>
        </nav>`
      : undefined;
  const main = html`${results.map(({ name, result }, index) => resultSection(name, result, `r${index}`))}
    <section aria-labelledby="kinds">
      <h2 id="kinds">Kinds of figures</h2>
      <dl class="facts">
        ${Object.entries(FIGURE_KINDS).map(
          ([kind, meaning]) =>
            html`<dt>${kind}</dt>
              <dd>${meaning}</dd>`,
        )}
      </dl>
    </section>`;
  return documentPage({ title, nav, main, version: first?.result.stopcopy });
}

function titleOf({ startedAt }: BenchResult): string {
  return `stopcopy bench, ${startedAt.replace('T', ' ').replace(/\.\d+Z$|Z$/, ' UTC')}`;
}

function resultSection(name: string, result: BenchResult, id: string): Markup {
  const { machine, cells } = result;
  const facts: readonly (readonly [string, string])[] = [
    ['Started', `${result.startedAt}, took ${formatValue(result.durationSeconds * 1e9, 'ns')}`],
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
  const file = name.split(/[/\\]/).at(-1) ?? 'result.json';
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${name}</h2>
    <dl class="facts">
      ${facts.map(
        ([term, fact]) =>
          html`<dt>${term}</dt>
            <dd>${fact}</dd>`,
      )}
    </dl>
    ${result.interrupted ? html`<p class="lead warning">This run was interrupted: cells are missing.</p>` : undefined}
    <p class="lead">${summaryOf(result)}</p>
    <p><button type="button" hidden data-result="${id}-json" data-file="${file}">Download the JSON document</button></p>
    ${plotsOf(result, id)} ${floorsSection(result)} ${costsSection(result)}
    <script type="application/json" id="${id}-json">
      ${jsonForScript(result)}
    </script>
  </section> `;
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

function costsSection({ costs }: BenchResult): Markup | undefined {
  if (costs.length === 0) return undefined;
  return html`<h3>Cost parameters</h3>
    ${tableMarkup({
      caption: 'What the modelled figures follow from; what is assumed is swept over its range',
      head: ['parameter', 'value', 'range', 'from', 'why'],
      textColumns: [3, 4],
      rows: costs.map(({ name, value, unit, from, why, low, high }) => [
        name,
        formatFigure({ value, unit, kind: 'modelled' }),
        low === undefined || high === undefined ? '' : `${formatValue(low, unit)} to ${formatValue(high, unit)}`,
        from,
        why,
      ]),
    })}`;
}
