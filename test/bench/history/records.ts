/**
 * Records with invented values.
 */
import type { HistoryRecord } from '../../../bench/documents/history/record.ts';

export function historyRecord(changes: Partial<HistoryRecord> = {}): HistoryRecord {
  return {
    v: 1,
    time: '2026-11-23T04:00:00.000Z',
    commit: 'c0ffee',
    subject: 'a change',
    dirty: false,
    machine: 'aaaa0000',
    about: '2 × Example, Linux x64, Node 20',
    metrics: { measured: { ns: { 'frame-write': 1000 } } },
    ...changes,
  };
}

/** One record per value, a minute after the other. */
export function recordsOf(values: readonly number[], changes: Partial<HistoryRecord> = {}): HistoryRecord[] {
  return values.map((value, index) =>
    historyRecord({
      time: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
      commit: `commit-${index}`,
      metrics: { measured: { ns: { 'frame-write': value } } },
      ...changes,
    }),
  );
}
