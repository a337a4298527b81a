/**
 * Why the pause of a measured move was as long as it was: its parts as they were measured and as the model has them.
 */
import { formatNs, NS_PER_MS, NS_PER_S } from '../../../sim/base/units.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { CompiledScenario } from '../../../sim/scenario/compile.ts';
import type {
  ComparedFigure,
  ComparedPart,
  ExplainDocument,
  UnexplainedTime,
} from '../../documents/explain/document.ts';
import type { RunDocument } from '../../documents/run/document.ts';
import { isPlayed } from '../../documents/run/unplayed.ts';
import type { MoveFacts } from '../../import/move/facts.ts';
import { documentHead } from '../../io/document-head.ts';
import type { Output } from '../../io/output.ts';
import { formatValue, formatWithRange, signedPercent, wholePercent } from '../../show/format.ts';
import type { Figure } from '../../show/figure.ts';
import { plainOf } from '../import/commented.ts';
import type { ImportedMove } from '../import/moves.ts';
import type { MeasuredMove, MoveDraft } from '../import/move-draft.ts';
import { outcomeOf, readyRun } from '../run/outcome.ts';
import { nextOf } from './next.ts';
import { comparedParts, measuredParts, timeOf, unexplainedOf } from './parts.ts';
import { shorterPauses } from './shorter.ts';

/** An explanation, and the run that it rests on. */
export interface Explained {
  readonly document: ExplainDocument;
  readonly run: RunDocument;
}

/**
 * Explains a measured move.
 *
 * @throws UserError of kind `input` for a move that the model does not play, with the reason
 */
export async function explained(imported: ImportedMove, output: Output, signal: AbortSignal): Promise<Explained> {
  const { file, made } = imported;
  const ready = readyRun({ file, scenario: made.scenario, profiles: made.profiles });
  const { document: run } = await outcomeOf(ready, output, signal);
  if (!isPlayed(run) || 'unplayed' in ready) {
    throw new UserError('input', `${file}: the model does not play this move`, 'stopcopy import makes a scenario of it: stopcopy can says why.'); // prettier-ignore
  }
  return { document: documentOf(imported, run, ready.plan), run };
}

/** What the sentences are made of. */
interface Told {
  readonly figures: readonly ComparedFigure[];
  readonly parts: readonly ComparedPart[];
  readonly unexplained: UnexplainedTime | null;
  readonly imported: ImportedMove;
}

/** How a move is, for a reader. */
const STATUS_WORDS: Readonly<Record<MoveFacts['status'], string>> = {
  none: 'no move has begun',
  waiting: 'the move waits to begin',
  running: 'the move still runs',
  completed: 'the move was completed',
  failed: 'the move failed',
  cancelled: 'the move was cancelled',
  unknown: 'the file does not say how the move ended',
};

function documentOf(imported: ImportedMove, run: RunDocument, plan: CompiledScenario): ExplainDocument {
  const { file, format, move, made } = imported;
  const figures = comparedFigures(run, made.measured, move.status);
  const parts = comparedParts(run, measuredParts(move));
  const next = nextOf(move, parts);
  const unexplained = unexplainedOf(figures, parts, run);
  const shorter = shorterPauses(plan);
  return {
    ...documentHead('stopcopy-explanation'),
    file,
    source: format,
    status: STATUS_WORDS[move.status],
    sentences: sentencesOf({ figures, parts, unexplained, imported }),
    figures,
    parts,
    unexplained,
    iterations: move.iterations.map(
      ({ index, startMs = null, lastsMs = null, sentBytes = null, dirtiedBytes = null }) => ({
        index,
        startMs,
        lastsMs,
        sentBytes,
        dirtiedBytes,
      }),
    ),
    shorter,
    next,
    assumed: assumedOf(made.fields),
  };
}

/** What the VMM or the manager prints of the pause, and the whole move. */
export function comparedFigures(
  run: RunDocument,
  { totalMs, pauseMs, clock }: MeasuredMove,
  status: MoveFacts['status'],
): readonly ComparedFigure[] {
  const isOver = status !== 'running' && status !== 'waiting';
  const libvirt = run.clocks.find(({ id }) => id === 'libvirtDowntime')?.figure;
  const pause = clock === 'libvirt' ? libvirt : run.figures.reported;
  const row = (name: string, ms: number | undefined, modelled: Figure | undefined): readonly ComparedFigure[] => {
    if (modelled === undefined) return [];
    const measuredNs = ms === undefined ? null : Math.round(ms * NS_PER_MS);
    return [{ name, measuredNs, modelled, error: measuredNs === null || measuredNs === 0 ? null : modelled.value / measuredNs - 1 }]; // prettier-ignore
  };
  return [
    ...row(`downtime as ${clock === 'libvirt' ? 'libvirt' : 'the VMM'} ${isOver ? 'counts' : 'will count'} it`, pauseMs, pause ?? run.figures.reported), // prettier-ignore
    ...row('pause of the vCPUs', undefined, run.figures.pause),
    ...row(isOver ? 'total' : 'total, once it is over', totalMs, run.figures.total),
  ];
}

/** A part from this share of the pause on is named as its reason. */
const REASON_SHARE = 0.25;

function sentencesOf({ figures, parts, unexplained, imported }: Told): readonly string[] {
  const { move, made } = imported;
  const [pause] = figures;
  const wholeNs = pause?.measuredNs ?? sum(parts.map(timeOf));
  const rest = unexplained === null ? [] : [{ words: unexplainedWords(unexplained), ns: unexplained.ns }];
  const named = parts.map((part) => ({
    words: `${part.title} (${formatNs(timeOf(part))}, ${part.measuredNs === null ? 'modelled' : 'measured'}, ${wholePercent(timeOf(part) / wholeNs)})`, // prettier-ignore
    ns: timeOf(part),
  }));
  const ranked = [...named, ...rest].toSorted((a, b) => b.ns - a.ns);
  const reasons = ranked.filter(({ ns }, place) => place === 0 || ns >= REASON_SHARE * wholeNs).slice(0, 3);
  const others = rest.filter((each) => !reasons.includes(each));
  const deviceNs = sum(parts.filter(({ isDevice }) => isDevice).map(timeOf));
  return [
    ...(pause?.measuredNs === undefined || pause.measuredNs === null
      ? unmeasuredSentences(figures, move, made.fields)
      : [`The downtime was ${formatNs(pause.measuredNs)}; the model has ${formatNs(pause.modelled.value)} (${signedPercent(pause.error!)}).`]), // prettier-ignore
    `Most of it: ${reasons.map(({ words }) => words).join('; ')}.`,
    ...others.map(({ words }) => `Not explained: ${words}.`),
    deviceNs === 0
      ? hasDevices(move, made.fields)
        ? 'The file does not part its devices from the vCPUs.'
        : 'The file names no device, and the model has none.'
      : `Devices have ${formatNs(deviceNs)} of it (${wholePercent(deviceNs / wholeNs)}).`,
  ];
}

function unexplainedWords({ ns, share, modelledAs, wouldShow }: UnexplainedTime): string {
  const model = modelledAs === null ? '' : ` (in the model: ${modelledAs})`;
  return `${formatNs(ns)} (${wholePercent(share)}) that no part accounts for${model}; ${wouldShow}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What is known of a downtime that the file does not have. */
function unmeasuredSentences(
  figures: readonly ComparedFigure[],
  { status, figures: said }: MoveFacts,
  fields: MoveDraft['fields'],
): readonly string[] {
  const [pause, , total] = figures;
  const isIdle = fields.some(({ path, origin }) => path === 'memory.dirty' && origin === 'assumed');
  const expected = pause === undefined ? 'none' : formatWithRange(pause.modelled);
  const idle = isIdle ? ', of a guest that writes nothing: what it writes is not in the file' : '';
  if (status !== 'running') {
    const why = status === 'completed' ? '' : `: ${STATUS_WORDS[status]}`;
    return [`The file has no downtime${why}; the model expects ${expected}${idle}.`];
  }
  const { totalMs, expectedDowntimeMs, syncs } = said;
  const elapsed = totalMs === undefined ? '' : `, ${formatNs(totalMs.value * NS_PER_MS)} after its start`;
  const ends = total === undefined ? '' : `a total of ${formatWithRange(total.modelled)}, and `;
  const expectation =
    (syncs?.value ?? 2) <= 1
      ? 'which is its limit until the second sync of dirty pages'
      : 'what it had left to send at the last sync over its bandwidth, without stopping, saving and loading devices';
  return [
    `The move still runs${elapsed}: it has no total and no downtime yet. The model expects ${ends}a downtime of ${expected}${idle}.`,
    ...(isLate(totalMs?.value, total) ? ['It runs longer than the model has it: the guest writes more, or less of the link is free, than the file says.'] : []), // prettier-ignore
    ...(expectedDowntimeMs === undefined
      ? []
      : [`The VMM expects ${formatNs(expectedDowntimeMs.value * NS_PER_MS)}, ${expectation}.`]),
    ...leftSentence(said),
  ];
}

/** Whether a move that runs has taken longer than the model has for all of it. */
function isLate(elapsedMs: number | undefined, total: ComparedFigure | undefined): boolean {
  if (elapsedMs === undefined || total === undefined) return false;
  return elapsedMs * NS_PER_MS > (total.modelled.high ?? total.modelled.value);
}

/** What a move that runs has still to send. */
function leftSentence(said: MoveFacts['figures']): readonly string[] {
  const [memory, devices] = [said.remainingBytes?.value, said.deviceRemainingBytes?.value ?? 0];
  const rate = said.sendingBytesPerSecond?.value ?? 0;
  if (memory === undefined) return [];
  const what = devices === 0 ? '' : ` and ${formatValue(devices, 'B')} of device state`;
  const takes =
    rate === 0 ? '' : `, ${formatNs(((memory + devices) / rate) * NS_PER_S)} at ${formatValue(rate, 'B/s')}`;
  return [`Left to send are ${formatValue(memory, 'B')} of memory${what}${takes}.`];
}

function hasDevices({ devices }: MoveFacts, fields: MoveDraft['fields']): boolean {
  return devices.length > 0 || fields.some(({ path }) => path === 'devices');
}

function assumedOf(fields: MoveDraft['fields']): ExplainDocument['assumed'] {
  return fields
    .filter(({ origin }) => origin === 'assumed')
    .map(({ path, value, why, decides = '' }) => {
      const plain = plainOf(value);
      return { field: path, value: typeof plain === 'string' ? plain : JSON.stringify(plain), why, decides };
    });
}
