/**
 * What shapes a machine has, by the table of consequences of the kernel's rule and the facts around it; so that a comparison on
 * random machines can say of what it has seen how many.
 */
import { aliases, type Machine, type Part, tableAnswer } from './linux-groups.ts';

const busOf = ({ address }: Part): number => Math.floor(address / 256);
const slotOf = ({ address }: Part): number => Math.floor(address / 8);

type Shape = (machine: Machine, part: Part, slot: readonly Part[]) => boolean;

const isPort = ({ type }: Part): boolean => type === 'root-port' || type === 'downstream-port';
const isFunction = ({ kind }: Part): boolean => kind === 'function';
const integrated = ({ type, kind, bridge }: Part): boolean =>
  type === 'integrated-endpoint' && kind === 'function' && bridge === undefined;
const below = ({ parts }: Machine, bridge: Part): readonly Part[] => parts.filter((each) => each.bridge === bridge);
const isSwitch = (part: Part | undefined): part is Part => part?.type === 'upstream-port';

/** By name: whether a part of the machine shows the shape. `slot` are all parts of its slot, itself included. */
const SHAPES = {
  'port without ACS or with a bit off, functions below': (m, p) =>
    isPort(p) && !p.passes && below(m, p).some(({ kind }) => kind === 'function' || kind === 'vf'),
  'switch whose downstream ports fail, upstream port single, path good': (m, p) =>
    p.type === 'downstream-port' &&
    !p.passes &&
    isSwitch(p.bridge) &&
    !p.bridge.multifunction &&
    m.pathEnabled(p.bridge),
  'the same with a bad root port or upstream port': (m, p) =>
    p.type === 'downstream-port' && !p.passes && isSwitch(p.bridge) && !m.pathEnabled(p.bridge),
  'host bridge function and root port of its slot, which passes': (_, p, slot) =>
    p.type === 'root-port' && p.passes && slot.some((t) => isFunction(t) && t.type === 'none'),
  'host bridge function and root port of its slot, which fails': (_, p, slot) =>
    p.type === 'root-port' && !p.passes && slot.some((t) => isFunction(t) && t.type === 'none'),
  'root ports of one slot, one passes and one not': (_, p, slot) =>
    p.type === 'root-port' && p.passes && slot.some((t) => t.type === 'root-port' && !t.passes),
  'root ports of one slot, none passes': (_, p, slot) =>
    p.type === 'root-port' && slot.length > 1 && slot.every((t) => t.type === 'root-port' && !t.passes),
  'integrated endpoint, single': (_, p, slot) => integrated(p) && slot.length === 1,
  'integrated endpoints of one slot, no capability': (_, p, slot) =>
    integrated(p) && !p.passes && slot.some((t) => t !== p && integrated(t) && !t.passes && t.can === undefined),
  'integrated endpoints of one slot, empty capability': (_, p, slot) =>
    integrated(p) && p.can === 0 && slot.some((t) => t !== p && integrated(t) && t.can === 0),
  'integrated PF with VFs': (_, p) => p.kind === 'vf' && p.bridge === undefined,
  'VF on another bus than its PF': (m, p) =>
    p.kind === 'vf' &&
    p.bridge !== undefined &&
    !below(m, p.bridge).some((t) => isFunction(t) && busOf(t) === busOf(p)),
  'VF whose port merges': (m, p) => p.kind === 'vf' && p.bridge !== undefined && !m.pathEnabled(p.bridge),
  'bridge to conventional PCI with functions': (m, p) => p.kind === 'pci-bridge' && below(m, p).some(isFunction),
  'equal buses in two domains': ({ parts }, p) =>
    parts.some(({ address }) => address !== p.address && address % 65_536 === p.address % 65_536),
  'functions of a VMD domain': (_, p) => p.address >= 65_536 * 65_536 && isFunction(p),
  'functions next to the upstream port of a switch': (_, p, slot) => isSwitch(p) && slot.some(isFunction),
  'bridge on a bus of the root complex': (_, p) => p.kind === 'pci-bridge' && p.bridge === undefined,
  'two bridges in one card': (_, p, slot) =>
    p.kind === 'pci-bridge' && slot.some((t) => t !== p && t.kind === 'pci-bridge'),
  'the list answers yes': (_, p) => tableAnswer(p) === 'yes',
  'the list answers no': (_, p) => tableAnswer(p) === 'no',
  'the list knows another place of the control word': (_, p) => tableAnswer(p) === 'word at +8',
  'alias by ID, with another function on the bus': (m, p) =>
    aliases(p).length > 0 &&
    m.parts.some((t) => t !== p && busOf(t) === busOf(p) && aliases(p).includes(t.address % 256)),
  'pcie_acs_override on the command line': ({ line }) => line.includes('pcie_acs_override'),
  'config_acs or disable_acs_redir on the command line': ({ line }) => line.includes('_acs'),
  'override in the document': (_, p) => p.acs?.override !== undefined,
  'switch of broken Source Validation': (_, p) => p.id?.vendor === 0x111d,
  'bridge at which IDs are translated': (_, p) => p.id?.vendor === 0x14e4 && p.id.device === 0x9000,
} satisfies Readonly<Record<string, Shape>>;

export const SHAPE_NAMES = Object.keys(SHAPES);

/** Names of the shapes that a machine has. */
export function shapesOf(machine: Machine): readonly string[] {
  const slots = new Map<number, Part[]>();
  for (const part of machine.parts) slots.set(slotOf(part), [...(slots.get(slotOf(part)) ?? []), part]);
  return Object.entries<Shape>(SHAPES)
    .filter(([, has]) => machine.parts.some((part) => has(machine, part, slots.get(slotOf(part))!)))
    .map(([name]) => name);
}
