/**
 * What `stopcopy send` does and tells.
 */
import type { AcceleratorKind } from '../../../sim/abi/accelerators.ts';
import type { GenerationId } from '../../../sim/driver/generation.ts';
import { cellLoad } from '../../../sim/move/cell-model.ts';
import type { LoadName } from '../../../sim/workload/load.ts';
import { JOB_RATES, serviceNs } from '../../../sim/workload/rates.ts';
import { describeEndpoint, type Endpoint } from '../../../workers/transport/endpoint.ts';
import { sendVm, type SendReport } from '../../../workers/transport/send-vm.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import type { CommandContext } from '../../cli/context.ts';
import { EXIT, type ExitCode } from '../../cli/exit.ts';
import { formatValue } from '../../show/format.ts';
import { packageVersion } from '../../io/package-root.ts';
import { tasksDocument, tasksText } from './tasks.ts';

export interface SendCommand {
  readonly endpoint: Endpoint;
  readonly channels: number;
  /** Size of a frame, in bytes. */
  readonly chunkBytes: number;
  readonly rounds: number;
  readonly checksums: boolean;
  readonly kind: AcceleratorKind;
  readonly queuePairs: number;
  readonly generation: GenerationId;
  readonly load: LoadName;
  readonly inFlight: 'finish' | 'hold';
  readonly seed: number;
  readonly runMs: number;
  readonly idleMs: number;
}

export async function send(command: SendCommand, context: CommandContext): Promise<ExitCode> {
  const { output, signal } = context;
  const { kind, queuePairs, generation, inFlight, seed, idleMs } = command;
  const rate = JOB_RATES[kind];
  const report = await sendVm({
    ...command,
    vm: {
      kind,
      generation,
      queuePairs,
      inFlight,
      seed,
      load: cellLoad(command.load, queuePairs),
      engine: { servers: rate.servers.value, serviceNs: serviceNs(rate) },
    },
    stopcopy: packageVersion(),
    limits: { idleMs },
    signal,
    onBooted: () => output.note(`a VM works here, with a ${kind} VF of ${queuePairs} queue pairs`),
    onLoss: (sentence) => output.note(sentence),
  });
  output.document(documentOf(command, report));
  output.text(textOf(command, report));
  const { outcome, stayed } = report;
  if (outcome.kind === 'moved') {
    if (outcome.trouble !== null) output.note(`stopcopy: the VM has gone, and then ${outcome.trouble.message}`);
    return EXIT.fine;
  }
  if (signal.aborted) return EXIT.interrupted;
  if (outcome.kind === 'kept' && outcome.reason instanceof WorkerLost) throw outcome.reason;
  output.note(`stopcopy: ${outcome.reason.message}`);
  if (stayed !== null && !stayed.ok) output.note('stopcopy: and tasks were lost');
  return EXIT.failed;
}

function documentOf({ endpoint, channels, chunkBytes }: SendCommand, report: SendReport): object {
  const { outcome, left, stayed } = report;
  return {
    format: 'stopcopy-send',
    version: 1,
    stopcopy: packageVersion(),
    to: describeEndpoint(endpoint),
    channels,
    frameBytes: chunkBytes,
    outcome: outcome.kind,
    ...(outcome.kind === 'moved' ? { downtimeNs: Math.round(outcome.downtimeNs), framesPerRound: outcome.chunks } : {}),
    ...(outcome.kind === 'kept' ? { step: outcome.step, resumed: outcome.resumed } : {}),
    ...(outcome.kind === 'moved' ? {} : { reason: outcome.reason.message }),
    payloadBytes: report.payloadBytes,
    framesSentAgain: report.resentChunks,
    channelsLost: report.losses,
    ...(left === null ? {} : { atStop: left }),
    ...(stayed === null ? {} : { tasks: tasksDocument(stayed) }),
  };
}

function textOf({ endpoint }: SendCommand, { outcome, left, stayed, payloadBytes }: SendReport): string {
  const place = describeEndpoint(endpoint);
  switch (outcome.kind) {
    case 'moved': {
      const rounds = outcome.chunks.length - 1;
      const inPause = outcome.chunks.at(-1) ?? 0;
      const moved = `moved to ${place}: ${formatValue(payloadBytes, 'B')} in ${rounds} ${rounds === 1 ? 'round' : 'rounds'} and ${inPause} ${inPause === 1 ? 'frame' : 'frames'} in the pause`;
      const tasks =
        left === null
          ? ''
          : `\n${left.accepted} tasks accepted here, ${left.completed} completed; ${left.accepted - left.completed} went along`;
      return `${moved}\ndowntime ${formatValue(outcome.downtimeNs, 'ns')}, until the destination was heard to run it${tasks}`;
    }
    case 'kept':
      return `the VM stays here, ${outcome.resumed ? 'and runs on' : 'and its VF is not served'}${stayed === null ? '' : `\n${tasksText(stayed)}`}`;
    default:
      return `the VM was committed to ${place}, and nobody confirmed it: it stands still here and may run there`;
  }
}
