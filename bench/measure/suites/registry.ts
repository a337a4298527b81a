/**
 * What `--suite` can name: parts of the sweep, which is run when nothing is named, and suites of their own.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import type { RunSuite } from '../../documents/suites/document.ts';
import { SUITES, type SuiteName } from './sweep-types.ts';
import { isKeyOf, keysOf } from '../../../sim/base/keys.ts';

interface OwnSuite {
  readonly about: string;
  /** Imports the suite; a help or a sweep goes without. */
  readonly load: () => Promise<RunSuite>;
}

/** Suites that print a table of their own. One that goes deeper into what a part of the sweep measures ends in `-floor`. */
export const OWN_SUITES = {
  designs: {
    about: 'where the driver lives: one move with each design, its accesses and system calls counted',
    load: async () => (await import('./designs.ts')).runDesigns,
  },
  engine: {
    about: 'how fast events are: the event queue against a bare heap, and all queues of a device saturated',
    load: async () => (await import('./engine.ts')).runEngine,
  },
  growth: {
    about: 'how the cost of the model grows with VFs and events, and how many whole VMs it moves in a second',
    load: async () => (await import('./growth.ts')).runGrowth,
  },
  transport: {
    about: 'an image from process to process: the stream of a move against bare sockets, latency, copies',
    load: async () => (await import('./transport.ts')).runTransport,
  },
  'handshake-floor': {
    about: 'a register read in each way of waiting, against a bare ping-pong that waits alike',
    load: async () => (await import('./handshake-floor.ts')).runHandshakeFloor,
  },
  snapshot: {
    about: 'each stage of save and restore between shared buffers, against a bare copy, checksum or ping-pong',
    load: async () => (await import('./snapshot.ts')).runSnapshot,
  },
  codec: {
    about: 'a frame’s header written and read, against msgpackr with the same header',
    load: async () => (await import('./codec.ts')).runCodec,
  },
  'downtime-floor': {
    about: 'moves with everything in the pause and with iterations before it, in parts, next to the modelled parts',
    load: async () => (await import('./downtime-floor.ts')).runDowntimeFloor,
  },
  scale: {
    about: 'one to 63 VFs of one PF thread, pools and PFs of several sizes, saves in batches',
    load: async () => (await import('./scale.ts')).runScale,
  },
} as const satisfies Readonly<Record<string, OwnSuite>>;

export type OwnSuiteName = keyof typeof OWN_SUITES;

export type AnySuiteName = SuiteName | OwnSuiteName;

const SWEEP_NAMES = keysOf(SUITES);

/** Every name that `--suite` takes, in the order of the help. */
export const SUITE_NAMES: readonly AnySuiteName[] = [...SWEEP_NAMES, ...keysOf(OWN_SUITES)];

/** One sentence to a name. */
export function aboutSuite(name: AnySuiteName): string {
  return isOwn(name) ? OWN_SUITES[name].about : SUITES[name];
}

/** What is to be run: some parts of the sweep, or suites of their own. */
export type SuiteChoice =
  | { readonly kind: 'sweep'; readonly names: readonly SuiteName[] }
  | { readonly kind: 'own'; readonly names: readonly OwnSuiteName[] };

/**
 * @param names what the user named; undefined or nothing: the whole sweep
 * @throws UserError when both kinds are named, because they make different documents
 */
export function chooseSuites(names: readonly AnySuiteName[] | undefined): SuiteChoice {
  const own = (names ?? []).filter(isOwn);
  const parts = (names ?? []).filter((name) => !isOwn(name));
  if (own.length === 0) return { kind: 'sweep', names: parts.length === 0 ? SWEEP_NAMES : parts };
  if (parts.length === 0) return { kind: 'own', names: own };
  throw new UserError(
    'usage',
    `--suite has '${own[0]}', a suite of its own, and '${parts[0]}', a part of the sweep`,
    'Run them one after another: they make different documents.',
  );
}

function isOwn(name: AnySuiteName): name is OwnSuiteName {
  return isKeyOf(OWN_SUITES, name);
}
