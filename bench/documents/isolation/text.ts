/**
 * An isolation document for a person at a terminal: the tree with the way of a request, a row for each VF, the hops, the
 * groups, the decisions, what to change.
 */
import type { Output } from '../../io/output.ts';
import { bareTable, NARROW } from '../../show/bare-table.ts';
import { wrap } from '../../show/wrap.ts';
import { formatBytes } from '../../../sim/pci/address.ts';
import { POLICIES, type Policy } from '../../../sim/pci/policy.ts';
import type { BarReach } from '../../../sim/vfio/bar-reach.ts';
import type { LoadsIf, PathReport, TopologyReport, VfIsolation } from './document.ts';
import { addressRuns } from './address-runs.ts';
import { kernelGroupSentences, loadsIfSentences, readSentences, restsSentence, verdictWords } from './asked-words.ts';
import { NO_TRAIL, trailOf, type TreeNode } from './tree.ts';
import { treeLines } from './tree-text.ts';
import {
  assumedSentence,
  decisionGroups,
  DOOR_HEAD,
  doorRows,
  doorSentences,
  doorsTitle,
  groupsTitle,
  hopSentence,
  openingSentences,
  openRemedySentences,
  pathTitle,
  pathToDraw,
  REACH_HEAD,
  reachCells,
  remedySentences,
  splitSentences,
  stakeSentence,
  topologySummary,
  vfList,
} from './words.ts';

export interface TextOptions {
  /** The policy that was asked for, if any: its column and its reasons only. */
  readonly policy: Policy | null;
}

export function printTopology(report: TopologyReport, tree: TreeNode, output: Output, { policy }: TextOptions): void {
  const page = new Page(output);
  printTree(report, tree, page, policy);
  printPaths(report.vfs, page);
  printReach(report.vfs, page);
  printDoors(report, page);
  printGroups(report, page);
  printDecisions(report.vfs, policy, page);
  printOpenRemedies(report, page);
  printAsked(report, page);
  const assumed = assumedSentence(report);
  if (assumed !== undefined) output.text(`\n${output.style('dim', wrap(assumed, page.width))}`);
}

/** The terminal with its width, and the two shapes of lines that are printed on it. */
class Page {
  readonly output: Output;
  readonly width: number;

  constructor(output: Output) {
    this.output = output;
    this.width = Math.min(output.columns ?? NARROW, NARROW);
  }

  heading(text: string): void {
    this.output.text(`\n${this.output.style('bold', text)}`);
  }

  /** Text with words in front of its first line, and blanks of the same width in front of the others. */
  indented(front: string, text: string): void {
    const lines = wrap(text, Math.max(30, this.width - front.length)).split('\n');
    const blanks = ' '.repeat(front.length);
    this.output.text(lines.map((line, index) => (index === 0 ? front : blanks) + line).join('\n'));
  }
}

function printTree(report: TopologyReport, tree: TreeNode, { output, width }: Page, policy: Policy | null): void {
  const { vfs, file, title, hostPageBytes } = report;
  output.text(output.style('bold', title === '' ? file : title));
  output.text(`${file}; pages of the host: ${formatBytes(hostPageBytes)}`);
  output.text('');
  const drawn = pathToDraw(vfs);
  const places = drawn?.hops.map(({ at }) => at);
  const trail = places === undefined ? NO_TRAIL : trailOf(tree, places);
  const treeWidth = output.wide ? Infinity : width;
  for (const { text, marked } of treeLines(tree, trail, treeWidth))
    output.text(marked ? output.style('red', text) : text);
  output.text('');
  output.text(wrap(topologySummary(report), width));
  if (vfs.length === 0) return;
  const sizes = new Map(report.groups.map(({ number, members }) => [number, members.length]));
  const policies = policy === null ? shownPolicies(vfs, output.wide) : [policy];
  const rows = folded(vfs.map((vf) => vfRow(vf, policies, report.loadsIf, sizes.get(vf.group) ?? 1)));
  output.text('');
  const cells = output.wide ? rows.map((row) => row.map((cell) => cell.replaceAll('\n', ' '))) : rows;
  const heads = vfHead(policies).map((head) => ({ head, align: 'left' as const, detail: DETAILS[head] ?? 0 }));
  output.text(bareTable(heads, cells, { wide: output.wide }));
  const rests = restsSentence(cells.flat());
  if (rests !== null) output.text(wrap(rests, width));
}

function printPaths(vfs: readonly VfIsolation[], page: Page): void {
  for (const path of pathsToPrint(vfs)) {
    page.heading(pathTitle(path));
    page.output.text(`  ${path.request}`);
    page.output.text(`  ${stakeSentence(path)}`);
    const places = Math.max(...path.hops.map(({ at }) => at.length));
    path.hops.forEach((hop, index) => {
      const number = String(index + 1).padStart(3);
      page.indented(`${number}  ${hop.at.padEnd(places)}  `, hopSentence(hop));
    });
  }
  const others = otherPaths(vfs);
  if (others > 0) page.output.text(`  ${others} more of the same kind; --vf ADDRESS prints those of one VF.`);
}

function printReach(vfs: readonly VfIsolation[], page: Page): void {
  const reached = reachGroups(vfs);
  if (reached.length === 0) return;
  page.heading('What CPUs and the IOMMU domain reach of BAR2');
  for (const { of, cells } of reached) {
    const [what = '', ...ways] = cells;
    const reach = ways.map((way, index) => `${REACH_HEAD[index + 1]}: ${way}`).join('; ');
    page.indented('  ', `${vfList(of)}: ${what}`);
    page.indented('    ', reach);
  }
}

function printDoors(report: TopologyReport, page: Page): void {
  const { output } = page;
  if (report.doors.length === 0) return;
  page.heading(doorsTitle(report));
  if (output.wide) {
    const heads = DOOR_HEAD.map((head) => ({ head, align: 'left' as const }));
    output.text(bareTable(heads, doorRows(report), { wide: true }));
    return;
  }
  for (const sentence of doorSentences(report)) page.indented('  ', sentence);
  output.text('  --wide adds why, since when, and the source of each.');
}

function printGroups(report: TopologyReport, page: Page): void {
  const { vfs, groups } = report;
  page.heading(groupsTitle(report));
  for (const { number, members } of groups.filter((group) => group.members.length > 1)) {
    page.indented(`${String(number).padStart(3)}  `, addressRuns(members).join(', '));
  }
  const alone = groups.flatMap(({ members }) => (members.length === 1 ? members : []));
  if (alone.length > 0) page.indented('  alone in a group: ', addressRuns(alone).join(', '));
  for (const sentence of [...openingSentences(vfs), ...splitSentences(report)]) page.indented('  ', sentence);
}

/** So many groups have their remedies printed. */
const OPEN_REMEDIES_MAX = 8;

function printOpenRemedies(report: TopologyReport, page: Page): void {
  const sentences = openRemedySentences(report);
  if (sentences.length === 0) return;
  page.heading('What to change, so that VMs can open what they have');
  page.output.text('  Groups are built at boot: bits have to be on before.');
  for (const sentence of sentences.slice(0, OPEN_REMEDIES_MAX)) page.indented('  - ', sentence);
  const more = sentences.length - OPEN_REMEDIES_MAX;
  if (more > 0) page.output.text(`  ${more} more groups; --json has all.`);
}

/** What was not said and decides, and what was made of another tool's output. */
function printAsked(report: TopologyReport, page: Page): void {
  const list = (title: string, sentences: readonly string[]): void => {
    if (sentences.length === 0) return;
    page.heading(title);
    for (const sentence of sentences) page.indented('  - ', sentence);
  };
  list('What is not known, and decides', loadsIfSentences(report));
  list('Groups of the kernel', kernelGroupSentences(report.kernelGroups));
  list('Read of the machine', readSentences(report));
}

/** What each policy decides, and what to change so that the one which was asked for accepts. */
function printDecisions(vfs: readonly VfIsolation[], policy: Policy | null, page: Page): void {
  const groups = decisionGroups(vfs).filter((group) => policy === null || group.policy === policy);
  if (groups.length > 0) page.heading('Decisions');
  for (const { policy: name, verdict, why, vfs: of } of groups) {
    page.indented(`  ${name.padEnd(8)}  ${verdict.padEnd(12)}  `, `${why} (${vfList(of)})`);
  }
  const asked = policy ?? 'proof';
  const remedies = remedySentences(vfs, asked);
  if (remedies.length > 0) page.heading(`What to change, so that policy ${asked} accepts`);
  for (const remedy of remedies) page.indented('  - ', remedy);
}

/** Columns that a narrow terminal goes without, the first of them last. */
const DETAILS: Readonly<Record<string, number>> = { tenant: 1, upstream: 2 };

/** Policies with a column: `on-die` where it answers otherwise than `thread`. */
function shownPolicies(vfs: readonly VfIsolation[], wide: boolean): readonly Policy[] {
  const verdictOf = (vf: VfIsolation, policy: Policy): unknown =>
    vf.decisions.find((each) => each.policy === policy)?.verdict;
  const differs = vfs.some((vf) => verdictOf(vf, 'on-die') !== verdictOf(vf, 'thread'));
  return POLICIES.filter((each) => wide || differs || each !== 'on-die');
}

const vfHead = (policies: readonly Policy[]): readonly string[] => [
  'VF',
  'tenant',
  'CPU',
  'own DMA',
  "others' DMA",
  'group',
  ...policies,
];

/** @param members how many its group has */
function vfRow(
  vf: VfIsolation,
  policies: readonly Policy[],
  loadsIf: readonly LoadsIf[],
  members: number,
): readonly string[] {
  const { address, tenant, cpu, dma, group, decisions } = vf;
  return [
    address,
    tenant,
    cpu === null ? 'n/a' : cpu.reachesControl ? 'yes' : 'no',
    dma.self,
    dma.other,
    members === 1 ? `${group}` : `${group}, of ${members}`,
    ...decisions.filter((each) => policies.includes(each.policy)).map((each) => verdictWords(loadsIf, each, address)),
  ];
}

/** So many alike VFs in a row have rows of their own. */
const ALIKE_MAX = 8;
const TENANT_CELL = 1;
const GROUP_CELL = 5;

/** Rows of alike VFs, which differ in no more than address, VM and a group of their own, as one row where they are many. */
export function folded(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const runs: (readonly string[])[][] = [];
  let before: string | undefined;
  for (const row of rows) {
    const key = alikeKey(row);
    if (key === before) runs.at(-1)!.push(row);
    else runs.push([row]);
    before = key;
  }
  return runs.flatMap((run) => {
    if (run.length <= ALIKE_MAX) return run;
    const [first, last] = [run[0]!, run.at(-1)!];
    const words = first.with(0, `${run.length} VFs:\n${first[0]} to\n${last[0]}`);
    const tenants = new Set(run.map((row) => row[TENANT_CELL])).size;
    if (tenants > 1) words[TENANT_CELL] = `${tenants} VMs`;
    if (first[GROUP_CELL] !== last[GROUP_CELL]) words[GROUP_CELL] = 'own';
    return [words];
  });
}

/** Equal for alike VFs. */
function alikeKey(row: readonly string[]): string {
  const isAlone = /^\d+$/.test(row[GROUP_CELL]!);
  return row.map((cell, i) => (i <= TENANT_CELL ? '' : i === GROUP_CELL && isAlone ? 'alone' : cell)).join('\t');
}

interface ReachGroup {
  readonly of: readonly VfIsolation[];
  readonly cells: readonly string[];
}

/** VFs with the same reach are printed together. */
export function reachGroups(vfs: readonly VfIsolation[]): readonly ReachGroup[] {
  const byReach = new Map<BarReach, VfIsolation[]>();
  for (const vf of vfs) {
    if (vf.cpu === null) continue;
    const known = byReach.get(vf.cpu.reach);
    if (known === undefined) byReach.set(vf.cpu.reach, [vf]);
    else known.push(vf);
  }
  const groups = new Map<string, ReachGroup & { readonly of: VfIsolation[] }>();
  for (const [reach, of] of byReach) {
    const cells = reachCells(reach);
    const key = cells.join('\n');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { of, cells });
    else group.of.push(...of);
  }
  return [...groups.values()];
}

/** The first of each kind; all of a VF that was asked for. */
function pathsToPrint(vfs: readonly VfIsolation[]): readonly PathReport[] {
  const all = vfs.flatMap(({ paths }) => paths);
  if (vfs.length === 1) return all;
  const kinds = new Set<string>();
  return all.filter(({ hazard, privileged }) => {
    const kind = `${hazard} ${privileged}`;
    if (kinds.has(kind)) return false;
    kinds.add(kind);
    return true;
  });
}

function otherPaths(vfs: readonly VfIsolation[]): number {
  return vfs.reduce((sum, { paths }) => sum + paths.length, 0) - pathsToPrint(vfs).length;
}
