/**
 * An isolation document on a page: drawings of the trees with the ways of requests, and the tables
 * of them.
 */
import { formatBytes } from '../../../sim/pci/address.ts';
import { POLICIES } from '../../../sim/pci/policy.ts';
import { html, type Markup, raw } from '../../show/html.ts';
import { tableMarkup } from '../../show/html-table.ts';
import type { ReportSection } from '../../show/section.ts';
import {
  type IsolationDocument,
  type PathReport,
  POLICY_MEANINGS,
  type TopologyReport,
  VERDICT_MEANINGS,
} from './document.ts';
import { addressRuns } from './address-runs.ts';
import { kernelGroupSentences, loadsIfSentences, readSentences, restsSentence, verdictWords } from './asked-words.ts';
import { folded, reachGroups } from './text.ts';
import { NO_TRAIL, trailOf, type TreeNode } from './tree.ts';
import { TREE_STYLE, treeDrawing } from './tree-drawing.ts';
import {
  assumedSentence,
  decisionGroups,
  DOOR_HEAD,
  doorRows,
  doorsTitle,
  groupsTitle,
  hopSentence,
  openingSentences,
  openRemedySentences,
  pathTitle,
  pathToDraw,
  REACH_HEAD,
  remedySentences,
  splitSentences,
  stakeSentence,
  topologySummary,
  vfList,
} from './words.ts';

export function isolationSection(document: IsolationDocument): ReportSection {
  const { topologies } = document;
  const [first] = topologies;
  const title = topologies.length === 1 && first !== undefined ? titleOf(first) : `${topologies.length} topologies`;
  return {
    title: `Isolation: ${title}`,
    heading: topologies.map(({ file }) => file).join(', '),
    version: document.stopcopy,
    body: (id) => html`${topologies.length === 1 ? undefined : linksTo(topologies, id)}
    ${topologies.map((report, index) => topologySection(report, `${id}-t${index}`, topologies.length > 1))}`,
    words: [...Object.entries(POLICY_MEANINGS), ...Object.entries(VERDICT_MEANINGS)],
    style: TREE_STYLE,
    document,
  };
}

function linksTo(topologies: readonly TopologyReport[], id: string): Markup {
  return html`<nav aria-label="Topologies">
    <ul>
      ${topologies.map((report, index) => html`<li><a href="#${id}-t${index}">${titleOf(report)}</a></li>`)}
    </ul>
  </nav>`;
}

function titleOf({ title, file }: TopologyReport): string {
  return title === '' ? file : title;
}

/** @param headed whether it needs a heading of its own */
function topologySection(report: TopologyReport, id: string, headed: boolean): Markup {
  const { vfs, tree } = report;
  const drawn = pathToDraw(vfs);
  const trail =
    drawn === undefined
      ? NO_TRAIL
      : trailOf(
          tree,
          drawn.hops.map(({ at }) => at),
        );
  const summary = topologySummary(report);
  const caption = drawn === undefined ? 'The tree; no request arrives' : pathTitle(drawn);
  const assumed = assumedSentence(report);
  const warning = drawn === undefined ? '' : ' warning';
  const element = headed ? raw('section') : raw('div');
  return html`<${element} id="${id}" ${headed ? html`aria-label="${titleOf(report)}"` : undefined}>
    ${headed ? html`<h2>${titleOf(report)}</h2>` : undefined}
    <dl class="facts">
      <dt>File</dt>
      <dd>${report.file}</dd>
      <dt>Pages of the host</dt>
      <dd>${formatBytes(report.hostPageBytes)}</dd>
    </dl>
    <p class="lead${warning}">${summary}</p>
    <figure aria-labelledby="${id}-caption">
      <figcaption>
        <h3 id="${id}-caption">${caption}</h3>
        <p class="source">
          Ports, devices and functions with what is set there; a row folds what lies below it. Frames: IOMMU groups of
          several functions.
          ${drawn === undefined ? '' : 'Wide lines with arrows: the way of the request; the numbers are those of the table of hops.'}
        </p>
      </figcaption>
      ${treeDrawing(tree, trail, {
        id,
        title: `${titleOf(report)}: PCIe tree`,
        description: descriptionOf(summary, drawn),
        groups: report.groups,
        asked: new Set(vfs.map(({ address }) => address)),
      })}
      <details>
        <summary>Table: the tree</summary>
        ${tableMarkup(treeTable(tree, trail.nodes))}
      </details>
    </figure>
    ${vfTable(report)} ${pathSections(report, id)} ${reachTable(report)} ${doorTable(report)} ${groupTable(report)} ${decisionTable(report)}
    ${remedyList(report)} ${openRemedyList(report)} ${askedLists(report)} ${assumed === undefined ? undefined : html`<p class="source">${assumed}</p>`}
  </${element}>`;
}

function descriptionOf(summary: string, path: PathReport | undefined): string {
  if (path === undefined) return summary;
  const hops = path.hops.map((hop, index) => `${index + 1}: at ${hop.at}, ${hopSentence(hop)}.`);
  return [summary, path.request, ...hops].join(' ');
}

function treeTable(tree: TreeNode, passed: ReadonlySet<string>) {
  const rows: string[][] = [];
  const add = (node: TreeNode, depth: number, above: string): void => {
    rows.push([node.label, String(depth), above, node.notes, passed.has(node.key) ? 'yes' : '']);
    for (const child of node.children) add(child, depth + 1, node.key);
  };
  add(tree, 0, '');
  return {
    caption: 'What is drawn, row by row',
    head: ['node', 'depth', 'below', 'settings', 'passed'],
    textColumns: [2, 3, 4],
    rows,
  };
}

function vfTable({ vfs, groups, loadsIf }: TopologyReport): Markup | undefined {
  if (vfs.length === 0) return undefined;
  const sizes = new Map(groups.map(({ number, members }) => [number, members.length]));
  const rows = folded(
    vfs.map(({ address, tenant, cpu, dma, group, decisions }) => [
      address,
      tenant,
      cpu === null ? 'n/a' : cpu.reachesControl ? 'yes' : 'no',
      dma.self,
      dma.other,
      sizes.get(group) === 1 ? `${group}` : `${group}, of ${sizes.get(group)}`,
      ...POLICIES.map((name) => {
        const decision = decisions.find(({ policy }) => policy === name);
        return decision === undefined ? '' : verdictWords(loadsIf, decision, address);
      }),
    ]),
  );
  return html`<h3>Virtual functions</h3>
    ${tableMarkup({
      caption: [
        'For each VF: which tenants reach its control area, and whether the migration driver loads',
        ...[restsSentence(rows.flat())].filter((each) => each !== null),
      ].join('; '),
      head: ['VF', 'tenant', 'control area by CPU', 'by own DMA', 'by DMA of other VMs', 'IOMMU group', ...POLICIES],
      textColumns: [1, 2, 3, 4, 5, 6, 7, 8],
      rows,
    })}`;
}

/** Every way that was found; all but the first of many are folded up. */
function pathSections({ vfs }: TopologyReport, id: string): Markup | undefined {
  const all = vfs.flatMap(({ paths }) => paths);
  if (all.length === 0) return undefined;
  const drawn = pathToDraw(vfs);
  const sorted = [...all.filter((path) => path === drawn), ...all.filter((path) => path !== drawn)];
  return html`<h3 id="${id}-ways">Ways into a control area</h3>
    ${sorted.slice(0, PATHS_MAX).map((path, index) => {
      const table = tableMarkup({
        caption: `${path.request}; ${stakeSentence(path)}`,
        head: ['hop', 'at', 'what happens', 'decided by'],
        textColumns: [1, 2, 3],
        rows: path.hops.map(({ at, did, because }, hop) => [String(hop + 1), at, did, because ?? '']),
      });
      return html`<details ${index === 0 ? html`open` : ''}>
        <summary>${pathTitle(path)}</summary>
        ${table}
      </details>`;
    })}
    ${sorted.length > PATHS_MAX ? html`<p>${sorted.length - PATHS_MAX} more are in the JSON document.</p>` : undefined}`;
}

const PATHS_MAX = 50;

function reachTable({ vfs }: TopologyReport): Markup | undefined {
  if (vfs.every(({ cpu }) => cpu === null)) return undefined;
  return html`<h3>What CPUs and the IOMMU domain reach of BAR2</h3>
    ${tableMarkup({
      caption: 'Every access tried against the rules of the VFIO device',
      head: ['VF', ...REACH_HEAD],
      textColumns: [1, 2, 3, 4, 5, 6],
      rows: reachGroups(vfs).map(({ of, cells }) => [vfList(of), ...cells]),
    })}`;
}

function doorTable(report: TopologyReport): Markup | undefined {
  if (report.doors.length === 0) return undefined;
  return html`<h3>Doors into BAR2</h3>
    ${tableMarkup({
      caption: doorsTitle(report),
      head: [...DOOR_HEAD],
      textColumns: [1, 2, 3, 4, 5],
      rows: doorRows(report),
    })}`;
}

function groupTable(report: TopologyReport): Markup {
  const { groups, vfs } = report;
  const alone = groups.flatMap(({ members }) => (members.length === 1 ? members : []));
  return html`<h3>IOMMU groups</h3>
    ${tableMarkup({
      caption: groupsTitle(report),
      head: ['group', 'members'],
      textColumns: [1],
      rows: [
        ...groups
          .filter(({ members }) => members.length > 1)
          .map(({ number, members }) => [String(number), addressRuns(members).join(', ')]),
        ...(alone.length === 0 ? [] : [['alone in a group', addressRuns(alone).join(', ')]]),
      ],
    })}
    ${[...openingSentences(vfs), ...splitSentences(report)].map((sentence) => html`<p>${sentence}.</p>`)}`;
}

function decisionTable({ vfs }: TopologyReport): Markup | undefined {
  if (vfs.length === 0) return undefined;
  return html`<h3>Decisions</h3>
    ${tableMarkup({
      caption: 'What each policy says of the VFs, and why',
      head: ['policy', 'verdict', 'why', 'VFs'],
      textColumns: [1, 2, 3],
      rows: decisionGroups(vfs).map(({ policy, verdict, why, vfs: of }) => [policy, verdict, why, vfList(of)]),
    })}`;
}

function remedyList({ vfs }: TopologyReport): Markup | undefined {
  const sections = POLICIES.flatMap((policy) => {
    const remedies = remedySentences(vfs, policy);
    if (remedies.length === 0) return [];
    return html`<p>So that policy ${policy} accepts:</p>
      <ul>
        ${remedies.map((remedy) => html`<li>${remedy}</li>`)}
      </ul>`;
  });
  return sections.length === 0 ? undefined : html`<h3>What to change</h3> ${sections}`;
}

function openRemedyList(report: TopologyReport): Markup | undefined {
  const sentences = openRemedySentences(report);
  if (sentences.length === 0) return undefined;
  return html`<h3>What to change, so that VMs can open what they have</h3>
    <p>Groups are built at boot: bits have to be on before.</p>
    <ul>
      ${sentences.slice(0, OPEN_REMEDIES_MAX).map((sentence) => html`<li>${sentence}</li>`)}
    </ul>
    ${sentences.length > OPEN_REMEDIES_MAX ? html`<p>${sentences.length - OPEN_REMEDIES_MAX} more are in the JSON document.</p>` : undefined}`;
}

const OPEN_REMEDIES_MAX = 50;

/** What was not said and decides, groups of the kernel, and what was made of another tool's output. */
function askedLists(report: TopologyReport): readonly Markup[] {
  const lists: Readonly<Record<string, readonly string[]>> = {
    'What is not known, and decides': loadsIfSentences(report),
    'Groups of the kernel': kernelGroupSentences(report.kernelGroups),
    'Read of the machine': readSentences(report),
  };
  return Object.entries(lists).flatMap(([title, sentences]) =>
    sentences.length === 0
      ? []
      : html`<h3>${title}</h3>
          <ul>
            ${sentences.map((sentence) => html`<li>${sentence}</li>`)}
          </ul>`,
  );
}
