/**
 * What a user demands of a run: how it ends, and bounds of its figures; each demand that is not met is a sentence.
 */
import { keysOf } from '../../../sim/base/keys.ts';
import { bytes, duration } from '../../../sim/base/quantity.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { CAN_OUTCOMES } from '../../../sim/manager/can-answer.ts';
import { hasMoved, type MoveEnd } from '../../../sim/memory/outcome.ts';
import { type Assertion, ASSERTION_SYNTAX, assertionOf, type Operator } from '../../../sim/scenario/demand.ts';
import type { Figure } from '../../show/figure.ts';
import { formatValue } from '../../show/format.ts';
import type { RunDocument } from './document.ts';
import { type AnyRun, isPlayed } from './unplayed.ts';

const HOLDS: Readonly<Record<Operator, (a: number, b: number) => boolean>> = {
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
};

/** What must hold of a run. */
export interface Demands {
  /** How each VM ends; undefined: as it does. */
  readonly expected: MoveEnd | undefined;
  readonly asserted: readonly Assertion[];
}

/**
 * What a scenario and the command line demand: a `--expect` stands in place of the scenario's, and each `--assert` is added.
 *
 * @throws UserError of kind `usage` for a text that is no bound
 */
export function demandsOf(
  scenario: { readonly expect?: MoveEnd | undefined; readonly assert?: readonly string[] | undefined },
  flags: { readonly expect?: MoveEnd; readonly assert?: readonly string[] },
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

/** Sentences of what is not met; empty: all is. A bound never holds of a move that is not played: it has no figure. */
export function unmet(run: AnyRun, { expected, asserted }: Demands): string[] {
  const found = expected === undefined ? [] : endsOtherwise(run, expected);
  if (isPlayed(run)) return [...found, ...asserted.flatMap((each) => broken(run, each) ?? [])];
  const why = `nothing is played (${CAN_OUTCOMES[run.can.outcome].title})`;
  return [...found, ...asserted.map(({ text }) => `asserted is '${text}', and ${why}`)];
}

/** Whether tasks were lost. */
export function hasLostTasks(run: AnyRun): boolean {
  return isPlayed(run) && run.figures.wrongTasks.value > 0;
}

function endsOtherwise(run: AnyRun, expected: MoveEnd): string[] {
  const { ended } = run;
  const all = keysOf(ended).reduce((sum, end) => sum + ended[end], 0);
  const others = all - ended[expected];
  if (others === 0) return [];
  const how = keysOf(ended).filter((end) => end !== expected && ended[end] > 0);
  const ends = how.map((end) => (all === 1 ? end : `${ended[end]} ${end}`)).join(', ');
  const why = isPlayed(run) ? '' : `; nothing is played (${CAN_OUTCOMES[run.can.outcome].title})`;
  return [`expected of each VM is ${expected}; ${others} of ${all} ended otherwise: ${ends}${why}`];
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
