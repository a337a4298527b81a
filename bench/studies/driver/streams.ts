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
  const inWindow = windowRegister(access.offset);
  return inWindow === null ? null : `${access.file}/${access.window.base}/${inWindow.vf}`;
}

/** The VFs of a trace, each with its accesses in their order. */
export function streamsOf(trace: DriverTrace): Streams {
  const { accesses, arcs } = trace;
  const owners: (VfKey | null)[] = accesses.map(keyOf);
  const arcOf = accesses.map((each) => arcs.find((arc) => isIn(each, arc)));
  const deviceOf = devicesOfKeys(accesses, owners, arcOf);
  const keyOfDevice = new Map([...deviceOf].map(([key, device]) => [device, key]));
  // An access of the PF inside of an arc is the arc's VF's; one outside is that of the VF which its task turns to next.
  const nextOfTask = new Map<string, VfKey>();
  for (let i = accesses.length - 1; i >= 0; i--) {
    const access = accesses[i]!;
    const task = `${access.file}/${access.segment}/${access.task}`;
    const own = owners[i];
    if (own !== null && own !== undefined) nextOfTask.set(task, own);
    else owners[i] = ownerByArc(arcOf[i], keyOfDevice) ?? nextOfTask.get(task) ?? null;
  }
  // A task that ends with accesses of the PF, such as the query of a PRE_COPY that was given up.
  const lastOfTask = new Map<string, VfKey>();
  for (const [i, access] of accesses.entries()) {
    const task = `${access.file}/${access.segment}/${access.task}`;
    const own = owners[i];
    if (own !== null && own !== undefined) lastOfTask.set(task, own);
    else owners[i] = lastOfTask.get(task) ?? null;
  }
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
  const inside = accesses
    .map((each) => (each.fn === 'pf' ? windowRegister(each.offset) : null))
    .find((each) => each !== null);
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
