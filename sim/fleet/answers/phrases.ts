/**
 * Phrases that the answers to several kinds of question share.
 */
import { formatNs, MEGA, NS_PER_MS, NS_PER_S, unitOf } from '../../base/units.ts';
import { constraintName, CONSTRAINTS } from '../constraint.ts';
import type { TriedNumber, VmVerdict } from '../vm-verdict.ts';
import type { ConstraintState, Proof } from './answer-parts.ts';

/** A time, also of minutes, hours and days. */
export function formatLong(ns: number): string {
  const seconds = ns / NS_PER_S;
  if (!Number.isFinite(seconds)) return String(seconds);
  if (seconds < 600) return formatNs(ns);
  if (seconds < 2 * 3600) return `${(seconds / 60).toPrecision(3)} min`;
  if (seconds < 48 * 3600) return `${(seconds / 3600).toPrecision(3)} h`;
  return `${(seconds / 86400).toPrecision(3)} days`;
}

/** What is used or allowed of a constraint, in its unit. */
export function quantity(value: number, unit: string): string {
  if (unit === 'ns') return formatNs(value);
  if (unit === 'step') return `step ${value}`;
  if (unit === 'B' || unit === 'B/s') return `${(value / MEGA).toPrecision(4)} M${unit}`;
  return unit === '' ? String(value) : `${value} ${unitOf(value, unit)}`;
}

/** Values that differ by less than that share are the same: sums in another order do. */
const SAME = 1e-9;

export function areSame(value: number, other: number): boolean {
  return Math.abs(value - other) <= SAME * Math.abs(other);
}

/** A quantity with as many digits as it takes to differ from another one. */
export function unlike(value: number, other: number, unit: string): string {
  const text = quantity(value, unit);
  if (areSame(value, other) || text !== quantity(other, unit)) return text;
  if (unit === 'ns') return unlikeNs(value, other);
  return unit === 'B' || unit === 'B/s' ? `${value / MEGA} M${unit}` : text;
}

/** From 4 digits on; times of 1000 s and more in whole seconds do not need them. */
function unlikeNs(value: number, other: number): string {
  const [scale, name] = Math.abs(value) < NS_PER_S ? ([NS_PER_MS, 'ms'] as const) : ([NS_PER_S, 's'] as const);
  for (let digits = 4; digits < 12; digits++) {
    const text = (value / scale).toPrecision(digits);
    if (text !== (other / scale).toPrecision(digits)) return `${text} ${name}`;
  }
  return `${value / scale} ${name}`;
}

/** What is used of a limit; nothing that differs from it is shown as the same, `150.0000 ms of 150 ms` neither. */
export function usedPhrase(used: number, limit: number, unit: string): string {
  const here = unlike(used, limit, unit);
  const allowed = quantity(limit, unit);
  return `${here} of ${isNumberOf(here, allowed) ? unlike(limit, used, unit) : allowed}`;
}

/** Whether two texts give the same number of the same unit. */
function isNumberOf(text: string, other: string): boolean {
  const [[value, unit], [otherValue, otherUnit]] = [text.split(' '), other.split(' ')];
  return unit === otherUnit && Number(value) === Number(otherValue);
}

/** The binding constraints, each with what is used of it and what one step further would use; empty: none. */
export function bindingSentence(constraints: readonly ConstraintState[]): string {
  const [first, ...others] = constraints.filter(({ binds }) => binds).map(bindingPhrase);
  if (first === undefined) return '';
  return others.length === 0
    ? `Binding constraint: ${first}.`
    : `Binding constraints: ${[first, ...others].join('; ')}.`;
}

/** A binding constraint: what is used of it, and what one step further would use. */
function bindingPhrase({ name, unit, limit, used, next }: ConstraintState): string {
  const here = used === null ? '' : `, ${usedPhrase(used, limit, unit)}`;
  const allowed = used === null ? ` of ${quantity(limit, unit)}` : '';
  const there = next === null ? '' : `; one further: ${unlike(next, limit, unit)}${allowed}`;
  return `${name}${here}${there}`;
}

/** The constraint that decided a verdict, and what was used of it. */
export function findingPhrase({ holds, uses }: VmVerdict): string {
  const decisive = holds ? uses.at(-1) : uses.find(({ broken }) => broken);
  if (decisive === undefined) return '';
  const { unit } = CONSTRAINTS[decisive.id];
  return `${constraintName(decisive)}: ${usedPhrase(decisive.used, decisive.limit, unit)}`;
}

/** Numbers that were tried, with what was found. */
export function proofOf(tried: readonly TriedNumber[]): readonly Proof[] {
  return tried.map(({ at, verdict, simulated }) => ({
    at,
    holds: verdict.holds,
    method: methodPhrase(simulated),
    finding: findingPhrase(verdict),
  }));
}

export function methodPhrase(simulated: boolean): Proof['method'] {
  return simulated ? 'simulation' : 'closed form';
}
