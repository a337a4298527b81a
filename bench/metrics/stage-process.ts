/**
 * What a process does that measures one stage: `list` tells the stages of this build, `exact` its exact metrics, `measure`
 * one stage, `loop` repeats its work for a counting tool, `short` or `long`. One JSON document on standard output each.
 *
 * It is the border between two builds: the words and fields below stay as they are as long as {@link STAGE_PROTOCOL} does.
 */
import { median } from 'simple-statistics';

import { UserError } from '../../sim/base/user-error.ts';
import { BennyRunner } from '../runner.ts';
import { exactMetrics } from './exact.ts';
import { type StageMetric, STAGE_NAMES, type StageName, STAGES, type StageWork } from './stages.ts';

export const STAGE_PROTOCOL = 1;

const NS_PER_S = 1e9;
const NS_PER_US = 1e3;
const SAMPLES_MIN = 5;

export async function stageProcess(words: readonly string[]): Promise<unknown> {
  const [task = '', name = '', amount = ''] = words;
  if (task === 'list') {
    const stages = STAGE_NAMES.map((stage) => ({
      name: stage,
      version: STAGES[stage].version,
      kind: STAGES[stage].kind,
    }));
    return { protocol: STAGE_PROTOCOL, stages };
  }
  if (task === 'exact') return { protocol: STAGE_PROTOCOL, metrics: exactMetrics() };
  const stage = STAGES[stageName(name)];
  if (task === 'measure') {
    const metrics =
      stage.kind === 'single' ? await measureSingle(name, stage.prepare(), Number(amount)) : await stage.measure();
    return { protocol: STAGE_PROTOCOL, metrics };
  }
  if (task === 'loop' && stage.kind === 'single') {
    const { call, warmUp, counted } = stage.prepare();
    let sink = 0;
    // The same way to the point where counting begins: what the lengths differ by is the work alone.
    const calls = 2 * warmUp + (amount === 'long' ? counted : 0);
    for (let i = 0; i < calls; i++) sink += call();
    return { protocol: STAGE_PROTOCOL, sink, counted };
  }
  throw new UserError('usage', `a stage process was asked to '${words.join(' ')}'`);
}

async function measureSingle(name: string, work: StageWork, seconds: number): Promise<readonly StageMetric[]> {
  const runner = new BennyRunner();
  for (let i = 0; i < work.warmUp; i++) runner.sink += work.call();
  const timing = { maxSeconds: seconds, minSamples: SAMPLES_MIN };
  let calls = 0;
  const counted = (): number => {
    calls += 1;
    return work.call();
  };
  const before = process.cpuUsage();
  const { samples } = await runner.measure(name, counted, timing);
  const { user, system } = process.cpuUsage(before);
  const value = (median([...samples]) * NS_PER_S) / work.operations;
  const cpu = ((user + system) * NS_PER_US) / (calls * work.operations);
  const metrics: StageMetric[] = [
    { name, kind: 'measured', unit: 'ns', better: 'lower', value },
    // With its collector and compiler, and without the time that others had the processor.
    { name: `${name}/cpu`, kind: 'measured', unit: 'ns', better: 'lower', value: cpu },
  ];
  const { floor } = work;
  if (floor !== undefined) {
    const bare = await runner.measure(floor.name, floor.call, timing);
    const ratio = value / (median([...bare.samples]) * NS_PER_S);
    const { limit } = floor;
    metrics.push({ name: `${name} to ${floor.name}`, kind: 'ratio', unit: 'x', better: 'lower', value: ratio, limit });
  }
  return metrics;
}

function stageName(word: string): StageName {
  const found = STAGE_NAMES.find((name) => name === word);
  if (found !== undefined) return found;
  throw new UserError('usage', `there is no stage '${word}'`, `Stages are ${STAGE_NAMES.join(', ')}.`);
}
