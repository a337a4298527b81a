/**
 * A VMM, or rather all that are asked to run and move one VM: calls on the VF's devices of both hosts, in any order that the
 * protocol allows, with its images cut, its moves given up and its devices reset, closed and opened again.
 */
import { ACC_VF_DATA_BYTES, QM_MATCH_BYTES } from '../abi/vf-data.ts';
import { MIG_FLAG, MIG_STATE } from '../abi/vfio.ts';
import { NS_PER_MS, NS_PER_US } from '../base/units.ts';
import type { Choices } from './choices.ts';
import { FAULT_NAMES } from './faults.ts';
import type { CheckedVm, Feature, Setting } from './setting.ts';
import type { Steps, VmCalls } from './vm-calls.ts';
import type { AskedState, HostIndex, ImageChange, VmStep } from './vm-step.ts';

/** How long a VMM thinks between two calls, in ns. */
const THINK_NS = [0, 1_000, 5 * NS_PER_US, 50 * NS_PER_US, 300 * NS_PER_US, NS_PER_MS] as const;
/** Actions of one VM at most: two moves and what lies between them already show most of what order can do. */
const ACTIONS_MAX = 4;
/** Pieces into which an image may be cut, in bytes. */
const CHUNKS = [ACC_VF_DATA_BYTES, QM_MATCH_BYTES, 64, 41, 8] as const;

/** What a move ended with. */
type MoveEnd = 'moved' | 'givenUp';

export class Vmm {
  private readonly setting: Setting;
  private readonly vm: CheckedVm;
  private readonly choices: Choices;
  private readonly calls: VmCalls;
  /** Whether the last image that was sent was changed. */
  private changed = false;

  constructor(setting: Setting, vm: CheckedVm, choices: Choices, calls: VmCalls) {
    this.setting = setting;
    this.vm = vm;
    this.choices = choices;
    this.calls = calls;
  }

  /** The VM's life in this run, until it asks for nothing more. */
  *life(): Steps<void> {
    const { choices, vm } = this;
    if (vm.slots[0].vfio.driver === null) return;
    const actions = 1 + choices.below(ACTIONS_MAX);
    for (let i = 0; i < actions; i++) {
      yield* this.think();
      const action = choices.below(this.has('resets') ? 6 : 4);
      if (action < 3) yield* this.move();
      else if (action === 3) yield* this.pauseAndResume();
      else yield* this.call(choices.below(2) as HostIndex, 'reset');
    }
  }

  private has(feature: Feature): boolean {
    return this.setting.features.has(feature);
  }

  private *think(): Steps<void> {
    const ns = this.choices.of(THINK_NS);
    if (ns > 0) yield* this.calls.take({ kind: 'wait', ns });
  }

  private *guest(what: 'stop' | 'start' | 'lose interrupt'): Steps<void> {
    yield* this.calls.take({ kind: 'guest', what });
  }

  /** A step that is a call: a fault may be armed right before it. */
  private *device(step: Extract<VmStep, { at: HostIndex }>): Steps<number> {
    if (this.has('faults') && this.choices.oneIn(12)) {
      yield* this.calls.take({ kind: 'fault', at: step.at, name: this.choices.of(FAULT_NAMES) });
    }
    return yield* this.calls.take(step);
  }

  private *state(at: HostIndex, state: AskedState): Steps<number> {
    return yield* this.device({ kind: 'state', at, state });
  }

  private *call(at: HostIndex, what: 'reset' | 'open'): Steps<void> {
    yield* this.device({ kind: 'call', at, what });
  }

  private *closeFiles(at: HostIndex): Steps<void> {
    yield* this.calls.take({ kind: 'call', at, what: 'close files' });
  }

  /** The process that holds a device ends, in either order, and another one opens it. */
  private *reopen(at: HostIndex): Steps<void> {
    yield* this.calls.take({ kind: 'call', at, what: this.choices.oneIn(2) ? 'close device first' : 'close' });
    yield* this.call(at, 'open');
  }

  /** RUNNING to STOP and back, as a debugger or a checkpoint that is given up does it. */
  private *pauseAndResume(): Steps<void> {
    const at = this.vm.home;
    yield* this.guest('stop');
    const ret = yield* this.state(at, 'STOP');
    yield* this.think();
    if (ret === 0) yield* this.state(at, 'RUNNING');
    yield* this.guest('start');
  }

  /** A move to the other host, to the end or given up at any of its points. */
  private *move(): Steps<MoveEnd> {
    const { vm, choices } = this;
    const from = vm.home;
    const to = from === 0 ? 1 : 0;
    const preCopy = choices.oneIn(2) && (vm.slots[from].vfio.migrationFlags & MIG_FLAG.PRE_COPY) !== 0;
    yield* this.chooseSource();
    if (preCopy) {
      if ((yield* this.state(from, 'PRE_COPY')) < 0) return yield* this.giveUp(from, to, false);
      if (!(yield* this.read(from)) || (yield* this.state(to, 'RESUMING')) < 0) {
        return yield* this.giveUp(from, to, false);
      }
      if (!(yield* this.send(to))) return yield* this.giveUp(from, to, false);
      if (this.cancels()) return yield* this.giveUp(from, to, false);
      yield* this.think();
    }
    yield* this.guest('stop');
    if (choices.oneIn(4) && !preCopy) {
      if ((yield* this.state(from, 'STOP')) < 0) return yield* this.giveUp(from, to, true);
      if (this.has('lostInterrupts')) yield* this.guest('lose interrupt');
    }
    if ((yield* this.state(from, 'STOP_COPY')) < 0) return yield* this.giveUp(from, to, true);
    if (!(yield* this.read(from)) || this.cancels()) return yield* this.giveUp(from, to, true);
    if (vm.slots[to].vfio.getState() !== MIG_STATE.RESUMING && (yield* this.state(to, 'RESUMING')) < 0) {
      return yield* this.giveUp(from, to, true);
    }
    return yield* this.load(from, to);
  }

  /** What the destination does with the rest of an image, and what follows. */
  private *load(from: HostIndex, to: HostIndex): Steps<MoveEnd> {
    const { choices } = this;
    if (this.has('shortStreams') && choices.oneIn(2)) return yield* this.shortStream(from, to);
    if (!(yield* this.send(to))) return yield* this.giveUp(from, to, true);
    if (choices.oneIn(3) && (yield* this.state(to, 'STOP')) < 0) return yield* this.giveUp(from, to, true);
    if ((yield* this.state(to, 'RUNNING')) < 0) return yield* this.giveUp(from, to, true);
    yield* this.guest('start');
    yield* this.closeFiles(to);
    // The source's process ends, most of them after they left STOP_COPY.
    if (!choices.oneIn(4)) yield* this.state(from, 'STOP');
    yield* this.reopen(from);
    return 'moved';
  }

  /** The destination's process was killed, or its connection cut, within the image; its driver is left as it is. */
  private *shortStream(from: HostIndex, to: HostIndex): Steps<MoveEnd> {
    const { bytes, sent } = this.calls;
    const cut = Math.min(bytes, this.choices.of([0, 8, QM_MATCH_BYTES + 1, 100]));
    if (cut > sent) yield* this.send(to, cut);
    if ((yield* this.state(to, 'STOP')) < 0) yield* this.state(to, 'RUNNING');
    return yield* this.giveUp(from, to, true);
  }

  /** The VM stays where it is; the destination begins again, with its process or with a reset. */
  private *giveUp(from: HostIndex, to: HostIndex, stopped: boolean): Steps<MoveEnd> {
    yield* this.clear(to);
    if (this.choices.oneIn(4)) {
      yield* this.call(from, 'reset');
    } else {
      const ret = yield* this.state(from, 'RUNNING');
      if (ret < 0) yield* this.call(from, 'reset');
    }
    yield* this.closeFiles(from);
    yield* this.closeFiles(to);
    if (stopped) yield* this.guest('start');
    return 'givenUp';
  }

  /** A destination that is not needed: its process stays, its function is reset, or its process ends. */
  private *clear(at: HostIndex): Steps<void> {
    const way = this.choices.below(3);
    yield* this.closeFiles(at);
    if (way === 0 && (yield* this.state(at, 'RUNNING')) === 0) return;
    if (way === 2) yield* this.reopen(at);
    else yield* this.call(at, 'reset');
  }

  private cancels(): boolean {
    return this.has('cancels') && this.choices.oneIn(3);
  }

  /** Reads an image from where it was left. @returns whether all of it that there is now was read */
  private *read(at: HostIndex): Steps<boolean> {
    const { calls } = this;
    if (!calls.holds(at, 'save')) return true;
    const bytes = this.has('pieces') ? this.choices.of(CHUNKS) : ACC_VF_DATA_BYTES;
    for (;;) {
      const ret = yield* this.device({ kind: 'read', at, bytes: Math.min(bytes, ACC_VF_DATA_BYTES - calls.bytes) });
      if (ret < 0) return false;
      if (ret === 0 || calls.bytes === ACC_VF_DATA_BYTES) return true;
    }
  }

  /** Writes an image from where it was left, up to an end. @returns whether all of it was taken */
  private *send(at: HostIndex, end: number = this.calls.bytes): Steps<boolean> {
    const { calls } = this;
    if (!calls.holds(at, 'resume')) return true;
    const chunk = this.has('pieces') ? this.choices.of(CHUNKS) : ACC_VF_DATA_BYTES;
    while (calls.sent < end) {
      const ret = yield* this.device({ kind: 'write', at, bytes: Math.min(chunk, end - calls.sent) });
      if (ret < 0) return false;
    }
    return true;
  }

  /** Whether the image of this move comes from a host with other queues, another isolation, or an older driver. */
  private *chooseSource(): Steps<void> {
    const foreign = this.has('foreignImages') ? this.choices.below(3) : 0;
    const changes: ImageChange[] = foreign === 0 ? [] : [foreign === 1 ? 'other queue count' : 'other isolation'];
    const old = this.has('oldImages') && this.choices.oneIn(2);
    if (old) changes.push('version 1');
    if (changes.length > 0 || this.changed) yield* this.calls.take({ kind: 'image', changes });
    this.changed = changes.length > 0;
  }
}
