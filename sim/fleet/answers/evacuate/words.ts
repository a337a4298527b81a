/**
 * What is said of `evacuate`.
 */
import { bug } from '../../../base/bug.ts';
import { formatNs } from '../../../base/units.ts';
import { stuckVms } from '../../fleet-plan.ts';
import type { AnswerWords } from '../answer-parts.ts';
import { stayingSentence } from '../stays.ts';
import { formatLong } from '../phrases.ts';
import { type EvacuateNumbers, judgedOf, type NearestEvacuation, type Problem, type TriedLimit } from './numbers.ts';
import type { Relaxable } from './relaxing.ts';
import { orderTable, outcomeTable } from './tables.ts';

const RELAXED: Readonly<Record<Relaxable, (to: number) => string>> = {
  fleet: (to) => `${to} moves at once in the fleet`,
  outboundPerHost: (to) => `${to} moves at once out of a host`,
  inboundPerHost: (to) => `${to} moves at once into a host`,
  perPf: (to) => `${to} moves at once over a PF`,
  pfGigabitsPerSecond: () => "twice a PF's line",
  hostGigabitsPerSecond: () => "twice the hosts' lines",
  rackGigabitsPerSecond: () => "twice the racks' uplinks",
  spineGigabitsPerSecond: () => 'twice the spine',
};

export function evacuateWords(numbers: EvacuateNumbers): AnswerWords {
  const { tried, relaxing, outcomes, orders, bounds, problems, nearest } = numbers;
  const { point } = outcomes;
  return {
    sentences: [
      timeSentence(numbers),
      bindingSentence(numbers),
      ...problems.map((problem) => problemSentence(problem, numbers)),
    ],
    proof: tried.map((each) => ({
      at: each.outboundPerHost,
      holds: each.holds,
      method: 'simulation',
      finding: findingPhrase(each),
    })),
    relaxing: relaxing.map(({ of, to, totalNs }) => ({ change: RELAXED[of](to), answer: totalNs })),
    tables: [outcomeTable(outcomes), ...(orders.length === 0 ? [] : [orderTable(orders)])],
    methods: bounds.slice(0, 1).map(({ ns }) => ({
      figure: 'whole evacuation (the closed form is a bound from below)',
      unit: 'ns',
      closedForm: ns,
      simulated: point.totalNs,
    })),
    nearest: nearest === null ? null : nearestSentence(nearest),
  };
}

function timeSentence({ hosts, vms, limits, outcomes }: EvacuateNumbers): string {
  const { short, point, long } = outcomes;
  return (
    `Emptying ${hosts} ${hosts === 1 ? 'host' : 'hosts'} with ${vms} VMs takes ${formatLong(point.totalNs)} ` +
    `(${formatLong(short.totalNs)} to ${formatLong(long.totalNs)}) under ${limits}; ` +
    `pauses are ${formatNs(point.pauseP50Ns)} at the median and ${formatNs(point.pauseP99Ns)} at p99 ` +
    `(p99 at the long ends: ${formatNs(long.pauseP99Ns)}).`
  );
}

function bindingSentence(numbers: EvacuateNumbers): string {
  if (stuckVms(judgedOf(numbers)) > 0) {
    return 'Too many moves at once bind: they share lines until what is left for each is less than its guest writes.';
  }
  const [binding = bug('NO_BOUND'), next] = numbers.bounds;
  const { totalNs } = numbers.outcomes.point;
  // Where nothing moved there is no whole.
  const share = totalNs === 0 ? '' : `, ${percent(binding.ns / totalNs)} of the whole`;
  const second = next === undefined ? '' : `; next is ${next.name} with ${formatLong(next.ns)}`;
  return `${capital(binding.name)} binds: alone it takes ${formatLong(binding.ns)}${share}${second}.`;
}

function problemSentence(problem: Problem, { withinNs, budgetNs }: EvacuateNumbers): string {
  switch (problem.kind) {
    case 'staying':
      return stayingSentence(problem.of);
    case 'no room':
      return `The room on the other hosts cannot be kept: ${problem.vms} VMs find none.`;
    case 'not converging':
      return `${problem.vms} VMs do not converge, and ${problem.hostsLeft} hosts are not empty.`;
    case 'late':
      return `It takes ${formatLong(problem.totalNs)}, and must be done in ${formatLong(withinNs)}.`;
    default:
      return `${problem.vms} VMs stand still for longer than ${formatNs(budgetNs)}.`;
  }
}

function findingPhrase({ outboundPerHost, totalNs }: TriedLimit): string {
  return `${outboundPerHost} at once out of a host: ${formatLong(totalNs)}`;
}

function nearestSentence(nearest: NearestEvacuation): string {
  switch (nearest.kind) {
    case 'emptied with the room':
      return `The nearest: ${nearest.hosts} hosts can be emptied with that room.`;
    case 'fewer at once':
      return `The nearest: ${nearest.outboundPerHost} at once out of a host; all then converge, in ${formatLong(nearest.totalNs)}.`;
    case 'not one at once':
      return (
        `The nearest: ${nearest.hosts} hosts are emptied; not even one move at once out of a host lets the other ` +
        'VMs converge.'
      );
    default:
      return `The nearest: ${formatLong(nearest.totalNs)}, with pauses of up to ${formatNs(nearest.pauseMaxNs)}.`;
  }
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(3)} %`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
