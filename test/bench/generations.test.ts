/**
 * Commands with the driver of each generation. `send` and `receive` are in studies/switchover.test.ts.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

import { QUESTIONS } from '../../bench/studies/plan/shipped.ts';
import { SCENARIOS } from '../../bench/studies/run/shipped.ts';
import { DESIGN_IDS } from '../../sim/designs/compare.ts';
import { GENERATION_IDS } from '../../sim/driver/generation.ts';
import { stopcopy } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'stopcopy-generations-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Device {
  readonly profile: string;
}

test.each(GENERATION_IDS)('run moves the VM of idle-vf with %s', async (driver) => {
  const scenario = parse(readFileSync(SCENARIOS.path('idle-vf'), 'utf8')) as { readonly devices: readonly Device[] };
  const path = join(folder, `${driver}.yaml`);
  writeFileSync(path, stringify({ ...scenario, devices: scenario.devices.map((device) => ({ ...device, driver })) }));
  const { status, stdout } = await stopcopy('run', path, '--json');
  const document = JSON.parse(stdout) as { readonly vms: readonly object[] };
  expect({ driver, status, document }).toMatchObject({ status: 0 });
  expect(document.vms).toMatchObject([{ kind: 'moved' }]);
});

test('plan compares all of them in one question', async () => {
  const { vm, ...question } = parse(readFileSync(QUESTIONS.path('generations'), 'utf8')) as { readonly vm: object };
  const path = join(folder, 'question.yaml');
  const variants = GENERATION_IDS.map((driver) => ({ name: `with ${driver}`, driver }));
  const small = { memory: { size: '1GiB' }, devices: [{ profile: 'acc-sec', queues: 2, load: 'idle' }] };
  writeFileSync(path, stringify({ ...question, variants, vm: { ...vm, ...small } }));
  const { status, stdout } = await stopcopy('plan', path, '--json', '--no-tornado');
  const { answer } = JSON.parse(stdout) as { readonly answer: object };
  expect(status).toBe(0);
  for (const { name } of variants) expect(JSON.stringify(answer)).toContain(name);
});

test.each(GENERATION_IDS)('bench plays each design with %s', async (driver) => {
  const words = ['--suite', 'designs', '--accelerator', 'sec', '--queue-pairs', '2', '--driver', driver, '--json'];
  const { status, stdout } = await stopcopy('bench', ...words);
  expect(status).toBe(0);
  for (const id of DESIGN_IDS) expect(stdout).toContain(`"${id}"`);
});

test('bench measures moves with a driver that has no PRE_COPY', async () => {
  const cell = ['--accelerator', 'sec', '--queue-pairs', '1', '--load', 'idle', '--driver', GENERATION_IDS[0]!];
  const words = ['--suite', 'downtime', '--quick', ...cell, '--no-html', '--json', '--out', folder];
  const { status, stdout } = await stopcopy('bench', ...words);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ cells: [{ id: 'sec-1-idle', lostTasks: { value: 0 } }] });
});
