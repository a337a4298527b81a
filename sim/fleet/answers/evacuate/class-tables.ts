/**
 * A mixed evacuation by its classes of VMs and of hosts, with nominal parameters.
 */
import { NS_PER_MS, NS_PER_S } from '../../../base/units.ts';
import { type EvacuationResult, FATE } from '../../evacuation-terms.ts';
import type { FleetPlan } from '../../fleet-plan.ts';
import { emptiedOf, type HostKind } from '../../host-kinds.ts';
import type { AnswerTable } from '../answer-parts.ts';

/** Classes of hosts with a row, at most; those with most hosts that are emptied come first. */
const ROWS_MAX = 60;

type Row = AnswerTable['rows'][number];

/** @returns none for a fleet without host classes */
export function classTables(plan: FleetPlan, result: EvacuationResult): readonly AnswerTable[] {
  if (plan.question.fleet.hostClasses === undefined) return [];
  return [vmTable(plan, result), hostTable(plan, result)];
}

function vmTable({ question }: FleetPlan, result: EvacuationResult): AnswerTable {
  const { vms: classes } = question.fleet;
  const rows = classes.flatMap(({ name }, index): Row[] => {
    const own = movesWhere(result, (vm) => result.vmClass[vm]! % classes.length === index);
    if (own.length === 0) return [];
    const moved = own.filter((vm) => result.fate[vm]! <= FATE.forced);
    const pauses = moved.map((vm) => result.pauseNs[vm]! / NS_PER_MS).toSorted((a, b) => a - b);
    return [
      [
        name,
        own.length,
        moved.length,
        pauses[Math.ceil(pauses.length / 2) - 1] ?? null,
        pauses.at(-1) ?? null,
        mostOf(moved, (vm) => (result.endNs[vm]! - result.startNs[vm]!) / NS_PER_S),
        mostOf(moved, (vm) => result.endNs[vm]! / NS_PER_S),
      ],
    ];
  });
  return {
    title: 'By classes of VMs, nominal',
    columns: [
      { name: 'vms', title: 'VMs', unit: '' },
      { name: 'moves', title: 'to move', unit: '' },
      { name: 'moved', title: 'moved', unit: '' },
      { name: 'pauseP50Ms', title: 'pause p50, ms', unit: '' },
      { name: 'pauseMaxMs', title: 'longest pause, ms', unit: '' },
      { name: 'moveS', title: 'longest move, s', unit: '' },
      { name: 'endS', title: 'last one there after, s', unit: '' },
    ],
    rows,
  };
}

function hostTable({ kinds, hosts }: FleetPlan, result: EvacuationResult): AnswerTable {
  const rows = kinds
    .toSorted((a, b) => emptiedOf(b, hosts) - emptiedOf(a, hosts) || a.from - b.from)
    .slice(0, ROWS_MAX)
    .toSorted((a, b) => a.from - b.from);
  return {
    title: `By classes of hosts, nominal${rows.length < kinds.length ? ` (${rows.length} of ${kinds.length})` : ''}`,
    columns: [
      { name: 'hosts', title: 'hosts', unit: '' },
      { name: 'all', title: 'there are', unit: '' },
      { name: 'gigabitsPerSecond', title: 'link, Gbit/s', unit: '' },
      { name: 'toEmpty', title: 'to be emptied', unit: '' },
      { name: 'emptied', title: 'emptied', unit: '' },
      { name: 'out', title: 'VMs out', unit: '' },
      { name: 'in', title: 'VMs in', unit: '' },
      { name: 'emptyS', title: 'last one empty after, s', unit: '' },
    ],
    rows: rows.map((kind) => hostRow(kind, hosts, result)),
  };
}

function hostRow(kind: HostKind, hosts: number, result: EvacuationResult): Row {
  const { from, name, gigabits } = kind;
  const toEmpty = emptiedOf(kind, hosts);
  const emptied = [...result.hostEmptyNs.subarray(from, from + toEmpty)].filter((ns) => !Number.isNaN(ns));
  const isOurs = (host: number): boolean => host >= from && host < from + kind.hosts;
  const moved = movesWhere(result, (vm) => result.fate[vm]! <= FATE.forced);
  return [
    name,
    kind.hosts,
    gigabits,
    toEmpty,
    emptied.length,
    moved.filter((vm) => isOurs(result.sourceOf[vm]!)).length,
    moved.filter((vm) => isOurs(result.targetOf[vm]!)).length,
    emptied.length === 0 ? null : Math.max(...emptied) / NS_PER_S,
  ];
}

function movesWhere({ vms }: EvacuationResult, is: (vm: number) => boolean): readonly number[] {
  return Array.from({ length: vms }, (_, vm) => vm).filter(is);
}

function mostOf(vms: readonly number[], of: (vm: number) => number): number | null {
  return vms.length === 0 ? null : vms.reduce((most, vm) => Math.max(most, of(vm)), 0);
}
