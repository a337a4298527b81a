/**
 * Addresses as registers: which range of addresses is which function's BAR2.
 *
 * Files say it: /proc/vmallocinfo by who mapped a range, lspci and /proc/iomem by whose BAR it is. Without them the two
 * sequences that only the migration driver makes give the base of a range; what is found so is marked.
 */
import { MIG_REGION, PF_REG, VF_BAR2_BYTES, VF_REG } from '../../../sim/abi/registers.ts';
import { KIB } from '../../../sim/base/units.ts';
import { ACCELERATOR_KINDS, ACCELERATORS, type AcceleratorKind } from '../../../sim/abi/accelerators.ts';
import type { FunctionFacts } from '../machine/facts.ts';
import type { MappedRange, TracedAccess } from './facts.ts';

export interface RegisterWindow {
  readonly role: 'pf' | 'vf' | 'other';
  /** PCI address. */
  readonly device?: string;
  readonly kind?: AcceleratorKind;
  /** As addresses are kept: without the highest 12 bits. */
  readonly base: number;
  readonly bytes: number;
  readonly physical: boolean;
  /** True where no file says it. */
  readonly inferred: boolean;
}

/** Length of the PF's BAR2 where only its base is known: the registers that the drivers know end below it. */
const PF_BAR2_BYTES = 4 * KIB * KIB;
const PAGE_BYTES = 4 * KIB;

/** Functions that map a BAR2, by the beginning of their names. */
const PF_MAPPERS = /^(?:hisi_)?qm_(?:pci_)?init$|^hisi_qm_(?:pci_init|init)/;
const VF_MAPPERS = /^hisi_acc_/;

/** Ranges that files give. @param functions of lspci or sysfs */
export function saidWindows(
  ranges: readonly MappedRange[],
  functions: readonly FunctionFacts[],
): readonly RegisterWindow[] {
  const bars = barsOf(ranges, functions);
  return ranges.flatMap((range): RegisterWindow[] => {
    const { virtual, physical, bytes } = range;
    const bar = bars.find(({ at, size }) => physical !== undefined && physical >= at && physical < at + size);
    const role = roleOf(range, bar);
    const known = {
      role,
      bytes,
      inferred: false,
      ...(bar === undefined ? {} : { device: bar.device }),
      ...(bar?.kind === undefined ? {} : { kind: bar.kind }),
    };
    if (virtual !== undefined) return [{ ...known, base: virtual, physical: false }];
    return physical === undefined ? [] : [{ ...known, base: physical, physical: true }];
  });
}

interface Bar {
  readonly device: string;
  readonly at: number;
  readonly size: number;
  readonly kind?: AcceleratorKind;
  readonly isVf?: boolean;
}

function barsOf(ranges: readonly MappedRange[], functions: readonly FunctionFacts[]): readonly Bar[] {
  const named = ranges.flatMap(({ device, physical, virtual, bytes }): Bar[] =>
    device === undefined || physical === undefined || virtual !== undefined
      ? []
      : [{ device, at: physical, size: bytes, ...identity(functions.find(({ address }) => address === device)) }],
  );
  const said = functions.flatMap((each): Bar[] =>
    (each.bars ?? []).flatMap(({ at, size, io }): Bar[] =>
      io === true ? [] : [{ device: each.address, at: Number(at), size: size ?? VF_BAR2_BYTES, ...identity(each) }],
    ),
  );
  return [...said, ...named];
}

/** What vendor and device of a function say. */
function identity(facts: FunctionFacts | undefined): { kind?: AcceleratorKind; isVf?: boolean } {
  if (facts?.vendor !== '19e5' || facts.device === undefined) return {};
  const id = Number.parseInt(facts.device, 16);
  for (const kind of ACCELERATOR_KINDS) {
    const { pfDeviceId, vfDeviceId } = ACCELERATORS[kind];
    if (id === pfDeviceId || id === vfDeviceId) return { kind, isVf: id === vfDeviceId };
  }
  return {};
}

function roleOf({ mappedBy = '', bytes }: MappedRange, bar: Bar | undefined): RegisterWindow['role'] {
  if (VF_MAPPERS.test(mappedBy)) return 'vf';
  // The same function maps the BAR of a VF that a driver of the host uses, which does not migrate.
  if (PF_MAPPERS.test(mappedBy)) return bytes > VF_BAR2_BYTES ? 'pf' : 'other';
  if (bar?.isVf === undefined || mappedBy !== '') return 'other';
  return bar.isVf ? 'vf' : 'pf';
}

/** The window that an access falls into. */
export function windowAt(
  windows: readonly RegisterWindow[],
  { address, physical }: TracedAccess,
): RegisterWindow | undefined {
  return windows.find((each) => each.physical === physical && address >= each.base && address < each.base + each.bytes);
}

/**
 * Windows by what the driver does: the query of the function table is made at five addresses that lie so only in a PF, and a
 * write-back is a write of 1 whose next address is then read.
 *
 * @param unknown accesses in no window that a file gives, in their order
 */
export function inferredWindows(
  unknown: readonly TracedAccess[],
  known: readonly RegisterWindow[],
): readonly RegisterWindow[] {
  const found: RegisterWindow[] = [];
  const add = (role: 'pf' | 'vf', base: number, bytes: number): void => {
    if (base < 0 || base % PAGE_BYTES !== 0) return;
    if (
      [...known, ...found].some((each) => !each.physical && base < each.base + each.bytes && base + bytes > each.base)
    )
      return;
    found.push({ role, base, bytes, physical: false, inferred: true });
  };
  const byTask = new Map<number, TracedAccess[]>();
  for (const access of unknown) {
    if (access.physical) continue;
    const recent = byTask.get(access.task) ?? [];
    recent.push(access);
    if (recent.length > PATTERN) recent.shift();
    byTask.set(access.task, recent);
    const pf = tableQueryBase(recent);
    if (pf !== null) add('pf', pf, PF_BAR2_BYTES);
    const vf = writeBackBase(recent) ?? registersBase(recent);
    if (vf !== null) add('vf', vf, VF_BAR2_BYTES);
  }
  return found;
}

/** Accesses that a sequence has at most. */
const PATTERN = 6;

const QUERY = [
  PF_REG.QM_VFT_CFG_OP_WR,
  PF_REG.QM_VFT_CFG_TYPE,
  PF_REG.QM_VFT_CFG,
  PF_REG.QM_VFT_CFG_RDY,
  PF_REG.QM_VFT_CFG_OP_ENABLE,
] as const;

function tableQueryBase(recent: readonly TracedAccess[]): number | null {
  const last = recent.slice(-QUERY.length);
  const base = last.length === QUERY.length ? last[0]!.address - QUERY[0] : -1;
  const fits = last.every(({ op, address }, i) => op === 'w' && address === base + QUERY[i]!);
  return fits && last[0]!.value === '0x1' && last[4]!.value === '0x1' ? base : null;
}

function writeBackBase(recent: readonly TracedAccess[]): number | null {
  const [start, done] = recent.slice(-2);
  if (start === undefined || done === undefined) return null;
  const base = start.address - VF_REG.QM_CACHE_WB_START;
  const fits = start.op === 'w' && start.value === '0x1' && done.op === 'r';
  return fits && done.address === base + VF_REG.QM_CACHE_WB_DONE && done.width === 4 ? base : null;
}

/** The order in which a save reads, and a load writes. */
const REGISTERS = [
  VF_REG.QM_VF_AEQ_INT_MASK,
  VF_REG.QM_VF_EQ_INT_MASK,
  VF_REG.QM_IFC_INT_SOURCE_V,
  VF_REG.QM_IFC_INT_MASK,
  VF_REG.QM_IFC_INT_SET_V,
] as const;

function registersBase(recent: readonly TracedAccess[]): number | null {
  const last = recent.slice(-REGISTERS.length);
  if (last.length < REGISTERS.length) return null;
  const base = last[0]!.address - REGISTERS[0];
  const { op } = last[0]!;
  return last.every((each, i) => each.op === op && each.address === base + REGISTERS[i]!) && base % PAGE_BYTES === 0
    ? base
    : null;
}

const DOORBELL_BYTES = 8;

/** A register of a VF that is reached by a window in its PF's BAR2. */
export interface WindowRegister {
  /** Function number of the VF. */
  readonly vf: number;
  /** As in the VF's own BAR2. */
  readonly offset: number;
}

/**
 * What an offset in the PF's BAR2 is where it lies in a migration window; null: it does not. docs/device.md 1.4.
 *
 * A window is as long as the registers of a VF below its doorbells: a driver that rings one by its window writes 8 bytes to
 * the beginning of the next, whose register there has 4.
 */
export function windowRegister({
  offset,
  width,
}: {
  readonly offset: number;
  readonly width: number;
}): WindowRegister | null {
  const { bytesPerFunction, eqcDw0, aeqcDw0 } = MIG_REGION;
  const at = offset - MIG_REGION.offset;
  const vf = Math.floor(at / bytesPerFunction);
  const inside = at % bytesPerFunction;
  if (inside === 0 && width === DOORBELL_BYTES && vf >= 2 && vf <= 64)
    return { vf: vf - 1, offset: VF_REG.QM_DOORBELL_EQ_AEQ_BASE_V2 };
  if (at < bytesPerFunction || vf > 63) return null;
  if (inside >= aeqcDw0) return { vf, offset: VF_REG.QM_AEQC_DW0 + inside - aeqcDw0 };
  return { vf, offset: inside >= eqcDw0 ? VF_REG.QM_EQC_DW0 + inside - eqcDw0 : inside };
}
