/**
 * Tasks of the harness's pool for the suites that measure stages of the data path, each against its floor, on the thread
 * that does the work.
 */
import { Packr } from 'msgpackr';

import { PF_REG } from '../../../sim/abi/registers.ts';
import { ACC_VF_DATA_BYTES } from '../../../sim/abi/vf-data.ts';
import { PF } from '../../../sim/driver/port.ts';
import { FrameReader, FrameWriter } from '../../../workers/end/image-stream.ts';
import { FrameCodec } from '../../../workers/end/vf-end.ts';
import { LanePort } from '../../../workers/lane/lane-port.ts';
import type { WorldInit } from '../../../workers/lane/world-init.ts';
import { type Allocation, allocationOf } from '../allocation.ts';
import { headerOf, measureDataStages } from './data-stages.ts';
import { measureDriverStages } from './driver-stages.ts';
import { devicePingPong, timeInTurn } from './ping-pong.ts';
import { measurePairs, type Pair, sharedBytes, type StageMeasurement, type StageTask } from './stage.ts';
import { laneOf, whileStopped } from './vf-measure.ts';

/** Every stage of save and restore that this thread does, with a VM whose vCPUs are paused. */
export async function measureStages(task: StageTask): Promise<readonly StageMeasurement[]> {
  const { world } = task;
  return whileStopped(world, 0, 0, async () => [...(await measureDataStages(task)), ...measureDriverStages(task)]);
}

/** Header and prefix, without the bytes they speak of: pack and unpack, against msgpackr with the same header. */
export async function measureCodec(
  task: StageTask & { readonly sections: number },
): Promise<readonly StageMeasurement[]> {
  const { world, sections } = task;
  const codec = new FrameCodec(world, 0);
  const { identity, imageBytesMax } = codec.iterations;
  // Sections of the real names and places, and of no length, so that nothing but the header costs.
  const places = codec.layout.sections.slice(0, sections).map(({ name, offset }) => ({ name, offset, bytes: 0 }));
  const none = new Uint8Array(0);
  const writer = new FrameWriter(identity, world.generation, places);
  const image = new Uint8Array(ACC_VF_DATA_BYTES).fill(3);
  const into = sharedBytes(4096, 0);
  const frame = into.subarray(0, writer.write(into, image, none));
  const expected = { identity, imageBytesMax, places };
  const reader = new FrameReader(expected);
  const packr = new Packr({ useRecords: false });
  const header = headerOf(world, codec, sections);
  const packed = Buffer.from(packr.pack(header));
  const pack = (): number => packr.pack(header).length;
  const unpack = (): number => Object.keys(packr.unpack(packed) as object).length;
  const write = (): number => writer.write(into, image, none);
  const copied = (): number => writer.bytesCopied;
  const common = { bytes: ACC_VF_DATA_BYTES, calls: 500 };
  const pairs: readonly Pair[] = [
    { stage: 'frame', floor: 'msgpackr pack', fn: write, floorFn: pack, copied, ...common },
    {
      stage: 'parse, header known',
      floor: 'msgpackr unpack',
      fn: () => reader.read(frame).image.length,
      floorFn: unpack,
      ...common,
    },
    {
      stage: 'parse, header new',
      floor: 'msgpackr unpack',
      fn: () => new FrameReader(expected).read(frame).image.length,
      floorFn: unpack,
      ...common,
    },
  ];
  return measurePairs(pairs, task);
}

export { answerHandovers, measureHandover } from './handover-measure.ts';

export interface HandshakesTask {
  readonly world: WorldInit;
  readonly batches: number;
  readonly perBatch: number;
}

export interface HandshakesMeasurement {
  /** ns per round trip: means of batches, and single ones. */
  readonly ns: Float64Array;
  readonly floorNs: Float64Array;
  readonly singleNs: Float64Array;
  readonly singleFloorNs: Float64Array;
  readonly allocation: Allocation;
}

/** Reads of a PF register, and a bare ping-pong that waits in the same style, in turn. */
export async function measureHandshakes(task: HandshakesTask): Promise<HandshakesMeasurement> {
  const { world, batches, perBatch } = task;
  return whileStopped(world, 0, 0, async () => {
    const lane = laneOf(world);
    const port = new LanePort(lane, 0, world.vms[0]!.fn);
    const read = (): void => void port.read32(PF, PF_REG.QM_ABNORMAL_INT_STATUS);
    const both = [{ roundTrip: read }, devicePingPong(lane, world.waiting)];
    const [ns, floorNs] = await timeInTurn(both, batches, perBatch);
    const [singleNs, singleFloorNs] = await timeInTurn(both, batches, 1);
    const allocation = allocationOf(read, 200);
    return { ns: ns!, floorNs: floorNs!, singleNs: singleNs!, singleFloorNs: singleFloorNs!, allocation };
  });
}
