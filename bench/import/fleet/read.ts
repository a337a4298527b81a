/**
 * Files of fleets: which format a text is in, and what is in it.
 */
import { headOfFile, linesOfFile } from '../lines.ts';
import type { Reader, Reading } from '../reader.ts';
import type { FleetFile } from './facts.ts';
import { KUBEVIRT_VMIS } from './kubevirt.ts';
import { PROXMOX_VMS } from './proxmox.ts';

const FLEET_READERS: readonly Reader<FleetFile, 'fleet'>[] = [KUBEVIRT_VMIS, PROXMOX_VMS];

/** Words of `--as`. */
export const FLEET_FORMATS: readonly string[] = FLEET_READERS.map(({ id }) => id);

/** A reader that is less sure is none for the text. */
const SURE_MIN = 0.5;

export interface FleetReading extends Reading<FleetFile> {
  /** Word of `--as`. */
  readonly reader: string;
}

/**
 * Reads a list of VMs; undefined: no reader knows the file.
 *
 * @param as word of `--as`; default: the text is recognised
 * @throws UserError of kind `input` for a file that cannot be read
 */
export function readFleetFile(path: string, as?: string): FleetReading | undefined {
  const head = headOfFile(path);
  const reader = FLEET_READERS.find((each) => (as === undefined ? each.sniff(head) >= SURE_MIN : each.id === as));
  return reader === undefined ? undefined : { ...reader.read(linesOfFile(path), path), reader: reader.id };
}
