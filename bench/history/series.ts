/**
 * Series out of a history: one metric on one class of machine, in the order of time, with its change points and the commits
 * that brought them.
 */
import { UserError } from '../../sim/base/user-error.ts';
import type { MetricKind } from '../documents/metric.ts';
import type { Series, SeriesChange } from '../documents/history/document.ts';
import { type ChangePointOptions, changePoints, DEFAULT_CHANGE_POINTS } from './change-points.ts';
import {
  EVERY_MACHINE,
  groupMetrics,
  type HistoryRecord,
  machinesOf,
  metricIn,
  type NamedValue,
  RECORD_VERSION,
} from '../documents/history/record.ts';
import { keysOf } from '../../sim/base/keys.ts';

/** @throws UserError when the history has no such class; `undefined` asks for the one with most records */
export function chooseMachine(records: readonly HistoryRecord[], wanted: string | undefined): string {
  const machines = machinesOf(records);
  const ids = machines.map(({ machine }) => machine);
  if (wanted !== undefined) {
    if (ids.includes(wanted)) return wanted;
    throw new UserError(
      'usage',
      `--machine is '${wanted}', the history has ${ids.join(', ')}`,
      'See `stopcopy history list`.',
    );
  }
  return ids.find((id) => id !== EVERY_MACHINE) ?? ids[0] ?? EVERY_MACHINE;
}

/** Records of a machine, oldest first. Those of a checkout with changes of its own name no commit and are left out. */
function recordsOf(records: readonly HistoryRecord[], machine: string): readonly HistoryRecord[] {
  const own = records.filter((record) => record.machine === machine && !record.dirty);
  return own.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

/**
 * @param name one metric; undefined: all of them
 * @throws UserError when the metric is not there
 */
export function seriesOf(
  records: readonly HistoryRecord[],
  machine: string,
  name?: string,
  options: ChangePointOptions = DEFAULT_CHANGE_POINTS,
): readonly Series[] {
  const own = recordsOf(records, machine);
  const lists = new Map<string, { kind: MetricKind; unit: string; values: number[]; of: HistoryRecord[] }>();
  for (const record of own) {
    if (name !== undefined) {
      const found = metricIn(record, name);
      if (found !== undefined) add(lists, found.name, found.kind, found.unit, found.value, record);
      continue;
    }
    for (const kind of keysOf(record.metrics)) {
      const byUnit = record.metrics[kind] ?? {};
      for (const unit in byUnit) {
        const byName = byUnit[unit]!;
        for (const metric in byName) add(lists, metric, kind, unit, byName[metric]!, record);
      }
    }
  }
  if (name !== undefined && lists.size === 0) {
    throw new UserError(
      'usage',
      `there is no metric '${name}' of machine ${machine}`,
      own.length === 0
        ? 'Records of a checkout with changes that are in no commit are left out.'
        : `There is ${namesOf(own).slice(0, 8).join(', ')}.`,
    );
  }
  return [...lists].map(([metric, { kind, unit, values, of }]) => ({
    name: metric,
    kind,
    unit,
    machine,
    points: of.map(({ time, commit, subject }, index) => ({ time, commit, subject, value: values[index]! })),
    changes: changesOf(values, of, unit, options),
  }));
}

/** The values of series of one machine as records again, oldest first: what a metric is not measured at is not in them. */
export function recordsOfSeries(all: readonly Series[]): readonly HistoryRecord[] {
  const byTime = new Map<string, { readonly point: Series['points'][number]; readonly values: NamedValue[] }>();
  for (const { name, kind, unit, points } of all) {
    for (const point of points) {
      const key = `${point.time} ${point.commit}`;
      const known = byTime.get(key) ?? { point, values: [] };
      byTime.set(key, known);
      known.values.push({ name, kind, unit, value: point.value });
    }
  }
  const machine = all[0]?.machine ?? EVERY_MACHINE;
  return [...byTime.values()]
    .toSorted((a, b) => (a.point.time < b.point.time ? -1 : a.point.time > b.point.time ? 1 : 0))
    .map(({ point: { time, commit, subject }, values }) => ({
      v: RECORD_VERSION,
      time,
      commit,
      subject,
      dirty: false,
      machine,
      about: machine,
      metrics: groupMetrics(values),
    }));
}

function add(
  lists: Map<string, { kind: MetricKind; unit: string; values: number[]; of: HistoryRecord[] }>,
  name: string,
  kind: MetricKind,
  unit: string,
  value: number,
  record: HistoryRecord,
): void {
  let list = lists.get(name);
  if (list === undefined) lists.set(name, (list = { kind, unit, values: [], of: [] }));
  // A name that changed its unit begins a new series.
  if (list.unit !== unit) Object.assign(list, { unit, values: [], of: [] });
  list.values.push(value);
  list.of.push(record);
}

function changesOf(
  values: readonly number[],
  of: readonly HistoryRecord[],
  unit: string,
  options: ChangePointOptions,
): readonly SeriesChange[] {
  return changePoints(values, options).map(({ index, before, after, effect, p }) => {
    const { commit, subject, time } = of[index]!;
    const worse = unit.endsWith('/s') ? after < before : after > before;
    return { commit, subject, time, lastBefore: of[index - 1]!.commit, before, after, effect, p, worse };
  });
}

function namesOf(records: readonly HistoryRecord[]): readonly string[] {
  const last = records.at(-1);
  if (last === undefined) return ['none'];
  return Object.values(last.metrics).flatMap((byUnit) =>
    Object.values(byUnit ?? {}).flatMap((byName) => Object.keys(byName)),
  );
}
