/**
 * Options for CIs: a JUnit report, annotations, and a SARIF log.
 */
import type { Command } from 'commander';

import type { Output } from '../io/output.ts';
import type { Check } from '../show/checks.ts';
import type { SarifResult, SarifRule } from '../show/sarif.ts';
import { OutputFile } from './file-options.ts';

export interface CiFlags {
  readonly junit?: string;
  readonly annotations?: boolean;
}

export function ciOptions(command: Command): Command {
  return command
    .addOption(new OutputFile('--junit <file>', 'also write a JUnit report, for CIs that show test results'))
    .option('--annotations', 'also print what fails as annotations of GitHub Actions, to stderr');
}

/** @param name of the report */
export async function tellCi(flags: CiFlags, name: string, checks: readonly Check[], output: Output): Promise<void> {
  const { annotations, junitReport } = await import('../show/checks.ts');
  if (flags.junit !== undefined) {
    const { writeFileAtomically } = await import('../io/file-output.ts');
    writeFileAtomically(flags.junit, junitReport(name, checks), '--junit');
  }
  if (flags.annotations === true) for (const line of annotations(checks)) output.note(line);
}

export interface SarifFlags {
  readonly sarif?: string;
}

export function sarifOption(command: Command): Command {
  return command.addOption(new OutputFile('--sarif <file>', 'also write a SARIF 2.1.0 log, for code scanning'));
}

/** @param name of the command */
export async function writeSarif(
  { sarif }: SarifFlags,
  name: string,
  rules: readonly SarifRule[],
  results: readonly SarifResult[],
): Promise<void> {
  if (sarif === undefined) return;
  const { sarifLog } = await import('../show/sarif.ts');
  const { writeFileAtomically } = await import('../io/file-output.ts');
  writeFileAtomically(sarif, sarifLog(name, rules, results), '--sarif');
}
