/**
 * What the VF drivers of one host share apart from the device, as each of them sees it: the PF driver's object with its
 * "resetting" mark, and the kernel. While calls interleave, reads and changes of these are interleaved too.
 */
import type { VirtualClock } from '../base/clock.ts';
import { NS_PER_MS } from '../base/units.ts';
import type { KernelServices, PfDriver } from '../driver/kernel.ts';
import type { PortTurns, VirtualPort } from './virtual-port.ts';

/** Names of the services that {@link VirtualPort.turns} is asked for; equal ones must have one meaning. */
export const SERVICE = {
  lookAtResetting: 0,
  markResetting: 1,
  allocate: 2,
  createFile: 3,
  mapBar: 4,
  phase: 5,
} as const;

/** Observer of the PF's "resetting" mark. */
export interface ResettingWatch {
  /** A VF's driver saw the mark set and will read it again. */
  heldUp(fn: number, nowNs: number): void;
}

/** Holder of the PF. */
export interface SharedPfOwner {
  readonly pf: PfDriver;
  readonly resettingWatch: ResettingWatch | null;
}

export class SharedPf implements PfDriver {
  readonly hardware: number;
  readonly hasDae: boolean;
  private readonly pf: PfDriver;
  private readonly owner: SharedPfOwner;
  private readonly port: VirtualPort;
  private readonly fn: number;
  private readonly clock: VirtualClock;

  /** @param fn the VF that reads */
  constructor(owner: SharedPfOwner, port: VirtualPort, fn: number, clock: VirtualClock) {
    this.hardware = owner.pf.hardware;
    this.hasDae = owner.pf.hasDae;
    this.pf = owner.pf;
    this.owner = owner;
    this.port = port;
    this.fn = fn;
    this.clock = clock;
  }

  get qmShutdownMask(): number {
    return this.pf.qmShutdownMask;
  }

  get coreShutdownMask(): number {
    return this.pf.coreShutdownMask;
  }

  get resetting(): boolean {
    const { turns } = this.port;
    return turns === null ? this.look() : this.lookInTurn(turns);
  }

  set resetting(resetting: boolean) {
    const { turns } = this.port;
    if (turns === null) this.pf.resetting = resetting;
    else this.markInTurn(turns, resetting);
  }

  awaitResettingClear(sleepMs: number, sleepsMax: number): boolean {
    const { port } = this;
    const { turns } = port;
    if (turns !== null) return this.awaitInTurn(turns, sleepMs, sleepsMax);
    for (let sleeps = 1; this.look(); sleeps++) {
      port.sleepMs(sleepMs);
      if (sleeps > sleepsMax) return false;
    }
    return true;
  }

  private awaitInTurn(turns: PortTurns, sleepMs: number, sleepsMax: number): boolean {
    return turns.awaitClear(() => (this.look() ? 1 : 0), sleepMs * NS_PER_MS, sleepsMax);
  }

  private look(): boolean {
    const { resetting } = this.pf;
    if (resetting) this.owner.resettingWatch?.heldUp(this.fn, this.clock.nowNs);
    return resetting;
  }

  // Apart from the rest, so that no closure is made where nobody takes turns.
  private lookInTurn(turns: PortTurns): boolean {
    return turns.service(SERVICE.lookAtResetting, 0, () => (this.look() ? 1 : 0)) === 1;
  }

  private markInTurn(turns: PortTurns, resetting: boolean): void {
    turns.service(SERVICE.markResetting, resetting ? 1 : 0, () => {
      this.pf.resetting = resetting;
      return 0;
    });
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
    return turns === null ? this.kernel.allocate() : this.inTurn(turns, 'allocate');
  }

  mapBar(): boolean {
    const { turns } = this.port;
    return turns === null ? this.kernel.mapBar() : this.inTurn(turns, 'mapBar');
  }

  createFile(): number {
    const { turns } = this.port;
    return turns === null ? this.kernel.createFile() : this.createFileInTurn(turns);
  }

  private inTurn(turns: PortTurns, service: 'allocate' | 'mapBar'): boolean {
    return turns.service(SERVICE[service], 0, () => (this.kernel[service]() ? 1 : 0)) === 1;
  }

  private createFileInTurn(turns: PortTurns): number {
    return turns.service(SERVICE.createFile, 0, () => this.kernel.createFile());
  }
}
