/**
 * A message of another process is measured before it is unpacked: its values are counted and their lengths compared with what
 * has come, so that unpacking it and checking its fields cost no more than its sender was allowed.
 *
 * What passes is one msgpack value of nil, booleans, numbers, texts, lists and maps, with nothing after it. Binary data and
 * extensions (dates, classes, references) are refused: no message of stopcopy has any. https://github.com/msgpack/msgpack/blob/master/spec.md
 */

export interface MessageBounds {
  /** Values at most: each entry of a list, each key and each value of a map. */
  readonly values: number;
  /** Lists and maps within each other at most. */
  readonly depth: number;
}

/** Longest key of a map, in bytes. */
const KEY_BYTES_MAX = 64;

/** What a first byte begins. */
const KIND = { none: 0, scalar: 1, text: 2, list: 3, map: 4 } as const;
/** For each first byte: what it begins, how many bytes say its size, and its size where the byte itself says it. */
const KINDS = new Uint8Array(256);
const SIZE_BYTES = new Uint8Array(256);
const SIZES = new Uint8Array(256);

/** First bytes from one to another, with sizes from `size` on; all alike when `step` is 0. */
function begins(from: number, to: number, kind: number, sizeBytes: number, size = 0, step = 0): void {
  for (let byte = from; byte <= to; byte++) {
    KINDS[byte] = kind;
    SIZE_BYTES[byte] = sizeBytes;
    SIZES[byte] = size + step * (byte - from);
  }
}

begins(0x00, 0x7f, KIND.scalar, 0);
begins(0x80, 0x8f, KIND.map, 0, 0, 1);
begins(0x90, 0x9f, KIND.list, 0, 0, 1);
begins(0xa0, 0xbf, KIND.text, 0, 0, 1);
begins(0xc0, 0xc0, KIND.scalar, 0);
begins(0xc2, 0xc3, KIND.scalar, 0);
begins(0xca, 0xcb, KIND.scalar, 0, 4, 4);
begins(0xe0, 0xff, KIND.scalar, 0);
for (const power of [0, 1, 2, 3]) {
  begins(0xcc + power, 0xcc + power, KIND.scalar, 0, 1 << power);
  begins(0xd0 + power, 0xd0 + power, KIND.scalar, 0, 1 << power);
}
for (const power of [0, 1, 2]) begins(0xd9 + power, 0xd9 + power, KIND.text, 1 << power);
for (const power of [1, 2]) {
  begins(0xdb + power, 0xdb + power, KIND.list, 1 << power);
  begins(0xdd + power, 0xdd + power, KIND.map, 1 << power);
}

/**
 * Whether a message may be unpacked.
 *
 * @returns null, or what is wrong with it, to follow "it" in a sentence
 */
export function beyondBounds(bytes: Uint8Array, { values, depth }: MessageBounds): string | null {
  /** Per open list or map: values that are still to come; of a map, the next one is a key where the number is even. */
  const left = new Float64Array(depth + 1);
  const isMap = new Uint8Array(depth + 1);
  left[0] = 1;
  let level = 0;
  let at = 0;
  for (let count = 1; ; count++) {
    while (left[level] === 0 && level > 0) level -= 1;
    if (left[level] === 0) break;
    if (count > values) return `holds more than the ${values} values that it may`;
    if (at >= bytes.length) return CUT;
    const isKey = isMap[level] === 1 && left[level]! % 2 === 0;
    left[level]! -= 1;
    const byte = bytes[at]!;
    const kind = KINDS[byte]!;
    if (kind === KIND.none)
      return `has 0x${byte.toString(16)} at byte ${at}, which begins no number, text, list or map`;
    if (isKey && kind !== KIND.text) return `has a map at byte ${at} whose field is not named by a text`;
    const sizeBytes = SIZE_BYTES[byte]!;
    let size = SIZES[byte]!;
    at += 1;
    if (at + sizeBytes > bytes.length) return CUT;
    for (let i = 0; i < sizeBytes; i++) size = size * 256 + bytes[at++]!;
    if (kind === KIND.scalar || kind === KIND.text) {
      if (isKey && size > KEY_BYTES_MAX) return `names a field by ${size} bytes, at most ${KEY_BYTES_MAX} are allowed`;
      at += size;
      if (at > bytes.length) return CUT;
      continue;
    }
    if (level === depth) return `has more than the ${depth} lists and maps within each other that it may`;
    level += 1;
    isMap[level] = kind === KIND.map ? 1 : 0;
    left[level] = kind === KIND.map ? 2 * size : size;
  }
  return at === bytes.length ? null : `ends at byte ${at} of ${bytes.length}`;
}

const CUT = 'ends within a value';
