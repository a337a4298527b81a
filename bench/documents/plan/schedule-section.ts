/**
 * An evacuation over time: its moves in lanes, one per slot of a host, or how many ran at once in groups of hosts.
 */
import { z } from 'zod';

import { FATE_WORDS, type Schedule, type ScheduledMove } from '../../../sim/fleet/schedule.ts';
import { formatValue } from '../../show/format.ts';
import { INK_COLOUR, laneChart, seriesColour, stripChart } from '../../show/charts.ts';
import { fullPanel, type Plot } from '../../show/plot.ts';

const ns = z.number().nonnegative();

export const scheduleSchema: z.ZodType<Schedule> = z.looseObject({
  totalNs: ns,
  leftBehind: z.number(),
  moves: z
    .array(
      z
        .looseObject({
          host: z.number(),
          hostName: z.string().optional(),
          vm: z.string(),
          vmName: z.string().nullable().default(null),
          startNs: ns,
          endNs: ns,
          pauseNs: ns,
          fate: z.enum(FATE_WORDS),
        })
        // Documents before 0.3 have no names.
        .transform((move) => ({ ...move, hostName: move.hostName ?? `host ${move.host}` })),
    )
    .nullable(),
  groups: z
    .looseObject({
      sliceNs: ns,
      of: z.array(
        z.looseObject({
          name: z.string(),
          hosts: z.number().positive(),
          vms: z.number(),
          firstNs: ns.nullable(),
          lastNs: ns.nullable(),
          atOnce: z.array(ns).min(1),
        }),
      ),
    })
    .nullable(),
});

/** @returns undefined: nothing moved */
export function schedulePlot(schedule: Schedule, id: string): Plot | undefined {
  const { moves, groups, totalNs } = schedule;
  if (totalNs === 0) return undefined;
  if (moves !== null && moves.length > 0) return movesPlot(schedule, moves, id);
  return groups === null || groups.of.length === 0 ? undefined : groupsPlot(schedule, groups, id);
}

const SOURCE = 'modelled, with nominal parameters.';

function leftWords({ leftBehind }: Schedule): string {
  if (leftBehind === 0) return '';
  return ` ${leftBehind} ${leftBehind === 1 ? 'VM stays' : 'VMs stay'} at the source: given up, or without room.`;
}

const time = (value: number): string => formatValue(value, 'ns');

/** Moves that went well have the colour of their class of VMs, all others one of their own. */
const FATE_COLOURS: Readonly<Partial<Record<ScheduledMove['fate'], string>>> = {
  forced: 'var(--c2)',
  'time-out': 'var(--c9)',
  'no progress': 'var(--c8)',
  iterations: 'var(--c8)',
};
/** Places of the colours that no fate has. */
const CLASS_PLACES = [0, 2, 3, 4, 5, 6, 9] as const;

function movesPlot(schedule: Schedule, moves: readonly ScheduledMove[], id: string): Plot {
  const classes = [...new Set(moves.map(({ vm }) => vm))];
  const fates = [...new Set(moves.map(({ fate }) => fate))].filter((fate) => FATE_COLOURS[fate] !== undefined);
  const classColour = (vm: string): string => seriesColour(CLASS_PLACES[classes.indexOf(vm) % CLASS_PLACES.length]!);
  const { names, lanes } = lanesOf(moves);
  const bars = moves.map(({ vm, fate, startNs, endNs, pauseNs }, index) => ({
    lane: lanes[index]!,
    startNs,
    endNs,
    pauseNs,
    colour: FATE_COLOURS[fate] ?? classColour(vm),
  }));
  return {
    id: `${id}-schedule`,
    title: 'The moves over time',
    source: `${SOURCE} One lane per move that a host has going at once; a bar is at least a pixel wide.${leftWords(schedule)}`,
    wide: true,
    legend: [
      ...classes.map((vm) => ({ text: vm, colour: classColour(vm) })),
      ...fates.map((fate) => ({ text: fate, colour: FATE_COLOURS[fate]! })),
      { text: 'the VM is paused', colour: INK_COLOUR },
    ],
    panels: [fullPanel('', (width) => laneChart(bars, names, schedule.totalNs, width))],
    table: {
      caption: 'Moves in the order of hosts',
      head: ['host', 'VM', 'begins', 'ends', 'takes', 'pause', 'end'],
      textColumns: [0, 1, 6],
      rows: moves.map(({ hostName, vm, vmName, startNs, endNs, pauseNs, fate }) => [
        hostName,
        vmName === null ? vm : `${vmName} (${vm})`,
        time(startNs),
        time(endNs),
        time(endNs - startNs),
        pauseNs === 0 ? '' : time(pauseNs),
        fate,
      ]),
    },
  };
}

/** For each move the first lane of its host that is free when it begins. Lanes of a host stand together. */
export function lanesOf(moves: readonly Pick<ScheduledMove, 'host' | 'hostName' | 'startNs' | 'endNs'>[]): {
  /** A host at its first lane, and nothing at its further ones. */
  readonly names: readonly string[];
  /** In the order of the moves. */
  readonly lanes: readonly number[];
} {
  const names: string[] = [];
  const lanes = moves.map(() => 0);
  const hosts = [...new Set(moves.map(({ host }) => host))].toSorted((a, b) => a - b);
  for (const host of hosts) {
    const first = names.length;
    const freeNs: number[] = [];
    const own = moves.flatMap((move, index) => (move.host === host ? [{ ...move, index }] : []));
    for (const { startNs, endNs, index } of own.toSorted((a, b) => a.startNs - b.startNs)) {
      const free = freeNs.findIndex((at) => at <= startNs);
      const lane = free === -1 ? freeNs.length : free;
      freeNs[lane] = endNs;
      lanes[index] = first + lane;
    }
    const { hostName } = own[0]!;
    names.push(...freeNs.map((_, lane) => (lane === 0 ? hostName : '')));
  }
  return { names, lanes };
}

function groupsPlot(schedule: Schedule, { of }: NonNullable<Schedule['groups']>, id: string): Plot {
  const perHost = of.map(({ atOnce, hosts }) => atOnce.map((mean) => mean / hosts));
  const most = Math.max(...perHost.flat());
  return {
    id: `${id}-schedule`,
    title: 'Moves at once, over time',
    source:
      `${SOURCE} The height of a strip is the mean number of moves that a host of the group has going; ` +
      `its full height is ${formatValue(most, '')}.${leftWords(schedule)}`,
    wide: true,
    legend: [],
    panels: [
      fullPanel('', (width) =>
        stripChart(
          of.map(({ name }, index) => ({
            label: name,
            shares: perHost[index]!.map((mean) => (most === 0 ? 0 : mean / most)),
          })),
          schedule.totalNs,
          width,
        ),
      ),
    ],
    table: {
      caption: 'Groups of hosts that stand together',
      head: ['group', 'hosts', 'VMs', 'first begins', 'last ends', 'most at once', 'at once on average'],
      rows: of.map(({ name, hosts, vms, firstNs, lastNs, atOnce }) => [
        name,
        String(hosts),
        String(vms),
        firstNs === null ? '' : time(firstNs),
        lastNs === null ? '' : time(lastNs),
        formatValue(Math.max(...atOnce), ''),
        formatValue(atOnce.reduce((sum, mean) => sum + mean, 0) / atOnce.length, ''),
      ]),
    },
  };
}
