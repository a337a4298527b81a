/**
 * The cause of a move's end in words: the same for every command.
 */
import { formatGigabytes, formatNs } from '../base/units.ts';
import type { Writers } from './dirty.ts';
import { KUBEVIRT_GATES } from './kubevirt-manager.ts';
import { MANAGERS } from './manager.ts';
import type { MoveCause } from './outcome.ts';

/** The rule that ended the move or forced the stop; empty where there was none. */
export function reasonPhrase(cause: MoveCause, isForced: boolean): string {
  const { reason, manager, timeoutNs, progressTimeoutNs } = cause;
  const { title, logs } = MANAGERS[manager];
  switch (reason) {
    case 'timeout': {
      const said = (isForced ? logs.forced : logs.cancelled)?.(cause);
      return `${title} allows it ${formatNs(timeoutNs)}${said === undefined ? '' : ` ('${said}')`}`;
    }
    case 'no progress':
      return `${title} gives up when remaining memory does not fall for ${formatNs(progressTimeoutNs)}`;
    case 'iterations':
      return 'its last iteration was over';
    case 'stall':
      return `${title} saw remaining memory stall: it no longer fell below its least`;
    case 'switchover':
      return `${title} had raised the limit, and allows ${formatNs(KUBEVIRT_GATES.stall.switchoverTimeoutNs)} until the VM is stopped`;
    default:
      return '';
  }
}

/** The writers of memory with verbs: of a rate in bytes, of a constraint on it, of what was left. */
export const WRITER_WORDS: Readonly<Record<Writers, { dirties: string; rate: string; left: string }>> = {
  guest: { dirties: 'the guest dirties', rate: 'dirty rate of the guest', left: 'the guest left' },
  devices: { dirties: 'its devices write', rate: 'dirty rate of its devices', left: 'its devices left' },
  both: {
    dirties: 'the guest and its devices write',
    rate: 'dirty rate of the guest and its devices',
    left: 'the guest and its devices left',
  },
  untracked: {
    dirties: 'each dirty-bitmap sync reports all memory,',
    rate: 'rate that dirty-bitmap syncs report',
    left: 'the dirty-bitmap sync left',
  },
};

/** What kept the VM from being stopped within its downtime limit, with the figures that decide; empty: nothing did. */
export function blockerPhrase(cause: MoveCause): string {
  const { blocker, writers, deviceBytes, fitsBytes, leftBytes, limitNs } = cause;
  const { carriedBytesPerSecond, dirtiedBytesPerSecond } = cause;
  const carried = `the stream carries ${bytesPhrase(carriedBytesPerSecond)} per second`;
  switch (blocker) {
    case 'none':
      return '';
    case 'device state':
      return (
        `its devices have ${bytesPhrase(deviceBytes)} of state, and ${bytesPhrase(fitsBytes)} fit into a downtime ` +
        `limit of ${formatNs(limitNs)}`
      );
    case 'first pass':
      return `memory had not been sent once: ${bytesPhrase(leftBytes)} were left, and ${carried}`;
    case 'guest writes':
      return (
        `${WRITER_WORDS[writers].dirties} ${bytesPhrase(dirtiedBytesPerSecond)} per second, and ${carried}: ` +
        `${bytesPhrase(leftBytes)} were left, and ${bytesPhrase(fitsBytes)} fit into a downtime limit of ${formatNs(limitNs)}`
      );
    case 'more iterations':
      return `iterations still got smaller: ${bytesPhrase(leftBytes)} were left, and ${bytesPhrase(fitsBytes)} fit into the downtime limit`;
    default:
      return 'its pause was under way';
  }
}

/** Bytes in GB, or in MB where they are few. */
export function bytesPhrase(bytes: number): string {
  return bytes >= 1e9 ? formatGigabytes(bytes) : `${Number((bytes / 1e6).toPrecision(3))} MB`;
}
