/**
 * Trace events of QEMU of a move: its log backend, with or without times in front, and its marks in an ftrace report.
 */
import { MEGA, MS_PER_S } from '../../../sim/base/units.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { numbered } from '../numbered.ts';
import { addFindings, type Finding, type Reader, Room } from '../reader.ts';
import { type MoveFile, saidOf } from './facts.ts';
import { Trace, type TracedMove, type TraceLine, traceFacts } from './qemu-trace-move.ts';

/** Events of simpletrace.py: `EVENT DELTA pid=N name=value …`. */
const SIMPLE = /^([a-z]\w+) (\d+\.\d{3}) pid=\d+(?: (.*))?$/;

/** Arguments by their names, as the log backend would print them. */
const SIMPLE_WORDS: readonly (readonly [event: RegExp, words: (of: (name: string) => string) => string])[] = [
  [/^migrate_set_state$/, (of) => `new state ${of('new_state')}`],
  [/^vfio_migration_set_state$/, (of) => `(${of('name')}) ${of('new_state') === '' ? `state ${of('state')}` : `new state ${of('new_state')}, recover state ${of('recover_state')}`}`],
  [/^vfio_migration_set_device_state$/, (of) => `(${of('name')}) state ${of('state')}`],
  [/^vfio_save_block$/, (of) => `(${of('name')}) data_size ${of('data_size')}`],
  [/^vfio_state_pending/, (of) => `(${of('name')}) stopcopy size ${of('stopcopy_size')} precopy initial size ${of('precopy_init_size')} precopy dirty size ${of('precopy_dirty_size')}`],
  [/^vfio_query_precopy_size$/, (of) => `(${of('name')}) init ${of('init')}, dirty ${of('dirty')}`],
  [/^vmstate_downtime_checkpoint$/, (of) => of('checkpoint')],
  [/^vmstate_downtime_(?:save|load)$/, (of) => `type=${of('type')} idstr=${of('idstr')} instance_id=${of('instance_id')} downtime=${of('downtime')}`],
  [/^migrate_transferred$/, (of) => `transferred ${of('transferred')} time_spent ${of('time_spent')} bandwidth ${of('bandwidth')} max_size ${of('size')}${of('max_size')}`],
  [/^migration_bitmap_sync_end$/, (of) => `dirty_pages ${of('dirty_pages')}`],
  [/^vfio_/, (of) => `(${of('name')})`],
]; // prettier-ignore

/** Words of the log backend for an event of simpletrace.py. */
function simpleWords(event: string, given: string): string {
  const fields = new Map<string, string>();
  for (const [, name = '', value = ''] of given.matchAll(/(\w+)=(.*?)(?= \w+=|$)/g)) {
    const text = value.replace(/^(?:b?'(.*)'|"(.*)")$/, '$1$2');
    fields.set(name, /^0x[\da-f]{1,13}$/.test(text) ? String(Number(text)) : text);
  }
  const row = SIMPLE_WORDS.find(([pattern]) => pattern.test(event));
  return row?.[1]((name) => fields.get(name) ?? '') ?? given;
}

/** How a line of a trace begins; the event and its arguments follow. */
const FORMS = [
  {
    id: 'iso',
    title: 'QEMU log trace backend, time in front (10.2 and newer with -msg timestamp=on)',
    clock: 'UTC wall clock',
    pattern: /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z ([a-z]\w+)(?: (.*))?$/,
  },
  {
    id: 'thread',
    title: 'QEMU log trace backend, thread and time in front (up to 10.0 with -msg timestamp=on)',
    clock: 'UTC wall clock',
    pattern: /^\d+@(\d+)\.(\d{1,6}):([a-z]\w+)(?: (.*))?$/,
  },
  {
    id: 'ftrace',
    title: 'QEMU ftrace trace backend in a report of ftrace or trace-cmd',
    clock: 'kernel trace clock',
    pattern:
      /^\s*.*?-\d+\s+.*?(\d+)\.(\d{1,9}):\s+(?:tracing_mark_write|print|bprint):\s+(?:tracing_mark_write:\s+)?([a-z]\w+)(?: (.*))?$/,
  },
  {
    id: 'simple',
    title: 'QEMU simple trace backend, as simpletrace.py prints it',
    clock: 'time since the first event',
    pattern: SIMPLE,
  },
  {
    id: 'plain',
    title: 'QEMU log trace backend without times',
    clock: null,
    pattern: /^()()([a-z]\w+)(?: (.*))?$/,
  },
] as const;

type Form = (typeof FORMS)[number];

/** Events of moves; others are passed over. */
const EVENTS =
  /^(?:vfio_(?:migration|vmstate|save|load|state_pending|query|get_dirty|container_query)\w*|vmstate_downtime_\w+|migrat\w+|savevm_\w+|qemu_savevm_\w+|loadvm_\w+|postcopy_\w+|source_return_path\w*)$/;

function parsedBy(form: Form, text: string): Omit<TraceLine, 'line'> | null {
  if (form.id === 'simple') return simpleLine(text);
  const [, seconds = '', fraction = '', event = '', words = ''] = form.pattern.exec(text) ?? [];
  if (!EVENTS.test(event)) return null;
  if (form.id === 'plain') return { atUs: null, event, words };
  const whole = form.id === 'iso' ? Date.parse(`${seconds}Z`) / MS_PER_S : Number(seconds);
  if (!Number.isFinite(whole)) return null;
  return { atUs: whole * MEGA + Number(fraction.padEnd(6, '0').slice(0, 6)), event, words };
}

/** The time of such a line is that since the line before. */
function simpleLine(text: string): Omit<TraceLine, 'line'> | null {
  const [, event = '', delta = '', words = ''] = SIMPLE.exec(text) ?? [];
  if (!EVENTS.test(event))
    return /^[a-z]\w+ \d+\.\d{3} pid=\d+/.test(text) ? { atUs: Number(delta), event: '', words: '' } : null;
  return { atUs: Number(delta), event, words: simpleWords(event, words) };
}

/** The form of a line, and what it says. */
function parsed(
  text: string,
  known: Form | null,
): { readonly form: Form; readonly said: Omit<TraceLine, 'line'> } | null {
  for (const form of known === null ? FORMS : [known, ...FORMS]) {
    const said = parsedBy(form, text);
    if (said !== null) return { form, said };
  }
  return null;
}

/** Events that are kept of a file, those of many moves. */
const EVENTS_MAX = 100_000;

/** The moves of a trace: each begins with the state setup. */
class Moves {
  readonly all: TracedMove[] = [];
  readonly room = new Room(EVENTS_MAX, 'states, arcs and sections');
  form: Form | null = null;
  private elapsedUs = 0;
  private lastUs: number | null = null;
  backAt = 0;
  passedOver = 0;
  firstPassedOver = 0;

  private noteTime(atUs: number | null, line: number): void {
    if (atUs !== null && this.lastUs !== null && atUs < this.lastUs - BACKWARDS_US_MAX) this.backAt ||= line;
    this.lastUs = atUs ?? this.lastUs;
  }

  take(text: string, line: number): void {
    const found = parsed(text, this.form);
    if (found === null) {
      if (text.trim() === '') return;
      this.passedOver += 1;
      this.firstPassedOver ||= line;
      return;
    }
    // A line without a time among others with one is a message that looks like an event.
    if (this.form === null || this.form.id === 'plain') this.form = found.form;
    let { said } = found;
    if (found.form.id === 'simple') {
      this.elapsedUs += said.atUs ?? 0;
      said = { ...said, atUs: this.elapsedUs };
      if (said.event === '') return;
    }
    this.noteTime(said.atUs, line);
    const begins = said.event === 'migrate_set_state' && said.words.endsWith('new state setup');
    if ((begins && this.room.take(line)) || this.all.length === 0) {
      this.all.push({ trace: new Trace(this.room), startUs: said.atUs });
    }
    this.all.at(-1)!.trace.take({ ...said, line });
  }
}

/** Lines of threads may be out of order by less than this. */
const BACKWARDS_US_MAX = 1 * MEGA;

export const QEMU_TRACE: Reader<MoveFile, 'move'> = {
  id: 'qemu-trace',
  title: 'QEMU trace of a move',
  kind: 'move',
  sniff(head) {
    let found = 0;
    for (const text of head.split('\n')) if (parsed(text, null) !== null) found += 1;
    if (found === 0) return 0;
    return /\b(?:vmstate_downtime_checkpoint|migrate_set_state|vfio_migration_set_\w+)\b/.test(head) ? 0.95 : 0.6;
  },
  read(lines) {
    const moves = new Moves();
    const findings: Finding[] = [];
    for (const { text, line } of numbered(lines)) moves.take(text, line);
    const { form } = moves;
    const facts = moves.all.map((move) => traceFacts(move, form?.clock ?? null, findings));
    if (moves.backAt > 0) {
      addFindings(findings, { kind: 'warning', line: moves.backAt, text: 'the clock goes back here: is it another trace, or another host? Times before and after do not belong together' }); // prettier-ignore
    }
    moves.room.note(findings);
    if (moves.passedOver > 0) {
      addFindings(findings, { kind: 'unused', line: moves.firstPassedOver, text: `${moves.passedOver} lines that are no trace event of a move` }); // prettier-ignore
    }
    return {
      format: form?.title ?? 'QEMU trace of a move',
      facts: { moves: facts.map((each) => ({ ...each, vmm: DEFAULT_VMM })), said: saidOf(facts) },
      findings,
      unknown: [...unknownOf(moves.all), 'RAM size, page size', 'vCPUs', 'link speed'],
    };
  },
};

function unknownOf(moves: readonly TracedMove[]): readonly string[] {
  const names = new Set(moves.flatMap(({ trace }) => [...trace.checkpoints.keys()].map((name) => name.slice(0, 3))));
  return [
    ...(names.has('dst') ? [] : ['everything of the destination']),
    ...(names.has('src') || names.size === 0 ? [] : ['everything of the source']),
  ];
}
