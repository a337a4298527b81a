/**
 * Calls of user space, from the marks of QEMU where there are any, else from the accesses: which request makes them.
 */
import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { NS_PER_MS } from '../../../sim/base/units.ts';
import type { TracedArc } from '../../import/driver/qemu-marks.ts';
import type { RegisterAccess } from '../../import/driver/trace.ts';
import { type Phase, phasesOf } from './phases.ts';

export interface InferredCall {
  readonly call: 'set_state' | 'write' | 'other';
  readonly to?: string;
  /** `mark`: QEMU says it; `accesses`: inferred. */
  readonly from: 'mark' | 'accesses';
  readonly startNs: number;
  readonly endNs: number;
  readonly phases: readonly Phase[];
  readonly segment: number;
  readonly task: number;
  /** Line of the mark, or of the first access. */
  readonly line: number;
}

/** Accesses of a function of the host, and of one VF. */
export interface VfStream {
  /** PCI address, or a name that counts. */
  readonly id: string;
  readonly accesses: readonly RegisterAccess[];
  readonly arcs: readonly TracedArc[];
}

export function timeOf({ startNs, endNs }: Pick<RegisterAccess, 'startNs' | 'endNs'>): number {
  return startNs ?? endNs ?? 0;
}

/** The calls of one VF in their order. */
export function callsOf({ accesses, arcs }: VfStream): readonly InferredCall[] {
  const left = new Set(accesses);
  const marked = arcs.map((arc): InferredCall => {
    const inside = accesses.filter((each) => left.has(each) && isInside(each, arc));
    for (const each of inside) left.delete(each);
    const { to, startNs, endNs, segment, task, line } = arc;
    return { call: 'set_state', to, from: 'mark', startNs, endNs, phases: phasesOf(inside), segment, task, line };
  });
  const rest = [...left];
  const groups = groupsOf(rest);
  return [...marked, ...groups.flatMap(inferredCalls)].toSorted(
    (a, b) => a.segment - b.segment || a.startNs - b.startNs,
  );
}

function isInside(access: RegisterAccess, { startNs, endNs, segment, task }: TracedArc): boolean {
  const at = timeOf(access);
  return access.segment === segment && (task === 0 || access.task === task) && at >= startNs && at <= endNs;
}

/** Accesses of one task that a pause of this length separates are of two calls; no wait of the driver is as long. */
const GAP_NS = 1_500 * NS_PER_MS;

function groupsOf(accesses: readonly RegisterAccess[]): readonly (readonly RegisterAccess[])[] {
  const groups: RegisterAccess[][] = [];
  const open = new Map<string, RegisterAccess[]>();
  for (const access of accesses) {
    const key = `${access.segment}/${access.task}`;
    const group = open.get(key);
    const last = group?.at(-1);
    if (group === undefined || last === undefined || timeOf(access) - timeOf(last) > GAP_NS) {
      const begun = [access];
      groups.push(begun);
      open.set(key, begun);
    } else group.push(access);
  }
  return groups;
}

/** What a request has made of the VF so far, as far as its steps show. */
interface Draft {
  to?: string;
  readonly phases: Phase[];
}

/** Calls of accesses without marks. Each step of docs/device.md 8 belongs to one request only; the order says which. */
function inferredCalls(accesses: readonly RegisterAccess[]): readonly InferredCall[] {
  const drafts: (Draft & { call: InferredCall['call'] })[] = [];
  const phases = phasesOf(accesses);
  let current: (Draft & { call: InferredCall['call'] }) | null = null;
  const begin = (call: InferredCall['call'], to?: string): void => {
    current = { call, phases: [], ...(to === undefined ? {} : { to }) };
    drafts.push(current);
  };
  const now = (): (Draft & { call: InferredCall['call'] }) | null => current;
  for (const [index, phase] of phases.entries()) {
    const next = requestOf(phase, phases, index, now());
    if (next !== null && (next.begins || now() === null)) begin(next.call, next.to);
    else if (now() === null) begin('other');
    else if (next?.to !== undefined) now()!.to = next.to;
    now()!.phases.push(phase);
  }
  return drafts.map(({ call, to, phases: steps }): InferredCall => {
    const all = steps.flatMap((phase) => phase.accesses);
    const [first, last] = [all[0]!, all.at(-1)!];
    return {
      call,
      ...(to === undefined ? {} : { to }),
      from: 'accesses',
      startNs: timeOf(first),
      endNs: last.endNs ?? timeOf(last),
      phases: steps,
      segment: first.segment,
      task: first.task,
      line: first.line,
    };
  });
}

interface Request {
  readonly begins: boolean;
  readonly call: InferredCall['call'];
  readonly to?: string;
}

function requestOf(
  phase: Phase,
  phases: readonly Phase[],
  index: number,
  current: (Draft & { call: InferredCall['call'] }) | null,
): Request | null {
  const has = (kind: Phase['kind']): boolean => current?.phases.some((each) => each.kind === kind) ?? false;
  const isStop = current?.to === 'STOP' && has('status checks') && !has('registers read') && !has('guest state');
  switch (phase.kind) {
    case 'table query':
      // A save without PRE_COPY queries the table between the stop and the registers.
      return isStop ? { begins: false, call: 'set_state', to: 'STOP_COPY' } : { begins: true, call: 'set_state', to: 'PRE_COPY' }; // prettier-ignore
    case 'error check':
    case 'mailbox':
      return mailboxRequest(phase, phases, index, current);
    case 'status checks':
      return current?.to === 'STOP' && !has('status checks') && !has('registers written')
        ? null
        : { begins: true, call: 'set_state', to: 'STOP' };
    case 'guest state':
      return isStop || current?.to === 'STOP_COPY' ? { begins: false, call: 'set_state', to: 'STOP_COPY' } : { begins: true, call: 'set_state', to: 'STOP_COPY' }; // prettier-ignore
    case 'registers read':
      return current?.to === 'STOP_COPY' ? null : { begins: true, call: 'set_state', to: 'STOP_COPY' };
    case 'isolation':
      // At the end of a table query, or the end of a match check.
      return phases[index - 1]?.kind === 'table query' ? null : { begins: current?.call !== 'write', call: 'write' };
    case 'guest state written':
      // Up to 6.15 the match check writes it; nothing of the load follows then in the same call.
      if (current?.call === 'write' && index === phases.length - 1) return null;
      return current?.to === 'RUNNING' && !has('registers written') ? null : { begins: true, call: 'set_state', to: 'RUNNING' }; // prettier-ignore
    case 'registers written':
      return current?.to === 'RUNNING' && !has('registers written') ? null : { begins: true, call: 'set_state', to: 'RUNNING' }; // prettier-ignore
    case 'messages on':
    case 'queue doorbells':
      return current?.to === 'RUNNING' ? null : { begins: true, call: 'set_state', to: 'RUNNING' };
    default:
      return null;
  }
}

/** A command that is seen says whose it is; else what follows does. */
function mailboxRequest(
  { kind, command }: Phase,
  phases: readonly Phase[],
  index: number,
  current: (Draft & { call: InferredCall['call'] }) | null,
): Request | null {
  const { SQC_VFT_V2, PAUSE_QM } = QM_MB_CMD;
  // Before a load the mailbox is polled until it is idle; its word is that of the command before.
  if (phases[index + 1]?.kind === 'registers written') {
    return current?.to === 'RUNNING' ? null : { begins: true, call: 'set_state', to: 'RUNNING' };
  }
  if (kind === 'mailbox' && command === SQC_VFT_V2) return { begins: true, call: 'write' };
  const stop: Request = { begins: true, call: 'set_state', to: 'STOP' };
  if (kind === 'mailbox' && command === PAUSE_QM) {
    return current?.to === 'STOP' && current.phases.every((each) => each.kind === 'error check') ? null : stop;
  }
  const follows = phases.slice(index + 1).find((each) => each.kind !== 'mailbox' && each.kind !== 'error check');
  const isLoad = current?.phases.some((each) => each.kind === 'registers written') === true;
  return follows?.kind === 'status checks' && !isLoad && !(current?.to === 'STOP' && current.phases.length > 0 && current.phases.every((each) => each.kind === 'error check')) ? stop : null; // prettier-ignore
}
