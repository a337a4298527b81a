/**
 * `stopcopy send` and `stopcopy receive` as two programs, also when one of them is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { buildProgram } from '../../../bench/cli/program.ts';
import { packageRoot } from '../../../bench/io/package-root.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { GENERATION_IDS } from '../../../sim/driver/generation.ts';
import { Random } from '../../../sim/base/random.ts';
import { STOPCOPY } from '../../program.ts';
import { captured } from '../captured.ts';
import { documentFindings } from '../published.ts';
import { effort } from '../../effort.ts';
import { stating } from '../../stating.ts';

const ROOT = packageRoot();
const KILLS = effort(2, 2, 100);
const folder = mkdtempSync(join(tmpdir(), 'stopcopy-programs-'));
let sockets = 0;

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  private stdout = '';
  private stderr = '';

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [...STOPCOPY, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.child);
    this.child.stdout?.on('data', (text: Buffer) => (this.stdout += text.toString()));
    this.child.stderr?.on('data', (text: Buffer) => (this.stderr += text.toString()));
    this.ended = once(this.child, 'close').then(([status, signal]) => {
      running.delete(this.child);
      const { stdout, stderr } = this;
      return { status: status as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr };
    });
  }

  /** Waits until it has said something on stderr. @returns what matched */
  async says(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.stderr);
      if (found !== null) return found[1] ?? found[0];
      if (this.child.exitCode !== null) throw new Error(`ended without saying ${pattern}: ${this.stderr}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
  }
}

function socketPath(): string {
  return join(folder, `${++sockets}.sock`);
}

/** As long as needed against hanging only. */
const PATIENT = ['--idle-ms', '60000'];

interface MoveDocument {
  readonly outcome: string;
  readonly reason?: string;
  readonly atStop?: { readonly accepted: number };
  readonly tasks?: { readonly ok: boolean; readonly accepted: number; readonly completed: number };
}

function documentOf({ stdout }: Ended): MoveDocument {
  expect(documentFindings(stdout)).toEqual([]);
  return JSON.parse(stdout) as MoveDocument;
}

/** Drivers and ways in a small VM. Every driver moves between threads: test/workers/generations.test.ts. */
const EVERY = effort(3, 3, 1);
const WAYS = GENERATION_IDS.filter((_, index) => index % EVERY === 0).map((driver, index) => {
  const unix = index % 2 === 0;
  const options = unix ? ['--channels', '2'] : ['--frame-kib', '1024', '--checksums', '--load', 'half'];
  return { driver, way: unix ? 'a Unix socket' : 'TCP', unix, options };
});

test.each(WAYS)('a VM with $driver moves over $way, and the destination accounts for all its tasks', async (move) => {
  const { driver, unix, options } = move;
  const path = socketPath();
  const place = unix ? ['--socket', path] : ['--listen', '127.0.0.1:0'];
  const both = ['--driver', driver, '--queue-pairs', '2', '--run-ms', '20', '--json', ...PATIENT];
  const receive = new Program(['receive', ...place, ...both]);
  const at = await receive.says(/listening at (.+)\n/);
  const send = new Program(['send', unix ? '--socket' : '--connect', at, ...options, ...both]);
  const [sent, received] = await Promise.all([send.ended, receive.ended]);
  expect([sent.status, received.status]).toEqual([0, 0]);
  const here = documentOf(sent);
  const there = documentOf(received);
  expect([here.outcome, there.outcome]).toEqual(['moved', 'running']);
  expect(there.tasks).toMatchObject({ ok: true, lost: 0, violations: 0 });
  expect(there.tasks!.accepted).toBeGreaterThanOrEqual(here.atStop!.accepted);
  expect(there.tasks!.completed).toBe(there.tasks!.accepted);
  expect(existsSync(path)).toBe(false);
});

test('a VM of another kind is refused, runs on at its source and loses nothing', async () => {
  const path = socketPath();
  const receive = new Program(['receive', '--socket', path, '--accelerator', 'sec', ...PATIENT]);
  await receive.says(/listening/);
  const sent = await new Program(['send', '--socket', path, '--run-ms', '20', ...PATIENT]).ended;
  expect(sent.status).toBe(1);
  expect(sent.stderr).toMatch(stating('refused', 'zip', 'sec'));
  expect(sent.stdout).toMatch(/^the VM stays here,.*\n\d+ tasks accepted, \d+ completed,/);
  receive.child.kill('SIGINT');
  expect((await receive.ended).status).toBe(130);
});

test('a source that reaches no destination says what to try, and its VM runs on', async () => {
  const path = socketPath();
  const { status, stderr, stdout } = await new Program(['send', '--socket', path, '--run-ms', '20', ...PATIENT]).ended;
  expect(status).toBe(1);
  expect(stderr).toMatch(stating('no such socket'));
  expect(stdout).toMatch(/^the VM stays here/);
});

test('an interrupt ends a source that works', async () => {
  const send = new Program(['send', '--socket', socketPath(), '--run-ms', '60000', '--json']);
  await send.says(/a VM works here/);
  send.child.kill('SIGINT');
  const { status, stdout } = await send.ended;
  expect(status).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject({ error: { kind: 'interrupted' } });
});

test('a socket file that a killed destination left is taken over; one that is served is not', async () => {
  const path = socketPath();
  const first = new Program(['receive', '--socket', path]);
  await first.says(/listening/);
  const beside = await new Program(['receive', '--socket', path]).ended;
  expect(beside.status).toBe(2);
  expect(beside.stderr).toMatch(stating('already', path));
  first.child.kill('SIGKILL');
  await first.ended;
  expect(existsSync(path)).toBe(true);
  const second = new Program(['receive', '--socket', path]);
  expect(await second.says(/listening at (.+)\n/)).toBe(path);
});

describe('a wrong command line is refused with a sentence', () => {
  test.each([
    [['send'], 'a place is missing'],
    [['receive', '--socket', '/tmp/a', '--listen', ':1'], '--socket and --listen name two places'],
    [['send', '--connect', 'nowhere'], "--connect is 'nowhere', allowed is HOST:PORT"],
    [['send', '--socket', '/tmp/a', '--channels', '9'], "--channels is '9', allowed is a whole number from 1 to 8"],
    [['send', '--socket', '/tmp/a', '--frame-kib', '32'], 'from 64 to 1024'],
    [['send', '--socket', '/tmp/a', '--accelerator', 'sec', '--queue-pairs', '1000'], 'the sec device has 768'],
  ])('%j', async (args, says) => {
    const { output } = captured(false);
    const program = await buildProgram({
      output,
      signal: new AbortController().signal,
      exit: () => {},
      args: [],
      again: async () => 0 as const,
    });
    const parsing = program.parseAsync(args, { from: 'user' });
    await expect(parsing).rejects.toThrow(UserError);
    await expect(parsing).rejects.toThrow(says);
  });
});

/** Output of two programs of which one was killed, as one sentence per complaint. */
function complaints(victim: 'send' | 'receive', sent: Ended, received: Ended): string[] {
  const found: string[] = [];
  const here = sent.stdout === '' ? null : documentOf(sent);
  const there = received.stdout === '' ? null : documentOf(received);
  if (here?.outcome === 'kept' && there?.outcome === 'running') found.push('both ran the VM');
  if (here?.outcome === 'kept' && here.tasks?.ok !== true) found.push('the source kept the VM and lost a task');
  if (there?.outcome === 'running' && there.tasks?.ok !== true) found.push('the destination lost a task');
  if (victim === 'receive' && here === null) found.push(`the source printed nothing: ${sent.stderr}`);
  if (victim === 'send' && there === null) found.push(`the destination printed nothing: ${received.stderr}`);
  for (const document of [here, there]) {
    if (document !== null && !['moved', 'running'].includes(document.outcome) && (document.reason ?? '') === '') {
      found.push(`${document.outcome} without a reason`);
    }
  }
  return found;
}

interface Link {
  /** Where the source finds it. */
  readonly path: string;
  close(): void;
}

/** A link to a destination. It strikes once when so many bytes have come from the source, or when the source has gone. */
async function linkTo(destination: string, bytes: number, strike: () => void): Promise<Link> {
  const path = socketPath();
  const open = new Set<Socket>();
  let came = 0;
  const server = createServer((source) => {
    const onward = connect(destination);
    for (const socket of [source, onward]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => [source, onward].forEach((each) => each.destroy()));
    }
    source.on('data', (data) => {
      came += data.length;
      if (came >= bytes) strike();
    });
    source.on('close', strike);
    source.pipe(onward).pipe(source);
  });
  server.listen(path);
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  return { path, close };
}

/** A little more than a move with the options below takes: 20 iterations of some 2 MB. */
const MOVE_BYTES = 45_000_000;

test(`${KILLS} moves of which one program is killed at a random byte: never two owners, no task lost, no hang`, async () => {
  const wrong: string[] = [];
  for (let seed = 1; seed <= KILLS; seed++) {
    const random = new Random(seed);
    const path = socketPath();
    const soon = ['--idle-ms', '1000', '--run-ms', '100', '--json'];
    const receive = new Program(['receive', '--socket', path, '--wait-ms', '600000', ...soon]);
    await receive.says(/listening/);
    const victim = random.below(2) === 0 ? ('send' as const) : ('receive' as const);
    const link = await linkTo(
      path,
      random.below(MOVE_BYTES),
      () => void (victim === 'send' ? send : receive).child.kill('SIGKILL'),
    );
    const send: Program = new Program([
      'send',
      '--socket',
      link.path,
      '--iterations',
      '20',
      '--queue-pairs',
      '16',
      ...soon,
    ]);
    const [sent, received] = await Promise.all([send.ended, receive.ended]);
    link.close();
    wrong.push(...complaints(victim, sent, received).map((what) => `move ${seed}, ${victim} was killed: ${what}`));
  }
  expect(wrong).toEqual([]);
});

/** The calls of a page, without `npx stopcopy`. */
function callsIn(page: string, command: string): string[][] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const calls = text.matchAll(new RegExp(String.raw`^ {4}npx stopcopy (${command} [^&#|\n]*)`, 'gm'));
  return Array.from(calls, ([, words = '']) => words.trim().split(/\s+/));
}

test.each(['README.md', 'docs/transport.md'])('the two commands that %s shows move a VM', async (page) => {
  const [receive, send] = [callsIn(page, 'receive')[0], callsIn(page, 'send')[0]];
  const path = socketPath();
  // As they stand there, but for the place.
  const at = (words: readonly string[] = []): string[] => words.map((word) => (word.startsWith('/tmp/') ? path : word));
  expect([receive?.[0], send?.[0]]).toEqual(['receive', 'send']);
  const there = new Program([...at(receive), ...PATIENT]);
  await there.says(/listening/);
  const here = new Program([...at(send), ...PATIENT]);
  const [sent, received] = await Promise.all([here.ended, there.ended]);
  expect([sent.status, received.status]).toEqual([0, 0]);
  expect(sent.stdout).toMatch(/^moved to /);
  expect(received.stdout).toMatch(stating('exactly once', 'in order'));
});
