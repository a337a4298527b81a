/**
 * Examines a topology: reads and builds it, and asks for each VF who reaches its control area, by which ways, and what the
 * policies make of it.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import { MIB } from '../../../sim/base/units.ts';
import type { Kernel } from '../../../sim/pci/acs-quirks.ts';
import { ADDRESS_ALLOWED, ADDRESS_PATTERN, formatAddress, parseAddress } from '../../../sim/pci/address.ts';
import { type GroupRule, groupMembers, groupsOf, splitGroups } from '../../../sim/pci/groups.ts';
import { type Isolation, isolationOf, type VfAnswer } from '../../../sim/pci/isolation.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { CLIPS, type Backend, doorsOf } from '../../../sim/pci/doors.ts';
import { mapsBars } from '../../../sim/pci/domain.ts';
import { HOST, readTopology, type TopologyDocument } from '../../../sim/pci/topology-file.ts';
import { functionLabel, type Topology, type TopologyFunction } from '../../../sim/pci/topology.ts';
import { POLICIES, type Policy } from '../../../sim/pci/policy.ts';
import type { LoadDecision } from '../../../sim/pci/verdict.ts';
import { type BarReach, type BarVariantName, reachOf } from '../../../sim/vfio/bar-reach.ts';
import { parseInput, readInputText } from '../../io/input-file.ts';
import { packageVersion } from '../../io/package-root.ts';
import {
  type CpuReport,
  type DecisionReport,
  type GroupDifference,
  type IsolationDocument,
  ISOLATION_FORMAT,
  ISOLATION_VERSION,
  type RemedyReport,
  type TopologyReport,
  type VfIsolation,
} from '../../documents/isolation/document.ts';
import { type Imported, readMachine } from '../import/import.ts';
import { groupNumbers, kernelGroupsReport } from './kernel-groups.ts';
import { loadsIf } from './loads-if.ts';
import { TOPOLOGIES } from './shipped.ts';
import { type TreeNode, treeOf } from '../../documents/isolation/tree.ts';
import { pathOf } from './way.ts';
import { pathToDraw } from '../../documents/isolation/words.ts';

export interface Examined {
  readonly report: TopologyReport;
  /** The tree to be drawn with it. */
  readonly tree: TreeNode;
}

/** A topology from the command line, and the VFs of it that are asked about. */
export interface Asked {
  readonly topology: Topology;
  readonly isolation: Isolation;
  readonly vfs: readonly VfAnswer[];
  /** The VF that was asked about alone. */
  readonly only: number | undefined;
  readonly assumed: TopologyReport['assumed'];
  readonly imported: TopologyReport['imported'];
  /** Why the machine is not known whole; null: it is. */
  readonly gap: string | null;
}

/** What may be asked apart from what the topology says. */
export interface IsolationOptions {
  /** The address of one VF, as a user writes it; default: all that were given to VMs. */
  readonly vf?: string | undefined;
  /** The kernel whose groups are built; default: what the topology says. */
  readonly kernel?: Kernel | undefined;
  readonly rule?: GroupRule | undefined;
  /** How VMMs hand functions to VFIO; default: what the topology says. */
  readonly backend?: Backend | undefined;
}

/** So many VFs have a row of their own in the drawing, whatever there is to show of them. */
const VFS_DRAWN = 8;
const VFS_NAMED = 8;
/** Other VMs of which a way is listed, for each VF. */
const OTHERS_MAX = 3;

/**
 * @param word a file, or the name of a topology that comes with the package
 * @throws UserError of kind `input` for a file that is no topology, `usage` for a VF that it does not have
 */
export function askedOf(word: string, options: IsolationOptions = {}): Asked {
  const { path, name } = TOPOLOGIES.place(word);
  const foreign = readMachine(path);
  if (foreign !== undefined) return askedOfImport(foreign, name, options);
  return askedOfDocument(parseInput(readInputText(path), name, TOPOLOGY_BYTES_MAX), name, options);
}

/** A topology of a large machine, as import writes it. */
const TOPOLOGY_BYTES_MAX = 8 * MIB;

function askedOfImport({ plain, document, gap }: Imported, name: string, options: IsolationOptions): Asked {
  return { ...askedOfDocument(plain, name, options), imported: document.findings, gap };
}

function askedOfDocument(raw: unknown, name: string, { vf, kernel, rule, backend }: IsolationOptions): Asked {
  const { document, defaults } = readTopology(withOptions(raw, { kernel, backend }), name);
  const topology = buildTopology(document, name);
  const isolation = isolationOf(topology, rule);
  const vfs = chosen(isolation, vf);
  const only = vf === undefined ? undefined : vfs[0]?.vf;
  return { topology, isolation, vfs, only, assumed: defaults, imported: [], gap: null };
}

/** A document with what the command line says instead of it. */
function withOptions(raw: unknown, { kernel, backend }: Pick<IsolationOptions, 'kernel' | 'backend'>): unknown {
  if (!isObject(raw)) return raw;
  const { iommu = {} } = raw;
  // One that is no object is for the reader to refuse.
  const changed = backend === undefined || !isObject(iommu) ? {} : { iommu: { ...iommu, backend } };
  return { ...raw, ...(kernel === undefined ? {} : { kernel }), ...changed };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The machine that stopcopy runs on, as an import of it. */
export function examineImport(machine: Imported, options: IsolationOptions = {}): Examined {
  return examinedOf(askedOfImport(machine, 'this machine', options));
}

/** See {@link askedOf}. */
export function examine(word: string, options: IsolationOptions = {}): Examined {
  return examinedOf(askedOf(word, options));
}

/** A topology that was parsed already. @param name of it, used in messages */
export function examineDocument(raw: unknown, name: string): Examined {
  return examinedOf(askedOfDocument(raw, name, {}));
}

function examinedOf(asked: Asked): Examined {
  const { topology, isolation, vfs: answers, assumed, imported } = asked;
  const { document, what: file } = topology;
  const kernelGroups = kernelGroupsReport(isolation);
  const numbers = groupNumbers(isolation, kernelGroups?.differences);
  const numbered = ({ rules, ...rest }: GroupDifference): GroupDifference => ({
    ...rest,
    rules: rules.map((each) => ({ ...each, group: numbers.of(each.group) })),
  });
  const vfs = answers.map((answer) => ({
    ...vfReport(topology, isolation, answer),
    group: numbers.of(answer.group),
  }));
  const named = vfs.slice(0, VFS_DRAWN).map(({ address }) => address);
  const passed = (pathToDraw(vfs)?.hops ?? []).map(({ at }) => at);
  const { rule, overridden } = isolation.groups;
  const tree = treeOf(document, new Set([...named, ...passed]));
  const report: TopologyReport = {
    file,
    title: document.title,
    hostPageBytes: document.hostPageSize,
    vfs,
    hostVfs: isolation.vfs.filter(({ tenant }) => tenant === HOST).length,
    groups: isolation.groups.groups
      .filter(({ functions, bridges }) => functions.length > 0 || bridges.length > 0)
      .map((group) => ({ number: numbers.of(group.index), members: groupMembers(topology, group) }))
      .toSorted((a, b) => a.number - b.number),
    numbersOfKernel: numbers.isOfKernel,
    gap: asked.gap,
    kernel: document.kernel,
    rule,
    overridden: overridden.map(formatAddress),
    splits: rule === 'linux' ? [] : splitGroups(topology, groupsOf(topology), isolation.groups),
    tree,
    assumed,
    imported,
    loadsIf: loadsIf(asked),
    openRemedies: openRemedies(isolation, asked.only).map((each) => ({ ...each, group: numbers.of(each.group) })),
    backend: document.iommu.backend,
    doors: doorsReport(topology, answers),
    kernelGroups:
      kernelGroups === null ? null : { ...kernelGroups, differences: kernelGroups.differences.map(numbered) },
  };
  return { report, tree };
}

/** Of every group that VMs cannot open, or of that of one VF. */
function openRemedies(
  { topology, openings, groupRemedies, groups }: Isolation,
  only: number | undefined,
): TopologyReport['openRemedies'] {
  const because = new Map(openings.map((opening) => [opening.fn, opening.because]));
  return groupRemedies.flatMap(({ group, closed, remedies, because: whyNone }) => {
    if (only !== undefined && groups.groupOf[only] !== group) return [];
    return [
      {
        group,
        closed: closed.map((fn) => functionLabel(topology, fn)),
        why: because.get(closed[0]!)!,
        remedies: remedies.map(({ kinds, texts }) => ({ kinds, changes: texts })),
        whyNone: remedies.length === 0 ? whyNone : null,
      },
    ];
  });
}

/** Doors into the BARs of the VFs that are asked about, by what the least careful of their drivers stops. */
function doorsReport({ document, functions }: Topology, answers: readonly VfAnswer[]): TopologyReport['doors'] {
  const clips = new Set(answers.flatMap(({ area, vf }) => (area?.holder === vf ? [functions[vf]!.clip] : [])));
  const clip = CLIPS.find((each) => clips.has(each));
  if (clip === undefined) return [];
  return doorsOf({ kernel: document.kernel, backend: document.iommu.backend, clip });
}

/**
 * Refuses to judge a machine of which a part is not known: nobody could say what that part is.
 *
 * @throws UserError of kind `input`
 */
export function refuseGap(file: string, gap: string | null, policy: Policy): void {
  if (gap === null) return;
  throw new UserError(
    'input',
    `${file}: ${gap}, so policy ${policy} cannot be asked`,
    'Run lspci -vvv as root, keep all that it prints, and give that. Without --policy the rest is shown.',
  );
}

/** @throws UserError of kind `input` for a machine that no policy can be asked about */
export function isolationDocument(examined: readonly Examined[], policy: Policy | null): IsolationDocument {
  if (policy !== null) for (const { report } of examined) refuseGap(report.file, report.gap, policy);
  return {
    format: ISOLATION_FORMAT,
    version: ISOLATION_VERSION,
    stopcopy: packageVersion(),
    policy,
    topologies: examined.map(({ report }) => report),
  };
}

/** Whether a policy refuses the driver to any of the VFs. */
export function isRefused({ vfs }: TopologyReport, policy: Policy): boolean {
  return vfs.some(({ decisions }) => decisions.some((each) => each.policy === policy && each.verdict === 'refuse'));
}

function chosen({ vfs, topology }: Isolation, only: string | undefined): readonly VfAnswer[] {
  if (only === undefined) return vfs.filter(({ tenant }) => tenant !== HOST);
  if (!ADDRESS_PATTERN.test(only)) throw new UserError('usage', `--vf is '${only}', allowed is ${ADDRESS_ALLOWED}`);
  const address = formatAddress(parseAddress(only));
  const found = vfs.filter((answer) => answer.address === address);
  if (found.length > 0) return found;
  const names = vfs.slice(0, VFS_NAMED).map((answer) => answer.address);
  const more = vfs.length > VFS_NAMED ? ` and ${vfs.length - VFS_NAMED} more` : '';
  const hint = vfs.length === 0 ? 'It has no VFs.' : `Its VFs are ${names.join(', ')}${more}.`;
  throw new UserError('usage', `--vf is ${address}, which is no VF of ${topology.what}`, hint);
}

function vfReport(topology: Topology, isolation: Isolation, answer: VfAnswer): VfIsolation {
  const { vf, address, tenant, integrated, group, self, other, possible, opening } = answer;
  const fn = topology.functions[vf]!;
  return {
    address,
    tenant,
    integrated,
    group,
    cpu: fn.document.kind === 'other' ? null : cpuReport(fn, topology.document, tenant),
    dma: { self, other },
    possible,
    paths: isolation.routes(vf, OTHERS_MAX).map((offending) => pathOf(topology, answer, offending)),
    decisions: POLICIES.map((policy) => decisionReport(isolation, vf, answer.decisions[policy])),
    opens: opening === undefined || opening.ok ? { ok: true, why: null } : { ok: false, why: opening.because },
  };
}

function cpuReport(fn: TopologyFunction, document: TopologyDocument, tenant: string): CpuReport {
  const variant = variantOf(fn);
  const reached = reach(variant, document.hostPageSize, mapsBars(document, tenant));
  // A plain device has no control area, however far its BAR lies open.
  return { variant, reachesControl: fn.plainBecause === undefined && reached.controlByCpu, reach: reached };
}

function decisionReport(isolation: Isolation, vf: number, decision: LoadDecision): DecisionReport {
  const { policy, verdict, why, reasons, dependsOnClip, notes } = decision;
  const remedy = verdict === 'refuse' ? remedyReport(isolation, vf, policy) : null;
  return { policy, verdict, why, reasons: reasons.map(({ text }) => text), dependsOnClip, notes, remedy };
}

function remedyReport(isolation: Isolation, vf: number, policy: Policy): RemedyReport | null {
  const remedy = isolation.remedy(vf, policy);
  if (remedy.kind === 'none-needed') return null;
  if (remedy.kind === 'changes') return { kind: 'changes', changes: remedy.texts, why: null };
  if (remedy.kind === 'impossible') return { kind: 'impossible', changes: [], why: remedy.because };
  return { kind: 'unknown', changes: [], why: `fewer than ${remedy.atLeast} changes do not help` };
}

/** How far BAR2 lies open under each variant; trying all accesses takes a while. */
const reaches = new Map<string, BarReach>();

function reach(variant: BarVariantName, pageBytes: number, isMapped: boolean): BarReach {
  const key = `${variant} ${pageBytes} ${isMapped}`;
  const none = isMapped ? {} : { dma: [], controlByDma: false };
  const known = reaches.get(key) ?? { ...reachOf(variant, pageBytes), ...none };
  reaches.set(key, known);
  return known;
}

const VARIANT_OF_CLIP = { none: 'unclipped', info: 'infoOnly', all: 'merged' } as const;

function variantOf({ plainBecause, document, clip }: TopologyFunction): BarVariantName {
  if (plainBecause !== undefined) return 'unclipped';
  return document.sriov?.window === 'pf-bar' ? 'pfWindows' : VARIANT_OF_CLIP[clip];
}
