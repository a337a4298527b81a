/**
 * What a user demands of a run: how it ends, and bounds of its figures; each demand that is not met is a sentence.
 */
import { bytes, duration } from '../../../sim/base/quantity.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { CAN_OUTCOMES, type CanOutcome } from '../../../sim/manager/can-answer.ts';
import { type Expectation, hasMoved } from '../../../sim/memory/outcome.ts';
import { type Assertion, ASSERTION_SYNTAX, assertionOf, type Operator } from '../../../sim/scenario/demand.ts';
import type { Figure } from '../../show/figure.ts';
import { formatValue } from '../../show/format.ts';
import type { RunDocument } from './document.ts';

const HOLDS: Readonly<Record<Operator, (a: number, b: number) => boolean>> = {
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
};

/** What must hold of a run. */
export interface Demands {
  /** How each VM ends; undefined: as it does. */
  readonly expected: Expectation | undefined;
  readonly asserted: readonly Assertion[];
}

/**
 * What a scenario and the command line demand: a `--expect` stands in place of the scenario's, and each `--assert` is added.
 *
 * @throws UserError of kind `usage` for a text that is no bound
 */
export function demandsOf(
  scenario: { readonly expect?: Expectation | undefined; readonly assert?: readonly string[] | undefined },
  flags: { readonly expect?: Expectation; readonly assert?: readonly string[] },
): Demands {
  const texts = [...(scenario.assert ?? []), ...(flags.assert ?? [])];
  return { expected: flags.expect ?? scenario.expect, asserted: texts.map(parseAssertion) };
}

/** @throws UserError of kind `usage` for a text that is no such bound */
function parseAssertion(text: string): Assertion {
  const assertion = assertionOf(text);
  if (assertion !== null) return assertion;
  const hint = "Such as --assert 'pause.high < 300ms'.";
  throw new UserError('usage', `--assert is '${text}', allowed is ${ASSERTION_SYNTAX}`, hint);
}

/** Sentences of what is not met; empty: all is. */
export function unmet(document: RunDocument, { expected, asserted }: Demands): string[] {
  const found = expected === undefined ? [] : endsOtherwise(document, expected);
  return [...found, ...asserted.flatMap((each) => broken(document, each) ?? [])];
}

/**
 * The same of a move that is not played, since `can` answers so: it has no figure of which a bound could hold.
 *
 * @param outcome where the move begins and loses state, it was not refused
 */
export function unmetUnplayed(outcome: CanOutcome, { expected, asserted }: Demands): string[] {
  const asExpected = expected === undefined || (expected === 'refused' && outcome !== 'losesState');
  const demanded = [...(asExpected ? [] : [`that it ends ${expected}`]), ...asserted.map(({ text }) => text)];
  if (demanded.length === 0) return [];
  return [`nothing is played (${CAN_OUTCOMES[outcome].title}); demanded is ${demanded.join(', ')}`];
}

function endsOtherwise({ vms }: RunDocument, expected: Expectation): string[] {
  const others = vms.filter(({ kind }) => kind !== expected);
  if (others.length === 0) return [];
  const { vm, kind } = others[0]!;
  return [`expected of each VM is ${expected}; ${others.length} of ${vms.length} ended otherwise, VM ${vm} ${kind}`];
}

/** What the downtime of a move is called in the document. */
const NAMES: Readonly<Record<string, string>> = { downtime: 'pause' };

function broken({ figures, vms }: RunDocument, { text, figure: name, end, operator, limit }: Assertion): string | null {
  const all = new Map<string, Figure | undefined>(Object.entries(figures));
  const figure = all.get(NAMES[name] ?? name);
  if (figure === undefined) {
    const names = [...all.keys()].join(', ');
    throw new UserError('usage', `asserted is '${text}', and this run has no figure ${name}`, `It has ${names}.`);
  }
  const { value, unit, low = value, high = value } = figure;
  const actual = { low, value, high }[end];
  const bound = boundOf(limit, unit, text);
  const stayed = unit === 'ns' ? vms.find(({ kind }) => !hasMoved(kind)) : undefined;
  if (stayed !== undefined) return `${name} is asserted, and VM ${stayed.vm} did not move (${stayed.kind})`;
  if (HOLDS[operator](actual, bound)) return null;
  return `${name}.${end} is ${formatValue(actual, unit)}, asserted is ${operator} ${limit}`;
}

function boundOf(limit: string, unit: string, text: string): number {
  const schema = unit === 'ns' ? duration : unit === 'B' ? bytes : null;
  const read = schema?.safeParse(limit === '0' ? 0 : limit);
  const bound = schema === null ? Number(limit) : read?.success === true ? read.data : Number.NaN;
  if (!Number.isNaN(bound)) return bound;
  const allowed = unit === 'ns' ? 'a time such as 300ms' : unit === 'B' ? 'a size such as 4GiB' : 'a number';
  throw new UserError('usage', `asserted is '${text}': the limit is '${limit}', allowed is ${allowed}`);
}
