/**
 * The word that was likely meant.
 */

/**
 * Edits that make one word of another: a letter inserted, left out, replaced, or two neighbours exchanged (optimal string
 * alignment; Damerau 1964, in the form without edits of a pair that was exchanged).
 */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2]! + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

/** The most similar of some names, at most a third of its letters away; undefined when none is. Capitals count as equal. */
export function similarName(word: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const name of names) {
    const allowed = Math.max(1, Math.floor(name.length / 3));
    // So many letters at least are missing or too many.
    if (Math.abs(word.length - name.length) > allowed) continue;
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    if (distance < least && distance <= allowed) [best, least] = [name, distance];
  }
  return best;
}
