/**
 * Files of a driver's trace as one: traces of a host, maps of its addresses, and its lspci or sysfs; and the captures of VFs
 * that follow from them.
 */
import { basename } from 'node:path';

import { type Capture, isCapture, parseCapture } from '../../../sim/trace/capture.ts';
import { isRegularFile, sourceOfFile } from '../../import/lines.ts';
import { type DriverTrace, driverTrace } from '../../import/driver/trace.ts';
import { type Foreign, type ForeignFile, kindOfFile, readForeign } from '../../import/readers.ts';
import { readInputText } from '../../io/input-file.ts';
import { callsOf } from './calls.ts';
import { captureOf } from './capture-of.ts';
import { streamsOf } from './streams.ts';

/**
 * Brings files together.
 *
 * @param files of a driver, and of the machine that it ran on
 * @throws UserError of kind `input` for maps of two hosts
 */
export function traceOf(files: readonly ForeignFile[]): DriverTrace {
  const of = <Kind extends 'driver' | 'machine'>(kind: Kind): readonly Foreign<Kind>[] =>
    files.filter((each): each is Foreign<Kind> & ForeignFile => each.kind === kind);
  return driverTrace(
    of('driver').map(({ file, reader, ...reading }) => ({ file, reader, reading })),
    of('machine').flatMap(({ facts }) => facts.functions.map((each) => each.facts)),
  );
}

/** Name of a capture, after the file that has it. */
export function captureName(path: string): string {
  return basename(path).replaceAll(/\W+/g, '-');
}

/** A VF of a trace, with the file that it is named after. */
export interface FileCapture {
  readonly file: string;
  readonly capture: Capture;
}

/** What files of a driver have, and those that are none. */
export interface DriverInputs {
  readonly captures: readonly FileCapture[];
  /** What the texts say together; null: there are none. */
  readonly trace: DriverTrace | null;
  readonly rest: readonly string[];
}

/**
 * Takes what is of a driver out of a list of paths.
 *
 * @throws UserError of kind `input` for a captured trace that is damaged, or for files of two hosts
 */
export function driverInputs(paths: readonly string[]): DriverInputs {
  const captures: FileCapture[] = [];
  const texts: string[] = [];
  const rest: string[] = [];
  for (const path of paths) {
    if (!isRegularFile(path)) rest.push(path);
    else if (isCapture(sourceOfFile(path).head)) {
      captures.push({ file: path, capture: parseCapture(readInputText(path), path) });
    } else if (path.endsWith('.json')) rest.push(path);
    else {
      const kind = kindOfFile(path);
      (kind === 'driver' || kind === 'machine' ? texts : rest).push(path);
    }
  }
  if (texts.length === 0) return { captures, trace: null, rest };
  const trace = traceOf(texts.map((path) => readForeign(path)));
  const file = trace.files[0]?.file ?? texts[0]!;
  const read = streamsOf(trace).vfs.map((vf) => ({
    file,
    capture: captureOf(captureName(file), trace, vf, callsOf(vf)),
  }));
  return { captures: [...captures, ...read], trace, rest };
}
