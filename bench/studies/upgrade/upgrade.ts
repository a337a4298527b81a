/**
 * Files of older versions as files of the newest: input files, and results of `stopcopy bench`.
 */
import type { z } from 'zod';

import { INPUT_FORMATS, type InputFormatName } from '../../../sim/base/formats.ts';
import { parseJsonText } from '../../../sim/base/json-text.ts';
import { isKeyOf, keysOf } from '../../../sim/base/keys.ts';
import { bareNumber, type QuantityKind } from '../../../sim/base/quantity.ts';
import { bareQuantities, type BareQuantity } from '../../../sim/base/schema-fields.ts';
import { fieldPath, parseDocument } from '../../../sim/base/schema.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { limitsPresetSchema } from '../../../sim/fleet/limits.ts';
import { type Question, QUESTION_FORMAT, questionSchema } from '../../../sim/fleet/question.ts';
import { unreadByAsk, unreadSentence } from '../../../sim/fleet/unread.ts';
import { scriptSchema } from '../../../sim/check/script.ts';
import { convergeQuestionSchema } from '../../../sim/converge/question.ts';
import { canQuestionSchema } from '../../../sim/manager/question.ts';
import { deviceProfileSchema } from '../../../sim/memory/device-profile.ts';
import { costFileSchema } from '../../../sim/device/cost-file.ts';
import { platformSchema } from '../../../sim/memory/platform-file.ts';
import { readTopology, TOPOLOGY_FORMAT } from '../../../sim/pci/topology-file.ts';
import { scenarioSchema } from '../../../sim/scenario/document.ts';
import { cells } from '../../../workers/pools/grid.ts';
import { ADDED_FIELDS, parseBenchResult, RESULT_FORMAT, RESULT_VERSION } from '../../documents/bench/result.ts';
import { DOCUMENT_FORMATS, DOCUMENTS } from '../../documents/formats.ts';
import { parseSection } from '../../documents/kinds.ts';
import type { Upgrade, UpgradeChange } from '../../documents/upgrade/document.ts';
import { INPUT_BYTES_MAX, parseInput } from '../../io/input-file.ts';
import { EditedText, isJson } from './edited-text.ts';

/** In which unit a file means its numbers without one, by what they are; a kind that is not there is asked for. */
export type BareUnits = Readonly<Partial<Record<QuantityKind, string>>>;

const SCHEMAS: Readonly<Record<Exclude<InputFormatName, 'stopcopy-topology/1'>, z.ZodType>> = {
  'stopcopy-scenario': scenarioSchema,
  'stopcopy-question': questionSchema,
  'stopcopy-converge': convergeQuestionSchema,
  'stopcopy-can': canQuestionSchema,
  'stopcopy-limits': limitsPresetSchema,
  'stopcopy-device-profile': deviceProfileSchema,
  'stopcopy-platform': platformSchema,
  'stopcopy-costs': costFileSchema,
  'stopcopy-script': scriptSchema,
};

/** The option that says the unit of each kind, with its usual value. */
const OPTIONS: Readonly<Record<QuantityKind, string>> = { size: '--bare-sizes GiB', time: '--bare-times ms' };

/** Fields that a refusal lists. */
const LISTED_MAX = 12;

/**
 * Upgrades the text of a file.
 *
 * @param file name of the file, used in messages
 * @param units of numbers without a unit, which version 1 read as bytes and ns
 * @throws UserError of kind `input` for what is no document of stopcopy, is wrong in another way, or has numbers without a unit
 *   that `units` does not cover
 */
export function upgraded(text: string, file: string, units: BareUnits): Upgrade {
  const document = isJson(text)
    ? parseJsonText(text.replace(/^\uFEFF/, ''), file, 'a document of stopcopy', '')
    : parseInput(text, file);
  const format = fieldOf(document, 'format');
  if (format === RESULT_FORMAT) return upgradedResult(text, document, file);
  if (typeof format === 'string' && isKeyOf(SCHEMAS, format)) {
    // Read as what it is edited as: JSON takes texts that YAML does not.
    const changes = inputChanges(parseInput(text, file), format, file, units);
    const upgrade = { title: INPUT_FORMATS[format].title, ...edited(text, changes, file) };
    // Whatever else is wrong is reported, so that what is written can be read.
    const parsed = parseDocument(SCHEMAS[format], parseInput(upgrade.text, file), file);
    return format === QUESTION_FORMAT && upgrade.changes.length > 0
      ? withoutUnread(upgrade, parsed as Question, file)
      : upgrade;
  }
  if (typeof format === 'string' && isKeyOf(DOCUMENTS, format)) {
    parseSection(text, file);
    return { title: `a document of \`${DOCUMENTS[format].command}\``, changes: [], text };
  }
  if (format !== TOPOLOGY_FORMAT) throw noDocument(format, file);
  readTopology(parseInput(text, file), file);
  return { title: INPUT_FORMATS[TOPOLOGY_FORMAT].title, changes: [], text };
}

/** A question without what its ask does not read, which the newest version refuses. */
function withoutUnread(upgrade: Upgrade, question: Question, file: string): Upgrade {
  // Profiles are files of their own, which are not read here.
  const unread = unreadByAsk(question, new Map());
  if (unread.length === 0) return upgrade;
  const source = new EditedText(upgrade.text);
  if (!source.remove(unread.map(({ path }) => path))) {
    const fields = unread.map(({ field }) => field).join(', ');
    throw new UserError('input', `${file}: ${unreadSentence(unread[0]!)}`, `Remove by hand: ${fields}.`);
  }
  const given = parseInput(upgrade.text, file);
  const removed = unread.map(({ path, field }) => {
    const value = path.reduce<unknown>((at, key) => fieldOf(at, String(key)), given);
    return { path: field, from: typeof value === 'string' ? value : JSON.stringify(value), to: null };
  });
  const text = source.toString();
  parseDocument(questionSchema, parseInput(text, file), file);
  return { ...upgrade, changes: [...upgrade.changes, ...removed], text };
}

function fieldOf(document: unknown, name: string): unknown {
  return typeof document === 'object' && document !== null
    ? (document as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function noDocument(format: unknown, file: string): UserError {
  const seen = format === undefined ? 'missing' : JSON.stringify(format).slice(0, 60);
  return new UserError(
    'input',
    `${file}: is no document that stopcopy upgrades: its field 'format' is ${seen}`,
    `Allowed are ${[...keysOf(INPUT_FORMATS), ...DOCUMENT_FORMATS].join(', ')}, and histories.`,
  );
}

/** A change with the keys that lead to it. */
interface Change extends UpgradeChange {
  readonly to: string | number;
  readonly keys: readonly (string | number)[];
}

function inputChanges(
  document: unknown,
  format: keyof typeof SCHEMAS,
  file: string,
  units: BareUnits,
): readonly Change[] {
  const versions: readonly number[] = INPUT_FORMATS[format].versions;
  const version = fieldOf(document, 'version');
  // Of another version: what is read says so.
  if (typeof version !== 'number' || !versions.includes(version)) return [];
  const newest = versions.at(-1)!;
  const raised = version === newest ? [] : [{ keys: ['version'], path: 'version', from: version, to: newest }];
  const bare = [...bareQuantities(SCHEMAS[format], document), ...bareInGrid(SCHEMAS[format], document, file)];
  const open = bare.filter(({ kind }) => units[kind] === undefined);
  if (open.length > 0) throw withoutUnit(open, file);
  const named = bare.map(({ path, value, kind }) => {
    return { keys: path, path: fieldPath(path), from: value, to: `${value}${units[kind]!}` };
  });
  return [...raised, ...named];
}

/** The values of a grid that lack the unit of the field that they are for. */
function bareInGrid(schema: z.ZodType, document: unknown, file: string): readonly BareQuantity[] {
  const grid = fieldOf(document, 'grid');
  if (typeof grid !== 'object' || grid === null) return [];
  return Object.entries(grid).flatMap(([field, values]: [string, unknown]) => {
    if (!Array.isArray(values) || !values.some((value) => typeof value === 'number')) return [];
    const [cell] = cells(document, { [field]: [1] }, file);
    const found = bareQuantities(schema, cell!.document).find(({ path }) => plain(fieldPath(path)) === plain(field));
    if (found === undefined) return [];
    return values.flatMap((value: unknown, index): readonly BareQuantity[] =>
      typeof value === 'number' && value > 0 ? [{ ...found, value, path: ['grid', field, index] }] : [],
    );
  });
}

/** A path without brackets. */
function plain(path: string): string {
  return path.replaceAll(/\[(\d+)\]/g, '.$1');
}

function withoutUnit(open: readonly BareQuantity[], file: string): UserError {
  const [first, ...others] = open.map(({ path, value, kind, usualUnit }) => {
    return `${fieldPath(path)} is ${value}, ${bareNumber(kind, value, usualUnit).question}`;
  });
  const also = others.slice(0, LISTED_MAX - 1).map((each) => `Also: ${each}`);
  const more = others.length - also.length;
  if (more > 0) also.push(`${more} more ${more === 1 ? 'lacks' : 'lack'} a unit.`);
  const options = [...new Set(open.map(({ kind }) => OPTIONS[kind]))].join(' and ');
  const hint =
    `Give ${options}, or another unit, if it is that of all of them; or write each with its unit. Version 1 read sizes as B ` +
    'and times as ns.';
  return new UserError('input', `${file}: ${first}`, [...also, hint].join('\n'));
}

function edited(text: string, changes: readonly Change[], file: string): Pick<Upgrade, 'changes' | 'text'> {
  if (changes.length === 0) return { changes, text };
  const source = new EditedText(text);
  for (const { keys, path, from, to } of changes) {
    if (source.replace(keys, to)) continue;
    const message = `${file}: ${path} is ${from} by an alias, and elsewhere the same number has another unit`;
    throw new UserError('input', message, 'Write the numbers out, each with its unit.');
  }
  return { changes: changes.map(({ path, from, to }) => ({ path, from, to })), text: source.toString() };
}

function upgradedResult(text: string, document: unknown, file: string): Upgrade {
  parseBenchResult(text, file);
  const title = `a document of \`${DOCUMENTS[RESULT_FORMAT].command}\``;
  const version = fieldOf(document, 'version');
  if (typeof version !== 'number' || version === RESULT_VERSION) return { title, changes: [], text };
  const added = Object.entries(ADDED_FIELDS).filter(([name]) => fieldOf(document, name) === undefined);
  // JSON.parse takes a field that is there twice.
  parseInput(text, file, INPUT_BYTES_MAX);
  const source = new EditedText(text);
  source.replace(['version'], RESULT_VERSION);
  for (const [name, value] of added) source.add('driver', name, value);
  const changes = [
    { path: 'version', from: version, to: RESULT_VERSION },
    ...added.map(([path, to]) => ({ path, from: null, to })),
  ];
  const upgrade = { title, changes, text: source.toString() };
  parseBenchResult(upgrade.text, file);
  return upgrade;
}
