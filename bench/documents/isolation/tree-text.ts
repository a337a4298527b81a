/**
 * The tree for a terminal. What a request passed is drawn with heavy lines, so that it shows without colour too.
 */
import { wrap } from '../../show/wrap.ts';
import type { Trail, TreeNode } from './tree.ts';

export interface TreeLine {
  readonly text: string;
  /** Whether the request passed here. */
  readonly marked: boolean;
}

interface Row {
  readonly branch: string;
  /** What stands before further lines of its notes. */
  readonly rest: string;
  readonly node: TreeNode;
}

const GAP = 2;
/** Notes are wrapped to no less than this, and names are cut where these would have less. */
const NOTES_MIN = 24;
const NOTES_ROOM = 44;

/**
 * A line for each node, and more where its notes do not fit; the numbers of the hops stand at the end of the first.
 *
 * @param width of a line, in characters; Infinity for any
 */
export function treeLines(tree: TreeNode, trail: Trail, width: number = Infinity): readonly TreeLine[] {
  const rows = rowsOf(tree, trail);
  const most = Math.max(NOTES_MIN, width - NOTES_ROOM - GAP);
  const labels = rows.map(({ branch, node }) => cut(`${branch}${node.label}`, most));
  const notesAt = Math.max(...labels.map((label) => label.length)) + GAP;
  const marks = new Map([...trail.hops].map(([key, hops]) => [key, `◄ ${hops.join(', ')}`]));
  const marksWidth = Math.max(0, ...[...marks.values()].map((mark) => mark.length + GAP));
  const room = Math.max(NOTES_MIN, width - notesAt - marksWidth);
  const notes = rows.map(({ node }) => wrap(node.notes, room).split('\n'));
  const texts = rows.map((_, index) => `${labels[index]!.padEnd(notesAt)}${notes[index]![0]}`.trimEnd());
  const hopsAt = Math.max(...rows.map(({ node }, i) => (trail.hops.has(node.key) ? texts[i]!.length : 0))) + GAP;
  return rows.flatMap(({ node, rest }, index) => {
    const mark = marks.get(node.key);
    const text = texts[index]!;
    const marked = trail.nodes.has(node.key);
    const further = notes[index]!.slice(1).map((words) => ({ text: `${rest.padEnd(notesAt)}${words}`, marked }));
    return [{ text: mark === undefined ? text : `${text.padEnd(hopsAt)}${mark}`, marked }, ...further];
  });
}

function cut(label: string, most: number): string {
  return label.length > most ? `${label.slice(0, most - 1)}…` : label;
}

function rowsOf(tree: TreeNode, trail: Trail): readonly Row[] {
  const rows: Row[] = [];
  const add = (node: TreeNode, branch: string, below: string): void => {
    const last = node.children.length - 1;
    // The heavy line runs down to the last child that the request passed.
    const lastHeavy = node.children.findLastIndex((child) => trail.edges.has(child.key));
    const down = node.children.length === 0 ? '' : lastHeavy === -1 ? '│' : '┃';
    rows.push({ branch, rest: `${below}${down}`, node });
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
