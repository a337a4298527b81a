/**
 * In words: what a refusal rests on that nobody has said, and groups of the kernel that are not as its rules give them.
 */
import type { DecisionReport, KernelGroupsReport, LoadsIf, TopologyReport } from './document.ts';

const NAMED_MAX = 3;

function some(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  return names.slice(0, NAMED_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Under which unknown circumstances a policy would load the driver that it refuses. */
export function loadsIfSentences({ loadsIf }: TopologyReport): readonly string[] {
  return loadsIf.map((each) => {
    const conditions = each.conditions.map(conditionWords).join('; and ');
    return `${each.policy} would load for ${some(each.vfs)} if ${conditions}.`;
  });
}

function conditionWords({ field, of, value, question, ask }: LoadsIf['conditions'][number]): string {
  const where = of === '' ? '' : ` of ${of}`;
  return `${field}${where} is ${String(value)} (${question}; ask ${ask})`;
}

/** Marks a refusal that no setting mends and that rests on what the input does not say. */
const RESTS_ON_UNKNOWN = '*';

/** What the mark says, where a verdict has it. */
export function restsSentence(cells: readonly string[]): string | null {
  if (!cells.some((cell) => cell.endsWith(` ${RESTS_ON_UNKNOWN}`))) return null;
  return `${RESTS_ON_UNKNOWN} for what was taken where the input does not say it; 'What is not known, and decides' has what would load it`;
}

/** The verdict, with a mark where it rests on what the input does not say. */
export function verdictWords(
  loadsIf: readonly LoadsIf[],
  { policy, verdict, remedy }: DecisionReport,
  vf: string,
): string {
  const would = loadsIf.some((each) => each.policy === policy && vfsOf(each).has(vf));
  return would && remedy?.kind !== 'changes' ? `${verdict} ${RESTS_ON_UNKNOWN}` : verdict;
}

const known = new WeakMap<LoadsIf, ReadonlySet<string>>();

/** Its VFs, of which a server has thousands. */
function vfsOf(loadsIf: LoadsIf): ReadonlySet<string> {
  const found = known.get(loadsIf) ?? new Set(loadsIf.vfs);
  known.set(loadsIf, found);
  return found;
}

/** What was inferred or left out where another tool printed the topology. */
export function readSentences({ imported }: TopologyReport): readonly string[] {
  return imported.map(({ line, text }) => (line === undefined ? text : `line ${line}: ${text}`));
}

/** The comparison with the groups that the kernel has built. */
export function kernelGroupSentences(report: KernelGroupsReport | null): readonly string[] {
  if (report === null) return [];
  const { compared, same, differences, notCompared } = report;
  const groups = (list: readonly { readonly group: number; readonly members: readonly string[] }[]): string =>
    list.map(({ group, members }) => `${group} {${some(members)}}`).join(' ');
  return [
    `Of ${compared} groups that the kernel has built, its rules give ${same === compared ? 'all' : same} from this topology.`,
    ...differences.map(({ kernel, rules, why }) => `kernel: ${groups(kernel)}; rules: ${groups(rules)}: ${why}`),
    ...(notCompared.length === 0 ? [] : [`Not compared, as they are not in the topology: ${some(notCompared)}`]),
  ];
}
