/**
 * Moves between two hosts with threads of their own, in one process.
 */
import { randomBytes } from 'node:crypto';

import { afterEach, describe, expect, test } from 'vitest';

import { type SwitchoverStep } from '../../../sim/base/pause-parts.ts';
import { DestinationStream } from '../../../workers/transport/destination-stream.ts';
import { switchOver, type SwitchoverOutcome, Receiving } from '../../../workers/transport/switchover.ts';
import { OneHost, type OneHostOptions } from '../../../workers/transport/one-host.ts';
import { SourceStream } from '../../../workers/transport/source-stream.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import { AGES_MS, OPTIONS, until } from '../world-rig.ts';
import { AGES, socketPath } from './move-rig.ts';
import { CHUNK_BYTES } from './virtual-vm.ts';

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function hostOf(options: Partial<OneHostOptions>): Promise<OneHost> {
  const { kind, generation, queuePairs, load, seed, inFlight, engine } = OPTIONS;
  const alike = { kind, generation, queuePairs, load, seed, inFlight, engine, chunkBytes: CHUNK_BYTES };
  const host = await OneHost.open({ ...alike, limitMs: AGES_MS, absent: false, ...options });
  closing.push(() => host.close());
  return host;
}

interface Two {
  readonly source: OneHost;
  readonly destination: OneHost;
  readonly receiving: Receiving;
  readonly move: (onStep?: (step: SwitchoverStep) => Promise<void>) => Promise<SwitchoverOutcome>;
}

async function two(options: Partial<OneHostOptions> = {}): Promise<Two> {
  const source = await hostOf(options);
  // The load goes along: what the destination is opened with does not matter.
  const destination = await hostOf({ absent: true, load: { kind: 'idle' } });
  const parcel = { isWhole: (bytes: number) => into.isWhole(bytes), seal: () => into.seal() };
  const receiving = new Receiving(destination, parcel, destination.parcelLayout.frameBytes);
  const endpoint = { kind: 'unix', path: socketPath() } as const;
  const into: DestinationStream = new DestinationStream({ endpoint, owner: receiving, limits: AGES });
  await into.listen();
  closing.push(() => into.close(false));
  const move = (onStep: (step: SwitchoverStep) => Promise<void> = async () => {}): Promise<SwitchoverOutcome> => {
    const hello = {
      session: randomBytes(16).toString('hex'),
      stopcopy: 'test',
      channels: 2,
      chunkBytes: CHUNK_BYTES,
      parcelBytes: source.parcelBytes,
      vm: source.identity,
    };
    const out = new SourceStream({ endpoint, hello, limits: AGES });
    closing.push(() => out.close());
    return switchOver(source, out, { iterationsMax: 2, fewChunks: 0, onStep });
  };
  return { source, destination, receiving, move };
}

async function progress(host: OneHost): Promise<void> {
  const before = host.completedTasks();
  await until('the guest makes progress', () => host.completedTasks() - before >= 50);
}

/** What of threads is open in this process. */
function threadHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => /worker|port/i.test(name)).length;
}

test.each([
  ['saturated', OPTIONS.load],
  ['half loaded', { kind: 'open', fractionOfCapacity: 0.5 }],
] as const)('a VM that is %s resumes at the destination with all its tasks, and its load', async (_, load) => {
  const { source, destination, receiving, move } = await two({ load });
  await progress(source);
  expect(await move()).toMatchObject({ kind: 'moved', trouble: null });
  expect(await receiving.arrived).toEqual({ kind: 'running' });
  await progress(destination);
  const { report } = await destination.finish();
  expect(report).toMatchObject({ ok: true, outstanding: 0, lostTasks: 0 });
  expect(report.accepted).toBeGreaterThan(source.left!.accepted);
  expect(report.completed).toBe(report.accepted);
});

test('an idle VM moves, too', async () => {
  const { destination, move } = await two({ load: { kind: 'idle' } });
  expect(await move()).toMatchObject({ kind: 'moved' });
  expect((await destination.finish()).report).toMatchObject({ ok: true, accepted: 0 });
});

test('a VM whose move fails in its pause runs on, and can be moved later', async () => {
  const { source, destination, receiving, move } = await two();
  await progress(source);
  const outcome = await move(async (step) => {
    if (step === 'load') await receiving.giveUp(new Error('no room for it'));
  });
  expect(outcome).toMatchObject({ kind: 'kept', step: 'load', resumed: true });
  expect(destination.completedTasks()).toBe(0);
  await progress(source);
  expect((await source.finish()).report).toMatchObject({ ok: true, outstanding: 0 });
});

describe('the thread of a PF that dies', () => {
  test('at the source takes the VM with it, and is named', async () => {
    const before = threadHandles();
    const { source, destination, receiving, move } = await two();
    await progress(source);
    const moving = move(async (step) => {
      if (step === 'stop') await source.killDeviceThread();
    });
    await expect(moving).rejects.toThrow(/^the device thread .*lost/);
    expect((await receiving.arrived).kind).toBe('discarded');
    expect(destination.completedTasks()).toBe(0);
    for (const close of closing.splice(0)) await close();
    await until('all threads are gone', () => threadHandles() <= before);
  });

  test('at the destination before the commit leaves the VM at its source', async () => {
    const { source, destination, receiving, move } = await two();
    await progress(source);
    const outcome = await move(async (step) => {
      if (step === 'load') await destination.killDeviceThread();
    });
    expect(outcome).toMatchObject({ kind: 'kept', step: 'load', resumed: true });
    expect(await receiving.arrived).toMatchObject({ kind: 'discarded' });
    await progress(source);
    expect((await source.finish()).report).toMatchObject({ ok: true, outstanding: 0 });
  });

  test('at the destination at the commit, before the vCPUs run, gives the VM back', async () => {
    const { source, destination, move } = await two();
    await progress(source);
    const outcome = await move(async (step) => {
      if (step === 'commit') await destination.killDeviceThread();
    });
    expect(outcome).toMatchObject({ kind: 'kept', step: 'commit', resumed: true });
    expect((await source.finish()).report).toMatchObject({ ok: true, outstanding: 0 });
  });

  test('at the destination after that takes the VM with it, and is named', async () => {
    const { source, destination, move } = await two();
    await progress(source);
    expect(await move()).toMatchObject({ kind: 'moved' });
    await destination.killDeviceThread();
    await expect(destination.finish()).rejects.toThrow(WorkerLost);
  });
});
