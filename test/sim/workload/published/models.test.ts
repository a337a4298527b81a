import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { predictHpre } from '../../../../sim/workload/published/hpre.ts';
import { PUBLISHED_PARAMETERS } from '../../../../sim/workload/published/experiments.ts';
import { parametersAt } from '../../../../sim/workload/published/parameter.ts';
import { predictSec, SEC_PARAMETERS } from '../../../../sim/workload/published/sec.ts';
import { predictZip, zipParameters } from '../../../../sim/workload/published/zip.ts';
import { QueueingModel } from '../../../../sim/workload/queueing/model.ts';
import { readTables } from '../../../../bench/studies/validation/published-table.ts';
import { validate } from '../../../../bench/studies/validation/validation.ts';

describe('published throughputs', () => {
  const whole = validate(readTables(['zip-throughput', 'sec-throughput', 'rsa-throughput']), false);
  const all = whole.tables.flatMap(({ comparisons }) => comparisons);

  test('keep the rules by themselves: a small median error, no row far off without a note', () => {
    expect(whole.complaints).toEqual([]);
    expect(whole.medianError).toBeLessThan(0.06);
    // One job is too large for the model, and its row says so.
    expect(all.filter(({ note }) => note !== undefined)).toHaveLength(1);
    expect(all.filter(({ note, error }) => note === undefined && Math.abs(error) > 0.15)).toEqual([]);
  });

  test('that set a parameter are met by it', () => {
    const fitted = Object.entries(PUBLISHED_PARAMETERS).flatMap(([name, { from }]) =>
      from === 'fitted' ? [name] : [],
    );
    expect(whole.fitted).toEqual(fitted.toSorted());
    const calibrating = all.filter(({ calibrates }) => calibrates.length > 0);
    expect(calibrating).toHaveLength(fitted.length);
    expect(calibrating.filter(({ error }) => Math.abs(error) > 0.001)).toEqual([]);
  });

  test('lie in bands that have a slow and a fast end', () => {
    expect(
      all.filter(({ modelled, band }) => !(band[0] <= modelled && modelled <= band[1] && band[0] < band[1])),
    ).toEqual([]);
    expect(parametersAt(SEC_PARAMETERS, 'short').engineBytesPerNs).toBe(12.5);
    expect(parametersAt(SEC_PARAMETERS, 'long').softwareNs).toBe(3000);
  });
});

test('a parameter lies in its own range', () => {
  for (const [name, { value, low, high }] of Object.entries(PUBLISHED_PARAMETERS)) {
    expect([name, low <= value && value <= high]).toEqual([name, true]);
  }
});

describe('predictZip', () => {
  test.each([10, 20, 30, 40, 50, 60, 70])(
    'is what the queueing model does with a polling thread and %i blocks',
    (batch) => {
      const { sleepNs, turnNs, engineNsPerBlock } = zipParameters();
      const model = new QueueingModel({
        seed: 1,
        engines: [{ cores: 2 }],
        vfs: [
          {
            queues: 1,
            load: { kind: 'closed', inFlightPerQueue: batch },
            jobs: [{ name: 'block', bytes: 8192, share: 1, fixedNs: 2 * engineNsPerBlock, nsPerByte: 0 }],
            completion: { kind: 'poll', periodNs: sleepNs, perCompletionNs: turnNs },
          },
        ],
      });
      const played = (model.run(1e8).counts(0).seen * 8192 * 1e3) / 1e8;
      expect(Math.abs(played / predictZip({ sva: true, queues: 1, batch }).value - 1)).toBeLessThan(0.002);
    },
  );

  test('16 processes with one block each saturate the engine, as its maintainers say; 8 do not', () => {
    expect(predictZip({ sva: true, queues: 1, batch: 1, processes: 16 }).boundBy).toBe('engine');
    expect(predictZip({ sva: true, queues: 1, batch: 1, processes: 8 }).boundBy).not.toBe('engine');
  });

  test('says when a job is larger than the model is made for', () => {
    expect(predictZip({ sva: true, queues: 1, batch: 50, totalBytes: 1e9 }).outside).toContain('page faults');
    expect(predictZip({ sva: false, queues: 1, batch: 50, totalBytes: 1e9 }).outside).toBeUndefined();
  });

  test('refuses half a block', () => {
    expect(() => predictZip({ sva: true, queues: 1, batch: 0.5 })).toThrow('batch is 0.5');
  });
});

describe('predictSec', () => {
  test('threads that share a context send one after another; locks cost; small operations are bound by cores', () => {
    const sha = { operation: 'sha512', bytes: 1024, mode: 'async', threads: 8 } as const;
    expect(predictSec({ ...sha, contexts: 1 }).value * 4).toBeLessThan(predictSec(sha).value * 1.2);
    const cipher = { operation: 'cipher', bytes: 1024, mode: 'sync', threads: 8 } as const;
    expect(predictSec({ ...cipher, lock: 'mutex' }).value).toBeLessThan(predictSec(cipher).value);
    expect(predictSec({ ...cipher, lock: 'none' }).value).toBeGreaterThan(predictSec(cipher).value);
    expect(predictSec({ ...cipher, threads: 64 }).boundBy).toBe('cores of the engine');
    expect(predictSec({ ...cipher, threads: 64, bytes: 65_536 }).boundBy).toBe('data path of the engine');
    expect(() => predictSec({ ...cipher, threads: 0 })).toThrow('threads is 0');
  });
});

describe('predictHpre', () => {
  test('threads add up until the cores are busy, at the published rate of a device', () => {
    const sign = { operation: 'sign', engine: 'hpre', per: 'wall' } as const;
    expect(predictHpre({ ...sign, threads: 4 }).value / predictHpre(sign).value).toBeCloseTo(4, 1);
    expect(predictHpre({ ...sign, threads: 200 }).value / 50_000).toBeCloseTo(1, 2);
    expect(() => predictHpre({ ...sign, per: 'cpu', threads: 2 })).toThrow('threads is 2');
  });

  test('a verification is the cheaper by far', () => {
    const ratio = (engine: 'cpu' | 'hpre'): number =>
      predictHpre({ operation: 'verify', engine, per: 'cpu' }).value /
      predictHpre({ operation: 'sign', engine, per: 'cpu' }).value;
    expect(ratio('cpu')).toBeGreaterThan(30);
    expect(ratio('hpre')).toBeLessThan(ratio('cpu'));
  });
});

test('docs/workload.md has every parameter as it is', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/workload.md'), 'utf8');
  const told = new Set(
    page
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.replaceAll(/[`\s]/g, '')))
      .map((cells) => cells.slice(1, 7).join(' ')),
  );
  const parameters = Object.entries(PUBLISHED_PARAMETERS).map(([name, { value, unit, low, high, from }]) =>
    [name, value, unit.replaceAll(' ', ''), low, high, from].join(' '),
  );
  expect(parameters.filter((parameter) => !told.has(parameter))).toEqual([]);
});
