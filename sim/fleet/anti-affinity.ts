/**
 * Groups of VMs that must not share a host, from the VMs that a question names for it.
 */
import type { HostKind } from './host-kinds.ts';
import type { QuestionOf } from './question.ts';
import { NONE } from './source-hosts.ts';

type Fleet = QuestionOf<'evacuate'>['fleet'];

/** Groups of the VMs on each host: of each class of VMs, of each of its VMs; -1: none. */
export type FleetGroups = readonly (readonly (readonly number[])[])[];

/**
 * Groups, host by host. The first VM of each host that is named stands in one row, the second in another, so that no two of
 * a host are in one group; `members` that follow one another in a row are a group.
 *
 * @returns null where no VM has one
 */
export function fleetGroups(fleet: Fleet, kinds: readonly HostKind[]): FleetGroups | null {
  const { antiAffinity, vms } = fleet;
  if (antiAffinity === undefined) return null;
  const entryOf = vms.map(({ name }) => antiAffinity.findIndex((entry) => entry.vms.includes(name)));
  const ids = new Map<string, number>();
  const inRow = new Map<string, number>();
  const groupOf = (entry: number, row: number): number => {
    const at = `${entry} ${row}`;
    const place = inRow.get(at) ?? 0;
    inRow.set(at, place + 1);
    const key = `${at} ${Math.floor(place / (antiAffinity[entry]!.members ?? Infinity))}`;
    const id = ids.get(key) ?? ids.size;
    ids.set(key, id);
    return id;
  };
  const ofHost = ({ perHost }: HostKind): readonly (readonly number[])[] => {
    const rows = antiAffinity.map(() => 0);
    return vms.map((_, index) => {
      const entry = entryOf[index]!;
      return Array.from({ length: perHost[index]! }, () => (entry < 0 ? NONE : groupOf(entry, rows[entry]!++)));
    });
  };
  return kinds.flatMap((kind) => Array.from({ length: kind.hosts }, () => ofHost(kind)));
}

/** Groups of which a host has a VM. @param classes those that count; left out: all */
export function groupsOn(host: FleetGroups[number], counts: (vmClass: number) => boolean = () => true): Set<number> {
  return new Set(host.flatMap((groups, index) => (counts(index) ? groups.filter((group) => group !== NONE) : [])));
}
