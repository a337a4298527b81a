/**
 * Release numbers of other software: read, compared, and looked up in tables whose rows begin at a release.
 */

/** The numbers of a release, such as 6.12.117; missing ones count as 0. */
export type Release = readonly number[];

/** @returns the numbers of a release such as `6.12.117`, `v53` or `7.2+dfsg-7`; null when it begins otherwise */
export function parseRelease(text: string): Release | null {
  const match = /^v?(\d+(?:\.\d+)*)/.exec(text.trim());
  return match === null ? null : match[1]!.split('.').map(Number);
}

/** @returns below 0 when `a` is older than `b`, 0 when they are the same, above 0 when it is newer */
export function compareReleases(a: Release, b: Release): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a release is the same as or newer than another, both as text that {@link parseRelease} reads. */
export function isAtLeast(release: Release, since: string): boolean {
  return compareReleases(release, parseRelease(since)!) >= 0;
}

/** The row in force at a release: the last of those that began by then. Rows stand in the order of their releases. */
export function rowAt<Row extends { readonly since: string }>(rows: readonly Row[], release: Release): Row | undefined {
  let found: Row | undefined;
  for (const row of rows) if (isAtLeast(release, row.since)) found = row;
  return found;
}
