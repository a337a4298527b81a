import { expect, test } from 'vitest';

import { StateSnapshot } from '../../../sim/world/state-snapshot.ts';

/** An object graph with a cycle, shared bytes, lists and something that is not its own. */
function graph() {
  const buffer = new ArrayBuffer(8);
  const shared = { calls: 0 };
  const file = { bytes: new Uint8Array(buffer), words: new Uint32Array(buffer), length: 3 };
  const node = {
    name: 'a',
    nothing: Number.NaN,
    file: file as typeof file | null,
    files: [file],
    shared,
    self: null as unknown,
  };
  node.self = node;
  return { node, file, shared };
}

test('everything that changed is put back: fields, lists, bytes, however deep', () => {
  const { node, file, shared } = graph();
  file.words[1] = 5;
  const snapshot = new StateSnapshot([shared]);
  snapshot.take(node);
  node.name = 'b';
  node.file = null;
  node.files.pop();
  node.files.push({ ...file }, { ...file });
  node.self = 7;
  file.length = 9;
  file.bytes.fill(255);
  shared.calls = 1;
  snapshot.restore();
  expect(node).toMatchObject({ name: 'a', nothing: Number.NaN });
  expect(node.file).toBe(file);
  expect(node.files).toEqual([file]);
  expect(node.files[0]).toBe(file);
  expect(node.self).toBe(node);
  expect([file.length, ...file.words]).toEqual([3, 0, 5]);
  expect(shared.calls).toBe(1);
});

test('may be restored again and again, and taken once more', () => {
  const { node, file, shared } = graph();
  const snapshot = new StateSnapshot([shared]);
  for (const name of ['x', 'y']) {
    node.name = name;
    file.words[0] = name.codePointAt(0)!;
    snapshot.take(node);
    for (let again = 0; again < 2; again++) {
      node.name = 'z';
      file.words[0] = 0;
      snapshot.restore();
      expect([node.name, file.words[0]]).toEqual([name, name.codePointAt(0)]);
    }
  }
});

test('a kind of object whose contents are no fields is our mistake', () => {
  const snapshot = new StateSnapshot([]);
  expect(() => snapshot.take({ table: new Map() })).toThrow('SNAPSHOT');
});
