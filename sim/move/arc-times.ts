/**
 * How long the state changes of a move take a driver, of an idle VF alone on its PF, by the costs of its device.
 */
import { ACCELERATORS, type AcceleratorKind, QM_HW } from '../abi/accelerators.ts';
import { ACC_VF_DATA_BYTES } from '../abi/vf-data.ts';
import { MIG_FLAG, MIG_STATE } from '../abi/vfio.ts';
import { bug } from '../base/bug.ts';
import { Random } from '../base/random.ts';
import type { CostValues } from '../device/costs.ts';
import type { Generation } from '../driver/generation.ts';
import type { MigrationFile } from '../driver/migration-file.ts';
import { UserBuffer } from '../vfio/user-buffer.ts';
import type { VfSlot } from '../world/host.ts';
import { World } from '../world/world.ts';

/** State changes that occur once in a move, each at one of its ends: no other arc leads to the same state. */
export const SINGLE_ARCS = ['PRE_COPY', 'STOP_COPY', 'RESUMING'] as const;
export type SingleArc = (typeof SINGLE_ARCS)[number];

export interface ArcOptions {
  readonly costs: CostValues;
  readonly generation: Generation;
  readonly kind: AcceleratorKind;
  readonly queuePairs: number;
}

/** Time of each of these arcs, in ns; PRE_COPY is missing where the driver does not have it. */
export function arcTimes(options: ArcOptions): Readonly<Partial<Record<SingleArc, number>>> {
  const { costs, generation, kind, queuePairs } = options;
  const world = new World();
  const vft = [{ base: ACCELERATORS[kind].pfDefaultQueues, num: queuePairs }];
  const host = { kind, generation, costs, device: { hardware: QM_HW.V3, vfCount: 1, vft } };
  const source = world.addHost(host).slot(1);
  const destination = world.addHost(host).slot(1);
  for (const slot of [source, destination]) if (slot.vfio.open() !== 0) bug('ARCS_OPEN');
  const { interruptNs } = costs;
  const load = { kind: 'idle' } as const;
  world.boot(
    world.addGuest({ kind, queuePairs, load, capacityPerSecond: 1, random: new Random(0), interruptNs }, source),
  );
  const arc = (slot: VfSlot, to: SingleArc): number => {
    const { nowNs } = world.clock;
    if (slot.vfio.setState(MIG_STATE[to]) !== 0) bug('ARCS', to);
    const tookNs = world.clock.nowNs - nowNs;
    world.catchUp(world.clock.nowNs);
    return tookNs;
  };
  const resuming = arc(destination, 'RESUMING');
  if ((generation.flags & MIG_FLAG.PRE_COPY) === 0) return { RESUMING: resuming, STOP_COPY: arc(source, 'STOP_COPY') };
  const preCopy = arc(source, 'PRE_COPY');
  const file: MigrationFile = source.vfio.newFile ?? bug('ARCS_WITHOUT_FILE');
  source.vfio.readFile(file, new UserBuffer(new Uint8Array(ACC_VF_DATA_BYTES)), ACC_VF_DATA_BYTES);
  return { RESUMING: resuming, PRE_COPY: preCopy, STOP_COPY: arc(source, 'STOP_COPY') };
}
