/**
 * One run of suites of their own: tables are printed, or one JSON document; a page is written where one is asked for.
 */
import type { CommandIo } from '../io/command-io.ts';
import { machineFacts } from './machine.ts';
import { crowdingBetween, type MachineReading, readMachine } from './machine-use.ts';
import { stopsItself } from '../io/stop-words.ts';
import { packageVersion } from '../io/package-root.ts';
import { crowdingSentence } from '../documents/bench/crowding.ts';
import { suiteText } from '../documents/suites/text.ts';
import { OWN_SUITES, type OwnSuiteName } from './suites/registry.ts';
import {
  type SuiteOptions,
  type SuiteReport,
  SUITES_FORMAT,
  SUITES_VERSION,
  type SuitesDocument,
} from '../documents/suites/document.ts';

/**
 * @param html file of a page, if there is to be one
 * @param read of how crowded the machine is
 * @returns whether the run was interrupted; the suites that were finished are reported all the same
 */
export async function runSuites(
  names: readonly OwnSuiteName[],
  options: SuiteOptions,
  { output, signal }: CommandIo,
  html: string | false = false,
  read: () => MachineReading = readMachine,
): Promise<boolean> {
  const suites: SuiteReport[] = [];
  const machine = machineFacts();
  const before = read();
  for (const name of names) {
    if (signal.aborted) break;
    const run = await OWN_SUITES[name].load();
    suites.push(await run({ ...options, signal }));
    stopsItself();
  }
  const document: SuitesDocument = {
    format: SUITES_FORMAT,
    version: SUITES_VERSION,
    stopcopy: packageVersion(),
    quick: options.quick,
    driver: options.driver,
    machine,
    ...(suites.some(isMeasured) ? { crowded: crowdingBetween(before, read(), null) } : {}),
    suites,
  };
  const page = html !== false && !signal.aborted ? html : null;
  if (page !== null) {
    const { suitesSection } = await import('../documents/suites/section.ts');
    const { writePage } = await import('../show/write-page.ts');
    writePage(page, [{ name: 'suites.json', section: suitesSection(document) }], '--html');
  }
  output.document(document);
  const crowded = crowdingSentence(document.crowded);
  if (crowded !== null) output.text(`${crowded}\n`);
  output.text(suites.map((report) => suiteText(report, output.wide)).join('\n\n'));
  if (page !== null) output.path(page);
  return signal.aborted;
}

/** Whether a report has wall times, which depend on the machine. */
function isMeasured({ rows }: SuiteReport): boolean {
  return rows.some(({ figures }) => Object.values(figures).some(({ kind }) => kind === 'measured' || kind === 'ratio'));
}
