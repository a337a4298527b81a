/**
 * The VMMs whose moves are modelled, as facts: the model asks for a fact, never for a VMM by name.
 *
 * Source: docs/pause.md.
 */
import { keysOf } from '../base/keys.ts';
import { NS_PER_S } from '../base/units.ts';
import type { ManagerName } from './manager.ts';
import type { VmmParameterName } from './parameters.ts';

/** What a VMM does in a move. */
interface VmmFacts {
  readonly title: string;
  /** Parameter with what one channel carries, in bytes per second. */
  readonly channelRate: VmmParameterName;
  /** Parameters with times in ns: state other than memory and devices saved, for the VM and for each vCPU, and loaded. */
  readonly platformSave: VmmParameterName;
  readonly vcpuSave: VmmParameterName | null;
  readonly platformLoad: VmmParameterName;
  /** The same of what precedes the first byte: for the VM, and for each GiB of it. */
  readonly setup: VmmParameterName | null;
  readonly logStartPerGib: VmmParameterName;
  /** Whether it finds pages of zeros, and whether the final sync reads the log of all memory. */
  readonly findsZeros: boolean;
  readonly syncsAllMemory: boolean;
  /** Whether its own cap holds no more in the pause. */
  readonly liftsCap: boolean;
  /**
   * `windows`: memory is sent until what is left fits into the limit, and on to the end of a window of 100 ms; device state
   * counts as left. `iterations`: all that is dirty is sent before the dirty log is read again, and only memory counts.
   */
  readonly sends: 'windows' | 'iterations';
  /** The manager of a move for which a document names none, and the time that it may then take in ns; Infinity: any. */
  readonly watchedBy: ManagerName;
  readonly timeoutNs: number;
  /** Whether a move can end after a number of iterations. */
  readonly countsIterations: boolean;
  /** Whether devices send state before the stop. */
  readonly preCopiesDevices: boolean;
  /** What becomes of a VF whose driver failed: reset at both ends, or at the source only; `sim/move/vf-passage.ts`. */
  readonly recovery: 'reset' | 'resetSource';
  /** Whether its vCPUs may stay parked after a device that does not stop, which `recovery: park` plays. */
  readonly mayPark: boolean;
  /**
   * Whether memory that follows after a switch by post-copy is pushed by the source, in a stream; false: the destination asks for
   * page after page, one at a time.
   */
  readonly pushesPages: boolean;
  /** Whether channels are those of multifd, with threads and packets of their own. */
  readonly hasMultifd: boolean;
  readonly compresses: boolean;
  /** Whether it is known what virtio devices that another process serves add to its pause. */
  readonly hasVhost: boolean;
  /** Whether it can throttle vCPUs that write too much. */
  readonly throttles: boolean;
  /** Whether it prints its pause as snapshot, sending and completion. */
  readonly breaksDown: boolean;
  /** Whether the source waits for the destination's answer by default. */
  readonly returnPath: boolean;
}

export const VMMS = {
  qemu: {
    title: 'QEMU',
    channelRate: 'qemuChannelBytesPerSecond',
    platformSave: 'platformSaveNs',
    vcpuSave: 'vcpuSaveNs',
    platformLoad: 'platformLoadNs',
    setup: 'setupNs',
    logStartPerGib: 'dirtyLogStartNsPerGib',
    findsZeros: true,
    syncsAllMemory: true,
    liftsCap: true,
    sends: 'windows',
    watchedBy: 'user',
    timeoutNs: Number.POSITIVE_INFINITY,
    countsIterations: false,
    preCopiesDevices: true,
    recovery: 'reset',
    mayPark: false,
    // migration/ram.c: pages go in the background, those that are asked for first; max-postcopy-bandwidth is 0, no cap.
    pushesPages: true,
    hasMultifd: true,
    compresses: true,
    hasVhost: true,
    throttles: true,
    breaksDown: false,
    returnPath: false,
  },
  'cloud-hypervisor': {
    title: 'Cloud Hypervisor',
    channelRate: 'cloudHypervisorChannelBytesPerSecond',
    platformSave: 'cloudHypervisorSaveNs',
    vcpuSave: null,
    platformLoad: 'cloudHypervisorLoadNs',
    setup: null,
    logStartPerGib: 'cloudHypervisorLogStartNsPerGib',
    findsZeros: false,
    syncsAllMemory: false,
    liftsCap: false,
    sends: 'iterations',
    watchedBy: 'vmm',
    timeoutNs: 3600 * NS_PER_S,
    countsIterations: true,
    preCopiesDevices: false,
    // From PR 8528 on: the recovery state is tried, then the device is reset. Earlier releases move no VFIO device whole.
    recovery: 'resetSource',
    // vm.rs `Pausable`, lib.rs `check_migration`, ae44c2971: read, not run, so that it is not what is taken.
    mayPark: true,
    // vmm/src/memory_manager.rs `uffd_handler_loop`, vmm/src/lib.rs `serve_postcopy`, ae44c2971 (20 Aug 2026): one thread.
    pushesPages: false,
    hasMultifd: false,
    compresses: false,
    hasVhost: false,
    throttles: false,
    breaksDown: true,
    returnPath: true,
  },
} as const satisfies Readonly<Record<string, VmmFacts>>;

export type VmmName = keyof typeof VMMS;

export const VMM_NAMES = keysOf(VMMS);

/** The VMM that is taken where none is named. */
export const DEFAULT_VMM = 'qemu' as const satisfies VmmName;
