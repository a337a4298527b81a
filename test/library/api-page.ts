/**
 * The page of the library, docs/library.md, made of the TSDoc of its functions and options.
 */
import { commentsOf, type Node, parse } from '../tidy/syntax.ts';

export const BEGINS = '<!-- From here on made of the TSDoc by npm run quote. -->';

interface Tags {
  readonly text: string;
  readonly params: readonly (readonly [name: string, text: string])[];
  readonly returns?: string;
  readonly throws: readonly string[];
}

/** Lines of a comment without its stars. */
function plain(comment: string): string {
  return comment
    .replace(/^\*/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .join('\n')
    .trim();
}

/** Links are code on the page. */
function linked(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
    .trim();
}

function tagsOf(comment: string): Tags {
  const [text = '', ...tags] = plain(comment).split(/^@/m);
  const of = (name: string): string[] =>
    tags.filter((tag) => tag.startsWith(`${name} `)).map((tag) => linked(tag.slice(name.length)));
  const params = of('param').map((param): [string, string] => {
    const [, name = '', about = ''] = /^(\w+) (.*)$/.exec(param) ?? [];
    return [name, about];
  });
  const [returns] = of('returns');
  return { text: linked(text), params, throws: of('throws'), ...(returns === undefined ? {} : { returns }) };
}

interface Declared {
  readonly name: string;
  readonly node: Node;
  readonly tags: Tags;
}

/** What a file exports of one kind, with the comment before it. */
function declared(path: string, text: string, type: string): readonly Declared[] {
  const comments = commentsOf(path, text);
  const body = parse(path, text)['body'] as readonly Node[];
  return body.flatMap((statement) => {
    const node = statement['declaration'] as Node | null | undefined;
    if (statement.type !== 'ExportNamedDeclaration' || node?.type !== type) return [];
    const before = comments.findLast(({ start }) => start < statement.start);
    const { name } = node['id'] as { readonly name: string };
    return [{ name, node, tags: tagsOf(before?.value ?? '') }];
  });
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').replace(/\( /, '(').replace(/,? \)/, ')');

function functionLines({ name, node, tags }: Declared, text: string): readonly string[] {
  const body = node['body'] as Node;
  const signature = oneLine(text.slice(node.start, body.start))
    .replace(/^async function /, '')
    .trim();
  return [
    `### \`${name}\``,
    '',
    '```ts',
    signature,
    '```',
    '',
    tags.text,
    '',
    ...tags.params.map(([param, about]) => `- \`${param}\`: ${about}`),
    ...(tags.returns === undefined ? [] : [`- returns ${tags.returns}`]),
    ...tags.throws.map((each) => `- throws ${each}`),
    '',
  ];
}

function optionsLines({ name, node, tags }: Declared, path: string, text: string): readonly string[] {
  const comments = commentsOf(path, text);
  const above = ((node['extends'] ?? []) as readonly Node[]).map((each) => oneLine(text.slice(each.start, each.end)));
  const members = (node['body'] as { readonly body: readonly Node[] }).body;
  const rows = members.map((member) => {
    const key = (member['key'] as { readonly name: string }).name;
    const type = oneLine(text.slice(...rangeOf((member['typeAnnotation'] as Node)['typeAnnotation'] as Node)));
    const about = tagsOf(comments.findLast(({ start }) => start < member.start)?.value ?? '').text;
    return `| \`${key}${member['optional'] === true ? '?' : ''}\` | \`${type.replaceAll('|', String.raw`\|`)}\` | ${about} |`;
  });
  const also = above.length === 0 ? '' : ` Also has what ${above.map((each) => `\`${each}\``).join(' and ')} has.`;
  const table = rows.length === 0 ? [] : ['| field | type | meaning |', '| --- | --- | --- |', ...rows, ''];
  return [`### \`${name}\``, '', `${tags.text}${also}`, '', ...table];
}

function rangeOf({ start, end }: Node): [number, number] {
  return [start, end];
}

/** @param files paths and texts, in the order of the page */
export function apiPage(files: readonly (readonly [path: string, text: string])[]): string {
  const lines = files.flatMap(([path, text]) => {
    const [head] = commentsOf(path, text);
    const functions = declared(path, text, 'FunctionDeclaration');
    const options = declared(path, text, 'TSInterfaceDeclaration');
    if (functions.length === 0) return options.flatMap((each) => optionsLines(each, path, text));
    const [title = '', ...rest] = tagsOf(head?.value ?? '').text.split('. ');
    return [
      `## ${title.replace(/\.$/, '')}`,
      '',
      ...(rest.length === 0 ? [] : [rest.join('. '), '']),
      ...functions.flatMap((each) => functionLines(each, text)),
      ...options.flatMap((each) => optionsLines(each, path, text)),
    ];
  });
  return `${lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()}\n`;
}
