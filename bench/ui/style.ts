/**
 * Rules of the page with sliders, in addition to those of all pages.
 */
export const UI_STYLE = `
:root { --good: #1a7f37; --warn: #9a6700; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --good: #56d364; --warn: #e3b341; --bad: #ff8b7f; } }
.ui main { display: grid; grid-template-columns: minmax(17rem, 22rem) minmax(0, 1fr); gap: 2rem; align-items: start; }
.ui h2 { margin: 1.75rem 0 .25rem; }
.knobs { display: grid; gap: .8rem; position: sticky; top: 1rem; }
.knob { display: grid; grid-template-columns: 1fr auto; gap: 0 .75rem; align-items: baseline; }
.knob[hidden] { display: none; }
.knob label, .pick label { font-weight: 600; } .knob output { font-variant-numeric: tabular-nums; }
.knob.turned output { color: var(--link); font-weight: 600; }
.knob input { grid-column: 1 / -1; width: 100%; margin: .1rem 0; accent-color: var(--c1); min-height: 1.5rem; }
.about { margin: 0; grid-column: 1 / -1; color: var(--faint); font-size: .8125rem; }
.pick select { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--rule); border-radius: .3rem;
  padding: .35rem; width: 100%; }
select:focus-visible, input:focus-visible { outline: 3px solid var(--c1); outline-offset: 2px; }
.buttons { display: flex; flex-wrap: wrap; gap: .5rem; }
.big { font-size: 2.5rem; line-height: 1.1; margin: 0; font-weight: 700; font-variant-numeric: tabular-nums; }
.big small { font-size: .9rem; font-weight: 400; color: var(--faint); display: inline-block; }
.verdict { margin: .25rem 0 0; display: flex; gap: .6rem; align-items: baseline; }
.sign { flex: none; width: 1.4em; height: 1.4em; border-radius: 50%; text-align: center; line-height: 1.4; font-weight: 700;
  color: var(--paper); background: var(--tone); }
.verdict.good { --tone: var(--good); } .verdict.warn { --tone: var(--warn); } .verdict.bad { --tone: var(--bad); }
.sticky { position: sticky; top: 0; background: var(--paper); padding: .5rem 0 .75rem; z-index: 1; min-height: 7.5rem;
  border-bottom: 1px solid var(--rule); }
.state { color: var(--faint); font-size: .875rem; min-height: 1.4em; margin: .1rem 0 0; }
.computing .state::before { content: ''; display: inline-block; width: .7em; height: .7em; margin-right: .45em; border-radius: 50%;
  border: 2px solid var(--faint); border-right-color: transparent; animation: turn 1s linear infinite; }
@keyframes turn { to { transform: rotate(360deg); } }
@media (prefers-reduced-motion: reduce) { .computing .state::before { animation: none; } }
.stacks { display: grid; grid-template-columns: max-content 1fr max-content; gap: .35rem .75rem; align-items: center; font-size: .875rem; margin: .5rem 0; }
.stacks .bar { display: flex; height: 1.5rem; } .stacks i { display: block; height: 100%; flex: none;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.stacks .value { font-variant-numeric: tabular-nums; font-weight: 600; }
.drawing { display: block; width: 100%; height: auto; } .drawing text { fill: var(--ink); font-size: 11px; paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
.drawing .grid { stroke: var(--rule); fill: none; stroke-width: .75; } .drawing .sent { fill: var(--c1); opacity: .75; }
.drawing .written { fill: var(--c2); } .drawing .stop, .drawing .limit { stroke: var(--ink); stroke-dasharray: 4 3; fill: none; }
.drawing .curve { stroke: var(--c1); stroke-width: 2; fill: none; } .drawing .sure { stroke: var(--c2); stroke-width: 2; fill: none; }
.drawing .interval { stroke: var(--c1); stroke-width: 7; opacity: 0.25; fill: none; } .drawing .dot { fill: var(--c1); }
.drawing .dot.at { fill: var(--c2); stroke: var(--paper); stroke-width: 2; } .drawing .here { stroke: var(--c2); fill: none; }
.drawing .never { fill: var(--bad); }
.tornado { width: 100%; } .tornado .wide { width: 50%; min-width: 8rem; } .track { position: relative; display: block; height: 1.1rem; }
.track i { position: absolute; top: 0; height: 100%; } .track b { position: absolute; top: -.2rem; bottom: -.2rem; border-left: 2px solid var(--ink); }
.tornado th[scope=row] { overflow-wrap: anywhere; white-space: normal; min-width: 9rem; }
@media screen and (max-width: 48rem) {
  .ui main { grid-template-columns: minmax(0, 1fr); gap: 0; } .knobs { position: static; order: 2; margin-top: 1rem; } #answer { display: contents; }
  .sticky { order: 1; } #pause { order: 3; } #curve { order: 4; } #rounds { order: 5; } #influence { order: 6; }
  .big { font-size: 1.75rem; } .sticky { min-height: 8.5rem; }
  .drawing text { font-size: 15px; }
}
@media print { :root { --good: #1a7f37; --warn: #9a6700; --bad: #b42318; }
  .knobs .buttons, .knobs .about, .knob input, .ui footer { display: none; } .knobs { gap: 0; margin-bottom: 1rem; }
  .sticky, .knobs { position: static; } .ui main { display: block; } }
`;
