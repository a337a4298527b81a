/**
 * What is relaxed of an evacuation to see what it buys: the limit or the links that a bound comes from, twice as large.
 */
import type { Concurrency } from '../../evacuation-terms.ts';
import type { BoundName } from '../../fleet-bounds.ts';
import type { EvacuateQuestion, FleetChange, FleetPlan } from '../../fleet-plan.ts';

type LimitName = keyof Concurrency;
type LinkName = Extract<keyof EvacuateQuestion['fleet'], `${string}GigabitsPerSecond`>;
/** A limit of the operator, or a link of the fleet. */
export type Relaxable = LimitName | LinkName;

/** What a bound comes from. */
const ORIGINS = {
  'moves at once in the fleet': { limit: 'fleet' },
  'moves at once out of a host': { limit: 'outboundPerHost' },
  'moves at once into a host': { limit: 'inboundPerHost' },
  'moves at once over a PF': { limit: 'perPf' },
  "a PF's link": { link: 'pfGigabitsPerSecond' },
  "a host's link": { link: 'hostGigabitsPerSecond' },
  'links of the hosts that receive': { link: 'hostGigabitsPerSecond' },
  'one move': { link: 'hostGigabitsPerSecond' },
  "a rack's uplink": { link: 'rackGigabitsPerSecond' },
  'the spine': { link: 'spineGigabitsPerSecond' },
} as const satisfies Readonly<Record<BoundName, { readonly limit: LimitName } | { readonly link: LinkName }>>;

export interface Relaxation {
  readonly of: Relaxable;
  /** What it becomes: moves, or 10^9 bits per second. */
  readonly to: number;
  readonly change: FleetChange;
}

/** @returns null where the fleet has no such link */
export function relaxationOf(bound: BoundName, plan: FleetPlan): Relaxation | null {
  const { limits } = plan;
  const origin = ORIGINS[bound];
  if ('limit' in origin) {
    const { limit } = origin;
    const to = 2 * limits[limit];
    return { of: limit, to, change: { limits: { ...limits, [limit]: to } } };
  }
  return twice(origin.link, plan);
}

/** @returns null where the fleet has no such link */
export function twice(link: LinkName, { question }: FleetPlan): Relaxation | null {
  const gigabits = question.fleet[link];
  if (gigabits === undefined) return null;
  const to = 2 * gigabits;
  return { of: link, to, change: { fleet: { ...question.fleet, [link]: to, ...ofClasses(question.fleet, link) } } };
}

/** Links that host classes have of their own follow that of the fleet. */
function ofClasses({ hostClasses }: EvacuateQuestion['fleet'], link: LinkName): Partial<EvacuateQuestion['fleet']> {
  if (hostClasses === undefined || (link !== 'hostGigabitsPerSecond' && link !== 'pfGigabitsPerSecond')) return {};
  return {
    hostClasses: hostClasses.map((each) => (each[link] === undefined ? each : { ...each, [link]: 2 * each[link] })),
  };
}
