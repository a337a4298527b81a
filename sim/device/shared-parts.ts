/**
 * The parts of a device that its functions share and have to wait for: the mailbox hardware, the window to the function
 * tables, and the device itself where one function is reset.
 */

/** Observer of their uses; all times in virtual ns. A device without a watch pays one test at each of these. */
export interface SharedPartsWatch {
  /** A function's command has come; the hardware may be taken. */
  mailboxAsked(fn: number, nowNs: number): void;
  /** The hardware begins with a function's command. */
  mailboxTaken(fn: number, nowNs: number): void;
  /** A function's command is over, or given up by a reset of the function; it may never have been begun. */
  mailboxFreed(fn: number, nowNs: number): void;
  /** An access to the function tables begins; one that is under way is replaced by it. */
  vftLaunched(nowNs: number): void;
  /** The access that was launched last is over. */
  vftFinished(nowNs: number): void;
  /** A function, 0 for the PF with all others, is reset, which lasts until a later time. */
  functionReset(fn: number, nowNs: number, endNs: number): void;
}
