/**
 * What a sentence says, apart from how it says it: the names, figures, fields and files that a reader has to find in it.
 * Tests ask for these, so that a sentence can be said better without a test that breaks.
 */

type Fact = string | number | RegExp;

/** Letters, digits and what holds them together in names and numbers. */
const GLUE_BEFORE = String.raw`(?<!\w|\d[.:-])`;
const GLUE_AFTER = String.raw`(?!\w|[.:-]\w)`;

/** One fact wherever it stands in a line: a whole word, name or number; of a path of fields also its last ones. */
function anywhere(fact: Fact): string {
  if (fact instanceof RegExp) return `(?=.*(?:${fact.source}))`;
  const text = String(fact);
  const literal = text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  const before = /^\w/.test(text) ? GLUE_BEFORE : '';
  const after = /\w$/.test(text) ? GLUE_AFTER : '';
  return `(?=.*${before}${literal}${after})`;
}

/**
 * A line that has all of these facts, in any order and with any words about them: for `toMatch` and `toThrow`.
 *
 * @param facts a text may hold several, with `…` between them
 */
export function stating(...facts: readonly Fact[]): RegExp {
  const each = facts.flatMap((fact): readonly Fact[] => (typeof fact === 'string' ? fact.split(/\s*…\s*/) : [fact]));
  return new RegExp(`^${each.map(anywhere).join('')}`, 'm');
}
