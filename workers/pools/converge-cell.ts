/**
 * Kind of job: some seeds of one class of workloads, played under every policy of a question.
 */
import { bug } from '../../sim/base/bug.ts';
import { spreadAt } from '../../sim/base/draws.ts';
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
import { READER_TOUCHES } from '../../sim/converge/post-copy.ts';
import type { PlayedClass } from '../../sim/converge/workload-class.ts';
import { DEFAULT_VMM } from '../../sim/memory/vmms.ts';
import { Unknowns } from '../../sim/scenario/unknowns.ts';
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
  /** Draws of the parameters. */
  readonly draws: number;
}

export interface ConvergeCell {
  /** Place of the class. */
  readonly workload: number;
  /** First seed, and how many. */
  readonly from: number;
  readonly count: number;
  /** Draw of the parameters; left out: nominal. */
  readonly draw?: number;
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

/** The draws of a question, which its cells share. */
let drawn: { readonly seed: number; readonly count: number; readonly unknowns: Unknowns } | undefined;

function drawnPlayer({ stream, devices, horizonNs, seed, draws }: ConvergeAsked, draw: number): ConvergePlayer {
  if (drawn?.seed !== seed || drawn.count !== draws)
    drawn = { seed, count: draws, unknowns: new Unknowns(seed, draws) };
  const { unknowns } = drawn;
  const drawnDevices = devices.map((each) => ({ ...each, figures: unknowns.figures(each.profile, draw) }));
  return new ConvergePlayer(stream, drawnDevices, horizonNs, {
    parameters: unknowns.parameters(draw),
    ...unknowns.vcpuCosts(draw),
    readerTouches: spreadAt(READER_TOUCHES, unknowns.share('readerTouches', draw)),
  });
}

/** @throws UserError of kind `input` for what a user's policy does wrong */
function playCell(asked: ConvergeAsked, { workload, from, count, draw }: ConvergeCell): ConvergeValue {
  const { classes, policies, stream, devices, horizonNs, seed } = asked;
  const nominal = new ConvergePlayer(stream, devices, horizonNs);
  const player = draw === undefined ? nominal : drawnPlayer(asked, draw);
  // Guests are the same whatever the parameters: rates of classes are shares of what the nominal stream carries.
  const guests = new GuestSource(classes[workload] ?? bug('WORKLOAD', workload), seed, nominal.carries(DEFAULT_VMM));
  const columns = policies.map(() => moveColumns(count));
  for (let i = 0; i < count; i++) {
    const guest = guests.guest(from + i);
    for (const [place, policy] of policies.entries())
      player.play(guest, played(policy, guest, player), columns[place]!, i);
  }
  return { columns, events: player.events };
}

export const CONVERGE_CELL = { name: 'converge-cell', version: 1, run: playCell } as const;
