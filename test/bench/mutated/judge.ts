/**
 * Holds a parser to its word: it takes an input, or refuses it in a sentence, within bounds of time and memory.
 */
import type { Parser } from '../../../bench/parsers.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { MIB } from '../../../sim/base/units.ts';

export interface Bounds {
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

export const BOUNDS: Bounds = { cpuMs: 1000, memoryBytes: 200 * MIB };

/** Characters of a refusal. */
const SENTENCE_MAX = 4000;
/** Words of libraries and of the engine. */
const FOREIGN =
  /Unexpected (?:token|end)|in JSON at|ZodError|YAML\w*Error|\bat \S+\.[jt]s:\d+|\[object \w+\]|\bundefined\b/;
/** A terminal would obey them. Lists in hints have lines. */
const CONTROL = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/; // oxlint-disable-line no-control-regex

export interface Judgement {
  readonly taken: boolean;
  readonly cpuMs: number;
}

/** @throws Error for anything but an input that is taken or refused in a sentence, within the bounds */
export function judged(parser: Parser, bytes: Uint8Array, bounds: Bounds = BOUNDS): Judgement {
  const [highest, resident] = [highestBytes(), process.memoryUsage.rss()];
  const started = process.cpuUsage();
  const refused = refusalOf(parser, bytes);
  const { user, system } = process.cpuUsage(started);
  const cpuMs = (user + system) / 1000;
  const highestNow = highestBytes();
  // What it took at most is known where it took more than anything before.
  const memoryBytes = highestNow > highest ? highestNow - resident : 0;
  if (cpuMs > bounds.cpuMs) throw new Error(`${bytes.length} bytes take ${cpuMs} ms of CPU`);
  if (memoryBytes > bounds.memoryBytes) throw new Error(`${bytes.length} bytes take ${memoryBytes} bytes of memory`);
  if (refused !== null) checkSentence(refused);
  return { taken: refused === null, cpuMs };
}

function highestBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

function refusalOf(parser: Parser, bytes: Uint8Array): UserError | null {
  try {
    parser.parse(bytes);
    return null;
  } catch (error) {
    if (error instanceof UserError && error.kind === 'input') return error;
    throw error;
  }
}

function checkSentence({ message, hint = '' }: UserError): void {
  const said = `${message}\n${hint}`;
  if (message.trim() === '') throw new Error('a refusal says nothing');
  if (said.length > SENTENCE_MAX) throw new Error(`a refusal has ${said.length} characters: ${said.slice(0, 300)}…`);
  if (CONTROL.test(said)) throw new Error(`a refusal has control characters: ${JSON.stringify(said)}`);
  if (FOREIGN.test(said)) throw new Error(`a refusal has words of others: ${said}`);
}
