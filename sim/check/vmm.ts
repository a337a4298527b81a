/**
 * A VMM, or rather all that are asked to run and move one VM: calls on the VF's devices of both hosts, in any order that the
 * protocol allows, with its images cut, its moves given up and its devices reset, closed and opened again.
 */
import { ACC_DEV_MAGIC_V1, ACC_VF_DATA_BYTES, QM_MATCH_BYTES } from '../abi/vf-data.ts';
import { MIG_FLAG, MIG_STATE } from '../abi/vfio.ts';
import { NS_PER_MS, NS_PER_US } from '../base/units.ts';
import { WORD, deriveRingAddresses } from '../driver/image.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import { UserBuffer } from '../vfio/user-buffer.ts';
import type { Fiber } from '../world/fiber.ts';
import type { VfSlot } from '../world/host.ts';
import { GuestMemory } from '../device/guest-memory.ts';
import { GUEST_DMA_BASE } from '../world/vf-guest.ts';
import type { Judge } from './judge.ts';
import type { Choices } from './choices.ts';
import { FAULT_NAMES, faultWords } from './faults.ts';
import type { RunRecord } from './record.ts';
import type { CheckedVm, Setting } from './setting.ts';

/** A generator that yields the time until which it has nothing to do, as fibers want it. */
export type Steps<T> = Generator<number, T, void>;

/** How long a VMM thinks between two calls, in ns. */
const THINK_NS = [0, 1_000, 5 * NS_PER_US, 50 * NS_PER_US, 300 * NS_PER_US, NS_PER_MS] as const;
/** Actions of one VM at most: two moves and what lies between them already show most of what order can do. */
const ACTIONS_MAX = 4;
const SYSCALL_NS = 1_000;
/** Pieces into which an image may be cut, in bytes. */
const CHUNKS = [ACC_VF_DATA_BYTES, QM_MATCH_BYTES, 64, 41, 8] as const;

const STATE_WORDS: Readonly<Record<number, string>> = {
  [MIG_STATE.STOP]: 'STOP',
  [MIG_STATE.RUNNING]: 'RUNNING',
  [MIG_STATE.STOP_COPY]: 'STOP_COPY',
  [MIG_STATE.RESUMING]: 'RESUMING',
  [MIG_STATE.PRE_COPY]: 'PRE_COPY',
};

/** What a move ended with. */
type MoveEnd = 'moved' | 'givenUp';

export class Vmm {
  private readonly setting: Setting;
  private readonly vm: CheckedVm;
  private readonly choices: Choices;
  private readonly record: RunRecord;
  private readonly judge: Judge;
  private readonly actor: string;
  /** Null where this VM is alone and nothing else acts. */
  private fiber: Fiber | null = null;
  /** What the image of the move under way is made into on its way: the source may be a host of another kind. */
  private otherCount = false;
  private otherIsolation = false;
  private old = false;
  /** Data files that this VMM holds a descriptor of. */
  private readonly held: { readonly slot: VfSlot; readonly file: MigrationFile }[] = [];

  constructor(setting: Setting, vm: CheckedVm, choices: Choices, record: RunRecord, judge: Judge) {
    this.setting = setting;
    this.vm = vm;
    this.choices = choices;
    this.record = record;
    this.judge = judge;
    this.actor = `VMM ${vm.fn}`;
  }

  /** The VM's life in this run, until it asks for nothing more. */
  *life(fiber: Fiber | null): Steps<void> {
    this.fiber = fiber;
    const { choices, vm } = this;
    if (vm.slots[0].vfio.driver === null) return;
    const actions = 1 + choices.below(ACTIONS_MAX);
    for (let i = 0; i < actions; i++) {
      yield* this.think();
      const action = choices.below(this.has('resets') ? 6 : 4);
      if (action < 3) yield* this.move();
      else if (action === 3) yield* this.pauseAndResume();
      else yield* this.reset(vm.slots[choices.below(2)]!);
    }
  }

  /** The VM ends: what its VMM holds is given back, as the protocol asks. To be called when all guests have run out. */
  *end(): Steps<void> {
    this.fiber = null;
    for (const slot of this.vm.slots) {
      if (slot.vfio.driver === null) continue;
      yield* this.setState(slot, MIG_STATE.RUNNING);
      this.close(slot, false);
    }
  }

  private get nowNs(): number {
    return this.setting.world.clock.nowNs;
  }

  private has(
    feature:
      | 'resets'
      | 'cancels'
      | 'pieces'
      | 'faults'
      | 'foreignImages'
      | 'oldImages'
      | 'shortStreams'
      | 'lostInterrupts',
  ): boolean {
    return this.setting.features.has(feature);
  }

  private *think(): Steps<void> {
    yield* this.wait(this.choices.of(THINK_NS));
  }

  private *wait(ns: number): Steps<void> {
    if (ns === 0) return;
    if (this.fiber === null) this.setting.world.runUntil(this.nowNs + ns);
    else yield this.nowNs + ns;
  }

  /** One call on a device, by its name; everything that is judged after any call is judged here. */
  private *call(slot: VfSlot, what: string, body: () => number): Steps<number> {
    const { setting, record, judge } = this;
    const { world } = setting;
    if (this.has('faults') && this.choices.oneIn(12)) {
      const name = this.choices.of(FAULT_NAMES);
      setting.faults.arm(name, slot.host, slot.fn, this.nowNs);
      record.step(this.nowNs, 'fault', `${this.hostOf(slot)}: ${faultWords(name)}`, null);
    }
    const before = judge.before(slot);
    const named = `${this.hostOf(slot)}: ${what}`;
    record.begin(before.nowNs, this.actor, named);
    world.clock.nowNs += SYSCALL_NS;
    let ret: number;
    if (this.fiber === null) {
      ret = body();
      world.runUntil(this.nowNs);
    } else {
      ret = yield* this.fiber.whole(slot, body);
    }
    record.end(before.nowNs, this.actor, named, ret);
    judge.after(this.vm, slot, { what, ret, before });
    return ret;
  }

  private hostOf(slot: VfSlot): string {
    return slot === this.vm.slots[0] ? 'A' : 'B';
  }

  /** Goes to a state; a file that comes of it is held. */
  private *setState(slot: VfSlot, state: number): Steps<number> {
    const ret = yield* this.call(slot, STATE_WORDS[state]!, () => slot.vfio.setState(state));
    const { newFile } = slot.vfio;
    if (newFile !== null) this.held.push({ slot, file: newFile });
    slot.vfio.newFile = null;
    return ret;
  }

  private closeFiles(slot: VfSlot): void {
    for (let i = this.held.length - 1; i >= 0; i--) {
      if (this.held[i]!.slot !== slot) continue;
      slot.vfio.closeFile(this.held[i]!.file);
      this.held.splice(i, 1);
    }
  }

  private fileAt(slot: VfSlot, kind: 'save' | 'resume'): MigrationFile | null {
    return this.held.findLast((held) => held.slot === slot && held.file.kind === kind)?.file ?? null;
  }

  private *reset(slot: VfSlot): Steps<void> {
    if (slot === this.vm.slots[this.vm.home]) this.vm.wasReset = true;
    yield* this.call(slot, 'reset', () => {
      slot.vfio.reset();
      return 0;
    });
    this.judge.afterReset(slot);
  }

  /** The process that holds a device ends, in either order, and another one opens it. */
  private *reopen(slot: VfSlot): Steps<void> {
    if (slot === this.vm.slots[this.vm.home]) this.vm.wasReset = true;
    this.close(slot, this.choices.oneIn(2));
    yield* this.call(slot, 'open', () => slot.vfio.open());
  }

  private close(slot: VfSlot, deviceFirst: boolean): void {
    if (!deviceFirst) this.closeFiles(slot);
    slot.vfio.close();
    this.record.step(this.nowNs, this.actor, `${this.hostOf(slot)}: close`, null);
    if (deviceFirst) this.closeFiles(slot);
    this.judge.afterClose(slot);
  }

  /** RUNNING to STOP and back, as a debugger or a checkpoint that is given up does it. */
  private *pauseAndResume(): Steps<void> {
    const { vm } = this;
    const slot = vm.slots[vm.home];
    vm.guest.stop();
    const ret = yield* this.setState(slot, MIG_STATE.STOP);
    yield* this.think();
    if (ret === 0) yield* this.setState(slot, MIG_STATE.RUNNING);
    vm.guest.start();
  }

  /** A move to the other host, to the end or given up at any of its points. */
  private *move(): Steps<MoveEnd> {
    const { vm, choices } = this;
    const from = vm.slots[vm.home];
    const to = vm.slots[vm.home === 0 ? 1 : 0];
    const preCopy = choices.oneIn(2) && (from.vfio.migrationFlags & MIG_FLAG.PRE_COPY) !== 0;
    this.chooseSource();
    const image = new Uint8Array(ACC_VF_DATA_BYTES);
    let bytes = 0;
    let sent = 0;
    if (preCopy) {
      if ((yield* this.setState(from, MIG_STATE.PRE_COPY)) < 0) return yield* this.giveUp(from, to, false);
      bytes = yield* this.read(from, image, 0);
      if (bytes < 0 || (yield* this.setState(to, MIG_STATE.RESUMING)) < 0) return yield* this.giveUp(from, to, false);
      sent = yield* this.send(to, image, 0, bytes);
      if (sent < 0) return yield* this.giveUp(from, to, false);
      if (this.cancels()) return yield* this.giveUp(from, to, false);
      yield* this.think();
    }
    vm.guest.stop();
    if (choices.oneIn(4) && !preCopy) {
      if ((yield* this.setState(from, MIG_STATE.STOP)) < 0) return yield* this.giveUp(from, to, true);
      if (this.has('lostInterrupts')) vm.guest.loseInterrupt();
    }
    if ((yield* this.setState(from, MIG_STATE.STOP_COPY)) < 0) return yield* this.giveUp(from, to, true);
    bytes = yield* this.read(from, image, bytes);
    if (bytes < 0 || this.cancels()) return yield* this.giveUp(from, to, true);
    this.judge.image(from, image, bytes);
    if (to.vfio.getState() !== MIG_STATE.RESUMING && (yield* this.setState(to, MIG_STATE.RESUMING)) < 0) {
      return yield* this.giveUp(from, to, true);
    }
    return yield* this.load(from, to, { image, bytes, sent });
  }

  /** What the destination does with the rest of an image, and what follows. */
  private *load(from: VfSlot, to: VfSlot, wire: { image: Uint8Array; bytes: number; sent: number }): Steps<MoveEnd> {
    const { vm, judge, choices } = this;
    const { image, bytes } = wire;
    if (this.has('shortStreams') && choices.oneIn(2)) return yield* this.shortStream(from, to, wire);
    const ret = yield* this.send(to, image, wire.sent, bytes);
    if (ret < 0) return yield* this.refused(from, to);
    const memory = new GuestMemory(vm.guest.memory.u8.slice().buffer, GUEST_DMA_BASE);
    to.host.accelerator.attachMemory(to.fn, memory);
    if (choices.oneIn(3) && (yield* this.setState(to, MIG_STATE.STOP)) < 0) return yield* this.refused(from, to);
    if ((yield* this.setState(to, MIG_STATE.RUNNING)) < 0) return yield* this.refused(from, to);
    judge.loaded(vm, to, { image, bytes, misfit: this.misfit });
    vm.guest.moveTo(memory, to);
    vm.home = vm.home === 0 ? 1 : 0;
    vm.guest.start();
    this.closeFiles(to);
    // The source's process ends, most of them after they left STOP_COPY.
    if (!choices.oneIn(4)) yield* this.setState(from, MIG_STATE.STOP);
    yield* this.reopen(from);
    return 'moved';
  }

  /** The destination's process was killed, or its connection cut, within the image; its driver is left as it is. */
  private *shortStream(
    from: VfSlot,
    to: VfSlot,
    wire: { image: Uint8Array; bytes: number; sent: number },
  ): Steps<MoveEnd> {
    const cut = Math.min(wire.bytes, this.choices.of([0, 8, QM_MATCH_BYTES + 1, 100]));
    if (cut > wire.sent) yield* this.send(to, wire.image, wire.sent, cut);
    if ((yield* this.setState(to, MIG_STATE.STOP)) < 0) {
      const ret = yield* this.setState(to, MIG_STATE.RUNNING);
      this.judge.trapped(to, ret, cut);
    }
    return yield* this.giveUp(from, to, true);
  }

  private *refused(from: VfSlot, to: VfSlot): Steps<MoveEnd> {
    this.judge.refused(to, this.misfit);
    return yield* this.giveUp(from, to, true);
  }

  /** The VM stays where it is; the destination begins again, with its process or with a reset. */
  private *giveUp(from: VfSlot, to: VfSlot, stopped: boolean): Steps<MoveEnd> {
    const { vm, choices } = this;
    to.host.accelerator.attachMemory(to.fn, null);
    yield* this.clear(to);
    if (choices.oneIn(4)) {
      yield* this.reset(from);
    } else {
      const ret = yield* this.setState(from, MIG_STATE.RUNNING);
      if (ret < 0) yield* this.reset(from);
    }
    this.closeFiles(from);
    this.closeFiles(to);
    if (stopped) vm.guest.start();
    return 'givenUp';
  }

  /** A destination that is not needed: its process stays, its function is reset, or its process ends. */
  private *clear(slot: VfSlot): Steps<void> {
    const way = this.choices.below(3);
    this.closeFiles(slot);
    if (way === 0 && (yield* this.setState(slot, MIG_STATE.RUNNING)) === 0) return;
    if (way === 2) yield* this.reopen(slot);
    else yield* this.reset(slot);
  }

  private cancels(): boolean {
    return this.has('cancels') && this.choices.oneIn(3);
  }

  /** Reads an image from where it was left. @returns the bytes that there are of it now, or a negative errno */
  private *read(slot: VfSlot, image: Uint8Array, at: number): Steps<number> {
    const file = this.fileAt(slot, 'save');
    if (file === null) return at;
    const chunk = this.has('pieces') ? this.choices.of(CHUNKS) : ACC_VF_DATA_BYTES;
    let end = at;
    for (;;) {
      const room = Math.min(chunk, ACC_VF_DATA_BYTES - end);
      const user = new UserBuffer(image.subarray(end, end + room));
      const ret = yield* this.call(slot, `read ${room}`, () => slot.vfio.readFile(file, user, room));
      if (ret < 0) return ret;
      end += ret;
      if (ret === 0 || end === ACC_VF_DATA_BYTES) return end;
    }
  }

  /** Writes an image from where it was left. @returns its end, or a negative errno */
  private *send(slot: VfSlot, image: Uint8Array, at: number, end: number): Steps<number> {
    const file = this.fileAt(slot, 'resume');
    if (file === null) return at;
    const wire = this.onWire(image.slice(0, end));
    const chunk = this.has('pieces') ? this.choices.of(CHUNKS) : ACC_VF_DATA_BYTES;
    for (let done = at; done < end;) {
      const length = Math.min(chunk, end - done);
      const user = new UserBuffer(wire.subarray(done, done + length));
      const ret = yield* this.call(slot, `write ${length}`, () => slot.vfio.writeFile(file, user, length));
      if (ret < 0) return ret;
      done += ret;
    }
    return end;
  }

  /** Whether the image of this move comes from a host with other queues, another isolation, or an older driver. */
  private chooseSource(): void {
    const foreign = this.has('foreignImages') ? this.choices.below(3) : 0;
    this.otherCount = foreign === 1;
    this.otherIsolation = foreign === 2;
    this.old = this.has('oldImages') && this.choices.oneIn(2) && this.setting.generation.imageVersion === 2;
  }

  private onWire(image: Uint8Array): Uint8Array {
    const words = new Uint32Array(image.buffer, 0, image.length >> 2);
    if (words.length * 4 < QM_MATCH_BYTES) return image;
    if (this.otherCount) words[WORD.qpNum]! += 1;
    if (this.otherIsolation) words[WORD.queIsoCfg]! ^= 1;
    if (this.old) {
      words[WORD.magicLow] = ACC_DEV_MAGIC_V1.low;
      words[WORD.magicHigh] = ACC_DEV_MAGIC_V1.high;
      words[WORD.versions] = 0;
      // As the savers of 6.1 to 6.15 took them.
      if (image.length === ACC_VF_DATA_BYTES) deriveRingAddresses(words, 0);
    }
    return image;
  }

  /** What does not fit at the destination of this move; null: nothing. */
  private get misfit(): string | null {
    if (this.otherCount) return 'queue count';
    return this.otherIsolation ? 'isolation' : null;
  }
}
