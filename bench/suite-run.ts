/**
 * One run of suites of their own: nothing is written to files; tables are printed, or one JSON document.
 */
import type { CommandContext } from './cli/context.ts';
import { packageVersion } from './package-root.ts';
import { suiteText } from './report/suite-text.ts';
import { OWN_SUITES, type OwnSuiteName } from './suites/registry.ts';
import {
  type SuiteOptions,
  type SuiteReport,
  SUITES_FORMAT,
  SUITES_VERSION,
  type SuitesDocument,
} from './suites/suite-report.ts';

/** @returns whether the run was interrupted; the suites that were finished are told all the same */
export async function runSuites(
  names: readonly OwnSuiteName[],
  options: SuiteOptions,
  { output, signal }: Pick<CommandContext, 'output' | 'signal'>,
): Promise<boolean> {
  const suites: SuiteReport[] = [];
  for (const name of names) {
    if (signal.aborted) break;
    const run = await OWN_SUITES[name].load();
    suites.push(await run(options));
  }
  const document: SuitesDocument = {
    format: SUITES_FORMAT,
    version: SUITES_VERSION,
    stopcopy: packageVersion(),
    quick: options.quick,
    driver: options.driver,
    suites,
  };
  output.document(document);
  output.text(suites.map(suiteText).join('\n\n'));
  return signal.aborted;
}
