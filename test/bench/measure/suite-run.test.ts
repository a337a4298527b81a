import { describe, expect, test } from 'vitest';

import { packageVersion } from '../../../bench/io/package-root.ts';
import { runSuites } from '../../../bench/measure/suite-run.ts';
import { SUITE_NAMES } from '../../../bench/measure/suites/registry.ts';
import type { SuiteOptions, SuitesDocument } from '../../../bench/documents/suites/document.ts';
import { captured } from '../captured.ts';
import { stopcopy } from '../command.ts';
import { stating } from '../../stating.ts';

const OPTIONS: SuiteOptions = {
  quick: true,
  driver: 'upstream-2026',
  accelerators: ['sec'],
  queuePairs: [2],
};

function context(json: boolean, aborted = false) {
  const { output, stdout, stderr } = captured(json);
  const controller = new AbortController();
  if (aborted) controller.abort();
  return { at: { output, signal: controller.signal }, stdout, stderr };
}

test('with --json there is one document, and nothing else', async () => {
  const { at, stdout, stderr } = context(true);
  expect(await runSuites(['designs'], OPTIONS, at)).toBe(false);
  const document = JSON.parse(stdout()) as SuitesDocument;
  expect(document).toMatchObject({
    format: 'stopcopy-suites',
    version: 1,
    stopcopy: packageVersion(),
    quick: true,
    driver: 'upstream-2026',
  });
  expect(document.suites.map(({ suite }) => suite)).toEqual(['designs']);
  expect(document.suites[0]?.rows).toHaveLength(5);
  expect(stderr()).toBe('');
});

test('otherwise there are tables', async () => {
  const { at, stdout } = context(false);
  await runSuites(['designs'], OPTIONS, at);
  expect(stdout()).toMatch(/\nkernel-v2 +sec +2 /);
  expect(stdout()).not.toContain('{');
});

test('an interrupted run prints what it has, and that it was interrupted', async () => {
  const { at, stdout } = context(true, true);
  expect(await runSuites(['designs'], OPTIONS, at)).toBe(true);
  expect(JSON.parse(stdout())).toMatchObject({ suites: [] });
});

describe('on the command line', () => {
  test('an unknown suite is refused with all that there are', async () => {
    const { status, stderr } = await stopcopy('bench', '--suite', 'design');
    expect(status).toBe(2);
    expect(stderr).toMatch(stating('--suite', 'design', SUITE_NAMES.join(', ')));
  });

  test.each([
    [['--suite', 'designs,downtime'], 'a part of the sweep'],
    [['--suite', 'designs', '--load', 'idle'], '--load is given'],
    [['--suite', 'designs', '--queue-pairs', '1000'], '768'],
  ])('%j is refused', async (args, says) => {
    const { status, stdout, stderr } = await stopcopy('bench', ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(says);
  });

  test('designs prints its table and exits with 0', async () => {
    const { status, stdout, stderr } = await stopcopy('bench', '--suite', 'designs', '--queue-pairs', '2');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/\nuser-syscalls +sec +2 /);
  });
});
