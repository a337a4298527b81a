/**
 * How long anything of a move between processes may take. Nothing waits for ever.
 */
export interface TransportLimits {
  /** For one attempt to connect, in ms. */
  readonly connectMs: number;
  /** From the connection to the answer to its hello, in ms. */
  readonly handshakeMs: number;
  /** From a hello until the source asks for something, in ms; after that another source may take its place. */
  readonly prepareMs: number;
  /** Silence of the other side while a byte is expected, in ms. */
  readonly idleMs: number;
  /** For everything up to the commit, in ms. */
  readonly totalMs: number;
  /** From the commit until the other side must have been heard, in ms. */
  readonly settleMs: number;
  /** Losses of a channel after which it is given up. */
  readonly lossesMax: number;
}

export const TRANSPORT_LIMITS: TransportLimits = {
  connectMs: 2_000,
  handshakeMs: 2_000,
  prepareMs: 250,
  idleMs: 5_000,
  totalMs: 60_000,
  settleMs: 10_000,
  lossesMax: 8,
};

/** A limit of {@link TransportLimits} passed, or a side could not be reached. Not the user's mistake and no bug. */
export class TransportFailed extends Error {
  override readonly name = 'TransportFailed';
  /** What to try. */
  readonly hint: string | undefined;

  /** @param message one sentence: what, on which channel, where */
  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
