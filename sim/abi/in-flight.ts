/**
 * What a pause of a function does with its tasks in service.
 *
 * Which of these hardware does is not public (docs/device.md 16), so that it is a parameter; docs/model.md has more.
 */
import { keysOf } from '../base/keys.ts';

const IN_FLIGHT = {
  finish: 'PAUSE_QM completes when the tasks on the cores have ended',
  hold: 'tasks are taken off the cores at once, stay in their rings, and start again after the resume',
} as const;

export type InFlight = keyof typeof IN_FLIGHT;

export const IN_FLIGHT_MODES = keysOf(IN_FLIGHT);

export const DEFAULT_IN_FLIGHT = 'finish' as const satisfies InFlight;
