import { describe, expect, test } from 'vitest';
import { QM_HW } from '../../../sim/abi/accelerators.ts';
import { QM_DOORBELL_CMD } from '../../../sim/abi/doorbell.ts';
import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { Accelerator } from '../../../sim/device/accelerator.ts';
import { acceleratorRegisterBytes } from '../../../sim/device/register-file.ts';
import { COSTS, Guest, device } from './rig.ts';

const RDY = 0x10006c;

/** The migration driver's read of one function's entry, steps 2 to 9 of docs/device.md 5. */
const VFT_READ = [
  (d: Accelerator) => d.write32(0, 0x100058, 1, 0),
  (d: Accelerator) => d.write32(0, 0x10005c, 0, 0),
  (d: Accelerator, fn: number) => d.write32(0, 0x100060, fn, 0),
  (d: Accelerator) => d.write32(0, RDY, 0, 0),
  (d: Accelerator) => d.write32(0, 0x100054, 1, 0),
];

function entry(d: Accelerator, nowNs: number): { base: number; valid: number; num: number } {
  const value = (BigInt(d.read32(0, 0x100068, nowNs)) << 32n) | BigInt(d.read32(0, 0x100064, nowNs));
  return {
    base: Number((value >> 28n) & 0xffffn),
    valid: Number((value >> 44n) & 1n),
    num: Number((value >> 45n) & 0x3ffn) + 1,
  };
}

describe('the VFT window', () => {
  test('is ready at first, then not until an access has taken its time', () => {
    const d = device();
    expect(d.read32(0, RDY, 0)).toBe(1);
    for (const step of VFT_READ) step(d, 2);
    expect(d.read32(0, RDY, COSTS.vftAccessNs - 1)).toBe(0);
    expect(d.read32(0, RDY, COSTS.vftAccessNs)).toBe(1);
    expect(entry(d, COSTS.vftAccessNs)).toEqual({ base: 260, valid: 1, num: 8 });
  });

  test('an entry of zeros reads as base 0 and one queue', () => {
    const d = device();
    for (const step of VFT_READ) step(d, 9);
    expect(entry(d, 1000)).toEqual({ base: 0, valid: 0, num: 1 });
  });

  test('the default split gives VF 1 of 63 on SEC twelve queues at base 1012, and VF 63 twenty-four at 256', () => {
    const d = new Accelerator({ kind: 'sec', hardware: QM_HW.V3, vfCount: 63, costs: COSTS });
    for (const step of VFT_READ) step(d, 1);
    expect(entry(d, 1000)).toEqual({ base: 1012, valid: 1, num: 12 });
    for (const step of VFT_READ) step(d, 63);
    expect(entry(d, 2000)).toEqual({ base: 256, valid: 1, num: 24 });
  });

  test('two readers who interleave see the same entry, one of them a foreign one (R21)', () => {
    const d = device();
    for (const step of VFT_READ.slice(0, 3)) step(d, 1);
    for (const step of VFT_READ.slice(0, 3)) step(d, 2);
    for (const step of VFT_READ.slice(3)) step(d, 1);
    expect(entry(d, 1000).num).toBe(8);
  });

  test('an entry that is written gives the function other queues', () => {
    const d = device();
    const g = new Guest(d, 1);
    d.write32(0, 0x100058, 0, 0);
    d.write32(0, 0x10005c, 0, 0);
    d.write32(0, 0x100060, 1, 0);
    d.write32(0, 0x100064, (300 & 0xf) << 28, 0);
    d.write32(0, 0x100068, (300 >>> 4) | (1 << 12) | (1 << 13), 0);
    d.write32(0, RDY, 0, 0);
    d.write32(0, 0x100054, 1, 0);
    g.run(COSTS.vftAccessNs);
    g.mailbox(QM_MB_CMD.SQC_VFT_V2, 0, true);
    expect(((g.read(0x308) >>> 13) & 0x3ff) + 1).toBe(2);
    g.doorbell(QM_DOORBELL_CMD.SQ, 2, 1, 0);
    expect(d.read32(0, 0x100008, g.nowNs)).toBe(1 << 9);
  });

  test.each([1, 2, 2 | (1 << 6)])(
    'a CQC or shaper entry written under %i is read back and changes no queues',
    (cfg) => {
      const d = device();
      const type = cfg === 1 ? 1 : 2;
      const access = (read: number, low: number, at: number) => {
        d.write32(0, 0x100058, read, at);
        d.write32(0, 0x10005c, type, at);
        d.write32(0, 0x100060, cfg, at);
        d.write32(0, 0x100064, low, at);
        d.write32(0, RDY, 0, at);
        d.write32(0, 0x100054, 1, at);
        d.advance(at + 1000);
      };
      access(0, 0x1234, 0);
      access(1, 0, 1000);
      expect(d.read32(0, 0x100064, 2000)).toBe(0x1234);
    },
  );
});

describe('registers of every function', () => {
  test.each([0x04, 0x0c, 0x24, 0x30, 0x34, 0x60])('offset %i keeps what is written, for each VF alone', (offset) => {
    const d = device();
    d.write32(1, offset, 0xa5a5a5a5, 0);
    expect(d.read32(1, offset, 0)).toBe(0xa5a5a5a5);
    expect(d.read32(2, offset, 0)).toBe(0);
  });

  test.each([0x28, 0x200, 0x208, 0x210, 0x380, 0x3100, 0x3104, 0x3108, 0x40, 0x7ffc])(
    'offset %i cannot be written',
    (offset) => {
      const d = device();
      const before = d.read32(1, offset, 0);
      d.write32(1, offset, 0xffffffff, 0);
      expect(d.read32(1, offset, 0)).toBe(before);
    },
  );

  test('the capability block reports QoS, STOP_QP, FLUSH_QM, messages and depths from V3 on', () => {
    const d = device();
    expect(d.read32(1, 0x3100, 0) & 0xfff).toBe(0xf00);
    expect(d.read32(1, 0x3104, 0)).toBe(0x04000800);
    expect(d.read32(1, 0x3108, 0)).toBe(0x04000400);
    expect(device({ hardware: QM_HW.V2 }).read32(1, 0x3100, 0)).toBe(0);
  });

  test('isolation is what the PF was given', () => {
    expect(device({ isolation: 1 }).read32(0, 0x30, 0)).toBe(1);
  });

  test('the seven words of both windows keep what is written, and the word after them does not', () => {
    const d = device();
    for (let i = 0; i < 16; i++) d.write32(1, 0x8000 + i * 4, 0x100 + i, 0);
    const shown = Array.from({ length: 16 }, (_, i) => d.read32(1, 0x8000 + i * 4, 0));
    expect(shown).toEqual(Array.from({ length: 16 }, (_, i) => (i % 8 === 7 ? 0 : 0x100 + i)));
  });

  test('a register that is read costs a read, one that is written a posted write', () => {
    const d = device();
    d.read32(1, 4, 0);
    expect(d.costNs).toBe(COSTS.mmioReadNs);
    d.write32(1, 4, 0, 0);
    expect(d.costNs).toBe(COSTS.mmioWriteNs);
  });
});

describe('registers of the PF', () => {
  test('injected errors stand in source and status until they are cleared', () => {
    const d = device();
    const told: number[][] = [];
    d.onInterrupt = (fn, vector) => told.push([fn, vector]);
    d.write32(0, 0x10000c, 0x401, 0);
    expect([d.read32(0, 0x100000, 0), d.read32(0, 0x100008, 0)]).toEqual([0x401, 0x401]);
    expect(told).toEqual([[0, 3]]);
    d.write32(0, 0x100000, 0x400, 0);
    expect([d.read32(0, 0x100000, 0), d.read32(0, 0x100008, 0)]).toEqual([1, 1]);
    d.write32(0, 0x100004, 0x7fff, 0);
    d.write32(0, 0x10000c, 2, 0);
    expect(told).toHaveLength(1);
    d.write32(0, 0x100008, 0xffffffff, 0);
    expect(d.read32(0, 0x100008, 0)).toBe(3);
  });

  test('queue totals are 1024 and at most 1024 for a function', () => {
    const value = device().read32(0, 0x100158, 0);
    expect([value & 0x7ff, (value >>> 11) & 0x7ff]).toEqual([1024, 1024]);
  });

  test('closing the AXI master returns 3 when nothing is outstanding, and memory init is done at once', () => {
    const d = device();
    expect(d.read32(0, 0x300150, 0)).toBe(0);
    d.write32(0, 0x300000, 1, 0);
    expect(d.read32(0, 0x300150, 0)).toBe(3);
    d.write32(0, 0x100040, 1, 0);
    expect(d.read32(0, 0x100044, 0)).toBe(1);
  });

  test.each([0x4000, 0x100020, 0x180000, 0x1fe000, 0x3fffff0])('offset %i holds nothing', (offset) => {
    const d = device();
    d.write32(0, offset, 0xffffffff, 0);
    expect(d.read32(0, offset, 0)).toBe(0);
  });
});

/** Launches an access to a function's SQC entry; a write makes it one queue at base 300. */
function launchVft(d: Accelerator, access: 'read' | 'write', fn: number, nowNs: number): void {
  d.write32(0, 0x100058, access === 'read' ? 1 : 0, nowNs);
  d.write32(0, 0x10005c, 0, nowNs);
  d.write32(0, 0x100060, fn, nowNs);
  d.write32(0, 0x100064, (300 & 0xf) << 28, nowNs);
  d.write32(0, 0x100068, (300 >>> 4) | (1 << 12), nowNs);
  d.write32(0, RDY, 0, nowNs);
  d.write32(0, 0x100054, 1, nowNs);
}

describe('a reset of the PF', () => {
  // A reset forgets what is under way, and queues (VFT) remain: nothing comes of an access once its time would have come.
  test.each(['read', 'write'] as const)('ends a VFT %s that is under way, which then has no effect', (access) => {
    const d = device();
    launchVft(d, access, 2, 0);
    d.resetFunction(0, COSTS.vftAccessNs / 2);
    expect(d.nextEventNs).toBe(Infinity);
    d.advance(10 * COSTS.vftAccessNs);
    expect([d.read32(0, 0x100064, 3000), d.read32(0, 0x100068, 3000)]).toEqual([0, 0]);
    launchVft(d, 'read', 2, 3000);
    expect(entry(d, 4000)).toEqual({ base: 260, valid: 1, num: 8 });
    const g = new Guest(d, 2);
    g.nowNs = 4000;
    g.mailbox(QM_MB_CMD.SQC_VFT_V2, 0, true);
    expect(((g.read(0x308) >>> 13) & 0x3ff) + 1).toBe(8);
  });

  test('leaves the window ready for the next access', () => {
    const d = device();
    launchVft(d, 'read', 1, 0);
    d.resetFunction(0, 1);
    expect(d.read32(0, RDY, 1)).toBe(1);
  });

  test('of a VF leaves the access of the PF alone', () => {
    const d = device();
    launchVft(d, 'read', 2, 0);
    d.resetFunction(2, 1);
    expect(d.read32(0, RDY, COSTS.vftAccessNs - 1)).toBe(0);
    expect(entry(d, COSTS.vftAccessNs)).toEqual({ base: 260, valid: 1, num: 8 });
  });
});

function window(vf: number): number {
  return 0x180000 + vf * 0x2000;
}

function v4(migRegionEnabled: boolean, vfCount = 3): Accelerator {
  return device({ hardware: QM_HW.V4, migRegionEnabled, vfCount, vft: [{ base: 256, num: 4 }] });
}

describe('migration windows of hardware V4', () => {
  test('in the PF they show the functional registers and the event contexts; the VF upper half reads all-ones', () => {
    const d = v4(true);
    d.write32(0, window(2) + 0x0c, 1, 0);
    d.write32(0, window(2) + 0x1c04, 0x11, 0);
    d.write32(0, window(2) + 0x1c38, 0x22, 0);
    expect([d.read32(2, 0x0c, 0), d.read32(0, window(2) + 0x0c, 0)]).toEqual([1, 1]);
    expect([d.read32(0, window(2) + 0x1c04, 0), d.read32(0, window(2) + 0x1c38, 0)]).toEqual([0x11, 0x22]);
    expect([d.read32(2, 0x8004, 0), d.read32(2, 0xfffc, 0)]).toEqual([0xffffffff, 0xffffffff]);
    d.write32(2, 0x8004, 0x33, 0);
    expect(d.read32(0, window(2) + 0x1c04, 0)).toBe(0x11);
  });

  test('the select bit moves them between PF and VF and loses nothing', () => {
    const d = v4(false);
    expect(d.read32(0, 0x100198, 0)).toBe(0);
    d.write32(1, 0x8004, 0x44, 0);
    expect(d.read32(0, window(1) + 0x1c04, 0)).toBe(0xffffffff);
    d.write32(0, window(1) + 0x1c04, 0x55, 0);
    d.write32(0, 0x100198, 1, 0);
    expect(d.read32(0, window(1) + 0x1c04, 0)).toBe(0x44);
    expect(d.vfWords(1)[0x8004 / 4]).toBe(0xffffffff);
    d.write32(0, 0x100198, 0, 0);
    expect(d.vfWords(1)[0x8004 / 4]).toBe(0x44);
  });

  test('a mailbox command and an SQ doorbell go through them', () => {
    const d = v4(true);
    d.write128(0, window(1) + 0x300, 0x6006, 0, 0, 0, 0);
    d.advance(COSTS.mailboxCommandNs);
    expect(((d.read32(0, window(1) + 0x308, 1000) >>> 13) & 0x3ff) + 1).toBe(4);
    d.write64(0, window(1) + 0x1000, 5, 1, 1000);
    expect(d.read32(0, 0x100008, 1000)).toBe(1 << 9);
  });

  test('an EQ doorbell at 0x2000 writes the AEQ source and mask of the next function (R20)', () => {
    const d = v4(true);
    d.write64(0, window(1) + 0x2000, 0x2000, 5, 0);
    expect([d.read32(2, 0x0, 0), d.read32(2, 0x4, 0)]).toEqual([0x2000, 5]);
    expect([d.read32(1, 0x0, 0), d.read32(1, 0x4, 0)]).toEqual([0, 0]);
  });

  test('the same of VF 63 goes nowhere', () => {
    const d = v4(true, 63);
    d.write64(0, window(63) + 0x2000, 0x2000, 5, 0);
    expect(d.read32(0, 0x200004, 0)).toBe(0);
    for (let vf = 0; vf <= 63; vf++) expect(d.read32(vf, 0x4, 0)).toBe(0);
  });

  test('hardware V3 has no select register', () => {
    const d = device();
    d.write32(0, 0x100198, 1, 0);
    expect(d.read32(0, 0x100198, 0)).toBe(0);
    expect(d.read32(1, 0x8000, 0)).toBe(0);
  });

  test('a reset of the PF takes them back to the VFs', () => {
    const d = v4(true);
    d.resetFunction(0, 0);
    expect([d.read32(0, 0x100198, 0), d.read32(1, 0x8000, 0)]).toEqual([0, 0]);
  });
});

describe('a register file given from outside', () => {
  test('shows a completed command, a write-back and the windows in the words themselves', () => {
    const registers = new Uint32Array(new SharedArrayBuffer(acceleratorRegisterBytes(2)));
    const g = new Guest(device({ registers }), 2);
    const words = registers.subarray((2 * 0x10000) / 4);
    g.mailbox(QM_MB_CMD.SQC_VFT_V2, 0, true);
    expect([words[0x300 / 4], words[0x308 / 4]! >>> 13]).toEqual([0x4006, 7]);
    g.write(0x204, 1);
    g.settle();
    expect(words[0x208 / 4]).toBe(1);
    g.write(0x8008, 0x99);
    expect(words[0x8008 / 4]).toBe(0x99);
    expect(g.device.vfWords(2)[0x8008 / 4]).toBe(0x99);
  });

  test('of another size is a bug of the caller', () => {
    expect(() => device({ registers: new Uint32Array(16) })).toThrow('REGISTER_STORE_WORDS');
  });
});
