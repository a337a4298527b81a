/**
 * What a VirtualMachineInstance asks of its node and of VMs next to it, for the scheduler: selector, affinity, tolerations.
 * What cannot be read, or be said in a question, keeps it where it is.
 */
import { isObject, type JsonObject, listAt, textAt, valueAt } from '../json-values.ts';
import { type ApartTerm, LABEL_OPERATORS, type LabelAlternatives, type LabelNeed, type Toleration } from './facts.ts';
import { isInteger } from './labels.ts';

/** Stands for the name of a node among its labels: no label begins with a dot. */
export const NAME_FIELD = '.metadata.name';
export const HOSTNAME = 'kubernetes.io/hostname';
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

interface Scheduling {
  readonly needs: readonly LabelAlternatives[];
  readonly tolerations: readonly Toleration[];
  readonly apart: readonly ApartTerm[];
  readonly pins: readonly string[];
}

export function schedulingOf(vmi: JsonObject): Scheduling {
  const spec = vmi['spec'];
  const pins: string[] = [];
  const needs = needsOf(spec, pins);
  if (isGiven(valueAt(spec, 'affinity', 'podAffinity', REQUIRED)))
    pins.push('podAffinity: where other pods are is not in the question');
  const apart = valueAt(spec, 'affinity', 'podAntiAffinity', REQUIRED);
  if (isGiven(apart) && !Array.isArray(apart)) pins.push('podAntiAffinity: it is no list of terms');
  if (listAt(spec, 'topologySpreadConstraints').some((each) => textAt(each, 'whenUnsatisfiable') !== 'ScheduleAnyway'))
    pins.push('topologySpreadConstraints: they are not in the question');
  return { needs, tolerations: listAt(spec, 'tolerations').flatMap(tolerationOf), apart: apartOf(vmi), pins };
}

/** Whether it prefers nodes, or VMs next to it. */
export function prefers(vmi: JsonObject): boolean {
  return ['nodeAffinity', 'podAffinity', 'podAntiAffinity'].some((kind) =>
    isGiven(valueAt(vmi, 'spec', 'affinity', kind, PREFERRED)),
  );
}

/** An empty list asks for nothing. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

function needsOf(spec: unknown, pins: string[]): readonly LabelAlternatives[] {
  const selector = valueAt(spec, 'nodeSelector');
  const own = Object.entries(isObject(selector) ? selector : {}).map(([label, value]): LabelNeed => ({
    label,
    operator: 'In',
    values: [String(value)],
  }));
  const needs: LabelAlternatives[] = own.length === 0 ? [] : [[own]];
  const required = valueAt(spec, 'affinity', 'nodeAffinity', REQUIRED);
  if (!isGiven(required)) return needs;
  const terms: (readonly LabelNeed[])[] = [];
  for (const term of listAt(required, 'nodeSelectorTerms')) {
    const read = termOf(term);
    if (typeof read === 'string') {
      pins.push(`nodeAffinity: ${read}`);
      return needs;
    }
    // A term that asks for nothing allows no node.
    if (read.length > 0) terms.push(read);
  }
  return [...needs, terms];
}

/** A term; a text: what of it cannot be read. */
function termOf(term: unknown): readonly LabelNeed[] | string {
  const needs: LabelNeed[] = [];
  for (const each of listAt(term, 'matchExpressions')) {
    const need = needOf(each);
    if (typeof need === 'string') return need;
    needs.push(need);
  }
  for (const each of listAt(term, 'matchFields')) {
    const need = needOf(each);
    if (typeof need === 'string') return need;
    if (need.label !== 'metadata.name') return `the field ${need.label} is not known`;
    needs.push({ ...need, label: NAME_FIELD });
  }
  return needs;
}

function needOf(each: unknown): LabelNeed | string {
  const label = textAt(each, 'key');
  const word = textAt(each, 'operator');
  const operator = LABEL_OPERATORS.find((known) => known === word);
  const values = listAt(each, 'values').map(String);
  if (label === undefined) return 'a term without a key';
  if (operator === undefined) return `the operator ${word ?? '?'} of ${label} is not known`;
  const isWhole =
    operator === 'Gt' || operator === 'Lt'
      ? values.length === 1 && isInteger(values[0]!)
      : values.length > 0 === (operator === 'In' || operator === 'NotIn');
  return isWhole ? { label, operator, values } : `${operator} of ${label} has the values ${values.join(', ') || 'none'}`; // prettier-ignore
}

/** One with an operator that is not known tolerates nothing. */
function tolerationOf(each: unknown): readonly Toleration[] {
  const operator = textAt(each, 'operator') ?? 'Equal';
  if (operator !== 'Equal' && operator !== 'Exists') return [];
  const textOf = (name: string): string | null => textAt(each, name) || null;
  const value = operator === 'Exists' ? null : (textAt(each, 'value') ?? '');
  return [{ key: textOf('key'), value, effect: textOf('effect') }];
}

function apartOf(vmi: JsonObject): readonly ApartTerm[] {
  const required = listAt(valueAt(vmi, 'spec', 'affinity', 'podAntiAffinity'), REQUIRED);
  return required.flatMap((term): readonly ApartTerm[] => {
    const selector = valueAt(term, 'labelSelector');
    // Without a selector it is about no pod.
    if (!isObject(selector)) return [];
    const labels = Object.entries(isObject(selector['matchLabels']) ? selector['matchLabels'] : {});
    const expressions = listAt(selector, 'matchExpressions').map(needOf);
    const read = expressions.filter((each) => typeof each !== 'string');
    const needs = [
      ...labels.map(([label, value]): LabelNeed => ({ label, operator: 'In', values: [String(value)] })),
      ...read,
    ];
    const own = listAt(term, 'namespaces').map(String);
    // Labels of namespaces are not in the list: a selector of them may mean any.
    const isAnywhere = isObject(valueAt(term, 'namespaceSelector'));
    return [
      {
        topology: textAt(term, 'topologyKey') ?? '?',
        needs: read.length < expressions.length ? null : needs,
        namespaces: isAnywhere ? null : own.length > 0 ? own : [textAt(vmi, 'metadata', 'namespace') ?? ''],
      },
    ];
  });
}

/** Labels of the pod of a VMI: its own, and what KubeVirt adds. */
export function podLabels(vmi: JsonObject): Readonly<Record<string, string>> {
  const own = valueAt(vmi, 'metadata', 'labels');
  const name = textAt(vmi, 'metadata', 'name') ?? '?';
  const uid = textAt(vmi, 'metadata', 'uid');
  return {
    ...Object.fromEntries(Object.entries(isObject(own) ? own : {}).map(([label, value]) => [label, String(value)])),
    'kubevirt.io': 'virt-launcher',
    'vm.kubevirt.io/name': name,
    ...(uid === undefined ? {} : { 'kubevirt.io/created-by': uid }),
  };
}
