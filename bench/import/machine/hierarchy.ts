/**
 * What follows from bus numbers and SR-IOV capabilities: the bridge above each function, and the PF of each VF.
 */
import { addFindings, type Finding } from '../reader.ts';
import type { FunctionDraft } from './draft.ts';
import { addressAt, busNumberOf, domainOf, requesterIdOf } from './facts.ts';

/** Classes of what stands at a root complex itself: host bridge, IOMMU. */
const ROOT_CLASSES: ReadonlySet<string | undefined> = new Set(['0600', '0806']);
const ROOT_CLASS_NAMES = /^(?:Host bridge|IOMMU)/;
/** VFs that are missing, named one by one. */
const NAMED_MAX = 4;

/** Sets `parent` of each function from the bus ranges of the bridges. */
export function findParents(drafts: readonly FunctionDraft[], findings: Finding[]): void {
  for (const [domain, members] of byDomain(drafts)) {
    const above = bridgeAbove(members);
    const roots = rootBuses(members);
    const orphans: string[] = [];
    for (const draft of members) {
      const { address, type } = draft.facts;
      const bus = busNumberOf(address);
      const bridge = above[bus];
      if (bridge !== undefined) draft.lacking('parent', bridge);
      else if (roots.has(bus) || type === undefined || !NEEDS_PORT.has(type)) draft.lacking('parent', null);
      else orphans.push(address);
    }
    if (orphans.length === 0) continue;
    const more = orphans.length > NAMED_MAX ? ` and ${orphans.length - NAMED_MAX} more` : '';
    const text = `domain ${domain}: the bridge above ${orphans.slice(0, NAMED_MAX).join(', ')}${more} is not in the file`;
    addFindings(findings, {
      kind: 'warning',
      text: `${text}; a listing of chosen devices (lspci -s, -d) lacks the tree`,
    });
  }
}

/** Types that have a port above them. */
const NEEDS_PORT: ReadonlySet<string> = new Set([
  'endpoint',
  'legacy-endpoint',
  'switch-upstream',
  'switch-downstream',
]);

function byDomain(drafts: readonly FunctionDraft[]): ReadonlyMap<string, readonly FunctionDraft[]> {
  const found = new Map<string, FunctionDraft[]>();
  for (const draft of drafts) {
    const domain = domainOf(draft.facts.address);
    const members = found.get(domain);
    if (members === undefined) found.set(domain, [draft]);
    else members.push(draft);
  }
  return found;
}

/** By bus: the bridge with the narrowest range that has it. */
function bridgeAbove(members: readonly FunctionDraft[]): readonly (string | undefined)[] {
  const above = Array.from<string | undefined>({ length: 256 });
  const ranges = members.flatMap(({ facts: { address, secondary = '', subordinate = '' } }) => {
    const [first, last] = [Number.parseInt(secondary, 16), Number.parseInt(subordinate, 16)];
    // Secondary 0: the bridge was never configured.
    return first > 0 && last >= first ? [{ address, first, last }] : [];
  });
  for (const { address, first, last } of ranges.toSorted((a, b) => b.last - b.first - (a.last - a.first))) {
    // A bridge is not below itself, whatever its range says.
    for (let bus = first; bus <= last; bus++) if (bus !== busNumberOf(address)) above[bus] = address;
  }
  return above;
}

/** Buses on which something stands that only a root complex has. */
function rootBuses(members: readonly FunctionDraft[]): ReadonlySet<number> {
  const roots = new Set<number>();
  for (const { facts } of members) {
    const { type, address, className = '' } = facts;
    const isRoot = type === 'root-port' || type === 'rciep' || type === 'event-collector';
    if (isRoot || ROOT_CLASSES.has(facts.class) || ROOT_CLASS_NAMES.test(className)) roots.add(busNumberOf(address));
  }
  return roots;
}

/** Sets `physfn` of each function from the SR-IOV capabilities, and names VFs that should be there and are not. */
export function findVfs(drafts: readonly FunctionDraft[], findings: Finding[]): void {
  const known = new Map(drafts.map((draft) => [draft.facts.address, draft]));
  for (const { facts, at } of drafts) {
    const { sriov, address } = facts;
    if (sriov === undefined || sriov === null) continue;
    if (!sriov.enabled) {
      if (sriov.numVfs > 0) {
        addFindings(findings, {
          kind: 'inferred',
          text: `${address}: ${sriov.numVfs} VFs are set and not enabled`,
          line: at.line,
        });
      }
      continue;
    }
    const missing: string[] = [];
    for (let n = 0; n < sriov.numVfs; n++) {
      const id = requesterIdOf(address) + sriov.offset + n * sriov.stride;
      if (id > 0xffff) break;
      const vf = addressAt(domainOf(address), id);
      const draft = known.get(vf);
      if (draft === undefined) missing.push(vf);
      else if (draft.facts.address !== address) draft.lacking('physfn', address);
    }
    if (missing.length === 0) continue;
    const named = missing.slice(0, NAMED_MAX).join(', ') + (missing.length > NAMED_MAX ? ', …' : '');
    const why = 'left out by the command (lspci -s, -d), or never probed';
    const text = `${address}: ${missing.length} of ${sriov.numVfs} enabled VFs are not in the file (${named}): ${why}`;
    addFindings(findings, { kind: 'warning', text, line: at.line });
  }
}
