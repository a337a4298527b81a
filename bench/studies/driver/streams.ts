/**
 * Which VF an access belongs to: its own window, and of the PF's accesses those that its driver made for it.
 */
import type { TracedArc } from '../../import/driver/qemu-marks.ts';
import type { DriverTrace, RegisterAccess } from '../../import/driver/trace.ts';
import { type RegisterWindow, windowRegister } from '../../import/driver/windows.ts';
import { PF_REG } from '../../../sim/abi/registers.ts';
import { timeOf, type VfStream } from './calls.ts';

export interface VfTrace extends VfStream {
  /** Function number in the registers of the PF; undefined: nothing shows it. */
  readonly functionNumber?: number;
  readonly vfWindow?: RegisterWindow;
  readonly pfWindow?: RegisterWindow;
  /** Reached by windows in the PF's BAR2, as hardware V4 offers them. */
  readonly inPf: boolean;
}

export interface Streams {
  readonly vfs: readonly VfTrace[];
  /** Accesses of PFs that no VF's driver made. */
  readonly strangers: readonly RegisterAccess[];
}

/** A VF's name before it is known which device it is. */
type VfKey = string;

function keyOf(access: RegisterAccess): VfKey | null {
  if (access.fn === 'vf') return `${access.file}/${access.window.base}`;
  const inWindow = windowRegister(access);
  return inWindow === null ? null : `${access.file}/${access.window.base}/${inWindow.vf}`;
}

/** The VFs of a trace, each with its accesses in their order. */
export function streamsOf(trace: DriverTrace): Streams {
  const { accesses, arcs } = trace;
  const owners: (VfKey | null)[] = accesses.map(keyOf);
  const arcOf = accesses.map((each) => arcs.find((arc) => isIn(each, arc)));
  const deviceOf = devicesOfKeys(accesses, owners, arcOf);
  const keyOfDevice = new Map([...deviceOf].map(([key, device]) => [device, key]));
  // An access of the PF inside of an arc is the arc's VF's.
  for (const [i, own] of owners.entries()) if (own === null) owners[i] = ownerByArc(arcOf[i], keyOfDevice) ?? null;
  giveOthers(accesses, owners);
  // A VF that is opened again may be mapped elsewhere.
  const byVf = new Map<string, RegisterAccess[]>();
  const devices = new Map<string, string>();
  for (const [i, access] of accesses.entries()) {
    const key = owners[i] ?? null;
    if (key === null) continue;
    const device = deviceOf.get(key);
    const vf = device ?? key;
    if (device !== undefined) devices.set(vf, device);
    const list = byVf.get(vf) ?? [];
    list.push(access);
    byVf.set(vf, list);
  }
  const vfs = [...byVf].map(([vf, own], index): VfTrace => vfTrace(devices.get(vf), index, own, arcs));
  return { vfs: vfs.toSorted(byId), strangers: accesses.filter((_, i) => (owners[i] ?? null) === null) };
}

/**
 * Accesses of the PF outside of arcs: of the VF that their task turns to next, or has turned to last where none follows. Between
 * two VFs, calls are further apart than accesses of one: those before the longest gap are of the VF before it.
 */
function giveOthers(accesses: readonly RegisterAccess[], owners: (VfKey | null)[]): void {
  const tasks = new Map<string, number[]>();
  for (const [i, { file, segment, task }] of accesses.entries()) {
    const key = `${file}/${segment}/${task}`;
    const places = tasks.get(key);
    if (places === undefined) tasks.set(key, [i]);
    else places.push(i);
  }
  for (const places of tasks.values()) {
    for (let from = 0; from < places.length; from++) {
      if (owners[places[from]!] !== null) continue;
      let until = from;
      while (until < places.length && owners[places[until]!] === null) until += 1;
      const before = from === 0 ? null : owners[places[from - 1]!]!;
      const after = until === places.length ? null : owners[places[until]!]!;
      const isOne = before === null || after === null || before === after;
      const split = isOne ? from : from + longestGap(accesses, places.slice(from - 1, until + 1));
      for (let at = from; at < until; at++) {
        owners[places[at]!] = isOne ? (after ?? before) : at < split ? before : after;
      }
      from = until;
    }
  }
}

/** Calls are further apart than accesses of one call by more than this. */
const BETWEEN_CALLS = 10;

/** How many of the accesses after the first are of its call: none, where the first is as far from them as calls are. */
function longestGap(accesses: readonly RegisterAccess[], places: readonly number[]): number {
  const gaps = places.slice(1).map((place, i) => timeOf(accesses[place]!) - timeOf(accesses[places[i]!]!));
  const longest = Math.max(...gaps);
  return gaps[0]! * BETWEEN_CALLS >= longest ? 0 : gaps.indexOf(longest);
}

function isIn(access: RegisterAccess, { startNs, endNs, segment, task }: TracedArc): boolean {
  const at = timeOf(access);
  return access.segment === segment && (task === 0 || access.task === task) && at >= startNs && at <= endNs;
}

function ownerByArc(arc: TracedArc | undefined, keys: ReadonlyMap<string, VfKey>): VfKey | undefined {
  return arc === undefined ? undefined : (keys.get(arc.device) ?? `arc/${arc.device}`);
}

/** PCI addresses of VFs: as a map says, or as all arcs do in which the VF is accessed. */
function devicesOfKeys(
  accesses: readonly RegisterAccess[],
  owners: readonly (VfKey | null)[],
  arcs: readonly (TracedArc | undefined)[],
): ReadonlyMap<VfKey, string> {
  const names = new Map<VfKey, Set<string>>();
  for (const [i, { window, fn }] of accesses.entries()) {
    const key = owners[i] ?? null;
    if (key === null) continue;
    const seen = names.get(key) ?? new Set();
    names.set(key, seen);
    if (fn === 'vf' && window.device !== undefined) seen.add(window.device);
    const arc = arcs[i];
    if (arc !== undefined) seen.add(arc.device);
  }
  return new Map([...names].flatMap(([key, seen]) => (seen.size === 1 ? [[key, [...seen][0]!] as const] : [])));
}

function vfTrace(
  device: string | undefined,
  index: number,
  accesses: readonly RegisterAccess[],
  arcs: readonly TracedArc[],
): VfTrace {
  const vfWindow = accesses.find(({ fn }) => fn === 'vf')?.window;
  const pfWindow = accesses.find(({ fn }) => fn === 'pf')?.window;
  const inside = accesses.map((each) => (each.fn === 'pf' ? windowRegister(each) : null)).find((each) => each !== null);
  const asked = accesses.find(({ fn, offset, op }) => fn === 'pf' && op === 'w' && offset === PF_REG.QM_VFT_CFG)?.value;
  const functionNumber = inside?.vf ?? (asked === null || asked === undefined ? undefined : Number(asked));
  return {
    id: device ?? `VF ${index + 1}`,
    accesses,
    arcs: device === undefined ? [] : arcs.filter((arc) => arc.device === device),
    inPf: inside !== undefined && inside !== null,
    ...(functionNumber === undefined ? {} : { functionNumber }),
    ...(vfWindow === undefined ? {} : { vfWindow }),
    ...(pfWindow === undefined ? {} : { pfWindow }),
  };
}

function byId(a: VfTrace, b: VfTrace): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}
