/**
 * Ways in which the text of a file goes wrong: of the grammar that it is written in (lines, indents, quotes, numbers, anchors,
 * fields), of the document that it holds, and of single bits.
 */

/** One of them, with two numbers that say where and with what. */
export interface Mutation {
  readonly kind: MutationKind;
  readonly at: number;
  readonly by: number;
}

type Edit = (text: string, at: number, by: number) => string;

/** Larger texts are no use: what grows with the size shows long before. */
const CHARS_MAX = 60_000;

const NUMBERS = [
  '-1', '0', '-0', '0.1', '1e999', '-1e999', '1e-400', '9007199254740993', '18446744073709551616', '.inf', '-.inf', '.nan',
  '0x', '0xffffffffffffffffffffffffffffffffff', '0o7', '1_000', '1e', '007', '+5', '5 parsec', '1e300GiB', '-5ms', '1e400s',
  '4294967296', '2147483648', '1.5', '9'.repeat(400), '1e15', '1000000', '65536',
]; // prettier-ignore

const VALUES = [
  'null', '~', 'true', '[]', '{}', '""', "''", '2001-01-01', '!!binary aGVsbG8=', '!!set {a, b}', '!!omap [a: 1]',
  '!!js/function "x"', '!own x', '? [a, b]', '|\n  text', '>-\n  text', '<<', '%', '@', '`', '*', '&', '- - -', '{a: {a: {}}}',
  '[[], [[]]]', '__proto__', 'constructor', '\u0000', '\u2028', '\u{1F600}', '\uFFFD', '\u001B[31m', 'x'.repeat(5000), 'NaN',
]; // prettier-ignore

const FIELDS = [
  'unknown',
  '__proto__',
  'constructor',
  'toString',
  'format',
  'version',
  'x'.repeat(2000),
  '1',
  '',
  '<<',
  'kind',
  'name',
];

/** How often, mostly a few times: what is long takes long. */
const MANY = [...Array.from({ length: 40 }, (_, i) => 1 + (i % 4)), 15, 40, 500];
const DEEP = [...Array.from({ length: 40 }, (_, i) => 1 + (i % 7)), 60, 190, 250, 1000, 20_000];

const pick = <T>(list: readonly T[], by: number): T => list[by % list.length]!;

/** Puts something in the place of the match that `at` says. */
function replaceOne(text: string, pattern: RegExp, at: number, edit: (found: string) => string): string {
  const matches = [...text.matchAll(pattern)];
  if (matches.length === 0) return text;
  const { index, 0: found } = pick(matches, at);
  return text.slice(0, index) + edit(found) + text.slice(index + found.length);
}

function editLines(text: string, edit: (lines: string[]) => readonly string[]): string {
  return edit(text.split('\n')).join('\n');
}

const NUMBER = /(?<![\w.])-?\d[\w.]*/g;
/** What follows a colon, a dash or a comma. */
const VALUE = /(?<=[:,[-] ?)(?:"[^"\n]*"|[^\s,[\]{}"][^\n,\]}]*)/g;
const FIELD = /"?[\w-]+"?(?=:)/g;
/** What opens a level, what is in the innermost, and what closes one. */
const LEVELS = [
  ['[', '', ']'],
  ['{a: ', '1', '}'],
  ['{"a":', '1', '}'],
  ['- ', 'x', ''],
  ['? ', 'x', ''],
] as const;

function nested(depth: number, by: number): string {
  const [open, inner, close] = pick(LEVELS, by);
  return open.repeat(depth) + inner + close.repeat(by % 11 === 0 ? 0 : depth);
}

/** How programs and terminals print a line that was of another: as journald, kubectl and mails have it. */
const PREFIXES = [
  '> ',
  'Nov 30 10:00:01 host qemu-system-aarch64[4711]: ',
  '2026-11-30T10:00:01.123456789Z stdout F ',
  '[pod/virt-launcher-vm-x/compute] ',
  '2026-11-30 10:00:01.123 ',
  '\t',
  '| ',
] as const;

/** Labels of one release and what others call the same. */
const LABELS = [
  ['vfio_migration_set_device_state', 'vfio_migration_set_state'],
  ['vfio_state_pending_exact', 'vfio_state_pending'],
  ['new state ', 'state '],
  ['setup-time', 'setup'],
  ['total time:', 'Time (ms):'],
  ['Migration status:', 'Status:'],
  ['transferred ram:', 'Transfers: transferred='],
  ['Total downtime:', 'Expected downtime:'],
  ['Job type:', 'Job-Typ:'],
  ['Time elapsed:', 'Verstrichene Zeit:'],
  ['GiB', 'ГиБ'],
  ['.', ','],
  [':', '：'],
  ['MSI 00', 'IntMsgNum 0'],
  ['Kernel driver in use', 'Driver in use'],
  [' [virtual]', ''],
  ['Region ', '[virtual] Region '],
  ['Precopy: iter=', 'Dirty memory migration '],
  ['_memory_transfer_rate_', '_disk_transfer_rate_'],
  ['_data_bytes_total', '_data_total_bytes'],
  ['rwmmio_post_', 'rwmmio_'],
  [' -> ', ' '],
  ['tracing_mark_write:', 'print:'],
  ['[LOST ', '['],
  ['memory_total_bytes', 'Memory Total Bytes'],
  ['downtime', 'Downtime'],
  ['"', "'"],
  [' ', '\t'],
] as const;

/** Lines of other files than the one that they are put into. */
const STRANGERS = [
  'Status: \t\tcompleted\nTime (ms): \t\ttotal=8442, setup=9, down=124',
  '{"return": {"status": "completed", "total-time": 900, "downtime": 12, "ram": {"total": 1073741824, "normal": 5, "page-size": 4096}}}',
  'Job type:         Completed   \nTime elapsed:     23257        ms\nTotal downtime:   88           ms',
  'migration active, transferred 8.1 GiB of 16.1 GiB VM-state, 811.3 MiB/s',
  '01:00.0 Processing accelerators: Huawei Device a250 (rev 30)\n\tControl: I/O- Mem+ BusMaster+',
  ' \\-[0000:40]-+-00.0  Root\n            \\-01.0-[41]----00.0  Card',
  'vfio_migration_set_state (0000:75:00.1) new state STOP_COPY, recover state ERROR',
  ' qemu-kvm-48231 [012]  1234.100231: rwmmio_read: a -> b width=32 addr=0xffff800090100028',
  'cloud-hypervisor:   2.5s: <vmm> INFO:a.rs:2 -- Precopy: iter=1 curr=12MiB total=900MiB bw=900.0MiB/s transfer=0.1s overhead=1ms est_downtime=2ms elapsed=1.0s avg_bw=900MiB/s',
  '0xffff800090000000-0xffff800090410000 4259840 hisi_qm_pci_init+0x1d4/0x5a0 [hisi_qm] phys=0x0000000140000000 ioremap',
  'name,host,vcpus,memoryGiB\na,h1,4,8',
  'format stopcopy-sysfs/1\ndev 0000:75:00.0 pci0000:74/0000:74:00.0/0000:75:00.0',
  '$ sudo lspci -vvv\n[sudo] password for root: ',
] as const;

const EDITS = {
  coloured: (text, at, by) =>
    replaceOne(text, /[\w.:-]+/g, at, (word) => pick([`\u001B[01;31m\u001B[K${word}\u001B[m\u001B[K`, `\u001B[1m${word}\u001B[0m`, `\u001B[31m${word}`], by)), // prettier-ignore
  prefixed: (text, at, by) =>
    editLines(text, (lines) => lines.map((line, i) => (i < at % 7 ? line : pick(PREFIXES, by) + line))),
  'of another release': (text, at, by) => {
    const rows = LABELS.filter(([label]) => text.includes(label));
    if (rows.length === 0) return `${text}\n${pick(LABELS, by)[1]}`;
    const [label, other] = pick(rows, by);
    return at % 3 === 0 ? text.replace(label, other) : text.replaceAll(label, other);
  },
  'lines of another file': (text, at, by) =>
    editLines(text, (lines) => lines.toSpliced(at % (lines.length + 1), 0, ...pick(STRANGERS, by).split('\n'))),
  wrapped: (text, _, by) =>
    editLines(text, (lines) => lines.flatMap((line) => line.match(new RegExp(`.{1,${40 + (by % 80)}}`, 'gu')) ?? [''])),
  cut: (text, at) => text.slice(0, at % (text.length + 1)),
  'cut out': (text, at, by) =>
    text.slice(0, at % (text.length + 1)) + text.slice((at % (text.length + 1)) + (by % 200)),
  'without a line': (text, at) => editLines(text, (lines) => lines.toSpliced(at % lines.length, 1)),
  glued: (text, at, by) => text + pick(['', '\n', '---\n', '\n...\n', ','], by) + text.slice(at % (text.length + 1)),
  'line twice': (text, at, by) =>
    editLines(text, (lines) => {
      const place = at % lines.length;
      return lines.toSpliced(place, 0, ...Array.from({ length: pick(MANY, by) }, () => lines[place]!));
    }),
  'block many times': (text, at, by) =>
    editLines(text, (lines) => {
      const place = at % lines.length;
      const block = lines.slice(place, place + 1 + (by % 7));
      return lines.toSpliced(place, 0, ...Array.from({ length: pick(MANY, by) }, () => block).flat());
    }),
  'lines swapped': (text, at, by) =>
    editLines(text, (lines) => {
      const [a, b] = [at % lines.length, by % lines.length];
      return lines.with(a, lines[b]!).with(b, lines[a]!);
    }),
  reversed: (text, at, by) =>
    editLines(text, (lines) => {
      const place = at % lines.length;
      const block = lines.slice(place, place + 2 + (by % 5));
      return lines.toSpliced(place, block.length, ...block.toReversed());
    }),
  indented: (text, at, by) =>
    editLines(text, (lines) => {
      const place = at % lines.length;
      return lines.with(place, pick([' ', '  ', '    ', '\t', ' '.repeat(150), '- ', '\u00A0'], by) + lines[place]!);
    }),
  outdented: (text, at) => replaceOne(text, /^ +/gm, at, (blanks) => blanks.slice(1 + (at % blanks.length))),
  'line ends': (text, _, by) =>
    pick(['\uFEFF', ''], by >> 2) + text.replaceAll('\n', pick(['\r\n', '\r', '\n\n', '\u2028'], by)),
  quoted: (text, at, by) =>
    replaceOne(text, VALUE, at, (value) => {
      const quote = pick(['"', "'", '`'], by);
      return quote + value + (by % 2 === 0 ? quote : '');
    }),
  'quote added': (text, at, by) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + pick(['"', "'", '#', ':', ': ', ',', '|', '>', '\\'], by) + text.slice(place);
  },
  unquoted: (text, at) => replaceOne(text, /["']/g, at, () => ''),
  nested: (text, at, by) => replaceOne(text, VALUE, at, () => nested(pick(DEEP, by >> 3), by)),
  number: (text, at, by) => replaceOne(text, NUMBER, at, () => pick(NUMBERS, by)),
  value: (text, at, by) => replaceOne(text, VALUE, at, () => pick(VALUES, by)),
  anchor: (text, at, by) => {
    const anchored = replaceOne(text, VALUE, at, (value) => `&a ${value}`);
    return replaceOne(anchored, VALUE, by, () => pick(['*a', '&a [*a]', '*none', '{<<: *a}', '&a *a', '[*a, *a]'], by));
  },
  'aliases of aliases': (text, at, by) => {
    const lines = Array.from({ length: 3 + (by % 9) }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`);
    return `a0: &a0 [${pick(['', 'x', '1, 2, 3'], at)}]\n${lines.join('\n')}\n${text}`;
  },
  'unknown field': (text, at, by) =>
    replaceOne(text, FIELD, at, (field) => {
      const name = pick(FIELDS, by);
      return field.startsWith('"') ? `${JSON.stringify(name)}: 1, ${field}` : `${name}: 1\n${field}`;
    }),
  renamed: (text, at, by) =>
    replaceOne(text, FIELD, at, (field) =>
      pick([field.slice(1), field.toUpperCase(), `${field}s`, pick(FIELDS, by >> 2)], by),
    ),
  exchanged: (text, at, by) => {
    const values = text.match(VALUE) ?? [''];
    return replaceOne(text, VALUE, at, () => pick(values, by));
  },
  flipped: (text, at, by) => {
    const bytes = Buffer.from(text);
    if (bytes.length > 0) bytes[at % bytes.length]! ^= 1 << (by % 8);
    return bytes.toString('utf8');
  },
} as const satisfies Readonly<Record<string, Edit>>;

export type MutationKind = keyof typeof EDITS;

export const MUTATION_KINDS = Object.keys(EDITS) as readonly MutationKind[];

/** A text with mutations, one after the other. */
export function mutated(text: string, mutations: readonly Mutation[]): string {
  return mutations.reduce((now, { kind, at, by }) => EDITS[kind](now, at, by).slice(0, CHARS_MAX), text);
}

/** The same for a message, which has no lines and no fields: cut, glued, doubled, and with numbers at their ends. */
export function mutatedBytes(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  return mutations.reduce<Uint8Array>((now, { kind, at, by }) => {
    const place = at % (now.length + 1);
    const [before, after] = [now.subarray(0, place), now.subarray(place)];
    if (kind === 'flipped') {
      const copy = Uint8Array.from(now);
      if (place < copy.length) copy[place]! ^= 1 << (by % 8);
      return copy;
    }
    const edits = [
      () => before,
      () => Buffer.concat([now, after]),
      () => Buffer.concat([before, after.subarray(by % 64)]),
      () => Buffer.concat([before, after.subarray(0, by % 64), after]),
      () => Buffer.concat([before, new Uint8Array([1, 2, 4, 8][by & 3]!).fill(by & 4 ? 0xff : 0), after]),
      () =>
        Buffer.concat([before, new Uint8Array(Math.min(8, after.length)).fill(by & 1 ? 0xff : 0), after.subarray(8)]),
      () => Buffer.concat([before, after.toReversed().subarray(0, by % 32), after.subarray(by % 32)]),
    ];
    return edits[by % edits.length]!().subarray(0, CHARS_MAX);
  }, bytes);
}

/** What takes the place of a value in a document. */
const ODD = [
  null, true, -1, 0, 1.5, 1e300, -1e300, Number.MAX_SAFE_INTEGER, 4294967296, 1e-300, 65536, '', 'x', 'x'.repeat(3000), '1e999ms',
  '-1GiB', '0x', '__proto__', [], {}, [[]], [null], { a: 1 }, '\u0000', '\u001B[31m', '5ms', '1GiB', [1, 2, 3], 'deflate', '0000:00:00.0',
]; // prettier-ignore

/** A change of a document: what stands at one place of it becomes something else. */
export interface TreeChange {
  readonly at: number;
  readonly how: 'odd' | 'gone' | 'many' | 'copied' | 'unknown' | 'deep' | 'renamed';
  readonly by: number;
}

type Parent = Record<string, unknown>;

/** Every place of a document: the list or object, and the key in it. */
function placesOf(value: unknown, found: [parent: Parent, key: string][] = []): [parent: Parent, key: string][] {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push([value as Parent, key]);
    placesOf((value as Parent)[key], found);
  }
  return found;
}

/** A copy of a document with changes. */
export function changedTree(document: unknown, changes: readonly TreeChange[]): unknown {
  const root = { document: structuredClone(document) };
  for (const { at, how, by } of changes) {
    const places = placesOf(root).filter(([, key]) => key !== '__proto__');
    // Nothing is left, or more than enough.
    if (places.length === 0 || places.length > 5000) break;
    const [parent, key] = pick(places, at);
    if (how === 'odd') parent[key] = structuredClone(pick(ODD, by));
    if (how === 'gone') removeFrom(parent, key);
    if (how === 'many') repeat(parent, key, pick(MANY, by));
    if (how === 'copied') parent[key] = structuredClone(valueAt(pick(places, by)));
    if (how === 'unknown' && !Array.isArray(parent))
      Object.defineProperty(parent, pick(FIELDS, by), {
        value: 1,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    if (how === 'deep') parent[key] = deep(parent[key], Math.min(250, pick(DEEP, by)));
    if (how === 'renamed') {
      const value = parent[key];
      removeFrom(parent, key);
      if (!Array.isArray(parent)) parent[pick([`${key}s`, key.slice(1), key.toUpperCase()], by)] = value;
    }
  }
  return root.document;
}

function valueAt([parent, key]: readonly [Parent, string]): unknown {
  return parent[key];
}

function removeFrom(parent: Parent, key: string): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}

function repeat(parent: Parent, key: string, times: number): void {
  const value = parent[key];
  const size = placesOf({ value }).length;
  const copies = Array.from({ length: Math.max(1, Math.min(times, Math.floor(3000 / size))) }, () =>
    structuredClone(value),
  );
  if (Array.isArray(parent)) parent.splice(Number(key), 0, ...copies);
  else parent[key] = copies;
}

function deep(value: unknown, depth: number): unknown {
  let nestedValue = value;
  for (let level = 0; level < depth; level++) nestedValue = level % 2 === 0 ? [nestedValue] : { a: nestedValue };
  return nestedValue;
}
