/**
 * What `stopcopy receive` does and tells.
 */
import type { AcceleratorKind } from '../../../sim/abi/accelerators.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { GenerationId } from '../../../sim/driver/generation.ts';
import { JOB_RATES, serviceNs } from '../../../sim/workload/rates.ts';
import { describeEndpoint, type Endpoint } from '../../../workers/transport/endpoint.ts';
import { receiveVm, type ReceiveReport } from '../../../workers/transport/receive-vm.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import type { CommandContext } from '../../cli/context.ts';
import { EXIT, type ExitCode } from '../../cli/exit.ts';
import { formatValue } from '../../show/format.ts';
import { packageVersion } from '../../io/package-root.ts';
import { tasksDocument, tasksText } from './tasks.ts';

export interface ReceiveCommand {
  readonly endpoint: Endpoint;
  readonly kind: AcceleratorKind;
  readonly queuePairs: number;
  readonly generation: GenerationId;
  readonly waitMs: number;
  readonly runMs: number;
  readonly idleMs: number;
}

export async function receive(command: ReceiveCommand, context: CommandContext): Promise<ExitCode> {
  const { output, signal } = context;
  const { kind, queuePairs, generation, endpoint, waitMs, runMs, idleMs } = command;
  const rate = JOB_RATES[kind];
  let place = describeEndpoint(endpoint);
  const report = await receiveVm({
    endpoint,
    waitMs,
    runMs,
    // The load is the client's, and comes with the VM.
    vm: {
      kind,
      generation,
      queuePairs,
      inFlight: 'finish',
      seed: 1,
      load: { kind: 'idle' },
      engine: { servers: rate.servers.value, serviceNs: serviceNs(rate) },
    },
    limits: { idleMs },
    signal,
    onListening: (at) => {
      place = describeEndpoint(at);
      output.note(`listening at ${place}`);
    },
    onLoss: (sentence) => output.note(sentence),
  });
  output.document(documentOf(place, report));
  const { arrival, interrupted } = report;
  if (arrival.kind === 'discarded') {
    if (arrival.reason instanceof WorkerLost) throw arrival.reason;
    output.text('no VM runs here');
    output.note(`stopcopy: ${arrival.reason.message}`);
    return arrival.reason instanceof UserError ? EXIT.badInput : EXIT.failed;
  }
  output.text(textOf(report));
  if (interrupted) return EXIT.interrupted;
  return report.report?.ok === true ? EXIT.fine : EXIT.failed;
}

function documentOf(place: string, report: ReceiveReport): object {
  const { arrival } = report;
  return {
    format: 'stopcopy-receive',
    version: 1,
    stopcopy: packageVersion(),
    at: place,
    outcome: arrival.kind,
    ...(arrival.kind === 'discarded' ? { reason: arrival.reason.message } : {}),
    payloadBytes: report.payloadBytes,
    copiedBytes: report.copiedBytes,
    framesTwice: report.wastedChunks,
    connectionsLost: report.losses,
    interrupted: report.interrupted,
    ...(report.report === null ? {} : { tasks: tasksDocument(report.report) }),
  };
}

function textOf({ report, payloadBytes, interrupted }: ReceiveReport): string {
  const came = `a VM came, ${formatValue(payloadBytes, 'B')}, and ran here`;
  if (report === null) return `${came}; it was ended before its queues were empty`;
  return `${came}${interrupted ? ' until it was interrupted' : ''}\n${tasksText(report)}`;
}
