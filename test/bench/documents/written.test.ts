import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import {
  acceptedBaseline,
  baselinePath,
  EMPTY_BASELINE,
  readBaseline,
  writeBaseline,
} from '../../../bench/measure/metrics/baseline.ts';
import { stopcopy } from '../command.ts';
import { fixtureResult } from '../fixture.ts';
import { stating } from '../../stating.ts';

let folder: string;
let page: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-written-'));
  page = join(folder, 'page.html');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(() => rmSync(page, { force: true }));

/** The document in the page. */
function embedded(): unknown {
  const text = readFileSync(page, 'utf8');
  return JSON.parse(/<script type="application\/json" id="r0-json">(.*?)<\/script>/s.exec(text)?.[1] ?? '');
}

describe('compare --html', () => {
  test('of two result files holds the document of --json, whose stdout stays one document', async () => {
    const result = join(folder, 'result.json');
    writeFileSync(result, JSON.stringify(fixtureResult()));
    const { status, stdout, stderr } = await stopcopy('compare', result, result, '--json', '--html', page);
    expect(status).toBe(0);
    expect(embedded()).toEqual(JSON.parse(stdout));
    expect(stderr).toContain(page);
    expect(readFileSync(page, 'utf8')).toContain('No regression.');
  });

  test('of the exact baseline is written when it fails, and Markdown says nothing of it', async () => {
    const metrics = new Map(readBaseline(baselinePath()).metrics);
    const name = [...metrics.keys()][0]!;
    metrics.delete(name);
    const path = join(folder, 'baseline.json');
    writeBaseline(path, acceptedBaseline(EMPTY_BASELINE, metrics, 'one metric less'));
    const { status, stdout } = await stopcopy('compare', '--exact', '--baseline', path, '--markdown', '--html', page);
    expect(status).not.toBe(0);
    expect(stdout).not.toContain(page);
    expect(embedded()).toMatchObject({ format: 'stopcopy-comparison', regression: true });
    const text = readFileSync(page, 'utf8');
    expect(text).toContain('This is a regression.');
    expect(text).toContain(name);
  });

  test('is refused where a change is accepted, before anything is written', async () => {
    const path = join(folder, 'untouched.json');
    const { status, stderr } = await stopcopy(
      'compare',
      '--exact',
      '--accept',
      'why',
      '--baseline',
      path,
      '--html',
      page,
    );
    expect(status).toBe(2);
    expect(stderr).toMatch(stating('--html', '--accept'));
    expect([existsSync(path), existsSync(page)]).toEqual([false, false]);
  });
});
