/**
 * What every thread of a real world is given when it starts. Plain data and shared buffers only.
 */
import type { AcceleratorKind } from '../../sim/abi/accelerators.ts';
import type { GenerationId } from '../../sim/driver/generation.ts';
import type { MigrationRefusal } from '../../sim/vfio/migration-refusal.ts';
import type { MapMemory } from './map-memory.ts';
import type { WaitingPolicy } from './waiting.ts';

export interface WorldHost {
  /** PF register 0x30. */
  readonly isolation: number;
  /** Why the migration driver does not load for the VFs of this host; null: it does. */
  readonly refusal: MigrationRefusal | null;
}

/** One VM: its VF and its RAM on each host. */
interface WorldVm {
  /** Hardware function number, the same on both hosts. */
  readonly fn: number;
  /** Queue structures, per host. */
  readonly memories: readonly SharedArrayBuffer[];
  /** What its guest gave to its queues and took from them, see RING_MARK; without, it is not sent in iterations. */
  readonly marks?: SharedArrayBuffer;
}

/** Room for one migration in flight. */
export interface WorldSlot {
  /** The frame on its way. */
  readonly arena: SharedArrayBuffer;
  /** See HANDOVER. */
  readonly handover: SharedArrayBuffer;
  /** Times at which the parts of the downtime began, in ns: Float64, see WALL_PARTS. */
  readonly stamps: SharedArrayBuffer;
}

export interface WorldInit {
  readonly map: MapMemory;
  readonly guestMap: SharedArrayBuffer;
  readonly kind: AcceleratorKind;
  readonly generation: GenerationId;
  readonly hardware: number;
  readonly queuePairs: number;
  readonly dmaBase: number;
  readonly hosts: readonly WorldHost[];
  readonly vms: readonly WorldVm[];
  readonly slots: readonly WorldSlot[];
  /** How long any thread waits for another before that one counts as lost, in ms. */
  readonly limitMs: number;
  /** Default: {@link WAITING_DEFAULT}. */
  readonly waiting?: WaitingPolicy;
}
