/**
 * Fields of a question that its ask does not read. Version 2 refuses them; of version 1 they are left out, and the user is
 * notified.
 */
import { fieldPath } from '../base/schema.ts';
import { dependsOnQueues, type DeviceProfile } from '../memory/device-profile.ts';
import { queuelessPhrase } from '../scenario/compile.ts';
import { type Question, type QuestionOf, type QuestionVm, questionVmSchema } from './question.ts';

type Path = readonly (string | number)[];
type Profiles = ReadonlyMap<string, DeviceProfile>;

/** A field that is given, and that the answer does not depend on. */
export interface UnreadOfAsk {
  readonly path: Path;
  /** The path as it is written: `vm.devices[0].driver`. */
  readonly field: string;
  readonly why: string;
  readonly hint: string;
}

/** A VM that says nothing that it need not. */
const PLAIN: QuestionVm = questionVmSchema.parse({
  vcpus: 1,
  memory: { size: '4KiB' },
  stream: { gigabitsPerSecond: 1 },
  devices: [{ profile: 'any' }],
});

/** How a VM moves once it does. */
const OF_MOVES: readonly Path[] = [
  ['memory', 'nonZeroShare'],
  ['memory', 'page'],
  ['memory', 'dirty'],
  ['memory', 'tail'],
  ['memory', 'dma', 'bytesPerSecond'],
  ['memory', 'dma', 'buffers'],
  ['memory', 'dma', 'page'],
  ['stream', 'latency'],
  ['stream', 'tls'],
  ['stream', 'compression'],
  ['stream', 'compressionRatio'],
  ['stream', 'engines'],
  ['stream', 'preallocated'],
  ['convergence', 'steps'],
  ['convergence', 'timeout'],
  ['convergence', 'rounds'],
  ['parallelDevices'],
  ['vhost'],
  ['cpu'],
];

/** The same of one of its devices. */
const OF_DEVICE_MOVES = ['state', 'load', 'depths', 'driver', 'inFlight', 'engine'] as const;

/** Gates that matter once a move runs. */
const GATES = ['stallDetection', 'downtimeTuning', 'maxDowntime'] as const;

const OF_ACCELERATORS = ['hardware', 'freeQueues', 'queuesPerVf'] as const;

/**
 * The fields that the ask of a question does not read, in the order of the document.
 *
 * @param question as it was read, before what stands at its head is put into its VMs
 * @param profiles by the words of its devices; without one, nothing is said of what depends on it
 */
export function unreadByAsk(question: Question, profiles: Profiles): readonly UnreadOfAsk[] {
  switch (question.ask) {
    case 'evacuate':
      return question.fleet.vms.flatMap(({ vm }, index) => returnPathOf(vm, ['fleet', 'vms', index, 'vm']));
    case 'room':
      return [...returnPathOf(question.vm, ['vm']), ...unreadInRoom(question, profiles)];
    case 'compare':
      return [...returnPathOf(question.vm, ['vm']), ...queuesOf(question.vm, profiles), ...unreadInCompare(question)];
    default:
      return [...returnPathOf(question.vm, ['vm']), ...queuesOf(question.vm, profiles)];
  }
}

/** The sentence on a field that is not read. */
export function unreadSentence({ field, why }: UnreadOfAsk): string {
  return `${field} is given, and ${why}`;
}

function returnPathOf({ returnPath, switchoverAck }: QuestionVm, at: Path): readonly UnreadOfAsk[] {
  if (returnPath === undefined || switchoverAck) return [];
  return [
    unread(
      [...at, 'returnPath'],
      'without switchoverAck no answer of a plan depends on it',
      'Leave it out; stopcopy run prints what QEMU calls downtime with and without it.',
    ),
  ];
}

/** Queues of devices whose moves do not depend on them. */
function queuesOf({ devices }: QuestionVm, profiles: Profiles): readonly UnreadOfAsk[] {
  return devices.flatMap(({ profile: word, queues }, index) => {
    const profile = profiles.get(word);
    if (queues === PLAIN.devices[0]!.queues || profile === undefined || dependsOnQueues(profile)) return [];
    return [unread(['vm', 'devices', index, 'queues'], queuelessPhrase(word), 'Leave it out.')];
  });
}

/** Queues that no host of `room` counts. */
function queuesInRoom({ vm, hosts }: QuestionOf<'room'>, profiles: Profiles): readonly UnreadOfAsk[] {
  const hasTables = hosts.some(({ kind }) => kind !== 'other');
  return vm.devices.flatMap(({ profile: word, kind, queues }, index) => {
    if (queues === PLAIN.devices[0]!.queues) return [];
    const profile = profiles.get(word);
    const isCounted = kind !== undefined || profile === undefined || profile.kind !== undefined;
    if (hasTables && isCounted) return [];
    const why = hasTables
      ? `profile ${word} is no accelerator, whose VFs alone come from a table of queues`
      : 'no host has VFs of accelerators, which alone come from a table of queues';
    return [unread(['vm', 'devices', index, 'queues'], why, 'Leave it out.')];
  });
}

function unreadInRoom(question: QuestionOf<'room'>, profiles: Profiles): readonly UnreadOfAsk[] {
  const { vm, hosts, kubevirt } = question;
  const unasked = (path: Path): UnreadOfAsk =>
    unread(path, 'ask: room does not depend on how a VM moves', 'Leave it out.');
  const ofVm = OF_MOVES.filter((path) => differs(vm, PLAIN, path)).map((path) => unasked(['vm', ...path]));
  const ofDevices = vm.devices.flatMap((device, index) =>
    OF_DEVICE_MOVES.filter((name) => device[name] !== undefined).map((name) => unasked(['vm', 'devices', index, name])),
  );
  const ofGates = [
    { of: kubevirt, at: ['kubevirt'] },
    { of: vm.kubevirt, at: ['vm', 'kubevirt'] },
  ].flatMap(({ of, at }) =>
    GATES.filter((name) => of?.[name] !== undefined && of[name] !== false).map((name) => unasked([...at, name])),
  );
  const ofHosts = hosts.flatMap((host, index) =>
    OF_ACCELERATORS.filter((name) => host.kind === 'other' && host[name] !== undefined).map((name) =>
      unread(
        ['hosts', index, name],
        `kind is other: only VFs of accelerators have a version of hardware and come from a table of queues`,
        'Leave it out; freeVfs counts VFs of any kind.',
      ),
    ),
  );
  return [...ofVm, ...ofDevices, ...queuesInRoom(question, profiles), ...ofGates, ...ofHosts];
}

function unreadInCompare({ vm, variants }: QuestionOf<'compare'>): readonly UnreadOfAsk[] {
  return vm.devices.flatMap((device, index) =>
    (['driver', 'inFlight'] as const)
      .filter((name) => device[name] !== undefined && variants.every((variant) => variant[name] !== undefined))
      .map((name) => unread(['vm', 'devices', index, name], `each variant has a ${name} of its own`, 'Leave it out.')),
  );
}

function unread(path: Path, why: string, hint: string): UnreadOfAsk {
  return { path, field: fieldPath(path), why, hint };
}

function differs(vm: QuestionVm, plain: QuestionVm, path: Path): boolean {
  const given = valueAt(vm, path);
  // What is filled in where a part is given at all.
  if (given === undefined || given === 0) return false;
  return JSON.stringify(given) !== JSON.stringify(valueAt(plain, path));
}

function valueAt(value: unknown, path: Path): unknown {
  let at: unknown = value;
  for (const key of path) at = (at as Readonly<Record<string, unknown>> | undefined)?.[String(key)];
  return at;
}
