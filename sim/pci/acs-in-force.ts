/**
 * ACS bits that act in the hardware: what the control word switches on after the kernel's parameters, what the maker of
 * the platform vouches for, and what Linux's own list vouches for by IDs. What Linux was only made to believe is not
 * among them.
 */
import { ACS, ACS_REQUIRED } from './acs.ts';
import { acsQuirkOf, type ExpressType } from './acs-quirks.ts';
import { type FunctionAddress, slotKey } from './address.ts';
import {
  controlWord,
  type KernelLine,
  KernelLineError,
  matchesFunction,
  NO_KERNEL_LINE,
  parseKernelLine,
  type PlacedFunction,
} from './kernel-line.ts';
import { slotCounts, typeOfFunction, typeOfNode } from './linux-functions.ts';
import { fail } from './topology-check.ts';
import type {
  AcsDocument,
  NodeDocument,
  PhysicalFunctionDocument,
  PortDocument,
  SwitchDocument,
  TopologyDocument,
} from './topology-file.ts';
import type { TopologyNode } from './topology.ts';

/** Finds the bits while a topology is built. */
export class AcsInForce {
  /** What the kernel's command line says. */
  readonly line: KernelLine;
  private readonly nodes: readonly TopologyNode[];
  private readonly parents: readonly number[];
  private readonly counts: ReadonlyMap<number, number>;

  /**
   * @param what the document's name, used in messages
   * @param nodes all nodes, each before what is below it
   * @param parents by node, -1 for the root complex
   * @throws UserError of kind `input` for a command line that Linux would not take
   */
  constructor(document: TopologyDocument, what: string, nodes: readonly TopologyNode[], parents: readonly number[]) {
    this.line = kernelLineOf(document, what);
    this.nodes = nodes;
    this.parents = parents;
    this.counts = slotCounts(document.tree);
  }

  /** Bits of a port, or of the upstream port of a switch. @param index its node */
  ofPort(index: number, node: PortDocument | SwitchDocument): number {
    const above = this.parents[index]!;
    return this.bits(node, typeOfNode(node, this.kindOf(above)), above);
  }

  /** Bits of a physical function. @param node its device */
  ofFunction(node: number, fn: PhysicalFunctionDocument): number {
    const above = this.parents[node]!;
    return this.bits(fn, typeOfFunction(fn, this.kindOf(above)), above);
  }

  private bits(
    { acs, at, id, multifunction }: PortDocument | SwitchDocument | PhysicalFunctionDocument,
    type: ExpressType,
    above: number,
  ): number {
    const upwards = this.upwards(at, above);
    const several = multifunction ?? (this.counts.get(slotKey(at)) ?? 0) > 1;
    const wired = (acs?.wired ?? 0) & ~(ACS.EC | ACS.DT);
    const answer = acsQuirkOf({ id, type, multifunction: several, onRootBus: above < 0 })?.answer;
    if (answer === 'shifted') return shiftedWord(acs, { id, upwards }, this.line) | wired;
    const word =
      acs?.can === undefined
        ? 0
        : controlWord(this.line, { id, upwards }, { can: acs.can, on: acs.on, firmware: acs.firmware ?? acs.on });
    return word | wired | (answer === 'isolated' ? ACS_REQUIRED : 0);
  }

  private kindOf(node: number): NodeDocument['kind'] | undefined {
    return node < 0 ? undefined : this.nodes[node]!.document.kind;
  }

  /** An address, and those of all bridges above. */
  private upwards(at: FunctionAddress, above: number): readonly FunctionAddress[] {
    const addresses = [at];
    for (let node = above; node >= 0; node = this.parents[node]!) {
      const { document } = this.nodes[node]!;
      if (document.kind !== 'device') addresses.push(document.at);
    }
    return addresses;
  }
}

function kernelLineOf({ commandLine }: TopologyDocument, what: string): KernelLine {
  if (commandLine === undefined) return NO_KERNEL_LINE;
  try {
    return parseKernelLine(commandLine);
  } catch (error) {
    if (!(error instanceof KernelLineError)) throw error;
    return fail(what, 'commandLine', `has '${error.word}'`, `Linux takes ${error.allowed}.`);
  }
}

/** The control word that lspci does not show: Linux switches on what it wants, and only `disable_acs_redir` changes it. */
function shiftedWord(acs: AcsDocument | undefined, fn: PlacedFunction, line: KernelLine): number {
  const word = (acs?.can ?? ACS_REQUIRED) & ACS_REQUIRED;
  const disabled = line.disableRedirect.some((each) => matchesFunction(each, fn));
  return disabled ? word & ~(ACS.RR | ACS.CR | ACS.EC) : word;
}
