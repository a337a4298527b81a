import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../../sim/base/user-error.ts';
import { QueueLayout } from '../../../sim/workload/layout.ts';

describe('QueueLayout', () => {
  test('places twelve SEC queues of default depth as the documents say', () => {
    const layout = new QueueLayout({ kind: 'sec', queuePairs: 12, dmaBase: 0x1_0000_0000 });
    // EQE 4 * 2048, AEQE 4 * 1024, 32 bytes per context; SQ 128 * 1024 and CQ 16 * 1024 are whole pages.
    expect(layout.sections).toEqual([
      { name: 'eq', offset: 0, bytes: 8192 },
      { name: 'aeq', offset: 8192, bytes: 4096 },
      { name: 'sqc', offset: 12288, bytes: 384 },
      { name: 'cqc', offset: 12672, bytes: 384 },
      { name: 'queues', offset: 16384, bytes: 12 * (131072 + 16384) },
    ]);
    expect(layout.sectionBytes).toBe(8192 + 4096 + 384 + 384 + 1769472);
    expect(layout.sqOffset(1)).toBe(16384 + 147456);
    expect(layout.cqOffset(1)).toBe(16384 + 147456 + 131072);
    expect(layout.addressOf(layout.aeqOffset)).toBe(0x1_0000_2000);
  });

  test.each([
    ['sec', 128],
    ['hpre', 64],
    ['zip', 128],
  ] as const)('knows that an SQE of %s has %i bytes', (kind, bytes) => {
    const layout = new QueueLayout({ kind, queuePairs: 1, dmaBase: 0 });
    expect(layout.sqeBytes).toBe(bytes);
    expect(layout.cqOffset(0) - layout.sqOffset(0)).toBe(bytes * 1024);
  });

  test('sections cover all rings and tables, without overlap, in order and aligned', () => {
    const depth = fc.integer({ min: 4, max: 4096 });
    fc.assert(
      fc.property(
        fc.constantFrom('sec', 'hpre', 'zip' as const),
        fc.integer({ min: 1, max: 64 }),
        fc.record({ sq: depth, cq: depth, eq: depth, aeq: depth }),
        (kind, queuePairs, depths) => {
          const layout = new QueueLayout({ kind, queuePairs, dmaBase: 0x40000000, depths });
          let end = 0;
          for (const section of layout.sections) {
            expect(section.offset).toBeGreaterThanOrEqual(end);
            expect(section.offset % (section.name === 'queues' ? 4096 : 32)).toBe(0);
            end = section.offset + section.bytes;
          }
          expect(end).toBeLessThanOrEqual(layout.contextBufferOffset);
          expect(layout.contextBufferOffset + 128).toBeLessThanOrEqual(layout.totalBytes);

          const sqe = kind === 'hpre' ? 64 : 128;
          const objects = [
            { at: layout.eqOffset, bytes: 4 * depths.eq },
            { at: layout.aeqOffset, bytes: 4 * depths.aeq },
            { at: layout.sqcOffset, bytes: 32 * queuePairs },
            { at: layout.cqcOffset, bytes: 32 * queuePairs },
          ];
          for (let queue = 0; queue < queuePairs; queue++) {
            objects.push({ at: layout.sqOffset(queue), bytes: sqe * depths.sq });
            objects.push({ at: layout.cqOffset(queue), bytes: 16 * depths.cq });
          }
          end = 0;
          const misplaced = objects.filter(({ at, bytes }, index) => {
            const after = end;
            end = at + bytes;
            const aligned = index < 4 || at % 4096 === 0;
            return at < after || !aligned || !layout.sections.some((s) => at >= s.offset && end <= s.offset + s.bytes);
          });
          expect(misplaced).toEqual([]);
        },
      ),
    );
  });

  test.each([
    [{ queuePairs: 0 }],
    [{ queuePairs: 1025 }],
    [{ queuePairs: 1.5 }],
    [{ depths: { sq: 1 } }],
    [{ depths: { sq: 4097 } }],
    [{ depths: { eq: 2 } }],
    [{ depths: { aeq: 65537 } }],
  ])("refuses %j as the user's mistake", (options) => {
    expect(() => new QueueLayout({ kind: 'zip', queuePairs: 1, dmaBase: 0, ...options })).toThrow(UserError);
  });

  test('refuses a base off the page as our own mistake', () => {
    expect(() => new QueueLayout({ kind: 'zip', queuePairs: 1, dmaBase: 32 })).toThrow('LAYOUT_BASE');
  });
});
