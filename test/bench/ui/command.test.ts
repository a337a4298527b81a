/**
 * `stopcopy ui`: the page it writes, and the server as a program that is interrupted.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { STOPCOPY } from '../../program.ts';
import { stopcopy } from '../command.ts';
import { stating } from '../../stating.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-ui-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('stopcopy ui', () => {
  // docs/result-format.md: 143 for SIGTERM; Ctrl-C is how its user ends it.
  test.each([
    ['SIGINT', 0],
    ['SIGTERM', 143],
  ] as const)('serves until %s, and ends with %i', async (name, status) => {
    const child = spawn(process.execPath, [...STOPCOPY, 'ui', 'idle-vf', '--json']);
    let stdout = '';
    const ended = new Promise<number | null>((done) => child.on('exit', done));
    const url = await new Promise<string>((told, failed) => {
      child.on('error', failed);
      child.stdout.setEncoding('utf8').on('data', (piece: string) => {
        stdout += piece;
        if (stdout.endsWith('}\n')) told((JSON.parse(stdout) as { url: string }).url);
      });
    });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const response = await fetch(url);
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain('"first":"idle-vf"');
    child.kill(name);
    expect(await ended).toBe(status);
  });

  test('writes the page to a file, under 2 MB, which asks nobody for anything', async () => {
    const file = join(folder, 'page.html');
    expect(await stopcopy('ui', '--html', file)).toMatchObject({ status: 0, stdout: `${file}\n` });
    const page = readFileSync(file, 'utf8');
    expect(page.length).toBeLessThan(2_000_000);
    expect(page).toContain("default-src 'none'");
    expect(/<link|<img|<iframe|@import|\ssrc=/.exec(page)?.[0]).toBeUndefined();
  });

  test('takes costs of a user, and names them', async () => {
    const costs = join(folder, 'costs.yaml');
    const row = '{ ns: 4000000, min: 3900000, max: 4100000, from: measured, samples: 9, source: t.txt }';
    writeFileSync(costs, `format: stopcopy-costs\nversion: 1\nname: my-host\ncosts:\n  pauseBaseNs: ${row}\n`);
    const file = join(folder, 'costs.html');
    // A process of its own: the table is in use until it ends.
    const run = spawnSync(process.execPath, [...STOPCOPY, 'ui', '--costs', costs, '--html', file]);
    expect(run.status).toBe(0);
    const page = readFileSync(file, 'utf8');
    expect(page).toMatch(/Costs of the device: my-host/);
    const data = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
    expect(JSON.parse(data)).toMatchObject({ costs: { name: 'my-host', rows: { pauseBaseNs: { ns: 4_000_000 } } } });
  });

  test.each([
    [['no-such'], 3, 'no-such … no such file'],
    [['--port', '70000'], 2, "--port … '70000' … 0 … 65535"],
    [['a', 'b'], 2, 'too many arguments'],
  ] as const)('%j ends with %d and a sentence', async (args, status, says) => {
    const outcome = await stopcopy('ui', ...args);
    expect(outcome.status).toBe(status);
    expect(outcome.stderr).toMatch(stating(says));
  });
});
