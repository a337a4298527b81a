/**
 * An evacuation for other programs: rows of moves, hosts and tenants as CSV (RFC 4180), an event for each host and each kind
 * of VM as calendar (RFC 5545).
 */
import { countOf, formatNs, NS_PER_MS, NS_PER_S } from '../../../sim/base/units.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { ScheduledMove } from '../../../sim/fleet/schedule.ts';
import type { PlanDocument } from './document.ts';

const CRLF = '\r\n';
const HEAD = ['host', 'vm', 'begins_s', 'ends_s', 'pause_ms', 'end', 'name'];

/** @throws UserError of kind `usage` for a plan without single moves */
export function scheduleCsv(document: PlanDocument, option: string): string {
  const rows = movesOf(document, option).map(({ hostName, vm, vmName, startNs, endNs, pauseNs, fate }) => [
    hostName,
    vm,
    (startNs / NS_PER_S).toFixed(3),
    (endNs / NS_PER_S).toFixed(3),
    pauseNs === 0 ? '' : (pauseNs / NS_PER_MS).toFixed(1),
    fate,
    vmName ?? '',
  ]);
  const hosts = cellsOf(document, HOST_COLUMNS).map(([host, begins, empty, pause]) => [
    String(host),
    '',
    secondsCell(begins),
    secondsCell(empty),
    pauseCell(pause),
    empty === null ? 'not emptied' : 'emptied',
    '',
  ]);
  const tenants = cellsOf(document, NOTICE_COLUMNS).map(([vm, begins, ends, pause]) => [
    '',
    String(vm),
    secondsCell(begins),
    secondsCell(ends),
    pauseCell(pause),
    'notice',
    '',
  ]);
  return [HEAD, ...rows, ...hosts, ...tenants].map((cells) => `${cells.map(csvCell).join(',')}${CRLF}`).join('');
}

/** Columns of the tables of an answer, by their names. */
const HOST_COLUMNS = ['host', 'beginsNs', 'emptyNs', 'pauseMaxNs'] as const;
const NOTICE_COLUMNS = ['vm', 'beginsNs', 'endsLongNs', 'pauseP99LongNs'] as const;

type Cell = string | number | null;

/** Rows of the table that has these columns; an answer without it has none. */
function cellsOf({ answer: { tables } }: PlanDocument, names: readonly string[]): readonly (readonly Cell[])[] {
  for (const { columns, rows } of tables) {
    const places = names.map((name) => columns.findIndex((column) => column.name === name));
    if (!places.includes(-1)) return rows.map((row) => places.map((place) => row[place] ?? null));
  }
  return [];
}

function secondsCell(ns: Cell | undefined): string {
  return typeof ns === 'number' ? (ns / NS_PER_S).toFixed(3) : '';
}

function pauseCell(ns: Cell | undefined): string {
  return typeof ns === 'number' ? (ns / NS_PER_MS).toFixed(1) : '';
}

/**
 * @param begin when the first move begins
 * @throws UserError of kind `usage` for a plan without single moves
 */
export function scheduleCalendar(document: PlanDocument, begin: Date, option: string): string {
  const moves = movesOf(document, option);
  const { name } = document.question;
  const at = (ns: number): string => calendarTime(new Date(begin.getTime() + ns / NS_PER_MS));
  const hosts = [...new Set(moves.map(({ host }) => host))].toSorted((a, b) => a - b);
  const events = hosts.flatMap((host) => {
    const own = moves.filter((move) => move.host === host);
    const moved = own.filter(({ pauseNs }) => pauseNs > 0);
    const longestNs = Math.max(0, ...own.map(({ pauseNs }) => pauseNs));
    const left = own.length - moved.length;
    const { hostName } = own[0]!;
    const pause = moved.length === 0 ? '' : `, with pauses of up to ${formatNs(longestNs)}`;
    const names = moved.flatMap(({ vmName }) => vmName ?? []);
    const who = names.length === 0 ? '' : ` They are ${names.join(', ')}.`;
    const said = `${countOf(moved.length, 'VM moves', 'VMs move')}${pause}${left === 0 ? '' : `; ${left} of the host stay`}.${who}`;
    return [
      'BEGIN:VEVENT',
      `UID:${name}-host-${host}@stopcopy`,
      `DTSTAMP:${at(0)}`,
      `DTSTART:${at(Math.min(...own.map(({ startNs }) => startNs)))}`,
      `DTEND:${at(Math.max(...own.map(({ endNs }) => endNs)))}`,
      `SUMMARY:${calendarText(`${hostName} ${left === 0 ? 'is emptied' : 'is not emptied'} (${name})`)}`,
      `DESCRIPTION:${calendarText(`${said} Modelled, with nominal parameters.`)}`,
      'END:VEVENT',
    ];
  });
  const notices = cellsOf(document, NOTICE_COLUMNS).flatMap(([vm, begins, ends, pause], index) => {
    if (typeof begins !== 'number' || typeof ends !== 'number' || typeof pause !== 'number') return [];
    const said = `VMs move, with pauses of up to ${formatNs(pause)} for 99 of 100.`;
    return [
      'BEGIN:VEVENT',
      `UID:${name}-notice-${index + 1}@stopcopy`,
      `DTSTAMP:${at(0)}`,
      `DTSTART:${at(begins)}`,
      `DTEND:${at(ends)}`,
      `SUMMARY:${calendarText(`notice for VMs ${String(vm)} (${name})`)}`,
      `DESCRIPTION:${calendarText(`${said} Modelled, the end and the pause in the high corner.`)}`,
      'END:VEVENT',
    ];
  });
  const parts = [...events, ...notices];
  const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//stopcopy//plan//EN', ...parts, 'END:VCALENDAR'];
  return lines.map((line) => `${folded(line)}${CRLF}`).join('');
}

function movesOf({ answer: { schedule }, question }: PlanDocument, option: string): readonly ScheduledMove[] {
  const moves = schedule?.moves;
  if (moves !== undefined && moves !== null && moves.length > 0) return moves;
  const why = schedule === undefined ? `${question.name} asks ${question.ask}` : 'it has none, or more than 600';
  throw new UserError('usage', `${option} is for the moves of an evacuation, and ${why}`, 'Leave it out.');
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function calendarTime(time: Date): string {
  return time.toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

function calendarText(text: string): string {
  return text.replaceAll(/[\\;,]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`);
}

/** Octets of a row, without its end. */
const OCTETS_MAX = 75;

/** A row that is too long continues in the next one, after a space; no character is split. */
function folded(line: string): string {
  const rows: string[] = [];
  let row = '';
  for (const character of line) {
    if (Buffer.byteLength(row + character) > OCTETS_MAX) {
      rows.push(row);
      row = ' ';
    }
    row += character;
  }
  return [...rows, row].join(CRLF);
}
