/**
 * The Go benchmark format, which benchstat reads: lines of a name, a count, and values with their units; a name that comes
 * again is another sample.
 */
import { median } from 'simple-statistics';

import { UserError } from '../../../sim/base/user-error.ts';
import { addFindings, type Finding, type Reader } from '../reader.ts';
import type { ResultFacts } from './facts.ts';

/** `BenchmarkName-8   1000   12.5 ns/op   3 B/op`. The ending is GOMAXPROCS. */
const LINE = /^Benchmark(\S+?)(?:-\d+)?\s+(\d+)((?:\s+[^\s]+\s+\S+)+)\s*$/;
const KEY = /^([a-z][^\s:A-Z]*):\s*(.*)$/;

export const benchstatReader: Reader<ResultFacts, 'results'> = {
  id: 'benchstat',
  title: 'Go benchmark format, as benchstat reads it',
  kind: 'results',
  sniff: (head) => (/^Benchmark\S+\s+\d+\s+[-+.\deE]+\s+\S+/m.test(head) ? 0.9 : 0),
  read(lines, file) {
    const samples = new Map<string, { unit: string; name: string; values: number[] }>();
    const keys = new Map<string, string>();
    const findings: Finding[] = [];
    let at = 0;
    for (const line of lines) {
      at += 1;
      const [, name, , rest] = LINE.exec(line) ?? [];
      if (name !== undefined && rest !== undefined) {
        takeValues(samples, name, rest.trim().split(/\s+/), `${file}: line ${at}`);
      } else {
        const [, key, value] = KEY.exec(line) ?? [];
        if (key !== undefined && value !== undefined) keys.set(key, value);
        else if (line.startsWith('Benchmark')) addFindings(findings, { kind: 'unused', text: 'is no line of values', line: at });
      }
    }
    if (samples.size === 0) {
      throw new UserError('input', `${file}: no line has values`, 'Lines are BenchmarkName COUNT VALUE UNIT.');
    }
    const series = [...samples.values()].map(({ name, unit, values }) => ({
      name,
      unit,
      value: median(values),
      ...(values.length > 1 ? { range: `${Math.min(...values)} to ${Math.max(...values)}, ${values.length} samples` } : {}),
    }));
    if (series.some(({ range }) => range !== undefined)) {
      addFindings(findings, { kind: 'inferred', text: 'a name that comes more than once has several samples: their median is taken' });
    }
    return {
      format: 'Go benchmark format',
      facts: { runs: [{ commit: keys.get('commit'), subject: undefined, time: undefined, series }] },
      findings,
      unknown: [...(keys.has('commit') ? [] : ['commit']), 'date'],
    };
  },
};

function takeValues(
  samples: Map<string, { unit: string; name: string; values: number[] }>,
  bench: string,
  words: readonly string[],
  where: string,
): void {
  for (let i = 0; i + 1 < words.length; i += 2) {
    const value = Number(words[i]);
    const unit = words[i + 1]!;
    if (!Number.isFinite(value)) throw new UserError('input', `${where}: '${words[i]}' is no number`, 'Allowed are values, each with a unit.');
    const name = words.length === 2 ? bench : `${bench}/${unit}`;
    const known = samples.get(`${name} ${unit}`);
    if (known === undefined) samples.set(`${name} ${unit}`, { name, unit, values: [value] });
    else known.values.push(value);
  }
}
