import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { UserError } from '../../../sim/base/user-error.ts';
import { CompletionChecker } from '../../../sim/workload/checker.ts';
import { Guest } from '../../../sim/workload/guest.ts';
import { QueueLayout } from '../../../sim/workload/layout.ts';
import { type GuestLedger, readLedger } from '../../../sim/workload/ledger.ts';
import { GuestMemory } from '../../../sim/device/guest-memory.ts';

const DMA_BASE = 0x10_0000;
const layout = new QueueLayout({
  kind: 'zip',
  queuePairs: 3,
  dmaBase: DMA_BASE,
  depths: { sq: 8, cq: 8, eq: 16, aeq: 4 },
});
const LOAD = { kind: 'closed', inFlightPerQueue: 2 } as const;

function guestOf(): Guest {
  return new Guest({
    memory: new GuestMemory(new ArrayBuffer(layout.totalBytes), DMA_BASE),
    layout,
    bus: { read32: () => 0, write32() {}, write64() {}, mailbox: () => true },
    checker: new CompletionChecker(3, layout.depths.sq),
  });
}

/** Ledger of a guest that has tasks in flight. */
function busyLedger(): GuestLedger {
  const guest = guestOf();
  guest.start();
  for (const queue of [0, 0, 0, 1, 2, 2]) guest.submit(queue);
  guest.submit(9 % 3);
  return guest.ledger(LOAD);
}

test('a guest that takes a ledger over knows what the other one knew', () => {
  const ledger = busyLedger();
  const guest = guestOf();
  guest.takeOver(readLedger(structuredClone(ledger), layout));
  expect(guest.ledger(LOAD)).toEqual(ledger);
  expect([guest.totalAccepted(), guest.totalCompleted()]).toEqual([7, 0]);
  expect([...guest.outstanding]).toEqual([4, 1, 2]);
  expect(guest.submit(1)).toBe(true);
  expect(guest.finish(true)).toMatchObject({ ok: false, accepted: 8, lostTasks: 8 });
});

test('findings of the checker go along', () => {
  const checker = new CompletionChecker(3, 8);
  for (let task = 0; task < 4; task++) checker.accepted(0);
  checker.completed(0, 2, 2);
  checker.completed(0, 2, 2);
  const other = new CompletionChecker(3, 8);
  other.takeOver([4, 0, 0], structuredClone(checker.ledger()));
  expect(other.finish([4, 0, 0])).toEqual(checker.finish([4, 0, 0]));
  expect(other.finish([4, 0, 0])).toMatchObject({ ok: false, lostTasks: 3 });
});

type Change = (ledger: GuestLedger) => void;

describe('a ledger is refused', () => {
  test.each([
    ['of a VF with other queues', (l) => l.guest.accepted.push(0), 'accepted has 4 entries, this VF has 3 queue pairs'],
    ['with a tail outside the ring', (l) => (l.guest.sqTail[1] = 8), 'sqTail[1] is 8, allowed is 0 to 7'],
    ['with a head outside the ring', (l) => (l.guest.cqHead[2] = 99), 'cqHead[2] is 99, allowed is 0 to 7'],
    ['with an event queue that is shorter', (l) => (l.guest.eqHead = 16), 'eqHead is 16, allowed is 0 to 15'],
    ['with more in flight than a ring holds', (l) => (l.guest.inFlight = 8), 'inFlight is 8, allowed is 0 to 7'],
    ['whose tail is not where its tasks end', (l) => (l.guest.sqTail[0] = 1), 'sqTail[0] is 1 after 4 tasks'],
    [
      'with tasks that completed and were never accepted',
      (l) => (l.guest.completed[1] = 5),
      'queue 1 has -4 tasks in flight',
    ],
    ['with a checker that is ahead of the guest', (l) => (l.checker.next[2] = 3), 'next[2] is 3 of 2 tasks'],
    [
      'with a load that the rings do not carry',
      (l) => (l.load = { kind: 'closed', inFlightPerQueue: 8 }),
      'inFlightPerQueue is 8',
    ],
  ] as [string, Change, string][])('%s', (_, change, says) => {
    const ledger = structuredClone(busyLedger());
    change(ledger);
    expect(() => readLedger(ledger, layout)).toThrow(UserError);
    expect(() => readLedger(ledger, layout)).toThrow(says);
  });

  test('when it is anything else', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(() => readLedger(value, layout)).toThrow(UserError);
      }),
    );
  });
});
