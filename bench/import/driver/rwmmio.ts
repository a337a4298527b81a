/**
 * Trace events of the kernel as text: accesses of registers (rwmmio), marks that QEMU wrote between them, and functions where
 * trace-cmd recorded their graph.
 */
import { numbered } from '../numbered.ts';
import { addFindings, type Finding, type Reader } from '../reader.ts';
import { AccessPairs, isAccessEvent } from './access-pairs.ts';
import { type DriverFile, EMPTY_DRIVER_FILE, type FunctionTime, type Loss, type StateMark } from './facts.ts';
import { eventLine, type EventLine, hasNoTime, lossLine, type Tool, TraceClock } from './ftrace-line.ts';
import { FunctionStacks, graphText } from './graph-stacks.ts';
import { arcsOf, stateMark, usOf } from './qemu-marks.ts';

/** Events in which a tracer has what a program wrote into its marker. */
const MARKERS: ReadonlySet<string> = new Set(['tracing_mark_write', 'print', 'bprint']);
/** Accesses that are kept; a trace of one move has some hundred. */
const ACCESSES_MAX = 300_000;
const MARKS_MAX = 100_000;

class Events {
  readonly pairs = new AccessPairs();
  readonly marks: StateMark[] = [];
  readonly losses: Loss[] = [];
  readonly stacks = new FunctionStacks();
  readonly findings: Finding[] = [];
  readonly clock = new TraceClock();
  readonly tools = new Map<Tool, number>();
  private fullAt = 0;
  others = 0;
  private unread = 0;
  private firstUnread = 0;
  private timeless = 0;
  private lastNs = -Infinity;
  private unordered = 0;

  take(text: string, line: number): void {
    const event = eventLine(text);
    if (event === null) this.other(text, line);
    else this.event(event, line);
  }

  private event(event: EventLine, line: number): void {
    const { ns, restarts } = this.clock.at(event);
    if (restarts) {
      this.pairs.flush();
      addFindings(this.findings, { kind: 'warning', line, text: `the clock of CPU ${event.cpu} begins again: another recording, or it ran over; times before and after are not compared` }); // prettier-ignore
    } else if (ns < this.lastNs) this.unordered += 1;
    this.lastNs = ns;
    this.tools.set(event.tool, (this.tools.get(event.tool) ?? 0) + 1);
    const place = { ns, task: event.task, cpu: event.cpu, line, segment: this.clock.segment };
    if (isAccessEvent(event.event)) {
      if (this.pairs.accesses.length >= ACCESSES_MAX) {
        this.fullAt ||= line;
        return;
      }
      if (this.pairs.take(event.event, event.text, place)) return;
      this.note(line);
    } else if (MARKERS.has(event.event)) this.mark(event.text, place);
    else if (event.event === 'funcgraph_entry' || event.event === 'funcgraph_exit') this.graph(event, ns, line);
    else this.others += 1;
  }

  private mark(text: string, { ns, task, line, segment }: { ns: number; task: number; line: number; segment: number }) {
    const said = stateMark(text.replace(/^(?:0x[\da-f]+s?|tracing_mark_write(?:\+\S+)?|\[?[\da-f]{16}\]?):\s*/, ''));
    if (said === null) this.others += 1;
    else if (this.marks.length < MARKS_MAX) this.marks.push({ ...said, atNs: ns, task, line, segment });
  }

  private graph({ text, task, event }: EventLine, ns: number, line: number): void {
    const said = graphText(text);
    if (said === null) this.note(line);
    else this.stacks.take(said, { task, startNs: event === 'funcgraph_exit' ? null : ns, line });
  }

  private other(text: string, line: number): void {
    const loss = lossLine(text);
    if (loss !== null) {
      this.losses.push({ ...loss, line });
      // An event after a loss may be the second one of another access.
      this.pairs.flush();
    }
    if (loss !== null) return;
    if (hasNoTime(text)) {
      this.timeless += 1;
      this.note(line);
    } else if (text.trim() !== '' && !/^\s*(?:#|cpus=\d+|version = |Samples|$)/.test(text)) this.note(line);
  }

  private note(line: number): void {
    this.unread += 1;
    this.firstUnread ||= line;
  }

  end(): void {
    this.pairs.flush();
    const { findings, losses, pairs, unread, firstUnread } = this;
    if (this.fullAt > 0) addFindings(findings, { kind: 'warning', line: this.fullAt, text: `more than ${ACCESSES_MAX} accesses: those from here on are not read. Split the trace by moves` }); // prettier-ignore
    if (unread > 0) addFindings(findings, { kind: 'unused', line: firstUnread, text: `${unread} lines that are no event that is read here` }); // prettier-ignore
    if (this.timeless > 0) addFindings(findings, { kind: 'warning', text: 'lines have a clock that does not count seconds: record with -C mono' }); // prettier-ignore
    if (this.unordered > 0) addFindings(findings, { kind: 'read', text: `${this.unordered} lines are earlier than the one before them: they are put in the order of their times` }); // prettier-ignore
    if (this.others > 0) addFindings(findings, { kind: 'unused', text: `${this.others} events of other kinds` });
    for (const { events, cpu, line } of losses) {
      const where = cpu === null ? '' : ` on CPU ${cpu}`;
      addFindings(findings, { kind: 'warning', line, text: `${events ?? 'an unknown number of'} events are lost${where}: counts and gaps around it are no measurement` }); // prettier-ignore
    }
    if (pairs.halves.length > 0) {
      addFindings(findings, { kind: 'warning', line: Math.min(...pairs.halves.slice(0, 1000)), text: `${pairs.halves.length} accesses have one of their two events only: a read without the second has no value` }); // prettier-ignore
    }
  }
}

const KIND = /\brwmmio_(?:post_)?(?:read|write)\b/;
const FUNCTIONS = /\bfuncgraph_(?:entry|exit):/;

export const RWMMIO: Reader<DriverFile, 'driver'> = {
  id: 'rwmmio',
  title: 'accesses of registers in trace-cmd report, perf script or text of ftrace',
  kind: 'driver',
  sniff(head) {
    const lines = head.split('\n').filter((text) => KIND.test(text) || FUNCTIONS.test(text));
    return lines.some((text) => eventLine(text) !== null) ? 0.99 : 0;
  },
  read(lines) {
    const events = new Events();
    for (const { text, line } of numbered(lines)) events.take(text, line);
    events.end();
    const { pairs, marks, losses, clock, stacks, findings } = events;
    const byTime = <T extends { readonly segment: number; readonly line: number }>(ns: (each: T) => number) => (a: T, b: T): number =>
      a.segment - b.segment || ns(a) - ns(b) || a.line - b.line; // prettier-ignore
    const accesses = pairs.accesses.toSorted(byTime(({ startNs, endNs }) => startNs ?? endNs ?? 0));
    const ordered = marks.toSorted(byTime(({ atNs }) => atNs));
    const { arcs, open } = arcsOf(ordered);
    for (const { device, to, line } of open) addFindings(findings, { kind: 'warning', line, text: `${device}: asked for ${to}, and no event says that it came there` }); // prettier-ignore
    noteTracer(findings, clock.digits);
    const functions: readonly FunctionTime[] = stacks.all;
    return {
      format: formatOf(events),
      facts: {
        ...EMPTY_DRIVER_FILE,
        accesses,
        marks: ordered,
        functions,
        losses,
        lacks: ['wide'],
        said: {
          arch: 'arm64',
          ...(arcs.length === 0
            ? {}
            : { arcs: arcs.map(({ device, to, startNs, endNs }) => ({ device, to, tookUs: usOf(endNs - startNs) })) }),
          ...(losses.length === 0 ? {} : { lostEvents: lostOf(losses) }),
        },
      },
      findings,
      unknown: ['what mailbox commands carry'],
    };
  },
};

function lostOf(losses: readonly Loss[]): number | null {
  return losses.some(({ events }) => events === null) ? null : losses.reduce((sum, { events }) => sum + events!, 0);
}

function noteTracer(findings: Finding[], digits: number): void {
  addFindings(
    findings,
    { kind: 'read', text: 'rwmmio_read has no value, rwmmio_post_read has; width is in bits' },
    {
      kind: 'read',
      text: '128-bit accesses of the mailbox make no event: its commands are inferred from gaps and polls',
    },
    ...(digits > 6
      ? []
      : [{ kind: 'read' as const, text: `times have ${digits} digits after the point: one access is known to ${10 ** (6 - digits)} µs` }]), // prettier-ignore
  );
}

function formatOf({ tools, marks, pairs }: Events): string {
  const [tool] = [...tools].toSorted((a, b) => b[1] - a[1])[0] ?? ['ftrace text'];
  const what = pairs.accesses.length === 0 ? 'trace events' : 'rwmmio events';
  return `${tool} of ${what}${marks.length === 0 ? '' : ' with QEMU ftrace markers'}`;
}
