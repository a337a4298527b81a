/**
 * Writes accesses as Linux's rwmmio events print them, from the format in the kernel's include/trace/events/rwmmio.h and from
 * trace-cmd report; 128-bit accesses make no event.
 */
interface WrittenAccess {
  readonly fn: 'pf' | 'vf';
  readonly op: 'r' | 'w';
  /** Bytes. */
  readonly width: number;
  readonly offset: number;
  readonly value: string;
  readonly startNs: number;
  readonly endNs: number;
}

interface WrittenMark {
  readonly markNs: number;
  readonly text: string;
}

export type Written = WrittenAccess | WrittenMark;

const BASE = { pf: 0xffff800090000000n, vf: 0xffff800083a00000n } as const;

/** A line as trace-cmd report prints it. */
export interface WrittenLine {
  readonly atNs: number;
  readonly text: string;
}

export interface WriterOptions {
  /** Digits after the point: 6 or 9. */
  readonly digits?: number;
  readonly task?: string;
  readonly cpu?: number;
  /** Added to the address of each VF access. */
  readonly vfShift?: bigint;
}

/** Lines in the order of time; the two events of an access stand together. */
export function rwmmioLines(all: readonly Written[], options: WriterOptions = {}): readonly WrittenLine[] {
  const { digits = 6, task = 'qemu-kvm-48231', cpu = 12, vfShift = 0n } = options;
  const line = (ns: number, event: string, text: string): WrittenLine => {
    const at = BigInt(Math.floor(ns)) + START_NS;
    const fraction = String(at % 1_000_000_000n)
      .padStart(9, '0')
      .slice(0, digits);
    const time = `${at / 1_000_000_000n}.${fraction}`;
    return { atNs: ns, text: `${task.padStart(22)} [${String(cpu).padStart(3, '0')}] ${time.padStart(12)}: ${`${event}:`.padEnd(20)} ${text}` }; // prettier-ignore
  };
  return all.flatMap((each): readonly WrittenLine[] => {
    if ('text' in each) return [line(each.markNs, 'tracing_mark_write', each.text)];
    if (each.width > 8) return [];
    const { fn, op, width, offset, value, startNs, endNs } = each;
    const address = `addr=0x${(BASE[fn] + BigInt(offset) + (fn === 'vf' ? vfShift : 0n)).toString(16)}`;
    const head = `caller+0x10/0x20 -> callee+0x4/0x8 width=${8 * width}`;
    const val = `val=0x${BigInt(value).toString(16)}`;
    return op === 'r'
      ? [line(startNs, 'rwmmio_read', `${head} ${address}`), line(endNs, 'rwmmio_post_read', `${head} ${val} ${address}`)]
      : [line(startNs, 'rwmmio_write', `${head} ${val} ${address}`), line(endNs, 'rwmmio_post_write', `${head} ${val} ${address}`)]; // prettier-ignore
  });
}

const START_NS = 1234_000_000_000n;

/** What /proc/vmallocinfo has of both windows, on a host with pages of 64 KiB. */
export const VMALLOCINFO = [
  '0xffff800090000000-0xffff800090410000 4259840 hisi_qm_pci_init+0x1d4/0x5a0 [hisi_qm] phys=0x0000000140000000 ioremap',
  '0xffff800083a00000-0xffff800083a20000  131072 hisi_acc_vfio_pci_open_device+0x14c/0x2b0 [hisi_acc_vfio_pci] phys=0x0000000140400000 ioremap',
].join('\n');

/** The text of a report. */
export function report(lines: readonly WrittenLine[]): string {
  return ['cpus=96', ...lines.map(({ text }) => text), ''].join('\n');
}
