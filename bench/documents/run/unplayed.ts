/**
 * The run document of a move that is not played, since `can` says that it will not take place as asked: how it ends, and why, and
 * no figure of what did not happen.
 */
import { type AskedCan, refusalSentence } from '../../../sim/scenario/ask-can.ts';
import type { Scenario } from '../../../sim/scenario/document.ts';
import { type MoveEnd, NO_ENDS } from '../../../sim/memory/outcome.ts';
import { assumedSentence, type CanOutcome } from '../../../sim/manager/can-answer.ts';
import type { Assumption } from '../../../sim/manager/question.ts';
import { VMMS } from '../../../sim/memory/vmms.ts';
import { type CanDocument, canDocument } from '../can/document.ts';
import { scenarioReport } from './values.ts';
import { type EndCounts, RUN_FORMAT, RUN_VERSION, type RunDocument } from './document.ts';

/** What `can` answers, with its question. */
type CanReport = Omit<CanDocument, 'format' | 'version' | 'stopcopy'>;

export interface UnplayedRun {
  readonly format: typeof RUN_FORMAT;
  readonly version: typeof RUN_VERSION;
  readonly stopcopy: string;
  readonly scenario: RunDocument['scenario'];
  readonly ended: EndCounts;
  readonly can: CanReport;
}

/** What came of a scenario, played or not. */
export type AnyRun = RunDocument | UnplayedRun;

export function isPlayed(run: AnyRun): run is RunDocument {
  return 'vms' in run;
}

/** How a move ends that `can` says will not take place as asked. */
const ENDS: Readonly<Partial<Record<CanOutcome, MoveEnd>>> = { losesState: 'stateLost' };

/** @param file name of the scenario, used in messages */
export function unplayedRun(file: string, scenario: Scenario, { question, answer }: AskedCan): UnplayedRun {
  const { format: _, version: __, stopcopy, ...can } = canDocument(question, answer);
  const recovery = scenario.recovery ?? VMMS[scenario.vmm].recovery;
  return {
    format: RUN_FORMAT,
    version: RUN_VERSION,
    stopcopy,
    scenario: scenarioReport(file, scenario, recovery, question.assume),
    ended: { ...NO_ENDS, [ENDS[answer.outcome] ?? 'refused']: scenario.vms },
    can,
  };
}

/** How it ends, in one sentence. */
export function endSentence({ scenario: { vms }, ended }: UnplayedRun): string {
  const who = vms === 1 ? 'The VM' : `${vms} of ${vms} VMs`;
  if (ended.refused === 0) return `${who} would move and lose state silently, and nothing is played.`;
  return `${who} ${vms === 1 ? 'is' : 'are'} refused, and nothing is played.`;
}

/** What a scenario may assume, by the condition that it would lift. */
const LIFTED_BY: Readonly<Record<string, Assumption>> = {
  p2p: 'p2p',
  dirtyTracking: 'dirtyTracking',
  dmaNotTracked: 'dirtyTracking',
};

const MANAGERS: ReadonlySet<string> = new Set(['KubeVirt', 'Nova', 'Proxmox VE']);

/** How the pause that a refused move would have can be seen all the same; none where no assumption lifts the condition. */
export function assumptionSentences({ can }: UnplayedRun): string[] {
  const assumption = MANAGERS.has(can.messages[0]?.by ?? '') ? 'hostDevices' : LIFTED_BY[can.condition];
  if (assumption === undefined) return [];
  return [`To see the pause that it would have, give the scenario assume: { ${assumption}: true }.`];
}

/** What a reader takes away: how it ends, and why. */
export function unplayedSentences(run: UnplayedRun): string[] {
  const assumed = assumedSentence(run.scenario.assume ?? {});
  const sentences = [endSentence(run), refusalSentence(run.can), ...run.can.change, ...assumptionSentences(run)];
  return [...(assumed === null ? [] : [assumed]), ...sentences];
}
