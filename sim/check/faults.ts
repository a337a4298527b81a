/**
 * Faults at named sites, armed by the actors right before a call, and the kernel around the drivers, whose memory and
 * file table may be among them.
 */
import { QM_MB_CMD } from '../abi/mailbox.ts';
import { EMFILE } from '../abi/errno.ts';
import { keysOf } from '../base/keys.ts';
import { NS_PER_MS } from '../base/units.ts';
import type { Host } from '../world/host.ts';
import type { KernelServices } from '../driver/kernel.ts';

interface FaultKind {
  /** The site and what happens there, in words. */
  readonly what: string;
  /** Whether the driver is to see that something was late or refused, and so never to say that its caller was wrong. */
  readonly isDeviceError: boolean;
  /** Whether the device would do it if it were given the time that the hardware may take. */
  readonly isOnlySlow: boolean;
  readonly arm: (host: Host, fn: number, nowNs: number) => void;
}

/** Long for a driver that gives a command 1 ms, and short for the hardware, which may take seconds. */
const SLOW_NS = 3 * NS_PER_MS;
/** More than the status loops of a stop wait. */
const STATUS_NS = 60 * NS_PER_MS;
const RAS_BIT = 0x400;

const status =
  (command: number) =>
  ({ accelerator }: Host, fn: number): void =>
    accelerator.faults.mailbox(fn, command, { status: 1, times: 1 });
const busy =
  (command: number, ns: number | 'forever') =>
  ({ accelerator }: Host, fn: number): void =>
    accelerator.faults.mailbox(fn, command, { busy: ns, times: 1 });

const FAULT_KINDS = {
  pauseRefused: {
    what: 'PAUSE_QM ends with a status',
    isDeviceError: true,
    isOnlySlow: false,
    arm: status(QM_MB_CMD.PAUSE_QM),
  },
  pauseSlow: {
    what: 'PAUSE_QM takes 3 ms',
    isDeviceError: true,
    isOnlySlow: true,
    arm: busy(QM_MB_CMD.PAUSE_QM, SLOW_NS),
  },
  sqcTableRefused: {
    what: 'SQC_BT ends with a status',
    isDeviceError: true,
    isOnlySlow: false,
    arm: status(QM_MB_CMD.SQC_BT),
  },
  cqcTableRefused: {
    what: 'CQC_BT ends with a status',
    isDeviceError: true,
    isOnlySlow: false,
    arm: status(QM_MB_CMD.CQC_BT),
  },
  sqcTableSlow: {
    what: 'SQC_BT takes 3 ms',
    isDeviceError: true,
    isOnlySlow: true,
    arm: busy(QM_MB_CMD.SQC_BT, SLOW_NS),
  },
  vftQueryRefused: {
    what: 'the query of the queue count ends with a status',
    isDeviceError: false,
    isOnlySlow: false,
    arm: status(QM_MB_CMD.SQC_VFT_V2),
  },
  pfErrorStatus: {
    what: 'the PF reports an error for 60 ms',
    isDeviceError: false,
    isOnlySlow: false,
    arm: ({ accelerator }, _fn, nowNs) => accelerator.faults.rasStatus(RAS_BIT, nowNs + STATUS_NS),
  },
  messagePending: {
    what: 'a message of the PF is pending for 60 ms',
    isDeviceError: false,
    isOnlySlow: false,
    arm: ({ accelerator }, fn, nowNs) => accelerator.faults.ifcStatus(fn, 1, nowNs + STATUS_NS),
  },
  writeBackNever: {
    what: 'the cache write-back never ends',
    isDeviceError: true,
    isOnlySlow: false,
    arm: ({ accelerator }, fn) => accelerator.faults.cacheWriteBack(fn, Infinity),
  },
  guestNotReady: {
    what: 'QM_VF_STATE reads NOT_READY for 60 ms',
    isDeviceError: false,
    isOnlySlow: false,
    arm: ({ accelerator }, fn, nowNs) => accelerator.faults.vfNotReady(fn, nowNs + STATUS_NS),
  },
} as const satisfies Readonly<Record<string, FaultKind>>;
export type FaultName = keyof typeof FAULT_KINDS | 'noMemory' | 'noFile';

/** The sites of a device, and two of the kernel. */
export const FAULT_NAMES: readonly FaultName[] = [...keysOf(FAULT_KINDS), 'noMemory', 'noFile'];

export function faultWords(name: FaultName): string {
  if (name === 'noMemory') return 'the next allocation fails';
  return name === 'noFile' ? 'the next file cannot be created' : FAULT_KINDS[name].what;
}

export class ArmedFaults implements KernelServices {
  /** All that were armed, in order: a run that injected a fault says so. */
  readonly armed: FaultName[] = [];
  private memoryFails = 0;
  private fileFails = 0;

  arm(name: FaultName, host: Host, fn: number, nowNs: number): void {
    this.armed.push(name);
    if (name === 'noMemory') this.memoryFails = 1;
    else if (name === 'noFile') this.fileFails = 1;
    else FAULT_KINDS[name].arm(host, fn, nowNs);
  }

  /** Whether all that was armed makes a device error; false where nothing was. */
  get areDeviceErrors(): boolean {
    return this.armed.length > 0 && this.armed.every((name) => kindOf(name)?.isDeviceError === true);
  }

  /** Whether all that was armed is only slow. */
  get areOnlySlow(): boolean {
    return this.armed.length > 0 && this.armed.every((name) => kindOf(name)?.isOnlySlow === true);
  }

  allocate(): boolean {
    if (this.memoryFails === 0) return true;
    this.memoryFails -= 1;
    return false;
  }

  createFile(): number {
    if (this.fileFails === 0) return 0;
    this.fileFails -= 1;
    return EMFILE;
  }

  mapBar(): boolean {
    return true;
  }
}

function kindOf(name: FaultName): FaultKind | undefined {
  return name === 'noMemory' || name === 'noFile' ? undefined : FAULT_KINDS[name];
}
