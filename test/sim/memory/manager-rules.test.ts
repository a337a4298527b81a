/**
 * What managers do, each rule against values that are written down here as the facts of their sources say them: interval of
 * polls, limit, action, message.
 */
import { describe, expect, test } from 'vitest';

import { GIB, NS_PER_MS, NS_PER_S } from '../../../sim/base/units.ts';
import { novaSteps } from '../../../sim/scenario/document.ts';
import { reasonPhrase } from '../../../sim/memory/cause-words.ts';
import type { ConvergenceRules } from '../../../sim/memory/convergence.ts';
import {
  type ManagerAction,
  type ManagerName,
  MANAGERS,
  type MoveProgress,
  timeoutFor,
  type Watcher,
} from '../../../sim/memory/manager.ts';
import { managerOf } from '../../../sim/memory/managers.ts';

const RULES: ConvergenceRules = {
  downtimeLimitNs: 300 * NS_PER_MS,
  limitSteps: [],
  timeoutNs: 100 * NS_PER_S,
  progressTimeoutNs: Infinity,
  roundsMax: Infinity,
  whenOut: 'cancel',
  hasVfio: false,
};

function seen(change: Partial<MoveProgress>): MoveProgress {
  return {
    elapsedNs: 0,
    iterations: 0,
    remainingBytes: 1e9,
    sentBytes: 0,
    bytesPerSecond: 1e9,
    fellNs: change.elapsedNs ?? 0,
    stepsTaken: 0,
    limitNs: 300 * NS_PER_MS,
    pass: false,
    repeats: false,
    paused: false,
    forced: false,
    ...change,
  };
}

const s = (count: number): number => count * NS_PER_S;
const CANCEL: ManagerAction = { kind: 'cancel', reason: 'timeout' };
const STOP: ManagerAction = { kind: 'stop', reason: 'timeout' };
const NOTHING: ManagerAction = { kind: 'none' };

function watcher(name: ManagerName, rules: Partial<ConvergenceRules> = {}): Watcher {
  return managerOf(name, { ...RULES, ...rules }).watcher();
}

describe('interval of polls, and what a time-out per GiB counts', () => {
  test.each<[ManagerName, number, number, number]>([
    // manager, interval in ms, seconds for 16 GiB at its default, seconds for 1 GiB
    ['kubevirt', 400, 18 * 150, 2 * 150],
    ['nova', 500, 16 * 800, 2 * 800],
    ['proxmox', 1000, Infinity, Infinity],
    ['user', 0, Infinity, Infinity],
    ['vmm', Infinity, Infinity, Infinity],
  ])('%s', (name, ms, of16, of1) => {
    const { pollNs, defaults } = MANAGERS[name];
    expect(pollNs).toBe(ms * NS_PER_MS);
    expect(timeoutFor(name, defaults.timeoutNsPerUnit, 16 * GIB)).toBe(of16 * NS_PER_S);
    expect(timeoutFor(name, defaults.timeoutNsPerUnit, GIB)).toBe(of1 * NS_PER_S);
  });

  test('Nova cuts the product to whole seconds: 800 s for 2.0005 GiB are 1600 s', () => {
    expect(timeoutFor('nova', s(800), 2.0005 * GIB)).toBe(s(1600));
  });
});

describe('time is out', () => {
  test.each<[ManagerName, string, Partial<ConvergenceRules>, Partial<MoveProgress>, ManagerAction]>([
    ['user', 'at the time itself', {}, { elapsedNs: s(100) }, CANCEL],
    ['user', 'virsh --timeout-suspend', { whenOut: 'stop' }, { elapsedNs: s(100) }, STOP],
    ['nova', 'not yet at the time', {}, { elapsedNs: s(100) }, NOTHING],
    ['nova', 'abort', {}, { elapsedNs: s(100.5) }, CANCEL],
    ['nova', 'force_complete', { whenOut: 'stop' }, { elapsedNs: s(100.5) }, STOP],
    ['vmm', 'cancel', {}, { elapsedNs: s(100) }, CANCEL],
    ['vmm', 'ignore', { whenOut: 'stop' }, { elapsedNs: s(101) }, STOP],
    ['kubevirt', 'not yet at the time', {}, { elapsedNs: s(100) }, NOTHING],
    ['kubevirt', 'abort', {}, { elapsedNs: s(100.4) }, CANCEL],
    ['kubevirt', 'the guest is suspended', { whenOut: 'stop' }, { elapsedNs: s(100.4) }, STOP],
    [
      'kubevirt',
      'the limit of a VM with VFIO devices is twice the time',
      { whenOut: 'stop', hasVfio: true },
      { elapsedNs: s(100.4) },
      { kind: 'force limit', limitNs: s(200), reason: 'timeout' },
    ],
    [
      'kubevirt',
      'and 2 000 000 ms at most',
      { whenOut: 'stop', hasVfio: true, timeoutNs: s(2700) },
      { elapsedNs: s(2700.4) },
      { kind: 'force limit', limitNs: s(2000), reason: 'timeout' },
    ],
    ['kubevirt', 'either has twice the time', { whenOut: 'stop' }, { elapsedNs: s(200), forced: true }, NOTHING],
    ['kubevirt', 'and no more', { whenOut: 'stop' }, { elapsedNs: s(200.4), forced: true }, CANCEL],
    ['kubevirt', 'in the pause too', { whenOut: 'stop' }, { elapsedNs: s(200.4), forced: true, paused: true }, CANCEL],
    ['proxmox', "has none of its own: the user's", {}, { elapsedNs: s(100) }, CANCEL],
  ])('%s: %s', (name, _, rules, at, action) => {
    expect(watcher(name, rules).act(seen(at))).toEqual(action);
  });
});

describe('progress', () => {
  const rules = { progressTimeoutNs: s(150), timeoutNs: s(2700) };

  test('only KubeVirt gives up, and once remaining memory has not fallen for more than 150 s', () => {
    for (const name of ['user', 'nova', 'proxmox', 'vmm'] as const) {
      expect(watcher(name, rules).act(seen({ elapsedNs: s(400), fellNs: s(1) }))).toEqual(NOTHING);
    }
    const kubevirt = watcher('kubevirt', rules);
    expect(kubevirt.act(seen({ elapsedNs: s(152), fellNs: s(2) }))).toEqual(NOTHING);
    expect(kubevirt.act(seen({ elapsedNs: s(152.4), fellNs: s(2) }))).toEqual({
      kind: 'cancel',
      reason: 'no progress',
    });
  });

  test('a workload that may be disrupted is, before progress counts', () => {
    const stops = watcher('kubevirt', { ...rules, whenOut: 'stop' });
    expect(stops.act(seen({ elapsedNs: s(2800), fellNs: s(2) }))).toEqual(STOP);
  });
});

test('Nova raises the limit to 50, 95, 140, …, 500 ms, for 8 GiB each 600 s', () => {
  const steps = novaSteps(8 * GIB);
  expect(steps.map(({ limitNs }) => limitNs / NS_PER_MS)).toEqual([
    50, 95, 140, 185, 230, 275, 320, 365, 410, 455, 500,
  ]);
  expect(steps.map(({ afterNs }) => afterNs / NS_PER_S)).toEqual([...Array(11).keys()].map((i) => i * 600));
  expect(novaSteps(2.5 * GIB)[1]!.afterNs).toBe(s(187));
  const nova = watcher('nova', { limitSteps: steps, timeoutNs: s(6400) });
  expect(nova.act(seen({ elapsedNs: s(600), stepsTaken: 1 }))).toEqual(NOTHING);
  const second = { kind: 'take step', limitNs: 95 * NS_PER_MS };
  expect(nova.act(seen({ elapsedNs: s(600.5), stepsTaken: 1 }))).toEqual(second);
});

describe('Proxmox VE', () => {
  /** What happens at polls at which so much remains, GB, while more and more is sent. */
  function limitsAt(remaining: readonly number[]): readonly number[] {
    const proxmox = watcher('proxmox', { timeoutNs: Infinity });
    let limitNs = 100 * NS_PER_MS;
    let elapsedNs = 0;
    return remaining.map((gigabytes, poll) => {
      const bytes = { remainingBytes: gigabytes * 1e9, sentBytes: (poll + 1) * 1e9 };
      elapsedNs = proxmox.nextPollNs(seen({ elapsedNs, limitNs }));
      const action = proxmox.act(seen({ elapsedNs, limitNs, ...bytes }));
      if (action.kind === 'set limit') limitNs = action.limitNs;
      return limitNs / NS_PER_MS;
    });
  }

  test('doubles the limit at every sixth poll at which more remains than before, or nothing', () => {
    expect(limitsAt([9, 8, 9, 10, 11, 12, 13, 14, 13])).toEqual([100, 100, 100, 100, 100, 100, 100, 200, 200]);
    expect(limitsAt([0, 0, 0, 0, 0, 0, 0])).toEqual([100, 100, 100, 100, 100, 200, 200]);
    expect(limitsAt([9, 8, 7, 6, 5, 4, 3, 2])).toEqual(Array(8).fill(100));
  });

  test('polls each second, and each 100 ms once less remains than is sent from poll to poll', () => {
    const proxmox = watcher('proxmox', { timeoutNs: Infinity });
    expect(proxmox.nextPollNs(seen({}))).toBe(s(1));
    proxmox.act(seen({ elapsedNs: s(1), sentBytes: 5e9, remainingBytes: 9e9 }));
    expect(proxmox.nextPollNs(seen({ elapsedNs: s(1) }))).toBe(s(2));
    proxmox.act(seen({ elapsedNs: s(2), sentBytes: 10e9, remainingBytes: 4e9 }));
    expect(proxmox.nextPollNs(seen({ elapsedNs: s(2) }))).toBe(s(2.1));
  });
});

describe('KubeVirt, downtime tuning', () => {
  const gates = { stallDetection: false, downtimeTuning: true };

  /** The limits that it sets, ms, and when, s; iterations as libvirt counts them are one more. */
  function tuned(maxDowntimeMs: number, iterationsAt: (elapsedS: number) => number): readonly (readonly number[])[] {
    const rules = { timeoutNs: s(2700), gates: { ...gates, maxDowntimeNs: maxDowntimeMs * NS_PER_MS } };
    const kubevirt = watcher('kubevirt', rules);
    const set: (readonly number[])[] = [];
    let limitNs = 300 * NS_PER_MS;
    for (let elapsedNs = 0; elapsedNs < s(120);) {
      elapsedNs = kubevirt.nextPollNs(seen({ elapsedNs, limitNs }));
      const action = kubevirt.act(seen({ elapsedNs, limitNs, iterations: iterationsAt(elapsedNs / NS_PER_S) }));
      if (action.kind !== 'set limit') continue;
      limitNs = action.limitNs;
      set.push([limitNs / NS_PER_MS, elapsedNs / NS_PER_S]);
    }
    return set;
  }

  test('begins with 150 ms at the first poll, then 107 ms more each 10 s, up to 900', () => {
    const limits = tuned(900, () => 5);
    expect(limits.map(([ms]) => ms)).toEqual([150, 257, 364, 471, 578, 685, 792, 899, 900]);
    expect(limits.map(([, at]) => at)).toEqual([0.4, 10.4, 20.4, 30.4, 40.4, 50.4, 60.4, 70.4, 80.4]);
  });

  test('with 1050 ms at most in steps of 128', () => {
    expect(tuned(1050, () => 5).map(([ms]) => ms)).toEqual([150, 278, 406, 534, 662, 790, 918, 1046, 1050]);
  });

  test('rises at once when the third iteration is reached, since the time counts from the first setting', () => {
    expect(tuned(900, (elapsed) => (elapsed < 40 ? 1 : 2)).slice(0, 2)).toEqual([
      [150, 0.4],
      [257, 40],
    ]);
  });
});

describe('KubeVirt, stall detection', () => {
  const gates = { stallDetection: true, downtimeTuning: false, maxDowntimeNs: 900 * NS_PER_MS };

  /** First action other than none, and when, s: polls each 400 ms, and passes each 5 s at which so much remains, GB. */
  function firstAction(remainingAt: (elapsedS: number) => number, rules: Partial<ConvergenceRules> = {}) {
    const kubevirt = watcher('kubevirt', { timeoutNs: s(2700), gates, ...rules });
    for (let tenths = 4; tenths < 60_000; tenths += 2) {
      const elapsedNs = tenths * 100 * NS_PER_MS;
      const remainingBytes = remainingAt(tenths / 10) * 1e9;
      for (const pass of [false, true]) {
        if (tenths % (pass ? 50 : 4) !== 0) continue;
        const action = kubevirt.act(seen({ elapsedNs, pass, remainingBytes }));
        if (action.kind !== 'none') return { at: tenths / 10, action };
      }
    }
    return null;
  }

  // 1 GB per second: so many GB are so many seconds of pause.
  test('aborts once the least of the last 40 s is no less than before, and the pause would be above 1.5 × 900 ms', () => {
    expect(firstAction(() => 1.4)).toEqual({ at: 50, action: { kind: 'cancel', reason: 'stall' } });
  });

  test('raises the limit to 900 ms where the pause would be up to 1.5 times that', () => {
    expect(firstAction(() => 1.3)).toEqual({ at: 50, action: { kind: 'set limit', limitNs: 900 * NS_PER_MS } });
  });

  test('raises it to 2 000 000 ms where the workload may be disrupted', () => {
    const action = { kind: 'force limit', limitNs: s(2000), reason: 'stall' };
    expect(firstAction(() => 1.4, { whenOut: 'stop' })).toEqual({ at: 50, action });
  });

  test('begins post-copy where that is allowed, at a stall or when time is out, and not with VFIO devices', () => {
    const postCopy = { postCopy: 'whenOut' } as const;
    expect(firstAction(() => 1.4, postCopy)).toEqual({ at: 50, action: { kind: 'post-copy', reason: 'stall' } });
    const falling = (elapsed: number): number => 100 * 0.998 ** elapsed;
    expect(firstAction(falling, { ...postCopy, timeoutNs: s(400) })?.action).toEqual({
      kind: 'post-copy',
      reason: 'timeout',
    });
    expect(firstAction(() => 1.4, { ...postCopy, hasVfio: true })?.action).toEqual({ kind: 'cancel', reason: 'stall' });
  });

  test('does not stall while remaining memory falls by more than 4 % in 40 s', () => {
    expect(firstAction((elapsed) => 100 * 0.998 ** elapsed, { timeoutNs: s(400) })?.at).toBeGreaterThan(400);
  });

  test('does nothing where the network has dropped: the pause would outlast twice the time', () => {
    expect(firstAction(() => 1e4, { timeoutNs: s(300) })).toEqual({ at: 300.4, action: CANCEL });
  });

  test('waits for a minimum of an oscillation', () => {
    const wave = (elapsed: number): number => (elapsed % 10 === 0 ? 2 : 1);
    const found = firstAction(wave);
    expect(found?.action).toEqual({ kind: 'set limit', limitNs: 900 * NS_PER_MS });
    expect(wave(found!.at)).toBe(1);
  });

  test('gives a switchover 60 s, then aborts', () => {
    const kubevirt = watcher('kubevirt', { timeoutNs: s(2700), gates });
    const at = (elapsed: number, pass: boolean) =>
      kubevirt.act(seen({ elapsedNs: s(elapsed), pass, remainingBytes: 1.3e9 }));
    for (let elapsed = 4; elapsed <= 48; elapsed += 4) {
      expect(at(elapsed, false)).toEqual(NOTHING);
      const action = at(elapsed, true);
      if (action.kind === 'set limit') break;
    }
    expect(at(108, false)).toEqual(NOTHING);
    expect(at(108.4, false)).toEqual({ kind: 'cancel', reason: 'switchover' });
  });

  test('at the time-out: abort, or for a workload that may be disrupted 2 000 000 ms and twice the time', () => {
    const falling = (elapsed: number): number => 100 * 0.99 ** elapsed;
    const rules = { timeoutNs: s(20) };
    expect(firstAction(falling, rules)).toEqual({ at: 20.4, action: CANCEL });
    const small = (elapsed: number): number => 10 * 0.99 ** elapsed;
    const action = { kind: 'force limit', limitNs: s(2000), reason: 'timeout' };
    expect(firstAction(small, { ...rules, whenOut: 'stop' })).toEqual({ at: 20.4, action });
  });
});

describe('messages', () => {
  const cause = {
    reason: 'timeout',
    blocker: 'guest writes',
    writers: 'guest',
    timeoutNs: s(2700),
    progressTimeoutNs: s(150),
    usedNs: s(2700),
    limitNs: 300 * NS_PER_MS,
    fitsBytes: 0,
    deviceBytes: 0,
    leftBytes: 5.5e9,
    carriedBytesPerSecond: 2e9,
    dirtiedBytesPerSecond: 0,
  } as const;

  test.each<[ManagerName, boolean, string]>([
    ['kubevirt', false, 'Aborting migration: not completed after 2700 seconds'],
    ['vmm', false, "Precopy: Timeout reached: 2700s: migration didn't converge in time"],
    [
      'vmm',
      true,
      'Precopy: Pausing VM, ignoring target downtime (300ms) due to timeout (2700s): Estimated downtime: 2750ms',
    ],
  ])('of %s, forced: %s', (manager, isForced, text) => {
    expect(reasonPhrase({ ...cause, manager }, isForced)).toContain(text);
  });

  test('none is made up', () => {
    expect(reasonPhrase({ ...cause, manager: 'nova' }, false)).toBe('OpenStack Nova allows it 2700 s');
  });
});
