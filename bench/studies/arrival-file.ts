/**
 * Recorded arrivals from a file: a line of text for each job. docs/workload.md has the format.
 */
import { shortened, UserError } from '../../sim/base/user-error.ts';
import type { RecordedArrivals } from '../../sim/workload/client-load.ts';
import { readInputText } from '../io/input-file.ts';

const HEAD = 'time_ns,queue,job';
const EXAMPLE = `The first line is ${HEAD}; then as in 1500,0,deflate.`;

/** Reads a file. @param jobs names of the kinds of jobs, in the order of the VF's mix */
export function readArrivalFile(path: string, jobs: readonly string[]): RecordedArrivals {
  return parseArrivals(readInputText(path), path, jobs);
}

/**
 * @param path as the user wrote it, used in messages
 * @throws UserError of kind `input`, naming the line
 */
export function parseArrivals(text: string, path: string, jobs: readonly string[]): RecordedArrivals {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const [head = ''] = lines;
  if (head.replaceAll(' ', '') !== HEAD)
    throw new UserError('input', `${path}: line 1 is '${shortened(head)}'`, EXAMPLE);
  const count = lines.length - 1;
  const arrivals = { timesNs: new Float64Array(count), queues: new Uint32Array(count), kinds: new Uint8Array(count) };
  for (let i = 0; i < count; i++) {
    const line = lines[i + 1]!;
    const cells = line.split(',', 4).map((cell) => cell.trim());
    const wrong = (what: string, allowed: string): never => {
      throw new UserError('input', `${path}: line ${i + 2}: ${what}`, allowed);
    };
    if (cells.length !== 3) wrong(`'${shortened(line)}' has ${cells.length} fields, allowed are 3`, EXAMPLE);
    const [time = '', queue = '', job = ''] = cells;
    const timeNs = wholeNumber(time);
    if (Number.isNaN(timeNs)) wrong(`the time is '${shortened(time)}'`, 'Whole nanoseconds from the start, from 0 on.');
    const before = i === 0 ? 0 : arrivals.timesNs[i - 1]!;
    if (timeNs < before) wrong(`the time ${timeNs} is before the one above, ${before}`, 'Sort the lines by time.');
    const queueNumber = wholeNumber(queue);
    if (!(queueNumber <= 0xffff_ffff)) wrong(`the queue is '${shortened(queue)}'`, 'A whole number from 0 on.');
    const kind = jobs.indexOf(job);
    if (kind < 0) wrong(`the job '${shortened(job)}' is not in the mix`, `One of ${jobs.join(', ')}.`);
    arrivals.timesNs[i] = timeNs;
    arrivals.queues[i] = queueNumber;
    arrivals.kinds[i] = kind;
  }
  return arrivals;
}

function wholeNumber(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : Number.NaN;
}
