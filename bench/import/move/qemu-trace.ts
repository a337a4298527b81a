/**
 * Trace events of QEMU of a move: its log backend, with or without times in front, and its marks in an ftrace report.
 */
import { MEGA, MS_PER_S } from '../../../sim/base/units.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { numbered } from '../numbered.ts';
import type { Finding, Reader } from '../reader.ts';
import { type MoveFile, saidOf } from './facts.ts';
import { type TracedMove, type TraceLine, traceFacts } from './qemu-trace-move.ts';

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
  const [, seconds = '', fraction = '', event = '', words = ''] = form.pattern.exec(text) ?? [];
  if (!EVENTS.test(event)) return null;
  if (form.id === 'plain') return { atUs: null, event, words };
  const whole = form.id === 'iso' ? Date.parse(`${seconds}Z`) / MS_PER_S : Number(seconds);
  if (!Number.isFinite(whole)) return null;
  return { atUs: whole * MEGA + Number(fraction.padEnd(6, '0').slice(0, 6)), event, words };
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

/** The moves of a trace: each begins with the state setup. */
class Moves {
  readonly all: TracedMove[] = [];
  form: Form | null = null;
  passedOver = 0;
  firstPassedOver = 0;

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
    const { said } = found;
    const begins = said.event === 'migrate_set_state' && said.words.endsWith('new state setup');
    if (begins || this.all.length === 0) this.all.push({ lines: [], startUs: said.atUs });
    this.all.at(-1)!.lines.push({ ...said, line });
  }
}

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
    if (moves.passedOver > 0) {
      findings.push({ kind: 'unused', line: moves.firstPassedOver, text: `${moves.passedOver} lines that are no trace event of a move` }); // prettier-ignore
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
  const names = new Set(moves.flatMap(({ lines }) => lines.map(({ words }) => /^(src|dst)-/.exec(words)?.[1])));
  return [
    ...(names.has('dst') ? [] : ['everything of the destination']),
    ...(names.has('src') || names.size === 0 ? [] : ['everything of the source']),
  ];
}
