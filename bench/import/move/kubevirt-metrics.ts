/**
 * Migration metrics of KubeVirt: the text of a scrape, or what promtool and the HTTP API print of a range.
 */
import { GIGA, KIB, MS_PER_S } from '../../../sim/base/units.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { isObject, type JsonObject, jsonValues, listAt, textAt, valueAt } from '../json-values.ts';
import { type MetricSample as Sample, sampleOf } from '../metric-samples.ts';
import { numbered, withFirst } from '../numbered.ts';
import { addFindings, type Finding, type Reader, Room } from '../reader.ts';
import { Figures, type MoveFacts, moveFacts, type MoveFile, withoutAbsent } from './facts.ts';

const PREFIX = 'kubevirt_vmi_migration_';

/** Metrics by their names without the prefix, new ones and those of before KubeVirt 1.8 and 1.7. */
const GAUGES: Readonly<Record<string, string>> = {
  data_bytes_total: 'totalBytes',
  data_total_bytes: 'totalBytes',
  data_remaining_bytes: 'remainingBytes',
  data_processed_bytes: 'processedBytes',
  dirty_memory_rate_bytes: 'dirtyBytesPerSecond',
  memory_transfer_rate_bytes: 'transferBytesPerSecond',
  disk_transfer_rate_bytes: 'transferBytesPerSecond',
  start_time_seconds: 'startedUnixS',
  end_time_seconds: 'endedUnixS',
  last_downtime_duration_seconds: 'downtimeS',
};

/** Samples of an answer of the HTTP API, or of one series of promtool. */
function* samplesOfJson(value: JsonObject, line: number): Generator<Sample> {
  const result = isObject(value['metric']) ? [value] : listAt(valueAt(value, 'data'), 'result');
  for (const series of result) {
    const metric = valueAt(series, 'metric');
    const name = textAt(metric, '__name__');
    if (!isObject(metric) || name === undefined) continue;
    const labels = Object.fromEntries(Object.entries(metric).filter(([, each]) => typeof each === 'string')) as Record<string, string>; // prettier-ignore
    const points = Array.isArray(valueAt(series, 'value')) ? [valueAt(series, 'value')] : listAt(series, 'values');
    for (const point of points) {
      if (!Array.isArray(point) || point.length !== 2) continue;
      const [time, text]: readonly unknown[] = point;
      const number = Number(text);
      if (typeof time === 'number' && !Number.isNaN(number))
        yield { name, labels, value: number, atMs: time * MS_PER_S, line };
    }
  }
}

/** One VMI's last values. */
interface Vmi {
  readonly name: string;
  readonly fields: Record<string, number>;
  readonly lines: Record<string, number>;
  readonly times: Record<string, number>;
  node: string | undefined;
  atMs: number | null;
}

const VMIS_MAX = 20_000;

class Scrapes {
  readonly vmis = new Map<string, Vmi>();
  readonly ends = { succeeded: [] as object[], failed: [] as object[] };
  sum: number | undefined;
  count: number | undefined;
  readonly phases: Record<string, number> = {};
  hasMany = false;
  readonly room = new Room(VMIS_MAX, 'VMs');
  unread = 0;

  take(sample: Sample): void {
    const { name, labels, value } = sample;
    if (!name.startsWith('kubevirt_vmi_migration')) {
      this.unread += 1;
      return;
    }
    const short = name.slice(PREFIX.length);
    const [, phase] = /^kubevirt_vmi_migrations_in_(\w+)_phase$/.exec(name) ?? [];
    if (phase !== undefined) this.phases[phase] = value;
    else if (short === 'succeeded' || short === 'failed') this.end(short, labels, value);
    else if (short.startsWith('phase_transition_time_from_creation_seconds')) this.histogram(short, labels, value);
    else if (Object.hasOwn(GAUGES, short)) this.gauge(GAUGES[short]!, sample);
    else this.unread += 1;
  }

  private end(kind: 'succeeded' | 'failed', labels: Sample['labels'], value: number): void {
    if (value !== 1) return;
    const row = withoutAbsent({ vmi: vmiOf(labels), migration: labels['vmim'] });
    if (!this.ends[kind].some((each) => JSON.stringify(each) === JSON.stringify(row))) this.ends[kind].push(row);
  }

  private histogram(name: string, labels: Sample['labels'], value: number): void {
    if (labels['phase'] !== 'Succeeded') return;
    if (name.endsWith('_sum')) this.sum = value;
    if (name.endsWith('_count')) this.count = value;
  }

  private gauge(field: string, { labels, value, atMs, line }: Sample): void {
    const name = vmiOf(labels);
    if (name === undefined || !Number.isFinite(value)) return;
    let vmi = this.vmis.get(name);
    if (vmi === undefined) {
      if (!this.room.take(line)) return;
      vmi = { name, fields: {}, lines: {}, times: {}, node: undefined, atMs: null };
      this.vmis.set(name, vmi);
    }
    const before = vmi.times[field];
    if (before !== undefined && atMs !== null && atMs !== before) this.hasMany = true;
    if (before !== undefined && atMs !== null && atMs < before) return;
    vmi.fields[field] = value;
    vmi.lines[field] = line;
    if (atMs !== null) {
      vmi.times[field] = atMs;
      vmi.atMs = Math.max(vmi.atMs ?? 0, atMs);
    }
    vmi.node ??= labels['node'];
  }
}

function vmiOf(labels: Sample['labels']): string | undefined {
  const name = labels['vmi'] ?? labels['name'];
  const { namespace } = labels;
  return name === undefined || namespace === undefined ? name : `${namespace}/${name}`;
}

export const KUBEVIRT_METRICS: Reader<MoveFile, 'move'> = {
  id: 'kubevirt-metrics',
  title: 'KubeVirt migration metrics',
  kind: 'move',
  sniff: (head) => (/\bkubevirt_vmi_migration(?:s_in)?_\w+/.test(head) ? 0.97 : 0),
  read(given, file) {
    const findings: Finding[] = [];
    const { first, lines } = withFirst(given);
    const isJson = /^\s*[[{]/.test(first);
    const scrapes = new Scrapes();
    if (isJson) {
      for (const { value, line } of jsonValues(lines, file, findings)) for (const sample of samplesOfJson(value, line)) scrapes.take(sample); // prettier-ignore
    } else takeText(scrapes, lines, findings);
    scrapes.room.note(findings);
    const moves = [...scrapes.vmis.values()].map(vmiFacts);
    addFindings(findings, { kind: 'read', text: 'rates are bytes per second, not bits' });
    if (!scrapes.hasMany)
      addFindings(findings, { kind: 'warning', text: 'one scrape is one point in time: iterations need many' });
    if (scrapes.unread > 0)
      addFindings(findings, { kind: 'unused', text: `${scrapes.unread} samples of other metrics` });
    return {
      format: isJson ? 'Prometheus query result, JSON' : 'Prometheus text 0.0.4',
      facts: { moves, said: saidBy(scrapes, moves) },
      findings,
      unknown: ['downtime', 'memory of the VM (total is close to it)', 'vCPUs', 'link speed'],
    };
  },
};

function takeText(scrapes: Scrapes, lines: Iterable<string>, findings: Finding[]): void {
  for (const { text, line } of numbered(lines)) {
    if (text.trim() === '' || text.startsWith('#')) continue;
    const sample = sampleOf(text, line);
    if (sample === null)
      addFindings(findings, { kind: 'unused', line, text: `no sample of a metric: '${text.slice(0, 60)}'` });
    else scrapes.take(sample);
  }
}

const PAGE_BYTES = 4 * KIB;

function vmiFacts({ name, fields, lines, node, atMs }: Vmi): MoveFacts {
  const figures = new Figures();
  const take = (figure: Parameters<Figures['said']>[0], field: string, from: string, scale = 1): void => {
    const value = fields[field];
    if (value !== undefined) figures.said(figure, value * scale, from, lines[field]);
  };
  take('memoryBytes', 'totalBytes', 'data_bytes_total: guest memory, and disks that move too');
  take('transferredBytes', 'processedBytes', 'data_processed_bytes');
  take('remainingBytes', 'remainingBytes', 'data_remaining_bytes');
  take('dirtyBytesPerSecond', 'dirtyBytesPerSecond', 'dirty_memory_rate_bytes');
  take('sendingBytesPerSecond', 'transferBytesPerSecond', 'memory_transfer_rate_bytes');
  take('downtimeMs', 'downtimeS', 'last_downtime_duration_seconds', MS_PER_S);
  const { startedUnixS, endedUnixS } = fields;
  const ended = startedUnixS !== undefined && endedUnixS !== undefined && endedUnixS >= startedUnixS;
  if (ended) figures.said('totalMs', (endedUnixS - startedUnixS) * MS_PER_S, 'end_time_seconds less start_time_seconds', lines['endedUnixS']); // prettier-ignore
  const dirty = fields['dirtyBytesPerSecond'];
  return moveFacts({
    name,
    vmm: DEFAULT_VMM,
    manager: 'kubevirt',
    status: ended ? 'completed' : 'running',
    figures: figures.all,
    said: withoutAbsent({
      vmi: name,
      node,
      atUnixMs: atMs ?? undefined,
      ...fields,
      dirtyPagesPerSecond4KiB: dirty === undefined ? undefined : dirty / PAGE_BYTES,
      elapsedS: elapsedS(fields, atMs),
    }),
  });
}

function elapsedS({ startedUnixS, endedUnixS }: Vmi['fields'], atMs: number | null): number | undefined {
  if (startedUnixS === undefined) return undefined;
  if (endedUnixS !== undefined) return endedUnixS - startedUnixS;
  return atMs === null ? undefined : Math.round((atMs / MS_PER_S - startedUnixS) * MS_PER_S) / MS_PER_S;
}

function saidBy({ ends, sum, count, phases }: Scrapes, moves: readonly MoveFacts[]): Readonly<Record<string, unknown>> {
  const [only] = moves;
  return withoutAbsent({
    vmis: moves.length === 0 ? undefined : moves.map(({ said }) => said),
    dirtyPagesPerSecond4KiB: moves.length === 1 ? only!.said['dirtyPagesPerSecond4KiB'] : undefined,
    succeeded: ends.succeeded.length === 0 ? undefined : ends.succeeded,
    failed: ends.failed.length === 0 ? undefined : ends.failed,
    wholeTimes:
      count === undefined || sum === undefined || count === 0
        ? undefined
        : { count, meanS: Math.round((sum / count) * GIGA) / GIGA },
    inPhase: Object.keys(phases).length === 0 ? undefined : phases,
  });
}
