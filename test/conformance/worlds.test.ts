/**
 * One script of VFIO calls through both worlds: the same accesses with the same values, the same data, results, states.
 * Times are not compared, nor how often a poll read.
 */
import { afterEach, describe, expect, test } from 'vitest';

import { ACCELERATORS, type AcceleratorKind, QM_HW } from '../../sim/abi/accelerators.ts';
import { VF_BAR2_BYTES } from '../../sim/abi/registers.ts';
import {
  FEATURE,
  MIG_STATE,
  MIG_STATE_NAMES,
  PRECOPY_INFO_BYTES,
  VFIO_MIG_GET_PRECOPY_INFO,
} from '../../sim/abi/vfio.ts';
import { pointCosts } from '../../sim/device/costs.ts';
import { GuestMemory } from '../../sim/device/guest-memory.ts';
import { type GenerationId, GENERATIONS } from '../../sim/driver/generation.ts';
import { HEALTHY_KERNEL } from '../../sim/driver/kernel.ts';
import type { MigrationFile } from '../../sim/driver/migration-file.ts';
import type { RegisterPort } from '../../sim/driver/port.ts';
import { World } from '../../sim/world/world.ts';
import type { BarPort } from '../../sim/vfio/bar-policy.ts';
import { UserBuffer } from '../../sim/vfio/user-buffer.ts';
import { VfioDevice } from '../../sim/vfio/vfio-device.ts';
import { CompletionChecker } from '../../sim/workload/checker.ts';
import { Guest, type GuestBus } from '../../sim/workload/guest.ts';
import { QueueLayout } from '../../sim/workload/layout.ts';
import type { DeviceInit } from '../../workers/threads/device-service.ts';
import { LaneBus } from '../../workers/lane/lane-bus.ts';
import { Lane, LanePort } from '../../workers/lane/lane-port.ts';
import { createMap, MAP, mapWords } from '../../workers/lane/shared-map.ts';
import { waitForValue } from '../../workers/lane/waiting.ts';
import { startWorker } from '../../workers/pools/worker-url.ts';
import { builtModule } from '../built.ts';
import { RecordingPort } from './recording-port.ts';

/** Only against hanging: a crowded machine may keep a thread from running for minutes. */
const AGES_MS = 600_000;
const DMA_BASE = 0x2f_0000_0000;
const QUEUES = 3;
const ISOLATION = 5;
const DEPTHS = { sq: 16, cq: 16, eq: 32, aeq: 8 };
const FN = 1;
/** The VF of a second guest, so that the PF's table has more than one entry. */
const VFT = [
  { base: 64, num: QUEUES },
  { base: 64 + QUEUES, num: 7 },
];
const ENGINE = { servers: 2, serviceNs: 3_000 };

interface Rig {
  readonly port: RegisterPort & BarPort;
  readonly bus: GuestBus;
  readonly memory: GuestMemory;
  /** Function-level reset. */
  readonly reset: () => void;
  /** Lets tasks run until something holds. */
  readonly until: (holds: () => boolean) => void;
  readonly close: () => Promise<unknown>;
}

function layoutOf(kind: AcceleratorKind): QueueLayout {
  return new QueueLayout({ kind, queuePairs: QUEUES, dmaBase: DMA_BASE, depths: DEPTHS });
}

function virtualRig(kind: AcceleratorKind, generation: GenerationId): Rig {
  const world = new World();
  const host = world.addHost({
    kind,
    generation: GENERATIONS[generation],
    costs: pointCosts(),
    device: { hardware: QM_HW.V3, vfCount: VFT.length, vft: VFT, isolation: ISOLATION, engine: ENGINE },
  });
  const memory = new GuestMemory(new ArrayBuffer(layoutOf(kind).totalBytes), DMA_BASE);
  host.accelerator.attachMemory(FN, memory);
  const { port, bus } = host.slot(FN);
  // The guest works at the time that the driver has reached, and takes its time.
  const timed: GuestBus = {
    read32: (offset) => bus.read32(offset),
    write32: (offset, value) => bus.write32(offset, value),
    write64: (offset, low, high) => bus.write64(offset, low, high),
    mailbox: (...command) => {
      world.runUntil(world.clock.nowNs);
      const done = bus.mailbox(...command);
      world.clock.moveTo(world.eventNs);
      return done;
    },
  };
  return {
    port,
    bus: timed,
    memory,
    reset: () => host.accelerator.resetFunction(FN, world.clock.nowNs),
    until: (holds) => {
      world.runUntil(world.clock.nowNs);
      while (!holds()) {
        const dueNs = world.nextDueNs();
        if (dueNs === Infinity) throw new Error('nothing will ever happen');
        world.runUntil(dueNs);
      }
    },
    close: () => Promise.resolve(),
  };
}

function realRig(kind: AcceleratorKind): Rig {
  const map = createMap(VFT.length);
  const memory = new SharedArrayBuffer(layoutOf(kind).totalBytes);
  const init: DeviceInit = {
    map,
    hosts: [
      {
        kind,
        hardware: QM_HW.V3,
        vfCount: VFT.length,
        vft: VFT,
        isolation: ISOLATION,
        inFlight: 'finish',
        engine: ENGINE,
        memories: [{ fn: FN, buffer: memory, dmaBase: DMA_BASE }],
      },
    ],
  };
  const worker = startWorker(builtModule('workers/threads/device-service'), 'device-thread', init);
  if (!waitForValue(mapWords(map), MAP.ready, 1, AGES_MS)) throw new Error('the device thread does not start');
  const port = new LanePort(new Lane(map, AGES_MS), 0, FN);
  return {
    port,
    bus: new LaneBus(port),
    memory: new GuestMemory(memory, DMA_BASE),
    reset: () => port.resetFunction(),
    until: (holds) => {
      for (const deadlineMs = performance.now() + AGES_MS; !holds();) {
        if (performance.now() > deadlineMs) throw new Error('it never happens');
      }
    },
    close: () => worker.terminate(),
  };
}

/** One world with a VFIO device and a booted guest, and the record of what was done to them. */
class Session {
  readonly record: string[] = [];
  readonly guest: Guest;
  file: MigrationFile | null = null;
  private readonly rig: Rig;
  private readonly port: RecordingPort;
  private readonly vfio: VfioDevice;

  constructor(rig: Rig, kind: AcceleratorKind, generation: GenerationId) {
    this.rig = rig;
    this.port = new RecordingPort(rig.port);
    const facts = ACCELERATORS[kind];
    this.vfio = new VfioDevice({
      port: this.port,
      bar: rig.port,
      generation: GENERATIONS[generation],
      facts,
      functionNumber: FN,
      bar2Bytes: VF_BAR2_BYTES,
      pf: {
        hardware: QM_HW.V3,
        qmShutdownMask: facts.qmShutdownMask,
        coreShutdownMask: facts.coreShutdownMask,
        hasDae: false,
        resetting: false,
      },
      kernel: HEALTHY_KERNEL,
      resetsAtOpen: true,
      onReset: (event) => {
        if (event === 'flr') rig.reset();
      },
    });
    const layout = layoutOf(kind);
    const checker = new CompletionChecker(QUEUES, layout.depths.sq);
    this.guest = new Guest({ memory: rig.memory, layout, bus: rig.bus, checker });
  }

  open(): void {
    this.note('open', this.vfio.open());
  }

  boot(): void {
    this.note('boot', Number(this.guest.start()));
  }

  state(wanted: number): void {
    const ret = this.vfio.setState(wanted);
    const given = this.vfio.newFile;
    if (given !== null) {
      if (this.file !== null) this.vfio.closeFile(this.file);
      this.file = given;
      this.vfio.newFile = null;
    }
    this.note(`state ${MIG_STATE_NAMES[wanted] ?? wanted}${given === null ? '' : ', new file'}`, ret);
  }

  /** Reads up to so many bytes of the data file. @returns them */
  read(length: number): Uint8Array {
    const user = new UserBuffer(new Uint8Array(length));
    const ret = this.vfio.readFile(this.file!, user, length);
    const data = user.bytes.slice(0, Math.max(0, ret));
    this.note(`read ${length} [${Buffer.from(data).toString('hex')}]`, ret);
    return data;
  }

  write(data: Uint8Array): void {
    this.note(`write ${data.length}`, this.vfio.writeFile(this.file!, new UserBuffer(data), data.length));
  }

  precopyInfo(): void {
    const user = new UserBuffer(new Uint8Array(PRECOPY_INFO_BYTES));
    new DataView(user.bytes.buffer).setUint32(0, PRECOPY_INFO_BYTES, true);
    const ret = this.vfio.fileIoctl(this.file!, VFIO_MIG_GET_PRECOPY_INFO, user);
    this.note(`precopy info [${Buffer.from(user.bytes).toString('hex')}]`, ret);
  }

  feature(number: number, flags: number, bytes: number): void {
    const user = new UserBuffer(new Uint8Array(bytes));
    const view = new DataView(user.bytes.buffer);
    view.setUint32(0, bytes, true);
    view.setUint32(4, number | flags, true);
    const ret = this.vfio.feature(user);
    this.note(`feature ${number} [${Buffer.from(user.bytes).toString('hex')}]`, ret);
  }

  /** User space reads its BAR. */
  region(offset: number, length: number): void {
    const user = new UserBuffer(new Uint8Array(length));
    const ret = this.vfio.regionRead(2, offset, length, user);
    this.note(`region ${offset} ${length} [${Buffer.from(user.bytes).toString('hex')}]`, ret);
  }

  closeFile(): void {
    this.vfio.closeFile(this.file!);
    this.file = null;
    this.note('close file', 0);
  }

  reset(): void {
    this.vfio.reset();
    this.note('reset', 0);
  }

  close(): void {
    this.vfio.close();
    this.note('close', 0);
  }

  /** The guest has so many tasks done by each queue, one by one: how many tasks share an event is a matter of time. */
  tasks(count: number): void {
    const { guest } = this;
    for (let task = 0; task < count * QUEUES; task++) {
      guest.submit(task % QUEUES);
      this.rig.until(() => {
        guest.poll();
        return guest.totalAccepted() === guest.totalCompleted();
      });
    }
    this.note(`${count} tasks each`, guest.totalCompleted());
  }

  /** The verdict over the guest's tasks. */
  finish(): void {
    this.record.push(`guest ${JSON.stringify(this.guest.finish(true))}`);
  }

  private note(call: string, ret: number): void {
    for (const line of this.port.take()) this.record.push(`  ${line}`);
    this.record.push(`${call} -> ${ret} in ${MIG_STATE_NAMES[this.vfio.getState()]}`);
  }
}

const { STOP, RUNNING, STOP_COPY, RESUMING, PRE_COPY, RUNNING_P2P, ERROR } = MIG_STATE;

/** Reads a file to its end in odd pieces. */
function drain(session: Session): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let chunk = 1; ; chunk += 6) {
    const piece = session.read(chunk);
    if (piece.length === 0) return Buffer.concat(pieces);
    pieces.push(piece);
  }
}

/** Writes an image in odd pieces. */
function pour(session: Session, image: Uint8Array): void {
  for (let at = 0, chunk = 3; at < image.length; at += chunk, chunk += 11)
    session.write(image.subarray(at, at + chunk));
}

const SCRIPTS: Readonly<Record<string, (session: Session) => void>> = {
  'a pre-copy that is given up': (session) => {
    session.state(PRE_COPY);
    session.precopyInfo();
    session.read(40);
    session.precopyInfo();
    session.read(1);
    session.state(RUNNING);
    session.read(40);
    session.tasks(2);
  },
  'a pre-copy that continues to the save, and a source that resumes': (session) => {
    session.tasks(5);
    session.state(PRE_COPY);
    session.read(40);
    session.state(STOP_COPY);
    drain(session);
    session.state(RUNNING);
    session.tasks(3);
  },
  'a stop, a save in odd chunks, and the way back': (session) => {
    session.tasks(20);
    session.state(STOP);
    session.state(STOP_COPY);
    drain(session);
    session.state(STOP);
    session.read(8);
    session.state(RUNNING);
    session.tasks(1);
  },
  'an image that is put back into a function that was reset': (session) => {
    session.tasks(7);
    session.state(STOP_COPY);
    const image = drain(session);
    session.state(STOP);
    session.closeFile();
    session.reset();
    session.state(RESUMING);
    pour(session, image);
    session.state(STOP);
    session.write(image.subarray(0, 4));
    session.state(RUNNING);
    session.tasks(12);
  },
  'images that do not fit': (session) => {
    session.state(STOP_COPY);
    const image = drain(session);
    session.state(STOP);
    session.closeFile();
    session.reset();
    for (const at of [0, 4, 8, 12, 16, 28]) {
      session.state(RESUMING);
      const damaged = image.slice();
      damaged[at]! ^= 1;
      session.write(damaged);
      session.state(STOP);
      session.reset();
      session.closeFile();
    }
    session.state(RESUMING);
    session.write(image.subarray(0, 100));
    session.state(STOP);
    session.write(image);
    session.write(image.subarray(100));
    session.state(STOP);
    session.state(RUNNING);
    session.tasks(1);
  },
  'calls in states that do not allow them': (session) => {
    for (const wanted of [ERROR, RUNNING_P2P, 7, 99]) session.state(wanted);
    session.state(STOP_COPY);
    session.state(PRE_COPY);
    session.write(new Uint8Array(8));
    session.precopyInfo();
    session.state(RESUMING);
    session.read(8);
    session.precopyInfo();
    session.state(STOP_COPY);
    session.reset();
    session.write(new Uint8Array(8));
    session.state(RUNNING);
  },
  'features and the BAR': (session) => {
    session.feature(FEATURE.MIGRATION, FEATURE.GET, 16);
    session.feature(FEATURE.MIG_DATA_SIZE, FEATURE.GET, 16);
    session.feature(FEATURE.MIG_DEVICE_STATE, FEATURE.GET, 16);
    session.feature(FEATURE.MIG_PRECOPY_INFO_V2, FEATURE.SET, 8);
    session.region(0, 64);
    session.region(0x30, 7);
    session.region(VF_BAR2_BYTES / 2 - 4, 8);
    session.region(VF_BAR2_BYTES / 2, 8);
    session.tasks(1);
    session.state(PRE_COPY);
  },
  'a close in the midst of a save': (session) => {
    session.state(STOP_COPY);
    session.read(50);
    session.close();
    session.read(50);
    session.open();
    session.state(PRE_COPY);
    session.read(100);
  },
};

const KINDS = { 'linux-6.12.117': 'zip', 'upstream-2026': 'sec' } as const satisfies Partial<
  Record<GenerationId, AcceleratorKind>
>;

function play(rig: Rig, kind: AcceleratorKind, generation: GenerationId, script: (session: Session) => void): string[] {
  const session = new Session(rig, kind, generation);
  session.open();
  session.boot();
  script(session);
  session.finish();
  return session.record;
}

describe.each(['linux-6.12.117', 'upstream-2026'] as const)('%s, in both worlds alike:', (generation) => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  test.each(Object.keys(SCRIPTS))('%s', (name) => {
    const script = SCRIPTS[name]!;
    const kind = KINDS[generation];
    const virtual = play(virtualRig(kind, generation), kind, generation, script);
    const rig = realRig(kind);
    ends.push(rig.close);
    const real = play(rig, kind, generation, script);
    expect(real).toEqual(virtual);
    // Both could be equally empty.
    expect(real.filter((line) => line.startsWith(' ')).length).toBeGreaterThan(0);
    expect(real.at(-1)).toContain('"ok":true');
  });
});
