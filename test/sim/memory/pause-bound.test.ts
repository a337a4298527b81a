import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { DeviceFigures } from '../../../sim/memory/device-profile.ts';
import { hasMoved } from '../../../sim/memory/outcome.ts';
import { boundedMove } from '../../../sim/memory/pause-bound.ts';
import { moveVm, type VmMoveInput } from '../../../sim/memory/vm-move.ts';
import { Unknowns } from '../../../sim/scenario/unknowns.ts';
import { GIB } from '../../../sim/base/units.ts';
import { effort } from '../../effort.ts';
import { moveInput } from '../fleet/fixture.ts';

const FIGURES: DeviceFigures = {
  stateBytes: 0,
  preCopiedShare: 0,
  preCopyNeedsAck: false,
  setupNsPerGib: 1e5,
  stopNsPerGib: 1e5,
  stopNsPerQueue: 1e4,
  startNsPerGib: 1e5,
  startNsPerQueue: 1e4,
  queuesAtOnce: 2,
  setupNs: 1e6,
  stopNs: 1e6,
  fixedNs: 2e6,
  startNs: 1e6,
  trackingNsPerGib: 1e5,
  perQueueNs: 1e5,
  loadNsPerByte: 1,
  streamBytesPerSecond: 5e8,
  sharedBytesPerSecond: 4e9,
  allocateNsPerByte: 0.1,
  lockedNs: 1e6,
};

const unknowns = new Unknowns(77, 200);

/** A move with parameters of a draw. */
interface Drawn {
  readonly input: VmMoveInput;
  readonly draw: number;
}

const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    vmm: fc.constantFrom('qemu' as const, 'cloud-hypervisor' as const),
    gib: fc.integer({ min: 1, max: 64 }),
    nonZeroShare: fc.constantFrom(1, 0.9, 0.5, 0.2),
    layout: fc.constantFrom('data' as const, 'rising' as const, 'zeros' as const),
    gigabitsPerSecond: fc.constantFrom(1, 5, 10, 25, 40, 100, 200),
    channels: fc.constantFrom(1, 2, 4, 8),
    cap: fc.constantFrom(Infinity, Infinity, 2e8, 1e9),
    preallocated: fc.boolean(),
    compression: fc.constantFrom(null, null, 'zstd' as const),
    limitNs: fc.constantFrom(30e6, 100e6, 300e6, 1e9),
    pagesPerSecond: fc.constantFrom(0, 100, 5000, 50_000, 200_000, 600_000),
    setShare: fc.constantFrom(0.01, 0.1, 0.5, 1),
    count: fc.integer({ min: 0, max: 4 }),
    stateBytes: fc.constantFrom(0, 1e4, 5e6, 50e6),
    parallelDevices: fc.boolean(),
    steps: fc.boolean(),
    stops: fc.boolean(),
    draw: fc.integer({ min: 0, max: unknowns.count - 1 }),
  })
  .map(({ draw, ...of }) => {
    const base = moveInput({ gib: of.gib, vmm: of.vmm, timeoutS: 600, whenOut: of.stops ? 'stop' : 'cancel' });
    const isQemu = of.vmm === 'qemu';
    const inUse = of.gib * GIB * of.nonZeroShare;
    const input: VmMoveInput = {
      ...base,
      memory: {
        ...base.memory,
        nonZeroShare: of.nonZeroShare,
        layout: of.layout === 'zeros' ? 'rising' : of.layout,
        dirty: { kind: 'uniform', pagesPerSecond: of.pagesPerSecond, workingSetBytes: inUse * of.setShare },
      },
      stream: {
        ...base.stream,
        gigabitsPerSecond: of.gigabitsPerSecond,
        channels: of.channels,
        preallocated: of.preallocated,
        compression: isQemu ? of.compression : null,
        maxBytesPerSecond: isQemu ? of.cap : Infinity,
      },
      convergence: {
        ...base.convergence,
        downtimeLimitNs: of.limitNs,
        limitSteps: isQemu && of.steps ? [{ afterNs: 20e9, limitNs: 2 * of.limitNs }] : [],
      },
      devices: [{ name: 'vf', count: of.count, queues: 4, figures: { ...FIGURES, stateBytes: of.stateBytes } }],
      parallelDevices: isQemu && of.parallelDevices,
    };
    return { input, draw };
  });

const RUNS = { numRuns: effort(500, 1000, 100_000), seed: 21 };

function boundOf({ input, draw }: Drawn): number {
  return boundedMove(input, unknowns.parameters(draw)).pauseNs;
}

function withRate({ input, draw }: Drawn, gigabitsPerSecond: number): Drawn {
  return { draw, input: { ...input, stream: { ...input.stream, gigabitsPerSecond } } };
}

function withWrites({ input, draw }: Drawn, factor: number): Drawn {
  const { dirty } = input.memory;
  if (dirty.kind !== 'uniform') throw new Error(dirty.kind);
  const faster = { ...dirty, pagesPerSecond: dirty.pagesPerSecond * factor };
  return { draw, input: { ...input, memory: { ...input.memory, dirty: faster } } };
}

describe('the bound of a pause', () => {
  test('holds at every phase of the window', () => {
    fc.assert(
      fc.property(drawn, fc.double({ min: 0, max: 1, noNaN: true }), (each, windowPhase) => {
        const { input, draw } = each;
        const bound = boundOf(each);
        if (bound === Infinity) return;
        const at = { ...input, convergence: { ...input.convergence, windowPhase } };
        const { end, pauseNs } = moveVm(at, unknowns.parameters(draw));
        expect(hasMoved(end)).toBe(true);
        expect(pauseNs).toBeLessThanOrEqual(bound * (1 + 1e-9));
      }),
      RUNS,
    );
  });

  test('does not rise with the line rate', () => {
    fc.assert(
      fc.property(drawn, fc.double({ min: 1.01, max: 4, noNaN: true }), (each, factor) => {
        const { gigabitsPerSecond } = each.input.stream;
        const faster = boundOf(withRate(each, gigabitsPerSecond * factor));
        expect(faster).toBeLessThanOrEqual(boundOf(each) * (1 + 1e-9));
      }),
      RUNS,
    );
  });

  test('does not fall with what the guest writes', () => {
    fc.assert(
      fc.property(drawn, fc.double({ min: 1.01, max: 4, noNaN: true }), (each, factor) => {
        expect(boundOf(withWrites(each, factor))).toBeGreaterThanOrEqual(boundOf(each) * (1 - 1e-9));
      }),
      RUNS,
    );
  });
});
