/**
 * Texts that no sample has: other releases, machines, settings and ways of copying, each with what its source says that it means.
 */
import { expect, test } from 'vitest';

import { HOST_FORMS } from './forms/hosts.ts';
import { MANAGER_FORMS } from './forms/managers.ts';
import { QEMU_FORMS } from './forms/qemu.ts';
import { scored } from './forms/read-form.ts';

test.each([...QEMU_FORMS, ...MANAGER_FORMS, ...HOST_FORMS])('$name', (form) => {
  const { right, wrong } = scored(form);
  expect(wrong).toEqual([]);
  expect(right).toBeGreaterThan(0);
});
