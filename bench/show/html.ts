/**
 * HTML by template: what goes into a hole is escaped, unless it is markup already.
 */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Hole = Markup | string | number | undefined | readonly Hole[];

export function html(strings: TemplateStringsArray, ...holes: readonly Hole[]): Markup {
  let text = strings[0] ?? '';
  holes.forEach((hole, index) => {
    text += textOf(hole) + (strings[index + 1] ?? '');
  });
  return new Markup(text);
}

/** Text that is markup already, for instance an SVG. */
export function raw(text: string): Markup {
  return new Markup(text);
}

function textOf(hole: Hole): string {
  if (hole === undefined) return '';
  if (hole instanceof Markup) return hole.text;
  if (typeof hole === 'object') return hole.map(textOf).join('');
  return escapeMarkup(String(hole));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text in HTML or XML, in or between tags. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** JSON that can stand inside a script element: no `<` can end it. */
export function jsonForScript(value: unknown): Markup {
  return raw(JSON.stringify(value).replace(/</g, '\\u003c'));
}
