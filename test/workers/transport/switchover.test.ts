import { afterEach, describe, expect, test } from 'vitest';

import { SWITCHOVER_STEPS, type SwitchoverStep } from '../../../sim/base/pause-parts.ts';
import { switchOver } from '../../../workers/transport/switchover.ts';
import { TransportFailed } from '../../../workers/transport/limits.ts';
import { type Sides, sides, type SidesOptions } from './move-rig.ts';
import { Killed } from './virtual-vm.ts';
import { stating } from '../../stating.ts';

const ITERATIONS = { iterationsMax: 3, fewChunks: 1 };
const open: Sides[] = [];

afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

async function opened(options: SidesOptions = {}): Promise<Sides> {
  const all = await sides(options);
  open.push(all);
  return all;
}

describe('a VM that moves', () => {
  test.each([
    ['over a Unix socket', {}],
    ['over TCP', { tcp: true }],
    ['over eight channels', { channels: 8 }],
    ['in frames of 1 MiB', { chunkBytes: 1024 * 1024 }],
    ['with a checksum for each frame', { checksums: true, channels: 2 }],
    ['into a destination that copies what it reads', { readMode: 'data', channels: 3 }],
  ] as [string, SidesOptions][])('%s resumes there, and each task completes exactly once', async (_, options) => {
    const { source, destination, out, into, receiving, losses } = await opened(options);
    const outcome = await switchOver(source, out, ITERATIONS);
    expect(outcome).toMatchObject({ kind: 'moved' });
    expect(await receiving.arrived).toEqual({ kind: 'running' });
    await receiving.released;
    expect([source.running, destination.running]).toEqual([false, true]);
    const before = destination.completed;
    expect(before).toBeGreaterThan(0);
    const report = destination.finish();
    expect(report).toMatchObject({ ok: true, outstanding: 0 });
    expect(report.completed).toBeGreaterThan(before);
    expect(losses).toEqual([]);
    expect(into.copiedBytes).toBe(options.readMode === 'data' ? into.payloadBytes : 0);
    expect(into.payloadBytes).toBe(out.payloadBytes);
  });

  test('is copied ahead: the pause carries fewer frames than the whole', async () => {
    const { source, out } = await opened();
    const outcome = await switchOver(source, out, ITERATIONS);
    if (outcome.kind !== 'moved') throw new Error(outcome.kind);
    const whole = Math.ceil(source.parcelBytes / out.hello.chunkBytes);
    expect(outcome.chunks.length).toBeGreaterThan(1);
    expect(outcome.chunks[0]).toBeLessThanOrEqual(whole);
    expect(outcome.downtimeNs).toBeGreaterThan(0);
  });
});

describe('a source that fails before the commit keeps its VM', () => {
  test.each(SWITCHOVER_STEPS.filter((step) => step !== 'leave'))('at the step %s', async (step) => {
    const { source, destination, out, receiving } = await opened({ channels: 2 });
    const onStep = (at: SwitchoverStep): void => {
      if (at === step) throw new TransportFailed(`stumbled at ${at}`);
    };
    const outcome = await switchOver(source, out, { ...ITERATIONS, onStep });
    expect(outcome).toMatchObject({
      kind: 'kept',
      step,
      resumed: true,
      reason: new TransportFailed(`stumbled at ${step}`),
    });
    expect([source.running, destination.running]).toEqual([true, false]);
    expect(receiving.state).toBe(step === 'connect' ? 'empty' : 'discarded');
    expect(source.finish()).toMatchObject({ ok: true, outstanding: 0 });
  });

  test('when its user asks it to stop', async () => {
    const { source, destination, out } = await opened();
    const controller = new AbortController();
    const onStep = (at: SwitchoverStep): void => {
      if (at === 'load') controller.abort(new Error('enough'));
    };
    const outcome = await switchOver(source, out, { ...ITERATIONS, signal: controller.signal, onStep });
    expect(outcome).toMatchObject({ kind: 'kept', reason: new Error('enough'), resumed: true });
    expect(destination.running).toBe(false);
    expect(source.finish().ok).toBe(true);
  });
});

describe('a destination that says no', () => {
  test('to a VM with other queues does so before a byte of it comes', async () => {
    const all = await opened();
    Object.assign(all.destination.identity, { queuePairs: 9 });
    const outcome = await switchOver(all.source, all.out, ITERATIONS);
    expect(outcome).toMatchObject({ kind: 'kept', step: 'connect', resumed: true });
    if (outcome.kind !== 'kept') throw new Error(outcome.kind);
    expect(outcome.reason.message).toMatch(stating('the destination', 'refused', '4 queue pairs', 9));
    expect(all.into.payloadBytes).toBe(0);
    expect(all.source.finish().ok).toBe(true);
  });

  test('because its driver fails at the start, after the commit, gives the VM back', async () => {
    const all = await opened();
    all.destination.pfDiesAt = 3;
    const outcome = await switchOver(all.source, all.out, ITERATIONS);
    expect(outcome).toMatchObject({ kind: 'kept', step: 'commit', resumed: true });
    expect([all.source.running, all.destination.running]).toEqual([true, false]);
    expect(all.source.finish()).toMatchObject({ ok: true, outstanding: 0 });
  });

  test('because something of the VM is damaged loads nothing of it', async () => {
    const all = await opened();
    const { parcel } = all.destination;
    const load = all.destination.load.bind(all.destination);
    let loaded = false;
    all.destination.load = async (seal) => {
      parcel[40_000]! ^= 1;
      await load(seal);
      loaded = true;
    };
    const outcome = await switchOver(all.source, all.out, ITERATIONS);
    expect(outcome).toMatchObject({ kind: 'kept', step: 'load', resumed: true });
    if (outcome.kind !== 'kept') throw new Error(outcome.kind);
    expect(outcome.reason.message).toMatch(stating('the destination', 'refused', 'checksum'));
    expect(loaded).toBe(false);
    expect(all.source.finish().ok).toBe(true);
  });
});

test('a commit that nobody answers leaves the VM in doubt, and it does not run at the source', async () => {
  const all = await opened({ sourceLimits: { settleMs: 30 } });
  const onStep = (step: SwitchoverStep): void => {
    if (step !== 'commit') return;
    all.destination.killed = true;
    all.into.close(false);
  };
  const outcome = await switchOver(all.source, all.out, { ...ITERATIONS, onStep });
  expect(outcome).toMatchObject({
    kind: 'inDoubt',
    reason: new TransportFailed('the destination was not heard for 30 ms after the commit'),
  });
  expect([all.source.running, all.destination.running]).toEqual([false, false]);
});

describe('a destination that gave the VM up while it was to be committed', () => {
  const late = new TransportFailed('no VM came within 20 ms');
  test.each([
    ['is heard in the place of an answer', () => Promise.resolve()],
    ['is heard before the commit is sent', () => new Promise<void>((resolve) => void setImmediate(resolve))],
  ])('%s, and the VM runs on at the source', async (_, turn) => {
    const all = await opened({ channels: 2 });
    const onStep = async (step: SwitchoverStep): Promise<void> => {
      if (step !== 'commit') return;
      // As stopcopy receive does once its wait is over.
      await all.receiving.giveUp(late);
      all.into.giveUp(late.message);
      for (let left = 20; left > 0; left--) await turn();
    };
    const outcome = await switchOver(all.source, all.out, { ...ITERATIONS, onStep });
    expect(outcome).toMatchObject({ kind: 'kept', step: 'commit', resumed: true });
    expect([all.source.running, all.destination.running]).toEqual([true, false]);
    expect(all.source.finish()).toMatchObject({ ok: true, outstanding: 0 });
  });
});

test('another run of the destination ends no doubt, whatever it says', async () => {
  const all = await opened({ sourceLimits: { settleMs: 300 } });
  const next: Sides[] = [];
  const onStep = async (step: SwitchoverStep): Promise<void> => {
    if (step !== 'commit') return;
    all.destination.killed = true;
    all.into.close(false);
    const again = await opened({ endpoint: all.into.at });
    next.push(again);
    again.into.giveUp('it knows of no VM');
  };
  const outcome = await switchOver(all.source, all.out, { ...ITERATIONS, onStep });
  expect(outcome).toMatchObject({ kind: 'inDoubt' });
  expect(next[0]!.receiving.state).not.toBe('running');
  expect(all.losses.join('\n')).toMatch(stating('receive', 'again'));
  expect([all.source.running, next[0]!.destination.running]).toEqual([false, false]);
});

test('a source that dies before the commit is given up, and its VM never runs', async () => {
  const all = await opened();
  const onStep = (step: SwitchoverStep): void => {
    if (step !== 'commit') return;
    all.source.killed = true;
    all.out.vanish();
    throw new Killed('this process was killed');
  };
  await expect(switchOver(all.source, all.out, { ...ITERATIONS, onStep })).rejects.toThrow('this process was killed');
  // As its stream does when nothing came for the limit.
  all.receiving.silent(5000);
  const message = 'nothing came from the source for 5000 ms';
  expect(await all.receiving.arrived).toMatchObject({ kind: 'discarded', reason: { message } });
  expect(await all.receiving.answer({ ask: 'commit', to: all.into.token })).toEqual({
    is: 'discarded',
    reason: message,
  });
  expect(all.destination.running).toBe(false);
});
