/**
 * What a command found, as a CI reads it: a JUnit report, and the workflow commands that GitHub turns into annotations.
 */
import { escapeMarkup } from './html.ts';

/** Something that holds, does not, or is undecided. */
export interface Check {
  /** What it belongs to, such as a table. */
  readonly suite: string;
  readonly name: string;
  /** Why it does not hold. */
  readonly failure?: string;
  /** Why it is undecided. */
  readonly skipped?: string;
}

/** A report with a suite for each name, in the order of the checks; format of JUnit as CIs read it (testsuites, testcase). */
export function junitReport(name: string, checks: readonly Check[]): string {
  const suites = new Map<string, Check[]>();
  for (const check of checks) suites.set(check.suite, [...(suites.get(check.suite) ?? []), check]);
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="${xml(name)}" ${countsOf(checks)}>`];
  for (const [suite, own] of suites) {
    lines.push(`  <testsuite name="${xml(suite)}" ${countsOf(own)}>`, ...own.map(testCase), '  </testsuite>');
  }
  return `${[...lines, '</testsuites>'].join('\n')}\n`;
}

function countsOf(checks: readonly Check[]): string {
  const failures = checks.filter(({ failure }) => failure !== undefined).length;
  const skipped = checks.filter(({ skipped: why }) => why !== undefined).length;
  return `tests="${checks.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
}

function testCase({ suite, name, failure, skipped }: Check): string {
  const head = `    <testcase classname="${xml(suite)}" name="${xml(name)}"`;
  if (failure !== undefined) return `${head}><failure message="${xml(failure)}"/></testcase>`;
  return skipped === undefined ? `${head}/>` : `${head}><skipped message="${xml(skipped)}"/></testcase>`;
}

/** An error for each check that does not hold, as GitHub Actions reads it from the output of a step. */
export function annotations(checks: readonly Check[]): readonly string[] {
  return checks.flatMap(({ suite, name, failure }) =>
    failure === undefined ? [] : [`::error title=${property(`${suite}: ${name}`)}::${data(failure)}`],
  );
}

/** Characters that XML 1.0 does not allow are left out. */
function xml(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return escapeMarkup(text.replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '')).replaceAll(
    '\n',
    '&#10;',
  );
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
