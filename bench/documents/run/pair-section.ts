/**
 * Two runs on a page: side by side what differs, and the two pauses on one axis. A difference is shown only where the two can be
 * compared; a sentence says why not.
 */
import { KIND_MARK, type FigureKind } from '../../show/figure.ts';
import { partsChart, seriesColour } from '../../show/charts.ts';
import { formatValue } from '../../show/format.ts';
import { html } from '../../show/html.ts';
import { tableMarkup } from '../../show/html-table.ts';
import { fullPanel, type Plot, plotMarkup } from '../../show/plot.ts';
import type { ReportSection, Word } from '../../show/section.ts';
import { partsSentence, pairSentences, pairTables } from './pair-text.ts';
import type { RunPairDocument } from './pair.ts';

const ns = (value: number): string => formatValue(value, 'ns');

/** @param names what the user calls A and B */
export function runPairSection(document: RunPairDocument, names: readonly [string, string]): ReportSection {
  return {
    title: `Runs: ${names.join(' and ')}`,
    heading: `A: ${names[0]}, B: ${names[1]}`,
    version: document.stopcopy,
    body: (id) => {
      const plot = partsPlot(document, `${id}-parts`);
      return html`${pairSentences(document, names).map((sentence) => html`<p class="lead">${sentence}</p>`)}
      ${plot === undefined ? undefined : plotMarkup(plot)}
      ${pairTables(document).map(
        ({ title, columns, rows }) =>
          html`<h3>${title}</h3>
            ${tableMarkup({
              caption: title,
              headed: true,
              head: columns.map(({ head }) => head),
              textColumns: columns.flatMap(({ align }, column) => (align === 'left' ? [column] : [])),
              rows,
            })}`,
      )}
      <p>${partsSentence(document)}</p>`;
    },
    words: [
      ...Object.entries(document.kinds).map(([kind, meaning]): Word => [
        `${kind} [${KIND_MARK[kind as FigureKind]}]`,
        meaning,
      ]),
      ['overlap, apart', 'whether the 80 % intervals of A and B have a value in common'],
    ],
    style: '',
    document,
  };
}

/** Both pauses on one axis, part by part. */
function partsPlot({ parts: all }: RunPairDocument, id: string): Plot | undefined {
  const parts = all.filter(({ aNs, bNs }) => (aNs ?? 0) > 0 || (bNs ?? 0) > 0);
  if (parts.length === 0) return undefined;
  const bars = (['aNs', 'bNs'] as const).map((side) => parts.map((part) => part[side] ?? 0));
  const [a = 0, b = 0] = bars.map((bar) => bar.reduce((sum, each) => sum + each, 0));
  return {
    id,
    title: 'Both pauses on the critical path, part by part',
    source: 'modelled, nominal: virtual time. The axis is the same for both.',
    wide: true,
    legend: parts.map(({ title }, index) => ({ text: title, colour: seriesColour(index) })),
    panels: [
      fullPanel('', (width) =>
        partsChart(
          parts.length,
          bars.map((bar, index) => ({ label: index === 0 ? `A\n${ns(a)}` : `B\n${ns(b)}`, ns: bar })),
          Math.max(a, b),
          width,
        ),
      ),
    ],
    table: {
      caption: 'Parts of both pauses',
      head: ['part', 'A', 'B', 'B - A'],
      rows: parts.map(({ title, aNs, bNs, differenceNs }) => [
        title,
        aNs === null ? '' : ns(aNs),
        bNs === null ? '' : ns(bNs),
        ns(differenceNs),
      ]),
    },
  };
}
