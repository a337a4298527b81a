import { expect, test } from 'vitest';

import { stating } from './stating.ts';

const SAID = 'a first line\nq.yaml: limits.timeout is 16.5s, and vms[0] of 0000:03:00.1 has 64 VFs';

test.each([
  'q.yaml … limits.timeout … 16.5s … 64 VFs',
  // In any order; the last fields of a path.
  '64 … timeout … vms[0] … 0000:03:00.1',
])('a line states %s', (facts) => expect(SAID).toMatch(stating(facts)));

test.each(['64 … 6', '5s', 'limits … timeoutPerGib', 'limit', '03:00.1', '0000:03:00', 'first … 64', '4 VFs'])(
  'no line states %s',
  (facts) => expect(SAID).not.toMatch(stating(facts)),
);
