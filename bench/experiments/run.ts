/**
 * Runs the experiments on the regression tracking and writes bench/experiments/regression-results.json: after each trial, so
 * that a run that is cut short keeps what it has. `npx tsx bench/experiments/run.ts [trials]`, after `npm run build`.
 */
import { join } from 'node:path';

import { writeFileAtomically } from '../io/file-output.ts';
import { pinnableCores } from '../compare/pinning.ts';
import { DEFAULT_SETTINGS } from '../compare/settings.ts';
import { machineFacts } from '../measure/machine.ts';
import { packageRoot } from '../io/package-root.ts';
import { historySpeed } from './history-speed.ts';
import {
  countedTrial,
  exactTrial,
  ONE_ACCESS_MORE,
  runTrials,
  slowMoves,
  type RegressionTrial,
  UNUSED,
} from './regression.ts';

const trials = Number(process.argv[2] ?? 5);
const stages = (process.argv[3] ?? 'virtual-move').split(',');
const only = process.argv[4]?.split(',');
const out = join(packageRoot(), 'bench', 'experiments', process.argv[5] ?? 'regression-results.json');
const machine = machineFacts();
const done: RegressionTrial[] = [];
let history: unknown = null;

function keep(): void {
  const document = {
    format: 'stopcopy-experiments',
    version: 1,
    startedOn: machine,
    settings: DEFAULT_SETTINGS,
    secondsPerProcess: SECONDS,
    history,
    trials: done,
  };
  writeFileAtomically(out, `${JSON.stringify(document, undefined, 2)}\n`, 'the folder');
}

const SECONDS = 0.1;
const BUDGET_SECONDS = 300;

function told(trial: RegressionTrial): void {
  done.push(trial);
  keep();
  const words = trial.verdicts
    .slice(0, 4)
    .map(
      ({ metric, verdict, effect, pairs }) =>
        `${metric} ${verdict} ${((effect ?? 0) * 100).toFixed(2)} % after ${pairs ?? 0} pairs`,
    );
  console.log(
    `${trial.experiment} ${trial.trial}: ${words.join('; ')}; ${trial.seconds.toFixed(1)} s, ${trial.verdicts.length} metrics`,
  );
}

const options = {
  trials,
  settings: DEFAULT_SETTINGS,
  stages,
  secondsPerProcess: SECONDS,
  cores: await pinnableCores(new AbortController().signal),
  budgetSeconds: BUDGET_SECONDS,
  onTrial: told,
};
const wanted = (name: string): boolean => only?.includes(name) ?? true;

if (wanted('history')) {
  history = await historySpeed(10_000, 100);
  keep();
  console.log(JSON.stringify(history));
}
if (wanted('exact')) {
  told(await exactTrial('exact metrics, nothing planted', null));
  told(await exactTrial('exact metrics, one access more', ONE_ACCESS_MORE));
}
if (wanted('counted')) {
  told(await countedTrial('instructions, nothing planted', null));
  told(await countedTrial('instructions, a function planted that nobody calls', UNUSED));
  told(await countedTrial('instructions, 5 % planted into virtual-move', slowMoves(1)));
}
if (wanted('10')) await runTrials('10 % slower', slowMoves(2), options);
if (wanted('5')) await runTrials('5 % slower', slowMoves(1), options);
if (wanted('same')) await runTrials('the same twice', null, options);
