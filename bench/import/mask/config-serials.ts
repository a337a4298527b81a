/**
 * Serial numbers in hex dumps of configuration space (lspci -xxxx): the capability that has them is found, and its bytes are zero.
 */

/** `100: 0d 00 81 14 …` */
const DUMP = /^(\s*)([0-9a-f]{2,3}): ((?:[0-9a-f]{2} ?){16})\s*$/i;
const LINE_BYTES = 16;
const CONFIG_BYTES = 4096;
const EXTENDED_AT = 0x100;
const SERIAL_ID = 0x0003;
const SERIAL_BYTES = 8;

interface DumpLine {
  readonly lead: string;
  readonly offset: string;
  readonly at: number;
}

/** Lines of a dump are held until it ends, at most 4096 bytes of it. */
export class ConfigSerials {
  private readonly bytes = new Uint8Array(CONFIG_BYTES);
  private held: DumpLine[] = [];

  /** @returns lines that can be printed */
  take(line: string): readonly string[] {
    const [, lead, offset, words] = DUMP.exec(line) ?? [];
    const at = offset === undefined ? -1 : Number.parseInt(offset, 16);
    const isNext = at === this.held.length * LINE_BYTES && at < CONFIG_BYTES;
    const before = isNext ? [] : this.end();
    if (words === undefined || at !== this.held.length * LINE_BYTES) return [...before, line];
    for (const [index, word] of words.trim().split(/ +/).entries()) this.bytes[at + index] = Number.parseInt(word, 16);
    this.held.push({ lead: lead!, offset: offset!, at });
    return before;
  }

  /** What is held, without its serial number. */
  end(): readonly string[] {
    const { held, bytes } = this;
    this.held = [];
    const size = held.length * LINE_BYTES;
    for (let at = EXTENDED_AT, seen = 0; at + 4 <= size && seen < 64; seen++) {
      const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      if ((word & 0xffff) === SERIAL_ID && at + 4 + SERIAL_BYTES <= size) bytes.fill(0, at + 4, at + 4 + SERIAL_BYTES);
      const next = word >>> 20;
      if (next <= at) break;
      at = next;
    }
    return held.map(({ lead, offset, at }) => {
      const words = [...bytes.subarray(at, at + LINE_BYTES)].map((byte) => byte.toString(16).padStart(2, '0'));
      return `${lead}${offset}: ${words.join(' ')}`;
    });
  }
}
