/**
 * Every kind of document that can be shown, by the format that it says it has.
 */
import { UserError } from '../../sim/base/user-error.ts';
import { readInputText } from '../io/input-file.ts';
import { parseJson } from './bench/result.ts';
import { BENCH_KIND } from './bench/section.ts';
import { COMPARISON_KIND } from './comparison/section.ts';
import { HISTORY_KIND } from './history/section.ts';
import { ISOLATION_KIND } from './isolation/section.ts';
import { PLAN_KIND } from './plan/section.ts';
import { SWEEP_KIND } from './plan/sweep-section.ts';
import { RUN_KIND } from './run/section.ts';
import { SUITES_KIND } from './suites/section.ts';
import { VALIDATION_KIND } from './validation/section.ts';
import type { NamedSection } from '../show/page.ts';
import type { ReportKind } from '../show/section.ts';

export const REPORT_KINDS: readonly ReportKind[] = [
  BENCH_KIND,
  SUITES_KIND,
  RUN_KIND,
  VALIDATION_KIND,
  ISOLATION_KIND,
  COMPARISON_KIND,
  PLAN_KIND,
  SWEEP_KIND,
  HISTORY_KIND,
];

/**
 * Reads a document of any kind.
 *
 * @throws UserError of kind `input` for a file that is none
 */
export function readSection(path: string): NamedSection {
  const document = parseJson(
    readInputText(path),
    path,
    'Give a .json file that a command of stopcopy wrote with --json or --out.',
  );
  const format =
    typeof document === 'object' && document !== null && 'format' in document ? document.format : undefined;
  const kind = REPORT_KINDS.find((each) => each.format === format);
  if (kind !== undefined) return { name: path, section: kind.read(document, path) };
  const seen = format === undefined ? 'missing' : JSON.stringify(format).slice(0, 60);
  throw new UserError(
    'input',
    `${path}: is no result of stopcopy that could be shown: its field 'format' is ${seen}, allowed is one of ` +
      REPORT_KINDS.map((each) => `"${each.format}"`).join(', '),
    `Give a JSON document of ${REPORT_KINDS.map(({ command }) => `\`${command}\``).join(', ')}.`,
  );
}
