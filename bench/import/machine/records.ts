/**
 * lspci's forms for programs: records of `Tag:` and value (-vmm), and lines of quoted fields (-mm).
 *
 * Source: lspci's manual page, "Machine readable output".
 */
import { UserError } from '../../../sim/base/user-error.ts';
import { addFindings, type Finding, type Reader, type Reading } from '../reader.ts';
import { FunctionDraft } from './draft.ts';
import { addressOf, type FactName, type FunctionFacts, type MachineFacts, type Place, refuseMany } from './facts.ts';

const WARNINGS_MAX = 20;

/** A value in words, in a number, or both: `Intel Corporation [8086]`, `8086`. */
function valued(text: string): { readonly words?: string; readonly code?: string } {
  const value = text.trim();
  if (/^[0-9a-f]{4}$/i.test(value)) return { code: value.toLowerCase() };
  const [, words, code] = /^(.*?)(?: ?\[([0-9a-f]{4})\])?$/i.exec(value) ?? [];
  return { ...(words === undefined ? {} : { words }), ...(code === undefined ? {} : { code: code.toLowerCase() }) };
}

const TAG = /^([A-Za-z]+):[\t ]+(.*)$/;
const LINE_FORM = /^((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) "/i;
const FIELD = /"((?:[^"\\]|\\.)*)"|(-[rp])([0-9a-f]{2})|(\S+)/gi;

/** Numbers of a tag, where it has one. */
const NUMBERS: Readonly<Record<string, 'numaNode' | 'iommuGroup'>> = { NUMANode: 'numaNode', IOMMUGroup: 'iommuGroup' };
const CODES: Readonly<Record<string, 'class' | 'vendor' | 'device'>> = {
  Class: 'class',
  Vendor: 'vendor',
  Device: 'device',
};

class Records {
  private readonly functions = new Map<string, FunctionDraft>();
  private readonly findings: Finding[] = [];
  private readonly tags = new Set<string>();
  private readonly file: string;
  private current: FunctionDraft | undefined;
  private line = 0;
  private isWhole = true;
  private hasIds = true;
  private hasWords = false;
  private isLines = false;

  constructor(file: string) {
    this.file = file;
  }

  read(lines: Iterable<string>): Reading<MachineFacts> {
    let last: string | undefined;
    for (const line of lines) {
      if (last !== undefined) this.take(last);
      last = line;
    }
    const isCut = last !== undefined && last.trim() !== '';
    if (isCut) {
      this.line += 1;
      this.warn('the text ends within this line, which is not read');
    }
    if (this.functions.size === 0) {
      throw new UserError('input', `${this.file}: has no record as lspci -vmm or -mm prints them`, HINT);
    }
    const endsEarly = isCut || (!this.isLines && !this.isWhole);
    if (endsEarly && this.current !== undefined) this.warn(`${this.current.facts.address} is not whole`);
    for (const each of this.functions.values()) this.finish(each, endsEarly && each === this.current);
    const facts: MachineFacts = {
      producer: this.tags.has('IOMMUGroup') ? 'pciutils 3.7.0 or newer (IOMMUGroup tag)' : null,
      privileged: null,
      cut: endsEarly ? { file: this.file, line: this.line } : null,
      complete: this.findings.length === 0,
      functions: [...this.functions.values()].map((each) => each.placed()),
    };
    const unknown = ['the tree, port types, ACS, ATS, SR-IOV and BARs: add lspci -vvv, run as root'];
    return { format: this.command(), facts, findings: this.findings, unknown };
  }

  /** Tags that others have and a record lacks say that there is none. */
  private finish(each: FunctionDraft, isCut: boolean): void {
    if (isCut) return;
    each.lacking('revision', '00');
    if (this.isLines) return;
    if (this.tags.has('Driver') || this.tags.has('Module')) each.lacking('driver', null);
    if (this.tags.has('IOMMUGroup')) each.lacking('iommuGroup', null);
    each.lacking('numaNode', null);
  }

  private command(): string {
    const ids = this.hasIds ? (this.hasWords ? 'nn' : 'n') : '';
    return `lspci -${this.isLines ? '' : 'v'}mm${ids}${this.tags.has('Driver') ? 'k' : ''}`;
  }

  private take(line: string): void {
    this.line += 1;
    if (line.trim() === '') {
      this.current = undefined;
      this.isWhole = true;
      return;
    }
    if (LINE_FORM.test(line)) return this.fields(line);
    const [, tag, value = ''] = TAG.exec(line) ?? [];
    if (tag === undefined) {
      if (this.current !== undefined) this.warn('this line is no tag with its value');
      return;
    }
    this.isWhole = false;
    const address = addressOf(value.trim());
    // A single -vm calls the place `Device`, and so the name of the device.
    if ((tag === 'Slot' || tag === 'Device') && address !== undefined) return this.begin(address);
    if (this.current !== undefined) this.tag(this.current, tag, value);
  }

  private begin(address: string): void {
    if (this.current !== undefined && !this.isLines) this.warn('a record begins within another one');
    const known = this.functions.get(address);
    if (known !== undefined) {
      const hint = 'Are two machines in one file? Split it there.';
      throw new UserError('input', `${this.file}: line ${this.line}: ${address} is there again`, hint);
    }
    refuseMany(this.functions.size, this.file, this.line);
    this.current = new FunctionDraft(address, this.place());
    this.functions.set(address, this.current);
  }

  private tag(fn: FunctionDraft, tag: string, value: string): void {
    this.tags.add(tag);
    const number = NUMBERS[tag];
    if (number !== undefined) return this.set(fn, number, /^-?\d+$/.test(value) ? Number(value) : undefined);
    const code = CODES[tag];
    if (code !== undefined) return this.code(fn, code, value);
    if (tag === 'Rev') this.set(fn, 'revision', /^[0-9a-f]{2}$/i.test(value) ? value.toLowerCase() : undefined);
    if (tag === 'Driver') this.set(fn, 'driver', /^[\w-]+$/.test(value) ? value : undefined);
  }

  private code(fn: FunctionDraft, name: 'class' | 'vendor' | 'device', value: string): void {
    const { words, code } = valued(value);
    if (code !== undefined) this.set(fn, name, code);
    else this.hasIds = false;
    if (words === undefined || words === '') return;
    this.hasWords = true;
    if (name === 'class') fn.set('className', words);
    else if (name === 'vendor') fn.set('name', words);
    else fn.facts.name = `${fn.facts.name ?? ''} ${words}`.trim();
  }

  private set<Name extends FactName>(fn: FunctionDraft, name: Name, value: FunctionFacts[Name]): void {
    if (value === undefined) {
      fn.doubt(name);
      this.warn(`this value of ${name} is damaged; it does not count`);
    } else if (!fn.set(name, value, this.place())) this.warn(`${name} is there with two values; none counts`);
  }

  /** `00:02.0 "VGA" "Intel" "HD" -r06 -p00 "Lenovo" "…"`. */
  private fields(line: string): void {
    this.isLines = true;
    const [, place = ''] = LINE_FORM.exec(line) ?? [];
    const address = addressOf(place);
    if (address === undefined) return this.warn('this line begins with no address');
    const quoted: string[] = [];
    let revision: string | undefined;
    for (const [, text, option, value] of line.slice(place.length).matchAll(FIELD)) {
      if (text !== undefined) quoted.push(text.replaceAll(/\\(.)/g, '$1'));
      else if (option?.toLowerCase() === '-r') revision = value?.toLowerCase();
    }
    if (quoted.length < 3) return this.warn('this line has fewer than three quoted fields');
    this.current = undefined;
    this.begin(address);
    const fn = this.current as unknown as FunctionDraft;
    for (const [i, name] of (['class', 'vendor', 'device'] as const).entries()) this.code(fn, name, quoted[i]!);
    if (revision !== undefined) this.set(fn, 'revision', revision);
  }

  private place(): Place {
    return { file: this.file, line: this.line };
  }

  private warn(text: string): void {
    if (this.findings.length < WARNINGS_MAX) addFindings(this.findings, { kind: 'warning', text, line: this.line });
  }
}

const HINT = 'Give the output of lspci -vmmnnk.';

export const lspciRecordsReader: Reader<MachineFacts, 'machine'> = {
  id: 'lspci-records',
  title: 'lspci -vmm, -mm',
  kind: 'machine',
  sniff(head) {
    if (/^Slot:[\t ]+(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/m.test(head)) return 0.95;
    if (/^Device:[\t ]+(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/m.test(head)) return 0.9;
    return new RegExp(LINE_FORM.source, 'im').test(head) ? 0.9 : 0;
  },
  read: (lines, file) => new Records(file).read(lines),
};
