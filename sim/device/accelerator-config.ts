/**
 * What an accelerator is made with, and its settings once defaults are filled in.
 */
import { ACCELERATORS } from '../abi/accelerators.ts';
import type { AcceleratorFacts, AcceleratorKind } from '../abi/accelerators.ts';
import { DEFAULT_IN_FLIGHT } from '../abi/in-flight.ts';
import type { InFlight } from '../abi/in-flight.ts';
import { VFS_MAX, defaultVftSplit } from '../abi/vft.ts';
import type { VftEntry } from '../abi/vft.ts';
import { bug } from '../base/bug.ts';
import { pointCosts, TASK_COST } from './costs.ts';
import type { CostValues } from './costs.ts';
import type { EngineSettings } from './engine.ts';

export interface AcceleratorConfig {
  readonly kind: AcceleratorKind;
  /** One of QM_HW. */
  readonly hardware: number;
  /** 1 to 63. */
  readonly vfCount: number;
  /** Queues of each VF, index 0 being VF 1. Default: the PF driver's split. */
  readonly vft?: readonly VftEntry[];
  /** PF register 0x30. Default 0. */
  readonly isolation?: number;
  /** Hardware V4 and later: whether the migration windows are in the PF's BAR2. Default false. */
  readonly migRegionEnabled?: boolean;
  /** What PAUSE_QM does with tasks in service; [NR], so a parameter. Default `finish`. */
  readonly inFlight?: InFlight;
  /** Cores, and the time in ns that each takes for a task. Default: the kind's cores and its entry in the cost table. */
  readonly engine?: EngineSettings;
  /** Default: the points of the cost table. */
  readonly costs?: CostValues;
  /** Where the register files lie, as long as acceleratorRegisterBytes says. Default: a buffer of its own. */
  readonly registers?: Uint32Array;
}

/** A configuration that has been checked, with its defaults filled in. */
export interface AcceleratorSettings {
  readonly facts: AcceleratorFacts;
  readonly hardware: number;
  readonly vfCount: number;
  /** Queues of each VF, index 0 being VF 1. */
  readonly vft: readonly VftEntry[];
  readonly isolation: number;
  readonly inFlight: InFlight;
  readonly engine: EngineSettings;
  readonly costs: CostValues;
  /** Undefined: a buffer of its own. */
  readonly registers: Uint32Array | undefined;
}

/** Checks a configuration and fills in its defaults. */
export function settingsOf(config: AcceleratorConfig): AcceleratorSettings {
  const { kind, vfCount, hardware, registers } = config;
  if (!Number.isInteger(vfCount) || vfCount < 1 || vfCount > VFS_MAX) bug('VF_COUNT', vfCount);
  const facts = ACCELERATORS[kind];
  const costs = config.costs ?? pointCosts();
  const vft = config.vft ?? defaultVftSplit(facts.pfDefaultQueues, vfCount);
  if (vft.length > vfCount) bug('VFT_ENTRIES', vft.length, vfCount);
  return {
    facts,
    hardware,
    vfCount,
    vft,
    isolation: config.isolation ?? 0,
    inFlight: config.inFlight ?? DEFAULT_IN_FLIGHT,
    engine: config.engine ?? { servers: facts.cores, serviceNs: costs[TASK_COST[kind]] },
    costs,
    registers,
  };
}
