/**
 * Every place at which stopcopy takes bytes from outside: files that users write or other programs wrote, and messages of the
 * other side of a move.
 *
 * A parser either returns or throws a {@link UserError} of kind `input`; whatever else it throws is a bug of stopcopy. Tests
 * hold each of them to that with damaged inputs.
 */
import { ACCELERATORS } from '../sim/abi/accelerators.ts';
import { ACC_VF_DATA_BYTES } from '../sim/abi/vf-data.ts';
import { keysOf } from '../sim/base/keys.ts';
import { scriptSchema } from '../sim/check/script.ts';
import { convergeQuestionSchema } from '../sim/converge/question.ts';
import { limitsPresetSchema } from '../sim/fleet/limits.ts';
import { questionSchema } from '../sim/fleet/question.ts';
import { canQuestionSchema } from '../sim/manager/question.ts';
import { costFileSchema } from '../sim/device/cost-file.ts';
import { deviceProfileSchema } from '../sim/memory/device-profile.ts';
import { platformSchema } from '../sim/memory/platform-file.ts';
import { buildTopology } from '../sim/pci/topology-build.ts';
import { readTopology } from '../sim/pci/topology-file.ts';
import { scenarioSchema } from '../sim/scenario/document.ts';
import { parseCapture } from '../sim/trace/capture.ts';
import { parseTrace } from '../sim/trace/format.ts';
import { QueueLayout } from '../sim/workload/layout.ts';
import { GUEST_DMA_BASE } from '../sim/world/vf-guest.ts';
import { type FrameExpectation, readFrame } from '../workers/end/image-stream.ts';
import { IterationReader } from '../workers/end/iteration-stream.ts';
import {
  helloSchema,
  refuseSchema,
  replySchema,
  requestSchema,
  unpackControl,
  welcomeSchema,
} from '../workers/transport/control.ts';
import { MessageReader } from '../workers/transport/message-reader.ts';
import { unpackLedger } from '../workers/transport/parcel.ts';
import { CHUNK_BYTES_MIN, Damage, damageRefusal } from '../workers/transport/wire.ts';
import { sourceOfText } from './import/lines.ts';
import { maskedTexts } from './import/mask/mask.ts';
import { readTextOf } from './import/readers.ts';
import { parseBenchResult } from './documents/bench/result.ts';
import { parseSection } from './documents/kinds.ts';
import { recordOfText, recordsOfForeign } from './history/result-record.ts';
import { parseHistory } from './history/store.ts';
import { parseInput, parseInputFile } from './io/input-file.ts';
import { parseBaseline } from './measure/metrics/baseline.ts';
import { parseArrivals } from './studies/arrival-file.ts';
import { importDriver } from './studies/driver/import-driver.ts';
import { traceOf } from './studies/driver/read-driver.ts';
import { imported } from './studies/import/import.ts';
import { importFleet } from './studies/import/import-fleet.ts';
import { parseRates } from './studies/converge/rate-record.ts';
import { draftOf } from './studies/import/move-draft.ts';
import { upgraded } from './studies/upgrade/upgrade.ts';
import { parseTable } from './studies/validation/published-table.ts';

export interface Parser {
  /** What it reads. */
  readonly about: string;
  /** @throws UserError of kind `input` for what it refuses */
  readonly parse: (bytes: Uint8Array) => unknown;
}

/** Name of the input in refusals. */
const INPUT = 'input';

const NO_COMMIT = { commit: '', subject: '', dirty: false };

/** A destination for frames: a ZIP VF with two queue pairs. */
const LAYOUT = new QueueLayout({ kind: 'zip', queuePairs: 2, dmaBase: GUEST_DMA_BASE });
export const EXPECTED: FrameExpectation = {
  identity: { deviceId: ACCELERATORS.zip.vfDeviceId, queuePairs: 2, isolation: 0, dmaBase: GUEST_DMA_BASE },
  places: LAYOUT.sections,
  imageBytesMax: ACC_VF_DATA_BYTES,
};

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

/** A parser of a text file. */
function file(about: string, parse: (text: string) => unknown): Parser {
  return { about, parse: (bytes) => parse(text(bytes)) };
}

/** A parser of a control message. */
function message(about: string, schema: Parameters<typeof unpackControl>[0]): Parser {
  return {
    about,
    parse(bytes): unknown {
      try {
        return unpackControl(schema, bytes, INPUT);
      } catch (error) {
        throw error instanceof Damage ? damageRefusal(error, INPUT) : error;
      }
    },
  };
}

/** A machine, as far as to what `stopcopy isolation` asks. */
function machine(words: string, format: string): unknown {
  const { plain } = imported([readTextOf('machine', words, INPUT, format)]);
  return buildTopology(readTopology(plain, INPUT).document, INPUT);
}

export const PARSERS = {
  scenario: file('what moves: stopcopy run, ui', (words) => parseInputFile(words, INPUT, scenarioSchema)),
  question: file('what is asked of a VM or a fleet: stopcopy plan', (words) =>
    parseInputFile(words, INPUT, questionSchema),
  ),
  limits: file('limits of an operator: stopcopy plan', (words) => parseInputFile(words, INPUT, limitsPresetSchema)),
  'can-question': file('a VM, its devices and its hosts: stopcopy can', (words) =>
    parseInputFile(words, INPUT, canQuestionSchema),
  ),
  'converge-question': file('policies and classes of workloads: stopcopy converge', (words) =>
    parseInputFile(words, INPUT, convergeQuestionSchema),
  ),
  script: file('calls and moves: stopcopy check --script', (words) => parseInputFile(words, INPUT, scriptSchema)),
  rates: file('a recorded rate of writing: stopcopy converge', (words) => parseRates(words, INPUT)),
  topology: file('a PCIe topology: stopcopy isolation', (words) =>
    buildTopology(readTopology(parseInput(words, INPUT), INPUT).document, INPUT),
  ),
  'device-profile': file('a device: stopcopy run, plan', (words) => parseInputFile(words, INPUT, deviceProfileSchema)),
  platform: file('parameters of a platform: stopcopy run, plan', (words) =>
    parseInputFile(words, INPUT, platformSchema),
  ),
  costs: file('a measured cost table: stopcopy bench, run, plan, ui', (words) =>
    parseInputFile(words, INPUT, costFileSchema),
  ),
  capture: file('a trace of hardware: stopcopy verify, calibrate', (words) => parseCapture(words, INPUT)),
  'published-table': file('measurements of others: stopcopy validate', (words) => parseTable(words, INPUT)),
  arrivals: file('recorded arrivals of jobs', (words) => parseArrivals(words, INPUT, ['deflate'])),
  trace: file('a recording of a driver: stopcopy verify', (words) => parseTrace(words, INPUT)),
  upgrade: file('a file of an older version: stopcopy upgrade', (words) =>
    upgraded(words, INPUT, { size: 'GiB', time: 'ms' }),
  ),
  result: file('a result of stopcopy bench: stopcopy compare, history', (words) => parseBenchResult(words, INPUT)),
  recorded: file('a result whose figures are kept: stopcopy history record', (words) =>
    recordOfText(words, INPUT, NO_COMMIT, new Date(0)),
  ),
  document: file('any document that is drawn: stopcopy report', (words) => parseSection(words, INPUT)),
  baseline: file('exact values: stopcopy compare --exact', (words) => parseBaseline(words, INPUT)),
  lspci: file('lspci, block form: stopcopy import, isolation', (words) => machine(words, 'lspci')),
  'lspci-tree': file('lspci -t, -tv: stopcopy import', (words) => readTextOf('machine', words, INPUT, 'lspci-tree')),
  'lspci-records': file('lspci -vmm, -mm: stopcopy import', (words) =>
    readTextOf('machine', words, INPUT, 'lspci-records'),
  ),
  sysfs: file('what the collector prints: stopcopy import, isolation', (words) => machine(words, 'sysfs')),
  move: file('what VMMs and managers say of a move: stopcopy import, explain, run', (words) =>
    readTextOf('move', words, INPUT).facts.moves.map(draftOf),
  ),
  fleet: file('lists of VMs and hosts: stopcopy import, plan', (words) =>
    importFleet([readTextOf('fleet', words, INPUT)]),
  ),
  driver: file('traces of a driver, and maps of its addresses: stopcopy import, verify, calibrate', (words) =>
    importDriver(traceOf([readTextOf('driver', words, INPUT)])),
  ),
  results: file('results of another tracker: stopcopy history record', (words) =>
    recordsOfForeign(readTextOf('results', words, INPUT), NO_COMMIT, new Date(0)),
  ),
  masked: file('a file that is to be posted: stopcopy import --mask', (words) =>
    maskedTexts([{ source: sourceOfText(words, INPUT), hasNames: true }]).map(({ lines }) => [...lines()]),
  ),
  history: {
    about: 'results of commits: stopcopy history',
    parse: (bytes) => parseHistory(Buffer.from(bytes), INPUT),
  },
  frame: { about: 'an image with its queue structures', parse: (bytes) => readFrame(bytes, EXPECTED) },
  iteration: {
    about: 'one iteration of a move that begins before the stop',
    parse: (bytes) => new IterationReader({ ...EXPECTED, memoryBytes: LAYOUT.contextBufferOffset }).read(bytes),
  },
  ledger: { about: 'the account of a client', parse: (bytes) => unpackLedger(bytes, LAYOUT) },
  hello: message('first message of a source', helloSchema),
  request: message('what a source asks of a destination', requestSchema),
  reply: message('what a destination answers', replySchema),
  welcome: message('first message of a destination', welcomeSchema),
  refusal: message('last message of a destination that takes nothing', refuseSchema),
  connection: {
    about: 'all bytes of a connection between two hosts',
    parse(bytes): number {
      let messages = 0;
      const arena = new Uint8Array(CHUNK_BYTES_MIN);
      const sink = {
        chunkBegins: () => arena,
        chunkEnds: () => void (messages += 1),
        control: () => void (messages += 1),
      };
      new MessageReader({ name: 'channel 0' }, null, sink).take(bytes);
      return messages;
    },
  },
} as const satisfies Readonly<Record<string, Parser>>;

export type ParserName = keyof typeof PARSERS;

export const PARSER_NAMES = keysOf(PARSERS);
