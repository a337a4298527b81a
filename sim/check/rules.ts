/**
 * What a run is judged by: one rule per thing that a driver and a device promise, each with what it does not see.
 *
 * Source: docs/device.md sections 8 to 14 for what the driver promises; include/uapi/linux/vfio.h for the protocol.
 */
import { keysOf } from '../base/keys.ts';

interface Rule {
  /** What was found, as the beginning of a sentence. */
  readonly what: string;
  /** What this rule cannot see. */
  readonly blind: string;
}

export const RULES = {
  'tasks.order': {
    what: 'a task completed twice, out of order, or in another’s queue',
    blind: 'results of tasks: the model has none',
  },
  'tasks.stuck': {
    what: 'accepted tasks never complete, though the VF is RUNNING and was never reset',
    blind: 'tasks of a guest whose VF was reset: that guest knows of it',
  },
  'image.entry': {
    what: 'an image has the queue count or the first queue of another function',
    blind: 'an entry of another function that has the same values',
  },
  'image.rings': {
    what: 'an image has ring addresses that the guest never gave',
    blind: 'an image of a VF without a guest driver',
  },
  'image.pieces': {
    what: 'the pieces that were read do not make up the image that the driver holds',
    blind: 'an image that is read in one piece',
  },
  'load.misfit': {
    what: 'an image of a VF with other queues, or from a PF with another isolation, was accepted and loaded',
    blind: 'what the image says beyond its first 40 bytes',
  },
  'load.early': {
    what: 'write() changed the state of the VF before its image was complete',
    blind: 'a change to the value that was there',
  },
  'load.nulls': {
    what: 'an image with null addresses was loaded into the device',
    blind: 'nothing of it',
  },
  'load.tables': {
    what: 'an image was accepted without an error, and the VF does not have the context tables of its guest',
    blind: 'the contents of the tables, which are the guest’s memory',
  },
  'refusal.late': {
    what: 'a destination that does not fit refused only after the source had been stopped, and could not have been asked before',
    blind: 'a VMM that does not ask though it could',
  },
  'state.paused': {
    what: 'a call failed, the state says that the VF runs, and the VF is paused',
    blind: 'a VF whose guest has no driver',
  },
  'state.notResumed': {
    what: 'a change to RUNNING succeeded, and the VF is paused',
    blind: 'a VF whose guest has no driver',
  },
  'state.afterReset': {
    what: 'after a reset the VF is not in RUNNING, or the driver still holds a data file',
    blind: 'nothing of it',
  },
  'state.trapped': {
    what: 'after a short stream neither STOP nor RUNNING can be reached from RESUMING',
    blind: 'nothing of it',
  },
  'files.leaked': {
    what: 'the device and all descriptors are closed, and a data file is alive: the module can no longer be unloaded',
    blind: 'memory other than that of files',
  },
  'errno.cause': {
    what: 'a call that the device failed gave EINVAL, as if its caller had been wrong',
    blind: 'errors of the table that the driver leaves at EINVAL on purpose',
  },
  'limit.short': {
    what: 'a call failed though the device finished its command within the limit of the hardware',
    blind: 'limits of the PF driver',
  },
  'limit.none': {
    what: 'a call took longer than any documented limit',
    blind: 'calls that are slow within their limits',
  },
  'write.foreign': {
    what: 'the driver of one VF wrote into the registers of another',
    blind: 'writes through the VFs’ own BARs: hardware keeps these apart',
  },
  'reset.overlap': {
    what: 'a VF was reset while its PF was being reset',
    blind: 'resets of two VFs at once',
  },
  'reset.mark': {
    what: 'the mark of a PF that is being reset was cleared by a VF',
    blind: 'nothing of it',
  },
  'script.gives': {
    what: 'a step of a script gave something else than the script says',
    blind: 'steps of which the script says nothing',
  },
  'kernel.crash': {
    what: 'the driver crashed the kernel',
    blind: 'crashes other than by a null pointer',
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleId = keyof typeof RULES;

export const RULE_IDS = keysOf(RULES);
