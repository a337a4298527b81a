/**
 * The handover of a frame alone: one thread says that it is complete, another has waited for that and answers; against a bare
 * word that the two pass back and forth. They sleep while they wait: a thread that waits for a frame has long stopped spinning when
 * it comes.
 */
import { answerEcho } from '../../../workers/lane/echo.ts';
import { HANDOVER } from '../../../workers/lane/handover-words.ts';
import { echoWords } from '../../../workers/lane/shared-map.ts';
import { publish, waitingOf, waitWhileValue } from '../../../workers/lane/waiting.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import type { WorldInit } from '../../../workers/lane/world-init.ts';
import { allocationOf } from '../allocation.ts';
import { SamePairPingPong, timeInTurn } from './ping-pong.ts';
import type { StageMeasurement } from './stage.ts';

export interface HandoverTask {
  readonly world: WorldInit;
  readonly batches: number;
}

/** `ready` has this when no more will come. */
export const HANDOVERS_OVER = -1;
/** … and this when bare words are to be exchanged for some time. */
const PING_PONG = -2;
const CALLS = 200;

/** The restoring side: answers each frame until there are no more. */
export function answerHandovers(world: WorldInit): void {
  const words = new Int32Array(world.slots[0]!.handover);
  for (let taken = 0; ;) {
    const ready = waitWhileValue(words, HANDOVER.ready, taken, world.limitMs, 0);
    if (ready === null) throw new WorkerLost('source', 'being asked for the image');
    if (ready === HANDOVERS_OVER) return;
    if (ready === PING_PONG) {
      answerEcho(echoWords(world.map));
      taken = PING_PONG;
      publish(words, HANDOVER.verdict, PING_PONG);
      continue;
    }
    taken = ready;
    publish(words, HANDOVER.verdict, taken);
  }
}

/** The saving side, with {@link answerHandovers} on another thread. */
export async function measureHandover({ world, batches }: HandoverTask): Promise<StageMeasurement> {
  const words = new Int32Array(world.slots[0]!.handover);
  let sent = 0;
  const answered = (before: number): number => {
    const verdict = waitWhileValue(words, HANDOVER.verdict, before, world.limitMs, 0);
    if (verdict === null) throw new WorkerLost('destination', 'being sent the image');
    return verdict;
  };
  const handOver = (): number => {
    sent += 1;
    publish(words, HANDOVER.ready, sent);
    return answered(sent - 1);
  };
  const bare = new SamePairPingPong(
    echoWords(world.map),
    waitingOf('wait'),
    () => publish(words, HANDOVER.ready, PING_PONG),
    () => {
      answered(sent);
      publish(words, HANDOVER.ready, sent);
      answered(PING_PONG);
    },
  );
  const [ns, floorNs] = await timeInTurn([{ roundTrip: () => void handOver() }, bare], batches, 1);
  return {
    stage: 'handover and answer',
    floor: 'ping-pong of the same two threads, which sleep',
    ns: ns!,
    floorNs: floorNs!,
    bytes: 0,
    copies: 0,
    allocation: allocationOf(handOver, CALLS),
    waits: null,
  };
}
