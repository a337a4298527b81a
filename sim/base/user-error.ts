/**
 * The user's mistakes: a sentence that says what is wrong, where, what is allowed, and what to try. Never a stack trace.
 */
export type UserErrorKind = 'usage' | 'input' | 'infeasible';

/** What a terminal would obey, or not show: all control characters but the end of a line, and marks of direction. */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069\uFEFF]/g;

/** A text that quotes input, with escapes in the place of what is not printed. */
function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Characters of the input that a sentence quotes. */
const QUOTED_MAX = 60;

/** A part of the input, short enough for a sentence. */
export function shortened(text: string): string {
  return text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX - 3)}…` : text;
}

export class UserError extends Error {
  override readonly name = 'UserError';
  readonly kind: UserErrorKind;
  readonly hint: string | undefined;

  /**
   * @param kind `usage`: the words of a command (exit 2); `input`: a file or stream (exit 3); `infeasible` (exit 4)
   * @param message one sentence: what and where
   * @param hint what is allowed, or what to try
   */
  constructor(kind: UserErrorKind, message: string, hint?: string) {
    super(printable(message));
    this.kind = kind;
    this.hint = hint === undefined ? undefined : printable(hint);
  }
}
