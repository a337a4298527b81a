/**
 * What would have to change: the smallest set of settings that makes a policy accept a VF.
 *
 * Exact, by branching on witnesses. As long as a VF is refused there is a request that shows why. Its way depends only on
 * the settings that were looked at along it, so any set of changes that helps contains one of those; trying each of them
 * in turn, to a depth that rises by one, finds a smallest set, and when nothing is left to try, there is none.
 */
import { changeText, type Change, remedyOf, settingKey, withChanges } from './setting.ts';
import { Router } from './route.ts';
import { exposureByRules } from './rules.ts';
import type { Topology } from './topology.ts';
import type { Policy } from './policy.ts';
import { isIntegrated, Judge } from './verdict.ts';

export type Remedy =
  | { readonly kind: 'none-needed' }
  /** No set of changes helps; `because` says what stands in the way. */
  | { readonly kind: 'impossible'; readonly because: string }
  /** A smallest set. */
  | { readonly kind: 'changes'; readonly changes: readonly Change[]; readonly texts: readonly string[] }
  /** The search ended early: fewer than `atLeast` changes do not help. */
  | { readonly kind: 'unknown'; readonly atLeast: number };

/** Topologies looked at before the search gives up. */
const TRIALS_MAX = 4000;

/**
 * Finds a smallest set of changes, or proves that there is none.
 *
 * @param vf number of a VF
 * @param trialsMax topologies to look at before giving up
 */
export function remedyFor(topology: Topology, vf: number, policy: Policy, trialsMax: number = TRIALS_MAX): Remedy {
  return new Search(topology, vf, policy, trialsMax).run();
}

class Search {
  private readonly topology: Topology;
  private readonly vf: number;
  private readonly policy: Policy;
  private readonly trialsMax: number;
  private trials = 0;
  /** Whether some branch of this round ended only for its depth. */
  private cut = false;
  private tried = new Set<string>();
  /** Of the first request for which nothing could be done. */
  private obstacle = '';

  constructor(topology: Topology, vf: number, policy: Policy, trialsMax: number) {
    this.topology = topology;
    this.vf = vf;
    this.policy = policy;
    this.trialsMax = trialsMax;
  }

  run(): Remedy {
    const { topology, vf, policy } = this;
    if (policy === 'thread' && topology.functions[vf]!.plainBecause === undefined && !isIntegrated(topology, vf)) {
      return { kind: 'impossible', because: 'no setting makes a plug-in card an integrated endpoint' };
    }
    for (let depth = 0; ; depth++) {
      this.cut = false;
      this.tried = new Set();
      const changes = this.deepen([], depth);
      if (changes === undefined && this.trials > this.trialsMax) return { kind: 'unknown', atLeast: depth };
      if (changes === undefined && !this.cut) return { kind: 'impossible', because: this.obstacle };
      if (changes === undefined) continue;
      if (changes.length === 0) return { kind: 'none-needed' };
      return { kind: 'changes', changes, texts: changes.map((change) => changeText(topology, change)) };
    }
  }

  /** A set with `left` changes more than these that helps, or undefined. */
  private deepen(changes: readonly Change[], left: number): readonly Change[] | undefined {
    const key = changes
      .map(({ setting }) => settingKey(setting))
      .toSorted()
      .join(';');
    if (this.tried.has(key)) return undefined;
    this.tried.add(key);
    this.trials += 1;
    if (this.trials > this.trialsMax) return undefined;
    const topology = changes.length === 0 ? this.topology : withChanges(this.topology, changes);
    const judge = new Judge(topology, exposureByRules(topology), new Router(topology));
    if (!judge.refuses(this.vf, this.policy)) return changes;
    const [reason] = judge.reasons(this.vf, this.policy);
    const chosen = new Set(changes.map(({ setting }) => settingKey(setting)));
    const open = (reason?.route?.settings ?? []).flatMap((setting) => {
      if (chosen.has(settingKey(setting))) return [];
      const change = remedyOf(topology, setting);
      return change === undefined ? [] : [change];
    });
    if (open.length === 0 && this.obstacle === '') this.obstacle = reason?.text ?? '';
    if (left === 0) {
      if (open.length > 0) this.cut = true;
      return undefined;
    }
    for (const change of open) {
      const found = this.deepen([...changes, change], left - 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
