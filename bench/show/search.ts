/**
 * The search of a page: rows of tables, and sentences, that have all words that were typed. Everything else is hidden until the
 * field is empty again. The page is whole without it.
 */
import { html } from './html.ts';

export const SEARCH_FIELD = html`<form class="find" role="search" hidden>
  <label for="find">Find in tables</label>
  <input type="search" id="find" autocomplete="off" spellcheck="false" aria-describedby="found" />
  <output id="found" for="find" role="status"></output>
</form>`;

/**
 * A row counts with the caption, the head and the heading of its table: `pause low` finds the column of a table about the pause.
 * Folded tables are opened where something is found, and folded up again afterwards.
 */
export const SEARCH_SCRIPT = `
(() => {
  const form = document.querySelector('form.find');
  const main = document.getElementById('main');
  if (form === null || main.querySelector('tbody tr') === null) return;
  const field = form.querySelector('input');
  const opened = new Set();
  let heading = '';
  let rows = 0;
  let tables = 0;
  const texts = new WeakMap();
  const textOf = (node) => {
    if (!texts.has(node)) texts.set(node, (node === null ? '' : node.textContent).toLowerCase().replace(/\\s+/g, ' '));
    return texts.get(node);
  };
  const show = (node, shown) => { node.classList.toggle('unfound', !shown); return shown; };
  const searchTable = (table, words) => {
    const about = [heading, ...table.querySelectorAll('caption, thead')].map((part) => typeof part === 'string' ? part : textOf(part)).join(' ');
    let count = 0;
    for (const row of table.tBodies[0].rows) {
      const has = textOf(row) + ' ' + about;
      if (show(row, words.every((word) => has.includes(word)))) count += 1;
    }
    if (count > 0) { rows += count; tables += 1; }
    return count > 0;
  };
  /* Whether something below is found; what is not is hidden. */
  const search = (node, words) => {
    if (/^H[1-4]$/.test(node.tagName)) { heading = textOf(node); return false; }
    if (node.tagName === 'SCRIPT' || node.tagName === 'BUTTON') return false;
    const inner = [...node.querySelectorAll('table')];
    if (inner.length === 0) return show(node, words.every((word) => textOf(node).includes(word)));
    if (node.tagName === 'TABLE') return searchTable(node, words);
    if (node.classList.contains('scroll')) return show(node, inner.map((table) => searchTable(table, words)).includes(true));
    const isFigure = node.tagName === 'FIGURE';
    if (isFigure) heading = textOf(node.querySelector('figcaption'));
    const parts = [...node.children].filter((part) => !/^(FIGCAPTION|SUMMARY|SCRIPT)$/.test(part.tagName));
    const found = isFigure
      ? inner.map((table) => searchTable(table, words)).includes(true)
      : searchParts(parts, words);
    for (const fold of node.tagName === 'DETAILS' ? [node] : isFigure ? node.querySelectorAll('details') : []) {
      if (found && !fold.open) { fold.open = true; opened.add(fold); }
    }
    return show(node, found);
  };
  const searchParts = (parts, words) => {
    let found = false;
    let title = null;
    let below = false;
    const close = () => { if (title !== null) show(title, below || words.every((word) => textOf(title).includes(word))); };
    for (const part of parts) {
      if (/^H[1-4]$/.test(part.tagName)) { close(); title = part; below = false; }
      if (search(part, words)) { found = true; below = true; }
    }
    close();
    return found;
  };
  const clear = () => {
    main.querySelectorAll('.unfound').forEach((node) => node.classList.remove('unfound'));
    opened.forEach((fold) => { fold.open = false; });
    opened.clear();
  };
  const said = form.querySelector('output');
  const run = () => {
    const words = field.value.toLowerCase().split(/\\s+/).filter((word) => word !== '');
    clear();
    if (words.length === 0) { said.textContent = ''; return; }
    rows = 0; tables = 0; heading = '';
    searchParts([...main.children], words);
    const of = (count, one) => count + ' ' + one + (count === 1 ? '' : 's');
    said.textContent = rows === 0 ? 'No table has a row with all of these words.' : of(rows, 'row') + ' in ' + of(tables, 'table');
  };
  let waiting;
  field.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(run, 150); });
  field.addEventListener('keydown', (event) => { if (event.key === 'Escape') { field.value = ''; run(); } });
  form.addEventListener('submit', (event) => { event.preventDefault(); run(); });
  form.hidden = false;
})();
`;
