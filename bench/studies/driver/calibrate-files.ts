/**
 * Files of traces as a cost table.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import type { CostFile } from '../../../sim/device/cost-file.ts';
import { NS_PER_US } from '../../../sim/base/units.ts';
import { isRegularFile } from '../../import/lines.ts';
import type { MoveFacts } from '../../import/move/facts.ts';
import { kindOfFile, readForeignOf } from '../../import/readers.ts';
import { readInputText } from '../../io/input-file.ts';
import { calibrate, type SeenArc } from './calibrate.ts';
import { callsOfCapture, captureName, driverInputs } from './read-driver.ts';

export interface Calibration {
  readonly table: CostFile;
  /** What does not fit. */
  readonly findings: readonly string[];
}

/** Arcs of a move whose begin and end QEMU traced. */
function arcsOfMove({ devices }: MoveFacts): readonly SeenArc[] {
  return devices.flatMap((device) => device.arcs).flatMap(({ to, tookUs }) => (tookUs === null ? [] : [{ to, ns: Math.round(tookUs * NS_PER_US) }])); // prettier-ignore
}

/** @throws UserError of kind `input` for a file that is no trace of a driver, or traces without times */
export function calibrateFiles(paths: readonly string[], name?: string): Calibration {
  const { captures, trace, rest } = driverInputs(paths);
  const logs = rest.filter((path) => isRegularFile(path) && kindOfFile(path) === 'move').map((path) => readForeignOf('move', path)); // prettier-ignore
  const arcs = logs.flatMap(({ facts }) => facts.moves.flatMap(arcsOfMove));
  const timeless = logs.find(({ facts }) => facts.moves.every((move) => arcsOfMove(move).length === 0));
  if (timeless !== undefined) {
    throw new UserError('input', `${timeless.file}: has no time of a change of state (it was read as ${timeless.format})`, "QEMU 9.1 and newer trace it: -trace 'vfio_*' -msg timestamp=on."); // prettier-ignore
  }
  const stranger = rest.find((path) => !logs.some(({ file }) => file === path));
  if (stranger !== undefined) {
    readInputText(stranger);
    throw new UserError('input', `${stranger}: is no trace of a driver that is recognised`, 'stopcopy import --collect driver prints what to record.'); // prettier-ignore
  }
  const all = [...logs.flatMap(({ file, findings: own }) => own.map((each) => ({ file, ...each }))), ...(trace?.files ?? []).flatMap(({ file, reading }) => reading.findings.map((each) => ({ file, ...each }))), ...(trace?.findings ?? [])]; // prettier-ignore
  const table = calibrate(
    {
      files: paths,
      calls: captures.map(({ capture }) => callsOfCapture(capture)),
      functions: trace?.functions ?? [],
      arcs,
      hasLosses: captures.some(({ capture }) => capture.capture.lostEvents !== 0),
      timeless: captures.some(({ capture }) => capture.capture.lacks.includes('times')),
    },
    name ?? captureName(paths[0]!).replace(/^-+/, ''),
  );
  const findings = all
    .filter(({ kind }) => kind === 'warning')
    .map(({ file, line, text }) => (line === undefined ? `${file}: ${text}` : `${file}:${line}: ${text}`));
  return { table, findings };
}
