import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../../sim/base/user-error.ts';
import { verifyTrace } from '../../../sim/trace/verify.ts';
import { effort } from '../../effort.ts';

const GOOD = readFileSync(
  fileURLToPath(new URL('../../../traces/precopy-full.upstream-2026.json', import.meta.url)),
  'utf8',
);
const FILE = 'strange.json';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Path = readonly (string | number)[];

function changed(path: Path, value: Json | undefined): string {
  const document = JSON.parse(GOOD) as Json;
  let holder = document as { [key: string]: Json };
  for (const key of path.slice(0, -1)) holder = holder[String(key)] as { [key: string]: Json };
  const last = String(path.at(-1));
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return JSON.stringify(document);
}

function refusal(text: string): UserError {
  try {
    verifyTrace(text, FILE);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('was taken for a trace');
}

/** What is wrong with the refusal of a text: nothing, when it is one sentence that names the file and what is wrong. */
function shortcomings(text: string, named: string): readonly string[] {
  const { kind, message, hint } = refusal(text);
  const found: string[] = [];
  if (kind !== 'input') found.push(`kind ${kind}`);
  if (!message.startsWith(`${FILE}: `)) found.push('does not begin with the file');
  if (!message.includes(named)) found.push(`does not name ${named}`);
  if (message.includes('\n')) found.push('has several lines');
  if (/\bat .*\.ts\b|node:/.test(message)) found.push('shows the stack');
  if (hint === undefined) found.push('has no hint');
  return found.length === 0 ? [] : [...found, message];
}

test('the trace that the tests spoil is a good one', () => {
  expect(verifyTrace(GOOD, FILE).passed).toBe(true);
});

describe('a text that is no trace is refused in one sentence that names the file:', () => {
  test.each([
    ['an empty file', '', 'not JSON'],
    ['a blank file', ' \n', 'not JSON'],
    ['plain text', 'hello', 'not JSON'],
    ['YAML', 'name: x\nsteps: []\n', 'not JSON'],
    ['a truncated trace', GOOD.slice(0, GOOD.length / 2), 'cut short'],
    ['an array', '[]', 'the document'],
    ['a number', '7', 'the document'],
    ['null', 'null', 'the document'],
    ['a text', '"trace"', 'the document'],
    ['a foreign document', '{"version": 3, "sources": []}', 'name'],
  ])('%s', (_, text, named) => {
    expect(shortcomings(text, named)).toEqual([]);
  });

  test('every beginning of a trace', () => {
    for (let length = 0; length < GOOD.trimEnd().length; length += 97)
      expect(shortcomings(GOOD.slice(0, length), 'not JSON')).toEqual([]);
  });
});

describe('a wrong field is named:', () => {
  test.each<[string, Path, Json | undefined, string]>([
    ['no name', ['name'], undefined, 'name '],
    ['no driver', ['driver'], undefined, 'driver '],
    ['a driver nobody knows', ['driver'], 'linux-9.99', 'driver: "linux-9.99"'],
    ['a driver named as something that every object has', ['driver'], 'constructor', 'driver: "constructor"'],
    ['a driver that is no text', ['driver'], 7, 'driver '],
    ['no device', ['device'], undefined, 'device '],
    ['an accelerator nobody knows', ['device', 'kind'], 'gpu', 'device.kind '],
    ['a VF index too high', ['device', 'vf_index'], 63, 'device.vf_index '],
    ['a hardware version that is no number', ['device', 'hw_ver'], 'V3', 'device.hw_ver '],
    ['a register value that is no number', ['device', 'vf_regs', '0x4'], 'abc', 'device.vf_regs.0x4 '],
    ['an unknown mailbox command', ['device', 'mailbox', 'REBOOT'], {}, 'device.mailbox '],
    ['steps that are no list', ['steps'], {}, 'steps '],
    ['a step that is no object', ['steps', 1], 5, 'steps[1]: '],
    ['a step without a call', ['steps', 1, 'call'], undefined, 'steps[1]: call '],
    ['a call without a result', ['steps', 1, 'result'], undefined, 'steps[1]: result '],
    ['a result without a return value', ['steps', 1, 'result', 'ret'], undefined, 'steps[1]: result.ret '],
    ['a time that is no number', ['steps', 1, 't_end_us'], '0', 'steps[1]: t_end_us '],
    ['an access that is no list', ['steps', 1, 'mmio', 2], 'read', 'steps[1]: mmio[2] '],
    ['data that are not hexadecimal', ['steps', 3, 'data_hex'], 'xyz', 'steps[3]: data_hex '],
    ['a call nobody knows', ['steps', 1, 'call'], 'frobnicate', 'steps[1]: call: '],
    ['a state nobody knows', ['steps', 1, 'to'], 'SLEEPING', 'steps[1]: to: '],
    ['a state change to nowhere', ['steps', 1, 'to'], undefined, 'steps[1]: to: '],
    ['a file number that is none', ['steps', 3, 'fd'], 'first', 'steps[3]: fd: '],
    ['a length that is no number', ['steps', 3, 'len'], null, 'steps[3]: len: '],
    ['a negative length', ['steps', 3, 'len'], -1, 'steps[3]: len: '],
    [
      'a change with a bad value',
      ['steps', 1],
      { call: 'device', change: { cqc_bt: 'low' } },
      'steps[1]: change.cqc_bt ',
    ],
  ])('%s', (_, path, value, named) => {
    expect(shortcomings(changed(path, value), named)).toEqual([]);
  });
});

/** All places of a document. */
function places(value: Json, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, child]) => places(child, [...path, key]));
  return path.length === 0 ? inner : [path, ...inner];
}

test('whatever stands in any one place, the answer is a verdict or a refusal, never a crash', () => {
  const all = places(JSON.parse(GOOD) as Json);
  const outside = all.filter((path) => !path.includes('mmio'));
  const strange = fc.oneof(
    fc.constantFrom<Json | undefined>(undefined, null, -1, 0, 1e300, 0.5, '', '0x', '0xfffffffffffff', [], {}, true),
    fc.jsonValue() as fc.Arbitrary<Json>,
  );
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...all), fc.constantFrom(...outside)), strange, (path, value) => {
      let outcome: string;
      try {
        outcome = verifyTrace(changed(path, value), FILE).passed ? 'passed' : 'differs';
      } catch (error) {
        outcome = error instanceof UserError && error.message.startsWith(`${FILE}: `) ? 'refused' : String(error);
      }
      expect(['passed', 'differs', 'refused']).toContain(outcome);
    }),
    { numRuns: effort(200, 1000, 50_000) },
  );
});
