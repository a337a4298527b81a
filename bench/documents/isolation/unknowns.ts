/**
 * What no tool shows of a machine: fields of a topology that have to be said, each with what it decides and with the value
 * that keeps more apart than the one that is taken.
 */

interface Unknown {
  /** Field, without the place of its node. */
  readonly field: string;
  /** Whether it is a field of every node of a kind; else it stands once. */
  readonly everywhere: boolean;
  /** The value under which fewer requests arrive. */
  readonly apart: string | boolean;
  readonly question: string;
  readonly decides: string;
  /** The source of an answer. */
  readonly ask: string;
}

const UNKNOWNS: readonly Unknown[] = [
  {
    field: 'rootComplex.p2p',
    everywhere: false,
    apart: 'none',
    question: 'whether the root complex passes requests from one root port to another',
    decides: 'whether what is below one root port reaches what is below others',
    ask: 'the maker of the processor',
  },
  {
    field: 'iommu.reflectsToMmio',
    everywhere: false,
    apart: false,
    question: 'whether a request that leaves the IOMMU with an address of a BAR gets there',
    decides: 'whether a stream in bypass, and a domain with a BAR in it, lead to registers',
    ask: 'the maker of the processor',
  },
  {
    field: 'turnaround',
    everywhere: false,
    apart: 'ur',
    question:
      'whether a port without Upstream Forwarding sends a request for its own side back down (loopback) or refuses it (ur)',
    decides: 'whether a function reaches its own BAR and those of its siblings below such a port',
    ask: 'the maker of the port',
  },
  {
    field: 'internalRouting',
    everywhere: true,
    apart: 'upstream',
    question: 'whether a device serves requests for its own BARs inside',
    decides: 'whether a VF reaches its own control area, and those of other VFs of the device',
    ask: 'the maker of the device',
  },
  {
    field: 'ats.guestChooses',
    everywhere: true,
    apart: false,
    question: 'whether the guest can make a function call an address of its choice translated',
    decides: 'what a function with ATS on reaches without the IOMMU',
    ask: 'the maker of the device',
  },
  {
    field: 'slot',
    everywhere: true,
    apart: false,
    question: 'whether the link of a root port leads to a slot (Slot+ or Slot- of lspci -vvv as root)',
    decides: 'whether policy on-die takes what is below it for a part of the processor',
    ask: 'the machine itself',
  },
];

/** The unknown that a path of a topology is about: `tree[2].below[0].internalRouting`. */
export function unknownOf(path: string): Unknown | undefined {
  return UNKNOWNS.find(({ field, everywhere }) => path === field || (everywhere && path.endsWith(`.${field}`)));
}
