/**
 * The history as text: records, series with their change points, CSV, and the file of a badge.
 */
import { countOf } from '../../../sim/base/units.ts';
import { formatValue, percent, signedPercent } from '../../show/format.ts';
import { bareTable } from '../../show/bare-table.ts';
import type { HistoryRecord } from './record.ts';
import { machinesOf } from './record.ts';
import type { Series, DamagedLine } from './document.ts';
const left = (head: string) => ({ head, align: 'left' }) as const;
const right = (head: string) => ({ head, align: 'right' }) as const;

export function listText(records: readonly HistoryRecord[], last: number): string {
  const rows = records
    .slice(-last)
    .map(({ time, commit, dirty, machine, metrics, subject }) => [
      time.slice(0, 19),
      `${commit.slice(0, 10)}${dirty ? '+' : ''}`,
      machine,
      String(metricsIn(metrics)),
      subject.slice(0, 60),
    ]);
  const machines = machinesOf(records).map(
    ({ machine, about, records: count }) => `${machine}  ${countOf(count, 'record')}  ${about}`,
  );
  const head = [left('time'), left('commit'), left('machine'), right('metrics'), left('subject')];
  const more = records.length > last ? [`… the last ${last} of ${records.length}`] : [];
  return [...more, bareTable(head, rows), '', ...machines].join('\n');
}

function metricsIn(metrics: HistoryRecord['metrics']): number {
  return Object.values(metrics).reduce(
    (total, byUnit) => total + Object.values(byUnit ?? {}).reduce((sum, byName) => sum + Object.keys(byName).length, 0),
    0,
  );
}

/** Damaged lines, for standard error. */
export function damagedText(path: string, damaged: readonly DamagedLine[]): readonly string[] {
  const lines = damaged.slice(0, 5).map(({ line, why }) => `${path}: line ${line} ${why}; it was passed over`);
  return damaged.length > 5 ? [...lines, `${path}: and ${countOf(damaged.length - 5, 'more damaged line')}`] : lines;
}

/** Change points of all series, and of a single series its values too. */
export function seriesText(all: readonly Series[]): string {
  const changed = all.filter(({ changes }) => changes.length > 0);
  const rows = changed.flatMap(({ name, unit, changes }) =>
    changes.map(({ commit, before, after, effect, worse, subject }) => [
      name,
      commit.slice(0, 10),
      formatValue(before, unit),
      formatValue(after, unit),
      changeWords(effect),
      worse ? 'worse' : 'better',
      subject.slice(0, 50),
    ]),
  );
  const table = bareTable(
    [left('metric'), left('since'), right('before'), right('after'), right('change'), left(''), left('subject')],
    rows,
  );
  const [only] = all;
  const single = all.length === 1 && only !== undefined ? [singleText(only), ''] : [];
  const points = all.reduce((total, { points: of }) => total + of.length, 0);
  const sentence = `${countOf(all.length, 'metric')}, ${countOf(points, 'value')}, ${countOf(rows.length, 'change point')} in ${countOf(changed.length, 'metric')}.`;
  return [...single, ...(rows.length === 0 ? [] : [table, '']), sentence].join('\n');
}

/** A change as a share; none says how much 0 has grown. */
export function changeWords(effect: number | null): string {
  if (effect === null || !Number.isFinite(effect)) return 'from 0';
  return signedPercent(effect);
}

const BARS = '▁▂▃▄▅▆▇█';
const BARS_SHOWN = 60;

function singleText({ name, unit, points }: Series): string {
  const shown = points.slice(-BARS_SHOWN).map(({ value }) => value);
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const bars = shown.map(
    (value) => BARS[high === low ? 0 : Math.min(7, Math.floor((8 * (value - low)) / (high - low)))],
  );
  const newest = points.at(-1)!;
  const range = `${formatValue(low, unit)} to ${formatValue(high, unit)}`;
  return `${name}\n${bars.join('')}  ${range}, newest ${formatValue(newest.value, unit)} at ${newest.commit.slice(0, 10)}`;
}

/** One line per value: machine, metric, kind, unit, time, commit, value. */
export function csvText(all: readonly Series[]): string {
  const rows = all.flatMap(({ machine, name, kind, unit, points }) =>
    points.map(({ time, commit, value }) =>
      [machine, name, kind, unit, time, commit, String(value)].map(csvCell).join(','),
    ),
  );
  return ['machine,metric,kind,unit,time,commit,value', ...rows].join('\n');
}

/** Quoted where it must be; a cell that a spreadsheet would take for a formula is made a text. */
function csvCell(text: string): string {
  const safe = /^[=+@\t]/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Runs since a change for which a badge shows it. */
const RECENT = 20;

export interface Badge {
  readonly schemaVersion: 1;
  readonly label: string;
  readonly message: string;
  readonly color: string;
}

/** What an endpoint badge of shields.io reads: the newest value, and whether its level has lately become worse. */
export function badgeOf({ name, unit, points, changes }: Series): Badge {
  const newest = points.at(-1);
  if (newest === undefined) return { schemaVersion: 1, label: name, message: 'no value', color: 'lightgrey' };
  const change = changes.at(-1);
  const recent = change !== undefined && points.slice(-RECENT).some(({ commit }) => commit === change.commit);
  const words = recent ? ` (${change.effect >= 0 ? '+' : '-'}${percent(Math.abs(change.effect))})` : '';
  const color = !recent ? 'blue' : change.worse ? 'red' : 'brightgreen';
  return { schemaVersion: 1, label: name, message: `${formatValue(newest.value, unit)}${words}`, color };
}
