/**
 * The user's mistakes: a sentence that says what is wrong, where, what is allowed, and what to try. Never a stack trace.
 */
export type UserErrorKind = 'usage' | 'input' | 'infeasible';

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
    super(message);
    this.kind = kind;
    this.hint = hint;
  }
}
