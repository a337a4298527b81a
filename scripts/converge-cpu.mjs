// Prints the processor time that policies of `stopcopy converge` take, each alone and the five dearest together:
//
//     npm run build && node scripts/converge-cpu.mjs [seeds]
//
// Five policies, six classes and 10,000 seeds have to stay within 20 s of processor time: 10 s on two cores.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LIMIT_S = 20;
const LIMIT_SEEDS = 10_000;
const DEAREST = 5;
const SAMPLE = 20;
const US_PER_S = 1e6;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const seeds = Number(process.argv[2] ?? LIMIT_SEEDS);
if (!Number.isInteger(seeds) || seeds < SAMPLE) {
  process.stderr.write(`seeds is '${process.argv[2]}', allowed is a whole number from ${SAMPLE} on\n`);
  process.exit(2);
}
const { POLICY_NAMES } = await import(join(root, 'dist', 'sim', 'converge', 'policies.js'));

/** The times of all threads of a process, at its end. */
const TELLS =
  'data:text/javascript,' +
  encodeURIComponent(
    "import { isMainThread } from 'node:worker_threads'; import { writeSync } from 'node:fs';" +
      "if (isMainThread) process.on('exit', () => { const { user, system } = process.cpuUsage(); writeSync(2, `\\ncpu ${user + system}\\n`); });",
  );

function cpuSeconds(policies, count) {
  const words = ['converge', '--policy', policies.join(','), '--seeds', String(count), '--json'];
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', TELLS, join(root, 'dist', 'bench', 'main.js'), ...words],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  const told = /^cpu (\d+)$/m.exec(stderr);
  if (status !== 0 || told === null) throw new Error(`converge ended with ${status}: ${stderr}`);
  return Number(told[1]) / US_PER_S;
}

const sample = Math.ceil(seeds / SAMPLE);
const alone = POLICY_NAMES.map((policy) => ({ policy, cpuS: cpuSeconds([policy], sample) })).toSorted(
  (a, b) => b.cpuS - a.cpuS,
);
for (const { policy, cpuS } of alone) console.log(`${policy.padEnd(26)}${cpuS.toFixed(2)} s for ${sample} seeds`);
const dearest = alone.slice(0, DEAREST).map(({ policy }) => policy);
const cpuS = cpuSeconds(dearest, seeds);
const limitS = (LIMIT_S * seeds) / LIMIT_SEEDS;
console.log(`${dearest.join(', ')}: ${cpuS.toFixed(1)} s of processor time for ${seeds} seeds, of ${limitS} s`);
process.exitCode = cpuS > limitS ? 1 : 0;
