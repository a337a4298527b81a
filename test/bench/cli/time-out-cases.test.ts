/**
 * Moves and evacuations of public reports that end by a time-out, and what is printed of them: sentence, table, JSON and exit
 * status say the same. The right values are sums done by hand.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { stopcopyAt } from '../command.ts';
import { stating } from '../../stating.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-cases-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const SCENARIO = 'format: stopcopy-scenario\nversion: 2\nname: case\ndescription: a case\nvcpus: 4\n';
const QUESTION = 'format: stopcopy-question\nversion: 2\nname: case\ndescription: a case\n';
const GUEST =
  'vcpus: 4, memory: { size: 16GiB, nonZeroShare: 0.8, dirty: { kind: uniform, pagesPerSecond: 8000, workingSet: 1GiB } }';

/** What is printed, in one row without breaks, and the document and status of the same command. */
async function asked(command: 'run' | 'plan', text: string) {
  writeFileSync(join(folder, 'case.yaml'), text);
  const words = command === 'plan' ? ['--no-tornado'] : [];
  const printed = await stopcopyAt(folder, command, 'case.yaml', ...words);
  const json = await stopcopyAt(folder, command, 'case.yaml', '--json', ...words);
  expect(json.status).toBe(printed.status);
  return {
    status: printed.status,
    text: printed.stdout.replaceAll(/\s+/g, ' '),
    document: JSON.parse(json.stdout === '' ? '{}' : json.stdout),
    stderr: printed.stderr,
  };
}

test('64 GiB over 1 Gbit/s are given up after 60 s, with what was left', async () => {
  const { text, document } = await asked(
    'run',
    `${SCENARIO}memory: { size: 64GiB }\nstream: { gigabitsPerSecond: 1 }\nconvergence: { timeout: 60s }\n`,
  );
  expect(text).toMatch(stating('not', 'given up', '60 s'));
  expect(text).not.toContain('the pause');
  const [vm] = document.vms;
  expect(vm).toMatchObject({
    kind: 'cancelled',
    totalNs: 60e9,
    pauseNs: 0,
    reportedNs: null,
    parts: expect.anything(),
  });
  expect(vm.cause).toMatchObject({ reason: 'timeout', manager: 'user', blocker: 'first pass', timeoutNs: 60e9 });
  // 113.6 MB/s of 68.7 GB, for 60 s less the setup.
  expect(vm.cause.leftBytes / (64 * 2 ** 30 - 113.6e6 * 59.95)).toBeCloseTo(1, 3);
});

test('Cloud Hypervisor gives up after its hour, when an iteration is over', async () => {
  const { document, text } = await asked(
    'run',
    `${SCENARIO}vmm: cloud-hypervisor\nmemory: { size: 6GiB, dirty: { kind: uniform, pagesPerSecond: 3000000, workingSet: 5418MiB } }\n` +
      'stream: { gigabitsPerSecond: 25 }\n',
  );
  const [vm] = document.vms;
  expect(vm.kind).toBe('cancelled');
  expect(vm.totalNs).toBeGreaterThanOrEqual(3600e9);
  expect(vm.totalNs).toBeLessThan(3604e9);
  expect(text).toContain('the VMM allows it 3600 s');
});

const fleetQuestion = (limits: string, perHost: number, gigabits: number, vm: string): string =>
  `${QUESTION}ask: evacuate\nhosts: 1\nlimits: ${limits}\nfleet:\n  racks: 1\n  hostsPerRack: 6\n` +
  `  hostGigabitsPerSecond: ${gigabits}\n  room: { memory: 256GiB }\n  vms:\n    - name: guest\n      perHost: ${perHost}\n` +
  `      vm: { ${vm}, stream: { gigabitsPerSecond: ${gigabits} } }\n`;

/** What a reader finds in the text of an evacuation, whatever wrote it. */
function contradictions(text: string, answer: { feasible: boolean; schedule: { leftBehind: number } }, status: number) {
  const found: string[] = [];
  const moved = /VMs moved (\d+) (\d+) (\d+)/.exec(text)?.slice(1).map(Number) ?? [];
  const none = text.includes('No VM moves');
  if (none !== (moved[1] === 0)) found.push('a sentence and the table');
  if (none && /\bbinds: alone it takes\b/.test(text)) found.push('a link limits what does not move');
  if (none && /pauses are/.test(text)) found.push('pauses of moves that did not happen');
  if (none && /Emptying/.test(text)) found.push('a time to empty');
  if (none && answer.schedule.leftBehind === 0) found.push('nothing is left, and nothing moves');
  if (/Too many moves/.test(text)) found.push('a cause that nobody recorded');
  if ((status === 0) !== answer.feasible) found.push('the status and the document');
  if (/given up: time-out 0 0 0/.test(text) && /are given up: \d+ by the time-out/.test(text)) found.push('a time-out');
  return found;
}

test.each([
  [
    'two at once under 150 s per GiB',
    '{ preset: kubevirt, outboundPerHost: 2, timeoutPerGib: 150s }',
    '1 at once out of a host',
  ],
  [
    'four at once under 150 s per GiB',
    '{ preset: kubevirt, outboundPerHost: 4, timeoutPerGib: 150s }',
    '1 at once out of a host',
  ],
])('12 VMs of 16 GiB over 500 Mbit/s, %s: none moves', async (_, limits, nearest) => {
  const { text, document, status } = await asked('plan', fleetQuestion(limits, 12, 0.5, GUEST));
  expect(status).toBe(4);
  expect(text).toMatch(stating('No VM', '12 VMs', '1 host'));
  expect(text).toContain(nearest);
  expect(document.answer.band).toEqual({ short: null, point: null, long: null });
  expect(document.answer.schedule.leftBehind).toBe(12);
  const changes: string[] = document.answer.relaxing.map(({ change }: { change: string }) => change);
  expect(changes.filter((change) => stating('at once', 4).test(change))).toEqual([]);
  expect(contradictions(text, document.answer, status ?? -1)).toEqual([]);
});

test('under 20 s per GiB the time-out limits, and 25 s per GiB would do', async () => {
  const limits = '{ preset: kubevirt, outboundPerHost: 1, timeoutPerGib: 20s }';
  const { text, document, status } = await asked('plan', fleetQuestion(limits, 12, 0.5, GUEST));
  expect(status).toBe(4);
  expect(text).toMatch(stating('time-out', '20.0 s per GiB'));
  expect(text).toMatch(stating('time-out', '25.0 s per GiB'));
  expect(contradictions(text, document.answer, status ?? -1)).toEqual([]);
});

test('3 VMs that need 26 min each are given up after 320 s each', async () => {
  const limits = '{ outboundPerHost: 1, timeoutPerGib: 20s }';
  const { text, document, status } = await asked(
    'plan',
    fleetQuestion(limits, 3, 0.1, 'vcpus: 4, memory: { size: 16GiB }'),
  );
  expect(document.answer.schedule.totalNs).toBe(3 * 320e9);
  expect(text).toContain('before their memory had been sent once');
  expect(contradictions(text, document.answer, status ?? -1)).toEqual([]);
});

test('64 GiB at 1 s per GiB are given up after 64 s; 10 s per GiB would do', async () => {
  const { text, status } = await asked(
    'plan',
    `${QUESTION}ask: converge\nlimits: { timeoutPerGib: 1s }\nvm: { vcpus: 4, memory: { size: 64GiB }, stream: { gigabitsPerSecond: 1 } }\n`,
  );
  expect(status).toBe(4);
  expect(text).toContain('given up after 64.0 s');
  expect(text).toContain('such as 10.0 s per GiB');
});
