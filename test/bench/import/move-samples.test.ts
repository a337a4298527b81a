/**
 * Samples of moves in every format, and what must be read from them: each field of the expectation, word by word.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { linesOfText, headOfText } from '../../../bench/import/lines.ts';
import { MOVE_READERS } from '../../../bench/import/move/readers.ts';

const SAMPLES = join(import.meta.dirname, 'samples');

/** Readers by the names of samples. */
const READERS: readonly (readonly [pattern: RegExp, id: string])[] = [
  [/qmp\.jsonl$|query-migrate\.json$/, 'qmp'],
  [/info-migrate/, 'info-migrate'],
  [/^qemu.*\.trace\.log$/, 'qemu-trace'],
  [/^guestperf/, 'guestperf'],
  [/domjobinfo/, 'domjobinfo'],
  [/^cloud-hypervisor.*\.log$/, 'cloud-hypervisor-log'],
  [/^cloud-hypervisor.*events/, 'cloud-hypervisor-events'],
  [/vmim/, 'kubevirt-vmim'],
  [/metrics/, 'kubevirt-metrics'],
  [/virt-launcher/, 'virt-launcher'],
  [/server-migration-show/, 'nova-migration'],
  [/^proxmox-qmigrate/, 'proxmox'],
];

/** Of people, who say it in their words. */
const PROSE: ReadonlySet<string> = new Set(['findings', 'unknown']);

/** Samples of moves, each with its reader. */
const FILES = readdirSync(SAMPLES)
  .filter((name) => !name.endsWith('.expected.json'))
  .flatMap((name) => {
    const id = READERS.find(([pattern]) => pattern.test(name))?.[1];
    return id === undefined ? [] : [{ name, id }];
  });

function sample(name: string): string {
  return readFileSync(join(SAMPLES, name), 'utf8');
}

/** What of the expectation is not so, by its path. A value whose name ends in About is known to the digits of the text. */
function differences(expected: unknown, found: unknown, path: string): string[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length) return [`${path}: ${JSON.stringify(found)}`];
    return expected.flatMap((each, index) => differences(each, found[index], `${path}[${index}]`));
  }
  if (typeof expected === 'object' && expected !== null) {
    const fields = (found ?? {}) as Record<string, unknown>;
    return Object.entries(expected).flatMap(([name, each]) =>
      PROSE.has(name) ? [] : differences(each, fields[name], `${path}.${name}`),
    );
  }
  if (path.endsWith('About') && typeof found === 'number') {
    return Math.abs(found - (expected as number)) <= 0.001 * (expected as number) ? [] : [`${path}: ${found}`];
  }
  return Object.is(expected, found) ? [] : [`${path}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`];
}

describe('samples of moves', () => {
  test.each(FILES)('$name is read as expected', ({ name, id }) => {
    const reader = MOVE_READERS.find((each) => each.id === id)!;
    const { format, facts } = reader.read(linesOfText(sample(name), name), name);
    const expected = JSON.parse(sample(`${name}.expected.json`)) as object;
    expect(differences(expected, { format, ...facts.said }, '')).toEqual([]);
  });

  test.each(FILES)('$name is known by its own reader, and by no other as surely', ({ name, id }) => {
    const head = headOfText(sample(name));
    const sure = MOVE_READERS.map((reader) => ({ id: reader.id, sure: reader.sniff(head) })).toSorted(
      (a, b) => b.sure - a.sure,
    );
    expect(sure[0]!.id).toBe(id);
    expect(sure[0]!.sure).toBeGreaterThan(sure[1]!.sure + 0.2);
  });
});
