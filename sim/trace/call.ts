/**
 * One recorded call: its arguments, and its result held against what the driver gave.
 */
import { errnoName } from '../abi/errno.ts';
import { MIG_STATE } from '../abi/vfio.ts';
import { UserError } from '../base/user-error.ts';
import { Difference } from './access-check.ts';
import type { TraceCall } from './format.ts';
import { isKeyOf } from '../base/keys.ts';

/** What a call gave in the replay. */
export interface CallOutcome {
  readonly ret: number;
  /** Fields of the result other than ret and errno. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** User memory that a read filled; its first `ret` bytes count. */
  readonly data?: Uint8Array;
  readonly text?: string;
}

const RESULT_KEYS: ReadonlySet<string> = new Set([
  'result',
  'result_len',
  'events',
  'text',
  't_start_us',
  't_end_us',
  'mmio_count',
  'mmio',
]);

export class CallArguments {
  readonly call: string;
  private readonly fields: TraceCall;
  private readonly where: string;

  /** @param where file and step, named in errors */
  constructor(call: TraceCall, where: string) {
    this.call = call.call;
    this.fields = call;
    this.where = where;
  }

  /** The call as a person would write it. */
  describe(): string {
    const words = Object.entries(this.fields)
      .filter(([name]) => name !== 'call' && name !== 'data_hex' && !RESULT_KEYS.has(name))
      .map(([name, value]) => `${name}=${String(value)}`);
    return [this.call, ...words].join(' ');
  }

  /** A whole number, given as such or as a hexadecimal string. */
  number(name: string, fallback?: number): number {
    const value = this.fields[name];
    if (value === undefined && fallback !== undefined) return fallback;
    const number = typeof value === 'string' && /^0x[0-9a-fA-F]+$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isSafeInteger(number)) return this.refuse(name, 'a whole number');
    return number;
  }

  /** A length or position in bytes. */
  bytes(name: string): number {
    const number = this.number(name);
    return number >= 0 ? number : this.refuse(name, 'a whole number that is not negative');
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.fields[name];
    if (value === undefined) return fallback;
    if (typeof value !== 'boolean' && typeof value !== 'number') return this.refuse(name, 'true or false');
    return value !== false && value !== 0;
  }

  text(name: string): string {
    const value = this.fields[name];
    return typeof value === 'string' ? value : this.refuse(name, 'a text');
  }

  /** The state asked for, by name or by number. */
  state(): number {
    const value = this.fields['to'];
    if (typeof value === 'number') return value;
    if (typeof value === 'string' && isKeyOf(MIG_STATE, value)) return MIG_STATE[value];
    return this.refuse('to', 'a migration state');
  }

  /** The bytes that a write brings. */
  data(): Uint8Array {
    const digits = this.fields.data_hex ?? '';
    const bytes = new Uint8Array(digits.length / 2);
    for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
    return bytes;
  }

  recordedReturn(): number {
    return this.fields.result.ret;
  }

  /** The call itself is none that a replay knows. */
  refuseCall(): never {
    throw new UserError(
      'input',
      `${this.where}: call: "${this.call}" is no call`,
      'docs/trace-format.md lists the calls; the file may come from a newer recorder',
    );
  }

  private refuse(name: string, allowed: string): never {
    const found = JSON.stringify(this.fields[name]) ?? 'nothing';
    throw new UserError(
      'input',
      `${this.where}: ${name}: expected ${allowed} (found ${found})`,
      `docs/trace-format.md lists the arguments of ${this.call}`,
    );
  }
}

/** Throws a {@link Difference} where result, data, text or events are not as recorded. */
export function compareOutcome(
  label: string,
  call: TraceCall,
  outcome: CallOutcome,
  events: readonly (readonly [string, number])[],
): void {
  const got: Record<string, unknown> = { ...outcome.fields, ret: outcome.ret };
  if (outcome.ret < 0) got['errno'] = errnoName(outcome.ret);
  for (const [name, expected] of Object.entries(call.result)) {
    if (normal(expected) !== normal(got[name])) differ(label, `result.${name}`, expected, got[name]);
  }
  const bytes = Math.max(0, outcome.ret);
  if (outcome.data !== undefined) {
    if (call.result_len !== undefined && call.result_len !== bytes) differ(label, 'result_len', call.result_len, bytes);
    const data = Array.from(outcome.data.subarray(0, bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
    if ((call.data_hex ?? '').toLowerCase() !== data) differ(label, 'data_hex', call.data_hex ?? '', data);
  }
  compareText(label, call, outcome);
  const seen = JSON.stringify(events);
  const recorded = JSON.stringify(call.events ?? []);
  if (recorded !== seen) differ(label, 'events', recorded, seen);
}

/** A failing read gives the reader no text, though a recorder may show what the driver had said until then. */
function compareText(label: string, call: TraceCall, outcome: CallOutcome): void {
  if (call.text === undefined || call.text === outcome.text) return;
  if (outcome.ret < 0 && call.text === '') return;
  differ(label, 'text', call.text, outcome.text);
}

/** Numbers may stand as hexadecimal strings, flags as 0 and 1. */
function normal(value: unknown): string {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]+$/.test(value)) return BigInt(value).toString();
  if (typeof value === 'boolean') return value ? '1' : '0';
  return String(value);
}

function differ(label: string, what: string, expected: unknown, got: unknown): never {
  throw new Difference(`${label}: ${what}\n  - ${show(expected)}    expected\n  + ${show(got)}    got`);
}

function show(value: unknown): string {
  if (value === undefined) return '(nothing)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
