/**
 * One host in the virtual world: an accelerator, its PF driver, and a VFIO device per VF.
 */
import { ACCELERATORS, type AcceleratorFacts, type AcceleratorKind } from '../abi/accelerators.ts';
import { mailboxWord, QM_MB } from '../abi/mailbox.ts';
import { VF_BAR2_BYTES, VF_REG } from '../abi/registers.ts';
import type { VirtualClock } from '../base/clock.ts';
import { Accelerator } from '../device/accelerator.ts';
import type { AcceleratorConfig } from '../device/accelerator-config.ts';
import type { CostValues } from '../device/costs.ts';
import type { GuestMemory } from '../device/guest-memory.ts';
import type { Generation } from '../driver/generation.ts';
import { HEALTHY_KERNEL, type KernelServices, type PfDriver } from '../driver/kernel.ts';
import type { MigrationRefusal } from '../vfio/migration-refusal.ts';
import { VfioDevice } from '../vfio/vfio-device.ts';
import type { GuestBus } from '../workload/guest.ts';
import { type ResettingWatch, SharedKernel, SharedPf, type SharedPfOwner } from './shared-pf.ts';
import { type Surroundings, VirtualPort } from './virtual-port.ts';

export interface HostOptions {
  readonly kind: AcceleratorKind;
  readonly generation: Generation;
  readonly costs: CostValues;
  readonly device: Omit<AcceleratorConfig, 'kind' | 'costs'>;
  /** VFs, by hardware function number, to which the migration driver is not to attach itself. Default: none. */
  readonly refusals?: ReadonlyMap<number, MigrationRefusal>;
  /** The kernel around all the host's VF drivers. Default: one in which nothing fails. */
  readonly kernel?: KernelServices;
}

/** The part of a VM that uses a VF: it is notified of the VF's interrupts. */
export interface VfUser {
  raised(vector: number, nowNs: number): void;
}

/** Time of the current event. */
export interface EventTime {
  eventNs: number;
}

/** The guest's way to its VF: accesses happen at the time of the guest's current event, and cost it nothing. */
class SlotBus implements GuestBus {
  private readonly device: Accelerator;
  private readonly fn: number;
  private readonly time: EventTime;

  constructor(device: Accelerator, fn: number, time: EventTime) {
    this.device = device;
    this.fn = fn;
    this.time = time;
  }

  read32(offset: number): number {
    return this.device.read32(this.fn, offset, this.time.eventNs);
  }

  write32(offset: number, value: number): void {
    this.device.write32(this.fn, offset, value, this.time.eventNs);
  }

  write64(offset: number, low: number, high: number): void {
    this.device.write64(this.fn, offset, low, high, this.time.eventNs);
  }

  mailbox(command: number, queue: number, addressLow: number, addressHigh: number): boolean {
    const { device, fn, time } = this;
    const offset = VF_REG.QM_MB_CMD_SEND_BASE;
    device.write128(fn, offset, mailboxWord(command, queue, false), addressLow, addressHigh, 0, time.eventNs);
    for (;;) {
      const word = device.read32(fn, offset, time.eventNs);
      if ((word & QM_MB.busyBit) === 0) return ((word >>> QM_MB.statusShift) & QM_MB.statusMask) === 0;
      if (device.nextEventNs === Infinity) return false;
      time.eventNs = Math.max(time.eventNs, device.nextEventNs);
      device.advance(time.eventNs);
    }
  }
}

/** One VF of a host: the VFIO device in front of it, and the VM that has it, if any. */
export class VfSlot {
  readonly host: Host;
  /** Hardware function number, 1 to 63. */
  readonly fn: number;
  readonly port: VirtualPort;
  readonly vfio: VfioDevice;
  readonly bus: GuestBus;
  /** What its driver reaches but shares with others, or cannot change. */
  readonly outside: readonly object[];
  private user: VfUser | null = null;

  constructor(host: Host, fn: number, clock: VirtualClock, around: Surroundings, time: EventTime) {
    this.host = host;
    this.fn = fn;
    this.port = new VirtualPort(host.accelerator, clock, fn, around);
    this.bus = new SlotBus(host.accelerator, fn, time);
    const pf = new SharedPf(host, this.port, fn, clock);
    const kernel = new SharedKernel(host.options.kernel ?? HEALTHY_KERNEL, this.port);
    this.vfio = new VfioDevice({
      port: this.port,
      bar: this.port,
      generation: host.options.generation,
      facts: host.facts,
      functionNumber: fn,
      bar2Bytes: VF_BAR2_BYTES,
      pf,
      kernel,
      resetsAtOpen: true,
      refusal: host.options.refusals?.get(fn) ?? null,
      onReset: (event) => {
        if (event === 'flr') this.port.resetFunction();
      },
    });
    const polls = this.vfio.driver?.qm.polls;
    const fixed = polls === undefined ? [] : [polls];
    this.outside = [this.port, pf, kernel, host.options.generation, host.facts, ...fixed];
  }

  attach(memory: GuestMemory, user: VfUser): void {
    this.user = user;
    this.host.accelerator.attachMemory(this.fn, memory);
  }

  /** The VM is gone, and its RAM with it. */
  detach(): void {
    this.user = null;
    this.host.accelerator.attachMemory(this.fn, null);
  }

  /** The VF raised a vector. Without a VM nobody notices. */
  raised(vector: number, nowNs: number): void {
    this.user?.raised(vector, nowNs);
  }
}

export class Host implements SharedPfOwner {
  readonly options: HostOptions;
  readonly facts: AcceleratorFacts;
  readonly accelerator: Accelerator;
  readonly pf: PfDriver;
  /** Observer of reads of the PF's "resetting" mark. */
  resettingWatch: ResettingWatch | null = null;
  /** The VFs, in the order of their hardware function numbers, from 1 on. */
  readonly slots: readonly VfSlot[];

  constructor(options: HostOptions, clock: VirtualClock, around: Surroundings, time: EventTime) {
    this.options = options;
    this.facts = ACCELERATORS[options.kind];
    this.accelerator = new Accelerator({ ...options.device, kind: options.kind, costs: options.costs });
    this.pf = {
      hardware: options.device.hardware,
      qmShutdownMask: this.facts.qmShutdownMask,
      coreShutdownMask: this.facts.coreShutdownMask,
      hasDae: false,
      resetting: false,
    };
    this.slots = Array.from(
      { length: options.device.vfCount },
      (_, vf) => new VfSlot(this, vf + 1, clock, around, time),
    );
    this.accelerator.onInterrupt = (fn, vector, nowNs) => {
      if (fn > 0) this.slots[fn - 1]!.raised(vector, nowNs);
    };
  }

  /** VF by hardware function number, 1 to the VF count. */
  slot(fn: number): VfSlot {
    return this.slots[fn - 1]!;
  }
}
