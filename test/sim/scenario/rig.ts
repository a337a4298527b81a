/**
 * Small scenarios as plans: a VM whose memory takes no thought, and what a test says.
 */
import { readProfile } from '../../../bench/io/profiles.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import { type Scenario, scenarioSchema } from '../../../sim/scenario/document.ts';
import { compileScenario, type CompiledScenario } from '../../../sim/scenario/compile.ts';

export const MS = 1e6;

/** One saturated ZIP VF with four queue pairs, in a VM of 1 GiB over 25 Gbit/s, moved by QEMU. */
export const SMALL = {
  format: 'stopcopy-scenario',
  version: 1,
  name: 'small',
  description: 'a small VM',
  vcpus: 2,
  memory: { size: '1GiB' },
  stream: { gigabitsPerSecond: 25 },
  assume: { p2p: true, dirtyTracking: true },
  devices: [{ profile: 'acc-zip', queues: 4, load: 'saturated', engine: { cores: 2, taskTime: '20us' } }],
} as const;

export type Changes = Readonly<Record<string, unknown>>;

function scenario(changes: Changes = {}): Scenario {
  return parseDocument(scenarioSchema, { ...SMALL, ...changes }, 'small.yaml');
}

export function plan(changes: Changes = {}): CompiledScenario {
  const document = scenario(changes);
  const profiles = new Map(document.devices.map(({ profile }) => [profile, readProfile(profile)]));
  return compileScenario(document, profiles, 'small.yaml');
}
