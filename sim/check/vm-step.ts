/**
 * What can happen to one VM of a run, as one step: words that walks choose from, and that scripts are written in.
 */
import type { FaultName } from './faults.ts';

/** States that a VMM asks for. */
export const ASKED_STATES = ['STOP', 'RUNNING', 'STOP_COPY', 'RESUMING', 'PRE_COPY'] as const;
export type AskedState = (typeof ASKED_STATES)[number];

export const GUEST_STEPS = ['stop', 'start', 'lose interrupt'] as const;
export type GuestStep = (typeof GUEST_STEPS)[number];

/** How the image that is sent differs from what was read: the source may be a host of another kind. */
export const IMAGE_CHANGES = ['other queue count', 'other isolation', 'version 1'] as const;
export type ImageChange = (typeof IMAGE_CHANGES)[number];

/** The host of a call: 0 is A, at which the VM begins, and 1 is B. */
export type HostIndex = 0 | 1;

/** A call or another step that has no argument, apart from states. */
export const PLAIN_CALLS = ['reset', 'open', 'close', 'close device first', 'close files'] as const;
export type PlainCall = (typeof PLAIN_CALLS)[number];

/** One thing that happens to a VM. */
export type VmStep =
  | { readonly kind: 'wait'; readonly ns: number }
  | { readonly kind: 'guest'; readonly what: GuestStep }
  | { readonly kind: 'image'; readonly changes: readonly ImageChange[] }
  | { readonly kind: 'fault'; readonly at: HostIndex; readonly name: FaultName }
  | { readonly kind: 'state'; readonly at: HostIndex; readonly state: AskedState }
  /** Null bytes: all that is left, in as few calls as it takes. */
  | { readonly kind: 'read' | 'write'; readonly at: HostIndex; readonly bytes: number | null }
  | { readonly kind: 'call'; readonly at: HostIndex; readonly what: PlainCall }
  | { readonly kind: 'register'; readonly at: HostIndex; readonly offset: number };
