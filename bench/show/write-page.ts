/**
 * A page as a file.
 */
import { writeFileAtomically } from '../io/file-output.ts';
import { type NamedSection, sectionsPage } from './page.ts';

/** @param option that names the file, used in messages */
export function writePage(file: string, sections: readonly NamedSection[], option: string): void {
  writeFileAtomically(file, sectionsPage(sections), option);
}
