/**
 * Tables of tests that have a row for each row of a table of the product: what is new is tried from its first day.
 */
import { isNode, nameOf, type Node, parse, walk } from './syntax.ts';

interface Table {
  readonly path: string;
  /** Name of the variable that holds it. */
  readonly name: string;
}

interface Held {
  readonly table: Table;
  readonly tried: readonly Table[];
}

const HELD: readonly Held[] = [
  {
    table: { path: 'bench/cli/program.ts', name: 'COMMANDS' },
    tried: [
      // Signals, and places that do not take what is written.
      { path: 'test/bench/cli/stopped.ts', name: 'STOPPED' },
      { path: 'test/bench/cli/json-documents.test.ts', name: 'LINES' },
    ],
  },
  {
    table: { path: 'bench/parsers.ts', name: 'PARSERS' },
    // Damaged inputs.
    tried: [{ path: 'test/bench/good-inputs.ts', name: 'GOOD' }],
  },
];

/** Keys of an object that a variable of the file holds; null: there is no such variable. */
function keysIn(text: string, { path, name }: Table): readonly string[] | null {
  let found: readonly string[] | null = null;
  walk(parse(path, text), (node) => {
    if (node.type !== 'VariableDeclarator' || nameOf(node['id']) !== name) return;
    let value: unknown = node['init'];
    // `as const`, `satisfies`.
    while (isNode(value) && value.type !== 'ObjectExpression' && isNode(value['expression']))
      value = value['expression'];
    const rows = isNode(value) ? value['properties'] : undefined;
    if (Array.isArray(rows)) found = (rows as readonly Node[]).map((row) => nameOf(row['key']) ?? '');
  });
  return found;
}

/** @returns one line per row that is missing */
export function rowFindings(sources: ReadonlyMap<string, string>): readonly string[] {
  return HELD.flatMap(({ table, tried }) => {
    const text = sources.get(table.path);
    if (text === undefined) return [];
    const wanted = keysIn(text, table);
    if (wanted === null) return [`${table.path}: has no table ${table.name}: correct it in test/tidy/rows.ts`];
    return tried.flatMap((place) => {
      const keys = keysIn(sources.get(place.path) ?? '', place);
      if (keys === null) return [`${place.path}: has no table ${place.name}: correct it in test/tidy/rows.ts`];
      return wanted
        .filter((key) => !keys.includes(key))
        .map((key) => `${place.path}: ${place.name} has no row '${key}' of ${table.name} in ${table.path}: add one`);
    });
  });
}
