/**
 * What `stopcopy upgrade --json` prints. Version 1.
 */
import { type DocumentHead, documentHead } from '../../io/document-head.ts';

/** One field that changed. */
export interface UpgradeChange {
  /** Path of the field, such as `convergence.downtimeLimit`. */
  readonly path: string;
  /** What was there; null for a field that was added. */
  readonly from: string | number | null;
  /** Null for a field that was removed, since nothing reads it. */
  readonly to: string | number | null;
}

/** A file as a document of the newest version. */
export interface Upgrade {
  /** What the file is, with its article: `a scenario`. */
  readonly title: string;
  /** In the order of the file; none where it was of the newest version. */
  readonly changes: readonly UpgradeChange[];
  /** The whole file. */
  readonly text: string;
}

interface UpgradeDocument extends DocumentHead, Pick<Upgrade, 'changes' | 'text'> {
  readonly file: string;
}

/** @param file as the user wrote it */
export function upgradeDocument(file: string, { changes, text }: Upgrade): UpgradeDocument {
  return { ...documentHead('stopcopy-upgrade'), file, changes, text };
}

/** What was changed, one sentence each. */
export function upgradeText(file: string, { title, changes }: Upgrade): readonly string[] {
  if (changes.length === 0) return [`${file}: is ${title} of the newest version; nothing to change.`];
  return changes.map(({ path, from, to }) => `${file}: ${path}: ${from ?? 'missing'} -> ${to ?? 'removed'}`);
}
