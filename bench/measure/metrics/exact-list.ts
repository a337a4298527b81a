/**
 * Exact metrics as they are collected.
 */
import type { ExactMetric } from '../../documents/metric.ts';

/** Collects exact metrics below a common beginning of their names. */
export class ExactList {
  readonly metrics: ExactMetric[] = [];

  add(name: string, value: number | string): void {
    this.metrics.push({ name, value });
  }
}
