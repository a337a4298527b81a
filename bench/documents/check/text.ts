/**
 * What a search found, at a terminal: for each cause what it is, since when, and the shortest run that shows it as a time line of
 * the actors; of several generations a table.
 */
import { errnoName } from '../../../sim/abi/errno.ts';
import { NS_PER_US } from '../../../sim/base/units.ts';
import { faultWords } from '../../../sim/check/faults.ts';
import { rulesThatSee } from '../../../sim/check/causes.ts';
import type { Step } from '../../../sim/check/record.ts';
import { RULES } from '../../../sim/check/rules.ts';
import { changeWords } from '../../../sim/driver/generation-facts.ts';
import { type Hazard, hasHazard, HAZARD_IDS, HAZARDS, type HazardId } from '../../../sim/driver/hazards.ts';
import { headed } from '../../io/document-head.ts';
import type { Output } from '../../io/output.ts';
import { type BareColumn, bareTable } from '../../show/bare-table.ts';
import { wrap } from '../../show/wrap.ts';
import type { CheckedGeneration, ShownFinding } from './document.ts';

const WIDTH = 100;

export function printCheck(checked: readonly CheckedGeneration[], output: Output): void {
  output.document(headed('stopcopy-check', { generations: checked }));
  if (checked.length > 1)
    return checked[0]!.script === undefined ? printMatrix(checked, output) : printScript(checked, output);
  for (const one of checked) printOne(one, output);
}

function printOne(one: CheckedGeneration, output: Output): void {
  const { generation, unfixed, seed, runs, calls, findings, script } = one;
  const without = unfixed.length === 0 ? '' : ` without the fixes of ${unfixed.join(', ')}`;
  const played = script === undefined ? 'one run' : `the script ${script.file}`;
  const what = seed === null ? played : `${grouped(runs)} runs of seed ${seed}, ${grouped(calls)} calls`;
  output.text(`${generation}${without}: ${what}: ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`);
  if (script !== undefined) output.text(script.name);
  for (const finding of findings) {
    output.text('');
    for (const line of findingLines(finding, one)) output.text(line);
  }
  if (script === undefined || findings.length > 0) return;
  output.text('');
  for (const line of timeLine(script.steps)) output.text(line);
}

/** A script in every generation: what was found in which. */
function printScript(checked: readonly CheckedGeneration[], output: Output): void {
  const { file, name } = checked[0]!.script!;
  output.text(`The script ${file} in every generation: ${name}`);
  output.text('');
  const rows = checked.map(({ generation, findings: [finding] }) =>
    finding === undefined
      ? [generation, '', 'nothing', '']
      : [generation, finding.cause.id ?? '', finding.rule, finding.detail],
  );
  const left = ['', 'bug', 'found', ''].map((head): BareColumn => ({ head, align: 'left' }));
  output.text(bareTable(left, rows));
}

/** The bug that a finding is. */
export function causeSentence({ cause, rule }: ShownFinding): string {
  return cause.id === null ? `not on the list: ${RULES[rule].what}` : `${cause.id}: ${HAZARDS[cause.id].what}`;
}

/** The command line that plays the run of a finding again. */
export function replayLine({ replay }: ShownFinding, { generation, unfixed, script }: CheckedGeneration): string {
  const without = unfixed.length === 0 ? '' : ` --unfix ${unfixed.join(',')}`;
  const run = replay === null ? `--script ${script?.file ?? ''}` : `--replay ${replay === '' ? "''" : replay}`;
  return `stopcopy check --generation ${generation}${without} ${run}`;
}

function findingLines(finding: ShownFinding, one: CheckedGeneration): readonly string[] {
  const { cause, rule, detail, faults, firstRun, fn, steps } = finding;
  const traced = cause.facts.length === 0 ? '' : `; with ${cause.facts.join(', ')} as in the newest driver it is gone`;
  return [
    wrap(causeSentence(finding), WIDTH),
    ...[
      `${rule}, VF ${fn}: ${RULES[rule].what}; ${detail}`,
      `${cause.id === null ? 'release not known' : sinceWords(cause.id)}${traced}`,
      ...(firstRun === undefined ? [] : [`first found by run ${grouped(firstRun)}`]),
      faults.length === 0 ? 'no fault was injected' : `faults injected: ${faults.map(faultWords).join('; ')}`,
    ].map((line) => `  ${wrap(line, WIDTH - 4).replaceAll('\n', '\n    ')}`),
    '',
    ...timeLine(steps),
    '',
    `  ${replayLine(finding, one)}`,
  ];
}

function sinceWords(id: HazardId): string {
  const { introduced, fixed }: Hazard = HAZARDS[id];
  return `since ${changeWords(introduced)}, ${fixed === null ? 'still there' : `fixed in ${changeWords(fixed)}`}`;
}

/** What was called, and what it gave. */
export function stepText({ what, ret }: Step): string {
  return ret === null ? what : `${what} = ${ret < 0 ? errnoName(ret) : ret}`;
}

/** Lines of one kind in a row are one: pieces of an image. */
function timeLine(steps: readonly Step[]): readonly string[] {
  const lines: string[] = [];
  let repeated = 1;
  steps.forEach((step, i) => {
    const next = steps[i + 1];
    if (next !== undefined && next.actor === step.actor && next.what === step.what && next.ret === step.ret) {
      repeated += 1;
      return;
    }
    const at = (step.atNs / NS_PER_US).toFixed(1).padStart(12);
    const times = repeated === 1 ? '' : `, ${repeated} times`;
    lines.push(`  ${at} us  ${step.actor.padEnd(8)} ${stepText(step)}${times}`);
    repeated = 1;
  });
  return lines;
}

/** Which bug is found in which generation: the first run that did; `-`: it has it, and no run did. */
function printMatrix(checked: readonly CheckedGeneration[], output: Output): void {
  const { runs, seed } = checked[0]!;
  output.text(`First run that found each bug, of ${grouped(runs)} runs of seed ${seed}`);
  output.text('-: the generation has it, and no run found it; empty: it does not have it');
  output.text('');
  const cell = (one: CheckedGeneration, id: HazardId): string => {
    const hit = one.findings.find(({ cause }) => cause.id === id);
    if (hit !== undefined) return `${hit.firstRun}${hasHazard(one.generation, id) ? '' : ' !'}`;
    return hasHazard(one.generation, id) ? '-' : '';
  };
  const names = checked.map(({ generation }) => generation.replace(/^linux-/, ''));
  const rows = HAZARD_IDS.map((id) => [id, ...checked.map((one) => cell(one, id))]);
  const right = names.map((head): BareColumn => ({ head, align: 'right' }));
  output.text(bareTable([{ head: '', align: 'left' }, ...right], rows));
  output.text('');
  const blind = HAZARD_IDS.filter((id) => rulesThatSee(id).length === 0);
  output.text(`no rule sees ${blind.join(', ')}: docs/check.md says why`);
  const others = checked.flatMap(({ generation, findings }) =>
    findings
      .filter(({ cause }) => cause.id === null)
      .map(({ rule, cause }) => `${generation}: ${rule} by ${cause.facts.join(', ')}`),
  );
  for (const other of others) output.text(`not on the list: ${other}`);
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
