import { describe, expect, test } from 'vitest';
import { suiteTable, suiteText } from '../../../../bench/documents/suites/text.ts';
import { DESIGN_COSTS, queuePairsOf, runDesigns } from '../../../../bench/measure/suites/designs.ts';
import type { SuiteOptions } from '../../../../bench/documents/suites/document.ts';
import { keysOf } from '../../../../sim/base/keys.ts';
import { COST, type CostValues, pointCosts } from '../../../../sim/device/costs.ts';
import { compareDesigns, DESIGN_IDS, playDesign } from '../../../../sim/designs/compare.ts';
import { stating } from '../../../stating.ts';

const OPTIONS: SuiteOptions = {
  quick: true,
  driver: 'linux-6.12.117',
  accelerators: undefined,
  queuePairs: undefined,
};

describe('the report', () => {
  const report = runDesigns({ ...OPTIONS, accelerators: ['sec', 'zip'], queuePairs: [1, 4] });

  test('has a row for each design that can do it, by device and queue pairs', () => {
    const rows = report.rows.map(({ at }) => `${at['device']} ${at['queuePairs']} ${at['design']}`);
    const expected = ['sec', 'zip'].flatMap((device) =>
      [1, 4].flatMap((pairs) =>
        DESIGN_IDS.filter((id) => pairs > 1 || id !== 'kernel-v1-a').map((id) => `${device} ${pairs} ${id}`),
      ),
    );
    expect(rows).toEqual(expected);
  });

  test('says of each figure what kind it is: counts are exact, times are modelled with a band', () => {
    for (const { figures } of report.rows) {
      for (const [name, figure] of Object.entries(figures)) {
        const modelled = name.endsWith('Ns');
        expect([name, figure.kind, figure.low !== undefined]).toEqual([
          name,
          modelled ? 'modelled' : 'exact',
          modelled,
        ]);
        expect(figure.low ?? figure.value).toBeLessThanOrEqual(figure.value);
        expect(figure.high ?? figure.value).toBeGreaterThanOrEqual(figure.value);
      }
    }
  });

  test('repeats what the comparison counted', () => {
    const [first] = compareDesigns({ kind: 'zip', generation: 'linux-6.12.117', queuePairs: 4 });
    const row = report.rows.find(({ at }) => at['device'] === 'zip' && at['queuePairs'] === 4);
    expect(row?.figures['vfAccesses']?.value).toBe(first?.counts.vfAccesses);
    expect(row?.figures['systemCallsInPause']?.value).toBe(first?.counts.pauseSyscalls);
    expect(row?.figures['pauseNs']).toEqual({
      value: first?.point.pauseNs,
      unit: 'ns',
      kind: 'modelled',
      low: first?.low.pauseNs,
      high: first?.high.pauseNs,
    });
  });

  test('as text has the kinds in the head and in the legend, and what each design trusts in', () => {
    const text = suiteText(report);
    const [, rule] = suiteTable(report).split('\n').slice(1);
    expect(rule).toMatch(/^-+$/);
    for (const head of [/accesses \[E\]/, /calls \[E\]/, /pause \[E\]/, /move \[P\]/]) expect(text).toMatch(head);
    expect(text).toContain('[E] exact: ');
    expect(text).toContain('[P] modelled: ');
    expect(text).not.toContain('[M]');
    for (const id of DESIGN_IDS) expect(text).toMatch(new RegExp(`^${id}\n(  .*\n)+  trusts `, 'm'));
    expect(text.split('\n').filter((line) => line !== line.trimEnd())).toEqual([]);
  });

  test('says why a design has no row', () => {
    const text = suiteText(runDesigns({ ...OPTIONS, queuePairs: [1] }));
    expect(text).toContain(
      'kernel-v1-a\n  driver in the kernel, protocol v1, first snapshot of 2021\n  does not move a VF',
    );
  });
});

test('quick is one number of queue pairs, otherwise there are four, unless some are asked for', () => {
  const { rows } = runDesigns({ ...OPTIONS, accelerators: ['zip'] });
  expect([...new Set(rows.map(({ at }) => at['queuePairs']))]).toEqual([64]);
  const pairs = (options: Partial<SuiteOptions>) => queuePairsOf({ ...OPTIONS, ...options });
  expect([pairs({ quick: true }), pairs({ quick: false })]).toEqual([[64], [2, 16, 64, 256]]);
  expect(pairs({ quick: false, queuePairs: [3] })).toEqual([3]);
});

test('more queue pairs than the device has are a sentence', () => {
  expect(() => runDesigns({ ...OPTIONS, queuePairs: [769] })).toThrow(stating('--queue-pairs', 769, 768));
});

describe('the costs', () => {
  const told = new Set<string>(DESIGN_COSTS);

  const cases = (['linux-6.12.117', 'upstream-2026'] as const).flatMap((generation) =>
    DESIGN_IDS.map((id) => {
      // Rows of registers are as many as the queue pairs: a few cost what many do.
      const timesWith = (costs: CostValues) => playDesign(id, { kind: 'sec', generation, queuePairs: 3 }, costs).times;
      return { timesWith, usual: timesWith(pointCosts()) };
    }),
  );

  test('that are listed change some time; all others change none', () => {
    for (const name of keysOf(COST)) {
      const changed = cases.some(({ timesWith, usual }) => {
        const { wholeNs, pauseNs } = timesWith({ ...pointCosts(), [name]: COST[name].ns * 20 + 1 });
        return wholeNs !== usual.wholeNs || pauseNs !== usual.pauseNs;
      });
      expect([name, changed]).toEqual([name, told.has(name)]);
    }
  });
});
