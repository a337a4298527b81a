/**
 * Several result files of either side: runs of one build differ by their hour, so a run is one sample, and what all of its
 * measured figures say together is one number.
 */
import { mean, median } from 'simple-statistics';

import { keysOf } from '../../sim/base/keys.ts';
import { UserError } from '../../sim/base/user-error.ts';
import type { BenchResult } from '../documents/bench/result.ts';
import { type MetricResult, SPEED, type TestSettings, UNDECIDED } from '../documents/comparison/document.ts';
import { shiftOf } from './rank-sum.ts';
import { compareResultFiles, figuresOf } from './result-files.ts';

/** A result and the file that it comes from. */
export interface NamedResult {
  readonly path: string;
  readonly result: BenchResult;
}

/**
 * @returns the one line first, then exact and modelled figures of the first file of either side
 * @throws UserError of kind `input` for files of other machines, settings or exact figures than the others of their side
 */
export function compareRepeatedFiles(
  base: readonly NamedResult[],
  candidate: readonly NamedResult[],
  settings: TestSettings,
): readonly MetricResult[] {
  checkAlike([...base, ...candidate]);
  for (const side of [base, candidate]) checkSameExact(side);
  const fixed = compareResultFiles(base[0]!.result, candidate[0]!.result).filter(
    ({ kind, verdict }) => (kind !== 'measured' && kind !== 'ratio') || verdict === 'new' || verdict === 'gone',
  );
  return [speedOf(base, candidate, settings), ...fixed];
}

function speedOf(
  base: readonly NamedResult[],
  candidate: readonly NamedResult[],
  { alpha, smallestEffect }: TestSettings,
): MetricResult {
  const plain = { name: SPEED, kind: 'measured', unit: '', better: 'higher', fails: false } as const;
  const all = [...base, ...candidate].map(({ result }) => speedsOf(result));
  const names = [...all[0]!.keys()].filter((name) => all.every((speeds) => speeds.has(name)));
  if (names.length === 0) return { ...plain, verdict: UNDECIDED, why: 'no measured figure is in all files' };
  // Each figure against its median over all files, so that slow and quick cells count alike.
  const middles = names.map((name) => median(all.map((speeds) => speeds.get(name)!)));
  const scores = all.map((speeds) => mean(names.map((name, index) => speeds.get(name)! - middles[index]!)));
  const shift = shiftOf(scores.slice(0, base.length), scores.slice(base.length), 1 - alpha);
  if (shift === null) {
    return {
      ...plain,
      verdict: UNDECIDED,
      why: `${base.length} and ${candidate.length} files are too few; give 5 of each`,
    };
  }
  const { shift: effect, low, high, p } = shift;
  const limit = Math.log1p(smallestEffect);
  const significant = p <= alpha && (low > 0 || high < 0) && Math.abs(effect) >= limit;
  const same = -limit < low && high < limit;
  return {
    ...plain,
    verdict: significant ? (effect > 0 ? 'better' : 'worse') : same ? 'same' : UNDECIDED,
    fails: significant && effect < 0,
    effect: Math.expm1(effect),
    low: Math.expm1(low),
    high: Math.expm1(high),
    p,
    pairs: Math.min(base.length, candidate.length),
  };
}

/** Logarithms of measured figures, higher is faster. */
function speedsOf(result: BenchResult): ReadonlyMap<string, number> {
  const speeds = new Map<string, number>();
  for (const cell of result.cells) {
    for (const [name, figure] of figuresOf(cell)) {
      if (figure?.kind !== 'measured' || figure.value <= 0) continue;
      speeds.set(`${cell.id}/${name}`, Math.log(figure.value) * (figure.unit.endsWith('/s') ? 1 : -1));
    }
  }
  return speeds;
}

/** Files of other machines or other questions say nothing of two builds. */
function checkAlike(files: readonly NamedResult[]): void {
  const [first, ...others] = files;
  const factsOf = ({ result }: NamedResult) => {
    const { machine, driver, inFlight, quick } = result;
    return { processor: machine.cpu, cores: machine.cores, node: machine.node, driver, inFlight, quick };
  };
  const facts = factsOf(first!);
  for (const other of others) {
    const theirs = factsOf(other);
    const differs = keysOf(facts).find((name) => facts[name] !== theirs[name]);
    if (differs === undefined) continue;
    throw new UserError(
      'input',
      `${other.path}: ${differs} is ${String(theirs[differs])}, and ${String(facts[differs])} in ${first!.path}`,
      'Give files of one machine with the same settings.',
    );
  }
}

/** What is exact in one build is the same in each of its files. */
function checkSameExact([first, ...others]: readonly NamedResult[]): void {
  for (const other of others) {
    const odd = compareResultFiles(first!.result, other.result).find(
      ({ kind, verdict }) => kind === 'exact' && verdict !== 'same' && verdict !== UNDECIDED,
    );
    if (odd === undefined) continue;
    throw new UserError(
      'input',
      `${other.path}: ${odd.name} is not as in ${first!.path}, so the two are not of one build`,
      'Give files of one build on each side of --.',
    );
  }
}
