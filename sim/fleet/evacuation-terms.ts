/**
 * What an evacuation is asked with, and what comes of it.
 */
import type { MoveClass } from './move-class.ts';
import type { PrecopyIteration } from '../memory/precopy-slots.ts';

/** Links of a fleet, in usable bytes per second; Infinity: never full. */
export interface FleetLinks {
  readonly racks: number;
  readonly hostsPerRack: number;
  /** The rack of each host; left out: hosts of a rack follow one another. */
  readonly rackOf?: Int32Array;
  /** Ports of a host that carry migrations, each a PF; a VM's move takes the one of its own VFs. */
  readonly pfsPerHost: number;
  readonly pf: number;
  /** Of every host alike, or of each. */
  readonly host: number | Float64Array;
  readonly rack: number;
  readonly spine: number;
}

/** What one host has to spare. */
export interface HostRoom {
  readonly memoryBytes: number;
  readonly vfs: number;
  readonly queues: number;
  readonly vcpus: number;
}

/** What hosts have that are not alike, of each host of the fleet. */
export interface HostsApart {
  /** PFs of each, up to {@link FleetLinks.pfsPerHost}, and the link of one of them; Infinity: never full. */
  readonly pfs: Int32Array;
  readonly pf: Float64Array;
  /** Moves at once; Infinity: as the limits say. */
  readonly outbound: Float64Array;
  readonly inbound: Float64Array;
}

/** Moves at once; Infinity: as many as there are. */
export interface Concurrency {
  readonly fleet: number;
  readonly outboundPerHost: number;
  readonly inboundPerHost: number;
  readonly perPf: number;
}

/** `in turn`: a host that began a move waits for the others; `one by one`: the lowest host that may begin one does. */
export const HOST_ORDERS = ['in turn', 'one by one'] as const;
export type HostOrder = (typeof HOST_ORDERS)[number];

export const VM_ORDERS = ['as listed', 'largest first', 'smallest first'] as const;
export type VmOrder = (typeof VM_ORDERS)[number];

/** A move that was given up is begun again: the first time after `backOffNs`, each further time after twice as long. */
export interface Retries {
  readonly most: number;
  readonly backOffNs: number;
}

/** Moves begin in the first `lengthNs` of each `everyNs`; those that have begun run on. */
export interface Windows {
  readonly lengthNs: number;
  readonly everyNs: number;
}

/** VMs of one host that is emptied, in the order in which they move. */
export interface HostVms {
  readonly classes: Uint8Array;
  /** The group of each VM, whose members may not share a host, or -1. */
  readonly groups?: Int32Array;
}

export interface EvacuationInput {
  readonly links: FleetLinks;
  readonly classes: readonly MoveClass[];
  /** VMs of each class on each host that is emptied. */
  readonly perHost: readonly number[];
  /** VMs of each host that is emptied, in place of {@link perHost}. */
  readonly lists?: readonly HostVms[];
  /** The first so many hosts are emptied. */
  readonly hosts: number;
  /** Room of each other host: alike, or of each. */
  readonly room: HostRoom | readonly HostRoom[];
  /** Groups of which each other host has a VM already. Default: none. */
  readonly held?: readonly ReadonlySet<number>[];
  /** Where hosts are not alike in more than their links and rooms. */
  readonly apart?: HostsApart;
  /** Classes repeat after so many, with the same needs: one for each kind of host that VMs leave. Default: none does. */
  readonly vmClasses?: number;
  /** Whether a VM of a class may run on a host. Default: on each. */
  readonly mayRun?: (vmClass: number, host: number) => boolean;
  /** Room that hosts that receive keep together. Default: none. */
  readonly reserve?: HostRoom;
  readonly concurrency: Concurrency;
  readonly hostOrder: HostOrder;
  readonly vmOrder: VmOrder;
  /** Of each class: those with more begin before others, in the whole fleet. Default: all alike. */
  readonly priorities?: readonly number[];
  /** Between the begin of a move and its first byte, while it counts as one at once, ns. Default: 0. */
  readonly setUpNs?: number;
  /** Default: none. */
  readonly retries?: Retries;
  /** Default: moves begin at any time. */
  readonly windows?: Windows;
  /** Change that a busy link leaves unanswered; {@link LinkShares}. Default there. */
  readonly slack?: number;
  /** Whether managers act at every poll, also where nothing can change. Default: no. */
  readonly everyPoll?: boolean;
  /** Notes the iterations of each VM, times from the start of its move. */
  readonly onIterations?: (vm: number, row: PrecopyIteration) => void;
}

/** How each VM fared. Those up to `forced` run at their destinations. */
export const FATE = {
  moved: 0,
  forced: 1,
  timeout: 2,
  noProgress: 3,
  iterations: 4,
  stall: 5,
  switchover: 6,
  noRoom: 7,
} as const;

/** What a VM without a destination found none for: no host has room, or one without its group, or the reserve would be used. */
export const LACK = { none: 0, room: 1, apart: 2, reserve: 3 } as const;

export interface EvacuationResult {
  readonly vms: number;
  /** Of each VM, times in ns from the begin: of its last move, with its set-up. VMs of a host follow one another. */
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
  /** 0 of a VM that did not move. */
  readonly pauseNs: Float64Array;
  readonly fate: Uint8Array;
  /** Moves of each VM that began. */
  readonly attempts: Uint8Array;
  /** Where each VM was, and where it went; -1 of one that did not move. */
  readonly sourceOf: Int32Array;
  readonly targetOf: Int32Array;
  /** What kept a VM from being stopped within its limit, by its place in {@link BLOCKERS}. */
  readonly blocker: Uint8Array;
  /** Of VMs without room, by {@link LACK}. */
  readonly lack: Uint8Array;
  readonly vmClass: Uint8Array;
  /** The downtime limit that held at the stop, or at the end without, in ns. */
  readonly limitNs: Float64Array;
  /** Memory that was left of a VM that was forced or did not move, and what fitted into the limit, in bytes. */
  readonly leftBytes: Float64Array;
  readonly fitsBytes: Float64Array;
  readonly sentBytes: number;
  /** When each host had no VM left; NaN when some stayed. */
  readonly hostEmptyNs: Float64Array;
  /** From the first begin to the last end, in ns. */
  readonly totalNs: number;
  /** Steps of moves. */
  readonly events: number;
  /** Flows visited when links computed their shares. */
  readonly looks: number;
  /** Moves at once, at most. */
  readonly atOnce: number;
}
