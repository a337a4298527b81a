/**
 * A question about policies with all that it names: classes of workloads, records, device profiles, and modules of users.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';

import { isKeyOf } from '../../../sim/base/keys.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import { similarName } from '../../../sim/base/similar.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { Devices, StreamSettings } from '../../../sim/converge/play.ts';
import { beginsPostCopy, POLICIES, POLICY_NAMES, type PolicyName } from '../../../sim/converge/policies.ts';
import {
  type ConvergeQuestion,
  convergeQuestionSchema,
  isModule,
  LABEL_MAX,
  labelOf,
  type PolicyEntry,
  settingsOf,
} from '../../../sim/converge/question.ts';
import { type PlayedClass, type WorkloadClass, workloadsSchema } from '../../../sim/converge/workload-class.ts';
import { figuresOf } from '../../../sim/memory/device-profile.ts';
import type { AskedPolicy } from '../../../workers/pools/converge-cell.ts';
import type { OwnModule } from '../../../workers/pools/own-modules.ts';
import { parseInput, readInputFile, readInputText } from '../../io/input-file.ts';
import { readProfile } from '../../io/profiles.ts';
import { parseRates } from './rate-record.ts';
import { CONVERGE_QUESTIONS, WORKLOADS_PATH } from './shipped.ts';

/** What the command line says over the document. */
export interface ConvergeWords {
  readonly policy?: readonly string[];
  readonly class?: readonly string[];
  /** A CSV file that the class `recorded` plays as it is. */
  readonly rates?: string;
  readonly gbps?: number;
  readonly seeds?: number;
  readonly seed?: number;
  readonly draws?: number;
  readonly prefer?: string;
}

export interface AskedPolicies {
  /** For messages: the path as it was given, or the name of what comes with the package. */
  readonly file: string;
  readonly question: ConvergeQuestion;
  /** Names in results, and what each stands for. */
  readonly labels: readonly string[];
  readonly policies: readonly AskedPolicy[];
  readonly classes: readonly PlayedClass[];
  readonly stream: StreamSettings;
  readonly devices: readonly Devices[];
}

/** The class that `--rates` gives a record to. */
const RECORDED = 'recorded';
const SHIPPED = 'policies';

/**
 * @param word a path, or the name of a shipped question; undefined: every policy against every class
 * @throws UserError of kind `input`
 */
export function readConverge(word: string | undefined, words: ConvergeWords): AskedPolicies {
  const { path, name: file } = CONVERGE_QUESTIONS.place(word ?? SHIPPED);
  const given = parseInput(readInputText(path), file);
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  const document = isObject ? withWords({ ...given }, words) : given;
  const question = parseDocument(convergeQuestionSchema, document, file);
  const entries = question.policies ?? policiesFor(question).map((policy): PolicyEntry => ({ policy }));
  refusePostCopy(question, entries, file);
  // Modules of the command line are looked for from the current folder, those of a document from its own.
  const folder = words.policy === undefined ? dirname(path) : '.';
  const labels = entries.map((entry) => ownLabel(entry));
  const twice = labels.find((label, i) => labels.indexOf(label) < i);
  if (twice !== undefined) {
    throw new UserError('input', `${file}: two policies are called ${twice}`, 'Give one of them another name with as.');
  }
  const { latency, maxBandwidth = Number.POSITIVE_INFINITY, ...stream } = question.stream;
  return {
    file,
    question,
    labels,
    policies: entries.map((entry) => askedPolicy(entry, folder)),
    classes: classesOf(question, words, { path, file }),
    stream: { ...stream, latencyNs: latency, maxBytesPerSecond: maxBandwidth },
    devices: devicesOf(question, path),
  };
}

function withWords(document: Record<string, unknown>, words: ConvergeWords): Record<string, unknown> {
  const { policy, class: classes, gbps, seeds, seed, draws, prefer } = words;
  // What the document says of itself no longer holds.
  if (policy !== undefined || classes !== undefined) document['description'] = '';
  if (policy !== undefined) document['policies'] = policy;
  if (classes !== undefined) document['classes'] = classes;
  if (gbps !== undefined) document['stream'] = { ...(document['stream'] as object), gigabitsPerSecond: gbps };
  if (seeds !== undefined) document['seeds'] = seeds;
  if (seed !== undefined) document['seed'] = seed;
  if (draws !== undefined) document['draws'] = draws;
  if (prefer !== undefined) document['prefer'] = prefer;
  return document;
}

/** QEMU refuses the capability of post-copy to a VM with VFIO devices, used or not. */
function policiesFor({ devices }: ConvergeQuestion): readonly PolicyName[] {
  return devices === undefined ? POLICY_NAMES : POLICY_NAMES.filter((name) => !beginsPostCopy(name));
}

function refusePostCopy(question: ConvergeQuestion, entries: readonly PolicyEntry[], file: string): void {
  const allowed: readonly string[] = policiesFor(question);
  const wrong = entries.findIndex(({ policy }) => isKeyOf(POLICIES, policy) && !allowed.includes(policy));
  if (wrong < 0) return;
  throw new UserError(
    'input',
    `${file}: policies.${wrong} is ${entries[wrong]!.policy}, and QEMU refuses post-copy to a VM with VFIO devices`,
    'Leave it out, or devices.',
  );
}

/** A module is called as its file, without its ending. */
function ownLabel(entry: PolicyEntry): string {
  const { policy, as } = entry;
  if (as !== undefined || !isModule(policy)) return labelOf(entry);
  return basename(policy, extname(policy)).slice(0, LABEL_MAX);
}

function askedPolicy(entry: PolicyEntry, folder: string): AskedPolicy {
  const { policy } = entry;
  const settings = settingsOf(entry);
  if (isKeyOf(POLICIES, policy)) return { name: policy, settings };
  const path = resolve(folder, policy);
  const hash = createHash('sha256').update(readInputText(path)).digest('hex');
  const module: OwnModule = { path, name: policy, hash };
  return { module, settings };
}

interface Place {
  readonly path: string;
  readonly file: string;
}

function classesOf(question: ConvergeQuestion, { rates }: ConvergeWords, place: Place): readonly PlayedClass[] {
  const shipped = readInputFile(WORKLOADS_PATH, workloadsSchema).classes;
  const known: Readonly<Record<string, WorkloadClass>> = { ...shipped, ...question.workloads };
  const names = question.classes ?? Object.keys(known);
  if (rates !== undefined && !names.includes(RECORDED)) {
    throw new UserError(
      'usage',
      `--rates is for the class ${RECORDED}, which is not asked for`,
      `Give --class ${RECORDED} as well.`,
    );
  }
  return names.map((name) => {
    if (!Object.hasOwn(known, name)) {
      const meant = similarName(name, Object.keys(known));
      throw new UserError(
        'input',
        `${place.file}: classes has '${name}', allowed is ${Object.keys(known).join(', ')}`,
        meant === undefined ? undefined : `Is '${meant}' meant?`,
      );
    }
    return playedClass(
      name,
      known[name]!,
      isKeyOf(question.workloads ?? {}, name) ? place.path : WORKLOADS_PATH,
      rates,
    );
  });
}

/** @param from the document that the class is in */
function playedClass(name: string, of: WorkloadClass, from: string, rates: string | undefined): PlayedClass {
  if (name === RECORDED && rates !== undefined) {
    return { ...of, name, rates: parseRates(readInputText(rates), rates), isAbsolute: true };
  }
  if (of.record === undefined) return { ...of, name };
  const folder = from === WORKLOADS_PATH ? resolve(dirname(from), 'rates') : dirname(from);
  const path = resolve(folder, of.record);
  const shown = existsSync(of.record) ? of.record : path;
  return { ...of, name, rates: parseRates(readInputText(shown), of.record) };
}

function devicesOf({ devices }: ConvergeQuestion, path: string): readonly Devices[] {
  if (devices === undefined) return [];
  const { profile: word, count, queues } = devices;
  const near = resolve(dirname(path), word);
  const profile = readProfile(isModule(word) && !existsSync(word) && existsSync(near) ? near : word);
  return [{ name: profile.id, count, queues, profile, figures: figuresOf(profile, 'point') }];
}
