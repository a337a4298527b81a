/**
 * What `isolation` and `check` write for CIs: SARIF logs with what the standard requires, and JUnit reports that are XML.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Ajv } from 'ajv';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { IsolationDocument } from '../../../bench/documents/isolation/document.ts';
import { packageRoot } from '../../../bench/io/package-root.ts';
import { junitReport } from '../../../bench/show/checks.ts';
import { sarifLog } from '../../../bench/show/sarif.ts';
import { stopcopy, stopcopyAt } from '../command.ts';

/** A name with all that XML, URIs and messages of SARIF read specially. */
const NAME = `a b<&"'{0}%.yaml`;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-ci-'));
  const topology = join(packageRoot(), 'sim/pci/topologies/t03-clip-missing.yaml');
  writeFileSync(join(folder, NAME), readFileSync(topology, 'utf8'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = { type: 'object', required: ['text'], properties: { text: { type: 'string', minLength: 1 } } };
const levels = { enum: ['none', 'note', 'warning', 'error'] };
const location = {
  type: 'object',
  properties: {
    physicalLocation: {
      type: 'object',
      required: ['artifactLocation'],
      properties: {
        artifactLocation: {
          type: 'object',
          required: ['uri'],
          properties: { uri: { type: 'string', pattern: '^[!-~]+$' } },
        },
      },
    },
    logicalLocations: { type: 'array', minItems: 1, items: { type: 'object', required: ['fullyQualifiedName'] } },
    message: text,
  },
};
const flow = {
  type: 'object',
  required: ['threadFlows'],
  properties: {
    threadFlows: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['locations'],
        properties: {
          locations: { type: 'array', minItems: 1, items: { type: 'object', properties: { location } } },
        },
      },
    },
  },
};

/** What SARIF 2.1.0 requires of the parts that are written: 3.13.2, 3.13.3, 3.14.6, 3.18.1, 3.19.2, 3.27.11, 3.36.3, 3.37.6, 3.49.3. */
const isSarif = new Ajv().compile({
  type: 'object',
  required: ['$schema', 'version', 'runs'],
  properties: {
    $schema: { type: 'string', pattern: '^https://.*sarif-schema-2\\.1\\.0\\.json$' },
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['tool', 'results'],
        properties: {
          tool: {
            type: 'object',
            required: ['driver'],
            properties: {
              driver: {
                type: 'object',
                required: ['name', 'rules'],
                properties: {
                  name: { const: 'stopcopy' },
                  rules: {
                    type: 'array',
                    uniqueItems: true,
                    items: { type: 'object', required: ['id'], properties: { shortDescription: text } },
                  },
                },
              },
            },
          },
          results: {
            type: 'array',
            items: {
              type: 'object',
              required: ['message', 'ruleId', 'level', 'locations'],
              properties: {
                message: text,
                level: levels,
                locations: { type: 'array', minItems: 1, items: location },
                codeFlows: { type: 'array', minItems: 1, items: flow },
              },
            },
          },
        },
      },
    },
  },
});

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly [
    {
      readonly physicalLocation?: { readonly artifactLocation: { readonly uri: string } };
      readonly logicalLocations: readonly [{ readonly fullyQualifiedName: string }];
    },
  ];
  readonly partialFingerprints: Readonly<Record<string, string>>;
}

/** The results of a log, which has all that is required, and a rule for each. */
function resultsOf(log: string): readonly Result[] {
  const parsed = JSON.parse(log) as {
    readonly runs: readonly [
      {
        readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
        readonly results: readonly Result[];
      },
    ];
  };
  isSarif(parsed);
  expect(isSarif.errors ?? []).toEqual([]);
  const [{ tool, results }] = parsed.runs;
  for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  const prints = results.map(({ ruleId, locations, partialFingerprints }) =>
    JSON.stringify([ruleId, locations, partialFingerprints]),
  );
  expect(new Set(prints).size).toBe(results.length);
  return results;
}

/** Names of the elements of an XML document, in order; throws where it is not well-formed. */
function elementsOf(xml: string): readonly string[] {
  const attribute = String.raw`\s+[\w-]+="(?:[^<&"]|&(?:amp|lt|gt|quot|#\d+);)*"`;
  const tag = new RegExp(String.raw`<(/?)([\w-]+)((?:${attribute})*)\s*(/?)>|([^<]+)`, 'y');
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\s*/, '');
  const open: string[] = [];
  const names: string[] = [];
  while (tag.lastIndex < body.length) {
    const at = tag.lastIndex;
    const [, end, name = '', , empty, between] = tag.exec(body) ?? [];
    if (between?.trim() === '') continue;
    if (name === '' || (end === '/' && open.pop() !== name)) throw new Error(`no XML: ${body.slice(at, at + 80)}`);
    if (end === '') names.push(name);
    if (end === '' && empty === '') open.push(name);
  }
  expect(open).toEqual([]);
  return names;
}

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const count = (names: readonly string[], name: string): number => names.filter((each) => each === name).length;

test.each([
  ['proof', 1],
  ['upstream', 0],
] as const)('isolation: the files of a gate say what the document of --policy %s says', async (policy, exit) => {
  const words = ['isolation', NAME, '--policy', policy, '--json', '--sarif', 'o.sarif', '--junit', 'o.xml'];
  const { status, stdout, stderr } = await stopcopyAt(folder, ...words);
  expect({ status, stderr }).toEqual({ status: exit, stderr: '' });
  const [{ vfs } = { vfs: [] }] = (JSON.parse(stdout) as IsolationDocument).topologies;
  const refused = vfs.filter(({ decisions }) =>
    decisions.some((each) => each.policy === policy && each.verdict === 'refuse'),
  );
  expect(refused.length > 0).toBe(exit === 1);

  const results = resultsOf(read('o.sarif'));
  const places = (of: readonly Result[]): readonly string[] =>
    of.map(({ locations: [at] }) => at.logicalLocations[0].fullyQualifiedName);
  const errors = results.filter(({ ruleId, level }) => ruleId === 'policy' && level === 'error');
  expect(places(errors)).toEqual(refused.map(({ address }) => address));
  const hazards = vfs.flatMap(({ address, paths }) => [...new Set(paths.map(({ hazard }) => `${hazard} ${address}`))]);
  const found = results.filter(({ ruleId }) => ruleId !== 'policy' && ruleId !== 'cpu');
  expect(found.map(({ ruleId }, i) => `${ruleId} ${places(found)[i]}`)).toEqual(hazards);
  expect(hazards.length).toBeGreaterThan(0);
  for (const {
    locations: [at],
  } of results)
    expect(decodeURIComponent(at.physicalLocation!.artifactLocation.uri)).toBe(NAME);

  const elements = elementsOf(read('o.xml'));
  expect(count(elements, 'testcase')).toBe(vfs.length);
  expect(count(elements, 'failure')).toBe(refused.length);
});

test('isolation: without a policy the levels say what can happen and what is at stake', async () => {
  const out = ['--sarif', join(folder, 'o.sarif'), '--junit', join(folder, 'o.xml')];
  const ended = async (name: string): Promise<readonly (readonly string[])[]> => {
    expect((await stopcopy('isolation', name, ...out)).status).toBe(0);
    return resultsOf(read('o.sarif')).map(({ ruleId, level }) => [ruleId, level]);
  };
  // In t12 VFIO opens none of the three VFs; in t03 the clip is missing, and only a VM's own image lies open.
  const closed = await ended('t12');
  expect(new Set(closed.map(([, level]) => level))).toEqual(new Set(['note']));
  expect(count(elementsOf(read('o.xml')), 'skipped')).toBe(3);
  const open = await ended('t03');
  expect(new Set(open.map((each) => each.join(' ')))).toEqual(new Set(['self warning', 'cpu warning']));
  expect(count(elementsOf(read('o.xml')), 'failure')).toBe(2);
  // In t04 the IOMMU is off.
  expect(await ended('t04')).toContainEqual(['unchecked', 'error']);
});

test('check: a result and a failing case for what a replay finds', async () => {
  // The run of docs/check.md.
  const words = [
    'check',
    '--replay',
    '000000000000000000000000000000000000000b',
    '--sarif',
    'c.sarif',
    '--junit',
    'c.xml',
  ];
  const { status } = await stopcopyAt(folder, ...words);
  expect(status).toBe(1);
  const [found, ...others] = resultsOf(read('c.sarif'));
  expect(others).toEqual([]);
  expect(found).toMatchObject({ ruleId: 'state.notResumed', level: 'error' });
  expect(found!.message.text).toMatch(/^R23: .* --replay 000000000000000000000000000000000000000b$/);
  const xml = read('c.xml');
  expect(count(elementsOf(xml), 'failure')).toBe(1);
  expect(xml).toMatch(/name="state\.notResumed"><failure message="R23: /);
});

test('braces are doubled in messages, absolute paths are file URIs, and no file is no physical location', () => {
  const finding = { ruleId: 'r', level: 'note', message: 'a {0} b', at: 'x', flows: [] } as const;
  const [first, second] = resultsOf(
    sarifLog(
      'stopcopy',
      [{ id: 'r', what: 'w', level: 'note' }],
      [
        { ...finding, file: join(folder, NAME), fingerprint: '1' },
        { ...finding, file: null, fingerprint: '2' },
      ],
    ),
  );
  expect(first!.message.text).toBe('a {{0}} b');
  const { uri } = first!.locations[0].physicalLocation!.artifactLocation;
  expect(basename(fileURLToPath(uri))).toBe(NAME);
  expect(second!.locations[0].physicalLocation).toBeUndefined();
});

test('the reader of XML refuses what is none', () => {
  const report = junitReport('n', [{ suite: 's', name: 'c', failure: `<&"'>` }]);
  expect(elementsOf(report)).toEqual(['testsuites', 'testsuite', 'testcase', 'failure']);
  for (const [from, to] of [
    ['&lt;', '<'],
    ['&amp;', '&'],
    ['</testsuite>', ''],
  ] as const) {
    expect(() => elementsOf(report.replace(from, to))).toThrow('no XML');
  }
});
