/**
 * What machines print, and what has to be read of it. The expectations were written from the formats, not from the readers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import type { FunctionFacts, MachineFacts } from '../../../bench/import/machine/facts.ts';
import { readForeignOf } from '../../../bench/import/readers.ts';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'samples');
const ENDING = '.expected.json';
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(ENDING) && /lspci|sysfs/.test(name))
  .map((name) => name.slice(0, -ENDING.length));

/** Fields of an expectation; one that is absent is one that the format does not say. */
const FIELDS = [
  'class', 'vendor', 'device', 'revision', 'type', 'primary', 'secondary', 'subordinate', 'parent', 'acs', 'ats', 'pasid', 'ari',
  'sriov', 'bars', 'driver', 'numaNode', 'iommuGroup', 'physfn',
] as const; // prettier-ignore

type Expected = Partial<MachineFacts> & {
  readonly deviceCount: number;
  readonly devices: readonly FunctionFacts[];
};

function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(join(FOLDER, name + ENDING), 'utf8')) as Expected;
}

/** The fields of an expectation, in its words. */
function fieldsOf(facts: FunctionFacts): unknown {
  return Object.fromEntries(
    FIELDS.filter((field) => facts[field] !== undefined).map((field) => [field, withoutIo(facts[field])]),
  );
}

/** Expectations do not say which BAR is one of I/O ports, and no egress vector. */
function withoutIo(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, each: unknown) =>
    key === 'io' || key === 'egress' ? undefined : each,
  );
}

describe.each(NAMES)('%s', (name) => {
  const expected = expectedOf(name);
  const reading = readForeignOf('machine', join(FOLDER, name));
  const { facts } = reading;

  test('every field of every function', () => {
    const functions = new Map(facts.functions.map((each) => [each.facts.address, each.facts]));
    expect(facts.functions).toHaveLength(expected.deviceCount);
    for (const each of expected.devices) {
      const { address, ...fields } = each;
      expect({ address, ...(fieldsOf(functions.get(address)!) as object) }).toEqual({ address, ...fields });
    }
  });

  test('what is said of the whole', () => {
    for (const field of [
      'kernel',
      'arch',
      'pageSize',
      'kernelOptions',
      'rootBuses',
      'groups',
      'privileged',
      'complete',
    ] as const) {
      expect({ [field]: facts[field] }).toEqual({ [field]: expected[field] });
    }
  });
});
