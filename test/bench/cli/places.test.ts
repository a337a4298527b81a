/**
 * Every command with places that do not take what it writes. In full with STOPCOPY_LONG=1.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { keysOf } from '../../../sim/base/keys.ts';
import { Random } from '../../../sim/base/random.ts';
import { effort } from '../../effort.ts';
import { STOPCOPY } from '../../program.ts';
import { commandsTried, fillFolder, type StoppedCommand } from './stopped.ts';

/** How a program gets a view of the file systems of its own here; null: not at all. */
const NAMESPACE = [['-m'], ['-r', '-m']].find((flags) => spawnSync('unshare', [...flags, 'true']).status === 0) ?? null;

const QUOTA_HOOK = fileURLToPath(new URL('./quota-hook.mjs', import.meta.url));

const READ_ONLY = 'mount --bind "$PWD" "$PWD" && mount -o remount,ro,bind "$PWD" && cd "$PWD" && exec "$@"';

interface Place {
  /** As a shell puts it around a command line. */
  readonly script: string;
  /** What does not take what is written to it. */
  readonly fails: 'files' | 'stdout' | 'nothing';
  readonly options?: string;
}

/** Where what is written does not go. */
const PLACES = {
  /** Files of no byte are all that may be made. */
  'no room in files': { script: 'ulimit -f 0; "$@"', fails: 'files' },
  'a read-only folder': {
    script: `unshare ${(NAMESPACE ?? []).join(' ')} bash -c '${READ_ONLY}' bash "$@"`,
    fails: 'files',
  },
  'a quota that is used up': { script: '"$@"', fails: 'files', options: `--import ${QUOTA_HOOK}` },
  'full stdout': { script: '"$@" > /dev/full', fails: 'stdout' },
  'closed stdout': { script: '"$@" > >(exec 0<&- > /dev/null); exit $?', fails: 'nothing' },
} as const satisfies Readonly<Record<string, Place>>;

type PlaceName = keyof typeof PLACES;

/** Places for files that there are on this machine. */
const FOR_FILES = keysOf(PLACES).filter(
  (name) => PLACES[name].fails === 'files' && (name !== 'a read-only folder' || NAMESPACE !== null),
);

function placesOf({ stages, words }: StoppedCommand): readonly PlaceName[] {
  const writesFiles = stages.includes('rename') || words[1] === 'record';
  // Its only word on stdout is an address, after which it waits.
  if (words.length === 1 && words[0] === 'ui') return ['full stdout'];
  return [...(writesFiles ? FOR_FILES : []), 'full stdout', 'closed stdout'];
}

/** Files of a folder, without those below. */
function textsIn(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map(({ name }) => [name, readFileSync(join(folder, name), 'utf8')]));
}

/** @returns what is wrong; empty: nothing */
function wrongOf({ words, ends = 0 }: StoppedCommand, place: PlaceName): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-places-'));
  try {
    fillFolder(folder);
    const names = readdirSync(folder);
    const before = textsIn(folder);
    const { script, fails, options }: Place = PLACES[place];
    const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', process.execPath, ...STOPCOPY, ...words], {
      cwd: folder,
      encoding: 'utf8',
      ...(options === undefined ? {} : { env: { ...process.env, NODE_OPTIONS: options } }),
    });
    const said = `${words.join(' ')}, ${place}: ${status}, ${stderr}`;
    const wrong: string[] = [];
    const expected = fails === 'nothing' ? [ends] : [74];
    // A command that ends with a status of its own may have nothing to write.
    if (!expected.includes(status ?? -1) && (ends === 0 || status !== ends)) wrong.push(said);
    if (status === 74 && !/^stopcopy: cannot write .+\n {2}.+$/m.test(stderr)) wrong.push(`no sentence: ${said}`);
    const left = readdirSync(folder).filter((name) => !names.includes(name));
    if (fails === 'files') {
      if (left.length > 0) wrong.push(`${left.join(', ')} stays: ${said}`);
      const now = textsIn(folder);
      const spoilt = [...before].filter(([name, text]) => now.get(name) !== text).map(([name]) => name);
      if (spoilt.length > 0) wrong.push(`${spoilt.join(', ')} is another: ${said}`);
    }
    return [...wrong, ...left.filter((name) => /\.tmp$|\.lock/.test(name)).map((name) => `${name} stays: ${said}`)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const TRIED = effort(1, 2, Number.POSITIVE_INFINITY);

test('what a place does not take ends with 74, one sentence and nothing partial', () => {
  const all = commandsTried().flatMap((command) => placesOf(command).map((place) => ({ command, place })));
  const random = new Random(effort(1, Date.now() % 2 ** 32));
  const drawn = TRIED < all.length ? Array.from({ length: TRIED }, () => all[random.below(all.length)]!) : all;
  expect(drawn.flatMap(({ command, place }) => wrongOf(command, place))).toEqual([]);
}, 3_600_000);
