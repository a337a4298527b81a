/**
 * Real machines: their groups as Linux printed them. `boards/NAME.yaml` says of each where it comes from, and what of it was
 * inferred; IDs stand where an entry of the kernel's lists decides. `boards/NAME.groups.json` has the groups, and those that
 * the series of 2025 would build, where they were computed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { groupNames } from './rig.ts';
import { groupsOf, type GroupRule } from '../../../sim/pci/groups.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { readTopology } from '../../../sim/pci/topology-file.ts';
import type { Topology } from '../../../sim/pci/topology.ts';

interface Printed {
  readonly groups: readonly (readonly string[])[];
  readonly proposed: readonly (readonly string[])[] | null;
}

const FOLDER = join(import.meta.dirname, 'boards');

/** Machines whose ACS words and groups are of one boot, with nothing fitted to the groups. */
const PREDICTED = [
  'asm1812-part',
  'comet-lake-titan-ridge',
  'emerson-v1000',
  'intel-aer-2024',
  'intel-usb-2025',
  'ls1028a-enetc',
  'macmini-2018-egpu',
  'pn51-cezanne',
  'sunrise-point-2022',
  'thinkpad-20yg',
];

const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.replace('.yaml', ''));

function board(name: string, changes: Readonly<Record<string, unknown>> = {}): Topology {
  const raw = parse(readFileSync(join(FOLDER, `${name}.yaml`), 'utf8')) as Record<string, unknown>;
  return buildTopology(readTopology({ ...raw, ...changes }, name).document, name);
}

function printed(name: string): Printed {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.groups.json`), 'utf8')) as Printed;
}

const asText = (groups: readonly (readonly string[])[]): readonly string[] =>
  groups.map((members) => members.toSorted().join(' ')).toSorted();

/** The computed groups, of the functions that the machine has in a group. */
function computed(topology: Topology, rule: GroupRule, of: readonly (readonly string[])[]): readonly string[] {
  const known = new Set(of.flat());
  return asText(
    groupNames(topology, groupsOf(topology, rule))
      .map((members) => members.filter((each) => known.has(each)))
      .filter((members) => members.length > 0),
  );
}

describe.each(NAMES)('%s', (name) => {
  const { groups, proposed } = printed(name);

  test.each(['6.12', '7.3'])('has the groups that Linux printed, as %s builds them', (kernel) => {
    expect(computed(board(name, { kernel }), 'linux', groups)).toEqual(asText(groups));
  });

  test.runIf(proposed !== null)('has the groups that the series of 2025 would build', () => {
    expect(computed(board(name), 'proposed-2025', proposed!)).toEqual(asText(proposed!));
  });
});

test('ten machines are true predictions', () => {
  const counts = PREDICTED.map((name) => printed(name).groups.length);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(154);
  for (const name of PREDICTED) {
    expect(readFileSync(join(FOLDER, `${name}.yaml`), 'utf8')).toContain('Nothing was fitted to the groups');
  }
});
