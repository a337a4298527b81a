/**
 * Records of the history in the formats of other trackers. Bounds and directions that a record does not have are left out.
 */
import { NS_PER_S } from '../../../sim/base/units.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import type { HistoryRecord, NamedValue } from './record.ts';

export const EXCHANGE_FORMATS = {
  csv: 'all values, a line each',
  'github-smaller': 'github-action-benchmark, tool customSmallerIsBetter: the newest times, sizes and counts',
  'github-bigger': 'github-action-benchmark, tool customBiggerIsBetter: the newest rates',
  bencher: 'Bencher Metric Format: the newest values',
  openmetrics: 'OpenMetrics text: the newest values as gauges, in base units',
  benchstat: 'the Go benchmark format: each record is a sample',
} as const;

export type ExchangeFormat = Exclude<keyof typeof EXCHANGE_FORMATS, 'csv'>;

const WRITERS: Readonly<Record<ExchangeFormat, (records: readonly HistoryRecord[]) => string>> = {
  'github-smaller': (records) => githubText(valuesOf(records.at(-1)!).filter(({ unit }) => !isRate(unit))),
  'github-bigger': (records) => githubText(valuesOf(records.at(-1)!).filter(({ unit }) => isRate(unit))),
  bencher: (records) => bencherText(records.at(-1)!),
  openmetrics: (records) => openMetricsText(records.at(-1)!),
  benchstat: benchstatText,
};

/** @param records of one machine, oldest first; at least one */
export function exchangeText(format: ExchangeFormat, records: readonly HistoryRecord[]): string {
  return WRITERS[format](records);
}

function valuesOf({ metrics }: HistoryRecord): readonly NamedValue[] {
  return keysOf(metrics).flatMap((kind) =>
    Object.entries(metrics[kind] ?? {}).flatMap(([unit, byName]) =>
      Object.entries(byName).map(([name, value]) => ({ name, kind, unit, value })),
    ),
  );
}

function isRate(unit: string): boolean {
  return unit.endsWith('/s');
}

function githubText(values: readonly NamedValue[]): string {
  return JSON.stringify(
    values.map(({ name, unit, value, kind }) => ({ name, unit, value, extra: kind })),
    undefined,
    1,
  );
}

/** Bencher's own measures where they fit, else the unit as a name. */
function bencherText(record: HistoryRecord): string {
  const benches: Record<string, Record<string, { readonly value: number }>> = {};
  for (const { name, unit, value } of valuesOf(record)) {
    const measure = unit === 'ns' ? 'latency' : isRate(unit) && !unit.startsWith('B') ? 'throughput' : slugOf(unit);
    benches[name] = { [measure]: { value } };
  }
  return JSON.stringify(benches, undefined, 1);
}

function slugOf(unit: string): string {
  const words: Readonly<Record<string, string>> = { B: 'bytes', 'B/s': 'bytes-per-second', x: 'ratio' };
  return (
    words[unit] ??
    (unit
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '') ||
      'value')
  );
}

/** Family, factor to the base unit and its name, by the unit of a record. */
const FAMILIES: Readonly<Record<string, readonly [family: string, factor: number, unit: string | undefined]>> = {
  ns: ['stopcopy_figure_seconds', 1 / NS_PER_S, 'seconds'],
  us: ['stopcopy_figure_seconds', 1e-6, 'seconds'],
  ms: ['stopcopy_figure_seconds', 1e-3, 'seconds'],
  s: ['stopcopy_figure_seconds', 1, 'seconds'],
  B: ['stopcopy_figure_bytes', 1, 'bytes'],
  x: ['stopcopy_figure_ratio', 1, 'ratio'],
  '/s': ['stopcopy_figure_per_second', 1, undefined],
};

function openMetricsText(record: HistoryRecord): string {
  const families = new Map<string, { readonly unit: string | undefined; readonly lines: string[] }>();
  const seconds = Date.parse(record.time) / 1000;
  for (const { name, unit, value, kind } of valuesOf(record)) {
    const [family, factor, base] = FAMILIES[unit] ?? [
      `stopcopy_figure_${slugOf(unit).replaceAll('-', '_')}`,
      1,
      undefined,
    ];
    const known = families.get(family) ?? { unit: base, lines: [] };
    families.set(family, known);
    const labels = { figure: name, kind, machine: record.machine, commit: record.commit };
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${labelText(text)}"`);
    known.lines.push(`${family}{${pairs.join(',')}} ${value * factor} ${seconds}`);
  }
  const blocks = [...families].map(([family, { unit, lines }]) =>
    [
      `# TYPE ${family} gauge`,
      ...(unit === undefined ? [] : [`# UNIT ${family} ${unit}`]),
      `# HELP ${family} Figures of stopcopy history.`,
      ...lines,
    ].join('\n'),
  );
  return [...blocks, '# EOF'].join('\n');
}

function labelText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function benchstatText(records: readonly HistoryRecord[]): string {
  return records
    .map((record) =>
      [
        `commit: ${record.commit}`,
        `cpu: ${record.about}`,
        '',
        ...valuesOf(record).map(
          ({ name, unit, value }) => `Benchmark${goName(name)} 1 ${value} ${unit.replaceAll(/\s+/g, '-')}`,
        ),
      ].join('\n'),
    )
    .join('\n\n');
}

/** Without blanks, and with a capital: else Go would not take it for the name of a benchmark. */
function goName(name: string): string {
  const text = name.replaceAll(/\s+/g, '_');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
