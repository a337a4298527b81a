/**
 * Plain data as text: null, booleans, numbers, strings, arrays and objects of those. What is hashed, compared and kept in files
 * goes through here.
 *
 * The text is JSON. JSON lacks four numbers that results have: NaN, the two infinities and -0. They are written as
 * `{"$number":"NaN"}`. Members that are undefined are left out.
 */
import { bug } from './bug.ts';

const NUMBER = '$number';

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
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === 'object' && value !== null && NUMBER in value ? Number(value[NUMBER]) : value,
  ) as unknown;
}

type Member = readonly [name: string, value: unknown];
type Order = (members: readonly Member[]) => readonly Member[];

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
    if (name === NUMBER) bug('NOT_PLAIN', NUMBER);
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${textOf(member, order)}`;
  }
  return `{${text}}`;
}

function numberWord(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
