/**
 * Protocol v1 on the device model: a VM under load moves with the driver of 2021, and with the same driver under a
 * region that keeps to the protocol. docs/designs.md 4 and 5.
 */
import { describe, expect, test } from 'vitest';
import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { V0 } from '../../../sim/abi/vf-data-v0.ts';
import { V1_REG, V1_STATE } from '../../../sim/abi/vfio-v1.ts';
import { GuestMemory } from '../../../sim/device/guest-memory.ts';
import { RFC_SNAPSHOT_IDS, RFC_SNAPSHOTS, type RfcSnapshot } from '../../../sim/driver/rfc-snapshot.ts';
import { RfcSlot } from '../../../sim/designs/kernel-v1.ts';
import { GUEST_DMA_BASE } from '../../../sim/world/vf-guest.ts';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';
import { V1Client } from '../../../sim/vfio/v1-client.ts';
import type { V1RegionFile } from '../../../sim/vfio/v1-file.ts';
import { V1Region } from '../../../sim/vfio/v1-region.ts';
import { REPAIRED_SNAPSHOT, RepairedRfcDevice } from '../../oracles/repaired-rfc-device.ts';
import { V1StreamWriter } from '../../../sim/vfio/v1-stream.ts';
import { Rig, type RigOptions } from '../world/rig.ts';

const EFAULT = -14;
const A = RFC_SNAPSHOTS['rfc-2021-a'];
const B = RFC_SNAPSHOTS['rfc-2021-b'];
const ALL_DONE = { ok: true, lostTasks: 0, outstanding: 0 };

/** How the driver's region is reached: as it was, or by the protocol with a window of so many bytes. */
type Door = 'as posted' | number;

interface End {
  readonly slot: RfcSlot;
  readonly file: V1RegionFile;
  readonly client: V1Client;
  reset(): void;
}

/** For steps that a test takes for granted. */
function must(ret: number): void {
  if (ret !== 0) throw new Error(`a step gave ${ret}`);
}

class V1Rig {
  readonly rig: Rig;
  readonly source: End;
  readonly destination: End;
  readonly stream = new V1StreamWriter();

  constructor(snapshot: RfcSnapshot, door: Door, options: RigOptions = {}) {
    this.rig = new Rig(options);
    this.rig.pass(1);
    this.source = this.end(0, snapshot, door);
    this.destination = this.end(1, snapshot, door);
  }

  get vm(): Rig['vms'][number] {
    return this.rig.vms[0]!;
  }

  /** The steps at the source, as far as one of them; all must succeed. */
  sourceUpTo(step: 'setup' | 'iterate' | 'vmStop' | 'complete'): void {
    const { client } = this.source;
    must(client.saveSetup(this.stream));
    if (step === 'setup') return;
    let sent: number;
    do sent = client.iterate(this.stream);
    while (sent > 0);
    must(sent);
    // The queues are served on while the match data travel.
    this.rig.pass(0.2);
    if (step === 'iterate') return;
    this.vm.stop();
    must(client.vmStop());
    if (step === 'vmStop') return;
    must(client.complete(this.stream));
  }

  /** The VM's RAM, as it is copied at this time, for the destination. */
  copyMemory(): GuestMemory {
    return new GuestMemory(this.vm.memory.u8.slice().buffer, GUEST_DMA_BASE);
  }

  /** Everything at the destination; the VM then runs there. */
  arrive(memory: GuestMemory): void {
    const { client } = this.destination;
    const to = this.rig.hosts[1].slot(1);
    to.host.accelerator.attachMemory(1, memory);
    if (client.load(this.stream.bytes()) !== null) throw new Error('the load failed');
    this.vm.moveTo(memory, to);
    must(client.vmStart());
    this.startVm();
  }

  startVm(): void {
    this.rig.world.eventNs = this.rig.nowNs;
    this.vm.start();
  }

  private end(index: 0 | 1, snapshot: RfcSnapshot, door: Door): End {
    const slot = new RfcSlot(this.rig.world, this.rig.hosts[index].slot(1), snapshot);
    if (door === 'as posted') {
      return { slot, file: slot.region, client: new V1Client(slot.region), reset: () => slot.reset() };
    }
    const region = new V1Region(new RepairedRfcDevice(slot.driver), door);
    const reset = (): void => {
      slot.reset();
      region.reset();
    };
    return { slot, file: region, client: new V1Client(region), reset };
  }
}

function stateOf({ file }: End): number {
  const user = new UserBuffer(new Uint8Array(4));
  expect(file.read(V1_REG.deviceState, 4, user)).toBe(4);
  return new DataView(user.bytes.buffer).getUint32(0, true);
}

const DOORS: readonly (readonly [string, RfcSnapshot, Door])[] = [
  ['snapshot A as posted', A, 'as posted'],
  ['snapshot B as posted', B, 'as posted'],
  ['the protocol, window of 7 bytes', REPAIRED_SNAPSHOT, 7],
  ['the protocol, window of 32 bytes', REPAIRED_SNAPSHOT, 32],
  ['the protocol, window of 4096 bytes', REPAIRED_SNAPSHOT, 4096],
];

describe.each(DOORS)('%s', (_, snapshot, door) => {
  test.each(['idle', 'half', 'saturated'] as const)('a VM moves under load %s, and no task is lost', (load) => {
    const on = new V1Rig(snapshot, door, { load });
    expect(on.destination.client.loadSetup()).toBe(0);
    on.sourceUpTo('vmStop');
    const memory = on.copyMemory();
    expect(on.source.client.complete(on.stream)).toBe(0);
    on.arrive(memory);
    on.rig.pass(1);
    expect(on.rig.finish()).toMatchObject([ALL_DONE]);
    expect(on.source.slot.driver.memory.overruns).toEqual([]);
    expect(on.destination.slot.driver.memory.overruns).toEqual([]);
  });

  test('what is loaded is what was saved', () => {
    const on = new V1Rig(snapshot, door);
    expect(on.destination.client.loadSetup()).toBe(0);
    on.sourceUpTo('complete');
    const saved = on.source.slot.driver.memory;
    expect(on.destination.client.load(on.stream.bytes())).toBeNull();
    const loaded = on.destination.slot.driver.memory;
    for (let at = 32; at < 192; at++) expect([at, loaded.readByte(at)]).toEqual([at, saved.readByte(at)]);
    const bases = [V0.eqeDma, V0.aeqeDma, V0.sqcDma, V0.cqcDma].map((at) => saved.view.getUint32(32 + at + 4, true));
    expect(bases).toEqual([0x2f, 0x2f, 0x2f, 0x2f]);
  });

  test.each([5, 6, 7, 8])('state %i is refused and changes nothing', (value) => {
    const on = new V1Rig(snapshot, door);
    const { file } = on.source;
    const user = new UserBuffer(new Uint8Array(4));
    user.bytes[0] = value;
    expect(file.write(V1_REG.deviceState, 4, user)).toBeLessThan(0);
    expect(stateOf(on.source)).toBe(V1_STATE.RUNNING);
    expect(on.rig.finish()).toMatchObject([ALL_DONE]);
  });

  test.each(['setup', 'iterate'] as const)('given up after %s, the guest never notices', (step) => {
    const on = new V1Rig(snapshot, door);
    on.sourceUpTo(step);
    expect(on.source.client.cancel()).toBe(0);
    on.rig.pass(1);
    expect(on.rig.finish()).toMatchObject([ALL_DONE]);
  });

  test('a stop that fails leaves the guest running once the migration is given up', () => {
    const on = new V1Rig(snapshot, door);
    on.sourceUpTo('iterate');
    on.rig.hosts[0].accelerator.faults.mailbox(1, QM_MB_CMD.CQC_BT, { status: 1, times: 1 });
    on.vm.stop();
    expect(on.source.client.vmStop()).toBe(EFAULT);
    expect(stateOf(on.source)).toBe(V1_STATE.PRE_COPY);
    expect(on.source.client.complete(on.stream)).toBe(EFAULT);
    expect(on.source.client.cancel()).toBe(0);
    on.startVm();
    on.rig.pass(1);
    expect(on.rig.finish()).toMatchObject([ALL_DONE]);
  });

  test('a destination that is given up before any data came is running', () => {
    const on = new V1Rig(snapshot, door);
    expect(on.destination.client.loadSetup()).toBe(0);
    expect(on.destination.client.cancel()).toBe(0);
    expect(stateOf(on.destination)).toBe(V1_STATE.RUNNING);
  });

  test('a destination that is given up after the match data keeps its VF, unless it loads whatever it has', () => {
    const on = new V1Rig(snapshot, door);
    const { accelerator } = on.rig.hosts[1];
    const marked = 0x1234_5678;
    accelerator.write32(1, 0x8004, marked, on.rig.nowNs);
    must(on.destination.client.loadSetup());
    on.sourceUpTo('iterate');
    expect(on.destination.client.load(on.stream.bytes())).toBeNull();
    expect(on.destination.client.cancel()).toBe(0);
    expect(stateOf(on.destination)).toBe(V1_STATE.RUNNING);
    expect(accelerator.read32(1, 0x8004, on.rig.nowNs)).toBe(snapshot === A ? 0 : marked);
  });

  test('another number of queues is refused when the match data arrive', () => {
    const on = new V1Rig(snapshot, door, { destinationQueuePairs: 5 });
    expect(on.destination.client.loadSetup()).toBe(0);
    on.sourceUpTo('iterate');
    expect(on.destination.client.load(on.stream.bytes())).toBe(EFAULT);
    expect(on.source.client.cancel()).toBe(0);
    expect(on.rig.finish()).toMatchObject([ALL_DONE]);
  });
});

describe('given up after the function was stopped', () => {
  test.each(['vmStop', 'complete'] as const)('and after %s, the guest resumes when the protocol is kept', (step) => {
    const on = new V1Rig(REPAIRED_SNAPSHOT, 64);
    on.sourceUpTo(step);
    expect(on.source.client.cancel()).toBe(0);
    on.startVm();
    on.rig.pass(1);
    expect(on.rig.finish()).toMatchObject([ALL_DONE]);
  });

  // Running from stop-and-copy has no action in either; only A's "stopped" starts the queues.
  test.each([
    ['A', 'vmStop', A, false],
    ['A', 'complete', A, true],
    ['B', 'vmStop', B, false],
    ['B', 'complete', B, false],
  ] as const)('snapshot %s, after %s: the state says running, whether or not anybody serves the queues', (...args) => {
    const [, step, snapshot, served] = args;
    const on = new V1Rig(snapshot, 'as posted');
    on.sourceUpTo(step);
    expect(on.source.client.cancel()).toBe(0);
    expect(stateOf(on.source)).toBe(V1_STATE.RUNNING);
    on.startVm();
    on.rig.pass(1);
    const [report] = on.rig.finish();
    expect(report?.ok).toBe(served);
    expect((report?.outstanding ?? 0) === 0).toBe(served);
  });
});

test('A’s "stopped" lets the source’s function work on in the RAM that was just sent; B’s does not', () => {
  for (const id of RFC_SNAPSHOT_IDS) {
    const on = new V1Rig(RFC_SNAPSHOTS[id], 'as posted', { load: 'saturated' });
    on.sourceUpTo('vmStop');
    const sent = on.copyMemory();
    expect(on.source.client.complete(on.stream)).toBe(0);
    on.rig.pass(1);
    const changed = on.vm.memory.u8.some((byte, at) => byte !== sent.u8[at]);
    expect([id, changed]).toEqual([id, RFC_SNAPSHOTS[id].stoppedRingsDoorbells]);
  }
});

test('a guest that keeps its mailbox busy holds up A’s pre-copy and makes it fail; B does not read it', () => {
  for (const snapshot of [A, B]) {
    const on = new V1Rig(snapshot, 'as posted');
    const { accelerator } = on.rig.hosts[0];
    accelerator.faults.mailbox(1, QM_MB_CMD.SQC, { busy: 'forever' });
    on.rig.world.eventNs = on.rig.nowNs;
    accelerator.write128(1, 0x300, 0x2000 | QM_MB_CMD.SQC, 0, 0, 0, on.rig.nowNs);
    const before = on.rig.nowNs;
    const ret = on.source.client.saveSetup(on.stream);
    const tookUs = (on.rig.nowNs - before) / 1000;
    const { mailboxUsesWhileRunning } = on.source.slot.driver;
    const seen = { ret, uses: mailboxUsesWhileRunning, heldUp: tookUs > 1000 };
    const asked = snapshot === A;
    expect(seen).toEqual({ ret: asked ? EFAULT : 0, uses: asked ? 1 : 0, heldUp: asked });
  }
});

test('sizes before data: the match check never happens, and a VF of another size is loaded', () => {
  const on = new V1Rig(B, 'as posted', { destinationQueuePairs: 5 });
  const { source, destination } = on;
  on.sourceUpTo('complete');
  expect(destination.client.loadSetup()).toBe(0);
  const put = (offset: number, bytes: Uint8Array): number =>
    destination.file.write(offset, bytes.length, new UserBuffer(bytes));
  const size = (value: number): Uint8Array => new Uint8Array(new BigUint64Array([BigInt(value)]).buffer);
  const image = Uint8Array.from({ length: 160 }, (_, i) => source.slot.driver.memory.readByte(32 + i));
  for (const chunk of [image.slice(0, 32), image]) {
    expect(put(V1_REG.dataSize, size(chunk.length))).toBe(8);
    expect(put(32, chunk)).toBe(chunk.length);
  }
  const running = new Uint8Array(4);
  running[0] = V1_STATE.RUNNING;
  expect(put(V1_REG.deviceState, running)).toBe(4);
});

describe('a load that breaks half way', () => {
  test('is 110 by the protocol, which only a reset ends', () => {
    const on = new V1Rig(REPAIRED_SNAPSHOT, 64);
    const { client } = on.destination;
    expect(client.loadSetup()).toBe(0);
    on.sourceUpTo('complete');
    expect(client.load(on.stream.bytes())).toBeNull();
    on.rig.hosts[1].accelerator.faults.mailbox(1, QM_MB_CMD.CQC_BT, { status: 1, times: 1 });
    expect(client.vmStart()).toBe(EFAULT);
    expect(client.inError).toBe(true);
    expect(stateOf(on.destination)).toBe(V1_STATE.ERROR);
    expect(client.cancel()).toBeLessThan(0);
    expect(stateOf(on.destination)).toBe(V1_STATE.ERROR);
    on.destination.reset();
    client.forget();
    expect(stateOf(on.destination)).toBe(V1_STATE.RUNNING);
    expect(client.loadSetup()).toBe(0);
  });

  test('reads as resuming in the driver of 2021, and the client cannot tell it from an untouched VF', () => {
    const on = new V1Rig(B, 'as posted');
    const { client } = on.destination;
    expect(client.loadSetup()).toBe(0);
    on.sourceUpTo('complete');
    expect(client.load(on.stream.bytes())).toBeNull();
    on.rig.hosts[1].accelerator.faults.mailbox(1, QM_MB_CMD.CQC_BT, { status: 1, times: 1 });
    expect(client.vmStart()).toBe(EFAULT);
    expect(client.inError).toBe(false);
    expect(stateOf(on.destination)).toBe(V1_STATE.RESUMING);
    expect(on.destination.slot.driver.lostState).toBe(true);
  });
});

test('a guest without a driver: B moves nothing and the VF stays as it is', () => {
  const on = new V1Rig(B, 'as posted', { booted: false });
  for (const host of on.rig.hosts) host.accelerator.write32(1, 0x60, 1, on.rig.nowNs);
  expect(on.destination.client.loadSetup()).toBe(0);
  const { client } = on.source;
  expect(client.saveSetup(on.stream)).toBe(0);
  expect(client.iterate(on.stream)).toBe(32);
  expect(client.vmStop()).toBe(0);
  expect(client.pending()).toBe(0);
  expect(client.complete(on.stream)).toBe(0);
  expect(on.destination.client.load(on.stream.bytes())).toBeNull();
  expect(on.destination.client.vmStart()).toBe(0);
});
