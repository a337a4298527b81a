import { expect, test } from 'vitest';

import type { IsolationDocument } from '../../../../bench/documents/isolation/document.ts';
import { isolationSection } from '../../../../bench/documents/isolation/page.ts';
import { sectionsPage } from '../../../../bench/show/page.ts';
import { fixtureDocument } from '../../studies/isolation/fixture.ts';
import { stating } from '../../../stating.ts';

function isolationPage(shown: IsolationDocument): string {
  return sectionsPage([{ name: 'isolation.json', section: isolationSection(shown) }]);
}

const document = fixtureDocument();
const page = isolationPage(document);

test('nothing on the page comes from elsewhere', () => {
  expect(/https?:|\/\/[a-z]|[\s:'"]url\((?!#)|<link|<img|<iframe|@import|\ssrc=/i.exec(page)?.[0]).toBeUndefined();
  expect(page).toContain("default-src 'none'");
});

test('the document is embedded whole, and its text is text', () => {
  const json = /<script type="application\/json" id="r0-json">(.*?)<\/script>/s.exec(page)?.[1];
  expect(JSON.parse(json ?? '')).toEqual(document);
  expect(page).toContain('A card &lt;below&gt; a switch');
  expect(page).not.toMatch(/<below>|card <1>/);
  const nasty = fixtureDocument({ title: '</script><script>alert(1)' });
  expect(isolationPage(nasty).includes('<script>alert')).toBe(false);
});

test('the drawing has its words and its tables next to it', () => {
  expect(page).toMatch(
    /<div class="pci-tree" role="group" aria-labelledby="r0-t0-drawn"\s+aria-describedby="r0-t0-words"/,
  );
  const description = /<p class="unseen" id="r0-t0-words">(.*?)<\/p>/s.exec(page)?.[1] ?? '';
  for (const words of ['1: at 0000:03:00.2, sends it', '3: at 0000:02:00.0', 'UF off']) {
    expect(description).toContain(words);
  }
  expect(page).toContain('What is drawn, row by row');
  expect(page).toMatch(stating('0000:03:00.2 (vm2)', 'control area', '0000:03:00.1 (vm1)', 'DMA'));
});

test.each([
  'which tenants reach its control area',
  'Every access tried',
  'IOMMU groups, as Linux 7.3 builds them',
  'What each policy says',
  'switch on UF of downstream port 0000:02:00.0',
  'turnaround = &quot;loopback&quot;',
])('the page has: %s', (words) => {
  expect(page).toContain(words);
});

test('the page says what a refusal rests on that nobody has said, and which groups the kernel has', () => {
  const named = { group: 4, members: ['0000:03:00.1'] };
  const conditions = [
    { field: 'turnaround', of: '', value: 'ur', places: 1, question: 'what it does', ask: 'its maker' },
  ];
  const [{ vfs } = { vfs: [] }] = document.topologies;
  const asked = fixtureDocument({
    vfs: vfs.map((vf) => ({ ...vf, decisions: vf.decisions.map((each) => ({ ...each, remedy: null })) })),
    loadsIf: [{ policy: 'proof', vfs: ['0000:03:00.1'], conditions }],
    kernelGroups: {
      compared: 3,
      same: 2,
      differences: [{ kernel: [named], rules: [], why: 'of a quirk' }],
      notCompared: [],
    },
    imported: [{ kind: 'asked', text: 'the IOMMU is off', file: 'a.txt' }],
  });
  const shown = isolationPage(asked);
  for (const words of ['would load', 'turnaround is ur', 'of a quirk', 'the IOMMU is off', 'Of 3 groups']) {
    expect(shown).toContain(words);
    expect(page).not.toContain(words);
  }
});

test('ids are unique, also with two topologies, which then have links', () => {
  const [topology] = document.topologies;
  const both = isolationPage({ ...document, topologies: [topology!, topology!] });
  const ids = [...both.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(both).toContain('href="#r0-t1"');
  expect(both).toContain('<title>Isolation: 2 topologies</title>');
});

test('light, dark and paper: the drawing takes its colours from the page', () => {
  expect(page).toMatch(/prefers-color-scheme: dark/);
  expect(page).toMatch(/\.pci-tree \.node\.passed \{ border-color: var\(--c2\)/);
});

test('a topology without VFs, and one where nothing arrives, still make a page', () => {
  const empty = isolationPage(fixtureDocument({ vfs: [], assumed: [] }));
  expect(empty).toMatch(stating('no VF'));
  expect(empty).not.toContain('class="hop"');
  const safe = document.topologies[0]!.vfs.map((vf) => ({
    ...vf,
    dma: { self: 'no' as const, other: 'no' as const },
    possible: { self: 'no' as const, other: 'no' as const },
    paths: [],
    decisions: vf.decisions.map((decision) => ({ ...decision, remedy: null })),
  }));
  const closed = isolationPage(fixtureDocument({ vfs: safe }));
  expect(closed).toMatch(stating('No DMA', 'migration control area'));
  expect(closed).not.toContain('lead warning');
});

test('many ways are listed up to a number, and the rest is in the document', () => {
  const [vf] = document.topologies[0]!.vfs;
  const many = { ...vf!, paths: Array.from({ length: 60 }, () => vf!.paths[0]!) };
  expect(isolationPage(fixtureDocument({ vfs: [many] }))).toMatch(stating('10 more', 'JSON'));
});
