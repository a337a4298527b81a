/**
 * An evacuation as an operator's day: when each host is empty, a notice for tenants, and what one more move at once or one more
 * link buys. Each figure is read off one play of the evacuation, whose parameters its column names.
 */
import { type EvacuationResult, FATE } from '../../evacuation-terms.ts';
import type { BoundName } from '../../fleet-bounds.ts';
import type { FleetChange, FleetPlan } from '../../fleet-plan.ts';
import type { MaintenanceResult } from '../../maintenance.ts';
import type { AnswerTable } from '../answer-parts.ts';
import { type Relaxable, relaxationOf, twice } from './relaxing.ts';

/** Hosts with a row, at most. */
const ROWS_MAX = 600;

type Row = AnswerTable['rows'][number];

/** Hosts in the order in which they are empty; those that are not come last. */
export function hostTable(plan: FleetPlan, nominal: EvacuationResult | MaintenanceResult): AnswerTable {
  const rows = 'begunNs' in nominal ? maintainedRows(plan, nominal) : emptiedRows(plan, nominal);
  const cut = rows.length > ROWS_MAX ? ` (the first ${ROWS_MAX} of ${rows.length})` : '';
  const isMaintained = 'begunNs' in nominal;
  return {
    title: `Hosts, in the order in which they are ${isMaintained ? 'back' : 'empty'}, nominal${cut}`,
    columns: [
      { name: 'host', title: 'host', unit: '' },
      ...(isMaintained ? [] : [{ name: 'vms', title: 'VMs', unit: '' as const }]),
      { name: 'beginsNs', title: 'begins', unit: 'ns' },
      { name: isMaintained ? 'backNs' : 'emptyNs', title: isMaintained ? 'back' : 'empty', unit: 'ns' },
      ...(isMaintained ? [] : [{ name: 'pauseMaxNs', title: 'longest pause', unit: 'ns' as const }]),
    ],
    rows: rows.slice(0, ROWS_MAX),
  };
}

function emptiedRows(plan: FleetPlan, { sourceOf, startNs, pauseNs, fate, hostEmptyNs }: EvacuationResult): Row[] {
  const hosts = new Map<number, { vms: number; beginsNs: number; pauseNs: number }>();
  for (const [vm, host] of sourceOf.entries()) {
    const own = hosts.get(host) ?? { vms: 0, beginsNs: Infinity, pauseNs: 0 };
    hosts.set(host, own);
    own.vms += 1;
    if (fate[vm] !== FATE.noRoom) own.beginsNs = Math.min(own.beginsNs, startNs[vm]!);
    if (fate[vm]! <= FATE.forced) own.pauseNs = Math.max(own.pauseNs, pauseNs[vm]!);
  }
  const endOf = (host: number): number => (Number.isNaN(hostEmptyNs[host]!) ? Infinity : hostEmptyNs[host]!);
  return [...hosts]
    .toSorted(([a], [b]) => (endOf(a) === endOf(b) ? a - b : endOf(a) - endOf(b)))
    .map(([host, own]): Row => [
      plan.hostName(host),
      own.vms,
      orNull(own.beginsNs),
      orNull(endOf(host)),
      own.pauseNs === 0 ? null : own.pauseNs,
    ]);
}

function maintainedRows(plan: FleetPlan, { begunNs, backNs }: MaintenanceResult): Row[] {
  const endOf = (host: number): number => (Number.isNaN(backNs[host]!) ? Infinity : backNs[host]!);
  return [...begunNs.keys()]
    .filter((host) => !Number.isNaN(begunNs[host]!))
    .toSorted((a, b) => (endOf(a) === endOf(b) ? a - b : endOf(a) - endOf(b)))
    .map((host): Row => [plan.hostName(host), begunNs[host]!, orNull(endOf(host))]);
}

/** For each kind of VM when it may move, how long it is paused, and how long it is slower before. */
export function noticeTable(plan: FleetPlan, nominal: EvacuationResult, long: EvacuationResult): AnswerTable {
  const { vms: kinds } = plan.question.fleet;
  const rows = kinds.flatMap(({ name }, kind): Row[] => {
    const [here, slow] = [movesOf(nominal, kind, kinds.length), movesOf(long, kind, kinds.length)];
    if (here.vms === 0) return [];
    return [
      [
        name,
        here.vms,
        here.pauses.length,
        orNull(here.beginsNs),
        orNull(slow.endsNs),
        quantile(here.pauses, 1 / 2),
        quantile(slow.pauses, 0.99),
        quantile(here.slower, 1 / 2),
        quantile(slow.slower, 0.99),
      ],
    ];
  });
  return {
    title: 'Notice for tenants: nominal, and * in the high corner',
    columns: [
      { name: 'vm', title: 'VMs', unit: '' },
      { name: 'vms', title: 'all', unit: '' },
      { name: 'moved', title: 'moved', unit: '' },
      { name: 'beginsNs', title: 'from', unit: 'ns' },
      { name: 'endsLongNs', title: 'until *', unit: 'ns' },
      { name: 'pauseP50Ns', title: 'pause p50', unit: 'ns' },
      { name: 'pauseP99LongNs', title: 'p99 *', unit: 'ns' },
      { name: 'slowerP50Ns', title: 'slower p50', unit: 'ns' },
      { name: 'slowerP99LongNs', title: 'p99 *', unit: 'ns' },
    ],
    rows,
  };
}

function movesOf({ vms, vmClass, fate, startNs, endNs, pauseNs }: EvacuationResult, kind: number, kinds: number) {
  const pauses: number[] = [];
  const slower: number[] = [];
  let all = 0;
  let beginsNs = Infinity;
  let endsNs = Infinity;
  for (let vm = 0; vm < vms; vm++) {
    if (vmClass[vm]! % kinds !== kind) continue;
    all += 1;
    if (fate[vm]! > FATE.forced) continue;
    pauses.push(pauseNs[vm]!);
    slower.push(endNs[vm]! - startNs[vm]! - pauseNs[vm]!);
    beginsNs = Math.min(beginsNs, startNs[vm]!);
    endsNs = Math.max(pauses.length === 1 ? 0 : endsNs, endNs[vm]!);
  }
  return { vms: all, pauses, slower, beginsNs, endsNs };
}

/** The smallest value at or below which such a share of them lies; null: there is none. */
function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** What did not happen has no figure. */
function orNull(ns: number): number | null {
  return Number.isFinite(ns) ? ns : null;
}

/** One more of something, and when all hosts are then empty. */
interface OneMore {
  readonly what: string;
  /** What it changes. */
  readonly of: Relaxable;
  readonly change: FleetChange;
}

const LINKS = [
  ['hostGigabitsPerSecond', 'one more link for each host'],
  ['pfGigabitsPerSecond', 'one more link for each PF'],
  ['rackGigabitsPerSecond', 'one more uplink for each rack'],
] as const;

const LIMITS = [
  ['outboundPerHost', 'one more move at once out of a host'],
  ['inboundPerHost', 'one more move at once into a host'],
  ['fleet', 'one more move at once in the fleet'],
] as const;

function oneMoreOf(plan: FleetPlan): readonly OneMore[] {
  const { limits } = plan;
  return [
    ...LIMITS.flatMap(([of, what]): readonly OneMore[] =>
      Number.isFinite(limits[of]) ? [{ what, of, change: { limits: { ...limits, [of]: limits[of] + 1 } } }] : [],
    ),
    ...LINKS.flatMap(([link, what]): readonly OneMore[] => {
      const relaxation = twice(link, plan);
      return relaxation === null ? [] : [{ what, of: relaxation.of, change: relaxation.change }];
    }),
  ];
}

/** What takes less time, or more, by so little is the same. */
const SAME_SHARE = 0.001;

/**
 * The evacuation once more with one more of each limit and link.
 *
 * @param nominalNs what it takes now; all VMs move
 * @param bounds names of the bounds, the longest first
 * @param play when all hosts are empty after a change, nominal; null: some are not
 */
export function oneMoreTable(
  plan: FleetPlan,
  nominalNs: number,
  bounds: readonly BoundName[],
  play: (change: FleetChange) => number | null,
): AnswerTable {
  const rows = oneMoreOf(plan).map(({ what, of, change }): Row => {
    const thenNs = play(change);
    if (thenNs === null) return [what, null, null, 'some VMs are then left'];
    const savedNs = nominalNs - thenNs;
    if (savedNs > SAME_SHARE * nominalNs) return [what, thenNs, savedNs, ''];
    if (savedNs < -SAME_SHARE * nominalNs) return [what, thenNs, null, 'it takes longer: VMs share the links'];
    const limiting = bounds.find((name) => relaxationOf(name, plan)?.of !== of);
    return [what, thenNs, null, limiting === undefined ? 'nothing' : `nothing: ${limiting} is the limit`];
  });
  return {
    title: 'What one more buys, nominal',
    columns: [
      { name: 'what', title: '', unit: '' },
      { name: 'totalNs', title: 'all empty', unit: 'ns' },
      { name: 'savedNs', title: 'sooner by', unit: 'ns' },
      { name: 'why', title: '', unit: '' },
    ],
    rows,
  };
}
