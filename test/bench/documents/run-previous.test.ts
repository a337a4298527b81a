import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { parseSection } from '../../../bench/documents/kinds.ts';
import { sectionsPage } from '../../../bench/show/page.ts';

/** Of `stopcopy run idle-vf --json`, as version 1 was written. */
const OLD = readFileSync(join(import.meta.dirname, 'run-version-1.json'), 'utf8');

test('a run document of version 1 is read: its ranges are those of its three ends, and it has no draws', () => {
  const { section } = parseSection(OLD, 'old.json');
  const page = sectionsPage([{ name: 'old.json', section }]);
  expect(page).toContain('58.6 ms (19.9 ms to 380 ms) [P]');
  expect(page).not.toContain('draw at 10 %');
  const { vms, draws } = section.document as {
    readonly draws: unknown;
    readonly vms: readonly { readonly parts: readonly Readonly<Record<string, unknown>>[] }[];
  };
  expect(draws).toBeNull();
  const { band, vms: before } = JSON.parse(OLD) as {
    readonly band: readonly { readonly parts: readonly { readonly name: string; readonly criticalNs: number }[] }[];
    readonly vms: typeof vms;
  };
  expect(vms[0]!.parts).toHaveLength(before[0]!.parts.length);
  for (const { name, lowNs, highNs } of vms[0]!.parts) {
    const ends = band.map(({ parts }) => parts.find((part) => part.name === name)!.criticalNs);
    expect([lowNs, highNs]).toEqual([Math.min(...ends), Math.max(...ends)]);
  }
});

test('what is wrong with a document of version 1 is refused', () => {
  const wrong = { ...(JSON.parse(OLD) as object), band: 3 };
  expect(() => parseSection(JSON.stringify(wrong), 'old.json')).toThrow('band');
});
