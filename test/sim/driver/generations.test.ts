/**
 * The rows of the generations: one shape, one history with the facts in words, and the only thing that the driver asks.
 */
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';

import { describe, expect, test } from 'vitest';
import { MIG_FLAG } from '../../../sim/abi/vfio.ts';
import { differencesBetween } from '../../../sim/driver/generation-differences.ts';
import {
  changeWords,
  type Fact,
  FACT_NAMES,
  FACTS,
  factWords,
  hasChange,
  RELEASES,
} from '../../../sim/driver/generation-facts.ts';
import {
  DEFAULT_GENERATION,
  type Generation,
  GENERATION_IDS,
  GENERATIONS,
  isGenerationId,
} from '../../../sim/driver/generation.ts';
import { HAZARD_IDS, HAZARDS, hasHazard, type HazardId } from '../../../sim/driver/hazards.ts';
import { image, opened, type Rig, VERSION_1 } from './rig.ts';

const EINVAL = -22;

describe('the rows', () => {
  test('are in the order of their age, each under its own name', () => {
    expect(GENERATION_IDS).toEqual([
      'linux-5.18',
      'linux-6.1',
      'linux-6.1.192',
      'linux-6.2',
      'linux-6.8',
      'linux-6.12.0',
      'linux-6.12.117',
      'linux-6.16',
      'linux-6.18.y',
      'upstream-2026',
    ]);
    expect(GENERATION_IDS.map((id) => GENERATIONS[id].id)).toEqual([...GENERATION_IDS]);
    expect([isGenerationId('linux-6.2'), isGenerationId('toString'), isGenerationId(DEFAULT_GENERATION)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('have one shape, so that the driver stays monomorphic with all of them in one process', () => {
    setFlagsFromString('--allow-natives-syntax');
    const haveSameMap = runInThisContext('(a, b) => %HaveSameMap(a, b)') as (a: object, b: object) => boolean;
    const [first, ...others] = GENERATION_IDS.map((id): Generation => GENERATIONS[id]);
    expect(others.map((row) => haveSameMap(first!, row))).toEqual(others.map(() => true));
    expect(haveSameMap(first!, { ...first!, id: 'made up' })).toBe(true);
    expect(haveSameMap(first!, { id: first!.id })).toBe(false);
  });

  test('are what the history of each fact leads to', () => {
    for (const name of FACT_NAMES) {
      const { first, changes }: Fact = FACTS[name];
      for (const id of GENERATION_IDS) {
        const last = changes.findLast((change) => hasChange(RELEASES[id], change));
        expect({ id, name, value: GENERATIONS[id][name] }).toEqual({ id, name, value: last?.to ?? first });
      }
    }
  });

  test('hold no value without words, and no words without a value', () => {
    for (const name of FACT_NAMES) {
      const { what, words }: Fact = FACTS[name];
      const values = new Set(GENERATION_IDS.map((id) => String(GENERATIONS[id][name])));
      for (const value of values) expect(words).toHaveProperty([value]);
      for (const id of GENERATION_IDS) expect(factWords(GENERATIONS[id], name)).not.toBe('');
      expect(what).toMatch(/^[a-zES]/);
      expect(values.size).toBeGreaterThan(1);
    }
  });
});

test('the phases of a stop and a save are the same in every generation, whenever it writes the cache back', () => {
  for (const id of GENERATION_IDS) {
    const rig = opened(id);
    const phases: string[] = [];
    rig.driver.onPhase = (phase) => phases.push(phase);
    rig.at('STOP_COPY');
    expect({ id, phases }).toEqual({ id, phases: ['pauseAndDrain', 'statusChecks', 'cacheWriteBack', 'save'] });
  }
});

describe('bugs and hazards', () => {
  test('are R1 to R28', () => {
    expect(HAZARD_IDS).toEqual(Array.from({ length: 28 }, (_, index) => `R${index + 1}`));
  });

  /** A hazard that is nothing but a fact is where the fact is, whatever its own history says. */
  const OF_FACTS: Partial<Record<HazardId, (generation: Generation) => boolean>> = {
    R1: ({ ringAddressWord }) => ringAddressWord === 0,
    R3: ({ isolationMismatchErrno }) => isolationMismatchErrno === 0,
    R5: ({ filesKeepPosition }) => !filesKeepPosition,
    R6: ({ mailbox }) => mailbox === 'narrow',
    R8: ({ ringsEventQueuesAfterSave }) => !ringsEventQueuesAfterSave,
    R9: ({ writesCacheBackAt }) => writesCacheBackAt === 'save',
    R10: ({ skipsNullAddresses, writesGuestStateAt }) => !skipsNullAddresses && writesGuestStateAt === 'match',
    R11: ({ dropsFilesAtClose }) => !dropsFilesAtClose,
    R12: ({ imageVersion, matchesAt }) => imageVersion === 2 && matchesAt === 'write',
    R13: ({ saveQueryErrno, cacheWriteBackErrno }) => saveQueryErrno !== 0 && cacheWriteBackErrno === -EINVAL,
    R14: ({ serialisesResets }) => !serialisesResets,
    R15: ({ cleansUpAfterReset, flags }) =>
      cleansUpAfterReset === 'flags are STOP_COPY' && flags !== MIG_FLAG.STOP_COPY,
    R16: ({ matchesAt }) => matchesAt === 'write',
    R20: ({ usesPfWindow }) => usesPfWindow,
    R24: ({ releasesFileOfFailedSave }) => !releasesFileOfFailedSave,
    R27: ({ prepareFollowsNullPf }) => prepareFollowsNullPf,
    R28: ({ serialisesResets, forgetsResetMark }) => serialisesResets && !forgetsResetMark,
  };

  test.each(Object.entries(OF_FACTS))('%s is where its facts are', (id, holds) => {
    const [byFacts, byHistory] = [
      GENERATION_IDS.filter((generation) => holds(GENERATIONS[generation])),
      GENERATION_IDS.filter((generation) => hasHazard(generation, id as HazardId)),
    ];
    expect(byHistory).toEqual(byFacts);
  });

  test('say in one sentence what goes wrong', () => {
    for (const id of HAZARD_IDS) expect(HAZARDS[id].what).toMatch(/^[a-zSE].*[^.]$/);
  });
});

describe('what differs between two generations', () => {
  test('is nothing between one and itself', () => {
    for (const id of GENERATION_IDS)
      expect(differencesBetween(id, id)).toMatchObject({ facts: [], fixed: [], introduced: [] });
  });

  test('is the same both ways, but for the direction', () => {
    for (const from of GENERATION_IDS) {
      for (const to of GENERATION_IDS) {
        const [there, back] = [differencesBetween(from, to), differencesBetween(to, from)];
        expect(there.facts.map(({ fact, from: a, to: b }) => [fact, a, b])).toEqual(
          back.facts.map(({ fact, from: a, to: b }) => [fact, b, a]),
        );
        expect([there.fixed, there.introduced]).toEqual([back.introduced, back.fixed]);
        for (const { changedIn } of there.facts) expect(changedIn.length).toBeGreaterThan(0);
      }
    }
  });

  test('names the release, and the stable kernels that took a change', () => {
    const { facts, fixed, introduced } = differencesBetween('linux-6.12.0', 'linux-6.12.117');
    expect(facts.find(({ fact }) => fact === 'writesCacheBackAt')!.changedIn).toEqual(['6.16, back-ported to 6.12.y']);
    expect(fixed).toEqual(['R1', 'R2', 'R8', 'R9', 'R10', 'R11', 'R15']);
    expect(introduced).toEqual(['R12']);
    expect(changeWords({ in: '7.2', atLatest: true })).toBe('7.2 or before');
  });
});

/**
 * Takes PRE_COPY from 6.2, the 128-bit mailbox from 2026, and everything else from 5.18 but for one fix here and there: no
 * kernel had all of this at once.
 */
const MADE_UP: Generation = {
  ...GENERATIONS['linux-5.18'],
  id: 'made-up',
  flags: MIG_FLAG.STOP_COPY | MIG_FLAG.PRE_COPY,
  mailbox: 'wide',
  filesKeepPosition: true,
  imageVersion: 2,
  ringsEventQueuesAfterSave: true,
  cleansUpAfterReset: 'migration offered',
  guestAccessBytes: 8,
};

describe('a row made up', () => {
  test('saves as its facts say, PRE_COPY first: late write-back, right addresses, doorbells, 128-bit mailbox', () => {
    const rig = opened(MADE_UP);
    const file = rig.fileAt('PRE_COPY');
    expect(rig.read(file)).toHaveLength(40);
    const { ret, tally, us } = rig.go('STOP_COPY');
    // Three mailbox commands of two reads each, each read after a sleep of 10 us; no status is read.
    expect({ ret, us, tally }).toEqual({
      ret: 0,
      us: 60,
      tally: { 'pf r32': 2, 'vf r32': 24, 'vf r128': 6, 'vf w32': 1, 'vf w64': 2, 'vf w128': 3 },
    });
    const rest = rig.read(file) as Uint8Array;
    expect(rest).toHaveLength(136);
    expect(new DataView(rest.buffer, rest.byteOffset).getBigUint64(104, true)).toBe(0x2f_8abc_0000n);
  });

  test('checks an image at STOP, and takes its state as it is', () => {
    const rig = opened(MADE_UP);
    const file = rig.fileAt('RESUMING');
    expect(rig.write(file, image({ ...VERSION_1, 12: 0xa259 }))).toBe(176);
    expect([rig.go('STOP').ret, rig.state]).toEqual([EINVAL, 'RESUMING']);
    const fitting = opened(MADE_UP);
    fitting.write(fitting.fileAt('RESUMING'), image(VERSION_1));
    expect([fitting.go('STOP').ret, fitting.state]).toEqual([0, 'STOP']);
    // 5.18 rings the queues and nothing else.
    expect(fitting.go('RUNNING').tally).toEqual({ 'vf w64': 12 });
  });

  test('ignores the status of a mailbox command that it reads anyway', () => {
    const refusing = { device: { mailbox: { PAUSE_QM: { status: 1 } } } };
    const ask = (row: Generation): number => opened(row, refusing).go('STOP').ret;
    expect([ask(MADE_UP), ask({ ...MADE_UP, readsMailboxStatus: true })]).toEqual([0, -5]);
  });

  test('cleans up after a reset, though its flags are those of a driver whose hook is dead', () => {
    const state = (row: Generation): Rig['state'] => {
      const rig = opened(row);
      rig.at('STOP_COPY');
      rig.device.reset();
      return rig.state;
    };
    expect([state(MADE_UP), state({ ...MADE_UP, cleansUpAfterReset: 'flags are STOP_COPY' })]).toEqual([
      'RUNNING',
      'STOP_COPY',
    ]);
  });
});
