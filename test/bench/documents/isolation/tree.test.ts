/**
 * The tree that is drawn: what is in it, and how the way of a request is marked.
 */
import { describe, expect, test } from 'vitest';

import { parseInput } from '../../../../bench/io/input-file.ts';
import {
  lineTo,
  NO_TRAIL,
  ROOT_KEY,
  trailOf,
  type TreeNode,
  treeOf,
} from '../../../../bench/documents/isolation/tree.ts';
import { treeDrawing } from '../../../../bench/documents/isolation/tree-drawing.ts';
import { treeLines } from '../../../../bench/documents/isolation/tree-text.ts';
import { readTopology } from '../../../../sim/pci/topology-file.ts';

const VF1 = '0000:03:00.1';
const PORT = '0000:02:00.0';
const OTHER_PORT = '0000:02:01.0';
const OTHER = '0000:04:00.0';

const TOPOLOGY = `
format: stopcopy-topology/1
tree:
  - kind: root-port
    at: 00:01.0
    buses: 01-08
    acs: { can: SV TB RR CR UF, on: SV RR CR UF }
    below:
      - kind: switch
        at: 01:00.0
        buses: 02-08
        below:
          - kind: downstream-port
            at: 02:00.0
            buses: 03-03
            below:
              - kind: device
                name: card
                functions:
                  - at: 03:00.0
                    kind: zip
                    version: V3
                    driver: true
                    bars: [{ bar: 2, at: 0x80000000, size: 4MiB }]
                    sriov:
                      vfs: 12
                      bars: [{ bar: 2, at: 0x90000000, size: 64KiB }]
                      each:
                        1: { tenant: vm1, clip: all }
                        2: { tenant: vm2, clip: info, stream: bypass }
          - kind: downstream-port
            at: 02:01.0
            buses: 04-04
            turnaround: ur
            acs: { can: SV RR CR UF EC, on: SV EC, egress: [] }
            below: [{ kind: device, functions: [{ at: 04:00.0, tenant: vm3 }] }]
  - kind: device
    internalRouting: upstream
    functions: [{ at: 75:00.0, kind: sec, version: V3 }]
`;

const { document } = readTopology(parseInput(TOPOLOGY, 'x.yaml'), 'x.yaml');

function tree(...keep: readonly string[]): TreeNode {
  return treeOf(document, new Set(keep));
}

function lines(stations: readonly string[] = [], keep: readonly string[] = []): readonly string[] {
  const drawn = tree(...keep);
  return treeLines(drawn, trailOf(drawn, stations)).map(({ text }) => text);
}

/** Without what follows the name. */
function branches(stations: readonly string[] = []): readonly string[] {
  return lines(stations, [VF1]).map((line) => line.split(/ {2,}(?=[^│├└┃┣┗┡┠ ])/)[0]!);
}

describe('the tree', () => {
  test('has each port, device and function, with its place', () => {
    expect(branches()).toEqual([
      'root complex with IOMMU',
      '├─ 0000:00:01.0 root port',
      '│  └─ 0000:01:00.0 switch, upstream port',
      '│     ├─ 0000:02:00.0 downstream port',
      '│     │  └─ device "card"',
      '│     │     └─ 0000:03:00.0 PF, zip V3',
      '│     │        ├─ 0000:03:00.1 VF 1',
      '│     │        ├─ 0000:03:00.2 VF 2',
      '│     │        └─ 0000:03:00.3 to 0000:03:01.4',
      '│     └─ 0000:02:01.0 downstream port',
      '│        └─ device',
      '│           └─ 0000:04:00.0 function',
      '└─ device',
      '   └─ 0000:75:00.0 function, sec V3',
    ]);
  });

  test.each([
    ['0000:00:01.0', 'ACS on: SV RR CR UF, off: TB'],
    [PORT, 'no ACS'],
    [OTHER_PORT, 'ACS on: SV EC, off: RR CR UF, egress to none; turns nothing around'],
    [VF1, 'of vm1'],
    ['0000:03:00.2', 'of vm2; clip: info; stream: bypass'],
    [OTHER, 'of vm3'],
  ])('says of %s: %s', (key, notes) => {
    expect(lineTo(tree(VF1), key)?.at(-1)?.notes).toBe(notes);
  });

  test('shows VFs without particulars in one row, unless they are asked for', () => {
    const vfs = (...keep: readonly string[]): readonly string[] =>
      lineTo(tree(...keep), '0000:03:00.0')!
        .at(-1)!
        .children.map(({ label }) => label);
    expect(vfs()).toEqual(['0000:03:00.1 VF 1', '0000:03:00.2 VF 2', '0000:03:00.3 to 0000:03:01.4  VF 3 to 12']);
    expect(vfs('0000:03:01.0')).toEqual([
      '0000:03:00.1 VF 1',
      '0000:03:00.2 VF 2',
      '0000:03:00.3 to 0000:03:00.7  VF 3 to 7',
      '0000:03:01.0 VF 8',
      '0000:03:01.1 to 0000:03:01.4  VF 9 to 12',
    ]);
    // Two are no row of their own.
    expect(vfs('0000:03:01.2').slice(-2)).toEqual(['0000:03:01.3 VF 11', '0000:03:01.4 VF 12']);
  });
});

describe('the way of a request', () => {
  test('up to a port and back down is heavy on the side where it runs', () => {
    const drawn = branches([VF1, PORT, VF1]);
    expect(drawn.slice(3, 10)).toEqual([
      '│     ├─ 0000:02:00.0 downstream port',
      '│     │  ┗━ device "card"',
      '│     │     ┗━ 0000:03:00.0 PF, zip V3',
      '│     │        ┡━ 0000:03:00.1 VF 1',
      '│     │        ├─ 0000:03:00.2 VF 2',
      '│     │        └─ 0000:03:00.3 to 0000:03:01.4',
      '│     └─ 0000:02:01.0 downstream port',
    ]);
  });

  test('from one port to another passes the switch between them', () => {
    expect(branches([OTHER, OTHER_PORT, VF1]).slice(1)).toEqual([
      '├─ 0000:00:01.0 root port',
      '│  └─ 0000:01:00.0 switch, upstream port',
      '│     ┣━ 0000:02:00.0 downstream port',
      '│     ┃  ┗━ device "card"',
      '│     ┃     ┗━ 0000:03:00.0 PF, zip V3',
      '│     ┃        ┡━ 0000:03:00.1 VF 1',
      '│     ┃        ├─ 0000:03:00.2 VF 2',
      '│     ┃        └─ 0000:03:00.3 to 0000:03:01.4',
      '│     ┗━ 0000:02:01.0 downstream port',
      '│        ┗━ device',
      '│           ┗━ 0000:04:00.0 function',
      '└─ device',
      '   └─ 0000:75:00.0 function, sec V3',
    ]);
  });

  test('across the root complex marks both sides, and passes by what lies between', () => {
    const drawn = branches([VF1, 'IOMMU', '0000:75:00.0']);
    expect(drawn[1]).toBe('┣━ 0000:00:01.0 root port');
    expect(drawn[3]).toBe('┃     ┡━ 0000:02:00.0 downstream port');
    expect(drawn[7]).toBe('┃     │        ├─ 0000:03:00.2 VF 2');
    expect(drawn.at(-2)).toBe('┗━ device');
  });

  test('has its hops numbered, in one column, and a node may have several', () => {
    const numbered = lines([VF1, PORT, VF1], [VF1]).filter((line) => line.includes('◄'));
    expect(numbered.map((line) => line.split('◄ ')[1])).toEqual(['2', '1, 3']);
    expect(new Set(numbered.map((line) => line.indexOf('◄'))).size).toBe(1);
  });

  test('marks what was passed and nothing else', () => {
    const drawn = tree(VF1);
    const passed = trailOf(drawn, [VF1, PORT, VF1]).nodes;
    expect(passed).toEqual(new Set([VF1, '0000:03:00.0', 'device 0000:03:00.0', PORT]));
    expect(trailOf(drawn, [OTHER, 'IOMMU']).nodes).toContain(ROOT_KEY);
  });

  test('with a hop that is nowhere in the tree is drawn without it', () => {
    const drawn = tree(VF1);
    expect(trailOf(drawn, ['nowhere'])).toEqual(NO_TRAIL);
    expect(trailOf(drawn, [VF1, 'nowhere', PORT]).hops).toEqual(
      new Map([
        [VF1, [1]],
        [PORT, [3]],
      ]),
    );
  });
});

describe('the drawing', () => {
  const words = { id: 't0', title: 'A <tree>', description: 'in words & more', groups: [], asked: new Set<string>() };
  const drawn = tree(VF1);

  test('has a title and a description, and both are named', () => {
    const { text } = treeDrawing(drawn, NO_TRAIL, words);
    expect(text).toMatch(/role="group"\s+aria-labelledby="t0-drawn"\s+aria-describedby="t0-words"/);
    expect(text).toContain('id="t0-drawn">A &lt;tree&gt;</p>');
    expect(text).toContain('id="t0-words">in words &amp; more</p>');
  });

  test('has a row for each node, of a device with one function for both, and folds what has rows below it', () => {
    const { text } = treeDrawing(drawn, NO_TRAIL, words);
    const nodes = treeLines(drawn, NO_TRAIL).length;
    // Two devices have one function without VFs.
    expect(text.match(/class="node"/g)).toHaveLength(nodes - 2);
    expect(text.match(/<details open>/g)).toHaveLength(text.match(/<summary /g)?.length ?? 0);
    expect(text).not.toContain('passed');
    expect(text).not.toContain('class="hop"');
  });

  test('marks boxes and hops of a request, and which way it takes each line', () => {
    const trail = trailOf(drawn, [VF1, PORT, VF1]);
    const { text } = treeDrawing(drawn, trail, words);
    expect(text.match(/class="node passed"/g)).toHaveLength(trail.nodes.size);
    expect(text.match(/class="hop"/g)).toHaveLength(3);
    // There and back over the same lines.
    expect(text.match(/class="up"/g)).toHaveLength(trail.edges.size);
    expect(text.match(/class="down"/g)).toHaveLength(trail.edges.size);
    expect(text).not.toMatch(/#[0-9a-f]{3}|rgb/i);
  });

  test('a request between two ports goes up on one side and down on the other', () => {
    const { up, down } = trailOf(drawn, [OTHER, OTHER_PORT, PORT, VF1]);
    expect([...up]).toEqual(expect.arrayContaining([OTHER, OTHER_PORT]));
    expect([...down]).toEqual(expect.arrayContaining([PORT, VF1]));
    expect([up.has(VF1), down.has(OTHER)]).toEqual([false, false]);
  });

  test('groups of several functions are frames, named once; alike VFs name theirs in one row', () => {
    const groups = [
      { number: 4, members: [`downstream port ${OTHER_PORT}`, OTHER] },
      ...Array.from({ length: 10 }, (_, index) => {
        const slot = 3 + index;
        return { number: 10 + index, members: [`0000:03:0${slot >> 3}.${slot & 7}`] };
      }),
    ];
    const { text } = treeDrawing(drawn, NO_TRAIL, { ...words, groups });
    expect(text.match(/class="frame[^"]*"/g)).toEqual(['class="frame first"', 'class="frame last"']);
    expect(text.match(/class="group">group 4</g)).toHaveLength(1);
    expect(text).toContain('class="group">groups 10 to 19<');
  });

  test('of a large tree only what was asked about and the way of the request is open', () => {
    const leaf = (key: string): TreeNode => ({ key, label: key, notes: '', children: [] });
    const port = (key: string): TreeNode => ({ ...leaf(key), children: [leaf(`${key}.a`), leaf(`${key}.b`)] });
    const large = { ...leaf(ROOT_KEY), children: Array.from({ length: 50 }, (_, index) => port(`p${index}`)) };
    const { text } = treeDrawing(large, trailOf(large, ['p3.a', 'p3.b']), { ...words, asked: new Set(['p7.b']) });
    // The root, and two ports.
    expect(text.match(/<details open>/g)).toHaveLength(3);
    expect(text.match(/<details >/g)).toHaveLength(48);
    expect(text).toContain('2 below p0');
  });
});
