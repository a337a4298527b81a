/**
 * Random moves and evacuations from their files to what is printed: no move lasts longer than its manager lets it, counts add up,
 * and sentence, table, JSON and exit status say the same, to readers that know no renderer.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { runCommandLine } from '../../../bench/cli/program.ts';
import type { PlanDocument } from '../../../bench/documents/plan/document.ts';
import type { RunDocument } from '../../../bench/documents/run/document.ts';
import { type AnyRun, isPlayed } from '../../../bench/documents/run/unplayed.ts';
import { Output } from '../../../bench/io/output.ts';
import { ACT_REASONS, MANAGER_NAMES } from '../../../sim/memory/manager.ts';
import { MOVE_ENDS } from '../../../sim/memory/outcome.ts';
import { BLOCKERS } from '../../../sim/memory/precopy-end.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import { evacuate } from '../../../sim/fleet/evacuation.ts';
import { FATE } from '../../../sim/fleet/evacuation-terms.ts';
import { FleetPlan } from '../../../sim/fleet/fleet-plan.ts';
import { limitsOf } from '../../../sim/fleet/limits.ts';
import { questionSchema } from '../../../sim/fleet/question.ts';
import { VmTrials } from '../../../sim/fleet/vm-trials.ts';
import { vmsOf, withWholeVms } from '../../../sim/fleet/whole-vm.ts';
import { readProfile } from '../../../bench/io/profiles.ts';
import { presets } from '../../../bench/studies/plan/read-question.ts';
import { effort } from '../../effort.ts';
import { stopcopyAt } from '../command.ts';
import { planContradictions } from './plan/plan-reader.ts';
import { type Ask, BIG_STATE, BIG_STATE_TEXT, drawAsk, drawQuestion, QUESTION_KINDS } from './random-asks.ts';
import { END_WORDS, runContradictions } from './run/run-reader.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-endings-'));
  writeFileSync(join(folder, BIG_STATE), BIG_STATE_TEXT);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Keeps the document that the text is made of. */
class KeptOutput extends Output {
  kept: unknown;

  override document(value: unknown): void {
    if (!Object.hasOwn(Object(value), 'error')) this.kept ??= value;
  }
}

/** Text, document and status of one command. */
async function asked({ command, document }: Pick<Ask, 'command' | 'document'>) {
  writeFileSync(join(folder, 'ask.json'), JSON.stringify(document));
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const streams = [stdout, stderr] as unknown as [NodeJS.WriteStream, NodeJS.WriteStream];
  const output = new KeptOutput(false, ...streams, true);
  const words = command === 'plan' ? ['--no-tornado'] : [];
  const status = await runCommandLine([command, join(folder, 'ask.json'), ...words], { output });
  const read = (stream: PassThrough): string => String((stream.read() as Buffer | null) ?? '');
  return { status, text: read(stdout), said: read(stderr), kept: output.kept, words };
}

const counts = new Map<string, number>();
function count(kind: string, word: string, many: number = 1): void {
  const key = `${kind} ${word}`;
  counts.set(key, (counts.get(key) ?? 0) + many);
}

/** Sums of times in doubles, and events of a fleet that are taken for one. */
const ROUNDING_NS = 20_000;

/** Until when a move may last, its pause aside, and with it where it was forced. */
function isInTime({ rules }: Ask, kind: number, lastedNs: number, pauseNs: number, iterationNs: number): boolean {
  const rule = rules[kind];
  if (rule === undefined) return true;
  const pollNs = Number.isFinite(rule.pollNs) ? rule.pollNs : iterationNs;
  return lastedNs <= rule.latestNs + pollNs + pauseNs + ROUNDING_NS;
}

function runFaults(ask: Ask, document: RunDocument, text: string, status: number | null): readonly string[] {
  const faults = [...runContradictions(text, document, status)];
  for (const { kind, cause, totalNs, pauseNs, rounds, at } of document.vms) {
    count('end', kind);
    if (ask.rules[0] !== undefined) count('manager', ask.rules[0].manager);
    if (cause !== null) {
      count('reason', cause.reason);
      count('blocker', cause.blocker);
    } else if (kind === 'cancelled' && at !== null) count('reason', 'cut');
    const iterationNs = rounds.at(-1)?.lastsNs ?? 0;
    // Cloud Hypervisor compares its time no more once an iteration has converged.
    const pausedNs = kind === 'forced' || ask.rules[0]?.manager === 'vmm' ? pauseNs : 0;
    const hasFault = ask.rules.length === 0 || kind === 'failed' || kind === 'unowned';
    // A VM that is given up in its pause then runs on at the source, which takes up to 20 ms.
    const usedNs = kind === 'cancelled' && cause !== null ? cause.usedNs : totalNs;
    if (totalNs > usedNs + 20e6) faults.push(`given up after ${usedNs} ns, and lasted ${totalNs} ns`);
    if (!hasFault && !isInTime(ask, 0, usedNs, pausedNs, iterationNs)) faults.push(`lasted ${usedNs} ns`);
    if (kind === 'moved' && ask.rules[0] !== undefined && ask.rules[0].manager !== 'vmm') {
      if (totalNs > ask.rules[0].timeoutNs + ask.rules[0].pollNs + ROUNDING_NS)
        faults.push(`moved after ${totalNs} ns`);
    }
  }
  return faults;
}

function unplayedFaults(document: AnyRun, text: string, status: number | null): readonly string[] {
  if (isPlayed(document)) return ['played, and can says that it will not move'];
  const { ended, scenario, can } = document;
  const [end = 'moved', ...others] = MOVE_ENDS.filter((each) => ended[each] > 0);
  count('end', end);
  const said = END_WORDS[end].test(text.replaceAll(/\s+/g, ' '));
  const figures = /pause|stood still|\d (?:ms|µs)\b/.test(text.split('Facts')[0]!.split('\n\n')[1] ?? '');
  return [
    ...(others.length === 0 && ended[end] === scenario.vms ? [] : ['the number of VMs']),
    ...(said ? [] : [`the end ${end}`]),
    ...(status === 0 && !can.moves ? [] : [`status ${status}`]),
    ...(figures ? ['a figure of what did not happen'] : []),
  ];
}

const FATE_REASONS: Readonly<Record<string, string>> = {
  'time-out': 'timeout',
  'no progress': 'no progress',
  iterations: 'iterations',
  stall: 'stall',
  switchover: 'switchover',
};

function planFaults(ask: Ask, document: PlanDocument, text: string, status: number | null): readonly string[] {
  const faults = [...planContradictions(text, document, status)];
  const lastNs = document.answer.schedule === undefined ? [] : lastIterations(ask.document);
  for (const [index, { vm, fate, startNs, endNs, pauseNs }] of (document.answer.schedule?.moves ?? []).entries()) {
    const kind = Number(vm.slice(2)) - 1;
    const last = lastNs[index]!;
    count('manager', ask.rules[kind]!.manager);
    count('end', FATE_REASONS[fate] === undefined ? fate : 'cancelled');
    if (FATE_REASONS[fate] !== undefined) count('reason', FATE_REASONS[fate]);
    const pausedNs = fate === 'forced' || ask.rules[kind]!.manager === 'vmm' ? pauseNs : 0;
    if (last.vmStartNs !== startNs)
      faults.push(`${vm} begins at ${startNs} ns, and played again at ${last.vmStartNs} ns`);
    if (!isInTime(ask, kind, endNs - startNs, pausedNs, last.lastsNs))
      faults.push(`${vm} lasted ${endNs - startNs} ns, its last iteration ${last.lastsNs} ns`);
  }
  if (document.answer.schedule !== undefined) count('evacuation', status === 0 ? 'answered' : 'with none');
  return faults;
}

/** The last iteration of each move of an evacuation, in the order of its schedule: by hosts, and on a host as listed. */
function lastIterations(document: Ask['document']) {
  const question = parseDocument(questionSchema, document, 'ask.json');
  if (question.ask !== 'evacuate') throw new Error('only evacuations have a schedule');
  const files = presets();
  const whole = withWholeVms(question, files) as typeof question;
  const words = vmsOf(whole).flatMap(({ devices }) => devices.map(({ profile }) => profile));
  const profiles = new Map(words.map((word) => [word, readProfile(join(folder, word))]));
  const plan = new FleetPlan(whole, new VmTrials(profiles, 'ask.json'), limitsOf(whole.limits, files));
  const lasts = new Map<number, number>();
  const { fate, startNs } = evacuate({
    ...plan.input('point'),
    onIterations: (vm, { lastsNs }) => void lasts.set(vm, lastsNs),
  });
  return [...fate].flatMap((each, vm) =>
    each === FATE.noRoom ? [] : [{ vmStartNs: startNs[vm]!, lastsNs: lasts.get(vm) ?? 0 }],
  );
}

/** The same command with --json, now and then. */
async function jsonFaults(ask: Ask, kept: unknown, status: number | null, words: readonly string[]): Promise<string[]> {
  const json = await stopcopyAt(folder, ask.command, 'ask.json', '--json', ...words);
  const [a, b] = [JSON.parse(json.stdout), JSON.parse(JSON.stringify(kept))].map((each) => {
    const { scenario, question, ...rest } = each as Record<string, object | undefined>;
    return JSON.stringify(rest) + Object.keys({ ...(scenario ?? question) }).length;
  });
  return [...(json.status === status ? [] : ['another status with --json']), ...(a === b ? [] : ['another document'])];
}

const TRIES = effort(40, 40, 10_000);
/** Only against hanging; ten thousand take half an hour. */
const HANGS_MS = effort(15, 15, 180) * 60_000;
/** Seeds may be divided over several runs. */
const FIRST = Number(process.env['STOPCOPY_FIRST'] ?? 1);
const LAST = Number(process.env['STOPCOPY_LAST'] ?? TRIES);

test(
  `${LAST - FIRST + 1} random moves and evacuations end in time, and are said to end as they did`,
  async () => {
    const wrong: string[] = [];
    for (let seed = FIRST; seed <= LAST; seed++) {
      const ask = drawAsk(seed);
      const { status, text, said, kept, words } = await asked(ask);
      count('command', ask.command);
      let faults: readonly string[];
      if (kept === undefined) faults = [`status ${status}, nothing is printed: ${said}`];
      else if (ask.refused) {
        faults = unplayedFaults(kept as AnyRun, text, status);
      } else if (ask.command === 'run') faults = runFaults(ask, kept as RunDocument, text, status);
      else faults = planFaults(ask, kept as PlanDocument, text, status);
      if (seed % 25 === 0 && kept !== undefined) faults = [...faults, ...(await jsonFaults(ask, kept, status, words))];
      wrong.push(...faults.map((fault) => `seed ${seed} ${ask.command}: ${fault}`));
    }
    console.log(
      [...counts]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([word, many]) => `${word}: ${many}`)
        .join('\n'),
    );
    expect(wrong).toEqual([]);
    const kinds = [
      ...MANAGER_NAMES.map((word) => `manager ${word}`),
      ...MOVE_ENDS.map((word) => `end ${word}`),
      ...[...ACT_REASONS, 'cut'].map((word) => `reason ${word}`),
      ...BLOCKERS.filter((word) => word !== 'none').map((word) => `blocker ${word}`),
    ];
    const least = LAST - FIRST + 1 >= 10_000 ? 200 : 0;
    expect(kinds.filter((kind) => (counts.get(kind) ?? 0) < least)).toEqual([]);
  },
  HANGS_MS,
);

/** Questions of a kind. */
const QUESTIONS = effort(3, 3, 250);

/** An answer with one figure changed, or with another cause in its sentences. */
const PLANTED: Readonly<
  Record<string, (text: string, document: PlanDocument) => readonly [string, PlanDocument] | null>
> = {
  'the number': (text, document) =>
    changed(text, document, ({ value }) => (value === null ? null : { value: value + 1 + 0.1 * value })),
  'an end of the band': (text, document) =>
    changed(text, document, ({ band }) =>
      band.short === null ? { band: { ...band, short: 1 } } : { band: { ...band, short: 1.1 * band.short + 1 } },
    ),
  'whether it is feasible': (text, document) => changed(text, document, ({ feasible }) => ({ feasible: !feasible })),
  'what is used of a constraint': (text, document) =>
    changed(text, document, ({ constraints: [first, ...others] }) =>
      first === undefined ? null : { constraints: [{ ...first, used: 1.1 * (first.used ?? 0) + 1 }, ...others] },
    ),
  'whether a constraint decides': (text, document) =>
    changed(text, document, ({ constraints: [first, ...others] }) =>
      first === undefined ? null : { constraints: [{ ...first, binds: !first.binds }, ...others] },
    ),
  'what relaxing buys': (text, document) =>
    changed(text, document, ({ relaxing: [first, ...others] }) =>
      first === undefined ? null : { relaxing: [{ ...first, answer: 1.1 * (first.answer ?? 0) + 1 }, ...others] },
    ),
  'a cell of a table': (text, document) =>
    changed(text, document, ({ tables: [first, ...others] }) => {
      if (first === undefined) return null;
      const rows = first.rows.map((row, at) =>
        at > 0 ? row : row.map((cell) => (typeof cell === 'number' ? 1.1 * cell + 1 : cell)),
      );
      return { tables: [{ ...first, rows }, ...others] };
    }),
  'a finding': (text, document) =>
    changed(text, document, ({ proof: [first, ...others] }) =>
      first === undefined ? null : { proof: [{ ...first, holds: !first.holds }, ...others] },
    ),
  'the cause in a sentence': (text, document) => {
    const [start, ...rest] = text.split('\n\nWhat must hold');
    const head = start!.replaceAll(/\s+/g, ' ');
    const binding = document.answer.constraints.find(({ binds, name }) => binds && head.includes(name));
    if (binding === undefined || document.question.ask === 'converge') return null;
    const other = binding.name === 'pause budget' ? 'time-out of the move' : 'pause budget';
    return [[head.replace(binding.name, other), ...rest].join('\n\nWhat must hold'), document];
  },
  'the blocker in a sentence': (text, document) => {
    if (!/allows it [^;]+; iterations still/.test(text.replaceAll('\n', ' '))) return null;
    return [text.replace(/iterations\s+still\s+got\s+smaller/, 'the guest dirties 1 GB per second'), document];
  },
};

function changed(
  text: string,
  document: PlanDocument,
  change: (answer: PlanDocument['answer']) => Partial<PlanDocument['answer']> | null,
): readonly [string, PlanDocument] | null {
  const changes = change(document.answer);
  return changes === null ? null : [text, { ...document, answer: { ...document.answer, ...changes } }];
}

test(
  `random questions of every ask: sentence, table, JSON and exit status agree, and planted faults are found`,
  async () => {
    const wrong: string[] = [];
    const planted = new Map(Object.keys(PLANTED).map((name) => [name, 0]));
    const ends = new Map<string, number>();
    for (const kind of QUESTION_KINDS) {
      for (let seed = 1; seed <= QUESTIONS; seed++) {
        const { status, text, said, kept } = await asked({ command: 'plan', document: drawQuestion(kind, seed) });
        if (kept === undefined) {
          wrong.push(`${kind} ${seed}: status ${status}, nothing is printed: ${said}`);
          continue;
        }
        const document = kept as PlanDocument;
        ends.set(`${kind} ${status}`, (ends.get(`${kind} ${status}`) ?? 0) + 1);
        wrong.push(...planContradictions(text, document, status).map((fault) => `${kind} ${seed}: ${fault}`));
        for (const [name, plant] of Object.entries(PLANTED)) {
          const other = plant(text, document);
          if (other === null) continue;
          planted.set(name, planted.get(name)! + 1);
          if (planContradictions(...other, status).length === 0) wrong.push(`${kind} ${seed}: not found: ${name}`);
        }
      }
    }
    console.log([...ends, ...planted].map(([word, many]) => `${word}: ${many}`).join('\n'));
    expect(wrong).toEqual([]);
    const least = QUESTIONS >= 250 ? 10 : 0;
    expect([...planted].filter(([, many]) => many < least)).toEqual([]);
  },
  HANGS_MS,
);
