/**
 * Words that pages, comments and sentences do without, with what is said instead. `npm run words` lists where one stands.
 */
import type { Prose } from './prose.ts';

export interface Replaced {
  /** Not this … */
  readonly not: string;
  /** … but this. */
  readonly say: string;
  readonly pattern: RegExp;
  /** Paths in which it means what is to go; default: all. */
  readonly where?: RegExp;
}

const TRANSPORT = /^(?:workers\/transport\/|test\/workers\/transport\/|docs\/transport\.md)/;
const NETWORK =
  /^(?:sim\/(?:memory|fleet|scenario|manager)\/|test\/sim\/(?:memory|fleet|scenario)\/|docs\/(?:pause|plan|scenario|run|tutorial-op))/;

export const WORDS: readonly Replaced[] = [
  {
    not: 'middle',
    say: 'median, at the median, interquartile range',
    pattern: /(?<!anchor(?:: |="))(?<!@param )\bmiddle\b/gi,
  },
  { not: 'hangs on', say: 'depends on', pattern: /\b(?:hangs?|hanging|hung) on\b/gi },
  {
    not: 'behind',
    say: 'after',
    pattern: /\bbehind\b(?! (?:an?|the|that|this|one) (?:(?:virtual )?IOMMU|switch|bridge|port|root))/gi,
  },
  { not: 'beside', say: 'in addition to, next to', pattern: /\bbesides?\b/gi },
  { not: 'anew', say: 'again', pattern: /\banew\b/gi },
  { not: 'reckon', say: 'compute', pattern: /\breckon\w*/gi },
  { not: 'told, tells', say: 'reported, notified of, prints', pattern: /\b(?:told|(?<!cannot )tells?|telling)\b/gi },
  { not: 'looks (at)', say: 'polls, reads', pattern: /\blook(?:s|ed|ing)?(?: at)?\b(?! (?:like|up|for))/gi },
  { not: 'last look', say: 'final dirty-bitmap sync', pattern: /\blast looks?\b/gi },
  {
    not: 'round (of memory)',
    say: 'pre-copy iteration, iteration',
    pattern:
      /(?<![$.#])(?<!=")(?<!\b(?:all|next|other way|year|tables?|connections,|@param) )\brounds?\b(?!:)(?![- ](?:trips?|robin|up|down|and round|off|it))/gi,
  },
  { not: 'line (network)', say: 'link', pattern: /\blines?\b(?! rate)/gi, where: NETWORK },
  { not: 'line (one connection)', say: 'channel', pattern: /\blines?\b(?! rate)/gi, where: TRANSPORT },
  { not: 'hand-over', say: 'switchover', pattern: /\bhand-overs?\b|\bgo(?:es|ing)? over\b/gi },
  {
    not: 'short end, long end',
    say: 'low, high',
    pattern: /\b(?:short|long)(?: (?:and|or|and at its) (?:at )?(?:short|long))? ends?\b/gi,
  },
  { not: 'best guess', say: 'nominal', pattern: /\bbest guess(?:es)?\b/gi },
  { not: 'by turns', say: 'interleaved (A/B)', pattern: /\bby turns\b/gi },
  { not: 'moment', say: 'event time, time', pattern: /(?<!central )\bmoments?\b/gi },
  { not: 'due', say: 'deadline, event time', pattern: /\bdue\b(?! to)/gi },
  { not: 'passes for', say: 'spoofs', pattern: /\bpass(?:es|ed|ing)? for\b/gi },
  { not: 'goes on', say: 'resumes, continues', pattern: /\b(?:go|goes|going|went|gone) on\b/gi },
  { not: 'binds', say: 'is the binding constraint, limits', pattern: /\bbinds\b(?! to)/gi },
  { not: 'put out, given out', say: 'assigned', pattern: /\b(?:puts?|gives?|given|giving|gave) out\b/gi },
  {
    not: 'whoever, for people, somebody',
    say: 'users who …, or nothing',
    pattern: /\b(?:whoever|for people|somebody)\b/gi,
  },
  {
    not: 'who … (= whoever)',
    say: 'users who …',
    pattern: /(?<=^|[.:] |\* )Who (?!\w+ (?:is|are|was)\b)\w+s\b(?![^.]*\?)/g,
  },
  { not: 'keeps away', say: 'does not load', pattern: /\b(?:keeps?|kept|keeping) away\b/gi },
  { not: 'stands still', say: 'is paused, downtime, service gap', pattern: /\b(?:stands?|stood|standing) still\b/gi },
  { not: 'the more, the …', say: 'which quantity, with its unit', pattern: /\bthe more,? the\b/gi },
  {
    not: 'Of the …, for messages',
    say: 'a noun first: Name of the file, used in messages',
    pattern: /(?<=^(?:\*|\/\*\*)? *)Of (?:an?|the|all|each|one|this|these|its) [^.]*\.\s*$|, for messages\b/g,
  },
];

export interface WordPlace {
  readonly not: string;
  readonly path: string;
  readonly line: number;
  readonly found: string;
}

export function wordsIn(prose: readonly Prose[]): readonly WordPlace[] {
  return prose.flatMap(({ path, line, text }) =>
    WORDS.filter(({ where }) => where === undefined || where.test(path)).flatMap(({ not, pattern }) =>
      [...text.matchAll(pattern)].map(([found]) => ({ not, path, line, found })),
    ),
  );
}

/** One sentence for each place, with what to say. */
export function wordFindings(prose: readonly Prose[]): readonly string[] {
  return wordsIn(prose).map(
    ({ not, path, line, found }) => `${path}:${line}: '${found}': say ${WORDS.find((each) => each.not === not)!.say}`,
  );
}
