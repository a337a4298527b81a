/**
 * Readers of traces of a driver, and of what says where its addresses lead.
 */
import type { Reader } from '../reader.ts';
import { IOMEM_READER, VMALLOCINFO } from './address-maps.ts';
import type { DriverFile } from './facts.ts';
import { FUNCTION_GRAPH } from './function-graph.ts';
import { MMIOTRACE } from './mmiotrace.ts';
import { PROBES } from './probes.ts';
import { RWMMIO } from './rwmmio.ts';

export const DRIVER_READERS: readonly Reader<DriverFile, 'driver'>[] = [
  RWMMIO,
  FUNCTION_GRAPH,
  MMIOTRACE,
  PROBES,
  VMALLOCINFO,
  IOMEM_READER,
];
