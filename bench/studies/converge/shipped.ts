/**
 * The questions about policies that come with the package, by name.
 */
import { ShippedFiles } from '../../io/shipped-files.ts';

export const CONVERGE_QUESTIONS: ShippedFiles = new ShippedFiles('sim/converge/questions', 'question about policies');
export const WORKLOADS_PATH: string = new ShippedFiles('sim/converge', 'table of workloads').path('classes');
