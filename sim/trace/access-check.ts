/**
 * Holds the driver's accesses against the recorded ones, one by one, and draws a difference when they part.
 */
import { PF } from '../driver/port.ts';
import { type RecordedAccess, toNumber, toWords } from './format.ts';
import type { DriverAccess } from './responder.ts';

/** Thrown to leave a replay at the first difference; the text is ready to print. */
export class Difference extends Error {
  override readonly name = 'Difference';
}

/** An access, by the name of its function. */
interface NamedAccess extends Omit<DriverAccess, 'fn'> {
  readonly fn: string;
}

interface Expected extends NamedAccess {
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
  /** Reads seen of a folded run. */
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
  access({ fn, write, width, offset, words, timeUs }: DriverAccess): void {
    const expected = this.expected[this.at];
    const name = fn === PF ? 'pf' : 'vf';
    const same =
      expected !== undefined &&
      expected.fn === name &&
      expected.write === write &&
      expected.width === width &&
      expected.offset === offset &&
      expected.words[0] === words[0] &&
      expected.words[1] === words[1] &&
      expected.words[2] === words[2] &&
      expected.words[3] === words[3] &&
      expected.timeUs + this.inRun * expected.everyUs === timeUs;
    if (!same) this.differ(accessText({ fn: name, write, width, offset, words, timeUs }));
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
    for (let i = from; i < this.at; i++) lines.push(`      ${expectedText(this.expected[i]!)}`);
    const expected = this.expected[this.at];
    const run = expected !== undefined && expected.repeat > 1 ? ` (read ${this.inRun + 1} of ${expected.repeat})` : '';
    const wanted = expected === undefined ? '(no more accesses in this call)' : expectedText(expected) + run;
    lines.push(`  - ${wanted}    expected`);
    lines.push(`  + ${got ?? '(no access: the call is over)'}    got`);
    for (const after of this.expected.slice(this.at + 1, this.at + 1 + CONTEXT_LINES))
      lines.push(`      ${expectedText(after)}`);
    throw new Difference(lines.join('\n'));
  }
}

function expand(recorded: RecordedAccess): Expected {
  const [fn, op, width, offset, value, timeUs] = recorded;
  const { repeat = 1, every_us: everyUs = 0 } = recorded[6] ?? {};
  return { fn, write: op === 'w', width, offset: toNumber(offset), words: toWords(value), timeUs, repeat, everyUs };
}

function expectedText(expected: Expected): string {
  return accessText(expected) + (expected.repeat > 1 ? ` x${expected.repeat}` : '');
}

function accessText({ fn, write, width, offset, words, timeUs }: NamedAccess): string {
  const digits = words.toReversed().map((word) => word.toString(16).padStart(8, '0'));
  const value = `0x${digits.join('').slice(32 - 2 * width)}`;
  const bits = String(width * 8).padStart(3);
  return `${fn} ${write ? 'write' : 'read '} ${bits} bit 0x${offset.toString(16)} = ${value} at ${timeUs} us`;
}
