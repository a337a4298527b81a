/**
 * What is said of `evacuate`.
 */
import { keysOf } from '../../../base/keys.ts';
import { countOf, formatNs } from '../../../base/units.ts';
import type { RangeEnd } from '../../../memory/device-profile.ts';
import type { Blocker } from '../../../memory/precopy-end.ts';
import { leftVms, type Outcome, stuckVms } from '../../fleet-plan.ts';
import type { AnswerWords } from '../answer-parts.ts';
import { stayingSentence } from '../stays.ts';
import { formatLong } from '../phrases.ts';
import { type EvacuateNumbers, judgedOf, type NearestEvacuation, type Problem, type TriedLimit } from './numbers.ts';
import type { Relaxable } from './relaxing.ts';
import { orderTable, outcomeTable } from './tables.ts';

/** From this share of its time on, a move is near its time-out. */
const NEAR_SHARE = 0.75;

const RELAXED: Readonly<Record<Relaxable, (to: number) => string>> = {
  fleet: (to) => `${countOf(to, 'move')} at once in the fleet`,
  outboundPerHost: (to) => `${countOf(to, 'move')} at once out of a host`,
  inboundPerHost: (to) => `${countOf(to, 'move')} at once into a host`,
  perPf: (to) => `${countOf(to, 'move')} at once over a PF`,
  pfGigabitsPerSecond: () => "twice a PF's link",
  hostGigabitsPerSecond: () => "twice the hosts' links",
  rackGigabitsPerSecond: () => "twice the racks' uplinks",
  spineGigabitsPerSecond: () => 'twice the spine',
};

export function evacuateWords(numbers: EvacuateNumbers): AnswerWords {
  const { tried, relaxing, outcomes, orders, bounds, problems, nearest } = numbers;
  const { point } = outcomes;
  return {
    sentences: [
      timeSentence(numbers),
      ...[bindingSentence(numbers)].filter((sentence) => sentence !== ''),
      ...anyOrderSentences(numbers),
      ...problems.map((problem) => problemSentence(problem, numbers)),
      ...maintenanceSentences(numbers),
      ...windowSentences(numbers),
      ...hearsaySentences(numbers),
      ...setUpSentences(numbers),
      ...unjudgedSentences(numbers),
    ],
    proof: tried.map((each) => ({
      at: each.outboundPerHost,
      holds: each.holds,
      method: 'simulation',
      finding: findingPhrase(each),
    })),
    relaxing: relaxing.map(({ of, to, totalNs }) => ({ change: RELAXED[of](to), answer: totalNs })),
    tables: [
      outcomeTable(outcomes),
      ...numbers.dayTables,
      ...numbers.classTables,
      ...(orders.length === 0 ? [] : [orderTable(orders)]),
    ],
    methods: (leftVms(point) === 0 && numbers.staying.length === 0 ? bounds.slice(0, 1) : []).map(({ ns }) => ({
      figure: 'whole evacuation (the closed form is a lower bound)',
      unit: 'ns',
      closedForm: ns,
      simulated: point.totalNs,
    })),
    nearest: nearest === null ? null : nearestSentence(nearest, numbers),
  };
}

function timeSentence({ hosts, vms, limits, outcomes, staying, interval, maintenance }: EvacuateNumbers): string {
  const { point, long } = outcomes;
  const whose = `${countOf(vms, 'VM')} of ${countOf(hosts, 'host')}`;
  const stopped = maintenance?.blockedHost ?? null;
  if (stopped !== null) {
    const pauses = point.moved === 0 ? '' : `; ${pausesPhrase(point, long)}`;
    const name = maintenance?.blockedName ?? null;
    return `Maintenance stops at ${name === null ? '' : `${name}, `}host ${stopped} of ${hosts}${name === null ? '' : ','} under ${limits}, which is not emptied${pauses}.`;
  }
  if (leftVms(point) > 0) {
    const end = point.atOnce === 0 ? 'no move begins' : `the last move ends after ${formatLong(point.totalNs)}`;
    if (point.moved === 0)
      return `No VM moves: ${vms === 1 ? `the ${whose} stays` : `all ${whose} stay`} under ${limits}; ${end}.`;
    const emptied =
      hosts === 1
        ? 'the host is not emptied'
        : `${point.hostsEmptied} of the hosts ${point.hostsEmptied === 1 ? 'is' : 'are'} emptied`;
    return `${point.moved} of ${whose} ${point.moved === 1 ? 'moves' : 'move'} under ${limits}, and ${emptied}; ${end}; ${pausesPhrase(point, long)}.`;
  }
  if (vms === 0) return `No VM moves: no VM of ${countOf(hosts, 'host')} can.`;
  const { low, high } = interval ?? { low: null, high: null };
  const band =
    high === null
      ? `${formatLong(low ?? point.totalNs)} or more`
      : `${formatLong(low ?? point.totalNs)} to ${formatLong(high)}`;
  if (staying.length > 0) {
    const that = `The ${whose} that can move ${vms === 1 ? 'takes' : 'take'}`;
    return `${that} ${formatLong(point.totalNs)}${leftVms(long) > 0 ? '' : ` (high corner: ${formatLong(long.totalNs)})`} under ${limits}; ${pausesPhrase(point, long)}.`;
  }
  return (
    `${maintenance === null ? 'Emptying' : 'Maintaining'} ${countOf(hosts, 'host')} with ${countOf(vms, 'VM')} takes ${formatLong(point.totalNs)} ` +
    `(${band}) under ${limits}; ${pausesPhrase(point, long)}.`
  );
}

function anyOrderSentences({ anyOrder }: EvacuateNumbers): readonly string[] {
  if (anyOrder === null) return [];
  const { leastNs, thisNs, mostNs } = anyOrder;
  const here = `this one takes ${formatLong(thisNs)}`;
  if (mostNs === null) {
    return [
      `An order in which all VMs move takes ${formatLong(leastNs)} or more; ${here}. It has no upper bound: ` +
        'a VM with no more than its guaranteed share of the links does not move.',
    ];
  }
  return [`Any order in which all VMs move takes between ${formatLong(leastNs)} and ${formatLong(mostNs)}; ${here}.`];
}

function maintenanceSentences({ maintenance }: EvacuateNumbers): readonly string[] {
  if (maintenance === null) return [];
  const { hostsAtOnce, restartNs, moves, mostOfOne } = maintenance;
  const each = hostsAtOnce === 1 ? 'One host at a time' : `${hostsAtOnce} hosts at a time`;
  const back = `${hostsAtOnce === 1 ? 'it is' : 'they are'} back ${formatLong(restartNs)} after the last move`;
  return [`${each}: ${back}. VMs make ${countOf(moves, 'move')}, and one VM up to ${mostOfOne}.`];
}

function windowSentences({ windows, vms, hosts, maintenance }: EvacuateNumbers): readonly string[] {
  if (windows === null) return [];
  const { lengthNs, everyNs, used, firstVms, firstHosts, overrunNs } = windows;
  const done =
    maintenance === null
      ? `${firstVms} of ${countOf(vms, 'VM')} have moved`
      : `${firstVms} of ${countOf(maintenance.moves, 'move')} are made`;
  const late = overrunNs > 0 ? `; the latest move ends ${formatLong(overrunNs)} after its window has closed` : '';
  return [
    `It takes ${countOf(used, 'window')} of ${formatLong(lengthNs)}, one every ${formatLong(everyNs)}: when the first closes, ` +
      `${done} and ${firstHosts} of ${countOf(hosts, 'host is', 'hosts are')} empty${late}.`,
  ];
}

function setUpSentences({ hasSetUp, outcomes }: EvacuateNumbers): readonly string[] {
  return hasSetUp || outcomes.point.moved === 0 ? [] : ['The set-up of a move takes 0 s here; limits.setUp gives it.'];
}

function unjudgedSentences({ budgetNs, outcomes }: EvacuateNumbers): readonly string[] {
  if (Number.isFinite(budgetNs) || outcomes.point.moved === 0) return [];
  return ['Pauses are not judged here; budget.pause says how long they may be.'];
}

/** Values of a preset that are not on record anywhere. */
function hearsaySentences({ secondHand, limits }: EvacuateNumbers): readonly string[] {
  if (secondHand.length === 0) return [];
  const known = `${secondHand.join(' and ')} of ${limits} ${secondHand.length === 1 ? 'is' : 'are'} second-hand`;
  return [`${known}: give the figures of your own installation.`];
}

function pausesPhrase(point: Outcome, long: Outcome): string {
  const longest = long.moved === 0 ? '' : ` (high corner: ${formatNs(long.pauseP99Ns)})`;
  return `pauses: p50 ${formatNs(point.pauseP50Ns)}, p99 ${formatNs(point.pauseP99Ns)}${longest}`;
}

const ENDS: Readonly<Record<RangeEnd, string>> = {
  point: '',
  short: 'In the low corner, ',
  long: 'In the high corner, ',
};

const BLOCKED: Readonly<Record<Blocker, string>> = {
  none: 'for no recorded reason',
  'first pass': 'before their memory had been sent once',
  'device state': 'with more device state than fits into the downtime limit',
  'guest writes': 'with memory that is made dirty as fast as it is sent',
  'more iterations': 'while iterations still got smaller',
  pause: 'in their pause',
};

/** What limits, as it was recorded: where moves were given up, what ended them; otherwise the largest bound. */
function bindingSentence(numbers: EvacuateNumbers): string {
  const judged = judgedOf(numbers);
  if (stuckVms(judged) > 0) {
    const { timeout, noProgress, iterations, stall, switchover, blockers } = judged;
    const ended = [
      [timeout, timeoutPhrase(numbers)],
      [noProgress, `since remaining memory did not fall for ${formatNs(numbers.progressTimeoutNs)}`],
      [iterations, 'after their last iteration'],
      [stall, 'since remaining memory no longer fell below its least'],
      [switchover, 'since they were not stopped under the limit that was raised for that'],
    ] as const;
    const by = ended.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);
    const when = keysOf(BLOCKED).filter((blocker) => blockers[blocker] > 0);
    const found = when.map((blocker) => `${blockers[blocker]} ${BLOCKED[blocker]}`);
    return `${ENDS[numbers.judgedEnd]}${countOf(stuckVms(judged), 'move is', 'moves are')} given up: ${by.join(', ')}; ${found.join(', ')}.`;
  }
  const [binding, next] = numbers.bounds;
  if (binding === undefined) return lackSentence(judged);
  const { totalNs } = numbers.outcomes.point;
  const second = next === undefined ? '' : `; next is ${next.name} with ${formatLong(next.ns)}`;
  const share = percent(binding.ns / totalNs);
  const withRestarts = numbers.maintenance === null ? 'It alone takes' : 'It alone, with the restarts, takes';
  const near = isNearTimeout(numbers)
    ? ` The least time-out that would do is ${formatNs(numbers.usedTimeoutNs)}${perPhrase(numbers)}, and ${formatNs(numbers.timeoutNs)} are allowed.`
    : '';
  return `Binding constraint: ${binding.name}. ${withRestarts} ${formatLong(binding.ns)}, ${share} of the whole${second}.${near}`;
}

/** What most of the VMs without a destination lack. */
function lackSentence({ lacking, noRoom }: Outcome): string {
  if (noRoom === 0) return '';
  const { room, apart, reserve } = lacking;
  if (reserve > Math.max(room, apart)) return 'What limits is the reserve.';
  return apart > room
    ? 'What limits is which VMs must not share a host.'
    : 'What limits is the room on the other hosts.';
}

/** Whether the longest move uses most of its time. */
function isNearTimeout({ usedTimeoutNs, timeoutNs }: EvacuateNumbers): boolean {
  return usedTimeoutNs >= NEAR_SHARE * timeoutNs;
}

function perPhrase({ timeoutPer }: Pick<EvacuateNumbers, 'timeoutPer'>): string {
  return timeoutPer === 'GiB' ? ' per GiB' : '';
}

function timeoutPhrase(numbers: EvacuateNumbers): string {
  const whose = numbers.hasTimeout ? '' : ', which the planner takes where limits give none';
  return `by the time-out of ${formatNs(numbers.timeoutNs)}${perPhrase(numbers)}${whose}`;
}

function problemSentence(problem: Problem, numbers: EvacuateNumbers): string {
  const { withinNs, budgetNs, hosts, judgedEnd } = numbers;
  // What is said of the judged end alone does not hold of the others.
  const where = leftVms(numbers.outcomes.point) === 0 ? ENDS[judgedEnd] : '';
  switch (problem.kind) {
    case 'staying':
      return stayingSentence(problem.of);
    case 'no room':
      return `The room on the other hosts cannot be kept: ${countOf(problem.vms, 'VM finds', 'VMs find')} none.`;
    case 'kept apart':
      return `${countOf(problem.vms, 'VM', 'VMs')} of ${problem.names.join(', ')} ${problem.vms === 1 ? 'finds' : 'find'} no host with room that has no other VM of the group (fleet.antiAffinity).`;
    case 'reserved':
      return `The reserve of ${countOf(problem.hosts, 'host')} keeps ${countOf(problem.vms, 'VM')} where ${problem.vms === 1 ? 'it is' : 'they are'}: without the largest ${problem.hosts === 1 ? 'of the hosts' : `${problem.hosts} hosts`} that take VMs, the others would not hold them all.`;
    case 'given up':
      return `${where}${countOf(problem.vms, 'VM stays where it is', 'VMs stay where they are')}, and ${notEmptyPhrase(problem.hostsLeft, hosts)}.`;
    case 'late':
      return `It takes ${formatLong(problem.totalNs)}, and must be done in ${formatLong(withinNs)}.`;
    default:
      return `${countOf(problem.vms, 'VM is', 'VMs are')} paused for longer than ${formatNs(budgetNs)}.`;
  }
}

function notEmptyPhrase(left: number, hosts: number): string {
  if (hosts === 1) return 'the host is not empty';
  return `${left} of ${hosts} hosts ${left === 1 ? 'is' : 'are'} not empty`;
}

function findingPhrase({ outboundPerHost, totalNs }: TriedLimit): string {
  return `${outboundPerHost} at once out of a host: ${formatLong(totalNs)}`;
}

function nearestSentence(nearest: NearestEvacuation, numbers: EvacuateNumbers): string {
  const { withinNs } = numbers;
  const isLate = 'totalNs' in nearest && nearest.totalNs > withinNs;
  const late = isLate ? `, and ${formatLong(withinNs)} are allowed` : '';
  switch (nearest.kind) {
    case 'emptied with the room':
      return `The nearest: ${countOf(nearest.hosts, 'host')} can be emptied with that room.`;
    case 'fewer at once':
      return `The nearest: ${nearest.outboundPerHost} at once out of a host; all VMs then move, in ${formatLong(nearest.totalNs)}${late}.`;
    case 'longer time-out':
      return `The nearest: a time-out of ${formatNs(nearest.timeoutNs)}${perPhrase(numbers)}, the least that would do; all VMs then move, in ${formatLong(nearest.totalNs)}${late}.`;
    case 'others move':
      return nearest.vms === 0
        ? 'The nearest: other hosts; no VM of these can move.'
        : `The nearest: the other ${countOf(nearest.vms, 'VM moves', 'VMs move')}, in ${formatLong(nearest.totalNs)}${late}.`;
    case 'neither':
      return (
        `The nearest: ${nearest.hosts === 0 ? 'no host is' : countOf(nearest.hosts, 'host is', 'hosts are')} emptied; neither fewer moves at once out of a host nor a longer ` +
        'time-out lets the other VMs move.'
      );
    default:
      return `The nearest: ${formatLong(nearest.totalNs)}, with pauses of up to ${formatNs(nearest.pauseMaxNs)}.`;
  }
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(3)} %`;
}
