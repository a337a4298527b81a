/**
 * What a kernel command line says about ACS and ATS. Source: docs/isolation.md 7; drivers/pci/pci.c and
 * Documentation/admin-guide/kernel-parameters.txt of Linux 6.12.117 and 7.3.4; the out-of-tree patch of
 * `pcie_acs_override`, which several distributions carry.
 */
import { ACS } from './acs.ts';
import type { PciId } from './pci-id.ts';

/** Functions that a parameter names: by the way down to them, or by IDs, where 0 stands for any. */
export type FunctionPattern =
  | { readonly by: 'path'; readonly domain: number; readonly bus: number; readonly devfns: readonly number[] }
  | {
      readonly by: 'id';
      readonly vendor: number;
      readonly device: number;
      readonly subvendor: number;
      readonly subdevice: number;
    };

interface AcsOverride {
  /** Root and downstream ports. */
  readonly downstream: boolean;
  /** Functions marked multi-function. */
  readonly multifunction: boolean;
  readonly ids: readonly { readonly vendor: number; readonly device: number }[];
}

/** Bits that are set to the values of `on`; all others of the control word stay as firmware left them. */
interface AcsConfig {
  readonly named: number;
  readonly on: number;
  readonly functions: readonly FunctionPattern[];
}

export interface KernelLine {
  /** `pcie_acs_override`: what Linux believes of parts without the capability. No bit changes. */
  readonly override: AcsOverride;
  /** `pci=config_acs`. */
  readonly config: readonly AcsConfig[];
  /** `pci=disable_acs_redir`. */
  readonly disableRedirect: readonly FunctionPattern[];
  /** `pci=noats`. */
  readonly noAts: boolean;
}

export const NO_KERNEL_LINE: KernelLine = {
  override: { downstream: false, multifunction: false, ids: [] },
  config: [],
  disableRedirect: [],
  noAts: false,
};

/** What is wrong with a command line: the word, and what is allowed there. */
export class KernelLineError extends Error {
  readonly word: string;
  readonly allowed: string;

  constructor(word: string, allowed: string) {
    super(`'${word}'`);
    this.word = word;
    this.allowed = allowed;
  }
}

const OVERRIDE_ALLOWED = 'downstream, multifunction and id:vvvv:dddd, with commas between them';
const CONFIG_ALLOWED = 'up to 7 characters out of 0, 1 and x, then @ and functions, such as 111x1@0000:00:01.0';
const FUNCTION_ALLOWED =
  '[domain:]bus:device.function[/device.function...] or pci:vendor:device, with ; between several';

/**
 * Reads a kernel command line; parameters of other matters are passed over, so that all of /proc/cmdline may be given.
 *
 * @throws KernelLineError for a parameter about ACS that the kernel would not take
 */
export function parseKernelLine(text: string): KernelLine {
  let override = NO_KERNEL_LINE.override;
  const config: AcsConfig[] = [];
  const disableRedirect: FunctionPattern[] = [];
  let noAts = false;
  for (const word of text.split(/\s+/)) {
    const [name, value] = splitOnce(word.replaceAll('"', ''), '=');
    if (name === 'pcie_acs_override') override = readOverride(value);
    if (name !== 'pci') continue;
    for (const option of value.split(',')) {
      const [key, detail] = splitOnce(option, '=');
      if (key === 'noats') noAts = true;
      else if (key === 'disable_acs_redir') disableRedirect.push(...readFunctions(detail));
      else if (key === 'config_acs') config.push(readConfig(detail));
    }
  }
  return { override, config, disableRedirect, noAts };
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function readOverride(value: string): AcsOverride {
  let downstream = false;
  let multifunction = false;
  const ids: { vendor: number; device: number }[] = [];
  for (const each of value.split(',')) {
    const [, vendor, device] = /^id:([0-9a-f]{4}):([0-9a-f]{4})$/i.exec(each) ?? [];
    if (each === 'downstream') downstream = true;
    else if (each === 'multifunction') multifunction = true;
    else if (vendor !== undefined && device !== undefined) {
      ids.push({ vendor: Number.parseInt(vendor, 16), device: Number.parseInt(device, 16) });
    } else throw new KernelLineError(each, OVERRIDE_ALLOWED);
  }
  return { downstream, multifunction, ids };
}

function readConfig(value: string): AcsConfig {
  const [flags, functions] = splitOnce(value, '@');
  if (!/^[01x]{1,7}$/.test(flags) || functions === '') throw new KernelLineError(value, CONFIG_ALLOWED);
  let named = 0;
  let on = 0;
  // The last character is bit 0.
  for (let place = 0; place < flags.length; place++) {
    const flag = flags.at(-1 - place);
    if (flag !== 'x') named |= 1 << place;
    if (flag === '1') on |= 1 << place;
  }
  return { named, on, functions: readFunctions(functions) };
}

function readFunctions(value: string): readonly FunctionPattern[] {
  return value.split(';').map((each) => {
    const ids = /^pci:([0-9a-f]{1,4}):([0-9a-f]{1,4})(?::([0-9a-f]{1,4}):([0-9a-f]{1,4}))?$/i.exec(each);
    if (ids !== null) {
      const [vendor, device, subvendor, subdevice] = ids.slice(1, 5).map((part) => Number.parseInt(part || '0', 16));
      return { by: 'id', vendor: vendor!, device: device!, subvendor: subvendor!, subdevice: subdevice! };
    }
    const path = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):((?:[01]?[0-9a-f]\.[0-7])(?:\/[01]?[0-9a-f]\.[0-7])*)$/i.exec(
      each,
    );
    if (path === null) throw new KernelLineError(each, FUNCTION_ALLOWED);
    const devfns = path[3]!.split('/').map((part) => {
      const [device, fn] = part.split('.').map((digits) => Number.parseInt(digits, 16));
      return device! * 8 + fn!;
    });
    return { by: 'path', domain: Number.parseInt(path[1] ?? '0', 16), bus: Number.parseInt(path[2]!, 16), devfns };
  });
}

/** A function, and how Linux gets down to it. */
export interface PlacedFunction {
  readonly id: PciId | undefined;
  /** Addresses from the function up to its ancestor on the bus of the root complex. */
  readonly upwards: readonly number[];
}

/** Whether a pattern names a function. */
export function matchesFunction(pattern: FunctionPattern, { id, upwards }: PlacedFunction): boolean {
  if (pattern.by === 'id') {
    if (id === undefined) return false;
    const fits = (wanted: number, is: number | undefined): boolean => wanted === 0 || wanted === is;
    return (
      fits(pattern.vendor, id.vendor) &&
      fits(pattern.device, id.device) &&
      fits(pattern.subvendor, id.subsystem?.vendor) &&
      fits(pattern.subdevice, id.subsystem?.device)
    );
  }
  const { domain, bus, devfns } = pattern;
  if (upwards.length < devfns.length) return false;
  const top = upwards[devfns.length - 1]!;
  if (Math.floor(top / 0x100) !== domain * 0x100 + bus) return false;
  return devfns.every((devfn, i) => upwards[devfns.length - 1 - i]! % 0x100 === devfn);
}

/**
 * The control word after the kernel's parameters.
 *
 * @param can the capability word
 * @param on the control word without those parameters
 * @param firmware the control word that firmware left, to which both parameters go back
 */
export function controlWord(
  line: KernelLine,
  fn: PlacedFunction,
  { can, on, firmware }: { readonly can: number; readonly on: number; readonly firmware: number },
): number {
  let word = line.noAts ? on | ACS.TB : on;
  if (line.disableRedirect.some((each) => matchesFunction(each, fn))) word = firmware & ~(ACS.RR | ACS.CR | ACS.EC);
  for (const { named, on: wanted, functions } of line.config) {
    if (functions.some((each) => matchesFunction(each, fn))) word = (firmware & ~named) | (wanted & named);
  }
  return word & can;
}
