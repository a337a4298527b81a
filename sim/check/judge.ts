/**
 * The oracles: what is true of a device and a driver after each call, and at the end of a run. None of them changes what
 * it reads, and none knows which generation it judges; what they cannot see stands in `rules.ts`.
 */
import { EBUSY, EINVAL, errnoName, ETIMEDOUT } from '../abi/errno.ts';
import { MIG_REGION, VF_REG } from '../abi/registers.ts';
import { ACC_VF_DATA_BYTES, QM_MATCH_BYTES } from '../abi/vf-data.ts';
import { vftBase, vftNum } from '../abi/vft.ts';
import { MIG_FLAG, MIG_STATE } from '../abi/vfio.ts';
import { NS_PER_S } from '../base/units.ts';
import { hasNullAddress, WORD } from '../driver/image.ts';
import type { VfDriver } from '../driver/vf-driver.ts';
import { PF } from '../driver/port.ts';
import type { Host, VfSlot } from '../world/host.ts';
import { Found } from './record.ts';
import type { RuleId } from './rules.ts';
import type { CheckedVm, Setting } from './setting.ts';
import type { VmStep } from './vm-step.ts';

/** What an image was on its way, and what of it does not fit the destination; null: all fits. */
export interface LoadedImage {
  readonly image: Uint8Array;
  readonly bytes: number;
  readonly misfit: string | null;
}

/** What is known right before a call. */
export interface BeforeCall {
  readonly nowNs: number;
  /** QM_VF_STATE of the VF. */
  readonly guestState: number;
  /** The driver's state. */
  readonly state: number;
}

/** The longest wait that is documented is that for the mark of a PF: 60,000 sleeps of a millisecond. */
const CALL_LIMIT_NS = 65 * NS_PER_S;
/** A VF that waited so long for the mark of its PF may proceed without it. */
const MARK_LIMIT_NS = 59 * NS_PER_S;
const TWO_32 = 0x1_0000_0000;

export class Judge {
  private readonly setting: Setting;
  private pfResets = 0;
  /** When the reset of each PF began. */
  private readonly pfResetNs: [number, number] = [0, 0];

  constructor(setting: Setting) {
    this.setting = setting;
    setting.hosts.forEach((host, index) => this.watch(host, index as 0 | 1));
  }

  /** The PF driver of a host begins, or ends, a reset of the device. */
  pfReset(index: 0 | 1, begins: boolean): void {
    this.setting.pfBusy[index] = begins;
    if (!begins) return;
    this.pfResets += 1;
    this.pfResetNs[index] = this.nowNs;
    for (const vm of this.setting.vms) {
      vm.wasReset = true;
      vm.guest.quiesce();
    }
  }

  /** What a call is judged against, taken right before it. */
  before(slot: VfSlot): BeforeCall {
    return { nowNs: this.nowNs, guestState: guestStateOf(slot), state: slot.vfio.getState() };
  }

  /** Right after a call. */
  after(vm: CheckedVm, slot: VfSlot, call: { what: string; ret: number; before: BeforeCall }): void {
    const { setting } = this;
    const { what, ret, before } = call;
    const tookNs = this.nowNs - before.nowNs;
    if (tookNs > CALL_LIMIT_NS) this.found('limit.none', what, slot.fn, `it took ${Math.round(tookNs / NS_PER_S)} s`);
    const index = slot.host === setting.hosts[0] ? 0 : 1;
    if (setting.pfBusy[index] && !slot.host.pf.resetting) {
      this.found('reset.mark', what, slot.fn, 'the PF is still in its reset');
    }
    if (this.disturbed) return;
    const guestState = guestStateOf(slot);
    if (what.startsWith('write') && guestState !== before.guestState) {
      this.found('load.early', 'write', slot.fn, `QM_VF_STATE went from ${before.guestState} to ${guestState}`);
    }
    if (isState(what)) this.afterState(vm, slot, what, ret, before.state);
  }

  private afterState(vm: CheckedVm, slot: VfSlot, what: string, ret: number, from: number): void {
    const { driver } = slot.vfio;
    if (driver === null) return;
    if (ret < 0) this.afterFailure(slot, what, ret, from);
    const runs = driver.state === MIG_STATE.RUNNING || driver.state === MIG_STATE.PRE_COPY;
    if (runs && this.servesGuest(vm, slot) && isPaused(slot)) {
      const rule = ret < 0 ? 'state.paused' : 'state.notResumed';
      this.found(rule, `${what} from ${stateName(from)}`, slot.fn, `the call gave ${words(ret)}`);
    }
    if (ret === 0 && driver.saving !== null) this.image40(slot, driver, what);
    if (ret === 0 && what === 'STOP_COPY' && driver.saving !== null) this.rings(vm, slot, driver);
  }

  private afterFailure(slot: VfSlot, what: string, ret: number, from: number): void {
    const { faults } = this.setting;
    // From RESUMING the image itself may be wrong, and the caller with it.
    if (from === MIG_STATE.RESUMING) return;
    if (ret === -EINVAL && faults.areDeviceErrors) this.found('errno.cause', what, slot.fn, 'the call gave EINVAL');
    const isLate = ret === -ETIMEDOUT || ret === -EBUSY;
    if (!isLate || !faults.areOnlySlow) return;
    // A wait that ends with another errno is another wait.
    this.found('limit.short', `${what}, ${words(ret)}`, slot.fn, `the call gave ${words(ret)}`);
  }

  /** The match data against the table of the PF. */
  private image40(slot: VfSlot, { saving }: VfDriver, what: string): void {
    const { vft } = slot.host.accelerator;
    const words32 = saving!.words;
    const base = vftBase(vft.entryLow(slot.fn), vft.entryHigh(slot.fn));
    const num = vftNum(vft.entryHigh(slot.fn));
    if (words32[WORD.qpBase] === base && words32[WORD.qpNum] === num) return;
    const seen = `${words32[WORD.qpNum]} queues from ${words32[WORD.qpBase]}`;
    this.found('image.entry', what, slot.fn, `the image says ${seen}, the table ${num} from ${base}`);
  }

  private rings(vm: CheckedVm, slot: VfSlot, { saving }: VfDriver): void {
    if (!this.servesGuest(vm, slot) || saving!.totalLength < ACC_VF_DATA_BYTES) return;
    const { layout } = vm.guest;
    const eq = addressAt(saving!.words, WORD.eqeDma);
    const aeq = addressAt(saving!.words, WORD.aeqeDma);
    if (eq === layout.addressOf(layout.eqOffset) && aeq === layout.addressOf(layout.aeqOffset)) return;
    this.found('image.rings', 'STOP_COPY', slot.fn, `the event queue is said to be at 0x${eq.toString(16)}`);
  }

  afterReset(slot: VfSlot): void {
    const { driver } = slot.vfio;
    if (driver === null) return;
    const holds = driver.saving !== null || driver.resuming !== null;
    if (driver.state === MIG_STATE.RUNNING && !holds) return;
    const what = `the state is ${stateName(driver.state)}${holds ? ', and a data file is alive' : ''}`;
    this.found('state.afterReset', 'reset', slot.fn, what);
  }

  /** The device and all its descriptors are closed. */
  afterClose(slot: VfSlot): void {
    const alive = slot.vfio.driver?.filesAlive ?? 0;
    if (alive > 0)
      this.found('files.leaked', 'close', slot.fn, `${alive} ${alive === 1 ? 'file is' : 'files are'} alive`);
  }

  /** The whole of an image was read. */
  image(slot: VfSlot, image: Uint8Array, bytes: number): void {
    const saving = slot.vfio.driver?.saving;
    if (saving === null || saving === undefined || this.disturbed) return;
    for (let i = 0; i < Math.max(bytes, saving.totalLength); i++) {
      // The state of the guest that pre-copy gave is allowed to be an older one.
      if (i >= WORD.vfQmState * 4 && i < WORD.vfQmState * 4 + 4) continue;
      if (image[i] !== saving.bytes[i]) {
        this.found('image.pieces', 'read', slot.fn, `byte ${i} of ${bytes} read is not that of the image`);
      }
    }
  }

  /** A destination went to RUNNING with an image. */
  loaded(vm: CheckedVm, slot: VfSlot, { image, bytes, misfit }: LoadedImage): void {
    const { functions } = slot.host.accelerator;
    if (this.disturbed) return;
    if (misfit !== null) this.found('load.misfit', 'RUNNING', slot.fn, `it has another ${misfit}`);
    if (bytes < ACC_VF_DATA_BYTES) return;
    const sent = new Uint32Array(image.slice().buffer);
    if (hasNullAddress(sent) && !vm.booted) {
      if (functions.reloaded[slot.fn] === 1) this.found('load.nulls', 'RUNNING', slot.fn, 'SQC_BT was set to 0');
      return;
    }
    if (!vm.booted || vm.wasReset) return;
    const { layout } = vm.guest;
    const sqc = addressAt(functions.tables, slot.fn * 4);
    const cqc = addressAt(functions.tables, slot.fn * 4 + 2);
    if (sqc !== layout.addressOf(layout.sqcOffset) || cqc !== layout.addressOf(layout.cqcOffset)) {
      this.found('load.tables', 'RUNNING', slot.fn, `its SQ contexts are at 0x${sqc.toString(16)}`);
    }
    if (isPaused(slot)) this.found('state.notResumed', 'RUNNING from RESUMING', slot.fn, 'an image was loaded');
  }

  refused(slot: VfSlot, misfit: string | null): void {
    if (misfit === null || this.disturbed || (slot.vfio.migrationFlags & MIG_FLAG.PRE_COPY) !== 0) return;
    this.found('refusal.late', 'load', slot.fn, `it has another ${misfit}`);
  }

  /** A stream of so many bytes was followed by STOP and by RUNNING, and both failed. */
  trapped(slot: VfSlot, ret: number, bytes: number): void {
    if (ret !== -EINVAL || bytes === QM_MATCH_BYTES || this.setting.faults.armed.length > 0) return;
    this.found('state.trapped', 'RUNNING from RESUMING', slot.fn, `${bytes} bytes had come`);
  }

  /** A step of a script gave something else than the script says. */
  unexpected(vm: CheckedVm, step: VmStep, { ret, gives }: { ret: number; gives: number }): void {
    this.found('script.gives', 'at' in step ? step.kind : 'step', vm.fn, `it gave ${words(ret)}, not ${words(gives)}`);
  }

  /** All guests were asked for no more, and all that could complete has. */
  atEnd(): void {
    if (this.disturbed) return;
    for (const vm of this.setting.vms) {
      const slot = vm.slots[vm.home];
      // vCPUs that a script leaves stopped take no completion.
      if (!vm.booted || vm.wasReset || !vm.guest.running) continue;
      const { violationCount, violations, outstanding } = vm.guest.guest.finish(true);
      if (violationCount > 0) {
        const first = violations[0]!;
        this.found('tasks.order', first.kind, vm.fn, `queue ${first.queue}, task ${first.task}: ${first.kind}`);
      }
      if (outstanding === 0 || slot.vfio.getState() !== MIG_STATE.RUNNING) continue;
      this.found(
        'tasks.stuck',
        'end',
        vm.fn,
        `${outstanding} ${outstanding === 1 ? 'task does' : 'tasks do'} not complete`,
      );
    }
  }

  /** Whether a PF was reset, or a guest's driver came and went: calls that were under way may then do anything. */
  private get disturbed(): boolean {
    return this.pfResets > 0 || this.setting.faults.armed.includes('guestNotReady');
  }

  private get nowNs(): number {
    return this.setting.world.clock.nowNs;
  }

  /** Whether a VF has a guest whose driver runs, and that was never reset. */
  private servesGuest(vm: CheckedVm, slot: VfSlot): boolean {
    return vm.booted && !vm.wasReset && slot === vm.slots[vm.home];
  }

  private found(rule: RuleId, place: string, fn: number, detail: string): void {
    if (this.setting.passed.has(rule)) return;
    throw new Found({ rule, place, detail, fn, atNs: this.nowNs, faults: [...this.setting.faults.armed] });
  }

  private watch(host: Host, index: 0 | 1): void {
    host.accelerator.functions.watch = {
      mailboxAsked: () => {},
      mailboxTaken: () => {},
      mailboxFreed: () => {},
      vftLaunched: () => {},
      vftFinished: () => {},
      functionReset: (fn, nowNs) => {
        const sinceNs = nowNs - this.pfResetNs[index];
        if (fn === 0 || !this.setting.pfBusy[index] || sinceNs > MARK_LIMIT_NS) return;
        this.found('reset.overlap', 'reset', fn, `the PF began ${Math.round(sinceNs)} ns before`);
      },
    };
    for (const { fn, port } of host.slots) {
      port.onLongRow = (count) => this.found('limit.none', 'RUNNING', fn, `it rings ${count} doorbells and more`);
    }
    if (!this.setting.window) return;
    for (const { fn, port } of host.slots) {
      port.tracer = {
        access: (of, write, _width, offset) => {
          if (of !== PF || !write || offset < MIG_REGION.offset) return;
          const owner = Math.floor((offset - MIG_REGION.offset) / MIG_REGION.bytesPerFunction);
          if (owner !== fn)
            this.found(
              'write.foreign',
              `0x${(offset % MIG_REGION.bytesPerFunction).toString(16)}`,
              fn,
              `VF ${owner} has it`,
            );
        },
      };
    }
  }
}

function guestStateOf({ host, fn }: VfSlot): number {
  return host.accelerator.vfWords(fn)[VF_REG.QM_VF_STATE >> 2]!;
}

function isPaused({ host, fn }: VfSlot): boolean {
  return host.accelerator.functions.paused[fn] === 1;
}

function addressAt(table: Uint32Array, at: number): number {
  return table[at]! + table[at + 1]! * TWO_32;
}

const STATE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(MIG_STATE).map(([name, value]) => [value, name]),
);

function stateName(state: number): string {
  return STATE_NAMES.get(state) ?? String(state);
}

function isState(what: string): boolean {
  return Object.hasOwn(MIG_STATE, what);
}

function words(ret: number): string {
  return ret < 0 ? errnoName(ret) : String(ret);
}
