/**
 * lspci -t and -tv: the tree as it is drawn. The column of a branch says which bus its functions are on.
 *
 * Source: ls-tree.c of pciutils; from 3.10 on each domain has a root line of its own, before all roots are branches of one.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import { addFindings, type Finding, type Reader, type Reading } from '../reader.ts';
import { FunctionDraft } from './draft.ts';
import { addressKey, type MachineFacts, type PlacedFunction, refuseMany } from './facts.ts';

/** A line of a tree: a branch, or a root. */
export const TREE_LINE = /^[ |]*(?:[+\\]-(?:\[|[0-9a-f]{2}\.[0-7])|-(?:\+-)?\[)/;

const ROOT = /^\[(?:([0-9a-f]{4,8}):)?([0-9a-f]{2})\]/i;
const RANGE = /^-\[([0-9a-f]{2})(?:-([0-9a-f]{2}))?\]/i;
const FUNCTION = /^([01][0-9a-f]\.[0-7])(?![0-9a-z])/i;
/** lspci cuts its lines here. */
const CUT = '...';

/** The bus that a branch hangs from. */
interface Branch {
  readonly domain: string;
  readonly bus: string;
  /** The bridge above it; null for a bus of the root complex, undefined where no bus is known yet. */
  readonly bridge: string | null;
}

class LspciTree {
  private readonly functions = new Map<string, FunctionDraft>();
  private readonly rootBuses: string[] = [];
  private readonly findings: Finding[] = [];
  private readonly branches = new Map<number, Branch>();
  private readonly file: string;
  private line = 0;
  private rootLines = 0;
  private hasNames = false;

  constructor(file: string) {
    this.file = file;
  }

  read(lines: Iterable<string>): Reading<MachineFacts> {
    let isWhole = true;
    for (const line of lines) {
      this.line += 1;
      if (line.trim() === '') {
        isWhole = true;
        continue;
      }
      if (!TREE_LINE.test(line)) {
        if (this.functions.size > 0) this.warn(`this is no line of a tree`);
        continue;
      }
      this.take(line.trimEnd());
      isWhole = false;
    }
    if (this.functions.size === 0) {
      throw new UserError('input', `${this.file}: has no tree as lspci -t prints it`, 'Give the output of lspci -tv.');
    }
    if (!isWhole) this.warn('the text ends within this line');
    const facts: MachineFacts = {
      producer: this.producer(),
      privileged: null,
      cut: isWhole ? null : { file: this.file, line: this.line },
      complete: this.findings.length === 0,
      rootBuses: this.rootBuses,
      functions: [...this.functions.values()].map((each) => each.placed()).toSorted(byAddress),
    };
    const unknown = ['everything but addresses and buses: add lspci -vvv, run as root'];
    return { format: this.hasNames ? 'lspci -tv' : 'lspci -t', facts, findings: this.findings, unknown };
  }

  private producer(): string | null {
    if (this.rootBuses.length < 2) return null;
    return this.rootLines > 1 ? 'pciutils 3.10 or newer' : 'pciutils 3.9.0 or older (one line for all roots)';
  }

  private take(line: string): void {
    let column = line.search(/[^ |]/);
    let branch: Branch | undefined;
    if (line[column] === '+' || line[column] === '\\') branch = this.branches.get(column);
    else {
      // A root: all columns are new.
      this.branches.clear();
      this.rootLines += 1;
      if (line.startsWith('-+-')) column = 1;
    }
    const at = line[column] === '-' ? column + 1 : column + 2;
    if (branch === undefined && !ROOT.test(line.slice(at))) {
      this.warn('this branch hangs from none of the lines above');
      return;
    }
    this.follow(line, at, branch);
  }

  /** Reads what stands from a place on, each the child of the one before. */
  private follow(line: string, from: number, start: Branch | undefined): void {
    let at = from;
    let branch = start;
    for (;;) {
      const rest = line.slice(at);
      const root = ROOT.exec(rest);
      if (root !== null) {
        branch = this.bus(root, branch);
        at += root[0].length;
      } else {
        const [found, place] = FUNCTION.exec(rest) ?? [];
        if (branch === undefined || found === undefined || place === undefined) return this.ends(rest);
        const fn = this.fn(branch, place);
        at += found.length;
        const range = RANGE.exec(line.slice(at));
        if (range === null || fn === undefined) return this.ends(line.slice(at), fn);
        branch = this.below(fn, branch, range);
        at += range[0].length;
      }
      // Dashes lead to the next; a plus among them begins a list of branches in its column.
      const [dashes = ''] = /^-*(?:\+-)?/.exec(line.slice(at)) ?? [];
      if (dashes.endsWith('+-')) this.branches.set(at + dashes.length - 2, branch);
      at += dashes.length;
    }
  }

  private bus([, domain = '0', bus = '']: RegExpExecArray, above: Branch | undefined): Branch {
    const number = Number.parseInt(domain, 16).toString(16).padStart(4, '0');
    const bridge = above?.bridge ?? null;
    if (bridge === null) this.rootBuses.push(`${number}:${bus.toLowerCase()}`);
    return { domain: number, bus: bus.toLowerCase(), bridge };
  }

  private fn({ domain, bus, bridge }: Branch, place: string): FunctionDraft | undefined {
    const address = `${domain}:${bus}:${place.toLowerCase()}`;
    if (this.functions.has(address)) {
      this.warn(`${address} is there twice`);
      return undefined;
    }
    refuseMany(this.functions.size, this.file, this.line);
    const fn = new FunctionDraft(address, { file: this.file, line: this.line });
    fn.set('parent', bridge);
    this.functions.set(address, fn);
    return fn;
  }

  private below(fn: FunctionDraft, { domain, bus }: Branch, [, secondary = '', last]: RegExpExecArray): Branch {
    fn.set('primary', bus);
    fn.set('secondary', secondary.toLowerCase());
    fn.set('subordinate', (last ?? secondary).toLowerCase());
    return { domain, bus: secondary.toLowerCase(), bridge: fn.facts.address };
  }

  /** What stands after the last function: nothing, or two blanks and its name. */
  private ends(rest: string, fn?: FunctionDraft): void {
    if (rest.endsWith(CUT)) this.warn('lspci has cut this line: the rest of it is missing');
    const name = rest.trim();
    if (name === '') return;
    if (!rest.startsWith('  ')) return this.warn('the end of this line is no part of a tree');
    this.hasNames = true;
    fn?.set('name', name.replace(/\.\.\.$/, ''));
  }

  private warn(text: string): void {
    if (this.findings.length < WARNINGS_MAX) addFindings(this.findings, { kind: 'warning', text, line: this.line });
  }
}

function byAddress(a: PlacedFunction, b: PlacedFunction): number {
  return addressKey(a.facts.address) - addressKey(b.facts.address);
}

const WARNINGS_MAX = 20;

export const lspciTreeReader: Reader<MachineFacts, 'machine'> = {
  id: 'lspci-tree',
  title: 'lspci -t, -tv',
  kind: 'machine',
  sniff: (head) => (/^-(?:\+-)?\[(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}\]/m.test(head) ? 0.9 : 0),
  read: (lines, file) => new LspciTree(file).read(lines),
};
