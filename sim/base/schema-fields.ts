/**
 * Fields that a schema allows at a place of a document, and which of them are quantities; read from its JSON Schema.
 */
import { z } from 'zod';
import { durationText, type QuantityKind, sizeText } from './quantity.ts';

interface JsonSchema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly const?: unknown;
  /** Kind of a size or time (`quantity.ts`). */
  readonly quantity?: QuantityKind;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/**
 * Names of the fields that an object at that place may have; of several shapes, those that agree with the words by which the
 * document chooses one (`kind: open`).
 *
 * @param schema of the whole document
 * @param path of the object in the document
 */
export function fieldsAt(schema: z.ZodType, document: unknown, path: readonly PropertyKey[]): readonly string[] {
  const root = jsonSchema(schema);
  let nodes = shapes(root, root, document);
  let value = document;
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
    nodes = nodes.flatMap((node) => {
      const next = below(node, key);
      return next === undefined ? [] : shapes(next, root, value);
    });
  }
  return [...new Set(nodes.flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

/** The words that a schema fixes for a field at its top, such as its `format`. */
export function fixedWords(schema: z.ZodType, field: string): readonly unknown[] {
  const root = jsonSchema(schema);
  const words = shapes(root, root, undefined).flatMap(({ properties }) => properties?.[field]?.const ?? []);
  return [...new Set(words)];
}

/**
 * A document that was read, as a file would have it: sizes and times as text with their units.
 *
 * @param document plain data as the schema gives it out
 */
export function withUnits(schema: z.ZodType, document: unknown): unknown {
  const root = jsonSchema(schema);
  const write = (value: unknown, nodes: readonly JsonSchema[]): unknown => {
    if (typeof value === 'number') {
      const kind = nodes.find(({ quantity }) => quantity !== undefined)?.quantity;
      if (kind === undefined || value === 0) return value;
      return kind === 'size' ? sizeText(value) : durationText(value);
    }
    if (typeof value !== 'object' || value === null) return value;
    const inner = (each: unknown, key: PropertyKey): unknown => {
      const next = nodes.flatMap((node) => below(node, key) ?? []);
      return write(
        each,
        next.flatMap((node) => shapes(node, root, each)),
      );
    };
    if (Array.isArray(value)) return value.map(inner);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inner(each, key)]));
  };
  return write(document, shapes(root, root, document));
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

function below(node: JsonSchema, key: PropertyKey): JsonSchema | undefined {
  if (typeof key === 'number') {
    const item = node.prefixItems?.[key] ?? node.items;
    return typeof item === 'object' ? item : undefined;
  }
  const named = node.properties?.[String(key)];
  if (named !== undefined) return named;
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
}

/** The shapes that a value may have, without references and alternatives. */
function shapes(node: JsonSchema, root: JsonSchema, value: unknown): readonly JsonSchema[] {
  if (node.$ref !== undefined) {
    const name = node.$ref.replace('#/$defs/', '');
    const target = node.$ref === '#' ? root : root.$defs?.[name];
    return target === undefined ? [] : shapes(target, root, value);
  }
  const inner = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  const own = node.properties === undefined && inner.length > 0 ? [] : [node];
  return [...own, ...inner.flatMap((each) => shapes(each, root, value))].filter((each) => agrees(each, value));
}

/** Whether the words of a document that a shape fixes are those of the shape. */
function agrees(node: JsonSchema, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(node.properties ?? {}).every(([name, each]) => {
    const given = (value as Record<string, unknown>)[name];
    return each.const === undefined || given === undefined || given === each.const;
  });
}
