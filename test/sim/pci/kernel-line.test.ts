import { describe, expect, test } from 'vitest';

import { ACS, formatAcsBits, parseAcsBits } from '../../../sim/pci/acs.ts';
import { parseAddress } from '../../../sim/pci/address.ts';
import { controlWord, matchesFunction, parseKernelLine } from '../../../sim/pci/kernel-line.ts';
import { parseId } from '../../../sim/pci/pci-id.ts';
import { complaint, example } from './rig.ts';

const PORT = { id: parseId('19e5:a120 rev 21'), upwards: [parseAddress('0000:00:01.0')] };
const CARD = {
  id: parseId('8086:1572 subsystem 8086:0001'),
  upwards: ['0000:03:00.1', '0000:02:04.0', '0000:01:00.0', '0000:00:01.0'].map(parseAddress),
};

/** Names of the bits that are on at the root port 00:01.0 after the parameters of a command line. */
function wordAfter(line: string, words: { can?: string; on?: string; firmware?: string } = {}): string {
  const bits = (text: string): number => parseAcsBits(text)!;
  const { can = 'SV TB RR CR UF EC DT', on = 'SV RR CR UF', firmware = '' } = words;
  return formatAcsBits(
    controlWord(parseKernelLine(line), PORT, { can: bits(can), on: bits(on), firmware: bits(firmware) }),
  );
}

describe('the control word', () => {
  test.each([
    ['nothing', 'root=/dev/sda1 quiet pci=realloc', {}, 'SV RR CR UF'],
    // The last character is bit 0. Example of the reference: 10x is RR on, TB off, SV as firmware.
    ['config_acs, others as firmware', 'pci=config_acs=10x@0000:00:01.0', { firmware: 'SV TB UF' }, 'SV RR UF'],
    ['config_acs, others not as Linux', 'pci=config_acs=10x@0000:00:01.0', {}, 'RR'],
    ['config_acs of another function', 'pci=config_acs=10x@0000:00:02.0', {}, 'SV RR CR UF'],
    ['config_acs, the second of two', 'pci=config_acs=1@00:02.0;00:01.0', {}, 'SV'],
    ['config_acs by IDs', 'pci=noaer,config_acs=11101@pci:19e5:a120', {}, 'SV RR CR UF'],
    ['config_acs by any ID', 'pci=config_acs=1@pci:0:0', {}, 'SV'],
    ['config_acs with a bit that is not there', 'pci=config_acs=1111101@00:01.0', { can: 'SV RR', on: 'SV' }, 'SV RR'],
    ['disable_acs_redir', 'pci=disable_acs_redir=00:01.0', { firmware: 'SV TB RR EC UF' }, 'SV TB UF'],
    ['disable_acs_redir, which takes SV and UF back too', 'pci=disable_acs_redir=pci:19e5:0', {}, 'none'],
    ['noats', 'pci=noats', {}, 'SV TB RR CR UF'],
    ['noats without TB', 'pci=noats', { can: 'SV RR CR UF' }, 'SV RR CR UF'],
  ])('after %s', (_, line, words, bits) => expect(wordAfter(line, words)).toBe(bits));

  test('is the same when the parameters are applied to what they gave', () => {
    for (const line of ['pci=config_acs=10x@00:01.0', 'pci=disable_acs_redir=00:01.0', 'pci=noats']) {
      const once = wordAfter(line, { firmware: 'SV UF' });
      expect(wordAfter(line, { on: once, firmware: once })).toBe(once);
    }
  });
});

test.each([
  ['00:01.0/00.0/04.0/00.1', true],
  ['01:00.0/04.0/00.1', true],
  ['03:00.1', true],
  ['0000:03:00.1', true],
  ['0001:03:00.1', false],
  ['00:01.0/00.0/04.0/00.0', false],
  ['00:01.0/00.1', false],
  ['02:04.0/04.0/00.1', false],
  ['pci:8086:1572', true],
  ['pci:8086:0', true],
  ['pci:8086:1572:8086:0001', true],
  ['pci:8086:1572:8086:0002', false],
])('the function pattern %s fits the second function of the card: %s', (pattern, fits) => {
  const [found] = parseKernelLine(`pci=disable_acs_redir=${pattern}`).disableRedirect;
  expect(matchesFunction(found!, CARD)).toBe(fits);
});

test('pcie_acs_override has three kinds of options', () => {
  expect(parseKernelLine('a pcie_acs_override=downstream,id:1B4B:9215,multifunction b').override).toEqual({
    downstream: true,
    multifunction: true,
    ids: [{ vendor: 0x1b4b, device: 0x9215 }],
  });
});

test.each([
  ['pcie_acs_override=upstream', "commandLine has 'upstream' | Linux takes downstream, multifunction and id:vvvv:dddd"],
  ['pci=config_acs=101', "commandLine has '101' | Linux takes up to 7 characters out of 0, 1 and x"],
  ['pci=config_acs=00000001@00:01.0', "has '00000001@00:01.0'"],
  ['pci=disable_acs_redir=here', "has 'here' | Linux takes [domain:]bus:device.function"],
])('%s is refused', (commandLine, sentence) => {
  expect(complaint('t28-override', { commandLine })).toContain(sentence);
});

test('parameters change the fabric, and the override does not', () => {
  const portBits = (commandLine: string): number => example('t08-card-under-root-port', { commandLine }).portAcs[0]!;
  expect(portBits('pci=disable_acs_redir=00:01.0') & ACS.RR).toBe(0);
  expect(portBits('pcie_acs_override=downstream')).toBe(portBits('quiet'));
});
