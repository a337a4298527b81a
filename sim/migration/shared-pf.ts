/**
 * What the VF drivers of one host share besides the device, as each of them sees it: the PF driver's object with its
 * "resetting" mark, and the kernel. While calls take turns, looks at and changes of these are taken in turn too.
 */
import type { VirtualClock } from '../base/clock.ts';
import type { KernelServices, PfDriver } from '../driver/kernel.ts';
import type { VirtualPort } from './virtual-port.ts';

/** Names of the services that {@link VirtualPort.turns} is asked for; equal ones must have one meaning. */
export const SERVICE = {
  lookAtResetting: 0,
  markResetting: 1,
  allocate: 2,
  createFile: 3,
  mapBar: 4,
  phase: 5,
} as const;

/** Is told of the PF's "resetting" mark. */
export interface ResettingWatch {
  /** A VF's driver saw the mark standing and will look again. */
  heldUp(fn: number, nowNs: number): void;
}

/** Whoever has the PF. */
export interface SharedPfOwner {
  readonly pf: PfDriver;
  readonly resettingWatch: ResettingWatch | null;
}

export class SharedPf implements PfDriver {
  private readonly owner: SharedPfOwner;
  private readonly port: VirtualPort;
  private readonly fn: number;
  private readonly clock: VirtualClock;

  /** @param fn the VF that looks */
  constructor(owner: SharedPfOwner, port: VirtualPort, fn: number, clock: VirtualClock) {
    this.owner = owner;
    this.port = port;
    this.fn = fn;
    this.clock = clock;
  }

  get hardware(): number {
    return this.owner.pf.hardware;
  }

  get qmShutdownMask(): number {
    return this.owner.pf.qmShutdownMask;
  }

  get coreShutdownMask(): number {
    return this.owner.pf.coreShutdownMask;
  }

  get hasDae(): boolean {
    return this.owner.pf.hasDae;
  }

  get resetting(): boolean {
    const { turns } = this.port;
    if (turns === null) return this.look();
    return turns.service(SERVICE.lookAtResetting, 0, () => (this.look() ? 1 : 0)) === 1;
  }

  set resetting(resetting: boolean) {
    const { turns } = this.port;
    if (turns === null) {
      this.owner.pf.resetting = resetting;
      return;
    }
    turns.service(SERVICE.markResetting, resetting ? 1 : 0, () => {
      this.owner.pf.resetting = resetting;
      return 0;
    });
  }

  private look(): boolean {
    const { owner } = this;
    if (owner.pf.resetting) owner.resettingWatch?.heldUp(this.fn, this.clock.nowNs);
    return owner.pf.resetting;
  }
}

export class SharedKernel implements KernelServices {
  private readonly kernel: KernelServices;
  private readonly port: VirtualPort;

  constructor(kernel: KernelServices, port: VirtualPort) {
    this.kernel = kernel;
    this.port = port;
  }

  allocate(): boolean {
    const { turns } = this.port;
    if (turns === null) return this.kernel.allocate();
    return turns.service(SERVICE.allocate, 0, () => (this.kernel.allocate() ? 1 : 0)) === 1;
  }

  createFile(): number {
    const { turns } = this.port;
    return turns === null
      ? this.kernel.createFile()
      : turns.service(SERVICE.createFile, 0, () => this.kernel.createFile());
  }

  mapBar(): boolean {
    const { turns } = this.port;
    if (turns === null) return this.kernel.mapBar();
    return turns.service(SERVICE.mapBar, 0, () => (this.kernel.mapBar() ? 1 : 0)) === 1;
  }
}
