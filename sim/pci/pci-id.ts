/**
 * What a function is by its IDs: vendor, device, revision and subsystem, as `lspci -nn` prints them. Linux goes by them
 * where a part does not behave as its configuration space says.
 */
export interface PciId {
  readonly vendor: number;
  readonly device: number;
  /** Revision ID, one byte; undefined when the document does not say. */
  readonly revision: number | undefined;
  readonly subsystem: { readonly vendor: number; readonly device: number } | undefined;
}

export const ID_PATTERN = /^[0-9a-f]{4}:[0-9a-f]{4}(?: +rev +[0-9a-f]{2})?(?: +subsystem +[0-9a-f]{4}:[0-9a-f]{4})?$/i;
export const ID_ALLOWED =
  'vendor:device in hexadecimal as lspci -nn prints them, with rev and subsystem where known, such as 19e5:a250 rev 21';

/** Reads `19e5:a250`, `19e5:a250 rev 21`, `9005:0285 rev 01 subsystem 9005:02bb`, which has to fit {@link ID_PATTERN}. */
export function parseId(text: string): PciId {
  const [id = '', ...more] = text.split(/ +/);
  const after = (word: string): string | undefined => {
    const at = more.findIndex((each) => each.toLowerCase() === word);
    return at < 0 ? undefined : more[at + 1];
  };
  const revision = after('rev');
  const subsystem = after('subsystem');
  return {
    ...pair(id),
    revision: revision === undefined ? undefined : Number.parseInt(revision, 16),
    subsystem: subsystem === undefined ? undefined : pair(subsystem),
  };
}

function pair(text: string): { readonly vendor: number; readonly device: number } {
  const [vendor = '', device = ''] = text.split(':');
  return { vendor: Number.parseInt(vendor, 16), device: Number.parseInt(device, 16) };
}

/** `19e5:a250 rev 21`; the inverse of {@link parseId}. */
export function formatId({ vendor, device, revision, subsystem }: PciId): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const rev = revision === undefined ? '' : ` rev ${hex(revision, 2)}`;
  const sub = subsystem === undefined ? '' : ` subsystem ${hex(subsystem.vendor, 4)}:${hex(subsystem.device, 4)}`;
  return `${hex(vendor, 4)}:${hex(device, 4)}${rev}${sub}`;
}
