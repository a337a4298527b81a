/**
 * What no server can be: the checks on a topology document that concern one node and its neighbours.
 */
import { type HardwareVersion, versionOfRevision } from '../abi/accelerators.ts';
import { UserError } from '../base/user-error.ts';
import { ACS, formatAcsBits } from './acs.ts';
import { busOf, formatAddress, segmentOf, slotKey } from './address.ts';
import type {
  AcsDocument,
  BridgeDocument,
  NodeDocument,
  PhysicalFunctionDocument,
  PortDocument,
  SwitchDocument,
} from './topology-file.ts';

/** Ends with one sentence: the file, the field, what is wrong there, and what to try. */
export function fail(what: string, path: string, why: string, hint: string): never {
  throw new UserError('input', `${what}: ${path} ${why}`, hint);
}

type Bridge = PortDocument | SwitchDocument | BridgeDocument;

export interface NodePlace {
  readonly path: string;
  readonly parent: Bridge | undefined;
  readonly parentIndex: number;
  /** Position among its siblings. */
  readonly position: number;
  /** The topmost bridge to conventional PCI above, -1 for none. */
  readonly alias: number;
}

const ALLOWED_BELOW: Readonly<Record<Bridge['kind'] | 'root', readonly NodeDocument['kind'][]>> = {
  root: ['root-port', 'device', 'pci-bridge'],
  'root-port': ['device', 'switch', 'pci-bridge'],
  'downstream-port': ['device', 'switch', 'pci-bridge'],
  switch: ['downstream-port', 'device', 'pci-bridge'],
  'pci-bridge': ['device', 'pci-bridge'],
};

/** What may be below what, and on which bus. */
export function checkChildren(node: NodeDocument, place: NodePlace, what: string): void {
  const { path, parent } = place;
  const allowed = ALLOWED_BELOW[parent?.kind ?? 'root'];
  if (!allowed.includes(node.kind)) {
    const where = parent === undefined ? 'the root complex' : `a ${parent.kind}`;
    fail(what, `${path}.kind`, `is ${node.kind}, below ${where}`, `There stands ${allowed.join(', or ')}.`);
  }
  if (node.kind === 'device') return;
  if (node.kind === 'root-port' || node.kind === 'downstream-port') checkPartner(node, path, what);
  if (parent !== undefined) checkBus(node.at, parent, `${path}.at`, what);
  const { secondary, subordinate } = node.buses;
  if (secondary > subordinate || (secondary <= busOf(node.at) && parent !== undefined)) {
    const hint = 'Buses are secondary-subordinate, above the bus of the bridge itself, as lspci -vv shows them.';
    fail(what, `${path}.buses`, 'do not rise', hint);
  }
  if (parent !== undefined && subordinate > parent.buses.subordinate) {
    const hint = 'The range of a bridge holds those of all bridges below it.';
    fail(what, `${path}.buses`, `leave the range of the bridge above, ${rangeOf(parent)}`, hint);
  }
  checkOverlap(node.below, path, what);
}

/** A link has one partner; a card may have a switch, bridges and other functions side by side, all in one slot. */
function checkPartner({ below }: PortDocument, path: string, what: string): void {
  const slots = below.map((each) => slotKey(each.kind === 'device' ? each.functions[0]!.at : each.at));
  const other = slots.findIndex((slot) => slot !== slots[0]);
  if (other < 0) return;
  const hint = 'The link of a port has one partner: what is below it directly are functions of one slot.';
  fail(what, `${path}.below[${other}]`, 'is in another slot than the entry before it', hint);
}

function checkBus(at: number, parent: Bridge, path: string, what: string): void {
  if (segmentOf(at) === segmentOf(parent.at) && busOf(at) === parent.buses.secondary) return;
  const hint = `It stands on the secondary bus of the bridge above, whose buses are ${rangeOf(parent)}.`;
  fail(what, path, `is ${formatAddress(at)}, on another bus`, hint);
}

function rangeOf({ at, buses }: Bridge): string {
  const hex = (bus: number): string => bus.toString(16).padStart(2, '0');
  const segment = segmentOf(at);
  return `${segment === 0 ? '' : `${segment.toString(16)}:`}${hex(buses.secondary)}-${hex(buses.subordinate)}`;
}

/** Bus ranges of siblings have no bus in common. */
function checkOverlap(siblings: readonly NodeDocument[], path: string, what: string): void {
  if (siblings.length < 2) return;
  const owners = new Map<number, Bridge>();
  for (const [i, node] of siblings.entries()) {
    if (node.kind === 'device') continue;
    const segment = segmentOf(node.at) * 0x100;
    for (let bus = node.buses.secondary; bus <= node.buses.subordinate; bus++) {
      const owner = owners.get(segment + bus);
      if (owner !== undefined) {
        const at = path === '' ? `tree[${i}]` : `${path}.below[${i}]`;
        const hint = 'Each bus is behind one bridge; take the ranges from lspci -vv.';
        fail(what, `${at}.buses`, `overlap those of ${formatAddress(owner.at)}, ${rangeOf(owner)}`, hint);
      }
      owners.set(segment + bus, node);
    }
  }
}

/** Root ports do not share buses, and nothing integrated stands on a bus behind a root port. */
export function checkBuses(tree: readonly NodeDocument[], what: string): void {
  checkOverlap(tree, '', what);
  const behind = new Map<number, Bridge>();
  for (const node of tree) {
    if (node.kind === 'device') continue;
    for (let bus = node.buses.secondary; bus <= node.buses.subordinate; bus++) {
      behind.set(segmentOf(node.at) * 0x100 + bus, node);
    }
  }
  for (const [i, node] of tree.entries()) {
    const places = node.kind === 'device' ? node.functions.flatMap(({ at, sriov }) => placesOf(at, sriov)) : [node.at];
    for (const at of places) {
      const port = behind.get(Math.floor(at / 0x100));
      if (port === undefined) continue;
      const hint =
        'What is behind a root port stands in its `below`; what is integrated has a bus of the root complex.';
      fail(what, `tree[${i}]`, `has ${formatAddress(at)} on a bus below ${formatAddress(port.at)}`, hint);
    }
  }
}

/** The function, and one place on each bus up to that of its last VF. */
function placesOf(at: number, sriov: PhysicalFunctionDocument['sriov']): readonly number[] {
  if (sriov === undefined) return [at];
  const places = [at];
  const last = at + sriov.offset + (sriov.vfs - 1) * sriov.stride;
  for (let bus = Math.floor(at / 0x100) + 1; bus <= Math.floor(last / 0x100); bus++) places.push(bus * 0x100);
  return places;
}

/** A bit is on only where the capability offers it, and vouched for only where it does not. */
export function checkAcs(acs: AcsDocument | undefined, path: string, what: string): void {
  if (acs === undefined) return;
  const { can = 0 } = acs;
  if (acs.can === undefined && acs.override === undefined && acs.wired === 0) {
    const hint = "Take acs away where there is no capability; an empty capability is can: ''.";
    fail(what, `${path}.can`, 'is missing', hint);
  }
  const missing = acs.on & ~can;
  if (missing !== 0) {
    const hint =
      'A control bit can be on where the capability offers it; for one that is wired on without, say `wired`.';
    fail(what, `${path}.on`, `has ${formatAcsBits(missing)}, which \`can\` does not offer`, hint);
  }
  const both = acs.wired & can;
  if (both !== 0) {
    fail(what, `${path}.wired`, `has ${formatAcsBits(both)}, which \`can\` offers`, 'Say it in `on` instead.');
  }
  const unknown = (acs.firmware ?? 0) & ~can;
  if (unknown !== 0) {
    const hint = 'Firmware can switch on what the capability offers.';
    fail(what, `${path}.firmware`, `has ${formatAcsBits(unknown)}, which \`can\` does not offer`, hint);
  }
  if ((acs.wired & (ACS.EC | ACS.DT)) !== 0) {
    fail(what, `${path}.wired`, 'has EC or DT', 'Those two let requests pass; nobody vouches for them as wired on.');
  }
  if (acs.egress.length > 0 && (can & ACS.EC) === 0) {
    fail(what, `${path}.egress`, 'is given, and `can` does not offer EC', 'Take it away, or add EC to `can`.');
  }
}

/** The hardware version of a physical function: what the document says, or what the revision in its `id` says. */
export function hardwareOf({ version, id }: PhysicalFunctionDocument): HardwareVersion | undefined {
  return version ?? versionOfRevision(id?.revision);
}

function checkVersion(fn: PhysicalFunctionDocument, path: string, what: string): void {
  if (fn.kind === 'other') return;
  const revisions = 'Revisions that lspci shows: 20 is V1, 21 V2, 30 V3, 50 V4, 51 V5.';
  if (hardwareOf(fn) === undefined) {
    const hint = `Give it, or the revision in id. ${revisions}`;
    fail(what, `${path}.version`, `is missing, and ${fn.kind} is an accelerator`, hint);
  }
  const byId = versionOfRevision(fn.id?.revision);
  if (byId !== undefined && fn.version !== undefined && byId !== fn.version) {
    fail(what, `${path}.version`, `is ${fn.version}, and the revision in id says ${byId}`, revisions);
  }
}

/** What one physical function may be, next to the first of its device. */
export function checkPhysicalFunction(
  fn: PhysicalFunctionDocument,
  first: PhysicalFunctionDocument,
  { parent }: NodePlace,
  path: string,
  what: string,
): void {
  if (parent !== undefined) checkBus(fn.at, parent, `${path}.at`, what);
  if (Math.floor(fn.at / 0x100) !== Math.floor(first.at / 0x100)) {
    const hint = 'Physical functions of one device share its bus; other devices are entries of their own.';
    fail(what, `${path}.at`, `is on another bus than ${formatAddress(first.at)}`, hint);
  }
  checkVersion(fn, path, what);
  checkAcs(fn.acs, `${path}.acs`, what);
  if (fn.acs !== undefined && fn.acs.egress.length > 0) {
    fail(what, `${path}.acs.egress`, 'is given for a function', 'Only root and downstream ports have one here.');
  }
  for (const [where, bars] of [
    ['bars', fn.bars],
    ['sriov.bars', fn.sriov?.bars ?? []],
  ] as const) {
    const twice = bars.findIndex(({ bar }, i) => bars.findIndex((other) => other.bar === bar) < i);
    if (twice >= 0) fail(what, `${path}.${where}[${twice}].bar`, 'is given twice', 'Each BAR is one entry.');
  }
}
