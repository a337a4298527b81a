import { describe, expect, test } from 'vitest';

import { UserError } from '../../../sim/base/user-error.ts';
import { PAUSE_PARTS } from '../../../sim/base/pause-parts.ts';
import { longParameters, shortParameters } from '../../../sim/memory/parameters.ts';
import { blockerPhrase } from '../../../sim/memory/cause-words.ts';
import { checkMove, type MemoryInput, moveVm } from '../../../sim/memory/vm-move.ts';
import { type Changes, devices, MS, POINT, MEMORY_ONLY, S, vm } from './rig.ts';

const RATE = 8e9;
/** Nothing is left for the pause: what comes last are more zeros than a limit lets be left. */
const NO_TAIL: Partial<MemoryInput> = {
  bytes: 160e9,
  nonZeroShare: 0.1,
  layout: 'rising',
};

/** Four channels at rest: a packet of 512 KiB each, at the rate of the link. */
const FLUSH_NS = ((4 * 512 * 1024) / ((64e9 / 8) * (1 / POINT.lineShare))) * S;

function move(changes: Changes = {}): ReturnType<typeof moveVm> {
  return moveVm(vm(changes), MEMORY_ONLY);
}

describe('an idle guest', () => {
  test('sends its memory once; what is left for the pause is the limit less half a slice', () => {
    const result = move();
    expect(result.end).toBe('moved');
    expect(result.rounds).toHaveLength(1);
    expect(result.memoryBytes).toBe(16e9);
    // 300 ms of data may be left; QEMU checks 25 ms later on average.
    expect(result.criticalNs.memory).toBeCloseTo(275 * MS + FLUSH_NS, 3);
    expect(result.totalNs).toBeCloseTo((16e9 / RATE) * S + FLUSH_NS + 20_000, 0);
  });

  test.each([
    [0, 300],
    [1, 250],
  ])('within the slice, the phase %d leaves %d ms', (windowPhase, leftMs) => {
    const { criticalNs } = move({ convergence: { windowPhase } });
    expect(criticalNs.memory).toBeCloseTo(leftMs * MS + FLUSH_NS, 3);
  });

  test('whose memory ends with pages that were never used has next to no final iteration', () => {
    expect(move({ memory: NO_TAIL }).criticalNs.memory).toBeLessThan(FLUSH_NS + MS);
  });

  test('compressed memory leaves less for the pause, by the ratio', () => {
    const stream = { compression: 'deflate-hardware', compressionRatio: 2, channels: 8 } as const;
    const { criticalNs, rates } = move({ stream });
    expect(rates.memoryBytesPerSecond).toBeCloseTo(16e9, 0);
    expect(criticalNs.memory).toBeCloseTo(125 * MS + 2 * FLUSH_NS, 3);
  });
});

describe('a guest that writes', () => {
  /** As much as a working set of 4 GB takes. */
  const DMA = { bytesPerSecond: 200e9, setBytes: 4e9 };
  const writing = (gigabytesPerSecond: number): Partial<MemoryInput> => ({
    dirty: { kind: 'uniform', pagesPerSecond: (gigabytesPerSecond * 1e9) / 4096 },
  });

  test('converges below the rate of the stream, in iterations that shrink', () => {
    const result = move({ memory: writing(2) });
    expect(result.end).toBe('moved');
    expect(result.pauseNs).toBeLessThan(300 * MS + FLUSH_NS + 20_000);
    const sent = result.rounds.map(({ sentBytes }) => sentBytes);
    expect(sent.length).toBeGreaterThan(1);
    expect(sent.slice(1).every((bytes, i) => bytes < sent[i]!)).toBe(true);
    expect(result.memoryBytes).toBeGreaterThan(16e9);
  });

  test('never comes to an end above it', () => {
    expect(move({ memory: writing(200) })).toMatchObject({ end: 'endless', pauseNs: 0, reportedNs: 0 });
  });

  test('is stopped anyway when time is out and the user wants that; the pause shows it', () => {
    const result = move({ memory: writing(200), convergence: { timeoutNs: 60 * S, whenOut: 'stop' } });
    expect(result).toMatchObject({ end: 'forced' });
    expect(result.stoppedAtNs).toBe(60 * S);
    expect(result.cause).toMatchObject({ reason: 'timeout', blocker: 'guest writes', timeoutNs: 60 * S });
    expect(result.pauseNs).toBeGreaterThan(300 * MS);
  });

  test.each([
    ['the guest', writing(200).dirty!, undefined, 'guest', /^the guest dirties/],
    ['devices', { kind: 'none' }, DMA, 'devices', /^its devices write/],
    ['devices, and the guest at no rate', writing(0).dirty!, DMA, 'devices', /^its devices write/],
    ['both', writing(200).dirty!, DMA, 'both', /^the guest and its devices write/],
  ] as const)('what is said of who writes: %s', (_, dirty, dma, writers, words) => {
    const memory = { dirty, ...(dma === undefined ? {} : { dma }) };
    const { cause } = move({ memory, convergence: { timeoutNs: 60 * S } });
    expect(cause).toMatchObject({ blocker: 'guest writes', writers });
    expect(blockerPhrase(cause)).toMatch(words);
  });

  test('of memory that nothing tracks, that each sync reports all of it', () => {
    const { cause } = move({ memory: { ...writing(1), allDirty: 'eachSync' }, convergence: { timeoutNs: 60 * S } });
    expect(cause).toMatchObject({ blocker: 'guest writes', writers: 'untracked' });
    expect(blockerPhrase(cause)).toMatch(/^each dirty-bitmap sync reports all memory, /);
  });

  test('is cancelled when time is out otherwise', () => {
    const result = move({ memory: writing(200), convergence: { timeoutNs: 60 * S } });
    expect(result.end).toBe('cancelled');
    expect(result.totalNs).toBe(60 * S);
  });

  test('a limit that rises lets it go at last', () => {
    const limitSteps = [1, 2, 3, 4].map((i) => ({ afterNs: i * 100 * S, limitNs: i * 600 * MS }));
    const result = move({ memory: writing(200), convergence: { limitSteps, timeoutNs: 1000 * S } });
    expect(result.end).toBe('moved');
    // 16 GB at 8 GB/s take 2 s: only the last step, 2.4 s, lets all of it go.
    expect(result.stoppedAtNs).toBeGreaterThanOrEqual(400 * S);
  });

  test('throttled, it comes to rest', () => {
    const result = move({ memory: writing(12), convergence: { autoConverge: true } });
    expect(result.end).toBe('moved');
    expect(result.speed).toBeLessThan(1);
  });

  test('a hot set smaller than the limit allows goes in the pause', () => {
    const dirty = { kind: 'hotSet', hotBytes: 1e9, hotPagesPerSecond: 1e7, coldPagesPerSecond: 0 } as const;
    const result = move({ memory: { dirty } });
    expect(result.end).toBe('moved');
    expect(result.pauseNs).toBeGreaterThan(100 * MS);
    expect(result.pauseNs).toBeLessThan(300 * MS + FLUSH_NS + 20_000);
  });

  test('a hot set larger than that keeps it from stopping', () => {
    const dirty = { kind: 'hotSet', hotBytes: 4e9, hotPagesPerSecond: 1e8, coldPagesPerSecond: 0 } as const;
    expect(move({ memory: { dirty } }).end).toBe('endless');
  });
});

describe('devices', () => {
  test('one after another take the sum', () => {
    const { criticalNs } = move({ devices: devices(4) });
    expect(criticalNs.deviceState).toBeCloseTo(4 * (50 + 1000) * MS, 3);
  });

  test('side by side take as long as what they share, in parallel with the final iteration', () => {
    const { criticalNs, busyNs } = move({ devices: devices(4), parallelDevices: true });
    // 400 MB at 200 MB/s, 50 ms before it; 400 MB less of memory may be left, which take 50 ms.
    const stateNs = (50 + 2000) * MS;
    expect(criticalNs.memory).toBeCloseTo(225 * MS + FLUSH_NS, 3);
    expect(criticalNs.memory + criticalNs.deviceState).toBeCloseTo(stateNs, 3);
    expect(busyNs.deviceState).toBeCloseTo(4 * stateNs, 3);
  });

  test('what loads under the big lock comes one after another', () => {
    const none = move({ devices: devices(4), parallelDevices: true, memory: NO_TAIL });
    const locked = move({
      devices: devices(4, { lockedNs: 10 * MS }),
      parallelDevices: true,
      memory: NO_TAIL,
    });
    expect(locked.pauseNs - none.pauseNs).toBeCloseTo(40 * MS, 3);
  });

  test('state that is more than the limit lets go keeps QEMU from ever stopping', () => {
    expect(move({ devices: devices(1, { stateBytes: 2.5e9 }) }).end).toBe('endless');
    expect(move({ devices: devices(1, { stateBytes: 2.3e9 }) }).end).toBe('moved');
  });

  test('state that never fits is the recorded cause, also where the VM is stopped by force', () => {
    const convergence = { timeoutNs: 300 * S, whenOut: 'stop' } as const;
    const dirty = { kind: 'uniform', pagesPerSecond: 100, workingSetBytes: 64e6 } as const;
    const result = move({ devices: devices(1, { stateBytes: 8e9 }), convergence, memory: { dirty } });
    expect(result).toMatchObject({ end: 'forced', stoppedAtNs: 300 * S });
    expect(result.cause).toMatchObject({ reason: 'timeout', blocker: 'device state', deviceBytes: 8e9 });
    // 300 ms at 8 GB/s.
    expect(result.cause.fitsBytes).toBeCloseTo(2.4e9, 0);
    expect(result.totalNs).toBe(300 * S + result.pauseNs);
  });

  test('room at the destination is made in the pause, or before it when it is waited for', () => {
    const figures = { allocateNsPerByte: 5, preCopiedShare: 1 };
    const late = move({ devices: devices(1, figures) });
    const early = move({ devices: devices(1, figures), switchoverAck: true });
    expect(late.pauseNs - early.pauseNs).toBeCloseTo(500 * MS, 3);
  });

  test('what is sent ahead helps a device that needs the answer only when it is waited for', () => {
    const figures = { preCopiedShare: 1, preCopyNeedsAck: true };
    const late = move({ devices: devices(1, figures), memory: NO_TAIL });
    const early = move({ devices: devices(1, figures), memory: NO_TAIL, switchoverAck: true });
    expect(late.pauseNs - early.pauseNs).toBeCloseTo(1000 * MS, 3);
  });

  test('known steps come in their places', () => {
    const step = { stopNs: 1 * MS, saveNs: 2 * MS, loadNs: 3 * MS, startNs: 4 * MS };
    const [group] = devices(2, { stateBytes: 176 });
    const { criticalNs } = move({ devices: [{ ...group!, steps: [step, step] }] });
    expect(criticalNs.deviceStop).toBe(2 * MS);
    expect(criticalNs.deviceState).toBeCloseTo(4 * MS + (2 * 176 * S) / 100e6, 3);
    expect(criticalNs.deviceLoad).toBe(6 * MS);
    expect(criticalNs.deviceStart).toBe(8 * MS);
  });
});

describe('what is reported', () => {
  test('ends with the last bytes sent when there is no return path, and with the answer when there is', () => {
    const rest = { vcpuStartNs: 30 * MS };
    const without = move({ ...rest, returnPath: false });
    expect(without.pauseNs - without.reportedNs).toBeCloseTo(30 * MS + 20_000, 3);
    const withPath = move(rest);
    expect(withPath.reportedNs - withPath.pauseNs).toBeCloseTo(20_000, 3);
  });

  test('parts add up to the pause, and busy times are at least as long', () => {
    const result = move({ devices: devices(3), parallelDevices: true, vcpuStopNs: 1 * MS });
    const sum = PAUSE_PARTS.reduce((total, part) => total + result.criticalNs[part], 0);
    expect(sum).toBeCloseTo(result.pauseNs, 2);
    for (const part of PAUSE_PARTS) expect(result.busyNs[part]).toBeGreaterThanOrEqual(result.criticalNs[part]);
  });

  test('parameters that make a pause short make it no longer than those that make it long', () => {
    // A final iteration fills the limit whatever the rate, so it is left out.
    const input = vm({ devices: devices(2), memory: NO_TAIL });
    const [low, point, high] = [shortParameters(), POINT, longParameters()].map((p) => moveVm(input, p).pauseNs);
    expect(low).toBeLessThan(point!);
    expect(point).toBeLessThan(high!);
  });
});

describe('Cloud Hypervisor', () => {
  const vmm = 'cloud-hypervisor';
  const inVmm = { stream: { vmm, channels: 8, multifd: false }, convergence: { vmm, manager: 'vmm' } } as const;

  test('sends whole iterations and stops when the next would fit', () => {
    const dirty = { kind: 'uniform', pagesPerSecond: 1e9 / 4096 } as const;
    const result = move({ ...inVmm, memory: { dirty } });
    expect(result.end).toBe('moved');
    // 2 s dirty about 1.9 GB, less than the 2.4 GB of the goal.
    expect(result.rounds).toHaveLength(1);
    const left = -Math.expm1(-2e9 / 16e9) * 16e9;
    expect(result.criticalNs.memory).toBeCloseTo((left / RATE) * S, 0);
  });

  test('ends pre-copy after its last iteration, however much is left', () => {
    const dirty = { kind: 'uniform', pagesPerSecond: 1e12 / 4096 } as const;
    const result = move({
      ...inVmm,
      memory: { dirty },
      convergence: { vmm, manager: 'vmm', roundsMax: 6, whenOut: 'stop' },
    });
    expect(result).toMatchObject({ end: 'forced' });
    expect(result.rounds).toHaveLength(6);
    expect(result.criticalNs.memory).toBeCloseTo(2 * S, -3);
  });
});

describe('refused', () => {
  test.each<[string, Changes, RegExp]>([
    ['no bandwidth', { stream: { gigabitsPerSecond: 0 } }, /0 Gbit\/s/],
    ['no channel', { stream: { channels: 0 } }, /0 channels/],
    ['too many channels', { stream: { channels: 129 } }, /129 channels/],
    ['no memory', { memory: { bytes: 0 } }, /0 bytes of memory/],
    ['more than all of the memory in use', { memory: { nonZeroShare: 1.1 } }, /nonZeroShare/],
    ['no share of the link', { stream: { lineShare: 0 } }, /share of the link/],
    ['half a vCPU', { vcpus: 0.5 }, /0.5 vCPUs/],
  ])('%s', (_, changes, message) => {
    expect(() => checkMove(vm(changes))).toThrow(message);
  });

  test('a hot set larger than the memory', () => {
    const dirty = { kind: 'hotSet', hotBytes: 17e9, hotPagesPerSecond: 1, coldPagesPerSecond: 1 } as const;
    expect(() => move({ memory: { dirty } })).toThrow(UserError);
  });
});
