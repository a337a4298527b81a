/**
 * Under which commit is recorded, and exact metrics of this build as a record.
 */
import { UserError } from '../../sim/base/user-error.ts';
import { commitOf, gitWord } from '../io/run-program.ts';
import { exactMetrics } from '../measure/metrics/exact.ts';
import {
  EVERY_MACHINE,
  groupMetrics,
  type HistoryRecord,
  type NamedValue,
  RECORD_VERSION,
} from '../documents/history/record.ts';
import type { Commit } from './result-record.ts';

/**
 * @param word of the command line; undefined: what is checked out here
 * @throws UserError when nobody says which commit it is
 */
export async function commitToRecord(word: string | undefined, signal: AbortSignal): Promise<Commit> {
  const here = process.cwd();
  const named = word ?? 'HEAD';
  const commit = await commitOf(named, here, signal);
  if (commit === null) {
    if (word !== undefined) return { commit: word, subject: '', dirty: false };
    throw new UserError('usage', 'there is no git commit here to record under', 'Name one with --commit.');
  }
  const subject = (await gitWord(['log', '-1', '--format=%s', commit], here, signal)) ?? '';
  const status =
    word === undefined ? await gitWord(['status', '--porcelain', '--untracked-files=no'], here, signal) : '';
  return { commit, subject, dirty: status !== '' };
}

/** Headlines among the exact metrics. All of them stand in the baseline, whose history the repository keeps. */
const HEADLINES =
  /^scenario\/[^/]+\/point\/(?:accesses|pauseNs|totalNs|wireBytes)$|^cell\/.*\/downtimeNs$|\/64\/stop-copy\/accesses$/;

export function exactRecord(commit: Commit, now: Date): HistoryRecord {
  const list = exactMetrics().flatMap(({ name, value }): readonly NamedValue[] =>
    typeof value === 'number' && HEADLINES.test(name) ? [{ name, kind: 'exact', unit: unitOf(name), value }] : [],
  );
  const about = 'exact: the same on every machine';
  return {
    v: RECORD_VERSION,
    time: now.toISOString(),
    ...commit,
    machine: EVERY_MACHINE,
    about,
    metrics: groupMetrics(list),
  };
}

function unitOf(name: string): string {
  if (name.endsWith('Ns')) return 'ns';
  return name.endsWith('Bytes') ? 'B' : 'accesses';
}
