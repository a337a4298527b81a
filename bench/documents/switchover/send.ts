/**
 * What came of `stopcopy send`: its document, and its words.
 */
import { countOf } from '../../../sim/base/units.ts';
import { describeEndpoint, type Endpoint } from '../../../workers/transport/endpoint.ts';
import type { SendReport } from '../../../workers/transport/send-vm.ts';
import { documentHead, type HeadedDocument } from '../../io/document-head.ts';
import { formatValue } from '../../show/format.ts';
import { tasksDocument, tasksText } from './tasks.ts';

/** How it was sent. */
interface Sent {
  readonly endpoint: Endpoint;
  readonly channels: number;
  /** Size of a frame, in bytes. */
  readonly chunkBytes: number;
}

export function sendDocument({ endpoint, channels, chunkBytes }: Sent, report: SendReport): HeadedDocument {
  const { outcome, left, stayed } = report;
  return {
    ...documentHead('stopcopy-send'),
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

export function sendText({ endpoint }: Sent, { outcome, left, stayed, payloadBytes }: SendReport): string {
  const place = describeEndpoint(endpoint);
  switch (outcome.kind) {
    case 'moved': {
      const iterations = outcome.chunks.length - 1;
      const inPause = outcome.chunks.at(-1) ?? 0;
      const moved = `moved to ${place}: ${formatValue(payloadBytes, 'B')} in ${countOf(iterations, 'iteration')} and ${countOf(inPause, 'frame')} in the pause`;
      const tasks =
        left === null
          ? ''
          : `\n${countOf(left.accepted, 'task')} accepted here, ${left.completed} completed; ${left.accepted - left.completed} went along`;
      return `${moved}\ndowntime ${formatValue(outcome.downtimeNs, 'ns')}, until the destination confirmed that it runs${tasks}`;
    }
    case 'kept':
      return `the VM stays here, ${outcome.resumed ? 'and runs on' : 'and its VF is not served'}${stayed === null ? '' : `\n${tasksText(stayed)}`}`;
    default:
      return `the VM was committed to ${place}, without a confirmation: it is paused here and may run there`;
  }
}
