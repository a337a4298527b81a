/**
 * Results of github-action-benchmark (c38cce9, 31 March 2026): the array that its tools customSmallerIsBetter and
 * customBiggerIsBetter read, and `data.js`, in which its page keeps them over commits.
 */
import { z } from 'zod';

import { parseJsonText } from '../../../sim/base/json-text.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { addFindings, type Finding, type Reader, type Reading } from '../reader.ts';
import type { ForeignRun, ForeignValue, ResultFacts } from './facts.ts';
import { textOf } from './whole.ts';

const bench = z.object({
  name: z.string().min(1),
  unit: z.string(),
  value: z.union([z.number(), z.string()]),
  range: z.union([z.string(), z.number()]).nullish(),
});
const benches = z.array(bench);
const page = z.object({
  entries: z.record(
    z.string(),
    z.array(
      z.object({
        commit: z.object({ id: z.string().min(1), message: z.string().default('') }),
        date: z.number(),
        tool: z.string().optional(),
        benches,
      }),
    ),
  ),
});

const ASSIGNMENT = /^\s*window\.BENCHMARK_DATA\s*=\s*/;
const WHAT = 'results of github-action-benchmark';
const HINT = 'Give the array of name, unit and value that the action reads, or the data.js of its page.';
const RATE = /\/(?:s|sec|second)$|^(?:ops|iter)\/|bit\/s$/i;

export const githubReader: Reader<ResultFacts, 'results'> = {
  id: 'github-action-benchmark',
  title: 'github-action-benchmark: the array it reads, or the data.js of its page',
  kind: 'results',
  sniff(head) {
    if (ASSIGNMENT.test(head)) return 1;
    return /^\s*\[\s*\{/.test(head) && ['name', 'unit', 'value'].every((key) => head.includes(`"${key}"`)) ? 0.9 : 0;
  },
  read(lines, file) {
    const text = textOf(lines, file);
    return ASSIGNMENT.test(text) ? readPage(text, file) : readArray(text, file);
  },
};

function readArray(text: string, file: string): Reading<ResultFacts> {
  const list = parseDocument(benches, parseJsonText(text, file, WHAT, HINT), file);
  const tool = /bigger/i.test(file) ? 'customBiggerIsBetter' : 'customSmallerIsBetter';
  const findings: Finding[] = [{ kind: 'read', text: `${list.length} values, without commit or date: the action adds them` }];
  const series = list.map((each, at) => valueOf(each, `${file}: [${at}]`, tool, findings));
  return {
    format: /smaller|bigger/i.test(file) ? `github-action-benchmark ${tool}` : 'github-action-benchmark',
    facts: { runs: [{ commit: undefined, subject: undefined, time: undefined, series }] },
    findings,
    unknown: ['commit, date (the action adds them)'],
  };
}

function readPage(text: string, file: string): Reading<ResultFacts> {
  const json = text.replace(ASSIGNMENT, '').replace(/;\s*$/, '');
  const { entries } = parseDocument(page, parseJsonText(json, file, WHAT, HINT), file);
  const findings: Finding[] = [];
  const suites = Object.entries(entries);
  const runs = suites.flatMap(([suite, list]) =>
    list.map(({ commit, date, tool = '', benches: of }, at): ForeignRun => {
      const where = `${file}: entries.${suite}[${at}]`;
      const when = new Date(date);
      if (Number.isNaN(when.getTime())) {
        throw new UserError('input', `${where}.date is ${date}`, 'Allowed are milliseconds since 1970.');
      }
      // Suites may name their values alike.
      const prefix = suites.length > 1 ? `${suite}/` : '';
      const series = of.map((each, i) => valueOf(each, `${where}.benches[${i}]`, tool, findings));
      return {
        commit: commit.id,
        subject: commit.message.split('\n', 1)[0]!,
        time: when.toISOString(),
        series: series.map((each) => ({ ...each, name: `${prefix}${each.name}` })),
      };
    }),
  );
  addFindings(findings, { kind: 'read', text: `${runs.length} commits of ${suites.map(([suite]) => suite).join(', ')}` });
  return { format: 'github-action-benchmark data.js', facts: { runs }, findings, unknown: ['the machine'] };
}

function valueOf(
  { name, unit, value, range }: z.output<typeof bench>,
  where: string,
  tool: string,
  findings: Finding[],
): ForeignValue {
  const number = typeof value === 'number' ? value : Number(value.trim() === '' ? Number.NaN : value);
  if (!Number.isFinite(number)) {
    throw new UserError('input', `${where}.value is '${value}'`, 'Allowed is a number, also as text.');
  }
  if (typeof value === 'string') addFindings(findings, { kind: 'inferred', text: `${where}.value '${value}' is text and was read as a number` });
  if (tool === 'customSmallerIsBetter' && RATE.test(unit)) {
    addFindings(findings, { kind: 'warning', text: `${where}: ${name} is a rate in ${unit}, and in this tool a smaller value is better` });
  }
  return { name, unit, value: number, ...(range === undefined || range === null ? {} : { range: String(range) }) };
}
