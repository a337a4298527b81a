/**
 * The baseline of exact metrics that lives in the repository: values, the reasons why they changed, and a digest over both,
 * so that no value changes without a reason. Version 1; docs/regression.md.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { z } from 'zod';

import { parseDocument } from '../../../sim/base/schema.ts';
import { parseJsonText } from '../../../sim/base/json-text.ts';
import { shortened, UserError } from '../../../sim/base/user-error.ts';
import { replaceFile } from '../../io/file-output.ts';
import { readInputText } from '../../io/input-file.ts';
import { packageRoot } from '../../io/package-root.ts';
import type { ExactMetric } from '../../documents/metric.ts';
export const BASELINE_FORMAT = 'stopcopy-exact';
const BASELINE_VERSION = 1;

/** Older reasons are in the history of the repository. */
const CHANGES_KEPT = 20;

const WRITE_ANEW = 'Write it again: npx stopcopy compare --exact --accept "why".';

const change = z.strictObject({
  reason: z.string().min(1),
  /** Metrics that the change brought, took away and changed. */
  added: z.int().min(0),
  removed: z.int().min(0),
  changed: z.int().min(0),
});

export const baselineSchema = z.strictObject({
  format: z.literal(BASELINE_FORMAT),
  version: z.literal(BASELINE_VERSION),
  /** Newest first. */
  changes: z.array(change),
  metrics: z.record(z.string().min(1), z.union([z.number(), z.string()])),
  digest: z.string(),
});

type BaselineChange = z.infer<typeof change>;

export interface Baseline {
  readonly changes: readonly BaselineChange[];
  readonly metrics: ReadonlyMap<string, number | string>;
}

/** Path in the checkout or package that runs. */
export function baselinePath(): string {
  return join(packageRoot(), 'bench', 'baseline', 'exact.json');
}

export const EMPTY_BASELINE: Baseline = { changes: [], metrics: new Map() };

/** @throws UserError of kind `input` for a file that is foreign, damaged, or was edited by hand */
export function readBaseline(path: string): Baseline {
  return parseBaseline(readInputText(path), path);
}

export function parseBaseline(text: string, file: string): Baseline {
  const value = parseJsonText(text, file, 'an exact baseline', WRITE_ANEW);
  const version = (value as { version?: unknown } | null)?.version;
  if ((value as { format?: unknown } | null)?.format === BASELINE_FORMAT && version !== BASELINE_VERSION) {
    const found = shortened(JSON.stringify(version) ?? 'missing');
    const message = `${file}: has format version ${found}, this stopcopy reads version ${BASELINE_VERSION}`;
    throw new UserError('input', message, WRITE_ANEW);
  }
  const { changes, metrics, digest } = parseDocument(baselineSchema, value, file);
  const baseline = { changes, metrics: new Map(Object.entries(metrics)) };
  if (digestOf(baseline) !== digest) {
    throw new UserError(
      'input',
      `${file}: its digest does not fit its values: it was edited or merged by hand, and a change needs a reason`,
      WRITE_ANEW,
    );
  }
  return baseline;
}

/** One metric per line, in the order of the names, so that a diff shows what changed. */
export function baselineText(baseline: Baseline): string {
  const { changes, metrics } = baseline;
  const lines = [...metrics].map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  const reasons = changes.map((each) => `    ${JSON.stringify(each)}`);
  const parts = [
    `  "format": ${JSON.stringify(BASELINE_FORMAT)}`,
    `  "version": ${BASELINE_VERSION}`,
    `  "changes": ${block(reasons, '[', ']')}`,
    `  "metrics": ${block(lines, '{', '}')}`,
    `  "digest": ${JSON.stringify(digestOf(baseline))}`,
  ];
  return `{\n${parts.join(',\n')}\n}\n`;
}

function block(lines: readonly string[], open: string, close: string): string {
  return lines.length === 0 ? `${open}${close}` : `${open}\n${lines.join(',\n')}\n  ${close}`;
}

function digestOf({ changes, metrics }: Baseline): string {
  const sorted = [...metrics].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const fields = changes.map(({ reason, added, removed, changed }) => [reason, added, removed, changed]);
  return createHash('sha256')
    .update(JSON.stringify([fields, sorted]))
    .digest('hex')
    .slice(0, 32);
}

/** How a build's exact metrics differ from a baseline. */
interface ExactDifference {
  readonly name: string;
  /** Undefined: the metric is new. */
  readonly before: number | string | undefined;
  /** Undefined: the metric is gone. */
  readonly after: number | string | undefined;
}

export interface ExactComparison {
  readonly same: number;
  readonly differences: readonly ExactDifference[];
}

export function compareExact(
  before: ReadonlyMap<string, number | string>,
  after: ReadonlyMap<string, number | string>,
): ExactComparison {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  const differences = names
    .map((name) => ({ name, before: before.get(name), after: after.get(name) }))
    .filter((each) => each.before !== each.after);
  return { same: names.length - differences.length, differences };
}

export function metricMap(metrics: readonly ExactMetric[]): ReadonlyMap<string, number | string> {
  return new Map(metrics.map(({ name, value }) => [name, value]));
}

/**
 * The baseline after an accepted change.
 *
 * @throws UserError of kind `usage` when there is no reason
 */
export function acceptedBaseline(
  before: Baseline,
  after: ReadonlyMap<string, number | string>,
  reason: string,
): Baseline {
  const words = reason.trim();
  if (words === '') throw new UserError('usage', '--accept is empty, allowed is a reason in words');
  const { differences } = compareExact(before.metrics, after);
  const count = (is: (each: ExactDifference) => boolean): number => differences.filter(is).length;
  const added = count((each) => each.before === undefined);
  const removed = count((each) => each.after === undefined);
  const entry = { reason: words, added, removed, changed: differences.length - added - removed };
  return { changes: [entry, ...before.changes].slice(0, CHANGES_KEPT), metrics: after };
}

export function writeBaseline(path: string, baseline: Baseline): void {
  replaceFile(path, baselineText(baseline), '--baseline');
}
