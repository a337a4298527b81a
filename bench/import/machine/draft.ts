/**
 * A function's facts while a text is read: what is said twice has to agree, and what is damaged stays unknown.
 */
import { type FactName, type FunctionFacts, type Place, type PlacedFunction } from './facts.ts';

type Draft = { -readonly [Name in keyof FunctionFacts]: FunctionFacts[Name] };

/** Facts that two tools word in their own way: the first one stays. */
const WORDS: ReadonlySet<FactName> = new Set(['name', 'className']);

export class FunctionDraft {
  readonly facts: Draft;
  readonly at: Place;
  /** Facts of which the text has something that cannot be read, or two things. */
  private readonly unsure = new Set<FactName>();
  private readonly from: Partial<Record<FactName, Place>> = {};

  constructor(address: string, at: Place) {
    this.facts = { address };
    this.at = at;
  }

  /** @returns false when another value is known already; then neither counts */
  set<Name extends FactName>(name: Name, value: FunctionFacts[Name], at?: Place): boolean {
    if (this.unsure.has(name)) return true;
    const known = this.facts[name];
    if (known !== undefined) {
      if (WORDS.has(name) || isSame(known, value)) return true;
      this.doubt(name);
      return false;
    }
    (this.facts as Record<string, unknown>)[name] = value;
    if (at !== undefined) this.from[name] = at;
    return true;
  }

  /** Takes a fact back for good. */
  doubt(name: FactName): void {
    this.unsure.add(name);
    delete this.facts[name];
    delete this.from[name];
  }

  /** Fills in what the text leaves out and thereby says. */
  lacking<Name extends FactName>(name: Name, value: FunctionFacts[Name]): void {
    if (this.facts[name] === undefined && !this.unsure.has(name)) (this.facts as Record<string, unknown>)[name] = value;
  }

  isUnsure(name: FactName): boolean {
    return this.unsure.has(name);
  }

  placed(): PlacedFunction {
    return { facts: this.facts, from: this.from, at: this.at };
  }
}

/** Whether two facts are the same, whatever the order of their fields. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}
