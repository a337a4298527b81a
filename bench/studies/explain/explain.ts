/**
 * Why the pause of a measured move was as long as it was: its parts as they were measured and as the model has them.
 */
import { formatNs, NS_PER_MS } from '../../../sim/base/units.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { CompiledScenario } from '../../../sim/scenario/compile.ts';
import type { ComparedFigure, ComparedPart, ExplainDocument } from '../../documents/explain/document.ts';
import type { RunDocument } from '../../documents/run/document.ts';
import { isPlayed } from '../../documents/run/unplayed.ts';
import type { MoveFacts } from '../../import/move/facts.ts';
import { documentHead } from '../../io/document-head.ts';
import type { Output } from '../../io/output.ts';
import { signedPercent, wholePercent } from '../../show/format.ts';
import type { Figure } from '../../show/figure.ts';
import { plainOf } from '../import/commented.ts';
import type { ImportedMove } from '../import/moves.ts';
import type { MeasuredMove, MoveDraft } from '../import/move-draft.ts';
import { outcomeOf, readyRun } from '../run/outcome.ts';
import { nextOf } from './next.ts';
import { comparedParts, measuredParts } from './parts.ts';
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

function documentOf(
  { file, format, move, made }: ImportedMove,
  run: RunDocument,
  plan: CompiledScenario,
): ExplainDocument {
  const figures = comparedFigures(run, made.measured);
  const parts = comparedParts(run, measuredParts(move));
  const shorter = shorterPauses(plan);
  return {
    ...documentHead('stopcopy-explanation'),
    file,
    source: format,
    status: move.status === 'completed' ? 'the move was completed' : `the move is ${move.status}`,
    sentences: sentencesOf(figures, parts, move, made.fields),
    figures,
    parts,
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
    next: nextOf(move, parts),
    assumed: assumedOf(made.fields),
  };
}

/** What the VMM or the manager prints of the pause, and the whole move. */
export function comparedFigures(
  run: RunDocument,
  { totalMs, pauseMs, clock }: MeasuredMove,
): readonly ComparedFigure[] {
  const libvirt = run.clocks.find(({ id }) => id === 'libvirtDowntime')?.figure;
  const pause = clock === 'libvirt' ? libvirt : run.figures.reported;
  const row = (name: string, ms: number | undefined, modelled: Figure | undefined): readonly ComparedFigure[] => {
    if (modelled === undefined) return [];
    const measuredNs = ms === undefined ? null : Math.round(ms * NS_PER_MS);
    return [{ name, measuredNs, modelled, error: measuredNs === null || measuredNs === 0 ? null : modelled.value / measuredNs - 1 }]; // prettier-ignore
  };
  return [
    ...row(clock === 'libvirt' ? 'downtime as libvirt counts it' : 'downtime as the VMM counts it', pauseMs, pause ?? run.figures.reported), // prettier-ignore
    ...row('pause of the vCPUs', undefined, run.figures.pause),
    ...row('total', totalMs, run.figures.total),
  ];
}

/** A part from this share of the pause on is named as its reason. */
const REASON_SHARE = 0.25;

function sentencesOf(
  [pause]: readonly ComparedFigure[],
  parts: readonly ComparedPart[],
  move: MoveFacts,
  fields: MoveDraft['fields'],
): readonly string[] {
  const wholeNs = parts.reduce((sum, part) => sum + timeOf(part), 0);
  const ranked = parts.toSorted((a, b) => timeOf(b) - timeOf(a));
  const reasons = ranked.filter((part, place) => place === 0 || timeOf(part) >= REASON_SHARE * wholeNs).slice(0, 3);
  const deviceNs = parts.filter(({ isDevice }) => isDevice).reduce((sum, part) => sum + timeOf(part), 0);
  const measuredNs = pause?.measuredNs ?? null;
  const isIdle = fields.some(({ path, origin }) => path === 'memory.dirty' && origin === 'assumed');
  const expected = formatNs(pause?.modelled.value ?? 0);
  const why = move.status === 'completed' ? '' : ', since the move is not over';
  const first =
    measuredNs === null
      ? isIdle
        ? `The file has no downtime${why}, and does not say what the guest writes: of one that writes nothing the model expects ${expected}.`
        : `The file has no downtime${why}; the model expects ${expected}.`
      : `The downtime was ${formatNs(measuredNs)}; the model has ${formatNs(pause!.modelled.value)} (${signedPercent(pause!.error!)}).`;
  const named = reasons.map(
    (part) => `${part.title} (${formatNs(timeOf(part))}, ${part.measuredNs === null ? 'modelled' : 'measured'}, ${wholePercent(timeOf(part) / wholeNs)})`, // prettier-ignore
  );
  return [
    first,
    `Most of it: ${named.join('; ')}.`,
    deviceNs === 0
      ? hasDevices(move, fields)
        ? 'The file does not part its devices from the vCPUs.'
        : 'The file names no device, and the model has none.'
      : `Devices have ${formatNs(deviceNs)} of it (${wholePercent(deviceNs / wholeNs)}).`,
  ];
}

function hasDevices({ devices }: MoveFacts, fields: MoveDraft['fields']): boolean {
  return devices.length > 0 || fields.some(({ path }) => path === 'devices');
}

/** The measured time of a part, or the modelled one where it was not measured. */
function timeOf({ measuredNs, modelled }: ComparedPart): number {
  return measuredNs ?? modelled.value;
}

function assumedOf(fields: MoveDraft['fields']): ExplainDocument['assumed'] {
  return fields
    .filter(({ origin }) => origin === 'assumed')
    .map(({ path, value, why, decides = '' }) => {
      const plain = plainOf(value);
      return { field: path, value: typeof plain === 'string' ? plain : JSON.stringify(plain), why, decides };
    });
}
