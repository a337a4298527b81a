/**
 * A policy of a user's own: a module whose default export sees the progress of a move and answers with actions, as the managers
 * of this model do.
 */
import { UserError } from '../base/user-error.ts';
import { NS_PER_MS } from '../base/units.ts';
import {
  ACT_REASONS,
  type Manager,
  type ManagerAction,
  type MoveProgress,
  NO_ACTION,
  type Watcher,
} from '../memory/manager.ts';
import { QEMU } from '../memory/parameters.ts';
import { VMM_NAMES, type VmmName, VMMS } from '../memory/vmms.ts';
import type { Guest } from './guest.ts';
import { type PlayedPolicy, type PolicySettings, throttlingOf } from './policies.ts';

const OWN_THROTTLES = ['none', 'auto-converge', 'dirty-limit'] as const;

/** What a policy knows of a move before it starts. */
export interface OwnMove {
  readonly memoryBytes: number;
  readonly vcpus: number;
  /** What the stream carries, in bytes of guest memory per second. */
  readonly bytesPerSecond: number;
}

/** Watches one move. */
export interface OwnWatcher {
  /**
   * The action at a poll, or at the end of an iteration (`seen.pass`). It must depend on what it sees alone, or else the same
   * seed does not give the same result. Nothing, or `{ kind: 'none' }`: the move resumes as it is.
   */
  act(seen: Readonly<MoveProgress>): ManagerAction | undefined;
}

/** The default export of a module that `--policy` names. */
export interface OwnPolicy {
  /** Default: `qemu`. */
  readonly vmm?: VmmName;
  /** How QEMU slows the guest. Default: `none`. */
  readonly throttling?: (typeof OWN_THROTTLES)[number];
  /** The downtime limit from the first byte on, in ms. Default: 300. */
  readonly downtimeLimitMs?: number;
  /** Between two polls, in ms. Default: 1000. */
  readonly pollMs?: number;
  /** Whether it acts at the ends of iterations too. Default: no. */
  readonly atIterations?: boolean;
  /** Makes what watches one move; it may remember what it has seen. */
  watch(move: OwnMove): OwnWatcher;
}

const DEFAULT_LIMIT_MS = 300;
const DEFAULT_POLL_MS = 1000;
const EXAMPLE = 'docs/converge.md has an example; the package has its types: OwnPolicy, MoveProgress, ManagerAction.';

/** A value of a module, in a sentence. */
function shown(value: unknown): string {
  return value === undefined || typeof value === 'number' ? String(value) : JSON.stringify(value);
}

function refuse(file: string, sentence: string): never {
  throw new UserError('input', `${file}: ${sentence}`, EXAMPLE);
}

/**
 * What a module exports, checked.
 *
 * @param file name of the module, used in messages
 * @throws UserError of kind `input`
 */
export function checkOwnPolicy(file: string, exported: unknown): OwnPolicy {
  if (typeof exported !== 'object' || exported === null) {
    refuse(
      file,
      `the default export is ${exported === undefined ? 'missing' : typeof exported}, allowed is an object with watch()`,
    );
  }
  const policy = exported as Partial<Record<keyof OwnPolicy, unknown>>;
  const number = (name: 'downtimeLimitMs' | 'pollMs', low: number, high: number): void => {
    const value = policy[name];
    if (value === undefined || (typeof value === 'number' && value >= low && value <= high)) return;
    refuse(file, `${name} is ${shown(value)}, allowed is a number from ${low} to ${high}`);
  };
  const word = (name: 'vmm' | 'throttling', allowed: readonly string[]): void => {
    const value = policy[name];
    if (value === undefined || (typeof value === 'string' && allowed.includes(value))) return;
    refuse(file, `${name} is ${shown(value)}, allowed is ${allowed.join(', ')}`);
  };
  if (typeof policy.watch !== 'function') refuse(file, `watch is ${typeof policy.watch}, allowed is a function`);
  number('downtimeLimitMs', 1, QEMU.downtimeLimitMaxNs / NS_PER_MS);
  number('pollMs', 1, 3_600_000);
  word('vmm', VMM_NAMES);
  word('throttling', OWN_THROTTLES);
  if (policy.atIterations !== undefined && typeof policy.atIterations !== 'boolean') {
    refuse(file, `atIterations is ${shown(policy.atIterations)}, allowed is true or false`);
  }
  const { vmm = 'qemu', throttling = 'none' } = policy as OwnPolicy;
  if (throttling !== 'none' && !VMMS[vmm].throttles)
    refuse(file, `throttling is ${throttling}, and ${VMMS[vmm].title} does not throttle vCPUs`);
  return policy as OwnPolicy;
}

/** What a user's policy does to the move of a guest. */
export function playedOwnPolicy(
  file: string,
  policy: OwnPolicy,
  settings: PolicySettings,
  guest: Guest,
  bytesPerSecond: number,
): PlayedPolicy {
  const { vmm = 'qemu', throttling = 'none', downtimeLimitMs = DEFAULT_LIMIT_MS } = policy;
  return {
    vmm,
    manager: new OwnManager(file, policy, { memoryBytes: guest.memoryBytes, vcpus: guest.vcpus, bytesPerSecond }),
    throttling: throttlingOf(throttling === 'none' ? null : throttling, settings, guest),
    downtimeLimitNs: settings.downtimeLimitNs ?? downtimeLimitMs * NS_PER_MS,
    switchoverAck: false,
    preempts: true,
  };
}

class OwnManager implements Manager {
  readonly pollNs: number;
  readonly watchesProgress = true;
  readonly movesItsPolls = false;
  readonly actsAtIterations: boolean;
  readonly iterationsMax = Number.POSITIVE_INFINITY;
  private readonly file: string;
  private readonly policy: OwnPolicy;
  private readonly move: OwnMove;

  constructor(file: string, policy: OwnPolicy, move: OwnMove) {
    this.file = file;
    this.policy = policy;
    this.move = move;
    this.pollNs = (policy.pollMs ?? DEFAULT_POLL_MS) * NS_PER_MS;
    this.actsAtIterations = policy.atIterations ?? false;
  }

  watcher(): Watcher {
    const watcher = inModule(this.file, 'watch', () => this.policy.watch(this.move)) as unknown;
    if (typeof watcher !== 'object' || watcher === null || typeof (watcher as OwnWatcher).act !== 'function') {
      refuse(this.file, 'watch() returns no object with a function act');
    }
    return new WatcherOfOwn(this.file, watcher as OwnWatcher, this.pollNs);
  }

  letsEndLate(): boolean {
    return false;
  }
}

/** Asks a user's watcher once for each poll and each end of an iteration. */
class WatcherOfOwn implements Watcher {
  private readonly file: string;
  private readonly own: OwnWatcher;
  private readonly pollNs: number;
  private readonly askedNs = { poll: 0, pass: 0 };

  constructor(file: string, own: OwnWatcher, pollNs: number) {
    this.file = file;
    this.own = own;
    this.pollNs = pollNs;
  }

  act(seen: MoveProgress): ManagerAction {
    const which = seen.pass ? 'pass' : 'poll';
    if (seen.elapsedNs <= this.askedNs[which]) return NO_ACTION;
    this.askedNs[which] = seen.elapsedNs;
    const answer = inModule(this.file, 'act', () => this.own.act(seen));
    const action = checkedAction(this.file, answer);
    // Within its pause a move can only be given up.
    return seen.paused && action.kind !== 'cancel' ? NO_ACTION : action;
  }

  idleUntilNs({ elapsedNs }: MoveProgress): number {
    return elapsedNs;
  }

  nextPollNs({ elapsedNs }: MoveProgress): number {
    return (Math.floor(elapsedNs / this.pollNs) + 1) * this.pollNs;
  }

  timeoutNs({ elapsedNs }: MoveProgress): number {
    return elapsedNs;
  }
}

function inModule<T>(file: string, what: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    return refuse(file, `${what}() throws: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const KINDS = ['none', 'set limit', 'force limit', 'cancel', 'stop'] as const;

function checkedAction(file: string, answer: unknown): ManagerAction {
  if (answer === undefined) return NO_ACTION;
  if (typeof answer !== 'object' || answer === null) {
    return refuse(file, `act() returns ${shown(answer)}, allowed is an action or nothing`);
  }
  const { kind, limitNs, reason = 'timeout' } = answer as Readonly<Record<string, unknown>>;
  const known = KINDS.find((each) => each === kind);
  if (known === undefined) return refuse(file, `act() returns the kind ${shown(kind)}, allowed is ${KINDS.join(', ')}`);
  const why = ACT_REASONS.find((each) => each === reason);
  if (why === undefined)
    return refuse(file, `act() returns the reason ${shown(reason)}, allowed is ${ACT_REASONS.join(', ')}`);
  if (known === 'none') return NO_ACTION;
  if (known === 'cancel' || known === 'stop') return { kind: known, reason: why };
  if (typeof limitNs !== 'number' || !(limitNs > 0 && limitNs <= QEMU.downtimeLimitMaxNs)) {
    return refuse(file, `act() returns limitNs ${shown(limitNs)}, allowed is above 0 up to ${QEMU.downtimeLimitMaxNs}`);
  }
  return known === 'set limit' ? { kind: known, limitNs } : { kind: known, limitNs, reason: why };
}
