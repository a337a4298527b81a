/**
 * Lines that the probes of `--collect driver` print: `arc TID to=N us=N`, `mailbox cmd=0xN us=N ret=N`, `FUNCTION us=N`.
 */
import { MIG_STATE_NAMES } from '../../../sim/abi/vfio.ts';
import { NS_PER_US } from '../../../sim/base/units.ts';
import { numbered } from '../numbered.ts';
import { addFindings, type Finding, type Reader, Room } from '../reader.ts';
import { type DriverFile, EMPTY_DRIVER_FILE, functionName, type FunctionTime } from './facts.ts';

const ARC = /^arc (\d{1,10}) to=(\d{1,3}) us=(\d{1,12})\s*$/;
const MAILBOX = /^mailbox cmd=(0x[\da-f]{1,16}|\d{1,10}) us=(\d{1,12}) ret=(-?\d+)\s*$/i;
/** Newer versions print the name of a function with its address. */
const FUNCTION = /^(?:0x[\da-f]+ )?([a-z_]\w*)(?:\+\S+)? us=(\d{1,12})\s*$/i;

const CALLS_MAX = 100_000;

export const PROBES: Reader<DriverFile, 'driver'> = {
  id: 'driver-probes',
  title: 'lines of the bpftrace probes of --collect driver',
  kind: 'driver',
  sniff(head) {
    return head.split('\n').some((text) => ARC.test(text) || MAILBOX.test(text)) ? 0.95 : 0;
  },
  read(lines) {
    const functions: FunctionTime[] = [];
    const arcs: object[] = [];
    const room = new Room(CALLS_MAX, 'calls');
    const findings: Finding[] = [{ kind: 'read', text: 'a probe adds 1 to 2 µs to each call; times are whole µs' }];
    let unread = 0;
    let firstUnread = 0;
    for (const { text, line } of numbered(lines)) {
      const [, task, to, arcUs] = ARC.exec(text) ?? [];
      const [, command, mailboxUs, ret] = MAILBOX.exec(text) ?? [];
      const [, name, us] = FUNCTION.exec(text) ?? [];
      if ((task ?? command ?? name) !== undefined && !room.take(line)) continue;
      const call = { task: 0, startNs: null, depth: 1, line };
      if (task !== undefined) {
        functions.push({ ...call, name: 'hisi_acc_vfio_pci_set_device_state', task: Number(task), durationNs: Number(arcUs) * NS_PER_US, depth: 0, argument: Number(to) }); // prettier-ignore
        arcs.push({ pid: Number(task), to: MIG_STATE_NAMES[Number(to)] ?? to, tookUs: Number(arcUs) });
      } else if (command !== undefined) {
        if (Number(ret) !== 0) addFindings(findings, { kind: 'warning', line, text: `the mailbox command failed with ${ret}: its time is no cost` }); // prettier-ignore
        else functions.push({ ...call, name: 'hisi_qm_mb', durationNs: Number(mailboxUs) * NS_PER_US, argument: Number(command) }); // prettier-ignore
      } else if (name !== undefined) {
        functions.push({ ...call, name: functionName(name), durationNs: Number(us) * NS_PER_US });
      } else if (text.trim() !== '' && !/^(?:Attaching|@)/.test(text)) {
        unread += 1;
        firstUnread ||= line;
      }
    }
    room.note(findings);
    if (unread > 0)
      addFindings(findings, { kind: 'unused', line: firstUnread, text: `${unread} lines that no probe prints` });
    return {
      format: 'bpftrace probes of the driver',
      facts: { ...EMPTY_DRIVER_FILE, functions, said: { arcs } },
      findings,
      unknown: ['which device'],
    };
  },
};
