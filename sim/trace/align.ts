/**
 * A captured trace held against what each generation of the driver would do: which is it nearest to, and where is it not.
 *
 * Left out of the comparison: what the tracer cannot see, reads of polls that say "not yet", and values, since those come
 * from the hardware and the image.
 */
import { QM_MB } from '../abi/mailbox.ts';
import { PF_REG, VF_REG } from '../abi/registers.ts';
import { ACCELERATORS } from '../abi/accelerators.ts';
import { GENERATION_IDS, type GenerationId, GENERATIONS } from '../driver/generation.ts';
import { playCapture } from './capture-play.ts';
import { accessWords, inVf } from './captured-access.ts';
import type { Capture } from './capture.ts';

interface AlignmentDifference {
  /** `missing`: the generation makes it, the trace has it not; `extra`: the other way. */
  readonly kind: 'missing' | 'extra';
  readonly access: string;
  /** Index of the call. */
  readonly step: number;
  /** Line in the text that was traced: of the access, or of the one before what is missing. */
  readonly line?: number;
}

interface GenerationAlignment {
  readonly generation: GenerationId;
  readonly same: number;
  readonly missing: number;
  readonly extra: number;
}

export interface CaptureAlignment {
  readonly name: string;
  readonly vf: string;
  readonly accessCount: number;
  readonly calls: number;
  /** Accesses that were left out. */
  readonly folded: number;
  readonly generations: readonly GenerationAlignment[];
  /** Those with the fewest differences: the trace cannot tell them apart. */
  readonly nearest: readonly GenerationId[];
  /** Differences from the first of them. */
  readonly differences: readonly AlignmentDifference[];
  readonly cannotShow: readonly string[];
}

/** Accesses that are compared; a trace with more is cut, and that is said. */
const ACCESSES_MAX = 4_000;

interface Compared {
  readonly fn: 'pf' | 'vf';
  readonly write: boolean;
  readonly width: number;
  readonly offset: number;
  /** Low word; null: not known. */
  readonly value: number | null;
  readonly step: number;
  readonly line?: number | undefined;
}

/** Holds a capture against every generation. */
export function alignCapture(capture: Capture): CaptureAlignment {
  const seen = capture.steps.flatMap(({ mmio }, step) =>
    mmio.map((access): Compared => {
      const [fn, op, width, offset, value, , { line }] = access;
      const known = value === null ? null : Number.parseInt(value.slice(2).slice(-8), 16);
      return { fn, write: op === 'w', width, offset: Number(offset), value: known, step, line };
    }),
  );
  const folded = foldedOf(seen).slice(0, ACCESSES_MAX);
  const isWide = capture.capture.lacks.includes('wide');
  const all = GENERATION_IDS.map((generation) => {
    const played = playCapture(capture, GENERATIONS[generation]).filter(({ width }) => !isWide || width <= 8);
    const lists = { seen: folded, played: foldedOf(played).slice(0, ACCESSES_MAX) };
    return { generation, ...lists, ...aligned(lists.seen, lists.played) };
  });
  const distance = ({ missing, extra }: GenerationAlignment): number => missing + extra;
  const least = Math.min(...all.map(distance));
  const nearest = all.filter((each) => distance(each) === least);
  return {
    name: capture.name,
    vf: capture.capture.vf,
    accessCount: seen.length,
    calls: capture.steps.length,
    folded: seen.length - folded.length,
    generations: all.map(({ generation, same, missing, extra }) => ({ generation, same, missing, extra })),
    nearest: nearest.map(({ generation }) => generation),
    differences: nearest[0]!.differences,
    cannotShow: cannotShow(capture, seen.length > 0 && folded.length === ACCESSES_MAX),
  };
}

function cannotShow({ capture, steps }: Capture, isCut: boolean): readonly string[] {
  const { lacks, lostEvents, assumed } = capture;
  return [
    ...(lacks.includes('wide')
      ? ['128-bit accesses of the mailbox: its commands, their order, and what they carry']
      : []),
    'bytes of the image, the results of calls, and what becomes of data files',
    'how often a poll says "not yet": that is the hardware',
    ...(lostEvents === 0 ? [] : [`the ${lostEvents ?? 'unknown number of'} events that the tracer lost: a missing access may be one of them`]), // prettier-ignore
    ...(steps.some(({ from }) => from === 'accesses') ? ['which calls user space made, where no mark says it: they are inferred'] : []), // prettier-ignore
    ...(assumed.length === 0 ? [] : [`of the device ${assumed.join(', ')}: assumed`]),
    ...(isCut ? [`what follows the first ${ACCESSES_MAX} accesses: it is not compared`] : []),
  ];
}

const CORES: ReadonlySet<number> = new Set(
  Object.values(ACCELERATORS).map(({ coreStatusRegister }) => coreStatusRegister),
);

/** Whether a read of a poll says that it is not over. */
function isNotYet({ fn, write, offset, value }: Compared, own: number | null): boolean {
  if (write || value === null) return false;
  if (own === null && fn === 'pf') {
    if (offset === PF_REG.QM_VFT_CFG_RDY) return (value & 1) === 0;
    return (offset === PF_REG.QM_ABNORMAL_INT_STATUS || CORES.has(offset)) && value !== 0;
  }
  if (own === VF_REG.QM_CACHE_WB_DONE) return (value & 1) === 0;
  if (own === VF_REG.QM_VF_STATE) return (value & 1) === 1;
  if (own === VF_REG.QM_MB_CMD_SEND_BASE) return (value & QM_MB.busyBit) !== 0;
  return (own === VF_REG.QM_IFC_INT_STATUS || own === VF_REG.QM_IFC_INT_SET_V) && value !== 0;
}

/** Accesses without those of polls that are not over, and a row of doorbells as one. */
function foldedOf(accesses: readonly Compared[]): readonly Compared[] {
  return accesses.filter((access, i) => {
    const own = inVf([access.fn, 'r', 4, `0x${access.offset.toString(16)}`, null, 0, {}]);
    if (access.fn === 'pf' && LEFT_OUT.has(access.offset)) return false;
    const next = accesses[i + 1];
    const again = next !== undefined && next.fn === access.fn && next.offset === access.offset && next.write === access.write; // prettier-ignore
    if (!again) return true;
    return !(isNotYet(access, own) || (access.write && own === VF_REG.QM_DOORBELL_SQ_CQ_BASE_V2));
  });
}

/** Read when the device is opened, and with one engine of ZIP. */
const LEFT_OUT: ReadonlySet<number> = new Set([PF_REG.QM_MIG_REGION_SEL, PF_REG.DAE_ERR_STATUS]);

/** Aligns by the longest common row of accesses. */
function aligned(seen: readonly Compared[], played: readonly Compared[]) {
  const columns = played.length + 1;
  const longest = new Uint16Array((seen.length + 1) * columns);
  const isSame = (a: Compared, b: Compared): boolean =>
    a.fn === b.fn && a.write === b.write && a.width === b.width && a.offset === b.offset;
  for (let i = seen.length - 1; i >= 0; i--) {
    for (let j = played.length - 1; j >= 0; j--) {
      longest[i * columns + j] = isSame(seen[i]!, played[j]!)
        ? longest[(i + 1) * columns + j + 1]! + 1
        : Math.max(longest[(i + 1) * columns + j]!, longest[i * columns + j + 1]!);
    }
  }
  const differences: AlignmentDifference[] = [];
  let [i, j] = [0, 0];
  while (i < seen.length || j < played.length) {
    const [a, b] = [seen[i], played[j]];
    if (a !== undefined && b !== undefined && isSame(a, b)) {
      i += 1;
      j += 1;
    } else if (
      b === undefined ||
      (a !== undefined && longest[(i + 1) * columns + j]! >= longest[i * columns + j + 1]!)
    ) {
      differences.push(differenceOf('extra', a!, a!.step, a!.line));
      i += 1;
    } else {
      differences.push(differenceOf('missing', b, b.step, seen[i - 1]?.line));
      j += 1;
    }
  }
  const extra = differences.filter(({ kind }) => kind === 'extra').length;
  return { same: seen.length - extra, extra, missing: differences.length - extra, differences };
}

function differenceOf(
  kind: AlignmentDifference['kind'],
  { fn, write, width, offset }: Compared,
  step: number,
  line: number | undefined,
): AlignmentDifference {
  return { kind, access: accessWords(fn, write, width, offset), step, ...(line === undefined ? {} : { line }) };
}
