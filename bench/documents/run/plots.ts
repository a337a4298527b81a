/**
 * The figures of a run's page.
 */
import { parameterWords } from '../../../sim/scenario/parameter-words.ts';
import { PAUSE_PART_TITLES, PAUSE_PARTS } from '../../../sim/base/pause-parts.ts';
import { formatValue, wholePercent } from '../../show/format.ts';
import {
  bandChart,
  INK_COLOUR,
  latencyChart,
  P50_COLOUR,
  P99_COLOUR,
  partsChart,
  roundsChart,
  seriesColour,
  type TimelineRow,
  timelineChart,
  waitedFor,
  waterfallChart,
} from '../../show/charts.ts';
import { fullPanel, type Panel, type Plot } from '../../show/plot.ts';
import type { RunDocument, VmReport } from './document.ts';
import { toldVm } from './words.ts';

const ns = (value: number): string => formatValue(value, 'ns');

/** @param id prefix that makes the ids unique on the page */
export function runPlots(document: RunDocument, id: string): readonly Plot[] {
  return [
    pausePlot(document, `${id}-pause`),
    roundsPlot(document, `${id}-rounds`),
    timelinePlot(document, `${id}-timeline`),
    influencePlot(document, `${id}-influence`),
    latencyPlot(document, `${id}-latency`),
  ].filter((plot) => plot !== undefined);
}

/** A bar of the pause; its parts add up. */
interface PauseBar {
  readonly title: string;
  readonly pauseNs: number;
  readonly parts: readonly { readonly name: string; readonly criticalNs: number }[];
}

/** The draws at both ends of the interval around the nominal pause. */
function pauseBars({ draws }: RunDocument, { pauseNs, parts }: VmReport): readonly PauseBar[] {
  const nominal = { title: 'nominal', pauseNs, parts };
  const { low = null, high = null } = draws ?? {};
  return [
    ...(low === null ? [] : [{ title: 'draw at 10 %', ...low }]),
    nominal,
    ...(high === null ? [] : [{ title: 'draw at 90 %', ...high }]),
  ];
}

/** From this share of the pause on memory leaves no room to see the other parts. */
const LARGE_SHARE = 0.5;

/** The bars without memory, where that is most of the pause. */
function smallPartsPanel(bars: readonly PauseBar[], shown: VmReport['parts']): readonly Panel[] {
  const memoryNs = ({ parts }: PauseBar): number => parts.find(({ name }) => name === 'memory')?.criticalNs ?? 0;
  const restNs = (bar: PauseBar): number => bar.pauseNs - memoryNs(bar);
  if (!bars.some((bar) => memoryNs(bar) > LARGE_SHARE * bar.pauseNs)) return [];
  const small = shown.map(({ name }) => name);
  return [
    fullPanel('Without memory', (width) =>
      partsChart(
        small.length,
        bars.map((bar) => ({
          label: `${bar.title}\n${ns(restNs(bar))}`,
          ns: small.map((name) =>
            name === 'memory' ? 0 : (bar.parts.find((part) => part.name === name)?.criticalNs ?? 0),
          ),
        })),
        Math.max(...bars.map(restNs)),
        width,
      ),
    ),
  ];
}

function pausePlot(document: RunDocument, id: string): Plot | undefined {
  const vm = toldVm(document);
  if (vm.pauseNs === 0) return undefined;
  const bars = pauseBars(document, vm);
  const at = ({ parts }: PauseBar, name: string): number => parts.find((part) => part.name === name)?.criticalNs ?? 0;
  const shown = vm.parts.filter(({ name, highNs = 0 }) => highNs > 0 || bars.some((bar) => at(bar, name) > 0));
  const longest = Math.max(...bars.map(({ pauseNs }) => pauseNs));
  const { low = vm.pauseNs, high = vm.pauseNs } = document.figures.pause;
  return {
    id,
    title: 'The pause on the critical path, part by part',
    source:
      'modelled: virtual time. The draws are those whose pauses stand at 10 and 90 % of all draws. Parts that run at the ' +
      'same time as others count as far as they make the pause longer. In the table each part has its own interval.',
    wide: true,
    legend: shown.map(({ title }, index) => ({ text: title, colour: seriesColour(index) })),
    panels: [
      fullPanel('', (width) =>
        partsChart(
          shown.length,
          bars.map((bar) => ({
            label: `${bar.title}\n${ns(bar.pauseNs)}`,
            ns: shown.map(({ name }) => at(bar, name)),
          })),
          longest,
          width,
        ),
      ),
      ...smallPartsPanel(bars, shown),
      fullPanel('One after another, nominal; the lines are 80 % intervals of each part', (width) =>
        waterfallChart(
          shown.map(({ title, criticalNs, lowNs = criticalNs, highNs = criticalNs }, index) => {
            return { label: title, ns: criticalNs, low: lowNs, high: highNs, colour: seriesColour(index) };
          }),
          width,
        ),
      ),
    ],
    table: {
      caption: 'Parts of the pause on the critical path, with their 80 % intervals; busy counts what overlaps too',
      head: ['part', 'nominal', 'low', 'high', 'busy'],
      rows: [
        ...shown.map(({ title, criticalNs, busyNs, lowNs = criticalNs, highNs = criticalNs }) => [
          title,
          ns(criticalNs),
          ns(lowNs),
          ns(highNs),
          ns(busyNs),
        ]),
        ['total', ns(vm.pauseNs), ns(low), ns(high), ''],
      ],
    },
  };
}

/** More bars cannot be distinguished. */
const ROUNDS_DRAWN = 400;

function roundsPlot(document: RunDocument, id: string): Plot | undefined {
  const { rounds, totalNs, pauseNs } = toldVm(document);
  if (rounds.length === 0) return undefined;
  const points = rounds.slice(0, ROUNDS_DRAWN).map(({ beginsNs, lastsNs, count, sentBytes, dirtiedBytes }) => ({
    fromNs: beginsNs,
    toNs: beginsNs + lastsNs * count,
    sentBytes,
    dirtiedBytes,
  }));
  const many =
    rounds.length > ROUNDS_DRAWN ? ` Of ${rounds.length} iterations the first ${ROUNDS_DRAWN} are drawn.` : '';
  return {
    id,
    title: 'The move over time: iterations over memory',
    source: `modelled, nominal. An area and a line are an iteration; the axis of bytes is logarithmic.${many}`,
    wide: true,
    legend: [
      { text: 'sent in the iteration', colour: P50_COLOUR },
      { text: 'written by the guest meanwhile', colour: P99_COLOUR },
    ],
    panels: [
      fullPanel('', (width) =>
        roundsChart(points, { width, stoppedNs: pauseNs > 0 ? totalNs - pauseNs : undefined, endNs: totalNs }),
      ),
    ],
    table: {
      caption: 'Iterations over memory; times since the start of the move',
      head: ['begins', 'lasts', 'rounds', 'sent', 'written', 'downtime limit', 'vCPU speed'],
      rows: rounds
        .slice(0, ROUNDS_DRAWN)
        .map(({ beginsNs, lastsNs, count, sentBytes, dirtiedBytes, limitNs, speed }) => [
          ns(beginsNs),
          ns(lastsNs),
          String(count),
          formatValue(sentBytes, 'B'),
          formatValue(dirtiedBytes, 'B'),
          ns(limitNs),
          wholePercent(speed),
        ]),
    },
  };
}

/** So many devices have rows of their own; more share one for each part. */
const DEVICES_DRAWN = 3;

function timelinePlot({ spans, figures }: RunDocument, id: string): Plot | undefined {
  if (spans.length === 0) return undefined;
  const devices = new Set(spans.flatMap(({ what }) => what ?? []));
  const apart = devices.size > 1 && devices.size <= DEVICES_DRAWN;
  const rows = new Map<string, TimelineRow & { spans: { fromNs: number; toNs: number }[] }>();
  for (const { part, what, beginsNs, endsNs } of spans) {
    const name = `${PAUSE_PART_TITLES[part]}${apart && what !== null ? `: ${what}` : ''}`;
    const row = rows.get(name) ?? { label: name, spans: [], colour: PAUSE_PARTS.indexOf(part) };
    row.spans.push({ fromNs: beginsNs, toNs: endsNs });
    rows.set(name, row);
  }
  const stretches = waitedFor(spans.map(({ beginsNs, endsNs }) => ({ fromNs: beginsNs, toNs: endsNs })));
  return {
    id,
    title: 'The pause over time',
    source:
      'modelled, nominal. Bars that lie above each other run at the same time. Framed is the critical path: at each ' +
      'time the one part that the pause waits for. The time that it waits for a part is next to it; these times add up to the ' +
      'pause.',
    wide: true,
    legend: [{ text: 'framed: the pause waits for it', colour: INK_COLOUR, look: 'frame' }],
    panels: [fullPanel('', (width) => timelineChart([...rows.values()], figures.pause.value, width))],
    table: {
      caption: 'Spans of the pause; times since the vCPUs stop',
      head: ['part', 'of', 'begins', 'ends', 'lasts', 'the pause waits for it'],
      textColumns: [1],
      rows: spans.map(({ part, what, beginsNs, endsNs }, index) => {
        const stretch = stretches[index];
        return [
          PAUSE_PART_TITLES[part],
          what ?? 'the VM',
          ns(beginsNs),
          ns(endsNs),
          ns(endsNs - beginsNs),
          stretch === undefined ? 'no' : ns(stretch.toNs - stretch.fromNs),
        ];
      }),
    },
  };
}

/** What moves the pause less than these is in the table only. */
const INFLUENCES_DRAWN = 8;

function influencePlot({ influences, figures }: RunDocument, id: string): Plot | undefined {
  const { value } = figures.pause;
  if (influences.length === 0) return undefined;
  const orPoint = (pauseNs: number | null): number => pauseNs ?? value;
  const bars = influences.slice(0, INFLUENCES_DRAWN).map(({ name, shortPauseNs, longPauseNs }) => ({
    label: parameterWords(name),
    short: orPoint(shortPauseNs),
    long: orPoint(longPauseNs),
  }));
  const never = influences.some(({ shortPauseNs, longPauseNs }) => shortPauseNs === null || longPauseNs === null);
  return {
    id,
    title: 'What the pause depends on',
    source:
      'modelled: one parameter after another at the two ends of its range, all others nominal. A slower ' +
      'stream can give a shorter pause: the VMM stops the VM when what is left fits into the limit, and so with less ' +
      `left.${never ? ' Where no bar is drawn the VM would never be stopped.' : ''}`,
    wide: true,
    legend: [
      { text: 'at its value for a short pause', colour: 'var(--c1)' },
      { text: 'at its value for a long pause', colour: 'var(--c2)' },
    ],
    panels: [fullPanel('', (width) => bandChart(bars, value, 'ns', width))],
    table: {
      caption: `The pause, ${ns(value)} nominal, with one parameter at an end of its range`,
      head: ['parameter', 'nominal', 'for a short pause', 'pause', 'for a long pause', 'pause', 'unit', 'from'],
      textColumns: [6, 7],
      rows: influences.map(({ name, title, from, value: at, short, long, shortPauseNs, longPauseNs }) => [
        parameterWords(name),
        at,
        short,
        shortPauseNs === null ? 'never stopped' : ns(shortPauseNs),
        long,
        longPauseNs === null ? 'never stopped' : ns(longPauseNs),
        title,
        from,
      ]),
    },
  };
}

const PHASE_TITLES = { before: 'before', during: 'over the pause', after: 'after' } as const;
const QUANTILES = [
  { name: 'median', key: 'p50Ns', colour: P50_COLOUR },
  { name: '99th percentile', key: 'p99Ns', colour: P99_COLOUR },
  { name: 'longest', key: 'maxNs', colour: 'var(--c3)' },
] as const;

function latencyPlot({ latencies }: RunDocument, id: string): Plot | undefined {
  if (latencies.length === 0) return undefined;
  return {
    id,
    title: 'What a client in the guest waits for a job',
    source:
      'modelled, nominal: from submission to completion. Before: done before the stop. Over the pause: submitted ' +
      'before the resume and done after it. After: submitted after the resume. The axis is logarithmic.',
    wide: true,
    legend: QUANTILES.map(({ name, colour }) => ({ text: name, colour, look: 'round' })),
    panels: latencies.map(({ name, phases }) => ({
      title: name,
      svg: latencyChart(
        phases.map(({ phase }) => PHASE_TITLES[phase]),
        QUANTILES.map(({ name: of, key, colour }) => ({
          name: of,
          colour,
          ns: phases.map((phase) => (phase.jobs === 0 || phase[key] <= 0 ? undefined : phase[key])),
        })),
      ),
    })),
    table: {
      caption: 'Latencies of jobs; their number is exact',
      head: ['VFs', 'jobs', 'number', 'median', '99th percentile', 'longest'],
      textColumns: [1],
      rows: latencies.flatMap(({ name, phases }) =>
        phases.map(({ phase, jobs, p50Ns, p99Ns, maxNs }) => [
          name,
          PHASE_TITLES[phase],
          String(jobs),
          ...(jobs === 0 ? ['', '', ''] : [ns(p50Ns), ns(p99Ns), ns(maxNs)]),
        ]),
      ),
    },
  };
}
