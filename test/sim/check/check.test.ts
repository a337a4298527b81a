/**
 * The search for bugs of the driver: what it finds, that it finds nothing else, and that a run is its bytes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

import { packageRoot } from '../../../bench/io/package-root.ts';
import { EBADF, EBUSY } from '../../../sim/abi/errno.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { causeOf, FIXED_IDS, rulesThatSee, unfixed } from '../../../sim/check/causes.ts';
import { bytesOf, Choices, hexOf } from '../../../sim/check/choices.ts';
import { play } from '../../../sim/check/play.ts';
import { RULE_IDS, type RuleId, RULES } from '../../../sim/check/rules.ts';
import { runOf, scriptSchema, writtenScript } from '../../../sim/check/script.ts';
import { mergeBlocks, runBytes, searchBlock } from '../../../sim/check/search.ts';
import { shrink } from '../../../sim/check/shrink.ts';
import { DEFAULT_GENERATION, GENERATION_IDS, GENERATIONS, type GenerationId } from '../../../sim/driver/generation.ts';
import { hasHazard, HAZARD_IDS, type HazardId } from '../../../sim/driver/hazards.ts';

const NEWEST = GENERATIONS[DEFAULT_GENERATION];

test('a run is its bytes: equal bytes give equal calls at equal times, and the choices past the end are the plainest', () => {
  for (let run = 0; run < 20; run++) {
    const bytes = runBytes(7, run);
    const once = play(NEWEST, bytes);
    expect(play(NEWEST, bytes)).toEqual(once);
    const longer = Uint8Array.from([...bytes.slice(0, once.used), 0, 0, 0]);
    expect(play(NEWEST, once.used < bytes.length ? longer : bytes).hash).toBe(once.hash);
  }
  expect(new Set(Array.from({ length: 20 }, (_, run) => play(NEWEST, runBytes(7, run)).hash)).size).toBe(20);
  const choices = new Choices(new Uint8Array(0));
  expect([choices.below(9), choices.oneIn(2), choices.of(['a', 'b'])]).toEqual([0, false, 'a']);
});

test('a run on hosts that others have used is the run on hosts that are made for it', () => {
  for (const id of ['linux-6.2', DEFAULT_GENERATION] as const) {
    for (let run = 0; run < 20; run++) {
      const bytes = runBytes(5, run);
      const used = play(GENERATIONS[id], bytes);
      // Hosts are kept by generation, and this is another one.
      expect(play({ ...GENERATIONS[id] }, bytes)).toEqual(used);
    }
  }
});

test('no bytes are one plain move, which loses nothing', () => {
  for (const id of ['linux-6.12.117', DEFAULT_GENERATION] as const) {
    const { finding, calls, steps } = play(GENERATIONS[id], new Uint8Array(0), { keepsSteps: true });
    expect({ id, finding }).toEqual({ id, finding: null });
    expect(calls).toBeGreaterThan(8);
    for (const { ret } of steps!) expect(ret ?? 0).toBeGreaterThanOrEqual(0);
  }
});

test('blocks of runs give what one long search gives, in any order', () => {
  const whole = searchBlock(NEWEST, 3, { from: 0, count: 120 });
  const blocks = [0, 40, 80].map((from) => searchBlock(NEWEST, 3, { from, count: 40 }));
  for (const order of [blocks, blocks.toReversed()]) {
    const { hits, ...counts } = mergeBlocks(order);
    expect(counts).toEqual({ runs: whole.runs, calls: whole.calls, withFinding: whole.withFinding });
    expect(hits).toEqual(mergeBlocks([whole]).hits);
  }
  expect(whole.hits.length).toBeGreaterThan(2);
});

/** Bugs that some hundred runs find, of those that each generation has. */
const SOON: Readonly<Partial<Record<GenerationId, readonly HazardId[]>>> = {
  'linux-5.18': ['R3', 'R4', 'R5', 'R8', 'R10', 'R11', 'R14', 'R22', 'R23', 'R25'],
  [DEFAULT_GENERATION]: ['R12', 'R20', 'R21', 'R22', 'R23', 'R25'],
};

describe.each(Object.entries(SOON) as [GenerationId, readonly HazardId[]][])('%s', (id, soon) => {
  test('is found to have what it has, and nothing that it fixed', () => {
    const { hits } = searchBlock(GENERATIONS[id], 1, { from: 0, count: id === DEFAULT_GENERATION ? 400 : 250 });
    const found = hits.flatMap(({ cause }) => cause.id ?? []);
    // Some findings in the older ones are differences that no number stands for.
    expect(id === DEFAULT_GENERATION && hits.some(({ cause }) => cause.id === null)).toBe(false);
    expect(found).toEqual(expect.arrayContaining([...soon]));
    expect(found.filter((hazard) => !hasHazard(id, hazard))).toEqual([]);
  });
});

test('two saves meet in the table of the PF when the scheduler keeps one of them from running', () => {
  const bytes = bytesOf('000000000000000300000000de80000000004c');
  for (const id of ['linux-5.18', 'linux-6.1', 'linux-6.1.192'] as const) {
    const { finding, steps } = play(GENERATIONS[id], bytes, { keepsSteps: true });
    expect({ id, rule: finding?.rule }).toEqual({ id, rule: 'image.entry' });
    expect(causeOf(GENERATIONS[id], bytes, finding!).id).toBe('R21');
    expect(steps!.some(({ what }) => what.startsWith('is preempted'))).toBe(true);
    // Without the preemption the mailbox keeps them apart.
    const whole = bytes.slice();
    whole[13] = 0;
    expect(play(GENERATIONS[id], whole).finding?.rule).not.toBe('image.entry');
  }
});

/** What the script of each bug is seen by. */
const SHOWN: Readonly<Partial<Record<HazardId, RuleId>>> = {
  R1: 'image.rings',
  R2: 'load.tables',
  R3: 'load.misfit',
  R4: 'refusal.late',
  R5: 'image.pieces',
  R8: 'tasks.order',
  R10: 'load.early',
  R11: 'files.leaked',
  R12: 'load.tables',
  R13: 'errno.cause',
  R14: 'reset.overlap',
  R15: 'state.afterReset',
  R16: 'load.misfit',
  R18: 'limit.short',
  R19: 'script.gives',
  R20: 'write.foreign',
  R21: 'image.entry',
  R22: 'state.paused',
  R23: 'state.notResumed',
  R24: 'files.leaked',
  R25: 'state.trapped',
  R26: 'script.gives',
  R27: 'kernel.crash',
  R28: 'reset.mark',
};

function scriptOf(id: string) {
  const text = readFileSync(join(packageRoot(), 'sim/check/scripts', `${id.toLowerCase()}.yaml`), 'utf8');
  return scriptSchema.parse(parse(text));
}

test('every script that comes along is one of these, and each bug whose fix can be taken back has one', () => {
  const names = readdirSync(join(packageRoot(), 'sim/check/scripts'));
  const known = keysOf(SHOWN).map((id) => `${id.toLowerCase()}.yaml`);
  expect(names.toSorted()).toEqual(known.toSorted());
  expect(FIXED_IDS.filter((id) => SHOWN[id] === undefined)).toEqual([]);
});

test.each(GENERATION_IDS)('no script shows in %s what it does not have', (known) => {
  const generation = GENERATIONS[known];
  const shown = keysOf(SHOWN).filter((id) => {
    const run = runOf(scriptOf(id));
    const { finding } = play(generation, run);
    return finding !== null && causeOf(generation, run, finding).id === id;
  });
  expect(shown.filter((id) => !hasHazard(known, id))).toEqual([]);
});

test.each(keysOf(SHOWN))('the script of %s shows it where its fix is taken back', (id) => {
  const document = scriptOf(id);
  const run = runOf(document);
  const generation = unfixed(NEWEST, document.without)!;
  const { finding, hash, script } = play(generation, run, { keepsSteps: true });
  expect(finding?.rule).toBe(SHOWN[id]);
  expect(causeOf(generation, run, finding!).id).toBe(id);
  // With the fix, the newest driver does not even break the rule.
  const fixed = document.without.length > 0 ? play(NEWEST, run).finding : null;
  expect(fixed?.rule).not.toBe(finding!.rule);
  // A finding that is written as a script and read again is the same run; what a step gives is no part of a finding.
  const written = writtenScript(script!, { name: id, generation: DEFAULT_GENERATION, without: document.without });
  const again = play(generation, runOf(scriptSchema.parse(parse(stringify(written)))));
  expect(SHOWN[id] === 'script.gives' || again.hash === hash).toBe(true);
});

test('the runs of a search, written as scripts, are the same runs', () => {
  for (let run = 0; run < 30; run++) {
    const { hash, script } = play(NEWEST, runBytes(9, run), { keepsSteps: true });
    const written = writtenScript(script!, { name: 'one', generation: DEFAULT_GENERATION, without: [] });
    expect({ run, hash: play(NEWEST, runOf(scriptSchema.parse(written))).hash }).toEqual({ run, hash });
  }
});

test('a call without a descriptor reaches no driver', () => {
  const vm1 = ['read 40', 'open', 'close', 'STOP', 'open'].map((A) => ({ A }));
  const document = { format: 'stopcopy-script', version: 1, name: 'none', vm1 };
  const { finding, steps } = play(NEWEST, runOf(scriptSchema.parse(document)), { keepsSteps: true });
  expect(finding).toBeNull();
  expect(steps!.slice(0, 5).map(({ ret }) => ret)).toEqual([-EBADF, -EBUSY, null, -EBADF, 0]);
});

test('a finding that is made shorter is the same finding of the same cause', () => {
  for (const hit of searchBlock(NEWEST, 1, { from: 0, count: 40 }).hits.slice(0, 1)) {
    const { bytes, finding } = shrink(NEWEST, hit.bytes, hit.finding);
    expect(bytes.length).toBeLessThanOrEqual(hit.bytes.length);
    expect({ rule: finding.rule, place: finding.place }).toEqual({ rule: hit.finding.rule, place: hit.finding.place });
    expect(causeOf(NEWEST, bytes, finding)).toEqual(hit.cause);
    expect(play(NEWEST, bytes).finding).toEqual(finding);
    // Shrinking what is short gives it back.
    expect(hexOf(shrink(NEWEST, bytes, finding).bytes)).toBe(hexOf(bytes));
  }
});

test('the page has each rule with what it finds and what it does not see, and the bugs that no rule sees', () => {
  const page = readFileSync(join(packageRoot(), 'docs', 'check.md'), 'utf8').replaceAll(/ +\|/g, ' |');
  for (const id of RULE_IDS) expect(page).toContain(`| \`${id}\` | ${RULES[id].what} | ${RULES[id].blind} |`);
  const blind = page.slice(page.indexOf('## What is not found'));
  expect(Array.from(blind.matchAll(/^\| (R\d+) \|/gm), ([, id]) => id)).toEqual(
    HAZARD_IDS.filter((id) => rulesThatSee(id).length === 0),
  );
});

test('the page says of each bug that a rule sees which rules do, and what they need', () => {
  const page = readFileSync(join(packageRoot(), 'docs', 'check.md'), 'utf8');
  const needs = page.slice(page.indexOf('## What each bug needs'), page.indexOf('## What is not found'));
  const rows = Array.from(needs.matchAll(/^\| (R\d+) +\| (.*?) +\|/gm), ([, id, rules]) => [
    id,
    new Set(Array.from(rules!.matchAll(/`([^`]+)`/g), ([, rule]) => rule)),
  ]);
  const seen = HAZARD_IDS.filter((id) => rulesThatSee(id).length > 0);
  expect(rows).toEqual(seen.map((id) => [id, new Set<string>(rulesThatSee(id))]));
});

test('what no rule sees is said', () => {
  expect(HAZARD_IDS.filter((id) => rulesThatSee(id).length === 0)).toEqual(['R6', 'R7', 'R9', 'R17', 'R19', 'R26']);
});
