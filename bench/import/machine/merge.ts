/**
 * Several files of one machine as one: each adds what the others do not say.
 */
import { keysOf } from '../../../sim/base/keys.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { Finding } from '../reader.ts';
import { isSame } from './draft.ts';
import {
  addressKey,
  type FactName,
  type FunctionFacts,
  type MachineFacts,
  type Place,
  type PlacedFunction,
} from './facts.ts';

/** A file with what was read of it. */
export interface MachineFile {
  readonly file: string;
  readonly facts: MachineFacts;
}

/** Of another machine when they differ. */
const IDENTITY: ReadonlySet<FactName> = new Set(['class', 'vendor', 'device']);
/** Two tools word them in their own way. */
const WORDS: ReadonlySet<FactName> = new Set(['name', 'className']);
const WARNINGS_MAX = 20;

/**
 * @param files of one machine; where two differ, the earlier counts
 * @throws UserError of kind `input` for files of different machines
 */
export function mergedMachine(files: readonly MachineFile[]): { facts: MachineFacts; findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const [first, ...others] = files;
  let facts = first!.facts;
  for (const { file, facts: more } of others) facts = merged(facts, more, file, findings);
  const functions = facts.functions.toSorted((a, b) => addressKey(a.facts.address) - addressKey(b.facts.address));
  const untold = findings.length - WARNINGS_MAX;
  if (untold > 0) findings.splice(WARNINGS_MAX, untold, { kind: 'warning', text: `${untold} more facts differ` });
  return { facts: { ...facts, functions }, findings };
}

function merged(a: MachineFacts, b: MachineFacts, file: string, findings: Finding[]): MachineFacts {
  const functions = new Map(a.functions.map((each) => [each.facts.address, each]));
  const shared = b.functions.filter(({ facts }) => functions.has(facts.address));
  if (shared.length === 0) {
    const hint = 'Give files of one machine; for another one, call the command again.';
    throw new UserError('input', `${file}: has no function of the files before it`, hint);
  }
  for (const more of b.functions) {
    const known = functions.get(more.facts.address);
    functions.set(more.facts.address, known === undefined ? more : mergedFunction(known, more, findings));
  }
  return {
    ...b,
    ...a,
    privileged: a.privileged === true || b.privileged === true || (a.privileged ?? b.privileged),
    cut: a.complete || b.complete ? null : (a.cut ?? b.cut),
    complete: a.complete || b.complete,
    functions: [...functions.values()],
  };
}

function mergedFunction(a: PlacedFunction, b: PlacedFunction, findings: Finding[]): PlacedFunction {
  const facts: Record<string, unknown> = { ...b.facts, ...a.facts };
  const from: Partial<Record<FactName, Place>> = { ...placesOf(b), ...placesOf(a) };
  for (const name of keysOf(b.facts) as readonly (keyof FunctionFacts)[]) {
    if (name === 'address' || WORDS.has(name) || a.facts[name] === undefined || isSame(a.facts[name], b.facts[name]))
      continue;
    if (isFiner(b.facts[name], a.facts[name])) {
      facts[name] = b.facts[name];
      from[name] = b.from[name] ?? b.at;
    } else if (!isFiner(a.facts[name], b.facts[name])) differ(name, a, b, findings);
  }
  return { facts: facts as unknown as FunctionFacts, from, at: a.at };
}

function placesOf({ facts, from, at }: PlacedFunction): Partial<Record<FactName, Place>> {
  return Object.fromEntries(keysOf(facts).map((name) => [name, from[name as FactName] ?? at]));
}

/** Whether a fact says what another one says, and more: a BAR with its size. */
function isFiner(fine: unknown, coarse: unknown): boolean {
  if (typeof fine !== 'object' || typeof coarse !== 'object' || fine === null || coarse === null) return false;
  return Object.entries(coarse).every(([key, value]: [string, unknown]) => {
    const other = (fine as Record<string, unknown>)[key];
    return isSame(value, other) || isFiner(other, value);
  });
}

function differ(name: FactName, a: PlacedFunction, b: PlacedFunction, findings: Finding[]): void {
  const [one, two] = [a.from[name] ?? a.at, b.from[name] ?? b.at];
  const said = (value: unknown): string => (value === null ? 'none' : JSON.stringify(value));
  const text = `${a.facts.address}: ${name} is ${said(a.facts[name])} in ${one.file} and ${said(b.facts[name])} in ${two.file}`;
  if (IDENTITY.has(name)) {
    const hint = 'Give files of one machine; for another one, call the command again.';
    throw new UserError('input', `${two.file}: line ${two.line}: ${text}`, hint);
  }
  findings.push({ kind: 'warning', text: `${text}: the first counts`, line: two.line });
}
