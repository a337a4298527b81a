/**
 * What a reader of a foreign format is: text in, facts with where they came from out.
 *
 * A reader never fills a hole. A value is said by the file, inferred from what it says, or left out; the study that
 * makes a document of the facts decides which default stands for it, and lists it.
 */

/** What the facts of a reader are about. */
type ReaderKind = 'machine' | 'move' | 'fleet' | 'driver' | 'results';

/** One sentence about an input. */
export interface Finding {
  /** `read`, `inferred`, `asked` (the user has to say it), `unused` (not understood), `warning` (does not fit). */
  readonly kind: 'read' | 'inferred' | 'asked' | 'unused' | 'warning';
  readonly text: string;
  /** Line of the file, from 1. */
  readonly line?: number;
}

/** Findings of one kind that are kept of a file: a damaged file of any size has no more. */
const FINDINGS_MAX = 1000;
const counts = new WeakMap<Finding[], Partial<Record<Finding['kind'], number>>>();

/** Adds findings; those of a kind of which there are too many are summed up in one. */
export function addFindings(findings: Finding[], ...more: readonly Finding[]): void {
  const count = counts.get(findings) ?? {};
  counts.set(findings, count);
  for (const each of more) {
    const before = count[each.kind] ?? 0;
    count[each.kind] = before + 1;
    if (before < FINDINGS_MAX) findings.push(each);
    else if (before === FINDINGS_MAX) findings.push({ ...each, text: 'more like these follow, which are not named' });
  }
}

/** So many things of a kind are kept of a file; what comes after them is named once. */
export class Room {
  /** Line of the first thing that was not kept; null: all were. */
  fullAt: number | null = null;
  private kept = 0;
  private readonly max: number;
  private readonly what: string;

  /** @param what is kept, in the plural */
  constructor(max: number, what: string) {
    this.max = max;
    this.what = what;
  }

  /** Whether one more is kept. */
  take(line: number): boolean {
    if (this.kept < this.max) this.kept += 1;
    else this.fullAt ??= line;
    return this.fullAt === null;
  }

  /** Says what was not kept. */
  note(findings: Finding[]): void {
    if (this.fullAt === null) return;
    findings.push({ kind: 'warning', line: this.fullAt, text: `more than ${this.max} ${this.what}: those from here on are not read. Split the file` }); // prettier-ignore
  }
}

export interface Reading<Facts> {
  /** The command line that prints such a text, such as `lspci -nn -vvv`, or the name of the format. */
  readonly format: string;
  readonly facts: Facts;
  readonly findings: readonly Finding[];
  /** What the format does not say and a document needs. */
  readonly unknown: readonly string[];
}

export interface Reader<Facts, Kind extends ReaderKind = ReaderKind> {
  /** The word of `--as`. */
  readonly id: string;
  readonly title: string;
  readonly kind: Kind;
  /** How sure it is that a text is of this format, 0 to 1, by its cleaned beginning of at most 64 KiB. */
  sniff(head: string): number;
  /**
   * @param lines one by one, cleaned; after the last line end comes an empty line, so that a file that was cut ends in
   *   another one
   * @param file name of the file, used in messages
   * @throws UserError of kind `input`, with the line
   */
  read(lines: Iterable<string>, file: string): Reading<Facts>;
}
