/**
 * Bencher Metric Format (bencher.dev): values of measures by benchmark, with bounds.
 */
import { z } from 'zod';

import { parseJsonText } from '../../../sim/base/json-text.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import type { Reader } from '../reader.ts';
import type { ForeignValue, ResultFacts } from './facts.ts';
import { textOf } from './whole.ts';

const bound = z.number().nullish();
const schema = z.record(
  z.string().min(1),
  z.record(z.string().min(1), z.object({ value: z.number(), lower_value: bound, upper_value: bound })),
);

/** Units of the measures that Bencher itself knows. */
const BENCHER_UNITS: Readonly<Record<string, string>> = { latency: 'ns', throughput: 'ops/s' };

export const bencherReader: Reader<ResultFacts, 'results'> = {
  id: 'bencher',
  title: 'Bencher Metric Format',
  kind: 'results',
  sniff: (head) => (/^\s*\{\s*"[^"]+"\s*:\s*\{\s*"[^"]+"\s*:\s*\{\s*"(?:value|lower_value|upper_value)"/.test(head) ? 0.9 : 0),
  read(lines, file) {
    const hint = 'Give JSON with a value for each measure of each benchmark.';
    const json = parseJsonText(textOf(lines, file), file, 'results in Bencher Metric Format', hint);
    const series = Object.entries(parseDocument(schema, json, file)).flatMap(([bench, measures]) =>
      Object.entries(measures).map(([measure, { value, lower_value: low, upper_value: high }]): ForeignValue => ({
        name: `${bench}/${measure}`,
        unit: BENCHER_UNITS[measure] ?? measure,
        value,
        ...(low === undefined || low === null || high === undefined || high === null ? {} : { range: `${low} to ${high}` }),
      })),
    );
    return {
      format: 'Bencher Metric Format',
      facts: { runs: [{ commit: undefined, subject: undefined, time: undefined, series }] },
      findings: [
        { kind: 'read', text: `${series.length} values, without commit or date` },
        ...series
          .filter(({ name, unit }) => name.endsWith(`/${unit}`))
          .map(({ name, unit }) => ({ kind: 'inferred', text: `${name}: the unit is not said; '${unit}' is the name of the measure` }) as const),
      ],
      unknown: ['commit, date', 'the machine'],
    };
  },
};
