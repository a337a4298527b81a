/**
 * What to measure next: of some moves that a user could make on the same machines, those after which the downtime and the total
 * of a standard move are known best.
 *
 * Near the result of a fit the model is linear in the logarithms, so that what a move would add does not depend on what it would
 * show.
 */
import type { MoveExperiment } from '../../../sim/memory/experiment.ts';
import type { Covariance } from './covariance.ts';
import { type PlatformFit, witnessesOf } from './platform-fit.ts';
import { END_OF_80 } from './unknowns.ts';

/** Factors in which downtime and total of the standard move lie in 80 of 100 cases, with all else known. */
interface Reach {
  readonly downtime: number;
  readonly total: number;
}

export interface NextMoves {
  /** The standard move in words. */
  readonly standard: string;
  readonly known: Reach;
  /** The best first. */
  readonly moves: readonly { readonly change: string; readonly known: Reach }[];
}

const FIGURES = ['downtimeMs', 'totalMs'] as const;

/** Moves that differ from the standard one in a field or two. */
interface Candidate {
  readonly change: string;
  readonly experiment: MoveExperiment;
}

/** An idle VM of the kind that was measured, moved as QEMU does by default on these machines. */
export function standardMove(measured: MoveExperiment): MoveExperiment {
  const { layout: _layout, capGigabytesPerSecond: _cap, roundsMax: _rounds, profile: _profile, ...rest } = measured;
  const { rewrittenMib: _rewritten, round: _round, ...same } = rest;
  const idle = { dirtyShareOfStream: 0, nonZeroShare: 1, lookedShare: 1, devices: 0, parallelDevices: false };
  return { ...same, ...idle, compression: 'none', downtimeLimitMs: 300, layout: 'rising' };
}

export function candidatesOf(standard: MoveExperiment): readonly Candidate[] {
  const { multifd, channels, memoryGib, vcpus } = standard;
  const list: [string, Partial<MoveExperiment>][] = [
    ['the same once more', {}],
    ...[1, 2, 4, 8, 16].map((count): [string, Partial<MoveExperiment>] => [
      `${count} multifd channel${count === 1 ? '' : 's'}`,
      { multifd: true, channels: count },
    ]),
    ['without multifd', { multifd: false, channels: 1 }],
    ['a downtime limit of 30 ms', { downtimeLimitMs: 30 }],
    ['a downtime limit of 1000 ms', { downtimeLimitMs: 1000 }],
    ['at most 128 MiB/s', { capGigabytesPerSecond: 0.134217728 }],
    [`an idle VM of ${4 * memoryGib} GiB`, { memoryGib: 4 * memoryGib }],
    ['half of the memory empty', { nonZeroShare: 1 / 2 }],
    ['a guest that writes half as fast as the link', { dirtyShareOfStream: 1 / 2 }],
    [`${4 * vcpus} vCPUs`, { vcpus: 4 * vcpus }],
  ];
  return list.flatMap(([change, fields]) => {
    const isSame = fields.channels !== undefined && fields.channels === channels && fields.multifd === multifd;
    return isSame ? [] : [{ change, experiment: { ...standard, ...fields } }];
  });
}

/**
 * Ranks the candidates.
 *
 * @param fit with the kinds of the standard move and of the candidates among its unknowns
 * @param now what is known of its unknowns
 */
export function nextMoves(fit: PlatformFit, now: Covariance, standard: MoveExperiment): NextMoves {
  const asked = witnessesOf(standard, fit, FIGURES);
  const reach = (covariance: Covariance): Reach => {
    const of = (name: (typeof FIGURES)[number]): number => {
      const witness = asked.find(({ figure }) => figure === name);
      return witness === undefined ? 1 : Math.exp(END_OF_80 * Math.sqrt(covariance.variance(witness.slopes)));
    };
    return { downtime: of('downtimeMs'), total: of('totalMs') };
  };
  const size = ({ downtime, total }: Reach): number => Math.log(downtime) ** 2 + Math.log(total) ** 2;
  const moves = candidatesOf(standard).map(({ change, experiment }) => {
    let covariance = now;
    for (const { slopes, error } of witnessesOf(experiment, fit, FIGURES)) covariance = covariance.after(slopes, error);
    return { change, known: reach(covariance) };
  });
  return {
    standard: wordsOf(standard),
    known: reach(now),
    moves: moves.toSorted((a, b) => size(a.known) - size(b.known)),
  };
}

function wordsOf({ memoryGib, vcpus, gigabitsPerSecond, multifd, channels }: MoveExperiment): string {
  const by = multifd ? `${channels} multifd channel${channels === 1 ? '' : 's'}` : 'the main thread';
  return `an idle, full VM of ${memoryGib} GiB and ${vcpus} vCPUs over ${gigabitsPerSecond} Gbit/s by ${by}`;
}
