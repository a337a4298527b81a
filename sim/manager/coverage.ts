/**
 * Which releases of other software the tables cover, and which releases of a question lie outside.
 *
 * A release older than what was read is never answered by a newer row: what decides there is not on record, and is asked for. A
 * later one is answered as the newest on record, and the answer says as of which release and date.
 */
import type { VmmName } from '../memory/vmms.ts';
import { MIGRATION_SINCE } from './drivers.ts';
import { releaseOf, usesLibvirt } from './given.ts';
import type { CanQuestion } from './question.ts';
import { compareReleases, parseRelease, type Release } from './release.ts';
import { type Basis, SOURCES } from './source.ts';
import type { ManagerId } from './vmms.ts';

interface Coverage {
  readonly title: string;
  /** The oldest and the newest release on record, both inclusive; null: states of development only, no release. */
  readonly releases: readonly [oldest: string, newest: string] | null;
  /** What a later release is answered as. */
  readonly newest: string;
  /** Whether a state after the newest release is on record as well. */
  readonly hasMain?: true;
  readonly source: Basis['source'];
}

/** A kernel older than the first one is covered too: it has no interface for migration of version 2. */
export const COVERAGE = {
  qemu: { title: 'QEMU', releases: ['7.2', '11.1'], newest: 'QEMU 11.1', source: 'qemu-11.1' },
  'cloud-hypervisor': {
    title: 'Cloud Hypervisor',
    releases: ['52', '53'],
    newest: 'Cloud Hypervisor main ae44c2971, after v53',
    hasMain: true,
    source: 'cloud-hypervisor',
  },
  kernel: { title: 'Linux', releases: [MIGRATION_SINCE, '7.3'], newest: 'Linux 7.3', source: 'linux-7.3.4' },
  libvirt: { title: 'libvirt', releases: ['9.0', '12.8'], newest: 'libvirt 12.8', source: 'libvirt-12.8' },
  kubevirt: { title: 'KubeVirt', releases: ['1.9', '1.9'], newest: 'KubeVirt 1.9 (d923fdb815)', source: 'kubevirt' },
  nova: { title: 'Nova', releases: ['2026.2', '2026.2'], newest: 'Nova 2026.2 (00a030403f)', source: 'nova' },
  proxmox: { title: 'Proxmox VE', releases: null, newest: 'qemu-server 096a1ac22', source: 'proxmox' },
} as const satisfies Readonly<Record<VmmName | Exclude<ManagerId, 'none'> | 'kernel', Coverage>>;

export type Program = keyof typeof COVERAGE;

/** The fields of a question that say a release. */
export type ReleaseField = 'vmmVersion' | 'managerVersion' | 'libvirtVersion' | 'kernel';

/** A release that no row covers, and the answer depends on it. */
export interface Gap {
  readonly field: ReleaseField;
  readonly program: Program;
  readonly said: string;
}

/** A release cut to the numbers that rows differ in: 11.1.3 is covered by 11.1. */
function cut(release: Release, like: string): Release {
  return release.slice(0, parseRelease(like)!.length);
}

/** Where a release lies; `main` is later than any. */
export function placeOf(program: Program, said: string): 'older' | 'covered' | 'newer' {
  const { releases }: Coverage = COVERAGE[program];
  const release = releaseOf(said);
  if (releases === null) return said === 'main' ? 'newer' : 'older';
  const [oldest, newest] = releases;
  if (compareReleases(release, parseRelease(oldest)!) < 0) return 'older';
  return compareReleases(cut(release, newest), parseRelease(newest)!) > 0 ? 'newer' : 'covered';
}

/** The fields of a question, a scenario or a VM of a fleet that say releases. */
export type AskedReleases = Pick<CanQuestion, 'vmm'> & {
  readonly [Field in 'manager' | ReleaseField]?: CanQuestion[Field] | undefined;
};

/** What each field that says a release says it of. */
function saidReleases(asked: AskedReleases): readonly Gap[] {
  const { vmm, vmmVersion, manager = 'none', managerVersion, libvirtVersion, kernel } = asked;
  const say = (field: ReleaseField, program: Program | 'none', said: string | undefined): readonly Gap[] =>
    said === undefined || program === 'none' ? [] : [{ field, program, said }];
  return [
    ...say('vmmVersion', vmm, vmmVersion),
    ...say('managerVersion', manager, managerVersion),
    ...say('libvirtVersion', usesLibvirt(manager) ? 'libvirt' : 'none', libvirtVersion),
    ...say('kernel', 'kernel', kernel),
  ];
}

/** The releases that a question says, older than what the tables cover. */
export function olderReleases(question: CanQuestion): readonly Gap[] {
  return saidReleases(question).filter(({ program, said }) => placeOf(program, said) === 'older');
}

/** What the tables know of a program, as words: `QEMU 7.2 to 11.1`. */
export function coveredWords(program: Program): string {
  const { title, releases, newest, hasMain }: Coverage = COVERAGE[program];
  if (releases === null) return `${newest} (of which release it is part is not on record)`;
  const [oldest, last] = releases;
  const named = oldest === last ? `${title} ${oldest}` : `${title} ${oldest} to ${last}`;
  return hasMain === true ? `${named}, and main` : named;
}

/** Sentences on the releases that are later than the tables: as of when the answer is. */
export function asOfSentences(question: AskedReleases): readonly string[] {
  return saidReleases(question).flatMap(({ program, said }) => {
    if (placeOf(program, said) !== 'newer') return [];
    const { title, newest, source }: Coverage = COVERAGE[program];
    return [`${title} ${said}: the answer is as of ${newest}, ${SOURCES[source].date}; of later nothing is on record.`];
  });
}
