/**
 * A recorded rate of writing from a CSV file: seconds from its start, and the bytes of memory written per second from then on.
 */
import { shortened, UserError } from '../../../sim/base/user-error.ts';
import { NS_PER_S } from '../../../sim/base/units.ts';
import type { RateRecord } from '../../../sim/converge/workload-class.ts';

const HEAD = 'seconds,bytesPerSecond';
const EXAMPLE = `The first line is ${HEAD}; then as in 0,120000000 and 1.5,80000000.`;
const ROWS_MAX = 1_000_000;

/**
 * @param path as the user wrote it, used in messages
 * @throws UserError of kind `input`, naming the line
 */
export function parseRates(text: string, path: string): RateRecord {
  const lines = text.split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  const [head = '', ...rows] = lines;
  if (head.replaceAll(' ', '') !== HEAD) {
    throw new UserError('input', `${path}: line 1 is '${shortened(head)}'`, EXAMPLE);
  }
  if (rows.length < 2 || rows.length > ROWS_MAX) {
    throw new UserError('input', `${path}: has ${rows.length} rates, allowed are 2 to ${ROWS_MAX}`, EXAMPLE);
  }
  const timesNs: number[] = [];
  const bytesPerSecond: number[] = [];
  for (const [index, line] of rows.entries()) {
    const wrong = (what: string, allowed: string): never => {
      throw new UserError('input', `${path}: line ${index + 2}: ${what}`, allowed);
    };
    const cells = line.split(',', 3).map((cell) => cell.trim());
    if (cells.length !== 2) wrong(`'${shortened(line)}' has ${cells.length} fields, allowed are 2`, EXAMPLE);
    const seconds = decimal(cells[0]!);
    const rate = decimal(cells[1]!);
    const before = timesNs.at(-1);
    if (Number.isNaN(seconds)) wrong(`the time is '${shortened(cells[0]!)}'`, 'Seconds from 0 on, such as 1.5.');
    if (Number.isNaN(rate)) wrong(`the rate is '${shortened(cells[1]!)}'`, 'Bytes per second, 0 or more.');
    if (before === undefined && seconds !== 0) wrong(`the first time is ${seconds}`, 'It has to be 0.');
    const timeNs = seconds * NS_PER_S;
    if (before !== undefined && timeNs <= before)
      wrong(`the time ${seconds} is not after the one above`, 'Sort the lines by time.');
    timesNs.push(timeNs);
    bytesPerSecond.push(rate);
  }
  if (bytesPerSecond.every((rate) => rate === 0)) throw new UserError('input', `${path}: all rates are 0`, EXAMPLE);
  return { timesNs, bytesPerSecond };
}

function decimal(text: string): number {
  const value = /^\d+(?:\.\d+)?(?:e\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
}
