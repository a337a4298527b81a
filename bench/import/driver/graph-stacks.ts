/**
 * Lines of the function graph tracer as calls: leaves have their duration, and a closing brace that of the innermost open
 * call of its task.
 */
import { NS_PER_US } from '../../../sim/base/units.ts';
import { type FunctionTime, functionName } from './facts.ts';

interface GraphText {
  readonly kind: 'leaf' | 'open' | 'close';
  /** Undefined for a closing brace that does not name its call. */
  readonly name?: string;
  readonly durationUs?: number;
  readonly argument?: number;
}

/** `MARK DURATION us | indent FUNCTION`; marks say how long it was and are no part of the number. */
const TEXT = /^(?:[.\w#+-]{4,6}\s+\|?\s*)?[+!#*@$]?\s*(?:(\d{1,12}(?:\.\d{1,6})?)\s+us)?\s*\|\s*(.*?)\s*$/;
const CALL = /^([a-z_][\w.]*)(?:\s+\[[\w-]+\])?\s*\((.*?)\)\s*(;|\{)(?:\s*\/\*.*\*\/)?$/i;
const CLOSE = /^\}(?:\s*\/\*\s*([a-z_][\w.]*)?.*\*\/)?$/i;
/** Second argument of a call, by its name or its place: the command of a mailbox, the wanted state. */
const ARGUMENT = /(?:^|,\s*)(?:cmd|new_state)\s*=\s*(0x[\da-f]+|\d+)/i;

/** What a line of the graph says; null: it is none, or says something between calls. */
export function graphText(text: string): GraphText | null {
  const [, us, rest] = TEXT.exec(text) ?? [];
  if (rest === undefined) return null;
  const durationUs = us === undefined ? undefined : Number(us);
  const [, name, words = '', end] = CALL.exec(rest) ?? [];
  if (name !== undefined) {
    const [, argument] = ARGUMENT.exec(words) ?? [];
    const said = { name: functionName(name), ...(argument === undefined ? {} : { argument: Number(argument) }) };
    if (end === '{') return { kind: 'open', ...said };
    return durationUs === undefined ? null : { kind: 'leaf', ...said, durationUs };
  }
  const close = CLOSE.exec(rest);
  if (close === null || durationUs === undefined) return null;
  return { kind: 'close', durationUs, ...(close[1] === undefined ? {} : { name: functionName(close[1]) }) };
}

interface OpenCall {
  readonly name: string;
  readonly startNs: number | null;
  readonly line: number;
  readonly argument?: number;
  /** Place among all calls, which are in the order in which they began. */
  readonly at: number;
}

/** Calls that wait for their end; deeper ones are of a text that lost it. */
const DEPTH_MAX = 200;
export const CALLS_MAX = 200_000;

/** Open calls of each task. */
export class FunctionStacks {
  /** Lines of calls whose end or begin the text does not have. */
  readonly torn: number[] = [];
  private readonly open = new Map<number, OpenCall[]>();
  private readonly calls: (FunctionTime | null)[] = [];

  /** Calls with both ends, in the order in which they began. */
  get all(): readonly FunctionTime[] {
    return this.calls.filter((each) => each !== null);
  }

  /** Line of the first call that was not kept; 0: all were. */
  fullAt = 0;

  take(said: GraphText, { task, startNs, line }: Pick<FunctionTime, 'task' | 'startNs' | 'line'>): void {
    const { kind, name = '', durationUs = 0, argument } = said;
    if (this.calls.length >= CALLS_MAX && kind !== 'close') {
      this.fullAt ||= line;
      return;
    }
    const stack = this.open.get(task) ?? [];
    this.open.set(task, stack);
    const extra = argument === undefined ? {} : { argument };
    if (kind === 'leaf') {
      const durationNs = Math.round(durationUs * NS_PER_US);
      this.calls.push({ name, task, startNs, durationNs, depth: stack.length, line, ...extra });
    } else if (kind === 'open') {
      if (stack.length >= DEPTH_MAX) this.torn.push(stack.shift()!.line);
      stack.push({ name, startNs, line, at: this.calls.length, ...extra });
      this.calls.push(null);
    } else this.close(stack, said, task, line);
  }

  /** Another number for the task that a CPU stood for. */
  rename(before: number, task: number): void {
    const stack = this.open.get(before);
    if (stack === undefined || this.open.has(task)) return;
    this.open.delete(before);
    this.open.set(task, stack);
    for (const [at, call] of this.calls.entries()) if (call?.task === before) this.calls[at] = { ...call, task };
  }

  /** Calls that never ended. */
  end(): void {
    for (const stack of this.open.values()) this.torn.push(...stack.map(({ line }) => line));
    this.open.clear();
  }

  private close(stack: OpenCall[], { name, durationUs = 0 }: GraphText, task: number, line: number): void {
    // A brace with the name of an outer call says that the ends of those inside it are lost.
    const at = name === undefined ? stack.length - 1 : stack.findLastIndex((each) => each.name === name);
    const call = stack[at];
    if (call === undefined) {
      if (this.fullAt === 0) this.torn.push(line);
      return;
    }
    this.torn.push(...stack.splice(at + 1).map((lost) => lost.line));
    stack.pop();
    const { at: place, ...rest } = call;
    this.calls[place] = { ...rest, task, durationNs: Math.round(durationUs * NS_PER_US), depth: stack.length };
  }
}
