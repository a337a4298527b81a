/**
 * The hand-over of a frame alone: one thread says that it is complete, another has waited for that and answers; against two
 * threads that pass a word back and forth. All of them sleep while they wait: whoever waits for a frame has long stopped
 * spinning when it comes.
 */
import { HANDOVER } from '../../workers/handover.ts';
import { publish, waitingOf, waitWhileValue } from '../../workers/waiting.ts';
import { WorkerLost } from '../../workers/worker-lost.ts';
import type { WorldInit } from '../../workers/world-init.ts';
import { allocationOf } from '../allocation.ts';
import { BarePingPong, timeInTurn } from './ping-pong.ts';
import type { StageMeasurement } from './stage-measure.ts';

export interface HandoverTask {
  readonly world: WorldInit;
  readonly batches: number;
}

/** `ready` has this when no more will come. */
export const HANDOVERS_OVER = -1;
const CALLS = 200;

/** The restoring side: answers each frame until told that there are no more. */
export function answerHandovers(world: WorldInit): void {
  const words = new Int32Array(world.slots[0]!.handover);
  for (let taken = 0; ;) {
    const ready = waitWhileValue(words, HANDOVER.ready, taken, world.limitMs, 0);
    if (ready === null) throw new WorkerLost('source', 'being asked for the image');
    if (ready === HANDOVERS_OVER) return;
    taken = ready;
    publish(words, HANDOVER.verdict, taken);
  }
}

/** The saving side, with {@link answerHandovers} on another thread. */
export async function measureHandover({ world, batches }: HandoverTask): Promise<StageMeasurement> {
  const words = new Int32Array(world.slots[0]!.handover);
  let sent = 0;
  const handOver = (): number => {
    sent += 1;
    publish(words, HANDOVER.ready, sent);
    const verdict = waitWhileValue(words, HANDOVER.verdict, sent - 1, world.limitMs, 0);
    if (verdict === null) throw new WorkerLost('destination', 'being sent the image');
    return verdict;
  };
  const bare = await BarePingPong.start(waitingOf('wait'));
  try {
    const [ns, floorNs] = await timeInTurn([{ roundTrip: () => void handOver() }, bare], batches, 1);
    return {
      stage: 'hand-over and answer',
      floor: 'ping-pong of two threads that sleep',
      ns: ns!,
      floorNs: floorNs!,
      bytes: 0,
      copies: 0,
      allocation: allocationOf(handOver, CALLS),
      waits: null,
    };
  } finally {
    await bare.end();
  }
}
