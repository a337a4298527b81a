/**
 * Will this VM move on these hosts? The one place that `can`, `run`, `plan` and `ui` ask before they compute anything.
 *
 * What a question leaves out is tried with every value that it could have. Where all of them give the same answer, that is the
 * answer; where not, the fields on which it depends are asked for. Nothing is assumed.
 */
import { UserError } from '../base/user-error.ts';
import type { VmmName } from '../memory/vmms.ts';
import { type AskedFact, CAN_OUTCOMES, type CanAnswer, type CanOutcome, type Decided } from './can-answer.ts';
import { canCloudHypervisor } from './can-cloud-hypervisor.ts';
import { refusedByManager } from './can-manager.ts';
import { canQemu, dependsOnQemu } from './can-qemu.ts';
import {
  asOfSentences,
  COVERAGE,
  coveredWords,
  type Gap,
  olderReleases,
  placeOf,
  type Program,
  type ReleaseField,
} from './coverage.ts';
import { checkDevices } from './device-row.ts';
import { DISTRIBUTIONS, DRIVERS } from './drivers.ts';
import { type Given, givenOf, releaseOf, type Settled } from './given.ts';
import { everyWay, kernelsOf, newestRelease, type Way } from './open.ts';
import type { CanQuestion } from './question.ts';
import type { Basis } from './source.ts';
import { qemuAt } from './vmms.ts';

/** What each VMM decides. */
const BY_VMM: Readonly<Record<VmmName, (given: Given) => Decided>> = {
  qemu: canQemu,
  'cloud-hypervisor': canCloudHypervisor,
};

/**
 * A question with everything said: the answer, or the releases that no row covers and on which it depends.
 *
 * @param older releases that were said, older than all that is on record
 */
function settle(question: Settled, older: readonly Gap[]): Decided | readonly Gap[] {
  const given = givenOf(question);
  const gaps = (...fields: readonly ReleaseField[]): readonly Gap[] =>
    older.filter(({ field }) => fields.includes(field));
  const libvirt = question.manager === 'libvirt';
  if (question.assume.hostDevices !== true) {
    const unread = libvirt || given.devices.length === 0 ? [] : gaps('managerVersion');
    if (unread.length > 0) return unread;
    const byManager = refusedByManager(given);
    if (byManager !== null) return byManager;
  }
  const below = ['vmmVersion', libvirt ? 'managerVersion' : 'libvirtVersion', ...olderKernel(given)] as const;
  const unread = vmmDecides(given) ? gaps(...below) : [];
  return unread.length > 0 ? unread : BY_VMM[question.vmm](given);
}

/** Whether the answer depends on the VMM: there is a VFIO device to move, or options of QEMU may exclude each other. */
function vmmDecides(given: Given): boolean {
  return given.question.vmm === 'qemu' ? dependsOnQemu(given) : given.devices.some(({ unplugged }) => !unplugged);
}

/** Kernels without version 2 of the interface are not on record for a QEMU that speaks version 1. */
function olderKernel({ question, vmm }: Given): readonly 'kernel'[] {
  return question.vmm === 'qemu' && qemuAt(vmm)?.protocol === 1 ? ['kernel'] : [];
}

/** A question with everything said, all of it on record, answered. */
export function decideCan(question: Settled): Decided {
  const decided = settle(question, olderReleases(question));
  if ('outcome' in decided) return decided;
  throw new Error(`not on record: ${decided.map(({ field, said }) => `${field} ${said}`).join(', ')}`);
}

/** A question with all that was left out at its newest or, of the hosts, its most capable value, answered. */
export function canAtBest(question: CanQuestion): Decided {
  const decided = decideCan(everyWay(question).at(-1)!.question);
  return { ...decided, notes: notesOf(question, decided) };
}

/** A way to settle a question, with its answer. */
interface Tried extends Way {
  readonly decided: Decided;
}

/** @throws UserError of kind `input` for a question that contradicts itself or the tables */
export function can(question: CanQuestion): CanAnswer {
  checkQuestion(question);
  const older = olderReleases(question);
  const settled = everyWay(question).map((way) => ({ ...way, decided: settle(way.question, older) }));
  const gaps = settled.flatMap(({ decided }) => ('outcome' in decided ? [] : decided));
  if (gaps.length > 0) return notOnRecord(question, gaps);
  const tried = settled.flatMap(({ decided, ...way }) => ('outcome' in decided ? [{ ...way, decided }] : []));
  const first = tried[0]!;
  const same = tried.every(({ decided }) => decided.outcome === first.decided.outcome);
  // The last values are the newest ones: their words are the ones that a user is likely to see.
  if (same) return { ...tried.at(-1)!.decided, notes: notesOf(question, tried.at(-1)!.decided), asks: [] };
  const open = [...new Set(tried.flatMap(({ values }) => [...values.keys()]))];
  const asks = open.flatMap((field) => askedFact(field, tried) ?? []);
  const fields = asks.map(({ field }) => field).join(', ');
  return {
    outcome: 'asks',
    condition: 'notSaid',
    why: `The answer depends on ${fields}.`,
    messages: [],
    change: asks.map(({ field }) => `Say ${field}.`),
    notes: asOfSentences(question),
    facts: factsOf(tried.map(({ decided }) => decided)),
    asks,
  };
}

/**
 * The answer where releases are older than all that is on record: what is, and what each release of that gives.
 *
 * @param gaps of any number of ways to settle the question
 */
function notOnRecord(question: CanQuestion, gaps: readonly Gap[]): CanAnswer {
  const fields = new Map(gaps.map((gap) => [gap.field, gap]));
  const covered = { ...question };
  for (const field of fields.keys()) delete covered[field];
  const tried = everyWay(covered).flatMap(({ values, question: way }) => {
    const decided = settle(way, olderReleases(covered));
    return 'outcome' in decided ? [{ values, decided }] : [];
  });
  const each = [...fields.values()];
  const why = each.map(
    ({ program, said }) =>
      `Nothing is on record of ${COVERAGE[program].title} ${said}; covered is ${coveredWords(program)}.`,
  );
  return {
    outcome: 'asks',
    condition: 'notOnRecord',
    why: why.join(' '),
    messages: [],
    change: each.map(
      ({ field, program }) =>
        `Give ${field} as covered (${coveredWords(program)}), or leave it out to see what decides.`,
    ),
    notes: asOfSentences(question),
    facts: factsOf(tried.map(({ decided }) => decided)),
    asks: each.map(({ field, program }) => ({ field, gives: givenBy(field, program, tried) })),
  };
}

/** What each covered release of a field gives; of a program of which one state is on record, that. */
function givenBy(
  field: ReleaseField,
  program: Program,
  tried: readonly Pick<Tried, 'values' | 'decided'>[],
): AskedFact['gives'] {
  const outcomesOf = new Map<string, Set<CanOutcome>>();
  const { releases } = COVERAGE[program];
  const only = releases === null ? 'main' : releases[1];
  for (const { values, decided } of tried) {
    const value = values.get(field) ?? only;
    if (placeOf(program, value) !== 'older') addTo(outcomesOf, value, decided.outcome);
  }
  return [...outcomesOf].map(([value, outcomes]) => ({ value, outcomes: [...outcomes] }));
}

/** Refuses what contradicts itself, and what the tables rule out. */
function checkQuestion(question: CanQuestion): void {
  const { distribution, kernel, manager, vmm } = question;
  if (distribution !== undefined && kernel !== undefined) {
    const { kernel: read, title } = DISTRIBUTIONS[distribution];
    const [major, minor] = releaseOf(kernel);
    const [readMajor, readMinor] = releaseOf(read);
    if (major !== readMajor || minor !== readMinor) {
      const what = `kernel is ${kernel}, and of distribution ${distribution} only ${title} is on record`;
      throw new UserError('input', what, 'Leave out kernel, or distribution.');
    }
  }
  if (vmm === 'cloud-hypervisor' && manager !== 'none') {
    throw new UserError(
      'input',
      `manager ${manager} is on record as what starts QEMU, and vmm is ${vmm}`,
      'Leave out manager, or write vmm: qemu.',
    );
  }
  checkDevices(question, kernelsOf(question).map(releaseOf));
}

/** Notes where a release is newer than what the tables know, or was taken because of an assumption. */
function notesOf(question: CanQuestion, decided: Decided): readonly string[] {
  const notes = [...decided.notes];
  const moved = CAN_OUTCOMES[decided.outcome].moves && decided.condition !== 'noDevice';
  if (moved) notes.push(...conditionsOf(question));
  if (question.assume.dirtyTracking === true && question.vmmVersion === undefined && question.devices.length > 0) {
    notes.push(`vmmVersion is not said: with tracking assumed, ${newestRelease(question.vmm)} is taken.`);
  }
  notes.push(...asOfSentences(question));
  return notes;
}

/** What must hold of the devices in addition to their drivers, where the question does not say that they migrate. */
function conditionsOf({ devices }: CanQuestion): readonly string[] {
  const asked = devices.filter(({ unplugged, migrates }) => !unplugged && migrates === undefined);
  return [...new Set(asked.map(({ driver }) => driver))].flatMap((driver) => {
    const { condition } = DRIVERS[driver];
    const fix = 'Write migrates: false for the device where that does not hold.';
    return condition === '' ? [] : [`${driver} migrates if ${condition}. ${fix}`];
  });
}

/**
 * What a field decides.
 *
 * @returns null when the answer does not depend on the field, whatever the others are
 */
function askedFact(field: string, all: readonly Tried[]): AskedFact | null {
  const tried = all.filter(({ values }) => values.has(field));
  // A field that only some ways have open depends on another: it is no circumstance that can be held.
  const others = [...tried[0]!.values.keys()].filter(
    (other) => other !== field && tried.every(({ values }) => values.has(other)),
  );
  const outcomesOf = new Map<string, Set<CanOutcome>>();
  const byOthers = new Map<string, Map<string, Set<CanOutcome>>>();
  for (const { values, decided } of tried) {
    const value = values.get(field)!;
    addTo(outcomesOf, value, decided.outcome);
    const held = others.map((other) => values.get(other)!).join('|');
    const group = byOthers.get(held) ?? new Map<string, Set<CanOutcome>>();
    byOthers.set(held, group);
    addTo(group, value, decided.outcome);
  }
  const matters = [...byOthers.values()].some(
    (group) => new Set([...group.values()].map((outcomes) => [...outcomes].toSorted().join('|'))).size > 1,
  );
  if (!matters) return null;
  return { field, gives: [...outcomesOf].map(([value, outcomes]) => ({ value, outcomes: [...outcomes] })) };
}

function addTo(sets: Map<string, Set<CanOutcome>>, key: string, outcome: CanOutcome): void {
  const set = sets.get(key) ?? new Set<CanOutcome>();
  sets.set(key, set.add(outcome));
}

function factsOf(decided: readonly Decided[]): readonly Basis[] {
  const facts = new Map<string, Basis>();
  for (const each of decided)
    for (const { source, evidence } of each.facts) facts.set(`${source} ${evidence}`, { source, evidence });
  return [...facts.values()];
}
