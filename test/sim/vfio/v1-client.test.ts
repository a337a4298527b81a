/** The VMM of 2021, access by access, over a region that only answers. docs/designs.md 3.3. */
import { describe, expect, test } from 'vitest';
import { STREAM_TAG, V1_REG, V1_STATE } from '../../../sim/abi/vfio-v1.ts';
import type { UserMemory } from '../../../sim/driver/kernel.ts';
import { V1Client } from '../../../sim/vfio/v1-client.ts';
import type { V1RegionFile } from '../../../sim/vfio/v1-file.ts';
import { type V1Device, V1Region } from '../../../sim/vfio/v1-region.ts';
import { V1StreamReader, V1StreamWriter } from '../../../sim/vfio/v1-stream.ts';

const EFAULT = -14;
const EINVAL = -22;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(V1_REG).map(([name, offset]) => [offset, name]));

/** Writes down each access, with the value for the registers. */
class Noted implements V1RegionFile {
  readonly bytes: number;
  log: string[] = [];
  private readonly region: V1Region;

  constructor(region: V1Region) {
    this.region = region;
    this.bytes = region.bytes;
  }

  read(offset: number, length: number, user: UserMemory): number {
    this.log.push(NAMES.get(offset) ?? `data ${length}`);
    return this.region.read(offset, length, user);
  }

  write(offset: number, length: number, user: UserMemory): number {
    const bytes = new Uint8Array(Math.max(length, 4));
    user.copyFromUser(bytes, 0, 0, length);
    const name = NAMES.get(offset);
    this.log.push(name === undefined ? `data := ${length}` : `${name} := ${bytes[0]}`);
    return this.region.write(offset, length, user);
  }
}

class Two implements V1Device {
  lostState = false;
  fails: number | null = null;
  accepted: number[] = [];
  private state = 0;

  enter(_from: number, to: number): number {
    if (this.fails === to) return EFAULT;
    this.state = to;
    return 0;
  }

  image(): Uint8Array {
    return this.state === V1_STATE.PRE_COPY ? Uint8Array.of(1, 2) : Uint8Array.of(3, 4, 5, 6, 7);
  }

  taken(): void {}

  accept(chunk: Uint8Array): number {
    this.accepted.push(...chunk);
    return 0;
  }
}

function rig(windowBytes = 4) {
  const device = new Two();
  const region = new V1Region(device, windowBytes);
  const file = new Noted(region);
  return { device, region, file, client: new V1Client(file) };
}

const READ_CHUNK = (size: number): string[] => ['dataOffset', 'dataSize', `data ${size}`];

test('a whole save, access by access', () => {
  const { file, client } = rig();
  const stream = new V1StreamWriter();
  expect(client.saveSetup(stream)).toBe(0);
  expect(client.iterate(stream)).toBe(2);
  expect(client.iterate(stream)).toBe(0);
  expect(client.vmStop()).toBe(0);
  expect(client.complete(stream)).toBe(0);
  expect(file.log).toEqual([
    'deviceState',
    'deviceState := 3',
    'pendingBytes',
    ...READ_CHUNK(2),
    'pendingBytes',
    'deviceState',
    'deviceState := 2',
    'deviceState',
    'deviceState := 2',
    'pendingBytes',
    ...READ_CHUNK(4),
    'pendingBytes',
    ...READ_CHUNK(1),
    'pendingBytes',
    'deviceState',
    'deviceState := 0',
  ]);
});

test('a whole load, access by access: data before their size, chunks cut to the window', () => {
  const { device, file, client } = rig(4);
  const stream = new V1StreamWriter();
  stream.block('DEV_DATA_STATE', Uint8Array.of(1, 2, 3, 4, 5, 6));
  stream.tag('END_OF_STATE');
  expect(client.loadSetup()).toBe(0);
  expect(client.load(stream.bytes())).toBeNull();
  expect(client.vmStart()).toBe(0);
  expect(device.accepted).toEqual([1, 2, 3, 4, 5, 6]);
  expect(file.log).toEqual([
    'deviceState',
    'deviceState := 4',
    'dataOffset',
    'data := 4',
    'dataSize := 4',
    'dataOffset',
    'data := 2',
    'dataSize := 2',
    'deviceState',
    'deviceState',
    'deviceState := 1',
  ]);
});

/** Configuration space and interrupts, which a VMM sends last. */
function saveConfig(stream: V1StreamWriter, config: Uint8Array): void {
  stream.block('DEV_CONFIG_STATE', config);
  stream.tag('END_OF_STATE');
}

describe('the stream', () => {
  test('is marks, sizes and data, big endian', () => {
    const { client } = rig(8);
    const stream = new V1StreamWriter();
    client.saveSetup(stream);
    client.iterate(stream);
    saveConfig(stream, Uint8Array.of(9));
    const hex = Buffer.from(stream.bytes()).toString('hex');
    expect(hex).toBe(
      [
        'ffffffffef100003ffffffffef100001',
        'ffffffffef10000400000000000000020102ffffffffef100001',
        'ffffffffef100002000000000000000109ffffffffef100001',
      ].join(''),
    );
  });

  test('arrives with its configuration', () => {
    const stream = new V1StreamWriter();
    saveConfig(stream, Uint8Array.of(7, 8));
    expect(rig().client.load(stream.bytes())).toEqual(Uint8Array.of(7, 8));
  });

  test.each([1, 8, 15, 17, 23, 25])('cut to %i bytes is refused', (length) => {
    const { client } = rig(8);
    const stream = new V1StreamWriter();
    stream.block('DEV_DATA_STATE', Uint8Array.of(1, 2, 3, 4));
    stream.block('DEV_DATA_STATE', Uint8Array.of(1, 2, 3, 4));
    client.loadSetup();
    expect(client.load(stream.bytes().subarray(0, length))).toBe(EINVAL);
  });

  test('with an unknown mark, or a set-up without its end, is refused', () => {
    for (const words of [[STREAM_TAG.END_OF_STATE + 4n], [STREAM_TAG.DEV_SETUP_STATE, STREAM_TAG.DEV_DATA_STATE]]) {
      const bytes = new Uint8Array(words.length * 8);
      words.forEach((word, i) => new DataView(bytes.buffer).setBigUint64(8 * i, word, false));
      expect(rig().client.load(bytes)).toBe(EINVAL);
    }
  });

  test('a size that is larger than the stream is no block', () => {
    const reader = new V1StreamReader(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 1));
    expect(reader.block()).toBeUndefined();
  });
});

describe('failures', () => {
  test('at the stop of the VM can only be reported in the stream, where the completion finds it', () => {
    const { device, client } = rig();
    const stream = new V1StreamWriter();
    client.saveSetup(stream);
    device.fails = V1_STATE.STOP_COPY;
    expect(client.vmStop()).toBe(EFAULT);
    expect(client.streamError).toBe(EFAULT);
    device.fails = null;
    expect(client.complete(stream)).toBe(EFAULT);
    expect(client.cancel()).toBe(0);
    expect(client.streamError).toBe(0);
  });

  test('after which the device reads 110 mark it as beyond help, until the reset', () => {
    const { device, region, client } = rig();
    client.loadSetup();
    device.fails = V1_STATE.RUNNING;
    device.lostState = true;
    expect(client.vmStart()).toBe(EFAULT);
    expect(client.inError).toBe(true);
    device.fails = null;
    expect(client.cancel()).toBeLessThan(0);
    expect(client.inError).toBe(true);
    region.reset();
    client.forget();
    expect(client.saveSetup(new V1StreamWriter())).toBe(0);
    expect(client.inError).toBe(false);
  });

  test.each(['data', 'size'] as const)('of a write of %s end the load', (which) => {
    const { file, client } = rig();
    client.loadSetup();
    const broken: V1RegionFile = {
      bytes: file.bytes,
      read: (offset, length, user) => file.read(offset, length, user),
      write: (offset, length, user) =>
        (offset === V1_REG.dataSize) === (which === 'size') ? EFAULT : file.write(offset, length, user),
    };
    const stream = new V1StreamWriter();
    stream.block('DEV_DATA_STATE', Uint8Array.of(1));
    expect(new V1Client(broken).load(stream.bytes())).toBe(EFAULT);
  });
});

describe('giving up', () => {
  const phases: readonly (readonly [string, (client: V1Client, stream: V1StreamWriter) => void])[] = [
    ['set-up', (client, stream) => client.saveSetup(stream)],
    ['an iteration', (client, stream) => (client.saveSetup(stream), client.iterate(stream))],
    ['the stop of the VM', (client, stream) => (client.saveSetup(stream), client.vmStop())],
    ['the completion', (client, stream) => (client.saveSetup(stream), client.vmStop(), client.complete(stream))],
    ['the set-up of a load', (client) => client.loadSetup()],
  ];
  test.each(phases)('after %s ends in running', (_, play) => {
    const { file, client } = rig();
    play(client, new V1StreamWriter());
    expect(client.cancel()).toBe(0);
    expect(file.log.at(-1)).toBe('deviceState := 1');
  });

  test('a VM that only stopped resumes as well', () => {
    const { file, client } = rig();
    client.vmStop();
    client.vmStart();
    expect(file.log.filter((entry) => entry.includes(':='))).toEqual(['deviceState := 0', 'deviceState := 1']);
  });
});
