/**
 * The two generations that nobody has recorded. What they do follows from recordings of their neighbours and from what is
 * known of the step between: for most scenarios nothing differs, and for the others a recording is rewritten here by what
 * differs, access by access.
 *
 * Source: docs/generations.md section 2; comparisons of the genuine drivers, scenario by scenario.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { VF_DATA } from '../../sim/abi/vf-data.ts';
import { verifyTrace } from '../../sim/trace/verify.ts';

const FOLDER = fileURLToPath(new URL('../../traces/', import.meta.url));

type Access = [
  fn: 'vf' | 'pf',
  rw: 'r' | 'w',
  width: number,
  offset: string,
  value: string,
  us: number,
  run?: { readonly repeat: number },
];

interface Step {
  readonly call: string;
  readonly to?: string;
  readonly offset?: string;
  readonly result: { readonly ret: number };
  data_hex?: string;
  mmio: Access[];
  mmio_count: number;
  readonly events?: readonly (readonly [string, number])[];
}

interface Recorded {
  readonly name: string;
  driver: string;
  readonly device: { readonly vf_regs: Readonly<Record<string, string>> };
  readonly steps: Step[];
}

function recordingsOf(driver: string): readonly Recorded[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(`.${driver}.json`))
    .map((name) => JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8')) as Recorded);
}

/** Scenarios of which a recording passes with another driver than its own. */
function passing(recordings: readonly Recorded[], driver: string): readonly string[] {
  return recordings
    .filter((trace) => verifyTrace(JSON.stringify({ ...trace, driver }), trace.name).passed)
    .map(({ name }) => name);
}

function namesBut(recordings: readonly Recorded[], others: ReadonlySet<string>): readonly string[] {
  return recordings.map(({ name }) => name).filter((name) => !others.has(name));
}

describe('linux-6.8', () => {
  test('does what 6.12.0 does, but for the width of guest accesses', () => {
    const recordings = recordingsOf('linux-6.12.0');
    const wide = new Set(['bar2-guest-then-save', 'bar2-read-edges', 'bar2-write-edges', 'guest-wide-access']);
    expect(passing(recordings, 'linux-6.8')).toEqual(namesBut(recordings, wide));
  });

  test('does what 6.2 does, but where an image is read or written in pieces', () => {
    const recordings = recordingsOf('linux-6.2');
    const inPieces = new Set([
      'close-device-mid-save',
      'data-size-everywhere',
      'late-refusal-dev-id',
      'precopy-full',
      'precopy-info-positions',
      'precopy-partial-read',
      'precopy-roundtrip',
      'reset-done-hook-in-resuming',
      'reset-in-resuming-then-write',
      'resume-chunks-7',
      'resume-mismatch-then-continue',
      'resume-short',
      'resume-v1-zero-address-split',
      'split-roundtrip',
      'stop-fails-in-precopy',
      'user-fault-partial',
    ]);
    expect(passing(recordings, 'linux-6.8')).toEqual(namesBut(recordings, inPieces));
  });
});

/** Scenarios in which 6.1.192 differs from 6.1, by what differs. */
const DIFFERS = {
  // The ring addresses of an image, its magic, and two doorbells at the end of a save.
  saves: [
    'close-device-mid-save',
    'close-in-stop-copy',
    'close-reopen-leave',
    'data-size-everywhere',
    'hw-v4-region-off',
    'mailbox-forever-pause',
    'mailbox-status-sqc-vft-v2',
    'plain-stop-copy',
    'qp-num-2',
    'ras-never-clears',
    'read-after-disable',
    'resume-then-save',
    'second-migration-reopen',
    'state-pairs-from-running',
    'state-pairs-from-stop',
    'state-pairs-from-stop-copy',
    'stop-run-after-save',
    'vf-ready-after-20-polls',
    'vf-state-other-bits',
    'vft-empty',
  ],
  // VF_STATE is written with the load and not with the check, so an image that is not loaded leaves it alone.
  notLoaded: ['resume-match-only', 'resume-short', 'resume-v1-magic-match-only'],
  // Images with a null address are not loaded.
  nullAddresses: ['no-guest-driver-roundtrip', 'split-roundtrip', 'vf-state-null-image'],
  // Until something is known of the guest's driver, it counts as not ready.
  start: ['stop-run-no-flr'],
} as const;

const VF_STATE = '0x60';
const IMAGE_BYTES = 176;
const MAGIC_2 = 'dedecadeedfeccaa';
const VERSION_1_0 = '01000000';

/** Follows a recording of 6.1 and rewrites it as one of 6.1.192. */
class Rewrite {
  /** Whether the driver takes the guest's driver for ready. */
  private ready = false;
  /** What came of the image: each write begins at its start. */
  private image = '00'.repeat(IMAGE_BYTES);
  private longest = 0;
  private readonly initialState: string;
  private stateIsInitial = true;

  private readonly trace: Recorded;

  /** @param recording stays as it is */
  constructor(recording: Recorded) {
    this.trace = structuredClone(recording);
    this.initialState = recording.device.vf_regs[VF_STATE] ?? '0x0';
  }

  rewritten(): Recorded {
    for (const step of this.trace.steps) this.step(step);
    return this.trace;
  }

  private step(step: Step): void {
    if (step.events?.some(([event]) => event === 'reset_done') === true) this.ready = false;
    const { call, to } = step;
    if (call === 'write') this.write(step.data_hex ?? '', step.result.ret);
    if (call === 'read' && step.data_hex !== undefined) step.data_hex = asVersion2(step.data_hex);
    if (call === 'region_read' && step.offset === VF_STATE && this.stateIsInitial) this.readInitialState(step);
    if (call !== 'set_state') return;
    if (to === 'RESUMING') {
      this.image = '00'.repeat(IMAGE_BYTES);
      this.longest = 0;
    }
    const checked = step.mmio.findIndex(([, rw, , offset]) => rw === 'w' && offset === VF_STATE);
    if (checked >= 0) this.load(step, checked);
    else if (to === 'RUNNING' && !this.ready) step.mmio = withoutStart(step.mmio);
    if (to === 'STOP_COPY' && step.result.ret === 0) this.save(step);
    step.mmio_count = countOf(step.mmio);
  }

  private write(hex: string, ret: number): void {
    if (ret <= 0) return;
    this.image = hex.slice(0, 2 * ret) + this.image.slice(2 * ret);
    this.longest += ret;
  }

  /** An image passed the check at the access where its VF_STATE is written, and may be loaded after it. */
  private load(step: Step, checked: number): void {
    const loads = this.longest === IMAGE_BYTES && !this.hasNullAddress();
    if (loads) {
      this.ready = this.word(VF_DATA.vfQmState) === 0;
      this.stateIsInitial = false;
    } else {
      const isStarted = step.to === 'RUNNING' && this.ready;
      step.mmio = [...step.mmio.slice(0, checked), ...(isStarted ? startOf(step.mmio) : [])];
      if (this.longest === IMAGE_BYTES) this.ready = false;
    }
  }

  private save(step: Step): void {
    const word0 = (offset: string) => step.mmio.findLast((access) => access[1] === 'r' && access[3] === offset)?.[4];
    const [eqc, aeqc] = [word0('0x8000'), word0('0x8020')];
    this.ready = eqc !== undefined;
    if (eqc === undefined || aeqc === undefined) return;
    const { mmio } = step;
    mmio.push(['vf', 'w', 8, '0x2000', doorbell(2, eqc), 0], ['vf', 'w', 8, '0x2000', doorbell(3, aeqc), 0]);
    for (const added of mmio.slice(-2)) added[5] = mmio.at(-3)![5];
  }

  private readInitialState(step: Step): void {
    const value = Number(this.initialState);
    step.data_hex = `${value.toString(16).padStart(2, '0')}000000`;
    for (const access of step.mmio) access[4] = this.initialState;
  }

  /** As the check repairs an image of version 1: ring addresses are the context's. */
  private hasNullAddress(): boolean {
    return [VF_DATA.eqcDw + 4, VF_DATA.aeqcDw + 4, VF_DATA.sqcDma, VF_DATA.cqcDma].some(
      (at) => this.word(at) === 0 && this.word(at + 4) === 0,
    );
  }

  private word(at: number): number {
    return Buffer.from(this.image, 'hex').readUInt32LE(at);
  }
}

/** The first bytes of an image with the magic and the addresses of version 2. Every read begins at the start of one. */
function asVersion2(hex: string): string {
  const read = Buffer.from(hex, 'hex');
  const bytes = Buffer.alloc(IMAGE_BYTES);
  read.copy(bytes);
  bytes.write(MAGIC_2, VF_DATA.magicLow, 'hex');
  bytes.write(VERSION_1_0, VF_DATA.majorVer, 'hex');
  bytes.copy(bytes, VF_DATA.eqeDma, VF_DATA.eqcDw + 4, VF_DATA.eqcDw + 12);
  bytes.copy(bytes, VF_DATA.aeqeDma, VF_DATA.aeqcDw + 4, VF_DATA.aeqcDw + 12);
  return bytes.toString('hex', 0, read.length);
}

function doorbell(command: number, contextWord: string): string {
  return `0x${((BigInt(Number(contextWord) & 0xffff) << 32n) | BigInt(command << 12)).toString(16)}`;
}

/** Index of the first access of STOP to RUNNING: two registers of the message interrupt, which a load writes as well. */
function startAt(mmio: readonly Access[]): number {
  const at = mmio.findLastIndex(([, rw, , offset]) => rw === 'w' && offset === '0x20');
  return at < 0 ? mmio.length : at;
}

function startOf(mmio: readonly Access[]): Access[] {
  return mmio.slice(startAt(mmio));
}

function withoutStart(mmio: readonly Access[]): Access[] {
  return mmio.slice(0, startAt(mmio));
}

/** A row of a recording may stand for an access that repeats. */
function countOf(mmio: readonly Access[]): number {
  return mmio.reduce((sum, [, , , , , , run]) => sum + (run?.repeat ?? 1), 0);
}

describe('linux-6.1.192', () => {
  const recordings = recordingsOf('linux-6.1');
  const differing = Object.values(DIFFERS).flat();

  test('does what 6.1 does, but in these scenarios', () => {
    expect(passing(recordings, 'linux-6.1.192')).toEqual(namesBut(recordings, new Set<string>(differing)));
  });

  test.each(recordings)('does in $name what 6.1 does, rewritten by what differs', (recording) => {
    const trace = new Rewrite(recording).rewritten();
    const text = JSON.stringify({ ...trace, driver: 'linux-6.1.192' });
    expect(verifyTrace(text, trace.name)).toMatchObject({ passed: true });
    const isSame = JSON.stringify(trace) === JSON.stringify(recording);
    expect({ name: trace.name, isSame }).toEqual({
      name: trace.name,
      isSame: !(differing as readonly string[]).includes(trace.name),
    });
  });
});
