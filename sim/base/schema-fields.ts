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
  /** The unit in which other software has such a field. */
  readonly usualUnit?: string;
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
    const inner = (each: unknown, key: PropertyKey): unknown => write(each, innerShapes(nodes, key, root, each));
    if (Array.isArray(value)) return value.map(inner);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inner(each, key)]));
  };
  return write(document, shapes(root, root, document));
}

/** A number other than 0 where a size or a time belongs, as a file has it. */
export interface BareQuantity {
  readonly path: readonly (string | number)[];
  readonly value: number;
  readonly kind: QuantityKind;
  /** The unit in which other software has such a field. */
  readonly usualUnit: string;
}

/**
 * The sizes and times of a document that lack their unit, in its order.
 *
 * @param document as a file has it, before the schema reads it
 */
export function bareQuantities(schema: z.ZodType, document: unknown): readonly BareQuantity[] {
  const root = jsonSchema(schema);
  const found: BareQuantity[] = [];
  const visit = (value: unknown, nodes: readonly JsonSchema[], path: readonly (string | number)[]): void => {
    if (typeof value === 'number' && value > 0) {
      const { quantity: kind, usualUnit } = nodes.find(({ quantity }) => quantity !== undefined) ?? {};
      if (kind !== undefined && usualUnit !== undefined) found.push({ path, value, kind, usualUnit });
    }
    if (typeof value !== 'object' || value === null) return;
    const entries: Iterable<[string | number, unknown]> = Array.isArray(value)
      ? value.entries()
      : Object.entries(value);
    for (const [key, each] of entries) visit(each, innerShapes(nodes, key, root, each), [...path, key]);
  };
  visit(document, shapes(root, root, document), []);
  return found;
}

/** The shapes that the value of a key may have. */
function innerShapes(
  nodes: readonly JsonSchema[],
  key: PropertyKey,
  root: JsonSchema,
  value: unknown,
): readonly JsonSchema[] {
  return nodes.flatMap((node) => below(node, key) ?? []).flatMap((node) => shapes(node, root, value));
}

/** Made once for each: a schema does not change. */
const JSON_SCHEMAS = new WeakMap<z.ZodType, JsonSchema>();

function jsonSchema(schema: z.ZodType): JsonSchema {
  const made = JSON_SCHEMAS.get(schema);
  if (made !== undefined) return made;
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  JSON_SCHEMAS.set(schema, json);
  return json;
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
