/**
 * Moves in which something dies at a random point: the source, the destination, the thread of a PF, or channels. Whatever
 * dies and whenever, at most one side runs the VM, the side that runs it has all its tasks, and nothing is left over.
 *
 * STOPCOPY_LONG=1 plays ten thousand of them.
 */
import { readdirSync } from 'node:fs';

import { expect, test } from 'vitest';

import { Random } from '../../../sim/base/random.ts';
import { switchOver, type SwitchoverOutcome } from '../../../workers/transport/switchover.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import { collectGarbage } from '../../heap.ts';
import { until } from '../world-rig.ts';
import { AGES, type Sides, sides } from './move-rig.ts';
import { Killed, type VirtualVm } from './virtual-vm.ts';
import { effort } from '../../effort.ts';

const MOVES = effort(60, 60, 10_000);
const MINUTES = 60_000;

const VICTIMS = ['nobody', 'channel', 'channels', 'source', 'destination', 'sourcePf', 'destinationPf'] as const;

type Victim = (typeof VICTIMS)[number];

/** What is held is measured after so many moves, and then again. The first ones also compile code and fill caches. */
const LOOK_EACH = MOVES / 5;
/** What may come on top from the first measurement to the last. A parcel that something still held has hundreds of kilobytes. */
const GROWTH_BYTES_MAX = 3_000_000;

interface Held {
  readonly files: number;
  readonly bufferBytes: number;
  readonly heapBytes: number;
}

/** Turns of the event loop that a move may take before the victim dies: few moves take so many. */
const TURNS_MAX = 60;
/** Calls on a VM in one move. */
const CALLS_MAX = 7;
/** How soon a destination that died is given up after the commit, when only the clock decides. Too soon is no harm: it is dead. */
const SOON_MS = 30;

interface Ending {
  readonly victim: Victim;
  /** What the source made of it: an outcome, or the error with which its process ends. */
  readonly source: SwitchoverOutcome | Error;
  readonly all: Sides;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => void setImmediate(resolve));
}

/** Something dies after so many turns. */
async function strike(victim: Victim, all: Sides, random: Random): Promise<void> {
  const { source, destination, out, into } = all;
  switch (victim) {
    case 'nobody':
      return;
    case 'channel':
    case 'channels':
      for (let left = victim === 'channel' ? 1 : 6; left > 0; left--) {
        await turns(random.below(TURNS_MAX / 4));
        const channel = random.below(out.channels.length);
        if (random.below(2) === 0) out.channels[channel]!.breakOff();
        else into.breakOff(channel);
      }
      return;
    case 'source':
      await turns(random.below(1 + random.below(TURNS_MAX)));
      source.killed = true;
      out.vanish();
      return;
    case 'destination':
      await turns(random.below(1 + random.below(TURNS_MAX)));
      destination.killed = true;
      into.close(false);
      return;
    case 'sourcePf':
      source.pfDiesAt = source.calls + 1 + random.below(CALLS_MAX);
      return;
    default:
      destination.pfDiesAt = 1 + random.below(3);
  }
}

async function play(seed: number): Promise<Ending> {
  const random = new Random(seed);
  const victim = VICTIMS[seed % VICTIMS.length]!;
  const sourceDies = victim === 'source' || victim === 'sourcePf';
  const all = await sides({
    seed,
    channels: 1 + random.below(4),
    tcp: random.below(4) === 0,
    checksums: random.below(2) === 0,
    readMode: random.below(4) === 0 ? 'data' : 'onread',
    sourceLimits: victim === 'destination' ? { lossesMax: 2, settleMs: SOON_MS } : {},
  });
  const [source] = await Promise.all([
    switchOver(all.source, all.out, { iterationsMax: random.below(4), fewChunks: random.below(3) }).catch(
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    ),
    strike(victim, all, random),
  ]);
  // A source that died says nothing any more: the destination's limit passes now, whatever the clock says.
  if (sourceDies) all.receiving.silent(AGES.idleMs);
  const heard = victim !== 'destination' && all.receiving.state !== 'empty';
  if (heard && !(source instanceof Error) && source.kind === 'moved') await all.receiving.released;
  if (heard && source instanceof Error) await all.receiving.arrived;
  return { victim, source, all };
}

type EndingKind = SwitchoverOutcome['kind'] | 'died';

function kindOf({ source }: Ending): EndingKind {
  return source instanceof Error ? 'died' : source.kind;
}

/** What may come of a move whose victim dies, as its source sees it. */
const POSSIBLE: Readonly<Record<Victim, readonly EndingKind[]>> = {
  nobody: ['moved'],
  channel: ['moved'],
  channels: ['moved'],
  // All but the last: it died when nobody was there any more to know it.
  source: ['moved', 'kept', 'inDoubt', 'died'],
  destination: ['moved', 'kept', 'inDoubt'],
  sourcePf: ['moved', 'kept', 'died'],
  destinationPf: ['kept'],
};

/** What is wrong with the end of a move: two owners, a task lost, a VM that nobody runs though nobody died. */
function complaints(ending: Ending): string[] {
  const { victim, source, all } = ending;
  const { source: here, destination: there } = all;
  const kind = kindOf(ending);
  const found: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) found.push(what);
  };
  must(POSSIBLE[victim].includes(kind), `it ended as ${kind}`);
  must(!(here.running && there.running), 'both run the VM');
  if (kind === 'moved') must(!here.running, 'it moved, and runs at the source');
  if (kind === 'moved' && victim !== 'destination') must(there.running, 'it moved, and runs nowhere');
  const alone = !there.running && (here.running || victim === 'source');
  if (kind === 'kept') must(alone, 'it was kept, and does not run at the source alone');
  if (kind === 'inDoubt') must(!here.running, 'it is in doubt, and runs at the source');
  if (source instanceof Error) {
    must(source instanceof Killed || source instanceof WorkerLost, `it ended with ${source.message}`);
  } else if (source.kind !== 'moved') {
    must(/^[^\n]{10,}$/.test(source.reason.message), `its reason is no sentence: ${source.reason.message}`);
  }
  for (const side of [here, there]) {
    // A PF that died serves no task any more; the guest in front of it is gone with it.
    if (!side.running || side.calls >= side.pfDiesAt) continue;
    const { ok, outstanding, lostTasks, accepted } = side.finish();
    must(ok && outstanding === 0 && accepted > 0, `of ${accepted} tasks ${lostTasks} were lost`);
  }
  return found;
}

function tell(ending: Ending): string {
  const { source: here, destination: there } = ending.all;
  const served = (side: VirtualVm): boolean => side.running && side.calls < side.pfDiesAt;
  const where = served(here) ? 'at the source' : served(there) ? 'at the destination' : 'nowhere';
  return `${ending.victim}: ${kindOf(ending)}, the VM runs ${where}`;
}

const CONNECTIONS_BEFORE = connections();

function openFiles(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}

test(`${MOVES} moves, each with a part that may die`, { timeout: effort(15, 15, 120) * MINUTES }, async () => {
  const wrong: string[] = [];
  const endings = new Map<string, number>();
  const looks: Held[] = [];
  for (let seed = 1; seed <= MOVES; seed++) {
    const ending = await play(seed);
    const told = tell(ending);
    wrong.push(...complaints(ending).map((what) => `move ${seed}, ${told}: ${what}`));
    endings.set(told, (endings.get(told) ?? 0) + 1);
    ending.all.close();
    if (seed % LOOK_EACH === 0) looks.push(await held());
  }
  const lines = [...endings].map(([told, count]) => `${told}: ${count}`);
  if (MOVES > 1_000)
    console.log(
      [...lines.toSorted((a, b) => a.localeCompare(b)), ...looks.map((look) => JSON.stringify(look))].join('\n'),
    );
  expect(wrong).toEqual([]);
  expect([...endings.keys()].filter((told) => told.startsWith('source:')).length).toBeGreaterThan(1);
  const [before, after] = [looks[0]!, looks.at(-1)!];
  expect(after.files - before.files).toBeLessThanOrEqual(8);
  // Whatever each move left would be there many times.
  expect(after.bufferBytes - before.bufferBytes).toBeLessThan(GROWTH_BYTES_MAX);
  expect(after.heapBytes - before.heapBytes).toBeLessThan(GROWTH_BYTES_MAX);
});

/** Connections of this process, also those that were ended and have not gone yet. */
function connections(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(?:Pipe|TCPSocket)Wrap$/.test(name)).length;
}

/** What the process holds once connections that were ended are gone, and garbage is collected. */
async function held(): Promise<Held> {
  await until('the connections of all moves are gone', () => connections() <= CONNECTIONS_BEFORE);
  collectGarbage();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return { files: openFiles(), bufferBytes: arrayBuffers, heapBytes: heapUsed };
}
