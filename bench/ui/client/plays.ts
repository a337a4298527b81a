/**
 * Registers are played in a worker, so that the page keeps answering; an outdated question is dropped.
 */
import { type MeasuredTable, useMeasuredCosts } from '../../../sim/device/costs.ts';
import type { Scenario } from '../../../sim/scenario/document.ts';
import type { DeviceProfile } from '../../../sim/memory/device-profile.ts';
import { type Play, compiledOf, play } from '../answer.ts';

interface PlayQuestion {
  readonly key: string;
  readonly scenario: Scenario;
  readonly profiles: Readonly<Record<string, DeviceProfile>>;
  readonly costs: MeasuredTable | null;
}

export type PlayReply =
  | { readonly key: string; readonly play: Play }
  /** A sentence: what went wrong. */
  | { readonly key: string; readonly failed: string };

/** The worker's side. */
export function servePlays(): void {
  addEventListener('message', ({ data }: MessageEvent<PlayQuestion>) => {
    const { key, scenario, costs } = data;
    if (costs !== null) useMeasuredCosts(costs);
    const profiles = new Map(Object.entries(data.profiles));
    let reply: PlayReply;
    try {
      reply = { key, play: play(compiledOf(scenario, profiles)) };
    } catch (error) {
      reply = { key, failed: error instanceof Error ? error.message : String(error) };
    }
    postMessage(reply);
  });
}

/** After this time a worker is ended rather than waited for, when another question comes. */
const PATIENCE_MS = 250;

/** The page's side. */
export class Plays {
  private readonly url: string;
  private readonly onReply: (reply: PlayReply) => void;
  private worker: Worker | undefined;
  private asked: { readonly key: string; readonly sinceMs: number } | undefined;
  private next: PlayQuestion | undefined;

  /**
   * @param program text of the page's program
   * @param onReply called with each reply
   */
  constructor(program: string, onReply: (reply: PlayReply) => void) {
    this.url = URL.createObjectURL(new Blob([program], { type: 'text/javascript' }));
    this.onReply = onReply;
  }

  /** Key of the question that is being worked on. */
  get underWay(): string | undefined {
    return this.next?.key ?? this.asked?.key;
  }

  ask(question: PlayQuestion): void {
    if (this.underWay === question.key) return;
    if (this.asked === undefined) return this.post(question);
    if (this.asked.key === question.key) {
      this.next = undefined;
      return undefined;
    }
    this.next = question;
    if (performance.now() - this.asked.sinceMs > PATIENCE_MS) {
      this.worker?.terminate();
      this.worker = undefined;
      this.nextPlay();
    }
    return undefined;
  }

  /** Nobody waits for the question that was asked last. */
  forget(): void {
    this.next = undefined;
  }

  private post(question: PlayQuestion): void {
    this.worker ??= this.opened();
    this.asked = { key: question.key, sinceMs: performance.now() };
    this.worker.postMessage(question);
  }

  private opened(): Worker {
    const worker = new Worker(this.url);
    worker.addEventListener('message', ({ data }: MessageEvent<PlayReply>) => {
      this.nextPlay();
      this.onReply(data);
    });
    worker.addEventListener('error', ({ message }) => {
      const key = this.asked?.key ?? '';
      this.worker = undefined;
      this.nextPlay();
      this.onReply({ key, failed: message });
    });
    return worker;
  }

  private nextPlay(): void {
    this.asked = undefined;
    const { next } = this;
    this.next = undefined;
    if (next !== undefined) this.post(next);
  }
}
