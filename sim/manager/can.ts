/**
 * Will this VM move on these hosts? The one place that `can`, `run`, `plan` and `ui` ask before they compute anything.
 *
 * What a question leaves out is tried with every value that it could have. Where all of them give the same answer, that is the
 * answer; where not, the fields on which it depends are asked for. Nothing is assumed.
 */
import { canCloudHypervisor } from './can-cloud-hypervisor.ts';
import type { AskedFact, CanAnswer, CanOutcome, Decided } from './can-answer.ts';
import { refusedByManager } from './can-manager.ts';
import { canQemu } from './can-qemu.ts';
import { DRIVERS, type DriverRow, IOMMU_IDS, IOMMUS } from './drivers.ts';
import { type Given, givenOf, releaseOf, type Settled } from './given.ts';
import type { CanQuestion } from './question.ts';
import { compareReleases, parseRelease, rowAt } from './release.ts';
import type { Basis } from './source.ts';
import { CLOUD_HYPERVISOR, LIBVIRT_IOMMUFD, NEWEST, QEMU } from './vmms.ts';
import type { VmmName } from '../memory/vmms.ts';

/** What each VMM decides, and the releases at which it may decide otherwise. */
const BY_VMM: Readonly<
  Record<VmmName, { readonly decide: (given: Given) => Decided; readonly releases: () => readonly string[] }>
> = {
  qemu: { decide: canQemu, releases: () => sincesOf(QEMU, '7.2') },
  'cloud-hypervisor': {
    decide: canCloudHypervisor,
    releases: () => [...sincesOf(CLOUD_HYPERVISOR, '52').slice(0, -1), 'main'],
  },
};

/** A question with everything said, answered. */
export function decideCan(question: Settled): Decided {
  const given = givenOf(question);
  return refusedByManager(given) ?? BY_VMM[question.vmm].decide(given);
}

/** A field that was left out, and the values that it could have. */
interface Open {
  readonly field: string;
  readonly values: readonly string[];
  readonly with: (question: CanQuestion, value: string) => CanQuestion;
}

export function can(question: CanQuestion): CanAnswer {
  const unknown = unknownDriver(question);
  if (unknown !== null) return asksFor(unknown);
  const open = openFields(question);
  const tried = everyWay(question, open);
  const first = tried[0]!;
  const same = tried.every(({ decided }) => decided.outcome === first.decided.outcome);
  // The last values are the newest ones: their words are the ones that a user is likely to see.
  if (same) return { ...tried.at(-1)!.decided, notes: notesOf(question, tried.at(-1)!.decided), asks: [] };
  const asks = open.flatMap((each, place) => askedFact(each, place, tried) ?? []);
  const fields = asks.map(({ field }) => field).join(', ');
  return {
    outcome: 'asks',
    condition: 'notSaid',
    why: `The answer depends on ${fields}.`,
    messages: [],
    change: asks.map(({ field }) => `Say ${field}.`),
    notes: [],
    facts: factsOf(tried.map(({ decided }) => decided)),
    asks,
  };
}

/** A note where a release is newer than what the tables know. */
function notesOf(question: CanQuestion, decided: Decided): readonly string[] {
  const notes = [...decided.notes];
  const newer = (version: string | undefined, newest: string): boolean =>
    version !== undefined && version !== 'main' && compareReleases(releaseOf(version), parseRelease(newest)!) > 0;
  const newestVmm = NEWEST[question.vmm];
  if (newer(question.vmmVersion, newestVmm) && releaseOf(question.vmmVersion!).length > 0) {
    notes.push(
      `Nothing is on record of releases after ${newestVmm}: ${question.vmmVersion} is answered as the newest one known.`,
    );
  }
  return notes;
}

/** Every combination of the values of the open fields. */
function everyWay(
  question: CanQuestion,
  open: readonly Open[],
): readonly { readonly values: readonly string[]; readonly decided: Decided }[] {
  let ways: { values: string[]; question: CanQuestion }[] = [{ values: [], question }];
  for (const each of open) {
    ways = ways.flatMap((way) =>
      each.values.map((value) => ({ values: [...way.values, value], question: each.with(way.question, value) })),
    );
  }
  return ways.map((way) => ({ values: way.values, decided: decideCan(way.question as Settled) }));
}

/** @returns null when the answer does not depend on the field, whatever the others are */
function askedFact(
  open: Open,
  place: number,
  tried: readonly { readonly values: readonly string[]; readonly decided: Decided }[],
): AskedFact | null {
  const outcomesOf = new Map<string, Set<CanOutcome>>(open.values.map((value) => [value, new Set()]));
  const byOthers = new Map<string, CanOutcome>();
  let matters = false;
  for (const { values, decided } of tried) {
    outcomesOf.get(values[place]!)!.add(decided.outcome);
    const others = values.toSpliced(place, 1).join('|');
    const before = byOthers.get(others);
    if (before === undefined) byOthers.set(others, decided.outcome);
    else matters ||= before !== decided.outcome;
  }
  if (!matters) return null;
  return { field: open.field, gives: [...outcomesOf].map(([value, outcomes]) => ({ value, outcomes: [...outcomes] })) };
}

function openFields(question: CanQuestion): readonly Open[] {
  const open: Open[] = [];
  if (question.vmmVersion === undefined) {
    const values = BY_VMM[question.vmm].releases();
    open.push({ field: 'vmmVersion', values, with: (q, vmmVersion) => ({ ...q, vmmVersion }) });
  }
  if (question.managerVersion === undefined) {
    const values = question.manager === 'libvirt' ? ['11.3', LIBVIRT_IOMMUFD.since] : ['main'];
    open.push({ field: 'managerVersion', values, with: (q, managerVersion) => ({ ...q, managerVersion }) });
  }
  if (question.kernel === undefined) {
    open.push({ field: 'kernel', values: kernelsOf(question), with: (q, kernel) => ({ ...q, kernel }) });
  }
  const { backend, dirtyTracking, hardware } = question.iommu;
  const withIommu = (q: CanQuestion, part: Partial<CanQuestion['iommu']>): CanQuestion => ({
    ...q,
    iommu: { ...q.iommu, ...part },
  });
  if (backend === undefined) {
    const values = ['type1', 'iommufd'] as const;
    open.push({
      field: 'iommu.backend',
      values,
      with: (q, value) => withIommu(q, { backend: value as (typeof values)[number] }),
    });
  }
  if (dirtyTracking === undefined) {
    open.push({
      field: 'iommu.dirtyTracking',
      values: ['no', 'yes'],
      with: (q, value) => withIommu(q, { dirtyTracking: value === 'yes' }),
    });
  }
  if (hardware === undefined && question.kernel !== undefined) {
    const values = IOMMU_IDS;
    open.push({
      field: 'iommu.hardware',
      values,
      with: (q, value) => withIommu(q, { hardware: value as (typeof values)[number] }),
    });
  }
  return open;
}

/** The releases at which a table's rows begin; the row of before all others is asked at `oldest`. */
function sincesOf(rows: readonly { readonly since: string }[], oldest: string): readonly string[] {
  return rows.map(({ since }) => (since === '0' ? oldest : since));
}

/** Kernels at which anything changes for these devices. */
function kernelsOf(question: CanQuestion): readonly string[] {
  const kernels = new Set<string>([NEWEST.kernel]);
  for (const { driver } of question.devices) {
    const rows: readonly DriverRow[] = DRIVERS[driver].rows;
    // Naming a driver says that the kernel has it.
    for (const { since, migration } of rows) if (migration !== 'absent' && since !== '0') kernels.add(since);
  }
  if (question.iommu.dirtyTracking !== false) for (const id of IOMMU_IDS) kernels.add(IOMMUS[id].since);
  return [...kernels].toSorted((a, b) => compareReleases(parseRelease(a)!, parseRelease(b)!));
}

/** The first device of whose driver the tables know nothing on this kernel. */
function unknownDriver(question: CanQuestion): { readonly field: string; readonly title: string } | null {
  const kernel = question.kernel === undefined ? undefined : releaseOf(question.kernel);
  for (const [index, { driver, offers, unplugged }] of question.devices.entries()) {
    if (offers !== undefined || unplugged || (driver === 'vfio-user' && question.vmm === 'cloud-hypervisor')) continue;
    const rows: readonly DriverRow[] = DRIVERS[driver].rows;
    const row = kernel === undefined ? rows.at(-1)! : rowAt(rows, kernel)!;
    if (row.migration === 'unknown') return { field: `devices[${index}].offers`, title: DRIVERS[driver].title };
  }
  return null;
}

function asksFor({ field, title }: { readonly field: string; readonly title: string }): CanAnswer {
  return {
    outcome: 'asks',
    condition: 'driverUnknown',
    why: `What the driver offers is not on record (${title}).`,
    messages: [],
    change: [`Say ${field}: { p2p: true or false, preCopy: …, dmaLog: … }.`],
    notes: [],
    facts: [],
    asks: [{ field, gives: [] }],
  };
}

function factsOf(decided: readonly Decided[]): readonly Basis[] {
  const facts = new Map<string, Basis>();
  for (const each of decided)
    for (const { source, evidence } of each.facts) facts.set(`${source} ${evidence}`, { source, evidence });
  return [...facts.values()];
}
