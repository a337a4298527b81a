/**
 * A scenario that reproduces a measured move: fields with their sources, free values fitted, and how far off it is.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import { compileScenario, type CompiledScenario } from '../../../sim/scenario/compile.ts';
import { type Scenario, SCENARIO_FORMAT, SCENARIO_VERSION, scenarioSchema } from '../../../sim/scenario/document.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import type { DeviceProfile } from '../../../sim/memory/device-profile.ts';
import { readProfile } from '../../io/profiles.ts';
import type { MoveFacts } from '../../import/move/facts.ts';
import { type CommentedField, type CommentedMap, plainOf } from './commented.ts';
import { type DraftField, draftOf, type MeasuredMove, rounded, uniform } from './move-draft.ts';
import { fitted, type FreeValues, inMeasuredUnits, isAcknowledged, type ModelledMove, resultOf } from './move-fit.ts';

/** A value that the user gives in place of what the file says, or does not say: `stream.gigabitsPerSecond=25`. */
export interface Given {
  readonly path: string;
  readonly value: string | number | boolean;
}

export interface MoveScenario {
  readonly scenario: Scenario;
  readonly profiles: ReadonlyMap<string, DeviceProfile>;
  /** With a comment at each value. */
  readonly document: CommentedMap;
  readonly fields: readonly DraftField[];
  readonly measured: MeasuredMove;
  /** Nominal; null: in the model the move does not end. */
  readonly modelled: ModelledMove | null;
}

/**
 * The scenario of a move.
 *
 * @param name of the scenario
 * @param source what is named in its description
 * @throws UserError of kind `input` for a move of which too little is known, or that cannot be
 */
export function moveScenario(
  move: MoveFacts,
  name: string,
  source: string,
  given: readonly Given[] = [],
): MoveScenario {
  const draft = draftOf(move);
  const fields = withGiven(draft.fields, given);
  const free = draft.free.filter((each) => !given.some(({ path }) => path.startsWith(PATHS[each.name])));
  const profiles = profilesOf(fields);
  const head = { name, description: `A move that ${source} describes` };
  const start = compiledAt(head, fields, profiles, source);
  const values = fitted(start, free, draft.measured);
  const added = acknowledgement(values);
  const kept = fields.filter(({ path }) => !added.some((each) => each.path === path));
  const fit = [...kept.map((field) => withFitted(field, values)), ...added];
  const document = documentOf(head, fit);
  const scenario = parseDocument(scenarioSchema, plainOf(document), source);
  const result = resultOf({ ...start, scenario });
  return {
    scenario,
    profiles,
    document,
    fields: fit,
    measured: draft.measured,
    modelled: result === null ? null : inMeasuredUnits(result, draft.measured),
  };
}

/** Fields of the free values. */
const PATHS = {
  link: 'stream.gigabitsPerSecond',
  dirtyRate: 'memory.dirty',
  workingSet: 'memory.dirty',
  limit: 'convergence.downtimeLimit',
  acknowledged: 'switchoverAck',
} as const;

function withGiven(fields: readonly DraftField[], given: readonly Given[]): readonly DraftField[] {
  const kept = fields.filter(
    ({ path }) => !given.some((each) => each.path === path || path.startsWith(`${each.path}.`)),
  );
  return [...kept, ...given.map(({ path, value }): DraftField => ({ path, value, origin: 'said', why: '--set' }))];
}

/** The highest downtime limit that QEMU takes: any state of devices fits. */
const LIMIT_FOR_ALL = '2000s';

/** The scenario as it is drafted, compiled as one that surely ends: its free values come later. */
function compiledAt(
  head: Head,
  fields: readonly DraftField[],
  profiles: ReadonlyMap<string, DeviceProfile>,
  source: string,
): CompiledScenario {
  const idle = fields.map((field) => {
    if (field.path === PATHS.dirtyRate) return { ...field, value: uniform(1, 4096) };
    return field.path === PATHS.limit ? { ...field, value: LIMIT_FOR_ALL } : field;
  });
  const scenarioOf = (of: readonly DraftField[]): Scenario =>
    parseDocument(scenarioSchema, plainOf(documentOf(head, of)), source);
  return { ...compileScenario(scenarioOf(idle), profiles, source), scenario: scenarioOf(fields) };
}

function withFitted(field: DraftField, { link, dirtyRate, workingSet, limit }: FreeValues): DraftField {
  if (field.path === PATHS.link && link !== undefined) {
    const isFitted = rounded(link) !== field.value;
    // Where no rate was measured the link stands for all that decides the total.
    const why =
      field.origin === 'assumed' && isFitted
        ? `${field.why}: with this one the model has the measured total`
        : field.why;
    return { ...field, value: rounded(link), why };
  }
  if (field.path === PATHS.limit && limit !== undefined) {
    return {
      ...field,
      value: `${Math.round(limit)}ms`,
      origin: 'inferred',
      why: 'fitted: with it the model has the measured pause',
    };
  }
  if (field.path !== 'memory.dirty' || typeof field.value !== 'object' || 'items' in field.value) return field;
  const plain = plainOf(field.value) as { readonly pagesPerSecond: number };
  const set = workingSet === undefined ? undefined : Math.max(4096, Math.floor(workingSet / 4096) * 4096);
  return set === undefined ? field : { ...field, value: uniform(dirtyRate ?? plain.pagesPerSecond, set) };
}

/** Whether device state went ahead of the stop, as far as the pause says. */
function acknowledgement({ acknowledged }: FreeValues): readonly DraftField[] {
  if (acknowledged === undefined || !isAcknowledged(acknowledged)) return [];
  const why = 'the pause is too short for all of the device state: most of it went ahead of the stop';
  return [
    { path: 'switchoverAck', value: true, origin: 'inferred', why },
    { path: 'returnPath', value: true, origin: 'inferred', why: 'switchover-ack needs it' },
  ];
}

interface Head {
  readonly name: string;
  readonly description: string;
}

/** Order of a scenario's fields. */
const ORDER = [
  'vmm',
  'vmmVersion',
  'manager',
  'vcpus',
  'memory',
  'stream',
  'convergence',
  'switchoverAck',
  'returnPath',
  'assume',
  'devices',
];

function documentOf({ name, description }: Head, fields: readonly DraftField[]): CommentedMap {
  const tops = new Set([...ORDER, ...fields.map(({ path }) => path.split('.', 1)[0]!)]);
  return {
    fields: [
      { key: 'format', value: SCENARIO_FORMAT },
      { key: 'version', value: SCENARIO_VERSION },
      { key: 'name', value: name },
      { key: 'description', value: description },
      ...[...tops].flatMap((top) => topField(top, fields)),
    ],
  };
}

function topField(top: string, fields: readonly DraftField[]): readonly CommentedField[] {
  const own = fields.filter(({ path }) => path === top || path.startsWith(`${top}.`));
  if (own.length === 0) return [];
  const whole = own.find(({ path }) => path === top);
  if (whole !== undefined) return [{ key: top, value: whole.value, comment: commentOf(whole) }];
  const inner = own.map((field): CommentedField => ({
    key: field.path.slice(top.length + 1),
    value: field.value,
    comment: commentOf(field),
  }));
  return [{ key: top, value: { fields: inner } }];
}

function commentOf({ origin, why }: DraftField): string {
  return `${origin}: ${why}`;
}

function profilesOf(fields: readonly DraftField[]): ReadonlyMap<string, DeviceProfile> {
  const devices = fields.find(({ path }) => path === 'devices');
  if (devices === undefined) return new Map();
  const list = plainOf(devices.value);
  if (!Array.isArray(list)) throw new UserError('input', 'devices: a list is needed');
  return new Map(list.map(({ profile }: { readonly profile: string }) => [profile, readProfile(profile)]));
}
