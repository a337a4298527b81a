/**
 * How long it takes to empty hosts, racks or a region, in which order, with which pauses, and what binds.
 */
import { formatNs, GIGA, NS_PER_MS, NS_PER_S } from '../base/units.ts';
import type { RangeEnd } from '../memory/device-profile.ts';
import { type Answer, type AnswerOptions, type Proof, type Relaxed, type Tornado, tornadoOf } from './answer-parts.ts';
import { evacuate, type HostOrder, type VmOrder } from './evacuation.ts';
import type { BoundName, FleetBound } from './fleet-bounds.ts';
import { type EvacuateQuestion, type FleetChange, FleetPlan, type Outcome, outcomeOf } from './fleet-plan.ts';
import type { Limits } from './limits.ts';
import { type Schedule, scheduleOf } from './schedule.ts';
import type { Assumed, VmTrials } from './vm-trials.ts';

/** Up to so many VMs each parameter is moved in a simulation; beyond, in the closed form. */
const TORNADO_VMS_MAX = 400;
/** Up to so many hosts a limit is tried below what is allowed. */
const PROOF_HOSTS_MAX = 2000;
const ENDS: readonly RangeEnd[] = ['short', 'point', 'long'];
const HOST_ORDERS: readonly HostOrder[] = ['in turn', 'one by one'];
const VM_ORDERS: readonly VmOrder[] = ['as listed', 'largest first', 'smallest first'];

/** A time for people, also of days. */
export function formatLong(ns: number): string {
  const seconds = ns / NS_PER_S;
  if (!Number.isFinite(seconds)) return String(seconds);
  if (seconds < 600) return formatNs(ns);
  if (seconds < 2 * 3600) return `${(seconds / 60).toPrecision(3)} min`;
  if (seconds < 48 * 3600) return `${(seconds / 3600).toPrecision(3)} h`;
  return `${(seconds / 86400).toPrecision(3)} days`;
}

/** Answers `evacuate`. */
export function evacuateAnswer(
  question: EvacuateQuestion,
  trials: VmTrials,
  limits: Limits,
  { tornado = true, onProgress = () => {} }: AnswerOptions,
): Answer {
  const plan = new FleetPlan(question, trials, limits);
  const { budget, within = Infinity } = question;
  const steps = ENDS.length + 3;
  const run = (end: RangeEnd, change?: FleetChange): Outcome =>
    outcomeOf(evacuate(plan.input(end, change)), budget.pause);
  let schedule: Schedule | undefined;
  const outcomes = ENDS.map((end, index) => {
    onProgress(
      index,
      steps,
      `${plan.vms} VMs of ${plan.hosts} hosts, ${end === 'point' ? 'best guesses' : `${end} ends`}`,
    );
    const result = evacuate(plan.input(end));
    if (end === 'point') schedule = scheduleOf(result, plan.scheduleFleet);
    return outcomeOf(result, budget.pause);
  });
  const [short, point, long] = outcomes as [Outcome, Outcome, Outcome];
  // The end at which most is left behind or stands still longest.
  const judged = budget.judge === 'point' ? point : worstOf(outcomes, within);
  const bounds = plan.bounds('point');
  const binding = bounds[0]!;
  const stuck = judged.timeout + judged.noProgress;
  onProgress(3, steps, 'what relaxing buys');
  const relaxing = relaxedBounds(plan, bounds, run);
  onProgress(4, steps, 'orders');
  const orders = question.compareOrders ? orderRows(question, run) : [];
  onProgress(5, steps, 'each parameter at its ends');
  const problems = problemsOf(plan, judged, within, budget.pause);
  const feasible = problems.length === 0;
  const total = point.totalNs;
  const words =
    `Emptying ${plan.hosts} ${plan.hosts === 1 ? 'host' : 'hosts'} with ${plan.vms} VMs takes ${formatLong(total)} ` +
    `(${formatLong(short.totalNs)} to ${formatLong(long.totalNs)}) under ${limits.name}; ` +
    `pauses are ${formatNs(point.pauseP50Ns)} at the median and ${formatNs(point.pauseP99Ns)} at p99 ` +
    `(p99 at the long ends: ${formatNs(long.pauseP99Ns)}).`;
  const next = bounds[1];
  return {
    feasible,
    value: feasible ? total : null,
    unit: 'ns',
    band: { short: short.totalNs, point: total, long: long.totalNs },
    sentences: [
      words,
      stuck > 0
        ? 'Too many moves at once bind: they share lines until what is left for each is less than its guest writes.'
        : `${capital(binding.name)} binds: alone it takes ${formatLong(binding.ns)}, ${percent(binding.ns / total)} of ` +
          `the whole${next === undefined ? '' : `; next is ${next.name} with ${formatLong(next.ns)}`}.`,
      ...problems.map((problem) => `${problem}.`),
    ],
    constraints: [
      ...bounds.map(({ name, ns }, index) => ({
        name,
        unit: 'ns',
        limit: total,
        used: ns,
        next: null,
        binds: index === 0 && stuck === 0,
      })),
      { name: 'VMs that do not converge', unit: '', limit: 0, used: stuck, next: null, binds: stuck > 0 },
      {
        name: 'VMs for which there is no room',
        unit: '',
        limit: 0,
        used: judged.noRoom,
        next: null,
        binds: judged.noRoom > 0,
      },
      ...(Number.isFinite(within)
        ? [
            {
              name: 'time in which it must be done',
              unit: 'ns',
              limit: within,
              used: judged.totalNs,
              next: null,
              binds: judged.totalNs > within,
            },
          ]
        : []),
      {
        name: 'pause budget',
        unit: 'ns',
        limit: budget.pause,
        used: judged.pauseMaxNs,
        next: null,
        binds: judged.overBudget > 0,
      },
    ],
    proof: provedBound(question, plan, limits, judged, within, run),
    relaxing,
    tornado: tornado ? fleetTornado(plan, trials, point.totalNs) : null,
    tables: [outcomeTable(outcomes), ...(orders.length === 0 ? [] : [orderTable(orders)])],
    methods: [
      {
        figure: 'whole evacuation (the closed form is a bound from below)',
        unit: 'ns',
        closedForm: binding.ns,
        simulated: total,
      },
    ],
    ...(schedule === undefined ? {} : { schedule }),
    nearest: feasible ? null : nearestOf(limits, judged, run, ENDS[outcomes.indexOf(judged)]!),
  };
}

function worstOf(outcomes: readonly Outcome[], withinNs: number): Outcome {
  const left = ({ timeout, noProgress, noRoom }: Outcome): number => timeout + noProgress + noRoom;
  const late = ({ totalNs }: Outcome): number => Math.max(0, totalNs - withinNs);
  return outcomes.toSorted(
    (a, b) => left(b) - left(a) || late(b) - late(a) || b.overBudget - a.overBudget || b.pauseMaxNs - a.pauseMaxNs,
  )[0]!;
}

function problemsOf(plan: FleetPlan, judged: Outcome, withinNs: number, pauseNs: number): string[] {
  const found: string[] = [];
  const { noRoom, timeout, noProgress, overBudget, totalNs, hostsEmptied } = judged;
  if (noRoom > 0) found.push(`The room on the other hosts cannot be kept: ${noRoom} VMs find none`);
  if (timeout + noProgress > 0)
    found.push(`${timeout + noProgress} VMs do not converge, and ${plan.hosts - hostsEmptied} hosts are not empty`);
  if (totalNs > withinNs) found.push(`It takes ${formatLong(totalNs)}, and must be done in ${formatLong(withinNs)}`);
  if (overBudget > 0) found.push(`${overBudget} VMs stand still for longer than ${formatNs(pauseNs)}`);
  return found;
}

/** Where a limit is what binds a deadline: the least of it that meets the deadline, and that one less does not. */
function provedBound(
  question: EvacuateQuestion,
  plan: FleetPlan,
  limits: Limits,
  judged: Outcome,
  withinNs: number,
  run: (end: RangeEnd, change?: FleetChange) => Outcome,
): Proof[] {
  const { budget } = question;
  if (!Number.isFinite(withinNs) || judged.totalNs > withinNs || plan.hosts > PROOF_HOSTS_MAX) return [];
  const { outboundPerHost } = limits;
  if (!Number.isFinite(outboundPerHost)) return [];
  const proof: Proof[] = [];
  for (let at = outboundPerHost; at >= 1; at--) {
    const outcome = at === outboundPerHost ? judged : run(budget.judge, { limits: { ...limits, outboundPerHost: at } });
    const holds = outcome.totalNs <= withinNs;
    proof.push({
      at,
      holds,
      method: 'simulation',
      finding: `${at} at once out of a host: ${formatLong(outcome.totalNs)}`,
    });
    if (!holds) break;
  }
  return proof;
}

/** The limits and lines behind a bound, twice as large. */
function twice(name: BoundName, plan: FleetPlan): { readonly change: string; readonly to: FleetChange } | null {
  const { limits, question } = plan;
  const { fleet } = question;
  switch (name) {
    case 'moves at once in the fleet':
      return {
        change: `${2 * limits.fleet} moves at once in the fleet`,
        to: { limits: { ...limits, fleet: 2 * limits.fleet } },
      };
    case 'moves at once out of a host':
      return {
        change: `${2 * limits.outboundPerHost} moves at once out of a host`,
        to: { limits: { ...limits, outboundPerHost: 2 * limits.outboundPerHost } },
      };
    case 'moves at once into a host':
      return {
        change: `${2 * limits.inboundPerHost} moves at once into a host`,
        to: { limits: { ...limits, inboundPerHost: 2 * limits.inboundPerHost } },
      };
    case 'moves at once over a PF':
      return {
        change: `${2 * limits.perPf} moves at once over a PF`,
        to: { limits: { ...limits, perPf: 2 * limits.perPf } },
      };
    case "a PF's line":
      return fleet.pfGigabitsPerSecond === undefined
        ? null
        : {
            change: "twice a PF's line",
            to: { fleet: { ...fleet, pfGigabitsPerSecond: 2 * fleet.pfGigabitsPerSecond } },
          };
    case "a host's line":
    case 'lines of the hosts that receive':
    case 'one move':
      return {
        change: "twice the hosts' lines",
        to: { fleet: { ...fleet, hostGigabitsPerSecond: 2 * fleet.hostGigabitsPerSecond } },
      };
    case "a rack's uplink":
      return fleet.rackGigabitsPerSecond === undefined
        ? null
        : {
            change: "twice the racks' uplinks",
            to: { fleet: { ...fleet, rackGigabitsPerSecond: 2 * fleet.rackGigabitsPerSecond } },
          };
    default:
      return fleet.spineGigabitsPerSecond === undefined
        ? null
        : {
            change: 'twice the spine',
            to: { fleet: { ...fleet, spineGigabitsPerSecond: 2 * fleet.spineGigabitsPerSecond } },
          };
  }
}

/** The two largest bounds, each relaxed, simulated. */
function relaxedBounds(
  plan: FleetPlan,
  bounds: readonly FleetBound[],
  run: (end: RangeEnd, change?: FleetChange) => Outcome,
): Relaxed[] {
  const relaxed: Relaxed[] = [];
  for (const { name } of bounds) {
    const other = twice(name, plan);
    if (other === null || relaxed.some(({ change }) => change === other.change)) continue;
    relaxed.push({ change: other.change, answer: run('point', other.to).totalNs });
    if (relaxed.length === 2) break;
  }
  return relaxed;
}

interface OrderRow {
  readonly hosts: HostOrder;
  readonly vms: VmOrder;
  readonly outcome: Outcome;
}

function orderRows(
  { fleet }: EvacuateQuestion,
  run: (end: RangeEnd, change?: FleetChange) => Outcome,
): readonly OrderRow[] {
  const vmOrders = fleet.vms.length === 1 ? VM_ORDERS.slice(0, 1) : VM_ORDERS;
  return HOST_ORDERS.flatMap((hosts) =>
    vmOrders.map((vms) => ({ hosts, vms, outcome: run('point', { order: { hosts, vms } }) })),
  ).toSorted((a, b) => a.outcome.totalNs - b.outcome.totalNs || a.outcome.meanHostNs - b.outcome.meanHostNs);
}

function orderTable(rows: readonly OrderRow[]): Answer['tables'][number] {
  return {
    title: 'Orders, the quickest first',
    columns: [
      { name: 'hosts', title: 'hosts', unit: '' },
      { name: 'vms', title: 'VMs of a host', unit: '' },
      { name: 'totalNs', title: 'all empty', unit: 'ns' },
      { name: 'meanHostNs', title: 'a host empty, mean', unit: 'ns' },
      { name: 'pauseP99Ns', title: 'pause p99', unit: 'ns' },
      { name: 'left', title: 'VMs left', unit: '' },
    ],
    rows: rows.map(({ hosts, vms, outcome }) => [
      hosts,
      vms,
      outcome.totalNs,
      outcome.meanHostNs,
      outcome.pauseP99Ns,
      outcome.timeout + outcome.noProgress + outcome.noRoom,
    ]),
  };
}

function outcomeTable(outcomes: readonly Outcome[]): Answer['tables'][number] {
  const row = (title: string, value: (outcome: Outcome) => number): (string | number)[] => [
    title,
    ...outcomes.map(value),
  ];
  const times: [string, (outcome: Outcome) => number][] = [
    ['all hosts empty after, s', ({ totalNs }) => totalNs / NS_PER_S],
    ['a host empty, mean, s', ({ meanHostNs }) => meanHostNs / NS_PER_S],
    ['pause p50, ms', ({ pauseP50Ns }) => pauseP50Ns / NS_PER_MS],
    ['pause p99, ms', ({ pauseP99Ns }) => pauseP99Ns / NS_PER_MS],
    ['longest pause, ms', ({ pauseMaxNs }) => pauseMaxNs / NS_PER_MS],
    ['VMs moved', ({ moved }) => moved],
    ['stopped over the limit', ({ overLimit }) => overLimit],
    ['given up: time-out', ({ timeout }) => timeout],
    ['given up: no progress', ({ noProgress }) => noProgress],
    ['no room', ({ noRoom }) => noRoom],
    ['hosts emptied', ({ hostsEmptied }) => hostsEmptied],
    ['moves at once, at most', ({ atOnce }) => atOnce],
    ['memory sent, GB', ({ sentBytes }) => sentBytes / GIGA],
    ['VMs per hour', ({ vmsPerHour }) => vmsPerHour],
  ];
  return {
    title: 'The evacuation, at both ends of the parameters and at best guesses',
    columns: [
      { name: 'what', title: '', unit: '' },
      { name: 'short', title: 'short', unit: '' },
      { name: 'point', title: 'best guess', unit: '' },
      { name: 'long', title: 'long', unit: '' },
    ],
    rows: times.map(([title, value]) => row(title, value)),
  };
}

/** All parameters of all VMs, each at its ends: simulated where that is quick, otherwise by the closed form. */
function fleetTornado(plan: FleetPlan, trials: VmTrials, simulatedNs: number): Tornado {
  const simulate = plan.vms <= TORNADO_VMS_MAX;
  const assumptions = new Map<string, Assumed>();
  for (const { vm } of plan.question.fleet.vms)
    for (const each of trials.assumptions(vm)) assumptions.set(`${each.group} ${each.name}`, each);
  const closed = plan.bounds('point')[0]!.ns;
  // Costs of single registers are lost among hours; reckoning them takes longer than all the rest.
  const counted = [...assumptions.values()].filter(
    ({ group, name }) => simulate || group !== 'cost' || name.startsWith('vcpu'),
  );
  const bars = counted.map(({ group, name, from, source }) => {
    const at = (end: 'short' | 'long'): number => {
      const moved = { group, name, end };
      return simulate ? evacuate(plan.input('point', {}, moved)).totalNs : plan.bounds('point', {}, moved)[0]!.ns;
    };
    return { parameter: name, from, source, short: at('short'), long: at('long') };
  });
  const figure = simulate ? 'whole evacuation' : 'whole evacuation, by its closed form';
  return tornadoOf(figure, 'ns', simulate ? simulatedNs : closed, bars);
}

function nearestOf(
  limits: Limits,
  judged: Outcome,
  run: (end: RangeEnd, change?: FleetChange) => Outcome,
  end: RangeEnd,
): string {
  if (judged.noRoom > 0) return `The nearest: ${judged.hostsEmptied} hosts can be emptied with that room.`;
  if (judged.timeout + judged.noProgress > 0) {
    const busiest = Math.min(limits.outboundPerHost, judged.atOnce);
    for (let each = Math.floor(busiest / 2); each >= 1; each = Math.floor(each / 2)) {
      const outcome = run(end, { limits: { ...limits, outboundPerHost: each } });
      if (outcome.timeout + outcome.noProgress === 0)
        return `The nearest: ${each} at once out of a host; all then converge, in ${formatLong(outcome.totalNs)}.`;
    }
    return `The nearest: ${judged.hostsEmptied} hosts are emptied; not even one move at once out of a host lets the other VMs converge.`;
  }
  return `The nearest: ${formatLong(judged.totalNs)}, with pauses of up to ${formatNs(judged.pauseMaxNs)}.`;
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(3)} %`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
