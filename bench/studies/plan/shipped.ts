/**
 * The questions and the presets of limits that come with the package, by name.
 */
import { ShippedFiles } from '../../io/shipped-files.ts';

export const QUESTIONS: ShippedFiles = new ShippedFiles('sim/fleet/questions', 'question', { line: 'link' });
export const PRESETS: ShippedFiles = new ShippedFiles('sim/fleet/presets', 'preset of limits');
