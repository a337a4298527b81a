/**
 * The question of `stopcopy can`, from a file and from the words of the command line; the words win.
 */
import { parseDocument } from '../../../sim/base/schema.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import {
  CAN_FORMAT,
  CAN_VERSION,
  type CanQuestion,
  type CanQuestionInput,
  canQuestionSchema,
} from '../../../sim/manager/question.ts';
import { parseInput, readInputText } from '../../io/input-file.ts';

/** What the command line says, each as it was written. */
export interface CanWords {
  readonly vmm?: string;
  readonly manager?: string;
  readonly kernel?: string;
  readonly distribution?: string;
  readonly device?: readonly string[];
  readonly backend?: string;
  readonly iommu?: string;
  readonly dirtyTracking?: string;
  readonly viommu?: boolean;
  readonly memory?: string;
  readonly gbps?: number;
  readonly downtimeLimit?: string;
  readonly set?: readonly string[];
}

/** Fields that lie deeper, by the option that sets them. */
type Fields = Record<string, unknown>;

/**
 * @param path a file, or undefined: the words say everything
 * @throws UserError of kind `input` for a file that does not fit, `usage` for words that do not
 */
export function readCanQuestion(path: string | undefined, words: CanWords): CanQuestion {
  const read: unknown = path === undefined ? {} : parseInput(readInputText(path), path);
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    return parseDocument(canQuestionSchema, read, path ?? '');
  const base: Fields = path === undefined ? { format: CAN_FORMAT, version: CAN_VERSION } : { ...read };
  apply(base, words);
  if (base['vmm'] === undefined && path === undefined) {
    throw new UserError(
      'usage',
      'it is not said which VMM moves the VM',
      'Give --vmm qemu@10.2, for example, or a file.',
    );
  }
  const parsed = canQuestionSchema.safeParse(base);
  if (parsed.success) return parsed.data;
  return parseDocument(canQuestionSchema, base, path ?? 'the command line');
}

function apply(base: Fields, words: CanWords): void {
  const named = (word: string | undefined, name: string, version: string): void => {
    if (word === undefined) return;
    const [id, release] = word.split('@', 2);
    base[name] = id;
    if (release !== undefined) base[version] = release;
  };
  named(words.vmm, 'vmm', 'vmmVersion');
  named(words.manager, 'manager', 'managerVersion');
  const put = (field: string, value: unknown): void => {
    if (value !== undefined) setPath(base, field.split('.'), value);
  };
  put('kernel', words.kernel);
  put('distribution', words.distribution);
  put('iommu.backend', words.backend);
  put('iommu.hardware', words.iommu);
  put(
    'iommu.dirtyTracking',
    words.dirtyTracking === undefined ? undefined : yesOrNo('--dirty-tracking', words.dirtyTracking),
  );
  put('iommu.virtual', words.viommu);
  put('memory', words.memory);
  put('gigabitsPerSecond', words.gbps);
  put('downtimeLimit', words.downtimeLimit);
  put('devices', words.device?.map(deviceOf));
  for (const each of words.set ?? []) {
    const [, field, value] = /^([\w.]+)=(.*)$/.exec(each) ?? [];
    if (field === undefined) {
      throw new UserError(
        'usage',
        `--set is '${each}', allowed is FIELD=VALUE`,
        'Such as --set qemu.enableMigration=on.',
      );
    }
    // A value is what YAML makes of it, but for releases, and for the words that its schema wants as text.
    const isText = ['on', 'off', 'yes', 'no'].includes(value!) || /^kernel$|Version$/.test(field);
    put(field, isText ? value : parseInput(value!, `--set ${field}`));
  }
}

function yesOrNo(option: string, word: string): boolean {
  if (word === 'yes') return true;
  if (word === 'no') return false;
  throw new UserError('usage', `${option} is '${word}', allowed is yes or no`);
}

/** `mlx5_vfio_pci*2`. */
function deviceOf(word: string): NonNullable<CanQuestionInput['devices']>[number] {
  const [, driver, count] = /^([\w-]+)(?:\*(\d+))?$/.exec(word) ?? [];
  if (driver === undefined) {
    throw new UserError('usage', `--device is '${word}', allowed is a driver and how many, such as mlx5_vfio_pci*2`);
  }
  // The schema says which drivers there are.
  return {
    driver: driver as NonNullable<CanQuestionInput['devices']>[number]['driver'],
    ...(count === undefined ? {} : { count: Number(count) }),
  };
}

function setPath(fields: Fields, path: readonly string[], value: unknown): void {
  const [first, ...rest] = path;
  if (rest.length === 0) {
    fields[first!] = value;
    return;
  }
  const inner = fields[first!];
  const next: Fields =
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? { ...(inner as Fields) } : {};
  fields[first!] = next;
  setPath(next, rest, value);
}
