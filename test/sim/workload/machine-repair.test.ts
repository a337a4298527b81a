import { describe, expect, test } from 'vitest';
import { Bug } from '../../../sim/base/bug.ts';
import { machineRepair } from '../../../sim/workload/machine-repair.ts';
import { erlangC, meanResponseMd1, meanResponseMmc } from '../../oracles/queues.ts';

describe('theory', () => {
  test('Erlang C is the load itself for one core, and 1/3 for two cores half loaded', () => {
    expect(erlangC(1, 0.7)).toBeCloseTo(0.7, 12);
    expect(erlangC(2, 1)).toBeCloseTo(1 / 3, 12);
  });

  test('M/M/1 is service / (1 - load); M/D/1 waits half as long', () => {
    expect(meanResponseMmc(0.8, 1, 1)).toBeCloseTo(5, 12);
    expect(meanResponseMd1(0.8, 1)).toBeCloseTo(3, 12);
  });

  test('machine repair: the known answer for 64 cores and 65 536 clients', () => {
    expect(machineRepair(65_536, 1077, 1, 64).response).toBeCloseTo(1.1806, 4);
  });

  test('machine repair: nobody waits where each client has a core; one core without thinking is always busy', () => {
    expect(machineRepair(4, 3, 2, 4).response).toBeCloseTo(2, 12);
    expect(machineRepair(5, 0, 2, 1)).toEqual({ throughput: 0.5, response: 10, utilisation: 1 });
    // Two clients, one core, thinking as long as service: states 1 : 2 : 2.
    expect(machineRepair(2, 1, 1, 1).throughput).toBeCloseTo(4 / 5, 12);
  });

  test('refuses a system that cannot settle', () => {
    expect(() => erlangC(2, 2)).toThrow(Bug);
    expect(() => meanResponseMd1(1, 1)).toThrow(Bug);
  });
});
