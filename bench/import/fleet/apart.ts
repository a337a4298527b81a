/**
 * VMs no two of which may share a host: of anti-affinity between pods, and of server groups.
 */
import { countOf } from '../../../sim/base/units.ts';
import { addFindings, type Finding } from '../reader.ts';
import type { ApartTerm, FleetVm, ServerGroup } from './facts.ts';
import { fits } from './labels.ts';
import { HOSTNAME } from './scheduling.ts';

const NAMED_MAX = 3;

/**
 * Groups of the VMs that run. VMs that must be apart from one another directly or through others are one group: that is what
 * a question can say, and never less than is asked. Where it cannot be said they stay, with the reason.
 */
export function apartVms(
  vms: readonly FleetVm[],
  serverGroups: readonly ServerGroup[],
  findings: Finding[],
): readonly FleetVm[] {
  const running = vms.map((vm, index) => ({ vm, index })).filter(({ vm }) => vm.running);
  const pins = new Map<number, string>();
  const sets: (readonly number[])[] = [];
  for (const { term, owners } of termsOf(running)) {
    const matched = running.filter(({ vm }) => isMeant(term, vm)).map(({ index }) => index);
    const all = [...new Set([...owners, ...matched])];
    // It means only itself.
    if (all.length === 1 && matched.length === 1) continue;
    const why =
      matched.length === 0
        ? 'podAntiAffinity: no VM of the list is meant, and where other pods are is not in it'
        : term.topology === HOSTNAME
          ? null
          : `podAntiAffinity by ${term.topology}: a question keeps VMs apart by host only`;
    if (why === null) sets.push(all);
    else for (const index of all) pins.set(index, pins.get(index) ?? why);
  }
  sets.push(...setsOfServers(running, serverGroups, pins, findings));
  const groups = joined(sets).filter((group) => group.length > 1);
  const groupOf = new Map<number, string>();
  for (const group of groups) {
    if (isApart(group.map((index) => vms[index]!))) for (const index of group) groupOf.set(index, vms[group[0]!]!.name);
    else
      for (const index of group)
        pins.set(index, pins.get(index) ?? `anti-affinity that ${namesText(group.map((each) => vms[each]!.name))} share, two of which are on one host`); // prettier-ignore
  }
  if (groupOf.size > 0) {
    const count = new Set(groupOf.values()).size;
    const text = `${countOf(groupOf.size, 'VM')} in ${countOf(count, 'group')} of anti-affinity, each as a whole: no two of one share a host`;
    addFindings(findings, { kind: 'inferred', text });
  }
  return vms.map((vm, index) => {
    const pin = pins.get(index);
    return { ...vm, group: groupOf.get(index) ?? null, pins: pin === undefined ? vm.pins : [...vm.pins, pin] };
  });
}

interface Indexed {
  readonly vm: FleetVm;
  readonly index: number;
}

/** Terms that differ, each with the VMs that have it. */
function termsOf(all: readonly Indexed[]): Iterable<{ readonly term: ApartTerm; readonly owners: readonly number[] }> {
  const terms = new Map<string, { readonly term: ApartTerm; readonly owners: number[] }>();
  for (const { vm, index } of all) {
    for (const term of vm.apart) {
      const key = JSON.stringify(term);
      const known = terms.get(key);
      if (known === undefined) terms.set(key, { term, owners: [index] });
      else known.owners.push(index);
    }
  }
  return terms.values();
}

function isMeant({ needs, namespaces }: ApartTerm, { namespace, labels }: FleetVm): boolean {
  if (namespaces !== null && !namespaces.includes(namespace ?? '')) return false;
  return needs === null || needs.every((need) => fits(labels, need));
}

/** Members of server groups that must be apart; those of other groups stay, unless their rule is soft. */
function setsOfServers(
  all: readonly Indexed[],
  serverGroups: readonly ServerGroup[],
  pins: Map<number, string>,
  findings: Finding[],
): readonly (readonly number[])[] {
  const known = new Map(serverGroups.map((group) => [group.id, group]));
  const byId = new Map(all.map(({ vm, index }) => [vm.id ?? vm.name, index]));
  const soft = serverGroups.filter(({ policy }) => policy.startsWith('soft-')).map(({ name }) => name);
  if (soft.length > 0) {
    const text = `${countOf(soft.length, 'server group')} (${namesText(soft)}) with a soft policy: it is not planned`;
    addFindings(findings, { kind: 'unused', text });
  }
  for (const { vm, index } of all) {
    const silent = vm.serverGroups.find((id) => !known.has(id));
    if (silent !== undefined) pins.set(index, `server group ${silent}: its policy is not in the file`);
  }
  return serverGroups.flatMap(({ id, name, policy, members }) => {
    const own = all.filter(({ vm }) => vm.serverGroups.includes(id)).map(({ index }) => index);
    const set = [...new Set([...members.flatMap((member) => byId.get(member) ?? []), ...own])];
    if (policy === 'anti-affinity') return [set];
    const isFree = policy.startsWith('soft-') || (policy === 'affinity' && set.length === 1);
    if (!isFree) for (const index of set) pins.set(index, `server group ${name} of the policy ${policy}: it moves with no other`); // prettier-ignore
    return [];
  });
}

/** Sets that share a member, as one. */
function joined(sets: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const parent = new Map<number, number>();
  const rootOf = (index: number): number => {
    let at = index;
    for (let up = parent.get(at) ?? at; up !== at; up = parent.get(at) ?? at) at = up;
    if (at !== index) parent.set(index, at);
    return at;
  };
  for (const set of sets) for (const index of set) parent.set(rootOf(index), rootOf(set[0]!));
  const groups = new Map<number, number[]>();
  for (const index of [...parent.keys()].toSorted((a, b) => a - b)) {
    const root = rootOf(index);
    groups.set(root, [...(groups.get(root) ?? []), index]);
  }
  return [...groups.values()];
}

/** Whether no two are on one host; a host that is not said may be the same. */
function isApart(vms: readonly FleetVm[]): boolean {
  return new Set(vms.map(({ host }) => host ?? '')).size === vms.length;
}

function namesText(names: readonly string[]): string {
  return `${names.slice(0, NAMED_MAX).join(', ')}${names.length > NAMED_MAX ? ', …' : ''}`;
}
