/**
 * The recorded traces of the genuine driver: every one replays without a difference, and a replay overlooks nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Random } from '../../sim/base/random.ts';
import { GENERATION_IDS } from '../../sim/driver/generation.ts';
import type { RecordedAccess } from '../../sim/trace/format.ts';
import { verifyTrace, type VerifyResult } from '../../sim/trace/verify.ts';

const FOLDER = fileURLToPath(new URL('../../traces/', import.meta.url));
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
/** Those of which every scenario is recorded; of the others there is a part. */
const GENERATIONS = ['linux-6.12.117', 'upstream-2026'] as const;
/** They follow from their neighbours; nobody has recorded them. */
const UNRECORDED = ['linux-6.1.192', 'linux-6.8'];
/** Traces and places that are drawn, so that the tests stay quick, are the same each time. */
const SEED = 20_260_801;

interface Step {
  call: string;
  result: Record<string, unknown>;
  result_len?: number;
  data_hex?: string;
  events?: [string, number][];
  t_start_us: number;
  t_end_us: number;
  mmio_count: number;
  mmio: Writable<RecordedAccess>[];
}
type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface Recorded {
  name: string;
  driver: string;
  unreleased_files_at_end: number;
  steps: Step[];
}

const texts = new Map<string, string>();

function textOf(file: string): string {
  const text = texts.get(file) ?? readFileSync(`${FOLDER}${file}`, 'utf8');
  texts.set(file, text);
  return text;
}

function recorded(file: string): Recorded {
  return JSON.parse(textOf(file)) as Recorded;
}

function replay(trace: Recorded): VerifyResult {
  return verifyTrace(JSON.stringify(trace), 'planted.json');
}

/** Calls of a trace, without the changes of the responder between them. */
function calls(trace: Recorded): { step: Step; index: number }[] {
  return trace.steps.map((step, index) => ({ step, index })).filter(({ step }) => step.call !== 'device');
}

describe('the recorded traces', () => {
  test('are 590, of every generation but two', () => {
    expect(FILES).toHaveLength(590);
    const drivers = new Set(FILES.map((file) => recorded(file).driver));
    expect(GENERATION_IDS.filter((id) => !drivers.has(id))).toEqual(UNRECORDED);
  });

  test.each(FILES)('%s replays without a difference', (file) => {
    const trace = recorded(file);
    const accessCount = calls(trace).reduce((sum, { step }) => sum + step.mmio_count, 0);
    expect(verifyTrace(textOf(file), file)).toEqual({
      name: trace.name,
      driver: trace.driver,
      passed: true,
      accessCount,
    });
  });
});

/** What a plant changed, and what the difference has to show of it. */
interface Plant {
  readonly step: number;
  readonly expected: string | RegExp;
  readonly got: string | RegExp;
}

/** What is wrong with the difference that a replay draws: nothing, when it names the step and shows both sides. */
function shortcomings(trace: Recorded, { step, expected, got }: Plant): readonly string[] {
  const { passed, difference } = replay(trace);
  if (passed || difference === undefined) return ['the replay passed'];
  const lines = difference.split('\n');
  const shows = (mark: string, ending: string, wanted: string | RegExp): boolean => {
    const found = lines.filter((line) => line.startsWith(mark) && line.endsWith(ending));
    return found.length === 1 && (typeof wanted === 'string' ? found[0]!.includes(wanted) : wanted.test(found[0]!));
  };
  const found: string[] = [];
  if (!lines[0]!.startsWith(`step ${step + 1}: ${trace.steps[step]!.call}`)) found.push(`no step ${step + 1}`);
  if (!shows('  - ', '    expected', expected)) found.push(`not expected: ${String(expected)}`);
  if (!shows('  + ', '    got', got)) found.push(`not got: ${String(got)}`);
  return found.length === 0 ? [] : [...found, difference];
}

type Selector = (access: Readonly<RecordedAccess>, step: Step) => boolean;

function find(trace: Recorded, wanted: Selector): { access: Writable<RecordedAccess>; step: number; at: number } {
  for (const { step, index } of calls(trace)) {
    const at = step.mmio.findIndex((access) => wanted(access, step));
    if (at >= 0) return { access: step.mmio[at]!, step: index, at };
  }
  throw new Error(`${trace.name} holds no such access`);
}

const isRead: Selector = (access) => access[1] === 'r' && access.length === 6;
const isWrite: Selector = (access) => access[1] === 'w';

/** A value with its lowest bit flipped. */
function flipped(value: string): string {
  return `0x${(BigInt(value) ^ 1n).toString(16)}`;
}

/** A 32-bit value as differences show it. */
function shown32(value: string): string {
  return `= 0x${BigInt(value).toString(16).padStart(8, '0')} `;
}

const is32 =
  (wanted: Selector): Selector =>
  (access, step) =>
    wanted(access, step) && access[2] === 4;

const ACCESS_PLANTS: readonly (readonly [what: string, plant: (trace: Recorded) => Plant])[] = [
  ...(
    [
      ['read', is32(isRead)],
      ['write', is32(isWrite)],
    ] as const
  ).map(([what, wanted]): readonly [string, (trace: Recorded) => Plant] => [
    `the value of a ${what}`,
    (trace) => {
      const { access, step } = find(trace, wanted);
      const original = access[4];
      access[4] = flipped(original);
      return { step, expected: shown32(access[4]), got: shown32(original) };
    },
  ]),
  [
    'an offset',
    (trace) => {
      const { access, step } = find(trace, is32(isWrite));
      const original = Number(access[3]);
      access[3] = `0x${(original + 4).toString(16)}`;
      return { step, expected: `bit ${access[3]} =`, got: `bit 0x${original.toString(16)} =` };
    },
  ],
  [
    'a width',
    (trace) => {
      const { access, step } = find(trace, is32(isRead));
      access[2] = 8;
      return { step, expected: / 64 bit /, got: / 32 bit / };
    },
  ],
  [
    'the direction',
    (trace) => {
      const { access, step } = find(trace, is32(isWrite));
      access[1] = 'r';
      return { step, expected: / read /, got: / write / };
    },
  ],
  [
    'the function',
    (trace) => {
      const { access, step } = find(trace, (candidate) => isRead(candidate, trace.steps[0]!) && candidate[0] === 'pf');
      access[0] = 'vf';
      return { step, expected: /^ {2}- vf /, got: /^ {2}\+ pf / };
    },
  ],
  [
    'the time',
    (trace) => {
      const { access, step } = find(trace, isRead);
      const original = access[5];
      access[5] += 1;
      return { step, expected: ` at ${original + 1} us`, got: ` at ${original} us` };
    },
  ],
  [
    'the order of two accesses',
    (trace) => {
      const { step, at } = find(
        trace,
        (access, call) => isWrite(access, call) && call.mmio.indexOf(access as Writable<RecordedAccess>) > 0,
      );
      const { mmio } = trace.steps[step]!;
      const [before, after] = [mmio[at - 1]!, mmio[at]!];
      mmio[at - 1] = after;
      mmio[at] = before;
      return { step, expected: / write /, got: ` 0x${Number(before[3]).toString(16)} ` };
    },
  ],
  [
    'a missing last access',
    (trace) => {
      const { step } = find(trace, isWrite);
      const gone = trace.steps[step]!.mmio.pop()!;
      return { step, expected: 'no more accesses in this call', got: ` 0x${Number(gone[3]).toString(16)} ` };
    },
  ],
  [
    'an access too many at the end',
    (trace) => {
      const { step } = find(trace, isWrite);
      const call = trace.steps[step]!;
      call.mmio.push(['vf', 'w', 4, '0x204', '0x1', call.t_end_us]);
      return { step, expected: 'vf write  32 bit 0x204', got: 'no access: the call is over' };
    },
  ],
  [
    'an access too many at the start',
    (trace) => {
      const { step, access } = find(trace, isRead);
      const first = trace.steps[step]!.mmio[0]!;
      expect(access).toBe(first);
      trace.steps[step]!.mmio.unshift(['pf', 'w', 4, '0x204', '0x1', 0]);
      return { step, expected: 'pf write  32 bit 0x204', got: ` 0x${Number(first[3]).toString(16)} ` };
    },
  ],
];

const SCENARIOS = ['precopy-full', 'resume-full', 'vf-index-2', 'second-migration-reopen', 'plain-stop-copy-zip'];
const PARTLY_RECORDED = ['resume-full', 'second-migration-reopen', 'plain-stop-copy', 'resume-then-save', 'qp-num-2'];
const FILES_PLANTED = [
  ...SCENARIOS.flatMap((name) => GENERATIONS.map((generation) => `${name}.${generation}.json`)),
  ...GENERATION_IDS.filter((id) => !UNRECORDED.includes(id) && !GENERATIONS.some((full) => full === id)).map(
    (generation, index) => `${PARTLY_RECORDED[index % PARTLY_RECORDED.length]!}.${generation}.json`,
  ),
];

describe.each(FILES_PLANTED)('a replay of %s notices', (file) => {
  test.each(ACCESS_PLANTS)('%s', (_, plant) => {
    const trace = recorded(file);
    expect(shortcomings(trace, plant(trace))).toEqual([]);
  });

  test('a wrong mmio_count', () => {
    const trace = recorded(file);
    const { step, index } = calls(trace).at(1)!;
    step.mmio_count += 1;
    expect(
      shortcomings(trace, { step: index, expected: `- ${step.mmio_count} `, got: `+ ${step.mmio_count - 1} ` }),
    ).toEqual([]);
  });

  test('a call that should have taken longer', () => {
    const trace = recorded(file);
    const { step, index } = calls(trace).at(1)!;
    step.t_end_us += 1;
    expect(
      shortcomings(trace, { step: index, expected: `${step.t_end_us} us`, got: `${step.t_end_us - 1} us` }),
    ).toEqual([]);
  });

  test('a call that should have begun later', () => {
    const trace = recorded(file);
    const { step, index } = calls(trace).at(-1)!;
    step.t_start_us += 1;
    expect(
      shortcomings(trace, { step: index, expected: `${step.t_start_us} us`, got: `${step.t_start_us - 1} us` }),
    ).toEqual([]);
  });

  test('a wrong state after a state change', () => {
    const trace = recorded(file);
    const { step, index } = calls(trace).find(({ step: candidate }) => candidate.call === 'set_state')!;
    const original = String(step.result['state_after']);
    step.result['state_after'] = 'ERROR';
    expect(shortcomings(trace, { step: index, expected: 'ERROR', got: original })).toEqual([]);
  });

  test('a file that should have been handed out, or should not', () => {
    const trace = recorded(file);
    const { step, index } = calls(trace).find(({ step: candidate }) => candidate.call === 'set_state')!;
    const original = step.result['fd'] === true;
    step.result['fd'] = !original;
    expect(shortcomings(trace, { step: index, expected: String(!original), got: String(original) })).toEqual([]);
  });

  test('an event too few, too many, renamed or late', () => {
    const plants: readonly ((events: [string, number][]) => unknown)[] = [
      (events) => events.pop(),
      (events) => events.push(['flr', 0]),
      (events) => (events[0]![0] = 'reset_done'),
      (events) => (events[0]![1] += 1),
    ];
    for (const plant of plants) {
      const trace = recorded(file);
      const { step, index } = calls(trace).find(({ step: candidate }) => candidate.events !== undefined)!;
      const original = JSON.stringify(step.events);
      plant(step.events!);
      const result = replay(trace);
      expect(result.passed).toBe(false);
      expect(result.difference).toBe(
        `step ${index + 1}: open: events\n  - ${JSON.stringify(step.events)}    expected\n  + ${original}    got`,
      );
    }
  });

  test('a file leaked, or not', () => {
    const trace = recorded(file);
    const original = trace.unreleased_files_at_end;
    trace.unreleased_files_at_end += 1;
    const result = replay(trace);
    expect(result.passed).toBe(false);
    expect(result.difference).toBe(
      `at the end: unreleased_files_at_end\n  - ${original + 1}    expected\n  + ${original}    got`,
    );
  });
});

describe.each(GENERATIONS)('with %s, a replay notices', (generation) => {
  test('an errno of another name', () => {
    const trace = recorded(`resume-refused-magic.${generation}.json`);
    const { step, index } = calls(trace).find(({ step: candidate }) => candidate.result['errno'] !== undefined)!;
    expect(step.result['errno']).toBe('EFAULT');
    step.result['errno'] = 'EINVAL';
    expect(shortcomings(trace, { step: index, expected: 'EINVAL', got: 'EFAULT' })).toEqual([]);
  });

  test('an errno that does not come', () => {
    const trace = recorded(`precopy-full.${generation}.json`);
    const { step, index } = calls(trace).find(({ step: candidate }) => candidate.call === 'read')!;
    step.result['errno'] = 'EIO';
    expect(shortcomings(trace, { step: index, expected: 'EIO', got: '(nothing)' })).toEqual([]);
  });

  test('another return value', () => {
    const trace = recorded(`precopy-full.${generation}.json`);
    const { step, index } = calls(trace).find(({ step: candidate }) => candidate.call === 'read')!;
    step.result['ret'] = 41;
    expect(shortcomings(trace, { step: index, expected: '- 41 ', got: '+ 40 ' })).toEqual([]);
  });

  test('any byte of an image that is read', () => {
    const file = `plain-stop-copy.${generation}.json`;
    for (let at = 0; at < 176; at++) {
      const trace = recorded(file);
      const { step, index } = calls(trace).find(({ step: candidate }) => candidate.result_len === 176)!;
      const original = step.data_hex!;
      const digit = original[2 * at] === '0' ? '1' : '0';
      step.data_hex = `${original.slice(0, 2 * at)}${digit}${original.slice(2 * at + 1)}`;
      expect(shortcomings(trace, { step: index, expected: step.data_hex, got: original })).toEqual([]);
    }
  });

  test('an image cut short, or not given at all', () => {
    const trace = recorded(`plain-stop-copy.${generation}.json`);
    const { step, index } = calls(trace).find(({ step: candidate }) => candidate.result_len === 176)!;
    const original = step.data_hex!;
    step.data_hex = original.slice(2);
    expect(shortcomings(trace, { step: index, expected: step.data_hex, got: original })).toEqual([]);
    delete step.data_hex;
    expect(shortcomings(trace, { step: index, expected: /^ {2}- {5}expected$/, got: original })).toEqual([]);
  });

  test('a byte of an image that is written, at the register that it belongs to', () => {
    const trace = recorded(`resume-full.${generation}.json`);
    const write = calls(trace).find(({ step: candidate }) => candidate.call === 'write')!.step;
    const at = 60; // page_size, register 0x34
    const digit = write.data_hex![2 * at] === '0' ? '1' : '0';
    write.data_hex = `${write.data_hex!.slice(0, 2 * at)}${digit}${write.data_hex!.slice(2 * at + 1)}`;
    const { step } = find(trace, (access) => access[1] === 'w' && access[3] === '0x34');
    expect(shortcomings(trace, { step, expected: 'bit 0x34 =', got: 'bit 0x34 =' })).toEqual([]);
  });

  test.each([
    ['a read fewer', -1],
    ['a read more', 1],
  ])('%s in a folded run', (_, by) => {
    const trace = recorded(`cache-wb-slow.${generation}.json`);
    const { access, step } = find(trace, (candidate) => candidate.length === 7);
    access[6]!.repeat += by;
    const result = replay(trace);
    expect(result.passed).toBe(false);
    expect(result.difference).toMatch(new RegExp(`^step ${step + 1}: set_state to=STOP, access \\d+:`));
    expect(result.difference).toMatch(/^ {2}- .* expected$/m);
    expect(result.difference).toMatch(/^ {2}\+ .* got$/m);
  });

  test('another rhythm of a folded run', () => {
    const trace = recorded(`cache-wb-slow.${generation}.json`);
    const { access, step } = find(trace, (candidate) => candidate.length === 7);
    const run = access[6]!;
    run.every_us += 1;
    const start = access[5];
    expect(shortcomings(trace, { step, expected: /\(read 2 of \d+\)/, got: ` at ${start + 10} us` })).toEqual([]);
  });

  test('nothing where a folded run is written out read by read', () => {
    const trace = recorded(`cache-wb-slow.${generation}.json`);
    const { access, step, at } = find(trace, (candidate) => candidate.length === 7);
    const { repeat, every_us: everyUs } = access[6]!;
    expect(repeat).toBeGreaterThan(3);
    const single = Array.from({ length: repeat }, (_, i): Writable<RecordedAccess> => {
      const [fn, op, width, offset, value, timeUs] = access;
      return [fn, op, width, offset, value, timeUs + i * everyUs];
    });
    trace.steps[step]!.mmio.splice(at, 1, ...single);
    expect(replay(trace).passed).toBe(true);
  });
});

/** Every field of an access, changed so that no driver can have made it. */
const FIELDS: readonly (readonly [string, (access: Writable<RecordedAccess>) => void])[] = [
  ['function', (access) => (access[0] = access[0] === 'pf' ? 'vf' : 'pf')],
  ['direction', (access) => (access[1] = access[1] === 'r' ? 'w' : 'r')],
  ['width', (access) => (access[2] = access[2] === 4 ? 8 : 4)],
  ['offset', (access) => (access[3] = Number(access[3]) ^ 4)],
  ['value', (access) => (access[4] = flipped(access[4]))],
  ['time', (access) => (access[5] += 1)],
];

describe.each(['precopy-full.linux-6.12.117.json', 'resume-full.upstream-2026.json'])('in %s', (file) => {
  test.each(FIELDS)('no access can have another %s', (_, change) => {
    const trace = recorded(file);
    let planted = 0;
    for (const { step, index } of calls(trace)) {
      for (const [at, access] of step.mmio.entries()) {
        const changed: Writable<RecordedAccess> = [...access];
        change(changed);
        step.mmio[at] = changed;
        const result = replay(trace);
        expect(result.passed).toBe(false);
        expect(result.difference).toContain(`step ${index + 1}: `);
        expect(result.difference).toContain(`, access ${at + 1}:`);
        step.mmio[at] = access;
        planted += 1;
      }
    }
    expect(planted).toBe(calls(trace).reduce((sum, { step }) => sum + step.mmio_count, 0));
    expect(replay(trace).passed).toBe(true);
  });

  test('no word of a wide access can be another', () => {
    const trace = recorded(file);
    let planted = 0;
    for (const { step, index } of calls(trace)) {
      for (const access of step.mmio.filter(([, , width]) => width > 4)) {
        const original = access[4];
        for (let bit = 0; bit < 8 * access[2]; bit += 32) {
          const changed = BigInt(original) ^ (1n << BigInt(bit));
          access[4] = `0x${changed.toString(16)}`;
          expect(replay(trace).difference).toContain(`step ${index + 1}: `);
          planted += 1;
        }
        access[4] = original;
      }
    }
    expect(planted).toBeGreaterThan(10);
    expect(replay(trace).passed).toBe(true);
  });

  test('no access can be left out', () => {
    const trace = recorded(file);
    for (const { step, index } of calls(trace)) {
      for (const [at, access] of step.mmio.entries()) {
        step.mmio.splice(at, 1);
        const result = replay(trace);
        expect(result.passed).toBe(false);
        expect(result.difference).toContain(`step ${index + 1}: `);
        step.mmio.splice(at, 0, access);
      }
    }
    expect(replay(trace).passed).toBe(true);
  });
});

test('a replay of any trace notices any access that is another one, wherever it is', () => {
  const random = new Random(SEED);
  const seen = new Set<string>();
  for (let drawn = 0; drawn < 250; drawn++) {
    const file = FILES[random.below(FILES.length)]!;
    const trace = recorded(file);
    const withAccesses = calls(trace).filter(({ step }) => step.mmio.length > 0);
    if (withAccesses.length === 0) continue;
    const { step, index } = withAccesses[random.below(withAccesses.length)]!;
    const at = random.below(step.mmio.length);
    const [field, change] = FIELDS[random.below(FIELDS.length)]!;
    change(step.mmio[at]!);
    const { passed, difference } = replay(trace);
    expect({ file, index, at, field, passed }).toMatchObject({ passed: false });
    expect(difference).toContain(`step ${index + 1}: `);
    seen.add(trace.driver);
  }
  expect(seen.size).toBe(GENERATION_IDS.length - UNRECORDED.length);
});
