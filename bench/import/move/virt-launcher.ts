/**
 * The log of KubeVirt's virt-launcher: how far a move is, every few seconds at verbosity 2.
 */
import { BITS_PER_BYTE, MEGA, MIB } from '../../../sim/base/units.ts';
import { DEFAULT_VMM } from '../../../sim/memory/vmms.ts';
import { numbered } from '../numbered.ts';
import { addFindings, type Finding, type Reader, Room } from '../reader.ts';
import { Figures, type MoveFacts, moveFacts, type MoveFile, saidOf, withoutAbsent } from './facts.ts';
import { iterationsOf } from './passes.ts';

const MESSAGE = /Migration info for ([\w-]+): (TimeElapsed:.*)/;

interface Point {
  readonly fields: Readonly<Record<string, number>>;
  readonly line: number;
}

interface LaunchedMove {
  readonly uid: string;
  vmi: string | undefined;
  readonly points: Point[];
}

/** Fields of a message by name: numbers without their units. */
function fieldsOf(words: string): Readonly<Record<string, number>> {
  const found = words.matchAll(/([A-Z][A-Za-z]*):(\d+(?:\.\d+)?)(?:ms|MiB|Mbps|x)?(?=[\s"\\]|$)/g);
  return Object.fromEntries([...found].map(([, name, value]) => [name, Number(value)])) as Record<string, number>;
}

/** Namespace and name of the VM, in fields next to the message in a line of JSON. */
function vmiOf(text: string): string | undefined {
  const field = (name: string): string | undefined => new RegExp(`"${name}":"([^"\\\\]*)"`).exec(text)?.[1];
  const [name, namespace] = [field('name'), field('namespace')];
  return name === undefined || namespace === undefined ? name : `${namespace}/${name}`;
}

const POINTS_MAX = 100_000;

export const VIRT_LAUNCHER: Reader<MoveFile, 'move'> = {
  id: 'virt-launcher',
  title: 'virt-launcher log',
  kind: 'move',
  sniff(head) {
    if (MESSAGE.test(head)) return 0.97;
    return /"component":"virt-launcher"/.test(head) ? 0.7 : 0;
  },
  read(lines) {
    const findings: Finding[] = [];
    const moves = new Map<string, LaunchedMove>();
    const room = new Room(POINTS_MAX, 'messages of moves');
    let others = 0;
    let isJson = false;
    for (const { text, line } of numbered(lines)) {
      const [, uid, words] = MESSAGE.exec(text) ?? [];
      if (uid === undefined || words === undefined) {
        if (text.trim() !== '') others += 1;
        continue;
      }
      if (!room.take(line)) continue;
      isJson ||= text.trimStart().startsWith('{');
      const move = moves.get(uid) ?? { uid, vmi: undefined, points: [] };
      moves.set(uid, move);
      move.vmi ??= vmiOf(text);
      move.points.push({ fields: fieldsOf(words), line });
    }
    room.note(findings);
    const facts = [...moves.values()].map((move) => launchedFacts(move, findings));
    addFindings(findings, { kind: 'read', text: 'Mbps are 10^6 bits per second, cut off; MiB are rounded down' });
    if (others > 0)
      addFindings(findings, { kind: 'unused', text: `${others} lines that say nothing of the progress of a move` });
    if (facts.length === 0)
      addFindings(findings, { kind: 'asked', text: 'the progress of moves is logged at verbosity 2' });
    return {
      format: `virt-launcher log${isJson ? ' (JSON lines)' : ''}, message "Migration info for"`,
      facts: { moves: facts, said: saidOf(facts) },
      findings,
      unknown: [
        ...(facts.some(({ figures }) => figures.downtimeMs !== undefined)
          ? []
          : ['downtime (only ExpectedDowntime while running)']),
        'vCPUs',
        'link speed',
        'dirty working set',
      ],
    };
  },
};

const PAGE_BYTES = 4096;

function launchedFacts({ vmi, points }: LaunchedMove, findings: Finding[]): MoveFacts {
  const last = points.at(-1)!;
  const figures = new Figures();
  const ended = last.fields['Downtime'] !== undefined;
  const take = (figure: Parameters<Figures['said']>[0], name: string, scale = 1, within?: number): void => {
    const value = last.fields[name];
    if (value !== undefined) figures.said(figure, value * scale, name, last.line, within);
  };
  take('totalMs', 'TimeElapsed');
  take('downtimeMs', 'Downtime');
  take('downtimeWithoutNetworkMs', 'DowntimeNet');
  if (!ended) take('expectedDowntimeMs', 'ExpectedDowntime');
  take('memoryBytes', 'MemoryTotal', MIB, MIB);
  take('transferredBytes', 'MemoryProcessed', MIB, MIB);
  if (!ended) take('remainingBytes', 'MemoryRemaining', MIB, MIB);
  take('normalPages', 'NormalPages');
  take('zeroPages', 'ConstantPages');
  take('syncs', 'Iteration');
  figures.inferred('pageBytes', PAGE_BYTES, 'NormalData over NormalPages', last.line);
  const fastest = points.toSorted(
    (a, b) => (b.fields['MemoryBandwidth'] ?? 0) - (a.fields['MemoryBandwidth'] ?? 0),
  )[0]!;
  const mbps = fastest.fields['MemoryBandwidth'] ?? 0;
  if (mbps > 0) figures.said('sendingBytesPerSecond', (mbps * MEGA) / BITS_PER_BYTE, 'MemoryBandwidth, the highest', fastest.line); // prettier-ignore
  const dirty = points.findLast(({ fields }) => (fields['DirtyRate'] ?? 0) > 0);
  if (dirty !== undefined) figures.said('dirtyBytesPerSecond', (dirty.fields['DirtyRate']! * MEGA) / BITS_PER_BYTE, 'DirtyRate', dirty.line); // prettier-ignore
  const [first] = points;
  if (first!.fields['Iteration'] === 1 && first!.fields['ExpectedDowntime'] !== undefined) {
    figures.inferred('downtimeLimitMs', first!.fields['ExpectedDowntime'], 'ExpectedDowntime of the first iteration, which is the limit', first!.line); // prettier-ignore
  }
  if (dirty === undefined) addFindings(findings, { kind: 'unused', line: last.line, text: 'DirtyRate is 0 during the first iteration: no measurement' }); // prettier-ignore
  return moveFacts({
    name: vmi ?? null,
    vmm: DEFAULT_VMM,
    manager: 'kubevirt',
    status: ended ? 'completed' : 'running',
    figures: figures.all,
    iterations: iterationsOf(progressOf(points), [], undefined),
    said: withoutAbsent({
      vmi,
      status: ended ? 'completed' : 'running',
      points: points.map(saidOfPoint),
      totalMiB: last.fields['MemoryTotal'],
      downtimeMs: last.fields['Downtime'],
      downtimeWithoutNetworkMs: last.fields['DowntimeNet'],
    }),
  });
}

function progressOf(points: readonly Point[]) {
  return points.flatMap(({ fields }) => {
    const { TimeElapsed: atMs, NormalPages: pages, Iteration: syncs } = fields;
    if (atMs === undefined || pages === undefined || syncs === undefined) return [];
    return [{ atMs, sentBytes: pages * PAGE_BYTES, syncs }];
  });
}

function saidOfPoint({ fields }: Point): object {
  return withoutAbsent({
    elapsedMs: fields['TimeElapsed'],
    processedMiB: fields['MemoryProcessed'],
    remainingMiB: fields['MemoryRemaining'],
    bandwidthMbps: fields['MemoryBandwidth'],
    dirtyMbps: fields['DirtyRate'],
    iteration: fields['Iteration'],
    normalPages: fields['NormalPages'],
    zeroPages: fields['ConstantPages'],
    expectedDowntimeMs: fields['ExpectedDowntime'],
    downtimeMs: fields['Downtime'],
    downtimeWithoutNetworkMs: fields['DowntimeNet'],
  });
}
