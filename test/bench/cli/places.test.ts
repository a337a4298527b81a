/**
 * Every command with places that do not take what it writes. In full with STOPCOPY_LONG=1.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { Random } from '../../../sim/base/random.ts';
import { effort } from '../../effort.ts';
import { STOPCOPY } from '../../program.ts';
import { commandsTried, fillFolder, type StoppedCommand } from './stopped.ts';

/** Where what is written does not go, as a shell puts it around a command line. */
const PLACES = {
  /** Files of no byte are all that may be made. */
  'no room in files': { script: 'ulimit -f 0; "$@"', fails: 'files' },
  'full stdout': { script: '"$@" > /dev/full', fails: 'stdout' },
  'closed stdout': { script: '"$@" > >(exec 0<&- > /dev/null); exit $?', fails: 'nothing' },
} as const;

type Place = keyof typeof PLACES;

function placesOf({ stages, words }: StoppedCommand): readonly Place[] {
  const writesFiles = stages.includes('rename') || words[1] === 'record';
  // Its only word on stdout is an address, after which it waits.
  if (words.length === 1 && words[0] === 'ui') return ['full stdout'];
  return writesFiles ? ['no room in files', 'full stdout', 'closed stdout'] : ['full stdout', 'closed stdout'];
}

/** @returns what is wrong; empty: nothing */
function wrongOf({ words, ends = 0 }: StoppedCommand, place: Place): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-places-'));
  try {
    fillFolder(folder);
    const before = new Set(readdirSync(folder));
    const { script, fails } = PLACES[place];
    const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', process.execPath, ...STOPCOPY, ...words], {
      cwd: folder,
      encoding: 'utf8',
    });
    const said = `${words.join(' ')}, ${place}: ${status}, ${stderr}`;
    const wrong: string[] = [];
    const expected = fails === 'nothing' ? [ends] : [74];
    // A command that ends with a status of its own may have nothing to write.
    if (!expected.includes(status ?? -1) && (ends === 0 || status !== ends)) wrong.push(said);
    if (status === 74 && !/^stopcopy: cannot write .+\n {2}.+$/m.test(stderr)) wrong.push(`no sentence: ${said}`);
    const left = readdirSync(folder).filter((name) => !before.has(name));
    if (fails === 'files' && left.length > 0) wrong.push(`${left.join(', ')} stays: ${said}`);
    return [...wrong, ...left.filter((name) => /\.tmp$|\.lock/.test(name)).map((name) => `${name} stays: ${said}`)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const TRIED = effort(1, 3, Number.POSITIVE_INFINITY);

test('what a place does not take ends with 74, one sentence and nothing partial', () => {
  const all = commandsTried().flatMap((command) => placesOf(command).map((place) => ({ command, place })));
  const random = new Random(effort(1, Date.now() % 2 ** 32));
  const drawn = TRIED < all.length ? Array.from({ length: TRIED }, () => all[random.below(all.length)]!) : all;
  expect(drawn.flatMap(({ command, place }) => wrongOf(command, place))).toEqual([]);
}, 3_600_000);
