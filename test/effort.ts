/**
 * How much tests try of what is endless: random cases, sizes, times. `npm run test:fast` tries little of all, `npm test`
 * more, and with STOPCOPY_LONG=1 it tries for hours.
 */
const LONG = process.env['STOPCOPY_LONG'] === '1';
const QUICK = process.env['STOPCOPY_QUICK'] === '1' && !LONG;

/** What is tried: the first where it must be quick, else the second; the third in long runs. */
export function effort<T>(quick: T, usual: T, long: T = usual): T {
  return LONG ? long : QUICK ? quick : usual;
}
