/**
 * State that `sim/world/state-snapshot.ts` cannot put back, so that a driver call that is made again would begin with what
 * the first attempt left: only plain fields, elements and typed arrays of the driver's objects are restored.
 */
import { childrenOf, isFunction, isNode, lineOf, type Node, nameOf, walk } from './syntax.ts';

export interface Unrestorable {
  readonly line: number;
  readonly what: string;
}

const COLLECTIONS: ReadonlySet<string> = new Set([
  'Map',
  'Set',
  'WeakMap',
  'WeakSet',
  'WeakRef',
  'ReadonlyMap',
  'ReadonlySet',
]);

export function unrestorable(text: string, program: Node): readonly Unrestorable[] {
  const found: Unrestorable[] = [];
  const complain = ({ start }: Node, what: string): void => void found.push({ line: lineOf(text, start), what });
  walk(program, (node, parents) => {
    if (node.type === 'PropertyDefinition') {
      const name = nameOf(node['key']) ?? 'a field';
      if (name.startsWith('#')) complain(node, `${name} cannot be seen from outside: say private`);
      else if (node['static'] === true && node['readonly'] !== true) complain(node, `${name} belongs to no object`);
      if (holdsCollection(node)) complain(node, `the contents of ${name} are no fields: use an array`);
    }
    if (isParameterField(node) && holdsCollection(node))
      complain(node, 'contents of a collection are no fields: use an array');
    if (node.type === 'VariableDeclaration' && isOfModule(parents)) {
      if (node['kind'] !== 'const') complain(node, 'a variable of a module belongs to no object: make it a field');
      else if (beginsEmpty(node)) complain(node, 'what a module fills later belongs to no object: make it a field');
    }
    for (const name of storedCapture(node, parents)) {
      complain(
        node,
        `a function that is kept as a field uses ${name}, a variable of the function around: make it a field`,
      );
    }
    const captured = capturedBy(node, parents);
    if (captured !== undefined) {
      complain(node, `${captured} is a variable of the function around, which a closure changes: make it a field`);
    }
  });
  return found;
}

const BUFFERS: ReadonlySet<string> = new Set([
  ...COLLECTIONS,
  'Array',
  'ArrayBuffer',
  'SharedArrayBuffer',
  'DataView',
  'Uint8Array',
  'Uint16Array',
  'Uint32Array',
  'Int32Array',
  'Float64Array',
  'BigUint64Array',
]);

/** Whether a constant begins as something that is only of use when it is filled: no table. */
function beginsEmpty({ declarations }: Node): boolean {
  return (declarations as readonly Node[]).some(({ init }) => {
    if (!isNode(init)) return false;
    if (init.type === 'ArrayExpression') return (init['elements'] as readonly Node[]).length === 0;
    if (init.type === 'ObjectExpression') return (init['properties'] as readonly Node[]).length === 0;
    const name = nameOf(init['callee']) ?? '';
    if (init.type !== 'NewExpression' || !BUFFERS.has(name)) return false;
    const [first] = init['arguments'] as readonly Node[];
    if (first === undefined) return true;
    return !COLLECTIONS.has(name) && first.type !== 'ArrayExpression' && first.type !== 'CallExpression';
  });
}

/** Whether a statement right below these is one of the module. */
function isOfModule(parents: readonly Node[]): boolean {
  return parents.every(({ type }) => type === 'Program' || type === 'ExportNamedDeclaration');
}

/** `constructor(private readonly a: A)`; erasable syntax has none, but a rule should not rest on another. */
function isParameterField({ type }: Node): boolean {
  return type === 'TSParameterProperty';
}

/** By its type, or by what it begins with. */
function holdsCollection(field: Node): boolean {
  let found = false;
  for (const part of [field['typeAnnotation'], field['value'], field['parameter']]) {
    if (!isNode(part)) continue;
    walk(part, (node) => {
      // What a function takes or makes is not held.
      if (isFunction(node) || node.type === 'TSFunctionType') return false;
      const name = node.type === 'TSTypeReference' ? nameOf(node['typeName']) : nameOf(node['callee']);
      if (node.type !== 'CallExpression' && name !== undefined && COLLECTIONS.has(name)) found = true;
      return !found;
    });
  }
  return found;
}

/** The variable that an assignment changes though it belongs to a function around the one that is running. */
function capturedBy(node: Node, parents: readonly Node[]): string | undefined {
  const target =
    node.type === 'AssignmentExpression'
      ? node['left']
      : node.type === 'UpdateExpression'
        ? node['argument']
        : undefined;
  if (!isNode(target) || target.type !== 'Identifier') return undefined;
  const name = String(target['name']);
  const around = parents.filter(isFunction).toReversed();
  const owner = around.findIndex((each) => namesIn(each).has(name));
  return owner > 0 ? name : undefined;
}

/** Variables of functions around that a function uses which is stored in a field of `this`. */
function storedCapture(node: Node, parents: readonly Node[]): readonly string[] {
  const { left, right } = node;
  if (node.type !== 'AssignmentExpression' || !isNode(left) || !isNode(right)) return [];
  if (left.type !== 'MemberExpression' || !isNode(left['object']) || left['object'].type !== 'ThisExpression')
    return [];
  const around = new Set(parents.filter(isFunction).flatMap((each) => [...namesIn(each)]));
  const used = new Set<string>();
  walk(right, (each, above) => {
    const inner = [...above, each].filter(isFunction);
    if (inner.length === 0 || each.type !== 'Identifier' || isMemberName(each, above)) return;
    const name = String(each['name']);
    if (around.has(name) && !inner.some((fn) => namesIn(fn).has(name))) used.add(name);
  });
  return [...used];
}

/** `name` in `a.name` or `{ name: a }`. */
function isMemberName(node: Node, parents: readonly Node[]): boolean {
  const parent = parents.at(-1);
  if (parent === undefined || parent['computed'] === true) return false;
  if (parent.type === 'MemberExpression') return parent['property'] === node;
  return parent.type === 'Property' && parent['key'] === node && parent['shorthand'] !== true;
}

/** Parameters and variables of a function, not those of functions in it. */
function namesIn(fn: Node): ReadonlySet<string> {
  const names = new Set<string>();
  const bind = (pattern: Node): void => {
    if (pattern.type === 'Identifier') names.add(String(pattern['name']));
    else for (const child of childrenOf(pattern)) bind(child);
  };
  for (const parameter of fn['params'] as readonly Node[]) bind(parameter);
  const body = fn['body'];
  if (isNode(body)) {
    walk(body, (node) => {
      if (node.type === 'VariableDeclarator' && isNode(node['id'])) bind(node['id']);
      return !isFunction(node);
    });
  }
  return names;
}
