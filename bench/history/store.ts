/**
 * The history: one file, one line per record, each with its checksum. Appending never touches what is there; a line that a
 * crash cut short, or that is damaged otherwise, is reported and skipped, and costs no other record.
 *
 *     1f2e3d4c {"v":1,"time":…}
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { crc32 } from 'node:zlib';

import { shortened, UserError } from '../../sim/base/user-error.ts';
import { type HistoryRecord, isRecord, RECORD_VERSION } from '../documents/history/record.ts';
import type { DamagedLine } from '../documents/history/document.ts';
import { readInputBytes } from '../io/input-file.ts';
import { replaceFile, unwritable } from '../io/file-output.ts';
import { withLock } from '../io/lock.ts';
import { writeAll } from '../io/write-all.ts';

export interface History {
  readonly records: readonly HistoryRecord[];
  readonly damaged: readonly DamagedLine[];
}

const NEWLINE = 10;

/** The option that names the history. */
const OPTION = '--file';

export function recordLine(record: HistoryRecord): string {
  const json = JSON.stringify(record);
  return `${checksum(json)} ${json}\n`;
}

function checksum(text: string | Buffer): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** @throws UserError of kind `input` when there is no such file, or it is no history at all */
export function readHistory(path: string): History {
  if (!existsSync(path)) {
    throw new UserError(
      'input',
      `${path}: there is no such history`,
      'Begin one with `stopcopy history record`, or name it with --file.',
    );
  }
  return parseHistory(readInputBytes(path), path);
}

/** @throws UserError of kind `input` when it is no history at all */
export function parseHistory(file: Buffer, path: string): History {
  const records: HistoryRecord[] = [];
  const damaged: DamagedLine[] = [];
  let line = 0;
  for (const bytes of linesOf(file)) {
    line += 1;
    if (bytes.length === 0) continue;
    const read = readLine(bytes);
    if (typeof read === 'string') damaged.push({ line, why: read });
    else records.push(read);
  }
  if (records.length === 0 && damaged.length > 0) {
    throw new UserError(
      'input',
      `${path}: is no history of stopcopy: line ${damaged[0]!.line} ${damaged[0]!.why}`,
      'Name another file with --file.',
    );
  }
  return { records, damaged };
}

function* linesOf(file: Buffer): Generator<Buffer> {
  for (let from = 0; from < file.length;) {
    const found = file.indexOf(NEWLINE, from);
    const end = found === -1 ? file.length : found;
    yield file.subarray(from, end);
    from = end + 1;
  }
}

/** A record, or why there is none. */
function readLine(bytes: Buffer): HistoryRecord | string {
  const said = bytes.toString('latin1', 0, 9);
  if (!/^[0-9a-f]{8} $/.test(said)) return 'does not begin with a checksum';
  const json = bytes.subarray(9);
  if (checksum(json) !== said.slice(0, 8)) return 'does not fit its checksum: it was cut short, damaged or edited';
  let value: unknown;
  try {
    value = JSON.parse(json.toString('utf8'));
  } catch {
    return 'is not JSON';
  }
  if (isRecord(value)) return value;
  const version = (value as { v?: unknown } | null)?.v;
  return version === RECORD_VERSION
    ? 'is no whole record'
    : `has version ${shortened(JSON.stringify(version) ?? 'none')}, this stopcopy reads ${RECORD_VERSION}`;
}

/**
 * Appends records, all of them or none; they are on the disk when it returns.
 *
 * @throws StatusError `outputFailed`, or UserError of kind `usage`, for a place that does not take them
 */
export async function appendRecords(path: string, records: readonly HistoryRecord[]): Promise<void> {
  const text = records.map(recordLine).join('');
  await withLock(path, OPTION, () => {
    try {
      append(path, text);
    } catch (error) {
      throw unwritable(path, OPTION, error);
    }
  });
}

function append(path: string, text: string): void {
  const file = openSync(path, 'a+');
  const { size } = fstatSync(file);
  try {
    // A line that a crash left without its end must not swallow the next record.
    writeAll(file, Buffer.from(endsOpen(file) ? `\n${text}` : text, 'utf8'));
    fsyncSync(file);
  } catch (error) {
    if (size === 0) rmSync(path);
    else ftruncateSync(file, size);
    throw error;
  } finally {
    closeSync(file);
  }
}

function endsOpen(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] !== NEWLINE;
}

/**
 * Rewrites the history with the records that are to be kept. Damaged lines stay as they are unless they are to go: perhaps
 * a reader exists.
 *
 * @returns how many records and damaged lines went
 */
export async function pruneHistory(
  path: string,
  choose: (all: readonly HistoryRecord[]) => ReadonlySet<HistoryRecord>,
  dropDamaged: boolean,
): Promise<{ readonly records: number; readonly damaged: number }> {
  return withLock(path, OPTION, () => {
    const { records } = readHistory(path);
    const chosen = choose(records);
    const kept: Buffer[] = [];
    const gone = { records: 0, damaged: 0 };
    const next = records.values();
    for (const bytes of linesOf(readFileSync(path))) {
      if (bytes.length === 0) continue;
      const isDamaged = typeof readLine(bytes) === 'string';
      const stays = isDamaged ? !dropDamaged : chosen.has(next.next().value!);
      if (stays) kept.push(bytes, Buffer.from('\n'));
      else gone[isDamaged ? 'damaged' : 'records'] += 1;
    }
    replaceFile(path, Buffer.concat(kept), OPTION);
    return gone;
  });
}
