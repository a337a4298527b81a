import { describe, expect, test } from 'vitest';

import { arcDifferences } from '../../../../bench/studies/verification/arc-differences.ts';

const NAMES = [
  'arc/linux-6.2/V3/zip/16/save/accesses',
  'arc/linux-6.2/V3/zip/16/save/virtualNs',
  'arc/linux-6.16/V3/zip/16/load/accesses',
  'wire/zip/16/frameBytes',
];
const { signal } = new AbortController();

describe('arcs that have changed', () => {
  test('are named by the first trace of their generation that does not pass', async () => {
    const asked: string[] = [];
    const verifier = {
      generationsThatPass: () => [],
      verifyTrace: (_: string, file: string) => {
        asked.push(file);
        const passed = !file.endsWith('plain-stop-copy.linux-6.2.json');
        const head = { name: 'x', driver: 'd', accessCount: 3, passed };
        return passed ? head : { ...head, difference: 'save, access 2:\n  - vf read 0x30\n' };
      },
    };
    const found = await arcDifferences(NAMES, signal, verifier);
    expect(found).toMatchObject([
      {
        generation: 'linux-6.2',
        trace: 'plain-stop-copy.linux-6.2.json',
        difference: 'save, access 2:\n  - vf read 0x30',
      },
      { generation: 'linux-6.16', trace: null, difference: '' },
    ]);
    expect(asked).toHaveLength(found.reduce((sum, { traces }) => sum + traces, 0));
    expect(found.every(({ traces }) => traces > 20)).toBe(true);
    expect(asked.every((file) => file.endsWith('.linux-6.2.json') || file.endsWith('.linux-6.16.json'))).toBe(true);
  });

  test('of this build pass all, where there are any', async () => {
    const unrecorded = 'arc/linux-6.8/V3/zip/16/load/accesses';
    expect(await arcDifferences([NAMES[2]!, unrecorded], signal)).toMatchObject([
      { generation: 'linux-6.16', trace: null },
      { generation: 'linux-6.8', traces: 0, trace: null },
    ]);
  });

  test('are none where other metrics differ', async () => {
    expect(await arcDifferences(NAMES.slice(3), signal)).toEqual([]);
  });
});
