import { describe, expect, test } from 'vitest';

import { stopcopy } from '../command.ts';

describe('names of what comes with stopcopy', () => {
  test.each([
    [
      ['plan', 'empty'],
      ['several question names begin so', 'empty-host, empty-rack, empty-rack-nova, empty-region'],
    ],
    [
      ['run', 'zip64'],
      ['no scenario of that name', "Is 'zip-64' meant?"],
    ],
    [
      ['plan', 'line'],
      ['question', 'link'],
    ],
    [
      ['send', '--rounds', '3'],
      ['--rounds', '--iterations'],
    ],
    [
      ['run', 'nothing-like-it'],
      ['no scenario of that name', 'Give a YAML or JSON file, or one of'],
    ],
    [
      ['bench', '--driver', 'linux-6.1.129'],
      ["--driver has 'linux-6.1.129'", "Is 'linux-6.1.192' meant?"],
    ],
  ] as const)('stopcopy %j', async (words, says) => {
    const { status, stderr } = await stopcopy(...words);
    for (const piece of says) expect(stderr).toContain(piece);
    expect(status).toBeGreaterThanOrEqual(2);
  });

  test.each([
    [['run', 'zip'], /^zip-64\n/],
    [['plan', 'converge', '--no-tornado'], /^converge-nova\n/],
    [['isolation', 't12'], /^t12-card-under-switch; /m],
    [['validate', 'xen'], /^xen-quake: /m],
  ] as const)('stopcopy %j says first which file it took', async (words, said) => {
    const { stdout } = await stopcopy(...words);
    expect(stdout.split('\n').slice(0, 2).join('\n')).toMatch(said);
  });

  test('a name that is also the beginning of another means itself', async () => {
    const { stderr } = await stopcopy('plan', 'empty-rack', '--html', '/nowhere/x.html');
    expect(stderr).not.toContain('several names');
  });
});
