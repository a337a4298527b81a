/**
 * Why the pause of a measured move was as long as it was: its parts as they were measured and as the model has them.
 */
import { formatNs, NS_PER_MS } from '../../../sim/base/units.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
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
    sentences: sentencesOf(figures, parts, move),
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
): readonly string[] {
  const wholeNs = parts.reduce((sum, part) => sum + timeOf(part), 0);
  const ranked = parts.toSorted((a, b) => timeOf(b) - timeOf(a));
  const reasons = ranked.filter((part, place) => place === 0 || timeOf(part) >= REASON_SHARE * wholeNs).slice(0, 3);
  const deviceNs = parts.filter(({ isDevice }) => isDevice).reduce((sum, part) => sum + timeOf(part), 0);
  const measuredNs = pause?.measuredNs ?? null;
  const first =
    measuredNs === null
      ? `The file has no downtime${move.status === 'completed' ? '' : ', since the move is not over'}; the model expects ${formatNs(pause?.modelled.value ?? 0)}.`
      : `The downtime was ${formatNs(measuredNs)}; the model has ${formatNs(pause!.modelled.value)} (${signedPercent(pause!.error!)}).`;
  const named = reasons.map(
    (part) => `${part.title} (${formatNs(timeOf(part))}, ${part.measuredNs === null ? 'modelled' : 'measured'}, ${wholePercent(timeOf(part) / wholeNs)})`, // prettier-ignore
  );
  return [
    first,
    `Most of it: ${named.join('; ')}.`,
    deviceNs === 0
      ? 'No device has a part in it.'
      : `Devices have ${formatNs(deviceNs)} of it (${wholePercent(deviceNs / wholeNs)}).`,
  ];
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

/** What the file lacks, by what it would make known. */
function nextOf(
  { figures, pauseParts, devices, iterations, manager, vmm, status }: MoveFacts,
  parts: readonly ComparedPart[],
): readonly string[] {
  const isQemu = vmm === DEFAULT_VMM;
  const hasDevices = devices.length > 0 || figures.deviceBytes !== undefined;
  const arcs = devices.some((device) => device.arcs.some(({ tookUs }) => tookUs !== null));
  const rows: readonly (readonly [boolean, string])[] = [
    [status !== 'completed', 'the end of the move: its total time and its downtime'],
    [
      pauseParts.length === 0 && isQemu,
      "parts of the pause: -trace 'vmstate_downtime*' -trace 'migrate_*' on the source and on the destination",
    ],
    [pauseParts.length === 0 && !isQemu, 'parts of the downtime: the log of Cloud Hypervisor (v52 or newer) at -vv'],
    [hasDevices && !arcs && isQemu, "times of each device: -trace 'vfio_*' with -msg timestamp=on"],
    [
      figures.sendingBytesPerSecond === undefined,
      'the rate at which memory goes, while it goes: query-migrate each second',
    ],
    [
      figures.downtimeLimitMs === undefined && isQemu && manager !== 'proxmox',
      'the downtime limit: query-migrate-parameters',
    ],
    [iterations.length < 2, 'passes over memory: query-migrate each 0.5 s, and the capability events'],
    [figures.vcpus === undefined, 'the number of vCPUs: query-cpus-fast'],
    [!parts.some(({ parts: names, measuredNs }) => names.includes('deviceLoad') && measuredNs !== null), 'times of the destination: the same trace there'], // prettier-ignore
  ];
  return rows
    .filter(([isMissing]) => isMissing)
    .map(([, text]) => text)
    .slice(0, 5);
}
