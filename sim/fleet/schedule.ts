/**
 * An evacuation over time, small enough to be kept and drawn: every move of a small one; of a large one how many moves
 * ran at once, slice by slice, for groups of hosts that stand together.
 */
import { type EvacuationResult, FATE } from './evacuation-terms.ts';

/** Fates in words, in the order of {@link FATE}. */
export const FATE_WORDS = [
  'moved',
  'forced',
  'time-out',
  'no progress',
  'iterations',
  'stall',
  'switchover',
  'no room',
] as const;

export interface ScheduledMove {
  /** From 1. */
  readonly host: number;
  readonly hostName: string;
  /** Name of its class. */
  readonly vm: string;
  /** Name of the VM; null: the question names none. */
  readonly vmName: string | null;
  readonly startNs: number;
  readonly endNs: number;
  /** At the end of the move; 0 when it did not stop. */
  readonly pauseNs: number;
  readonly fate: (typeof FATE_WORDS)[number];
}

/** Hosts that stand together. */
interface ScheduledGroup {
  /** Such as `rack 3`, `racks 1 to 25`, `hosts 1 to 4`. */
  readonly name: string;
  readonly hosts: number;
  readonly vms: number;
  /** Begin of the first move and end of the last one; null when there was none. */
  readonly firstNs: number | null;
  readonly lastNs: number | null;
  /** Mean number of moves that ran, in each slice. */
  readonly atOnce: readonly number[];
}

/** With nominal parameters. */
export interface Schedule {
  readonly totalNs: number;
  /** VMs that stay where they are: given up, or without room. */
  readonly leftBehind: number;
  /** In the order of hosts; null: there are too many to list. */
  readonly moves: readonly ScheduledMove[] | null;
  /** In place of the moves; null when there are moves. */
  readonly groups: { readonly sliceNs: number; readonly of: readonly ScheduledGroup[] } | null;
}

/** Up to so many moves are listed one by one. */
const MOVES_MAX = 600;
const GROUPS_MAX = 40;
const SLICES = 100;

export interface ScheduleFleet {
  readonly hosts: number;
  readonly hostsPerRack: number;
  /** Names of the classes of VMs. */
  readonly classes: readonly string[];
  /** @param host from 0 */
  readonly hostName: (host: number) => string;
  /** Name of a VM of a class on a host, the nth of them from 0; null: it has none. */
  readonly vmName: (host: number, kind: number, nth: number) => string | null;
}

export function scheduleOf(result: EvacuationResult, fleet: ScheduleFleet): Schedule {
  const { vms, fate, totalNs } = result;
  let leftBehind = 0;
  for (const each of fate) if (each > FATE.forced) leftBehind += 1;
  const few = vms <= MOVES_MAX;
  return {
    totalNs,
    leftBehind,
    moves: few ? movesOf(result, fleet) : null,
    groups: few ? null : { sliceNs: totalNs / SLICES, of: groupsOf(result, fleet) },
  };
}

function movesOf(result: EvacuationResult, { classes, hostName, vmName }: ScheduleFleet): readonly ScheduledMove[] {
  const { vms, startNs, endNs, pauseNs, fate, vmClass, sourceOf } = result;
  const moves: ScheduledMove[] = [];
  const counts = new Map<string, number>();
  for (let vm = 0; vm < vms; vm++) {
    const key = `${sourceOf[vm]!} ${vmClass[vm]!}`;
    const nth = counts.get(key) ?? 0;
    counts.set(key, nth + 1);
    if (fate[vm] === FATE.noRoom) continue;
    moves.push({
      host: sourceOf[vm]! + 1,
      hostName: hostName(sourceOf[vm]!),
      vm: classes[vmClass[vm]!]!,
      vmName: vmName(sourceOf[vm]!, vmClass[vm]!, nth),
      startNs: startNs[vm]!,
      endNs: endNs[vm]!,
      pauseNs: pauseNs[vm]!,
      fate: FATE_WORDS[fate[vm]!]!,
    });
  }
  return moves;
}

/** Racks where there are several, otherwise hosts; as many of them together as are needed. */
function groupsOf(result: EvacuationResult, { hosts, hostsPerRack }: ScheduleFleet): readonly ScheduledGroup[] {
  const unit = hosts > hostsPerRack ? { word: 'rack', hosts: hostsPerRack } : { word: 'host', hosts: 1 };
  const units = Math.ceil(hosts / unit.hosts);
  const together = Math.ceil(units / GROUPS_MAX);
  const groups: ScheduledGroup[] = [];
  for (let first = 0; first < units; first += together) {
    const last = Math.min(first + together, units);
    const from = first * unit.hosts;
    const until = Math.min(last * unit.hosts, hosts);
    const name = last - first === 1 ? `${unit.word} ${last}` : `${unit.word}s ${first + 1} to ${last}`;
    groups.push({ name, hosts: until - from, ...strip(result, from, until) });
  }
  return groups;
}

function strip({ vms, totalNs, startNs, endNs, fate, sourceOf }: EvacuationResult, from: number, until: number) {
  const sliceNs = totalNs / SLICES;
  const atOnce = Array.from({ length: SLICES }, () => 0);
  let firstNs = Infinity;
  let lastNs = 0;
  let own = 0;
  for (let vm = 0; vm < vms; vm++) {
    if (sourceOf[vm]! < from || sourceOf[vm]! >= until) continue;
    own += 1;
    if (fate[vm] === FATE.noRoom) continue;
    const begins = startNs[vm]!;
    const ends = endNs[vm]!;
    firstNs = Math.min(firstNs, begins);
    lastNs = Math.max(lastNs, ends);
    const end = Math.min(Math.floor(ends / sliceNs), SLICES - 1);
    for (let slice = Math.min(Math.floor(begins / sliceNs), SLICES - 1); slice <= end; slice++) {
      const share = (Math.min(ends, (slice + 1) * sliceNs) - Math.max(begins, slice * sliceNs)) / sliceNs;
      atOnce[slice]! += Math.max(share, 0);
    }
  }
  const moved = lastNs > 0;
  return {
    vms: own,
    firstNs: moved ? firstNs : null,
    lastNs: moved ? lastNs : null,
    // Three digits are enough for a picture.
    atOnce: atOnce.map((mean) => Number(mean.toPrecision(3))),
  };
}
