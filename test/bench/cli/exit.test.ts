import { expect, test } from 'vitest';

import { Interrupted, reportError } from '../../../bench/cli/exit.ts';
import { EXIT, EXIT_MEANINGS } from '../../../bench/io/exit-status.ts';
import { Bug } from '../../../sim/base/bug.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import { stating } from '../../stating.ts';

test('the exit codes are those that scripts rely on', () => {
  expect(EXIT).toEqual({
    fine: 0,
    failed: 1,
    usage: 2,
    badInput: 3,
    infeasible: 4,
    regression: 5,
    bug: 70,
    workerLost: 71,
    outputFailed: 74,
    hungUp: 129,
    interrupted: 130,
    terminated: 143,
  });
  expect(Object.keys(EXIT_MEANINGS)).toEqual(Object.keys(EXIT));
});

test.each([
  ['usage', 2],
  ['input', 3],
  ['infeasible', 4],
] as const)('a user error of kind %s exits with %i and keeps its words', (kind, exitCode) => {
  expect(reportError(new UserError(kind, 'no', 'try yes'))).toMatchObject({ exitCode, message: 'no', hint: 'try yes' });
});

test('our own bug says so, with its code and the values seen', () => {
  const { exitCode, message, hint } = reportError(new Bug('NS_RANGE', [-1, 'x']));
  expect(exitCode).toBe(70);
  expect(message).toMatch(stating('bug', 'NS_RANGE (-1, x)'));
  expect(hint).toContain('report');
});

test('anything unexpected counts as our own bug', () => {
  const report = reportError(new TypeError('x is not a function\n  at y'));
  expect(report.exitCode).toBe(70);
  expect(report.message).toMatch(stating('bug', 'UNEXPECTED (TypeError: x is not a function)'));
});

test('a lost worker is named with its last access', () => {
  const report = reportError(new WorkerLost('PF', 'a write to 0x300'));
  expect(report).toMatchObject({ exitCode: 71, message: expect.stringMatching(stating('PF', 'a write to 0x300')) });
  expect(new WorkerLost('VF 2')).toMatchObject({ worker: 'VF 2', lastAccess: undefined });
});

test.each([
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s exits with %i, as programs do that a signal ends', (name, status) => {
  expect(reportError(new Interrupted(name)).exitCode).toBe(status);
});
