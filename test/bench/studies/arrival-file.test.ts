import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseArrivals, readArrivalFile } from '../../../bench/studies/arrival-file.ts';
import { QueueingModel } from '../../../sim/workload/queueing/model.ts';

const JOBS = ['deflate', 'inflate'];
const HEAD = 'time_ns,queue,job';

describe('a file of arrivals', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-arrivals-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is played as it is', () => {
    const path = join(folder, 'arrivals.csv');
    writeFileSync(path, `${HEAD}\r\n0, 0, deflate\n10,1,inflate\n10,1,deflate\n`);
    const arrivals = readArrivalFile(path, JOBS);
    expect([...arrivals.timesNs]).toEqual([0, 10, 10]);
    expect([...arrivals.queues]).toEqual([0, 1, 1]);
    expect([...arrivals.kinds]).toEqual([0, 1, 0]);
    const jobs = JOBS.map((name, index) => ({ name, bytes: 1, share: 1, fixedNs: 100 + index, nsPerByte: 0 }));
    const vfs = [{ queues: 2, load: { kind: 'recorded', arrivals }, jobs } as const];
    const model = new QueueingModel({ seed: 0, engines: [{ cores: 1 }], vfs }).run(1000);
    expect(model.meanNs(0, 'before')).toBe((100 + 191 + 291) / 3);
  });

  test('may have no arrivals', () => {
    expect(parseArrivals(`${HEAD}\n`, 'a', JOBS).timesNs).toHaveLength(0);
  });

  test.each([
    ['', "line 1 is ''"],
    ['0,0,deflate', "line 1 is '0,0,deflate'"],
    [`${HEAD}\n1,2`, "line 2: '1,2' has 2 fields, allowed are 3"],
    [`${HEAD}\n${'1'.repeat(90)}`, `line 2: '${'1'.repeat(57)}…' has 1 fields, allowed are 3`],
    [`${HEAD}\n1.5,0,deflate`, "line 2: the time is '1.5'"],
    [`${HEAD}\n5,0,deflate\n4,0,deflate`, 'line 3: the time 4 is before the one above, 5'],
    [`${HEAD}\n1,-1,deflate`, "line 2: the queue is '-1'"],
    [`${HEAD}\n1,5000000000,deflate`, "line 2: the queue is '5000000000'"],
    [`${HEAD}\n1,0,sign`, "line 2: the job 'sign' is not in the mix"],
  ])('is refused with its line: %j', (text, message) => {
    expect(() => parseArrivals(text, 'a.csv', JOBS)).toThrow(`a.csv: ${message}`);
  });
});
