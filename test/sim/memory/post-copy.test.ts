import { assert, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { GIB } from '../../../sim/base/units.ts';
import { postCopyPhase } from '../../../sim/memory/post-copy.ts';
import { moveVm } from '../../../sim/memory/vm-move.ts';
import { type Changes, MEMORY_ONLY, MS, POINT, S, vm } from './rig.ts';

/** A guest that rewrites 4 GB faster than the link carries, and never converges. */
const WILD: Changes = {
  memory: { bytes: 16e9, dirty: { kind: 'uniform', pagesPerSecond: 2e6, workingSetBytes: 4e9 } },
  stream: { gigabitsPerSecond: 10 },
};

function wild(convergence: Changes['convergence'], more: Changes = {}): ReturnType<typeof moveVm> {
  return moveVm(vm({ ...WILD, ...more, convergence: { timeoutNs: 60 * S, ...convergence } }), POINT);
}

describe('post-copy when time is out', () => {
  test.each([
    // libvirt's timer; Nova's poll of 500 ms, and KubeVirt's of 400 ms, after which more than the time is over.
    ['user', 60_000],
    ['nova', 60_500],
    ['kubevirt', 60_400],
  ] as const)('%s begins it at the poll at which the VM would be stopped, and less is paused', (manager, atMs) => {
    const stopped = wild({ manager, whenOut: 'stop' });
    const post = wild({ manager, whenOut: 'stop', postCopy: 'whenOut' });
    expect(post.stoppedAtNs / MS).toBeCloseTo(atMs, 3);
    expect(post.stoppedAtNs).toBe(stopped.stoppedAtNs);
    expect([post.end, post.cause.reason, post.cause.manager]).toEqual(['forced', 'timeout', manager]);
    expect(post.cause).toEqual({ ...stopped.cause, usedNs: post.cause.usedNs });
    // The pause has no memory in it: some 4 GB are 3.5 s.
    expect(stopped.criticalNs.memory).toBeGreaterThan(3 * S);
    expect([post.criticalNs.memory, post.criticalNs.deviceState]).toEqual([0, 0]);
    expect(post.pauseNs).toBeLessThan(0.2 * S);
    expect(stopped.postCopy).toBeNull();
    // All of it comes all the same, on one channel.
    expect(post.memoryBytes).toBe(stopped.memoryBytes);
    expect(post.postCopy!.leftBytes).toBe(stopped.cause.leftBytes);
    expect(post.postCopy!.arrivesNs).toBeGreaterThan(0.95 * stopped.criticalNs.memory);
  });

  test('KubeVirt begins it although it may not disrupt otherwise, but not for a VM with VFIO devices', () => {
    const rules = { manager: 'kubevirt', postCopy: 'whenOut', whenOut: 'cancel' } as const;
    expect(wild(rules).postCopy).not.toBeNull();
    expect(wild({ ...rules, hasVfio: true })).toMatchObject({ end: 'cancelled', postCopy: null });
  });

  test('KubeVirt begins it at a stall, where that is detected, and names it as the reason', () => {
    const gates = { stallDetection: true, downtimeTuning: false, maxDowntimeNs: 900 * MS };
    const rules = { manager: 'kubevirt', timeoutNs: 2400 * S, gates } as const;
    const post = wild({ ...rules, postCopy: 'whenOut' });
    expect([post.end, post.cause.reason]).toEqual(['forced', 'stall']);
    expect(post.postCopy!.leftBytes).toBeGreaterThan(3e9);
    expect(post.stoppedAtNs).toBeLessThan(200 * S);
  });

  test('is not needed where the move converges, and then there is none', () => {
    const calm = { memory: { bytes: 4e9 }, stream: { gigabitsPerSecond: 10 } };
    const move = (postCopy?: 'whenOut') =>
      moveVm(
        vm({ ...calm, convergence: { timeoutNs: 60 * S, whenOut: 'stop', ...(postCopy && { postCopy }) } }),
        POINT,
      );
    expect(move('whenOut')).toEqual(move());
  });

  test('is watched by nobody: KubeVirt, which gives a forced stop twice its time, lets the pause last', () => {
    const slow = { ...POINT, discardNsPerGib: 40 * S };
    const given = { ...WILD, convergence: { manager: 'kubevirt', timeoutNs: 60 * S, postCopy: 'whenOut' } } as const;
    const { end, pauseNs, totalNs } = moveVm(vm(given), slow);
    expect(pauseNs).toBeGreaterThan(120 * S);
    expect(totalNs).toBeGreaterThan(180 * S);
    expect(end).toBe('forced');
  });

  test('QEMU counts its downtime to the switch at the source, with or without a return path', () => {
    const rules = { whenOut: 'stop', postCopy: 'whenOut' } as const;
    const [withPath, without] = [true, false].map((returnPath) => wild(rules, { returnPath }));
    expect(withPath!.reportedNs).toBe(without!.reportedNs);
    expect(withPath!.reportedNs).toBeLessThan(withPath!.pauseNs);
  });

  test('sends the destination what to drop, in the pause: more where more is left', () => {
    const at = (discardNsPerGib: number): ReturnType<typeof moveVm> =>
      moveVm(vm({ ...WILD, convergence: { timeoutNs: 60 * S, whenOut: 'stop', postCopy: 'whenOut' } }), {
        ...MEMORY_ONLY,
        discardNsPerGib,
      });
    expect(at(0).criticalNs.dirtySync).toBe(0);
    const { criticalNs, cause } = at(10 * MS);
    expect(criticalNs.dirtySync).toBeCloseTo((cause.leftBytes / GIB) * 10 * MS, 0);
  });
});

describe('post-copy from the first byte on', () => {
  const CLOUD: Changes = {
    memory: { bytes: GIB, dirty: { kind: 'uniform', pagesPerSecond: 1e6 } },
    stream: { vmm: 'cloud-hypervisor', gigabitsPerSecond: 10, latencyNs: 25_000 },
    convergence: { vmm: 'cloud-hypervisor', manager: 'vmm', postCopy: 'atOnce' },
  };
  // lib.rs of ae44c2971: no dirty log, no memory; vm.pause, snapshot, send_state, Complete.
  const move = (cut?: number) => moveVm(vm(CLOUD), POINT, cut);

  test('has no iterations, and neither memory nor a dirty log in the pause', () => {
    const { end, rounds, stoppedAtNs, setupNs, criticalNs, pauseNs, totalNs, memoryBytes } = move();
    expect([end, rounds, stoppedAtNs, setupNs]).toEqual(['moved', [], 0, 0]);
    expect([criticalNs.memory, criticalNs.dirtySync]).toEqual([0, 0]);
    expect(totalNs).toBe(pauseNs);
    expect(memoryBytes).toBe(GIB);
  });

  test('asks for one page after another: each takes its way there and back', () => {
    const { postCopy } = move();
    const pageNs = postCopy!.arrivesNs / (GIB / 4096);
    // 2 × 25 µs, 4096 bytes at 10 Gbit/s (3.3 µs on the wire alone), and what a request takes.
    expect(pageNs).toBeGreaterThan(53_276 + POINT.pageRequestNs);
    expect(pageNs).toBeLessThan(56_000 + POINT.pageRequestNs);
    expect(postCopy!.requestNs.value).toBeCloseTo(pageNs, 3);
    // In the worst case those of all 8 vCPUs wait after the one under way.
    expect(postCopy!.requestNs.high).toBeCloseTo(9 * pageNs, 2);
  });

  test('is cut before its stop where a fault or a user ends it', () => {
    expect(move(0.5)).toMatchObject({ end: 'cancelled', postCopy: null, pauseNs: 0, memoryBytes: 0 });
  });
});

describe('what follows the pause', () => {
  test('takes no less than the link needs, longer for more, and slows a guest only where it misses pages', () => {
    assert(
      property(
        integer({ min: 0, max: 15e6 }),
        integer({ min: 0, max: 1e6 }),
        integer({ min: 1, max: 256 }),
        integer({ min: 0, max: 1 }),
        (leftPages, pagesPerSecond, vcpus, which) => {
          const leftBytes = leftPages * 4096;
          const vmm = which === 0 ? 'qemu' : 'cloud-hypervisor';
          const given = vm({
            vcpus,
            memory: { bytes: 64e9, dirty: { kind: 'uniform', pagesPerSecond } },
            stream: { vmm },
          });
          const at = (bytes: number) => postCopyPhase(given, { leftBytes: bytes, zeroBytes: 0, resumedNs: 0 }, POINT);
          const phase = at(leftBytes);
          const linkBytesPerNs = given.stream.gigabitsPerSecond / 8;
          expect(phase.arrivesNs).toBeGreaterThanOrEqual(leftBytes / linkBytesPerNs);
          expect(at(leftBytes / 2).arrivesNs).toBeLessThanOrEqual(phase.arrivesNs);
          for (const { value, low, high } of [phase.requestNs, phase.waitedPages, phase.speed]) {
            expect(low <= value && value <= high).toBe(true);
          }
          expect(phase.requestNs.low).toBeGreaterThan(2 * given.stream.latencyNs);
          expect(phase.waitedPages.high).toBe(leftBytes / 4096);
          expect(phase.speed.value === 1).toBe(pagesPerSecond === 0 || leftBytes === 0);
          expect(phase.speed.low).toBeGreaterThan(0);
        },
      ),
    );
  });
});
