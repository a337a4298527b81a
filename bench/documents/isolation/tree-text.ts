/**
 * The tree for a terminal. What a request passed is drawn with heavy lines, so that it shows without colour too.
 */
import type { Trail, TreeNode } from './tree.ts';

export interface TreeLine {
  readonly text: string;
  /** Whether the request passed here. */
  readonly marked: boolean;
}

interface Row {
  readonly branch: string;
  readonly node: TreeNode;
}

const GAP = 2;

/** One line for each node; the numbers of the hops stand at the end. */
export function treeLines(tree: TreeNode, trail: Trail): readonly TreeLine[] {
  const rows = rowsOf(tree, trail);
  const labels = rows.map(({ branch, node }) => `${branch}${node.label}`);
  const notesAt = Math.max(...labels.map((label) => label.length)) + GAP;
  const texts = rows.map(({ node }, index) => `${labels[index]!.padEnd(notesAt)}${node.notes}`.trimEnd());
  const hopsAt = Math.max(...rows.map(({ node }, i) => (trail.hops.has(node.key) ? texts[i]!.length : 0))) + GAP;
  return rows.map(({ node }, index) => {
    const hops = trail.hops.get(node.key);
    const text = texts[index]!;
    return {
      text: hops === undefined ? text : `${text.padEnd(hopsAt)}◄ ${hops.join(', ')}`,
      marked: trail.nodes.has(node.key),
    };
  });
}

function rowsOf(tree: TreeNode, trail: Trail): readonly Row[] {
  const rows: Row[] = [];
  const add = (node: TreeNode, branch: string, below: string): void => {
    rows.push({ branch, node });
    const last = node.children.length - 1;
    // The heavy line runs down to the last child that the request passed.
    const lastHeavy = node.children.findLastIndex((child) => trail.edges.has(child.key));
    node.children.forEach((child, index) => {
      const heavy = trail.edges.has(child.key);
      const joint = jointOf(heavy, index < lastHeavy, index === lastHeavy, index === last);
      const rest = index < lastHeavy ? '┃' : index === last ? ' ' : '│';
      add(child, `${below}${joint}${heavy ? '━' : '─'} `, `${below}${rest}  `);
    });
  };
  add(tree, '', '');
  return rows;
}

function jointOf(heavy: boolean, heavyGoesOn: boolean, heavyEnds: boolean, last: boolean): string {
  if (heavyGoesOn) return heavy ? '┣' : '┠';
  if (heavyEnds) return last ? '┗' : '┡';
  return last ? '└' : '├';
}
