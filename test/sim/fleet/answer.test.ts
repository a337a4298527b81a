import { beforeAll, describe, expect, test } from 'vitest';

import { readQuestion } from '../../../bench/studies/plan/read-question.ts';
import { answer } from '../../../sim/fleet/answer.ts';
import type { Answer, AnswerOptions } from '../../../sim/fleet/answers/answer-parts.ts';
import { evacuate } from '../../../sim/fleet/evacuation.ts';
import { FATE } from '../../../sim/fleet/evacuation-terms.ts';
import type { Question } from '../../../sim/fleet/question.ts';
import { scenarioOf, structures } from '../../../sim/fleet/vm-trials.ts';
import { compileScenario } from '../../../sim/scenario/compile.ts';
import { runScenario } from '../../../sim/scenario/scenario-run.ts';
import { moveVm } from '../../../sim/memory/vm-move.ts';
import { fleet, moveClass, moveInput, P, shipped } from './fixture.ts';
import { stating } from '../../stating.ts';

const { files } = readQuestion('vfs-per-vm');

function ask(question: Question, options: AnswerOptions = { tornado: false }): Answer {
  const all = readQuestion(question.name).files;
  return answer(question, all, question.name, options);
}

const ENDS = ['short', 'point', 'long'] as const;

/** The longest pause over some ends, register by register; Infinity when it does not move. */
function worstPause(
  question: Extract<Question, { ask: 'most' | 'least' }>,
  set: (vm: typeof question.vm) => typeof question.vm,
  ends: readonly (typeof ENDS)[number][] = ENDS,
) {
  const vm = set(question.vm);
  if (structures(vm, files.profiles, 'test').some(({ used, limit }) => used > limit)) return Infinity;
  const { profiles } = readQuestion(question.name).files;
  const plan = compileScenario(scenarioOf(vm, profiles), profiles, 'test');
  const played = ends.map((end) => runScenario(plan, end).vms[0]!);
  return Math.max(...played.map(({ kind, pauseNs }) => (kind === 'moved' ? pauseNs : Infinity)));
}

describe('the most VFs of a VM', () => {
  const question = shipped('vfs-per-vm', 'most');
  const small = { ...question, budget: { ...question.budget, pause: 185e6 } };
  const withVfs = (count: number) => (vm: typeof question.vm) => ({
    ...vm,
    devices: vm.devices.map((device) => ({ ...device, count })),
  });
  let given: Answer;
  beforeAll(() => {
    given = ask(small);
  });

  test('are no more than a nominal move and its corners have, played in full', () => {
    const at = given.value!;
    expect(worstPause(small, withVfs(at), ['short', 'point'])).toBeLessThanOrEqual(185e6);
    expect(at).toBeLessThanOrEqual(given.band.point!);
  });

  test('are shown by simulation on both sides', () => {
    expect(given.proof.map(({ at, holds, method }) => [at, holds, method])).toEqual(
      expect.arrayContaining([
        [given.value, true, 'simulation'],
        [given.value! + 1, false, 'simulation'],
      ]),
    );
  });

  test('come with the binding constraint, by how much, and closed forms that agree', () => {
    const [binding, ...others] = given.constraints.filter(({ binds }) => binds);
    expect(others).toEqual([]);
    expect(binding).toMatchObject({ name: 'pause budget', limit: 185e6 });
    expect(binding!.used).toBeLessThanOrEqual(185e6);
    expect(binding!.next).toBeGreaterThan(185e6);
    for (const { closedForm, simulated } of given.methods) expect(closedForm / simulated).toBeCloseTo(1, 2);
  });

  test('are 63 at most, since a PF has no more', () => {
    const rich = ask({ ...question, budget: { ...question.budget, pause: 10e9 } }, { tornado: false, verify: false });
    expect(rich.value).toBe(63);
    expect(rich.constraints.filter(({ binds }) => binds).map(({ name }) => name)).toEqual(['VFs of one PF']);
  });

  test('are one where QEMU moves the VM: they lack P2P', () => {
    const { parallelDevices: _, ...vm } = question.vm;
    const qemu = ask(
      { ...question, vm: { ...vm, parallelDevices: false, vmm: 'qemu' }, budget: { ...question.budget, pause: 10e9 } },
      { tornado: false, verify: false },
    );
    expect(qemu.value).toBe(1);
    expect(qemu.constraints.find(({ binds }) => binds)?.name).toContain('P2P');
    expect(qemu.relaxing.find(({ change }) => change.startsWith('Cloud Hypervisor'))?.answer).toBe(63);
  });
});

test('queues are bounded by the driver: it gives the cache write-back one millisecond', () => {
  const question = shipped('queues-per-vf', 'most');
  const withQueues = (queues: number) => (vm: typeof question.vm) => ({
    ...vm,
    devices: vm.devices.map((device) => ({ ...device, queues })),
  });
  // The question is judged by the high corner.
  expect(worstPause(question, withQueues(535), ['long'])).toBeLessThan(300e6);
  expect(worstPause(question, withQueues(536), ['long'])).toBe(Infinity);
});

describe('the slowest link', () => {
  const question = shipped('link', 'least');
  const given = ask(question, { verify: true, tornado: true });

  test('holds, played in full', () => {
    const withLink = (gigabitsPerSecond: number) => (vm: typeof question.vm) => ({
      ...vm,
      stream: { ...vm.stream, gigabitsPerSecond },
    });
    const at = given.value!;
    expect(worstPause(question, withLink(at), ['short', 'point'])).toBeLessThanOrEqual(question.budget.pause);
    // At the corner that makes pauses long it takes a tenth more: fewer than one draw in twenty come near it.
    expect(worstPause(question, withLink(at))).toBe(Infinity);
    expect(worstPause(question, withLink(given.band.long!))).toBeLessThanOrEqual(question.budget.pause);
  });

  test('has a band around the nominal value', () => {
    const { short, point, long } = given.band;
    expect(short!).toBeLessThanOrEqual(point!);
    expect(point!).toBeLessThanOrEqual(long!);
    expect(given.value!).toBeGreaterThanOrEqual(point!);
    expect(given.value!).toBeLessThanOrEqual(long!);
  });

  test('has a tornado: the longest bar first, each with its source', () => {
    const { bars, value } = given.tornado!;
    const lengths = bars.map(({ short, long }) => Math.max(short, long, value) - Math.min(short, long, value));
    expect(lengths).toEqual(lengths.toSorted((a, b) => b - a));
    expect(bars.map(({ parameter }) => parameter)).toEqual(
      expect.arrayContaining(['lineShare', 'platformLoadNs', 'mailboxCommandNs']),
    );
    for (const { source, from } of bars) expect([source, from]).not.toContain('');
  });
});

test('moves over a host: shares of the link, until guests write as fast', () => {
  const question = shipped('moves-per-host', 'at-once');
  const { value, proof, methods } = ask(question);
  expect(proof.find(({ at }) => at === value)?.holds).toBe(true);
  expect(proof.find(({ at }) => at === value! + 1)?.holds).toBe(false);
  for (const { closedForm, simulated } of methods) expect(Math.abs(closedForm / simulated - 1)).toBeLessThan(0.05);
  const double = { ...question.vm.stream, gigabitsPerSecond: 2 * question.vm.stream.gigabitsPerSecond };
  const twice = ask({ ...question, vm: { ...question.vm, stream: double } });
  expect(twice.value! / value!).toBeGreaterThan(1.9);
});

test("an operator's limit is the binding constraint where it is below what the link carries", () => {
  const asked = shipped('moves-per-host', 'at-once');
  const { value, constraints } = ask({
    ...asked,
    limits: 'kubevirt',
    assume: { hostDevices: true, dirtyTracking: true },
  });
  expect(value).toBe(2);
  expect(constraints.find(({ binds }) => binds)?.name).toMatch(stating('at once', 'out of a host', 'kubevirt'));
});

describe('convergence', () => {
  const question = shipped('converge-nova', 'converge');

  test('comes with the step after which it stops; the step before is not enough', () => {
    const { value, proof, methods } = ask(question);
    expect(value).toBe(3);
    expect(proof.map(({ at, holds }) => [at, holds])).toEqual([
      [2, false],
      [3, true],
    ]);
    for (const { closedForm, simulated } of methods) expect(closedForm / simulated).toBeCloseTo(1, 3);
  });

  test('that never comes is reported with the limit that would do', () => {
    const dirty = { kind: 'uniform', pagesPerSecond: 5_000_000, workingSet: 4 * 1024 ** 3 } as const;
    const never = ask({ ...question, vm: { ...question.vm, memory: { ...question.vm.memory, dirty } } });
    expect(never).toMatchObject({ feasible: false, value: null });
    expect(never.nearest).toMatch(/a limit of 3\.\d\d s/);
  });
});

describe('emptying hosts', () => {
  const question = shipped('empty-host', 'evacuate');

  test('without room for all is infeasible, and says how many find none', () => {
    const { fleet: given } = question;
    const full = ask({ ...question, fleet: { ...given, room: { ...given.room, vfs: 0 } } });
    expect(full.feasible).toBe(false);
    expect(full.sentences.join(' ')).toContain('15 VMs find none');
    expect(full.nearest).toContain('0 hosts');
  });

  test('by a deadline that cannot be met names it, and the nearest', () => {
    const late = ask({ ...question, within: 30e9 });
    expect(late.feasible).toBe(false);
    expect(late.constraints.find(({ name }) => name === 'time in which it must be done')?.binds).toBe(true);
    expect(late.nearest).toMatch(/The nearest: \d/);
  });

  test('the binding constraint is what buys time when it is relaxed', () => {
    const { value, relaxing, constraints, methods } = ask(question);
    expect(constraints.find(({ binds }) => binds)?.name).toBe("a host's link");
    expect(relaxing[0]!.answer! / value!).toBeLessThan(0.6);
    // More moves at once fill the link while another is set up or paused, and buy hardly anything.
    for (const other of relaxing.slice(1)) expect(other.answer! / value!).toBeGreaterThan(0.95);
    expect(methods[0]!.closedForm).toBeLessThanOrEqual(methods[0]!.simulated);
  });

  test('too many at once starve each other, and fewer are proposed', () => {
    const move = moveInput({ pagesPerSecond: 100_000, workingSetGib: 2, timeoutS: 300 });
    const kind = moveClass(move);
    const crowd = evacuate(fleet([kind], { perHost: [12] }));
    expect([...crowd.fate].every((each) => each === FATE.timeout)).toBe(true);
    const concurrency = { fleet: Infinity, outboundPerHost: 2, inboundPerHost: Infinity, perPf: Infinity };
    const fewer = evacuate(fleet([kind], { perHost: [12], concurrency }));
    expect([...fewer.fate].every((each) => each === FATE.moved)).toBe(true);
    const share = { ...move.stream, lineShare: 1 / 12 };
    expect(moveVm({ ...move, stream: share }, P).end).toBe('cancelled');
  });
});

describe('room', () => {
  const question = shipped('room', 'room');

  test('is where VFs, queues and memory are, of the right kind, with equal queues, and where the driver may load', () => {
    const { value, tables } = ask(question);
    expect(value).toBe(5);
    const why = Object.fromEntries(tables[0]!.rows.map(([host, vms, reason]) => [host, [vms, reason]]));
    expect(why).toMatchObject({ a1: [5, ''], a3: [0, 'too few free VFs'] });
    expect(why['a2']![1]).toContain('another number of queues');
    expect(why['b1']![1]).toContain('policy proof');
  });

  test('nowhere: the nearest host is named', () => {
    const none = ask({ ...question, hosts: question.hosts.slice(1, 3) });
    expect(none).toMatchObject({ feasible: false, nearest: expect.stringContaining('The nearest is a2') as string });
    const other = ask({ ...question, hosts: [{ ...question.hosts[0]!, kind: 'sec', hardware: 'V4' }] });
    expect(other.sentences[0]).toContain('another kind');
    expect(other.sentences[0]).toContain('another version');
  });
});

test('generations are compared as they are played', () => {
  const question = shipped('generations', 'compare');
  const one = {
    ...question,
    vm: { ...question.vm, devices: question.vm.devices.map((each) => ({ ...each, count: 1 })) },
  };
  const { tables, methods } = ask(one);
  const accesses = tables[0]!.rows.map((row) => row[5]);
  expect(new Set(accesses).size).toBeGreaterThan(1);
  for (const { closedForm, simulated } of methods) expect(closedForm / simulated).toBeCloseTo(1, 3);
});

test('a question that contradicts itself is refused', () => {
  const question = shipped('vfs-per-vm', 'most');
  expect(() => ask({ ...question, device: 2 })).toThrow(stating('device', 2, 1));
  const uplink = shipped('moves-over-uplink', 'at-once');
  const { uplinkGigabitsPerSecond: _, ...without } = uplink;
  expect(() => ask(without)).toThrow('uplinkGigabitsPerSecond is missing');
  const host = shipped('empty-host', 'evacuate');
  expect(() => ask({ ...host, racks: 1 })).toThrow(stating('one of', 'hosts', 'racks'));
  expect(() => ask({ ...host, hosts: 16 })).toThrow(stating('16 hosts'));
});
