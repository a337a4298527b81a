/**
 * lspci's block form: a line for each function, and below it what -v to -vvv, -k and -x to -xxxx add. Works on what posts make
 * of it as well: lost indentation, several commands in one file, a text that ends early.
 *
 * Source: pciutils 3.5.6 to 3.14.0, printed by each of them.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import { addFindings, type Finding, type Reader, type Reading } from '../reader.ts';
import { type FactName, type FunctionFacts, type MachineFacts, type Place, refuseMany } from './facts.ts';
import { findParents, findVfs } from './hierarchy.ts';
import { LspciFunction } from './lspci-function.ts';
import { lspciHeader } from './lspci-header.ts';
import { readLine } from './lspci-lines.ts';
import { TREE_LINE } from './tree.ts';

/** Lines of configuration space. */
const HEX = /^\s*([0-9a-f]{2,3}): ((?:[0-9a-f]{2} ){0,15}[0-9a-f]{2})\s*$/i;
/** Places that a file has a sentence for, so that one damaged file does not fill the screen. */
const WARNINGS_MAX = 20;

/** What distinguishes releases of pciutils apart; the newest that shows counts. */
const RELEASES: readonly (readonly [mark: RegExp, producer: string])[] = [
  [/ TEE-IO[+-]| IDECheck[+-]|FltMode/, 'pciutils 3.14.0 or newer'],
  [/IntMsgNum \d/, 'pciutils 3.11.0 or newer'],
  [/ behind bridge: .* \[(?:32|64)-bit\]/, 'pciutils 3.9.0 or newer'],
  [/^\s*IOMMU group: /, 'pciutils 3.7.0 or newer'],
  [/^\s*NUMA node: /, 'pciutils 3.4.0 or newer'],
];

/** Facts that are in a function's first line or in one of its own. */
const IDENTITY: readonly FactName[] = ['class', 'vendor', 'device', 'revision'];

class LspciText {
  private readonly functions = new Map<string, LspciFunction>();
  private readonly findings: Finding[] = [];
  private warnings = 0;
  private release = RELEASES.length;
  private current: LspciFunction | undefined;
  private before = '';
  private line = 0;
  private hasHex = 0;
  private hasDomain = true;
  private hasIds = true;
  private hasWords = false;
  private driverSeen = false;
  private isClosed = true;
  private isAfterBlank = false;
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  read(lines: Iterable<string>): Reading<MachineFacts> {
    let last: string | undefined;
    for (const line of lines) {
      if (last !== undefined) this.take(last, false);
      last = line;
    }
    // A text that was cut has no line end after its last line, which may have lost a part.
    const isCut = last !== undefined && last.trim() !== '';
    if (isCut) this.take(last!, true);
    if (this.functions.size === 0) {
      throw new UserError(
        'input',
        `${this.file}: has no function as lspci prints them`,
        'Give the output of lspci -vvv.',
      );
    }
    return this.reading(isCut);
  }

  private take(line: string, isLast: boolean): void {
    this.line += 1;
    const repeats = line === this.before;
    this.before = line;
    if (line.trim() === '') {
      this.isClosed = true;
      this.isAfterBlank = true;
      return;
    }
    const isProse = this.isAfterBlank && /^\S/.test(line);
    this.isAfterBlank = false;
    const header = lspciHeader(line, isLast);
    if (header !== undefined) return this.begin(header, repeats);
    // After an empty line, what is not indented is of the shell around the text.
    if (this.current === undefined || isProse || TREE_LINE.test(line)) return;
    this.isClosed = false;
    if (isLast) return this.warn(`the text ends within this line, which is not read`);
    // A line that is there twice says the same twice.
    if (repeats) return;
    this.current.atLine(this.place());
    const [, offset, bytes] = HEX.exec(line) ?? [];
    if (offset !== undefined && bytes !== undefined) return this.hex(offset, bytes);
    for (const [i, [mark]] of RELEASES.entries()) if (i < this.release && mark.test(line)) this.release = i;
    this.driverSeen ||= /^\s*(?:Kernel d|D)river in use:/.test(line);
    if (readLine(this.current, line)) return;
    if (/^\s*(?:Control: I\/O|Flags: )/.test(line)) {
      this.warn(`a function begins here whose first line is missing; it is not read`);
      this.current = undefined;
    } else this.warn(`'${shortLine(line)}' is damaged, or says something else than before; it does not count`);
  }

  private begin(facts: FunctionFacts, repeats: boolean): void {
    const known = this.functions.get(facts.address);
    this.isClosed = true;
    if (known === undefined) {
      refuseMany(this.functions.size, this.file, this.line);
      this.current = new LspciFunction(facts, this.place());
      this.functions.set(facts.address, this.current);
    } else {
      this.current = known;
      if (!repeats) this.again(known, facts);
    }
    this.hasDomain &&= facts.address.length > 12 || /^\s*[0-9a-f]{4,}:[0-9a-f]{2}:/i.test(this.before);
    this.hasIds &&= facts.vendor !== undefined;
    this.hasWords ||= facts.className !== undefined;
  }

  /** A second listing of the same machine adds facts; one of another machine has other ones. */
  private again(known: LspciFunction, facts: FunctionFacts): void {
    const other = IDENTITY.find((name) => {
      const [before, now] = [known.facts[name], facts[name]];
      return before !== undefined && now !== undefined && before !== now;
    });
    if (other !== undefined) {
      throw new UserError(
        'input',
        `${this.file}: line ${this.line}: ${facts.address} begins again, and its ${other} is ${facts[other] as string}, not ${known.facts[other] as string}`,
        'Are two machines in one file? Split it there.',
      );
    }
    known.atLine(this.place());
    known.beginsAgain();
    for (const name of ['name', 'className', ...IDENTITY] as const) {
      if (facts[name] !== undefined) known.set(name, facts[name]);
    }
  }

  private hex(offset: string, bytes: string): void {
    const at = Number.parseInt(offset, 16);
    this.hasHex = Math.max(this.hasHex, at + 16);
    const values = bytes.split(' ').map((each) => Number.parseInt(each, 16));
    if (!this.current!.hex(at, values)) this.warn('this line of hexadecimal does not fit those before');
  }

  private reading(isCut: boolean): Reading<MachineFacts> {
    const functions = [...this.functions.values()];
    const last = this.current;
    const isVerbose = functions.some(({ detail }) => detail !== 'line');
    // After a function of -v or -x comes an empty line; without it nobody knows what is missing.
    const endsEarly = isCut || ((isVerbose || this.hasHex > 0) && !this.isClosed);
    if (endsEarly && last !== undefined) this.warn(`${last.facts.address} is not whole: the text ends within it`);
    for (const each of functions) {
      for (const what of each.finish(endsEarly && each === last)) {
        this.warn(`${each.facts.address}: ${what}; it does not count`, each.at.line);
      }
    }
    const privileged = this.privileged(functions);
    const hasGroups = functions.some(({ facts }) => typeof facts.iommuGroup === 'number');
    for (const each of functions) {
      if (endsEarly && each === last) continue;
      if (privileged === true) each.finishWithout();
      if (this.driverSeen && (each.detail !== 'line' || !isVerbose)) each.lacking('driver', null);
      if (hasGroups && (each.detail !== 'line' || !isVerbose)) each.lacking('iommuGroup', null);
    }
    if (isVerbose || this.hasHex >= 64) {
      findParents(functions, this.findings);
      findVfs(functions, this.findings);
      for (const each of functions) if (each.facts.sriov !== undefined) each.lacking('physfn', null);
    }
    if (this.warnings > WARNINGS_MAX) {
      addFindings(this.findings, { kind: 'warning', text: `${this.warnings - WARNINGS_MAX} more lines of this kind` });
    }
    const facts: MachineFacts = {
      producer: RELEASES[this.release]?.[1] ?? null,
      privileged,
      cut: endsEarly ? this.place() : null,
      complete: !endsEarly && this.warnings === 0 && privileged !== false && (isVerbose || this.hasHex > 64),
      functions: functions.map((each) => each.placed()),
    };
    return { format: this.command(isVerbose, functions), facts, findings: this.findings, unknown: unknownOf(facts) };
  }

  private privileged(functions: readonly LspciFunction[]): boolean | null {
    if (functions.some(({ capabilities }) => capabilities === 'denied')) return false;
    if (functions.some(({ capabilities }) => capabilities === 'listed' || capabilities === 'broken')) return true;
    const hex = functions.map(({ hexPrivileged }) => hexPrivileged).filter((each) => each !== null);
    return hex.length === 0 ? null : hex.some(Boolean);
  }

  /** The command line that prints such a text. */
  private command(isVerbose: boolean, functions: readonly LspciFunction[]): string {
    const ids = this.hasIds ? (this.hasWords ? 'nn' : 'n') : '';
    const domains = this.hasDomain ? ['-D'] : [];
    const hex = this.hasHex > 256 ? 'xxxx' : this.hasHex > 64 ? 'xxx' : 'x';
    const more = this.hasHex > 0 ? [`-${hex}`] : [];
    if (!isVerbose) {
      const k = this.driverSeen ? 'k' : '';
      return ['lspci', ...domains, ...(ids + k === '' ? [] : [`-${ids}${k}`]), ...more].join(' ');
    }
    const full = functions.some(({ detail }) => detail === 'full');
    return ['lspci', ...domains, ...(ids === '' ? [] : [`-${ids}`]), full ? '-vvv' : '-v', ...more].join(' ');
  }

  private place(): Place {
    return { file: this.file, line: this.line };
  }

  private warn(text: string, line = this.line): void {
    this.warnings += 1;
    if (this.warnings <= WARNINGS_MAX) addFindings(this.findings, { kind: 'warning', text, line });
  }
}

function shortLine(line: string): string {
  const text = line.trim();
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** What lspci never shows, or this text does not. */
function unknownOf({ privileged, functions }: MachineFacts): readonly string[] {
  const isKnown = (name: FactName): boolean => functions.some(({ facts }) => facts[name] !== undefined);
  return [
    ...(privileged === true ? [] : ['port types, ACS, ATS and SR-IOV: run lspci -vvv as root']),
    ...(isKnown('parent') ? [] : ['which bridge is above which function: run lspci -vvv']),
    ...(isKnown('driver') ? [] : ['drivers: run lspci -vvv or lspci -k']),
    ...(isKnown('iommuGroup') ? [] : ['IOMMU groups: the IOMMU is off, or lspci is older than 3.7.0']),
  ];
}

const BLOCK_LINE =
  /^\s*(?:Capabilities: |Control: |Flags: |Subsystem: |Kernel driver in use: |[0-9a-f]{2}: (?:[0-9a-f]{2} ){15})/m;

export const lspciReader: Reader<MachineFacts, 'machine'> = {
  id: 'lspci',
  title: 'lspci, block form (-v to -vvv, -n, -nn, -k, -D, -x to -xxxx)',
  kind: 'machine',
  sniff(head) {
    const headers = head.split('\n').filter((line) => lspciHeader(line, false) !== undefined).length;
    if (headers === 0) return 0;
    return BLOCK_LINE.test(head) ? 0.95 : 0.7;
  },
  read: (lines, file) => new LspciText(file).read(lines),
};
