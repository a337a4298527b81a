/**
 * What would have to change: the smallest set of settings that makes a policy accept a VF.
 *
 * Exact, by branching on witnesses. As long as a VF is refused there is a request that shows why. Its way depends only on
 * the settings that were evaluated along it, so any set of changes that helps contains one of those; trying each of them
 * in turn, to a depth that rises by one, finds a smallest set, and when nothing is left to try, there is none. Requests
 * that have no setting in common need a change each: fewer need not be tried.
 */
import { AlikeVfs } from './alike-vfs.ts';
import { placementFault } from './placement.ts';
import { changeText, type Change, remedyOf, settingKey, withChanges } from './setting.ts';
import { Router, type Route } from './route.ts';
import { exposureByRules } from './rules.ts';
import { type Senders, sendersOf } from './sender-kinds.ts';
import type { Topology } from './topology.ts';
import type { Policy } from './policy.ts';
import { Judge } from './verdict.ts';
import { Witnesses } from './witness.ts';

export type Remedy =
  | { readonly kind: 'none-needed' }
  /** No set of changes helps; `because` says what stands in the way. */
  | { readonly kind: 'impossible'; readonly because: string }
  /** A smallest set. */
  | { readonly kind: 'changes'; readonly changes: readonly Change[]; readonly texts: readonly string[] }
  /** The search ended early: fewer than `atLeast` changes do not help. */
  | { readonly kind: 'unknown'; readonly atLeast: number };

/** What a search finds, before it is put into words. */
export type Found =
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  /** With these changes nothing can be done about the first request that speaks against the VF. */
  | { readonly kind: 'impossible'; readonly with: readonly Change[] }
  | { readonly kind: 'unknown'; readonly atLeast: number };

/** Topologies tried before the search gives up. */
const TRIALS_MAX = 4000;

/** Nobody makes as many changes for one VF. */
const CHANGES_MAX = 100;

/**
 * Finds a smallest set of changes, or proves that there is none.
 *
 * @param vf number of a VF
 * @param trialsMax topologies to try before giving up
 */
export function remedyFor(topology: Topology, vf: number, policy: Policy, trialsMax: number = TRIALS_MAX): Remedy {
  return new Remedies(topology, trialsMax).of(vf, policy);
}

/** Remedies for the VFs of one topology. */
export class Remedies {
  /** Topologies tried so far, each for one VF. */
  trials = 0;
  private readonly topology: Topology;
  private readonly trialsMax: number;
  private readonly senders: Senders;
  private readonly router: Router;
  private readonly alike: AlikeVfs;
  private readonly found = new Map<number, Found>();
  private readonly said = new Map<Found, Remedy>();
  private judged: { readonly changes: readonly Change[]; readonly judge: Judge } | undefined;

  constructor(topology: Topology, trialsMax: number = TRIALS_MAX) {
    this.topology = topology;
    this.trialsMax = trialsMax;
    this.senders = sendersOf(topology);
    this.router = new Router(topology);
    this.alike = new AlikeVfs(topology);
  }

  of(vf: number, policy: Policy): Remedy {
    const { topology } = this;
    if (policy === 'upstream' || topology.functions[vf]!.plainBecause !== undefined) return { kind: 'none-needed' };
    const fault = placementFault(topology, vf, policy);
    if (fault !== undefined) return { kind: 'impossible', because: fault.beyondSettings };
    const found = this.search(this.alike.firstOf(vf));
    if (found.kind === 'unknown') return found;
    if (found.kind === 'impossible') return { kind: 'impossible', because: this.reason(vf, found.with) };
    const { changes } = found;
    if (changes.length === 0) return { kind: 'none-needed' };
    // One for all VFs that share a search.
    const remedy = this.said.get(found) ?? {
      kind: 'changes',
      changes,
      texts: changes.map((change) => changeText(topology, change)),
    };
    this.said.set(found, remedy);
    return remedy;
  }

  private search(vf: number): Found {
    const known = this.found.get(vf);
    if (known !== undefined) return known;
    const twin = this.found.get(this.alike.twinOf(vf));
    if (twin?.kind === 'unknown') return twin;
    const { senders, router: like, trialsMax } = this;
    const search = new Search(this.topology, vf, { senders, like, trialsMax });
    const found = search.run();
    this.trials += search.trials;
    this.found.set(vf, found);
    return found;
  }

  /** The first reason against a VF, with some changes made. */
  private reason(vf: number, changes: readonly Change[]): string {
    if (this.judged?.changes !== changes) {
      const topology = withChanges(this.topology, changes);
      this.judged = {
        changes,
        judge: new Judge(topology, exposureByRules(topology), new Router(topology, this.router)),
      };
    }
    return this.judged.judge.reasons(vf, 'proof')[0]?.text ?? '';
  }
}

/** Where a search for one VF begins. */
const NO_CHANGES: readonly Change[] = [];

/** So many sets more than one on each level are tried before a branch is asked what it would take. */
const EASY_TRIALS = 2;

interface SearchContext {
  readonly senders: Senders;
  /** A router of the topology without changes. */
  readonly like: Router;
  readonly trialsMax: number;
}

class Search {
  trials = 0;
  private readonly topology: Topology;
  private readonly vf: number;
  private readonly context: SearchContext;
  private trialsLeft: number;
  /** So many more changes may do, by what ended a branch of this pass; Infinity when none ended for its depth. */
  private short = Infinity;
  private tried = new Set<string>();

  constructor(topology: Topology, vf: number, context: SearchContext) {
    this.topology = topology;
    this.vf = vf;
    this.context = context;
    this.trialsLeft = context.trialsMax;
  }

  run(): Found {
    const least = this.atLeast(this.topology, NO_CHANGES);
    if (least === Infinity) return { kind: 'impossible', with: this.obstacle() ?? this.straightDown() };
    if (least >= CHANGES_MAX) return { kind: 'unknown', atLeast: least };
    for (let depth = least; ; depth += this.short) {
      this.short = Infinity;
      this.tried = new Set();
      const changes = this.deepen(NO_CHANGES, depth, depth);
      if (changes !== undefined) return { kind: 'changes', changes };
      if (this.trialsLeft < 0) return { kind: 'unknown', atLeast: depth };
      if (this.short === Infinity) return { kind: 'impossible', with: this.obstacle() ?? this.straightDown() };
    }
  }

  /** A set with `left` changes more than these that helps, or undefined. */
  private deepen(changes: readonly Change[], left: number, depth: number): readonly Change[] | undefined {
    if (!this.isNew(changes)) return undefined;
    const topology = this.changed(changes);
    const against = this.witnesses(topology, changes).first(this.vf);
    if (against === undefined) return changes;
    const open = this.openSettings(topology, changes, against.route);
    if (left === 0) {
      if (open.length > 0) this.short = 1;
      return undefined;
    }
    // On the straight way down there is nothing to save.
    if (this.tried.size > depth + EASY_TRIALS) {
      const least = this.atLeast(topology, changes);
      if (least > left) {
        this.short = Math.min(this.short, least - left);
        return undefined;
      }
    }
    for (const change of open) {
      const found = this.deepen([...changes, change], left - 1, depth);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /**
   * The first set of changes, by size, after which nothing can be done about the first request that is left; undefined when
   * that takes too long to find.
   */
  private obstacle(): readonly Change[] | undefined {
    let level: readonly (readonly Change[])[] = [NO_CHANGES];
    this.tried = new Set();
    this.trialsLeft = this.context.trialsMax;
    while (level.length > 0) {
      const next: (readonly Change[])[] = [];
      for (const changes of level) {
        if (!this.isNew(changes)) continue;
        const open = this.openAt(changes);
        if (open?.length === 0) return changes;
        next.push(...(open ?? []).map((change) => [...changes, change]));
      }
      level = next;
    }
    return undefined;
  }

  /** Such a set that is found by taking the first change of each. */
  private straightDown(): readonly Change[] {
    const changes: Change[] = [];
    for (let open = this.openAt(changes); open !== undefined && open.length > 0; open = this.openAt(changes)) {
      changes.push(open[0]!);
    }
    return changes.length === 0 ? NO_CHANGES : changes;
  }

  /** What could stop the first request that is left; undefined when none is. */
  private openAt(changes: readonly Change[]): readonly Change[] | undefined {
    const topology = this.changed(changes);
    const against = this.witnesses(topology, changes).first(this.vf);
    return against === undefined ? undefined : this.openSettings(topology, changes, against.route);
  }

  private changed(changes: readonly Change[]): Topology {
    return changes.length === 0 ? this.topology : withChanges(this.topology, changes);
  }

  /** Notes a set of changes: whether it was not tried yet, and may be. */
  private isNew(changes: readonly Change[]): boolean {
    const key = changes
      .map(({ setting }) => settingKey(setting))
      .toSorted()
      .join(';');
    if (this.tried.has(key)) return false;
    this.tried.add(key);
    this.trials += 1;
    this.trialsLeft -= 1;
    return this.trialsLeft >= 0;
  }

  /** So many more changes are needed at the least; Infinity when no change is enough. */
  private atLeast(topology: Topology, changes: readonly Change[]): number {
    const used = new Set<string>();
    let count = 0;
    // Whether none of its own settings could stop the one that sends.
    const isAlike = ({ settings, requester }: Route): boolean =>
      settings.every(
        (setting) =>
          (setting.of !== 'stream' && setting.of !== 'ats') ||
          setting.place !== requester ||
          remedyOf(topology, setting) === undefined,
      );
    for (const { route } of this.witnesses(topology, changes).some(this.vf, isAlike)) {
      const keys = this.openSettings(topology, changes, route).map(({ setting }) => settingKey(setting));
      if (keys.length === 0) return Infinity;
      if (keys.some((key) => used.has(key))) continue;
      for (const key of keys) used.add(key);
      count += 1;
      if (count >= CHANGES_MAX) break;
    }
    return count;
  }

  private witnesses(topology: Topology, changes: readonly Change[]): Witnesses {
    const changed = new Set(
      changes.flatMap(({ setting: { of, place } }) => (of === 'stream' || of === 'ats' ? [place] : [])),
    );
    const { senders, like } = this.context;
    return new Witnesses(topology, senders, new Router(topology, like), changed);
  }

  /** Changes that could stop a request and that are not made yet. */
  private openSettings(topology: Topology, changes: readonly Change[], { settings }: Route): readonly Change[] {
    const chosen = new Set(changes.map(({ setting }) => settingKey(setting)));
    return settings.flatMap((setting) => {
      if (chosen.has(settingKey(setting))) return [];
      const change = remedyOf(topology, setting);
      return change === undefined ? [] : [change];
    });
  }
}
