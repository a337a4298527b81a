/**
 * The documents that users write, by what their field `format` says.
 */

interface InputFormat {
  /** Name with its article, used in messages. */
  readonly title: string;
  /** Versions that are read, the newest last. */
  readonly versions: readonly number[];
  /** The command that reads such a file. */
  readonly command: string;
}

/** Version 2 refuses sizes and times without a unit; so do version 1 files now, which are otherwise read as before. */
export const INPUT_FORMATS = {
  'stopcopy-scenario': { title: 'a scenario', versions: [1, 2], command: 'stopcopy run' },
  'stopcopy-question': { title: 'a question', versions: [1, 2], command: 'stopcopy plan' },
  'stopcopy-converge': { title: 'a question about policies', versions: [1], command: 'stopcopy converge' },
  'stopcopy-can': { title: 'a question of stopcopy can', versions: [1, 2], command: 'stopcopy can' },
  'stopcopy-limits': { title: 'a preset of limits', versions: [1, 2], command: 'stopcopy plan, named by a question' },
  'stopcopy-device-profile': {
    title: 'a device profile',
    versions: [1],
    command: 'stopcopy run, named by a scenario',
  },
  'stopcopy-platform': { title: 'a platform', versions: [1], command: 'stopcopy run and plan, with --platform' },
  'stopcopy-costs': { title: 'a cost table', versions: [1], command: 'stopcopy bench, run, plan and ui, with --costs' },
  'stopcopy-script': { title: 'a script of stopcopy check', versions: [1], command: 'stopcopy check --script' },
  'stopcopy-topology/1': { title: 'a topology', versions: [], command: 'stopcopy isolation' },
} as const satisfies Readonly<Record<string, InputFormat>>;

export type InputFormatName = keyof typeof INPUT_FORMATS;

/** Documents that commands write, and what reads them. */
export const RESULT_READERS = {
  'stopcopy-bench': { title: 'a result of stopcopy bench', command: 'stopcopy report, compare and history' },
  'stopcopy-suites': { title: 'a result of stopcopy bench --suite', command: 'stopcopy report' },
  'stopcopy-run': { title: 'a result of stopcopy run', command: 'stopcopy report' },
  'stopcopy-validation': { title: 'a result of stopcopy validate', command: 'stopcopy report' },
  'stopcopy-isolation': { title: 'a result of stopcopy isolation', command: 'stopcopy report' },
  'stopcopy-comparison': { title: 'a result of stopcopy compare', command: 'stopcopy report and history' },
  'stopcopy-plan': { title: 'an answer of stopcopy plan', command: 'stopcopy report' },
  'stopcopy-plan-sweep': { title: 'a sweep of stopcopy plan', command: 'stopcopy report' },
  'stopcopy-converge-result': { title: 'a result of stopcopy converge', command: 'stopcopy report' },
  'stopcopy-history': { title: 'a document of stopcopy history', command: 'stopcopy report' },
} as const satisfies Readonly<Record<string, Pick<InputFormat, 'title' | 'command'>>>;

/** Documents of `--json` that no command reads, with the version that is written. */
export const PRINTED_FORMATS = {
  'stopcopy-error': { title: 'the error of a command', version: 1 },
  'stopcopy-run-pair': { title: 'a result of stopcopy run with two scenarios', version: 2 },
  'stopcopy-can-answer': { title: 'an answer of stopcopy can', version: 1 },
  'stopcopy-noise': { title: 'a result of stopcopy bench --noise', version: 3 },
  'stopcopy-verification': { title: 'a result of stopcopy verify', version: 1 },
  'stopcopy-generations': { title: 'a result of stopcopy verify --between', version: 1 },
  'stopcopy-check': { title: 'a result of stopcopy check', version: 1 },
  'stopcopy-send': { title: 'a result of stopcopy send', version: 1 },
  'stopcopy-receive': { title: 'a result of stopcopy receive', version: 1 },
  'stopcopy-collector': { title: 'a script of stopcopy import --collect', version: 1 },
  'stopcopy-masked': { title: 'files of stopcopy import --mask', version: 1 },
  'stopcopy-import': { title: 'a result of stopcopy import', version: 1 },
  'stopcopy-explanation': { title: 'a result of stopcopy explain', version: 1 },
  'stopcopy-shard': { title: 'a part of a job, of --shard', version: 1 },
  'stopcopy-upgrade': { title: 'a result of stopcopy upgrade', version: 1 },
  'stopcopy-history-list': { title: 'a document of stopcopy history list', version: 1 },
  'stopcopy-history-record': { title: 'a document of stopcopy history record', version: 1 },
  'stopcopy-history-prune': { title: 'a document of stopcopy history prune', version: 1 },
  'stopcopy-history-badge': { title: 'a document of stopcopy history export --badge', version: 1 },
  'stopcopy-baseline-change': { title: 'a result of stopcopy compare --exact --accept', version: 1 },
  'stopcopy-page': { title: 'a document of stopcopy report or ui --html', version: 1 },
  'stopcopy-server': { title: 'a document of stopcopy ui', version: 1 },
  'stopcopy-stage-process': { title: 'a document of a stage process', version: 2 },
} as const satisfies Readonly<Record<string, { readonly title: string; readonly version: number }>>;

export type PrintedFormat = keyof typeof PRINTED_FORMATS;

/** Every document that a command prints says which it is. */
export interface PrintedDocument {
  readonly format: keyof typeof RESULT_READERS | PrintedFormat | 'stopcopy-platform' | 'stopcopy-costs';
  readonly version: number;
}

/** Recordings of drivers have no field `format`: this stands for one. */
const TRACE_FORMAT = 'recording';

/** What a document says in its field `format`, or what it is by a field that only recordings have. */
export function formatOf(document: unknown): unknown {
  if (typeof document !== 'object' || document === null) return undefined;
  if ('format' in document) return document.format;
  return 'unreleased_files_at_end' in document ? TRACE_FORMAT : undefined;
}

const TABLES = { title: 'a table of published measurements', command: 'stopcopy validate and fit' };

const TRACE = { title: 'a trace', command: 'stopcopy verify' };

const BASELINE = { title: 'an exact baseline', command: 'stopcopy compare --exact' };

const PRINTED = Object.fromEntries(
  Object.entries(PRINTED_FORMATS).map(([format, { title }]) => [format, { title, command: 'no command' }]),
);

const ALL: ReadonlyMap<string, Pick<InputFormat, 'title' | 'command'>> = new Map(
  Object.entries({
    ...INPUT_FORMATS,
    ...RESULT_READERS,
    ...PRINTED,
    'stopcopy-published-table': TABLES,
    'stopcopy-exact': BASELINE,
    [TRACE_FORMAT]: TRACE,
  }),
);

/** What a document with that `format` is and which command takes it; undefined for a word that is no format of stopcopy. */
export function knownFormat(format: unknown): Pick<InputFormat, 'title' | 'command'> | undefined {
  return typeof format === 'string' ? ALL.get(format) : undefined;
}

/**
 * A document of another kind than is needed.
 *
 * @param format what its field `format` says
 * @param needed title of what is needed
 */
export function foreignDocument(
  format: unknown,
  needed: string,
): { readonly sentence: string; readonly hint: string } | undefined {
  const is = knownFormat(format);
  if (is === undefined || is.title === needed) return undefined;
  return {
    sentence: `is ${is.title}${format === TRACE_FORMAT ? '' : ` (format ${String(format)})`}, and ${needed} is needed here`,
    hint: `${is.title[0]!.toUpperCase()}${is.title.slice(1)} is read by ${is.command}.`,
  };
}
