/**
 * Objects of Kubernetes as kubectl prints them: JSON or YAML, one or a list of them, several documents in a text.
 */
import { MIB } from '../../sim/base/units.ts';
import { parseInput } from '../io/input-file.ts';
import { isObject, type JsonObject, type JsonValue, jsonValues, listAt } from './json-values.ts';
import { numbered } from './numbered.ts';
import { addFindings, type Finding } from './reader.ts';

/** Size of one document in YAML, which takes longer to read than JSON. */
const YAML_BYTES_MAX = 8 * MIB;

/**
 * Objects, those of lists one by one.
 *
 * @param findings takes what is no object
 * @throws UserError of kind `input`, with the line
 */
export function kubernetesObjects(lines: Iterable<string>, file: string, findings: Finding[]): readonly JsonValue[] {
  const all = [...lines];
  const isJson = /^\s*[[{]/.test(all.find((text) => text.trim() !== '') ?? '');
  const values = isJson ? jsonValues(all, file, findings) : yamlValues(all, file, findings);
  return [...values].flatMap(({ value, line }) => unlisted(value, line));
}

function unlisted(value: JsonObject, line: number): readonly JsonValue[] {
  if (!Array.isArray(value['items'])) return [{ value, line }];
  return listAt(value, 'items').flatMap((each) => (isObject(each) ? [{ value: each, line }] : []));
}

function* yamlValues(lines: readonly string[], file: string, findings: Finding[]): Generator<JsonValue> {
  let document: string[] = [];
  let from = 1;
  const read = function* (): Generator<JsonValue> {
    if (document.every((text) => /^\s*(?:#.*)?$/.test(text))) return;
    // Empty lines keep the numbers of those that follow.
    const value = parseInput('\n'.repeat(from - 1) + document.join('\n'), file, YAML_BYTES_MAX);
    if (isObject(value)) yield { value, line: from };
    else addFindings(findings, { kind: 'unused', line: from, text: 'a document that is no object' });
  };
  for (const { text, line } of numbered(lines)) {
    if (/^---(?:\s|$)/.test(text) || /^\.\.\.\s*$/.test(text)) {
      yield* read();
      document = [];
      from = line + 1;
    } else document.push(text);
  }
  yield* read();
}

/** Seconds since 1970 of a time as Kubernetes writes it; undefined: it is none. */
export function unixSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms / 1000;
}
