// Runs command lines that it is sent, one after the other: OUTPUT and PROGRAM are built modules, and 'own' leaves results on
// the stdout of this process.
import { PassThrough } from 'node:stream';

const [, , output, program, stdoutIs] = process.argv;
const { Output } = await import(output);
const { runCommandLine } = await import(program);

async function run(words) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const saying = new Output(
    words.includes('--json'),
    stdoutIs === 'own' ? process.stdout : stdout,
    stderr,
    words.includes('--wide'),
  );
  const status = await runCommandLine(words, { output: saying });
  process.send({ status, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') });
}

process.on('message', (words) => void run(words));
process.send('ready');
