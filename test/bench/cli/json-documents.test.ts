/**
 * Every command with `--json`, in each of its ends: one document with `format` and `version`, as its published schema says.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { Interrupts } from '../../../bench/cli/interrupt.ts';
import { type CommandName, runCommandLine } from '../../../bench/cli/program.ts';
import { passExactGate } from '../../../bench/compare/exact-gate.ts';
import type { NoiseDocument } from '../../../bench/documents/noise/document.ts';
import { recordLine } from '../../../bench/history/store.ts';
import { documentHead } from '../../../bench/io/document-head.ts';
import { packageRoot } from '../../../bench/io/package-root.ts';
import { machineFacts } from '../../../bench/measure/machine.ts';
import { PRINTED_FORMATS, RESULT_READERS } from '../../../sim/base/formats.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { captured } from '../captured.ts';
import { stopcopyAt } from '../command.ts';
import { fixtureResult } from '../fixture.ts';
import { historyRecord } from '../history/records.ts';
import { documentFindings } from '../published.ts';

const TRACE = join(packageRoot(), 'traces', 'plain-stop-copy.upstream-2026.json');

const DRIVER_TRACE = join(packageRoot(), 'test/bench/import/samples/hisi-rwmmio.trace-cmd.txt');
const LSPCI = join(packageRoot(), 'test/bench/import/samples/switch-acs.lspci-vvv.txt');

/** A command line without `--json`, and the format that it prints. */
type Line = readonly [words: string, format: string];

const SWEEP = 'converge-nova --sweep vm.stream.channels=1,2 --no-tornado --out sweep.json';

/** What every command prints, and an error of it. */
const LINES: Readonly<Record<CommandName, readonly Line[]>> = {
  bench: [
    ['--suite designs --quick', 'stopcopy-suites'],
    ['--suite designs --load idle', 'stopcopy-error'],
  ],
  run: [
    ['idle-vf', 'stopcopy-run'],
    ['idle-vf idle-vf', 'stopcopy-run-pair'],
    ['no-such', 'stopcopy-error'],
  ],
  can: [
    ['--vmm qemu@10.2 --kernel 6.12 --device mlx5_vfio_pci', 'stopcopy-can-answer'],
    ['--vmm qemu', 'stopcopy-can-answer'],
    ['--vmm other', 'stopcopy-error'],
  ],
  plan: [
    ['room --no-tornado', 'stopcopy-plan'],
    [`${SWEEP} --threads 1`, 'stopcopy-plan-sweep'],
    ['room --no-tornado --shard 1/2', 'stopcopy-error'],
    [`${SWEEP} --shard 1/2 --shard-out one.shard`, 'stopcopy-shard'],
    [`${SWEEP} --shard 2/2 --shard-out two.shard`, 'stopcopy-shard'],
    ['bad.yaml', 'stopcopy-error'],
  ],
  converge: [
    ['--seeds 2 --class idle --policy qemu,nova', 'stopcopy-converge-result'],
    ['no-such', 'stopcopy-error'],
  ],
  send: [['--socket none.sock --run-ms 1', 'stopcopy-send']],
  receive: [
    ['--socket me.sock --wait-ms 1', 'stopcopy-receive'],
    ['', 'stopcopy-error'],
  ],
  validate: [
    ['multifd', 'stopcopy-validation'],
    ['no-such', 'stopcopy-error'],
  ],
  explain: [
    ['moved.qmp', 'stopcopy-explanation'],
    ['bad.yaml', 'stopcopy-error'],
  ],
  fit: [
    ['table.yaml', 'stopcopy-platform'],
    ['bad.yaml', 'stopcopy-error'],
  ],
  calibrate: [
    [`${DRIVER_TRACE} --name mine`, 'stopcopy-costs'],
    ['bad.yaml', 'stopcopy-error'],
  ],
  verify: [
    [TRACE, 'stopcopy-verification'],
    ['bad.yaml', 'stopcopy-verification'],
    ['--between linux-6.2 linux-6.8', 'stopcopy-generations'],
    ['--between linux-6.2', 'stopcopy-error'],
  ],
  check: [
    ['--runs 2', 'stopcopy-check'],
    ['--runs 0', 'stopcopy-error'],
  ],
  isolation: [
    ['t12', 'stopcopy-isolation'],
    ['t', 'stopcopy-error'],
  ],
  import: [
    [LSPCI, 'stopcopy-import'],
    ['--collect machine', 'stopcopy-collector'],
    [`--mask ${LSPCI}`, 'stopcopy-masked'],
    ['bad.yaml', 'stopcopy-error'],
  ],
  compare: [
    ['result.json result.json', 'stopcopy-comparison'],
    ['result.json', 'stopcopy-error'],
  ],
  history: [
    ['list', 'stopcopy-history-list'],
    ['show', 'stopcopy-history'],
    ['record result.json --commit HEAD --file new.ndjson', 'stopcopy-history-record'],
    ['export frame-write', 'stopcopy-history'],
    ['export frame-write --badge badge.json', 'stopcopy-history-badge'],
    ['prune --keep 1 --file new.ndjson', 'stopcopy-history-prune'],
    ['prune', 'stopcopy-error'],
  ],
  report: [
    ['result.json', 'stopcopy-page'],
    ['bad.yaml', 'stopcopy-error'],
  ],
  merge: [
    ['one.shard two.shard', 'stopcopy-plan-sweep'],
    ['one.shard', 'stopcopy-error'],
  ],
  upgrade: [
    ['result.json', 'stopcopy-upgrade'],
    ['bad.yaml', 'stopcopy-error'],
  ],
  ui: [
    ['idle-vf --html ui.html', 'stopcopy-page'],
    ['no-such', 'stopcopy-error'],
  ],
  'stage-process': [
    ['list', 'stopcopy-stage-process'],
    ['nothing', 'stopcopy-error'],
  ],
};

const ALL = keysOf(LINES).flatMap((name) =>
  LINES[name].map(([words, format]) => [`${name} ${words}`.trim(), format] as const),
);

let folder: string;
/** Formats of the documents that were printed. */
const printed = new Set<string>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-json-'));
  writeFileSync(join(folder, 'result.json'), JSON.stringify(fixtureResult()));
  cpSync(join(packageRoot(), 'bench/studies/fit/examples/small-lab.yaml'), join(folder, 'table.yaml'));
  cpSync(join(packageRoot(), 'bench/studies/import/examples/qemu-zip.qmp.jsonl'), join(folder, 'moved.qmp'));
  writeFileSync(join(folder, 'bad.yaml'), 'format: stopcopy-scenario\nversion: 2\n');
  writeFileSync(join(folder, 'stopcopy-history.ndjson'), recordLine(historyRecord()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The format of a document that is as its schema says; otherwise what it should not have. */
function formatOf(text: string): string {
  const findings = documentFindings(text);
  if (findings.length > 0) return findings.join('\n');
  const { format } = JSON.parse(text) as { readonly format: string };
  printed.add(format);
  return format;
}

test.each(ALL)('%s prints one document of %s', async (line, format) => {
  const { stdout } = await stopcopyAt(folder, ...line.split(' '), '--json');
  expect(formatOf(stdout)).toBe(format);
});

test('ui prints where it serves', async () => {
  const { output, stdout } = captured(true);
  const interrupts = new Interrupts();
  const ended = runCommandLine(['ui', 'idle-vf', '--json'], { output, interrupts });
  let text = '';
  while (text === '') {
    await new Promise((resolve) => setTimeout(resolve, 5));
    text = stdout();
  }
  interrupts.stop('SIGINT');
  expect(await ended).toBe(0);
  expect(formatOf(text)).toBe('stopcopy-server');
});

test('a command that does not know its option prints the error as a document', async () => {
  expect(formatOf((await stopcopyAt(folder, 'run', 'idle-vf', '--timelin', 'x', '--json')).stdout)).toBe(
    'stopcopy-error',
  );
  expect(formatOf((await stopcopyAt(folder, 'rum', '--json')).stdout)).toBe('stopcopy-error');
});

test('a change of the baseline that is accepted is a document', () => {
  const { output, stdout } = captured(true);
  const metric = { name: 'accesses', value: 1, unit: '' };
  passExactGate({ accept: 'why', baseline: join(folder, 'baseline.json'), markdown: false }, output, () => [metric]);
  expect(formatOf(stdout())).toBe('stopcopy-baseline-change');
});

test('what is measured for minutes has documents of these formats', () => {
  const { output, stdout } = captured(true);
  const noise: NoiseDocument = {
    ...documentHead('stopcopy-noise'),
    machine: machineFacts(),
    crowded: [],
    interrupted: false,
    budgetSeconds: 60,
    metrics: [
      {
        name: 'frame-write',
        unit: 'ns',
        median: 1000,
        spread: 0.01,
        drift: -0.01,
        worstPair: 0.1,
        pairs: 12,
        pairsInBudget: 20,
        smallestFound: null,
      },
    ],
  };
  output.document(noise);
  expect(formatOf(stdout())).toBe('stopcopy-noise');
  expect(formatOf(JSON.stringify(fixtureResult()))).toBe('stopcopy-bench');
});

test('there is no format that no command line here prints', () => {
  expect([...printed].toSorted()).toEqual(
    ['stopcopy-costs', 'stopcopy-platform', ...keysOf(RESULT_READERS), ...keysOf(PRINTED_FORMATS)].toSorted(),
  );
});
