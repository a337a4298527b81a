/**
 * Exact metrics say how many accesses an arc makes; the recorded traces of its generation say which of them is another.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { generationsThatPass, verifyTrace } from '../../../sim/trace/verify.ts';
import { defaultTracePath, traceFiles, type Verifier, verifyPaths } from './verification.ts';

/** Lines that name the register. */
export interface ArcDifference {
  readonly generation: string;
  /** How many traces of it there are. */
  readonly traces: number;
  /** The first trace that this build does not pass, null where it passes all. */
  readonly trace: string | null;
  /** Call, access, and the registers around it. */
  readonly difference: string;
}

/**
 * The first access that is not as recorded, for each generation of which an arc has changed.
 *
 * @param names of the metrics that differ
 */
export async function arcDifferences(
  names: readonly string[],
  signal: AbortSignal,
  verifier: Verifier = { generationsThatPass, verifyTrace },
): Promise<readonly ArcDifference[]> {
  const generations = new Set(names.flatMap((name) => /^arc\/([^/]+)\//.exec(name)?.[1] ?? []));
  const folder = defaultTracePath();
  const files = existsSync(folder) ? traceFiles(folder) : [];
  const found: ArcDifference[] = [];
  for (const generation of generations) {
    const own = files.filter((file) => file.endsWith(`.${generation}.json`));
    const { outcomes } = await verifyPaths(own, verifier, signal);
    const failed = outcomes.find((outcome) => outcome.kind === 'verified' && !outcome.passed);
    found.push({
      generation,
      traces: own.length,
      trace: failed === undefined ? null : failed.file.slice(join(folder, '/').length),
      difference: failed?.kind === 'verified' ? (failed.difference ?? '').trimEnd() : '',
    });
  }
  return found;
}
