/**
 * Keys of tables, with their types.
 *
 * A table whose keys are a type of their own (kinds of accelerators, generations of the driver, commands) is written once;
 * its type, the words that schemas allow, help texts and the tests that cover each of them are made from its keys.
 */
import { bug } from './bug.ts';

/** The keys of a table, in its order. */
export function keysOf<Table extends object>(table: Table): readonly (keyof Table & string)[] {
  // `Object.keys` gives strings, since a value may have more fields than its type says; a table has none.
  return Object.keys(table) as (keyof Table & string)[];
}

/** Whether a word is one of a table's keys. */
export function isKeyOf<Table extends object>(table: Table, word: PropertyKey): word is keyof Table & string {
  return Object.hasOwn(table, word);
}

/** A word that is one of a table's keys for certain: anything else is a bug. */
export function keyIn<Table extends object>(table: Table, word: string): keyof Table & string {
  return isKeyOf(table, word) ? word : bug('NO_SUCH_KEY', word);
}

/** A table with the given keys, in their order. */
export function tableOf<Key extends string, Value>(
  keys: readonly Key[],
  make: (key: Key) => Value,
): Readonly<Record<Key, Value>> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<Key, Value>;
}

/** A table with the same keys, whose values are made of those of another, in its order. */
export function mapValues<Table extends object, To>(
  table: Table,
  make: (value: Table[keyof Table & string], key: keyof Table & string) => To,
): Readonly<Record<keyof Table & string, To>> {
  return tableOf(keysOf(table), (key) => make(table[key], key));
}
