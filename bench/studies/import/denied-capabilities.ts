/**
 * A machine of which nobody was shown capabilities: what bridges are follows from their places, and which ports isolate in
 * Linux's view from the IOMMU groups that it has built. Nothing else is filled in.
 */
import { addressKey, type FunctionFacts, type MachineFacts, type PlacedFunction } from '../../import/machine/facts.ts';
import type { Finding } from '../../import/reader.ts';

export interface Completed {
  readonly facts: MachineFacts;
  readonly findings: readonly Finding[];
}

const ISOLATES = { can: 'SV RR CR UF', on: 'SV RR CR UF', inferred: true } as const;
const EMPTY = { can: '', on: '', inferred: true } as const;
const CONVENTIONAL_NAME = /to PCI(?:-X)? bridge/i;

/** Types and ACS words put in where capabilities were denied or are not part of the format; the same facts elsewhere. */
export function completed(facts: MachineFacts): Completed {
  const bridges = facts.functions.filter(({ facts: { secondary } }) => secondary !== undefined);
  const untyped = bridges.filter(({ facts: { type } }) => type === undefined);
  if (facts.privileged === true || (untyped.length === 0 && facts.privileged === null)) return { facts, findings: [] };
  const functions = new Completer(facts.functions).run();
  const hasGroups = facts.functions.some((each) => typeof each.facts.iommuGroup === 'number');
  const acs = hasGroups
    ? "which ports isolate from the kernel's groups, which is true of the hardware unless pcie_acs_override is on its command line"
    : 'that no port has ACS, so that groups are as large as they can be';
  const text =
    `${facts.privileged === null ? 'the format shows no capabilities' : 'capabilities could not be read'}. Taken: types of bridges ` +
    `from their places, and ${acs}. Which functions are VFs, ATS, and what else is there are not known; run lspci -vvv as root`;
  return { facts: { ...facts, functions }, findings: [{ kind: 'asked', text }] };
}

class Completer {
  private readonly functions: readonly PlacedFunction[];
  private readonly byAddress: ReadonlyMap<string, FunctionFacts>;
  private readonly below = new Map<string, FunctionFacts[]>();
  private readonly sizes = new Map<number, number>();
  private readonly slots = new Map<number, number>();
  private readonly types = new Map<string, FunctionFacts['type']>();

  constructor(functions: readonly PlacedFunction[]) {
    this.functions = functions;
    this.byAddress = new Map(functions.map(({ facts }) => [facts.address, facts]));
    for (const { facts } of functions) {
      const { parent, iommuGroup, address } = facts;
      if (typeof parent === 'string') this.below.set(parent, [...(this.below.get(parent) ?? []), facts]);
      if (typeof iommuGroup === 'number') this.sizes.set(iommuGroup, (this.sizes.get(iommuGroup) ?? 0) + 1);
      this.slots.set(slotOf(address), (this.slots.get(slotOf(address)) ?? 0) + 1);
    }
  }

  run(): readonly PlacedFunction[] {
    return this.functions.map((each) => {
      const { facts } = each;
      const type = this.typeOf(facts);
      const acs = facts.acs === undefined ? this.acsOf(facts, type) : facts.acs;
      return { ...each, facts: { ...facts, ...(type && { type }), ...(acs && { acs }) } };
    });
  }

  private typeOf(facts: FunctionFacts): FunctionFacts['type'] {
    if (facts.type !== undefined) return facts.type;
    if (facts.secondary === undefined) return this.isApart(facts) && facts.parent === null ? 'rciep' : undefined;
    const known = this.types.get(facts.address);
    if (known !== undefined) return known;
    // A range that holds its own bridge would never end.
    this.types.set(facts.address, 'conventional');
    const type = this.bridgeType(facts);
    this.types.set(facts.address, type);
    return type;
  }

  private bridgeType(facts: FunctionFacts): FunctionFacts['type'] {
    const { parent, address, name = '' } = facts;
    const above = typeof parent === 'string' ? this.byAddress.get(parent) : undefined;
    if (above === undefined) return 'root-port';
    const over = this.typeOf(above);
    if (over === 'conventional' || over === 'pcie-to-pci-bridge') return 'conventional';
    if (over === 'switch-upstream') return 'switch-downstream';
    const hasBridges = this.below.get(address)?.some(({ secondary }) => secondary !== undefined) === true;
    const isSwitch = hasBridges && !CONVENTIONAL_NAME.test(name) && !this.keepsAllBelow(facts, above);
    return isSwitch ? 'switch-upstream' : 'pcie-to-pci-bridge';
  }

  /** Whether a bridge alone in its slot has its group's functions below it, and not the port above: no switch has. */
  private keepsAllBelow({ address, iommuGroup }: FunctionFacts, above: FunctionFacts): boolean {
    if (typeof iommuGroup !== 'number' || iommuGroup === above.iommuGroup) return false;
    const isAlone = this.slots.get(slotOf(address)) === 1;
    return isAlone && this.below.get(address)?.some((each) => each.iommuGroup === iommuGroup) === true;
  }

  private acsOf(facts: FunctionFacts, type: FunctionFacts['type']): FunctionFacts['acs'] {
    const { iommuGroup, address } = facts;
    if (type === 'root-port' || type === 'switch-downstream') {
      const groups = (this.below.get(address) ?? []).flatMap((each) =>
        typeof each.iommuGroup === 'number' ? [each.iommuGroup] : [],
      );
      const isAlone = typeof iommuGroup === 'number' && this.sizes.get(iommuGroup) === 1;
      const isolates = groups.length === 0 ? isAlone : groups.every((each) => each !== iommuGroup);
      return isolates ? ISOLATES : undefined;
    }
    return facts.secondary === undefined && this.isApart(facts) ? EMPTY : undefined;
  }

  /** Whether a function of several in its slot has a group of its own. */
  private isApart({ iommuGroup, address }: FunctionFacts): boolean {
    return typeof iommuGroup === 'number' && this.sizes.get(iommuGroup) === 1 && this.slots.get(slotOf(address))! > 1;
  }
}

function slotOf(address: string): number {
  return Math.floor(addressKey(address) / 8);
}
