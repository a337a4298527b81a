/** Topologies for tests: a shipped example with fields changed, and servers of any size. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { UserError } from '../../../sim/base/user-error.ts';
import type { IommuGroups } from '../../../sim/pci/groups.ts';
import type { Isolation } from '../../../sim/pci/isolation.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { readTopology } from '../../../sim/pci/topology-file.ts';
import { functionLabel, nodeLabel, type Topology } from '../../../sim/pci/topology.ts';

type TopologyFile = ReturnType<typeof readTopology>;

/** One of the situations that a shipped example describes. */
export interface Variant extends TopologyFile {
  readonly name: string;
  readonly expectation: TopologyFile['document']['expect'][number];
}

/**
 * The situations of an example: the document once for each entry of its `expect`, with the fields that differ.
 *
 * @throws UserError of kind `input` for a document that is none
 */
export function topologyVariants(raw: unknown, what: string): readonly Variant[] {
  return readTopology(raw, what).document.expect.map((expectation) => {
    const changed: unknown = structuredClone(raw);
    for (const [path, value] of Object.entries(expectation.with)) setField(changed, path, value);
    const name = `${what}: ${expectation.name}`;
    return { name, expectation, ...readTopology(changed, name) };
  });
}

/** Sets `tree[0].acs.on`; null takes the field away. */
function setField(document: unknown, path: string, value: unknown): void {
  const keys = path.split(/[.[\]]+/).filter((key) => key !== '');
  const last = keys.pop() ?? '';
  let place = document as Record<string, unknown>;
  for (const key of keys) place = place[key] as Record<string, unknown>;
  if (value === null) delete place[last];
  else place[last] = value;
}

/** The tenants that reach a VF's control area, its own too, by the rules. */
export function tenantsReaching({ topology, exposure }: Isolation, vf: number): readonly string[] {
  const area = topology.areaOf[vf]!;
  return area < 0 ? [] : exposure.reached.members(area).map((tenant) => topology.tenants[tenant]!);
}

const FOLDER = join(import.meta.dirname, '../../../sim/pci/topologies');

/** The topology of an example, with some fields set to other values; null takes a field away. */
export function example(name: string, changes: Readonly<Record<string, unknown>> = {}): Topology {
  const raw = parse(readFileSync(join(FOLDER, `${name}.yaml`), 'utf8')) as { expect: unknown };
  raw.expect = [{ with: changes }];
  return buildTopology(topologyVariants(raw, name)[0]!.document, name);
}

/** What building it complains about, with the hint. */
export function complaint(name: string, changes: Readonly<Record<string, unknown>>): string {
  try {
    example(name, changes);
  } catch (error) {
    if (error instanceof UserError && error.kind === 'input') return `${error.message} | ${error.hint}`;
    throw error;
  }
  return '';
}

/** The number of the function at an address. */
export function at(topology: Topology, address: number): number {
  return topology.functionAt.get(address)!;
}

/** The addresses in each group, of ports and functions alike. */
export function groupNames(topology: Topology, { groups }: IommuGroups): readonly (readonly string[])[] {
  return groups.map(({ bridges, functions }) => [
    ...bridges.map((node) => nodeLabel(topology, node).split(' ').at(-1)!),
    ...functions.map((fn) => functionLabel(topology, fn)),
  ]);
}
