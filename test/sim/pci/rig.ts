/** Topologies for tests: a shipped example with fields changed, and servers of any size. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { UserError } from '../../../sim/base/user-error.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { topologyVariants } from '../../../sim/pci/topology-file.ts';
import type { Topology } from '../../../sim/pci/topology.ts';

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
