/**
 * An output of which the test reads what was said.
 */
import { PassThrough } from 'node:stream';

import { Output } from '../../bench/io/output.ts';

/** A stream takes no more than this until it is read, and the test reads at the end. */
const ROOMY = { highWaterMark: 2 ** 24 };

export function captured(json: boolean, tty = false, wide = false) {
  const streams = [new PassThrough(ROOMY), new PassThrough(ROOMY)].map((stream) =>
    Object.assign(stream, { isTTY: tty }),
  );
  const [stdout, stderr] = streams as unknown as [NodeJS.WriteStream, NodeJS.WriteStream];
  const text = (stream: NodeJS.WriteStream): string => String((stream as unknown as PassThrough).read() ?? '');
  return { output: new Output(json, stdout, stderr, wide), stdout: () => text(stdout), stderr: () => text(stderr) };
}
