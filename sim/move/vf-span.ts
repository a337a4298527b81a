/**
 * What a VF's driver was at, and when: the rows of a timeline.
 */
export interface VfSpan {
  /** Place among the VM's VFs with a register model, from 0. */
  readonly vf: number;
  readonly what: keyof typeof VF_SPAN_TITLES;
  /** ns of the world's clock. */
  readonly startNs: number;
  readonly endNs: number;
}

/** What each span is, for people, and at which end it happens unless it is a recovery. */
export const VF_SPAN_TITLES = {
  resuming: 'made ready for an image',
  ahead: 'match data read',
  pause: 'pause and drain',
  checks: 'status checks',
  writeBack: 'cache write-back',
  save: 'registers saved',
  read: 'image read',
  load: 'image loaded',
  start: 'started',
  recovery: 'brought back',
} as const;

/** Whether a span is the work of the destination's driver. */
export function isAtDestination(what: VfSpan['what']): boolean {
  return what === 'resuming' || what === 'load' || what === 'start';
}
