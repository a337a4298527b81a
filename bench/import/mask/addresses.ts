/**
 * What has a form of its own wherever it stands: UUIDs, MAC and IP addresses, serial numbers, users at hosts. PCI addresses are no names.
 */
import { isIPv4, isIPv6 } from 'node:net';

/** Numbers the different texts of a kind in the order in which they come. */
export class Numbers {
  private readonly seen = new Map<string, number>();

  of(text: string): number {
    const known = this.seen.get(text);
    if (known !== undefined) return known;
    this.seen.set(text, this.seen.size + 1);
    return this.seen.size;
  }
}

interface AddressRule {
  readonly pattern: RegExp;
  /** Undefined: it is none after all. */
  readonly stand: (found: string, number: (text: string) => number) => string | undefined;
}

/** Blocks of addresses for documentation, RFC 5737, and one that no network routes. */
const BLOCKS = ['192.0.2', '198.51.100', '203.0.113'] as const;
const BLOCK_HOSTS = 254;

function ipv4(number: number): string {
  const block = BLOCKS[Math.floor((number - 1) / BLOCK_HOSTS)];
  const host = ((number - 1) % BLOCK_HOSTS) + 1;
  return block === undefined ? `198.18.${(number >> 8) & 255}.${number & 255}` : `${block}.${host}`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}

/** Bytes of an identifier in which the last ones count. */
function bytesOf(number: number, bytes: number, separator: string): string {
  const digits = hex(number, bytes * 2);
  return (digits.match(/../g) ?? []).join(separator);
}

const RULES: readonly AddressRule[] = [
  {
    pattern: /(?<![\w-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![\w-])/gi,
    stand: (found, number) => `00000000-0000-4000-8000-${hex(number(found.toLowerCase()), 12)}`,
  },
  {
    // A project or a user of OpenStack.
    pattern: /(?<![\w-])[0-9a-f]{32}(?![\w-])/gi,
    stand: (found, number) => (/^0+$/.test(found) ? undefined : hex(number(found.toLowerCase()), 32)),
  },
  {
    // A serial number of a PCI function; the mark of no number is kept.
    pattern: /(?<![\w-])(?:[0-9a-f]{2}-){7}[0-9a-f]{2}(?![\w-])/gi,
    stand: (found, number) => (/^(?:00-)+00$/.test(found) ? undefined : bytesOf(number(found.toLowerCase()), 8, '-')),
  },
  {
    pattern: /(?<![\w:.-])(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![\w:-]|\.\d)/gi,
    stand: (found, number) => `02:${bytesOf(number(found.toLowerCase()), 5, ':')}`,
  },
  {
    pattern: /(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)/g,
    stand: (found, number) => (isIPv4(found) && !/^(?:0|127|255)\./.test(found) ? ipv4(number(found)) : undefined),
  },
  {
    pattern:
      /(?<![\w:.])(?:[0-9a-f]{1,4}:){1,7}(?::[0-9a-f]{1,4}){1,6}(?![\w:.])|(?<![\w:.])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:.])/gi,
    stand: (found, number) => (isIPv6(found) ? `2001:db8::${hex(number(found.toLowerCase()), 1)}` : undefined),
  },
  {
    // A user at a host: a prompt of a shell, a mail address.
    pattern: /(?<![\w.@-])[a-z_][\w.+-]*@[a-z][\w.-]*\w/gi,
    stand: (found, number) => `user@host-${number(found.toLowerCase())}`,
  },
  {
    pattern: /(?<=\/home\/)[\w.-]+/g,
    stand: (found, number) => `user-${number(found)}`,
  },
  {
    // Product data of lspci: serial numbers and what the vendor adds to them.
    pattern: /(?<=\[(?:SN|V\w|Y\w)\] [A-Z][\w ()-]*: )\S.*$/g,
    stand: (found, number) => `serial-${number(found)}`,
  },
  {
    // The host in front of a line of syslog.
    pattern: /(?<=^[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} )[\w.-]+(?= \S+:)/g,
    stand: (found, number) => `name-of-host-${number(found)}`,
  },
];

/** Replaces what looks like an address, everywhere in lines. */
export class AddressMask {
  private readonly numbers = RULES.map(() => new Numbers());

  mask(line: string): string {
    let text = line;
    for (const [index, { pattern, stand }] of RULES.entries()) {
      const number = (of: string): number => this.numbers[index]!.of(of);
      text = text.replaceAll(pattern, (found) => stand(found, number) ?? found);
    }
    return text;
  }
}
