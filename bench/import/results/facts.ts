/**
 * What other trackers of results hold: named values, of one commit or of many.
 */
export interface ForeignValue {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** As the file has it: free text, or the ends of an interval. */
  readonly range?: string;
}

export interface ForeignRun {
  /** Undefined where the file does not say. */
  readonly commit: string | undefined;
  readonly subject: string | undefined;
  /** ISO 8601. */
  readonly time: string | undefined;
  readonly series: readonly ForeignValue[];
}

export interface ResultFacts {
  readonly runs: readonly ForeignRun[];
}
