/**
 * What came of `stopcopy receive`: its document, and its words.
 */
import type { ReceiveReport } from '../../../workers/transport/receive-vm.ts';
import { documentHead, type HeadedDocument } from '../../io/document-head.ts';
import { formatValue } from '../../show/format.ts';
import { tasksDocument, tasksText } from './tasks.ts';

export function receiveDocument(place: string, report: ReceiveReport): HeadedDocument {
  const { arrival } = report;
  return {
    ...documentHead('stopcopy-receive'),
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

export function receiveText({ report, payloadBytes, interrupted }: ReceiveReport): string {
  const came = `a VM came, ${formatValue(payloadBytes, 'B')}, and ran here`;
  if (report === null) return `${came}; it was ended before its queues were empty`;
  return `${came}${interrupted ? ' until it was interrupted' : ''}\n${tasksText(report)}`;
}
