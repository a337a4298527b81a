/**
 * Reading a document against a schema, with readable errors: the path of the field, what was found, what is allowed.
 */
import type { z } from 'zod';
import { foreignDocument, formatOf, knownFormat } from './formats.ts';
import type { BareNumber } from './quantity.ts';
import { fieldsAt, fixedWords } from './schema-fields.ts';
import { similarName } from './similar.ts';
import { shortened, UserError } from './user-error.ts';

type Issue = z.core.$ZodIssue;

/** Wrong fields that are listed, beyond which they are counted. */
const LISTED_MAX = 12;

/** What is wrong with one field. */
interface Wrong {
  /** Path of the field that is missing; null for other mistakes. */
  readonly missing: readonly PropertyKey[] | null;
  readonly sentence: string;
  readonly hint: string | undefined;
  /** The missing field that a misspelt one was to be. */
  readonly meant?: readonly PropertyKey[];
}

/**
 * Checks what another program sent. Nobody mends its fields one by one, so only the first that does not fit is named.
 *
 * @param what name of the message, used in errors
 * @param hint what to try when it does not fit
 * @throws UserError of kind `input`
 */
export function parseMessage<T extends z.ZodType>(
  schema: T,
  message: unknown,
  what: string,
  hint?: string,
): z.output<T> {
  const result = checked(schema, message, what);
  if (result.success) return result.data;
  const [first] = result.error.issues.flatMap(closest).map((issue) => wrong(issue, schema, message));
  throw new UserError('input', `${what}: ${first!.sentence}`, hint);
}

/**
 * What a schema says of a value.
 *
 * Zod measures whatever has a `length`, also what is no text and no list: an object in this place makes it fail.
 */
function checked<T extends z.ZodType>(schema: T, value: unknown, what: string): z.ZodSafeParseResult<z.output<T>> {
  try {
    return schema.safeParse(value);
  } catch (error) {
    const path = objectLength(value, []);
    if (path === null) throw error;
    throw new UserError(
      'input',
      `${what}: ${fieldPath(path)} is ${quote(valueAt(value, path))}, no field of this name is one`,
    );
  }
}

/** Path of a field `length` that is an object. */
function objectLength(value: unknown, path: readonly PropertyKey[]): readonly PropertyKey[] | null {
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, each] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(name) : name];
    const found = name === 'length' && typeof each === 'object' && each !== null ? at : objectLength(each, at);
    if (found !== null) return found;
  }
  return null;
}

/**
 * Checks a parsed document.
 *
 * @param schema what is allowed
 * @param document the value that was read
 * @param what name of the file or thing, as the user wrote it, for the message
 * @param hint what to try when it does not fit
 * @throws UserError of kind `input` that names the first field that does not fit; its hint lists the others
 */
export function parseDocument<T extends z.ZodType>(
  schema: T,
  document: unknown,
  what: string,
  hint?: string,
): z.output<T> {
  const result = checked(schema, document, what);
  if (result.success) return result.data;
  const { issues } = result.error;
  const foreign = foreignFormat(schema, document);
  if (foreign !== undefined) throw new UserError('input', `${what}: ${foreign.sentence}`, foreign.hint);
  const all = issues.flatMap(closest).map((issue) => wrong(issue, schema, document));
  const meant = new Set(all.flatMap(({ meant: path }) => (path === undefined ? [] : [fieldPath(path)])));
  const kept = all.filter(({ missing }) => missing === null || !meant.has(fieldPath(missing)));
  // A misspelt name explains what else is wrong, and comes first.
  const [first, ...others] = kept.toSorted((a, b) => Number(b.meant !== undefined) - Number(a.meant !== undefined));
  const also = others
    .slice(0, LISTED_MAX - 1)
    .map((each) => `Also: ${each.sentence}${each.sentence.endsWith('?') ? '' : '.'}${spaced(each.hint)}`);
  const more = others.length - also.length;
  if (more > 0) also.push(`${more} more ${more === 1 ? 'field is' : 'fields are'} wrong in the same file.`);
  const lines = [first!.hint, ...also, hint].filter((line) => line !== undefined);
  throw new UserError('input', `${what}: ${first!.sentence}`, lines.length === 0 ? undefined : lines.join('\n'));
}

function spaced(text: string | undefined): string {
  return text === undefined ? '' : ` ${text}`;
}

/** A file that is one of another kind, given to the wrong command. */
function foreignFormat(schema: z.ZodType, document: unknown): Pick<Wrong, 'sentence' | 'hint'> | undefined {
  const needed = fixedWords(schema, 'format').flatMap((word) => knownFormat(word) ?? [])[0];
  return needed === undefined ? undefined : foreignDocument(formatOf(document), needed.title);
}

/** `cells[2].load`, or `the document` for its top. */
export function fieldPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the document';
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${shortened(String(key))}`))
    .join('')
    .replace(/^\./, '');
}

function wrong(issue: Issue, schema: z.ZodType, document: unknown): Wrong {
  const value = valueAt(document, issue.path);
  const missing = value === undefined && issue.code !== 'unrecognized_keys' ? issue.path : null;
  if (issue.code === 'unrecognized_keys') return unknownFields(issue.path, issue.keys, schema, document);
  return { missing, sentence: sentence(issue, value), hint: hintOf(issue) };
}

function unknownFields(
  path: readonly PropertyKey[],
  keys: readonly string[],
  schema: z.ZodType,
  document: unknown,
): Wrong {
  const allowed = fieldsAt(schema, document, path);
  const owner = valueAt(document, path);
  const present = typeof owner === 'object' && owner !== null ? Object.keys(owner) : [];
  const free = allowed.filter((name) => !present.includes(name));
  const names = listed(keys);
  const meant = keys.map((key) => similarName(key, free)).find((name) => name !== undefined);
  const at = fieldPath(path);
  const does = `${at} has ${keys.length === 1 ? 'a field' : 'fields'} that stopcopy does not know: ${names}`;
  if (meant !== undefined) {
    return { missing: null, sentence: `${does}; is '${meant}' meant?`, hint: undefined, meant: [...path, meant] };
  }
  const hint = free.length === 0 ? undefined : `Fields that ${at} may also have: ${free.join(', ')}.`;
  return { missing: null, sentence: does, hint };
}

/** Names in quotes; beyond some they are counted. */
function listed(names: readonly string[]): string {
  const first = names.slice(0, LISTED_MAX).map((name) => `'${shortened(name)}'`);
  const more = names.length - first.length;
  return `${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function sentence(issue: Issue, value: unknown): string {
  const at = fieldPath(issue.path);
  const found = quote(value);
  switch (issue.code) {
    case 'invalid_type':
      return `${at} is ${found}, allowed is ${article(issue.expected)}`;
    case 'invalid_value':
      return `${at} is ${found}, ${own(issue) ?? `allowed is ${choice(issue.values)}`}`;
    case 'too_small':
      return `${at} is ${found}, allowed is ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `${at} is ${found}, allowed is ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_format':
      return `${at} is ${found}, allowed is ${issue.message}`;
    case 'invalid_union':
      return `${at} is ${found}, ${unionAllowed(issue)}`;
    default:
      return bareNumber(issue) === undefined
        ? `${at} is ${found}: ${issue.message}`
        : `${at} is ${found}, ${issue.message}`;
  }
}

function choice(values: readonly unknown[]): string {
  return values.map((each) => JSON.stringify(each)).join(' or ');
}

/** What a schema says in its own words, not in those of zod. */
function own({ message }: Issue): string | undefined {
  return /^Invalid (?:input|option|discriminator)/.test(message) ? undefined : message;
}

/** What is allowed where several shapes are and the value is of none. */
function unionAllowed(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const said = own(issue);
  if (said !== undefined) return said;
  if ('options' in issue && Array.isArray(issue.options)) return `allowed is ${choice(issue.options)}`;
  const allowed = issue.errors.map(([first]) => {
    if (first?.code === 'invalid_type') return article(first.expected);
    return first?.code === 'invalid_value' ? choice(first.values) : undefined;
  });
  return `allowed is ${[...new Set(allowed.filter((each) => each !== undefined))].join(' or ')}`;
}

/** The readings of a number that lacks its unit. */
function bareNumber(issue: Issue): BareNumber | undefined {
  return issue.code === 'custom' ? (issue.params?.['bareNumber'] as BareNumber | undefined) : undefined;
}

function hintOf(issue: Issue): string | undefined {
  const bare = bareNumber(issue);
  if (bare === undefined) return undefined;
  const index = issue.path.findLastIndex((key) => typeof key === 'string');
  const line = fieldPath(issue.path.slice(index));
  const [likely, other] = bare.readings;
  return `Write \`${line}: ${likely}\`, or \`${line}: ${other}\`; version 1 of the format read it as ${bare.plain}.`;
}

/**
 * Where several shapes are allowed and none fits: what is wrong with the one that the document was to be, which is the one that
 * gets furthest into it before it fails. The union itself when the value is of no shape at all.
 */
function closest(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  let best: readonly Issue[] | undefined;
  const depth = (issues: readonly Issue[]): number => Math.max(...issues.map(({ path }) => path.length));
  for (const branch of issue.errors) {
    if (branch.length === 0 || branch.some(isOtherShape)) continue;
    const inner = branch.flatMap((each) => closest({ ...each, path: [...issue.path, ...each.path] }));
    if (best === undefined || depth(inner) > depth(best)) best = inner;
  }
  return best ?? [issue];
}

/** Whether a value was not even of the type that a shape wants. */
function isOtherShape({ code, path }: Issue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' || origin === 'set' ? ' entries' : '';
}

function article(type: string): string {
  const name = type === 'int' ? 'integer' : type === 'record' ? 'object' : type;
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function quote(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  // JSON has no BigInt; a binary document may.
  const text =
    JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}` : inner)) ?? typeof value;
  return shortened(text);
}
