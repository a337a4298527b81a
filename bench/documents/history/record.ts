/**
 * One record of the history: what one commit measured on one class of machine. Version 1; docs/regression.md.
 *
 * The metrics are grouped by kind and unit, so that a record with a hundred of them is a few kilobytes.
 */
import { createHash } from 'node:crypto';

import { z } from 'zod';

import type { MetricKind } from '../metric.ts';
import type { Machine } from '../bench/result.ts';
import { keysOf } from '../../../sim/base/keys.ts';

export const RECORD_VERSION = 1;

/** Exact metrics belong to every machine. */
export const EVERY_MACHINE = 'every';

const values = z.record(z.string().min(1), z.record(z.string().min(1), z.number()));

export const recordSchema = z.strictObject({
  v: z.literal(RECORD_VERSION),
  /** When it was measured, ISO 8601. */
  time: z.iso.datetime(),
  commit: z.string().min(1),
  /** First line of the commit's message. */
  subject: z.string(),
  /** Whether the checkout had changes that are not in the commit. */
  dirty: z.boolean(),
  /** Class of the machine, or `every`. */
  machine: z.string().min(1),
  /** The class in words. */
  about: z.string(),
  /** By kind, then by unit, then by name. */
  metrics: z.strictObject({
    exact: values.optional(),
    counted: values.optional(),
    ratio: values.optional(),
    measured: values.optional(),
  }),
});

export type HistoryRecord = z.infer<typeof recordSchema>;

export interface MachineClass {
  readonly id: string;
  readonly about: string;
}

/** Results are compared within a class only: same processor, cores, system, and major version of Node. */
export function machineClass({ cpu, cores, os, arch, node }: Machine): MachineClass {
  const major = node.split('.', 1)[0] ?? node;
  const about = `${cores} × ${cpu}, ${os} ${arch}, Node ${major}`;
  return { id: createHash('sha256').update(about).digest('hex').slice(0, 8), about };
}

export interface NamedValue {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: string;
  readonly value: number;
}

export function groupMetrics(list: readonly NamedValue[]): HistoryRecord['metrics'] {
  const grouped: Partial<Record<MetricKind, Record<string, Record<string, number>>>> = {};
  for (const { name, kind, unit, value } of list) ((grouped[kind] ??= ownFields())[unit] ??= ownFields())[name] = value;
  return grouped;
}

/** A file may name a unit `__proto__`, which leads to all objects of the program elsewhere. */
function ownFields<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

/** Kind and unit of a metric in a record, with its value; undefined when it is not there. */
export function metricIn({ metrics }: HistoryRecord, name: string): NamedValue | undefined {
  for (const kind of keysOf(metrics)) {
    for (const [unit, byName] of Object.entries(metrics[kind] ?? {})) {
      const value = byName[name];
      if (value !== undefined) return { name, kind, unit, value };
    }
  }
  return undefined;
}

/**
 * A record that was read with its checksum intact was written by stopcopy: only its head is checked, so that ten thousand
 * of them are read at once. What a newer stopcopy wrote is recognised by its version.
 */
export function isRecord(value: unknown): value is HistoryRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { v, time, commit, machine, metrics } = value as Readonly<Record<string, unknown>>;
  const texts = [time, commit, machine].every((text) => typeof text === 'string' && text !== '');
  return v === RECORD_VERSION && texts && typeof metrics === 'object' && metrics !== null;
}

export interface MachineSummary {
  readonly machine: string;
  readonly about: string;
  readonly records: number;
}

/** Classes of machines in a history, the one with most records first. */
export function machinesOf(records: readonly HistoryRecord[]): readonly MachineSummary[] {
  const byMachine = new Map<string, { machine: string; about: string; records: number }>();
  for (const { machine, about } of records) {
    const summary = byMachine.get(machine) ?? { machine, about, records: 0 };
    summary.records += 1;
    byMachine.set(machine, summary);
  }
  return [...byMachine.values()].toSorted((a, b) => b.records - a.records);
}
