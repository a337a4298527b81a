/**
 * Kinds of documents that commands write and `stopcopy report` draws, by what their field `format` says.
 */
import type { RESULT_READERS } from '../../sim/base/formats.ts';
import { keysOf } from '../../sim/base/keys.ts';

interface DocumentFacts {
  /** Name in the documentation. */
  readonly title: string;
  /** Version that is written; what else is read is said where it is read. */
  readonly version: number;
  /** Command line that writes such a document. */
  readonly command: string;
}

export const DOCUMENTS = {
  'stopcopy-bench': { title: 'sweep', version: 3, command: 'stopcopy bench' },
  'stopcopy-suites': { title: 'suites', version: 1, command: 'stopcopy bench --suite NAME --json' },
  'stopcopy-run': { title: 'run', version: 2, command: 'stopcopy run SCENARIO --json' },
  'stopcopy-validation': { title: 'validate', version: 1, command: 'stopcopy validate --json' },
  'stopcopy-isolation': { title: 'isolation', version: 4, command: 'stopcopy isolation TOPOLOGY --json' },
  'stopcopy-comparison': { title: 'compare', version: 1, command: 'stopcopy compare BASE CANDIDATE --json' },
  'stopcopy-plan': { title: 'plan', version: 2, command: 'stopcopy plan QUESTION --json' },
  'stopcopy-plan-sweep': {
    title: 'plan sweep',
    version: 2,
    command: 'stopcopy plan QUESTION --sweep FIELD=VALUES --json',
  },
  'stopcopy-converge-result': { title: 'converge', version: 1, command: 'stopcopy converge QUESTION --json' },
  'stopcopy-history': { title: 'history', version: 1, command: 'stopcopy history show METRIC --json' },
} as const satisfies Readonly<Record<keyof typeof RESULT_READERS, DocumentFacts>>;

export type DocumentFormat = keyof typeof DOCUMENTS;

export const DOCUMENT_FORMATS = keysOf(DOCUMENTS);

/** Names of the commands that write such documents, in the order of the table. */
export const DOCUMENT_COMMANDS: readonly string[] = [
  ...new Set(DOCUMENT_FORMATS.map((format) => DOCUMENTS[format].command.split(' ')[1]!)),
];
