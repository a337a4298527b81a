/**
 * What `stopcopy explain --json` prints: a measured move next to the model, part by part. Version 1; docs/import.md.
 */
import type { DocumentHead } from '../../io/document-head.ts';
import type { Figure } from '../../show/figure.ts';

/** A figure that was measured, and what the model makes of it. */
export interface ComparedFigure {
  readonly name: string;
  /** Null: the file does not have it. */
  readonly measuredNs: number | null;
  readonly modelled: Figure;
  /** Modelled over measured, less 1; null: not measured. */
  readonly error: number | null;
}

/** A part of the pause. Parts of the model that one measured part covers are one row. */
export interface ComparedPart {
  /** Parts of the model, as a run names them. */
  readonly parts: readonly string[];
  readonly title: string;
  /** Name of the part in the file, where it has one. */
  readonly measuredAs: string | null;
  readonly measuredNs: number | null;
  readonly modelled: Figure;
  readonly isDevice: boolean;
}

/** Time of a measured downtime that no part accounts for. */
export interface UnexplainedTime {
  readonly ns: number;
  /** Share of the downtime. */
  readonly share: number;
  /** Title of the part in which the fitted model has it; null: in none of those that were measured. */
  readonly modelledAs: string | null;
  /** What would show where it is. */
  readonly wouldShow: string;
}

/** A change, and the pause that the model has with it. */
export interface ShorterPause {
  readonly change: string;
  readonly pauseNs: number;
  /** Nominal pause with it over the nominal pause without, less 1. */
  readonly by: number;
}

interface AssumedField {
  readonly field: string;
  readonly value: string;
  readonly why: string;
  readonly decides: string;
}

/** One pass over memory, as it was measured. */
interface MeasuredIteration {
  readonly index: number;
  readonly startMs: number | null;
  readonly lastsMs: number | null;
  readonly sentBytes: number | null;
  readonly dirtiedBytes: number | null;
}

export interface ExplainDocument extends DocumentHead {
  readonly file: string;
  /** Title of the format. */
  readonly source: string;
  readonly status: string;
  /** The answer in words. */
  readonly sentences: readonly string[];
  readonly figures: readonly ComparedFigure[];
  /** In their order; they add up to the modelled pause. */
  readonly parts: readonly ComparedPart[];
  /** Null: parts account for the downtime, or it was not measured. Documents of before have none. */
  readonly unexplained?: UnexplainedTime | null;
  readonly iterations: readonly MeasuredIteration[];
  /** The largest effect first. */
  readonly shorter: readonly ShorterPause[];
  /** What a second measurement should have. */
  readonly next: readonly string[];
  readonly assumed: readonly AssumedField[];
}
