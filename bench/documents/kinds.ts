/**
 * Every kind of document that can be shown, by the format that it says it has.
 */
import { foreignDocument } from '../../sim/base/formats.ts';
import { parseJsonText } from '../../sim/base/json-text.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { readInputText } from '../io/input-file.ts';
import { BENCH_KIND } from './bench/section.ts';
import { COMPARISON_KIND } from './comparison/section.ts';
import { CONVERGE_KIND } from './converge/section.ts';
import { HISTORY_KIND } from './history/section.ts';
import { ISOLATION_KIND } from './isolation/section.ts';
import { PLAN_KIND } from './plan/section.ts';
import { SWEEP_KIND } from './plan/sweep-section.ts';
import { RUN_KIND } from './run/section.ts';
import { SUITES_KIND } from './suites/section.ts';
import { VALIDATION_KIND } from './validation/section.ts';
import type { NamedSection } from '../show/page.ts';
import type { ReportKind } from '../show/section.ts';
import { isKeyOf } from '../../sim/base/keys.ts';
import { DOCUMENT_FORMATS, type DocumentFormat, DOCUMENTS } from './formats.ts';

const REPORT_KINDS: Readonly<Record<DocumentFormat, ReportKind>> = {
  'stopcopy-bench': BENCH_KIND,
  'stopcopy-suites': SUITES_KIND,
  'stopcopy-run': RUN_KIND,
  'stopcopy-validation': VALIDATION_KIND,
  'stopcopy-isolation': ISOLATION_KIND,
  'stopcopy-comparison': COMPARISON_KIND,
  'stopcopy-plan': PLAN_KIND,
  'stopcopy-plan-sweep': SWEEP_KIND,
  'stopcopy-converge-result': CONVERGE_KIND,
  'stopcopy-history': HISTORY_KIND,
};

/**
 * Reads a document of any kind.
 *
 * @throws UserError of kind `input` for a file that is none
 */
export function readSection(path: string): NamedSection {
  return parseSection(readInputText(path), path);
}

/** The same for a text that was read. */
export function parseSection(text: string, path: string): NamedSection {
  const document = parseJsonText(
    text,
    path,
    'a result',
    'Give a .json file that a command of stopcopy wrote with --json or --out.',
  );
  const format =
    typeof document === 'object' && document !== null && 'format' in document ? document.format : undefined;
  if (typeof format === 'string' && isKeyOf(REPORT_KINDS, format)) {
    return { name: path, section: REPORT_KINDS[format].read(document, path) };
  }
  const foreign = foreignDocument(format, 'a result');
  if (foreign !== undefined) throw new UserError('input', `${path}: ${foreign.sentence}`, foreign.hint);
  const seen = format === undefined ? 'missing' : JSON.stringify(format).slice(0, 60);
  throw new UserError(
    'input',
    `${path}: is no result of stopcopy that could be shown: its field 'format' is ${seen}, allowed is one of ` +
      DOCUMENT_FORMATS.map((each) => `"${each}"`).join(', '),
    `Give a JSON document of ${DOCUMENT_FORMATS.map((each) => `\`${DOCUMENTS[each].command}\``).join(', ')}.`,
  );
}
