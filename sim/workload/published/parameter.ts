/**
 * A number of the models that predict published figures, with where it is from.
 */
export interface ModelParameter {
  readonly value: number;
  readonly unit: 'ns' | 'bytes per ns' | 'cycles' | 'GHz' | 'count' | 'fraction';
  /** Range in which it may be, for those who sweep it. */
  readonly low: number;
  readonly high: number;
  /**
   * `fitted`: solved from the rows in `rows`, which are then no predictions; at most one such parameter for three rows.
   * `constant`: stated by a source. `derived`: arithmetic on such. `assumed`: a guess, with its reason.
   */
  readonly from: 'fitted' | 'constant' | 'derived' | 'assumed';
  /** Rows of sim/workload/published/rows.ts that a fitted parameter is solved from. */
  readonly rows?: readonly string[];
  readonly source: string;
  readonly why: string;
}
