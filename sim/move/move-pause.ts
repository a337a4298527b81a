/**
 * The pause of a move as the register-level world sees it, whether the move succeeds or not: parts without gaps, which
 * add up.
 */
import { bug } from '../base/bug.ts';

/** In their order; a move that fails goes from any of them to `recovery`. */
export const MOVE_PARTS = [
  'vcpuStop',
  'deviceStop',
  'deviceRead',
  'stream',
  'deviceLoad',
  'deviceStart',
  'recovery',
  'vcpuStart',
] as const;

export type MovePart = (typeof MOVE_PARTS)[number];

export const MOVE_PART_TITLES: Readonly<Record<MovePart, string>> = {
  vcpuStop: 'vCPUs stop',
  deviceStop: 'VFs stop and are saved',
  deviceRead: 'images are read',
  stream: 'memory and state on their way',
  deviceLoad: 'images are loaded',
  deviceStart: 'VFs start',
  recovery: 'VFs brought back at the source',
  vcpuStart: 'vCPUs start',
};

export class MovePause {
  /** Of a move that never stopped its vCPUs. */
  static readonly NONE: Pick<MovePause, 'startNs' | 'lastedNs' | 'partsNs'> = {
    startNs: Number.NaN,
    lastedNs: 0,
    partsNs: noParts(),
  };

  readonly partsNs: Record<MovePart, number> = noParts();
  readonly startNs: number;
  /** The whole, once it is over. */
  lastedNs = 0;
  private part: MovePart = 'vcpuStop';
  private sinceNs: number;

  constructor(nowNs: number) {
    this.startNs = nowNs;
    this.sinceNs = nowNs;
  }

  /** The current part ends, another begins. */
  enter(part: MovePart, nowNs: number): void {
    this.partsNs[this.part] += nowNs - this.sinceNs;
    this.part = part;
    this.sinceNs = nowNs;
  }

  /** The last part ends; all must add up to the whole. */
  finish(nowNs: number): void {
    this.enter(this.part, nowNs);
    this.lastedNs = nowNs - this.startNs;
    let sumNs = 0;
    for (const part of MOVE_PARTS) sumNs += this.partsNs[part];
    // Differences of doubles: equal but for rounding far below a nanosecond.
    if (Math.abs(sumNs - this.lastedNs) > 1e-2) bug('MOVE_SUM', sumNs, this.lastedNs);
  }
}

function noParts(): Record<MovePart, number> {
  return {
    vcpuStop: 0,
    deviceStop: 0,
    deviceRead: 0,
    stream: 0,
    deviceLoad: 0,
    deviceStart: 0,
    recovery: 0,
    vcpuStart: 0,
  };
}
