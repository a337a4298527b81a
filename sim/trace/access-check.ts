/**
 * Holds the driver's accesses against the recorded ones, one by one, and draws a difference when they part.
 */
import { type FunctionSelect, PF } from '../driver/port.ts';
import { type RecordedAccess, toNumber, toWords } from './format.ts';

/** Thrown to leave a replay at the first difference; the text is ready to print. */
export class Difference extends Error {
  override readonly name = 'Difference';
}

interface Expected {
  readonly text: string;
  readonly fn: string;
  readonly write: boolean;
  readonly width: number;
  readonly offset: number;
  readonly words: readonly [number, number, number, number];
  readonly timeUs: number;
  readonly repeat: number;
  readonly everyUs: number;
}

const CONTEXT_LINES = 3;

export class AccessCheck {
  /** Accesses seen in the current call. */
  count = 0;
  private label = '';
  private expected: readonly Expected[] = [];
  private at = 0;
  /** Of a folded run: how many of its reads were seen. */
  private inRun = 0;

  /** A new call begins. */
  begin(label: string, recorded: readonly RecordedAccess[]): void {
    this.label = label;
    this.expected = recorded.map(expand);
    this.at = 0;
    this.inRun = 0;
    this.count = 0;
  }

  /** One access of the driver. Throws a {@link Difference} when it is not the recorded one. */
  access(
    fn: FunctionSelect,
    write: boolean,
    width: number,
    offset: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    timeUs: number,
  ): void {
    const expected = this.expected[this.at];
    const name = fn === PF ? 'pf' : 'vf';
    const same =
      expected !== undefined &&
      expected.fn === name &&
      expected.write === write &&
      expected.width === width &&
      expected.offset === offset &&
      expected.words[0] === w0 &&
      expected.words[1] === w1 &&
      expected.words[2] === w2 &&
      expected.words[3] === w3 &&
      expected.timeUs + this.inRun * expected.everyUs === timeUs;
    if (!same) this.differ(accessText(name, write, width, offset, [w0, w1, w2, w3], timeUs));
    this.count += 1;
    this.inRun += 1;
    if (this.inRun === expected.repeat) {
      this.inRun = 0;
      this.at += 1;
    }
  }

  /** The call is over: whether the driver made all the recorded accesses. */
  end(): void {
    if (this.at < this.expected.length) this.differ(null);
  }

  private differ(got: string | null): never {
    const index = this.count;
    const lines = [`${this.label}, access ${index + 1}:`];
    const from = Math.max(0, this.at - CONTEXT_LINES);
    for (let i = from; i < this.at; i++) lines.push(`      ${this.expected[i]!.text}`);
    const expected = this.expected[this.at];
    const run = expected !== undefined && expected.repeat > 1 ? ` (read ${this.inRun + 1} of ${expected.repeat})` : '';
    lines.push(`  - ${expected === undefined ? '(no more accesses in this call)' : expected.text + run}    expected`);
    lines.push(`  + ${got ?? '(no access: the call is over)'}    got`);
    for (const after of this.expected.slice(this.at + 1, this.at + 1 + CONTEXT_LINES))
      lines.push(`      ${after.text}`);
    throw new Difference(lines.join('\n'));
  }
}

function expand(recorded: RecordedAccess): Expected {
  const [fn, op, width, rawOffset, value, timeUs] = recorded;
  const offset = toNumber(rawOffset);
  const words = toWords(value);
  const run = recorded[6];
  const repeat = run?.repeat ?? 1;
  const text = accessText(fn, op === 'w', width, offset, words, timeUs) + (repeat > 1 ? ` x${repeat}` : '');
  return { text, fn, write: op === 'w', width, offset, words, timeUs, repeat, everyUs: run?.every_us ?? 0 };
}

function accessText(
  fn: string,
  write: boolean,
  width: number,
  offset: number,
  words: readonly [number, number, number, number],
  timeUs: number,
): string {
  const digits = [words[3], words[2], words[1], words[0]].map((word) => word.toString(16).padStart(8, '0')).join('');
  const value = `0x${digits.slice(32 - 2 * width)}`;
  return `${fn} ${write ? 'write' : 'read '} ${String(width * 8).padStart(3)} bit 0x${offset.toString(16)} = ${value} at ${timeUs} us`;
}
