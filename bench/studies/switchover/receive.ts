/**
 * What `stopcopy receive` does.
 */
import type { AcceleratorKind } from '../../../sim/abi/accelerators.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { GenerationId } from '../../../sim/driver/generation.ts';
import { JOB_RATES, serviceNs } from '../../../sim/workload/rates.ts';
import { describeEndpoint, type Endpoint } from '../../../workers/transport/endpoint.ts';
import { receiveVm } from '../../../workers/transport/receive-vm.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import { receiveDocument, receiveText } from '../../documents/switchover/receive.ts';
import type { CommandIo } from '../../io/command-io.ts';
import { stopsItself } from '../../io/stop-words.ts';
import type { ExitName } from '../../io/exit-status.ts';
import { DEFAULT_IN_FLIGHT } from '../../../sim/abi/in-flight.ts';
import { noteReason } from './reason.ts';

export interface ReceiveCommand {
  readonly endpoint: Endpoint;
  readonly kind: AcceleratorKind;
  readonly queuePairs: number;
  readonly generation: GenerationId;
  readonly waitMs: number;
  readonly runMs: number;
  readonly idleMs: number;
}

export async function receive(command: ReceiveCommand, { output, signal }: CommandIo): Promise<ExitName> {
  // The other side is notified, and the socket removed.
  stopsItself();
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
      inFlight: DEFAULT_IN_FLIGHT,
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
  output.document(receiveDocument(place, report));
  const { arrival, interrupted } = report;
  if (arrival.kind === 'discarded') {
    if (arrival.reason instanceof WorkerLost) throw arrival.reason;
    output.text('no VM runs here');
    noteReason(output, arrival.reason);
    return arrival.reason instanceof UserError ? 'badInput' : 'failed';
  }
  output.text(receiveText(report));
  if (interrupted) return 'interrupted';
  return report.report?.ok === true ? 'fine' : 'failed';
}
