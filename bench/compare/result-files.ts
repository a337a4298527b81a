/**
 * Two result files of `stopcopy bench`: exact and modelled figures are compared, measured ones are only set side by side.
 * A file holds one run; whether two runs differ by their builds or by their time cannot be known from it.
 */
import type { Figure } from '../show/figure.ts';
import type { BenchResult, Cell } from '../documents/bench/result.ts';
import type { MetricResult } from '../documents/comparison/document.ts';

const NOT_BY_TURNS = 'one run each, not interleaved; compare the revisions, or several files of each with -- between';

/** Figures of a cell by name. */
export function figuresOf(cell: Cell): readonly (readonly [string, Figure | undefined])[] {
  const { wallDowntimeNs: wall, modelledDowntimeNs: model, handshakeNs: handshake, guestPauseNs: pause } = cell;
  return [
    ['stateBytes', cell.stateBytes],
    ['lostTasks', cell.lostTasks],
    ['modelled downtime', model?.point],
    ...(model?.parts.map(({ name, value }) => [`modelled ${name}`, value] as const) ?? []),
    ['saves', cell.savesPerSecond],
    ['restores', cell.restoresPerSecond],
    ['handshake p50', handshake?.p50],
    ['handshake to floor', handshake?.ratioToFloor],
    ['wall downtime p50', wall?.p50],
    ['guest pause p50', pause?.p50],
  ];
}

export function compareResultFiles(base: BenchResult, candidate: BenchResult): readonly MetricResult[] {
  const results: MetricResult[] = [];
  const differing = settingsThatDiffer(base, candidate);
  const cells = new Map(candidate.cells.map((cell) => [cell.id, cell]));
  const known = new Set(base.cells.map(({ id }) => id));
  for (const cell of base.cells) {
    const other = cells.get(cell.id);
    if (other === undefined) {
      results.push(bare(cell.id, 'gone'));
      continue;
    }
    const after = new Map(figuresOf(other));
    for (const [name, figure] of figuresOf(cell)) {
      const result = compareFigures(`${cell.id}/${name}`, figure, after.get(name), differing);
      if (result !== undefined) results.push(result);
    }
  }
  for (const { id } of candidate.cells) if (!known.has(id)) results.push(bare(id, 'new'));
  return results;
}

function bare(name: string, verdict: 'new' | 'gone'): MetricResult {
  return { name, kind: 'measured', unit: '', better: 'neither', verdict, fails: false };
}

function compareFigures(
  name: string,
  before: Figure | undefined,
  after: Figure | undefined,
  differing: string | undefined,
): MetricResult | undefined {
  if (before === undefined && after === undefined) return undefined;
  const { kind, unit } = (after ?? before)!;
  const better = unit.endsWith('/s') ? 'higher' : 'lower';
  const plain = { name, kind, unit, better } as const;
  if (before === undefined) return { ...plain, verdict: 'new', fails: false, candidate: after!.value };
  if (after === undefined) return { ...plain, verdict: 'gone', fails: false, base: before.value };
  const values = { base: before.value, candidate: after.value };
  const effect = before.value === 0 ? {} : { effect: after.value / before.value - 1 };
  if (differing !== undefined)
    return { ...plain, ...values, ...effect, verdict: 'cannot tell', fails: false, why: differing };
  if (kind === 'measured' || kind === 'ratio') {
    return { ...plain, ...values, ...effect, verdict: 'cannot tell', fails: false, why: NOT_BY_TURNS };
  }
  if (before.value === after.value) return { ...plain, ...values, verdict: 'same', fails: false };
  const worse = after.value > before.value === (better === 'lower');
  return { ...plain, ...values, ...effect, verdict: worse ? 'worse' : 'better', fails: worse };
}

/** Documents that answer different questions are not compared. */
function settingsThatDiffer(base: BenchResult, candidate: BenchResult): string | undefined {
  const pairs = (['driver', 'inFlight', 'seed', 'quick'] as const).filter((field) => base[field] !== candidate[field]);
  if (pairs.length === 0) return undefined;
  return `the runs differ in ${pairs.map((field) => `${field} (${base[field]}, ${candidate[field]})`).join(' and ')}`;
}
