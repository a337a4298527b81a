/**
 * What the refusal of a policy rests on that nobody has said: the fewest unknown fields of a topology which, with their other
 * value, let the migration driver load.
 */
import type { VfAnswer } from '../../../sim/pci/isolation.ts';
import { hasSlot } from '../../../sim/pci/placement.ts';
import { exposureByRules, type RulesExposure } from '../../../sim/pci/rules.ts';
import type { PhysicalFunctionDocument, TopologyDocument } from '../../../sim/pci/topology-file.ts';
import { POLICIES, type Policy } from '../../../sim/pci/policy.ts';
import type { Topology } from '../../../sim/pci/topology.ts';
import { refuses } from '../../../sim/pci/verdict.ts';
import { withAnswers } from '../../../sim/pci/what-if.ts';
import type { LoadsIf, TopologyReport } from '../../documents/isolation/document.ts';
import { unknownOf } from '../../documents/isolation/unknowns.ts';

/** A topology, the VFs that are asked about, and what it leaves to be assumed. */
interface Asked {
  readonly topology: Topology;
  readonly vfs: readonly VfAnswer[];
  readonly assumed: TopologyReport['assumed'];
}

/** Fields that are asked about together: of devices of one kind, one question. */
interface Question {
  readonly field: string;
  /** Which devices; empty for a field that stands once. */
  readonly of: string;
  readonly apart: string | boolean;
  readonly paths: string[];
}

/**
 * For each policy: the VFs that it refuses on the values that are taken, and that would load if the conditions hold. Of the
 * unknown fields each is given up that is not needed, so that none of the conditions can be left out.
 */
export function loadsIf({ topology, vfs, assumed }: Asked): readonly LoadsIf[] {
  const refused = POLICIES.filter((policy) => vfs.some(({ decisions }) => decisions[policy].verdict === 'refuse'));
  const paths = [...assumed.map(({ path }) => path), ...silentPorts(topology, vfs)];
  const questions = refused.length === 0 ? [] : questionsOf(topology.document, paths);
  if (questions.length === 0) return [];
  const loading = new Loading(topology);
  return refused.flatMap((policy) => {
    const wanted = vfs.filter(({ decisions }) => decisions[policy].verdict === 'refuse').map(({ vf }) => vf);
    const able = loading.under(questions, policy, wanted);
    if (able.length === 0) return [];
    let needed: readonly Question[] = questions;
    for (const each of questions) {
      const rest = needed.filter((other) => other !== each);
      if (loading.under(rest, policy, able).length === able.length) needed = rest;
    }
    const addresses = vfs.filter(({ vf }) => able.includes(vf)).map(({ address }) => address);
    return [{ policy, vfs: addresses, conditions: needed.map(conditionOf) }];
  });
}

function conditionOf({ field, of, apart, paths }: Question): LoadsIf['conditions'][number] {
  const { question, ask } = unknownOf(paths[0]!)!;
  return { field, of, value: apart, places: paths.length, question, ask };
}

interface Answered {
  readonly topology: Topology;
  readonly exposure: RulesExposure;
}

class Loading {
  private readonly topology: Topology;
  private readonly known = new Map<string, Answered>();

  constructor(topology: Topology) {
    this.topology = topology;
  }

  /** Which of the VFs load under a policy when the questions are answered so that more is kept apart. */
  under(questions: readonly Question[], policy: Policy, vfs: readonly number[]): readonly number[] {
    const { topology, exposure } = this.answered(questions);
    return vfs.filter((vf) => !refuses(topology, exposure, vf, policy));
  }

  private answered(questions: readonly Question[]): Answered {
    const key = questions.map(({ field, of }) => `${field} ${of}`).join(';');
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const answers = questions.flatMap(({ paths, apart }) => paths.map((path) => ({ path, value: apart })));
    const topology = withAnswers(this.topology, answers);
    const answered = { topology, exposure: exposureByRules(topology) };
    this.known.set(key, answered);
    return answered;
  }
}

/** Paths of `slot` of the root ports right above VFs that are asked about, where nobody says it. */
function silentPorts({ nodes, nodeParent, functionNode }: Topology, vfs: readonly VfAnswer[]): readonly string[] {
  const ports = new Set(vfs.filter(({ area }) => area !== undefined).map(({ vf }) => nodeParent[functionNode[vf]!]!));
  return [...ports].flatMap((port) => {
    const node = nodes[port];
    const isSilent = node?.document.kind === 'root-port' && hasSlot(node.document) === undefined;
    return isSilent ? [`${node.path}.slot`] : [];
  });
}

function questionsOf(document: TopologyDocument, paths: readonly string[]): readonly Question[] {
  const questions = new Map<string, Question>();
  for (const path of paths) {
    const unknown = unknownOf(path);
    if (unknown === undefined) continue;
    const { field, everywhere, apart } = unknown;
    const of = everywhere ? kindOf(document, path) : '';
    const known = questions.get(`${field} ${of}`);
    if (known === undefined) questions.set(`${field} ${of}`, { field, of, apart, paths: [path] });
    else known.paths.push(path);
  }
  return [...questions.values()];
}

/** `zip`, `sec`, … for a device with such a function, else `other devices`. */
function kindOf(document: TopologyDocument, path: string): string {
  const device = path.replace(/(?:\.functions\[.*|\.internalRouting)$/, '').replace(/\.slot$/, '.below[0]');
  const functions = at(document, `${device}.functions`) as readonly PhysicalFunctionDocument[] | undefined;
  const kind = functions?.find((fn) => fn.kind !== 'other')?.kind ?? 'other devices';
  return path.endsWith('.slot') ? `the root port above ${kind}` : kind;
}

function keysOfPath(path: string): readonly string[] {
  return path.split(/[.[\]]+/).filter((key) => key !== '');
}

function at(document: unknown, path: string): unknown {
  let here: unknown = document;
  for (const key of keysOfPath(path)) here = (here as Readonly<Record<string, unknown>> | undefined)?.[key];
  return here;
}
