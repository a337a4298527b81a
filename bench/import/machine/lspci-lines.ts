/**
 * The lines below the first one in lspci's block form, each by the words before its colon. Lines that are not in the table
 * say nothing that is needed.
 */
import { ACS_BITS, parseAcsBits } from '../../../sim/pci/acs.ts';
import { bitNames } from './config-space.ts';
import type { FunctionType } from './facts.ts';
import type { LspciFunction } from './lspci-function.ts';

/** @returns false when the line is damaged: then the fact that it has stays unknown */
type LineReader = (fn: LspciFunction, value: string, key: string) => boolean;

/** Types by the words of `Capabilities: [40] Express …`; the first that fits. */
const TYPES: readonly (readonly [words: string, type: FunctionType])[] = [
  ['Root Complex Integrated Endpoint', 'rciep'],
  ['Root Complex Event Collector', 'event-collector'],
  ['PCI-Express to PCI/PCI-X Bridge', 'pcie-to-pci-bridge'],
  ['PCI/PCI-X to PCI-Express Bridge', 'pci-to-pcie-bridge'],
  // Before pciutils 2.2.4.
  ['PCI/PCI-X Bridge', 'pcie-to-pci-bridge'],
  ['Legacy Endpoint', 'legacy-endpoint'],
  ['Endpoint', 'endpoint'],
  ['Root Port', 'root-port'],
  ['Upstream Port', 'switch-upstream'],
  ['Downstream Port', 'switch-downstream'],
];

const UNITS = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const;

function capabilities(fn: LspciFunction, value: string): boolean {
  if (/^<(?:access denied|unreadable)>/.test(value)) return fn.denied();
  if (/^<chain (?:looped|broken)>/.test(value)) return fn.listEndsEarly();
  const [, name] = /^\[[0-9a-f]{2,3}(?: v\d+)?\] (.*)$/i.exec(value) ?? [];
  if (name === undefined) return fn.listEndsEarly();
  fn.capability(name, Number.parseInt(value.slice(1), 16));
  const [, express] = /^Express (?:\(v\d+\) )?(.*)$/.exec(name) ?? [];
  if (express === undefined) return true;
  const [, type] = TYPES.find(([words]) => express.startsWith(words)) ?? [];
  if (type === undefined) return fn.doubt('type');
  const [, slot] = /\(Slot([+-])\)/.exec(express) ?? [];
  if (slot !== undefined) fn.set('slot', slot === '+');
  return fn.set('type', type);
}

function region(fn: LspciFunction, value: string, key: string): boolean {
  const bar = Number(key.slice('Region '.length));
  if (/<(?:ignored|unassigned|broken-64-bit-slot)>/.test(value)) return true;
  const [, memory, io] =
    /^(?:\[virtual\] )?(?:Memory at ([0-9a-f]+)|I\/O ports at ([0-9a-f]+))(?= |$)/i.exec(value) ?? [];
  const at = memory ?? io;
  if (at === undefined || bar > 5) return fn.isInSriov ? fn.doubt('sriov') : fn.doubt('bars');
  if (fn.isInSriov) return fn.vfBar(bar, at);
  const [, digits, unit = ''] = / \[size=(\d+)([KMGT]?)\]/.exec(value) ?? [];
  const size = digits === undefined ? undefined : Number(digits) * UNITS[unit as keyof typeof UNITS];
  return fn.bar(bar, at, size, io !== undefined);
}

function bus(fn: LspciFunction, value: string): boolean {
  const found = /^primary=([0-9a-f]{2}), secondary=([0-9a-f]{2}), subordinate=([0-9a-f]{2})(?=,|$)/i.exec(value);
  if (found === null) {
    for (const name of ['primary', 'secondary', 'subordinate'] as const) fn.doubt(name);
    return false;
  }
  const [primary = '', secondary = '', subordinate = ''] = found.slice(1).map((each) => each.toLowerCase());
  return [fn.set('primary', primary), fn.set('secondary', secondary), fn.set('subordinate', subordinate)].every(
    Boolean,
  );
}

function acsWords(value: string): number | undefined {
  const words = value.split(/\s+/).filter((each) => each !== '');
  const known = words.filter((word) => parseAcsBits(word) !== undefined);
  // Later releases may print more bits; one that is missing was cut off.
  if (known.length !== ACS_BITS.length || words.some((word) => !/^\w+[+-]$/.test(word))) return undefined;
  return parseAcsBits(known.join(' '));
}

function acs(field: 'can' | 'on'): LineReader {
  return (fn, value) => {
    const bits = acsWords(value);
    return bits === undefined ? fn.doubt('acs') : fn.acsWord(field, bitNames(bits));
  };
}

function enabled(name: 'ats' | 'pasid' | 'pri'): LineReader {
  return (fn, value) => {
    const [, sign] = /^Enable([+-])/.exec(value) ?? [];
    return sign === undefined ? fn.doubt(name) : fn.set(name, { enabled: sign === '+' });
  };
}

function whole(name: 'numaNode' | 'iommuGroup'): LineReader {
  return (fn, value) => (/^-?\d+$/.test(value) ? fn.set(name, Number(value)) : fn.doubt(name));
}

const driver: LineReader = (fn, value) => (/^[\w-]+$/.test(value) ? fn.set('driver', value) : fn.doubt('driver'));

/** `Flags:` of -v: one line for many. */
const flags: LineReader = (fn, value) => {
  if (/^PMEClk[+-]/.test(value) || fn.isInCapabilities) return true;
  const [, node] = /, NUMA node (\d+)(?=,|$)/.exec(value) ?? [];
  const [, group] = /, IOMMU group (\d+)(?=,|$)/.exec(value) ?? [];
  if (node !== undefined) fn.set('numaNode', Number(node));
  if (group !== undefined) fn.set('iommuGroup', Number(group));
  return fn.begins('brief');
};

const sriovControl: LineReader = (fn, value) => {
  const [, sign] = /^Enable([+-])/.exec(value) ?? [];
  return sign === undefined ? fn.doubt('sriov') : fn.sriov({ enabled: sign === '+' });
};

const sriovCounts: LineReader = (fn, value) => {
  const [, initial, total, number] = /^(\d+), Total VFs: (\d+), Number of VFs: (\d+)(?=,|$)/.exec(value) ?? [];
  if (number === undefined) return fn.doubt('sriov');
  return fn.sriov({ initialVfs: Number(initial), totalVfs: Number(total), numVfs: Number(number) });
};

const sriovPlaces: LineReader = (fn, value) => {
  const [, offset, stride, device] = /^(\d+), stride: (\d+), Device ID: ([0-9a-f]{4})$/i.exec(value) ?? [];
  if (device === undefined) return fn.doubt('sriov');
  return fn.sriov({ offset: Number(offset), stride: Number(stride), vfDevice: device.toLowerCase() });
};

const ariCapability: LineReader = (fn, value) => {
  const [, next] = /Next Function: (\d+)$/.exec(value) ?? [];
  return next === undefined ? fn.doubt('ari') : fn.set('ari', { nextFunction: Number(next) });
};

const READERS: ReadonlyMap<string, LineReader> = new Map<string, LineReader>([
  // Capabilities have lines of these names too.
  ['Control', (fn, value) => !/^I\/O[+-] Mem[+-]/.test(value) || fn.begins('full')],
  ['Flags', flags],
  ['Capabilities', capabilities],
  ['Bus', bus],
  ['NUMA node', whole('numaNode')],
  ['IOMMU group', whole('iommuGroup')],
  ['ACSCap', acs('can')],
  ['ACSCtl', acs('on')],
  ['ATSCtl', enabled('ats')],
  ['PASIDCtl', enabled('pasid')],
  ['PRICtl', enabled('pri')],
  ['ARICap', ariCapability],
  ['IOVCtl', sriovControl],
  ['Initial VFs', sriovCounts],
  ['VF offset', sriovPlaces],
  ['Kernel driver in use', driver],
  // Where lspci was built for another system.
  ['Driver in use', driver],
  ['Kernel modules', () => true],
  ...Array.from({ length: 6 }, (_, i) => [`Region ${i}`, region] as const),
]);

/** Lines whose fact is one word among others. */
function marked(fn: LspciFunction, key: string, value: string): void {
  if (key === 'LnkCap') {
    const [, port] = /^Port #(\d+)/.exec(value) ?? [];
    if (port !== undefined) fn.set('portNumber', Number(port));
  }
  if (key === 'DevCtl2') {
    const [, sign] = /\bARIFwd([+-])/.exec(value) ?? [];
    if (sign !== undefined) fn.set('ariForwarding', sign === '+');
  }
}

/** What a line below the first says of the function. @returns false when it is damaged */
export function readLine(fn: LspciFunction, line: string): boolean {
  const colon = line.indexOf(':');
  if (colon < 0) return !line.includes('!!! Unknown header type') || fn.answersNothing();
  const key = line.slice(0, colon).trim();
  const value = line.slice(colon + 1).trim();
  const reader = READERS.get(key);
  if (reader !== undefined) return reader(fn, value, key);
  marked(fn, key, value);
  return true;
}
