/**
 * Tables of an evacuation: its outcome at both ends of the parameters, and orders compared.
 */
import { GIGA, NS_PER_MS, NS_PER_S } from '../../../base/units.ts';
import type { RangeEnd } from '../../../memory/device-profile.ts';
import { leftVms, type Outcome } from '../../fleet-plan.ts';
import type { AnswerTable } from '../answer-parts.ts';
import { BAND_ENDS } from '../pause-parts.ts';
import type { OrderNumbers } from './numbers.ts';

/** Rows that are shown where there is something in them. */
const STALLED = 'given up: stall';
const NOT_SWITCHED = 'given up: switchover';
const RETRIED = 'moves begun again';
const RARE: ReadonlySet<string> = new Set([STALLED, NOT_SWITCHED, RETRIED]);

const FIGURES: readonly (readonly [title: string, figure: (outcome: Outcome) => number])[] = [
  ['all hosts empty after, s', (outcome) => (leftVms(outcome) === 0 ? outcome.totalNs / NS_PER_S : Number.NaN)],
  ['a host empty, mean, s', ({ meanHostNs }) => meanHostNs / NS_PER_S],
  ['pause p50, ms', ({ pauseP50Ns }) => pauseP50Ns / NS_PER_MS],
  ['pause p99, ms', ({ pauseP99Ns }) => pauseP99Ns / NS_PER_MS],
  ['longest pause, ms', ({ pauseMaxNs }) => pauseMaxNs / NS_PER_MS],
  ['VMs moved', ({ moved }) => moved],
  ['of them forced', ({ forced }) => forced],
  ['given up: time-out', ({ timeout }) => timeout],
  ['given up: no progress', ({ noProgress }) => noProgress],
  ['given up: iterations', ({ iterations }) => iterations],
  [STALLED, ({ stall }) => stall],
  [NOT_SWITCHED, ({ switchover }) => switchover],
  [RETRIED, ({ retries }) => retries],
  ['no room', ({ noRoom }) => noRoom],
  ['hosts emptied', ({ hostsEmptied }) => hostsEmptied],
  ['moves at once, at most', ({ atOnce }) => atOnce],
  ['memory sent, GB', ({ sentBytes }) => sentBytes / GIGA],
  ['VMs per hour', ({ vmsPerHour }) => vmsPerHour],
];

export function outcomeTable(outcomes: Readonly<Record<RangeEnd, Outcome>>): AnswerTable {
  return {
    title: 'The evacuation, nominal and at the corners of the parameters',
    columns: [
      { name: 'what', title: '', unit: '' },
      { name: 'short', title: 'low corner', unit: '' },
      { name: 'point', title: 'nominal', unit: '' },
      { name: 'long', title: 'high corner', unit: '' },
    ],
    rows: FIGURES.filter(
      ([title, figure]) => !RARE.has(title) || BAND_ENDS.some((end) => figure(outcomes[end]) > 0),
    ).map(([title, figure]) => [title, ...BAND_ENDS.map((end) => orNull(figure(outcomes[end])))]),
  };
}

/** What did not happen has no figure. */
function orNull(figure: number): number | null {
  return Number.isNaN(figure) ? null : figure;
}

export function orderTable(orders: readonly OrderNumbers[]): AnswerTable {
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
    rows: orders.map(({ hosts, vms, outcome }) => [
      hosts,
      vms,
      leftVms(outcome) === 0 ? outcome.totalNs : null,
      orNull(outcome.meanHostNs),
      orNull(outcome.pauseP99Ns),
      leftVms(outcome),
    ]),
  };
}
