import { describe, expect, test } from 'vitest';

import { readProfile, shippedProfiles } from '../../../bench/io/profiles.ts';
import { ACCELERATOR_KINDS } from '../../../sim/abi/accelerators.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { deviceProfileSchema } from '../../../sim/memory/device-profile.ts';
import { stating } from '../../stating.ts';

const shipped = shippedProfiles().map((id) => readProfile(id));

test('each shipped profile has the name of its file', () => {
  expect(shipped.map(({ id }) => id)).toEqual([...shippedProfiles()]);
});

test.each(ACCELERATOR_KINDS)('acc-%s is the one shipped profile of its kind', (kind) => {
  expect(shipped.filter((profile) => profile.kind === kind).map(({ id }) => id)).toEqual([`acc-${kind}`]);
});

describe('a profile of a user’s own', () => {
  const own = { ...readProfile('acc-zip'), id: 'my-zip' };

  function read(document: unknown) {
    return parseDocument(deviceProfileSchema, document, 'my-zip.yaml');
  }

  test.each(ACCELERATOR_KINDS)('may be of kind %s', (kind) => {
    expect(read({ ...own, kind }).kind).toBe(kind);
  });

  test('with a register model names its kind, whatever its id is', () => {
    for (const id of ['my-zip', 'acc-zip']) {
      const { kind: _, ...without } = { ...own, id };
      expect(() => read(without)).toThrow(
        new UserError(
          'input',
          'my-zip.yaml: kind is missing: a profile with registerModel: true says which accelerator it is; add kind: with one of sec, hpre, zip',
        ),
      );
    }
  });

  test('is of a kind that there is', () => {
    expect(() => read({ ...own, kind: 'rsa' })).toThrow(
      stating('my-zip.yaml', 'kind', '"rsa"', '"sec"', '"hpre"', '"zip"'),
    );
  });

  test('without a register model has no kind', () => {
    expect(() => read({ ...own, registerModel: false })).toThrow(stating('my-zip.yaml', 'kind', '"zip"'));
  });
});
