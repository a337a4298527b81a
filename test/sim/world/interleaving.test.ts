/**
 * Several migrations at once, access by access: what each VF does is what it does alone, only the times differ.
 */
import { describe, expect, test } from 'vitest';

import { ACCELERATORS, QM_HW } from '../../../sim/abi/accelerators.ts';
import { ACC_VF_DATA_BYTES } from '../../../sim/abi/vf-data.ts';
import { Random } from '../../../sim/base/random.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import { GENERATIONS } from '../../../sim/driver/generation.ts';
import { PF } from '../../../sim/driver/port.ts';
import { Contention } from '../../../sim/world/contention.ts';
import { Link } from '../../../sim/move/link.ts';
import { Move, type MoveOutcome, runMoves } from '../../../sim/move/move.ts';
import type { AccessTracer } from '../../../sim/world/virtual-port.ts';
import { World } from '../../../sim/world/world.ts';
import { DRIVERS, LINK, Rig, type RigOptions } from './rig.ts';
import { effort } from '../../effort.ts';

/** Writes in full, reads by place, and reads that follow one another at one place as one: polls differ in their reads. */
class Sequence implements AccessTracer {
  readonly accesses: string[] = [];

  access(fn: number, write: boolean, width: number, offset: number, value: number): void {
    const place = `${fn === PF ? 'PF' : 'VF'} ${width} 0x${offset.toString(16)}`;
    const access = write ? `${place} = ${value}` : place;
    if (write || this.accesses.at(-1) !== access) this.accesses.push(access);
  }
}

/** Listens to both ends of each VM's VF. */
function listen(rig: Rig): Sequence[] {
  return rig.vms.map(({ slot: { fn } }) => {
    const sequence = new Sequence();
    for (const host of rig.hosts) host.slot(fn).port.tracer = sequence;
    return sequence;
  });
}

/** As calls were made before they interleaved: each in one go, the earliest next. */
function callByCall(rig: Rig): MoveOutcome[] {
  const { world } = rig;
  const steps = rig.vms.map((vm) => rig.moveOf(vm).run(null));
  const wakeNs = steps.map(() => world.clock.nowNs);
  const outcomes: MoveOutcome[] = [];
  for (;;) {
    let first = -1;
    steps.forEach((_, i) => {
      if (outcomes[i] === undefined && (first < 0 || wakeNs[i]! < wakeNs[first]!)) first = i;
    });
    if (first < 0) return outcomes;
    if (wakeNs[first]! > world.clock.nowNs) world.runUntil(wakeNs[first]!);
    const step = steps[first]!.next();
    if (step.done === true) outcomes[first] = step.value;
    else wakeNs[first] = step.value;
  }
}

function allMoved(outcomes: readonly MoveOutcome[]): boolean {
  return outcomes.every(({ kind }) => kind === 'moved');
}

/** More than 50 do not get their pause within the millisecond that the old driver gives it. */
const CASES = DRIVERS.flatMap((driver) =>
  [2, effort(16, 24, driver.generation === 'linux-6.12.117' ? 40 : 63)].map((vms) => ({ ...driver, vms })),
);

describe.each(CASES)('$generation on hardware $hardware, $vms VFs at once', (driver) => {
  const options: RigOptions = { ...driver, queuePairs: 15 };

  test('each makes the accesses that it makes alone', () => {
    const rig = new Rig({ ...options, load: 'idle' });
    const together = listen(rig);
    expect(allMoved(rig.moveAll())).toBe(true);
    for (const index of [0, 1, driver.vms - 1]) {
      const lone = new Rig({ ...options, load: 'idle' });
      const alone = listen(lone)[index]!;
      expect(lone.move(lone.vms[index])).toMatchObject({ kind: 'moved' });
      expect(together[index]!.accesses).toEqual(alone.accesses);
      expect(alone.accesses.length).toBeGreaterThan(100);
    }
  });

  test('nothing is lost, and the run is the same each time', () => {
    const run = (): unknown => {
      const rig = new Rig({ ...options, load: 'saturated', seed: 3 });
      rig.pass(1);
      const outcomes = rig.moveAll();
      expect(allMoved(outcomes)).toBe(true);
      rig.pass(1);
      const reports = rig.finish();
      for (const report of reports) expect(report).toMatchObject({ ok: true, outstanding: 0 });
      const { hash, eventCount } = rig.world;
      return { hash: hash.value, eventCount, nowNs: rig.nowNs, outcomes, reports };
    };
    expect(run()).toEqual(run());
  });

  test('the order of the list does not matter where no two come at the same time', () => {
    const run = (reversed: boolean): unknown => {
      const rig = new Rig({ ...options, load: 'half' });
      rig.pass(1);
      // Offsets that no sum of whole costs makes up for.
      const moves = rig.vms.map((vm, index) => rig.moveOf(vm, undefined, { afterNs: index * 1_234.567 }));
      const outcomes = runMoves(rig.world, reversed ? moves.toReversed() : moves);
      rig.pass(1);
      rig.finish();
      return { hash: rig.world.hash.value, outcomes: reversed ? outcomes.toReversed() : outcomes };
    };
    expect(run(true)).toEqual(run(false));
  });

  test('overlap where nothing is shared, and queue for the mailbox where it is', () => {
    const rig = new Rig({ ...options, load: 'idle' });
    const watched = rig.hosts.map((host) => new Contention(host));
    const beganNs = rig.nowNs;
    expect(allMoved(rig.moveAll())).toBe(true);
    const lastedNs = rig.nowNs - beganNs;

    const lone = new Rig({ ...options, load: 'idle' });
    const loneBeganNs = lone.nowNs;
    lone.move();
    const loneNs = lone.nowNs - loneBeganNs;

    const oneByOne = new Rig({ ...options, load: 'idle' });
    const oneByOneBeganNs = oneByOne.nowNs;
    expect(allMoved(callByCall(oneByOne))).toBe(true);
    const callByCallNs = oneByOne.nowNs - oneByOneBeganNs;

    const { mailboxCommandNs, pauseBaseNs } = rig.costs;
    const [source, destination] = watched.map((contention) => contention.report.mailbox);
    // Per VF: one pause and two queries at the source; a pause, a query and two settings at the destination.
    expect(source).toMatchObject({ uses: 3 * driver.vms, busyNs: driver.vms * (pauseBaseNs + 2 * mailboxCommandNs) });
    expect(destination).toMatchObject({
      uses: 4 * driver.vms,
      busyNs: driver.vms * (pauseBaseNs + 3 * mailboxCommandNs),
    });
    expect([source!.mostAtOnce, destination!.mostAtOnce]).toEqual([1, 1]);
    expect(destination!.longestQueue).toBe(driver.vms - 1);

    expect(lastedNs).toBeGreaterThan(Math.max(loneNs, source!.busyNs, destination!.busyNs));
    // Nothing makes a VF wait but the mailboxes, the link and the reads of polls, which are late by a period at most.
    const bytes = ACC_VF_DATA_BYTES + lone.vms[0]!.layout.sectionBytes;
    const linkNs = (driver.vms * bytes * 8) / LINK.gigabitsPerSecond;
    const latePollsNs = 20 * (rig.costs.usleepActualNs + rig.costs.mmioRead128Ns);
    expect(lastedNs).toBeLessThan(loneNs + source!.busyNs + destination!.busyNs + linkNs + latePollsNs);
    expect(lastedNs).toBeLessThan(callByCallNs);
  });
});

/** Hosts with one VF each, so that nothing is shared but the clock. */
function apart(pairs: number): { world: World; moves: Move[] } {
  const world = new World();
  const costs = pointCosts();
  const kind = 'zip';
  const moves = Array.from({ length: pairs }, (_, pair) => {
    const vft = [{ base: ACCELERATORS[kind].pfDefaultQueues, num: 4 }];
    const device = { hardware: QM_HW.V3, vfCount: 1, vft };
    const options = { kind, generation: GENERATIONS['upstream-2026'], costs, device } as const;
    const [source, destination] = [world.addHost(options).slot(1), world.addHost(options).slot(1)];
    for (const { vfio } of [source, destination]) vfio.open();
    const load = { kind: 'idle' } as const;
    const { interruptNs } = costs;
    const random = new Random(pair);
    const vm = world.addGuest({ kind, queuePairs: 4, load, capacityPerSecond: 1, random, interruptNs }, source);
    world.boot(vm);
    const link = new Link(LINK.gigabitsPerSecond, LINK.latencyNs);
    const vfs = [{ guest: vm, destination }];
    return new Move(world, { vfs, costs, loadBegins: ({ nowNs, bytes }) => link.send(nowNs, bytes) });
  });
  return { world, moves };
}

test('VFs of different devices move at once in the time of one, to the nanosecond', () => {
  const lone = apart(1);
  const [alone] = runMoves(lone.world, lone.moves);
  expect(alone).toMatchObject({ kind: 'moved' });
  const { world, moves } = apart(8);
  for (const outcome of runMoves(world, moves)) {
    expect(outcome).toMatchObject({ kind: 'moved' });
    expect(outcome.pauseNs).toBeCloseTo(alone!.pauseNs, 3);
  }
});

test('63 VFs: the downtimes add up to many times the time that all of it takes', () => {
  const rig = new Rig({ generation: 'upstream-2026', vms: 63, queuePairs: 15, load: 'idle' });
  const beganNs = rig.nowNs;
  const outcomes = rig.moveAll();
  expect(allMoved(outcomes)).toBe(true);
  const sumNs = outcomes.reduce((sum, { pauseNs }) => sum + pauseNs, 0);
  expect(sumNs).toBeGreaterThan(20 * (rig.nowNs - beganNs));
});
