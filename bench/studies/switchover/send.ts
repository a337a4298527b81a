/**
 * What `stopcopy send` does.
 */
import { countOf } from '../../../sim/base/units.ts';
import type { AcceleratorKind } from '../../../sim/abi/accelerators.ts';
import type { GenerationId } from '../../../sim/driver/generation.ts';
import { cellLoad } from '../../../sim/move/cell-model.ts';
import type { LoadName } from '../../../sim/workload/load.ts';
import { JOB_RATES, serviceNs } from '../../../sim/workload/rates.ts';
import type { Endpoint } from '../../../workers/transport/endpoint.ts';
import { sendVm } from '../../../workers/transport/send-vm.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import { sendDocument, sendText } from '../../documents/switchover/send.ts';
import type { CommandIo } from '../../io/command-io.ts';
import type { ExitName } from '../../io/exit-status.ts';
import { stopsItself } from '../../io/stop-words.ts';
import { packageVersion } from '../../io/package-root.ts';
import { type InFlight } from '../../../sim/abi/in-flight.ts';
import { noteReason } from './reason.ts';

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
  readonly inFlight: InFlight;
  readonly seed: number;
  readonly runMs: number;
  readonly idleMs: number;
}

export async function send(command: SendCommand, { output, signal }: CommandIo): Promise<ExitName> {
  // The other side is notified.
  stopsItself();
  const { kind, queuePairs, generation, inFlight, seed, idleMs } = command;
  const rate = JOB_RATES[kind];
  const report = await sendVm({
    ...command,
    iterationsMax: command.rounds,
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
    onBooted: () => output.note(`a VM works here, with a ${kind} VF of ${countOf(queuePairs, 'queue pair')}`),
    onLoss: (sentence) => output.note(sentence),
  });
  output.document(sendDocument(command, report));
  output.text(sendText(command, report));
  const { outcome, stayed } = report;
  if (outcome.kind === 'moved') {
    if (outcome.trouble !== null) output.note(`stopcopy: the VM has gone, and then ${outcome.trouble.message}`);
    return 'fine';
  }
  if (signal.aborted) return 'interrupted';
  if (outcome.kind === 'kept' && outcome.reason instanceof WorkerLost) throw outcome.reason;
  noteReason(output, outcome.reason);
  if (stayed !== null && !stayed.ok) output.note('stopcopy: and tasks were lost');
  return 'failed';
}
