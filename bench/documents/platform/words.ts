/**
 * Words for a user's platform in results of other commands.
 */

/** Which parameters a result rests on. */
export function platformSentence(id: string): string {
  return `Parameters of the platform ${id}, in place of the shipped ones.`;
}

/** Which costs of the device a result rests on. */
export function costsSentence(name: string, notes: readonly string[] = []): string {
  return [`Costs of the device of the table ${name}, in place of the shipped ones.`, ...notes].join(' ');
}
