/** A process that tells what the signals do; ends only by the second one. Its argument is where `watchInterrupts` is built. */
const { watchInterrupts } = await import(process.argv[2]);
const watch = watchInterrupts();
watch.announce(() => console.log('stopping'));
watch.signal.addEventListener('abort', () => console.log(String(watch.signal.reason)));
setInterval(() => {}, 1000);
console.log('ready');
