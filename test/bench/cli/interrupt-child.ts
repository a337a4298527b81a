/** Tells what the signals do; ends only by the second one. */
import { watchInterrupts } from '../../../bench/cli/interrupt.ts';

const watch = watchInterrupts(() => console.log('stopping'));
watch.signal.addEventListener('abort', () => console.log(String(watch.signal.reason)));
setInterval(() => {}, 1000);
console.log('ready');
