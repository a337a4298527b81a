import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { parseAddress } from '../../../sim/pci/address.ts';
import { bruteForce } from '../../../sim/pci/brute-force.ts';
import type { Exposure } from '../../../sim/pci/exposure.ts';
import { type Isolation, isolationOf } from '../../../sim/pci/isolation.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { topologyVariants, type Variant } from '../../../sim/pci/topology-file.ts';
import type { Topology } from '../../../sim/pci/topology.ts';

const FOLDER = join(import.meta.dirname, '../../../sim/pci/topologies');
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

function variants(name: string): readonly Variant[] {
  return topologyVariants(parse(readFileSync(join(FOLDER, name), 'utf8')), name);
}

/** Whether the VM that has the VF reaches its area, and whether another does. */
function reach({ reached, privileged }: Exposure, t: Topology, fn: number): { self: string; other: string } {
  const area = t.areaOf[fn]!;
  if (area < 0) return { self: 'n/a', other: 'n/a' };
  const own = t.functionTenant[fn]!;
  return {
    self: reached.has(area, own) ? 'yes' : privileged.has(area, own) ? 'privileged' : 'no',
    other: reached.hasOther(area, own) ? 'yes' : privileged.hasOther(area, own) ? 'privileged' : 'no',
  };
}

/** What the isolation says of a function, with the words of the files. */
function said({ topology, groups, vfs }: Isolation, fn: number): Record<string, unknown> {
  const group = groups.groups[groups.groupOf[fn]!]!;
  const alone = group.functions.length + group.bridges.length === 1;
  const opening = groups.openings.find((each) => each.fn === fn);
  const answer = vfs.find(({ vf }) => vf === fn);
  if (answer === undefined) return { group: alone ? 'own' : 'merged', opens: opening?.ok };
  const { upstream, thread, proof } = answer.decisions;
  return {
    ...reach(isolationOf(topology).exposure, topology, fn),
    group: alone ? 'own' : 'merged',
    upstream: upstream.verdict,
    thread: thread.verdict,
    proof: proof.verdict,
    dependsOnClip: answer.dependsOnClip,
    opens: opening?.ok,
  };
}

test('there is a file for each row of the table, and a server', () => {
  const rows = NAMES.map((name) => /^t(\d\d)-/.exec(name)?.[1]).filter((row) => row !== undefined);
  expect(rows.map(Number)).toEqual(Array.from({ length: 27 }, (_, i) => i + 1));
  expect(NAMES).toContain('server.yaml');
});

describe.each(NAMES)('%s', (name) => {
  test.each(variants(name).map((variant) => [variant.expectation.name, variant] as const))('%s', (_, variant) => {
    const topology = buildTopology(variant.document, variant.name);
    const isolation = isolationOf(topology);
    const tried = bruteForce(topology);
    expect(Object.keys(variant.expectation.vfs)).not.toHaveLength(0);
    for (const [address, expected] of Object.entries(variant.expectation.vfs)) {
      const fn = topology.functionAt.get(parseAddress(address));
      expect(fn, address).toBeDefined();
      expect({ [address]: said(isolation, fn!) }).toMatchObject({ [address]: expected });
      const { self, other } = expected;
      if (self !== undefined)
        expect({ [address]: reach(tried, topology, fn!) }).toEqual({ [address]: { self, other } });
    }
  });
});
