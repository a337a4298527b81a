/**
 * What an isolation document says in sentences: the same ones in the terminal and on the page.
 */
import { formatBytes } from '../../sim/pci/address.ts';
import { BAR_VARIANTS, type BarReach, type ByteRange } from '../../sim/vfio/bar-reach.ts';
import type { Answer, PathReport, PolicyName, TopologyReport, VfReport } from './document.ts';

/** `0000:31:00.1 (vm1)`. */
export function vfName({ address, tenant }: Pick<VfReport, 'address' | 'tenant'>): string {
  return `${address} (${tenant})`;
}

/** One paragraph: who reaches what, and what each policy makes of it. */
export function topologySummary({ vfs }: TopologyReport): string {
  if (vfs.length === 0) return 'There is no VF here that could be migrated.';
  const reachesSelf = vfs.filter(({ dma }) => isOpen(dma.self));
  const reachesOther = vfs.filter(({ dma }) => isOpen(dma.other));
  const byCpu = vfs.filter(({ cpu }) => cpu.reachesControl);
  const sentences: string[] = [];
  if (reachesSelf.length === 0 && reachesOther.length === 0) {
    sentences.push('No DMA of a guest reaches a migration control area.');
  } else {
    if (reachesSelf.length > 0)
      sentences.push(`${countOf(reachesSelf.length, vfs.length)} its own control area by DMA.`);
    if (reachesOther.length > 0) {
      sentences.push(`${countOf(reachesOther.length, vfs.length)} the control area of another tenant by DMA.`);
    }
  }
  if (byCpu.length > 0) sentences.push(`${countOf(byCpu.length, vfs.length)} its own control area by CPU.`);
  return sentences.join(' ');
}

function isOpen(answer: Answer): boolean {
  return answer === 'yes' || answer === 'privileged';
}

function countOf(some: number, all: number): string {
  if (all === 1) return 'The VF reaches';
  return some === all ? `Each of the ${all} VFs reaches` : `${some} of ${all} VFs ${some === 1 ? 'reaches' : 'reach'}`;
}

export function pathTitle({ from, to, whose }: PathReport, tenant: string): string {
  const area = whose === 'own' ? 'its own control area' : `the control area of ${to}`;
  return `How ${from} (${tenant}) gets to ${area} by DMA`;
}

/** The hop's place, and what happened there, with what decided it. */
export function hopSentence({ did, because }: PathReport['hops'][number]): string {
  return because === null ? did : `${did} [${because}]`;
}

/** The path that is drawn: of another tenant's area if one is reached, since that is the worse. */
export function pathToDraw(vfs: readonly VfReport[]): { readonly vf: VfReport; readonly path: PathReport } | undefined {
  for (const whose of ['other', 'own'] as const) {
    for (const vf of vfs) {
      const path = vf.paths.find((each) => each.whose === whose);
      if (path !== undefined) return { vf, path };
    }
  }
  return undefined;
}

/** Decisions that are the same for many VFs are told once. */
export interface DecisionGroup {
  readonly policy: PolicyName;
  readonly verdict: string;
  readonly why: string;
  readonly vfs: readonly VfReport[];
}

export function decisionGroups(vfs: readonly VfReport[]): readonly DecisionGroup[] {
  const groups = new Map<string, DecisionGroup & { readonly vfs: VfReport[] }>();
  for (const vf of vfs) {
    for (const { policy, verdict, why, dependsOnClip } of vf.decisions) {
      const words = dependsOnClip ? `${why}; this rests on the clip of the BAR` : why;
      const key = [policy, verdict, words].join('\n');
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { policy, verdict, why: words, vfs: [vf] });
      else group.vfs.push(vf);
    }
  }
  return [...groups.values()].toSorted((a, b) => order(a) - order(b));
}

const POLICY_ORDER: readonly PolicyName[] = ['upstream', 'thread', 'proof'];

function order({ policy }: DecisionGroup): number {
  return POLICY_ORDER.indexOf(policy);
}

/** Addresses of VFs, the first few by name. */
export function vfList(vfs: readonly VfReport[]): string {
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

export function assumedSentence({ assumed }: TopologyReport): string | undefined {
  if (assumed.length === 0) return undefined;
  return `Taken as given, since the file does not say: ${assumed.map(({ path, value }) => `${path} = ${JSON.stringify(value)}`).join('; ')}.`;
}
