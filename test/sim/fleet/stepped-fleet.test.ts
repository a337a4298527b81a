import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { evacuate } from '../../../sim/fleet/evacuation.ts';
import {
  type EvacuationInput,
  type EvacuationResult,
  FATE,
  type HostVms,
} from '../../../sim/fleet/evacuation-terms.ts';
import { MoveClass } from '../../../sim/fleet/move-class.ts';
import { pointParameters, QEMU } from '../../../sim/memory/parameters.ts';
import type { VmMoveInput } from '../../../sim/memory/vm-move.ts';
import { maintain } from '../../../sim/fleet/maintenance.ts';
import { reserveRoom } from '../../../sim/fleet/reserve.ts';
import { stepFleet, type SteppedFleet, type SteppedNumbers } from '../../oracles/stepped-fleet.ts';
import type { SteppedHost, SteppedRoom, SteppedVm } from '../../oracles/stepped-hosts.ts';
import { stepMaintenance, type SteppedMaintenance } from '../../oracles/stepped-maintenance.ts';
import { GIB } from '../../../sim/base/units.ts';
import { effort } from '../../effort.ts';

const P = pointParameters();
const LINE = 25e9 / 8;
const STEP_S = 0.0005;
const NUMBERS: SteppedNumbers = {
  syncSPerByte: P.dirtySyncNsPerGib / 1e9 / GIB,
  finalSyncSPerByte: P.finalSyncNsPerGib / 1e9 / GIB,
  vcpuStateS: (P.vcpuSaveNs + P.stopNsPerVcpu) / 1e9,
  platformS: (P.platformSaveNs + P.platformLoadNs) / 1e9,
  channelSyncS: P.channelSyncNs / 1e9,
  allSyncSPerByte: P.bitmapSyncNsPerGib / 1e9 / GIB,
  setupS: P.setupNs / 1e9,
  setupSPerByte: P.dirtyLogStartNsPerGib / 1e9 / GIB,
  sliceS: QEMU.iterationNs / 1e9,
  vcpuStopS: 0.001,
  vcpuStartS: 0.002,
  latencyS: 0.00002,
  packetBytes: QEMU.packetBytes,
  channelBytesPerSecond: P.qemuChannelBytesPerSecond,
  lineBytesPerSecond: LINE,
};

function moveOf(vm: SteppedVm, timeoutS: number): VmMoveInput {
  return {
    vcpus: vm.vcpus,
    memory: {
      bytes: vm.memoryBytes,
      nonZeroShare: 1,
      pageBytes: 4096,
      dirty: {
        kind: 'hotSet',
        hotBytes: vm.hotBytes,
        hotPagesPerSecond: vm.hotBytesPerSecond / 4096,
        coldPagesPerSecond: vm.coldBytesPerSecond / 4096,
      },
      layout: 'data',
    },
    stream: {
      vmm: 'qemu',
      gigabitsPerSecond: 25,
      latencyNs: 20_000,
      lineShare: 1,
      channels: vm.channels,
      multifd: true,
      tls: false,
      compression: null,
      compressionRatio: null,
      fill: 'mixed',
      engines: 1,
      zeroCheck: 'mainThread',
      preallocated: true,
      maxBytesPerSecond: Infinity,
    },
    convergence: {
      vmm: 'qemu',
      manager: 'user',
      downtimeLimitNs: vm.limitMs * 1e6,
      limitSteps: [],
      autoConverge: false,
      timeoutNs: timeoutS * 1e9,
      roundsMax: Infinity,
      progressTimeoutNs: Infinity,
      whenOut: 'cancel',
      hasVfio: false,
      windowPhase: 0.5,
    },
    devices: [],
    parallelDevices: false,
    switchoverAck: false,
    returnPath: false,
    vcpuStopNs: 1e6,
    vcpuStartNs: 2e6,
  };
}

/** A fleet with the racks it stands in, and how its hosts are maintained; null: the sources are emptied at once. */
interface Drawn extends SteppedFleet {
  readonly racks: number;
  readonly hostsPerRack: number;
  readonly maintenance: SteppedMaintenance | null;
}

function wholeOf({ room, guests }: SteppedHost, vms: readonly SteppedVm[]): SteppedRoom {
  const sum = (of: (vm: SteppedVm) => number): number => guests.reduce((all, { kind }) => all + of(vms[kind]!), 0);
  return {
    memoryBytes: room.memoryBytes + sum(({ memoryBytes }) => memoryBytes),
    vfs: room.vfs + sum(({ vfs }) => vfs),
    queues: room.queues + sum(({ vfs, queues }) => vfs * queues),
    vcpus: room.vcpus + sum(({ vcpus }) => vcpus),
  };
}

function inputOf(fleet: Drawn): EvacuationInput {
  const { racks, hostsPerRack, rack, spine, hosts, vms, sources, reserve, maintenance } = fleet;
  const ofEach = (of: (host: SteppedHost) => number): Float64Array => Float64Array.from(hosts, of);
  const receivers = hosts.slice(sources.length);
  return {
    links: {
      racks,
      hostsPerRack,
      pfsPerHost: 2,
      pf: 0,
      host: ofEach(({ line }) => line),
      rack,
      spine,
    },
    apart: {
      pfs: Int32Array.from(hosts, ({ pfs }) => pfs),
      pf: ofEach(({ pf }) => pf),
      outbound: ofEach(({ outbound }) => outbound),
      inbound: ofEach(({ inbound }) => inbound),
    },
    classes: vms.map(
      (vm) =>
        new MoveClass({
          name: vm.name,
          move: moveOf(vm, fleet.timeoutS),
          parameters: P,
          needs: { memoryBytes: vm.memoryBytes, vfs: vm.vfs, queues: vm.vfs * vm.queues, vcpus: vm.vcpus },
        }),
    ),
    perHost: [],
    lists: sources.map((host) => listOf(hosts[host]!, vms)),
    held: receivers.map(({ guests }) => new Set(guests.map(({ group }) => group ?? -1))),
    hosts: sources.length,
    room: (maintenance === null ? receivers : hosts).map(({ room }) => room),
    ...(reserve === 0 || maintenance !== null
      ? {}
      : {
          reserve: reserveRoom(
            receivers.map((host) => wholeOf(host, vms)),
            reserve,
          ),
        }),
    mayRun: fleet.mayRun,
    concurrency: {
      fleet: fleet.atOnce,
      outboundPerHost: Infinity,
      inboundPerHost: Infinity,
      perPf: Infinity,
    },
    hostOrder: fleet.oneByOne ? 'one by one' : 'in turn',
    vmOrder: 'as listed',
    priorities: vms.map(({ priority }) => priority),
    setUpNs: fleet.setUpS * 1e9,
    retries: { most: fleet.retries, backOffNs: fleet.backOffS * 1e9 },
    windows: { lengthNs: fleet.windowS * 1e9, everyNs: fleet.everyS * 1e9 },
  };
}

/** VMs of a host in the order in which they move: by priority, then as they are listed. */
function listOf({ guests }: SteppedHost, vms: readonly SteppedVm[]): HostVms {
  const sorted = guests.toSorted((a, b) => vms[b.kind]!.priority - vms[a.kind]!.priority || a.kind - b.kind);
  return {
    classes: Uint8Array.from(sorted, ({ kind }) => kind),
    groups: Int32Array.from(sorted, ({ group }) => group ?? -1),
  };
}

const usable = (gigabits: number): number => ((gigabits * 1e9) / 8) * P.lineShare;
const lineOf = (least: number, most: number) => fc.integer({ min: least, max: most }).map(usable);

const vmArbitrary = (index: number): fc.Arbitrary<SteppedVm> =>
  fc
    .record({
      memory: fc.integer({ min: 4, max: 40 }),
      hotShare: fc.integer({ min: 1, max: 9 }),
      hotRate: fc.integer({ min: 0, max: 30 }),
      coldRate: fc.integer({ min: 0, max: 10 }),
      limitMs: fc.constantFrom(200, 300, 500),
      vcpus: fc.integer({ min: 1, max: 32 }),
      channels: fc.integer({ min: 1, max: 4 }),
      vfs: fc.integer({ min: 0, max: 2 }),
      queues: fc.constantFrom(8, 16),
      priority: fc.constantFrom(0, 0, 10),
    })
    .map(({ memory, hotShare, hotRate, coldRate, ...rest }) => ({
      ...rest,
      name: `vm${index}`,
      memoryBytes: (memory / 4) * GIB,
      hotBytes: ((memory / 4) * GIB * hotShare) / 20,
      hotBytesPerSecond: hotRate * 1e7,
      coldBytesPerSecond: coldRate * 1e6,
    }));

/** Hosts of two sorts; the second is that of every third host, or of none. */
const hostArbitrary = fc.record({
  pfs: fc.integer({ min: 1, max: 2 }),
  pf: lineOf(8, 25),
  line: lineOf(10, 25),
  outbound: fc.integer({ min: 1, max: 4 }),
  inbound: fc.constantFrom(1, 2, 4, Infinity),
  room: fc.record({
    memoryBytes: fc.integer({ min: 10, max: 60 }).map((gib) => gib * GIB),
    vfs: fc.integer({ min: 2, max: 10 }),
    queues: fc.constant(64),
    vcpus: fc.constantFrom(40, 100, 1000),
  }),
  perHost: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 })),
});

const fleetArbitrary: fc.Arbitrary<Drawn> = fc
  .record({
    racks: fc.integer({ min: 2, max: 4 }),
    hostsPerRack: fc.integer({ min: 1, max: 3 }),
    emptied: fc.integer({ min: 1, max: 3 }),
    sorts: fc.tuple(hostArbitrary, hostArbitrary),
    isMixed: fc.boolean(),
    rack: lineOf(10, 60),
    spine: lineOf(10, 80),
    vms: fc.tuple(vmArbitrary(0), vmArbitrary(1)),
    /** The first VM of the second class on each host is of one group; of every second group. */
    groups: fc.constantFrom(null, null, 1, 2),
    /** The second class goes to hosts of the second sort only. */
    isBound: fc.constantFrom(false, false, true),
    reserve: fc.constantFrom(0, 0, 1),
    atOnce: fc.constantFrom(2, 3, 5, Infinity),
    oneByOne: fc.boolean(),
    timeoutS: fc.constantFrom(4, 20, 120, 120),
    setUpS: fc.constantFrom(0, 0, 1.5, 7.25),
    retries: fc.constantFrom(0, 1, 2),
    backOffS: fc.constantFrom(2.5, 20),
    window: fc.constantFrom({ windowS: 1e6, everyS: 1e7 }, { windowS: 10, everyS: 47.5 }, { windowS: 1, everyS: 6.25 }),
    upkeep: fc.option(fc.record({ hostsAtOnce: fc.constantFrom(1, 1, 2), restartS: fc.constantFrom(3, 60) })),
  })
  .map(({ emptied, sorts, isMixed, groups, isBound, reserve, window, upkeep, ...rest }) => {
    const count = rest.racks * rest.hostsPerRack;
    const sortOf = (host: number): 0 | 1 => (isMixed && host % 3 === 2 ? 1 : 0);
    let id = 0;
    const hosts = Array.from({ length: count }, (_, host): SteppedHost => {
      const { perHost, ...own } = sorts[sortOf(host)];
      const guests = perHost.flatMap((each, kind) =>
        Array.from({ length: each }, (__, place) => ({
          id: id++,
          kind,
          group: groups !== null && kind === 1 && place === 0 ? host % groups : null,
        })),
      );
      return { ...own, rack: Math.floor(host / rest.hostsPerRack), guests };
    });
    const first = Math.min(emptied, count - 1);
    const atOnce = Math.min(upkeep?.hostsAtOnce ?? first, count - 1);
    return {
      ...rest,
      ...window,
      hosts,
      mayRun: (kind: number, host: number) => !isBound || !isMixed || kind === 0 || sortOf(host) === 1,
      reserve: Math.min(reserve, count - atOnce - 1),
      sources: Array.from({ length: first }, (_, host) => host),
      // The first places of all racks, then the second ones.
      receivers: hosts
        .map((_, host) => host)
        .slice(first)
        .toSorted((a, b) => (a % rest.hostsPerRack) - (b % rest.hostsPerRack) || a - b),
      maintenance: upkeep === null ? null : { hosts: first, hostsAtOnce: atOnce, restartS: upkeep.restartS },
    };
  });

interface Plan {
  readonly totalS: number;
  readonly meanPauseS: number;
  readonly longestPauseS: number;
  readonly fates: readonly [moved: number, timeout: number, noRoom: number];
}

/** What the planner makes of it. */
function played(fleet: Drawn): EvacuationResult {
  const { maintenance, hosts, vms, reserve } = fleet;
  const each = inputOf(fleet);
  if (maintenance === null) return evacuate(each);
  const { lists: _lists, held: _held, ...rest } = each;
  return maintain({
    each: rest,
    lists: hosts.map((host) => listOf(host, vms)),
    hosts: maintenance.hosts,
    hostsAtOnce: maintenance.hostsAtOnce,
    restartNs: maintenance.restartS * 1e9,
    reserve,
    whole: hosts.map((host) => wholeOf(host, vms)),
  });
}

function planned(fleet: Drawn): Plan {
  const { totalNs, pauseNs, fate } = played(fleet);
  const pauses = [...pauseNs].filter((_, vm) => fate[vm] === FATE.moved).map((ns) => ns / 1e9);
  const count = (...kinds: readonly number[]): number => fate.filter((each) => kinds.includes(each)).length;
  return {
    totalS: totalNs / 1e9,
    ...figures(pauses),
    fates: [count(FATE.moved), count(FATE.timeout, FATE.noProgress), count(FATE.noRoom)],
  };
}

function stepped(fleet: Drawn): Plan {
  const { maintenance } = fleet;
  const { ends, totalS } =
    maintenance === null
      ? { ends: stepFleet(fleet, NUMBERS, STEP_S), totalS: null }
      : stepMaintenance(fleet, maintenance, NUMBERS, STEP_S);
  const of = (fate: string) => ends.filter((end) => end.fate === fate);
  return {
    totalS: totalS ?? Math.max(0, ...ends.map(({ endS }) => endS).filter((endS) => !Number.isNaN(endS))),
    ...figures(of('moved').map(({ pauseS }) => pauseS)),
    fates: [of('moved').length, of('timeout').length, of('no room').length],
  };
}

function figures(pauses: readonly number[]): Pick<Plan, 'meanPauseS' | 'longestPauseS'> {
  if (pauses.length === 0) return { meanPauseS: 0, longestPauseS: 0 };
  return { meanPauseS: pauses.reduce((sum, s) => sum + s, 0) / pauses.length, longestPauseS: Math.max(...pauses) };
}

/** How far apart, relative to the second. */
function apart(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : Math.abs(a - b) / b;
}

const FLEETS = effort(25, 25, 1_000);

describe('plans and a simulator in small steps', () => {
  test.each(effort([20261123], [20261123, 1, 2, 4]))(
    `of ${FLEETS} random fleets of seed %i agree within 5 %%`,
    (seed) => {
      const far: string[] = [];
      const errors: number[] = [];
      for (const fleet of fc.sample(fleetArbitrary, { seed, numRuns: FLEETS })) {
        const plan = planned(fleet);
        const step = stepped(fleet);
        if (plan.fates.join() !== step.fates.join())
          far.push(`fates ${plan.fates.join()} against ${step.fates.join()}`);
        for (const figure of ['totalS', 'meanPauseS', 'longestPauseS'] as const) {
          const error = apart(plan[figure], step[figure]);
          errors.push(error);
          if (error > 0.05) far.push(`${figure} ${plan[figure]} against ${step[figure]}: ${JSON.stringify(fleet)}`);
        }
      }
      errors.sort((a, b) => a - b);
      expect(far).toEqual([]);
      // Nearly all differ by far less, so that a slow drift is seen as well.
      expect(errors[Math.floor(errors.length * 0.99)]).toBeLessThan(1e-4);
    },
  );
});
