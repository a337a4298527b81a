/**
 * Demands on labels and taints, judged as the scheduler of Kubernetes judges them.
 */
import type { FleetHost, FleetVm, LabelAlternatives, LabelNeed, Taint, Toleration } from './facts.ts';

/** Whether labels are what a need says. Without the label, `NotIn` and `DoesNotExist` hold. */
export function fits(labels: Readonly<Record<string, string>>, { label, operator, values }: LabelNeed): boolean {
  const own = Object.hasOwn(labels, label) ? labels[label] : undefined;
  if (operator === 'NotIn') return own === undefined || !values.includes(own);
  if (operator === 'DoesNotExist') return own === undefined;
  if (own === undefined || operator === 'Exists') return own !== undefined;
  if (operator === 'In') return values.includes(own);
  if (!isInteger(own)) return false;
  return operator === 'Gt' ? BigInt(own) > BigInt(values[0]!) : BigInt(own) < BigInt(values[0]!);
}

/** Whether it is a number to `Gt` and `Lt`. */
export function isInteger(text: string): boolean {
  return /^-?\d{1,18}$/.test(text);
}

/** What a VM, or each of several, asks of its host. */
export type HostDemand = Pick<FleetVm, 'needs' | 'tolerations'>;

/** Whether a host may take it. A host of which no list says the labels meets no demand on them. */
export function meets({ labels, taints }: FleetHost, { needs, tolerations }: HostDemand): boolean {
  if (needs.length > 0 && Object.keys(labels).length === 0) return false;
  return needs.every((terms) => terms.some((term) => term.every((need) => fits(labels, need)))) && tolerates(tolerations, taints); // prettier-ignore
}

export function tolerates(tolerations: readonly Toleration[], taints: readonly Taint[]): boolean {
  return taints.every((taint) =>
    tolerations.some(
      ({ key, value, effect }) =>
        (key === null || key === taint.key) &&
        (value === null || value === taint.value) &&
        (effect === null || effect === taint.effect),
    ),
  );
}

/** Such as `zone=a|b, gpu; or zone=c`. */
export function needsText(needs: readonly LabelAlternatives[]): string {
  return needs
    .map((terms) => (terms.length === 0 ? 'no term' : terms.map((term) => term.map(needText).join(', ')).join('; or ')))
    .join(', ');
}

function needText({ label, operator, values }: LabelNeed): string {
  const list = values.join('|');
  const words = { In: `=${list}`, NotIn: `!=${list}`, Exists: '', DoesNotExist: '', Gt: `>${list}`, Lt: `<${list}` };
  return `${operator === 'DoesNotExist' ? 'no ' : ''}${label}${words[operator]}`;
}
