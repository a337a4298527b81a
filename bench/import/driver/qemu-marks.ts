/**
 * Changes of a device's state in QEMU's trace events, as its log or a mark of ftrace has them.
 */
import { NS_PER_US } from '../../../sim/base/units.ts';
import type { StateMark } from './facts.ts';

const REQUEST = /^vfio_migration_set_state\s+\(([^()]*)\) new state (\w+)(?:, recover state (\w+))?/;
/** In QEMU 8.0 to 9.0 written after the change, under the name of what is later the request. */
const DONE = /^vfio_migration_set_(?:device_)?state\s+\(([^()]*)\) state ([A-Z]\w+)/;

/** What an event of QEMU says of a state; null: nothing. */
export function stateMark(text: string): Omit<StateMark, 'atNs' | 'task' | 'line' | 'segment'> | null {
  const [, asked, wanted, recover] = REQUEST.exec(text) ?? [];
  if (asked !== undefined && wanted !== undefined) {
    return { kind: 'request', device: asked, to: wanted, ...(recover === undefined ? {} : { recover }) };
  }
  const [, device, to] = DONE.exec(text) ?? [];
  return device === undefined || to === undefined ? null : { kind: 'done', device, to };
}

/** An arc: what lies between a request and its end. */
export interface TracedArc {
  readonly device: string;
  readonly to: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly task: number;
  readonly segment: number;
  readonly line: number;
}

/** Arcs of marks in their order, and requests that nothing ended. */
export function arcsOf(marks: readonly StateMark[]): {
  readonly arcs: readonly TracedArc[];
  readonly open: readonly StateMark[];
} {
  const arcs: TracedArc[] = [];
  const open = new Map<string, StateMark>();
  const states = new Map<string, string>();
  const unended: StateMark[] = [];
  const drop = (device: string): void => {
    const before = open.get(device);
    // A request for the state that a device has makes no call of the kernel.
    if (before !== undefined && states.get(device) !== before.to) unended.push(before);
    open.delete(device);
  };
  for (const mark of marks) {
    const { device, to, kind } = mark;
    const request = open.get(device);
    if (kind === 'request') {
      drop(device);
      open.set(device, mark);
      continue;
    }
    if (request?.to === to && request.segment === mark.segment && request.atNs <= mark.atNs) {
      const { atNs, task, segment, line } = request;
      arcs.push({ device, to, startNs: atNs, endNs: mark.atNs, task, segment, line });
      open.delete(device);
    } else drop(device);
    states.set(device, to);
  }
  for (const device of open.keys()) drop(device);
  return { arcs, open: unended };
}

/** Microseconds of a time in ns, to the digits that it has. */
export function usOf(ns: number): number {
  return ns / NS_PER_US;
}
