/**
 * A question from its file, with all that it names, and the cells of its grid.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { parseDocument } from '../../../sim/base/schema.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { type QuestionFiles, vmsOf } from '../../../sim/fleet/answer.ts';
import { type LimitsPreset, limitsPresetSchema } from '../../../sim/fleet/limits.ts';
import { type Question, questionSchema } from '../../../sim/fleet/question.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { readTopology } from '../../../sim/pci/topology-file.ts';
import type { Topology } from '../../../sim/pci/topology.ts';
import type { DeviceProfile } from '../../../sim/memory/device-profile.ts';
import { parseInput, readInputFile, readInputText } from '../../io/input-file.ts';
import { TOPOLOGIES } from '../isolation/shipped.ts';
import { readProfile } from '../../io/profiles.ts';
import { PRESETS, QUESTIONS } from './shipped.ts';

/** Values of a field to try, by its path in the document. */
export type Grid = Readonly<Record<string, readonly (number | string | boolean)[]>>;

interface GridCell {
  /** The fields that were set, by their paths. */
  readonly at: Readonly<Record<string, number | string | boolean>>;
  readonly question: Question;
}

export interface AskedQuestion {
  /** For messages: the path as it was given, or the name of what comes with the package. */
  readonly file: string;
  readonly question: Question;
  readonly files: QuestionFiles;
  /** Empty when there is no grid. */
  readonly cells: readonly GridCell[];
}

/** Cells of one sweep, at most. */
const CELLS_MAX = 100_000;

/**
 * Reads a question.
 *
 * @param word a path, or the name of a shipped question
 * @param grid fields to sweep besides those of the document
 * @throws UserError of kind `input`
 */
export function readQuestion(word: string, grid: Grid = {}): AskedQuestion {
  const { path, name: file } = QUESTIONS.place(word);
  const document = parseInput(readInputText(path), file);
  const question = parseDocument(questionSchema, document, file);
  const cells = cellsOf(document, { ...question.grid, ...grid }, file);
  const asked = cells.length === 0 ? [question] : cells.map((cell) => cell.question);
  return { file, question, files: filesOf(asked, path), cells };
}

/** Every combination of the grid's values, the last field changing fastest. */
function cellsOf(document: unknown, grid: Grid, file: string): GridCell[] {
  const fields = Object.entries(grid);
  if (fields.length === 0) return [];
  const count = fields.reduce((product, [, values]) => product * values.length, 1);
  if (count > CELLS_MAX) {
    throw new UserError('input', `${file}: the grid has ${count} cells`, `Up to ${CELLS_MAX} are asked in one sweep.`);
  }
  return Array.from({ length: count }, (_, index) => {
    const at: Record<string, number | string | boolean> = {};
    let rest = index;
    for (const [field, values] of fields.toReversed()) {
      at[field] = values[rest % values.length]!;
      rest = Math.floor(rest / values.length);
    }
    const copy: unknown = structuredClone(document);
    for (const [field, value] of Object.entries(at)) setField(copy, field, value, file);
    const ordered = Object.fromEntries(fields.map(([field]) => [field, at[field]!]));
    const words = Object.entries(ordered).map(([field, value]) => `${field} = ${value}`);
    return { at: ordered, question: parseDocument(questionSchema, copy, `${file} with ${words.join(', ')}`) };
  });
}

/** Sets a field by its path, such as `vm.devices[0].queues`; what leads there is made when it is missing. */
function setField(document: unknown, field: string, value: unknown, file: string): void {
  const keys = field.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  let place = document as Record<string, unknown>;
  for (const [index, key] of keys.entries()) {
    if (index === keys.length - 1) {
      place[key] = value;
      return;
    }
    place[key] ??= {};
    const next = place[key];
    if (typeof next !== 'object' || next === null) {
      throw new UserError('input', `${file}: grid field ${field} leads through ${key}, which is no object`);
    }
    place = next as Record<string, unknown>;
  }
}

function filesOf(questions: readonly Question[], path: string): QuestionFiles {
  const profiles = new Map<string, DeviceProfile>();
  const topologies = new Map<string, Topology>();
  for (const question of questions) {
    for (const { devices } of vmsOf(question)) {
      for (const { profile } of devices) {
        if (!profiles.has(profile)) profiles.set(profile, readProfile(beside(path, profile)));
      }
    }
    if (question.ask !== 'room') continue;
    for (const { isolation } of question.hosts) {
      if (isolation === undefined || topologies.has(isolation.topology)) continue;
      const place = TOPOLOGIES.place(beside(path, isolation.topology));
      const { document } = readTopology(parseInput(readInputText(place.path), place.name), place.name);
      topologies.set(isolation.topology, buildTopology(document, place.name));
    }
  }
  return { profiles, topologies, presets: presets() };
}

/** All presets of limits that come with stopcopy. */
export function presets(): ReadonlyMap<string, LimitsPreset> {
  return new Map(PRESETS.names().map((name) => [name, readInputFile(PRESETS.path(name), limitsPresetSchema)]));
}

/** A file that a question names is looked for beside it, unless the word is good as it is. */
function beside(question: string, word: string): string {
  const path = resolve(dirname(question), word);
  return !existsSync(word) && /[/\\.]/.test(word) && existsSync(path) ? path : word;
}
