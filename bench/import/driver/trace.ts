/**
 * Traces of one host together with the files that explain their addresses: accesses by register, arcs, functions.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import type { FunctionFacts } from '../machine/facts.ts';
import type { Finding, Reading } from '../reader.ts';
import type { DriverFile, FunctionTime, Lack, Loss, MappedRange, StateMark, TracedAccess } from './facts.ts';
import { arcsOf, type TracedArc } from './qemu-marks.ts';
import { inferredWindows, type RegisterWindow, saidWindows, windowAt } from './windows.ts';

/** A file that was read, with the name that messages use. */
export interface ReadDriverFile {
  readonly file: string;
  /** Word of `--as`. */
  readonly reader: string;
  readonly reading: Reading<DriverFile>;
}

/** An access of a register of the PF or of a VF. */
export interface RegisterAccess extends TracedAccess {
  readonly fn: 'pf' | 'vf';
  readonly offset: number;
  readonly window: RegisterWindow;
  readonly file: string;
}

export interface DriverTrace {
  readonly files: readonly ReadDriverFile[];
  readonly windows: readonly RegisterWindow[];
  readonly accesses: readonly RegisterAccess[];
  readonly arcs: readonly TracedArc[];
  readonly functions: readonly FunctionTime[];
  readonly losses: readonly Loss[];
  readonly lacks: ReadonlySet<Lack>;
  readonly findings: readonly (Finding & { readonly file: string })[];
}

/**
 * Brings the files of one host together.
 *
 * @param functions of lspci or sysfs of the host
 * @throws UserError of kind `input` for maps that cannot be of one host
 */
export function driverTrace(files: readonly ReadDriverFile[], functions: readonly FunctionFacts[]): DriverTrace {
  const ranges = files.flatMap(({ reading, file }) => reading.facts.ranges.map((range) => ({ range, file })));
  refuseOverlaps(ranges);
  const said = saidWindows(ranges.map(({ range }) => range), functions); // prettier-ignore
  const placed = segmented(files);
  const unknown = placed.filter(({ access }) => windowAt(said, access) === undefined).map(({ access }) => access);
  const inferred = inferredWindows(unknown, said);
  const windows = [...said, ...inferred];
  const findings: (Finding & { file: string })[] = [];
  const accesses: RegisterAccess[] = [];
  const strangers = new Map<string, { count: number; line: number; why: string }>();
  for (const { access, file } of placed) {
    const window = windowAt(windows, access);
    if (window !== undefined && window.role !== 'other') {
      accesses.push({ ...access, fn: window.role, offset: access.address - window.base, window, file });
      continue;
    }
    const why = window === undefined ? 'at addresses in no range that a file names' : 'of other devices';
    const seen = strangers.get(file + why) ?? { count: 0, line: access.line, why };
    seen.count += 1;
    strangers.set(file + why, seen);
  }
  for (const [key, { count, line, why }] of strangers) {
    findings.push({
      kind: 'unused',
      file: key.slice(0, key.length - why.length),
      line,
      text: `${count} accesses ${why}`,
    });
  }
  for (const { role, base } of inferred) {
    const text = `a BAR2 of a ${role.toUpperCase()} begins at an address that ends in ${base.toString(16)}: by the order of the accesses`;
    findings.push({ kind: 'inferred', file: files[0]!.file, text });
  }
  return {
    files,
    windows,
    accesses,
    arcs: marksOf(files).flatMap((marks) => arcsOf(marks).arcs),
    functions: files.flatMap(({ reading }) => reading.facts.functions),
    losses: files.flatMap(({ reading }) => reading.facts.losses),
    lacks: new Set(files.flatMap(({ reading }) => reading.facts.lacks)),
    findings,
  };
}

/** Accesses of all files; segments of different files are different ones. */
function segmented(
  files: readonly ReadDriverFile[],
): readonly { readonly access: TracedAccess; readonly file: string }[] {
  return files.flatMap(({ file, reading }, index) =>
    reading.facts.accesses.map((access) => ({
      access: { ...access, segment: segmentOf(index, access.segment) },
      file,
    })),
  );
}

function marksOf(files: readonly ReadDriverFile[]): readonly (readonly StateMark[])[] {
  return files.map(({ reading }, index) =>
    reading.facts.marks.map((mark) => ({ ...mark, segment: segmentOf(index, mark.segment) })),
  );
}

/** Segments of one file. */
const SEGMENTS_MAX = 1_000_000;

function segmentOf(file: number, segment: number): number {
  return file * SEGMENTS_MAX + segment;
}

/** Two maps of one host may repeat a range, and never give one address to two devices. */
function refuseOverlaps(ranges: readonly { readonly range: MappedRange; readonly file: string }[]): void {
  const mapped = ranges.flatMap(({ range, file }) =>
    range.virtual === undefined ? [] : [{ from: range.virtual, to: range.virtual + range.bytes, range, file }],
  );
  const ordered = mapped.toSorted((a, b) => a.from - b.from);
  for (let i = 1; i < ordered.length; i++) {
    const [before, here] = [ordered[i - 1]!, ordered[i]!];
    if (here.from >= before.to || here.range.physical === before.range.physical) continue;
    throw new UserError(
      'input',
      `${here.file}:${here.range.line}: maps addresses that ${before.file}:${before.range.line} maps to another place`,
      'Give maps and traces of one host only; import each host on its own.',
    );
  }
}
