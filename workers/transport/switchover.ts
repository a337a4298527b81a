/**
 * Handing a VM from one process to another: pre-copy, stop, load, commit. docs/transport.md has a table of the VM's owner
 * at each point.
 *
 * One rule holds throughout: the destination runs nothing before it was sent a commit, and the source, once it has begun
 * to send one, runs nothing unless the destination says that it never will.
 */
import { countOf } from '../../sim/base/units.ts';
import type { SwitchoverStep } from '../../sim/base/pause-parts.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { DriverCallFailed } from '../end/vf-end.ts';
import {
  type Hello,
  type ControlReply,
  type Question,
  type Request,
  type Seal,
  sentence,
  type VmIdentity,
} from './control.ts';
import type { DestinationOwner } from './destination-stream.ts';
import { TransportFailed } from './limits.ts';
import type { SourceStream } from './source-stream.ts';
import { localNowNs } from '../wall-clock.ts';

/** A parcel, and which of its chunks the destination does not have yet. */
export interface Draft {
  readonly parcel: Uint8Array;
  readonly chunks: readonly number[];
}

/** A VM that runs here and is to go. */
export interface SourceVm {
  readonly identity: VmIdentity;
  readonly parcelBytes: number;
  /** The VM as it is, while it runs: torn, and good only to send less later. */
  draft(): Promise<Draft>;
  /** Stops it, vCPUs and VF, and saves it. */
  stop(): Promise<Draft & { readonly seal: Seal }>;
  /** It resumes, whether or not it had been stopped. @returns whether its VF is served */
  resume(): Promise<boolean>;
  /** It is another's now: its VF is reset. */
  discard(): Promise<void>;
}

/** Room for a VM that is to come. */
export interface DestinationVm {
  readonly identity: VmIdentity;
  readonly parcel: Uint8Array;
  /** Gets a VF ready to take an image. */
  prepare(): Promise<void>;
  /** Checks a parcel, all of it, and loads it. Nothing runs. */
  load(seal: Seal): Promise<void>;
  /** Runs VF and vCPUs. Fails only when the vCPUs have not run and will not. */
  start(): Promise<void>;
  /** Forgets what was loaded: the VF is reset. */
  discard(): Promise<void>;
}

interface SwitchoverOptions {
  /** Iterations of pre-copy at most, while the VM runs. */
  readonly iterationsMax: number;
  /** An iteration that has no more chunks than this is the last one. */
  readonly fewChunks: number;
  readonly signal?: AbortSignal;
  /** Called with each step before it is made. Also where a test makes something fail. */
  readonly onStep?: (step: SwitchoverStep) => Promise<void> | void;
}

export type SwitchoverOutcome =
  | {
      readonly kind: 'moved';
      /** From the wish to stop the vCPUs until the destination was heard to run them, by the source's clock. */
      readonly downtimeNs: number;
      /** Chunks of each iteration; the last one was sent in the pause. */
      readonly chunks: readonly number[];
      /** What went wrong here once the VM was gone; null: nothing did. */
      readonly trouble: Error | null;
    }
  | {
      readonly kind: 'kept';
      readonly reason: Error;
      /** Step that failed. */
      readonly step: SwitchoverStep;
      /** Whether the VM runs on here with its VF served. */
      readonly resumed: boolean;
    }
  /** Committed and not confirmed: the VM is stopped here and may run there. */
  | { readonly kind: 'inDoubt'; readonly reason: Error };

/** What went to the destination before the commit, and when the VM was stopped, by {@link localNowNs}. */
interface SentVm {
  readonly chunks: readonly number[];
  readonly stopNs: number;
}

/** The source's half. */
export async function switchOver(
  vm: SourceVm,
  stream: SourceStream,
  options: SwitchoverOptions,
): Promise<SwitchoverOutcome> {
  const { signal, onStep } = options;
  let step: SwitchoverStep = 'connect';
  const enter = async (next: SwitchoverStep): Promise<void> => {
    step = next;
    signal?.throwIfAborted();
    await onStep?.(next);
  };
  const abort = (): void => stream.fail(signal?.reason as Error);
  signal?.addEventListener('abort', abort, { once: true });
  const { totalMs } = stream.limits;
  const late = setTimeout(() => stream.fail(new TransportFailed(`the move took longer than ${totalMs} ms`)), totalMs);
  const unguard = (): void => {
    clearTimeout(late);
    signal?.removeEventListener('abort', abort);
  };
  let sent: SentVm;
  try {
    sent = await sendUpToCommit(vm, stream, options, enter);
    await enter('commit');
    // Nothing was committed as long as nothing can be sent.
    stream.throwIfFailed();
  } catch (error) {
    unguard();
    const reason = asError(error);
    // If it is not heard, the destination will find its source silent; it runs nothing in either case.
    await tell(stream, { ask: 'abort', reason: sentence(reason.message) });
    return { kind: 'kept', reason, step, resumed: await vm.resume() };
  }
  unguard();
  return commit(vm, stream, options, sent);
}

/** Everything that can be undone: pre-copy, the stop, and the load at the destination, where nothing runs yet. */
async function sendUpToCommit(
  vm: SourceVm,
  stream: SourceStream,
  { iterationsMax, fewChunks }: SwitchoverOptions,
  enter: (step: SwitchoverStep) => Promise<void>,
): Promise<SentVm> {
  const chunks: number[] = [];
  await enter('connect');
  await stream.open();
  await enter('prepare');
  expectReply(await stream.ask({ ask: 'prepare' }), 'prepared');
  for (let iteration = 0; iteration < iterationsMax; iteration++) {
    await enter('preCopy');
    const draft = await vm.draft();
    await stream.send(draft.parcel, draft.chunks);
    chunks.push(draft.chunks.length);
    if (draft.chunks.length <= fewChunks) break;
  }
  await enter('stop');
  const stopNs = localNowNs();
  const last = await vm.stop();
  await enter('send');
  await stream.send(last.parcel, last.chunks);
  chunks.push(last.chunks.length);
  await enter('load');
  expectReply(await stream.ask({ ask: 'load', seal: last.seal }), 'loaded');
  return { chunks, stopNs };
}

/** From here on the VM is not the source's, unless the destination says that it never will be its own. */
async function commit(
  vm: SourceVm,
  stream: SourceStream,
  { signal, onStep }: SwitchoverOptions,
  { chunks, stopNs }: SentVm,
): Promise<SwitchoverOutcome> {
  stream.settle();
  let reply: ControlReply;
  const hurry = (): void => void setTimeout(() => stream.fail(signal?.reason as Error), LAST_WORD_MS).unref();
  signal?.addEventListener('abort', hurry, { once: true });
  try {
    reply = await stream.ask({ ask: 'commit' });
  } catch (error) {
    return { kind: 'inDoubt', reason: asError(error) };
  } finally {
    signal?.removeEventListener('abort', hurry);
  }
  if (reply.is === 'discarded') {
    const reason = new UserError('input', `the destination took the VM and gave it up: ${reply.reason}`, reply.hint);
    stream.close();
    return { kind: 'kept', reason, step: 'commit', resumed: await vm.resume() };
  }
  if (reply.is !== 'running') return { kind: 'inDoubt', reason: new TransportFailed(`it answered ${reply.is}`) };
  const downtimeNs = localNowNs() - stopNs;
  await onStep?.('leave');
  await tell(stream, { ask: 'bye' });
  const trouble = await vm.discard().then(() => null, asError);
  return { kind: 'moved', downtimeNs, chunks, trouble };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** How long a last word may take, in ms. */
const TELL_MS = 200;
/** How long the answer to a commit is still waited for when the user asks to stop, in ms. */
const LAST_WORD_MS = 500;

/** Says a last word, waits briefly for the answer, and ends the stream. */
async function tell(stream: SourceStream, question: Question): Promise<void> {
  const late = setTimeout(() => stream.fail(new TransportFailed('no answer came')), TELL_MS);
  await stream.ask(question).catch(() => {});
  clearTimeout(late);
  stream.close();
}

function expectReply(reply: ControlReply, is: ControlReply['is']): void {
  if (reply.is === is) return;
  if (reply.is === 'discarded')
    throw new UserError('input', `the destination refused the VM: ${reply.reason}`, reply.hint);
  throw new TransportFailed(`the destination answered ${reply.is} where ${is} was expected`);
}

type DestinationState = 'empty' | 'filling' | 'loaded' | 'running' | 'discarded';

/** How a destination's part ended, as far as the switchover is concerned. */
export type Arrival = { readonly kind: 'running' } | { readonly kind: 'discarded'; readonly reason: Error };

/** The destination's half: answers what its source asks. */
export class Receiving implements DestinationOwner {
  state: DestinationState = 'empty';
  /** Fulfilled once the VM runs here, or will not come. */
  readonly arrived: Promise<Arrival>;
  /** Fulfilled when the source has said that it knows, or is silent after the commit. */
  readonly released: Promise<void>;
  private readonly vm: DestinationVm;
  private readonly parcel: {
    isWhole: (bytes: number) => boolean;
    seal: () => boolean;
  };
  private readonly ledgerAt: number;
  private tellArrived!: (arrival: Arrival) => void;
  private tellReleased!: () => void;
  /** Calls on the VM, one after another. */
  private busy: Promise<unknown> = Promise.resolve();
  private givenUp: Error | null = null;
  /** Whether the source has asked for anything. */
  private asked = false;

  /**
   * @param parcel the stream that brings it
   * @param ledgerAt where the ledger lies in the parcel
   */
  constructor(
    vm: DestinationVm,
    parcel: { isWhole: (bytes: number) => boolean; seal: () => boolean },
    ledgerAt: number,
  ) {
    this.vm = vm;
    this.parcel = parcel;
    this.ledgerAt = ledgerAt;
    this.arrived = new Promise((resolve) => (this.tellArrived = resolve));
    this.released = new Promise((resolve) => (this.tellReleased = resolve));
  }

  accept(hello: Hello): Uint8Array {
    const { identity, parcel } = this.vm;
    const wrong = difference(hello.vm, identity);
    if (wrong !== null) throw new UserError('input', `the destination refused the VM: ${wrong}`, OTHER_DESTINATION);
    if (hello.parcelBytes !== parcel.length) {
      const sizes = `a parcel of ${hello.parcelBytes} bytes, expected ${parcel.length}`;
      throw new UserError('input', `the destination refused the VM: ${sizes}`, 'use the same stopcopy on both sides');
    }
    if (this.state !== 'empty') {
      throw new UserError('input', `the destination refused the VM: it is ${this.state}`, OTHER_DESTINATION);
    }
    this.state = 'filling';
    return parcel;
  }

  answer(request: Request): Promise<ControlReply> {
    this.asked = true;
    const next = this.busy.then(() => this.respond(request));
    this.busy = next.catch(() => {});
    return next;
  }

  forget(): boolean {
    if (this.state !== 'filling' || this.asked) return false;
    this.state = 'empty';
    return true;
  }

  silent(ms: number): void {
    if (this.state === 'running') this.tellReleased();
    else void this.giveUp(new TransportFailed(`nothing came from the source for ${ms} ms`));
  }

  /** The VM will not run here, unless it does already. */
  async giveUp(reason: Error): Promise<void> {
    this.givenUp ??= reason;
    const next = this.busy.then(() => this.discard(this.givenUp ?? reason));
    this.busy = next.catch(() => {});
    await next;
  }

  private async respond(request: Request): Promise<ControlReply> {
    if (request.ask === 'bye') {
      if (this.state === 'running') this.tellReleased();
      return { is: 'forgotten' };
    }
    if (this.state === 'running') return { is: 'running' };
    if (request.ask === 'abort') {
      await this.discard(new TransportFailed(`the source keeps its VM: ${request.reason}`));
      return { is: 'forgotten' };
    }
    if (this.givenUp !== null || this.state === 'discarded') return discarded(this.givenUp ?? new Error('discarded'));
    try {
      return await this.carryOut(request);
    } catch (error) {
      const reason = asError(error);
      await this.discard(reason);
      return discarded(reason);
    }
  }

  private async carryOut(request: Exclude<Request, { ask: 'abort' | 'bye' }>): Promise<ControlReply> {
    switch (request.ask) {
      case 'prepare':
        await this.vm.prepare();
        return { is: 'prepared' };
      case 'load': {
        const { seal } = request;
        const whole = this.parcel.isWhole(seal.frameBytes) && this.parcel.isWhole(this.ledgerAt + seal.ledgerBytes);
        if (!whole || !this.parcel.seal()) {
          throw new UserError('input', 'the VM was to be loaded before all of it had come', 'send it again');
        }
        await this.vm.load(seal);
        this.state = 'loaded';
        return { is: 'loaded' };
      }
      default:
        if (this.state !== 'loaded')
          throw new UserError('input', 'a commit came before the VM was loaded', 'send it again');
        await this.vm.start();
        this.state = 'running';
        this.tellArrived({ kind: 'running' });
        return { is: 'running' };
    }
  }

  private async discard(reason: Error): Promise<void> {
    if (this.state === 'running' || this.state === 'discarded') return;
    this.givenUp ??= reason;
    this.state = 'discarded';
    await this.vm.discard().catch(() => {});
    this.tellArrived({ kind: 'discarded', reason });
  }
}

const OTHER_DESTINATION = 'choose a destination of the same kind and set-up; the source keeps its VM';

function discarded(error: Error): ControlReply {
  const hint = error instanceof UserError ? error.hint : undefined;
  const reason = sentence(error instanceof DriverCallFailed ? `its driver failed at ${error.message}` : error.message);
  return { is: 'discarded', reason, ...(hint === undefined ? {} : { hint }) };
}

/** The first thing in which two VMs differ, as a sentence; null: they are alike. The driver may be another generation. */
function difference(sent: VmIdentity, here: VmIdentity): string | null {
  if (sent.kind !== here.kind) return `the source has a ${sent.kind} VF, this one is ${here.kind}`;
  if (sent.queuePairs !== here.queuePairs) {
    return `the source has ${countOf(sent.queuePairs, 'queue pair')}, this VF has ${here.queuePairs}`;
  }
  if (sent.isolation !== here.isolation) {
    return `queue isolation is ${sent.isolation} at the source and ${here.isolation} here`;
  }
  if (sent.dmaBase !== here.dmaBase) return 'the queues lie elsewhere in the memory of the source';
  return null;
}
