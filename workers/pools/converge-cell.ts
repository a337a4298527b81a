/**
 * Kind of job: some seeds of one class of workloads, played under every policy of a question.
 */
import { bug } from '../../sim/base/bug.ts';
import { GuestSource } from '../../sim/converge/guest.ts';
import { playedOwnPolicy } from '../../sim/converge/own-policy.ts';
import {
  ConvergePlayer,
  type Devices,
  moveColumns,
  type MoveColumns,
  type StreamSettings,
} from '../../sim/converge/play.ts';
import { playedPolicy, type PlayedPolicy, type PolicyName, type PolicySettings } from '../../sim/converge/policies.ts';
import type { Guest } from '../../sim/converge/guest.ts';
import type { PlayedClass } from '../../sim/converge/workload-class.ts';
import { pointParameters } from '../../sim/memory/parameters.ts';
import { DEFAULT_VMM } from '../../sim/memory/vmms.ts';
import { type OwnModule, ownPolicy } from './own-modules.ts';

/** A policy of a question: one that comes with stopcopy, or a user's module. */
export interface AskedPolicy {
  readonly name?: PolicyName;
  readonly module?: OwnModule;
  readonly settings: PolicySettings;
}

export interface ConvergeAsked {
  readonly classes: readonly PlayedClass[];
  readonly policies: readonly AskedPolicy[];
  readonly stream: StreamSettings;
  readonly devices: readonly Devices[];
  readonly horizonNs: number;
  readonly seed: number;
}

export interface ConvergeCell {
  /** Place of the class. */
  readonly workload: number;
  /** First seed, and how many. */
  readonly from: number;
  readonly count: number;
}

export interface ConvergeValue {
  /** One set of columns for each policy. */
  readonly columns: readonly MoveColumns[];
  /** Events of the engine that the moves took. */
  readonly events: number;
}

function played({ name, module, settings }: AskedPolicy, guest: Guest, player: ConvergePlayer): PlayedPolicy {
  if (name !== undefined) return playedPolicy(name, settings, guest);
  const own = module === undefined ? undefined : ownPolicy(module);
  if (module === undefined || own === undefined) return bug('OWN_POLICY', module?.name);
  return playedOwnPolicy(module.name, own, settings, guest, player.carries(own.vmm ?? DEFAULT_VMM));
}

/** @throws UserError of kind `input` for what a user's policy does wrong */
function playCell(asked: ConvergeAsked, { workload, from, count }: ConvergeCell): ConvergeValue {
  const { classes, policies, stream, devices, horizonNs, seed } = asked;
  const player = new ConvergePlayer(stream, devices, horizonNs, pointParameters());
  const guests = new GuestSource(classes[workload] ?? bug('WORKLOAD', workload), seed, player.carries(DEFAULT_VMM));
  const columns = policies.map(() => moveColumns(count));
  for (let i = 0; i < count; i++) {
    const guest = guests.guest(from + i);
    for (const [place, policy] of policies.entries())
      player.play(guest, played(policy, guest, player), columns[place]!, i);
  }
  return { columns, events: player.events };
}

export const CONVERGE_CELL = { name: 'converge-cell', version: 1, run: playCell } as const;
