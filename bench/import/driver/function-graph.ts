/**
 * Text of the function graph tracer: how long functions of the driver took, each in those that called it.
 */
import { NS_PER_S } from '../../../sim/base/units.ts';
import { numbered } from '../numbered.ts';
import { addFindings, type Finding, type Reader } from '../reader.ts';
import { type DriverFile, EMPTY_DRIVER_FILE } from './facts.ts';
import { lossLine } from './ftrace-line.ts';
import { arcsOfFunctions } from './function-steps.ts';
import { CALLS_MAX, FunctionStacks, graphText } from './graph-stacks.ts';

/** `TIME | CPU) COMM-PID | rest`; each of the three is there where its option is on. */
const LINE = /^\s*(?:(\d+)\.(\d{1,9})\s+\|\s+)?(\d+)\)\s+(?:(\S.*?)-(\d+)\s+\|\s*)?(.*\|.*)$/;
/** Between two dashed lines: another task runs on this CPU from here on. */
const SWITCH = /^\s*(\d+)\)\s+(\S.*?)-(\d+)\s+=>\s+(\S.*?)-(\d+)\s*$/;

export const FUNCTION_GRAPH: Reader<DriverFile, 'driver'> = {
  id: 'function-graph',
  title: "times of the driver's functions, as the function_graph tracer prints them",
  kind: 'driver',
  sniff(head) {
    const lines = head.split('\n');
    const calls = lines.filter((text) => isGraphLine(text)).length;
    if (/^#\s*tracer:\s*function_graph/m.test(head)) return 0.97;
    return calls >= 2 ? 0.9 : 0;
  },
  read(lines) {
    const graph = new Graph();
    for (const { text, line } of numbered(lines)) graph.take(text, line);
    graph.end();
    const functions = graph.stacks.all;
    const { findings } = graph;
    return {
      format: `ftrace function_graph${graph.options()}`,
      facts: {
        ...EMPTY_DRIVER_FILE,
        functions,
        losses: graph.losses,
        said: { arcs: arcsOfFunctions(functions).map(({ said }) => said) },
      },
      findings,
      unknown: ['which device and which target state: take from the trace of QEMU or from arguments'],
    };
  },
};

function isGraphLine(text: string): boolean {
  const rest = LINE.exec(text)?.[6];
  return rest !== undefined && graphText(rest) !== null;
}

class Graph {
  readonly stacks = new FunctionStacks();
  readonly losses: { events: number | null; cpu: number | null; line: number }[] = [];
  readonly findings: Finding[] = [];
  private readonly seen = { abstime: false, proc: false, tail: false };
  private readonly taskOfCpu = new Map<number, number>();
  private baseSeconds: number | null = null;
  private switches = 0;
  private unread = 0;
  private firstUnread = 0;

  take(text: string, line: number): void {
    const loss = lossLine(text);
    if (loss !== null) this.losses.push({ ...loss, line });
    const change = SWITCH.exec(text);
    if (change !== null) {
      this.switches += 1;
      const [cpu, from, to] = [Number(change[1]), Number(change[3]), Number(change[5])];
      // What ran on this CPU until its first switch has no name before it.
      if (!this.taskOfCpu.has(cpu)) this.stacks.rename(cpu, from);
      this.taskOfCpu.set(cpu, to);
      return;
    }
    const found = LINE.exec(text);
    if (found !== null) this.call(found, line);
    else if (loss === null && !/^\s*(?:#|-{10,}|$)/.test(text)) this.note(line);
  }

  private call(found: RegExpExecArray, line: number): void {
    const [, seconds, fraction = '', cpu, , pid, rest = ''] = found;
    const said = graphText(rest);
    if (said === null) {
      // Comments stand for events, and dots for what a filter left out.
      if (!/\|\s*(?:\/\*.*\*\/|\.{3})?\s*$/.test(rest)) this.note(line);
      return;
    }
    this.seen.abstime ||= seconds !== undefined;
    this.seen.proc ||= pid !== undefined;
    this.seen.tail ||= said.kind === 'close' && said.name !== undefined;
    // Without the name of the task, calls are distinguished by their CPU, and by what the tracer says of switches.
    const task = Number(pid ?? this.taskOfCpu.get(Number(cpu)) ?? cpu);
    let startNs: number | null = null;
    if (seconds !== undefined) {
      this.baseSeconds ??= Number(seconds);
      startNs = (Number(seconds) - this.baseSeconds) * NS_PER_S + Number(fraction.padEnd(9, '0'));
    }
    this.stacks.take(said, { task, startNs, line });
  }

  private note(line: number): void {
    this.unread += 1;
    this.firstUnread ||= line;
  }

  options(): string {
    const on = Object.entries(this.seen).flatMap(([name, is]) => (is ? [`funcgraph-${name}`] : []));
    return on.length === 0 ? '' : `, options ${on.join(' ')}`;
  }

  end(): void {
    const { stacks, findings } = this;
    stacks.end();
    addFindings(
      findings,
      {
        kind: 'read',
        text: 'marks before a duration (+ ! # * @ $) say that it is long, and are no part of the number',
      },
      { kind: 'read', text: 'inner steps are parts of the outer ones: do not add both; small functions may be inlined and have no line' }, // prettier-ignore
    );
    if (stacks.fullAt > 0) addFindings(findings, { kind: 'warning', line: stacks.fullAt, text: `more than ${CALLS_MAX} calls: those from here on are not read. Filter the trace by the functions of the driver` }); // prettier-ignore
    if (this.switches > 0) addFindings(findings, { kind: 'read', text: `${this.switches} switches of tasks: calls of other tasks between are no part of an arc, though their time may be` }); // prettier-ignore
    if (stacks.torn.length > 0) addFindings(findings, { kind: 'warning', line: Math.min(...stacks.torn.slice(0, 1000)), text: `${stacks.torn.length} calls have no end or no begin in the text: they have no time` }); // prettier-ignore
    for (const { line, events } of this.losses) addFindings(findings, { kind: 'warning', line, text: `${events ?? 'an unknown number of'} events are lost` }); // prettier-ignore
    if (this.unread > 0) addFindings(findings, { kind: 'unused', line: this.firstUnread, text: `${this.unread} lines that are no call` }); // prettier-ignore
  }
}
