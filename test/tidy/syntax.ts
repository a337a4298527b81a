/**
 * Source text as a syntax tree, and the functions in it.
 */
import { parseSync } from 'rolldown/utils';

/** A node of the tree; ESTree has the fields of each type. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface Comment {
  readonly start: number;
  /** Without the marks around it. */
  readonly value: string;
}

interface Parsed {
  readonly program: Node;
  readonly comments: readonly Comment[];
}

/** By text: several rules read the same files. */
const parsed = new Map<string, Parsed>();

/** @throws Error when the text is no TypeScript */
export function parse(path: string, text: string): Node {
  return parseOnce(path, text).program;
}

export function commentsOf(path: string, text: string): readonly Comment[] {
  return parseOnce(path, text).comments;
}

function parseOnce(path: string, text: string): Parsed {
  const before = parsed.get(text);
  if (before !== undefined) return before;
  const result = parseSync(path, text);
  const [first] = result.errors;
  if (first !== undefined) throw new Error(`${path}: ${first.message}`);
  const { program, comments } = result;
  const made = { program: program as unknown as Node, comments };
  parsed.set(text, made);
  return made;
}

export function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = [];
  for (const field in node) {
    const value = node[field];
    if (Array.isArray(value)) {
      for (const element of value) if (isNode(element)) children.push(element);
    } else if (isNode(value)) {
      children.push(value);
    }
  }
  return children;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** A node and all below it, each before its children. @param enter returns false to leave out what is below */
export function walk(node: Node, enter: (node: Node, parents: readonly Node[]) => boolean | void): void {
  const parents: Node[] = [];
  const visit = (each: Node): void => {
    if (enter(each, parents) === false) return;
    parents.push(each);
    for (const child of childrenOf(each)) visit(child);
    parents.pop();
  };
  visit(node);
}

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
]);

export function isFunction({ type }: Node): boolean {
  return FUNCTIONS.has(type);
}

/** Name of an identifier, a private name or a literal key; undefined for anything else. */
export function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Identifier') return String(node['name']);
  if (node.type === 'PrivateIdentifier') return `#${String(node['name'])}`;
  return node.type === 'Literal' ? String(node['value']) : undefined;
}

/** How a function is called in the source: its own name, or that of the variable, field or property that holds it. */
export function functionName(node: Node, parents: readonly Node[]): string {
  const own = nameOf(node['id']);
  if (own !== undefined) return own;
  const parent = parents.at(-1);
  const name = nameOf(parent?.['id']) ?? nameOf(parent?.['key']);
  if (name === undefined) return 'a function without a name';
  const holder = parents.findLast(({ type }) => type === 'ClassDeclaration');
  const inClass = parent?.type === 'MethodDefinition' || parent?.type === 'PropertyDefinition';
  return inClass && holder !== undefined ? `${nameOf(holder['id']) ?? ''}.${name}` : name;
}

/** Line of a place in a text, from 1. */
export function lineOf(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
