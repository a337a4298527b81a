import { describe, expect, test } from 'vitest';
import { resumeQueues } from '../../../sim/vfio/resume-queues.ts';
import { BOTH, opened, pauseSeen } from '../driver/rig.ts';

/** The writes that enable the function's messages again: the driver has started it. */
const STARTED = [
  [0x20, 1],
  [0x24, 0],
];

describe.each(BOTH)('with %s, a source that resumes', (generation) => {
  test('after a completed save is started', () => {
    const rig = opened(generation);
    const file = rig.fileAt('STOP_COPY');
    const { ret, log } = rig.during(() => resumeQueues(rig.device));
    expect([ret, rig.state, rig.read(file)]).toEqual([0, 'RUNNING', -19]);
    expect(log.map(({ offset, words }) => [offset, words[0]])).toEqual(STARTED);
  });

  test('after a stop that failed half way is paused again, saved and then started', () => {
    const rig = opened(generation, { device: { cache_wb_reads: -1 } });
    expect(rig.go('STOP').ret).toBeLessThan(0);
    rig.change({ cache_wb_reads: 0 });
    const { ret, log } = rig.during(() => resumeQueues(rig.device));
    expect([ret, rig.state, pauseSeen(log), rig.driver.filesAlive]).toEqual([0, 'RUNNING', 'accepted', 0]);
    expect(log.slice(-2).map(({ offset, words }) => [offset, words[0]])).toEqual(STARTED);
  });

  test('cannot, while what kept it from stopping lasts', () => {
    const rig = opened(generation, { device: { vf_regs: { '0x28': 1 } } });
    const first = rig.go('STOP').ret;
    const { ret } = rig.during(() => resumeQueues(rig.device));
    expect([first, ret, rig.state, rig.driver.filesAlive]).toEqual([-16, -16, 'RUNNING', 0]);
  });
});
