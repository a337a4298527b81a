/**
 * Programs that are sent a signal while they start, parse, work, write or rename: for every command of the table.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { CommandName } from '../../../bench/cli/program.ts';
import { EXIT, SIGNAL_EXITS, type SignalName } from '../../../bench/io/exit-status.ts';
import { recordLine } from '../../../bench/history/store.ts';
import { packageRoot } from '../../../bench/io/package-root.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import type { Random } from '../../../sim/base/random.ts';
import { STOPCOPY } from '../../program.ts';
import { fixtureResult } from '../fixture.ts';
import { historyRecord } from '../history/records.ts';

const STAGES = ['start', 'parse', 'work', 'write', 'rename'] as const;
export type Stage = (typeof STAGES)[number];

export interface StoppedCommand {
  readonly words: readonly string[];
  /** Stages that it has, after its start. */
  readonly stages: readonly Stage[];
  /** About how long it works in ms, after its input is read. */
  readonly workMs: number;
  /** How it ends without a signal; default: 0. */
  readonly ends?: number;
  /** Whether it leaves signals to the system, which ends it at once; it is no command of users. */
  readonly isUnwatched?: boolean;
}

/** Something of every command, with its input in the folder, and what it can write. */
const STOPPED = {
  bench: [
    {
      words: ['bench', '--quick', '--accelerator', 'zip', '--queue-pairs', '1', '--load', 'idle', '--out', '.'],
      stages: ['write', 'rename'],
      workMs: 5000,
    },
    { words: ['bench', '--suite', 'designs', '--html', 'o.html'], stages: ['write', 'rename'], workMs: 500 },
  ],
  run: [
    {
      words: ['run', 'scenario.yaml', '--html', 'o.html', '--timeline', 'o.json', '--json'],
      stages: ['parse', 'work', 'write', 'rename'],
      workMs: 600,
    },
  ],
  converge: [
    {
      words: ['converge', 'converge.yaml', '--seeds', '300', '--threads', '2', '--html', 'o.html', '--json'],
      stages: ['parse', 'work', 'write', 'rename'],
      workMs: 2000,
    },
  ],
  check: [
    {
      words: ['check', '--runs', '200', '--json', '--sarif', 'o.sarif'],
      stages: ['work', 'write', 'rename'],
      workMs: 1000,
      ends: 1,
    },
  ],
  can: [{ words: ['can', 'can.yaml', '--json'], stages: ['parse', 'write'], workMs: 50 }],
  plan: [
    {
      words: ['plan', 'question.yaml', '--html', 'o.html', '--json'],
      stages: ['parse', 'work', 'write', 'rename'],
      workMs: 3000,
    },
    {
      words: ['plan', 'link', '--sweep', 'vm.vcpus=8,16,32,64', '--out', 'o.json'],
      stages: ['work', 'write', 'rename'],
      workMs: 2000,
    },
  ],
  send: [{ words: ['send', '--socket', 'none.sock'], stages: ['write'], workMs: 1000, ends: 1 }],
  receive: [
    { words: ['receive', '--socket', 'me.sock', '--wait-ms', '3000'], stages: ['write'], workMs: 1000, ends: 1 },
  ],
  validate: [
    {
      words: ['validate', 'table.yaml', '--html', 'o.html'],
      stages: ['parse', 'work', 'write', 'rename'],
      workMs: 300,
    },
    { words: ['validate', '--json'], stages: ['parse', 'work', 'write'], workMs: 1500 },
  ],
  explain: [
    {
      words: ['explain', 'moved.qmp', '--html', 'o.html'],
      stages: ['parse', 'work', 'write', 'rename'],
      workMs: 800,
    },
  ],
  fit: [
    {
      words: ['fit', 'table.yaml', '--out', 'o.yaml', '--html', 'o.html'],
      stages: ['parse', 'work', 'write', 'rename'],
      workMs: 1000,
    },
  ],
  calibrate: [
    {
      words: ['calibrate', 'driver.txt', '--out', 'o.yaml'],
      stages: ['write', 'rename'],
      workMs: 200,
    },
  ],
  verify: [{ words: ['verify', 'traces'], stages: ['write'], workMs: 500 }],
  isolation: [
    {
      words: ['isolation', 'topology.yaml', '--html', 'o.html', '--sarif', 'o.sarif', '--json'],
      stages: ['parse', 'work', 'write', 'rename'],
      workMs: 300,
    },
  ],
  compare: [
    {
      words: ['compare', 'result.json', 'other.json', '--save', 'o.json', '--html', 'o.html'],
      stages: ['parse', 'work', 'write', 'rename'],
      workMs: 300,
    },
    { words: ['compare', '--exact', '--html', 'o.html'], stages: ['work', 'write', 'rename'], workMs: 4000 },
  ],
  history: [
    { words: ['history', 'record', 'result.json', '--commit', 'HEAD'], stages: ['write'], workMs: 100 },
    { words: ['history', 'show', '--html', 'o.html'], stages: ['write', 'rename'], workMs: 200 },
  ],
  report: [
    {
      words: ['report', 'result.json', '--out', 'o.html'],
      stages: ['parse', 'work', 'write', 'rename'],
      workMs: 300,
    },
  ],
  import: [{ words: ['import', 'lspci.txt', '--out', 'o.yaml'], stages: ['write', 'rename'], workMs: 200 }],
  merge: [{ words: ['merge', 'result.json'], stages: [], workMs: 100, ends: 3 }],
  upgrade: [
    {
      words: ['upgrade', 'old.yaml', '--bare-times', 'ms', '--write'],
      stages: ['parse', 'write', 'rename'],
      workMs: 100,
    },
  ],
  ui: [
    { words: ['ui', '--html', 'o.html'], stages: ['work', 'write', 'rename'], workMs: 300 },
    { words: ['ui'], stages: ['write'], workMs: 1000 },
  ],
  'stage-process': [{ words: ['stage-process', 'list', '--json'], stages: ['write'], workMs: 200, isUnwatched: true }],
} as const satisfies Readonly<Record<CommandName, readonly StoppedCommand[]>>;

/** Something of every command. */
export function commandsTried(): readonly StoppedCommand[] {
  return keysOf(STOPPED).flatMap((name) => [...STOPPED[name]]);
}

/** Every command with each of its stages. */
export function stagesOf(): readonly { readonly command: StoppedCommand; readonly stage: Stage }[] {
  return commandsTried().flatMap((command) =>
    (['start', ...command.stages] as const).map((stage) => ({ command, stage })),
  );
}

const HOOK = fileURLToPath(new URL('./stop-hook.mjs', import.meta.url));

/** About how long a program takes to start, in ms. */
const START_MS = 300;
const PARSE_MS = 30;

/** What came of a signal. */
export interface Stopped {
  /** What is wrong; empty: nothing. */
  readonly wrong: readonly string[];
  /** CPU time of the process from the signal to its end, in ms; null: it had ended by itself before. */
  readonly cpuMs: number | null;
}

/** Runs a command, and stops it at a random time of a stage. */
export async function stopAt(command: StoppedCommand, stage: Stage, random: Random): Promise<Stopped> {
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-stop-'));
  try {
    fillFolder(folder);
    const names = keysOf(SIGNAL_EXITS);
    const signal = names[random.below(names.length)]!;
    const length = stage === 'start' ? START_MS : stage === 'parse' ? PARSE_MS : command.workMs;
    const report = join(folder, 'report');
    const hook = { stage, signal, delayMs: random.below(length), after: random.below(2) === 1, report };
    const ended = await run(command.words, folder, hook);
    const wrong = wrongOf(command, ended, signal, folder);
    if (ended.signal !== null) return { cpuMs: 0, wrong };
    const { cpuMs } = JSON.parse(readFileSync(report, 'utf8')) as { readonly cpuMs: number | null };
    return { cpuMs, wrong };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface EndedProgram {
  readonly status: number | null;
  /** What the system ended it by; null: it ended itself. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(words: readonly string[], cwd: string, hook: object): Promise<EndedProgram> {
  const env = { ...process.env, STOP_HOOK: JSON.stringify(hook), NODE_OPTIONS: `--import ${HOOK}` };
  const child = spawn(process.execPath, [...STOPCOPY, ...words], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const parts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (parts[name] += text));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, ...parts }));
  });
}

/** Puts all inputs of {@link STOPPED} into a folder. */
export function fillFolder(folder: string): void {
  const at = (name: string): string => join(folder, name);
  const from = (path: string): string => join(packageRoot(), path);
  cpSync(from('sim/scenario/scenarios/zip-64.yaml'), at('scenario.yaml'));
  cpSync(from('sim/fleet/questions/vfs-per-vm.yaml'), at('question.yaml'));
  cpSync(from('sim/converge/questions/policies.yaml'), at('converge.yaml'));
  cpSync(from('sim/pci/topologies/t12-card-under-switch.yaml'), at('topology.yaml'));
  cpSync(from('bench/studies/validation/tables/multifd.yaml'), at('table.yaml'));
  cpSync(from('test/bench/import/samples/hisi-rwmmio.trace-cmd.txt'), at('driver.txt'));
  cpSync(from('bench/studies/import/examples/qemu-zip.qmp.jsonl'), at('moved.qmp'));
  mkdirSync(at('traces'));
  for (const name of readdirSync(from('traces')).filter((each) => each.startsWith('plain-stop-copy'))) {
    cpSync(from(`traces/${name}`), at(`traces/${name}`));
  }
  writeFileSync(at('result.json'), JSON.stringify(fixtureResult()));
  writeFileSync(at('other.json'), JSON.stringify(fixtureResult({ seed: 2 })));
  writeFileSync(at('can.yaml'), CAN);
  writeFileSync(at('stopcopy-history.ndjson'), recordLine(historyRecord()));
  cpSync(from('test/bench/import/samples/switch-acs.lspci-vvv.txt'), at('lspci.txt'));
  writeFileSync(at('old.yaml'), readFileSync(at('scenario.yaml'), 'utf8').replace('version: 2', 'version: 1'));
}

const CAN = `format: stopcopy-can
version: 2
vmm: qemu
vmmVersion: '10.2'
kernel: '6.12'
devices: [{ driver: mlx5_vfio_pci }]
`;

function wrongOf(
  { ends = 0, isUnwatched = false }: StoppedCommand,
  { status, signal: endedBy, stdout, stderr }: EndedProgram,
  signal: SignalName,
  folder: string,
): readonly string[] {
  const wrong: string[] = [];
  const said = JSON.stringify({ status, endedBy, stdout: stdout.slice(0, 200), stderr });
  const stopped = status === EXIT[SIGNAL_EXITS[signal]];
  const endedAsItMay = isUnwatched && endedBy === signal;
  if (!stopped && !endedAsItMay && status !== ends && status !== EXIT.fine) wrong.push(`${signal} ended with ${said}`);
  if (stopped && !/interrupted|stopping/.test(stderr)) wrong.push(`nothing said that it stopped: ${said}`);
  if (stdout.startsWith('{') && !isJson(stdout)) wrong.push(`stdout is no document: ${said}`);
  for (const name of readdirSync(folder)) {
    const text = (): string => readFileSync(join(folder, name), 'utf8');
    if (/\.tmp$|\.lock|\.sock$/.test(name)) wrong.push(`${name} was left over`);
    if (name.endsWith('.json') && !isJson(text())) wrong.push(`${name} is cut`);
    if (name.endsWith('.html') && !text().trimEnd().endsWith('</html>')) wrong.push(`${name} is cut`);
  }
  return wrong;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
