/**
 * Options that `stopcopy send` and `stopcopy receive` share: the VM, which must be alike on both sides.
 */
import type { Command } from 'commander';

import { ACCELERATOR_KINDS, type AcceleratorKind } from '../../../sim/abi/accelerators.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { DEFAULT_GENERATION, GENERATION_IDS, type GenerationId } from '../../../sim/driver/generation.ts';
import { InputFile } from '../file-options.ts';
import { integer, oneName } from '../options.ts';
import { readSharedKey } from '../../../workers/transport/encryption.ts';
import { type Endpoint, isLocal, tcpEndpoint, unixEndpoint } from '../../../workers/transport/endpoint.ts';

export interface VmFlags {
  readonly accelerator: AcceleratorKind;
  readonly queuePairs: number;
  readonly driver: GenerationId;
  readonly runMs: number;
  readonly idleMs: number;
}

const QUEUE_PAIRS_MAX = 1024;
const RUN_MS_MAX = 3_600_000;

/** Adds the options of the VM. */
export function vmOptions(command: Command): Command {
  return command
    .option('--accelerator <name>', ACCELERATOR_KINDS.join(', '), oneName('--accelerator', ACCELERATOR_KINDS), 'zip')
    .option(
      '--queue-pairs <n>',
      `queue pairs of the VF, 1 to ${QUEUE_PAIRS_MAX}; alike on both sides`,
      integer('--queue-pairs', 1, QUEUE_PAIRS_MAX),
      16,
    )
    .option('--driver <generation>', GENERATION_IDS.join(', '), oneName('--driver', GENERATION_IDS), DEFAULT_GENERATION)
    .option('--run-ms <n>', 'how long the guest works on this side, in ms', integer('--run-ms', 0, RUN_MS_MAX), 500)
    .option(
      '--idle-ms <n>',
      'silence after which the other side counts as gone, in ms',
      integer('--idle-ms', 50, 600_000),
      5000,
    );
}

export interface PlaceFlags {
  readonly socket?: string;
  readonly keyFile?: string;
  readonly plain?: boolean;
}

/** Adds the options that say how a place is guarded. */
export function guardOptions(command: Command): Command {
  return command
    .addOption(
      new InputFile(
        '--key-file <file>',
        'encrypt with the key in this file, 64 hexadecimal digits; the same on both sides',
      ),
    )
    .option('--plain', 'do not encrypt, though the place can be reached from other machines');
}

/**
 * The one place that was named, with its key.
 *
 * @param tcpOption name of the option for a host and a port
 * @throws UserError when none was named, or both; when it is open to other machines and nothing is said of a key
 */
export function endpointOf(
  { socket, keyFile, plain = false }: PlaceFlags,
  tcpOption: string,
  tcp: string | undefined,
): Endpoint {
  const place = placeOf(socket, tcpOption, tcp);
  if (plain && keyFile !== undefined) {
    throw new UserError('usage', '--plain and --key-file contradict each other', 'Give one of them.');
  }
  if (keyFile !== undefined) return { ...place, key: readSharedKey('--key-file', keyFile) };
  if (plain || isLocal(place)) return place;
  throw new UserError(
    'usage',
    `${tcpOption} ${tcp} can be reached from other machines, and nothing says how it is guarded`,
    'Give --key-file FILE on both sides (make one with: openssl rand -hex 32 > FILE; chmod 600 FILE), or --plain for no encryption.',
  );
}

function placeOf(socket: string | undefined, tcpOption: string, tcp: string | undefined): Endpoint {
  if (socket !== undefined && tcp === undefined) return unixEndpoint('--socket', socket);
  if (tcp !== undefined && socket === undefined) return tcpEndpoint(tcpOption, tcp);
  const wrong = socket === undefined ? 'a place is missing' : `--socket and ${tcpOption} name two places`;
  throw new UserError('usage', wrong, `Give either --socket PATH or ${tcpOption} HOST:PORT.`);
}
