/**
 * The tree as a drawing for the page: a row for each node, indented by its depth, that folds what lies below it. IOMMU groups of
 * several functions are frames; the way of one request has colour, wide lines, arrows, and the numbers of its hops.
 *
 * Rows are elements of the page, so that names break on a phone, and parts fold without a program.
 */
import { countOf } from '../../../sim/base/units.ts';
import { html, type Markup } from '../../show/html.ts';
import type { Trail, TreeNode } from './tree.ts';

interface DrawingGroup {
  readonly number: number;
  /** As the table of groups has them: an address, after what it is. */
  readonly members: readonly string[];
}

export interface DrawingWords {
  readonly id: string;
  readonly title: string;
  /** The same as the drawing, in words. */
  readonly description: string;
  readonly groups: readonly DrawingGroup[];
  /** Addresses of VFs that are asked about: they are never folded away, and neither is the way of the request. */
  readonly asked: ReadonlySet<string>;
}

/** A tree with more rows is drawn with parts folded where nothing was asked about. */
const UNFOLDED_ROWS = 40;

interface Row {
  readonly node: TreeNode;
  readonly depth: number;
  /** Group of all that the row stands for; undefined: none, or several. */
  readonly group: number | undefined;
  readonly children: readonly Row[];
}

/** Where the frame of a group begins and ends, in the order of the rows. */
interface Frame {
  readonly depth: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

interface Sheet {
  readonly trail: Trail;
  readonly groups: Membership;
  readonly frames: ReadonlyMap<Row, Frame>;
  readonly unfolded: (row: Row) => boolean;
}

export function treeDrawing(
  tree: TreeNode,
  trail: Trail,
  { id, title, description, groups, asked }: DrawingWords,
): Markup {
  const membership = membershipOf(groups);
  const root = rowOf(tree, 0, membership, trail);
  const all = allRows(root);
  const isShort = all.length <= UNFOLDED_ROWS;
  const kept = (row: Row): boolean =>
    trail.nodes.has(row.node.key) || asked.has(row.node.key) || row.children.some(kept);
  const sheet: Sheet = {
    trail,
    groups: membership,
    frames: framesOf(all, membership),
    unfolded: (row) => isShort || row.depth === 0 || kept(row),
  };
  return html`<div class="pci-tree" role="group" aria-labelledby="${id}-drawn" aria-describedby="${id}-words">
    <p class="unseen" id="${id}-drawn">${title}</p>
    <p class="unseen" id="${id}-words">${description}</p>
    ${branch(root, [], sheet)}
  </div>`;
}

interface Membership {
  readonly of: ReadonlyMap<string, number>;
  readonly sizes: ReadonlyMap<number, number>;
}

function membershipOf(groups: readonly DrawingGroup[]): Membership {
  const of = new Map<string, number>();
  for (const { number, members } of groups) for (const each of members) of.set(each.split(' ').at(-1)!, number);
  return { of, sizes: new Map(groups.map(({ number, members }) => [number, members.length])) };
}

/** A device with one function that has no functions below it is one row. */
function rowOf(node: TreeNode, depth: number, groups: Membership, trail: Trail): Row {
  const [only, ...others] = node.children;
  if (
    only !== undefined &&
    others.length === 0 &&
    only.children.length === 0 &&
    node.key.startsWith('device ') &&
    !trail.nodes.has(node.key)
  ) {
    const notes = [only.notes, `${node.label}: ${node.notes}`].filter((each) => each !== '').join('; ');
    return rowOf({ ...only, notes }, depth, groups, trail);
  }
  const children = node.children.map((child) => rowOf(child, depth + 1, groups, trail));
  const own = groups.of.get(node.key);
  const [first] = children;
  // A device has no address: it is where all of its functions are.
  const shared =
    node.key.startsWith('device ') && children.every(({ group }) => group === first?.group) ? first?.group : own;
  return { node, depth, group: shared, children };
}

function allRows(row: Row): readonly Row[] {
  return [row, ...row.children.flatMap(allRows)];
}

/** A frame for each stretch of rows of one group; a function alone in its group needs none. */
function framesOf(all: readonly Row[], { sizes }: Membership): ReadonlyMap<Row, Frame> {
  const frames = new Map<Row, Frame>();
  let at = 0;
  while (at < all.length) {
    const { group } = all[at]!;
    let end = at + 1;
    while (end < all.length && all[end]!.group === group) end += 1;
    if (group !== undefined && (sizes.get(group) ?? 0) > 1) {
      const stretch = all.slice(at, end);
      const depth = Math.min(...stretch.map((row) => row.depth));
      stretch.forEach((row, place) =>
        frames.set(row, { depth, isFirst: place === 0, isLast: place === stretch.length - 1 }),
      );
    }
    at = end;
  }
  return frames;
}

/** @param before the lines of the levels above, from the top */
function branch(row: Row, before: readonly string[], sheet: Sheet): Markup {
  const { node, children } = row;
  const { edges } = sheet.trail;
  const content = rowMarkup(row, before, sheet);
  if (children.length === 0) return html`<div class="row">${content}</div>`;
  const lastHeavy = children.findLastIndex((child) => edges.has(child.node.key));
  const above = before.map(through);
  const below = children.map((child, index) => {
    const heavy = edges.has(child.node.key);
    const joint = [
      'joint',
      index === children.length - 1 ? 'end' : '',
      index <= lastHeavy ? 'heavy-above' : '',
      index < lastHeavy ? 'heavy-below' : '',
      heavy ? 'heavy-side' : '',
    ];
    return branch(child, [...above, joint.filter((each) => each !== '').join(' ')], sheet);
  });
  return html`<details ${sheet.unfolded(row) ? html`open` : ''}>
    <summary class="row">${content}<span class="below">${belowWords(row, node, sheet.groups)}</span></summary>
    ${below}
  </details>`;
}

/** The line of a level, in the rows below the one where it has its joint. */
function through(line: string): string {
  if (line === '' || line.split(' ').includes('end')) return '';
  return line.includes('heavy-below') ? 'line heavy-below' : 'line';
}

function belowWords(row: Row, node: TreeNode, { of }: Membership): string {
  const rows = allRows(row).slice(1);
  const numbers = new Set([
    ...rows.flatMap(({ group }) => group ?? []),
    ...rows.flatMap(({ node: { members = [] } }) => members.flatMap((each) => of.get(each) ?? [])),
  ]);
  const count = rows.reduce((sum, { node: { members } }) => sum + (members?.length ?? 1), 0);
  const groups = numbers.size === 0 ? '' : `, ${countOf(numbers.size, 'group')}`;
  return `${count} below ${node.key}${groups}`;
}

function rowMarkup(row: Row, lines: readonly string[], { trail, groups, frames }: Sheet): Markup {
  const { node, group } = row;
  const { key } = node;
  const frame = frames.get(row);
  const hops = trail.hops.get(key) ?? [];
  const ends = frame === undefined ? '' : `${frame.isFirst ? ' first' : ''}${frame.isLast ? ' last' : ''}`;
  return html`${frame === undefined ? undefined : html`<i class="frame${ends}" style="--depth:${frame.depth}"></i>`}
    ${lines.map((line, level) => html`<i class="cell ${line}">${level === lines.length - 1 ? arrows(key, trail) : ''}</i>`)}
    <span class="what"
      ><span class="node${trail.nodes.has(key) ? ' passed' : ''}">${node.label}</span>
      ${hops.map((hop) => html`<span class="hop"><span class="unseen">hop </span>${hop}</span>`)}
      <span class="notes">${node.notes}</span> ${groupMarkup(row, group, frame, groups)}</span
    >`;
}

/** Which way the request takes the line to a node: up, down, or both after each other. */
function arrows(key: string, { up, down }: Trail): readonly Markup[] {
  return [...(up.has(key) ? [html`<b class="up"></b>`] : []), ...(down.has(key) ? [html`<b class="down"></b>`] : [])];
}

/** The group is named where its frame begins, and at functions that are alone in theirs. */
function groupMarkup(
  { node: { key, members } }: Row,
  group: number | undefined,
  frame: Frame | undefined,
  { of }: Membership,
): Markup | undefined {
  if (members !== undefined) {
    const numbers = [...new Set(members.flatMap((each) => of.get(each) ?? []))].toSorted((a, b) => a - b);
    if (numbers.length === 0) return undefined;
    const [first, last] = [numbers[0]!, numbers.at(-1)!];
    const isRun = last - first + 1 === numbers.length;
    const named = isRun && numbers.length > 2 ? `${first} to ${last}` : numbers.join(', ');
    return html`<span class="group">${numbers.length === 1 ? 'group' : 'groups'} ${named}</span>`;
  }
  // A device says it only where its functions share a frame; else each of them does.
  if (group === undefined || (frame === undefined ? key.startsWith('device ') : !frame.isFirst)) return undefined;
  return html`<span class="group">group ${group}</span>`;
}

/** Rules for the page's style sheet. */
export const TREE_STYLE = `
.pci-tree { --step: 1.5rem; font: .8125rem/1.35 ui-monospace, monospace; margin: .5rem 0; }
.pci-tree .row { display: flex; align-items: stretch; position: relative; padding-right: .5rem; list-style: none; }
.pci-tree summary::-webkit-details-marker { display: none; }
.pci-tree .cell { flex: none; width: var(--step); position: relative; }
.pci-tree .line::after, .pci-tree .joint:not(.end)::after { content: ''; position: absolute; left: 50%; bottom: 0; top: 50%; border-left: 1.5px solid var(--rule); }
.pci-tree .line::after { top: 0; }
.pci-tree .joint::before { content: ''; position: absolute; left: 50%; top: 0; height: 50%; width: 50%; border: solid var(--rule); border-width: 0 0 1.5px 1.5px; }
.pci-tree .joint.heavy-above::before { border-left: 4px solid var(--c2); margin-left: -1px; }
.pci-tree .joint.heavy-side::before { border-bottom: 4px solid var(--c2); }
.pci-tree .cell.heavy-below::after { border-left: 4px solid var(--c2); margin-left: -1px; }
.pci-tree .cell b { position: absolute; left: calc(50% - 5px); border: 6px solid transparent; z-index: 1; }
.pci-tree .cell b.up { border-bottom: 8px solid var(--c2); border-top: 0; top: 1px; }
.pci-tree .cell b.down { border-top: 8px solid var(--c2); border-bottom: 0; top: calc(50% - 8px); }
.pci-tree .what { flex: 1; min-width: 0; padding: .2rem 0; position: relative; overflow-wrap: anywhere; }
.pci-tree .node { display: inline-block; background: var(--panel); border: 1px solid var(--rule); border-radius: .25rem; padding: .1rem .45rem; margin-right: .5rem; }
.pci-tree .node.passed { border-color: var(--c2); box-shadow: 0 0 0 1.5px var(--c2); }
.pci-tree .notes { color: var(--faint); margin-right: .5rem; }
.pci-tree .hop { display: inline-block; min-width: 1.4em; text-align: center; border-radius: .7em; padding: 0 .3em; margin-right: .35rem;
  background: var(--c2); color: var(--paper); font-weight: 700; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.pci-tree .group { color: var(--c3); font-weight: 600; white-space: nowrap; }
.pci-tree .frame { position: absolute; top: 0; bottom: 0; right: 0; left: calc(var(--depth) * var(--step) - .2rem); border: solid var(--c3);
  border-width: 0 1.5px; pointer-events: none; }
.pci-tree .frame.first { border-top-width: 1.5px; top: 1px; border-radius: .4rem .4rem 0 0; }
.pci-tree .frame.last, .pci-tree details:not([open]) > summary > .frame { border-bottom-width: 1.5px; bottom: 1px; border-bottom-left-radius: .4rem; border-bottom-right-radius: .4rem; }
.pci-tree summary .node::before { content: '▾ '; } .pci-tree details:not([open]) > summary .node::before { content: '▸ '; }
.pci-tree .below { color: var(--faint); align-self: center; display: none; } .pci-tree details:not([open]) > summary > .below { display: inline; }
@media screen and (max-width: 40rem) { .pci-tree { --step: .8rem; font-size: .75rem; } .pci-tree .below { font-size: .6875rem; max-width: 6.5rem; } }
`;
