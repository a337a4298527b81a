/**
 * What can happen to one VM of a run, a step at a time: the calls of its VMM on either of its devices, and what its guest
 * does. Walks choose the steps, scripts list them; what is judged after each is the same.
 */
import { ACC_DEV_MAGIC_V1, ACC_VF_DATA_BYTES, QM_MATCH_BYTES } from '../abi/vf-data.ts';
import { EBADF, EBUSY } from '../abi/errno.ts';
import { MIG_STATE } from '../abi/vfio.ts';
import { GuestMemory } from '../device/guest-memory.ts';
import { WORD, deriveRingAddresses } from '../driver/image.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import { UserBuffer } from '../vfio/user-buffer.ts';
import type { Fiber } from '../world/fiber.ts';
import type { VfSlot } from '../world/host.ts';
import { GUEST_DMA_BASE } from '../world/vf-guest.ts';
import { type FaultName, faultWords } from './faults.ts';
import type { Judge } from './judge.ts';
import type { RunRecord } from './record.ts';
import type { CheckedVm, Setting } from './setting.ts';
import type { AskedState, GuestStep, HostIndex, ImageChange, PlainCall, VmStep } from './vm-step.ts';

/** A generator that yields the time until which it has nothing to do, as fibers want it. */
export type Steps<T> = Generator<number, T, void>;

const SYSCALL_NS = 1_000;

export class VmCalls {
  /** Null where this VM is alone and nothing else acts. */
  fiber: Fiber | null = null;
  /** Bytes of the image that were read, and that were sent. */
  bytes = 0;
  sent = 0;
  private readonly setting: Setting;
  private readonly vm: CheckedVm;
  private readonly record: RunRecord;
  private readonly judge: Judge;
  private readonly actor: string;
  private readonly image: Uint8Array = new Uint8Array(ACC_VF_DATA_BYTES);
  private changes: readonly ImageChange[] = [];
  /** Whether the source is stopped, and its whole image was read. */
  private isWhole = false;
  /** The VM's RAM at the destination, once a whole image is about to be loaded there. */
  private memory: GuestMemory | null = null;
  /** Whether a stream that ended early was refused at STOP: only RUNNING is left to leave RESUMING by. */
  private refusedShort = false;
  /** Data files that this VMM holds a descriptor of. */
  private readonly held: { readonly slot: VfSlot; readonly file: MigrationFile }[] = [];

  constructor(setting: Setting, vm: CheckedVm, record: RunRecord, judge: Judge) {
    this.setting = setting;
    this.vm = vm;
    this.record = record;
    this.judge = judge;
    this.actor = `VMM ${vm.fn}`;
  }

  /** @returns what the call gave, 0 or more or a negative errno; of what is no call, 0 */
  *take(step: VmStep): Steps<number> {
    this.record.taken(this.vm.fn, step);
    if ('at' in step && step.kind !== 'fault' && step.kind !== 'register') {
      const refused = this.withoutDescriptor(step);
      if (refused !== 0) return this.refuse(step, refused);
    }
    switch (step.kind) {
      case 'wait':
        yield* this.wait(step.ns);
        return 0;
      case 'guest':
        this.guest(step.what);
        return 0;
      case 'image':
        this.changes = step.changes;
        return 0;
      case 'fault':
        this.arm(step.name, this.slotAt(step.at));
        return 0;
      case 'state':
        return yield* this.state(this.slotAt(step.at), step.state);
      case 'read':
        return yield* this.read(this.slotAt(step.at), step.bytes);
      case 'write':
        return yield* this.write(this.slotAt(step.at), step.bytes);
      case 'register':
        return this.register(this.slotAt(step.at), step.offset);
      default:
        return yield* this.plainCall(this.slotAt(step.at), step.what);
    }
  }

  /** The VM ends: what its VMM holds is given back, as the protocol asks. To be called when all guests have run out. */
  *end(): Steps<void> {
    this.fiber = null;
    for (const slot of this.vm.slots) {
      if (slot.vfio.driver?.opened !== true) continue;
      yield* this.state(slot, 'RUNNING');
      this.close(slot, false);
    }
  }

  /** Whether this VMM holds a data file of a device. */
  holds(at: HostIndex, kind: 'save' | 'resume'): boolean {
    return this.fileAt(this.slotAt(at), kind) !== null;
  }

  /** A call on a device that is closed, or the opening of one that is open; 0: neither. */
  private withoutDescriptor(step: Extract<VmStep, { at: HostIndex }>): number {
    const isOpen = this.slotAt(step.at).vfio.driver?.opened === true;
    if (step.kind === 'call' && step.what === 'open') return isOpen ? -EBUSY : 0;
    if (step.kind === 'call' && step.what === 'close files') return 0;
    if (step.kind === 'read' || step.kind === 'write') {
      return this.holds(step.at, step.kind === 'read' ? 'save' : 'resume') ? 0 : -EBADF;
    }
    return isOpen ? 0 : -EBADF;
  }

  /** A step that reaches no driver: only scripts have such. */
  private refuse(step: Extract<VmStep, { at: HostIndex }>, ret: number): number {
    const what = 'state' in step ? step.state : 'what' in step ? step.what : step.kind;
    this.record.step(
      this.nowNs,
      this.actor,
      `${this.hostOf(this.slotAt(step.at))}: ${what}, without a descriptor`,
      ret,
    );
    return ret;
  }

  private slotAt(at: HostIndex): VfSlot {
    return this.vm.slots[at];
  }

  private get home(): VfSlot {
    return this.vm.slots[this.vm.home];
  }

  private get nowNs(): number {
    return this.setting.world.clock.nowNs;
  }

  private *wait(ns: number): Steps<void> {
    if (ns === 0) return;
    if (this.fiber === null) this.setting.world.runUntil(this.nowNs + ns);
    else yield this.nowNs + ns;
  }

  private guest(what: GuestStep): void {
    const { guest } = this.vm;
    if (what === 'lose interrupt') guest.loseInterrupt();
    else if (what === 'stop') {
      if (guest.running) guest.stop();
    } else if (!guest.running) guest.start();
  }

  /** A register of the VF as its guest would read it, without a call of anybody's. */
  private register(slot: VfSlot, offset: number): number {
    const value = slot.host.accelerator.vfWords(slot.fn)[offset >> 2]!;
    this.record.step(this.nowNs, this.actor, `${this.hostOf(slot)}: register 0x${offset.toString(16)}`, value);
    return value;
  }

  private arm(name: FaultName, slot: VfSlot): void {
    this.setting.faults.arm(name, slot.host, slot.fn, this.nowNs);
    this.record.step(this.nowNs, 'fault', `${this.hostOf(slot)}: ${faultWords(name)}`, null);
  }

  /** One call on a device, by its name; everything that is judged after any call is judged here. */
  private *call(slot: VfSlot, what: string, body: () => number): Steps<number> {
    const { setting, record, judge } = this;
    const { world } = setting;
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
  private *state(slot: VfSlot, state: AskedState): Steps<number> {
    const from = slot.vfio.getState();
    this.bringRam(slot, from);
    const ret = yield* this.call(slot, state, () => slot.vfio.setState(MIG_STATE[state]));
    const { newFile } = slot.vfio;
    if (newFile !== null) {
      this.held.push({ slot, file: newFile });
      if (newFile.kind === 'resume') this.sent = 0;
      else {
        this.bytes = 0;
        this.image.fill(0);
      }
    }
    if (newFile?.kind === 'save' || (ret === 0 && state === 'RUNNING' && slot === this.home)) this.isWhole = false;
    slot.vfio.newFile = null;
    this.afterState(slot, state, { from, ret });
    return ret;
  }

  /** A whole image was sent: the VM's RAM is there by now. */
  private bringRam(slot: VfSlot, from: number): void {
    const isAway = slot !== this.home && from === MIG_STATE.RESUMING;
    if (!isAway || !this.isWhole || this.sent < this.bytes || this.memory !== null) return;
    this.memory = new GuestMemory(this.vm.guest.memory.u8.slice().buffer, GUEST_DMA_BASE);
    slot.host.accelerator.attachMemory(slot.fn, this.memory);
  }

  private afterState(slot: VfSlot, state: AskedState, { from, ret }: { from: number; ret: number }): void {
    const { vm, judge, memory } = this;
    if (slot === this.home) return;
    if (memory !== null && ret < 0) judge.refused(slot, this.misfit);
    if (memory !== null && ret === 0 && state === 'RUNNING') {
      judge.loaded(vm, slot, { image: this.image, bytes: this.bytes, misfit: this.misfit });
      vm.guest.moveTo(memory, slot);
      vm.home = vm.home === 0 ? 1 : 0;
      this.memory = null;
      return;
    }
    if (memory !== null || from !== MIG_STATE.RESUMING) return;
    if (state === 'RUNNING' && this.refusedShort) judge.trapped(slot, ret, this.sent);
    this.refusedShort = ret < 0 && state === 'STOP';
  }

  private dropRam(slot: VfSlot): void {
    if (slot === this.home) return;
    slot.host.accelerator.attachMemory(slot.fn, null);
    this.memory = null;
    this.refusedShort = false;
  }

  private *plainCall(slot: VfSlot, what: PlainCall): Steps<number> {
    if (what === 'close files') {
      this.dropRam(slot);
      this.closeFiles(slot);
      return 0;
    }
    // The guest learns of it: its tasks are gone.
    if (what !== 'open' && slot === this.home) this.vm.wasReset = true;
    if (what === 'open') return yield* this.call(slot, 'open', () => slot.vfio.open());
    this.dropRam(slot);
    if (what === 'reset') {
      const ret = yield* this.call(slot, 'reset', () => {
        slot.vfio.reset();
        return 0;
      });
      this.judge.afterReset(slot);
      return ret;
    }
    this.close(slot, what === 'close device first');
    return 0;
  }

  private closeFiles(slot: VfSlot): void {
    for (let i = this.held.length - 1; i >= 0; i--) {
      if (this.held[i]!.slot !== slot) continue;
      const { file } = this.held[i]!;
      slot.vfio.closeFile(file);
      if (file.kind === 'resume') this.sent = 0;
      this.held.splice(i, 1);
    }
  }

  private close(slot: VfSlot, deviceFirst: boolean): void {
    if (!deviceFirst) this.closeFiles(slot);
    slot.vfio.close();
    this.record.step(this.nowNs, this.actor, `${this.hostOf(slot)}: close`, null);
    if (deviceFirst) this.closeFiles(slot);
    this.judge.afterClose(slot);
  }

  private fileAt(slot: VfSlot, kind: 'save' | 'resume'): MigrationFile | null {
    return this.held.findLast((held) => held.slot === slot && held.file.kind === kind)?.file ?? null;
  }

  /** Reads on from where it was left. */
  private *read(slot: VfSlot, bytes: number | null): Steps<number> {
    const file = this.fileAt(slot, 'save')!;
    for (;;) {
      const end = this.bytes;
      const room = Math.min(bytes ?? ACC_VF_DATA_BYTES, ACC_VF_DATA_BYTES - end);
      const user = new UserBuffer(this.image.subarray(end, end + room));
      const ret = yield* this.call(slot, `read ${room}`, () => slot.vfio.readFile(file, user, room));
      if (ret < 0) return ret;
      this.bytes += ret;
      const isAll = ret === 0 || this.bytes === ACC_VF_DATA_BYTES;
      if (isAll && slot.vfio.getState() === MIG_STATE.STOP_COPY) {
        this.isWhole = true;
        this.judge.image(slot, this.image, this.bytes);
      }
      if (isAll || bytes !== null) return ret;
    }
  }

  /** Writes on from where it was left. */
  private *write(slot: VfSlot, bytes: number | null): Steps<number> {
    const file = this.fileAt(slot, 'resume')!;
    const wire = this.onWire(this.image.slice(0, this.bytes));
    const length = Math.min(bytes ?? ACC_VF_DATA_BYTES, this.bytes - this.sent);
    const user = new UserBuffer(wire.subarray(this.sent, this.sent + length));
    const ret = yield* this.call(slot, `write ${length}`, () => slot.vfio.writeFile(file, user, length));
    if (ret > 0) this.sent += ret;
    if (ret < 0) this.judge.refused(slot, this.misfit);
    return ret;
  }

  private onWire(image: Uint8Array): Uint8Array {
    const words = new Uint32Array(image.buffer, 0, image.length >> 2);
    if (words.length * 4 < QM_MATCH_BYTES) return image;
    if (this.changes.includes('other queue count')) words[WORD.qpNum]! += 1;
    if (this.changes.includes('other isolation')) words[WORD.queIsoCfg]! ^= 1;
    if (this.changes.includes('version 1')) {
      words[WORD.magicLow] = ACC_DEV_MAGIC_V1.low;
      words[WORD.magicHigh] = ACC_DEV_MAGIC_V1.high;
      words[WORD.versions] = 0;
      // As the savers of 6.1 to 6.15 took them.
      if (image.length === ACC_VF_DATA_BYTES) deriveRingAddresses(words, 0);
    }
    return image;
  }

  /** What of the image that is sent does not fit at the destination; null: nothing. */
  private get misfit(): string | null {
    if (this.changes.includes('other queue count')) return 'queue count';
    return this.changes.includes('other isolation') ? 'isolation' : null;
  }
}
