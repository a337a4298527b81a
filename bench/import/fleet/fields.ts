/**
 * Fields by names without case, blanks, hyphens and underscores: columns of the OpenStack client and fields of its APIs alike.
 */
import type { JsonObject } from '../json-values.ts';

export type Fields = ReadonlyMap<string, unknown>;

export function fieldsOf(value: JsonObject): Fields {
  return new Map(Object.entries(value).map(([name, each]) => [plainName(name), each]));
}

/** A name of a field or of a column, small letters and digits only. */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

export function textIn(fields: Fields, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = fields.get(name);
    if (typeof value === 'string' && value !== '' && value !== 'None') return value;
    if (typeof value === 'number') return String(value);
  }
  return null;
}

/** A number, also where it is printed as text. */
export function amountIn(fields: Fields, ...names: readonly string[]): number | null {
  for (const name of names) {
    const value = fields.get(name);
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number;
  }
  return null;
}
