/**
 * What is said of maintenance host by host, and what of it is refused.
 */
import { expect, test } from 'vitest';

import { presets } from '../../../../bench/studies/plan/read-question.ts';
import { answer } from '../../../../sim/fleet/answer.ts';
import { questionSchema } from '../../../../sim/fleet/question.ts';
import { stating } from '../../../stating.ts';

function asked(change: object, room = '128GiB') {
  const memory = { size: '4GiB' };
  const question = questionSchema.parse({
    format: 'stopcopy-question',
    version: 2,
    name: 'q',
    description: 'q',
    ask: 'evacuate',
    hosts: 3,
    maintenance: { restart: '10min' },
    budget: { pause: '1s' },
    fleet: {
      racks: 1,
      hostsPerRack: 3,
      hostGigabitsPerSecond: 25,
      room: { memory: room },
      vms: [{ name: 'guest', perHost: 2, vm: { vcpus: 4, memory, stream: { gigabitsPerSecond: 25 } } }],
    },
    ...change,
  });
  return answer(question, { profiles: new Map(), presets: presets(), topologies: new Map() }, 'q.yaml', {
    tornado: false,
  });
}

test('all hosts of a fleet are maintained, and moves are counted', () => {
  const { feasible, value, sentences } = asked({});
  expect(feasible).toBe(true);
  // Three restarts of 10 min, and some seconds of moves.
  expect(value! / 60e9).toBeGreaterThan(30);
  expect(value! / 60e9).toBeLessThan(32);
  expect(sentences[0]).toMatch(stating('3 hosts', '6 VMs', /30\.\d/));
  expect(sentences.join(' ')).toMatch(/One host at a time: .*10\.0 min.*\d+ moves.*up to \d\./);
});

test('a host that finds no room for its VMs is named', () => {
  const { feasible, sentences } = asked({}, '4GiB');
  expect(feasible).toBe(true);
  const full = asked({}, '1GiB');
  expect(sentences[0]).toMatch(/^Maintaining 3 hosts/);
  expect(full.feasible).toBe(false);
  expect(full.sentences[0]).toMatch(stating('host 1 of 3', 'own limits', 'not emptied'));
});

test.each([
  [{ hosts: 4 }, '4 hosts are to be maintained, of 3 in all'],
  [{ maintenance: { restart: '10min', hostsAtOnce: 3 } }, 'maintenance.hostsAtOnce is 3, of 3 hosts'],
  [{ windows: { length: '0h' } }, 'windows.length is 0'],
  [{ windows: { length: '24h' } }, 'windows.length is not less than windows.every'],
  [{ limits: { setUp: { from: '20s', to: '10s' } } }, 'limits.setUp.from is more than limits.setUp.to'],
])('%j is refused: %s', (change, words) => {
  expect(() => asked(change)).toThrow(`q.yaml: ${words}`);
});
