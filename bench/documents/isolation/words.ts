/**
 * What an isolation document says in sentences: the same ones in the terminal and on the page.
 */
import { formatBytes } from '../../../sim/pci/address.ts';
import { BAR_VARIANTS, type BarReach, type ByteRange } from '../../../sim/vfio/bar-reach.ts';
import { POLICIES, type Policy, type Reach } from '../../../sim/pci/policy.ts';
import { countOf } from '../../../sim/base/units.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { addressRuns } from './address-runs.ts';
import { DOOR_STATE_TITLES, STAKES } from './document.ts';
import type { PathReport, RemedyReport, TopologyReport, VfIsolation } from './document.ts';

/** One paragraph: who reaches what, and what each policy makes of it. */
export function topologySummary(report: TopologyReport): string {
  const { vfs, hostVfs } = report;
  const gap = report.gap === null ? [] : [`Not known whole: ${report.gap}.`];
  if (vfs.length === 0) {
    if (report.gap !== null) return gap.join('');
    const kept = hostVfs === 0 ? '' : `: ${countOf(hostVfs, 'VF')} ${hostVfs === 1 ? 'is' : 'are'} the host's`;
    return `There is no VF here that a VM has${kept}.`;
  }
  const byCpu = vfs.filter(({ cpu, opens }) => opens.ok && cpu?.reachesControl === true).length;
  const possible = vfs.flatMap(({ paths }) => paths.filter((path) => path.possible));
  const hazards = new Set(possible.map(({ hazard }) => hazard));
  const sentences = [...gap, ...reachSentences(vfs)];
  if (hazards.has('spoof')) sentences.push('A guest can have its requests taken for those of another.');
  if (hazards.has('unchecked')) sentences.push('The IOMMU lets requests of guests through to any address.');
  if (byCpu > 0) sentences.push(`${areas(byCpu, vfs.length)} reached by CPUs of that VM.`);
  const worst = keysOf(STAKES).findLast((stake) => possible.some((path) => path.stake === stake));
  if (worst !== undefined) sentences.push(`At stake: ${STAKES[worst]}.`);
  return [...sentences, ...closedSentences(report), ...believedSentences(report)].join(' ');
}

/** How many control areas DMA reaches that VMs can send. */
function reachSentences(vfs: readonly VfIsolation[]): readonly string[] {
  if (vfs.every(({ dma }) => dma.self === 'n/a')) {
    const whys = new Set(vfs.flatMap(({ decisions }) => decisions.map(({ why }) => why)));
    const because = whys.size === 1 ? `: ${[...whys][0]!}` : '';
    return [`No VF here can migrate, so that there is no migration control area${because}.`];
  }
  const count = (by: 'self' | 'other'): number => vfs.filter(({ possible }) => possible[by] === 'yes').length;
  const [self, other] = [count('self'), count('other')];
  const byRoot = vfs.filter(
    ({ possible: { self: own, other: others } }) =>
      own !== 'yes' && others !== 'yes' && (own === 'privileged' || others === 'privileged'),
  ).length;
  if (self + other + byRoot === 0) return ['No DMA of a guest reaches a migration control area.'];
  return [
    ...(other > 0 ? [`${areas(other, vfs.length)} reached by DMA of other VMs.`] : []),
    ...(self > 0 ? [`${areas(self, vfs.length)} reached by DMA of the VM that has the VF.`] : []),
    ...(byRoot > 0 ? [`${areas(byRoot, vfs.length)} reached only because root mapped it for a guest.`] : []),
  ];
}

/** VFs that their VMs cannot open, and what the fabric would carry if they could. */
function closedSentences({ vfs }: TopologyReport): readonly string[] {
  const closed = vfs.filter(({ opens }) => !opens.ok);
  if (closed.length === 0) return [];
  const every = closed.length === vfs.length && vfs.length > 1 ? 'None of the VFs can be opened by its VM' : undefined;
  const whose = closed.length === 1 ? 'its VM' : 'their VMs';
  const some = `${vfs.length === 1 ? 'The VF' : `${closed.length} of ${vfs.length} VFs`} cannot be opened by ${whose}`;
  const sentences = [`${every ?? some}: ${closed[0]!.opens.why}.`];
  const carried = vfs.filter(
    ({ dma, possible }) =>
      (isOpen(dma.self) && !isOpen(possible.self)) || (isOpen(dma.other) && !isOpen(possible.other)),
  );
  if (carried.length > 0) {
    sentences.push(
      `If they could, the fabric would carry DMA into ${carried.length === 1 ? 'a control area' : `${carried.length} control areas`} more.`,
    );
  }
  return sentences;
}

/** What Linux believes against what the fabric does. */
function believedSentences({ overridden, vfs }: TopologyReport): readonly string[] {
  if (overridden.length === 0) return [];
  const named = `${overridden.slice(0, VFS_NAMED).join(', ')}${overridden.length > VFS_NAMED ? ' and others' : ''}`;
  const believed = `Linux was made to believe that ${named} ${overridden.length === 1 ? 'isolates' : 'isolate'}`;
  const isReached = vfs.some(({ possible }) => isOpen(possible.self) || isOpen(possible.other));
  return [
    isReached
      ? `${believed}: it lets VMs open functions there, and the fabric does not keep them apart.`
      : `${believed}; its groups prove nothing about DMA there.`,
  ];
}

function isOpen(answer: Reach): boolean {
  return answer === 'yes' || answer === 'privileged';
}

function areas(some: number, all: number): string {
  if (all === 1) return 'The control area of the VF is';
  return some === all
    ? `The control areas of ${all === 2 ? 'both' : `all ${all}`} VFs are`
    : `${some} of ${all} control areas ${some === 1 ? 'is' : 'are'}`;
}

export function pathTitle(path: PathReport): string {
  return `How ${pathSentence(path)}`;
}

/** What a path comes to. */
export function pathSentence({ hazard, from, fromTenant, to, toTenant }: PathReport): string {
  const sender = `${from} (${fromTenant})`;
  if (hazard === 'unchecked') return `${sender} gets to any memory of the host by DMA`;
  if (hazard === 'spoof') return `${sender} spoofs ${to} (${toTenant})`;
  const area = from === to ? 'its own control area' : `the control area of ${to} (${toTenant})`;
  return `${sender} gets to ${area} by DMA`;
}

/** The hop's place, and what happened there, with what decided it. */
export function hopSentence({ did, because }: PathReport['hops'][number]): string {
  return because === null ? did : `${did} [${because}]`;
}

/** VFs that VFIO does not let their VMs open, with the reason; those of one reason once. */
export function openingSentences(vfs: readonly VfIsolation[]): readonly string[] {
  const closed = new Map<string, VfIsolation[]>();
  for (const vf of vfs) {
    if (vf.opens.ok) continue;
    const why = vf.opens.why!;
    const known = closed.get(why);
    if (known === undefined) closed.set(why, [vf]);
    else known.push(vf);
  }
  return [...closed].map(([why, of]) => {
    const tenants = new Set(of.map(({ tenant }) => tenant));
    const who = tenants.size > 1 ? `${tenants.size} VMs` : of[0]!.tenant;
    return `VFIO does not let ${who} open ${addressRuns(of.map(({ address }) => address)).join(', ')}: ${why}`;
  });
}

/** What a path can damage, or that nobody can send such a request. */
export function stakeSentence({ possible, stake }: PathReport): string {
  return possible
    ? `at stake: ${STAKES[stake]}`
    : 'nobody can send it: VFIO does not let the VMs open the functions that it takes';
}

/** The path that is drawn: one that can happen, of another VM if there is one, since that is the worse. */
export function pathToDraw(vfs: readonly VfIsolation[]): PathReport | undefined {
  const every = vfs.flatMap(({ paths }) => paths);
  const possible = every.filter((path) => path.possible);
  const all = possible.length > 0 ? possible : every;
  return all.find(({ hazard }) => hazard === 'other') ?? all[0];
}

const KERNELS_NUMBERS = ", by the kernel's numbers (others follow its last)";

/** The rule of the groups, and whose numbers they have. */
export function groupsTitle({ kernel, rule, numbersOfKernel }: TopologyReport): string {
  return rule === 'linux'
    ? `IOMMU groups, as Linux ${kernel} builds them${numbersOfKernel ? KERNELS_NUMBERS : ''}`
    : 'IOMMU groups, as the series of 2025 would build them, which no kernel has';
}

export function splitSentences({ splits }: TopologyReport): readonly string[] {
  return splits.map((parts) => `Linux has these in one group, and the series would split them: ${parts.join(' | ')}`);
}

/** What to change so that VMs can open what they have, group by group. */
export function openRemedySentences({ openRemedies }: TopologyReport): readonly string[] {
  return openRemedies.map(({ group, closed, why, remedies, whyNone }) => {
    const ways = remedies.map(({ changes }) => changes.join('; and ')).join(', or: ');
    const what = whyNone === null ? ways : `nothing helps: ${whyNone}`;
    return `group ${group}, ${addressRuns(closed).join(', ')} (${why}): ${what}`;
  });
}

/** The host whose doors they are. */
export function doorsTitle({ kernel, backend }: TopologyReport): string {
  return `Doors into BAR2 of VFs, with Linux ${kernel} and ${backend}`;
}

/** Doors by what becomes of them, each kind in a sentence. */
export function doorSentences({ doors }: TopologyReport): readonly string[] {
  return keysOf(DOOR_STATE_TITLES).flatMap((state) => {
    const some = doors.filter((each) => each.state === state).map(({ door }) => door);
    return some.length === 0 ? [] : [`${DOOR_STATE_TITLES[state]}: ${some.join('; ')}`];
  });
}

export const DOOR_HEAD = ['door', 'who opens it', 'since Linux', 'here', 'why', 'source'] as const;

/** Cells of a row for each door. */
export function doorRows({ doors }: TopologyReport): readonly (readonly string[])[] {
  return doors.map(({ door, by, since, state, why, source }) => [
    door,
    by,
    since,
    DOOR_STATE_TITLES[state],
    why,
    source,
  ]);
}

/** Decisions that are the same for many VFs are printed once. */
export interface DecisionGroup {
  readonly policy: Policy;
  readonly verdict: string;
  readonly why: string;
  readonly vfs: readonly VfIsolation[];
}

export function decisionGroups(vfs: readonly VfIsolation[]): readonly DecisionGroup[] {
  const groups = new Map<string, DecisionGroup & { readonly vfs: VfIsolation[] }>();
  for (const vf of vfs) {
    for (const { policy, verdict, why, reasons, dependsOnClip, notes } of vf.decisions) {
      // Of many VFs the plainest reason will do; that of others names other VMs for each.
      const all = [
        vfs.length === 1 && reasons.length > 1 ? reasons.join('; ') : why,
        ...(dependsOnClip ? [RESTS_ON_CLIP] : []),
        ...notes,
      ];
      const words = all.join('; ');
      const key = [policy, verdict, words].join('\n');
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { policy, verdict, why: words, vfs: [vf] });
      else group.vfs.push(vf);
    }
  }
  return [...groups.values()].toSorted((a, b) => order(a) - order(b));
}

const RESTS_ON_CLIP = 'this rests on the clip of the BAR';

function order({ policy }: DecisionGroup): number {
  return POLICIES.indexOf(policy);
}

/** What would make a policy accept VFs that it refuses; VFs for which that is the same are printed once. */
export function remedySentences(vfs: readonly VfIsolation[], policy: Policy): readonly string[] {
  const groups = new Map<string, VfIsolation[]>();
  for (const vf of vfs) {
    const remedy = vf.decisions.find((decision) => decision.policy === policy)?.remedy ?? null;
    if (remedy === null) continue;
    const sentence = remedySentence(remedy);
    const group = groups.get(sentence);
    if (group === undefined) groups.set(sentence, [vf]);
    else group.push(vf);
  }
  return [...groups].map(([sentence, of]) => `${vfList(of)}: ${sentence}`);
}

/** What would make a policy accept a VF. */
export function remedySentence({ kind, changes, why }: RemedyReport): string {
  if (kind === 'changes') return changes.join('; ');
  return kind === 'impossible' ? `no setting helps: ${why}` : `not found in reasonable time: ${why}`;
}

/** Addresses of VFs, the first few by name. */
export function vfList(vfs: readonly VfIsolation[]): string {
  const named = vfs.slice(0, VFS_NAMED).map(({ address }) => address);
  const more = vfs.length - named.length;
  return more === 0 ? named.join(', ') : `${named.join(', ')} and ${more} more`;
}

const VFS_NAMED = 4;

/** Ways of CPU and domain into BAR2, and how far each gets. */
export function reachCells(reach: BarReach): readonly string[] {
  const { variant, toldBytes, read, write, mmap, dma } = reach;
  return [BAR_VARIANTS[variant].what, formatBytes(toldBytes), ...[read, write, mmap, dma].map(rangesText)];
}

export const REACH_HEAD = ['what is hidden', 'region info', 'read', 'write', 'mmap', 'in the IOMMU domain'] as const;

function rangesText(ranges: readonly ByteRange[]): string {
  if (ranges.length === 0) return 'nothing';
  return ranges.map(({ start, end }) => `${formatBytesAt(start)} to ${formatBytes(end)}`).join(', ');
}

function formatBytesAt(offset: number): string {
  return offset === 0 ? '0' : formatBytes(offset);
}

/** What the file leaves out; a field that is left out in many places is printed once. */
export function assumedSentence({ assumed }: TopologyReport): string | undefined {
  if (assumed.length === 0) return undefined;
  const times = new Map<string, number>();
  for (const { path, value } of assumed) {
    const text = `${path.replace(/^.*\]\./, '')} = ${JSON.stringify(value)}`;
    times.set(text, (times.get(text) ?? 0) + 1);
  }
  const texts = [...times].map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`));
  return `The file does not say these, so they are assumed: ${texts.join('; ')}.`;
}
