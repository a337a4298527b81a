/**
 * Loaded into a program before it begins, in each of its threads: sends it a signal at a stage of its work, and reports what the
 * program did after it.
 *
 * STOP_HOOK: `stage`, `signal`, `delayMs` after the stage begins, `after`: whether a call that begins the stage is made first, and
 * `report`: the file for {cpuMs}, which a program that the system ends does not write.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { stage, signal, delayMs, after, report } = JSON.parse(process.env.STOP_HOOK);
const channel = new BroadcastChannel(`stop-hook-${process.pid}`);
let sent = null;

function send() {
  if (sent !== null) return;
  sent = process.cpuUsage();
  process.kill(process.pid, signal);
}

/** The stage has begun; a signal that comes later is sent by the main thread, which nothing keeps busy. */
function begins() {
  if (isMainThread) setTimeout(send, delayMs);
  else channel.postMessage(process.cpuUsage());
}

let begun = false;
function once(work) {
  if (begun) return;
  begun = true;
  work();
}

/** Puts something before or after a function of node:fs. */
function around(name, matches) {
  const real = fs[name];
  fs[name] = (...words) => {
    if (begun || !matches(...words)) return real(...words);
    if (!after) once(now);
    try {
      return real(...words);
    } finally {
      once(now);
    }
  };
}

/** From within a call: at once. */
function now() {
  channel.postMessage({ now: process.cpuUsage() });
  process.kill(process.pid, signal);
}

if (isMainThread && process.argv[2] === 'stage-process') {
  // Works on the main thread, and leaves signals to the system.
  if (stage === 'start') setTimeout(send, delayMs);
  else around('writeSync', () => true);
  process.on('exit', () => fs.writeFileSync(report, JSON.stringify({ cpuMs: null })));
} else if (isMainThread) {
  const on = process.on.bind(process);
  process.on = function (name, ...rest) {
    const made = on(name, ...rest);
    // The last one that is watched.
    if (name === 'SIGHUP' && stage === 'start') begins();
    return made;
  };
  channel.addEventListener('message', ({ data }) => {
    if (data.now !== undefined) sent = data.now;
    else setTimeout(send, delayMs);
  });
  on('exit', () => {
    const used = sent === null ? null : process.cpuUsage(sent);
    fs.writeFileSync(report, JSON.stringify({ cpuMs: used === null ? null : (used.user + used.system) / 1000 }));
  });
} else if (stage === 'parse' || stage === 'work') {
  const real = fs.readFileSync;
  fs.readFileSync = (...words) => {
    const text = real(...words);
    if (typeof words[0] === 'number') once(begins);
    return text;
  };
} else if (stage === 'write') {
  around('writeSync', () => true);
} else if (stage === 'rename') {
  around('renameSync', () => true);
  around('linkSync', () => true);
}
channel.unref();
syncBuiltinESMExports();
