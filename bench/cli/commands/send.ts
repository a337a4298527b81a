/**
 * `stopcopy send`: a VM with a VF under load, moved live into another process.
 */
import type { Command } from 'commander';

import { LOAD_NAMES, type LoadName } from '../../../sim/workload/load.ts';
import { CHANNELS_MAX, CHUNK_BYTES_MAX, CHUNK_BYTES_MIN } from '../../../workers/transport/wire.ts';
import { EXIT } from '../../io/exit-status.ts';
import { type CommandContext, examples, helpText, JSON_OPTION } from '../context.ts';
import { integer, oneName, renamedOption } from '../options.ts';
import { endpointOf, guardOptions, type PlaceFlags, type VmFlags, vmOptions } from './move-options.ts';
import { KIB } from '../../../sim/base/units.ts';
import { DEFAULT_IN_FLIGHT, IN_FLIGHT_MODES, type InFlight } from '../../../sim/abi/in-flight.ts';

interface SendFlags extends VmFlags, PlaceFlags {
  readonly connect?: string;
  readonly channels: number;
  readonly frameKib: number;
  readonly iterations: number;
  readonly checksums?: boolean;
  readonly load: LoadName;
  readonly inFlight: InFlight;
  readonly seed: number;
}

const SEED_MAX = 2 ** 32 - 1;

export function registerSend(command: Command, context: CommandContext): void {
  command
    .description(
      'Boots a VM with a VF and a load on threads of this process, copies it ahead, stops it, and hands it over to ' +
        'stopcopy receive. If that fails before the commit, the guest resumes here, and it is shown that no task was lost.',
    )
    .option('--socket <path>', 'Unix socket of the destination')
    .option('--connect <host:port>', 'TCP address of the destination')
    .option('--channels <n>', `connections, 1 to ${CHANNELS_MAX}`, integer('--channels', 1, CHANNELS_MAX), 1)
    .option(
      '--frame-kib <n>',
      `size of a frame, ${CHUNK_BYTES_MIN / KIB} to ${CHUNK_BYTES_MAX / KIB} KiB`,
      integer('--frame-kib', CHUNK_BYTES_MIN / KIB, CHUNK_BYTES_MAX / KIB),
      CHUNK_BYTES_MIN / KIB,
    )
    .option('--iterations <n>', 'pre-copy iterations at most, 0 to 30', integer('--iterations', 0, 30), 3)
    .addOption(renamedOption('--rounds', '--iterations'))
    .option('--checksums', 'a checksum for each frame, in addition to those of the image')
    .option('--load <name>', LOAD_NAMES.join(', '), oneName('--load', LOAD_NAMES), 'saturated')
    .option(
      '--in-flight <mode>',
      `what a pause does with tasks in service: ${IN_FLIGHT_MODES.join(', ')}`,
      oneName('--in-flight', IN_FLIGHT_MODES),
      DEFAULT_IN_FLIGHT,
    )
    .option('--seed <n>', `seed of the load, 0 to ${SEED_MAX}`, integer('--seed', 0, SEED_MAX), 1)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `${helpText('Exit status 0: moved. 1: the VM stayed here and lost nothing, or the destination did not confirm the move.')}${examples(
        [
          ['stopcopy send --socket /tmp/move.sock', 'to a destination on this machine'],
          ['stopcopy send --connect 127.0.0.1:7600 --channels 4 --frame-kib 1024', 'over four TCP connections'],
          ['stopcopy send --connect 192.0.2.7:7600 --key-file move.key', 'to another machine, encrypted'],
          ['stopcopy send --socket /tmp/move.sock --load half --json', 'for a script'],
        ],
      )}`,
    );
  vmOptions(guardOptions(command)).action(async (flags: SendFlags) => {
    const endpoint = endpointOf(flags, '--connect', flags.connect);
    const { send } = await import('../../studies/switchover/send.ts');
    const end = await send(
      {
        endpoint,
        channels: flags.channels,
        chunkBytes: flags.frameKib * KIB,
        rounds: flags.iterations,
        checksums: flags.checksums ?? false,
        kind: flags.accelerator,
        queuePairs: flags.queuePairs,
        generation: flags.driver,
        load: flags.load,
        inFlight: flags.inFlight,
        seed: flags.seed,
        runMs: flags.runMs,
        idleMs: flags.idleMs,
      },
      context,
    );
    context.exit(EXIT[end]);
  });
}
