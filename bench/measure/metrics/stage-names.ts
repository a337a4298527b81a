/**
 * The stages whose speed is tracked, in a sentence each. What they do is in stages.ts, which imports all that it measures.
 */
import { keysOf } from '../../../sim/base/keys.ts';

export const STAGE_ABOUT = {
  'virtual-move': 'whole migrations of an idle VF with 64 queue pairs in virtual time',
  'model-cell': 'a modelled cell of one queue pair, saturated, with its three ends',
  'frame-write': 'gathering and framing of an image with its queue structures',
  'frame-read': 'check of a whole frame before anything is loaded',
  'trace-replay': 'replay of a recorded trace through the driver',
  real: 'saves, restores, handshakes and downtime on real threads',
} as const;

export type StageName = keyof typeof STAGE_ABOUT;

export const STAGE_NAMES = keysOf(STAGE_ABOUT);
