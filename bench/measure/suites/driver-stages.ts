/**
 * Calls of the driver against bare round trips, alone; and a whole save and a whole restore, with all that is done between
 * those calls.
 *
 * Floors are taken between the same two threads, both of which are awake, and so are stages.
 */
import { crc32 } from 'node:zlib';

import { PF_REG, VF_REG } from '../../../sim/abi/registers.ts';
import { PF, VF } from '../../../sim/driver/port.ts';
import { VfEnd } from '../../../workers/end/vf-end.ts';
import { nowNs } from '../../../workers/wall-clock.ts';
import { percentile } from '../statistics.ts';
import { devicePingPong, type SamePairPingPong, WAKING_ROUND_TRIPS } from './ping-pong.ts';
import type { StageMeasurement, StageTask } from './stage.ts';
import { laneOf } from './vf-measure.ts';

/** Moves for each that is timed, before all of them: a driver's code is compiled when it is called, and so is this one's by then. */
const WARM_UP_MOVES_EACH = 3;
/** Batches of round trips for one floor, of which the median counts. */
const BATCHES = 9;
const ECHOES = 16;

/** What is measured, and of which stages it is made up. */
const STAGES = [
  { stage: 'quiesce and save' },
  { stage: 'load' },
  { stage: 'queue kick' },
  { stage: 'save, together', parts: ['quiesce and save', 'gather and checksum'] },
  { stage: 'restore, together', parts: ['validate and scatter', 'load', 'queue kick'] },
] as const;

type StageName = (typeof STAGES)[number]['stage'];

const WAITS_FLOOR = 'ping-pong for each wait, and the driver’s own delays';
const WHOLE_FLOOR = `${WAITS_FLOOR}; one copy and one crc32 of the bytes`;

/** Each call of the driver, then whole saves and restores, with a VM whose vCPUs are paused. */
export function measureDriverStages({ world, moves }: StageTask): readonly StageMeasurement[] {
  const lane = laneOf(world);
  const bare = devicePingPong(lane, world.waiting);
  const source = new VfEnd(world, lane, 0, 0, false);
  const destination = new VfEnd(world, lane, 0, 1, true);
  const arena = new Uint8Array(world.slots[0]!.arena);
  const other = new Uint8Array(new SharedArrayBuffer(arena.length));
  const samples = new Map(STAGES.map(({ stage }) => [stage, newSamples(moves)]));
  const wake = (): void => {
    for (let i = 0; i < WAKING_ROUND_TRIPS; i++) source.port.read32(PF, PF_REG.QM_ABNORMAL_INT_STATUS);
  };
  const timed = (stage: StageName, end: VfEnd, at: number, floors: Floors, call: () => void): void => {
    const seen = samples.get(stage)!;
    const waitsBefore = lane.waits;
    const passedBefore = end.port.passedNs;
    const startNs = nowNs();
    call();
    const tookNs = nowNs() - startNs;
    seen.waits = lane.waits - waitsBefore;
    if (at < 0) return;
    seen.ns[at] = tookNs;
    seen.floorNs[at] = seen.waits * floors.echoNs + end.port.passedNs - passedBefore + floors.bytesNs;
  };
  for (let move = -WARM_UP_MOVES_EACH * moves; move < moves; move++) {
    const echoNs = move < 0 ? 0 : echoTime(bare);
    const alone = { echoNs, bytesNs: 0 };
    wake();
    timed('quiesce and save', source, move, alone, () => source.save());
    const bytes = source.frame(arena);
    destination.prepare();
    const frame = destination.validate(arena.subarray(0, bytes));
    destination.scatter(frame);
    wake();
    timed('load', destination, move, alone, () => destination.load(frame));
    wake();
    timed('queue kick', destination, move, alone, () => start(destination));
    destination.reset();
    source.resumeQueues();

    const whole = { echoNs, bytesNs: bytesTime(arena.subarray(0, bytes), other) };
    wake();
    timed('save, together', source, move, whole, () => {
      source.save();
      source.frame(arena);
    });
    destination.prepare();
    wake();
    timed('restore, together', destination, move, whole, () => {
      const payload = destination.validate(arena.subarray(0, bytes));
      destination.scatter(payload);
      destination.load(payload);
      start(destination);
    });
    destination.reset();
    source.resumeQueues();
  }
  destination.close();
  source.close();
  return STAGES.map((each) => {
    const { ns, floorNs, waits } = samples.get(each.stage)!;
    const parts = 'parts' in each ? each.parts : undefined;
    const floor = parts === undefined ? WAITS_FLOOR : WHOLE_FLOOR;
    const row = { stage: each.stage, floor, ns, floorNs, bytes: 0, copies: 0, allocation: null, waits };
    return parts === undefined ? row : { ...row, parts };
  });
}

interface Floors {
  /** Time of one round trip. */
  readonly echoNs: number;
  /** Time of a copy and a checksum. */
  readonly bytesNs: number;
}

function newSamples(moves: number): { ns: Float64Array; floorNs: Float64Array; waits: number } {
  return { ns: new Float64Array(moves), floorNs: new Float64Array(moves), waits: 0 };
}

/** Lets the VF go. Doorbells are posted: a read waits until the device thread has taken the last one. */
function start(destination: VfEnd): void {
  destination.run();
  destination.port.read32(VF, VF_REG.QM_VF_STATE);
}

/** A bare round trip of this thread and the device thread, in ns. */
function echoTime(bare: SamePairPingPong): number {
  bare.wake();
  const batches = Array.from({ length: BATCHES }, () => {
    const startNs = nowNs();
    for (let i = 0; i < ECHOES; i++) bare.roundTrip();
    return (nowNs() - startNs) / ECHOES;
  });
  bare.rest();
  return percentile(batches, 0.5);
}

function bytesTime(from: Uint8Array, into: Uint8Array): number {
  const startNs = nowNs();
  into.set(from);
  crc32(from);
  return nowNs() - startNs;
}
