/**
 * What a search found, for a CI: results of SARIF, and a check for each rule.
 */
import { RULE_IDS, RULES } from '../../../sim/check/rules.ts';
import type { Check } from '../../show/checks.ts';
import type { SarifResult, SarifRule } from '../../show/sarif.ts';
import type { CheckedGeneration, ShownFinding } from './document.ts';
import { causeSentence, replayLine, stepText } from './text.ts';

export const SEARCH_RULES: readonly SarifRule[] = RULE_IDS.map((id) => ({ id, what: RULES[id].what, level: 'error' }));

export function searchResults(checked: readonly CheckedGeneration[]): readonly SarifResult[] {
  return checked.flatMap((one) =>
    one.findings.map((finding): SarifResult => {
      const { rule, cause, fn, steps } = finding;
      return {
        ruleId: rule,
        level: 'error',
        message: findingSentence(finding, one),
        file: null,
        at: `${one.generation}/VF ${fn}`,
        fingerprint: `${one.generation} ${rule} ${cause.id ?? cause.facts.join(' ')}`,
        flows: [steps.map((step) => ({ at: step.actor, text: stepText(step) }))],
      };
    }),
  );
}

/** A check for each rule in each generation. */
export function searchChecks(checked: readonly CheckedGeneration[]): readonly Check[] {
  return checked.flatMap((one) =>
    RULE_IDS.map((rule) => {
      const found = one.findings.filter((finding) => finding.rule === rule);
      const failure = found.map((finding) => findingSentence(finding, one)).join('\n');
      return { suite: one.generation, name: rule, ...(found.length === 0 ? {} : { failure }) };
    }),
  );
}

function findingSentence(finding: ShownFinding, one: CheckedGeneration): string {
  return `${causeSentence(finding)}. VF ${finding.fn}: ${finding.detail}. To play it again: ${replayLine(finding, one)}`;
}
