/**
 * QMP: answers to query-migrate, one or many, with events, settings and the greeting where they are there.
 */
import { MEGA } from '../../../sim/base/units.ts';
import { flagAt, isObject, type JsonObject, jsonValues, amountAt, listAt, textAt, valueAt } from '../json-values.ts';
import { addFindings, type Finding, type Reader, Room } from '../reader.ts';
import { type MoveFile, saidOf } from './facts.ts';
import { type QmpPoll, type QmpSession, qmpMove } from './qmp-move.ts';

const SESSION = 'QMP session, one JSON value a line';
const REPLY = 'QMP query-migrate reply';
const REPLY_11_1 = 'QMP query-migrate reply (top-level remaining: QEMU 11.1 and newer)';

/** What of an answer is one of query-migrate. */
function isPoll(value: unknown): value is JsonObject {
  if (!isObject(value)) return false;
  // Before any move there is no status, and there may be blockers.
  if (textAt(value, 'status') === undefined) return Array.isArray(value['blocked-reasons']);
  // query-status has a status too, and says whether the VM runs.
  return !Object.hasOwn(value, 'running') && !Object.hasOwn(value, 'singlestep');
}

/** Moves of a session, as they begin one after the other. */
class Sessions {
  readonly all: QmpSession[] = [];
  readonly findings: Finding[] = [];
  private version: string | null = null;
  private readonly settings: JsonObject[] = [];
  private vcpus: { readonly count: number; readonly line: number } | null = null;
  readonly room = new Room(EVENTS_MAX, 'moves, events and settings');
  values = 0;

  take(value: JsonObject, line: number): void {
    this.values += 1;
    if (isObject(value['QMP'])) this.greeting(value['QMP']);
    else if (typeof value['event'] === 'string') this.event(value, value['event'], line);
    else if (typeof value['execute'] === 'string') this.command(value, value['execute'], line);
    else if (isObject(value['error'])) this.error(value['error'], line);
    else this.answer(Object.hasOwn(value, 'return') ? value['return'] : value, value, line);
  }

  private greeting(qmp: JsonObject): void {
    this.takeVersion(valueAt(qmp, 'version', 'qemu'));
  }

  private takeVersion(numbers: unknown): void {
    const parts = ['major', 'minor', 'micro'].map((name) => amountAt(numbers, name));
    if (!parts.includes(undefined)) this.version = parts.join('.');
    for (const session of this.all) session.version ??= this.version;
  }

  private command(value: JsonObject, name: string, line: number): void {
    if (name === 'migrate-set-parameters' && isObject(value['arguments'])) this.takeSettings(value['arguments'], line);
    if (name === 'migrate-set-capabilities') this.takeCapabilities(listAt(value['arguments'], 'capabilities'), line);
    if (name === 'migrate' && this.lastIsOver()) this.open();
  }

  private error(error: JsonObject, line: number): void {
    const text = textAt(error, 'desc') ?? 'an error without a description';
    addFindings(this.findings, { kind: 'warning', line, text: `QEMU answers: ${text}` });
  }

  private answer(answer: unknown, value: JsonObject, line: number): void {
    if (Array.isArray(answer)) this.answerList(answer, line);
    else if (isPoll(answer)) this.poll(answer, line);
    else if (isObject(answer) && isObject(answer['qemu'])) this.takeVersion(answer['qemu']);
    else if (amountAt(answer, 'downtime-limit') !== undefined) this.takeSettings(answer as JsonObject, line);
    else if (!isObject(answer) || Object.keys(answer).length > 0) {
      const id = Object.hasOwn(value, 'id') ? ` (id ${JSON.stringify(value['id'])})` : '';
      addFindings(this.findings, { kind: 'unused', line, text: `an answer${id} that says nothing of a migration` });
    }
  }

  private answerList(answer: readonly unknown[], line: number): void {
    const polls = answer.filter(isPoll);
    for (const each of polls) this.poll(each, line);
    if (answer.some((each) => isObject(each) && Object.hasOwn(each, 'cpu-index'))) {
      this.vcpus = { count: answer.length, line };
      for (const session of this.all) session.vcpus ??= this.vcpus;
    }
    this.takeCapabilities(answer, line);
  }

  /** Settings may be said before the move and after it. */
  private takeSettings(settings: JsonObject, line: number): void {
    if (!this.room.take(line)) return;
    this.settings.push({ ...settings, line });
    for (const session of this.all.slice(-1)) session.settings.push({ ...settings, line });
  }

  private takeCapabilities(list: readonly unknown[], line: number): void {
    const states = list.flatMap((each) => {
      const [name, state] = [textAt(each, 'capability'), flagAt(each, 'state')];
      return name === undefined || state === undefined ? [] : [[`capability ${name}`, state] as const];
    });
    if (states.length > 0) this.takeSettings(Object.fromEntries(states), line);
  }

  private event(value: JsonObject, name: string, line: number): void {
    const [seconds, micros] = [amountAt(value, 'timestamp', 'seconds'), amountAt(value, 'timestamp', 'microseconds')];
    const atUs = seconds === undefined || micros === undefined ? null : seconds * MEGA + micros;
    const status = name === 'MIGRATION' ? textAt(value, 'data', 'status') : undefined;
    if (name === 'MIGRATION' && (status === 'setup' || this.all.length === 0)) {
      if (this.lastIsOver()) this.open();
    }
    const session = this.all.at(-1);
    if (session === undefined || !this.room.take(line)) return;
    if (status !== undefined) session.statuses.push({ status, atUs, line });
    if (name === 'STOP') session.stoppedAtUs = atUs;
    const pass = amountAt(value, 'data', 'pass');
    if (name === 'MIGRATION_PASS' && pass !== undefined) session.passes.push({ index: pass, atUs, line });
    const [id, state] = [textAt(value, 'data', 'device-id'), textAt(value, 'data', 'device-state')];
    if (name === 'VFIO_MIGRATION' && state !== undefined) {
      session.deviceStates.push({
        id: id === undefined || id === '' ? (textAt(value, 'data', 'qom-path') ?? '?') : id,
        state,
        atUs,
      });
    }
  }

  private poll(poll: JsonObject, line: number): void {
    const status = textAt(poll, 'status') ?? 'none';
    const totalMs = amountAt(poll, 'total-time');
    const before = this.all.at(-1)?.polls.at(-1);
    const begins = before !== undefined && isOtherMove(before, status, totalMs);
    if (begins) {
      addFindings(this.findings, {
        kind: 'read',
        line,
        text: 'another move begins: its time is less than that of the answer before',
      });
    }
    if (this.all.length === 0 || (begins && this.room.take(line))) this.open();
    const session = this.all.at(-1)!;
    session.polls.push({ poll, status, totalMs, line });
    if (session.polls.length > POLLS_MAX) thinOut(session);
  }

  /** Whether what comes now is of another move. */
  private lastIsOver(): boolean {
    const last = this.all.at(-1);
    if (last === undefined) return true;
    const status = last.polls.at(-1)?.status;
    return (status !== undefined && OVER.has(status)) || last.statuses.some((each) => OVER.has(each.status));
  }

  private open(): void {
    this.all.push({
      version: this.version,
      vcpus: this.vcpus,
      polls: [],
      passes: [],
      statuses: [],
      deviceStates: [],
      settings: [...this.settings],
      stoppedAtUs: null,
      dropped: 0,
      bestRate: 0,
    });
  }
}

const EVENTS_MAX = 100_000;
/** Answers that are kept of a move. */
const POLLS_MAX = 20_000;

/** Drops the answer before the last one where it says nothing that those around it do not: no new pass, no higher rate. */
function thinOut(session: QmpSession): void {
  const { polls } = session;
  const [before, middle, after] = polls.slice(-3).map(({ poll }) => amountAt(poll, 'ram', 'dirty-sync-count'));
  const rate = (each: QmpPoll | undefined): number => amountAt(each?.poll, 'ram', 'mbps') ?? 0;
  const [a, b, c] = polls.slice(-3);
  const isBest = rate(b) > rate(a) && rate(b) > rate(c) && rate(b) > session.bestRate;
  session.bestRate = Math.max(session.bestRate, rate(b));
  if (before !== middle || middle !== after || isBest) return;
  polls.splice(-2, 1);
  session.dropped += 1;
}

const OVER: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled']);

/** An answer with less time than the one before it, or one that runs after the end. */
function isOtherMove(before: QmpPoll, status: string, totalMs: number | undefined): boolean {
  if (OVER.has(before.status) && !OVER.has(status)) return status !== 'none';
  return before.totalMs !== undefined && totalMs !== undefined && totalMs < before.totalMs;
}

/** An answer that has little more than its status. */
const BARE =
  /"return"\s*:\s*\{\s*"(?:status"\s*:\s*"(?:setup|cancelling|cancelled|failed|completed|wait-unplug)"|error-desc")/;

export const QMP: Reader<MoveFile, 'move'> = {
  id: 'qmp',
  title: SESSION,
  kind: 'move',
  sniff(head) {
    if (/\{\s*"QMP"\s*:/.test(head)) return 1;
    if (/"event"\s*:\s*"(?:MIGRATION|MIGRATION_PASS|VFIO_MIGRATION)"/.test(head)) return 0.95;
    const replies =
      /"status"\s*:\s*"[a-z-]+"/.test(head) && /"(?:total-time|expected-downtime|setup-time)"\s*:/.test(head);
    if (replies && /"dirty-sync-count"\s*:/.test(head)) return 0.95;
    return replies || /"blocked-reasons"\s*:/.test(head) || BARE.test(head) ? 0.8 : 0;
  },
  read(lines, file) {
    const sessions = new Sessions();
    let first = 0;
    for (const { value, line } of jsonValues(lines, file, sessions.findings)) {
      first ||= line;
      sessions.take(value, line);
    }
    const { all, findings } = sessions;
    sessions.room.note(findings);
    const moves = all.map((session) => qmpMove(session, findings));
    const isOne = sessions.values === 1 && all[0]?.polls.length === 1;
    const hasAll = all.some(({ polls }) => polls.some(({ poll }) => Object.hasOwn(poll, 'remaining')));
    return {
      format: !isOne ? SESSION : hasAll ? REPLY_11_1 : REPLY,
      facts: { moves, said: saidOf(moves) },
      findings,
      unknown: unknownOf(all),
    };
  },
};

function unknownOf(sessions: readonly QmpSession[]): readonly string[] {
  const has = (name: string): boolean =>
    sessions.some(({ settings }) => settings.some((each) => Object.hasOwn(each, name)));
  return [
    'link speed',
    ...(has('downtime-limit') ? [] : ['downtime limit (query-migrate-parameters has it)']),
    ...(has('multifd-channels') ? [] : ['channels of multifd']),
    ...(sessions.some(({ vcpus }) => vcpus !== null) ? [] : ['vCPUs']),
    'dirty working set',
  ];
}
