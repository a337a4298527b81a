/**
 * Proxmox VE: no time-out, and a downtime limit that doubles while the move gets nowhere (src/PVE/QemuMigrate.pm 096a1ac22).
 */
import { NS_PER_MS } from '../base/units.ts';
import type { ConvergenceRules } from './convergence.ts';
import { type ManagerAction, MANAGERS, type MoveProgress, NO_ACTION, type Watcher } from './manager.ts';
import { QEMU } from './parameters.ts';
import { RuleManager } from './rule-manager.ts';

const PROXMOX = {
  /** Interval of polls once less remains than was sent from poll to poll. */
  nearPollNs: 100 * NS_PER_MS,
  /** Polls without progress that it takes. */
  stuckPolls: 5,
} as const;

/** Where iterations repeat alike, polls see the same again and again; so many without a change stand for all. */
const POLLS_ALIKE = 1000;

/** Its user's time-out, if there is one, and its own limit. */
export class ProxmoxManager extends RuleManager {
  constructor(rules: ConvergenceRules) {
    super('user', rules);
  }

  override watcher(): Watcher {
    return new DoublingWatcher(this);
  }
}

class DoublingWatcher implements Watcher {
  private readonly rules: RuleManager;
  private nextNs: number = MANAGERS.proxmox.pollNs;
  private polls = 0;
  private stuck = 0;
  private alike = 0;
  private sentBytes = 0;
  private remainingBytes = Number.POSITIVE_INFINITY;

  constructor(rules: RuleManager) {
    this.rules = rules;
  }

  act(seen: MoveProgress): ManagerAction {
    const action = this.rules.act(seen);
    if (action.kind !== 'none' || seen.paused || seen.elapsedNs < this.nextNs) return action;
    return this.poll(seen);
  }

  idleUntilNs(seen: MoveProgress): number {
    return Math.min(this.rules.idleUntilNs(seen), this.hasNothingToDo(seen) ? Number.POSITIVE_INFINITY : this.nextNs);
  }

  nextPollNs(seen: MoveProgress): number {
    return this.idleUntilNs(seen);
  }

  timeoutNs(seen: MoveProgress): number {
    return this.rules.timeoutNs(seen);
  }

  private hasNothingToDo({ paused, limitNs }: MoveProgress): boolean {
    return paused || limitNs >= QEMU.downtimeLimitMaxNs || this.alike > POLLS_ALIKE;
  }

  private poll({ elapsedNs, sentBytes, remainingBytes, limitNs, repeats }: MoveProgress): ManagerAction {
    this.polls += 1;
    const isNear = remainingBytes < sentBytes / this.polls;
    this.nextNs = elapsedNs + (isNear ? PROXMOX.nearPollNs : MANAGERS.proxmox.pollNs);
    if (sentBytes <= this.sentBytes) return NO_ACTION;
    this.sentBytes = sentBytes;
    const isStuck = remainingBytes > this.remainingBytes || remainingBytes === 0;
    this.remainingBytes = remainingBytes;
    this.alike = repeats && !isStuck ? this.alike + 1 : 0;
    if (!isStuck) return NO_ACTION;
    this.stuck += 1;
    if (this.stuck <= PROXMOX.stuckPolls) return NO_ACTION;
    this.stuck = 0;
    return { kind: 'set limit', limitNs: Math.min(2 * limitNs, QEMU.downtimeLimitMaxNs) };
  }
}
