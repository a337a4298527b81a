/**
 * Every field of a schema, as a path: `memory.dirty(uniform).pagesPerSecond`, `devices[].count`. Of several shapes each has its
 * own, named by the word that chooses it.
 */
import { z } from 'zod';

interface Node {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node | boolean;
  readonly prefixItems?: readonly Node[];
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly const?: unknown;
  readonly $defs?: Readonly<Record<string, Node>>;
}

const CHOOSING = ['kind', 'ask'];

export function leavesOf(schema: z.ZodType): readonly string[] {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node;
  const found = new Set<string>();
  const visit = (node: Node, path: string, inside: readonly string[]): void => {
    if (node.$ref !== undefined) {
      const target = node.$ref === '#' ? root : root.$defs?.[node.$ref.replace('#/$defs/', '')];
      if (target !== undefined && !inside.includes(node.$ref)) visit(target, path, [...inside, node.$ref]);
      return;
    }
    const below = [...(node.anyOf ?? []), ...(node.oneOf ?? [])];
    const items = [node.items, ...(node.prefixItems ?? [])].filter((each): each is Node => typeof each === 'object');
    if (node.properties !== undefined) {
      const fixed = CHOOSING.map((name) => node.properties?.[name]?.const).find((word) => typeof word === 'string');
      const at = fixed === undefined ? path : `${path}(${fixed})`;
      for (const [name, each] of Object.entries(node.properties))
        visit(each, at === '' ? name : `${at}.${name}`, inside);
    } else if (below.length > 0) {
      for (const each of below) visit(each, path, inside);
    } else if (items.length > 0) {
      for (const each of items) visit(each, `${path}[]`, inside);
    } else if (typeof node.additionalProperties === 'object') {
      visit(node.additionalProperties, `${path}.*`, inside);
    } else {
      found.add(path);
    }
  };
  visit(root, '', []);
  return [...found];
}
