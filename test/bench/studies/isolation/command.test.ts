/**
 * `stopcopy isolation`, and `stopcopy bench` in front of a topology: what is said, where, and the exit status.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { IsolationDocument } from '../../../../bench/documents/isolation/document.ts';
import { TOPOLOGIES } from '../../../../bench/studies/isolation/shipped.ts';
import { stopcopy } from '../../command.ts';
import { stating } from '../../../stating.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-isolation-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A card with three VFs below a switch port; `on` are the ACS bits that are on there. */
function card(on: string): string {
  return `format: stopcopy-topology/1
title: A card
tree:
  - kind: root-port
    at: 00:01.0
    buses: 01-08
    acs: { can: SV RR CR UF, on: SV RR CR UF }
    below:
      - kind: switch
        at: 01:00.0
        buses: 02-08
        below:
          - kind: downstream-port
            at: 02:00.0
            buses: 03-03
            acs: { can: SV RR CR UF, on: ${on} }
            below:
              - kind: device
                internalRouting: upstream
                functions:
                  - at: 03:00.0
                    kind: zip
                    version: V3
                    driver: true
                    bars: [{ bar: 2, at: 0x80000000, size: 4MiB }]
                    sriov:
                      vfs: 3
                      bars: [{ bar: 2, at: 0x90000000, size: 64KiB }]
                      each: { 1: { tenant: vm1 }, 2: { tenant: vm2 }, 3: { tenant: host } }
`;
}

const OPEN = 'SV RR CR';
const CLOSED = 'SV RR CR UF';
const VF1 = '0000:03:00.1';
const VF2 = '0000:03:00.2';
const HOSTS_VF = '0000:03:00.3';
const PORT = '0000:02:00.0';

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function documentOf(...args: readonly string[]): Promise<IsolationDocument> {
  const { stdout, stderr } = await stopcopy('isolation', ...args, '--json');
  expect(stderr).toBe('');
  return JSON.parse(stdout) as IsolationDocument;
}

describe('for a person', () => {
  test('prints the tree, the VFs, the way, the groups, the decisions and what to change; exit 0', async () => {
    const { status, stdout, stderr } = await stopcopy('isolation', file('open.yaml', card(OPEN)));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/0000:02:00\.0 downstream port +ACS on: SV RR CR, off: UF +◄ 3/);
    expect(stdout).toMatch(/^0000:03:00\.1 +vm1 +no +yes +yes .* load-clipped +refuse +refuse$/m);
    expect(stdout).toMatch(stating(/3 {2}0000:02:00\.0 /, '[UF off]'));
    expect(stdout).toMatch(stating('on', 'UF', `downstream port ${PORT}`));
    expect(stdout).toMatch(/0000:03:00\.3 VF 3 +of the host/);
    expect(stdout).not.toMatch(/^0000:03:00\.3 /m);
  });

  test('a place where nothing gets in has nothing to change', async () => {
    const { status, stdout } = await stopcopy('isolation', file('closed.yaml', card(CLOSED)));
    expect(status).toBe(0);
    expect(stdout).toMatch(stating('No DMA', 'guest', 'migration control area'));
    expect(stdout).not.toContain('◄');
    // A policy that wants no card at all is not asked, unless by name.
    expect(stdout).not.toContain('What to change');
  });

  test('of a policy that is asked for, only its own column', async () => {
    const { stdout } = await stopcopy('isolation', file('open.yaml', card(OPEN)), '--policy', 'thread');
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(stating('no setting', 'plug-in card', 'integrated endpoint'));
    expect(stdout).toMatch(/group +thread$/m);
  });
});

test('an override changes what Linux believes, and not what the fabric does', async () => {
  const path = file(
    'believed.yaml',
    readFileSync('sim/pci/topologies/t28-override.yaml', 'utf8').replace('pci=realloc', 'pcie_acs_override=downstream'),
  );
  const { status, stdout } = await stopcopy('isolation', path, '--policy', 'proof');
  expect(status).toBe(1);
  const words = stdout.replaceAll(/\s+/g, ' ');
  expect(words).toMatch(stating('VMs open functions', 'fabric'));
  expect(words).toMatch(stating('control areas', 'both VFs', 'DMA', 'other VMs'));
  const closed = (await stopcopy('isolation', 't28', '--policy', 'proof')).stdout.replaceAll(/\s+/g, ' ');
  expect(closed).toMatch(/No DMA of a guest.* None of the VFs can be opened/s);
});

describe('the exit status with --policy', () => {
  test.each([
    ['upstream', OPEN, 0],
    ['thread', OPEN, 1],
    ['proof', OPEN, 1],
    ['upstream', CLOSED, 0],
    ['thread', CLOSED, 1],
    ['proof', CLOSED, 0],
  ])('%s, ACS %s: %i', async (policy, on, expected) => {
    const path = file('policy.yaml', card(on));
    expect((await stopcopy('isolation', path, '--policy', policy)).status).toBe(expected);
    expect((await stopcopy('isolation', path, '--policy', policy, '--json')).status).toBe(expected);
  });

  test('is that of the VFs that were asked for; one of the host is refused by nobody', async () => {
    const path = file('one.yaml', card(OPEN));
    expect((await stopcopy('isolation', path, '--policy', 'proof', '--vf', VF2)).status).toBe(1);
    expect((await stopcopy('isolation', path, '--policy', 'proof', '--vf', HOSTS_VF)).status).toBe(0);
  });
});

describe('the JSON document', () => {
  test('is one document with its format and version, and has every VF that a VM has', async () => {
    const path = file('open.yaml', card(OPEN));
    const document = await documentOf(path);
    expect(document).toMatchObject({ format: 'stopcopy-isolation', version: 4, policy: null });
    expect(document.topologies).toHaveLength(1);
    const [topology] = document.topologies;
    expect(topology).toMatchObject({ file: path, title: 'A card', hostPageBytes: 4096 });
    expect(topology!.vfs.map(({ address, tenant }) => [address, tenant])).toEqual([
      [VF1, 'vm1'],
      [VF2, 'vm2'],
    ]);
    expect(topology!.assumed).toContainEqual({ path: 'turnaround', value: 'loopback' });
  });

  test('prints for each VF what gets in, and by which hops', async () => {
    const [topology] = (await documentOf(file('open.yaml', card(OPEN)), '--vf', '03:00.1')).topologies;
    const [vf] = topology!.vfs;
    expect(topology!.vfs).toHaveLength(1);
    expect(vf).toMatchObject({ address: VF1, integrated: false, dma: { self: 'yes', other: 'yes' } });
    expect(vf!.paths.map(({ hazard, from, to }) => [hazard, from, to])).toEqual([
      ['self', VF1, VF1],
      ['other', VF2, VF1],
    ]);
    expect(vf!.paths[1]!.hops.map(({ at, because }) => [at, because])).toEqual([
      [VF2, null],
      ['device 0000:03:00.0', 'internalRouting upstream'],
      [PORT, 'UF off'],
      [VF1, null],
    ]);
    expect(vf!.decisions.map(({ policy, verdict, remedy }) => [policy, verdict, remedy?.kind])).toEqual([
      ['upstream', 'load-clipped', undefined],
      ['thread', 'refuse', 'impossible'],
      ['on-die', 'refuse', 'impossible'],
      ['proof', 'refuse', 'changes'],
    ]);
  });

  test('prints what a CPU reaches, for each answer to the question of 2021', async () => {
    const variants = async (settings: string): Promise<unknown> => {
      const text = card(CLOSED).replace('{ tenant: vm1 }', `{ tenant: vm1, ${settings} }`);
      const { cpu } = (await documentOf(file('clip.yaml', text), '--vf', VF1)).topologies[0]!.vfs[0]!;
      return [cpu?.variant, cpu?.reachesControl, cpu?.reach.toldBytes];
    };
    expect(await variants('clip: all')).toEqual(['merged', false, 0x8000]);
    expect(await variants('clip: info')).toEqual(['infoOnly', true, 0x8000]);
    expect(await variants('clip: none')).toEqual(['unclipped', true, 0x10000]);
  });

  test('has a topology for each file, in their order', async () => {
    const paths = [file('b.yaml', card(OPEN)), file('a.yaml', card(CLOSED))];
    expect((await documentOf(...paths)).topologies.map((each) => each.file)).toEqual(paths);
  });
});

describe('the page', () => {
  test('is written in addition to the text, and named', async () => {
    const page = join(folder, 'page.html');
    const { status, stdout } = await stopcopy('isolation', file('open.yaml', card(OPEN)), '--html', page);
    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(page);
    const text = readFileSync(page, 'utf8');
    expect(text).toContain('class="node passed"');
    expect(text).toMatch(/class="pci-tree.*UF off/s);
  });

  test('is named on stderr when stdout is a document', async () => {
    const page = join(folder, 'json.html');
    const { stdout, stderr } = await stopcopy('isolation', file('open.yaml', card(OPEN)), '--html', page, '--json');
    expect(stderr).toBe(`${page}\n`);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'stopcopy-isolation' });
  });

  test('that cannot be written is reported, with the option', async () => {
    const below = join(file('plain', ''), 'below.html');
    const { status, stderr } = await stopcopy('isolation', file('open.yaml', card(OPEN)), '--html', below);
    expect(status).toBe(2);
    expect(stderr).toContain('--html');
  });
});

describe('a topology that is none', () => {
  test.each([
    ['is empty', '', 'is empty'],
    ['is no YAML', 'tree: [', 'line 1, column'],
    ['has another format', card(OPEN).replace('topology/1', 'topology/9'), 'format is "stopcopy-topology/9"'],
    ['has a wrong bit', card('SV UX'), 'tree[0].below[0].below[0].acs.on is "SV UX"'],
    ['has a bit on that it lacks', card('SV RR CR UF DT'), 'DT'],
    ['has a device where none can be', card(OPEN).replace('kind: downstream-port', 'kind: root-port'), 'root-port'],
    ['has a key twice', `${card(OPEN)}title: again\n`, 'stands there twice'],
  ])('because it %s: one sentence with the file, a hint, and exit 3', async (_, text, says) => {
    const path = file('wrong.yaml', text);
    const { status, stdout, stderr } = await stopcopy('isolation', path);
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr.startsWith(`stopcopy: ${path}: `)).toBe(true);
    expect(stderr).toContain(says);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('because it is not there, under any name', async () => {
    const { status, stderr } = await stopcopy('isolation', 'no-such-topology');
    expect(status).toBe(3);
    expect(stderr).toMatch(stating('no-such-topology', 'no such file', 'no topology'));
    expect(stderr).toContain(TOPOLOGIES.names()[0]);
    expect((await stopcopy('isolation', join(folder, 'absent.yaml'))).stderr).toMatch(stating('no such file'));
  });

  test('because it is a folder', async () => {
    const { status, stderr } = await stopcopy('isolation', folder);
    expect(status).toBe(3);
    expect(stderr).toContain('it is a folder');
  });

  test('because it repeats itself by an alias', async () => {
    const text =
      'format: stopcopy-topology/1\ntree: &t\n  - { kind: root-port, at: 00:01.0, buses: 01-08, below: *t }\n';
    const { status, stderr } = await stopcopy('isolation', file('loop.yaml', text));
    expect(status).toBe(3);
    expect(stderr).toMatch(/levels below each other|aliases would multiply/);
  });

  test('leaves no page', async () => {
    const page = join(folder, 'none.html');
    await stopcopy('isolation', file('open.yaml', card(OPEN)), file('wrong.yaml', ''), '--html', page);
    expect(existsSync(page)).toBe(false);
  });
});

test.each(TOPOLOGIES.names())('%s comes with stopcopy and is examined', async (name) => {
  const { status, stdout, stderr } = await stopcopy('isolation', name);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('IOMMU groups');
});

describe('bench in front of a topology', () => {
  test.each(['thread', 'proof'])('measures nothing where %s refuses: one sentence, a hint, exit 1', async (policy) => {
    const out = join(folder, `refused-${policy}`);
    const path = file('open.yaml', card(OPEN));
    const args = ['bench', '--quick', '--out', out, '--topology', path, '--policy', policy];
    const { status, stdout, stderr } = await stopcopy(...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(stating(path, `${VF1} (vm1)`, 'no migration', `policy ${policy}`, 'refuses'));
    expect(stderr).toContain('Nothing was measured.');
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(existsSync(out)).toBe(false);
  });

  test('with --json says it as a document', async () => {
    const path = file('open.yaml', card(OPEN));
    const { status, stdout } = await stopcopy('bench', '--topology', path, '--policy', 'proof', '--vf', VF2, '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { kind: 'failed', exitCode: 1 } });
  });

  test('a VF that cannot migrate anyway is nothing to measure either', async () => {
    const path = file('host.yaml', card(CLOSED));
    const { status, stderr } = await stopcopy('bench', '--topology', path, '--policy', 'proof', '--vf', HOSTS_VF);
    expect(status).toBe(1);
    expect(stderr).toMatch(stating(`${HOSTS_VF} (host)`, 'no migration'));
  });

  test('measures where the policy lets the driver load, and says so', async () => {
    const out = join(folder, 'allowed');
    const path = file('closed.yaml', card(CLOSED));
    const cell = ['--accelerator', 'zip', '--queue-pairs', '1', '--load', 'idle', '--suite', 'handshake', '--no-html'];
    const { status, stderr } = await stopcopy(
      'bench',
      '--quick',
      '--out',
      out,
      ...cell,
      '--topology',
      path,
      '--policy',
      'proof',
    );
    expect(status).toBe(0);
    expect(stderr).toMatch(stating('policy proof', 'loads', VF1, VF2));
    expect(readdirSync(out)).toHaveLength(1);
  });
});

describe('a machine that is not known whole', () => {
  const sample = (name: string): string => join(import.meta.dirname, '../../import/samples', name);
  const whole = readFileSync(sample('switch-acs.lspci-vvv.txt'), 'utf8');
  const sysfs = readFileSync(sample('kunpeng920-v3.stopcopy-sysfs.txt'), 'utf8');
  const cut = (text: string, at: string): string => text.slice(0, text.lastIndexOf(at) + at.length);

  test.each([
    ['without rights', () => sample('epyc-user.lspci-vvv.txt'), 'capabilities'],
    ['in a format without capabilities', () => sample('epyc.lspci-tv.txt'), 'capabilities'],
    ['cut in a header', () => file('header.txt', cut(whole, 'PCI bridge')), 'ends'],
    ['cut in a capability', () => file('capability.txt', cut(whole, 'ACSCtl:')), 'ends'],
    ['cut after a line', () => file('line.txt', cut(whole, '\n\t')), 'ends'],
    ['cut between two VFs', () => file('between.txt', whole.slice(0, whole.indexOf('\n1a:00.5 '))), '5 enabled VFs'],
    ['cut in a collection', () => file('sysfs.txt', sysfs.slice(0, sysfs.length * 0.6)), 'ends'],
  ])('%s passes no gate, and is shown without one', async (_, path, said) => {
    for (const command of [['isolation'], ['bench', '--topology']]) {
      const { status, stdout, stderr } = await stopcopy(...command, path(), '--policy', 'proof');
      expect([status, stdout]).toEqual([3, '']);
      expect(stderr).toMatch(stating('policy proof', said));
    }
    expect((await stopcopy('isolation', path())).status).toBe(0);
  });

  test('groups have the numbers of the kernel where it has built the same ones', async () => {
    const numbers = async (path: string) => {
      const document = JSON.parse((await stopcopy('isolation', path, '--json')).stdout) as IsolationDocument;
      return document.topologies[0]!;
    };
    // In the second sample the kernel has built a group that its rules do not give.
    for (const [name, ...odd] of [['epyc-user'], ['x570-colour', '0000:00:01.2', '0000:02:00.0']]) {
      const expected = JSON.parse(readFileSync(sample(`${name}.lspci-vvv.txt.expected.json`), 'utf8')) as {
        readonly devices: readonly { readonly address: string; readonly iommuGroup: number | null }[];
      };
      const { groups, numbersOfKernel } = await numbers(sample(`${name}.lspci-vvv.txt`));
      const of = new Map(
        groups.flatMap(({ number, members }) => members.map((each) => [each.split(' ').at(-1)!, number])),
      );
      expect(numbersOfKernel).toBe(true);
      const grouped = expected.devices.filter(
        ({ address, iommuGroup }) => iommuGroup !== null && !odd.includes(address),
      );
      expect(grouped.map(({ address }) => of.get(address))).toEqual(grouped.map(({ iommuGroup }) => iommuGroup));
      expect(new Set(groups.map(({ number }) => number)).size).toBe(groups.length);
      const last = Math.max(...expected.devices.map(({ iommuGroup }) => iommuGroup ?? 0));
      for (const each of odd) expect(of.get(each)).toBeGreaterThan(last);
    }
    expect((await numbers('t12')).numbersOfKernel).toBe(false);
  });
});
