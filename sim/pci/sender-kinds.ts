/**
 * Functions whose requests have one fate, taken together: those of one device with one ACS word, one stream mode and one way
 * of ATS. To a BAR that is in none of their domains, the request of one arrives exactly if that of any other does.
 */
import { HOST_TENANT, type Topology } from './topology.ts';

/** Functions of VMs that bear a requester ID of their own. */
interface SenderKind {
  /** Rising. */
  readonly functions: readonly number[];
  /** Rising, each once. */
  readonly tenants: readonly number[];
}

export interface Senders {
  /** By their first tenant. */
  readonly kinds: readonly SenderKind[];
  /** Functions of VMs that share a requester ID with others: each is asked by itself. */
  readonly aliased: readonly number[];
}

/**
 * The kinds of a topology. Copies of it with other settings have the same ones, except for functions of which a setting was
 * changed.
 */
export function sendersOf({ functions, functionTenant, functionNode, functionAlias, stream, ats }: Topology): Senders {
  const kinds = new Map<string, { functions: number[]; tenants: Set<number> }>();
  const aliased: number[] = [];
  for (const { index, pf } of functions) {
    const tenant = functionTenant[index]!;
    if (tenant === HOST_TENANT) continue;
    if (functionAlias[index]! >= 0) {
      aliased.push(index);
      continue;
    }
    const key = `${functionNode[index]!} ${pf ?? index} ${stream[index]!} ${ats[index]!}`;
    const kind = kinds.get(key) ?? { functions: [], tenants: new Set() };
    kind.functions.push(index);
    kind.tenants.add(tenant);
    kinds.set(key, kind);
  }
  const sorted = [...kinds.values()].map((kind) => ({
    functions: kind.functions,
    tenants: [...kind.tenants].toSorted((a, b) => a - b),
  }));
  return { kinds: sorted.toSorted((a, b) => a.tenants[0]! - b.tenants[0]!), aliased };
}
