/**
 * Circles of imports, type imports included: of files, and of what lies in a folder, where each folder counts as one.
 */

/** An arrow from a file to a file that it imports. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** @returns one line for each group of files that import each other in a circle */
export function fileCircles(arrows: readonly Arrow[]): readonly string[] {
  return circlesOf(arrows).map(
    (circle) =>
      `${circle[0]}: imports in a circle: ${circle.join(' -> ')}: ` +
      'move what both sides need, often a type, into the file that knows less',
  );
}

/**
 * Circles of entries of one folder, at every depth below `root`. A folder stands for all that is in it; a circle of files
 * alone is left to {@link fileCircles}.
 */
export function folderCircles(arrows: readonly Arrow[], root: string): readonly string[] {
  const folders = new Set(arrows.flatMap(({ from, to }) => [...foldersAbove(from), ...foldersAbove(to)]));
  return [...folders]
    .filter((folder) => folder === root || folder.startsWith(`${root}/`))
    .flatMap((folder) => {
      const entries = arrows.flatMap(({ from, to }) => {
        const [a, b] = [entryOf(folder, from), entryOf(folder, to)];
        return a === undefined || b === undefined || a === b ? [] : [{ from: a, to: b, through: `${from} -> ${to}` }];
      });
      return circlesOf(entries)
        .filter((circle) => circle.some((entry) => !isFile(entry)))
        .map((circle) => {
          const steps = circle.slice(1).map((to, index) => {
            const step = entries.find((each) => each.from === circle[index] && each.to === to);
            return step?.through ?? '';
          });
          return `${circle[0]}: is in a circle of ${circle.join(' -> ')}, by ${steps.join(', ')}: cut one of these imports`;
        });
    });
}

function isFile(entry: string): boolean {
  return /\.\w+$/.test(entry);
}

function foldersAbove(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** The file or folder, right below `folder`, in which a file is; undefined when it is not below it. */
function entryOf(folder: string, path: string): string | undefined {
  if (!path.startsWith(`${folder}/`)) return undefined;
  return `${folder}/${path.slice(folder.length + 1).split('/', 1)[0]}`;
}

/** One shortest circle of each group of nodes that reach each other; its first node stands at its end again. */
function circlesOf(arrows: readonly Arrow[]): readonly (readonly string[])[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of arrows) {
    const there = next.get(from) ?? new Set();
    next.set(from, there.add(to));
  }
  const circles: (readonly string[])[] = [];
  const done = new Set<string>();
  for (const node of [...next.keys()].toSorted()) {
    if (done.has(node)) continue;
    const circle = shortestCircle(node, next);
    if (circle === undefined) continue;
    circles.push(circle);
    // Whatever else this node is in a circle with belongs to the same group.
    const reached = reachable(node, next);
    for (const other of reached) if (reachable(other, next).has(node)) done.add(other);
  }
  return circles;
}

function reachable(start: string, next: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [...(next.get(start) ?? [])];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    open.push(...(next.get(node) ?? []));
  }
  return seen;
}

function shortestCircle(start: string, next: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] | undefined {
  let paths: (readonly string[])[] = [[start]];
  const seen = new Set<string>();
  while (paths.length > 0) {
    const longer: (readonly string[])[] = [];
    for (const path of paths) {
      for (const node of next.get(path.at(-1)!) ?? []) {
        if (node === start) return [...path, start];
        if (seen.has(node)) continue;
        seen.add(node);
        longer.push([...path, node]);
      }
    }
    paths = longer;
  }
  return undefined;
}
