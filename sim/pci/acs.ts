/**
 * Access Control Services of PCIe: the bits of the capability and control words. Names and values as in
 * include/uapi/linux/pci_regs.h (PCI_ACS_*); what each bit does at a port: docs/isolation.md 3.
 */
import { isKeyOf, keysOf } from '../base/keys.ts';

/** Bits of the ACS capability word (offset 4) and of the control word (offset 6). */
export const ACS = {
  /** Source Validation. */
  SV: 0x01,
  /** Translation Blocking. */
  TB: 0x02,
  /** P2P Request Redirect. */
  RR: 0x04,
  /** P2P Completion Redirect. */
  CR: 0x08,
  /** Upstream Forwarding. */
  UF: 0x10,
  /** P2P Egress Control. */
  EC: 0x20,
  /** Direct Translated P2P. */
  DT: 0x40,
} as const;

type AcsBit = keyof typeof ACS;

export const ACS_BITS = keysOf(ACS);

export const ACS_ALL = 0x7f;

/** What Linux asks of every device on the way before it calls a function isolated (drivers/iommu/iommu.c). */
export const ACS_REQUIRED = ACS.SV | ACS.RR | ACS.CR | ACS.UF;

/** The words of `lspci -vv`, in its ACSCap and ACSCtl lines. */
const LSPCI_WORDS: Readonly<Record<string, AcsBit>> = {
  SrcValid: 'SV',
  TransBlk: 'TB',
  ReqRedir: 'RR',
  CmpltRedir: 'CR',
  UpstreamFwd: 'UF',
  EgressCtrl: 'EC',
  DirectTrans: 'DT',
};

export const ACS_ALLOWED = `names out of ${ACS_BITS.join(' ')} with blanks between them, or the words of lspci such as SrcValid+ ReqRedir-`;

/**
 * Reads bits as people write them: `SV RR CR UF`, or an ACSCap or ACSCtl line of lspci, where a word with `-` is off.
 *
 * @returns the bits, or undefined when a word is neither
 */
export function parseAcsBits(text: string): number | undefined {
  let bits = 0;
  for (const word of text.split(/[\s,]+/)) {
    if (word === '' || /^ACS(?:Cap|Ctl):$/.test(word)) continue;
    if (isKeyOf(ACS, word)) {
      bits |= ACS[word];
      continue;
    }
    const [, name = '', sign = ''] = /^([A-Za-z]+)([+-])$/.exec(word) ?? [];
    const bit = Object.hasOwn(LSPCI_WORDS, name) ? LSPCI_WORDS[name] : undefined;
    if (bit === undefined) return undefined;
    if (sign === '+') bits |= ACS[bit];
  }
  return bits;
}

/** `SV RR`, or `none`. */
export function formatAcsBits(bits: number): string {
  const names = ACS_BITS.filter((name) => (bits & ACS[name]) !== 0);
  return names.length === 0 ? 'none' : names.join(' ');
}
