/**
 * Phrases that the answers to several kinds of question share.
 */
import { formatNs, MEGA, NS_PER_S, unitOf } from '../../base/units.ts';
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
  if (unit === 'B' || unit === 'B/s') return `${(value / MEGA).toPrecision(4)} M${unit}`;
  return unit === '' ? String(value) : `${value} ${unitOf(value, unit)}`;
}

/** A constraint that binds: what is used of it, and what one step further would use. */
export function bindingPhrase({ name, unit, limit, used, next }: ConstraintState): string {
  const here = used === null ? '' : `, ${quantity(used, unit)} of ${quantity(limit, unit)} are used`;
  const allowed = used === null ? `, allowed are ${quantity(limit, unit)}` : '';
  const there = next === null ? '' : `; one further would need ${quantity(next, unit)}${allowed}`;
  return `${name} binds${here}${there}`;
}

/** The constraint that decided a verdict, and what was used of it. */
export function findingPhrase({ holds, uses }: VmVerdict): string {
  const decisive = holds ? uses.at(-1) : uses.find(({ broken }) => broken);
  if (decisive === undefined) return '';
  const { unit } = CONSTRAINTS[decisive.id];
  return `${constraintName(decisive)}: ${quantity(decisive.used, unit)} of ${quantity(decisive.limit, unit)}`;
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
