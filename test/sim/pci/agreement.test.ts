import { isDeepStrictEqual } from 'node:util';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Random } from '../../../sim/base/random.ts';
import { bruteForce } from '../../oracles/brute-force.ts';
import type { Exposure } from '../../../sim/pci/exposure.ts';
import { isolationOf } from '../../../sim/pci/isolation.ts';
import { exposureByRules } from '../../../sim/pci/rules.ts';
import { withChanges } from '../../../sim/pci/setting.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { functionLabel, type Topology } from '../../../sim/pci/topology.ts';
import { picture } from './picture.ts';
import { tenantsReaching } from './rig.ts';
import { randomTape, TAPE_BYTES, topologyFrom } from './random-topology.ts';
import { effort } from '../../effort.ts';

const RUNS = effort(250, 600, 100_000);

function lines(topology: Topology, exposure: Exposure): readonly string[] {
  const said: string[] = [];
  for (const [i, { vf }] of topology.areas.entries()) {
    for (const tenant of exposure.reached.members(i)) {
      said.push(`${topology.tenants[tenant]} reaches the control area of ${functionLabel(topology, vf)}`);
    }
    for (const tenant of exposure.privileged.members(i)) {
      said.push(`${topology.tenants[tenant]} reaches the control area of ${functionLabel(topology, vf)} by sysfs`);
    }
  }
  for (const { index } of topology.functions) {
    if (exposure.spoofs[index] === 1) said.push(`${functionLabel(topology, index)} poses as another`);
    if (exposure.unchecked[index] === 1) said.push(`${functionLabel(topology, index)} is unchecked`);
  }
  return said;
}

function agree(a: Exposure, b: Exposure): boolean {
  return (
    a.reached.equals(b.reached) &&
    a.privileged.equals(b.privileged) &&
    a.spoofs.every((each, i) => each === b.spoofs[i]) &&
    a.unchecked.every((each, i) => each === b.unchecked[i])
  );
}

/** Fails with both answers and a picture of the topology. */
function check(tape: Uint8Array): void {
  exposureOf(tape);
}

function exposureOf(tape: ArrayLike<number>): Exposure {
  const document = topologyFrom(tape);
  const topology = buildTopology(document, 'random');
  const rules = exposureByRules(topology);
  const tried = bruteForce(topology);
  if (!agree(rules, tried)) {
    const byRules = lines(topology, rules);
    const byTrying = lines(topology, tried);
    const onlyRules = byRules.filter((line) => !byTrying.includes(line));
    const onlyTried = byTrying.filter((line) => !byRules.includes(line));
    throw new Error(
      [
        'rules and brute force disagree',
        ...onlyRules.map((line) => `only rules: ${line}`),
        ...onlyTried.map((line) => `only tried: ${line}`),
        picture(document),
      ].join('\n'),
    );
  }
  return rules;
}

/** What is found of one area when its VF is clipped no more: by trying whether anybody new reaches it. */
function checkClips(tape: ArrayLike<number>): number {
  const topology = buildTopology(topologyFrom(tape), 'random');
  const { clipMatters } = exposureByRules(topology);
  const before = bruteForce(topology).reached;
  let count = 0;
  for (const [i, { vf }] of topology.areas.entries()) {
    const setting = { of: 'clip', place: vf, detail: 0 } as const;
    const after = bruteForce(withChanges(topology, [{ setting, on: false }])).reached;
    const matters = topology.clipped[vf] === 1 && after.hasBeyond(i, before, i);
    if (matters) count += 1;
    if ((clipMatters[i] === 1) !== matters) {
      throw new Error(`the clip of ${functionLabel(topology, vf)}\n${picture(topologyFrom(tape))}`);
    }
  }
  return count;
}

/** What is wrong with the answers: a hazard without a request that shows it, a decision that does not follow from hazards. */
function wrongAnswers(tape: ArrayLike<number>): readonly string[] {
  const isolation = isolationOf(buildTopology(topologyFrom(tape), 'random'));
  return isolation.vfs.flatMap(({ vf, address, area, decisions, self, other, spoofs, unchecked, integrated }) => {
    const routes = isolation.routes(vf, Infinity);
    const toArea = routes.filter(({ hazard, privileged }) => !privileged && (hazard === 'self' || hazard === 'other'));
    const senders = toArea.map(({ tenant }) => tenant).toSorted();
    const hazard = self === 'yes' || other === 'yes' || spoofs || unchecked;
    const refuse = (is: boolean): string => (area === undefined ? 'plain' : is ? 'refuse' : 'load');
    const { upstream, thread, proof } = decisions;
    const checks = {
      routes: isDeepStrictEqual(senders, tenantsReaching(isolation, vf).toSorted()),
      upstream: upstream.verdict === 'n/a' || upstream.verdict.startsWith(refuse(false)),
      thread: thread.verdict.startsWith(refuse(hazard || !integrated)),
      proof: proof.verdict.startsWith(refuse(hazard)),
      reasons: proof.reasons.every(({ by, place }) => by !== '' && place !== ''),
    };
    return Object.entries(checks).flatMap(([name, fine]) => (fine ? [] : [`${address}: ${name}`]));
  });
}

/** The smallest disagreement that fast-check finds, with its picture; empty for none. */
function smallestDisagreement(parameters: fc.Parameters<[Uint8Array]>): string {
  const result = fc.check(
    fc.property(tapes, (tape) => check(tape)),
    parameters,
  );
  if (!result.failed) return '';
  return result.errorInstance instanceof Error ? result.errorInstance.message : 'interrupted';
}

const tapes = fc.uint8Array({ maxLength: TAPE_BYTES, size: 'max' });

describe('rules and brute force', () => {
  test('agree on random topologies', () => {
    expect(smallestDisagreement({ numRuns: RUNS, seed: 20210513 })).toBe('');
  });

  test('see every hazard, and its absence, on random topologies', () => {
    const random = new Random(1);
    const seen = { reached: 0, privileged: 0, spoofs: 0, unchecked: 0, nothing: 0 };
    for (let i = 0; i < RUNS; i++) {
      const { reached, privileged, spoofs, unchecked } = exposureOf(randomTape(random));
      const some = (rows: Exposure['reached']): boolean =>
        Array.from({ length: rows.rows }).some((_, row) => !rows.isEmpty(row));
      const hazards = {
        reached: some(reached),
        privileged: some(privileged),
        spoofs: spoofs.includes(1),
        unchecked: unchecked.includes(1),
      };
      for (const [name, is] of Object.entries(hazards)) if (is) seen[name as keyof typeof hazards] += 1;
      if (reached.rows > 0 && !Object.values(hazards).includes(true)) seen.nothing += 1;
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(RUNS / 100);
  });

  test('agree on what rests on the clip alone', () => {
    const random = new Random(3);
    let count = 0;
    for (let i = 0; i < RUNS / 4; i++) count += checkClips(randomTape(random));
    expect(count).toBeGreaterThan(RUNS / 40);
  });

  test('each hazard has a request that shows it, and decisions follow from hazards', () => {
    const random = new Random(4);
    const wrong = Array.from({ length: RUNS / 4 }, () => wrongAnswers(randomTape(random)));
    expect(wrong.flat()).toEqual([]);
  });
});
