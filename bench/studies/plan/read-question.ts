/**
 * A question from its file, with all that it names, and the cells of its grid.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { parseDocument } from '../../../sim/base/schema.ts';
import { MIB } from '../../../sim/base/units.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { QuestionFiles } from '../../../sim/fleet/answer.ts';
import { unreadByAsk, type UnreadOfAsk } from '../../../sim/fleet/unread.ts';
import { checkHeads, vmsOf } from '../../../sim/fleet/whole-vm.ts';
import { type LimitsPreset, limitsPresetSchema } from '../../../sim/fleet/limits.ts';
import { type Question, QUESTION_VERSION, questionSchema } from '../../../sim/fleet/question.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { readTopology } from '../../../sim/pci/topology-file.ts';
import type { Topology } from '../../../sim/pci/topology.ts';
import type { OwnPlatform } from '../../../sim/memory/platform-file.ts';
import type { DeviceProfile } from '../../../sim/memory/device-profile.ts';
import { cells, type Grid, type GridPoint, gridSize, pointText } from '../../../workers/pools/grid.ts';
import { parseInput, readInputFile, readInputText } from '../../io/input-file.ts';
import { readForeignOf, readIfForeign } from '../../import/readers.ts';
import { importFleet } from '../import/import-fleet.ts';
import { TOPOLOGIES } from '../isolation/shipped.ts';
import { readProfile } from '../../io/profiles.ts';
import { PRESETS, QUESTIONS } from './shipped.ts';

/** The question for one point of the grid. */
interface SweptQuestion {
  /** The fields that were set, by their paths. */
  readonly at: GridPoint;
  readonly question: Question;
}

export interface AskedQuestion {
  /** For messages: the path as it was given, or the name of what comes with the package. */
  readonly file: string;
  readonly question: Question;
  readonly files: QuestionFiles;
  /** Empty when there is no grid. */
  readonly cells: readonly SweptQuestion[];
  /** What was left out of a file of version 1, a sentence each. */
  readonly notes: readonly string[];
}

/** Cells of one sweep, at most. */
const CELLS_MAX = 100_000;
/** Fields that are left out, named one by one. */
const NAMED_MAX = 6;

/**
 * Reads a question.
 *
 * @param word a path, or the name of a shipped question
 * @param grid fields to sweep in addition to those of the document
 * @param platform measured parameters of the machines; default: the shipped ones
 * @param confidence in place of what the document says; default: that
 * @throws UserError of kind `input`
 */
export function readQuestion(
  word: string,
  grid: Grid = {},
  platform?: OwnPlatform,
  confidence?: number,
): AskedQuestion {
  const { path, name: file } = QUESTIONS.place(word);
  const asked = { grid, platform, confidence };
  if (readIfForeign('fleet', path) !== undefined)
    return readFleetQuestion({ fleet: [path] }, grid, platform, confidence);
  return askedOf(parseInput(readInputText(path), file), { path, file, notes: [] }, asked);
}

/** What is asked of a fleet that a manager lists. */
interface FleetWords {
  /** Lists of it, or one question whose fleet it is. */
  readonly fleet: readonly string[];
  /** The question that is asked of it; default: how long it takes to empty the host with the most memory of VMs. */
  readonly question?: string | undefined;
  /** Which hosts are emptied, divided by commas. */
  readonly hosts?: string | undefined;
}

/**
 * The question of a fleet, by what a manager lists.
 *
 * @throws UserError of kind `input` for files that are no fleet; of kind `usage` for a question of something else
 */
export function readFleetQuestion(
  { fleet, question: word, hosts }: FleetWords,
  grid: Grid = {},
  platform?: OwnPlatform,
  confidence?: number,
): AskedQuestion {
  const wanted = { grid, platform, confidence };
  const place = word === undefined ? undefined : QUESTIONS.place(word);
  const asked =
    place === undefined ? undefined : objectOf(parseInput(readInputText(place.path), place.name), place.name);
  if (asked !== undefined && asked['ask'] !== 'evacuate') {
    throw new UserError(
      'usage',
      `${place!.name} asks '${String(asked['ask'])}', which is not of a fleet`,
      'Give a question whose ask is evacuate, or leave it out.',
    );
  }
  const count = typeof asked?.['hosts'] === 'number' ? asked['hosts'] : undefined;
  const { document, notes, isOwn } = fleetDocument(fleet, { hosts, count });
  const file = [...(place === undefined ? [] : [`${place.name} of`]), fleet.join(', ')].join(' ');
  const path = place?.path ?? fleet[0]!;
  if (asked === undefined) return askedOf(document, { path, file, notes }, wanted);
  const { racks: _, ...rest } = asked;
  // Hosts of a list are chosen; those of a question are its first ones.
  const given = isOwn ? asked : { ...rest, hosts: document['hosts'] };
  return askedOf({ ...given, fleet: document['fleet'] }, { path, file, notes }, wanted);
}

interface FleetDocument {
  readonly document: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
  /** Whether it is a question, and no list. */
  readonly isOwn: boolean;
}

/** The question that follows from lists of a fleet, or that a file is. */
function fleetDocument(
  paths: readonly string[],
  wanted: { readonly hosts: string | undefined; readonly count: number | undefined },
): FleetDocument {
  const [first] = paths;
  const isOwn = paths.length === 1 && readIfForeign('fleet', first!) === undefined;
  if (!isOwn) {
    const { plain, document } = importFleet(
      paths.map((path) => readForeignOf('fleet', path)),
      wanted,
    );
    const said = document.findings
      .filter(({ kind }) => kind === 'warning' || kind === 'unused')
      .map(({ text }) => text);
    const assumed = document.asks.map(
      ({ field, taken, decides }) => `assumed: ${field} is ${String(taken)}. It decides ${decides}.`,
    );
    return {
      document: plain as FleetDocument['document'],
      notes: [...said, ...assumed].map((each) => `${paths.join(', ')}: ${each}`),
      isOwn,
    };
  }
  const text = readInputText(first!);
  if (!/stopcopy-question/.test(text)) readForeignOf('fleet', first!);
  const document = objectOf(parseInput(text, first!, FLEET_BYTES_MAX), first!);
  if (wanted.hosts !== undefined) {
    throw new UserError(
      'usage',
      `--host is given, and ${first!} is a question, which says itself how many are emptied`,
      'Give a list of the fleet, or leave --host out.',
    );
  }
  if (!('fleet' in document))
    throw new UserError(
      'input',
      `${first!}: has no fleet`,
      'Give a question whose ask is evacuate, or a list of a manager.',
    );
  return { document, notes: [], isOwn };
}

/** A fleet of thousands of hosts that differ. */
const FLEET_BYTES_MAX = 4 * MIB;

function objectOf(given: unknown, file: string): Readonly<Record<string, unknown>> {
  if (typeof given === 'object' && given !== null && !Array.isArray(given))
    return given as Readonly<Record<string, unknown>>;
  throw new UserError('input', `${file}: is no question`, 'docs/plan-format.md has its fields.');
}

interface AskedPlace {
  readonly path: string;
  readonly file: string;
  readonly notes: readonly string[];
}

/** What is asked apart from what the document says. */
interface AskedWith {
  readonly grid: Grid;
  readonly platform: OwnPlatform | undefined;
  readonly confidence: number | undefined;
}

function askedOf(
  raw: unknown,
  { path, file, notes }: AskedPlace,
  { grid, platform, confidence }: AskedWith,
): AskedQuestion {
  const given = withConfidence(raw, confidence, file);
  const read = parseDocument(questionSchema, given, file);
  const unread = isOlder(given) ? unreadByAsk(read, filesOf([read], path).profiles) : [];
  const document = without(
    given,
    unread.map((field) => field.path),
  );
  const question = unread.length === 0 ? read : parseDocument(questionSchema, document, file);
  const swept = cellsOf(document, { ...question.grid, ...grid }, file);
  const asked = questionsOf({ question, cells: swept });
  const files = { ...filesOf(asked, path), ...(platform === undefined ? {} : { platform }) };
  checkHeads(asked, files.presets, file);
  return { file, question, files, cells: swept, notes: [...notes, ...notesOn(unread, file)] };
}

/** Every question that is asked: of its grid, or the one that there is. */
export function questionsOf({
  question,
  cells: swept,
}: Pick<AskedQuestion, 'question' | 'cells'>): readonly Question[] {
  return swept.length === 0 ? [question] : swept.map((cell) => cell.question);
}

/** Asks with a number that is guaranteed. */
const GUARANTEED: ReadonlySet<unknown> = new Set(['most', 'least', 'at-once']);

function withConfidence(document: unknown, confidence: number | undefined, file: string): unknown {
  if (confidence === undefined) return document;
  const { ask } = document as Readonly<Record<string, unknown>>;
  if (GUARANTEED.has(ask)) return { ...(document as object), confidence };
  throw new UserError(
    'usage',
    `--confidence is given, and ${file} asks ${String(ask)}`,
    'Numbers of the asks most, least and at-once are guaranteed.',
  );
}

/** A sentence for each reason why fields are left out. */
function notesOn(unread: readonly UnreadOfAsk[], file: string): readonly string[] {
  return [...new Set(unread.map(({ why }) => why))].map((why) => {
    const fields = unread.filter((each) => each.why === why);
    const named = fields.slice(0, NAMED_MAX).map(({ field }) => field);
    const more = fields.length - named.length;
    const list = more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
    return `${file}: left out, as version 2 refuses ${fields.length === 1 ? 'it' : 'them'}: ${list}; ${why}`;
  });
}

/** Whether a question is of a version whose fields without effect are left out instead of refused. */
function isOlder(document: unknown): boolean {
  return (document as Readonly<Record<string, unknown>>)['version'] !== QUESTION_VERSION;
}

/** A copy of a document without the fields at these paths. */
function without(document: unknown, paths: readonly (readonly (string | number)[])[]): unknown {
  const copy: unknown = structuredClone(document);
  for (const path of paths) {
    let place = copy as Record<string | number, unknown>;
    for (const key of path.slice(0, -1)) place = place[key] as typeof place;
    delete place[path.at(-1)!];
  }
  return copy;
}

function cellsOf(document: unknown, grid: Grid, file: string): readonly SweptQuestion[] {
  if (Object.keys(grid).length === 0) return [];
  const count = gridSize(grid);
  if (count > CELLS_MAX) {
    throw new UserError('input', `${file}: the grid has ${count} cells`, `Up to ${CELLS_MAX} are asked in one sweep.`);
  }
  return cells(document, grid, file).map(({ at, document: cell }) => ({
    at,
    question: parseDocument(questionSchema, cell, `${file} with ${pointText(at)}`),
  }));
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

/** A file that a question names is sought next to it, unless the word is good as it is. */
function beside(question: string, word: string): string {
  const path = resolve(dirname(question), word);
  return !existsSync(word) && /[/\\.]/.test(word) && existsSync(path) ? path : word;
}
