/**
 * Cloud Hypervisor: its log at any format of the prefix, and its event monitor.
 */
import { MIB, MS_PER_S } from '../../../sim/base/units.ts';
import type { VmmName } from '../../../sim/memory/vmms.ts';
import { amountAt, isObject, type JsonObject, jsonValues, textAt, valueAt } from '../json-values.ts';
import { numbered } from '../numbered.ts';
import { scaled } from '../quantities.ts';
import { addFindings, type Finding, type Reader, Room } from '../reader.ts';
import {
  Figures,
  type IterationFacts,
  type MeasuredPart,
  type MoveFacts,
  moveFacts,
  type MoveFile,
  type MoveStatus,
  saidOf,
  withoutAbsent,
} from './facts.ts';

const CLOUD_HYPERVISOR: VmmName = 'cloud-hypervisor';

/** One iteration as the log prints it. */
interface Context {
  readonly iteration: number;
  readonly currentMiB: number;
  readonly totalMiB: number;
  readonly bandwidthMiBs: number;
  readonly transferS: number;
  readonly overheadMs: number;
  readonly estimatedDowntimeMs: number;
  readonly elapsedS: number;
  readonly line: number;
}

const CONTEXT =
  /iter=(\d+) curr=(\d+)MiB total=(\d+)MiB bw=(\d+(?:\.\d+)?)MiB\/s transfer=(\d+(?:\.\d+)?)s overhead=(\d+)ms est_downtime=(\d+)ms elapsed=(\d+(?:\.\d+)?)s/;

function contextOf(text: string, line: number): Context | null {
  const found = CONTEXT.exec(text);
  if (found === null) return null;
  const [iteration, currentMiB, totalMiB, bandwidthMiBs, transferS, overheadMs, estimatedDowntimeMs, elapsedS] = found.slice(1).map(Number); // prettier-ignore
  return { iteration: iteration!, currentMiB: currentMiB!, totalMiB: totalMiB!, bandwidthMiBs: bandwidthMiBs!, transferS: transferS!, overheadMs: overheadMs!, estimatedDowntimeMs: estimatedDowntimeMs!, elapsedS: elapsedS!, line }; // prettier-ignore
}

/** Parts of the pause by their names in the log. */
const PARTS = [
  ['final_iter', 'finalIterationMs'],
  ['state', 'stateMs'],
  ['send_state', 'sendStateMs'],
  ['complete', 'completeMs'],
] as const;

/** A move as the log of one side has it. */
class LoggedMove {
  readonly startLine: number;
  readonly iterations: Context[] = [];
  converged: Context | null = null;
  final: Context | null = null;
  status: MoveStatus = 'running';
  side: 'source' | 'destination' = 'source';
  oldIterations = 0;
  readonly words: Record<string, number> = {};
  readonly lines: Record<string, number> = {};
  totalS: { readonly value: number; readonly digit: number } | null = null;
  readonly parts: MeasuredPart[] = [];
  reason: string | null = null;

  constructor(line: number) {
    this.startLine = line;
  }

  put(name: string, text: string | undefined, line: number): void {
    if (text === undefined) return;
    this.words[name] = Number(text);
    this.lines[name] = line;
  }
}

/** Messages of the log, which any prefix may precede: FILE:LINE changes with each release. */
type Row = readonly [pattern: RegExp, take: (log: Log, found: RegExpExecArray, line: number) => void];

const ROWS: readonly Row[] = [
  [/VmSendMigrationData \{(.*)\}/, (log, found, line) => log.request(found[1]!, line)],
  [/Sending migration: destination_url/, (log, _, line) => log.opened(line)],
  [/Precopy converged: (.*)/, (log, found, line) => { log.at(line).converged = contextOf(found[1]!, line); }],
  [/Precopy complete: (.*)/, (log, found, line) => { log.at(line).final = contextOf(found[1]!, line); }],
  [/Precopy: (iter=.*)/, (log, found, line) => log.iteration(contextOf(found[1]!, line))],
  [/Dirty memory migration (\d+) of (\d+)/, (log, found, line) => { log.at(line).oldIterations = Math.max(log.at(line).oldIterations, Number(found[1]) + 1); }],
  [/Precopy: Target downtime can be met: (\d+)ms <= (\d+)ms/, (log, found, line) => log.at(line).put('goal', found[2], line)],
  [/Precopy: Pausing VM, ignoring target downtime \((\d+)ms\) due to timeout \((\d+)s\)/, (log, found, line) => log.timedOut(found, line)],
  [/Precopy: Timeout reached: (\d+)s/, (log, found, line) => log.at(line).put('timeoutS', found[1], line)],
  [/Migration completed after (\d+(?:\.\d+)?)s with a downtime of (\d+)ms \(goal was (\d+)ms\)/, (log, found, line) => log.completed(found, line)],
  [/Downtime breakdown: (\d+)ms \((.*)\)/, (log, found, line) => log.breakdown(found[2]!, line)],
  [/Migration \(incoming\): (.*)/, (log, found, line) => log.incoming(found[1]!, line)],
  [/Receiving final state and resuming the VM took (\d+)ms/, (log, found, line) => log.at(line).put('receiveMs', found[1], line)],
  [/(?:-- |^|\] ?)Migration complete\s*$/, (log, _, line) => { log.at(line).status = 'completed'; }],
  [/Migration failed: (.*)/, (log, found, line) => log.failed(found[1]!, line)],
  [/Event: source = vm event = migration-(started|finished|failed|receive-\w+)/, (log, found, line) => log.event(found[1]!, line)],
]; // prettier-ignore

/** Iterations and moves that are kept of a log. */
const ITERATIONS_MAX = 20_000;

class Log {
  readonly moves: LoggedMove[] = [];
  readonly room = new Room(ITERATIONS_MAX, 'iterations and moves');

  /** The move that a line is of. */
  at(line: number): LoggedMove {
    if (this.moves.length === 0) this.moves.push(new LoggedMove(line));
    return this.moves.at(-1)!;
  }

  opened(line: number): void {
    const last = this.moves.at(-1);
    if ((last === undefined || last.status !== 'running') && this.room.take(line))
      this.moves.push(new LoggedMove(line));
  }

  request(words: string, line: number): void {
    this.opened(line);
    const number = (name: string): string | undefined => new RegExp(`\\b${name}: (?:Some\\()?(\\d+)`).exec(words)?.[1];
    this.at(line).put('goal', number('downtime_ms'), line);
    this.at(line).put('timeoutS', number('timeout_s'), line);
    this.at(line).put('connections', number('connections'), line);
  }

  iteration(context: Context | null): void {
    if (context === null || !this.room.take(context.line)) return;
    const last = this.moves.at(-1);
    const before = last?.iterations.at(-1);
    // Another move without a line that begins it.
    if (before !== undefined && context.iteration <= before.iteration) this.moves.push(new LoggedMove(context.line));
    this.at(context.line).iterations.push(context);
  }

  completed([, total = '', downtime, goal]: RegExpExecArray, line: number): void {
    const move = this.at(line);
    const { bytes, digitBytes } = { ...scaled(total, MS_PER_S) };
    move.totalS = { value: bytes / MS_PER_S, digit: digitBytes / MS_PER_S };
    move.lines['totalS'] = line;
    move.put('downtime', downtime, line);
    move.put('goal', goal, line);
    move.status = 'completed';
  }

  breakdown(words: string, line: number): void {
    const move = this.at(line);
    move.parts.length = 0;
    for (const [name] of PARTS) {
      const [, ms] = new RegExp(`(?:^| )${name}:(\\d+)ms`).exec(words) ?? [];
      if (ms !== undefined) move.parts.push({ name, ms: Number(ms) });
    }
  }

  timedOut([, goal, timeout]: RegExpExecArray, line: number): void {
    this.at(line).put('goal', goal, line);
    this.at(line).put('timeoutS', timeout, line);
    this.at(line).reason = 'timeout';
  }

  incoming(words: string, line: number): void {
    const move = this.at(line);
    move.side = 'destination';
    for (const [, name, ms] of words.matchAll(/(\w+):(\d+)ms/g)) move.put(`incoming ${name!}`, ms, line);
    const [, whole] = /Receiving final state and resuming the VM took (\d+)ms/.exec(words) ?? [];
    move.put('receiveMs', whole, line);
  }

  failed(reason: string, line: number): void {
    const move = this.at(line);
    move.status = 'failed';
    move.reason = reason.trim();
  }

  event(name: string, line: number): void {
    if (name === 'started') this.opened(line);
    const move = this.at(line);
    if (name.startsWith('receive-')) move.side = 'destination';
    if (name.endsWith('finished') && move.status === 'running') move.status = 'completed';
    if (name.endsWith('failed')) move.status = 'failed';
  }
}

export const CLOUD_HYPERVISOR_LOG: Reader<MoveFile, 'move'> = {
  id: 'cloud-hypervisor-log',
  title: 'Cloud Hypervisor log',
  kind: 'move',
  sniff(head) {
    if (/\bPrecopy(?: \w+)?: iter=\d+ curr=/.test(head) || /VmSendMigrationData \{/.test(head)) return 0.97;
    if (/^cloud-hypervisor: +\d+\.\d+s: </m.test(head)) return 0.9;
    return /Dirty memory migration \d+ of \d+|Migration \(incoming\): |Migration completed after [\d.]+s with a downtime of/.test(head) ? 0.9 : 0; // prettier-ignore
  },
  read(lines) {
    const log = new Log();
    let isDefault = false;
    for (const { text, line } of numbered(lines)) {
      isDefault ||= /^cloud-hypervisor: +\d+\.\d+s: </.test(text);
      for (const [pattern, take] of ROWS) {
        const found = pattern.exec(text);
        if (found === null) continue;
        take(log, found, line);
        break;
      }
    }
    const findings: Finding[] = [];
    log.room.note(findings);
    const moves = log.moves.map((move) => logFacts(move, findings));
    return {
      format: `Cloud Hypervisor log, ${isDefault ? 'default format' : 'a format of its own'}${log.moves.some(({ iterations }) => iterations.length > 0) ? ', -vv' : ''}`,
      facts: { moves, said: saidOf(moves) },
      findings,
      unknown: [
        'vCPUs',
        'link speed',
        'device list',
        log.moves.some(({ side }) => side === 'destination') ? 'source parts' : 'destination parts',
      ],
    };
  },
};

function logFacts(move: LoggedMove, findings: Finding[]): MoveFacts {
  const { iterations, words, lines, totalS, final } = move;
  const figures = new Figures();
  const [first] = iterations;
  figures.said('downtimeMs', words['downtime'], 'downtime of the completed line', lines['downtime']);
  figures.said('downtimeLimitMs', words['goal'], 'goal of the downtime', lines['goal']);
  figures.said('timeoutS', words['timeoutS'], 'timeout_s', lines['timeoutS']);
  figures.said('channels', words['connections'], 'connections', lines['connections']);
  if (totalS !== null) figures.said('totalMs', totalS.value * MS_PER_S, 'the completed line', lines['totalS'], (totalS.digit * MS_PER_S) / 2); // prettier-ignore
  if (first?.iteration === 0) {
    figures.said('memoryBytes', first.currentMiB * MIB, 'curr of iteration 0, which sends all memory that was touched', first.line, MIB); // prettier-ignore
  }
  const last = final ?? iterations.at(-1);
  if (last !== undefined) figures.said('transferredBytes', last.totalMiB * MIB, 'total', last.line, MIB);
  if (final !== null)
    figures.said('downtimeBytes', final.currentMiB * MIB, 'curr of the paused iteration', final.line, MIB);
  const fastest = iterations.toSorted((a, b) => b.bandwidthMiBs - a.bandwidthMiBs)[0];
  if (fastest !== undefined) figures.said('sendingBytesPerSecond', fastest.bandwidthMiBs * MIB, 'bw, the highest', fastest.line); // prettier-ignore
  const dirtied = dirtyEstimates(move);
  const [estimate] = dirtied;
  if (estimate !== undefined && estimate.duringS > 0) {
    figures.inferred('dirtyBytesPerSecond', (estimate.dirtiedMiB * MIB) / estimate.duringS, 'curr of iteration 1 over the transfer of iteration 0', iterations[1]?.line); // prettier-ignore
  }
  note(move, findings);
  return moveFacts({
    vmm: CLOUD_HYPERVISOR,
    status: move.status,
    figures: figures.all,
    iterations: iterations.map((each, index): IterationFacts => {
      const next = iterations[index + 1] ?? move.converged;
      const endS = each.elapsedS;
      const startS = index === 0 ? 0 : iterations[index - 1]!.elapsedS;
      return {
        index: index + 1,
        startMs: startS * MS_PER_S,
        lastsMs: Math.round((endS - startS) * MS_PER_S),
        sentBytes: each.currentMiB * MIB,
        ...(next === null || next === undefined ? {} : { dirtiedBytes: next.currentMiB * MIB }),
      };
    }),
    pauseParts: partsOf(move),
    said: saidBy(move, dirtied),
  });
}

/** Parts as they are named, and what none of them names. */
function partsOf({ parts, words }: LoggedMove): readonly MeasuredPart[] {
  const rest = (words['downtime'] ?? 0) - parts.reduce((sum, { ms }) => sum + ms, 0);
  return parts.length === 0 || rest < 0 ? parts : [{ name: 'pausing vCPUs and devices', ms: rest }, ...parts];
}

/** What the guest wrote while an iteration was sent is what the next one sends. */
function dirtyEstimates({ iterations, converged }: LoggedMove) {
  return iterations.flatMap((each, index) => {
    const next = iterations[index + 1] ?? converged;
    if (next === null || next === undefined || each.transferS === 0) return [];
    return [{ afterIteration: each.iteration, dirtiedMiB: next.currentMiB, duringS: each.transferS }];
  });
}

function saidBy(move: LoggedMove, dirtied: ReturnType<typeof dirtyEstimates>): Readonly<Record<string, unknown>> {
  const { iterations, final, converged, words, parts, totalS, side, status, oldIterations, reason } = move;
  const named = parts.reduce((sum, { ms }) => sum + ms, 0);
  const partFields = PARTS.flatMap(([name, field]) => {
    const part = parts.find((each) => each.name === name);
    return part === undefined ? [] : [[field, part.ms] as const];
  });
  const incoming = Object.entries(words).filter(([name]) => name.startsWith('incoming '));
  return withoutAbsent({
    side,
    status,
    iterations: iterations.length === 0 ? undefined : iterations.map(withoutLine),
    convergedIteration: converged === null ? undefined : converged.iteration,
    finalIteration: final === null ? undefined : { iteration: final.iteration, currentMiB: final.currentMiB },
    goalDowntimeMs: words['goal'],
    timeoutS: words['timeoutS'],
    timedOut: reason === 'timeout' ? true : undefined,
    failure: status === 'failed' ? (reason ?? undefined) : undefined,
    downtimeMs: words['downtime'],
    downtimeParts:
      parts.length === 0
        ? undefined
        : {
            ...Object.fromEntries(partFields),
            ...(words['downtime'] === undefined ? {} : { notNamedMs: words['downtime'] - named }),
          },
    totalS: totalS?.value,
    connections: words['connections'],
    dirtyIterations: oldIterations === 0 ? undefined : oldIterations,
    ...Object.fromEntries(incoming.map(([name, ms]) => [`${camel(name.slice('incoming '.length))}Ms`, ms])),
    receiveMs: words['receiveMs'],
    dirtyEstimates: dirtied.length === 0 ? undefined : dirtied,
  });
}

/** An iteration as it is printed. */
function withoutLine(context: Context): object {
  return Object.fromEntries(Object.entries(context).filter(([name]) => name !== 'line'));
}

function camel(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function note(move: LoggedMove, findings: Finding[]): void {
  const line = move.startLine;
  const { iterations, parts, status, oldIterations, side } = move;
  if (iterations.length > 0) {
    addFindings(
      findings,
      { kind: 'read', line, text: `${iterations.length} iterations; curr and total are rounded up to MiB, iteration 0 sends all memory` }, // prettier-ignore
      { kind: 'unused', line, text: 'est_downtime of iteration 0 is printed as 0 and means unknown' },
    );
  } else if (side === 'source') {
    addFindings(findings, { kind: 'asked', line, text: 'iterations are logged at -vv, from v52 on' });
  }
  if (oldIterations > 0) addFindings(findings, { kind: 'warning', line, text: `${oldIterations} iterations of an older release, which logs neither sizes nor the downtime` }); // prettier-ignore
  if (parts.length > 0)
    addFindings(findings, { kind: 'read', line, text: 'parts of the downtime leave out pausing vCPUs and devices' });
  if (status === 'running') addFindings(findings, { kind: 'warning', line, text: 'the log has no end of this move' });
}

const EVENTS_MAX = 100_000;

/** An event, with its time since the VMM started. */
interface MonitorEvent {
  readonly source: string;
  readonly event: string;
  readonly atS: number;
  readonly id: number | undefined;
  readonly line: number;
}

export const CLOUD_HYPERVISOR_EVENTS: Reader<MoveFile, 'move'> = {
  id: 'cloud-hypervisor-events',
  title: 'Cloud Hypervisor event monitor',
  kind: 'move',
  sniff: (head) =>
    /"nanos"\s*:/.test(head) && /"event"\s*:\s*"[a-z]/.test(head) && /"source"\s*:/.test(head) ? 0.96 : 0,
  read(lines, file) {
    const findings: Finding[] = [];
    const events: MonitorEvent[] = [];
    const room = new Room(EVENTS_MAX, 'events');
    for (const { value, line } of jsonValues(lines, file, findings)) {
      const event = eventOf(value, line);
      if (event === null) addFindings(findings, { kind: 'unused', line, text: 'a JSON value that is no event' });
      else if (room.take(line)) events.push(event);
    }
    room.note(findings);
    const moves = splitMoves(events).map((each) => eventFacts(each, findings));
    return {
      format: 'Cloud Hypervisor event monitor: JSON objects one after the other, pretty printed, empty lines between',
      facts: { moves, said: saidOf(moves) },
      findings: [...findings, { kind: 'read', text: 'times are since the start of the VMM' }],
      unknown: ['bytes', 'rates', 'downtime exactly'],
    };
  },
};

function eventOf(value: JsonObject, line: number): MonitorEvent | null {
  const [secs, nanos] = [amountAt(value, 'timestamp', 'secs'), amountAt(value, 'timestamp', 'nanos')];
  const [source, event] = [textAt(value, 'source'), textAt(value, 'event')];
  if (secs === undefined || nanos === undefined || source === undefined || event === undefined) return null;
  const id = valueAt(value, 'properties', 'id');
  return { source, event, atS: secs + nanos / 1e9, id: isObject(value['properties']) ? Number(id) : undefined, line };
}

function splitMoves(events: readonly MonitorEvent[]): readonly (readonly MonitorEvent[])[] {
  const moves: MonitorEvent[][] = [];
  for (const event of events) {
    const begins = event.event === 'migration-started' || event.event === 'migration-receive-started';
    if (begins || moves.length === 0) moves.push([]);
    moves.at(-1)!.push(event);
  }
  // That a destination listens is no move yet.
  return moves.filter((each) => each.some(({ event }) => /migration-(?!receive-ready)/.test(event)));
}

function eventFacts(events: readonly MonitorEvent[], findings: Finding[]): MoveFacts {
  const at = (name: string): number | undefined => events.find(({ event }) => event === name)?.atS;
  const start = at('migration-started') ?? at('migration-receive-started');
  const end = at('migration-finished') ?? at('migration-receive-finished');
  const failed = events.some(({ event }) => event.endsWith('failed'));
  const figures = new Figures();
  if (start !== undefined && end !== undefined) figures.said('totalMs', (end - start) * MS_PER_S, 'migration-started to migration-finished'); // prettier-ignore
  const [pausing, paused] = [at('pausing'), at('paused')];
  if (pausing !== undefined && end !== undefined) {
    figures.inferred('downtimeMs', (end - pausing) * MS_PER_S, 'pausing to migration-finished, which follows the answer of the destination'); // prettier-ignore
  }
  const passes = events.filter(({ event }) => event === 'migration-memory-iteration');
  addFindings(findings, { kind: 'read', line: events[0]!.line, text: 'from paused to finished is the pause without the resume of the destination' }); // prettier-ignore
  return moveFacts({
    vmm: CLOUD_HYPERVISOR,
    status: failed ? 'failed' : end !== undefined ? 'completed' : 'running',
    figures: figures.all,
    iterations: passes.flatMap(({ atS }, index): IterationFacts[] => {
      const from = index === 0 ? start : passes[index - 1]!.atS;
      if (from === undefined || start === undefined) return [];
      return [{ index: index + 1, startMs: Math.round((from - start) * MS_PER_S), lastsMs: Math.round((atS - from) * MS_PER_S) }]; // prettier-ignore
    }),
    pauseParts:
      pausing === undefined || paused === undefined || end === undefined
        ? []
        : [
            { name: 'pausing vCPUs and devices', ms: (paused - pausing) * MS_PER_S },
            { name: 'paused to finished', ms: (end - paused) * MS_PER_S },
          ],
    said: {
      status: failed ? 'failed' : end !== undefined ? 'completed' : 'running',
      events: events.map(({ source, event, atS }) => ({ source, event, atS: Math.round(atS * MS_PER_S) / MS_PER_S })),
      iterations: passes.length,
    },
  });
}
