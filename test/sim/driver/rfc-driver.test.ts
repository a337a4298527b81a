/** What each write of device_state does in the driver of 2021, docs/designs.md 4, register by register. */
import { describe, expect, test } from 'vitest';
import { ACCELERATORS } from '../../../sim/abi/accelerators.ts';
import { V0 } from '../../../sim/abi/vf-data-v0.ts';
import { V1_BLOCK_BYTES, V1_STATE } from '../../../sim/abi/vfio-v1.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { GENERATIONS } from '../../../sim/driver/generation.ts';
import { RfcDriver } from '../../../sim/driver/rfc-driver.ts';
import {
  mergedDriverOffersMigration,
  type PfFound,
  RFC_SNAPSHOT_IDS,
  RFC_SNAPSHOTS,
  rfcOffersMigration,
  type RfcSnapshotId,
} from '../../../sim/driver/rfc-snapshot.ts';
import { AEQC, CQC_TABLE, EQC, LEGACY, QUEUES, REGISTERS, Rig, type RigOptions, SQC_TABLE, type Tally } from './rig.ts';

const EFAULT = -14;
const A = 'rfc-2021-a';
const B = 'rfc-2021-b';
const { STOPPED, RUNNING, STOP_COPY, PRE_COPY, RESUMING } = V1_STATE;

interface V1Rig {
  readonly rig: Rig;
  readonly driver: RfcDriver;
  readonly go: (state: number) => { readonly ret: number; readonly tally: Tally };
}

function rigOf(id: RfcSnapshotId, options: RigOptions = {}): V1Rig {
  const rig = new Rig(LEGACY, options);
  const driver = new RfcDriver({
    port: rig.port,
    snapshot: RFC_SNAPSHOTS[id],
    generation: GENERATIONS[LEGACY],
    facts: ACCELERATORS.sec,
    functionNumber: 1,
    pf: rig.pf,
  });
  driver.open();
  return { rig, driver, go: (state) => rig.during(() => driver.setState(state)) };
}

function field(driver: RfcDriver, at: number): number {
  return driver.memory.view.getUint32(V1_BLOCK_BYTES + at, true);
}

function words(driver: RfcDriver, at: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => field(driver, at + 4 * i));
}

const address = (driver: RfcDriver, at: number): number => field(driver, at) + field(driver, at + 4) * 2 ** 32;

/** Copies what a source has saved, match data first, as a client does. */
function carry(from: RfcDriver, to: RfcDriver): void {
  for (const bytes of [32, 160]) {
    for (let i = 0; i < bytes; i++) to.memory.writeByte(32 + i, from.memory.readByte(32 + i));
    to.pending += BigInt(bytes);
    expect(to.sizeWritten(BigInt(bytes))).toBe(0);
  }
}

test('a fresh region is running, its data at 32', () => {
  for (const id of RFC_SNAPSHOT_IDS) {
    const { driver } = rigOf(id);
    expect([driver.state, driver.pending, driver.dataOffset]).toEqual([RUNNING, 0n, 32n]);
    expect(driver.dataSize).toBe(id === A ? 160n : 0n);
    expect(driver.memory.bytes).toBe(192);
  }
});

describe('pre-copy', () => {
  test('A asks the VF’s mailbox while the guest runs', () => {
    const { driver, go } = rigOf(A);
    // Ready, mailbox command with its answer, isolation of the PF.
    expect(go(PRE_COPY)).toMatchObject({ ret: 0, tally: { 'vf r32': 6, 'vf w128': 1, 'pf r32': 1 } });
    expect(driver.mailboxUsesWhileRunning).toBe(1);
    expect([driver.pending, driver.dataSize]).toEqual([32n, 32n]);
    expect(words(driver, 0, 8)).toEqual([QUEUES.num, 1, 1, QUEUES.base, 0, 0, 0, 0]);
  });

  test('B asks the PF, and touches no register of the VF', () => {
    const { driver, go } = rigOf(B);
    expect(go(PRE_COPY)).toMatchObject({ ret: 0, tally: { 'pf r32': 5, 'pf w32': 5 } });
    expect(go(PRE_COPY).tally).toEqual({});
    expect(driver.mailboxUsesWhileRunning).toBe(0);
    expect(words(driver, 0, 8)).toEqual([QUEUES.num, 1, 1, QUEUES.base, 0, 0, 0, 0]);
  });

  test('A refuses a guest without a driver, and a VF with one queue; B takes both', () => {
    const notReady = { device: { vf_regs: { '0x60': 1 } } };
    const oneQueue = { device: { pf_vft: { 1: { base: 256, num: 1 } }, vf_vft: { base: 256, num: 1 } } };
    for (const options of [notReady, oneQueue]) {
      const a = rigOf(A, options);
      expect(a.go(PRE_COPY).ret).toBe(EFAULT);
      expect(a.driver.state).toBe(RUNNING);
      expect(rigOf(B, options).go(PRE_COPY).ret).toBe(0);
    }
  });
});

describe('stop-and-copy', () => {
  test.each(RFC_SNAPSHOT_IDS)('%s saves the registers, and rings no event queue afterwards', (id) => {
    const { driver, go } = rigOf(id);
    go(PRE_COPY);
    const { ret, tally } = go(STOP_COPY);
    expect(ret).toBe(0);
    // Pause 3 reads, checks 2, write-back 1, registers 19, two queries of 5; B checks first whether the guest is ready.
    expect(tally).toEqual({ 'vf r32': id === A ? 35 : 36, 'vf w32': 1, 'vf w128': 3, 'pf r32': 2 });
    expect([driver.pending, driver.dataSize]).toEqual([160n, 160n]);
    expect(words(driver, V0.aeqIntMask, 5)).toEqual([
      REGISTERS[0x04],
      REGISTERS[0x0c],
      REGISTERS[0x20],
      REGISTERS[0x24],
      0,
    ]);
    expect(words(driver, V0.eqcDw, 7)).toEqual([...EQC]);
    expect(words(driver, V0.aeqcDw, 7)).toEqual([...AEQC]);
    expect(words(driver, V0.eqeDma, 4)).toEqual([EQC[1], EQC[2], AEQC[1], AEQC[2]]);
    expect([address(driver, V0.sqcDma), address(driver, V0.cqcDma)]).toEqual([SQC_TABLE, CQC_TABLE]);
  });

  test('B saves a VF without a guest driver as nothing, without stopping it', () => {
    const { driver, go } = rigOf(B, { device: { vf_regs: { '0x60': 1 } } });
    const { ret, tally } = go(STOP_COPY);
    expect(ret).toBe(0);
    expect(tally['vf w128']).toBeUndefined();
    expect([driver.pending, driver.dataSize]).toEqual([0n, 0n]);
  });

  test.each(RFC_SNAPSHOT_IDS)('%s rings every queue and keeps its state when the stop fails', (id) => {
    const { driver, go } = rigOf(id, { device: { pf_regs: { '0x100008': 1 } } });
    go(PRE_COPY);
    const { ret, tally } = go(STOP_COPY);
    expect(ret).toBe(EFAULT);
    expect(tally['vf w64']).toBe(QUEUES.num);
    expect(driver.state).toBe(PRE_COPY);
  });

  test('without pre-copy no queue is known that could be rung after a failure', () => {
    const { go } = rigOf(A, { device: { pf_regs: { '0x100008': 1 } } });
    const { ret, tally } = go(STOP_COPY);
    expect(ret).toBe(EFAULT);
    expect(tally['vf w64']).toBeUndefined();
  });
});

describe('"stopped"', () => {
  test('starts the queues again in A, and does nothing in B', () => {
    for (const id of RFC_SNAPSHOT_IDS) {
      const { go } = rigOf(id);
      go(PRE_COPY);
      go(STOP_COPY);
      expect(go(STOPPED).tally).toEqual(id === A ? { 'vf w64': QUEUES.num } : {});
      // Asked for again it is not even checked.
      expect(go(STOPPED).tally).toEqual({});
    }
  });
});

describe('running after resuming', () => {
  test.each(RFC_SNAPSHOT_IDS)('%s loads what it was given', (id) => {
    const source = rigOf(id);
    for (const state of [PRE_COPY, STOP_COPY]) expect(source.go(state).ret).toBe(0);
    const empty = Object.fromEntries([0x04, 0x0c, 0x20, 0x24, 0x8000, 0x8004, 0x8020].map((at) => [String(at), 0]));
    const to = rigOf(id, { device: { vf_regs: empty } });
    expect(to.go(RESUMING)).toMatchObject({ ret: 0, tally: {} });
    carry(source.driver, to.driver);
    const { ret, tally } = to.go(RUNNING);
    expect(ret).toBe(0);
    expect(to.driver.lostState).toBe(false);
    expect(tally).toEqual({ 'vf r32': 7, 'vf w32': id === A ? 19 : 20, 'vf w128': 2, 'vf w64': QUEUES.num });
    for (const at of [0x04, 0x0c, 0x24] as const) expect(to.rig.peek(at)).toBe(REGISTERS[at]);
    for (const [i, word] of EQC.entries()) expect(to.rig.peek(0x8000 + 4 * i)).toBe(word);
    for (const [i, word] of AEQC.entries()) expect(to.rig.peek(0x8020 + 4 * i)).toBe(word);
  });

  test('A loads an image of zeros when nothing has come; B leaves the VF alone', () => {
    for (const id of RFC_SNAPSHOT_IDS) {
      const { rig, go } = rigOf(id);
      go(RESUMING);
      expect(go(RUNNING).ret).toBe(0);
      expect(rig.peek(0x8004)).toBe(id === A ? 0 : EQC[1]);
    }
  });

  test('a load that fails half way is reported by an errno only: the state reads resuming, and there is no 110', () => {
    const source = rigOf(A);
    for (const state of [PRE_COPY, STOP_COPY]) source.go(state);
    const to = rigOf(A);
    to.go(RESUMING);
    carry(source.driver, to.driver);
    to.rig.change({ mailbox: { CQC_BT: { status: 1 } } });
    expect(to.go(RUNNING).ret).toBe(EFAULT);
    expect(to.driver.state).toBe(RESUMING);
    expect(to.driver.lostState).toBe(true);
  });
});

describe('the match check', () => {
  const cases: readonly (readonly [string, RigOptions])[] = [
    ['another queue count', { device: { pf_vft: { 1: { base: 256, num: 13 } }, vf_vft: { base: 256, num: 13 } } }],
    ['another isolation', { device: { pf_regs: { '0x30': 0 } } }],
  ];
  test.each(cases)('refuses %s with EFAULT', (_, options) => {
    for (const id of RFC_SNAPSHOT_IDS) {
      const source = rigOf(id);
      source.go(PRE_COPY);
      const { driver, go } = rigOf(id, options);
      go(RESUMING);
      for (let i = 0; i < 32; i++) driver.memory.writeByte(32 + i, source.driver.memory.readByte(32 + i));
      driver.pending += 32n;
      expect(driver.sizeWritten(32n)).toBe(EFAULT);
    }
  });

  test('does not happen when the size is written before the data', () => {
    const { rig, driver, go } = rigOf(B, cases[0]![1]);
    go(RESUMING);
    const { ret, tally } = rig.during(() => driver.sizeWritten(32n));
    driver.pending += 32n;
    expect(ret).toBe(0);
    expect(tally).toEqual({});
  });
});

test('other values are EFAULT; no value, and no failure, ever shows 110', () => {
  for (const id of RFC_SNAPSHOT_IDS) {
    for (const value of [5, 6, 7, 8, 9, 0xffff_ffff]) {
      const { driver, go } = rigOf(id);
      expect(go(value).ret).toBe(EFAULT);
      expect(driver.state).toBe(RUNNING);
    }
  }
});

test('no transition is refused for its own sake', () => {
  const { driver, go } = rigOf(B);
  const names = keysOf(V1_STATE).filter((name) => V1_STATE[name] < 5);
  for (const from of names) {
    for (const to of names) {
      driver.resetDone();
      expect([from, go(V1_STATE[from]).ret]).toEqual([from, 0]);
      expect([from, to, go(V1_STATE[to]).ret]).toEqual([from, to, 0]);
    }
  }
});

test('a reset begins again; B first marks the guest as not ready', () => {
  for (const id of RFC_SNAPSHOT_IDS) {
    const { rig, driver, go } = rigOf(id);
    go(PRE_COPY);
    const { log } = rig.during(() => (driver.resetPrepare(), 0));
    expect(log.map(({ write, offset, words: [low] }) => [write, offset, low])).toEqual(
      id === A ? [] : [[true, 0x60, 1]],
    );
    driver.resetDone();
    expect([driver.state, driver.pending]).toEqual([RUNNING, 0n]);
  }
});

test('the next one who opens finds A as it was left, and B fresh', () => {
  for (const id of RFC_SNAPSHOT_IDS) {
    const { driver, go } = rigOf(id);
    go(RESUMING);
    driver.open();
    driver.close();
    expect(driver.state).toBe(RESUMING);
    driver.close();
    driver.open();
    expect(driver.state).toBe(id === A ? RESUMING : RUNNING);
  }
});

describe('whether migration is offered', () => {
  const { pf } = new Rig(LEGACY);
  const found: PfFound = { boundTo: 'hisi_sec2', driverData: pf, vfCount: 2 };

  test('for the three accelerators, with a PF of V3 that has VFs', () => {
    for (const { vfDeviceId } of Object.values(ACCELERATORS)) expect(rfcOffersMigration(vfDeviceId, found)).toBe(true);
    expect(rfcOffersMigration(0xa255, found)).toBe(false);
    expect(rfcOffersMigration(0xa256, { ...found, driverData: null })).toBe(false);
    expect(rfcOffersMigration(0xa256, { ...found, driverData: { ...pf, hardware: 0x21 } })).toBe(false);
    expect(rfcOffersMigration(0xa256, { ...found, vfCount: 0 })).toBe(false);
  });

  test('a foreign driver’s data are taken for the accelerator’s; the merged driver checks whose they are', () => {
    const foreign = { ...found, boundTo: 'vfio-pci' };
    expect(rfcOffersMigration(0xa256, foreign)).toBe(true);
    expect(mergedDriverOffersMigration(0xa256, foreign)).toBe(false);
    expect(mergedDriverOffersMigration(0xa256, found)).toBe(true);
  });
});
