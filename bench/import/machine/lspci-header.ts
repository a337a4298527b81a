/**
 * The first line of a function in lspci's block form: `75:00.0 Processing accelerators [1200]: VENDOR DEVICE [19e5:a250]
 * (rev 21) (prog-if 00)`, in words, in numbers, or both.
 */
import { addressOf, type FunctionFacts } from './facts.ts';

const HEAD = /^\s*((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s+(\S.*)$/i;
/** `-n`: class and IDs in numbers; releases before 2.2 say `Class` in front. */
const NUMERIC = /^(?:Class )?([0-9a-f]{4}): ([0-9a-f]{4}):([0-9a-f]{4})(?=\s|$)(.*)$/i;
const WORDED = /^([^:]+?)(?: \[([0-9a-f]{4})\])?: (.*)$/i;
const REVISION = /\(rev ([0-9a-f]{2})\)/i;
const IDS = /\[([0-9a-f]{4}):([0-9a-f]{4})\]/gi;
/** What follows the name. */
const TAIL = /(?: \[[0-9a-f]{4}:[0-9a-f]{4}\])?(?: \(rev [0-9a-f]{2}\))?(?: \(prog-if .*\))?\s*$/i;

/** The address and facts of a first line; undefined for any other line. A line that was cut gives its address only. */
export function lspciHeader(line: string, isCut: boolean): FunctionFacts | undefined {
  const [, place = '', rest = ''] = HEAD.exec(line) ?? [];
  const address = addressOf(place);
  if (address === undefined) return undefined;
  if (isCut) return { address };
  const [, revision] = REVISION.exec(rest) ?? [];
  // lspci leaves out revision 00.
  const shown = { revision: revision?.toLowerCase() ?? '00' };
  const numeric = NUMERIC.exec(rest);
  if (numeric !== null) {
    const [, code = '', vendor = '', device = ''] = numeric;
    return { address, class: code.toLowerCase(), vendor: vendor.toLowerCase(), device: device.toLowerCase(), ...shown };
  }
  const [, className, code, name] = WORDED.exec(rest) ?? [];
  if (className === undefined || name === undefined) return undefined;
  // Names have brackets of their own; the IDs are the last.
  const [, vendor, device] = [...name.matchAll(IDS)].at(-1) ?? [];
  return {
    address,
    className,
    name: name.replace(TAIL, ''),
    // Without -nn, brackets are a part of a name.
    ...(vendor === undefined || device === undefined
      ? {}
      : { vendor: vendor.toLowerCase(), device: device.toLowerCase(), ...codeOf(code) }),
    ...shown,
  };
}

function codeOf(code: string | undefined): { readonly class?: string } {
  return code === undefined ? {} : { class: code.toLowerCase() };
}
