/**
 * The program of the page: in the page it turns knobs into answers, and in a worker made of itself it plays registers.
 */
import { startPage } from './page.ts';
import { servePlays } from './plays.ts';

if (typeof document === 'undefined') servePlays();
else startPage();
