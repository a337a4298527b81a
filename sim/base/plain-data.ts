/**
 * Plain data as text: null, booleans, numbers, strings, arrays and objects of those. What is hashed, compared and kept in files
 * goes through here.
 *
 * The text is JSON. JSON lacks four numbers that results have: NaN, the two infinities and -0. They are written as
 * `{"$number":"NaN"}`. Typed arrays are `{"$array":"Float64Array","of":[…]}`. Members that are undefined are left out.
 */
import { bug } from './bug.ts';

const NUMBER = '$number';
const ARRAY = '$array';

/** Typed arrays that results have. */
const ARRAYS = { Float64Array, Int32Array, Uint8Array, Uint16Array, Uint32Array } as const;
type ArrayName = keyof typeof ARRAYS;

/**
 * One text for one value: members sorted, without spaces (RFC 8785), so that equal values have equal texts whatever the order in
 * which their members were set.
 *
 * @throws Bug NOT_PLAIN for anything else than plain data: functions, maps, class instances, bigints, undefined in an array
 */
export function canonicalText(value: unknown): string {
  return textOf(value, (members) => members.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The text of a value with its members in the order that they have.
 *
 * @throws Bug NOT_PLAIN as {@link canonicalText}
 */
export function plainText(value: unknown): string {
  return textOf(value, (members) => members);
}

/**
 * The value of such a text.
 *
 * @throws SyntaxError for a text that is no JSON
 */
export function parsePlain(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if (NUMBER in value) return Number(value[NUMBER]);
    return ARRAY in value ? arrayOf(value) : value;
  }) as unknown;
}

/** @throws SyntaxError for a kind of array that is not written */
function arrayOf(value: { readonly [ARRAY]: unknown; readonly of?: unknown }): unknown {
  const name = value[ARRAY] as ArrayName;
  if (!Object.hasOwn(ARRAYS, name) || !Array.isArray(value.of)) throw new SyntaxError(`no array: ${name}`);
  return ARRAYS[name].from(value.of as number[]);
}

type Member = readonly [name: string, value: unknown];
type Order = (members: readonly Member[]) => readonly Member[];

function arrayText(value: ArrayBufferView, order: Order): string {
  const name = value.constructor.name;
  if (!Object.hasOwn(ARRAYS, name)) return bug('NOT_PLAIN', name);
  const numbers = Array.from(value as Float64Array, (each) => textOf(each, order));
  return `{"${ARRAY}":"${name}","of":[${numbers.join(',')}]}`;
}

function textOf(value: unknown, order: Order): string {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? String(value) : `{"${NUMBER}":"${numberWord(value)}"}`;
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      if (ArrayBuffer.isView(value)) return arrayText(value, order);
      return Array.isArray(value)
        ? `[${value.map((each) => textOf(each, order)).join(',')}]`
        : objectText(value, order);
    default:
      return bug('NOT_PLAIN', typeof value);
  }
}

function objectText(value: object, order: Order): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) bug('NOT_PLAIN', value.constructor.name);
  let text = '';
  for (const [name, member] of order(Object.entries(value))) {
    if (member === undefined) continue;
    if (name === NUMBER || name === ARRAY) bug('NOT_PLAIN', name);
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${textOf(member, order)}`;
  }
  return `{${text}}`;
}

function numberWord(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
