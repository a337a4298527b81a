/**
 * `stopcopy receive`: waits for a VM from stopcopy send, runs it to its end, and reports whether a task was lost.
 */
import type { Command } from 'commander';

import { EXIT } from '../../io/exit-status.ts';
import { type CommandContext, examples, helpText, JSON_OPTION } from '../context.ts';
import { integer } from '../options.ts';
import { endpointOf, guardOptions, type PlaceFlags, type VmFlags, vmOptions } from './move-options.ts';

interface ReceiveFlags extends VmFlags, PlaceFlags {
  readonly listen?: string;
  readonly waitMs: number;
}

const WAIT_MS_MAX = 86_400_000;

export function registerReceive(command: Command, context: CommandContext): void {
  command
    .description(
      'Listens for one VM from stopcopy send, loads it, runs it once the source has committed, lets its queues run ' +
        'empty, and reports whether every task that was accepted, here or at the source, completed exactly once.',
    )
    .option('--socket <path>', 'Unix socket to listen at; one that nobody serves any more is replaced')
    .option('--listen <host:port>', 'TCP address to listen at; without a host the loopback, port 0 takes a free one')
    .option('--wait-ms <n>', 'how long to wait for a VM, in ms', integer('--wait-ms', 1, WAIT_MS_MAX), 60_000)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `${helpText('Exit status 0: the VM came and lost nothing. 1: it did not come, or lost a task. 3: what came was refused.')}${examples(
        [
          ['stopcopy receive --socket /tmp/move.sock', 'for a source on this machine'],
          ['stopcopy receive --listen 127.0.0.1:7600 --run-ms 2000', 'over TCP; the guest works for two seconds here'],
          ['stopcopy receive --listen 0.0.0.0:7600 --key-file move.key', 'from another machine, encrypted'],
          ['stopcopy receive --socket /tmp/move.sock --json', 'for a script'],
        ],
      )}`,
    );
  vmOptions(guardOptions(command)).action(async (flags: ReceiveFlags) => {
    const endpoint = endpointOf(flags, '--listen', flags.listen);
    const { receive } = await import('../../studies/switchover/receive.ts');
    const end = await receive(
      {
        endpoint,
        kind: flags.accelerator,
        queuePairs: flags.queuePairs,
        generation: flags.driver,
        waitMs: flags.waitMs,
        runMs: flags.runMs,
        idleMs: flags.idleMs,
      },
      context,
    );
    context.exit(EXIT[end]);
  });
}
