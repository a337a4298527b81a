/**
 * Files without what says whose they are: names, addresses, identifiers and serial numbers, each by one that stands for it in all
 * of the files.
 */
import type { TextSource } from '../lines.ts';
import { AddressMask } from './addresses.ts';
import { ConfigSerials } from './config-serials.ts';
import { NameMask } from './names.ts';

export interface MaskedText {
  readonly file: string;
  /** Line by line, without line ends. */
  readonly lines: () => Iterable<string>;
}

/**
 * Masks texts; each is read twice, line by line.
 *
 * @param hasNames whether fields that are called a name have names: those of results are of figures
 */
export function maskedTexts(
  sources: readonly { readonly source: TextSource; readonly hasNames: boolean }[],
): readonly MaskedText[] {
  const [names, addresses] = [new NameMask(), new AddressMask()];
  for (const { source, hasNames } of sources) {
    if (!hasNames) continue;
    names.begin();
    for (const line of source.lines()) names.collect(line);
  }
  return sources.map(({ source, hasNames }) => ({
    file: source.file,
    *lines(): Generator<string> {
      const serials = new ConfigSerials();
      names.begin();
      const masked = (line: string): string => addresses.mask(hasNames ? names.mask(line) : line);
      for (const line of source.lines()) for (const each of serials.take(line)) yield masked(each);
      for (const each of serials.end()) yield masked(each);
    },
  }));
}
