/**
 * OpenMetrics and Prometheus text: gauges and counters with their labels, as `stopcopy history export --as openmetrics` writes
 * them and others scrape them.
 */
import { MS_PER_S } from '../../../sim/base/units.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { type MetricSample, sampleOf } from '../metric-samples.ts';
import { numbered } from '../numbered.ts';
import { addFindings, type Finding, type Reader, type Reading } from '../reader.ts';
import type { ForeignRun, ForeignValue, ResultFacts } from './facts.ts';

/** Endings of names that say a unit, longer ones first. */
const UNITS: readonly (readonly [ending: string, unit: string])[] = [
  ['_bytes_per_second', 'B/s'],
  ['_per_second', '/s'],
  ['_seconds', 's'],
  ['_bytes', 'B'],
  ['_ratio', 'x'],
];
/** Metrics that `stopcopy history export` writes: a unit that is none of these is the rest of the name. */
const OWN = 'stopcopy_figure_';
/** Samples of histograms and summaries, which are no value of their own. */
const PARTS = /_(?:bucket|created|info)$/;
/** Seconds since 1970 are below this, milliseconds above. */
const SECONDS_MAX = 1e11;

/** Farthest time that a date of ECMA-262 can have, from 1970, in s. */
const DATE_S_MAX = 8.64e12;

export const openMetricsReader: Reader<ResultFacts, 'results'> = {
  id: 'openmetrics',
  title: 'OpenMetrics or Prometheus text',
  kind: 'results',
  // Of KubeVirt's metrics of migrations: those are of a move.
  sniff: (head) => (/^# (?:TYPE|HELP|UNIT) [A-Za-z_:]/m.test(head) && !/^kubevirt_vmi_migration/m.test(head) ? 0.8 : 0),
  read(lines, file) {
    const runs = new Map<string, { readonly commit: string | undefined; atS: number | null; readonly series: ForeignValue[] }>();
    const findings: Finding[] = [];
    for (const { text, line } of numbered(lines)) {
      if (text.trim() === '' || text.startsWith('#')) continue;
      const sample = sampleOf(text.replace(/ # \{.*$/, ''), line);
      if (sample === null || !Number.isFinite(sample.value) || PARTS.test(sample.name) || 'quantile' in sample.labels) {
        addFindings(findings, { kind: 'unused', line, text: `no value: '${text.slice(0, 60)}'` });
        continue;
      }
      const { commit } = sample.labels;
      const run = runs.get(commit ?? '') ?? { commit, atS: null, series: [] };
      runs.set(commit ?? '', run);
      if (sample.atMs !== null) {
        const atS = sample.atMs > SECONDS_MAX ? sample.atMs / MS_PER_S : sample.atMs;
        if (Math.abs(atS) <= DATE_S_MAX) run.atS = Math.max(run.atS ?? 0, atS);
        else addFindings(findings, { kind: 'warning', line, text: 'the time is in no calendar, and is not taken' });
      }
      run.series.push(valueOf(sample));
    }
    return readingOf([...runs.values()].map(({ commit, atS, series }): ForeignRun => ({
      commit,
      subject: undefined,
      time: atS === null ? undefined : new Date(atS * MS_PER_S).toISOString(),
      series,
    })), findings, file);
  },
};

function readingOf(runs: readonly ForeignRun[], findings: Finding[], file: string): Reading<ResultFacts> {
  const values = runs.reduce((sum, { series }) => sum + series.length, 0);
  if (values === 0) throw new UserError('input', `${file}: no line has a value`, 'Lines are NAME{LABELS} VALUE TIME.');
  addFindings(findings, { kind: 'read', text: `${values} values, in base units` });
  return {
    format: 'OpenMetrics text',
    facts: { runs },
    findings,
    unknown: runs.every(({ commit }) => commit !== undefined) ? [] : ['commit'],
  };
}

/** A figure by the label that says it, else by the name of its metric and all labels. */
function valueOf({ name, labels, value }: MetricSample): ForeignValue {
  const known = UNITS.find(([ending]) => name.endsWith(ending))?.[1];
  const unit = known ?? (name.startsWith(OWN) ? name.slice(OWN.length) : '');
  const { figure, commit: _, ...others } = labels;
  if (figure !== undefined) return { name: figure, unit, value };
  const words = Object.keys(others).toSorted().map((key) => `${key}=${others[key]!}`);
  return { name: [name, ...words].join('/'), unit, value };
}
