import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { ACS } from '../../../sim/pci/acs.ts';
import { parseAddress } from '../../../sim/pci/address.ts';
import { bruteForce } from '../../oracles/brute-force.ts';
import type { Exposure } from '../../../sim/pci/exposure.ts';
import { type Isolation, isolationOf } from '../../../sim/pci/isolation.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import type { Topology } from '../../../sim/pci/topology.ts';
import { topologyVariants, type Variant } from './rig.ts';

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
function said({ topology, groups, openings, vfs }: Isolation, fn: number): Record<string, unknown> {
  const group = groups.groups[groups.groupOf[fn]!]!;
  const alone = group.functions.length + group.bridges.length === 1;
  const opening = openings.find((each) => each.fn === fn);
  const answer = vfs.find(({ vf }) => vf === fn);
  if (answer === undefined) return { group: alone ? 'own' : 'merged', opens: opening?.ok };
  const { upstream, thread, proof } = answer.decisions;
  return {
    ...reach(isolationOf(topology).exposure, topology, fn),
    group: alone ? 'own' : 'merged',
    upstream: upstream.verdict,
    thread: thread.verdict,
    'on-die': answer.decisions['on-die'].verdict,
    proof: proof.verdict,
    dependsOnClip: answer.dependsOnClip,
    opens: opening?.ok,
  };
}

test('there is a file for each row of the table, and a server', () => {
  const rows = NAMES.map((name) => /^t(\d\d)-/.exec(name)?.[1]).filter((row) => row !== undefined);
  expect(rows.map(Number)).toEqual(Array.from({ length: 31 }, (_, i) => i + 1));
  expect(NAMES).toContain('server.yaml');
});

describe.each(NAMES)('%s', (name) => {
  test.each(variants(name).map((variant) => [variant.expectation.name, variant] as const))('%s', (_, variant) => {
    const topology = buildTopology(variant.document, variant.name);
    const isolation = isolationOf(topology);
    const tried = bruteForce(topology);
    const expected = Object.entries(variant.expectation.vfs);
    expect(expected).not.toHaveLength(0);
    const numberOf = (address: string): number => topology.functionAt.get(parseAddress(address))!;
    const answers = expected.map(([address]) => [address, said(isolation, numberOf(address))] as const);
    expect(Object.fromEntries(answers)).toMatchObject(variant.expectation.vfs);
    const ways = expected.filter(([, { self }]) => self !== undefined);
    const reaches = ways.map(([address]) => [address, reach(tried, topology, numberOf(address))] as const);
    expect(reaches).toEqual(ways.map(([address, { self, other }]) => [address, { self, other }]));
  });
});

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/isolation.md'), 'utf8');

/** Cells of the rows of all tables of the page, without backticks. */
const ROWS = Array.from(PAGE.matchAll(/^\|(.*)\|$/gm), ([, row = '']) =>
  row.split('|').map((cell) => cell.replaceAll('`', '').trim()),
);

describe('docs/isolation.md', () => {
  test('has the answers of the files in its table', () => {
    const told = ROWS.filter(([row = '']) => /^T\d+$/.test(row));
    const files = NAMES.filter((name) => name.startsWith('t')).flatMap((name) =>
      variants(name).map(({ expectation }) => {
        const [address = '', { self, other, group, upstream, thread, proof } = {}] =
          Object.entries(expectation.vfs)[0] ?? [];
        const row = `T${Number(name.slice(1, 3))}`;
        return [
          row,
          expectation.name,
          address,
          ...[self, other, group, upstream, thread, proof].map((cell) => cell ?? ''),
        ];
      }),
    );
    expect(told).toEqual(files);
  });

  test('explains every field that a file may have', () => {
    const keys = new Set<string>();
    const collect = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        if (/^[a-z]\w*$/i.test(key) && !/^vm\d$/.test(key)) keys.add(key);
        collect(inner);
      }
    };
    for (const name of NAMES) {
      const { expect: _answers, ...fields } = parse(readFileSync(join(FOLDER, name), 'utf8')) as Record<
        string,
        unknown
      >;
      collect(fields);
    }
    const spans = new Set(Array.from(PAGE.matchAll(/`([^`]+)`/g), ([, span]) => span));
    expect([...keys].filter((key) => !spans.has(key))).toEqual([]);
    expect(keys.size).toBeGreaterThan(30);
  });

  test('has the bits with their values', () => {
    const told = ROWS.filter(([bit = '']) => bit in ACS).map(([bit, value]) => [bit, Number(value)]);
    expect(told).toEqual(Object.entries(ACS));
  });
});
