/**
 * One VM with one VF moves from host to host, in the virtual world.
 *
 * A generator: it yields the moment until which it has nothing to do, so that many migrations share one clock. The
 * driver's calls advance that clock themselves; when there is more than one migration they take turns (`fiber.ts`).
 */
import { ENOTTY, errnoName } from '../abi/errno.ts';
import { ACC_VF_DATA_BYTES } from '../abi/vf-data.ts';
import { MIG_STATE } from '../abi/vfio.ts';
import { bug } from '../base/bug.ts';
import { DOWNTIME_VIEW, type DowntimePart, PauseClock } from '../base/pause-parts.ts';
import type { CostValues } from '../device/costs.ts';
import { GuestMemory } from '../device/guest-memory.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import type { DriverPhase } from '../driver/vf-driver.ts';
import { resumeQueues } from '../vfio/resume-queues.ts';
import { UserBuffer } from '../vfio/user-buffer.ts';
import { type Fiber, type FiberBody, runFibers } from '../world/fiber.ts';
import type { VfSlot } from '../world/host.ts';
import type { Link } from './link.ts';
import { SERVICE } from '../world/shared-pf.ts';
import { GUEST_DMA_BASE, type VfGuest } from '../world/vf-guest.ts';
import type { World } from '../world/world.ts';

export interface VfMigrationOptions {
  readonly vm: VfGuest;
  readonly destination: VfSlot;
  readonly link: Link;
  readonly costs: CostValues;
  /** Looks at, and may damage, the image on its way; for tests of what a destination refuses. */
  readonly onWire?: (image: Uint8Array) => void;
  /** How long after the others it begins, in ns. Default: 0. */
  readonly afterNs?: number;
}

export type VfMigrationOutcome =
  | {
      readonly kind: 'moved';
      readonly downtimeNs: number;
      readonly partsNs: Readonly<Record<DowntimePart, number>>;
      /** Image and queue structures, in bytes. */
      readonly bytes: number;
    }
  | {
      readonly kind: 'failed';
      /** The call that failed, and its error. */
      readonly at: string;
      readonly errno: string;
      /** In words, where the errno alone does not tell. */
      readonly reason?: string;
      /** Whether the guest runs on at the source with its queues served; otherwise only a reset makes the VF work again. */
      readonly resumed: boolean;
      /** From the vCPUs' stop until they run again at the source; 0 when they never stopped. */
      readonly downtimeNs: number;
    };

const STATE = MIG_STATE;

export class VfMigration {
  private readonly world: World;
  private readonly options: VfMigrationOptions;
  private readonly source: VfSlot;
  private fiber: Fiber | null = null;
  private readonly user: UserBuffer = new UserBuffer(new Uint8Array(ACC_VF_DATA_BYTES));

  constructor(world: World, options: VfMigrationOptions) {
    this.world = world;
    this.options = options;
    this.source = options.vm.slot;
  }

  /** The whole move as a fiber, for runs of moves with other things. */
  readonly start: FiberBody<VfMigrationOutcome> = (fiber) => this.run(fiber);

  /**
   * The whole move. Both devices must be open.
   *
   * @param fiber whose turns the driver's calls are to take; null: nobody else is at work, and each call is made in one go
   */
  *run(fiber: Fiber | null): Generator<number, VfMigrationOutcome, void> {
    const { world, options, source } = this;
    if (fiber === null && world.takesTurns) bug('CALLS_OUT_OF_TURN');
    this.fiber = fiber;
    const { vm, destination, link, costs } = options;
    const { clock } = world;
    if (options.afterNs !== undefined && options.afterNs > 0) yield clock.nowNs + options.afterNs;

    // A VMM learns this when it opens the device, and then does not begin.
    const blocked = blockedAt(source, 'source') ?? blockedAt(destination, 'destination');
    if (blocked !== null) return blocked;

    // Outside the pause: the destination's VF is stopped and made ready to take an image.
    let ret = this.call(destination, () => destination.vfio.setState(STATE.RESUMING)) ?? (yield* this.rest());
    if (ret !== 0) return this.failed('destination RESUMING', ret, clock.nowNs, true);
    const incoming = takeFile(destination);

    const parts = new PauseClock(clock.nowNs);
    const startNs = clock.nowNs;
    world.runUntil(startNs);
    vm.stop();
    yield startNs + costs.vcpuStopNs;

    const driver = source.vfio.driver;
    if (driver === null) return bug('MIGRATION_WITHOUT_DRIVER');
    const enter = (phase: DriverPhase): void => parts.enter(phase, clock.nowNs);
    driver.onPhase =
      fiber === null ? enter : (phase) => fiber.once(SERVICE.phase, PHASES.indexOf(phase), () => enter(phase));
    parts.enter('pauseAndDrain', clock.nowNs);
    ret = this.call(source, () => source.vfio.setState(STATE.STOP_COPY)) ?? (yield* this.rest());
    driver.onPhase = null;
    if (ret !== 0) return yield* this.giveUp('source STOP_COPY', ret, startNs, incoming);
    const outgoing = takeFile(source);

    const read = (): number => source.vfio.readFile(outgoing, this.user, ACC_VF_DATA_BYTES);
    const bytes = this.call(source, read) ?? (yield* this.rest());
    source.vfio.closeFile(outgoing);
    if (bytes < 0) return yield* this.giveUp('source read', bytes, startNs, incoming);

    parts.enter('handOver', clock.nowNs);
    const image = this.user.bytes.slice(0, bytes);
    options.onWire?.(image);
    const moved = new GuestMemory(vm.memory.u8.slice().buffer, GUEST_DMA_BASE);
    const wireBytes = bytes + vm.layout.sectionBytes;
    yield link.send(clock.nowNs, wireBytes);

    parts.enter('load', clock.nowNs);
    this.user.bytes.set(image);
    destination.host.accelerator.attachMemory(destination.fn, moved);
    const write = (): number => destination.vfio.writeFile(incoming, this.user, bytes);
    ret = this.call(destination, write) ?? (yield* this.rest());
    if (ret < 0) return yield* this.giveUp('destination write', ret, startNs, incoming);
    ret = this.call(destination, () => destination.vfio.setState(STATE.STOP)) ?? (yield* this.rest());
    if (ret !== 0) return yield* this.giveUp('destination load', ret, startNs, incoming);
    destination.vfio.closeFile(incoming);

    // From here on there is no way back: the destination owns the VM.
    vm.moveTo(moved, destination);
    parts.enter('start', clock.nowNs);
    ret = this.call(destination, () => destination.vfio.setState(STATE.RUNNING)) ?? (yield* this.rest());
    if (ret !== 0) return bug('START_FAILED', ret);

    parts.enter('vcpuStart', clock.nowNs);
    yield clock.nowNs + costs.vcpuStartNs;
    const downtimeNs = parts.finish(clock.nowNs);
    world.eventNs = clock.nowNs;
    vm.start();

    ret = this.call(source, () => source.vfio.setState(STATE.STOP)) ?? (yield* this.rest());
    if (ret !== 0) return bug('SOURCE_STOP', ret);
    return { kind: 'moved', downtimeNs, partsNs: parts.partsNs(DOWNTIME_VIEW), bytes: wireBytes };
  }

  /** One system call into the VFIO driver of a slot. @returns what it gave, or null when {@link rest} is to give it */
  private call(slot: VfSlot, body: () => number): number | null {
    const { clock } = this.world;
    clock.nowNs += this.options.costs.syscallNs;
    if (this.fiber !== null) return this.fiber.call(slot, body);
    const ret = body();
    this.world.catchUp(clock.nowNs);
    return ret;
  }

  /** The rest of a call that has to wait for others. */
  private rest(): Generator<number, number, void> {
    return (this.fiber ?? bug('CALL_WAITS_ALONE')).rest();
  }

  /** The guest goes on at the source, if that can be had; then the destination lets go. */
  private *giveUp(
    at: string,
    ret: number,
    startNs: number,
    incoming: MigrationFile,
  ): Generator<number, VfMigrationOutcome, void> {
    const { world } = this;
    const { destination, vm, costs } = this.options;
    const went = this.call(this.source, () => resumeQueues(this.source.vfio)) ?? (yield* this.rest());
    yield world.clock.nowNs + costs.vcpuStartNs;
    world.eventNs = world.clock.nowNs;
    vm.start();
    const outcome = this.failed(at, ret, startNs, went === 0);
    destination.vfio.closeFile(incoming);
    const reset = (): number => {
      destination.vfio.reset();
      return 0;
    };
    if (this.call(destination, reset) === null) yield* this.rest();
    destination.host.accelerator.attachMemory(destination.fn, null);
    return outcome;
  }

  private failed(at: string, ret: number, startNs: number, resumed: boolean): VfMigrationOutcome {
    return { kind: 'failed', at, errno: errnoName(ret), resumed, downtimeNs: this.world.clock.nowNs - startNs };
  }
}

/** A move that does not begin, because one side's device offers no migration. Nothing was stopped. */
function blockedAt(slot: VfSlot, side: 'source' | 'destination'): VfMigrationOutcome | null {
  const reason = slot.vfio.migrationBlocker;
  if (reason === null) return null;
  const errno = errnoName(-ENOTTY);
  return { kind: 'failed', at: `${side} MIGRATION`, errno, reason, resumed: true, downtimeNs: 0 };
}

const PHASES = ['pauseAndDrain', 'statusChecks', 'cacheWriteBack', 'save'] as const satisfies readonly DriverPhase[];

/** The data file that a slot's last state change handed out. */
function takeFile(slot: VfSlot): MigrationFile {
  const file = slot.vfio.newFile;
  if (file === null) return bug('NO_DATA_FILE');
  slot.vfio.newFile = null;
  return file;
}

/**
 * Runs migrations to their ends on one clock. Several take turns, access by access: whoever is due first goes on, among
 * equals the one given first.
 *
 * @returns the outcomes, in the order given
 */
export function runMigrations(world: World, migrations: readonly VfMigration[]): VfMigrationOutcome[] {
  if (migrations.length > 1) {
    return runFibers(
      world,
      migrations.map(({ start }) => start),
    );
  }
  return migrations.map((migration) => {
    const steps = migration.run(null);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      if (step.value > world.clock.nowNs) world.runUntil(step.value);
    }
  });
}
