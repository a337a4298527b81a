/**
 * Published figures of these accelerators, each with the prediction of its model.
 *
 * A row that a parameter is fitted from is no prediction, and says so.
 */
import { HPRE_PARAMETERS, type HpreInputs, predictHpre } from './hpre.ts';
import type { ModelParameter } from './parameter.ts';
import { predictSec, SEC_PARAMETERS, type SecInputs } from './sec.ts';
import { type Prediction, predictZip, ZIP_PARAMETERS, type ZipInputs } from './zip.ts';

export interface PublishedRow {
  readonly id: string;
  readonly accelerator: 'zip' | 'sec' | 'hpre';
  readonly what: string;
  readonly source: string;
  readonly measured: number;
  readonly unit: 'MB/s' | 'M/s' | '/s';
  readonly predict: () => Prediction;
}

const PERF_RST = 'UADK docs/perf.rst';
const KAE_README = 'KAE README, openssl speed rsa2048';

function zip(id: string, measured: number, inputs: ZipInputs): PublishedRow {
  const { sva, queues, batch, pagesTouched = true, totalBytes = 81.92e6 } = inputs;
  const size = totalBytes === 81.92e6 ? '' : `, ${totalBytes / 1e6} MB in all`;
  const pages = pagesTouched ? '' : ', pages not touched before';
  const what = `deflate of 8 KiB, SVA ${sva ? 'on' : 'off'}, ${queues} queues, batch ${batch}${size}${pages}`;
  return { id, accelerator: 'zip', what, source: PERF_RST, measured, unit: 'MB/s', predict: () => predictZip(inputs) };
}

function sec(id: string, source: string, measured: number, inputs: SecInputs): PublishedRow {
  const { operation, bytes, mode, threads, lock = 'spinlock' } = inputs;
  const what = `${operation} of ${bytes / 1024} KiB, ${mode}, ${threads} threads, ${lock}`;
  return { id, accelerator: 'sec', what, source, measured, unit: 'M/s', predict: () => predictSec(inputs) };
}

function hpre(id: string, measured: number, inputs: HpreInputs): PublishedRow {
  const { operation, engine, per } = inputs;
  const what = `RSA-2048 ${operation}, ${engine === 'cpu' ? 'CPU' : 'engine'}, per second of ${per} time`;
  return {
    id,
    accelerator: 'hpre',
    what,
    source: KAE_README,
    measured,
    unit: '/s',
    predict: () => predictHpre(inputs),
  };
}

export const PUBLISHED_ROWS: readonly PublishedRow[] = [
  zip('zip-sva-1-1', 556.533, { sva: true, queues: 1, batch: 1 }),
  zip('zip-sva-1-20', 3134.403, { sva: true, queues: 1, batch: 20 }),
  zip('zip-sva-1-40', 5617.674, { sva: true, queues: 1, batch: 40 }),
  zip('zip-sva-1-60', 7245.201, { sva: true, queues: 1, batch: 60 }),
  zip('zip-sva-10-10', 1413.388, { sva: true, queues: 10, batch: 10 }),
  zip('zip-sva-10-30', 4405.628, { sva: true, queues: 10, batch: 30 }),
  zip('zip-sva-10-50', 6560.715, { sva: true, queues: 10, batch: 50 }),
  zip('zip-sva-10-70', 6774.04, { sva: true, queues: 10, batch: 70 }),
  zip('zip-copy-1-1', 2294.555, { sva: false, queues: 1, batch: 1 }),
  zip('zip-copy-10-10', 2253.909, { sva: false, queues: 10, batch: 10 }),
  zip('zip-copy-10-20', 2244.004, { sva: false, queues: 10, batch: 20 }),
  zip('zip-untouched', 1942.876, { sva: true, queues: 1, batch: 50, pagesTouched: false }),
  zip('zip-82-mb', 7033.219, { sva: true, queues: 1, batch: 50 }),
  zip('zip-492-mb', 6595.981, { sva: true, queues: 1, batch: 50, totalBytes: 491.52e6 }),
  zip('zip-9830-mb', 532.281, { sva: true, queues: 1, batch: 50, totalBytes: 9830.4e6 }),
  sec('sec-sync-8-spinlock', 'UADK commit b012fa26', 2.228, {
    operation: 'cipher',
    bytes: 1024,
    mode: 'sync',
    threads: 8,
  }),
  sec('sec-sync-16-mutex', 'UADK commit b012fa26', 2.638, {
    operation: 'cipher',
    bytes: 1024,
    mode: 'sync',
    threads: 16,
    lock: 'mutex',
  }),
  sec('sec-sync-32', 'UADK commit 76145d3a', 3.679, { operation: 'cipher', bytes: 1024, mode: 'sync', threads: 32 }),
  sec('sec-async-1', 'UADK commit 27ecbc9a', 0.818, { operation: 'cipher', bytes: 1024, mode: 'async', threads: 1 }),
  sec('sec-sha512-8', 'UADK commit c0c33590', 1.4095, {
    operation: 'sha512',
    bytes: 8192,
    mode: 'async',
    threads: 8,
  }),
  hpre('cpu-sign', 724.1, { operation: 'sign', engine: 'cpu', per: 'cpu' }),
  hpre('cpu-verify', 28_601, { operation: 'verify', engine: 'cpu', per: 'cpu' }),
  hpre('hpre-sign', 6491.3, { operation: 'sign', engine: 'hpre', per: 'cpu' }),
  hpre('hpre-sign-wall', 3213.2, { operation: 'sign', engine: 'hpre', per: 'wall' }),
  hpre('hpre-verify', 51_968.5, { operation: 'verify', engine: 'hpre', per: 'cpu' }),
];

/** Every parameter of the three models. */
export const PUBLISHED_PARAMETERS: Readonly<Record<PublishedRow['accelerator'], Record<string, ModelParameter>>> = {
  zip: ZIP_PARAMETERS,
  sec: SEC_PARAMETERS,
  hpre: HPRE_PARAMETERS,
};

/** The parameter that is fitted from a row, or null: the row is predicted. */
export function calibratedFrom({ accelerator, id }: PublishedRow): string | null {
  for (const [name, { rows = [] }] of Object.entries(PUBLISHED_PARAMETERS[accelerator])) {
    if (rows.includes(id)) return name;
  }
  return null;
}
