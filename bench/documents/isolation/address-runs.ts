/**
 * Lists of addresses with each run of functions that follow one another as one entry, as 63 VFs of a PF do.
 */
import { ADDRESS_PATTERN, parseAddress } from '../../../sim/pci/address.ts';

/** So many in a row are still listed each by itself. */
const LISTED_MAX = 3;

/** @param names addresses, and names of other things, which stay as they are */
export function addressRuns(names: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (let from = 0; from < names.length;) {
    let to = from + 1;
    if (ADDRESS_PATTERN.test(names[from]!)) {
      const first = parseAddress(names[from]!);
      while (to < names.length && isAt(names[to]!, first + to - from)) to += 1;
    }
    if (to - from > LISTED_MAX) found.push(`${names[from]!} to ${names[to - 1]!}`);
    else found.push(...names.slice(from, to));
    from = to;
  }
  return found;
}

function isAt(name: string, address: number): boolean {
  return ADDRESS_PATTERN.test(name) && parseAddress(name) === address;
}
