/**
 * Names of VMs, hosts, tenants and flavors: collected where a field says that it is one, and replaced there and wherever else
 * they stand.
 */
import { plainName } from '../fleet/fields.ts';
import { Numbers } from './addresses.ts';

/** Fields whose text is a name, without case, blanks and underscores. */
const FIELDS: ReadonlySet<string> = new Set(
  `name namespace generatename displayname hostname host node nodename domain vmname vminame vmi vmim
  migrationname pod podname sourcepod targetpod container sourcenode targetnode sourcehost targethost
  dsthost desthost destnode sourcecompute destcompute hypervisorhostname servicehost osextsrvattrhost
  osextsrvattrhypervisorhostname osextsrvattrinstancename flavor flavorname originalname keyname
  userid projectid tenantid tlshostname tlscreds kubernetesiohostname kubevirtionodename
  vmkubevirtioname ownername imagename description comment pool tags`.split(/\s+/),
);

/** Columns of tables (CSV) whose cells are names. */
const COLUMNS: ReadonlySet<string> = new Set(
  `vm vmname name server instance instancename domain guest owner tenant project user host hostname
  node nodename hypervisor hypervisorhostname esxhost computehost`.split(/\s+/),
);

/** Values that other rules replace, or that are none. */
const NO_NAME =
  /^(?:|-|none|null|true|false|\d+|\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i;
/** Names that may stand anywhere without being a word of a format. */
const TELLING = /^(?=.*[\d_-])[A-Za-z][\w.-]{3,}$/;
/** Fields whose text is the name of a host: plain words are replaced too, wherever they stand. */
const HOSTS: ReadonlySet<string> = new Set(
  `hostname host node nodename sourcenode targetnode sourcehost targethost dsthost desthost destnode sourcecompute destcompute
  hypervisorhostname servicehost osextsrvattrhost osextsrvattrhypervisorhostname kubernetesiohostname kubevirtionodename
  hypervisor esxhost computehost`.split(/\s+/),
);
const PLAIN = /^[A-Za-z]{4,}$/;
/** Words of formats, which stay whatever a host is called. */
const WORDS: ReadonlySet<string> = new Set(
  `migration migrate migrating memory running active completed complete failed error status state downtime limit speed average
  transferred remaining total normal zero pages page bytes device devices host hosts node nodes name names server source target
  dest destination compute service enabled disabled online offline virtual machine qemu kvm vfio iommu kernel driver bridge
  controller processing accelerators ethernet memory start starting stopped stop task info debug warning time setup iteration
  precopy postcopy precopy transfer bandwidth event timestamp return data rate dirty link unknown none null true false master worker
  control default internal local remote cluster region zone rack admin root test prod production storage network duration
  finished successfully precopy cloud hypervisor hypervisor libvirt nova openstack kubevirt proxmox tunnel online live unix
  capabilities parameters cachesize command type kind spec domain items list running paused`.split(/\s+/),
);

/** Texts after a quote in logs of Proxmox VE, and hosts and pods of messages. */
const QUOTED = [/\bnode '([^']+)'/g, /\bVMI ([\w.-]+\/[\w.-]+)\b/g] as const;

const JSON_FIELD = /"((?:[^"\\]|\\.){1,80})"(\s*:\s*)"((?:[^"\\]|\\.)*)"/g;
const YAML_FIELD = /^(\s*(?:- )*)(["']?)([\w./-]{1,80})\2(:\s+)(["']?)([^"'#{}[\],]+?)\5(\s*)$/;
const TABLE_FIELD = /^(\|\s*)([^|]{1,80}?)(\s*\|\s*)([^|]*?)(\s*\|\s*)$/;
const LABEL = /([A-Za-z_]\w*)(=")((?:[^"\\]|\\.)*)"/g;
const TOKEN = /[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*/g;
const SEPARATOR = /([-_.])/;
/** Parts of a token among which a name is looked for. */
const PARTS_MAX = 24;

/** Names of one or several files, in order. */
export class NameMask {
  private readonly numbers = new Numbers();
  private readonly domains = new Numbers();
  private readonly telling = new Set<string>();
  /** Words that are names of hosts, and those that some other field has. */
  private readonly plain = new Set<string>();
  private readonly others = new Set<string>();
  /** Columns of the table that is read; undefined: it is none. */
  private columns:
    | { readonly separator: string; readonly names: readonly boolean[]; readonly hosts: readonly boolean[] }
    | undefined;
  private line = 0;

  /** Begins a file, or reads it again. */
  begin(): void {
    this.columns = undefined;
    this.line = 0;
  }

  /** Takes the names of a line, without replacing them. */
  collect(line: string): void {
    this.inFields(line, (name, isHost) => {
      if (isHost && PLAIN.test(name) && !WORDS.has(name.toLowerCase())) this.plain.add(name);
      if (TELLING.test(name)) this.telling.add(name);
      // Names of hosts with their domain are also said without it.
      const short = name.split('.', 1)[0]!;
      if (name.includes('.') && TELLING.test(short)) this.telling.add(short);
      return name;
    });
  }

  mask(line: string): string {
    return this.everywhere(this.inFields(line, (name) => this.standIn(name)));
  }

  /** Words by which a name is replaced: host and domain apart. */
  private standIn(name: string): string {
    if (/^[\w-]+(?:\.[\w-]+)+$/.test(name) && /[a-z]/i.test(name)) {
      const [short, ...domain] = name.split('.');
      return `${this.standIn(short!)}.d${this.domains.of(domain.join('.'))}.example`;
    }
    const isMasked = /^(?:name-\d+|user@host-\d+)$/.test(name);
    return isMasked ? name : `name-${this.numbers.of(name)}`;
  }

  /** Replaces the names that fields of the line have. */
  private inFields(line: string, stand: (name: string, isHost: boolean) => string): string {
    this.line += 1;
    const value = (field: string, text: string): string | undefined => {
      const plain = plainName(field);
      this.others.add(field);
      if (!FIELDS.has(plain) || NO_NAME.test(text)) {
        if (PLAIN.test(text)) this.others.add(text);
        return undefined;
      }
      // `m1.large (1b2…)`
      const [, name = text, rest = ''] = /^(.*?)( \([^()]*\))?$/.exec(text) ?? [];
      return `${stand(name, HOSTS.has(plain))}${rest}`;
    };
    let text = this.inTable(line, stand);
    if (text.includes('"')) {
      text = text.replaceAll(JSON_FIELD, (all, field: string, colon: string, given: string) => {
        const masked = value(field, given);
        return masked === undefined ? all : `"${field}"${colon}"${masked}"`;
      });
      text = text.replaceAll(LABEL, (all, field: string, equals: string, given: string) => {
        const masked = value(field, given);
        return masked === undefined ? all : `${field}${equals}${masked}"`;
      });
    } else if (text.startsWith('|')) {
      text = text.replace(TABLE_FIELD, (all, a: string, field: string, b: string, given: string, c: string) => {
        const masked = value(field, given);
        return masked === undefined ? all : `${a}${field}${b}${masked}${c}`;
      });
    } else {
      text = text.replace(
        YAML_FIELD,
        (all, lead: string, mark: string, field: string, colon: string, quote: string, given: string, end: string) => {
          const masked = value(field, given);
          return masked === undefined ? all : `${lead}${mark}${field}${mark}${colon}${quote}${masked}${quote}${end}`;
        },
      );
    }
    for (const pattern of QUOTED)
      text = text.replaceAll(pattern, (all, name: string) => all.replace(name, stand(name, pattern === QUOTED[0])));
    return text;
  }

  /** Cells of a table whose column is one of names. */
  private inTable(line: string, stand: (name: string, isHost: boolean) => string): string {
    if (line.trim() === '' || line.startsWith('#')) return line;
    if (this.columns === undefined) {
      const separator = [',', ';', '\t'].find((each) => line.split(each).length > 2) ?? ',';
      const names =
        /^[\w"]/.test(line) && !/[{}[\]:]/.test(line)
          ? line.split(separator).map((each) => COLUMNS.has(plainName(each)))
          : [];
      const hosts = line.split(separator).map((each) => HOSTS.has(plainName(each)));
      this.columns = { separator, names: names.length > 2 ? names : [], hosts };
      return line;
    }
    const { separator, names, hosts } = this.columns;
    if (!names.includes(true)) return line;
    const cells = line.match(separator === '\t' ? /(?:"(?:[^"]|"")*"|[^\t"]*)(?:\t|$)/g : separator === ';' ? /(?:"(?:[^"]|"")*"|[^;"]*)(?:;|$)/g : /(?:"(?:[^"]|"")*"|[^,"]*)(?:,|$)/g) ?? []; // prettier-ignore
    return cells
      .map((cell, at) => {
        const [, lead = '', quote = '', text = '', end = ''] = /^(\s*)("?)(.*?)\2(\s*[,;\t]?)$/.exec(cell) ?? [];
        return names[at] === true && !NO_NAME.test(text)
          ? `${lead}${quote}${stand(text, hosts[at] === true)}${quote}${end}`
          : cell;
      })
      .join('');
  }

  /** Replaces names that were collected, alone or as a part of a longer word. */
  private everywhere(line: string): string {
    if (this.telling.size + this.plain.size === 0) return line;
    return line.replaceAll(TOKEN, (token) => {
      if (this.telling.has(token) || (this.plain.has(token) && !this.others.has(token))) return this.standIn(token);
      if (!token.includes('-') && !token.includes('.') && !token.includes('_')) return token;
      return this.inToken(token);
    });
  }

  private inToken(token: string): string {
    const parts = token.split(SEPARATOR);
    if (parts.length > PARTS_MAX) return token;
    for (let length = parts.length; length > 0; length -= 2) {
      for (let from = 0; from + length <= parts.length; from += 2) {
        const name = parts.slice(from, from + length).join('');
        if (!this.telling.has(name) && !(this.plain.has(name) && !this.others.has(name))) continue;
        const [before, after] = [parts.slice(0, from).join(''), parts.slice(from + length).join('')];
        return `${before}${this.standIn(name)}${after}`;
      }
    }
    return token;
  }
}
