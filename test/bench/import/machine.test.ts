/**
 * Readers of machines with what posts make of a text, with texts that end early, and with several files of one machine; and the
 * topology that is made of what they read.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { FunctionFacts } from '../../../bench/import/machine/facts.ts';
import { type Foreign, readTextOf } from '../../../bench/import/readers.ts';
import { parseInput } from '../../../bench/io/input-file.ts';
import { packageRoot } from '../../../bench/io/package-root.ts';
import { imported } from '../../../bench/studies/import/import.ts';
import { examine, examineImport } from '../../../bench/studies/isolation/examine.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { readTopology } from '../../../sim/pci/topology-file.ts';
import { effort } from '../../effort.ts';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'samples');
const sample = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

const X570 = sample('x570-colour.lspci-vvv.txt');
const SMMU = sample('kunpeng920-smmu.lspci-vvvxxxx.txt');
const SWITCH = sample('switch-acs.lspci-vvv.txt');
const SYSFS = sample('kunpeng920-v3.stopcopy-sysfs.txt');
const WHOLE = [X570, SMMU, SWITCH, sample('domains.lspci-Dvvv.txt'), SYSFS] as const;

function factsOf(text: string, as?: string): ReadonlyMap<string, FunctionFacts> {
  const { functions } = readTextOf('machine', text, 'input', as).facts;
  return new Map(functions.map(({ facts }) => [facts.address, facts]));
}

describe('what posts make of a text changes no fact:', () => {
  const EDITS: Readonly<Record<string, (text: string) => string>> = {
    'carriage returns': (text) => text.replaceAll('\n', '\r\n'),
    'a mail': (text) => text.replaceAll(/^/gm, '> '),
    'a mail within a mail': (text) => text.replaceAll(/^/gm, '> > '),
    'blanks for tabs': (text) => text.replaceAll('\t', '        '),
    'no indentation': (text) => text.replaceAll(/^\t+/gm, ''),
    colours: (text) => text.replaceAll('Capabilities', '\u001B[01;31m\u001B[KCapabilities\u001B[m\u001B[K'),
    'a byte order mark': (text) => `\uFEFF${text}`,
    'each line twice': (text) => text.replaceAll(/^.+$/gm, '$&\n$&'),
    'a prompt before and after': (text) => `root@host:~# lspci -nn -vvv\n${text}root@host:~# \n`,
  };
  test.each(Object.entries(EDITS))('%s', (_, edit) => {
    for (const text of [SMMU, SWITCH]) expect(factsOf(edit(text))).toEqual(factsOf(text));
  });
});

describe('a text that ends early', () => {
  /** What is concluded of all functions together. */
  const TOGETHER: ReadonlySet<string> = new Set(['parent', 'physfn', 'driver', 'iommuGroup', 'numaNode']);

  test.each(WHOLE.map((text) => [text.slice(0, 30).split('\n')[0]!, text] as const))(
    '%s…: says nothing else',
    (_, text) => {
      const whole = factsOf(text);
      fc.assert(
        fc.property(fc.nat({ max: text.length - 1 }), (end) => {
          let cut: ReadonlyMap<string, FunctionFacts>;
          try {
            cut = factsOf(text.slice(0, end));
          } catch (error) {
            if (error instanceof UserError) return;
            throw error;
          }
          for (const [address, facts] of cut) {
            for (const [name, value] of Object.entries(facts)) {
              if (TOGETHER.has(name) && value === null) continue;
              expect({ address, [name]: value as unknown }).toEqual({
                address,
                [name]: whole.get(address)![name as keyof FunctionFacts],
              });
            }
          }
        }),
        { numRuns: effort(20, 60, 3000) },
      );
    },
  );

  test('the last function is named, with its line', () => {
    const { facts, findings } = readTextOf('machine', SWITCH.slice(0, 20_000), 'input');
    expect(facts.complete).toBe(false);
    expect(findings.some(({ text, line }) => /is not whole/.test(text) && line !== undefined)).toBe(true);
  });
});

test('text and hexadecimal say the same, each read without the other', () => {
  const names = [
    'type',
    'primary',
    'secondary',
    'subordinate',
    'acs',
    'ats',
    'pasid',
    'ari',
    'slot',
    'ariForwarding',
  ] as const;
  const hexLine = /^[0-9a-f]{2,3}: (?:[0-9a-f]{2} ){15}[0-9a-f]{2}\n/gm;
  const text = factsOf(SMMU.replaceAll(hexLine, ''));
  const isKept = (line: string): boolean => line === '' || /^[0-9a-f]{2}:[0-9a-f]{2}\.\d |^[0-9a-f]{2,3}: /.test(line);
  const hex = factsOf(`${SMMU.split('\n').filter(isKept).join('\n')}\n`);
  const pick = (facts: FunctionFacts): unknown => names.map((name) => facts[name]);
  expect([...hex.keys()]).toEqual([...text.keys()]);
  for (const [address, facts] of text) {
    expect([address, pick(hex.get(address)!)]).toEqual([address, pick(facts)]);
    expect([address, hex.get(address)!.sriov]).toEqual([address, facts.sriov]);
  }
});

describe('several files of one machine', () => {
  const read = (text: string, file: string): Foreign<'machine'> => readTextOf('machine', text, file);

  test('add what the others do not say', () => {
    const { document } = imported([read(X570, 'vvv.txt'), read(sample('x570.lspci-nnk.txt'), 'nnk.txt')]);
    expect(document.result.text).toContain('id: 8086:1539 rev 03');
    expect(document.result.text).toContain('# vvv.txt:');
    expect(document.findings.filter(({ kind }) => kind === 'warning')).toEqual([]);
  });

  test('are refused when they are of two', () => {
    expect(() => imported([read(X570, 'a.txt'), read(SMMU, 'b.txt')])).toThrow(/b\.txt: .*no function/);
    const other = sample('x570.lspci-nnk.txt').replace('[1022:1480]', '[1022:1481]');
    const nnk = sample('x570.lspci-nnk.txt');
    expect(() => imported([read(nnk, 'a.txt'), read(other, 'b.txt')])).toThrow(
      /line 1: 0000:00:00\.0: device is "1480" in a\.txt/,
    );
    expect(() => read(nnk + other, 'both.txt')).toThrow(/both\.txt: line 31: 0000:00:00\.0 begins again/);
  });

  test('one without the tree is refused, with what to run', () => {
    expect(() => imported([read(sample('x570.lspci-nnk.txt'), 'nnk.txt')])).toThrow(/nnk\.txt: .*bridge/);
  });
});

describe('the topology of a machine', () => {
  test.each(WHOLE.map((text, i) => [i, text] as const))('%i: is stable, and its text says what it is', (_, text) => {
    const [one, two] = [
      imported([readTextOf('machine', text, 'input')]),
      imported([readTextOf('machine', text, 'input')]),
    ];
    expect(two.document.result.text).toBe(one.document.result.text);
    const parsed = readTopology(parseInput(one.document.result.text, 'text'), 'text').document;
    expect(parsed).toEqual(readTopology(one.plain, 'text').document);
    expect(buildTopology(parsed, 'text').functions.length).toBeGreaterThan(0);
  });

  test('a bridge next to the ports of a switch has its place', () => {
    const { report } = examine(join(FOLDER, 'x570-colour.lspci-vvv.txt'));
    expect(report.groups.map(({ members }) => members)).toContainEqual(['PCI bridge 0000:03:09.0', '0000:07:00.0']);
    expect(report.imported).toEqual([]);
  });

  test('what was printed without root is answered, with what was taken', () => {
    const { report } = examine(join(FOLDER, 'epyc-user.lspci-vvv.txt'));
    expect(report.kernelGroups).toMatchObject({ compared: 28, same: 28 });
    const tree = examine(join(FOLDER, 'epyc.lspci-tv.txt')).report;
    // Every port joins what is in its slot and below it.
    expect(tree.groups).toHaveLength(16);
    for (const { imported: read } of [report, tree]) {
      expect(read).toContainEqual(
        expect.objectContaining({ kind: 'asked', text: expect.stringContaining('as root') as string }),
      );
    }
  });

  test("the maker's own board is refused under thread, and loads under on-die and proof", () => {
    // docs/isolation.md 12.
    const { report } = examine(join(FOLDER, 'kunpeng920-v3.stopcopy-sysfs.txt'));
    const verdicts = report.vfs.map(({ decisions }) => decisions.map(({ policy, verdict }) => `${policy} ${verdict}`));
    expect(new Set(verdicts.flat())).toEqual(
      new Set(['upstream load-clipped', 'thread refuse', 'on-die load-clipped', 'proof load-clipped']),
    );
  });

  test('groups of the kernel are compared one by one', () => {
    const { report } = examine(join(FOLDER, 'kunpeng920-v3.stopcopy-sysfs.txt'));
    expect(report.kernelGroups).toEqual({ compared: 17, same: 17, differences: [], notCompared: [] });
    const merged = SYSFS.replace('l 0000:75:00.2 iommu_group 4', 'l 0000:75:00.2 iommu_group 3');
    const other = examineImport(imported([readTextOf('machine', merged, 'input')])).report.kernelGroups!;
    expect(other.same).toBe(other.compared - 1);
    expect(other.differences[0]!.kernel[0]!.members).toEqual(['0000:75:00.1', '0000:75:00.2']);
  });

  test('a refusal that rests on what nobody has said names it, and nothing that is not needed', () => {
    // Without the ACS capability of its functions nothing says what the device serves inside.
    const silent = SYSFS.replaceAll(/^[ex] 0000:(?:75|76|79):\S+ \S+ (?:d|0d00\S*)\n/gm, '');
    const { report } = examineImport(imported([readTextOf('machine', silent, 'input')]));
    const proof = report.loadsIf.find(({ policy }) => policy === 'proof')!;
    expect(proof.vfs).toContain('0000:75:00.1');
    expect(proof.conditions.map(({ field, of, value }) => [field, of, value])).toEqual([
      ['internalRouting', 'zip', 'upstream'],
      ['internalRouting', 'sec', 'upstream'],
      ['internalRouting', 'hpre', 'upstream'],
    ]);
  });
});

describe('the collector', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stopcopy-sys-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('prints what the reader of its format reads', () => {
    const devices = join(folder, 'devices', 'pci0000:00', '0000:00:01.0');
    mkdirSync(devices, { recursive: true });
    mkdirSync(join(folder, 'bus/pci/devices'), { recursive: true });
    mkdirSync(join(folder, 'kernel/iommu_groups/4/devices'), { recursive: true });
    for (const [name, text] of [
      ['vendor', '0x8086\n'],
      ['device', '0x37c8\n'],
      ['class', '0x0b4000\n'],
      ['revision', '0x04\n'],
      ['numa_node', '-1\n'],
    ]) {
      writeFileSync(join(devices, name!), text!);
    }
    writeFileSync(
      join(devices, 'resource'),
      `0x${'0'.repeat(8)}80000000 0x${'0'.repeat(8)}8007ffff 0x0000000000140204\n`,
    );
    writeFileSync(
      join(devices, 'config'),
      Buffer.concat([Buffer.from('8680c837000010000400400b', 'hex'), Buffer.alloc(52)]),
    );
    writeFileSync(join(folder, 'kernel/iommu_groups/4/type'), 'DMA\n');
    symlinkSync('../../../kernel/iommu_groups/4', join(devices, 'iommu_group'));
    symlinkSync('../../../devices/pci0000:00/0000:00:01.0', join(folder, 'bus/pci/devices/0000:00:01.0'));
    symlinkSync(
      '../../../../devices/pci0000:00/0000:00:01.0',
      join(folder, 'kernel/iommu_groups/4/devices/0000:00:01.0'),
    );
    const script = join(packageRoot(), 'bench/import/machine/collect.sh');
    const text = execFileSync('sh', [script, '-s', folder, '-p', folder], { encoding: 'utf8' });
    const { facts } = readTextOf('machine', text, 'collected');
    expect(facts.groups).toEqual([{ group: 4, type: 'DMA', members: ['0000:00:01.0'], reserved: [] }]);
    expect(facts.functions[0]!.facts).toMatchObject({
      address: '0000:00:01.0',
      vendor: '8086',
      device: '37c8',
      class: '0b40',
      parent: null,
      bars: [{ bar: 0, at: '0x80000000', size: 524_288 }],
      driver: null,
      numaNode: null,
      iommuGroup: 4,
    });
    expect(facts.functions[0]!.facts.type).toBeUndefined();
  });
});
