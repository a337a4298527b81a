/**
 * Reports of QEMU's guestperf (tests/migration-stress): one record for each iteration, and one at the end.
 */
import { BITS_PER_BYTE, GIB, KIB, MEGA, MIB } from '../../../sim/base/units.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { amountAt, flagAt, isObject, type JsonObject, jsonValues, listAt, textAt, valueAt } from '../json-values.ts';
import { addFindings, type Finding, type Reader } from '../reader.ts';
import { Figures, type MoveFacts, moveFacts, type MoveFile, saidOf, withoutAbsent } from './facts.ts';
import { iterationsOf } from './passes.ts';
import { qemuStatus } from './qmp-move.ts';

/** Page of the guests, which are all alike. */
const PAGE_BYTES = 4 * KIB;

export const GUESTPERF: Reader<MoveFile, 'move'> = {
  id: 'guestperf',
  title: 'guestperf report',
  kind: 'move',
  sniff: (head) => (/"progress_history"\s*:/.test(head) || (/"hardware"\s*:/.test(head) && /"src_mem_bind"\s*:/.test(head)) ? 0.97 : 0), // prettier-ignore
  read(lines, file) {
    const findings: Finding[] = [];
    const moves: MoveFacts[] = [];
    let isNew = false;
    for (const { value, line } of jsonValues(lines, file, findings)) {
      if (!isObject(value['scenario']) || !Array.isArray(value['progress_history'])) {
        addFindings(findings, { kind: 'unused', line, text: 'a JSON value that is no report of guestperf' });
        continue;
      }
      isNew ||= isObject(value['result']);
      moves.push(reportFacts(value, line, findings));
    }
    return {
      format: isNew ? 'guestperf report (QEMU 9.1 and newer fields)' : 'guestperf report (fields of before QEMU 9.1)',
      facts: { moves, said: saidOf(moves) },
      findings,
      unknown: ['working set (the stress program dirties all of mem)', 'device state: guestperf has no VFIO devices'],
    };
  },
};

function reportFacts(report: JsonObject, line: number, findings: Finding[]): MoveFacts {
  const records = listAt(report, 'progress_history').filter(isObject);
  // A run that was cancelled ends in a record of zeros.
  const last = records.findLast((each) => amountAt(each, 'ram', 'total_bytes') !== 0) ?? records.at(-1);
  const figures = figuresOf(report, records, last, line);
  const name = textAt(report, 'scenario', 'name') ?? null;
  const status = textAt(records.at(-1), 'status');
  note(report, records, status, findings);
  return moveFacts({
    name,
    vmm: DEFAULT_VMM,
    status: qemuStatus(status),
    figures: figures.all,
    settings: settingsOf(report, line),
    iterations: passesOf(records, amountAt(last, 'downtime')),
    said: saidBy(report, records, last, status, figures),
  });
}

function figuresOf(
  report: JsonObject,
  records: readonly JsonObject[],
  last: JsonObject | undefined,
  line: number,
): Figures {
  const figures = new Figures();
  const end = (name: string): number | undefined => amountAt(last, 'ram', name);
  figures.said('totalMs', amountAt(last, 'duration'), 'duration', line);
  figures.said('setupMs', amountAt(last, 'setup_time'), 'setup_time', line);
  if (textAt(last, 'status') === 'completed') figures.said('downtimeMs', amountAt(last, 'downtime'), 'downtime', line);
  figures.said('memoryBytes', end('total_bytes'), 'ram.total_bytes', line);
  figures.said('normalPages', end('normal_pages'), 'ram.normal_pages', line);
  figures.said('zeroPages', end('duplicate_pages'), 'ram.duplicate_pages', line);
  figures.said('transferredBytes', end('transferred_bytes'), 'ram.transferred_bytes', line);
  figures.said('syncs', end('iterations'), 'ram.iterations', line);
  figures.said('pageBytes', PAGE_BYTES, 'guests of guestperf have pages of 4 KiB', line);
  figures.said('vcpus', amountAt(report, 'hardware', 'cpus'), 'hardware.cpus', line);
  figures.said('downtimeLimitMs', amountAt(report, 'scenario', 'downtime'), 'scenario.downtime', line);
  const cap = amountAt(report, 'scenario', 'bandwidth');
  if (cap !== undefined && cap > 0) figures.said('bandwidthLimitBytesPerSecond', cap * MIB, 'scenario.bandwidth in MiB/s', line); // prettier-ignore
  if (flagAt(report, 'scenario', 'multifd') === true) {
    figures.said('channels', amountAt(report, 'scenario', 'multifd_channels'), 'scenario.multifd_channels', line);
  }
  const mbps = Math.max(0, ...records.map((each) => amountAt(each, 'ram', 'transfer_rate_mbs') ?? 0));
  if (mbps > 0) figures.said('sendingBytesPerSecond', (mbps * MEGA) / BITS_PER_BYTE, 'ram.transfer_rate_mbs, megabits in spite of its name', line); // prettier-ignore
  const dirty = lastDirty(records);
  if (dirty !== undefined) figures.said('dirtyBytesPerSecond', dirty * PAGE_BYTES, 'ram.dirty_rate_pps of 4 KiB', line);
  return figures;
}

/** The last dirty rate that was measured: it is 0 in the first pass and at the end. */
function lastDirty(records: readonly JsonObject[]): number | undefined {
  const found = records.findLast((each) => (amountAt(each, 'ram', 'dirty_rate_pps') ?? 0) > 0);
  return amountAt(found, 'ram', 'dirty_rate_pps');
}

/** One record for each pass, taken as it begins. */
function passesOf(records: readonly JsonObject[], downtimeMs: number | undefined): MoveFacts['iterations'] {
  const points = records.flatMap((each) => {
    const [pages, atMs] = [amountAt(each, 'ram', 'normal_pages'), amountAt(each, 'duration')];
    const syncs = amountAt(each, 'ram', 'iterations');
    if (pages === undefined || atMs === undefined || syncs === undefined) return [];
    return [{ atMs, sentBytes: pages * PAGE_BYTES, syncs }];
  });
  const last = points.at(-1);
  const ended = textAt(records.at(-1), 'status') === 'completed' && last !== undefined && downtimeMs !== undefined;
  return iterationsOf(points, [], ended ? last.atMs - downtimeMs : undefined);
}

function settingsOf(report: JsonObject, line: number): MoveFacts['settings'] {
  const flag = (field: string) => {
    const value = flagAt(report, 'scenario', field);
    return value === undefined ? undefined : ({ value, origin: 'said', from: `scenario.${field}`, line } as const);
  };
  const [multifd, autoConverge, postCopy] = [flag('multifd'), flag('auto_converge'), flag('post_copy')];
  const method = textAt(report, 'scenario', 'multifd_compression');
  return {
    ...(multifd === undefined ? {} : { multifd }),
    ...(autoConverge === undefined ? {} : { autoConverge }),
    ...(postCopy === undefined ? {} : { postCopy }),
    ...(method === undefined || method === ''
      ? {}
      : { compression: { value: method, origin: 'said', from: 'scenario.multifd_compression', line } }),
  };
}

function saidBy(
  report: JsonObject,
  records: readonly JsonObject[],
  last: JsonObject | undefined,
  status: string | undefined,
  figures: Figures,
): Readonly<Record<string, unknown>> {
  const mbps = amountAt(last, 'ram', 'transfer_rate_mbs');
  return withoutAbsent({
    success: flagAt(report, 'result', 'success'),
    scenario: textAt(report, 'scenario', 'name'),
    vcpus: amountAt(report, 'hardware', 'cpus'),
    memoryGiB: amountAt(report, 'hardware', 'mem'),
    downtimeLimitMs: amountAt(report, 'scenario', 'downtime'),
    bandwidthMiBPerSecond: amountAt(report, 'scenario', 'bandwidth'),
    maxIterations: amountAt(report, 'scenario', 'max_iters'),
    maxTimeS: amountAt(report, 'scenario', 'max_time'),
    multifd: flagAt(report, 'scenario', 'multifd'),
    multifdChannels: amountAt(report, 'scenario', 'multifd_channels'),
    autoConverge: flagAt(report, 'scenario', 'auto_converge'),
    postCopy: flagAt(report, 'scenario', 'post_copy'),
    xbzrle: flagAt(report, 'scenario', 'compression_xbzrle'),
    dirtyLimit: flagAt(report, 'scenario', 'dirty_limit'),
    status,
    totalMs: figures.value('totalMs'),
    setupMs: figures.value('setupMs'),
    downtimeMs: figures.value('downtimeMs'),
    ramTotalBytes: figures.value('memoryBytes'),
    normalPages: figures.value('normalPages'),
    zeroPages: figures.value('zeroPages'),
    transferredBytes: figures.value('transferredBytes'),
    dirtyPagesPerSecond: lastDirty(records),
    mbps,
    iterations: figures.value('syncs'),
    throttlePercent: amountAt(last, 'throttle_pcent'),
    records: records.length,
    guestTimings: listAt(report, 'guest_timings').length,
    transport: textAt(report, 'transport'),
  });
}

function note(
  report: JsonObject,
  records: readonly JsonObject[],
  status: string | undefined,
  findings: Finding[],
): void {
  addFindings(
    findings,
    { kind: 'read', text: `${records.length} records: one as each iteration begins, and one at the end; their differences are the iterations` }, // prettier-ignore
    { kind: 'read', text: 'transfer_rate_mbs is megabits per second in spite of its name' },
  );
  if (listAt(report, 'guest_timings').length > 0) {
    addFindings(findings, {
      kind: 'unused',
      text: 'guest_timings are ms that a thread of the guest took for 1 GB: how much it was slowed down',
    });
  }
  if (status !== 'completed') addFindings(findings, { kind: 'warning', text: `the move ended ${status ?? 'without a record'}: it has no downtime` }); // prettier-ignore
  const { mem } = { mem: valueAt(report, 'hardware', 'mem') };
  if (typeof mem === 'number') addFindings(findings, { kind: 'read', text: `hardware.mem is ${mem} GiB, ${mem * GIB} bytes without ROM and graphics` }); // prettier-ignore
}
