/**
 * Drawings of an explanation: iterations as they were measured, and the pause part by part, measured and modelled.
 */
import { NS_PER_MS } from '../../../sim/base/units.ts';
import { formatValue } from '../../show/format.ts';
import { P50_COLOUR, P99_COLOUR, roundsChart, seriesColour, waterfallChart } from '../../show/charts.ts';
import { fullPanel, type Plot } from '../../show/plot.ts';
import type { ComparedPart, ExplainDocument } from './document.ts';

/** More iterations cannot be distinguished. */
const PASSES_DRAWN = 400;

const ns = (value: number): string => formatValue(value, 'ns');

/** @param id prefix that makes the ids unique on the page */
export function explainPlots(document: ExplainDocument, id: string): readonly Plot[] {
  return [iterationsPlot(document, `${id}-iterations`), pausePlot(document, `${id}-parts`)].filter(
    (plot) => plot !== undefined,
  );
}

/** Passes over time; undefined where the file has no two times. */
function iterationsPlot({ iterations, figures }: ExplainDocument, id: string): Plot | undefined {
  const timed = iterations
    .flatMap(({ index, startMs, lastsMs, sentBytes, dirtiedBytes }) =>
      startMs === null || lastsMs === null ? [] : [{ index, startMs, lastsMs, sentBytes, dirtiedBytes }],
    )
    .slice(0, PASSES_DRAWN);
  const known = timed.filter(({ sentBytes, dirtiedBytes }) => (sentBytes ?? 0) > 0 || (dirtiedBytes ?? 0) > 0);
  if (known.length === 0) return undefined;
  const measuredOf = (name: string): number | null =>
    figures.find((each) => each.name.startsWith(name))?.measuredNs ?? null;
  const [totalNs, pauseNs] = [measuredOf('total'), measuredOf('downtime')];
  const lastNs = Math.max(...timed.map(({ startMs, lastsMs }) => (startMs + lastsMs) * NS_PER_MS));
  const endNs = Math.max(totalNs ?? 0, lastNs);
  const stoppedNs = totalNs === null || pauseNs === null ? undefined : Math.max(0, totalNs - pauseNs);
  return {
    id,
    title: 'Iterations',
    source: `measured${iterations.length > known.length ? `; ${known.length} of ${iterations.length} iterations have a time and bytes` : ''}. An area and a line are an iteration; the axis of bytes is logarithmic.`,
    wide: true,
    legend: [
      { text: 'sent in the iteration', colour: P50_COLOUR },
      { text: 'written by the guest meanwhile', colour: P99_COLOUR },
    ],
    panels: [
      fullPanel('', (width) =>
        roundsChart(
          known.map(({ startMs, lastsMs, sentBytes, dirtiedBytes }) => ({
            fromNs: startMs * NS_PER_MS,
            toNs: (startMs + lastsMs) * NS_PER_MS,
            sentBytes: sentBytes ?? 0,
            dirtiedBytes: dirtiedBytes ?? 0,
          })),
          { width, stoppedNs, endNs },
        ),
      ),
    ],
    table: {
      caption: 'Iterations; times since the start of the move',
      head: ['iteration', 'begins', 'lasts', 'sent', 'written'],
      rows: known.map(({ index, startMs, lastsMs, sentBytes, dirtiedBytes }) => [
        String(index),
        ns(startMs * NS_PER_MS),
        ns(lastsMs * NS_PER_MS),
        sentBytes === null ? '' : formatValue(sentBytes, 'B'),
        dirtiedBytes === null ? '' : formatValue(dirtiedBytes, 'B'),
      ]),
    },
  };
}

function pausePlot({ parts, figures }: ExplainDocument, id: string): Plot | undefined {
  if (parts.length === 0) return undefined;
  const measured = parts.flatMap((part, index) =>
    part.measuredNs === null ? [] : [{ ...part, measuredNs: part.measuredNs, index }],
  );
  const wholeNs = figures[0]?.measuredNs ?? null;
  const restNs = wholeNs === null ? 0 : wholeNs - measured.reduce((sum, { measuredNs }) => sum + measuredNs, 0);
  const bar = (label: string, value: number, colour: string) => ({ label, ns: value, low: value, high: value, colour });
  const bars = [
    ...measured.map(({ title, measuredNs, index }) => bar(title, measuredNs, seriesColour(index))),
    ...(restNs > 0 ? [bar(measured.length === 0 ? 'all of it' : 'not measured apart', restNs, 'var(--faint)')] : []),
  ];
  return {
    id,
    title: 'The pause, part by part',
    source:
      measured.length === 0
        ? 'modelled; the file has no parts of the pause'
        : 'measured, and modelled with 80 % intervals of each part',
    wide: true,
    legend: [],
    panels: [
      ...(bars.length === 0 ? [] : [fullPanel('Measured', (width) => waterfallChart(bars, width))]),
      fullPanel('Modelled; the lines are 80 % intervals of each part', (width) =>
        waterfallChart(
          parts.map(({ title, modelled: { value, low = value, high = value } }, index) => ({
            label: title,
            ns: value,
            low,
            high,
            colour: seriesColour(index),
          })),
          width,
        ),
      ),
    ],
    table: {
      caption: 'Parts of the pause',
      head: ['part', 'measured', 'modelled', 'low', 'high'],
      rows: parts.map(partRow),
    },
  };
}

function partRow({
  title,
  measuredNs,
  modelled: { value, low = value, high = value },
}: ComparedPart): readonly string[] {
  return [title, measuredNs === null ? '' : ns(measuredNs), ns(value), ns(low), ns(high)];
}
