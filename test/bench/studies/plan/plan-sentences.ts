/**
 * What the sentences of an answer say, by what was asked, against the figures of its document.
 */
import type { Answer } from '../../../../sim/fleet/answers/answer-parts.ts';
import { numberIn } from './printed-tables.ts';

type Claim = (holds: boolean, what: string) => void;
type Reader = (sentences: string, answer: Answer, claim: Claim) => void;

function sameNames(said: readonly string[], meant: readonly string[]): boolean {
  return JSON.stringify(said.toSorted()) === JSON.stringify(meant.toSorted());
}

function binding({ constraints }: Answer): readonly string[] {
  return constraints.filter(({ binds }) => binds).map(({ name }) => name);
}

/** Names before a word, in a list with semicolons, each with what is used of it. */
function namesBefore(list: string, word: string): readonly string[] {
  const named = new RegExp(String.raw`^(.+?) ${word}(?:,|$)`);
  return list.split('; ').flatMap((part) => named.exec(part)?.[1] ?? []);
}

/** Whether the sentence of the binding constraints names those of the answer, each with what is used of it. */
function namesBinding(sentences: string, answer: Answer): boolean {
  const list = /Binding constraints?: (.+?)\.(?: [A-Z]|$)/.exec(sentences)?.[1] ?? '';
  const parts = list.split('; ').filter((part) => part !== '' && !part.startsWith('one further'));
  const names = binding(answer);
  return (
    parts.length === names.length && names.every((name, i) => parts[i] === name || parts[i]!.startsWith(`${name}, `))
  );
}

function near(said: string | undefined, value: number | null | undefined): boolean {
  const number = numberIn(said ?? '');
  return number !== null && typeof value === 'number' && Math.abs(number - value) <= 0.006 * Math.abs(value);
}

const bound: Reader = (sentences, answer, claim) => {
  const found = /At (?:most|least) ([\d.]+) ([^.]+)\. Binding constraint/.exec(sentences);
  const none =
    /There is no number of (.+?) with a pause of at most \S+ \S+: (.+?)\. (?:The pause depends|What decides|The VM as given)/.exec(
      sentences,
    );
  claim(
    (found === null) === (answer.value === null) && (none === null) === (found !== null),
    'whether there is a number',
  );
  if (found !== null) {
    const [, value, unit = ''] = found;
    claim(Number(value) === answer.value, `the number, ${value}`);
    claim(answer.unit === unit || answer.unit === `${unit}s`, `its unit, ${unit}`);
    claim(namesBinding(sentences, answer), 'what limits');
    claim(
      answer.proof.some(({ at, holds }) => at === answer.value && holds),
      'the proof of the number',
    );
  } else if (none !== null) {
    claim(sameNames(namesBefore(none[2]!, 'cannot be met'), binding(answer)), `what cannot be met: ${none[2]}`);
  }
  const given = /The VM as given, with .+?, (holds|does not hold): (.+?)\. (?:Nominal|The nearest|Nothing)/.exec(
    sentences,
  );
  const used = /^its pause is up to (\S+ \S+)$/.exec(given?.[2] ?? '')?.[1];
  claim(given !== null, 'the VM as given');
  claim(used !== undefined || given?.[1] === 'does not hold', 'how the VM as given fares');
  claim(answer.value !== null || given?.[1] !== 'holds', 'that there is no number, and the VM as given holds');
  if (used === undefined) return;
  const allowed = /a pause of at most (\S+ [^\s.:]+)/.exec(sentences)?.[1];
  const [pauseNs, budgetNs] = [numberIn(used)!, numberIn(allowed ?? '') ?? Number.NaN];
  claim(
    given![1] === 'holds' ? pauseNs <= budgetNs * 1.006 : pauseNs >= budgetNs * 0.994,
    'the pause of the VM as given',
  );
};

const atOnce: Reader = (sentences, answer, claim) => {
  const found =
    /At most (\d+) moves? at once .+?, each with a pause of at most \S+ \S+\. (More were not asked for|Binding)/.exec(
      sentences,
    );
  const none = /Not even one move .+?: (.+?)\. (?:What decides|The nearest)/.exec(sentences);
  claim(
    (found === null) === (answer.value === null) && (none === null) === (found !== null),
    'whether there is a number',
  );
  if (none !== null)
    claim(sameNames(namesBefore(none[1]!, 'cannot be met'), binding(answer)), `what cannot be met: ${none[1]}`);
  if (found === null) return;
  claim(Number(found[1]) === answer.value, `the number, ${found[1]}`);
  claim(namesBinding(sentences, answer), 'what limits');
};

/** Nothing but a higher limit helps then. */
const NEVER_FITS = /; (?:the guest dirties|(?:the guest and )?its devices write|its devices have) /;

const converge: Reader = (sentences, answer, claim) => {
  const found = /It converges at step (\d+) of (\d+), with a limit of (\S+ \S+), /.exec(sentences);
  const none = /It does not move, and is given up after (\S+ \S+): (.+?)\. The stream is limited by/.exec(sentences);
  const [limit, timeout] = answer.constraints;
  const steps = answer.tables.find(({ title }) => title === 'Steps of the limit')?.rows ?? [];
  claim((found === null) === (answer.value === null) && (none === null) === (found !== null), 'whether it converges');
  if (found !== null) {
    claim(
      Number(found[1]) === answer.value && Number(found[2]) === steps.length,
      `the step, ${found[1]} of ${found[2]}`,
    );
    claim(
      near(found[3], steps[Number(found[1]) - 1]?.[2] as number) && near(found[3], limit?.limit),
      `the limit, ${found[3]}`,
    );
    claim(sameNames(binding(answer), ['downtime limit']), 'that the limit decides');
  } else if (none !== null) {
    const never = NEVER_FITS.test(none[2]!);
    claim(near(none[1], timeout?.used), `when it is given up, ${none[1]}`);
    claim(limit?.binds === never, 'whether the limit decides');
    claim(timeout?.binds === (!never && / allows it /.test(none[2]!)), 'whether the time-out decides');
  }
};

const room: Reader = (sentences, answer, claim) => {
  const found = /There is room for (\d+) such VMs? on (\d+) of (\d+) hosts?: (.+?)\. Nominal/.exec(sentences);
  const none = /No host has room for such a VM: (.+?)\. The nearest/.exec(sentences);
  const hosts = answer.tables.find(({ title }) => title === 'Hosts')?.rows ?? [];
  const open = hosts.filter(([, vms]) => Number(vms) > 0);
  const all = open.reduce((sum, [, vms]) => sum + Number(vms), 0);
  claim((found === null) === (answer.value === null) && (none === null) === (found !== null), 'whether there is room');
  claim((answer.value ?? 0) === all, 'the sum over hosts');
  if (found !== null) {
    const [, value, some, of, named = ''] = found;
    claim(Number(value) === answer.value && Number(some) === open.length && Number(of) === hosts.length, 'the numbers');
    const listed = open.slice(0, 8).map(([name, vms]) => `${name} (${vms})`);
    claim(named.replace(' and others', '') === listed.join(', '), 'the hosts');
  } else if (none !== null) {
    const lacks = answer.constraints.map(({ name, used }) => `${name} (${used} ${used === 1 ? 'host' : 'hosts'})`);
    claim(none[1] === lacks.join('; '), `what hosts lack: ${none[1]}`);
  }
};

const compare: Reader = (sentences, answer, claim) => {
  const variants = answer.tables.find(({ title }) => title === 'Variants')?.rows ?? [];
  const [, best, pause] = /(?:^|\. )([^.]+?) has the shortest pause, (\S+ \S+) \(/.exec(sentences) ?? [];
  const staying = [...sentences.matchAll(/(?:^|\. )([^.:]+?) does not move: /g)].map(([, name]) => name!);
  const within = /(?:^|\. )([^.]+?) stays? within \S+ \S+\./.exec(sentences)?.[1];
  const kept = answer.constraints.flatMap(({ name, used, limit }) =>
    used !== null && used <= limit ? [name.replace('pause budget, ', '')] : [],
  );
  const unmoved = answer.constraints.flatMap(({ name, used }) =>
    used === null ? [name.replace('pause budget, ', '')] : [],
  );
  claim(sameNames(staying, unmoved), `which do not move: ${staying.join(', ')}`);
  claim(/None of them moves\./.test(sentences) === (unmoved.length === variants.length), 'whether one moves');
  claim(kept.length > 0 === answer.feasible, 'whether one is within the budget');
  if (best === undefined) return;
  const row = variants.find(([name]) => name === best);
  claim(near(pause, row?.[1] as number), `the shortest pause, ${pause}`);
  claim(answer.value === null || answer.value === row?.[1], 'the value');
  claim(within === (kept.length === 0 ? 'None of them' : kept.join(', ')), `which stay within the budget: ${within}`);
};

const READERS: Readonly<Record<string, Reader>> = {
  most: bound,
  least: bound,
  'at-once': atOnce,
  converge,
  room,
  compare,
};

/** The faults of the sentences of an answer to what was asked; of evacuations none are found here. */
export function sentenceFaults(ask: string, sentences: string, answer: Answer): readonly string[] {
  const found: string[] = [];
  const claim: Claim = (holds, what) => void (holds || found.push(what));
  if (answer.unit === '') {
    // Nothing moves, and can says why.
    claim(!/pause of|stands? still|Nominal: \d/.test(sentences), 'a figure of what did not happen');
    claim(
      answer.constraints.length + answer.tables.length + answer.proof.length === 0,
      'figures of what did not happen',
    );
    return found;
  }
  READERS[ask]?.(sentences, answer, claim);
  return found;
}
