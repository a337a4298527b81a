/**
 * Time-outs, managers and endings over random moves: time used, causes, and polls that are jumped.
 */
import { describe, expect, test } from 'vitest';

import { effort } from '../../effort.ts';
import { Random } from '../../../sim/base/random.ts';
import { GIB, NS_PER_MS, NS_PER_S } from '../../../sim/base/units.ts';
import { evacuate } from '../../../sim/fleet/evacuation.ts';
import { FATE } from '../../../sim/fleet/evacuation-terms.ts';
import type { KubevirtGates } from '../../../sim/memory/convergence.ts';
import { ACT_REASONS, MANAGER_NAMES, type ManagerName, MANAGERS } from '../../../sim/memory/manager.ts';
import { BLOCKERS } from '../../../sim/memory/precopy-end.ts';
import { PrecopyEngine } from '../../../sim/memory/precopy-engine.ts';
import { ADVANCE, type PrecopyIteration } from '../../../sim/memory/precopy-slots.ts';
import { streamRates } from '../../../sim/memory/stream.ts';
import { moveKind, moveVm, type VmMoveInput } from '../../../sim/memory/vm-move.ts';
import { fleet, moveClass, P } from '../fleet/fixture.ts';
import { devices, vm } from './rig.ts';

const ENDINGS = ['moved', 'forced', 'cancelled'] as const;
/** Sums of times in doubles are off by less. */
const ROUNDING_NS = 10;

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random.uniform() * list.length)]!;
}

/** KubeVirt's feature gates, mostly off. */
function drawGates(random: Random): KubevirtGates | undefined {
  const which = pick(random, ['none', 'none', 'stall', 'stall', 'tuning']);
  if (which === 'none') return undefined;
  const maxDowntimeNs = pick(random, [200, 900, 3000]) * NS_PER_MS;
  return { stallDetection: which === 'stall', downtimeTuning: which === 'tuning', maxDowntimeNs };
}

/** A guest that writes all of a small set again and again, somewhat more of it than KubeVirt raises the limit for, or more. */
function stalling(input: VmMoveInput, { maxDowntimeNs }: KubevirtGates, random: Random): VmMoveInput {
  const carried = streamRates(input.stream, P).memoryBytesPerSecond;
  const fits = (carried * maxDowntimeNs) / NS_PER_S;
  const workingSetBytes = Math.min(input.memory.bytes, fits * pick(random, [1.2, 1.4, 4]));
  const timeoutNs = (input.memory.bytes / carried + 50 + 200 * random.uniform()) * NS_PER_S;
  return {
    ...input,
    memory: { ...input.memory, dirty: { kind: 'uniform', pagesPerSecond: (20 * carried) / 4096, workingSetBytes } },
    convergence: { ...input.convergence, timeoutNs, autoConverge: false, hasVfio: false },
    devices: [],
  };
}

/** A move in which each manager, ending and cause comes up often. */
function randomMove(random: Random, manager: ManagerName): VmMoveInput {
  const between = (low: number, high: number): number => low * (high / low) ** random.uniform();
  const vmm = manager === 'vmm' ? 'cloud-hypervisor' : 'qemu';
  const memoryGib = between(1, 32);
  const gigabitsPerSecond = between(0.5, 40);
  const copyS = (memoryGib * GIB * 8) / (gigabitsPerSecond * 1e9);
  const carried = (gigabitsPerSecond * 1e9) / 8;
  const workingSetBytes = memoryGib * GIB * between(0.01, 1);
  const pagesPerSecond = (carried / 4096) * pick(random, [0, 0.05, 0.3, 0.9, 1.5, 20]);
  const limitMs = between(50, 2000);
  const state = (carried * limitMs) / 1000;
  const stateBytes = pick(random, [0, 0, 0.3 * state, 0.8 * state, 3 * state]);
  const gates = manager === 'kubevirt' ? drawGates(random) : undefined;
  const many = vmm === 'cloud-hypervisor' && random.uniform() < 0.4;
  const input = vm({
    memory: {
      bytes: memoryGib * GIB,
      dirty: { kind: 'uniform', pagesPerSecond, workingSetBytes },
    },
    stream: { vmm, gigabitsPerSecond, multifd: vmm === 'qemu', channels: 8 },
    convergence: {
      vmm,
      manager,
      downtimeLimitNs: limitMs * NS_PER_MS,
      autoConverge: vmm === 'qemu' && random.uniform() < 0.2,
      timeoutNs: copyS * between(0.2, 30) * NS_PER_S,
      progressTimeoutNs: manager === 'kubevirt' ? pick(random, [0.3, 0.7, 150]) * NS_PER_S : Infinity,
      roundsMax: many ? 1 + Math.floor(6 * random.uniform()) : Infinity,
      whenOut: pick(random, ['cancel', 'stop']),
      hasVfio: stateBytes > 0,
      ...(gates === undefined ? {} : { gates }),
      windowPhase: random.uniform(),
      limitSteps:
        manager === 'nova'
          ? [1, 2, 3].map((i) => ({ afterNs: Math.floor(i * copyS) * NS_PER_S, limitNs: limitMs * i * NS_PER_MS }))
          : [],
    },
    devices: stateBytes === 0 ? [] : devices(1, { stateBytes, streamBytesPerSecond: carried, fixedNs: 0 }),
  });
  if (gates?.stallDetection === true && random.uniform() < 0.6) return stalling(input, gates, random);
  if (random.uniform() > 0.1) return input;
  // A time-out within the pause.
  const { gates: _, ...ungated } = input.convergence;
  const free = { ...ungated, timeoutNs: 1e6 * NS_PER_S, progressTimeoutNs: Infinity, roundsMax: Infinity };
  const alone = moveVm({ ...input, convergence: { ...free, manager: 'user' } }, P);
  if (alone.end !== 'moved') return input;
  const timeoutNs = alone.stoppedAtNs + random.uniform() * alone.pauseNs;
  return { ...input, convergence: { ...free, timeoutNs } };
}

/** The limit itself, with the time in which KubeVirt lets a move end that it has forced, or raised the limit of. */
function latestNs({ convergence: { manager, timeoutNs, whenOut, gates } }: VmMoveInput): number {
  if (manager !== 'kubevirt') return timeoutNs;
  const doubled = whenOut === 'stop' ? 2 * timeoutNs : timeoutNs;
  return gates?.stallDetection === true ? Math.max(doubled, timeoutNs + 60.4 * NS_PER_S) : doubled;
}

/** How much later than its limit a move may end. */
function allowedNs(input: VmMoveInput, { rounds }: ReturnType<typeof moveVm>): number {
  const { pollNs } = MANAGERS[input.convergence.manager];
  // Cloud Hypervisor: an iteration.
  return Number.isFinite(pollNs) ? pollNs : Math.max(0, ...rounds.map(({ lastsNs }) => lastsNs));
}

const TRIES = effort(200, 600, 10_000);

test(`${TRIES} random moves use no more than their time, and record why they ended`, () => {
  const random = new Random(20261130, 17);
  const counts = new Map<string, number>();
  const count = (kind: string, word: string): void => {
    counts.set(`${kind} ${word}`, (counts.get(`${kind} ${word}`) ?? 0) + 1);
  };
  const wrong: string[] = [];
  for (let i = 0; i < TRIES; i++) {
    const manager = MANAGER_NAMES[i % MANAGER_NAMES.length]!;
    const input = randomMove(random, manager);
    const result = moveVm(input, P);
    const { end, cause, totalNs, pauseNs, stoppedAtNs, rounds, memoryBytes } = result;
    count('manager', manager);
    count('end', end);
    count('reason', cause.reason);
    count('blocker', cause.blocker);
    const { timeoutNs, whenOut, gates } = input.convergence;
    const claim = (holds: boolean, what: string): void => {
      if (!holds) wrong.push(`${i} ${manager} ${end} ${cause.reason} ${cause.blocker}: ${what}`);
    };
    // A limit that is raised lets the VMM stop the VM when it decides the next time.
    const raisedNs = input.convergence.hasVfio || gates?.stallDetection === true ? latestNs(input) - timeoutNs : 0;
    const forcedNs = end === 'forced' ? pauseNs + (manager === 'kubevirt' ? raisedNs : 0) : 0;
    const isVmm = manager === 'vmm';
    // Cloud Hypervisor compares its time no more once an iteration has converged.
    // KubeVirt gives a move that it forces twice its time.
    const isCancelled = end === 'cancelled' && (cause.reason === 'timeout' || cause.reason === 'switchover');
    const ranOn = end === 'cancelled' && cause.reason === 'no progress';
    const limitNs = isCancelled ? cause.timeoutNs : ranOn ? latestNs(input) : timeoutNs;
    claim(limitNs <= latestNs(input), `a limit of ${limitNs} ns`);
    const lateNs = totalNs - limitNs - (isVmm ? pauseNs : forcedNs);
    claim(lateNs <= allowedNs(input, result) + ROUNDING_NS, `${lateNs} ns late`);
    claim(end !== 'endless', 'never ends');
    claim((cause.reason === 'none') === (end === 'moved'), 'a reason and an end that do not match');
    claim((cause.blocker === 'none') === (end === 'moved'), 'a blocker and an end that do not match');
    claim(end !== 'forced' || whenOut === 'stop', 'forced, and nobody forces');
    claim(end !== 'cancelled' || pauseNs === 0, 'a pause of a move that did not happen');
    claim(cause.reason !== 'timeout' || totalNs >= timeoutNs - ROUNDING_NS, 'given up before its time');
    claim(cause.blocker !== 'device state' || cause.deviceBytes > cause.fitsBytes, 'device state fits');
    claim(cause.blocker !== 'first pass' || rounds.length <= 1, 'a first pass after iterations');
    const sent = rounds.reduce((sum, { count: many, sentBytes }) => sum + many * sentBytes, 0);
    const late = Number.isNaN(stoppedAtNs) ? 0 : cause.leftBytes;
    claim(Math.abs(sent + late - memoryBytes) <= 1 + 1e-9 * memoryBytes, `${sent + late} of ${memoryBytes} bytes`);
  }
  expect(wrong).toEqual([]);
  const table = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([word, many]) => `${word}: ${many}`);
  console.log(table.join('\n'));
  const kinds = [
    ...MANAGER_NAMES.map((word) => `manager ${word}`),
    ...ENDINGS.map((word) => `end ${word}`),
    ...ACT_REASONS.map((word) => `reason ${word}`),
    ...BLOCKERS.map((word) => `blocker ${word}`),
  ];
  const least = TRIES >= 10_000 ? 200 : 1;
  expect(kinds.filter((kind) => (counts.get(kind) ?? 0) < least)).toEqual([]);
});

/** A move alone, with every event that it has. */
function playedAlone(input: VmMoveInput, everyPoll: boolean) {
  const { memoryBytesPerSecond, wireBytesPerSecond } = streamRates(input.stream, P);
  const rows: PrecopyIteration[] = [];
  const recorder = { iterations: (_slot: number, row: PrecopyIteration) => void rows.push(row) };
  const engine = new PrecopyEngine([moveKind(input, P)], 1, { everyPoll, recorder });
  engine.begin(0, 0, 0);
  engine.changeRate(0, memoryBytesPerSecond, wireBytesPerSecond, 0);
  let events = 0;
  let nowNs = 0;
  for (let came: number = ADVANCE.running; came !== ADVANCE.ended; events++) {
    nowNs = engine.dueNs[0]!;
    came = engine.advance(0, nowNs);
    if (came === ADVANCE.stopped) engine.pause(0, 2 * NS_PER_S, nowNs);
  }
  const ended = { end: engine.endOf(0), reason: engine.reasonOf(0), blocker: engine.blockerOf(0), nowNs };
  return { events, rows, ...ended, leftBytes: engine.leftBytes[0], sentBytes: engine.sentBytes[0] };
}

describe('polls at which a manager can do nothing', () => {
  test('may be played or not: moves are equal to the last bit', () => {
    const random = new Random(20261130, 19);
    let more = 0;
    for (let i = 0; i < effort(40, 150, 2000); i++) {
      const input = randomMove(random, pick(random, ['nova', 'kubevirt'] as const));
      const { events: few, ...jumped } = playedAlone(input, false);
      const { events: many, ...played } = playedAlone(input, true);
      expect(played).toEqual(jumped);
      if (many > few) more += 1;
    }
    expect(more).toBeGreaterThan(0);
  });

  test('may be played or not: evacuations are equal', () => {
    const random = new Random(20261130, 18);
    for (let i = 0; i < effort(10, 40, 400); i++) {
      const managers = [
        pick(random, ['nova', 'kubevirt', 'user'] as const),
        pick(random, ['kubevirt', 'vmm'] as const),
      ];
      const kinds = managers.map((manager) => moveClass(randomMove(random, manager)));
      const input = fleet(kinds, {
        hosts: 2,
        perHost: [2, 2],
        concurrency: { fleet: 3, outboundPerHost: 2, inboundPerHost: Infinity, perPf: Infinity },
      });
      const jumped = evacuate(input);
      const played = evacuate({ ...input, everyPoll: true });
      expect(played.events).toBeGreaterThanOrEqual(jumped.events);
      expect(played.fate).toEqual(jumped.fate);
      expect(played.blocker).toEqual(jumped.blocker);
      expect(played.limitNs).toEqual(jumped.limitNs);
      // Events of the fleet that are nearer than 10 us are one.
      for (const [place, endNs] of jumped.endNs.entries())
        expect(Math.abs(played.endNs[place]! - endNs)).toBeLessThan(1e6);
      const ends = [...jumped.fate].filter((fate) => fate !== FATE.noRoom);
      expect(ends).toHaveLength(jumped.vms);
    }
  });
});
