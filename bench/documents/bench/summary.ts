/**
 * What a result says, in one paragraph: which part dominates, where the worst cell is, what the range rests on.
 */
import { formatValue, wholePercent } from '../../show/format.ts';
import type { BenchResult, Cell } from './result.ts';

export function summaryOf(result: BenchResult): string {
  const { cells } = result;
  if (cells.length === 0) return 'Nothing was measured.';
  return [
    wallSentence(cells),
    modelledSentence(cells),
    restoreSentence(cells),
    handshakeSentence(cells),
    lossSentence(cells),
    result.interrupted ? 'The run was interrupted: cells are missing.' : undefined,
  ]
    .filter((sentence) => sentence !== undefined)
    .join(' ');
}

/** A cell in words. */
function cellName({ accelerator, queuePairs, load }: Cell): string {
  return `${accelerator}, ${queuePairs} queue ${queuePairs === 1 ? 'pair' : 'pairs'}, ${load}`;
}

function worst(cells: readonly Cell[], value: (cell: Cell) => number | undefined): Cell | undefined {
  let found: Cell | undefined;
  let most = -Infinity;
  for (const cell of cells) {
    const figure = value(cell);
    if (figure === undefined || figure <= most) continue;
    most = figure;
    found = cell;
  }
  return found;
}

interface Part {
  readonly name: string;
  readonly ns: number;
}

function largest(parts: readonly Part[]): string {
  let top: Part | undefined;
  let sum = 0;
  for (const part of parts) {
    sum += part.ns;
    if (top === undefined || part.ns > top.ns) top = part;
  }
  return top === undefined || sum === 0 ? '' : `; ${wholePercent(top.ns / sum)} of it is ${top.name}`;
}

function wallSentence(cells: readonly Cell[]): string | undefined {
  const cell = worst(cells, ({ wallDowntimeNs }) => wallDowntimeNs?.p50.value);
  if (cell?.wallDowntimeNs === undefined) return undefined;
  const { p50, p99, parts } = cell.wallDowntimeNs;
  const times = `p50 ${formatValue(p50.value, 'ns')}, p99 ${formatValue(p99.value, 'ns')}`;
  const top = largest(parts.map(({ name, p50: { value } }) => ({ name, ns: value })));
  return `Wall downtime is longest with ${cellName(cell)}: ${times}${top}.`;
}

function modelledSentence(cells: readonly Cell[]): string | undefined {
  const cell = worst(cells, ({ modelledDowntimeNs }) => modelledDowntimeNs?.point.value);
  if (cell?.modelledDowntimeNs === undefined) return undefined;
  const { point, parts } = cell.modelledDowntimeNs;
  const { low = point.value, high = point.value } = point;
  const band = `${formatValue(point.value, 'ns')} (${formatValue(low, 'ns')} to ${formatValue(high, 'ns')})`;
  const top = largest(parts.map(({ name, value: { value } }) => ({ name, ns: value })));
  return `On hardware the model expects at most ${band} with ${cellName(cell)}${top}.`;
}

function restoreSentence(cells: readonly Cell[]): string | undefined {
  const ratios: number[] = [];
  for (const { savesPerSecond, restoresPerSecond } of cells) {
    if (savesPerSecond === undefined || restoresPerSecond === undefined || restoresPerSecond.value === 0) continue;
    ratios.push(savesPerSecond.value / restoresPerSecond.value);
  }
  if (ratios.length === 0) return undefined;
  ratios.sort((a, b) => a - b);
  const ratio = ratios[Math.floor(ratios.length / 2)]!;
  if (ratio > 0.9 && ratio < 1.1) return 'Saves and restores are about equally fast.';
  const [fast, slow, times] = ratio > 1 ? ['Saves', 'restores', ratio] : ['Restores', 'saves', 1 / ratio];
  return `${fast} are ${times.toFixed(1)} times as fast as ${slow} (median of the cells).`;
}

function handshakeSentence(cells: readonly Cell[]): string | undefined {
  const cell = worst(cells, ({ handshakeNs }) => handshakeNs?.ratioToFloor.value);
  if (cell?.handshakeNs === undefined) return undefined;
  const { p50, ratioToFloor } = cell.handshakeNs;
  return `A mailbox handshake costs at most ${ratioToFloor.value.toFixed(2)} times the bare ping-pong (${formatValue(p50.value, 'ns')} there).`;
}

function lossSentence(cells: readonly Cell[]): string | undefined {
  const counted = cells.flatMap(({ lostTasks }) => lostTasks ?? []);
  if (counted.length === 0) return undefined;
  const lost = counted.reduce((sum, { value }) => sum + value, 0);
  return lost === 0 ? 'No task was lost.' : `${lost} tasks were LOST.`;
}
