/**
 * Files of traces as a cost table.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import type { CostFile } from '../../../sim/device/cost-file.ts';
import { readInputText } from '../../io/input-file.ts';
import { calibrate } from './calibrate.ts';
import { callsOfCapture, captureName, driverInputs } from './read-driver.ts';

export interface Calibration {
  readonly table: CostFile;
  /** What does not fit. */
  readonly findings: readonly string[];
}

/** @throws UserError of kind `input` for a file that is no trace of a driver, or traces without times */
export function calibrateFiles(paths: readonly string[], name?: string): Calibration {
  const { captures, trace, rest } = driverInputs(paths);
  const [stranger] = rest;
  if (stranger !== undefined) {
    readInputText(stranger);
    throw new UserError('input', `${stranger}: is no trace of a driver that is recognised`, 'stopcopy import --collect driver prints what to record.'); // prettier-ignore
  }
  const all = [...(trace?.files ?? []).flatMap(({ file, reading }) => reading.findings.map((each) => ({ file, ...each }))), ...(trace?.findings ?? [])]; // prettier-ignore
  const table = calibrate(
    {
      files: paths,
      calls: captures.map(({ capture }) => callsOfCapture(capture)),
      functions: trace?.functions ?? [],
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
