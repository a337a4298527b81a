/**
 * How crowded the machine was while something was measured: what other programs and other virtual machines took of its
 * processors, and how far two threads were from each other.
 */
import { readFileSync } from 'node:fs';
import os from 'node:os';

import type { Crowding } from '../documents/bench/crowding.ts';
import { measured } from './statistics.ts';

/** What processors have done since the machine was started, in ms over all of them. */
interface ProcessorTimes {
  readonly busyMs: number;
  /** Given to other virtual machines while this one would have run. */
  readonly stolenMs: number;
}

/** A reading of the machine. */
export interface MachineReading {
  /** Monotonic. */
  readonly atMs: number;
  readonly processors: number;
  /** Null where the system does not say. */
  readonly times: ProcessorTimes | null;
  /** Processor time of this process and of those that it started and that have ended, in ms. */
  readonly ownMs: number;
  /** Load average over a minute; 0 where the system has none. */
  readonly load: number;
}

/** A tick of the counters of /proc, in ms: USER_HZ is 100 on every architecture that Node runs on. */
const TICK_MS = 10;

export function readMachine(): MachineReading {
  return {
    atMs: performance.now(),
    processors: os.cpus().length,
    times: processorTimes(),
    ownMs: ownTime(),
    load: os.loadavg()[0]!,
  };
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** proc(5): user, nice, system, idle, iowait, irq, softirq, steal. */
function processorTimes(): ProcessorTimes | null {
  const [, line] = /^cpu +([\d ]+)$/m.exec(textOf('/proc/stat') ?? '') ?? [];
  if (line === undefined) return null;
  const [user = 0, nice = 0, system = 0, idle = 0, , irq = 0, softirq = 0, steal = 0] = line.split(' ').map(Number);
  // Some containers count nothing.
  if (user + idle === 0) return null;
  return { busyMs: (user + nice + system + irq + softirq) * TICK_MS, stolenMs: steal * TICK_MS };
}

/** proc(5): utime, stime, cutime and cstime are fields 14 to 17, after a name in brackets. */
function ownTime(): number {
  const fields = textOf('/proc/self/stat')
    ?.replace(/^.*\) /s, '')
    .split(' ')
    .slice(11, 15)
    .map(Number);
  if (fields?.length === 4) return fields.reduce((sum, ticks) => sum + ticks, 0) * TICK_MS;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What is noticed beyond these is reported. */
export const CROWDED = {
  /** Load average for each processor before anything is measured. */
  load: 1,
  /** Share of all processors' time that other programs took. */
  others: 0.1,
  /** Share of all processors' time that went to other virtual machines. */
  stolen: 0.02,
  /** Round trips of two threads that do nothing else, to the best that they were calibrated with. */
  pingPong: 3,
} as const;

/** A bare ping-pong, and the best burst of the calibration, in ns. */
export interface PingPongs {
  readonly p50Ns: number;
  readonly bestNs: number;
}

/**
 * What was noticed between two readings; empty: nothing.
 *
 * @param pingPongs null where none was measured
 */
export function crowdingBetween(
  before: MachineReading,
  after: MachineReading,
  pingPongs: PingPongs | null,
): readonly Crowding[] {
  const allMs = (after.atMs - before.atMs) * after.processors;
  const found: Crowding[] = [];
  const note = (by: Crowding['by'], value: number): void => {
    if (value > CROWDED[by]) found.push({ by, seen: measured(value, 'x'), limit: CROWDED[by] });
  };
  note('load', before.load / before.processors);
  if (before.times !== null && after.times !== null && allMs > 0) {
    const busyMs = after.times.busyMs - before.times.busyMs;
    // Counters of the system and of the process have ticks of their own.
    note('others', Math.max(0, busyMs - (after.ownMs - before.ownMs)) / allMs);
    note('stolen', (after.times.stolenMs - before.times.stolenMs) / allMs);
  }
  if (pingPongs !== null) note('pingPong', pingPongs.p50Ns / pingPongs.bestNs);
  return found;
}
