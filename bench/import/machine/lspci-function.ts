/**
 * One function of lspci's block form while its lines are read: text, then configuration space in hexadecimal.
 */
import { keysOf } from '../../../sim/base/keys.ts';
import { ConfigSpace } from './config-space.ts';
import { FunctionDraft, isSame } from './draft.ts';
import {
  type FactName,
  type FunctionFacts,
  hexAddress,
  type Place,
  type SriovFacts,
  type VfBarFacts,
} from './facts.ts';

/** The extended capabilities that are read, by their names. */
const CAPABILITY_NAMES = {
  acs: 'Access Control Services',
  ats: 'Address Translation Service',
  pasid: 'Process Address Space ID',
  ari: 'Alternative Routing-ID Interpretation',
  pri: 'Page Request Interface',
  sriov: 'Single Root I/O Virtualization',
} as const;
type CapabilityName = keyof typeof CAPABILITY_NAMES;

/** Where extended capabilities begin; a function without the Express capability has none. */
const EXTENDED_FROM = 0x100;

/** How much of a function the command printed: a line, `Flags:` and names (-v), or all that is decoded (-vv). */
type Detail = 'line' | 'brief' | 'full';

type Capabilities = 'none' | 'listed' | 'denied' | 'broken';

/** What hexadecimal and text both say, and what has to be the same in both. */
const IN_BOTH = [
  'type', 'primary', 'secondary', 'subordinate', 'acs', 'ats', 'pasid', 'pri', 'ari', 'sriov', 'slot', 'ariForwarding',
] as const; // prettier-ignore

export class LspciFunction extends FunctionDraft {
  detail: Detail = 'line';
  capabilities: Capabilities = 'none';
  /** Where the next facts stand. */
  private line: Place;
  private hasExtended = false;
  private readonly named = new Set<CapabilityName>();
  private inList = false;
  private inCapability: CapabilityName | undefined;
  private readonly config = new ConfigSpace();
  private readonly acsParts: { can?: string; on?: string } = {};
  private readonly sriovParts: Partial<SriovFacts> & { bars: VfBarFacts[] } = { bars: [] };
  private readonly bars: NonNullable<FunctionFacts['bars']>[number][] = [];
  private readonly starts: Partial<Record<FactName, Place>> = {};
  private readonly begun = new Set<Detail>();

  constructor(facts: FunctionFacts, at: Place) {
    super(facts.address, at);
    this.line = at;
    for (const name of keysOf(facts)) if (name !== 'address') this.set(name, facts[name]);
  }

  override set<Name extends FactName>(name: Name, value: FunctionFacts[Name], at: Place = this.line): boolean {
    return super.set(name, value, at);
  }

  override doubt(name: FactName): false {
    super.doubt(name);
    return false;
  }

  atLine(place: Place): void {
    this.line = place;
  }

  /** The line that a function has once. @returns false when it was there: another function's, whose first line is gone */
  begins(detail: Detail): boolean {
    if (this.begun.has(detail)) return false;
    this.begun.add(detail);
    this.detail = detail;
    return true;
  }

  /** The first line of the same function comes again, with lines of another command below it. */
  beginsAgain(): void {
    this.begun.clear();
    this.inList = false;
    this.inCapability = undefined;
  }

  denied(): true {
    this.capabilities = 'denied';
    return true;
  }

  listEndsEarly(): boolean {
    this.capabilities = 'broken';
    return false;
  }

  /** All ones: it is off, or hangs. Revision and program interface that were printed of it are none. */
  answersNothing(): false {
    this.capabilities = 'broken';
    if (this.facts.revision === 'ff') this.doubt('revision');
    return false;
  }

  /** @param offset in configuration space */
  capability(name: string, offset: number): void {
    if (this.capabilities === 'none') this.capabilities = 'listed';
    this.hasExtended ||= offset >= EXTENDED_FROM;
    this.inList = true;
    this.inCapability = keysOf(CAPABILITY_NAMES).find((each) => name.startsWith(CAPABILITY_NAMES[each]));
    if (this.inCapability === undefined) return;
    this.named.add(this.inCapability);
    this.sourced(this.inCapability);
  }

  /** Where a fact of several lines begins. */
  private sourced(name: FactName): void {
    this.starts[name] ??= this.line;
  }

  get isInCapabilities(): boolean {
    return this.inList;
  }

  get isInSriov(): boolean {
    return this.inCapability === 'sriov';
  }

  bar(bar: number, at: string, size: number | undefined, io: boolean): boolean {
    this.sourced('bars');
    const facts = {
      bar,
      at: hexAddress(at),
      ...(size === undefined ? {} : { size }),
      ...(io ? { io: true as const } : {}),
    };
    const known = this.bars.find((each) => each.bar === bar);
    if (known === undefined) this.bars.push(facts);
    return known === undefined || isSame(known, facts) || this.doubt('bars');
  }

  vfBar(bar: number, at: string): boolean {
    const { bars } = this.sriovParts;
    const facts = { bar, at: hexAddress(at) };
    const known = bars.find((each) => each.bar === bar);
    if (known === undefined) bars.push(facts);
    return known === undefined || isSame(known, facts) || this.doubt('sriov');
  }

  acsWord(field: 'can' | 'on', words: string): boolean {
    this.sourced('acs');
    this.named.add('acs');
    this.acsParts[field] ??= words;
    return this.acsParts[field] === words || this.doubt('acs');
  }

  sriov(parts: Partial<SriovFacts>): boolean {
    this.sourced('sriov');
    this.named.add('sriov');
    for (const name of keysOf(parts)) {
      const known = this.sriovParts[name];
      if (known !== undefined && known !== parts[name]) return this.doubt('sriov');
    }
    Object.assign(this.sriovParts, parts);
    return true;
  }

  /** A line of hexadecimal. @returns false when it does not fit those before */
  hex(offset: number, bytes: readonly number[]): boolean {
    return this.config.put(offset, bytes);
  }

  /** Whether hexadecimal shows more than the header. */
  get hexPrivileged(): boolean | null {
    return this.config.isEmpty ? null : this.config.isPrivileged;
  }

  /**
   * Puts the parts together, and compares them with hexadecimal.
   *
   * @param isCut whether the text ends within the function, so that what is missing is unknown
   * @returns names of facts that the text has in part, or that text and hexadecimal say differently
   */
  finish(isCut: boolean): readonly string[] {
    const partial: string[] = [];
    // A list whose end was cut off may have been longer.
    if (isCut && !this.inList) this.doubt('bars');
    if (isCut && this.isInSriov) this.doubt('sriov');
    this.finishAcs(partial);
    this.finishSriov(partial);
    if (this.bars.length > 0) this.set('bars', this.bars, this.starts.bars ?? this.at);
    const hex = this.config.facts();
    for (const name of IN_BOTH) {
      const [said, shown]: readonly unknown[] = [this.facts[name], hex[name]];
      if (said === undefined || said === null || shown === undefined || shown === null) continue;
      if (!isSame(withoutEgress(said), withoutEgress(shown))) partial.push(`${name} (text and hexadecimal differ)`);
    }
    this.finishFromHex(hex);
    if (!isCut) this.finishAbsent();
    return partial;
  }

  private finishAcs(partial: string[]): void {
    const { can, on } = this.acsParts;
    if (can !== undefined && on !== undefined) this.set('acs', { can, on }, this.starts.acs ?? this.at);
    else if (can !== undefined || on !== undefined) {
      partial.push('acs (ACSCap or ACSCtl is missing)');
      this.doubt('acs');
    }
    if (this.detail !== 'full') return;
    for (const name of this.named) {
      if (name === 'sriov' || this.facts[name] !== undefined || this.isUnsure(name)) continue;
      partial.push(`${name} (its lines are missing)`);
      this.doubt(name);
    }
  }

  private finishSriov(partial: string[]): void {
    const { enabled, initialVfs, totalVfs, numVfs, offset, stride, vfDevice, bars } = this.sriovParts;
    const isWhole = [enabled, initialVfs, totalVfs, numVfs, offset, stride, vfDevice].every(
      (each) => each !== undefined,
    );
    if (isWhole) this.set('sriov', this.sriovParts as SriovFacts, this.starts.sriov ?? this.at);
    else if (this.named.has('sriov') && this.detail === 'full') {
      partial.push('sriov (lines of it are missing)');
      this.doubt('sriov');
    } else if (bars.length > 0) this.doubt('sriov');
  }

  /** What the text leaves open. */
  private finishFromHex(hex: Omit<FunctionFacts, 'address'>): void {
    for (const name of keysOf(hex)) {
      if (name === 'bars' && this.detail !== 'line') continue;
      // Where the text was denied or damaged, the bytes are no worse.
      this.lacking(name, hex[name]);
    }
    const { acs } = this.facts;
    if (acs !== undefined && acs !== null && hex.acs?.egress !== undefined && isSame(acs, withoutEgress(hex.acs))) {
      this.facts.acs = hex.acs;
    }
  }

  /** Names that the list would have, and has not. */
  private finishAbsent(): void {
    if (this.detail === 'line') return;
    if (this.detail === 'full') this.lacking('bars', []);
    this.lacking('numaNode', null);
    if (this.capabilities !== 'listed') return;
    this.finishListed();
  }

  /** The same for a function without any capability, in a text that shows those of others. */
  finishWithout(): void {
    if (this.detail !== 'line' && this.capabilities === 'none') this.finishListed();
  }

  private finishListed(): void {
    for (const name of keysOf(CAPABILITY_NAMES)) if (!this.named.has(name)) this.lacking(name, null);
    if (!this.hasExtended) this.lacking('type', 'conventional');
  }
}

function withoutEgress(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { egress: _, ...rest } = value as { egress?: unknown };
  return rest;
}
