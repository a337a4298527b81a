/**
 * A reader of what `stopcopy plan` prints of any question, that knows no renderer, only English.
 */
import type { PlanDocument } from '../../../../bench/documents/plan/document.ts';
import type { ScheduledMove } from '../../../../sim/fleet/schedule.ts';
import { sentenceFaults } from './plan-sentences.ts';
import { saysCell, tableFaults, UNITS_NS } from './printed-tables.ts';

/** How a reader calls the fate of a move, in the table and in the sentence on moves that are given up. */
const GIVEN_UP = {
  'time-out': /(\d+) by the time-out of/,
  'no progress': /(\d+) since remaining memory did not fall/,
  iterations: /(\d+) after their last iteration/,
  stall: /(\d+) since remaining memory no longer fell/,
  switchover: /(\d+) since they were not stopped under the limit/,
} as const satisfies Readonly<Partial<Record<ScheduledMove['fate'], RegExp>>>;
type Fate = keyof typeof GIVEN_UP;
const FATES = Object.keys(GIVEN_UP) as Fate[];

const BLOCKED = [
  /(\d+) before their memory had been sent once/,
  /(\d+) with more device state than fits/,
  /(\d+) with memory that is made dirty as fast/,
  /(\d+) while iterations still got smaller/,
  /(\d+) in their pause/,
];

function near(text: string, ns: number): boolean {
  const [, value, unit = ''] = /^([\d.]+) (\S+)$/.exec(text) ?? [];
  const factor = UNITS_NS[unit];
  return factor !== undefined && Math.abs((Number(value) * factor) / ns - 1) < 0.006;
}

/** Numbers of a row of a table: low, nominal, high. */
function row(text: string, title: string): readonly number[] | null {
  const found = new RegExp(String.raw`\n${title.replaceAll('.', String.raw`\.`)} +(.+)`).exec(text)?.[1];
  return found === undefined
    ? null
    : found
        .trim()
        .split(/\s{2,}/)
        .map(Number);
}

const ENDS = ['short', 'point', 'long'] as const;

/** What contradicts in an answer, whatever was asked. */
export function planContradictions(
  text: string,
  { answer, question }: PlanDocument,
  status: number | null,
): readonly string[] {
  const found: string[] = [];
  const claim = (holds: boolean, what: string): void => void (holds || found.push(what));
  const sentences = text
    .split(/\n\n(?:What must hold|Shown by|What relaxing|The evacuation|Steps|Hosts|Variants|All figures)/)[0]!
    .replaceAll(/\s+/g, ' ');
  claim((status === 0) === answer.feasible && (status === 0 || status === 4), `status ${status}`);
  claim((answer.value === null) === !answer.feasible, 'the value');
  const { nearest } = answer;
  claim((nearest === null) === answer.feasible, 'whether a nearest is named');
  claim(nearest === null || sentences.includes(nearest.replaceAll(/\s+/g, ' ')), 'the nearest');
  const point = /Nominal: (.+?)\. /.exec(sentences)?.[1];
  const corners = /Corners: (.+?) \(low\), (.+?) \(high\)/.exec(sentences);
  claim(point !== undefined && corners !== null, 'a nominal answer and its corners');
  found.push(...intervalFaults(sentences, answer));
  for (const end of ENDS) {
    const value = answer.band[end];
    const said = { short: corners?.[1], point, long: corners?.[2] }[end] ?? '';
    claim((value === null) === (said === 'none'), `the ${end} end of the band`);
    claim(saysCell(said === 'none' ? '' : said, value), `the ${end} end of the band, ${said}`);
  }
  const bought = /\nWhat relaxing buys\n/.test(text);
  claim(bought === answer.relaxing.some((each) => each.answer !== null), 'what relaxing buys');
  const plural = /(?<![\d.])1 (?:VMs|hosts|moves|VFs|such VMs|queues|channels|racks|cells)\b/.exec(text);
  claim(plural === null, `the grammar of '${plural?.[0]}'`);
  const { constraints, proof, relaxing, tables, unit } = answer;
  found.push(
    ...tableFaults(
      text,
      'What must hold',
      constraints.map(({ name, used, limit, next, binds }) => [name, used, limit, next, binds ? 'binding' : '']),
    ),
    ...tableFaults(
      text,
      'Shown by',
      proof.map(({ at, holds, method, finding }) => [at, holds ? 'holds' : 'does not', method, finding]),
    ),
    ...tableFaults(
      text,
      'What relaxing buys',
      relaxing.flatMap(({ change, answer: then }) => (then === null ? [] : [[change, then]])),
    ),
    ...tables.flatMap(({ title, rows }) => tableFaults(text, title, rows)),
    ...sentenceFaults(question.ask, sentences, answer),
  );
  claim(unit !== '' || !answer.feasible, 'an answer without a unit');
  if (answer.schedule !== undefined) found.push(...evacuationFaults(text, sentences, answer));
  return found;
}

/** The interval holds the nominal answer, and is said. */
function intervalFaults(sentences: string, { band, interval }: PlanDocument['answer']): readonly string[] {
  const said = /80 % interval: (.+?) to (.+?) \(/.exec(sentences);
  if (interval === null || interval.answered === 0) return said === null ? [] : ['an interval that is not there'];
  const { low, high, draws, played, answered, holding } = interval;
  const within = (low ?? -Infinity) <= (band.point ?? low ?? 0) && (band.point ?? high ?? 0) <= (high ?? Infinity);
  const holds = within && answered <= played && played <= draws && (holding ?? 0) <= answered;
  const cell = (text: string, value: number | null): boolean =>
    value === null ? text === 'none' : saysCell(text, value);
  const shown = cell(said?.[1] ?? '', low) && cell(said?.[2] ?? '', high);
  return [...(holds ? [] : ['an interval around the nominal answer']), ...(shown ? [] : ['the interval'])];
}

function evacuationFaults(text: string, sentences: string, answer: PlanDocument['answer']): readonly string[] {
  const found: string[] = [];
  const claim = (holds: boolean, what: string): void => void (holds || found.push(what));
  const { schedule } = answer;
  const moves = schedule?.moves ?? [];
  const counted = (fate: ScheduledMove['fate']): number => moves.filter((move) => move.fate === fate).length;
  const moved = counted('moved') + counted('forced');
  const rows = new Map(FATES.map((fate) => [fate, row(text, `given up: ${fate}`) ?? [0, 0, 0]]));
  const room = row(text, 'no room') ?? [];
  const arrived = row(text, 'VMs moved') ?? [];
  claim(arrived[1] === moved, 'VMs moved, in the table and in the schedule');
  claim((row(text, 'of them forced') ?? [])[1] === counted('forced'), 'VMs forced');
  for (const fate of FATES) claim(rows.get(fate)![1] === counted(fate), `VMs given up: ${fate}`);
  const left = moves.length - moved + (room[1] ?? 0);
  claim(schedule?.leftBehind === left, 'VMs that are left');
  const all = moves.length + (room[1] ?? 0);
  for (const [place, end] of ENDS.entries()) {
    const sum =
      (arrived[place] ?? 0) + FATES.reduce((total, fate) => total + rows.get(fate)![place]!, 0) + (room[place] ?? 0);
    claim(sum === all, `the sum at the ${end} end`);
    const stays = all - (arrived[place] ?? 0);
    claim((answer.band[end] === null) === stays > 0, `the ${end} end of the band, with ${stays} VMs left`);
  }
  const [, some, ofAll] = /(\d+) of (\d+) VMs? of \d+ hosts? moves? under/.exec(sentences) ?? [];
  const none = /No VM moves: (?:all|the) (\d+) VMs? of/.exec(sentences);
  const emptied = /Emptying \d+ hosts? with (\d+) VMs? takes/.exec(sentences);
  claim((none !== null) === (moved === 0), 'whether no VM moves');
  claim((emptied !== null) === (left === 0), 'whether it is emptied');
  claim((some !== undefined) === (moved > 0 && left > 0), 'whether some move');
  claim(some === undefined || (Number(some) === moved && Number(ofAll) === all), 'how many move');
  claim(emptied === null || Number(emptied[1]) === all, 'how many VMs there are');
  claim(none === null || !/pauses are|takes /.test(sentences), 'a pause or a time of moves that did not happen');
  const last = /the last move ends after ([\d.]+ \S+?)[;.]/.exec(sentences);
  claim((last === null) === (left === 0 || moves.length === 0), 'whether a last move is mentioned');
  claim(last === null || near(last[1]!, schedule?.totalNs ?? 0), 'when the last move ends');
  found.push(...givenUpFaults(sentences, rows));
  return found;
}

/** The sentence on moves that are given up is of one of the three ends, and says the numbers of its column. */
function givenUpFaults(sentences: string, rows: ReadonlyMap<Fate, readonly number[]>): readonly string[] {
  const at = /where pauses are (short|long), \d+ moves? (?:is|are) given up/.exec(sentences)?.[1] ?? 'point';
  const place = ENDS.findIndex((end) => end === at);
  const whole = /(\d+) moves? (?:is|are) given up: (.+?)\. (?:[A-Z]|\d)/.exec(sentences);
  const stuck = FATES.reduce((sum, fate) => sum + rows.get(fate)![place]!, 0);
  if (whole === null) return stuck > 0 && at !== 'point' ? ['moves that are given up are not mentioned'] : [];
  const faults = FATES.filter((fate) => Number(GIVEN_UP[fate].exec(whole[2]!)?.[1] ?? 0) !== rows.get(fate)![place]);
  const blocked = BLOCKED.reduce((sum, words) => sum + Number(words.exec(whole[2]!)?.[1] ?? 0), 0);
  return [
    ...faults.map((fate) => `VMs given up: ${fate}, in the sentence`),
    ...(Number(whole[1]) === stuck ? [] : ['VMs given up, in the sentence']),
    ...(blocked === stuck ? [] : ['what kept VMs from being stopped']),
  ];
}
