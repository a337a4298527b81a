/**
 * One move of a QMP session as facts: what its answers and events say, and what follows from several of them.
 */
import { BITS_PER_BYTE, countOf, MEGA, US_PER_MS } from '../../../sim/base/units.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { amountAt, flagAt, type JsonObject, textAt } from '../json-values.ts';
import { addFindings, type Finding } from '../reader.ts';
import {
  type Fact,
  Figures,
  type IterationFacts,
  type MoveFacts,
  moveFacts,
  type MoveSettings,
  type MoveStatus,
  withoutAbsent,
} from './facts.ts';
import { iterationsOf } from './passes.ts';

export interface QmpPoll {
  readonly poll: JsonObject;
  readonly status: string;
  readonly totalMs: number | undefined;
  readonly line: number;
}

export interface QmpSession {
  version: string | null;
  vcpus: { readonly count: number; readonly line: number } | null;
  readonly polls: QmpPoll[];
  readonly passes: { readonly index: number; readonly atUs: number | null; readonly line: number }[];
  readonly statuses: { readonly status: string; readonly atUs: number | null; readonly line: number }[];
  readonly deviceStates: { readonly id: string; readonly state: string; readonly atUs: number | null }[];
  /** What was set or asked for, each with its `line`. */
  readonly settings: JsonObject[];
  stoppedAtUs: number | null;
  /** Answers that said no more than those around them, and were not kept. */
  dropped: number;
  /** Highest of the rates of answers of them, in 10^6 bits per second. */
  bestRate: number;
}

/** Words of QEMU for how a move is (qapi/migration.json of 11.1). */
const STATUSES: Readonly<Record<string, MoveStatus>> = {
  none: 'none',
  setup: 'waiting',
  'wait-unplug': 'waiting',
  active: 'running',
  'pre-switchover': 'running',
  device: 'running',
  'postcopy-active': 'running',
  'postcopy-device': 'running',
  'postcopy-paused': 'running',
  'postcopy-recover': 'running',
  'postcopy-recover-setup': 'running',
  colo: 'running',
  completed: 'completed',
  failed: 'failed',
  cancelling: 'cancelled',
  cancelled: 'cancelled',
};

/** A word of QEMU for how a move is, in the word for all programs. */
export function qemuStatus(status: string | undefined): MoveStatus {
  return status !== undefined && Object.hasOwn(STATUSES, status) ? STATUSES[status]! : 'unknown';
}

/** Facts of a move. @param findings takes what is worth to know */
export function qmpMove(session: QmpSession, findings: Finding[]): MoveFacts {
  const last = session.polls.at(-1);
  const status = last?.status ?? session.statuses.at(-1)?.status;
  const figures = figuresOf(session);
  const startUs = startOf(session);
  const iterations = passesOf(session, startUs);
  noteTraps(session, status, findings);
  return moveFacts({
    vmm: DEFAULT_VMM,
    vmmVersion: session.version,
    status: qemuStatus(status),
    figures: figures.all,
    settings: settingsOf(session),
    iterations,
    devices: devicesOf(session, startUs),
    said: saidBy(session, status, figures, startUs),
  });
}

/** Beginning of the move by the clock of the events. */
function startOf({ statuses, passes }: QmpSession): number | null {
  return statuses.find(({ status }) => status === 'setup')?.atUs ?? statuses[0]?.atUs ?? passes[0]?.atUs ?? null;
}

/** Whole ms since the start of the move, cut off as QEMU does. */
function sinceMs(atUs: number | null, startUs: number | null): number | undefined {
  return atUs === null || startUs === null ? undefined : Math.floor((atUs - startUs) / US_PER_MS);
}

function figuresOf(session: QmpSession): Figures {
  const figures = new Figures();
  for (const { poll, line, status } of session.polls) takePoll(figures, poll, status, line);
  const rates = session.polls.flatMap(({ poll, status, line }) => {
    const mbps = status === 'completed' ? undefined : amountAt(poll, 'ram', 'mbps');
    return mbps === undefined || mbps === 0 ? [] : [{ mbps, line }];
  });
  const best = rates.toSorted((a, b) => b.mbps - a.mbps)[0];
  if (best !== undefined) {
    figures.said('sendingBytesPerSecond', (best.mbps * MEGA) / BITS_PER_BYTE, 'ram.mbps, the highest', best.line);
  }
  takeSettings(figures, session);
  if (figures.value('downtimeLimitMs') === undefined) {
    // QEMU begins with the limit, and computes it after the second sync.
    const first = session.polls.find(({ poll }) => (amountAt(poll, 'ram', 'dirty-sync-count') ?? 9) <= 1);
    const expected = first === undefined ? undefined : amountAt(first.poll, 'expected-downtime');
    if (expected !== undefined && expected > 0) {
      figures.inferred(
        'downtimeLimitMs',
        expected,
        'expected-downtime of the first iteration, which is the limit',
        first!.line,
      );
    }
  }
  if (session.vcpus !== null) figures.said('vcpus', session.vcpus.count, 'query-cpus-fast', session.vcpus.line);
  return figures;
}

function takePoll(figures: Figures, poll: JsonObject, status: string, line: number): void {
  const isOver = status === 'completed';
  const ram = (name: string): number | undefined => amountAt(poll, 'ram', name);
  figures.said('totalMs', amountAt(poll, 'total-time'), 'total-time', line);
  figures.said('setupMs', amountAt(poll, 'setup-time'), 'setup-time', line);
  figures.said('downtimeMs', amountAt(poll, 'downtime'), 'downtime', line);
  if (!isOver) figures.said('expectedDowntimeMs', amountAt(poll, 'expected-downtime'), 'expected-downtime', line);
  figures.said('memoryBytes', ram('total'), 'ram.total', line);
  figures.said('pageBytes', ram('page-size'), 'ram.page-size', line);
  figures.said('normalPages', ram('normal'), 'ram.normal', line);
  figures.said('zeroPages', ram('duplicate'), 'ram.duplicate', line);
  figures.said('transferredBytes', ram('transferred'), 'ram.transferred', line);
  figures.said('downtimeBytes', isOver ? ram('downtime-bytes') : undefined, 'ram.downtime-bytes', line);
  figures.said('syncs', ram('dirty-sync-count'), 'ram.dirty-sync-count', line);
  figures.said('deviceBytes', amountAt(poll, 'vfio', 'transferred'), 'vfio.transferred', line);
  if (!isOver) {
    const [all, memory] = [amountAt(poll, 'remaining'), ram('remaining')];
    figures.said('remainingBytes', memory, 'ram.remaining', line);
    if (all !== undefined && memory !== undefined && all >= memory) {
      figures.inferred('deviceRemainingBytes', all - memory, 'remaining less ram.remaining', line);
    }
  }
  const mbps = ram('mbps');
  if (isOver && mbps !== undefined && mbps > 0) {
    figures.said('sendingBytesPerSecond', (mbps * MEGA) / BITS_PER_BYTE, 'ram.mbps, over the whole move', line);
  }
  const [pages, size] = [ram('dirty-pages-rate'), ram('page-size')];
  if (pages !== undefined && pages > 0 && size !== undefined) {
    figures.said('dirtyBytesPerSecond', pages * size, 'ram.dirty-pages-rate of page-size', line);
  }
}

function takeSettings(figures: Figures, { settings }: QmpSession): void {
  for (const each of settings) {
    const line = amountAt(each, 'line');
    figures.said('downtimeLimitMs', amountAt(each, 'downtime-limit'), 'downtime-limit', line);
    const bandwidth = amountAt(each, 'max-bandwidth');
    figures.said('bandwidthLimitBytesPerSecond', bandwidth === 0 ? undefined : bandwidth, 'max-bandwidth', line);
    figures.said('channels', amountAt(each, 'multifd-channels'), 'multifd-channels', line);
  }
}

function settingsOf({ settings, polls }: QmpSession): MoveSettings {
  const found: Record<string, Fact<boolean>> = {};
  const flag = (name: string, field: string): void => {
    for (const each of settings) {
      const value = flagAt(each, `capability ${field}`);
      if (value !== undefined) found[name] = { value, origin: 'said', from: field, ...lineOf(each) };
    }
  };
  flag('multifd', 'multifd');
  flag('autoConverge', 'auto-converge');
  flag('postCopy', 'postcopy-ram');
  const sent = polls.findLast(({ poll }) => amountAt(poll, 'ram', 'multifd-bytes') !== undefined);
  if (found['multifd'] === undefined && sent !== undefined) {
    const bytes = amountAt(sent.poll, 'ram', 'multifd-bytes')!;
    found['multifd'] = { value: bytes > 0, origin: 'inferred', from: `ram.multifd-bytes is ${bytes}`, line: sent.line };
  }
  if (polls.some(({ poll }) => (amountAt(poll, 'cpu-throttle-percentage') ?? 0) > 0)) {
    found['autoConverge'] = { value: true, origin: 'inferred', from: 'cpu-throttle-percentage is there' };
  }
  const secured = settings.findLast((each) => textAt(each, 'tls-creds') !== undefined);
  if (secured !== undefined) {
    found['tls'] = {
      value: textAt(secured, 'tls-creds') !== '',
      origin: 'said',
      from: 'tls-creds',
      ...lineOf(secured),
    };
  }
  const method = settings.findLast((each) => textAt(each, 'multifd-compression') !== undefined);
  if (method === undefined) return found;
  const value = textAt(method, 'multifd-compression')!;
  return { ...found, compression: { value, origin: 'said', from: 'multifd-compression', ...lineOf(method) } };
}

function lineOf(settings: JsonObject): { readonly line?: number } {
  const line = amountAt(settings, 'line');
  return line === undefined ? {} : { line };
}

/** Iterations by the events that begin them, or by the answers in which the count of syncs rose. */
function passesOf(session: QmpSession, startUs: number | null): readonly IterationFacts[] {
  const points = session.polls.flatMap(({ poll, totalMs }) => {
    const [pages, size] = [amountAt(poll, 'ram', 'normal'), amountAt(poll, 'ram', 'page-size')];
    const syncs = amountAt(poll, 'ram', 'dirty-sync-count');
    if (totalMs === undefined || pages === undefined || size === undefined || syncs === undefined) return [];
    return [{ atMs: totalMs, sentBytes: pages * size, syncs }];
  });
  const begins = session.passes.flatMap(({ index, atUs }) => {
    const atMs = sinceMs(atUs, startUs);
    return atMs === undefined ? [] : [{ index, atMs }];
  });
  const stoppedMs = sinceMs(session.stoppedAtUs, startUs);
  return iterationsOf(points, begins, stoppedMs);
}

function devicesOf({ deviceStates }: QmpSession, startUs: number | null): MoveFacts['devices'] {
  const ids = [...new Set(deviceStates.map(({ id }) => id))];
  return ids.map((id) => ({
    id,
    arcs: deviceStates
      .filter((each) => each.id === id)
      .map(({ state, atUs }) => ({ to: state, requestMs: null, doneMs: sinceMs(atUs, startUs) ?? null, tookUs: null })),
  }));
}

function saidBy(
  session: QmpSession,
  status: string | undefined,
  figures: Figures,
  startUs: number | null,
): Readonly<Record<string, unknown>> {
  const { polls, passes, version, stoppedAtUs } = session;
  const last = polls.at(-1)?.poll;
  const isOver = status === 'completed';
  const stoppedMs = sinceMs(stoppedAtUs, startUs);
  const before = passes.filter(({ atUs }) => stoppedAtUs === null || (atUs ?? 0) < stoppedAtUs);
  const dirty = polls.findLast(({ poll }) => (amountAt(poll, 'ram', 'dirty-pages-rate') ?? 0) > 0)?.poll;
  return withoutAbsent({
    qemu: version,
    status,
    setupMs: figures.value('setupMs'),
    totalMs: figures.value('totalMs'),
    downtimeMs: figures.value('downtimeMs'),
    expectedDowntimeMs: isOver ? undefined : figures.value('expectedDowntimeMs'),
    ramTotalBytes: figures.value('memoryBytes'),
    ramRemainingBytes: isOver ? undefined : figures.value('remainingBytes'),
    allRemainingBytes: isOver ? undefined : amountAt(last, 'remaining'),
    deviceRemainingBytes: isOver ? undefined : figures.value('deviceRemainingBytes'),
    pageSize: figures.value('pageBytes'),
    normalPages: figures.value('normalPages'),
    zeroPages: figures.value('zeroPages'),
    transferredBytes: figures.value('transferredBytes'),
    precopyBytes: amountAt(last, 'ram', 'precopy-bytes'),
    downtimeBytes: isOver ? figures.value('downtimeBytes') : undefined,
    postcopyBytes: amountAt(last, 'ram', 'postcopy-bytes'),
    multifdBytes: amountAt(last, 'ram', 'multifd-bytes'),
    vfioBytes: figures.value('deviceBytes'),
    mbps: amountAt(last, 'ram', 'mbps'),
    pagesPerSecond: amountAt(last, 'ram', 'pages-per-second'),
    dirtyPagesPerSecond: amountAt(dirty, 'ram', 'dirty-pages-rate'),
    dirtySyncCount: figures.value('syncs'),
    postcopyRequests: amountAt(last, 'ram', 'postcopy-requests'),
    throttlePercent: amountAt(last, 'cpu-throttle-percentage'),
    errorDescription: textAt(last, 'error-desc'),
    blockedReasons: last?.['blocked-reasons'],
    downtimeLimitMs: figures.all.downtimeLimitMs?.origin === 'said' ? figures.value('downtimeLimitMs') : undefined,
    ...eventsOf(session, before, startUs),
    vmStoppedAtMs: stoppedMs,
    polls: polls.length + session.dropped,
  });
}

function eventsOf(
  { passes, deviceStates }: QmpSession,
  before: QmpSession['passes'],
  startUs: number | null,
): Readonly<Record<string, unknown>> {
  if (passes.length === 0 && deviceStates.length === 0) return {};
  const ids = [...new Set(deviceStates.map(({ id }) => id))];
  return {
    passesBeforeStop: before.length,
    passes: before.map(({ index, atUs }) => ({ index, atMs: sinceMs(atUs, startUs) ?? null })),
    devices: ids.map((id) => ({
      id,
      states: deviceStates
        .filter((each) => each.id === id)
        .map(({ state, atUs }) => [state, sinceMs(atUs, startUs) ?? null]),
    })),
  };
}

function noteTraps(session: QmpSession, status: string | undefined, findings: Finding[]): void {
  const { polls, passes, deviceStates } = session;
  const last = polls.at(-1);
  const note = (kind: Finding['kind'], text: string, line?: number): void => {
    addFindings(findings, { kind, text, ...(line === undefined ? {} : { line }) });
  };
  if (polls.length > 0) note('read', `${polls.length === 1 ? 'one answer' : `${polls.length + session.dropped} answers`} to query-migrate, the last one ${last!.status}`, last!.line); // prettier-ignore
  if (passes.length > 0)
    note('read', `${countOf(passes.length, 'iteration')} by MIGRATION_PASS events`, passes[0]!.line);
  if (polls.length > 1 && passes.length === 0) note('inferred', 'answers have no time: total-time of each gives the time since the start'); // prettier-ignore
  if (passes.length === 0 && polls.length > 1) note('asked', 'events of iterations need the capability events'); // prettier-ignore
  if (deviceStates.length === 0 && last !== undefined && amountAt(last.poll, 'vfio', 'transferred') !== undefined) {
    note('asked', 'times of devices need QEMU 9.1 and migration-events=on of each VFIO device, or its trace');
  }
  if (status === 'completed') note('read', 'downtime is what QEMU of the source measured; without a return path it ends before the destination loads'); // prettier-ignore
  if (status !== undefined && qemuStatus(status) === 'running') note('warning', 'the move was still running: it has no downtime yet'); // prettier-ignore
  if (polls.some(({ poll }) => Object.hasOwn(poll, 'remaining'))) {
    note(
      'read',
      'remaining at the top counts RAM and all devices, ram.remaining counts RAM only (QEMU 11.1 and newer)',
    );
  }
  const first = polls.find(({ poll }) => amountAt(poll, 'ram', 'dirty-pages-rate') === 0 && amountAt(poll, 'ram', 'dirty-sync-count') === 1); // prettier-ignore
  if (first !== undefined) note('unused', 'dirty-pages-rate is 0 until the second sync: no measurement', first.line);
  if (status === 'completed' && polls.length === 1) note('unused', 'dirty-pages-rate and remaining of a completed answer are left at 0', last!.line); // prettier-ignore
  const throttled = polls.findLast(({ poll }) => (amountAt(poll, 'cpu-throttle-percentage') ?? 0) > 0);
  if (throttled !== undefined) note('read', `QEMU throttled the vCPUs by ${amountAt(throttled.poll, 'cpu-throttle-percentage')} %`, throttled.line); // prettier-ignore
}
