/**
 * Searches a driver generation for bugs: blocks of runs on a pool of threads, what was found traced to its cause and shrunk, or
 * one run of a finding played again.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { UserError } from '../../../sim/base/user-error.ts';
import { bug } from '../../../sim/base/bug.ts';
import { type Cause, causeOf, FIXED_IDS, unfixed } from '../../../sim/check/causes.ts';
import { hexOf } from '../../../sim/check/choices.ts';
import { play, type Run } from '../../../sim/check/play.ts';
import { runOf, scriptSchema, writtenScript } from '../../../sim/check/script.ts';
import { mergeBlocks } from '../../../sim/check/search.ts';
import { shrink } from '../../../sim/check/shrink.ts';
import {
  DEFAULT_GENERATION,
  type Generation,
  GENERATION_IDS,
  type GenerationId,
  GENERATIONS,
} from '../../../sim/driver/generation.ts';
import { HAZARD_IDS, type HazardId } from '../../../sim/driver/hazards.ts';
import { blockOf, CHECK_CELL, type CheckCell, type CheckValue } from '../../../workers/pools/check-cell.ts';
import { dataVersion, jobSet } from '../../../workers/pools/job-key.ts';
import { JobResults, valueOf } from '../../../workers/pools/job-results.ts';
import { InThreadRunner, type JobRunner } from '../../../workers/pools/job-runner.ts';
import { PoolRunner } from '../../../workers/pools/pool-runner.ts';
import type { CheckedGeneration, ShownFinding } from '../../documents/check/document.ts';
import type { CommandIo } from '../../io/command-io.ts';
import { prepareFolder, writeFileAtomically } from '../../io/file-output.ts';
import { readInputFile } from '../../io/input-file.ts';
import { packageVersion } from '../../io/package-root.ts';
import { ShippedFiles } from '../../io/shipped-files.ts';

/** Which driver is checked. */
export interface DriverAsked {
  /** Default: the newest. `all`: every generation, for the matrix. */
  readonly generation?: GenerationId | 'all';
  /** Bugs whose fixes are taken back. */
  readonly unfix?: readonly HazardId[];
}

export interface CheckOptions extends DriverAsked {
  readonly runs: number;
  readonly seed: number;
  /** Default: as many as there are processors. */
  readonly threads?: number;
}

/** Runs of one cell: a part of a second. */
const CELL_RUNS = 250;

/** The generation that was asked for, with fixes taken back. */
function generationOf(id: GenerationId, unfix: readonly HazardId[]): Generation {
  for (const hazard of unfix) {
    if (FIXED_IDS.includes(hazard) && unfixed(GENERATIONS[id], [hazard]) !== null) continue;
    const allowed = HAZARD_IDS.filter((known) => FIXED_IDS.includes(known))
      .filter((known) => unfixed(GENERATIONS[id], [known]) !== null)
      .join(', ');
    throw new UserError('usage', `--unfix ${hazard}: no fact of a generation is this bug`, `Allowed is ${allowed}.`);
  }
  return unfixed(GENERATIONS[id], unfix) ?? GENERATIONS[id];
}

/** Searches one generation, or all of them. Equal options give equal results on any number of threads. */
export async function check(options: CheckOptions, io: CommandIo): Promise<readonly CheckedGeneration[]> {
  const { generation = DEFAULT_GENERATION, threads = availableParallelism(), runs } = options;
  const runner: JobRunner = threads === 1 || runs <= CELL_RUNS ? new InThreadRunner() : new PoolRunner({ threads });
  const ids = generation === 'all' ? GENERATION_IDS : [generation];
  const checked: CheckedGeneration[] = [];
  try {
    for (const id of ids) {
      if (io.signal.aborted) break;
      checked.push(await checkOne(id, options, runner, io));
    }
  } finally {
    await runner.close();
  }
  return checked;
}

async function checkOne(
  id: GenerationId,
  { unfix = [], runs, seed, generation: asked }: CheckOptions,
  runner: JobRunner,
  { output, signal }: CommandIo,
): Promise<CheckedGeneration> {
  const generation = generationOf(id, unfix);
  const cells = Array.from({ length: Math.ceil(runs / CELL_RUNS) }, (_, i): CheckCell => {
    return { from: i * CELL_RUNS, count: Math.min(CELL_RUNS, runs - i * CELL_RUNS) };
  });
  const set = jobSet(CHECK_CELL, { question: { generation, seed }, data: dataVersion(packageVersion()) }, cells);
  const progress = output.progress();
  const results = new JobResults<CheckValue>();
  try {
    await runner.run(set, {
      results,
      signal,
      onCell: ({ done, total }) => progress.update(done, total, `${id}, blocks of ${CELL_RUNS} runs`),
    });
  } catch (error) {
    // What was found before a signal is shown all the same.
    if (!signal.aborted) throw error;
  }
  try {
    const done = set.cells.flatMap(({ key }) => results.get(key) ?? []);
    const merged = mergeBlocks(done.map((result) => blockOf(valueOf(result))));
    const findings = merged.hits.map(({ bytes, finding, cause, run }, i): ShownFinding => {
      progress.update(i, merged.hits.length, `${id}, findings made shorter`);
      // A matrix shows no time lines.
      const isLeft = asked === 'all' || signal.aborted;
      const played = isLeft ? bytes : shrink(generation, bytes, finding).bytes;
      return { ...replay(generation, played, cause, { id, unfix }), firstRun: run };
    });
    const { calls, withFinding } = merged;
    return { generation: id, unfixed: unfix, seed, runs: merged.runs, calls, withFinding, findings };
  } finally {
    progress.stop();
  }
}

interface Named {
  readonly id: GenerationId;
  readonly unfix: readonly HazardId[];
}

function replay(generation: Generation, run: Run, cause: Cause, { id, unfix }: Named): ShownFinding {
  const { finding, steps, hash, calls, script } = play(generation, run, { keepsSteps: true });
  const bytes = run instanceof Uint8Array ? hexOf(run) : null;
  if (finding === null) return bug('CHECK_REPLAY', bytes ?? 'script');
  const name = `${cause.id ?? 'not on the list'}: ${finding.rule}, ${finding.detail}`;
  const written = script === null ? null : writtenScript(script, { name, generation: id, without: unfix });
  return { ...finding, cause, calls, hash, replay: bytes, script: written, steps: steps ?? [] };
}

/** Plays the run of a finding again; in another generation it may find nothing. */
export function replayOne(id: GenerationId, unfix: readonly HazardId[], run: Run): CheckedGeneration {
  const generation = generationOf(id, unfix);
  const { finding, calls } = play(generation, run);
  const findings = finding === null ? [] : [replay(generation, run, causeOf(generation, run, finding), { id, unfix })];
  return { generation: id, unfixed: unfix, seed: null, runs: 1, calls, withFinding: findings.length, findings };
}

/** The scripts that come with the package: one for each bug that can be shown. */
const SCRIPTS: ShippedFiles = new ShippedFiles('sim/check/scripts', 'script');

/**
 * Plays a script.
 *
 * @param word path of a file, or the name of a shipped script
 * @param asked the driver; what is absent is as the script says, or of all generations each
 */
export function checkScript(word: string, { generation, unfix }: DriverAsked): readonly CheckedGeneration[] {
  const { path, name: file } = SCRIPTS.place(word);
  const document = readInputFile(path, scriptSchema);
  const run = runOf(document);
  const ids = generation === 'all' ? GENERATION_IDS : [generation ?? document.generation];
  const without = unfix ?? (generation === undefined ? document.without : []);
  return ids.map((id): CheckedGeneration => {
    const { steps } = play(generationOf(id, without), run, { keepsSteps: true });
    return { ...replayOne(id, without, run), script: { file, name: document.name, steps: steps ?? [] } };
  });
}

/**
 * Writes a script for each finding into a folder, named after the generation, the bug and the rule.
 *
 * @throws UserError for a place that takes no files
 */
export function writeScripts(checked: readonly CheckedGeneration[], folder: string): void {
  prepareFolder(folder, '--scripts');
  for (const { generation, findings } of checked) {
    for (const { script, cause, rule } of findings) {
      if (script === null) continue;
      const name = [generation, cause.id ?? 'unlisted', rule.replace('.', '-')].join('-');
      writeFileAtomically(join(folder, `${name}.yaml`), stringify(script, { lineWidth: 0 }), '--scripts');
    }
  }
}
