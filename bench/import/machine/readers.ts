/**
 * The readers of what tools print of a machine.
 */
import type { Reader } from '../reader.ts';
import type { MachineFacts } from './facts.ts';
import { lspciReader } from './lspci.ts';
import { lspciRecordsReader } from './records.ts';
import { lspciTreeReader } from './tree.ts';
import { sysfsReader } from './sysfs.ts';

export const MACHINE_READERS: readonly Reader<MachineFacts, 'machine'>[] = [
  lspciReader,
  lspciTreeReader,
  lspciRecordsReader,
  sysfsReader,
];
