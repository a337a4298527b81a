/**
 * Written boards as lspci prints them: in blocks, to root or to others, and as a tree.
 */
import type { WrittenBoard } from './written-boards.ts';

const TYPES: Readonly<Record<string, string>> = {
  rp: 'Root Port',
  usp: 'Upstream Port',
  dsp: 'Downstream Port',
  ep: 'Endpoint',
  rciep: 'Root Complex Integrated Endpoint',
  rcec: 'Root Complex Event Collector',
  p2pb: 'PCI-Express to PCI/PCI-X Bridge',
};
const WORDS = ['SrcValid', 'TransBlk', 'ReqRedir', 'CmpltRedir', 'UpstreamFwd', 'EgressCtrl', 'DirectTrans'];
/** Capability and control, bit by bit in the order of {@link WORDS}. */
const ACS: Readonly<Record<string, readonly [can: string, on: string]>> = {
  F: ['+++++-+', '+-+++--'],
  off: ['+++++-+', '-------'],
  sv: ['+++++-+', '+------'],
  noUF: ['++++---', '+-++---'],
  noCR: ['+++-+-+', '+-+-+--'],
  e: ['-------', '-------'],
};

interface WrittenFunction {
  readonly address: string;
  readonly type: string;
  readonly id: string;
  readonly buses: readonly [string, string] | undefined;
  readonly acs: string | undefined;
  readonly vfs: number;
  readonly hasSlot: boolean;
  readonly driver: string | undefined;
  readonly isVf: boolean;
}

function withDomain(address: string): string {
  return address.length > 7 ? address : `0000:${address}`;
}

/** The functions of a board, with their VFs. */
function functionsOf({ functions }: WrittenBoard): readonly WrittenFunction[] {
  const lines = functions.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [at = '', type = '', id = '', ...words] = line.split(' ');
      const range = words.find((word) => /^[0-9a-f]{2}-[0-9a-f]{2}$/.test(word));
      const vfs = Number(words.find((word) => /^v\d+$/.test(word))?.slice(1) ?? 0);
      const acs = words.find((word) => Object.hasOwn(ACS, word));
      const driver = words.find((word) => word !== range && word !== acs && word !== 'noslot' && !/^v\d+$/.test(word));
      const pf: WrittenFunction = {
        address: withDomain(at),
        type,
        id,
        buses: range === undefined ? undefined : [range.slice(0, 2), range.slice(3)],
        acs,
        vfs,
        hasSlot: !words.includes('noslot'),
        driver,
        isVf: false,
      };
      // Offset and stride 1 put VF n at PF + n; in a slot with other PFs the offset leaves room for them.
      const others = lines.filter((other) => other.startsWith(at.slice(0, -1))).length;
      const virtual = Array.from({ length: vfs }, (_, n): WrittenFunction => {
        const devfn = others + n;
        const place = `${(devfn >> 3).toString(16).padStart(2, '0')}.${devfn & 7}`;
        const address = pf.address.replace(/[0-9a-f]{2}\.[0-7]$/, place);
        return { ...pf, address, acs: undefined, vfs: 0, driver: 'vfio-pci', isVf: true };
      });
      return [pf, ...virtual];
    });
}

/** All groups of a board, in one form. */
export function groupsOfBoard(board: WrittenBoard): readonly string[] {
  const together = board.together.map((group) => group.split(' ').map(withDomain));
  const named = new Set(together.flat());
  const alone = functionsOf(board).flatMap(({ address }) => (named.has(address) ? [] : [address]));
  return [...together.map((group) => group.toSorted().join(' ')), ...alone].toSorted();
}

function acsLines(acs: string | undefined): string {
  if (acs === undefined) return '';
  const [can, on] = ACS[acs]!.map((bits) => WORDS.map((word, i) => `${word}${bits[i]!}`).join(' '));
  return `\tCapabilities: [1f0 v1] Access Control Services\n\t\tACSCap:\t${can}\n\t\tACSCtl:\t${on}\n`;
}

function sriovLines({ vfs, address }: WrittenFunction, offset: number): string {
  if (vfs === 0) return '';
  return (
    '\tCapabilities: [2a0 v1] Single Root I/O Virtualization (SR-IOV)\n' +
    '\t\tIOVCap:\tMigration- 10BitTagReq- Interrupt Message Number: 000\n' +
    `\t\tIOVCtl:\tEnable+ Migration- Interrupt- MSE+ ARIHierarchy${address.endsWith('.0') ? '+' : '-'} 10BitTagReq-\n` +
    '\t\tIOVSta:\tMigration-\n' +
    `\t\tInitial VFs: ${vfs}, Total VFs: ${vfs}, Number of VFs: ${vfs}, Function Dependency Link: 00\n` +
    `\t\tVF offset: ${offset}, stride: 1, Device ID: 10ed\n` +
    '\t\tSupported Page Size: 00000553, System Page Size: 00000001\n'
  );
}

/** What is printed of one function. */
interface Printing {
  /** Whether capabilities are shown, or `<access denied>`. */
  readonly root: boolean;
  /** Group numbers by address; absent: no group lines, as before pciutils 3.7. */
  readonly groups?: ReadonlyMap<string, number>;
}

function functionText(fn: WrittenFunction, all: readonly WrittenFunction[], { root, groups }: Printing): string {
  const { address, type, id, buses, acs, driver, hasSlot, isVf } = fn;
  const what =
    buses !== undefined ? 'PCI bridge [0604]' : type === 'conv' ? 'Host bridge [0600]' : 'Ethernet controller [0200]';
  const isShort = all.every((each) => each.address.startsWith('0000:'));
  const lines = [
    `${isShort ? address.slice(5) : address} ${what}: ${nameOf(fn)} [${isVf ? '19e5:10ed' : id}] (rev 21)`,
    `\tControl: I/O- Mem+ BusMaster+ SpecCycle- MemWINV- VGASnoop- ParErr- Stepping- SERR- FastB2B- DisINTx-`,
    `\tStatus: Cap+ 66MHz- UDF- FastB2B- ParErr- DEVSEL=fast >TAbort- <TAbort- <MAbort- >SERR- <PERR- INTx-`,
  ];
  const group = groups?.get(address);
  if (group !== undefined) lines.push(`\tIOMMU group: ${group}`);
  if (buses !== undefined) {
    const primary = address.slice(-7, -5);
    lines.push(`\tBus: primary=${primary}, secondary=${buses[0]}, subordinate=${buses[1]}, sec-latency=0`);
  }
  if (!root) lines.push('\tCapabilities: <access denied>');
  else lines.push('\tCapabilities: [40] Power Management version 3');
  const slot = type === 'rp' || type === 'dsp' ? ` (Slot${hasSlot ? '+' : '-'})` : '';
  let text = `${lines.join('\n')}\n`;
  if (root && TYPES[type] !== undefined) text += `\tCapabilities: [70] Express (v2) ${TYPES[type]}${slot}, MSI 00\n`;
  if (root) text += acsLines(acs);
  if (root) text += sriovLines(fn, all.filter((each) => !each.isVf && sameSlot(each, fn)).length - indexIn(fn, all));
  if (driver !== undefined) text += `\tKernel driver in use: ${driver}\n`;
  return text;
}

function nameOf({ driver }: WrittenFunction): string {
  return driver === 'vmd' ? 'Intel Corporation Volume Management Device NVMe RAID Controller' : 'Maker Part';
}

function sameSlot(a: WrittenFunction, b: WrittenFunction): boolean {
  return a.address.slice(0, -1) === b.address.slice(0, -1);
}

/** How many functions of its slot stand before one. */
function indexIn(fn: WrittenFunction, all: readonly WrittenFunction[]): number {
  return all.filter((each) => !each.isVf && sameSlot(each, fn) && each.address < fn.address).length;
}

/** A board as `lspci -nn -vvv` prints it. */
export function lspciOf(board: WrittenBoard, printing: Printing): string {
  const functions = functionsOf(board).toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  return `${functions.map((each) => functionText(each, functions, printing)).join('\n')}\n`;
}

/** As `lspci -tv` prints it. */
export function lspciTreeOf(board: WrittenBoard): string {
  const functions = functionsOf(board).toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  const busOf = (address: string): string => address.slice(0, -5);
  const below = (front: string, bus: string): string[] =>
    branched(
      front,
      functions
        .filter(({ address }) => busOf(address) === bus)
        .map((fn) => {
          const { address, buses } = fn;
          if (buses === undefined) return [`${address.slice(-4)}  ${nameOf(fn)}`];
          const range = buses[0] === buses[1] ? buses[0] : buses.join('-');
          return below(`${address.slice(-4)}-[${range}]-`, `${bus.slice(0, -2)}${buses[0]}`);
        }),
    );
  const secondaries = new Set(
    functions.flatMap(({ address, buses }) => (buses === undefined ? [] : [`${address.slice(0, -7)}${buses[0]}`])),
  );
  const roots = [...new Set(functions.map(({ address }) => busOf(address)))].filter((bus) => !secondaries.has(bus));
  return `${roots.flatMap((bus) => below(`-[${bus}]-`, bus)).join('\n')}\n`;
}

/** Branches, each of one or more lines, after what stands in front of them. */
function branched(front: string, branches: readonly (readonly string[])[]): string[] {
  const [only, ...others] = branches;
  if (only === undefined) return [front];
  const blank = ' '.repeat(front.length);
  if (others.length === 0) return only.map((line, j) => `${j === 0 ? `${front}---` : `${blank}   `}${line}`);
  return branches.flatMap((branch, i) => {
    const isLast = i === branches.length - 1;
    return branch.map((line, j) => {
      if (i === 0 && j === 0) return `${front}-+-${line}`;
      return `${blank} ${j > 0 ? (isLast ? '  ' : '| ') : isLast ? '\\-' : '+-'}${line}`;
    });
  });
}

function key({ address }: WrittenFunction): string {
  return address.padStart(13, '0');
}
