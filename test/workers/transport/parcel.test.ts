import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { UserError } from '../../../sim/base/user-error.ts';
import { QueueLayout } from '../../../sim/workload/layout.ts';
import { packLedger, ParcelLayout, ParcelIterations } from '../../../workers/transport/parcel.ts';
import { stating } from '../../stating.ts';

const queues = new QueueLayout({ kind: 'zip', queuePairs: 1, dmaBase: 0 });
const layout = new ParcelLayout(queues);
const LEDGER = packLedger({
  load: { kind: 'idle' },
  guest: {
    accepted: [3],
    completed: [3],
    rejected: [0],
    sqTail: [3],
    cqHead: [3],
    cqPhase: [1],
    eqHead: 3,
    eqPhase: 1,
    inFlight: 0,
  },
  checker: { next: [3], overtaken: [], violations: [], violationCount: 0 },
});

test('a parcel has room for the frame, and after it for the ledger', () => {
  const parcel = new Uint8Array(layout.bytes);
  const seal = layout.seal(parcel, 640, LEDGER);
  const { frame, ledger } = layout.open(parcel, seal);
  expect(frame.length).toBe(640);
  expect(packLedger(ledger)).toEqual(LEDGER);
});

test('a parcel is refused when one bit of its ledger has flipped, or it says more than there is room for', () => {
  const parcel = new Uint8Array(layout.bytes);
  const seal = layout.seal(parcel, 640, LEDGER);
  fc.assert(
    fc.property(fc.nat(LEDGER.length * 8 - 1), (bit) => {
      const at = layout.frameBytes + (bit >> 3);
      parcel[at]! ^= 1 << (bit & 7);
      expect(() => layout.open(parcel, seal)).toThrow(stating('checksum', 'ledger'));
      parcel[at]! ^= 1 << (bit & 7);
    }),
  );
  const more = { ...seal, frameBytes: layout.frameBytes + 1 };
  expect(() => layout.open(parcel, more)).toThrow(/^parcel refused: a frame of \d+ bytes and a ledger of \d+ came/);
});

test('a ledger that has no room is the end of a move, not of the VM', () => {
  const parcel = new Uint8Array(layout.bytes);
  expect(() => layout.seal(parcel, 640, new Uint8Array(layout.ledgerBytes + 1))).toThrow(UserError);
});

describe('iterations', () => {
  const CHUNK = 16;
  const BYTES = 100;

  test('whatever changes in between, what was sent is what the last one is', () => {
    const change = fc.array(fc.tuple(fc.nat(BYTES - 1), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (iterations) => {
        const parcels = [new Uint8Array(BYTES), new Uint8Array(BYTES)] as const;
        const sender = new ParcelIterations(parcels, CHUNK);
        const memory = new Uint8Array(BYTES);
        const there = new Uint8Array(BYTES).fill(0xee);
        let sent = 0;
        for (const changes of iterations) {
          for (const [at, value] of changes) memory[at] = value;
          const parcel = parcels[sender.begin()]!;
          parcel.set(memory);
          for (const chunk of sender.changed([[0, BYTES]])) {
            there.set(parcel.subarray(chunk * CHUNK, (chunk + 1) * CHUNK), chunk * CHUNK);
            sent += 1;
          }
          expect(there).toEqual(memory);
        }
        expect(sent).toBeLessThanOrEqual(Math.ceil(BYTES / CHUNK) + iterations.flat().length);
      }),
    );
  });

  test('leave out what does not count, until it does', () => {
    const parcels = [new Uint8Array(BYTES), new Uint8Array(BYTES)] as const;
    const sender = new ParcelIterations(parcels, CHUNK);
    sender.begin();
    expect(sender.changed([[0, 33]])).toEqual([0, 1, 2]);
    sender.begin();
    expect(sender.changed([[0, 33]])).toEqual([]);
    sender.begin();
    expect(
      sender.changed([
        [0, 33],
        [64, 65],
      ]),
    ).toEqual([4]);
    sender.restart();
    sender.begin();
    expect(sender.changed([[0, 33]])).toEqual([0, 1, 2]);
  });
});
