/**
 * One VM with one VF moves from host to host, in the virtual world.
 *
 * A generator: it yields the moment until which it has nothing to do, so that many migrations share one clock. The
 * driver's calls advance that clock themselves.
 */
import { ENOTTY, errnoName } from '../abi/errno.ts';
import { ACC_VF_DATA_BYTES } from '../abi/vf-data.ts';
import { MIG_STATE } from '../abi/vfio.ts';
import { bug } from '../base/bug.ts';
import type { CostValues } from '../device/costs.ts';
import { GuestMemory } from '../device/guest-memory.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import { UserBuffer } from '../vfio/user-buffer.ts';
import { DowntimeClock, type DowntimePart } from './downtime.ts';
import type { VfSlot } from './host.ts';
import type { Link } from './link.ts';
import { goOn } from '../vfio/go-on.ts';
import { VM_DMA_BASE, type Vm } from './vm.ts';
import type { World } from './world.ts';

export interface VfMigrationOptions {
  readonly vm: Vm;
  readonly destination: VfSlot;
  readonly link: Link;
  readonly costs: CostValues;
  /** Looks at, and may damage, the image on its way; for tests of what a destination refuses. */
  readonly onWire?: (image: Uint8Array) => void;
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
  private readonly user: UserBuffer = new UserBuffer(new Uint8Array(ACC_VF_DATA_BYTES));

  constructor(world: World, options: VfMigrationOptions) {
    this.world = world;
    this.options = options;
    this.source = options.vm.slot;
  }

  /** The whole move. Both devices must be open. */
  *run(): Generator<number, VfMigrationOutcome, void> {
    const { world, options, source } = this;
    const { vm, destination, link, costs } = options;
    const { clock } = world;

    // A VMM learns this when it opens the device, and then does not begin.
    const blocked = blockedAt(source, 'source') ?? blockedAt(destination, 'destination');
    if (blocked !== null) return blocked;

    // Outside the pause: the destination's VF is stopped and made ready to take an image.
    let ret = this.call(() => destination.vfio.setState(STATE.RESUMING));
    if (ret !== 0) return this.failed('destination RESUMING', ret, clock.nowNs, true);
    const incoming = take(destination);

    const parts = new DowntimeClock(clock.nowNs);
    const startNs = clock.nowNs;
    world.runUntil(startNs);
    vm.stop();
    yield startNs + costs.vcpuStopNs;

    const driver = source.vfio.driver;
    if (driver === null) return bug('MIGRATION_WITHOUT_DRIVER');
    driver.onPhase = (phase) => parts.enter(PART_OF_PHASE[phase], clock.nowNs);
    parts.enter('pauseAndDrain', clock.nowNs);
    ret = this.call(() => source.vfio.setState(STATE.STOP_COPY));
    driver.onPhase = null;
    if (ret !== 0) return yield* this.giveUp('source STOP_COPY', ret, startNs, incoming);
    const outgoing = take(source);

    const bytes = this.call(() => source.vfio.readFile(outgoing, this.user, ACC_VF_DATA_BYTES));
    source.vfio.closeFile(outgoing);
    if (bytes < 0) return yield* this.giveUp('source read', bytes, startNs, incoming);

    parts.enter('transfer', clock.nowNs);
    const image = this.user.bytes.slice(0, bytes);
    options.onWire?.(image);
    const moved = new GuestMemory(vm.memory.u8.slice().buffer, VM_DMA_BASE);
    const wireBytes = bytes + vm.layout.sectionBytes;
    yield link.send(clock.nowNs, wireBytes);

    parts.enter('load', clock.nowNs);
    this.user.bytes.set(image);
    destination.host.accelerator.attachMemory(destination.fn, moved);
    ret = this.call(() => destination.vfio.writeFile(incoming, this.user, bytes));
    if (ret < 0) return yield* this.giveUp('destination write', ret, startNs, incoming);
    ret = this.call(() => destination.vfio.setState(STATE.STOP));
    if (ret !== 0) return yield* this.giveUp('destination load', ret, startNs, incoming);
    destination.vfio.closeFile(incoming);

    // From here on there is no way back: the destination owns the VM.
    vm.moveTo(moved, destination);
    parts.enter('start', clock.nowNs);
    ret = this.call(() => destination.vfio.setState(STATE.RUNNING));
    if (ret !== 0) return bug('START_FAILED', ret);

    parts.enter('vcpuStart', clock.nowNs);
    yield clock.nowNs + costs.vcpuStartNs;
    const downtimeNs = parts.finish(clock.nowNs);
    world.eventNs = clock.nowNs;
    vm.start();

    this.call(() => source.vfio.setState(STATE.STOP));
    return { kind: 'moved', downtimeNs, partsNs: parts.partsNs, bytes: wireBytes };
  }

  /** One system call into the VFIO driver. */
  private call(body: () => number): number {
    const { clock } = this.world;
    clock.nowNs += this.options.costs.syscallNs;
    const ret = body();
    this.world.catchUp(clock.nowNs);
    return ret;
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
    const resumed = this.call(() => goOn(this.source.vfio)) === 0;
    yield world.clock.nowNs + costs.vcpuStartNs;
    world.eventNs = world.clock.nowNs;
    vm.start();
    const outcome = this.failed(at, ret, startNs, resumed);
    destination.vfio.closeFile(incoming);
    this.call(() => {
      destination.vfio.reset();
      return 0;
    });
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

const PART_OF_PHASE = {
  pause: 'pauseAndDrain',
  checks: 'statusChecks',
  writeBack: 'cacheWriteBack',
  save: 'save',
} as const;

/** The data file that a slot's last state change handed out. */
function take(slot: VfSlot): MigrationFile {
  const file = slot.vfio.newFile;
  if (file === null) return bug('NO_DATA_FILE');
  slot.vfio.newFile = null;
  return file;
}

/**
 * Runs migrations to their ends on one clock, whoever is due first next; among equals in the order given.
 *
 * @returns the outcomes, in the order given
 */
export function runMigrations(world: World, migrations: readonly VfMigration[]): VfMigrationOutcome[] {
  const outcomes: VfMigrationOutcome[] = [];
  const active = migrations.map((migration, index) => ({ index, steps: migration.run(), wakeNs: world.clock.nowNs }));
  while (active.length > 0) {
    let first = 0;
    for (let i = 1; i < active.length; i++) if (active[i]!.wakeNs < active[first]!.wakeNs) first = i;
    const next = active[first]!;
    if (next.wakeNs > world.clock.nowNs) world.runUntil(next.wakeNs);
    const step = next.steps.next();
    if (step.done === true) {
      outcomes[next.index] = step.value;
      active.splice(first, 1);
    } else {
      next.wakeNs = step.value;
    }
  }
  return outcomes;
}
