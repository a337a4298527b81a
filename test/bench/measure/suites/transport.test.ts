import { expect, test } from 'vitest';

import { suiteText } from '../../../../bench/documents/suites/text.ts';
import { measureTransport, WAYS } from '../../../../bench/measure/suites/transport.ts';

/** TLS hands out pieces of its own. */
const copies = (way: unknown): number => (way === 'copied' || way === 'encrypted' ? 1 : 0);

test('images are sent on each kind of socket in each way, in turn with bare ones, and their copies are counted', async () => {
  const report = await measureTransport({ queuePairs: 1, channels: [1, 2], images: 2, warmUpImages: 2, visits: 2 });
  const rows = report.rows.map(({ at }) => `${at['transport']} ${at['frame']} ${at['channels']} ${at['way']}`);
  const expected = ['unix', 'tcp'].flatMap((transport) =>
    ['64 KiB', '1024 KiB'].flatMap((frame) =>
      ['1 direct', '2 direct', '1 copied', '1 checked', ...(transport === 'tcp' ? ['1 encrypted'] : [])].map(
        (rest) => `${transport} ${frame} ${rest}`,
      ),
    ),
  );
  expect(rows).toEqual(expected);
  for (const { at, figures } of report.rows) {
    expect(figures['copiedPerByte']).toMatchObject({ kind: 'exact', value: copies(at['way']) });
    expect(figures['ratio']!.kind).toBe('ratio');
    expect(figures['ratio']!.value).toBeGreaterThan(0);
    // Images are sent out of their own memory: what is left on the heap is what the calls are made of.
    expect(figures['garbage']!.value).toBeLessThan(1_000_000);
    expect(figures['survivors']!.value).toBeLessThan(20_000);
    expect(figures['ratio']!.samples).toHaveLength(4);
    expect(figures['imageP99']!.value).toBeGreaterThanOrEqual(figures['imageP50']!.value);
  }
  const text = suiteText(report);
  for (const way of WAYS) expect(text).toContain(`\n${way}\n`);
});
