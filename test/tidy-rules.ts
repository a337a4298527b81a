/**
 * The rules that the tree enforces on itself. Each finding names the file, the line and the replacement.
 *
 * Imports, bans and lengths of files are found in the text, which is good enough for a code base that its formatter keeps
 * regular; what needs a syntax tree is in `tidy/`.
 */
import { posix } from 'node:path';

import { type Arrow, fileCircles, folderCircles } from './tidy/circles.ts';
import { FUNCTION_LINES_MAX, LONG_FUNCTIONS, longFunctions } from './tidy/functions.ts';
import { rowFindings } from './tidy/rows.ts';
import { unrestorable } from './tidy/restorable.ts';
import { parse } from './tidy/syntax.ts';

/** Path from the root of the package, with forward slashes, to its text. */
export type Sources = ReadonlyMap<string, string>;

export const FILE_LINES_MAX = 500;

/**
 * The places of bench, each with those of bench that it sees. An arrow up is mended by moving down what both need: a type
 * with the document that it describes, a helper to where its words belong.
 */
const BENCH: readonly (readonly [place: string, sees: readonly string[], hint: string])[] = [
  ['io', [], 'io reads and writes for everybody: take what it should do as a parameter'],
  ['import', ['io'], 'a reader gives facts: what makes a document of them belongs to bench/studies/import'],
  ['show', ['io'], 'show draws figures of any document: what knows one belongs to bench/documents'],
  ['documents', ['io', 'show'], 'a document is words and figures: put its types here, and what computes it above'],
  ['studies', ['io', 'import', 'show', 'documents'], 'a study measures nothing: give it an interface of bench/io'],
  ['measure', ['io', 'show', 'documents', 'studies'], 'what measures knows no comparison and no command'],
  ['compare', ['io', 'show', 'documents', 'measure'], 'a comparison knows no history and no command'],
  [
    'history',
    ['io', 'import', 'show', 'documents', 'measure'],
    'a history keeps documents: read them by bench/documents',
  ],
  ['ui', ['io', 'show', 'documents', 'studies'], 'the page computes and draws: what measures has no place in it'],
  [
    'cli',
    ['io', 'import', 'show', 'documents', 'studies', 'measure', 'compare', 'history', 'ui'],
    'a command is called, and calls; what two commands share belongs below',
  ],
  [
    'parsers.ts',
    ['io', 'import', 'documents', 'studies', 'measure', 'history'],
    'a table of parsers: what one does belongs to the place that needs it',
  ],
  [
    'library',
    ['io', 'show', 'documents', 'studies', 'measure', 'compare', 'history', 'ui', 'parsers.ts'],
    'the library is what the commands do, without the commands',
  ],
  ['main.ts', ['cli'], 'the program is its command line'],
];

/** Who may import whom. `self` goes without saying; anything below a listed folder or the listed file is allowed. */
const MAY_IMPORT: readonly (readonly [folder: string, allowed: readonly string[], hint: string])[] = [
  ['sim/base', [], 'base stands alone: move what is needed into sim/base'],
  ['sim/abi', ['sim/base'], 'abi holds tables: move behaviour to sim/device or sim/driver'],
  ['sim/device', ['sim/base', 'sim/abi'], 'a device knows registers, not drivers: talk through sim/abi tables'],
  ['sim/driver', ['sim/base', 'sim/abi'], 'the driver sees a device only through sim/driver/port.ts'],
  ['sim/vfio', ['sim/base', 'sim/abi', 'sim/driver'], 'ask the driver in sim/driver instead'],
  ['sim/trace', ['sim/base', 'sim/abi', 'sim/driver', 'sim/vfio'], 'a trace stands for the device: use its answers'],
  ['sim/workload', ['sim/base', 'sim/abi', 'sim/device/guest-memory.ts'], 'a guest sees memory and doorbells only'],
  ['sim/pci', ['sim/base', 'sim/abi'], 'the topology knows no devices: move shared tables to sim/abi'],
  [
    'sim/memory',
    ['sim/base', 'sim/abi', 'sim/device/costs.ts'],
    'memory sees devices by their profiles and steps only',
  ],
  [
    'sim/manager',
    ['sim/base', 'sim/memory/vmms.ts'],
    'a manager knows no registers: facts about other software stand here',
  ],
  [
    'sim/world',
    ['sim/base', 'sim/abi', 'sim/device', 'sim/driver', 'sim/vfio', 'sim/workload', 'sim/pci'],
    'a world has hosts, guests and ports: what moves them belongs to sim/move',
  ],
  [
    'sim/move',
    ['sim/base', 'sim/abi', 'sim/device', 'sim/driver', 'sim/vfio', 'sim/workload', 'sim/world'],
    'a move sees VFs of a world, and memory by callbacks: put what scenarios add into sim/scenario',
  ],
  [
    'sim/designs',
    ['sim/base', 'sim/abi', 'sim/device', 'sim/driver', 'sim/vfio', 'sim/trace', 'sim/pci', 'sim/world', 'sim/move'],
    'a design drives one VF: what it shares with others belongs to sim/move or sim/world',
  ],
  [
    'sim/scenario',
    [
      'sim/base',
      'sim/abi',
      'sim/device',
      'sim/driver',
      'sim/vfio',
      'sim/workload',
      'sim/world',
      'sim/move',
      'sim/memory',
      'sim/manager',
      'sim/pci/policy.ts',
    ],
    'a scenario puts the parts together: what one of them should do itself belongs there',
  ],
  [
    'sim/check',
    ['sim/base', 'sim/abi', 'sim/device', 'sim/driver', 'sim/vfio', 'sim/workload', 'sim/world'],
    'a search plays worlds of hosts and guests: what it prints belongs to bench',
  ],
  ['sim/fleet', ['sim'], 'move what threads or commands share into sim/base'],
  ['workers', ['sim'], 'hand it over as data: the harness in bench/ starts the workers, never the other way'],
  ...benchChain(),
  ['bench', ['sim', 'workers'], 'only tests may import tests'],
  ['test', ['sim', 'workers', 'bench'], 'move it into sim, workers or bench'],
];

function benchChain(): readonly (readonly [string, readonly string[], string])[] {
  return BENCH.map(([place, sees, hint]) => [
    `bench/${place}`,
    ['sim', 'workers', ...sees.map((name) => `bench/${name}`)],
    hint,
  ]);
}

/** Folders in which the entries of every folder may form no circle. */
const NO_FOLDER_CIRCLES = ['sim', 'workers', 'bench'] as const;

/** Started or loaded otherwise than by an import. */
const ENTRIES: readonly RegExp[] = [
  /^bench\/main\.ts$/,
  /^bench\/library\/(?:index|sim|workers|bench)\.ts$/,
  /^bench\/measure\/metrics\/stage-loop\.ts$/,
  /^test\/build\.ts$/,
  /^workers\/pools\/(?:job|converge)-tasks\.ts$/,
  // It ships for users to copy.
  /^sim\/converge\/examples\/patient\.mjs$/,
  /^test\/tidy\/words-command\.ts$/,
  /-thread\.ts$/,
  /\.test\.ts$/,
  /\.d\.ts$/,
];

interface Ban {
  readonly where: RegExp;
  readonly pattern: RegExp;
  readonly message: string;
}

/** On code without its comments. */
const BANS: readonly Ban[] = [
  {
    where: /^sim\//,
    pattern: /['"]node:/,
    message: 'sim is pure: files, threads and timers belong to workers/ or bench/',
  },
  {
    where: /^sim\//,
    pattern: /\bMath\.random\b/,
    message: 'not reproducible: draw from a seeded generator of sim/base/random.ts',
  },
  {
    where: /^sim\//,
    pattern: /\bDate\.now\b|\bnew Date\b|\bperformance\.now\b|\bprocess\.hrtime\b/,
    message: 'sim has no wall clock: take virtual time from sim/base/clock.ts',
  },
  {
    where: /^sim\//,
    pattern: /\bset(?:Timeout|Interval|Immediate)\b/,
    message: 'sim has no timers: schedule an event in sim/base/calendar.ts',
  },
  { where: /^sim\//, pattern: /\bprocess\./, message: 'sim knows no process: pass the value in as a parameter' },
  {
    where: /^sim\//,
    pattern: /\bworker_threads\b|\bAtomics\.(?:wait|notify)/,
    message: 'sim never waits for a thread: put waiting into workers/',
  },
  {
    where: /^sim\//,
    pattern: /\bconsole\./,
    message: 'sim prints nothing: return the value, let bench/io/output.ts say it',
  },
  {
    where: /^(?!sim\/base\/units\.ts)/,
    pattern: /\bconst (?:[NUM]S_PER_\w+|[KMG]IB|BITS_PER_BYTE) = /,
    message: 'one constant for one unit: import it from sim/base/units.ts',
  },
  {
    where: /^(?:sim|workers|bench)\/(?!base\/keys\.ts)/,
    pattern: /\bObject\.keys\([^()]*\) as\b/,
    message: 'a table has its keys by keysOf of sim/base/keys.ts, without a cast',
  },
  {
    where: /^(?:sim|workers|bench)\/(?!driver\/generation(?:-facts)?\.ts|manager\/)/,
    pattern: /(?<=')(?:linux-\d[\w.]*|upstream-\d+)(?=')/,
    message:
      'ask for a fact of the generation, or take GENERATION_IDS or DEFAULT_GENERATION of sim/driver/generation.ts',
  },
  {
    where: /^(?:sim|workers|bench)\/(?!memory\/vmms\.ts|manager\/|converge\/policies\.ts)/,
    pattern: /(?<=[=!]== |\b(?:case|vmm:) )'(?:qemu|cloud-hypervisor)'/,
    message: 'ask for a fact of the VMM in sim/memory/vmms.ts',
  },
  {
    where: /^sim\//,
    pattern:
      /'(?:d06|iaa-v\d[\w-]*|oracle-vfio[\w-]*|qemu-capped-logs|small-guest-trace|suspended-to-null|zero-pages|multifd-rfc|ping-pong|sapphire-rapids-v5)'/,
    message: 'a model knows no published table by name: take an input that the table states',
  },
  {
    where: /^(?:sim|workers|bench)\//,
    pattern: /'(?:sec|hpre|zip)', '(?:sec|hpre|zip)'/,
    message: 'take ACCELERATOR_KINDS of sim/abi/accelerators.ts',
  },
  { where: /./, pattern: /\bas any\b|:\s*any\b/, message: 'say the type, or unknown and narrow it' },
  {
    where: /^test\//,
    pattern: /\b(?:test|it|describe)(?:\.\w+)*\.(?:only|skip|todo|fails)\b/,
    message: 'run every test: repair it or delete it',
  },
];

/** On the whole text, comments too. */
const TEXT_BANS: readonly Ban[] = [
  { where: /./, pattern: /\b(?:TODO|FIXME|XXX)\b/, message: 'finish it now, or describe the limit in docs/' },
  {
    where: /./,
    pattern: /(?:^|[\s'"`(])\/(?:home|root|work|Users)\/\w/,
    message: 'a path of one machine: derive it from import.meta.url, or make a temporary folder with mkdtempSync',
  },
];

/** The rules' own words and examples; everything else in these files is checked as anywhere. */
const ABOUT_THE_RULES: ReadonlySet<string> = new Set(['test/tidy-rules.ts', 'test/tidy.test.ts']);

/** @returns one line per finding, empty when the tree is tidy */
export function findings(sources: Sources): readonly string[] {
  const found: string[] = [];
  const referenced = new Set<string>();
  const arrows: Arrow[] = [];
  for (const [path, text] of sources) {
    const code = withoutComments(text);
    for (const { line, target } of importsOf(path, code)) {
      referenced.add(target);
      if (sources.has(target)) arrows.push({ from: path, to: target });
      const complaint = forbiddenImport(path, target);
      // The planted ones of the tests stand in their text, and their targets nowhere.
      if (complaint !== undefined && (sources.has(target) || !ABOUT_THE_RULES.has(path)))
        found.push(`${path}:${line}: ${complaint}`);
      if (!sources.has(target) && !ABOUT_THE_RULES.has(path))
        found.push(`${path}:${line}: imports ${target}, which is not there: correct the path`);
    }
    if (!ABOUT_THE_RULES.has(path)) {
      found.push(...banned(path, code, BANS), ...banned(path, text, TEXT_BANS));
    }
    const lines = text.split('\n').length - 1;
    if (lines > FILE_LINES_MAX) {
      found.push(`${path}: has ${lines} lines, allowed are ${FILE_LINES_MAX}: split it by the nouns it holds`);
    }
  }
  for (const path of sources.keys()) {
    if (referenced.has(path) || ENTRIES.some((entry) => entry.test(path))) continue;
    found.push(`${path}: nobody imports it: delete it, or list it as an entry in test/tidy-rules.ts`);
  }
  found.push(...syntaxFindings(sources));
  found.push(...circleFindings(arrows), ...rowFindings(sources));
  return found.toSorted();
}

/** Where functions have a longest length. */
const MEASURED = /^(?:sim|workers|bench)\/.*(?<!\.d)\.ts$/;
/** What a fiber makes start again (`sim/world/fiber.ts`). */
const RESTORED = /^sim\/(?:driver|vfio)\//;

/** What only a parser sees. */
function syntaxFindings(sources: Sources): readonly string[] {
  const found: string[] = [];
  const long = new Set<string>();
  for (const [path, text] of sources) {
    if (!MEASURED.test(path)) continue;
    const program = parse(path, text);
    for (const { name, line, lines } of longFunctions(text, program)) {
      const entry = `${path}: ${name}`;
      long.add(entry);
      if (LONG_FUNCTIONS.has(entry)) continue;
      found.push(
        `${path}:${line}: ${name} has ${lines} lines, allowed are ${FUNCTION_LINES_MAX}: give its steps names of their own`,
      );
    }
    if (!RESTORED.test(path)) continue;
    for (const { line, what } of unrestorable(text, program)) {
      found.push(`${path}:${line}: ${what} (a call that is made again finds it as the first attempt left it)`);
    }
  }
  for (const entry of LONG_FUNCTIONS) {
    const path = entry.split(': ', 1)[0]!;
    if (!long.has(entry) && sources.has(path)) {
      found.push(`${entry} is no longer that long: take it off the list in test/tidy/functions.ts`);
    }
  }
  return found;
}

function circleFindings(arrows: readonly Arrow[]): readonly string[] {
  return [...fileCircles(arrows), ...NO_FOLDER_CIRCLES.flatMap((root) => folderCircles(arrows, root))];
}

function forbiddenImport(from: string, target: string): string | undefined {
  const rule = MAY_IMPORT.find(([folder]) => isBelow(from, folder));
  if (rule === undefined) return undefined;
  const [folder, allowed, hint] = rule;
  if ([folder, ...allowed].some((place) => isBelow(target, place))) return undefined;
  return `${folder} may not import ${target}: ${hint}`;
}

function isBelow(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

interface Import {
  readonly line: number;
  readonly target: string;
}

/** Static and dynamic imports, re-exports, and modules loaded by URL (entries of worker threads). */
const IMPORT = /(?:\bfrom\s+|\bimport\s*\(?\s*|\bnew URL\(\s*)(['"`])(\.{1,2}\/[^'"`]+)\1/g;

function importsOf(path: string, code: string): readonly Import[] {
  const imports: Import[] = [];
  for (const match of code.matchAll(IMPORT)) {
    const target = posix.join(posix.dirname(path), withSourceEnding(match[2] ?? ''));
    const line = lineOf(code, match.index);
    if (target.endsWith('.ts') || target.endsWith('.mjs')) imports.push({ line, target });
  }
  return imports;
}

/** Worker entries are named without a fixed ending, because they end in .ts here and in .js when built. */
function withSourceEnding(specifier: string): string {
  return specifier.replace(/\.(?:js|\$\{.*\})?$/, '.ts');
}

function banned(path: string, text: string, bans: readonly Ban[]): readonly string[] {
  const found: string[] = [];
  for (const { where, pattern, message } of bans) {
    if (!where.test(path)) continue;
    for (const match of text.matchAll(new RegExp(pattern, 'gm'))) {
      found.push(`${path}:${lineOf(text, match.index)}: '${match[0].trim()}': ${message}`);
    }
  }
  return found;
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

const COMMENT_OR_STRING = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;

/** Comments become blanks, and lines keep their numbers. */
function withoutComments(text: string): string {
  return text.replace(COMMENT_OR_STRING, (part) => (/^\/[/*]/.test(part) ? part.replace(/[^\n]/g, ' ') : part));
}
