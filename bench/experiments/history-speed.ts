/**
 * Experiment: how long a large history takes to be written, read, and searched for change points. Own process, own file.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Random } from '../../sim/base/random.ts';
import { groupMetrics, type HistoryRecord, RECORD_VERSION } from '../documents/history/record.ts';
import { seriesOf } from '../history/series.ts';
import { appendRecords, readHistory } from '../history/store.ts';

export interface HistorySpeed {
  readonly runs: number;
  readonly metrics: number;
  readonly megabytes: number;
  readonly appendSeconds: number;
  readonly readSeconds: number;
  readonly changePointSeconds: number;
  /** Of reading and searching, on the processor: what a machine with nothing else to do takes at most. */
  readonly cpuSeconds: number;
  readonly changePoints: number;
}

/** Every tenth metric shifts by 10 % in the middle. */
export async function historySpeed(runs: number, metrics: number): Promise<HistorySpeed> {
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-history-'));
  const path = join(folder, 'history.ndjson');
  try {
    const random = new Random(1);
    const records = Array.from({ length: runs }, (_, run): HistoryRecord => {
      const values = Array.from({ length: metrics }, (_unused, metric) => ({
        name: `stage-${metric}/measured`,
        kind: 'measured' as const,
        unit: 'ns',
        value: Math.round(1e6 * (1 + 0.05 * random.uniform()) * (metric % 10 === 0 && run > runs / 2 ? 1.1 : 1)),
      }));
      const time = new Date(Date.UTC(2026, 0, 1) + run * 60_000).toISOString();
      const commit = run.toString(16).padStart(40, '0');
      const head = { v: RECORD_VERSION, time, commit, subject: `change ${run}`, dirty: false } as const;
      return { ...head, machine: 'aaaa0000', about: 'an example', metrics: groupMetrics(values) };
    });
    const times = [performance.now()];
    await appendRecords(path, records);
    times.push(performance.now());
    const cpu = process.cpuUsage();
    const history = readHistory(path);
    times.push(performance.now());
    const series = seriesOf(history.records, 'aaaa0000');
    times.push(performance.now());
    const { user, system } = process.cpuUsage(cpu);
    const seconds = times.slice(1).map((time, index) => Math.round(time - times[index]!) / 1000);
    return {
      runs,
      metrics,
      megabytes: Math.round(statSync(path).size / 1e5) / 10,
      appendSeconds: seconds[0]!,
      readSeconds: seconds[1]!,
      changePointSeconds: seconds[2]!,
      cpuSeconds: Math.round((user + system) / 1e3) / 1000,
      changePoints: series.reduce((total, { changes }) => total + changes.length, 0),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
