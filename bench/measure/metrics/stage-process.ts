/**
 * What a process does that measures one stage: `list` prints the stages of this build and where the program is that repeats
 * one for a counting tool, `exact` its exact metrics, `measure` one on threads: one JSON document on standard output each.
 * `turns` works whenever its parent sends a number of calls, and sends back what they took.
 *
 * It is the border between two builds: the words and fields below stay as they are as long as {@link STAGE_PROTOCOL} does.
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PRINTED_FORMATS } from '../../../sim/base/formats.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { documentHead, type HeadedDocument } from '../../io/document-head.ts';
import { packageRoot } from '../../io/package-root.ts';
import { exactMetrics } from './exact.ts';
import { stageNamed, STAGES, type StageWork } from './stages.ts';
import { STAGE_NAMES } from './stage-names.ts';

export const STAGE_PROTOCOL = PRINTED_FORMATS['stopcopy-stage-process'].version;

/** Builds before it had a format have the field `protocol` only. */
const HEAD = { ...documentHead('stopcopy-stage-process'), protocol: STAGE_PROTOCOL };

const LOOP = new URL('./stage-loop.js', import.meta.url);

/** Least length of a run of calls from which the time of one is taken, in ns. */
const CALIBRATION_NS = 2e6;
/** A turn of a floor is this share of the turn before it. */
const FLOOR_SHARE = 0.25;

export async function stageProcess(words: readonly string[]): Promise<HeadedDocument> {
  const [task = '', name = ''] = words;
  if (task === 'list') {
    const stages = STAGE_NAMES.map((stage) => ({
      name: stage,
      version: STAGES[stage].version,
      kind: STAGES[stage].kind,
    }));
    return { ...HEAD, stages, loop: relative(packageRoot(), fileURLToPath(LOOP)) };
  }
  if (task === 'exact') return { ...HEAD, metrics: exactMetrics() };
  const stage = stageNamed(name);
  if (task === 'measure' && stage.kind === 'threaded') {
    return { ...HEAD, metrics: await stage.measure() };
  }
  if (task === 'turns' && stage.kind === 'single' && process.send !== undefined) {
    return { ...HEAD, sink: await takeTurns(stage.prepare(), process.send.bind(process)) };
  }
  throw new UserError('usage', `a stage process was asked to '${words.join(' ')}'`);
}

/** Works on request, until the parent exits. @returns the sum of what the calls gave */
function takeTurns({ call, warmUp, operations, floor }: StageWork, send: (message: object) => void): Promise<number> {
  let sink = 0;
  const timeCalls = (fn: () => number, calls: number): number => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) sink += fn();
    return Number(process.hrtime.bigint() - start);
  };
  const calibrate = (fn: () => number): number => {
    for (let calls = 1; ; calls *= 2) {
      const ns = timeCalls(fn, calls);
      if (ns >= CALIBRATION_NS) return ns / calls;
    }
  };
  timeCalls(call, warmUp);
  const callNs = calibrate(call);
  const floorCallNs = floor === undefined ? 0 : calibrate(floor.call);
  process.on('message', (message) => {
    const calls = Number(message);
    const ns = timeCalls(call, calls) / calls;
    if (floor === undefined) {
      send({ ns });
      return;
    }
    const floorCalls = Math.max(1, Math.round((FLOOR_SHARE * calls * callNs) / floorCallNs));
    send({ ns, floorNs: timeCalls(floor.call, floorCalls) / floorCalls });
  });
  const { name, limit } = floor ?? {};
  send({ protocol: STAGE_PROTOCOL, callNs, operations, ...(floor === undefined ? {} : { floor: { name, limit } }) });
  return new Promise((resolve) => process.once('disconnect', () => resolve(sink)));
}
