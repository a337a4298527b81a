/**
 * Text of mmiotrace, the tracer of x86: accesses with physical addresses, and the BARs of all PCI functions.
 */
import { MEGA, NS_PER_US } from '../../../sim/base/units.ts';
import { numbered } from '../numbered.ts';
import { addFindings, type Finding, type Reader, Room } from '../reader.ts';
import {
  addressOf,
  type DriverFile,
  EMPTY_DRIVER_FILE,
  type Loss,
  type MappedRange,
  type TracedAccess,
} from './facts.ts';

const ACCESS = /^([RW])\s+(\d+)\s+(\d+)\.(\d{1,9})\s+(\d+)\s+0x([\da-f]+)\s+0x([\da-f]+)\s+0x[\da-f]+\s+(\d+)/i;
const PCI = /^PCIDEV\s+([\da-f]{4})\s+([\da-f]{4})([\da-f]{4})\s+[\da-f]+\s+(.*)$/i;
const LOST = /^MARK\s+\S+\s+Lost (\d+) events/i;
const OTHER = /^(?:VERSION|MAP|UNMAP|MARK)\b/;
/** Accesses that are kept; a trace of one move has some hundred. */
const ACCESSES_MAX = 150_000;
const FUNCTIONS_MAX = 10_000;
const BARS = 7;
/** Bits of a BAR that are no address. */
const BAR_FLAGS = 16;

/** A function of the header. */
interface HeaderFunction {
  readonly device: string;
  readonly vendor: string;
  readonly id: string;
  readonly ranges: readonly MappedRange[];
}

export const MMIOTRACE: Reader<DriverFile, 'driver'> = {
  id: 'mmiotrace',
  title: 'mmiotrace: accesses of registers on x86',
  kind: 'driver',
  sniff(head) {
    if (/^VERSION 20070824/m.test(head)) return 0.97;
    const lines = head.split('\n');
    return lines.filter((text) => ACCESS.test(text) || PCI.test(text)).length >= 2 ? 0.9 : 0;
  },
  read(lines) {
    const accesses: TracedAccess[] = [];
    const functions: HeaderFunction[] = [];
    const losses: Loss[] = [];
    const room = new Room(ACCESSES_MAX, 'accesses');
    const findings: Finding[] = [];
    const clock = { base: null as number | null };
    let unread = 0;
    let firstUnread = 0;
    for (const { text, line } of numbered(lines)) {
      const access = accessOf(text, line, clock);
      const device = access === null ? headerOf(text, line) : null;
      const [, lost] = LOST.exec(text) ?? [];
      if (access !== null) {
        if (room.take(line)) accesses.push(access);
      } else if (device !== null && functions.length < FUNCTIONS_MAX) functions.push(device);
      else if (lost !== undefined) losses.push({ events: Number(lost), cpu: null, line });
      else if (!OTHER.test(text) && text.trim() !== '' && !text.startsWith('#')) {
        unread += 1;
        firstUnread ||= line;
      }
    }
    for (const { events, line } of losses)
      addFindings(findings, { kind: 'warning', line, text: `${events} events are lost` });
    room.note(findings);
    if (unread > 0)
      addFindings(findings, { kind: 'unused', line: firstUnread, text: `${unread} lines that are no access` });
    addFindings(findings, { kind: 'read', text: 'width is in bytes; the tracer runs on one CPU and makes each access slow: its times are no costs' }); // prettier-ignore
    return {
      format: 'mmiotrace',
      facts: {
        ...EMPTY_DRIVER_FILE,
        accesses,
        ranges: functions.flatMap(({ ranges }) => ranges),
        losses,
        lacks: ['wide', 'times'],
        said: {
          arch: 'x86',
          devices: functions.map(({ device, vendor, id }) => ({ device, vendor, id })),
          ...(losses.length === 0 ? {} : { lostEvents: losses.reduce((sum, { events }) => sum + (events ?? 0), 0) }),
        },
      },
      findings,
      unknown: ['domains of the functions: the text has none, and 0000 is taken'],
    };
  },
};

function accessOf(text: string, line: number, clock: { base: number | null }): TracedAccess | null {
  const [, op, width, seconds, fraction = '', , address, value, pid] = ACCESS.exec(text) ?? [];
  if (op === undefined || address === undefined || value === undefined) return null;
  clock.base ??= Number(seconds);
  const us = (Number(seconds) - clock.base) * MEGA;
  return {
    op: op === 'R' ? 'r' : 'w',
    width: Number(width),
    address: addressOf(address),
    physical: true,
    value: `0x${value.toLowerCase().replace(/^0+(?=.)/, '')}`,
    startNs: us * NS_PER_US + Number(fraction.padEnd(9, '0')),
    endNs: null,
    cpu: 0,
    // The program counter and the process follow the value.
    task: Number(pid),
    line,
    segment: 0,
  };
}

/** `PCIDEV bbdd vvvvdddd irq 7×BAR 7×size driver`. */
function headerOf(text: string, line: number): HeaderFunction | null {
  const [, place, vendor = '', id = '', rest = ''] = PCI.exec(text) ?? [];
  if (place === undefined) return null;
  const words = rest.trim().split(/\s+/);
  const devfn = Number.parseInt(place.slice(2), 16);
  const slot = (devfn >> 3).toString(16).padStart(2, '0');
  const device = `0000:${place.slice(0, 2).toLowerCase()}:${slot}.${devfn & 7}`;
  const ranges = words.slice(0, BARS).flatMap((bar, index): readonly MappedRange[] => {
    const bytes = Number.parseInt(words[BARS + index] ?? '', 16);
    const at = addressOf(bar);
    return !(bytes > 0) || (at & 1) === 1 ? [] : [{ physical: at - (at % BAR_FLAGS), bytes, device, line }];
  });
  return { device, vendor: vendor.toLowerCase(), id: id.toLowerCase(), ranges };
}
