/**
 * The style sheet of the page: light, dark and paper, from a phone upwards. No file and no font from anywhere.
 */
import { SEARCH_SCRIPT } from './search.ts';

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --faint: #57606a; --rule: #c9d1d9; --panel: #f6f8fa; --link: #0550ae;
  --c1: #0b62b8; --c2: #c2410c; --c3: #00795c; --c4: #a0477f; --c5: #8a6a00;
  --c6: #2b8ca3; --c7: #6f4bb8; --c8: #6b7280; --c9: #9b2226; --c10: #4d7c0f; --c11: #6b4423;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0f1419; --ink: #e6e9ee; --faint: #a3adba; --rule: #3d4650; --panel: #171d24; --link: #7cb7ff;
    --c1: #6cb0ff; --c2: #ff9e64; --c3: #4fd1a5; --c4: #e58bc4; --c5: #e3c04f;
    --c6: #67d0e6; --c7: #b69cff; --c8: #a9b1bd; --c9: #ff7b7b; --c10: #a5d65a; --c11: #d2a679;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; } h4 { font-size: .875rem; margin: 0; font-weight: 600; }
a { color: var(--link); } a:focus-visible, summary:focus-visible, button:focus-visible, .scroll:focus-visible, input:focus-visible {
  outline: 3px solid var(--c1); outline-offset: 2px; }
.unfound { display: none !important; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); }
.skip { position: absolute; left: -100rem; } .skip:focus { position: static; }
.facts { display: grid; grid-template-columns: fit-content(40%) 1fr; gap: .1rem 1rem; margin: 0; }
.facts dt { color: var(--faint); } .facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.find { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: center; margin: .5rem 0; } .find[hidden] { display: none; }
.find input { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--faint); border-radius: .3rem;
  padding: .3rem .6rem; width: 20rem; max-width: 100%; } .find output { color: var(--faint); }
.lead { background: var(--panel); border-left: 4px solid var(--c1); padding: .75rem 1rem; margin: 1rem 0; }
.warning { border-left-color: var(--c2); font-weight: 600; }
figure { margin: 1rem 0 2rem; padding: 0; } figcaption { font-size: .9rem; }
.source { color: var(--faint); margin: .25rem 0 .5rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17.5rem), 1fr)); gap: 1rem; }
.panels.wide { grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
.panel svg { display: block; width: 100%; max-width: 36rem; height: auto; }
.panels.full { grid-template-columns: 1fr; } .panels.full svg { max-width: none; }
.on-narrow { display: none; } @media screen and (max-width: 40rem) { .on-wide { display: none; } .on-narrow { display: block; } }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: .5rem 0; padding: 0; font-size: .9rem; }
.swatch { display: inline-block; width: .9em; height: .9em; margin-right: .4em; vertical-align: -.1em;
  border: 2px solid var(--swatch); background: var(--swatch); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.swatch.hollow { background: transparent; border-radius: 50%; } .swatch.round { border-radius: 50%; }
.swatch.frame { background: transparent; }
.swatch.faint { background: color-mix(in srgb, var(--swatch) 30%, transparent); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .875rem; margin: .5rem 0; }
caption { text-align: left; position: sticky; left: 0; max-width: calc(100vw - 2rem); color: var(--faint); padding-bottom: .25rem; }
th, td { padding: .2rem .75rem .2rem 0; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; vertical-align: top;
  font-variant-numeric: tabular-nums; }
th { font-weight: 600; } th[scope=row], td.text, th.text { text-align: left; } td.long { white-space: normal; min-width: 16rem; }
@media screen and (max-width: 40rem) { th[scope=row] { white-space: normal; min-width: 6.5rem; max-width: 11rem; } td.long { min-width: 12rem; } }
summary { cursor: pointer; } button { font: inherit; padding: .4rem .8rem; color: inherit; background: var(--panel);
  border: 1px solid var(--rule); border-radius: .3rem; cursor: pointer; }
footer { margin-top: 3rem; color: var(--faint); font-size: .875rem; }
@media print {
  :root { --paper: #fff; --ink: #000; --faint: #444; --rule: #999; --panel: #f4f4f4; --link: #000;
    --c1: #0b62b8; --c2: #c2410c; --c3: #00795c; --c4: #a0477f; --c5: #8a6a00;
    --c6: #2b8ca3; --c7: #6f4bb8; --c8: #6b7280; --c9: #9b2226; --c10: #4d7c0f; --c11: #6b4423; color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 10pt; } button, .skip, nav, .find { display: none; }
  .panel, tr, .lead { break-inside: avoid; } h2, h3 { break-after: avoid; } .scroll { overflow: visible; }
  table { font-size: 7.5pt; } th, td { padding-right: .4rem; white-space: normal; }
}
`;

/** Opens the tables for paper, and offers the embedded results as files. The page is whole without it. */
export const SCRIPT = `${SEARCH_SCRIPT}
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
document.querySelectorAll('button[data-result]').forEach((button) => {
  button.hidden = false;
  button.addEventListener('click', () => {
    const text = JSON.stringify(JSON.parse(document.getElementById(button.dataset.result).textContent), null, 2) + '\\n';
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
    link.download = button.dataset.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
});
`;
