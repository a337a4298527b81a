/**
 * Files of a driver's trace as one: traces of a host, maps of its addresses, and its lspci or sysfs; and the captures of VFs
 * that follow from them.
 */
import { basename } from 'node:path';

import { NS_PER_US } from '../../../sim/base/units.ts';
import { type Capture, isCapture, parseCapture } from '../../../sim/trace/capture.ts';
import { isRegularFile, sourceOfFile } from '../../import/lines.ts';
import { type DriverTrace, driverTrace, type RegisterAccess } from '../../import/driver/trace.ts';
import { type Foreign, type ForeignFile, kindOfFile, readForeign } from '../../import/readers.ts';
import { readInputText } from '../../io/input-file.ts';
import { callsOf, type InferredCall } from './calls.ts';
import { captureOf } from './capture-of.ts';
import { phasesOf } from './phases.ts';
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

/** The calls of a captured trace. */
export function callsOfCapture({ steps }: Capture): readonly InferredCall[] {
  return steps.map(({ call, to, from, segment = 0, t_start_us, t_end_us, mmio, ...rest }): InferredCall => {
    const line = typeof rest['line'] === 'number' ? rest['line'] : 1;
    const accesses = mmio.map((access) => accessOf(access, segment));
    return {
      call: call === 'set_state' || call === 'write' ? call : 'other',
      ...(to === undefined ? {} : { to }),
      from,
      startNs: nsOf(t_start_us),
      endNs: nsOf(t_end_us),
      phases: phasesOf(accesses),
      segment,
      task: 0,
      line,
    };
  });
}

function nsOf(us: number): number {
  return Math.round(us * NS_PER_US);
}

function accessOf(
  [fn, op, width, offset, value, us, { end_us, line = 1 }]: Capture['steps'][number]['mmio'][number],
  segment: number,
): RegisterAccess {
  return {
    fn,
    op,
    width,
    offset: Number(offset),
    address: 0,
    physical: false,
    value,
    // Without its end it is not known which of the two events is lost: the time is no begin then.
    startNs: end_us === undefined ? null : nsOf(us),
    endNs: end_us === undefined ? null : nsOf(end_us),
    cpu: 0,
    task: 0,
    line,
    segment,
    window: CAPTURED,
    file: '',
  };
}

/** Captured accesses have their offsets: the window is not needed again. */
const CAPTURED = { role: 'other', base: 0, bytes: 0, physical: false, inferred: false } as const;
