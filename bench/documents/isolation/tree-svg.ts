/**
 * The tree as a drawing for the page: a row for each node, indented by its depth, with the way of one request in colour,
 * in wide lines, and with the numbers of its hops.
 *
 * Colours are the variables of the page, so that one drawing serves light, dark and paper.
 */
import { html, type Markup } from '../../show/html.ts';
import type { Trail, TreeNode } from './tree.ts';

const ROW = 34;
const BOX = 26;
const INDENT = 30;
const PAD = 8;
/** Mean width of a character of the drawing's fonts, with some room. */
const CHARACTER = 7.9;
const BADGE = 10;
const WIDTH_MIN = 480;

interface Place {
  readonly node: TreeNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly parent: Place | undefined;
}

export interface DrawingWords {
  readonly id: string;
  readonly title: string;
  /** The same as the drawing, in words. */
  readonly description: string;
}

export function treeDrawing(tree: TreeNode, trail: Trail, { id, title, description }: DrawingWords): Markup {
  const places = placesOf(tree);
  const notesAt = Math.max(...places.map(({ x, width }) => x + width)) + 2 * PAD;
  const width = Math.max(
    WIDTH_MIN,
    ...places.map(({ node }) => notesAt + node.notes.length * CHARACTER + hopsWidth(node, trail) + PAD),
  );
  const height = places.length * ROW + PAD;
  // Light lines first, so that the heavy ones lie on top of them.
  const edges = places.filter(({ parent }) => parent !== undefined);
  const [heavy, light] = [true, false].map((wanted) =>
    edges.filter(({ node }) => trail.edges.has(node.key) === wanted),
  );
  return html`<svg
    class="pci-tree"
    viewBox="0 0 ${Math.ceil(width)} ${height}"
    width="${Math.ceil(width)}"
    role="img"
    aria-labelledby="${id}-drawn"
    aria-describedby="${id}-words"
  >
    <title id="${id}-drawn">${title}</title>
    <desc id="${id}-words">${description}</desc>
    ${light!.map((place) => edgeMarkup(place, 'edge'))} ${heavy!.map((place) => edgeMarkup(place, 'edge passed'))}
    ${places.map((place) => nodeMarkup(place, trail, notesAt))}
  </svg>`;
}

function placesOf(tree: TreeNode): readonly Place[] {
  const places: Place[] = [];
  const add = (node: TreeNode, depth: number, parent: Place | undefined): void => {
    const place: Place = {
      node,
      x: PAD + depth * INDENT,
      y: PAD + places.length * ROW,
      width: node.label.length * CHARACTER + 2 * PAD,
      parent,
    };
    places.push(place);
    for (const child of node.children) add(child, depth + 1, place);
  };
  add(tree, 0, undefined);
  return places;
}

function hopsWidth(node: TreeNode, trail: Trail): number {
  return (trail.hops.get(node.key)?.length ?? 0) * (2 * BADGE + 4) + PAD;
}

function edgeMarkup({ x, y, parent }: Place, className: string): Markup {
  const from = parent!;
  const down = from.x + INDENT / 2;
  return html`<path class="${className}" d="M${down} ${from.y + BOX} V${y + BOX / 2} H${x}" />`;
}

function nodeMarkup({ node, x, y, width }: Place, trail: Trail, notesAt: number): Markup {
  const passed = trail.nodes.has(node.key) ? ' passed' : '';
  const baseline = y + BOX / 2 + 4.5;
  const hops = trail.hops.get(node.key) ?? [];
  const hopsAt = notesAt + node.notes.length * CHARACTER + PAD + BADGE;
  return html`<rect class="node${passed}" x="${x}" y="${y}" width="${Math.ceil(width)}" height="${BOX}" rx="4" />
    <text x="${x + PAD}" y="${baseline}">${node.label}</text>
    <text class="notes" x="${notesAt}" y="${baseline}">${node.notes}</text>
    ${hops.map(
      (hop, index) =>
        html`<circle class="hop" cx="${hopsAt + index * (2 * BADGE + 4)}" cy="${y + BOX / 2}" r="${BADGE}" />
          <text class="hop" x="${hopsAt + index * (2 * BADGE + 4)}" y="${baseline}">${hop}</text>`,
    )}`;
}

/** Rules for the page's style sheet. */
export const TREE_STYLE = `
.pci-tree { display: block; max-width: none; height: auto; font: 13px ui-monospace, monospace; }
.pci-tree text { fill: var(--ink); } .pci-tree .notes { fill: var(--faint); }
.pci-tree .node { fill: var(--panel); stroke: var(--rule); } .pci-tree .node.passed { stroke: var(--c2); stroke-width: 2.5; }
.pci-tree .edge { fill: none; stroke: var(--rule); stroke-width: 1.5; } .pci-tree .edge.passed { stroke: var(--c2); stroke-width: 4; }
.pci-tree circle.hop { fill: var(--c2); } .pci-tree text.hop { fill: var(--paper); text-anchor: middle; font-weight: 700; }
`;
