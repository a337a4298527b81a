/**
 * Samples of metrics in the text of Prometheus and of OpenMetrics.
 */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** As the text has it: Prometheus counts ms, OpenMetrics s. Null: the sample has no time. */
  readonly atMs: number | null;
  readonly line: number;
}

/** Name, labels, value and time of a line of Prometheus text; null: it is none. */
export function sampleOf(text: string, line: number): MetricSample | null {
  const found =
    /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+([-+]?(?:[\d.]+(?:e[-+]?\d+)?|Inf)|NaN)(?:\s+(-?\d+(?:\.\d+)?))?\s*$/i.exec(
      text,
    );
  if (found === null) return null;
  const [, name = '', words = '', value = '', time] = found;
  const number = /inf/i.test(value) ? (value.startsWith('-') ? -Infinity : Infinity) : Number(value);
  return { name, labels: labelsOf(words), value: number, atMs: time === undefined ? null : Number(time), line };
}

const ESCAPED: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

function labelsOf(words: string): Readonly<Record<string, string>> {
  const found = words.matchAll(/([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"/g);
  const pairs = [...found].map(([, name = '', value = '']) => [
    name,
    value.replaceAll(/\\[\\"n]/g, (each) => ESCAPED[each]!),
  ]);
  return Object.fromEntries(pairs) as Record<string, string>;
}
