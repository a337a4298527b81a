/**
 * Files of a driver's trace as one: traces of a host, maps of its addresses, and its lspci or sysfs.
 */
import { type DriverTrace, driverTrace } from '../../import/driver/trace.ts';
import type { Foreign, ForeignFile } from '../../import/readers.ts';

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
