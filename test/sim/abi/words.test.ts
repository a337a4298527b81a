import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACCELERATOR_KINDS, ACCELERATORS, acceleratorOfVf, QM_HW } from '../../../sim/abi/accelerators.ts';
import { doorbellHigh, doorbellLow, QM_DOORBELL_CMD } from '../../../sim/abi/doorbell.ts';
import * as errno from '../../../sim/abi/errno.ts';
import { mailboxWord, QM_MB_CMD } from '../../../sim/abi/mailbox.ts';

describe('a doorbell', () => {
  test.each([
    ['SQ', 0, 0x0000],
    ['CQ', 0, 0x1000],
    ['EQ', 0, 0x2000],
    ['AEQ', 0, 0x3000],
    ['SQ', 959, 0x03bf],
  ] as const)('%s of queue %i has low word %i', (command, queue, low) => {
    expect(doorbellLow(queue, QM_DOORBELL_CMD[command])).toBe(low);
  });

  test('that kicks a queue after a migration has index 0 and priority 1', () => {
    expect(doorbellHigh(0, 1)).toBe(0x00010000);
  });

  test('keeps queue, command, tag, index and priority in their bits', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xfff }),
        fc.constantFrom(0, 1, 2, 3),
        fc.integer({ min: 0, max: 0xffff }),
        fc.integer({ min: 0, max: 0xffff }),
        (queue, command, index, priority) => {
          const low = doorbellLow(queue, command);
          const high = doorbellHigh(index, priority);
          expect([low & 0xfff, (low >>> 12) & 0xf, low >>> 16]).toEqual([queue, command, 0]);
          expect([high & 0xffff, high >>> 16]).toEqual([index, priority]);
        },
      ),
    );
  });
});

describe('word 0 of the mailbox', () => {
  test.each([
    ['PAUSE_QM', false, 0, 0x0000200e],
    ['SQC_BT', true, 0, 0x00006004],
    ['CQC_BT', false, 0, 0x00002005],
    ['SQC_VFT_V2', true, 0, 0x00006006],
    ['STOP_QP', false, 0xffff, 0xffff2008],
  ] as const)('of %s (get: %s, queue %i) is %i', (command, get, queue, word) => {
    expect(mailboxWord(QM_MB_CMD[command], queue, get)).toBe(word);
  });

  test.each([
    ['SQC', 0x0],
    ['CQC', 0x1],
    ['EQC', 0x2],
    ['AEQC', 0x3],
    ['SQC_BT', 0x4],
    ['CQC_BT', 0x5],
    ['SQC_VFT_V2', 0x6],
    ['STOP_QP', 0x8],
    ['FLUSH_QM', 0x9],
    ['SRC', 0xc],
    ['DST', 0xd],
    ['PAUSE_QM', 0xe],
  ] as const)('%s has code %i', (name, code) => {
    expect(QM_MB_CMD[name]).toBe(code);
  });
});

describe('error numbers', () => {
  const linux = { ENOENT: 2, EIO: 5, EBADF: 9, EAGAIN: 11, ENOMEM: 12, EFAULT: 14, EBUSY: 16, ENODEV: 19, EINVAL: 22 };
  const more = { ENFILE: 23, EMFILE: 24, ENOTTY: 25, ESPIPE: 29, ENOMSG: 42, ETIMEDOUT: 110 };
  const all = Object.entries({ ...linux, ...more });

  test.each(all)('%s is %i, and is named whether negative or positive', (name, value) => {
    expect(new Map(Object.entries(errno)).get(name)).toBe(value);
    expect(errno.errnoName(-value)).toBe(name);
    expect(errno.errnoName(value)).toBe(name);
  });

  test('each exported number has a name', () => {
    const exported = Object.entries(errno).flatMap(([name, value]) => (typeof value === 'number' ? [name] : []));
    expect(exported.toSorted()).toEqual(all.map(([name]) => name).toSorted());
    expect(errno.ERRNO_NAMES.toSorted()).toEqual(exported.toSorted());
    for (const [name, value] of all) expect(errno.errnoNumber(name)).toBe(value);
  });

  test('an unknown one is named by its number', () => {
    expect(errno.errnoName(-95)).toBe('errno 95');
  });
});

describe('the accelerators', () => {
  test.each([
    ['sec', 0xa255, 0xa256, 128, 256, 4, 0x301008, 0x6c77, 0x177, 1, 'hisi_sec2'],
    ['hpre', 0xa258, 0xa259, 64, 64, 10, 0x301800, 0x6c37, 0xbffc3e, 2, 'hisi_hpre'],
    ['zip', 0xa250, 0xa251, 128, 64, 5, 0x3010ac, 0x6c77, 0x7fe, 3, 'hisi_zip'],
  ] as const)(
    '%s has the ids, sizes, status register, masks and names of the tables',
    (kind, pf, vf, sqe, queues, ...rest) => {
      const [cores, coreStatusRegister, qmShutdownMask, coreShutdownMask, accTypeV0, pfDriver] = rest;
      expect(ACCELERATORS[kind]).toEqual({
        pfDeviceId: pf,
        vfDeviceId: vf,
        sqeBytes: sqe,
        pfDefaultQueues: queues,
        cores,
        coreStatusRegister,
        qmShutdownMask,
        coreShutdownMask,
        accTypeV0,
        pfDriver,
      });
      expect(acceleratorOfVf(vf)).toBe(ACCELERATORS[kind]);
    },
  );

  test('a PF’s id, or a stranger’s, belongs to no VF', () => {
    expect(acceleratorOfVf(0xa255)).toBeUndefined();
    expect(acceleratorOfVf(0)).toBeUndefined();
  });

  test('each kind is covered here', () => {
    expect(ACCELERATOR_KINDS).toEqual(['sec', 'hpre', 'zip']);
  });

  test('hardware generations are PCI revisions', () => {
    expect(QM_HW).toEqual({ V1: 0x20, V2: 0x21, V3: 0x30, V4: 0x50, V5: 0x51 });
  });
});
