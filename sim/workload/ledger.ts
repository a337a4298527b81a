/**
 * A guest's software state, as it travels to another process: what its VF driver and its client know of their tasks, and
 * what the checker has seen. The rings themselves are guest memory and travel with it.
 *
 * A ledger that was sent is checked, all of it, before it is taken over: one that cannot be would make a guest read and
 * write outside its rings, or hide a lost task.
 */
import { z } from 'zod';

import { parseMessage } from '../base/schema.ts';
import { UserError } from '../base/user-error.ts';
import type { QueueLayout } from './layout.ts';
import { checkLoad } from './load.ts';
import { VIOLATION_KINDS, VIOLATIONS_KEPT } from './violations.ts';
import { QUEUES_TOTAL } from '../abi/vft.ts';

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const phase = z.number().int().min(0).max(1);

/** A list that is wrong is one fault, however long it is: each entry of one that came from outside would be another. */
function listOf(entry: (value: unknown) => boolean, allowed: string): z.ZodCustom<number[]> {
  return z.custom<number[]>((value) => Array.isArray(value) && value.every(entry), `allowed is a list of ${allowed}`);
}

const counts = listOf((value) => Number.isSafeInteger(value) && (value as number) >= 0, 'counts');
const phases = listOf((value) => value === 0 || value === 1, 'zeros and ones');

/** So many at most, before any of them is checked. */
function atMost(entries: number): z.ZodCustom<unknown[]> {
  return z.custom<unknown[]>(
    (value) => Array.isArray(value) && value.length <= entries,
    `allowed is a list of at most ${entries} entries`,
  );
}

const violation = z.strictObject({
  kind: z.enum(VIOLATION_KINDS),
  queue: count,
  task: count,
  expected: count,
  seen: z.number().int(),
});

/** What the client asks of the queues goes with the VM. Bursts are of virtual time only. */
const load = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('idle') }),
  z.strictObject({ kind: z.literal('closed'), inFlightPerQueue: count }),
  z.strictObject({ kind: z.literal('open'), fractionOfCapacity: z.number() }),
]);

const ledgerSchema = z.strictObject({
  load,
  guest: z.strictObject({
    /** Per queue: tasks taken on, seen complete, refused. */
    accepted: counts,
    completed: counts,
    rejected: counts,
    /** Per queue: entry of the SQ that the next task goes to, of the CQ that the next completion comes to, its phase. */
    sqTail: counts,
    cqHead: counts,
    cqPhase: phases,
    eqHead: count,
    eqPhase: phase,
    /** Tasks that the closed loop keeps in each queue; 0: there is no closed loop. */
    inFlight: count,
  }),
  checker: z.strictObject({
    /** Per queue: number of the next task in order. */
    next: counts,
    /** Queues with tasks that a later one has overtaken. */
    overtaken: atMost(QUEUES_TOTAL).pipe(z.array(z.tuple([count, counts]))),
    violations: atMost(VIOLATIONS_KEPT).pipe(z.array(violation)),
    violationCount: count,
  }),
});

export type GuestLedger = z.output<typeof ledgerSchema>;

/**
 * Checks a ledger that was sent.
 *
 * @param layout of the VM that is to take it over
 * @throws UserError of kind `input` naming what does not fit
 */
export function readLedger(document: unknown, layout: QueueLayout): GuestLedger {
  const ledger = parseMessage(ledgerSchema, document, 'client ledger refused');
  const { guest, checker } = ledger;
  const { queuePairs, depths } = layout;
  checkLoad(ledger.load, depths.sq);
  for (const [name, list] of Object.entries({ ...guest, next: checker.next })) {
    if (Array.isArray(list) && list.length !== queuePairs) {
      refuse(`${name} has ${list.length} entries, this VF has ${queuePairs} queue pairs`);
    }
  }
  below('eqHead', guest.eqHead, depths.eq);
  below('inFlight', guest.inFlight, depths.sq);
  for (let queue = 0; queue < queuePairs; queue++) {
    below(`sqTail[${queue}]`, guest.sqTail[queue]!, depths.sq);
    below(`cqHead[${queue}]`, guest.cqHead[queue]!, depths.cq);
    const accepted = guest.accepted[queue]!;
    const outstanding = accepted - guest.completed[queue]!;
    if (checker.violationCount === 0 && (outstanding < 0 || outstanding >= depths.sq)) {
      refuse(`queue ${queue} has ${outstanding} tasks in flight, allowed is 0 to ${depths.sq - 1}`);
    }
    if (guest.sqTail[queue] !== accepted % depths.sq) {
      refuse(`sqTail[${queue}] is ${guest.sqTail[queue]} after ${accepted} tasks`);
    }
    if (checker.next[queue]! > accepted) refuse(`next[${queue}] is ${checker.next[queue]} of ${accepted} tasks`);
  }
  for (const [queue] of checker.overtaken) below('overtaken queue', queue, queuePairs);
  return ledger;
}

function below(name: string, value: number, end: number): void {
  if (value >= end) refuse(`${name} is ${value}, allowed is 0 to ${end - 1}`);
}

function refuse(message: string): never {
  throw new UserError('input', `client ledger refused: ${message}`, 'the source keeps its VM: send it again');
}
