/**
 * What happened in a run: its first finding, its hash, and, on request, a time line of the actors.
 */
import { TraceHash } from '../base/hash.ts';
import type { FaultName } from './faults.ts';
import type { RuleId } from './rules.ts';
import type { VmStep } from './vm-step.ts';

export interface Finding {
  readonly rule: RuleId;
  /** Where it was found: a call, or the end of the run. With the rule it makes two findings the same or not. */
  readonly place: string;
  /** Figures and names of this run, as a sentence without its full stop. */
  readonly detail: string;
  /** Hardware function number of the VF, 1 or 2. */
  readonly fn: number;
  readonly atNs: number;
  /** Faults that the run had injected by then, in order. */
  readonly faults: readonly FaultName[];
}

/** One line of the time line. */
export interface Step {
  readonly atNs: number;
  /** `VMM 1`, `PF B` and the like. */
  readonly actor: string;
  readonly what: string;
  /** What the call gave; null where nothing is given. */
  readonly ret: number | null;
}

/** Ends a run at its first finding: what comes after it may only follow from it. */
export class Found extends Error {
  override readonly name = 'Found';
  readonly finding: Finding;

  constructor(finding: Finding) {
    super(finding.rule);
    this.finding = finding;
  }
}

export class RunRecord {
  readonly hash: TraceHash = new TraceHash();
  /** Calls that were made. */
  calls = 0;
  /** The steps of each VM by its function number, as a script lists them; kept with the time line only. */
  readonly ofVm = new Map<number, VmStep[]>();
  private readonly open: Step[] = [];
  private readonly steps: Step[] | null;

  constructor(keepsSteps: boolean) {
    this.steps = keepsSteps ? [] : null;
  }

  /** A VM takes a step. */
  taken(fn: number, step: VmStep): void {
    if (this.steps === null) return;
    const list = this.ofVm.get(fn);
    if (list === undefined) this.ofVm.set(fn, [step]);
    else list.push(step);
  }

  /** A call begins; where others act at once, the run may end within it. */
  begin(atNs: number, actor: string, what: string): void {
    this.open.push({ atNs, actor, what, ret: null });
  }

  /** The call of an actor that was begun is over. */
  end(atNs: number, actor: string, what: string, ret: number): void {
    this.open.splice(
      this.open.findIndex((step) => step.actor === actor),
      1,
    );
    this.step(atNs, actor, what, ret);
  }

  /** The time line in the order of time, with the calls that are under way. */
  get timeLine(): readonly Step[] | null {
    if (this.steps === null) return null;
    const open = this.open.map((step) => ({ ...step, what: `${step.what} (under way)` }));
    // Equal times keep the order in which they were noted.
    return [...this.steps, ...open].toSorted((a, b) => a.atNs - b.atNs);
  }

  step(atNs: number, actor: string, what: string, ret: number | null): void {
    this.calls += 1;
    this.hash.add(what.length);
    this.hash.add((ret ?? 0) >>> 0);
    this.hash.addWide(Math.round(atNs));
    this.steps?.push({ atNs, actor, what, ret });
  }
}
