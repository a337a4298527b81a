/**
 * Which addresses lead to which BAR: /proc/vmallocinfo, and /proc/iomem.
 */
import { KIB } from '../../../sim/base/units.ts';
import { numbered } from '../numbered.ts';
import { addFindings, type Finding, type Reader, type Reading } from '../reader.ts';
import { addressOf, type DriverFile, EMPTY_DRIVER_FILE, functionName, type MappedRange } from './facts.ts';

const VMALLOC = /^\s*0x([\da-f]+)-0x([\da-f]+)\s+(\d+)\s+(\S+)(.*)$/i;
const PHYSICAL = /\bphys=(?:0x)?([\da-f]+)\b/i;
const HASHED = /^\s*0x\(_+ptrval_+\)-|^\s*0x0+-0x0+\s/i;

/** Ranges that a host has at most. */
const RANGES_MAX = 100_000;
/** Sizes of pages that a kernel of arm64 may have. */
const PAGES = [64 * KIB, 16 * KIB, 4 * KIB] as const;

export const VMALLOCINFO: Reader<DriverFile, 'driver'> = {
  id: 'vmallocinfo',
  title: '/proc/vmallocinfo: which virtual address is which physical one',
  kind: 'driver',
  sniff(head) {
    const lines = head.split('\n').filter((text) => VMALLOC.test(text) || HASHED.test(text));
    return lines.some((text) => /\b(?:ioremap|vmalloc|vmap|phys=|pages=)/.test(text)) ? 0.97 : 0;
  },
  read(lines) {
    const rows: { virtual: string; bytes: number; by: string; physical: string; line: number }[] = [];
    const findings: Finding[] = [];
    let hidden = 0;
    let others = 0;
    const sizes = new Set<number>();
    for (const { text, line } of numbered(lines)) {
      if (HASHED.test(text)) hidden += 1;
      const [, from, to, size, by = '', rest = ''] = VMALLOC.exec(text) ?? [];
      if (from === undefined || to === undefined || HASHED.test(text)) continue;
      const [, physical] = PHYSICAL.exec(rest) ?? [];
      const bytes = addressOf(to) - addressOf(from);
      if (bytes !== Number(size)) {
        addFindings(findings, { kind: 'warning', line, text: `the size ${size} is not that of its addresses, ${bytes}: not used` }); // prettier-ignore
        continue;
      }
      sizes.add(bytes);
      if (physical === undefined || !/\bioremap\b/.test(rest)) others += 1;
      else if (rows.length < RANGES_MAX) rows.push({ virtual: from, bytes, by: functionName(by), physical, line });
    }
    const page = PAGES.find((each) => [...sizes].every((bytes) => bytes % each === 0)) ?? PAGES[2];
    if (hidden > 0) addFindings(findings, { kind: 'warning', text: `${hidden} lines have their addresses hidden: read the file as root, with kernel.kptr_restrict=0 or 1` }); // prettier-ignore
    if (others > 0) addFindings(findings, { kind: 'unused', text: `${others} ranges that are no ioremap` });
    if (rows.length > 0) {
      addFindings(findings, { kind: 'inferred', line: rows[0]!.line, text: `each size has one guard page more, taken to be ${page / KIB} KiB: of all sizes that is the largest page that divides them` }); // prettier-ignore
    }
    const used = rows.filter(({ bytes }) => bytes > page);
    return mapsReading(
      hidden > 0 && rows.length === 0 ? '/proc/vmallocinfo lines, read without root' : vmallocFormat(used),
      used.map(({ virtual, bytes, by, physical, line }) => ({
        virtual: addressOf(virtual),
        physical: addressOf(physical),
        bytes: bytes - page,
        mappedBy: by,
        line,
      })),
      { maps: used.map(({ virtual, bytes, physical }) => ({ virtual: hex(virtual), bytes: bytes - page, physical: hex(physical) })) }, // prettier-ignore
      findings,
    );
  },
};

function vmallocFormat(rows: readonly { readonly by: string }[]): string {
  const open = rows.some(({ by }) => by.startsWith('hisi_acc_'));
  return `/proc/vmallocinfo lines, read as root${open ? ' while the VF was open' : ''}`;
}

const IOMEM = /^\s*([\da-f]{8,16})-([\da-f]{8,16}) : (.+?)\s*$/i;
const PCI_ADDRESS = /^[\da-f]{4,8}:[\da-f]{2}:[\da-f]{2}\.[0-7]$/i;

export const IOMEM_READER: Reader<DriverFile, 'driver'> = {
  id: 'iomem',
  title: '/proc/iomem: which physical address is of which PCI function',
  kind: 'driver',
  sniff(head) {
    const lines = head.split('\n').filter((text) => text.trim() !== '');
    const fit = lines.filter((text) => IOMEM.test(text)).length;
    return fit >= 2 && fit >= lines.length / 2 ? 0.95 : 0;
  },
  read(lines) {
    const ranges: MappedRange[] = [];
    const findings: Finding[] = [];
    let zero = 0;
    let others = 0;
    for (const { text, line } of numbered(lines)) {
      const [, from, to, name = ''] = IOMEM.exec(text) ?? [];
      if (from === undefined || to === undefined) continue;
      const [first, last] = [addressOf(from), addressOf(to)];
      if (last === 0) zero += 1;
      else if (PCI_ADDRESS.test(name) && last >= first) {
        if (ranges.length < RANGES_MAX)
          ranges.push({ physical: first, bytes: last - first + 1, device: name.toLowerCase(), line });
      } else others += 1;
    }
    if (zero > 0) addFindings(findings, { kind: 'warning', text: `${zero} ranges are shown as zeros: read /proc/iomem as root` }); // prettier-ignore
    if (others > 0) addFindings(findings, { kind: 'unused', text: `${others} ranges that are of no PCI function` });
    return mapsReading(
      zero > 0 && ranges.length === 0 ? '/proc/iomem lines, read without root' : '/proc/iomem lines, read as root',
      ranges,
      { maps: ranges.map(({ physical, bytes, device }) => ({ physical: `0x${physical!.toString(16)}`, bytes, device })) }, // prettier-ignore
      findings,
    );
  },
};

function mapsReading(
  format: string,
  ranges: readonly MappedRange[],
  said: Readonly<Record<string, unknown>>,
  findings: readonly Finding[],
): Reading<DriverFile> {
  return { format, facts: { ...EMPTY_DRIVER_FILE, ranges, said }, findings, unknown: [] };
}

function hex(digits: string): string {
  return `0x${digits.toLowerCase().replace(/^0+(?=.)/, '')}`;
}
