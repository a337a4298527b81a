/**
 * Registers are played in a worker, so that the page goes on answering; a question that nobody waits for any more is dropped.
 */
import type { Scenario } from '../../../sim/scenario/document.ts';
import type { DeviceProfile } from '../../../sim/vmm/device-profile.ts';
import { type Play, planOf, play } from '../answer.ts';

interface Question {
  readonly key: string;
  readonly scenario: Scenario;
  readonly profiles: Readonly<Record<string, DeviceProfile>>;
}

export type Reply =
  | { readonly key: string; readonly play: Play }
  /** A sentence: what went wrong. */
  | { readonly key: string; readonly failed: string };

/** The worker's side. */
export function servePlays(): void {
  addEventListener('message', ({ data }: MessageEvent<Question>) => {
    const { key, scenario } = data;
    const profiles = new Map(Object.entries(data.profiles));
    let reply: Reply;
    try {
      reply = { key, play: play(planOf(scenario, profiles), profiles) };
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
  private readonly told: (reply: Reply) => void;
  private worker: Worker | undefined;
  private asked: { readonly key: string; readonly sinceMs: number } | undefined;
  private next: Question | undefined;

  /**
   * @param program text of the page's program
   * @param told called with each reply
   */
  constructor(program: string, told: (reply: Reply) => void) {
    this.url = URL.createObjectURL(new Blob([program], { type: 'text/javascript' }));
    this.told = told;
  }

  /** Key of the question that is being worked on. */
  get underWay(): string | undefined {
    return this.next?.key ?? this.asked?.key;
  }

  ask(question: Question): void {
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
      this.goOn();
    }
    return undefined;
  }

  /** Nobody waits for the question that was asked last. */
  forget(): void {
    this.next = undefined;
  }

  private post(question: Question): void {
    this.worker ??= this.opened();
    this.asked = { key: question.key, sinceMs: performance.now() };
    this.worker.postMessage(question);
  }

  private opened(): Worker {
    const worker = new Worker(this.url);
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
      this.goOn();
      this.told(data);
    });
    worker.addEventListener('error', ({ message }) => {
      const key = this.asked?.key ?? '';
      this.worker = undefined;
      this.goOn();
      this.told({ key, failed: message });
    });
    return worker;
  }

  private goOn(): void {
    this.asked = undefined;
    const { next } = this;
    this.next = undefined;
    if (next !== undefined) this.post(next);
  }
}
