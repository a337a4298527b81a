/**
 * What a question's device offers: its driver's row on this kernel, less what a distribution leaves out, with what the question
 * says of it.
 */
import { UserError } from '../base/user-error.ts';
import { DISTRIBUTIONS, type DriverFact, type DriverId, type DriverRow, driverAt, DRIVERS } from './drivers.ts';
import type { CanQuestion } from './question.ts';
import type { Release } from './release.ts';

type AskedDevice = CanQuestion['devices'][number];

export interface DeviceRow {
  readonly row: DriverRow;
  /** What is neither on record nor said; the row has what is likely. */
  readonly unsure: readonly DriverFact[];
  /** Why another driver's row is in force. */
  readonly note: string | null;
}

/** What the tables say of a driver on a kernel, built by a distribution. */
function recorded(driver: DriverId, kernel: Release, distribution: CanQuestion['distribution']): DeviceRow {
  const row = driverAt(driver, kernel);
  if (distribution !== undefined) {
    const { title, without, unsure }: (typeof DISTRIBUTIONS)[typeof distribution] = DISTRIBUTIONS[distribution];
    const lacks: readonly DriverId[] = without;
    const perhaps: readonly DriverId[] = unsure;
    if (lacks.includes(driver)) {
      const note = `${title} is built without ${driver}: the device gets vfio-pci, which cannot migrate.`;
      return { row: driverAt('vfio-pci', kernel), unsure: [], note };
    }
    if (perhaps.includes(driver)) return { row, unsure: ['migration'], note: null };
  }
  const note =
    row.migration === 'absent'
      ? `Linux ${kernel.join('.')} has no ${driver} (${DRIVERS[driver].title}): the device gets vfio-pci.`
      : null;
  return { row, unsure: row.unsure ?? [], note };
}

/**
 * The row in force for a device of a question.
 *
 * @param kernel release of the hosts' kernel
 */
export function deviceRow(device: AskedDevice, kernel: Release, distribution: CanQuestion['distribution']): DeviceRow {
  const { row, unsure, note } = recorded(device.driver, kernel, distribution);
  const { migrates, offers } = device;
  const migration = migrates ?? (offers !== undefined && unsure.includes('migration') ? true : undefined);
  if (migration === false) return { row: { ...driverAt('vfio-pci', kernel), source: row.source }, unsure: [], note };
  return {
    row: {
      ...row,
      migration: migration === true ? 'stop-copy' : row.migration,
      p2p: offers?.p2p ?? row.p2p,
      preCopy: offers?.preCopy ?? row.preCopy,
      dmaLog: offers?.dmaLog ?? row.dmaLog,
    },
    unsure: unsure.filter((fact) => (fact === 'migration' ? migration : offers?.[fact]) === undefined),
    note,
  };
}

/**
 * Checks that a question says of its devices nothing that the tables rule out.
 *
 * @param kernels the kernels that the question leaves possible
 * @throws UserError of kind `input`
 */
export function checkDevices({ devices, distribution }: CanQuestion, kernels: readonly Release[]): void {
  for (const [index, device] of devices.entries()) {
    const { driver, migrates, offers } = device;
    const rows = kernels.map((kernel) => recorded(driver, kernel, distribution));
    const possible = (fact: DriverFact, has: (row: DriverRow) => boolean): boolean =>
      rows.some(({ row, unsure }) => has(row) || unsure.includes(fact));
    const field = `devices[${index}]`;
    const refuse = (said: string, fact: string): never => {
      const fix = 'Leave it out: the tables have what this driver offers.';
      throw new UserError('input', `${field}.${said} is true, and ${driver} has no ${fact} on this kernel`, fix);
    };
    if (migrates === true && !possible('migration', (row) => row.migration === 'stop-copy'))
      refuse('migrates', 'migration');
    if (offers?.p2p === true && !possible('p2p', (row) => row.p2p)) refuse('offers.p2p', 'P2P states');
    // Where P2P of a driver is not on record, PRE_COPY is not either.
    if (offers?.preCopy === true && !possible('p2p', (row) => row.preCopy)) refuse('offers.preCopy', 'PRE_COPY');
    if (offers?.dmaLog === true && !possible('dmaLog', (row) => row.dmaLog)) refuse('offers.dmaLog', 'DMA logging');
    if (migrates === false && offers !== undefined && Object.values(offers).includes(true)) {
      throw new UserError(
        'input',
        `${field}.migrates is false, and ${field}.offers says what the migration offers`,
        'Leave one of them out.',
      );
    }
  }
}
